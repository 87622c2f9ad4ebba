"""Names of files: safe on every system, and never outside their directory."""

from __future__ import annotations

import re
import unicodedata
from itertools import cycle, islice
from pathlib import PurePosixPath
from urllib.parse import SplitResult, unquote, urlsplit

_LONGEST = 200  # bytes in UTF-8; file systems take 255, and more is put behind it meanwhile
_MARK = 8  # characters of an id; both songs of a task share their title
_FORBIDDEN = frozenset('<>:"/\\|?*')
_RESERVED = re.compile(r"(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[0-9¹²³])", re.IGNORECASE)
_SUFFIX = re.compile(r"\.[A-Za-z0-9]{1,5}")
_ANY_SUFFIX = re.compile(r"\.[A-Za-z0-9_-]{1,16}")
_JOINER = "\u200d"
_TAGS = "\U000e0020-\U000e007f"
# what may make one picture of several: colours of skin, and how a character is to be shown
_PICTURE = "[\u00a9\u00ae\u203c\u2049\u2100-\u2bff\u3030\u303d\u3297\u3299\U0001f000-\U0001faff]"
_LOOK = "[\u0300-\u036f\ufe0e\ufe0f\u20e3\U0001f3fb-\U0001f3ff]*"
_EMOJI = re.compile(f"({_PICTURE}{_LOOK}(?:{_JOINER}{_PICTURE}{_LOOK})+|\U0001f3f4[{_TAGS}]+)")
_FLAG = "[\U0001f1e6-\U0001f1ff]{2}"
_WHOLE = re.compile(f"{_EMOJI.pattern}|{_FLAG}|.{_LOOK}", re.DOTALL)
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
    # the odd parts are emoji of several characters, which invisible ones hold together
    parts = _EMOJI.split(unicodedata.normalize("NFC", title))
    seen = (
        part if is_emoji else "".join(map(_seen, part))
        for part, is_emoji in zip(parts, cycle((False, True)), strict=False)
    )
    return " ".join("".join(seen).split()).strip(" .")


def _seen(one: str) -> str:
    return " " if one in _FORBIDDEN or unicodedata.category(one)[0] in "CZ" else one


def _cut(text: str, most: int) -> str:
    """So much of the text as fits into that many bytes, without half an emoji or half a letter."""
    kept = len(text.encode()[:most].decode(errors="ignore"))
    if kept == len(text):
        return text
    for whole in _WHOLE.finditer(text):
        if whole.end() > kept:
            return text[: min(kept, whole.start())].rstrip(" .")
    return text[:kept].rstrip(" .")
