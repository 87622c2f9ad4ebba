"""From a task to its files: each is fetched as soon as it is there, while the rest is made."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any, TypeAlias

from attrs import define, field

from suno_async import (
    DownloadFailed,
    Lyrics,
    Stage,
    SunoClient,
    SunoError,
    Task,
    TaskFailed,
    Track,
    WavFile,
)

from ._desk import Desk
from ._report import items, key_of

_File: TypeAlias = Track | WavFile


async def deliver(desk: Desk, suno: SunoClient, task: Task[Any], folder: Path) -> None:
    """Follow a task to its end and write its files; problems are told and booked, not raised."""
    async with asyncio.TaskGroup() as group:
        delivery = _Delivery(desk, suno, task, folder, group)
        await delivery.follow()
    if delivery.is_over and not delivery.missing:
        desk.finished(task)


@define(eq=False)
class _Delivery:
    _desk: Desk
    _suno: SunoClient
    _task: Task[Any]
    _folder: Path
    _group: asyncio.TaskGroup
    is_over: bool = False
    """Whether nothing more is to be expected of the task."""
    missing: int = 0
    """Files that could not be fetched."""
    _begun: set[str] = field(factory=set[str])

    async def follow(self) -> None:
        """Tell each stage, and begin to fetch what is there."""
        try:
            async for event in self._task:
                self._desk.report.reached(self._task, event)
                self._take(event.result, is_last=event.stage is Stage.COMPLETE)
            self.is_over = True
        except TaskFailed as error:
            self._take(error.ready or (), is_last=False)
            self.is_over = True
            self._desk.report.failed(self._task)
            self._desk.problem(error)
        except SunoError as error:
            self._desk.problem(error, task=self._task.token, kind=self._task.kind)

    def _take(self, result: Any, *, is_last: bool) -> None:
        for item in items(result):
            if isinstance(item, Track | WavFile):
                if (item.is_ready or is_last) and key_of(item) not in self._begun:
                    self._begun.add(key_of(item))
                    self._group.create_task(self._fetch(item))
            elif is_last and isinstance(item, Lyrics):
                self._desk.report.words(item)
            elif is_last:
                self._desk.report.data(item)

    async def _fetch(self, item: _File) -> None:
        def progress(done: int, total: int | None) -> None:
            self._desk.report.fetching(self._task, item, done, total)

        try:
            path = await self._suno.download(item, self._folder, progress)
        except DownloadFailed as error:
            self.missing += 1
            self._tell_where(item, error)
        else:
            self._desk.report.written(self._task, item, path)

    def _tell_where(self, item: _File, error: DownloadFailed) -> None:
        """The file is not here; the song is."""
        url = item.audio_url if isinstance(item, Track) else item.audio_wav_url
        self._desk.problem(error, task=self._task.token, kind=self._task.kind, url=url)
        if url is not None:
            self._desk.report.say(f"The song itself is at {url}")
