"""What a single field may hold: a rule takes a value and answers with what is wrong, or `None`."""

from __future__ import annotations

import math
import sys
from collections.abc import AsyncIterable, Mapping
from enum import Enum
from functools import cache, partial
from pathlib import Path
from types import NoneType, UnionType
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, TypeGuard, Union, get_args, get_origin
from urllib.parse import urlsplit

from attrs import fields, resolve_types

from suno_async.errors import FieldProblem

from ._words import slip

if TYPE_CHECKING:
    from collections.abc import Callable

    from attrs import Attribute

    Rule: TypeAlias = Callable[[Any], str | None]

_RULES = "rules"
_WORDS: dict[Any, str] = {
    str: "text",
    bool: "True or False",
    int: "a whole number",
    float: "a number",
    bytes: "bytes",
    Path: "a path",
    AsyncIterable: "an async iterator of bytes",
    Mapping: "a mapping of names to plain data",
}


def must(*rules: Rule) -> dict[str, tuple[Rule, ...]]:
    """Metadata for an attrs field whose value, where there is one, must keep these rules."""
    return {_RULES: rules}


def not_blank(value: str) -> str | None:
    """Text that says something."""
    return None if value.strip() else "must not be empty"


def at_most(limit: int) -> Rule:
    """Text of at most `limit` characters."""

    def rule(value: str) -> str | None:
        return too_long(value, limit)

    return rule


def too_long(value: str, limit: int | None, where: str = "") -> str | None:
    """Say so where `value` has more than `limit` characters; `None` is no limit."""
    if limit is None or len(value) <= limit:
        return None
    return f"has {len(value)} characters, at most {limit} are allowed{where}"


def words_at_most(limit: int) -> Rule:
    """Text of at most `limit` words."""

    def rule(value: str) -> str | None:
        words = len(value.split())
        return None if words <= limit else f"has {words} words, at most {limit} are allowed"

    return rule


def between(low: float, high: float, step: float | None = None) -> Rule:
    """A number from `low` to `high`, a multiple of `step`."""

    def rule(value: float) -> str | None:
        if not low <= value <= high:
            return f"must lie between {low} and {high}"
        if step is not None and not math.isclose(value / step, round(value / step), abs_tol=1e-6):
            return f"must be a multiple of {step}"
        return None

    return rule


def at_least(low: float, step: float | None = None) -> Rule:
    """A number from `low` on, a multiple of `step`."""
    in_steps = between(-math.inf, math.inf, step)

    def rule(value: float) -> str | None:
        return in_steps(value) if value >= low else f"must be at least {low}"

    return rule


def above(low: float) -> Rule:
    """A number greater than `low`."""

    def rule(value: float) -> str | None:
        return None if value > low else f"must be more than {low}"

    return rule


def each(rule: Rule) -> Rule:
    """A list of which each one keeps the rule."""

    def all_keep(values: tuple[Any, ...]) -> str | None:
        return next((problem for value in values if (problem := rule(value))), None)

    return all_keep


def no_more_than(limit: int) -> Rule:
    """A list of at most `limit`."""

    def rule(values: tuple[Any, ...]) -> str | None:
        return None if len(values) <= limit else f"holds {len(values)}, at most {limit} are allowed"

    return rule


def exactly(number: int) -> Rule:
    """A list of just this many."""

    def rule(values: tuple[Any, ...]) -> str | None:
        return None if len(values) == number else f"holds {len(values)}, must hold exactly {number}"

    return rule


def no_slash_at_the_ends(value: str) -> str | None:
    """A path that neither begins nor ends with a slash."""
    sound = not (value.startswith("/") or value.endswith("/"))
    return None if sound else "must neither begin nor end with a slash"


def url(value: str) -> str | None:
    """An absolute http or https URL."""
    try:
        parts = urlsplit(value)
        sound = parts.scheme in {"http", "https"} and bool(parts.hostname)
    except ValueError:
        sound = False
    return None if sound else "must be a URL that begins with http:// or https://"


def problems_of(instance: Any) -> tuple[FieldProblem, ...]:
    """Hold each field against its annotation and its rules, then the fields against each other."""
    found: list[FieldProblem] = []
    are_sound = True
    for attribute, fits, words in _checks(instance.__class__):
        value = getattr(instance, attribute.name)
        if value is attribute.default:  # sound by definition, and most fields are left out
            continue
        if not fits(value):
            are_sound = False
            found.append(FieldProblem(attribute.name, f"must be {_wording(attribute.type)}", value))
        elif value is not None:
            rules: tuple[Rule, ...] = attribute.metadata.get(_RULES, ())
            if words and value not in words:
                rules = (partial(slip, known=words), *rules)
            problems = [problem for rule in rules if (problem := rule(value)) is not None]
            found += [FieldProblem(attribute.name, problem, value) for problem in problems]
    # between the fields only where each has its type: the operation compares them as such
    return (*found, *instance._problems()) if are_sound else tuple(found)


@cache
def _checks(cls: type) -> tuple[tuple[Attribute[Any], Callable[[Any], bool], tuple[str, ...]], ...]:
    """The fields, each with the test that a value is of its type and, of an open list, its words.

    Worked out once.
    """
    return tuple(
        (one, _fits(one.type), _open_words(one.type)) for one in fields(resolve_types(cls))
    )


def _open_words(annotation: Any) -> tuple[str, ...]:
    """The words that are known where others pass too: `Literal[...] | str`, or an enum with it."""
    kinds = get_args(annotation)
    if str not in kinds:
        return ()
    enums = [kind for kind in kinds if isinstance(kind, type) and issubclass(kind, Enum)]
    found = [word for kind in kinds if get_origin(kind) is Literal for word in get_args(kind)]
    return (*found, *(str(word) for enum in enums for word in enum))


def _fits(annotation: Any) -> Callable[[Any], bool]:
    """The question whether a value is of this type."""
    origin = get_origin(annotation)
    if origin in {Union, UnionType}:
        kinds = tuple(_fits(one) for one in get_args(annotation))
        return lambda value: any(fits(value) for fits in kinds)
    if origin is Literal:
        words = get_args(annotation)
        return lambda value: value in words
    if origin is tuple:
        item = _fits(get_args(annotation)[0])
        return lambda value: _is_tuple(value) and all(item(one) for one in value)
    if annotation is float:
        return _is_number
    if annotation is int:
        return lambda value: isinstance(value, int) and not isinstance(value, bool)
    kind = origin or annotation
    return lambda value: isinstance(value, kind)


def _is_number(value: Any) -> bool:
    sound = isinstance(value, int | float) and not isinstance(value, bool)
    return sound and abs(value) <= sys.float_info.max  # a whole number may be beyond


def _is_tuple(value: Any) -> TypeGuard[tuple[Any, ...]]:
    return isinstance(value, tuple)


def _wording(annotation: Any) -> str:
    kinds = get_args(annotation) if get_origin(annotation) in {Union, UnionType} else (annotation,)
    words: list[str] = []
    for kind in kinds:
        if get_origin(kind) is Literal:
            words += () if str in kinds else map(repr, get_args(kind))
        elif get_origin(kind) is tuple:
            words.append(f"a list, each of it {_wording(get_args(kind)[0])}")
        elif not (kind is NoneType or (isinstance(kind, type) and issubclass(kind, Enum))):
            words.append(_WORDS[get_origin(kind) or kind])
    return " or ".join(words)
