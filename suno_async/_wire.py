"""One converter between attrs objects and the API's JSON.

Names are converted, not listed: an attribute `upload_url_list` is `uploadUrlList` in the JSON, and
answers are read in either casing. Only what the API spells oddly is said, in the operation's class.
"""

from __future__ import annotations

import math
import operator
import re
from datetime import UTC, datetime
from functools import cache, partial
from types import NoneType
from typing import TYPE_CHECKING, Any, TypeVar, cast, get_args

from attrs import NOTHING, evolve, fields, fields_dict
from cattrs import BaseValidationError, Converter, transform_error
from cattrs.gen import make_dict_structure_fn, make_dict_unstructure_fn, override

from suno_async.errors import DecodeError, Fault, InvalidRequest
from suno_async.operations import OPERATIONS, SENT_AS, CallOperation, Operation, TaskOperation
from suno_async.results import Result, Url

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

R = TypeVar("R")

_SOON = 1e11  # an epoch below this is in seconds, above in milliseconds


def body_of(operation: Operation[Any], callback_url: str) -> dict[str, Any]:
    """The JSON object that the API wants for an operation; what is `None` is left out.

    `callback_url` is for an operation that has none of its own.
    """
    sent = operation.as_sent()
    if isinstance(sent, TaskOperation) and sent.callback_url is None:
        sent = evolve(sent, callback_url=callback_url)
    body: dict[str, Any] = _converter.unstructure(sent, type(sent))
    return {name: value for name, value in body.items() if value is not None}


def operation_to_dict(operation: Operation[Any]) -> dict[str, Any]:
    """The fields that its caller set, as plain data: without defaults and the callback URL."""
    given = {
        attribute.name: getattr(operation, attribute.name)
        for attribute in fields(type(operation))
        if attribute.name != "callback_url"
        and getattr(operation, attribute.name) != attribute.default
    }
    plain: dict[str, Any] = _converter.unstructure(given)
    return plain


def operation_from_dict(name: str, given: Mapping[str, Any]) -> Operation[Any]:
    """The operation of this name with these fields.

    Raises:
        InvalidRequest: there is no such operation, or a field is unknown, missing or wrong.
    """
    cls = OPERATIONS.get(name)
    if cls is None:
        raise InvalidRequest(f"there is no operation {name!r}")
    known = fields_dict(cls)
    faults = [Fault(one, f"is not a field of {name}") for one in given if one not in known]
    faults += [
        Fault(one.name, "is required")
        for one in known.values()
        if one.default is NOTHING and one.name not in given
    ]
    if faults:
        raise InvalidRequest(operation=name, faults=tuple(faults))
    return cls(**given)


def task_id_of(body: Mapping[str, Any]) -> str | None:
    """The id in the answer to a submission, `None` where there is none."""
    task_id, _ = find(body, ("data.task_id", "task_id"))
    return str(task_id) if isinstance(task_id, str | int) and str(task_id).strip() else None


def answer_of(operation: CallOperation[R], body: Mapping[str, Any]) -> R:
    """The answer to a call, in its type.

    Raises:
        DecodeError: it is not there, or not what it should be.
    """
    found, path = find(body, operation.answer_at)
    return cast("R", structure(found, operation.answer, path, body))


def find(body: Mapping[str, Any], paths: tuple[str, ...]) -> tuple[Any, str]:
    """The first thing that is there, and the path to it in the body's own casing."""
    for path in paths:
        node: Any = body
        where = "$"
        for step in path.split("."):
            if not isinstance(node, dict):
                break
            inside = cast("dict[str, Any]", node)
            key = next((k for k in inside if _snake(k) == step), None)
            node, where = (None, where) if key is None else (inside[key], f"{where}.{key}")
        else:
            if node is not None:
                return node, where
    return None, "$." + paths[0]


def structure(value: Any, wanted: Any, path: str, body: Any) -> Any:
    """`value`, found at `path` of `body`, in the type that is wanted.

    Raises:
        DecodeError: it is not what it should be.
    """
    try:
        return _converter.structure(value, wanted)
    except BaseValidationError as error:
        first = transform_error(error, path=path)[0]
        problem, _, where = first.rpartition(" @ ")
    except (ValueError, TypeError, RecursionError) as error:
        problem, where = str(error) or type(error).__name__, path
    raise DecodeError(problem, path=where, raw=body)


# --- names -------------------------------------------------------------------------------------


@cache
def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word[:1].upper() + word[1:] for word in rest)


_known_names: dict[str, str] = {}


def _snake(name: str) -> str:
    known = _known_names.get(name)
    if known is None:
        known = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()
        if len(_known_names) < 1_000:  # noqa: PLR2004 names come from outside: not without end
            _known_names[name] = known
    return known


# --- values ------------------------------------------------------------------------------------


def _text(value: Any, _type: Any = None) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    raise TypeError(f"expected text, got {type(value).__name__}")


def _text_or_none(value: Any, _type: Any = None) -> str | None:
    """Text that means nothing when it is empty."""
    return _text(value).strip() or None


def _number(value: Any, _type: Any = None) -> float:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise TypeError(f"expected a number, got {type(value).__name__}")
    number = float(value)
    if not math.isfinite(number):
        raise ValueError(f"expected a number, got {value!r}")
    return number


def whole(value: Any, _type: Any = None) -> int:
    """A number without its fraction, also from text."""
    return int(_number(value))


def _flag(value: Any, _type: Any = None) -> bool:
    if isinstance(value, bool):
        return value
    word = str(value).strip().lower()
    if word in {"true", "1", "false", "0"}:
        return word in {"true", "1"}
    raise ValueError(f"expected true or false, got {value!r}")


def _time(value: Any, _type: Any = None) -> datetime:
    """Text with or without a zone (then UTC), ISO, or an epoch in milliseconds, also as text."""
    if isinstance(value, str) and not value.strip().isdigit():
        time = datetime.fromisoformat(value.strip())
        return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
    epoch = _number(value)
    try:
        return datetime.fromtimestamp(epoch if epoch < _SOON else epoch / 1000, UTC)
    except (OverflowError, OSError) as error:
        raise ValueError(f"no such time: {value!r}") from error


def leniently(hook: Callable[[Any, Any], Any]) -> Callable[..., Any]:
    """What may be missing may be unreadable too: it is then `None`, and still in `raw`."""

    def lenient(value: Any, wanted: Any = None) -> Any:
        try:
            return None if value is None else hook(value, wanted)
        except (ValueError, TypeError, OverflowError):
            return None

    return lenient


# --- the converter -----------------------------------------------------------------------------


_LEAVES: dict[Any, Callable[[Any, Any], Any]] = {
    str: _text,
    float: _number,
    int: whole,
    bool: _flag,
    datetime: _time,
    Url: _text_or_none,
}


def _optional_leaf(wanted: Any) -> Any:
    """The leaf type in `leaf | None`, else `None`."""
    kinds = [kind for kind in get_args(wanted) if kind is not NoneType]
    return kinds[0] if len(kinds) == 1 and kinds[0] in _LEAVES else None


def _lenient_leaf(wanted: Any) -> Callable[..., Any]:
    return leniently(_LEAVES[_optional_leaf(wanted)])


def _sent_names(cls: type[Operation[Any]], converter: Converter) -> Callable[[Any], dict[str, Any]]:
    names: dict[str, Any] = {
        attribute.name: override(rename=attribute.metadata.get(SENT_AS) or _camel(attribute.name))
        for attribute in fields(cls)
    }
    return make_dict_unstructure_fn(cls, converter, **names)


def _in_either_casing(cls: type[Result], converter: Converter) -> Callable[[Any, Any], Any]:
    build = make_dict_structure_fn(cls, converter, raw=override(struct_hook=lambda raw, _: raw))

    def hook(value: Any, wanted: Any) -> Any:
        if not isinstance(value, dict):
            raise TypeError(f"expected an object, got {type(value).__name__}")
        given = cast("dict[str, Any]", value)
        return build({_snake(name): one for name, one in given.items()} | {"raw": given}, wanted)

    return hook


def _is_a(base: type) -> Callable[[Any], bool]:
    return lambda wanted: isinstance(wanted, type) and issubclass(wanted, base)


def _make_converter() -> Converter:
    converter = Converter()
    for leaf, hook in _LEAVES.items():
        converter.register_structure_hook_func(partial(operator.eq, leaf), hook)
    converter.register_structure_hook_factory(
        lambda wanted: _optional_leaf(wanted) is not None, _lenient_leaf
    )
    converter.register_structure_hook_factory(_is_a(Result), _in_either_casing)
    converter.register_unstructure_hook_factory(_is_a(Operation), _sent_names)
    return converter


_converter = _make_converter()
