"""A shell: it runs commands in this process, next to an embedded API on one virtual clock."""

import json
import signal
from collections.abc import Awaitable, Callable, Generator, Sequence
from pathlib import Path
from typing import Any, TypeVar

import pytest
from attrs import define, field, frozen

from suno_async import SunoClient
from suno_async.cli import run
from suno_async.testing import FakeSuno, Timetable, VirtualTimeLoop

T = TypeVar("T")


@frozen
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def objects(self) -> list[dict[str, Any]]:
        """What `--json` put out."""
        return [json.loads(line) for line in self.out.splitlines()]


class LastingLoop(VirtualTimeLoop):
    """A loop for one command after the other, for the service on it lives longer than they."""

    async def shutdown_asyncgens(self) -> None:
        """Not yet."""

    async def shutdown_default_executor(self, timeout: float | None = None) -> None:
        """Not yet."""

    def close(self) -> None:
        """Not yet."""

    def end(self) -> None:
        """Close it in earnest."""
        self.run_until_complete(super().shutdown_asyncgens())
        self.run_until_complete(super().shutdown_default_executor())
        super().close()


@define(eq=False)
class Shell:
    """Runs commands in a folder of its own, with a key and an address in the environment."""

    folder: Path
    fake: FakeSuno
    _loop: LastingLoop
    _monkeypatch: pytest.MonkeyPatch
    _capsys: pytest.CaptureFixture[str]
    interrupt_at: float | None = field(default=None, init=False)
    """After how many seconds of the service's Ctrl-C is pressed."""

    def __call__(self, *argv: str) -> Ended:
        """Run a command with key and address from the environment."""
        self.setenv("SUNO_BASE_URL", self.fake.url)
        return self._run(argv, lambda: self._loop)

    def simulate(self, *argv: str) -> Ended:
        """Run a command with `--simulate`, on a service of its own."""
        return self._run([*argv, "--simulate"], VirtualTimeLoop)

    def offline(self, *argv: str) -> Ended:
        """Run a command while nothing listens at the address."""
        return self._run(argv, VirtualTimeLoop)

    def client(self, work: Callable[[SunoClient], Awaitable[T]], **given: Any) -> T:
        """Do something with a client of the same service."""

        async def with_client() -> T:
            async with SunoClient("key", base_url=self.fake.url, **given) as suno:
                return await work(suno)

        return self._loop.run_until_complete(with_client())

    def setenv(self, name: str, value: str | None) -> None:
        """Set or remove a variable."""
        if value is None:
            self._monkeypatch.delenv(name, raising=False)
        else:
            self._monkeypatch.setenv(name, value)

    @property
    def songs(self) -> list[str]:
        """The files in the default folder."""
        return sorted(path.name for path in (self.folder / "songs").iterdir())

    def _run(self, argv: Sequence[str], new_loop: Callable[[], VirtualTimeLoop]) -> Ended:
        def new_loop_with_ctrl_c() -> VirtualTimeLoop:
            loop = new_loop()
            if self.interrupt_at is not None:
                loop.call_later(self.interrupt_at, signal.raise_signal, signal.SIGINT)
            return loop

        self._capsys.readouterr()
        code = run(argv, new_loop=new_loop_with_ctrl_c, new_fake=FakeSuno)
        out, err = self._capsys.readouterr()
        return Ended(code, out, err)


@pytest.fixture
def fake() -> FakeSuno:
    """The service; songs come at fixed times."""
    return FakeSuno(timetable=Timetable())


@pytest.fixture
def shell(
    tmp_path: Path,
    fake: FakeSuno,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Generator[Shell]:
    """A shell in an empty folder; the service has been started."""
    monkeypatch.chdir(tmp_path)
    for name in ("SUNO_BASE_URL", "SUNO_UPLOAD_URL", "FORCE_COLOR", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("SUNO_API_KEY", "key")
    loop = LastingLoop()
    loop.run_until_complete(fake.start())
    yield Shell(tmp_path, fake, loop, monkeypatch, capsys)
    loop.run_until_complete(fake.close())
    loop.end()
