"""The README's blocks of code, and the programs in `programs/`, run in the loop of a test."""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import os
import random
import re
import socket
import time
from collections.abc import Coroutine
from contextvars import ContextVar
from functools import partialmethod
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from attrs import define, field

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable

README = (Path(__file__).parent.parent / "README.md").read_text("utf-8")
BLOCKS = re.findall(r"^```python\n(.*?)^```", README, re.DOTALL | re.MULTILINE)
EXCERPTS = [
    (found[1], block[found.end() :])
    for block in BLOCKS
    if (found := re.match(r"# tests/programs/(\w+\.py)\n", block)) is not None
]
"""What the README shows of programs: each one's name, and the lines."""
PROGRAMS = {
    file.name: file.read_text("utf-8")
    for file in sorted(Path(__file__).with_name("programs").glob("*.py"))
}
"""The text of each program, by the name of its file."""

_LONGEST = 0.05  # seconds for which a program may hold its loop
_RUNS = 5  # a busy machine holds some callback of some run; a program that blocks does so in each
_SCHEDULED = Path("/proc/thread-self/schedstat")


def needed(library: str) -> Any:
    """A module that a program is made with; where it is missing, its tests are skipped.

    The gate has them all, so there it is an error.
    """
    if "CI" in os.environ:
        return importlib.import_module(library)
    return pytest.importorskip(library, reason=f"no {library.partition('.')[0]} (group dev)")


@define(eq=False)
class Process:
    """One run of a program, in the loop of the test: stopped as `asyncio.run` would by Ctrl-C."""

    main: Coroutine[Any, Any, None]
    tasks: set[asyncio.Task[Any]] = field(factory=set[asyncio.Task[Any]], init=False)
    """All its tasks, for what it leaves is cancelled in the end."""
    taken: list[tuple[float, str]] = field(factory=list[tuple[float, str]], init=False)
    """For how many seconds each of its callbacks held the loop, and which it was."""

    async def run(self) -> None:
        """Run it to its end; whatever begins in its context is its own."""
        _PROCESS.set(self)
        await self.main


_PROCESS: ContextVar[Process | None] = ContextVar("process", default=None)


def loaded(
    name: str, module: str = "__main__"
) -> tuple[dict[str, Any], list[Coroutine[Any, Any, None]]]:
    """What a program defines, and what it gives to `asyncio.run`."""
    runs: list[Coroutine[Any, Any, None]] = []
    names: dict[str, Any] = {"__name__": module}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(asyncio, "run", runs.append)
        exec(compile(PROGRAMS[name], name, "exec"), names)  # noqa: S102 our own README
    return names, runs


@contextlib.asynccontextmanager
async def running(
    main: Coroutine[Any, Any, None], stop: Callable[[], None] | None = None
) -> AsyncGenerator[Process]:
    """Run it until the end of the block; there it is cancelled, as by Ctrl-C, or asked to stop."""
    process = Process(main)
    loop = asyncio.get_running_loop()
    loop.set_task_factory(_counted)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(asyncio.Handle, "_run", partialmethod(_timed, run=asyncio.Handle._run))
        task = loop.create_task(process.run())
        try:
            yield process
        finally:
            if task.done():
                raise AssertionError("the program ended by itself") from task.exception()
            (stop or task.cancel)()
            await asyncio.wait([task])
            left = [one for one in process.tasks if not one.done()]
            for one in left:
                one.cancel()
            await asyncio.gather(*left, return_exceptions=True)
            loop.set_task_factory(None)


async def never_blocked(run: Callable[[], Coroutine[Any, Any, Process]]) -> None:
    """Hold that a program never blocks its loop, by the best of some runs."""
    longest: list[tuple[float, str]] = []
    for _ in range(_RUNS):
        process = await run()
        longest.append(max(process.taken))
        if longest[-1][0] <= _LONGEST:
            return
        await asyncio.sleep(30)  # the rate is free again
    raise AssertionError(f"the loop was blocked: {longest}")


def _counted(loop: asyncio.AbstractEventLoop, coroutine: Any, **given: Any) -> asyncio.Task[Any]:
    task = asyncio.Task(coroutine, loop=loop, **given)
    if (process := _PROCESS.get()) is not None:
        process.tasks.add(task)
    return task


def _timed(handle: asyncio.Handle, run: Callable[[asyncio.Handle], None]) -> None:
    """Run a callback, and note for how long it ran or slept.

    The time for which the system lets it wait for a processor is not its fault, and is left out
    where the system reports it.
    """
    process = handle._context.get(_PROCESS)  # type: ignore[attr-defined]
    if process is None:
        run(handle)
        return
    began, waited = time.perf_counter(), _waited()
    run(handle)
    seconds = time.perf_counter() - began - (_waited() - waited)
    process.taken.append((seconds, repr(handle)))


def _waited() -> float:
    """Seconds that this thread has waited for a processor so far."""
    try:
        return int(_SCHEDULED.read_bytes().split()[1]) * 1e-9
    except (OSError, IndexError):
        return 0.0


def free_port() -> int:
    """A port to listen on, out of the range from which the system picks those of connections."""
    while True:
        port = random.randrange(20_000, 32_000)
        with contextlib.suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port


async def until(reached: Callable[[], object], seconds: float = 600.0) -> None:
    """Wait until something holds, at most for so many seconds of the loop."""
    async with asyncio.timeout(seconds):
        while not reached():  # noqa: ASYNC110 what holds is read off many things
            await asyncio.sleep(0.1)
