"""The text of a batch's input: a file, or what comes through a pipe, line by line as it is read."""

from __future__ import annotations

import asyncio
import codecs
import io
import os
import sys
import threading
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, TypeVar

from suno_async import ConfigurationError, InvalidRequest

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Iterable, Iterator

T = TypeVar("T")

STDIN = "-"
_LONGEST = 1_000_000  # characters of a line: no request is near it, and memory is bounded
_AHEAD = 100  # items that a pipe's reader may be ahead
OTHER_TEXT = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
"""How text in UTF-16 begins."""


def name_of(file: str) -> str:
    """The name of the input, for sentences."""
    return "stdin" if file == STDIN else file


def is_pipe(file: str) -> bool:
    """Whether the input can be read only once, and may keep its reader waiting."""
    path = Path(file)
    return file == STDIN or (path.exists() and not (path.is_file() or path.is_dir()))


def opened(file: str) -> BinaryIO:
    """The input, as bytes.

    Raises:
        ConfigurationError: it is not there, or cannot be read.
    """
    try:
        if file == STDIN:  # not sys.stdin: its lock would be held by a thread that waits
            return open(sys.stdin.fileno(), "rb", closefd=False)
        return Path(file).open("rb")
    except OSError as error:
        raise unreadable(file, os.strerror(error.errno or 0)) from error


def unreadable(file: str, why: str) -> ConfigurationError:
    """The error for an input that cannot be read at all."""
    return ConfigurationError(f"{name_of(file)} cannot be read: {why}.")


def lines_of(file: str, opened: BinaryIO) -> Iterator[tuple[int, str | InvalidRequest]]:
    """Each line with its number, from 1; what is wrong with it in its place, if it is no text.

    Raises:
        ConfigurationError: it cannot be read, or is not in UTF-8 as a whole.
    """
    with io.TextIOWrapper(opened, "utf-8-sig", errors="surrogateescape") as text:
        try:
            if opened.peek(2)[:2] in OTHER_TEXT:  # type: ignore[attr-defined]  # it is buffered
                raise unreadable(file, "it is in UTF-16: save it as UTF-8")
            number = 0
            while line := text.readline(_LONGEST):
                number += 1
                # the rest of a line that is too long is read and dropped, piece by piece
                is_too_long = len(line) == _LONGEST and not line.endswith("\n")
                while is_too_long and (more := text.readline(_LONGEST)):
                    if more.endswith("\n"):
                        break
                yield number, _TOO_LONG if is_too_long else _checked(line.rstrip("\n"))
        except OSError as error:
            raise unreadable(file, os.strerror(error.errno or 0)) from error


_TOO_LONG = InvalidRequest(f"the line has more than {_LONGEST:,} characters")


def _checked(line: str) -> str | InvalidRequest:
    try:
        line.encode()
    except UnicodeEncodeError as error:  # a byte that is no UTF-8 was read as half a character
        byte = ord(line[error.start]) & 0xFF
        return InvalidRequest(
            f"the line is not text in UTF-8 (byte {byte:#x} at character {error.start + 1}): "
            "save the file as UTF-8"
        )
    return InvalidRequest("the line holds a zero byte, as no text does") if "\0" in line else line


async def in_thread(items: Callable[[], Iterable[T]]) -> AsyncGenerator[T]:
    """Read items that may let one wait, while the loop goes on.

    The thread is a daemon: the program does not wait for a pipe that is never closed.
    """
    loop = asyncio.get_running_loop()
    queue: asyncio.Queue[tuple[T] | BaseException | None] = asyncio.Queue()
    room = threading.Semaphore(_AHEAD)  # a queue of asyncio cannot hold back a thread

    def read() -> None:
        end: BaseException | None = None
        with suppress(RuntimeError):  # the loop is closed, and its reader gone
            try:
                for item in items():
                    room.acquire()
                    loop.call_soon_threadsafe(queue.put_nowait, (item,))
            except Exception as error:  # noqa: BLE001 the reader shall have it
                end = error
            loop.call_soon_threadsafe(queue.put_nowait, end)

    threading.Thread(target=read, name="suno-input", daemon=True).start()
    while (got := await queue.get()) is not None:
        if isinstance(got, BaseException):
            raise got
        room.release()
        yield got[0]
