"""A PostgreSQL server of one's own, which nobody else uses, and which never runs as root."""

import contextlib
import os
import pwd
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Generator, Sequence
from pathlib import Path

from attrs import define, field

_PATIENCE = 30.0  # seconds for it to start or to end
_PASSWORD = "p:ss/w@rd"  # noqa: S105 of a server that lives for a test
_QUIET = (
    "fsync=off",
    "full_page_writes=off",
    "max_connections=60",
    "shared_buffers=16MB",
    "log_min_messages=error",
    "lc_messages=C",
)


def _programs() -> Path | None:
    """Where the server's programs are, which most systems keep out of the path."""
    found = shutil.which("initdb")
    places = [Path(found).resolve().parent] if found else []
    places += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    return next((place for place in places if (place / "initdb").exists()), None)


def is_installed() -> bool:
    """Whether this machine has a PostgreSQL server."""
    return _programs() is not None


def _account() -> pwd.struct_passwd | None:
    """Whom it runs as, where this process is root, which it refuses."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name)
    raise OSError("There is no unprivileged account for a PostgreSQL server.")


def _hand_over(*paths: Path) -> None:
    account = _account()
    if account is not None:
        for path in paths:
            os.chown(path, account.pw_uid, account.pw_gid)


@define
class PostgresServer:
    """A server on a loopback port, with its data in a directory of its own."""

    directory: Path
    """Where its data is."""
    port: int = field(init=False)
    """Where it listens."""
    process: subprocess.Popen[bytes] | None = field(default=None, init=False)
    """The process, while it runs."""

    def __attrs_post_init__(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]

    def url(self, database: str = "postgres", user: str = "postgres") -> str:
        """What a client is given."""
        password = "" if user != "postgres" else ":p%3Ass%2Fw%40rd"
        return f"postgresql://{user}{password}@{self.host}/{database}"

    @property
    def host(self) -> str:
        """Its address and its port, as they stand in a URL."""
        return f"127.0.0.1:{self.port}"

    def make(self) -> None:
        """Make its data; the user `postgres` has a password, all others need none."""
        secret = self.directory / "password"
        secret.write_text(_PASSWORD)
        _hand_over(self.directory, secret)
        self._run(
            "initdb",
            *("-D", str(self._data), "-U", "postgres", f"--pwfile={secret}", "--no-sync"),
            *("--auth=scram-sha-256", "--encoding=UTF8", "--locale=C"),
        )
        with (self._data / "pg_hba.conf").open("w") as rules:
            rules.write("host all postgres 127.0.0.1/32 scram-sha-256\n")
            rules.write("host replication all 127.0.0.1/32 trust\n")
            rules.write("host all all 127.0.0.1/32 trust\n")

    def follow(self, primary: "PostgresServer") -> None:
        """In place of `make`: be a standby that is told all that another server writes."""
        _hand_over(self.directory)
        self._run(
            "pg_basebackup",
            *("-D", str(self._data), "-h", "127.0.0.1", "-p", str(primary.port), "-U", "postgres"),
            *("-R", "-X", "stream", "-c", "fast", "--no-sync"),
        )

    def promote(self) -> None:
        """Be a primary from now on."""
        self._run("pg_ctl", "promote", "-w", "-D", str(self._data))

    def start(self, *options: str) -> None:
        """Start it, and wait until it can be reached."""
        settings = [*_QUIET, f"port={self.port}", "listen_addresses=127.0.0.1"]
        settings += [f"unix_socket_directories={self.directory}", *options]
        said = [part for setting in settings for part in ("-c", setting)]
        command = self._command("postgres", "-D", str(self._data), *said)
        with (self.directory / "log").open("ab") as log:
            self.process = subprocess.Popen(command, stderr=log, cwd=self.directory)  # noqa: S603 for tests
        end = time.monotonic() + _PATIENCE
        while time.monotonic() < end and self.process.poll() is None:
            if self._run("pg_isready", "-q", "-h", "127.0.0.1", "-p", str(self.port), check=False):
                return
            time.sleep(0.02)
        raise OSError((self.directory / "log").read_text())

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """End it, its connections with it."""
        if self.process is not None:
            self.process.send_signal(signal.SIGCONT)
            self.process.send_signal(how)
            self.process.wait(_PATIENCE)
            self.process = None

    def stand_still(self) -> None:
        """Stop all its processes, with their connections open."""
        self._signal(signal.SIGSTOP)

    def go_on(self) -> None:
        """Let them run again."""
        self._signal(signal.SIGCONT)

    def kill(self) -> None:
        """End it as a power cut would."""
        self.stop(signal.SIGQUIT)

    @property
    def _data(self) -> Path:
        return self.directory / "data"

    def _signal(self, what: signal.Signals) -> None:
        if self.process is not None:
            known = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
            children = known.read_text().split()
            for pid in (self.process.pid, *map(int, children)):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, what)

    def _command(self, program: str, *given: str) -> Sequence[str]:
        account, place = _account(), _programs()
        if place is None:
            raise OSError("There is no PostgreSQL server on this machine.")
        command = [str(place / program), *given]
        if account is None:
            return command
        whom = [f"--reuid={account.pw_uid}", f"--regid={account.pw_gid}", "--clear-groups"]
        return ["setpriv", *whom, *command]

    def _run(self, program: str, *given: str, check: bool = True) -> bool:
        ended = subprocess.run(  # noqa: S603 for tests
            self._command(program, *given), capture_output=True, cwd=self.directory, check=False
        )
        if check and ended.returncode:
            raise OSError(ended.stderr.decode())
        return ended.returncode == 0


@contextlib.contextmanager
def serve_postgres(directory: Path, *options: str) -> Generator[PostgresServer]:
    """A server that runs within the block; when it is started again, it is without the options."""
    server = PostgresServer(directory)
    server.make()
    server.start(*options)
    try:
        yield server
    finally:
        server.stop()
