"""From a task to its files: each is fetched as soon as it is there, while the rest is made."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Any

from attrs import asdict, define, field

from suno_async import (
    DownloadFailed,
    Lyrics,
    Stage,
    SunoClient,
    SunoError,
    Task,
    TaskFailed,
    TaskOperation,
    Track,
)
from suno_async.errors import NotFound
from suno_async.results import Downloadable, SomeFiles

from ._desk import PASSING, Desk
from ._inputs import Kept, ready
from ._report import items, key_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

_POLLS = 3  # of a task whose record cannot be had
_PAUSE = 5.0  # seconds between them: within 4 nothing is asked again


async def make(
    desk: Desk,
    asked: Callable[[SunoClient], Awaitable[TaskOperation[Any]]],
    folder: Path,
    kept: Kept,
) -> None:
    """Submit what is asked for, and write what comes of it."""
    desk.folder = folder
    async with desk.keeping(kept) as suno:
        folder = ready(folder)  # before anything is paid
        await deliver(desk, suno, await desk.submit(await asked(suno)), folder)


async def deliver(desk: Desk, suno: SunoClient, task: Task[Any], folder: Path) -> None:
    """Follow a task to its end and write its files; problems are reported, not raised."""
    async with asyncio.TaskGroup() as group:  # left only when the downloads are done, too
        delivery = Delivery(desk, suno, task, folder, group)
        await delivery.follow()
    delivery.close()


async def fetch(desk: Desk, suno: SunoClient, task: Task[Any], folder: Path) -> None:
    """Write the files of a task that is complete; if it is not, that is reported."""
    async with asyncio.TaskGroup() as group:
        delivery = Delivery(desk, suno, task, folder, group)
        await delivery.poll()
    delivery.close()


@define(eq=False)
class Delivery:
    """What one task has made, on its way to the disk."""

    _desk: Desk
    _suno: SunoClient
    _task: Task[Any]
    _folder: Path
    _group: asyncio.TaskGroup
    is_done: bool = False
    """Whether nothing more is to be expected of the task."""
    written: int = 0
    """Files that are there."""
    missing: int = 0
    """Files that could not be fetched."""
    _begun: set[str] = field(factory=set[str])

    async def follow(self) -> None:
        """Tell each stage, and begin to fetch what is there."""
        try:
            async for event in self._task:
                self._desk.report.reached(self._task, event)
                self.take(event.result, is_last=event.stage is Stage.COMPLETE)
            self.is_done = True
        except SunoError as error:
            self.failed(error)

    async def poll(self) -> None:
        """Poll the task once, and begin to fetch what there is if it is complete."""
        for number in range(1, _POLLS + 1):
            try:
                await self._task.poll()
            except PASSING as error:
                if number == _POLLS:
                    self.failed(error)
                    return
                await asyncio.sleep(_PAUSE)
            except SunoError as error:
                self.failed(error)
                return
            else:
                break
        if self._task.failure is not None:
            self.failed(self._task.failure)
        elif not self._task.is_done:
            self.failed(self._not_yet())
        else:
            self._desk.report.reached(self._task, self._task.events[-1])
            self.complete(self._task.partial_result)

    def close(self) -> None:
        """Forget the task, if all that it made is here."""
        if self.is_done and not self.missing:
            self._desk.finished(self._task)

    def take(self, result: Any, *, is_last: bool) -> None:
        """Begin to fetch the files of a result, and report what is no file once it is the last."""
        for item in items(result):
            if isinstance(item, Downloadable):
                is_ready = is_last or (isinstance(item, Track) and item.is_ready)
                # the first song is there at `first`, and again at `complete`
                if is_ready and key_of(item) not in self._begun:
                    self._begun.add(key_of(item))
                    self._group.create_task(self._fetch(item))
            elif is_last and isinstance(item, Lyrics):
                self._desk.report.words(item)
            elif is_last:
                self._desk.report.data(item)

    def complete(self, result: Any) -> None:
        """Take the result of a task that is complete."""
        self.is_done = True
        self.take(result, is_last=True)

    def failed(self, error: SunoError) -> None:
        """Report why there is no result, and take what was made all the same."""
        if isinstance(error, TaskFailed):
            self.take(error.partial_result or (), is_last=False)
            self.is_done = True
            self._desk.report.failed(self._task)
        elif isinstance(error, NotFound):
            self._desk.without_record.add(self._task.token)
        self._desk.problem(error, task=self._task.token, kind=self._task.kind)

    def _not_yet(self) -> DownloadFailed:
        token = self._task.token
        return DownloadFailed(
            f"{token} is not complete yet ({self._task.stage}), so there is nothing to fetch; "
            "suno-async wait waits for it.",
            token,
            self._task.kind,
        )

    async def _fetch(self, item: Downloadable) -> None:
        def progress(done: int, total: int | None) -> None:
            self._desk.report.fetching(self._task, item, done, total)

        try:
            beside = asdict(self._desk.beside)
            paths = await self._suno.download((item,), self._folder, progress, **beside)
        except DownloadFailed as error:
            self._missed(item, error)
        else:
            self.written += len(paths)
            for path in paths:
                self._desk.report.written(self._task, item, path)

    def _missed(self, item: Downloadable, error: DownloadFailed) -> None:
        """Files are not here; what they are of is."""
        others = getattr(error, "__notes__", ())  # of several files, the first is the error
        self.missing += 1 + len(others)
        url = None if isinstance(item, SomeFiles | str) else item.files[0].url
        self._desk.problem(error, task=self._task.token, kind=self._task.kind, url=url)
        for other in others:
            self._desk.report.say_badly(other)
        if url is not None:
            self._desk.report.say(f"The song itself is at {url}")
