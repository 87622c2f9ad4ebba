"""Reading the single values of an answer, which the service writes in more ways than one."""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Any, TypeGuard

from cattrs import BaseValidationError

if TYPE_CHECKING:
    from collections.abc import Callable

_NUMBER = str | int | float  # made once: a union costs more than the question
_SOON = 1e11  # an epoch below this is in seconds, above in milliseconds


@cache
def camel(name: str) -> str:
    """A name as the API spells it."""
    first, *rest = name.split("_")
    return first + "".join(word[:1].upper() + word[1:] for word in rest)


class _Names(dict[str, str]):
    """Names as they are spelt here, by any spelling; those met before are looked up at once."""

    def __missing__(self, name: str) -> str:
        known = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()
        if len(self) < 1_000:  # noqa: PLR2004 names come from outside: not without end
            self[name] = known
        return known


snake: Callable[[str], str] = _Names().__getitem__
"""A name as it is spelt here; names come in either casing."""


def text(value: Any, _type: Any = None) -> str:
    """Text, also from a number."""
    if isinstance(value, str):
        return value
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    raise TypeError(f"expected text, got {type(value).__name__}")


def text_or_none(value: Any, _type: Any = None) -> str | None:
    """Text that means nothing when it is empty."""
    found: str = value if value.__class__ is str else text(value)  # most are, and there are many
    return found.strip() or None


def number(value: Any, _type: Any = None) -> float:
    """A finite number, also from text."""
    if isinstance(value, bool) or not isinstance(value, _NUMBER):
        raise TypeError(f"expected a number, got {type(value).__name__}")
    try:
        found = float(value)
    except OverflowError:
        found = math.inf
    if not math.isfinite(found):
        raise ValueError("expected a number that can be reckoned with")
    return found


def whole(value: Any, _type: Any = None) -> int:
    """A number without its fraction, also from text."""
    found = number(value)
    return value if isinstance(value, int) else int(found)


def flag(value: Any, _type: Any = None) -> bool:
    """True or false, also from text or a number."""
    word = str(value).strip().lower()
    if word in {"true", "1", "false", "0"}:
        return word in {"true", "1"}
    raise ValueError(f"expected true or false, got {value!r}")


def time(value: Any, _type: Any = None) -> datetime:
    """Text with or without a zone (then UTC), ISO, or an epoch in milliseconds, also as text."""
    if isinstance(value, str) and not value.strip().removeprefix("-").isdigit():
        told = datetime.fromisoformat(value.strip())
        return told.replace(tzinfo=UTC) if told.tzinfo is None else told.astimezone(UTC)
    epoch = number(value)
    try:
        return datetime.fromtimestamp(epoch if abs(epoch) < _SOON else epoch / 1000, UTC)
    except (OverflowError, OSError) as error:
        raise ValueError(f"no such time: {value!r}") from error


def is_many(value: Any) -> TypeGuard[tuple[Any, ...]]:
    """Whether it is several in one."""
    return isinstance(value, tuple)


def leniently(hook: Callable[[Any, Any], Any], otherwise: Any = None) -> Callable[..., Any]:
    """What may be missing may be unreadable too; it is still in `raw`."""

    def lenient(value: Any, wanted: Any = None) -> Any:
        try:
            return otherwise if value is None else hook(value, wanted)
        except (ValueError, TypeError, OverflowError, BaseValidationError):
            return otherwise

    return lenient
