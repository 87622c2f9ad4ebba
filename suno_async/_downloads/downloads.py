"""Downloads: from a result to its files, many at once, each of them once.

What is asked for becomes links, links become places on the disk, and each place is filled by one
fetch that all callers share. How a file is fetched is in `fetch`, how it is written in `files`.
"""

from __future__ import annotations

import asyncio
import logging
from copy import copy
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from attrs import define, evolve, field, frozen

from suno_async._downloads.fetch import Fetch, Progress
from suno_async._downloads.files import write_whole
from suno_async._downloads.places import Place, links_of, places_of, suffix_for
from suno_async._downloads.sidecar import sidecar_of
from suno_async._http.attempts import Transport
from suno_async._http.exchange import Http
from suno_async._http.requests import poll_of
from suno_async._submitting.tasks import Tasks
from suno_async._wire.records import Record, each_of, record_of
from suno_async.errors import ClientClosed, ConfigurationError, DownloadFailed
from suno_async.operations._kinds import KINDS
from suno_async.results import FileLink, OneFile, Track
from suno_async.retry import RetryPolicy

if TYPE_CHECKING:
    from collections.abc import Iterable
    from os import PathLike

_log = logging.getLogger("suno_async")

AT_ONCE = 8
"""How many files one client fetches at one time; more of them wait."""


@frozen(kw_only=True)
class Extras:
    """What is wanted beside a track's audio."""

    image: bool = False
    """Its cover image."""
    lyrics: bool = False
    """Its words as text."""
    sidecar: bool = False
    """What it is and what made it, as JSON."""


@define(eq=False)
class _SharedFetch:
    """A fetch that is under way, for one caller or many."""

    link: FileLink
    listeners: list[Progress] = field(factory=list[Progress])
    waiters: int = 0
    task: asyncio.Task[Path] = field(init=False)

    def report(self, done: int, total: int | None) -> None:
        """Report the progress to all; a callback that fails is not called again."""
        for listener in tuple(self.listeners):
            try:
                listener(done, total)
            except Exception:  # noqa: BLE001 it must not cost a file
                self.listeners.remove(listener)
                _log.exception("the progress callback of a download failed; it is called no more")


@define(eq=False)
class Downloads:
    """The downloads of one client."""

    _http: Http
    _retry: RetryPolicy
    _transport: Transport
    _tasks: Tasks
    _under_way: dict[Path, _SharedFetch] = field(factory=dict[Path, _SharedFetch], init=False)
    _slots: asyncio.Semaphore = field(factory=partial(asyncio.Semaphore, AT_ONCE), init=False)
    _is_closed: bool = field(default=False, init=False)

    async def one(
        self,
        what: OneFile,
        target: str | PathLike[str],
        progress: Progress | None,
        extras: Extras,
    ) -> Path:
        """Fetch one file."""
        (place,) = places_of(what, target, is_alone=True)
        return await self._download(what, place, progress, extras)

    async def many(
        self,
        things: Iterable[Any],
        target: str | PathLike[str],
        progress: Progress | None,
        extras: Extras,
    ) -> tuple[Path, ...]:
        """Fetch all files of several things; one failure does not stop the others."""
        wanted = [
            (thing, place) for thing in things for place in places_of(thing, target, is_alone=False)
        ]
        meter = _Meter(progress, len(wanted))
        ended = await asyncio.gather(
            *(
                self._download(thing, place, meter.of(number), extras)
                for number, (thing, place) in enumerate(wanted)
            ),
            return_exceptions=True,  # the others are finished: the next run need not fetch them
        )
        failed = [one for one in ended if isinstance(one, BaseException)]
        for other in failed[1:]:
            failed[0].add_note(f"and another one: {other}")
        if failed:
            raise failed[0]
        return tuple(one for one in ended if isinstance(one, Path))

    async def close(self) -> None:
        """End what is under way; what can be continued is left to be."""
        self._is_closed = True
        tasks = [shared.task for shared in self._under_way.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _download(
        self, what: Any, place: Place, progress: Progress | None, extras: Extras
    ) -> Path:
        """One file and what is wanted beside it; errors say which task it is about."""
        try:
            path = await self._fetch(place, progress)
            if isinstance(what, Track):
                await self._add_extras(extras, what, evolve(place, path=path))
        except DownloadFailed as error:
            error.token, error.kind = place.token, place.kind
            raise
        return path

    async def _add_extras(self, extras: Extras, track: Track, place: Place) -> None:
        path, image = place.path, track.files[1]
        if extras.image and image.url is not None:
            beside = _beside(path, suffix_for(image))
            await self._fetch(evolve(place, link=image, path=beside), None)
        if extras.lyrics and track.prompt:
            words = f"{track.prompt.strip()}\n".encode(errors="replace")  # half a character
            await asyncio.to_thread(write_whole, _beside(path, ".txt"), words)
        if extras.sidecar:
            token = place.token
            operation = None if token is None else await self._tasks.operation_of(token)
            content = sidecar_of(track, path.name, token, operation)
            await asyncio.to_thread(write_whole, _beside(path, ".json"), content)

    async def _fetch(self, place: Place, progress: Progress | None) -> Path:
        """Fetch a file, together with all others who want the same."""
        shared = await self._shared_fetch(place)
        if progress is not None:
            shared.listeners.append(progress)
        shared.waiters += 1
        try:
            # a caller that is cancelled must not end it for the others
            return await asyncio.shield(shared.task)
        except asyncio.CancelledError:
            if shared.task.cancelled() and self._is_closed:
                raise ClientClosed(
                    "The client was closed while a file was fetched; fetch it again.",
                    place.token,
                    place.kind,
                ) from None
            if shared.waiters == 1 and not shared.task.done():  # nobody else wants it
                shared.task.cancel()
                await asyncio.wait([shared.task])
            raise
        except DownloadFailed as error:
            raise copy(error) from error.__cause__  # to each caller its own, with its own traceback
        finally:
            shared.waiters -= 1
            if progress is not None and progress in shared.listeners:
                shared.listeners.remove(progress)

    async def _shared_fetch(self, place: Place) -> _SharedFetch:
        """The fetch to this place, which may be under way already."""
        key = place.path.absolute()
        # one that was given up still holds the lock on its part until it has ended
        while (shared := self._under_way.get(key)) is not None and shared.task.cancelling():
            await asyncio.wait([shared.task])
        if shared is None:
            shared = _SharedFetch(place.link)
            shared.task = asyncio.create_task(self._run(shared, place))
            self._under_way[key] = shared
            shared.task.add_done_callback(partial(self._ended, key))
        elif shared.link != place.link:
            raise DownloadFailed(
                f"{place.path} is being written by a download of something else: give this one "
                "another directory."
            )
        return shared

    def _ended(self, key: Path, task: asyncio.Task[Path]) -> None:
        del self._under_way[key]
        if not task.cancelled():
            task.exception()  # its callers have been given it

    async def _run(self, shared: _SharedFetch, place: Place) -> Path:
        fetch = Fetch(
            http=self._http,
            retry=self._retry,
            place=place,
            renew=None if place.token is None else partial(self._renewed, place.link, place.token),
            progress=shared.report,
        )
        async with self._slots:
            return await fetch.run()

    async def _renewed(self, link: FileLink, token: str) -> str | None:
        """Where the same file lies now, as the task's record shows it."""
        name, _, task_id = token.partition(":")
        kind = KINDS[name]
        body = await self._transport.send(poll_of(kind, task_id))
        record: Record[Any] = record_of(kind, body, token=token)
        links = [other for one in each_of(record.result) for other in links_of(one)]
        return next((other.url for other in links if other.is_same_as(link)), None)


def _beside(path: Path, suffix: str) -> Path:
    """Where something lies beside a song."""
    beside = path.with_suffix(suffix)
    if beside == path:
        raise ConfigurationError(
            f"{path} is the song, and so would be what lies beside it: give it another suffix."
        )
    return beside


@define(eq=False)
class _Meter:
    """Sums up the progress of several files."""

    _progress: Progress | None
    _count: int
    _done: dict[int, int] = field(factory=dict[int, int])
    _totals: dict[int, int | None] = field(factory=dict[int, "int | None"])

    def of(self, number: int) -> Progress | None:
        """The progress callback of one of them."""
        return None if self._progress is None else partial(self._add, number, self._progress)

    def _add(self, number: int, progress: Progress, done: int, total: int | None) -> None:
        self._done[number], self._totals[number] = done, total
        totals = [one for one in self._totals.values() if one is not None]
        progress(sum(self._done.values()), sum(totals) if len(totals) == self._count else None)
