"""Operations that upload files, so that the others can be given their addresses."""

from __future__ import annotations

import os
from base64 import b64encode
from collections.abc import AsyncIterable, Mapping
from pathlib import Path
from stat import S_ISREG
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias

from attrs import field, frozen

from suno_async.errors import FieldProblem
from suno_async.results import UploadedFile

from ._base import SENT_APART, CallOperation, Host
from ._rules import must, no_slash_at_the_ends, not_blank, url

if TYPE_CHECKING:
    from collections.abc import Iterator

Uploadable: TypeAlias = (
    str | os.PathLike[str] | bytes | bytearray | memoryview | AsyncIterable[bytes]
)
"""A path, bytes, an async iterator of bytes, or a URL that begins with http:// or https://."""

UPLOAD_PATH = "suno-async"
"""The folder for uploads, unless another is named."""

_SMALL = 64 * 1024  # bytes that go as text, which adds a third; more goes as a form


def _source(given: Uploadable) -> Path | bytes | AsyncIterable[bytes]:
    if isinstance(given, bytearray | memoryview):
        return bytes(given)
    return Path(os.fsdecode(given)) if isinstance(given, str | os.PathLike) else given


@frozen(kw_only=True)
class Upload(CallOperation[UploadedFile]):
    """A file for the upload host, which keeps it for 3 days, free of charge."""

    _costs: ClassVar[bool] = False
    _host: ClassVar[Host] = Host.UPLOAD
    _answer: ClassVar[Any] = UploadedFile

    upload_path: str = field(default=UPLOAD_PATH, metadata=must(not_blank, no_slash_at_the_ends))
    """The folder it is stored in there, without a slash at either end."""
    file_name: str | None = field(default=None, metadata=must(not_blank))
    """Its name there, which replaces a file of that name; left out, a random one."""


@frozen(kw_only=True)
class UploadBase64(Upload):
    """Send a small file as text.

    Args:
        base64_data: The file, in base64.
        upload_path: The folder it is stored in there, without a slash at either end.
        file_name: Its name there, which replaces a file of that name; left out, a random one.
        extra: Fields of the API that have no attribute here, by their names there, as plain data; they are sent unchecked, and are part of what a key names.

    Raises:
        InvalidRequest: there is nothing to send, or the path is not valid.
    """  # noqa: E501 editors show the first line of an argument's text

    _path: ClassVar[str] = "/api/file-base64-upload"

    base64_data: str = field(kw_only=False, repr=False, metadata=must(not_blank))
    """The file, in base64."""


@frozen(kw_only=True)
class UploadStream(Upload):
    """Send a file as it is read.

    Args:
        file: The file: its path, its bytes, or an async iterator of them, which can be sent only once.
        upload_path: The folder it is stored in there, without a slash at either end.
        file_name: Its name there, which replaces a file of that name; left out, a random one.
        extra: Fields of the API that have no attribute here, by their names there, as plain data; they are sent unchecked, and are part of what a key names.

    Raises:
        InvalidRequest: the file is missing or cannot be read, or the path is not valid.
    """  # noqa: E501 editors show the first line of an argument's text

    _path: ClassVar[str] = "/api/file-stream-upload"

    file: Path | bytes | AsyncIterable[bytes] = field(
        kw_only=False, repr=False, converter=_source, metadata={SENT_APART: True}
    )
    """The file: its path, its bytes, or an async iterator of them, which can be sent only once."""

    def _problems(self) -> Iterator[FieldProblem]:
        """A path must lead to a file that can be read, and there must be something in it."""
        if isinstance(self.file, bytes):
            problem = None if self.file else "must not be empty"
        elif isinstance(self.file, Path):
            problem = _unreadable(self.file)
        else:
            problem = None
        if problem:
            given = None if isinstance(self.file, bytes) else str(self.file)
            yield FieldProblem("file", problem, given)


@frozen(kw_only=True)
class UploadUrl(Upload):
    """Let the service fetch a file, which it tries for 30 seconds; about 100 MB are advised.

    Args:
        file_url: Where it lies: http or https, and public.
        upload_path: The folder it is stored in there, without a slash at either end.
        file_name: Its name there, which replaces a file of that name; left out, a random one.
        extra: Fields of the API that have no attribute here, by their names there, as plain data; they are sent unchecked, and are part of what a key names.

    Raises:
        InvalidRequest: the URL or the path is not valid.
    """  # noqa: E501 editors show the first line of an argument's text

    _path: ClassVar[str] = "/api/file-url-upload"
    _least_timeout: ClassVar[float] = 60.0

    file_url: str = field(kw_only=False, metadata=must(url))
    """Where it lies: http or https, and public."""


def upload_of(
    source: Uploadable,
    *,
    upload_path: str = UPLOAD_PATH,
    file_name: str | None = None,
    extra: Mapping[str, Any] | None = None,
) -> Upload:
    """The way of sending that suits the source; reads the disk.

    Raises:
        InvalidRequest: it cannot be sent.
    """
    where: dict[str, Any] = {"upload_path": upload_path, "file_name": file_name, "extra": extra}
    if isinstance(source, bytes | bytearray | memoryview) and 0 < len(source) <= _SMALL:
        return UploadBase64(b64encode(source).decode(), **where)
    if isinstance(source, str) and url(source) is None:
        return UploadUrl(source, **where)
    return UploadStream(source, **where)


def _unreadable(path: Path) -> str | None:
    """Why a file cannot be sent, if so."""
    try:
        status = path.stat()
        if not S_ISREG(status.st_mode):
            return "is not a file"
        with path.open("rb"):
            return None if status.st_size else "must not be empty"
    except OSError as error:
        return f"cannot be read: {error.strerror}"
    except ValueError as error:
        return f"is not a path: {error}"
