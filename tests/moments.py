"""Something done at one moment of a coroutine, and what runs at a moment."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Coroutine
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from attrs import define

from suno_async._submitting.submissions import Submissions

if TYPE_CHECKING:
    from collections.abc import Generator


@define
class Watched:
    """A coroutine that is what it was, but for a deed when it waits for the `at`-th time."""

    coroutine: Coroutine[Any, Any, Any]
    at: int
    deed: Callable[[], object]
    waits: int = 0

    def __await__(self) -> Generator[Any, Any, Any]:
        step = partial(self.coroutine.send, None)
        while True:
            try:
                awaited = step()
            except StopIteration as end:
                return end.value
            self.waits += 1
            if self.waits == self.at:
                self.deed()
            try:
                yield awaited
            except BaseException as error:  # noqa: BLE001 whatever it is, the coroutine gets it
                step = partial(self.coroutine.throw, error)
            else:
                step = partial(self.coroutine.send, None)


@contextmanager
def at_moment(at: int, deed: Callable[[], object]) -> Generator[list[Watched]]:
    """Do something when the first request waits for the `at`-th time; what is given has counted."""
    loop = asyncio.get_running_loop()
    requests: list[Watched] = []

    def make_task(
        on: asyncio.AbstractEventLoop, coroutine: Coroutine[Any, Any, Any], **given: Any
    ) -> asyncio.Task[Any]:
        if getattr(coroutine, "__qualname__", "") == Submissions._request.__qualname__:
            requests.append(Watched(coroutine, at if not requests else 0, deed))
            coroutine = _run(requests[-1])
        return asyncio.Task(coroutine, loop=on, **given)

    loop.set_task_factory(make_task)  # type: ignore[arg-type]
    try:
        yield requests
    finally:
        loop.set_task_factory(None)


async def _run(watched: Watched) -> Any:
    return await watched


def running_in(folder: str, *, but: Collection[asyncio.Task[Any]]) -> list[asyncio.Task[Any]]:
    """The asyncio tasks of coroutines that a folder of the package defines, without the given."""
    inside = f"/suno_async/{folder}/"

    def file_of(coroutine: Any) -> str:
        return Path(coroutine.cr_code.co_filename).as_posix()

    running = (task for task in asyncio.all_tasks() if task not in but)
    return [task for task in running if inside in file_of(task.get_coro())]
