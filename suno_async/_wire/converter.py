"""One converter between attrs objects and the API's JSON.

Names are converted, not listed: an attribute `upload_url_list` is `uploadUrlList` in the JSON, and
answers are read in either casing. Only what the API spells oddly is said, in the operation's class.
"""

from __future__ import annotations

import json
import operator
from collections.abc import Mapping
from datetime import datetime
from functools import cache, partial
from pathlib import Path
from types import NoneType
from typing import TYPE_CHECKING, Any, TypeVar, cast, get_args, get_origin

from attrs import NOTHING, fields, fields_dict, resolve_types
from cattrs import BaseValidationError, Converter, transform_error
from cattrs.gen import make_dict_structure_fn, make_dict_unstructure_fn, override

from suno_async._wire.values import (
    camel,
    flag,
    is_many,
    leniently,
    number,
    snake,
    text,
    text_or_none,
    time,
    whole,
)
from suno_async.errors import DecodeError, FieldProblem, InvalidRequest
from suno_async.operations import OPERATIONS, CallOperation, Operation, TaskOperation
from suno_async.operations._base import SENT_APART, SENT_AS, WRITTEN_AS
from suno_async.results import Given, Result

if TYPE_CHECKING:
    from collections.abc import Callable

    from attrs import Attribute

R = TypeVar("R")


def body_of(operation: Operation[Any], callback_url: str) -> dict[str, Any]:
    """The JSON object that the API wants for an operation; what is `None` is left out.

    `callback_url` is for an operation that has none of its own. What is in `extra` is there as it
    was given.
    """
    sent = operation._as_sent()
    body: dict[str, Any] = _converter.unstructure(sent, type(sent))
    if isinstance(sent, TaskOperation) and sent.callback_url is None:
        body[_sent_name(fields_dict(type(sent))["callback_url"])] = callback_url
    return {name: one for name, one in body.items() if one is not None} | dict(sent.extra or {})


def texts_of(body: Mapping[str, Any]) -> dict[str, str]:
    """The same where there can be text alone, in a query or a form: what is none as JSON."""
    return {name: one if isinstance(one, str) else json.dumps(one) for name, one in body.items()}


def operation_to_dict(operation: Operation[Any]) -> dict[str, Any]:
    """The fields that its caller set, as plain data: without defaults and the callback URL.

    What a track brought along (its task, its model) is written too, for the track is not.

    Raises:
        InvalidRequest: a field holds what is no data, such as an iterator.
    """
    return {
        attribute.name: _plain(type(operation).__name__, attribute.name, value)
        for attribute in fields(type(operation))
        if (value := getattr(operation, attribute.name)) is not None
        and value != attribute.default
        and attribute.name != "callback_url"
    }


def operation_from_dict(name: str, given: Mapping[str, Any]) -> Operation[Any]:
    """The operation of this name with these fields; what is no text may be so, as in a table.

    Raises:
        InvalidRequest: there is no such operation, or a field is unknown, missing or wrong.
    """
    cls = OPERATIONS.get(name)
    if cls is None:
        raise InvalidRequest(f"there is no operation {name!r}")
    known = fields_dict(resolve_types(cls))
    problems = [
        FieldProblem(str(one), f"is not a field of {name}") for one in given if one not in known
    ]
    problems += [
        FieldProblem(one.name, "is required")
        for one in known.values()
        if one.default is NOTHING and one.name not in given
    ]
    if problems:
        raise InvalidRequest(operation=name, problems=tuple(problems))
    return cls(**{one: _from_text(value, known[one].type) for one, value in given.items()})


def written_of(operation: Operation[Any]) -> tuple[str, dict[str, Any]]:
    """An operation's name and fields as journals keep them, whatever was renamed since.

    Raises:
        InvalidRequest: a field holds what is no data.
    """
    names = _written_names(type(operation))
    written = {names[name]: value for name, value in operation_to_dict(operation).items()}
    return _written_name(type(operation)), written


def operation_written(name: str, written: Mapping[str, Any]) -> Operation[Any]:
    """The operation that a journal keeps so.

    Raises:
        InvalidRequest: there is no such operation any more, or not with these fields.
    """
    cls = next((one for one in OPERATIONS.values() if _written_name(one) == name), None)
    if cls is None:
        raise InvalidRequest(f"there is no operation {name!r}")
    names = {old: new for new, old in _written_names(cls).items()}
    given = {names.get(old, old): value for old, value in written.items()}
    return operation_from_dict(cls.__name__, given)


def _written_name(cls: type[Operation[Any]]) -> str:
    return vars(cls).get("written_as") or cls.__name__  # a caller's subclass is another operation


def _written_names(cls: type[Operation[Any]]) -> Mapping[str, str]:
    return {one.name: one.metadata.get(WRITTEN_AS, one.name) for one in fields(cls)}


def task_id_of(body: Mapping[str, Any]) -> str | None:
    """The id in the answer to a submission, `None` where there is none."""
    task_id, _ = find(body, ("data.task_id", "task_id"))
    sound = isinstance(task_id, str | int) and not isinstance(task_id, bool)
    return str(task_id) if sound and str(task_id).strip() else None


def other_task_in(body: Mapping[str, Any], task_id: str) -> str | None:
    """The id of the task that a record is of, if that is not the one asked for; it may name none.

    A cache on the way that ignores the query shows everybody one record.
    """
    named = task_id_of(body)
    is_other = named is not None and named.casefold() != task_id.casefold()
    return named if is_other else None


def answer_of(operation: CallOperation[R], body: Mapping[str, Any]) -> R:
    """The answer to a call, in its type.

    Raises:
        DecodeError: it is not there, or not what it should be.
        TaskFailed: it says that the service could not do it.
    """
    found, path = find(body, operation._answer_at)
    answer = cast("R", structure(found, operation._answer, path, body))
    failure = operation._failure(answer)
    if failure is not None:
        raise failure
    return answer


def find(body: Mapping[str, Any], paths: tuple[str, ...]) -> tuple[Any, str]:
    """The first thing that is there, and the path to it in the body's own casing.

    Something empty counts only where no other path leads to more.
    """
    empty: tuple[Any, str] | None = None
    for path in paths:
        node: Any = body
        where = "$"
        for step, usual in _steps(path):
            if not isinstance(node, dict):
                break
            inside = cast("dict[str, Any]", node)
            key = usual if usual in inside else _spelt_otherwise(step, inside)
            node, where = (None, where) if key is None else (inside[key], f"{where}.{key}")
        else:
            if node in ("", []):
                empty = empty or (node, where)
            elif node is not None:
                return node, where
    return empty or (None, "$." + paths[0])


@cache
def _steps(path: str) -> tuple[tuple[str, str], ...]:
    """The names along a path, as they are spelt here and as they usually are in a body."""
    return tuple((step, camel(step)) for step in path.split("."))


def _spelt_otherwise(name: str, inside: Mapping[str, Any]) -> str | None:
    return next((key for key in inside if snake(key) == name), None)


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


def _plain(operation: str, name: str, value: Any) -> Any:
    if is_many(value):
        return [_plain(operation, name, one) for one in value]
    if isinstance(value, str | Path):
        return str(value)
    if isinstance(value, bool | int | float):
        return value
    if isinstance(value, Mapping):  # `extra`, which is plain already
        return dict(cast("Mapping[str, Any]", value))
    raise InvalidRequest(
        operation=operation, problems=(FieldProblem(name, "cannot be written down"),)
    )


def _from_text(value: Any, annotation: Any) -> Any:
    """What came as text and is to be none; what cannot be read stays, for it to be refused."""
    if not isinstance(value, str):
        return value
    kinds = get_args(annotation) or (annotation,)
    for kind, read in _READ_TEXT.items():
        if kind in kinds:
            return _or_else(read, value)
    return value


def _or_else(read: Callable[[str], Any], value: str) -> Any:
    try:
        return read(value)
    except (ValueError, RecursionError):
        return value


_READ_TEXT: dict[Any, Callable[[str], Any]] = {
    bool: flag,
    int: int,
    float: number,
    Mapping[str, Any]: json.loads,
}


_LEAVES: dict[Any, Callable[[Any, Any], Any]] = {
    str: text,
    float: number,
    int: whole,
    bool: flag,
    datetime: time,
}


def _sent_name(attribute: Attribute[Any]) -> str:
    return attribute.metadata.get(SENT_AS) or camel(attribute.name)


def _sent_names(cls: type[Operation[Any]], converter: Converter) -> Callable[[Any], dict[str, Any]]:
    names: dict[str, Any] = {
        attribute.name: override(
            rename=_sent_name(attribute),
            omit=attribute.metadata.get(SENT_APART, False),
        )
        for attribute in fields(cls)
    }
    return make_dict_unstructure_fn(cls, converter, **names)


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


def _is_a(base: type) -> Callable[[Any], bool]:
    return lambda wanted: isinstance(wanted, type) and issubclass(wanted, base)


def _make_converter() -> Converter:
    converter = Converter()
    for leaf, hook in _LEAVES.items():
        converter.register_structure_hook(leaf, hook)
    converter.register_structure_hook_func(partial(operator.eq, Given), text_or_none)
    converter.register_structure_hook_factory(_is_a(Result), _in_either_casing)
    converter.register_unstructure_hook_factory(_is_a(Operation), _sent_names)
    return converter


_converter = _make_converter()
