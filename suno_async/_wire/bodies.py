"""From an operation to the JSON that is sent and to what journals keep of it, and back.

Names are converted, not listed: an attribute `upload_url_list` is `uploadUrlList` in the JSON. Only
what the API spells oddly is said, in the operation's class.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast, get_args

from attrs import NOTHING, fields, fields_dict, resolve_types

from suno_async._wire.converter import camel, flag, number
from suno_async.errors import FieldProblem, InvalidRequest
from suno_async.operations import OPERATIONS, Operation
from suno_async.operations._base import SENT_APART, SENT_AS, WRITTEN_AS

if TYPE_CHECKING:
    from collections.abc import Callable


def body_of(operation: Operation[Any], callback_url: str) -> dict[str, Any]:
    """The JSON object that the API wants for an operation; what is `None` is left out.

    `callback_url` is for an operation that has none of its own. What is in `extra` is there as it
    was given.
    """
    decided = getattr(operation, "_sent", None)
    if decided is None:  # a copy, or one that was pickled: nobody has built it
        decided = operation._decided()
    cls: Any = type(operation)
    body: dict[str, Any] = {}
    for name, sent_as in _sent_names(cls):
        value = decided[name] if name in decided else getattr(operation, name)
        if name == "callback_url" and value is None:
            value = callback_url
        if value is not None:
            body[sent_as] = _plain(cls.__name__, name, value)
    return body | dict(operation.extra or {})


@cache
def _sent_names(cls: Any) -> tuple[tuple[str, str], ...]:
    """Each field that is sent under a name, with that name."""
    sent = [one for one in fields(cls) if not one.metadata.get(SENT_APART)]
    names = [*map(camel, [one.name for one in sent])]
    return tuple(
        (one.name, one.metadata.get(SENT_AS, name)) for one, name in zip(sent, names, strict=True)
    )


def texts_of(body: Mapping[str, Any]) -> dict[str, str]:
    """The same where there can be text alone, in a query or a form: what is none as JSON."""
    return {name: one if isinstance(one, str) else json.dumps(one) for name, one in body.items()}


def operation_to_dict(operation: Operation[Any]) -> dict[str, Any]:
    """The fields that its caller set, as plain data: without defaults and the callback URL.

    What a track brought along (its task, its model) is there too, for the track is not. With the
    name of the class it is all that `operation_from_dict` needs, in another process or tomorrow.

    Args:
        operation: Any operation but one that uploads from an iterator.

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
    """The operation of this name with these fields; numbers may be text, as in a table.

    Args:
        name: The name of its class, a key of `operations.OPERATIONS`.
        given: Its fields as plain data, by the names that they have here.

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


def _plain(operation: str, name: str, value: Any) -> Any:
    if isinstance(cast("object", value), tuple):
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
