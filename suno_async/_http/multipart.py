"""A file on its way: a multipart form, streamed, never whole in memory.

What bounds it is silence, not its total time: each piece that the service is slow to take, and then
the answer, may keep us waiting for so long. What the source is slow to give does not count.

aiohttp's `MultipartWriter` would not do: it escapes file names, so that the service would store
`my%20song`, has no size for what is read piece by piece, and sends an iterator that was read
before as an empty file.
"""

from __future__ import annotations

import asyncio
import mimetypes
import secrets
from collections.abc import AsyncIterable, AsyncIterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from attrs import define, field

from suno_async._wire.bodies import body_of, texts_of
from suno_async.errors import FieldProblem, InvalidRequest

if TYPE_CHECKING:
    from suno_async._deadline import Deadline
    from suno_async.operations import UploadStream

_PIECE = 64 * 1024
_QUOTED = str.maketrans({'"': "%22", "\r": "%0D", "\n": "%0A"})  # as browsers quote names


def form_of(operation: UploadStream) -> Form:
    """What is sent in place of JSON."""
    path = operation.file.name if isinstance(operation.file, Path) else ""
    fields = texts_of(body_of(operation, ""))
    return Form(fields, operation.file, operation.file_name or path or "file")


@define(eq=False)
class Form:
    """One file and some fields, for one request with all its attempts."""

    fields: Mapping[str, str]
    """The fields beside the file."""
    file: Path | bytes | AsyncIterable[bytes]
    """The file, or where it comes from."""
    name: str
    """How the file is called on its way."""
    is_spent: bool = field(default=False, init=False)
    """Whether it cannot be sent again: an iterator is read only once."""
    _error: Exception | None = field(default=None, init=False)

    async def open(
        self, limit: Deadline, silence: float
    ) -> tuple[dict[str, str], AsyncIterator[bytes]]:
        """The headers and the body for one attempt, which extends its limit as it goes along.

        Raises:
            InvalidRequest: the file is not there any more.
        """
        boundary = secrets.token_hex(16)
        headers = {"Content-Type": f"multipart/form-data; boundary={boundary}"}
        size = await self._size()
        head, tail = self._head(boundary), f"\r\n--{boundary}--\r\n".encode()
        if size is not None:
            headers["Content-Length"] = str(len(head) + size + len(tail))
        return headers, self._bounded(self._body(head, size, tail), limit, silence)

    def check(self) -> None:
        """Raise what the source has raised while it was read."""
        if self._error is not None:
            raise self._error

    def _head(self, boundary: str) -> bytes:
        name = self.name.translate(_QUOTED)
        content_type = mimetypes.guess_type(self.name)[0] or "application/octet-stream"
        parts = [
            f"--{boundary}\r\nContent-Disposition: form-data; "
            f'name="{key.translate(_QUOTED)}"\r\n\r\n{value}\r\n'
            for key, value in self.fields.items()
        ]
        parts.append(
            f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n'
            f"Content-Type: {content_type}\r\n\r\n"
        )
        return "".join(parts).encode()

    async def _size(self) -> int | None:
        if isinstance(self.file, bytes):
            return len(self.file)
        if not isinstance(self.file, Path):
            return None
        try:
            return (await asyncio.to_thread(self.file.stat)).st_size
        except OSError as error:
            self._error = self._unreadable(error)
            raise self._error from None

    async def _bounded(
        self, body: AsyncIterator[bytes], limit: Deadline, silence: float
    ) -> AsyncIterator[bytes]:
        limit.set(None)
        async for piece in body:
            limit.set(silence)  # from here until the service has taken it
            yield piece
            limit.set(None)
        limit.set(silence)

    async def _body(self, head: bytes, size: int | None, tail: bytes) -> AsyncIterator[bytes]:
        yield head
        sent = 0
        try:
            async for piece in self._pieces():
                sent += len(piece)
                yield piece
            self._check_size(size, sent)
        except OSError as error:
            self._error = self._unreadable(error) if isinstance(self.file, Path) else error
            raise
        except Exception as error:
            self._error = error
            raise
        yield tail

    async def _pieces(self) -> AsyncIterator[bytes]:
        if isinstance(self.file, bytes):
            for at in range(0, len(self.file), _PIECE):
                yield self.file[at : at + _PIECE]
        elif isinstance(self.file, Path):
            at = 0
            while piece := await asyncio.to_thread(_read, self.file, at):
                at += len(piece)
                yield piece
        else:
            async for given in self.file:
                self.is_spent = True  # until its first piece another attempt may read it
                view = self._bytes_of(given)
                for at in range(0, len(view), _PIECE):
                    yield bytes(view[at : at + _PIECE])

    def _bytes_of(self, given: Any) -> memoryview:
        try:
            return memoryview(given).cast("B")
        except TypeError:
            raise self._refused(f"gave {type(given).__name__}, must give bytes") from None

    def _check_size(self, announced: int | None, sent: int) -> None:
        if announced is not None and sent != announced:
            raise self._refused(f"changed while it was sent, from {announced} to {sent} bytes")

    def _unreadable(self, error: OSError) -> InvalidRequest:
        return self._refused(f"cannot be read: {error.strerror}")

    def _refused(self, problem: str) -> InvalidRequest:
        given = str(self.file) if isinstance(self.file, Path) else None
        return InvalidRequest(
            operation="UploadStream", problems=(FieldProblem("file", problem, given),)
        )


def _read(path: Path, at: int) -> bytes:
    """A piece of a file, which need not be kept open: an attempt may be broken off anywhere."""
    with path.open("rb") as file:
        file.seek(at)
        return file.read(_PIECE)
