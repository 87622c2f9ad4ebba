"""Fetching files: streamed beside the target, then renamed in one step."""

from __future__ import annotations

import re
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias
from urllib.parse import urlsplit

import aiohttp

from suno_async.errors import ConfigurationError, DownloadFailed
from suno_async.results import Track, WavFile

if TYPE_CHECKING:
    from collections.abc import Callable
    from os import PathLike

    Progress: TypeAlias = Callable[[int, int | None], None]

Downloadable: TypeAlias = Track | WavFile | str

_CHUNK = 64 * 1024
_LONGEST_NAME = 120  # characters, so that every file system takes it
_UNSAFE = re.compile(r'[\x00-\x1f\x7f<>:"/\\|?*]+')


async def download(
    session: aiohttp.ClientSession,
    what: Downloadable,
    target: str | PathLike[str],
    progress: Progress | None,
    silence: float,
) -> Path:
    """Fetch the file of a result into a directory, or to a path that has a suffix."""
    _check(what)
    url, name = _url_and_name(what)
    path = _path_for(name, target)
    part = path.with_name(path.name + ".part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with part.open("wb") as file:
            async with session.get(url, timeout=_bounded_by(silence)) as response:
                if response.status != 200:  # noqa: PLR2004 OK
                    raise DownloadFailed(f"{_shown(url)} answered with HTTP {response.status}.")
                total, done = response.content_length, 0
                async for chunk in response.content.iter_chunked(_CHUNK):
                    file.write(chunk)
                    done += len(chunk)
                    if progress is not None:
                        progress(done, total)
        if not done:
            raise DownloadFailed(f"{_shown(url)} is empty: the file is not ready yet.")
        part.replace(path)
    except (aiohttp.ClientError, TimeoutError) as error:
        raise DownloadFailed(f"{_shown(url)} broke off: {type(error).__name__}.") from None
    except OSError as error:
        raise DownloadFailed(f"{path} cannot be written: {error.strerror}.") from error
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)
    return path


def _check(what: object) -> None:
    if not isinstance(what, Track | WavFile | str):
        raise ConfigurationError(
            f"download() takes one track, one file or one URL, not {type(what).__name__}: "
            "call it for each."
        )


def _path_for(name: str, target: str | PathLike[str]) -> Path:
    path = Path(target)
    return path if path.suffix and not path.is_dir() else path / name


def _bounded_by(silence: float) -> aiohttp.ClientTimeout:
    return aiohttp.ClientTimeout(sock_connect=silence, sock_read=silence)


def _url_and_name(what: Downloadable) -> tuple[str, str]:
    if isinstance(what, str):
        return what, file_name(Path(urlsplit(what).path).stem, "", what)
    url = what.audio_url if isinstance(what, Track) else what.audio_wav_url
    if url is None:
        token = f"music:{what.task_id}" if isinstance(what, Track) and what.task_id else None
        raise DownloadFailed("There is no file yet: the link in the result is empty.", token)
    if isinstance(what, Track):
        return url, file_name(what.title or "Untitled", what.id, url)
    return url, file_name(Path(urlsplit(url).path).stem, "", url)


def file_name(title: str, track_id: str, url: str) -> str:
    """`Title [first 8 of id].mp3`: safe on every system, and inside its directory."""
    suffix = Path(urlsplit(url).path).suffix
    suffix = suffix if re.fullmatch(r"\.[A-Za-z0-9]{1,5}", suffix) else ".mp3"
    mark = f" [{_UNSAFE.sub('', track_id)[:8]}]" if track_id else ""
    stem = _UNSAFE.sub(" ", title)[:_LONGEST_NAME].strip(" .") or "Untitled"
    return f"{stem}{mark}{suffix}"


def _shown(url: str) -> str:
    """A URL without its query, which may hold a signature."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}{parts.path}"
