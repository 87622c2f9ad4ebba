"""A host of one file, which answers as a test wants: rightly, or in any way that is wrong."""

from __future__ import annotations

import re
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, TypeAlias

from aiohttp import web
from aiohttp.test_utils import TestServer
from attrs import define, field

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable

SONG = b"ID3\x04" + bytes(range(256)) * 1200  # about 300 KB: several pieces
OTHER = b"ID3\x04" + bytes(reversed(range(256))) * 1200  # as long, and different at every place
PAGE = b"<!doctype html><title>Just a moment</title>"

Answer: TypeAlias = "Callable[[FileHost, web.Request], Awaitable[web.StreamResponse]]"


@define
class FileHost:
    """What the host has, what it shall do next, and what it was asked."""

    content: bytes = SONG
    """The file."""
    etag: str | None = '"one"'
    """Its validator."""
    has_ranges: bool = True
    """Whether it sends parts."""
    answers: list[Answer] = field(factory=list[Answer])
    """What it does with the next requests; then it answers rightly."""
    asked: list[web.Request] = field(factory=list[web.Request])
    """The requests that came."""
    url: str = ""
    """Where the file is."""

    @property
    def ranges(self) -> list[str | None]:
        """The `Range` of each request."""
        return [request.headers.get("Range") for request in self.asked]

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Answer one request."""
        self.asked.append(request)
        if self.answers:
            return await self.answers.pop(0)(self, request)
        return self.right(request)

    def headers(self) -> dict[str, str]:
        """The headers of a right answer."""
        return {"Content-Type": "audio/mpeg"} | ({"ETag": self.etag} if self.etag else {})

    def right(self, request: web.Request) -> web.Response:
        """The file, or the part that was asked for if it is still the same."""
        wanted = re.fullmatch(r"bytes=(\d+)-", request.headers.get("Range", ""))
        if not self.has_ranges or wanted is None or request.headers["If-Range"] != self.etag:
            return web.Response(body=self.content, headers=self.headers())
        start, size = int(wanted[1]), len(self.content)
        if start >= size:
            return web.Response(status=416, headers={"Content-Range": f"bytes */{size}"})
        place = {"Content-Range": f"bytes {start}-{size - 1}/{size}"}
        return web.Response(status=206, body=self.content[start:], headers=self.headers() | place)


def cut_after(at: int, *, reset: bool = False) -> Answer:
    """A right answer that breaks off when this many bytes of its body were sent."""

    async def answer(host: FileHost, request: web.Request) -> web.StreamResponse:
        whole = host.right(request)
        body = whole.body
        assert isinstance(body, bytes)
        response = web.StreamResponse(status=whole.status, headers=host.headers())
        if "Content-Range" in whole.headers:
            response.headers["Content-Range"] = whole.headers["Content-Range"]
        response.content_length = len(body)
        await response.prepare(request)
        await response.write(body[:at])
        assert request.transport is not None
        if reset:
            request.transport.abort()
        else:
            request.transport.close()
        return response

    return answer


def says(body: bytes = b"", status: int = 200, *, headers: dict[str, str] | None = None) -> Answer:
    """This answer, whatever was asked."""

    async def answer(_host: FileHost, _request: web.Request) -> web.StreamResponse:
        return web.Response(body=body, status=status, headers=headers)

    return answer


@asynccontextmanager
async def hosting(content: bytes = SONG) -> AsyncGenerator[FileHost]:
    """A host, listening."""
    host = FileHost(content=content)
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", host.serve)
    async with TestServer(app) as server:
        host.url = str(server.make_url("/song.mp3"))
        yield host
