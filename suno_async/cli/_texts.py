"""Texts that stand in a file or come through a pipe, read before anything is paid."""

from __future__ import annotations

import codecs
import os
import re
import sys
from pathlib import Path

from suno_async import ConfigurationError

from ._inputs import at_home, option
from ._source import OTHER_TEXT, STDIN, in_thread, name_of, opened, unreadable

_MOST = 16_000_000  # bytes: no text is near it, and memory is bounded
_LONGEST_NAME = 1000  # characters; a longer text is no file's name
_TOKEN = re.compile(r"(\w+:)?[0-9a-f]{32}")  # no idea for a song reads like it


async def text_of(given: str) -> str:
    """Read a text: the file's for `@FILE`, stdin's for `-`, else what was given.

    `@@` stands for an `@` at the beginning.

    Raises:
        ConfigurationError: there is no such file, or no text in it.
    """
    file = file_in(given)
    if file is None:
        return given.removeprefix("@")
    try:
        return await _read(file)
    except ConfigurationError as error:
        if given in STDINS:
            raise
        raise ConfigurationError(
            f"{error} (A text that begins with @ is given with @@ in its place.)"
        ) from None


async def texts_of(**given: str | None) -> dict[str, str | None]:
    """The texts of these fields, as `text_of` reads them.

    Raises:
        ConfigurationError: one cannot be read, two would come from stdin, or one is hardly meant
            as it stands: the name of a file, or a task's token.
    """
    piped = [option(name) for name, text in given.items() if text in STDINS]
    if len(piped) > 1:
        raise ConfigurationError(f"{' and '.join(piped)} cannot both be read from stdin.")
    for name, text in given.items():
        if text is not None:
            _check_meaning(option(name), text)
    return {name: None if text is None else await text_of(text) for name, text in given.items()}


STDINS = (STDIN, f"@{STDIN}")
"""What names stdin in place of a text."""


def is_token(text: str) -> bool:
    """Whether a text is the token or the plain id of a task, rather than words."""
    return _TOKEN.fullmatch(text) is not None


def file_in(given: str) -> str | None:
    """The file that is named, `None` where the text itself is given."""
    if given in STDINS:
        return STDIN
    if not given.startswith("@") or given.startswith("@@"):
        return None
    return given[1:]


async def _read(file: str) -> str:
    if not file:
        raise ConfigurationError("@ names no file.")
    if file == STDIN and sys.stdin.isatty():
        raise ConfigurationError(
            "stdin is a terminal: pipe the text in, or name a file with @FILE."
        )
    # in a thread with one item: reading a pipe may take for ever, and Ctrl-C must work meanwhile
    (content,) = [one async for one in in_thread(lambda: [_content(file)])]  # a pipe lets one wait
    text = _decoded(file, content)
    if not text:
        raise ConfigurationError(f"{name_of(file)} is empty.")
    return text


def _content(file: str) -> bytes:
    try:
        with opened(str(at_home(Path(file)))) as source:
            return source.read(_MOST + 1)
    except OSError as error:
        raise unreadable(file, os.strerror(error.errno or 0)) from error


def _decoded(file: str, content: bytes) -> str:
    if len(content) > _MOST:
        raise unreadable(file, f"it has more than {_MOST:,} bytes")
    if content.startswith(OTHER_TEXT):
        raise unreadable(file, "it is in UTF-16: save it as UTF-8")
    try:
        text = codecs.decode(content, "utf-8-sig")
    except UnicodeDecodeError:
        raise unreadable(file, "it is not text in UTF-8") from None
    if "\0" in text:
        raise unreadable(file, "it is not text: it holds a zero byte")
    return text.replace("\r\n", "\n").replace("\r", "\n").strip()


def _check_meaning(name: str, text: str) -> None:
    """Refuse what would be paid for as something else than is meant."""
    if is_token(text):
        raise ConfigurationError(
            f"{name} is the token of a task: suno-async wait {text} picks it up."
        )
    if file_in(text) is None and file_named(text) is not None:
        raise ConfigurationError(
            f"{name} {text} is a file here: @{text} reads it. (To send its name, pipe that in, "
            "with - in its place.)"
        )


def file_named(text: str) -> str | None:
    """The file that is there under this name, with or without an @; a plain name has a suffix."""
    # a plain word is an idea, even where a file has that name; `words.txt` is none
    name = text.removeprefix("@")
    if len(name) > _LONGEST_NAME or not (Path(name).suffix or name != text):
        return None
    try:
        return name if at_home(Path(name)).is_file() else None
    except (OSError, ValueError):  # no name at all
        return None
