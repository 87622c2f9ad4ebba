"""Fetching one file: continued after every break, and never put together from two.

An answer may be the whole file, which begins the part again, or its rest, which is taken only if it
is exactly what was asked for: from the byte that is next, of a file with the same strong validator
and the same size. The part becomes the file when all bytes that were announced are there and begin
as such a file does.

Attempts are counted from the last one that brought something which can be continued, so that a long
file over a bad line comes in the end, while one that does not move is given up.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, TypeAlias

import aiohttp
from attrs import define, field, frozen

from suno_async._downloads.files import Note, Part, hold, is_whole, size_so_far
from suno_async._downloads.formats import HEAD, belies, is_page
from suno_async._downloads.naming import shown
from suno_async._downloads.places import Place, suffix_for
from suno_async._http.exchange import Http
from suno_async._http.links import DeadLink, PrivateLink, link_to
from suno_async._http.verdict import asked_to_wait
from suno_async.errors import ClientClosed, DownloadFailed, SunoError
from suno_async.retry import RetryPolicy

if TYPE_CHECKING:
    from pathlib import Path

Progress: TypeAlias = Callable[[int, int | None], None]
"""Called with the bytes so far and the bytes in all, `None` if not known."""

_log = logging.getLogger("suno_async")

_PIECE = 64 * 1024
_REQUESTS = 6  # five redirects are followed
_LOCKED = 0.1  # seconds between two tries to lock the part
_OK, _RANGE, _UNSATISFIABLE = 200, 206, 416
_MOVED = {301, 302, 303, 307, 308}
_SECRETS = ("Authorization", "Cookie", "Proxy-Authorization")
_PASSING = {408, 425, 429}
_FAILING = 500  # and above: passing, too
_EXPIRED = {*range(400, _FAILING)} - _PASSING - {_UNSATISFIABLE}  # hosts say it in many ways
_PRIVATE = (
    "leads to a private address, where links may only lead if the client is made with "
    "allow_private=True"
)
_CONTENT_RANGE = re.compile(r"bytes (\d{1,18})-(\d{1,18})/(\d{1,18})")


@frozen
class _Break:
    """Why an attempt did not bring the file, in our own words: what was fetched is not quoted."""

    why: str
    retry_after: float | None = None
    is_expired: bool = False
    is_final: bool = False


@define(eq=False, kw_only=True)
class Fetch:
    """Fetches one file to one place."""

    http: Http
    """What has the session."""
    retry: RetryPolicy
    """How often to try without getting on."""
    place: Place
    """The file, and where it is to lie."""
    renew: Callable[[], Awaitable[str | None]] | None
    """Asks the task's record for the address that is valid now; `None` where no task is known."""
    progress: Progress
    """Called after each piece; raises nothing."""
    _url: str = field(init=False)
    _is_renewed: bool = field(default=False, init=False)

    def __attrs_post_init__(self) -> None:
        self._url = self.place.link.url or ""  # what has none yet gets no place

    async def run(self) -> Path:
        """Fetch it, unless it is there, under a name that holds its id.

        Raises:
            DownloadFailed: it could not be fetched or written.
            ClientClosed: the client has ended.
        """
        path = self.place.path
        while not self._is_there():
            part = await self._hold()
            try:
                if self._is_there():  # another process had the part, and has made the file
                    part.begin(None)
                    continue
                await self._fill(part)
                finishing = asyncio.ensure_future(asyncio.to_thread(part.finish))
                try:
                    await asyncio.shield(finishing)
                except asyncio.CancelledError:
                    await asyncio.wait([finishing])  # it is whole, and soon on the disk
                    raise
                return path
            finally:
                part.close()
        size = path.stat().st_size
        self.progress(size, size)
        return path

    def _is_there(self) -> bool:
        return self.place.has_id and is_whole(self.place.path)

    async def _hold(self) -> Part:
        """Wait for the part, as long as the process that holds it gets on."""
        loop = asyncio.get_running_loop()
        path, size, since = self.place.path, -1, loop.time()
        while (part := hold(path)) is None:
            now = size_so_far(path)
            if now != size:
                size, since = now, loop.time()
            elif loop.time() - since > self.http.timeout:
                raise DownloadFailed(f"{path} is held by another process that is stuck.")
            await asyncio.sleep(_LOCKED)
        return part

    async def _fill(self, part: Part) -> None:
        """Get all bytes, in as many attempts as it takes."""
        loop = asyncio.get_running_loop()
        number, spent, best = 0, 0.0, part.size
        while True:
            began = loop.time()
            broken = await self._attempt(part)
            if broken is None:
                return
            if broken.is_final:
                raise DownloadFailed(f"{shown(self._url)} {broken.why}.")
            if broken.is_expired:
                await self._renew(broken.why)
                continue
            # only what can be continued counts, and from the best size that was ever reached: a
            # server that begins anew each time would be asked for ever
            if part.note is not None and part.size >= best + _PIECE:
                number, spent, best = 0, 0.0, part.size
            number, spent = number + 1, spent + loop.time() - began
            delay = self.retry.delay(number, spent, broken.retry_after)
            if delay is None:
                raise DownloadFailed(f"{shown(self._url)} {broken.why}.")
            _log.info(
                "%s %s, at %d bytes; attempt %d follows in %.1f s",
                shown(self._url),
                broken.why,
                part.size,
                number + 1,
                delay,
            )
            spent += delay
            await asyncio.sleep(delay)

    async def _attempt(self, part: Part) -> _Break | None:
        """Ask once for what is missing; `None` when nothing is."""
        going_on = part.can_continue(self._url)
        # all came, and the answer broke off after its last byte: a range from there would be 416
        if going_on and part.note is not None and part.size == part.note.total:
            return self._examined(part, is_all=True)
        headers = {"User-Agent": self.http.user_agent, "Accept-Encoding": "identity"}
        if going_on and part.note is not None:
            headers |= {"Range": f"bytes={part.size}-", "If-Range": part.note.etag}
        try:
            async with await self._ask(headers) as response:
                return await self._take(part, response, going_on=going_on)
        except SunoError:
            raise
        except Exception as error:  # noqa: BLE001 a session that was given may raise anything
            return self._break_of(error)

    def _break_of(self, error: Exception) -> _Break:
        """What it means that something was raised, by the network or by a link."""
        what = type(error).__name__
        match error:
            case PrivateLink():
                broken = _Break(_PRIVATE, is_final=True)
            case DeadLink() | aiohttp.InvalidURL() | UnicodeError():
                broken = _Break("leads nowhere", is_final=True)
            case TimeoutError():
                broken = _Break(f"was silent for {self.http.timeout:g} s")
            case aiohttp.ClientError() | OSError():  # the disk's are DownloadFailed by now
                broken = _Break(f"broke off ({what})")
            case _:
                broken = _Break(f"could not be asked for ({what})", is_final=True)
        return broken

    async def _ask(self, headers: Mapping[str, str]) -> aiohttp.ClientResponse:
        """Ask for the file; a redirect may lead where a link may, and is checked as one."""
        url = first = link_to(self._url)
        for _ in range(_REQUESTS):
            await self.http.links.check(url)
            session = self.http.session_for_files()
            # a caller's session would send its secrets to any host that a redirect names
            elsewhere = {} if url.origin() == first.origin() else _hushed(session)
            response = await session.get(
                url,
                headers={**headers, **elsewhere},
                timeout=_bounded_by(self.http.timeout),
                allow_redirects=False,
                auto_decompress=False,
                raise_for_status=False,
            )
            place = response.headers.get("Location")
            if response.status not in _MOVED or place is None:
                return response
            response.release()
            url = link_to(place, response.url)
        raise DeadLink

    async def _take(
        self, part: Part, response: aiohttp.ClientResponse, *, going_on: bool
    ) -> _Break | None:
        status = response.status
        if status == _UNSATISFIABLE and going_on:
            part.begin(None)  # it has become shorter: another file
            return _Break("has changed meanwhile")
        if status not in {_OK, _RANGE}:
            return _refusal_of(response)
        if response.headers.get("Content-Encoding", "identity") != "identity":
            return _Break("came compressed, which was not asked for")
        if status == _OK:  # the whole, also when the rest was asked for: the validator has changed
            note = _note_from(self._url, response)
            part.begin(note)
            total = response.content_length
        else:
            total = _rest_of(part, response) if going_on else None
            if total is None:
                part.begin(None)
                return _Break("sent another part of the file than was asked for")
        return await self._receive(part, response, total)

    async def _receive(
        self, part: Part, response: aiohttp.ClientResponse, total: int | None
    ) -> _Break | None:
        is_examined = part.size >= HEAD
        async for piece in response.content.iter_chunked(_PIECE):
            if total is not None and part.size + len(piece) > total:
                part.begin(None)
                return _Break("sent more than it had announced")
            part.write(piece)
            # an error page of a gigabyte need not be fetched to its end
            if not is_examined and part.size >= HEAD:
                if broken := self._examined(part, is_all=False):
                    return broken
                is_examined = True
            self.progress(part.size, total)
        if total is None and response.headers.get("Transfer-Encoding") != "chunked":
            return _Break("does not say its length, so that nobody knows whether it is whole")
        if total is not None and part.size < total:
            return _Break(f"broke off after {part.size} of {total} bytes")
        return self._examined(part, is_all=True)

    def _examined(self, part: Part, *, is_all: bool) -> _Break | None:
        """What is wrong with the beginning of the part, of which then nothing is kept."""
        if is_all and not part.size:
            return _Break("is empty: the file is not ready yet")
        suffix = suffix_for(self.place.link)
        if not belies(part.head, suffix, is_made=self.place.is_made):
            return None
        what = "a page" if is_page(part.head) else "something else"
        part.begin(None)
        return _Break(f"is no {suffix} file but {what}, by its first bytes")

    async def _renew(self, why: str) -> None:
        """Ask once for the address that is valid now."""
        said = f"{shown(self._url)} {why}"
        if self._is_renewed:
            raise DownloadFailed(f"{said}, though it was just renewed: the file is gone.")
        if self.renew is None:
            raise DownloadFailed(f"{said}: it may have expired, and no task is known to renew it.")
        self._is_renewed = True  # before it is asked: a record may give the same dead link again
        try:
            url = await self.renew()
        except ClientClosed:
            raise
        except SunoError as error:
            raise DownloadFailed(f"{said}, and asking for a new link failed: {error}") from error
        if url is None:
            raise DownloadFailed(f"{said}, and its record has no link any more: the file is gone.")
        self._url = url


def _hushed(session: aiohttp.ClientSession) -> dict[str, str]:
    """What to send in place of the secrets that a caller's session sends with every request."""
    return {name: "" for name in _SECRETS if name in session.headers}


def _refusal_of(response: aiohttp.ClientResponse) -> _Break:
    """What a status means that brings no file."""
    why = f"answered with HTTP {response.status}"
    if response.status in _EXPIRED:
        return _Break(why, is_expired=True)
    if response.status in _PASSING or response.status >= _FAILING:
        return _Break(why, asked_to_wait(response.headers))
    return _Break(why, is_final=True)


def _note_from(url: str, response: aiohttp.ClientResponse) -> Note | None:
    """What makes it possible to continue: a strong validator, and ranges not being refused."""
    etag = response.headers.get("ETag", "")
    if not etag.startswith('"') or response.headers.get("Accept-Ranges") == "none":
        return None
    if not (etag.isascii() and etag.isprintable()):  # it could not be sent back
        return None
    return Note.of(url, etag, response.content_length)


def _rest_of(part: Part, response: aiohttp.ClientResponse) -> int | None:
    """The size of the whole file, if this is exactly the rest of it; else `None`."""
    matched = _CONTENT_RANGE.fullmatch(response.headers.get("Content-Range", "").strip())
    if matched is None or part.note is None:
        return None
    first, last, total = map(int, matched.groups())
    length = response.content_length
    is_it = (
        first == part.size
        and last == total - 1
        and total == (part.note.total or total)
        and length in {None, total - first}
        and response.headers.get("ETag") == part.note.etag
    )
    return total if is_it else None


def _bounded_by(silence: float) -> aiohttp.ClientTimeout:
    """No limit in all: a large file over a slow line takes its time."""
    return aiohttp.ClientTimeout(sock_connect=silence, sock_read=silence)
