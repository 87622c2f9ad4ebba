"""From the JSON of an answer to the results: names in either casing, values in many spellings.

Here is all that is called for each field of a record, so that reading one stays in one room.
"""

from __future__ import annotations

import math
import operator
import re
from datetime import UTC, datetime
from functools import cache, partial
from types import NoneType
from typing import TYPE_CHECKING, Any, cast, get_args, get_origin

from attrs import NOTHING, fields, resolve_types
from cattrs import BaseValidationError, Converter, transform_error
from cattrs.gen import make_dict_structure_fn, override

from suno_async.errors import DecodeError
from suno_async.results import Given, Result

if TYPE_CHECKING:
    from collections.abc import Callable

    from attrs import Attribute

_NUMBER = str | int | float  # made once: a union costs more than the question
_SOON = 1e11  # an epoch below this is in seconds, above in milliseconds


@cache
def camel(name: str) -> str:
    """A name as the API spells it."""
    first, *rest = name.split("_")
    return first + "".join(word[:1].upper() + word[1:] for word in rest)


class _Names(dict[str, str]):
    """Names as they are spelt here, by any spelling; those met before are found at once."""

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
        read = datetime.fromisoformat(value.strip())
        return read.replace(tzinfo=UTC) if read.tzinfo is None else read.astimezone(UTC)
    epoch = number(value)
    try:
        return datetime.fromtimestamp(epoch if abs(epoch) < _SOON else epoch / 1000, UTC)
    except (OverflowError, OSError) as error:
        raise ValueError(f"no such time: {value!r}") from error


def leniently(hook: Callable[[Any, Any], Any], otherwise: Any = None) -> Callable[..., Any]:
    """What may be missing may be unreadable too; it is still in `raw`."""

    def lenient(value: Any, wanted: Any = None) -> Any:
        try:
            return otherwise if value is None else hook(value, wanted)
        except (ValueError, TypeError, OverflowError, BaseValidationError):
            return otherwise

    return lenient


_LEAVES: dict[Any, Callable[[Any, Any], Any]] = {
    str: text,
    float: number,
    int: whole,
    bool: flag,
    datetime: time,
}


def structure(value: Any, wanted: Any, path: str, body: Any) -> Any:
    """`value`, found at `path` of `body`, in the type that is wanted.

    Raises:
        DecodeError: it is not what it should be.
    """
    try:
        return _converter.structure(value, wanted)
    except BaseValidationError as error:
        first = transform_error(error, path=path, format_exception=_said)[0]
        problem, _, where = first.rpartition(" @ ")
    except (ValueError, TypeError, RecursionError) as error:
        problem, where = str(error), path
    raise DecodeError(problem, path=where, raw=body)


def _said(error: BaseException, _type: Any) -> str:
    return "required field missing" if isinstance(error, KeyError) else str(error)


def _in_either_casing(cls: type[Result], converter: Converter) -> Callable[[Any, Any], Any]:
    hooks: dict[str, Any] = {
        attribute.name: override(struct_hook=_hook_for(attribute, converter))
        for attribute in fields(resolve_types(cls))
        if attribute.default is not NOTHING
    }
    build = make_dict_structure_fn(cls, converter, **hooks)

    def hook(value: Any, wanted: Any) -> Any:
        if not isinstance(value, dict):
            raise TypeError(f"expected an object, got {type(value).__name__}")
        given = cast("dict[str, Any]", value)
        # what is null is as good as missing: fields have their defaults, required ones fail
        known = {snake(name): one for name, one in given.items() if one is not None}
        return build(known | {"raw": given}, wanted)

    return hook


def _as_it_is(value: Any, _type: Any) -> Any:
    return value


def _hook_for(attribute: Attribute[Any], converter: Converter) -> Callable[..., Any]:
    """How to read a field that may be missing; of a list, what can be read."""
    if attribute.name == "raw":
        return _as_it_is
    if get_origin(attribute.type) is not tuple:
        return leniently(converter.get_structure_hook(_if_there(attribute.type)), attribute.default)
    item = get_args(attribute.type)[0]
    read = leniently(converter.get_structure_hook(item))

    def items(value: Any, _type: Any) -> tuple[Any, ...]:
        read_items = (read(one, item) for one in cast("list[Any]", value))
        return tuple(one for one in read_items if one is not None)

    return leniently(items, ())


def _if_there(wanted: Any) -> Any:
    """`X` for `X | None`: what is `None` has been seen to before."""
    kinds = [kind for kind in get_args(wanted) if kind is not NoneType]
    return kinds[0] if len(kinds) == 1 and NoneType in get_args(wanted) else wanted


def _make_converter() -> Converter:
    converter = Converter()
    for leaf, hook in _LEAVES.items():
        converter.register_structure_hook(leaf, hook)
    converter.register_structure_hook_func(partial(operator.eq, Given), text_or_none)
    converter.register_structure_hook_factory(_is_result, _in_either_casing)
    return converter


def _is_result(wanted: Any) -> bool:
    return isinstance(wanted, type) and issubclass(wanted, Result)


_converter = _make_converter()
