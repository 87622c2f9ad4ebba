"""What can be downloaded, and where each of its files is to lie."""

from __future__ import annotations

import os
from collections.abc import Awaitable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast, get_args

from attrs import frozen

from suno_async._downloads.formats import is_known
from suno_async._downloads.naming import file_name, stem_of, suffix_of
from suno_async.errors import ConfigurationError, DownloadFailed
from suno_async.operations._kinds import KINDS
from suno_async.results import (
    Downloadable,
    FileLink,
    Track,
    UploadedFile,
)

if TYPE_CHECKING:
    from os import PathLike

D = TypeVar("D", bound=Downloadable)

_KIND_OF = {(get_args(kind.result) or (kind.result,))[0]: name for name, kind in KINDS.items()}
"""The kind of task that makes such a result."""


@frozen
class Place:
    """One file, and where it is to lie."""

    link: FileLink
    """The file."""
    path: Path
    """The place."""
    token: str | None
    """The token of the task that made it, where that is known."""
    has_id: bool
    """Whether the name holds the file's id, so that what lies there is this file."""
    is_made: bool
    """Whether the service made it, and not the caller."""

    @property
    def kind(self) -> str | None:
        """The kind of that task."""
        return self.token and self.token.partition(":")[0]


def places_of(what: Any, target: str | PathLike[str], *, is_alone: bool) -> list[Place]:
    """Where each file of a thing is to lie; one alone may be given a path of its own.

    Raises:
        ConfigurationError: it has no files, or the target is no path.
        DownloadFailed: they are not there yet.
    """
    try:
        path = Path(target)
    except TypeError:
        raise ConfigurationError(
            f"download() writes to a directory or a path, not {target!r}."
        ) from None
    links = links_of(what)
    token = _token_of(what)
    links = links[:1] if isinstance(what, Track) else links  # its image is an extra
    if not links or any(link.url is None for link in links):
        kind = token and token.partition(":")[0]
        raise DownloadFailed("There is no file yet: the link in the result is empty.", token, kind)
    place = partial(Place, token=token, is_made=not isinstance(what, str | UploadedFile))
    if is_alone and path.suffix and not _is_directory(target):
        return [place(links[0], path, has_id=False)]
    return [place(link, path / _name_of(link), has_id=bool(link.id)) for link in links]


def links_of(what: Any) -> tuple[FileLink, ...]:
    """All files of a thing.

    Raises:
        ConfigurationError: it has none.
    """
    if isinstance(what, Downloadable):
        return (_link_of(what),) if isinstance(what, str) else what.files
    hint = ": await it first" if isinstance(what, Awaitable) else ""
    raise ConfigurationError(
        "download() takes a track, another result with files, a URL, an outcome of a batch, or a "
        f"tuple or list of these, not {type(cast('object', what)).__name__}{hint}."
    )


def suffix_for(link: FileLink) -> str:
    """What its address says, where that means anything; else what it should be."""
    said = suffix_of(link.url or "")
    return said if is_known(said) else link.suffix


def _name_of(link: FileLink) -> str:
    return file_name(link.title, link.id, suffix_for(link))


def _link_of(url: str) -> FileLink:
    url = url.strip()
    if not url.lower().startswith(("http://", "https://", "//")):
        raise ConfigurationError(f"download() fetches http and https URLs, not {url[:200]!r}.")
    return FileLink(url=url, title=stem_of(url), id=None, suffix=suffix_of(url))


def _token_of(result: Any) -> str | None:
    task_id, kind = getattr(result, "task_id", None), _KIND_OF.get(type(result))
    return f"{kind}:{task_id}" if task_id and kind else None


def _is_directory(target: str | PathLike[str]) -> bool:
    return os.fspath(target).endswith(("/", os.sep)) or os.path.isdir(target)  # noqa: PTH112 never raises
