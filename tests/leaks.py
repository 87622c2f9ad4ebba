"""Everything that can be read out of what the package hands out, as text to search."""

from __future__ import annotations

import contextlib
import pickle
import re
from traceback import format_exception, walk_tb
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

SECRET = "sk-3f9a/71c2+d8e4"  # with characters that some write in other ways
FORMS = (SECRET, SECRET.replace("/", "\\/"), "sk-3f9a%2F71c2%2Bd8e4", "sk-3f9a%2f71c2%2bd8e4")


def leaks(*things: object, of: Collection[str] = FORMS) -> list[str]:
    """The places at which one of the things says the secret."""
    shown: dict[int, object] = {}
    said = {text: None for thing in things for text in _texts(thing, shown)}
    both = [(text, _read(text)) for text in said]  # once a text, for some are long
    return [text for text, read in both if any(one in text or one in read for one in of)]


def _read(text: str) -> str:
    """A text as a reader sees it that parses it, however often."""
    plain = re.sub(r"\\+u([0-9a-fA-F]{4})", lambda found: chr(int(found[1], 16)), text)
    return re.sub(r"\\+/", "/", plain)


def _texts(thing: Any, shown: dict[int, object]) -> Iterator[str]:
    if isinstance(thing, bytes):
        yield thing.decode("latin-1")
        return
    yield str(thing)
    yield repr(thing)
    with contextlib.suppress(TypeError, AttributeError, pickle.PicklingError):
        yield pickle.dumps(thing).decode("latin-1")
    if isinstance(thing, BaseException):
        yield from _tracebacks(thing, shown)


def _tracebacks(error: BaseException, shown: dict[int, object]) -> Iterator[str]:
    """With what stands in variables, as some tools show it, and with what is suppressed.

    A value that stands in many of them is shown once: that of a client takes its time.
    """
    yield "".join(format_exception(error))
    for frame, _ in walk_tb(error.__traceback__):
        for name, value in frame.f_locals.items():
            if id(value) not in shown:
                shown[id(value)] = value
                with contextlib.suppress(Exception):  # what cannot be shown shows nothing
                    yield f"{name} = {value!r}"
    for other in (error.__cause__, error.__context__):
        if other is not None:
            yield from _texts(other, shown)
