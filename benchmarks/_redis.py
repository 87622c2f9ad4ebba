"""A redis-server of one's own, which nobody else uses."""

import contextlib
import shutil
import subprocess
import time
from collections.abc import Generator
from pathlib import Path

from attrs import define, field

_PATIENCE = 10.0  # seconds for it to start or to end


def is_installed() -> bool:
    """Whether this machine has a redis-server."""
    return shutil.which("redis-server") is not None


@define
class RedisServer:
    """A server on a Unix socket in a directory, with nothing kept on disk."""

    directory: Path
    """Where its socket and its log are."""
    options: tuple[str, ...] = ()
    """More of its command line, such as `--requirepass`, `secret`."""
    process: subprocess.Popen[bytes] | None = field(default=None, init=False)
    """The process, while it runs."""

    @property
    def socket(self) -> Path:
        """Its socket."""
        return self.directory / "redis.sock"

    @property
    def url(self) -> str:
        """What a client is given."""
        return f"unix://{self.socket}"

    def start(self) -> None:
        """Start it, and wait until it can be reached."""
        command = ["redis-server", "--port", "0", "--unixsocket", str(self.socket)]
        quiet = ["--save", "", "--dir", str(self.directory), "--logfile", "redis.log"]
        self.process = subprocess.Popen([*command, *quiet, *self.options])  # noqa: S603 for tests
        end = time.monotonic() + _PATIENCE
        while not self.socket.exists() and self.process.poll() is None and time.monotonic() < end:
            time.sleep(0.01)
        if not self.socket.exists():
            raise OSError((self.directory / "redis.log").read_text())

    def stop(self) -> None:
        """End it; all that it knew is forgotten."""
        if self.process is not None:
            self.process.terminate()
            self.process.wait(_PATIENCE)
            self.process = None
            self.socket.unlink(missing_ok=True)


@contextlib.contextmanager
def serve_redis(directory: Path, *options: str) -> Generator[RedisServer]:
    """A server that runs within the block."""
    server = RedisServer(directory, options)
    server.start()
    try:
        yield server
    finally:
        server.stop()
