"""Names of files: safe on every system, and never outside their directory."""

from __future__ import annotations

import re
import unicodedata
from itertools import islice
from pathlib import PurePosixPath
from urllib.parse import SplitResult, unquote, urlsplit

_LONGEST = 200  # bytes in UTF-8; file systems take 255, and more is put behind it meanwhile
_MARK = 8  # characters of an id; both songs of a task share their title
_FORBIDDEN = frozenset('<>:"/\\|?*')
_RESERVED = re.compile(r"(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[0-9¹²³])", re.IGNORECASE)
_SUFFIX = re.compile(r"\.[A-Za-z0-9]{1,5}")
_ANY_SUFFIX = re.compile(r"\.[A-Za-z0-9_-]{1,16}")
_UNTITLED = "Untitled"


def file_name(title: str | None, mark: str | None, suffix: str) -> str:
    """`Title [first 8 of the mark].mp3`, whatever the title holds."""
    known = re.sub(r"[^A-Za-z0-9_-]", "", mark or "")[:_MARK]
    end = (f" [{known}]" if known else "") + (suffix if _ANY_SUFFIX.fullmatch(suffix) else "")
    stem = _cut(_cleaned(title or ""), _LONGEST - len(end)) or _UNTITLED
    if _RESERVED.fullmatch(stem.partition(".")[0].rstrip()):  # devices, on Windows
        stem = f"_{stem}"
    return stem + end


def suffix_of(url: str) -> str:
    """The suffix that an address ends with, empty where there is none that looks like one."""
    suffix = PurePosixPath(_split(url).path).suffix
    return suffix.lower() if _SUFFIX.fullmatch(suffix) else ""


def stem_of(url: str) -> str:
    """The last part of an address, without its suffix, in plain text."""
    path = _split(url).path
    return unquote(PurePosixPath(path).name.removesuffix(PurePosixPath(path).suffix))


def bare(url: str) -> str:
    """An address without its query, which may hold a signature, and without a password."""
    parts = _split(url)
    scheme = f"{parts.scheme}:" if parts.scheme else ""
    return f"{scheme}//{parts.netloc.rpartition('@')[2]}{parts.path}"


def shown(url: str) -> str:
    """A bare address for messages: at no great length, and with nothing that cannot be printed."""
    seen = (one if one.isprintable() else "\N{REPLACEMENT CHARACTER}" for one in bare(url))
    text = "".join(islice(seen, _LONGEST + 1))
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def _split(url: str) -> SplitResult:
    try:
        return urlsplit(url)
    except ValueError:  # brackets amid the host, say: fetching it fails with a better sentence
        return SplitResult(url.partition(":")[0], "...", "", "", "")


def _cleaned(title: str) -> str:
    """Without what is invisible, turns the direction of writing, or means something to a system."""
    seen = (
        " " if one in _FORBIDDEN or unicodedata.category(one)[0] in "CZ" else one
        for one in unicodedata.normalize("NFC", title)
    )
    return " ".join("".join(seen).split()).strip(" .")


def _cut(text: str, most: int) -> str:
    """So much of the text as fits into that many bytes."""
    return text.encode()[:most].decode(errors="ignore").rstrip(" .")
