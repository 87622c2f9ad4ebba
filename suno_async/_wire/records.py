"""Reading what the service says of a task, in a record or a callback, whichever shape it has."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from datetime import datetime
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast

from attrs import field, fields, frozen

from suno_async._wire.converter import camel, leniently, snake, structure, whole
from suno_async._wire.refusals import failure_class
from suno_async.errors import DecodeError, NotFound, TaskFailed
from suno_async.operations._sources import model_of_track
from suno_async.results import Given, Result, Stage

if TYPE_CHECKING:
    from suno_async.operations import CallOperation, TaskOperation
    from suno_async.operations._kinds import Kind

R = TypeVar("R")

_log = logging.getLogger("suno_async")
_OK = 200
_PARTIAL = {Stage.TEXT, Stage.FIRST}
_NO_ERROR = {None, 0, _OK}  # what `errorCode` holds where nothing is wrong
_whole_or_none = leniently(whole)


@frozen(kw_only=True)
class _Facts(Result):
    """What a record says of the task as a whole; results take from it what they lack."""

    task_id: str | None = None
    model: str | None = None
    music_id: Given | None = None
    music_index: int | None = None
    parent_music_id: Given | None = None
    parent_task_id: Given | None = None
    record_task_id: int | None = None
    audio_id: Given | None = None
    operation_type: Given | None = None
    create_time: datetime | None = None
    complete_time: datetime | None = None


@frozen(kw_only=True)
class Record(Generic[R]):
    """What a poll or a callback says of a task."""

    task_id: str | None
    """The id of the task that it is about, where it says so."""
    stage: Stage
    """How far the task is."""
    result: R | None
    """The result so far, `None` for none."""
    failure: TaskFailed | None = None
    """Why the task has failed, if it has."""
    body: Mapping[str, Any] = field(factory=dict[str, Any], repr=False)
    """The body it was read from."""


def record_of(
    kind: Kind,
    body: Mapping[str, Any],
    *,
    token: str,
    operation: TaskOperation[R] | None = None,
    seen: Stage | None = None,
) -> Record[R]:
    """Read a record or a callback, whichever shape it has.

    If its word says no more than `seen`, which is known already, its result is not read.

    Raises:
        NotFound: there is no record, or not yet.
        DecodeError: the result is not what it should be, or is missing though all is complete.
    """
    status, _ = find(body, kind.status_at)
    word = "" if status is None else str(status)
    code = code_of(body)
    task_id = task_id_of(body)
    # of a recovery the whole body is the record: no data but a task's id is one still
    is_nothing = code == _OK and body.get("data") is None
    if is_nothing and (task_id is None or "code" not in kind.status_at):
        raise NotFound("the service has no record of this task (yet)", token, kind.name, code, _OK)
    known = kind.words.get(word)
    failed = _is_failure(kind, word, code)
    result: Any = None
    # most polls bring no news, and reading two songs costs far more than this
    if seen is not None and known is not None and known._rank <= seen._rank and not failed:
        return Record(task_id=task_id, stage=known, result=None, body=body)
    try:
        result = _result_of(kind, body, task_id=task_id, model=_model_of(operation, body))
    except DecodeError:
        if not (failed or known is Stage.PENDING):  # else there need be nothing
            raise
    if failed:
        failure = _failure(kind, body, token, word, result)
        return Record(
            task_id=task_id, stage=Stage.PENDING, result=result, failure=failure, body=body
        )
    stage = known or _stage_by_contents(kind, word, result)
    if result is None and stage in _PARTIAL:
        result = ()
    if stage is Stage.COMPLETE and not result:
        _, path = find(body, kind.result_at)
        raise DecodeError("complete, but nothing is there", token, kind.name, path, body)
    return Record(task_id=task_id, stage=stage, result=result, body=body)


def add_model(record: Record[Any], operation: TaskOperation[Any]) -> None:
    """Say in results that were read without their operation which model was asked for."""
    _fill_in(record.result, {"model": _model_of(operation, record.body)})


def has_failed(kind: Kind, body: Mapping[str, Any]) -> bool:
    """Whether a record or a callback says that the task has failed."""
    status, _ = find(body, kind.status_at)
    return _is_failure(kind, "" if status is None else str(status), code_of(body))


def _is_failure(kind: Kind, word: str, code: int | None) -> bool:
    return word in kind.failures or not (code is None or code in kind.codes)


def _result_of(kind: Kind, body: Mapping[str, Any], **known: str | None) -> Any:
    """The result, with what the record says of the task as a whole."""
    found, path = find(body, kind.result_at)
    if found is None:
        return None
    result = structure(found, kind.result, path, body)
    _fill_in(result, _facts_of(body, **known))
    return result


def _stage_by_contents(kind: Kind, word: str, result: Any) -> Stage:
    """How far the task is by its contents, where the word says nothing."""
    if word not in {"", "CALLBACK_EXCEPTION"}:
        _log_once(kind.name, word)
    ready = [one.is_ready for one in each_of(result)]
    if not any(ready):
        return Stage.TEXT if ready and Stage.TEXT in kind.stages else Stage.PENDING
    return Stage.COMPLETE if all(ready) or Stage.FIRST not in kind.stages else Stage.FIRST


@lru_cache(maxsize=256)
def _log_once(kind: str, word: str) -> None:
    _log.warning("unknown status %r of a %s task: read as still running", word, kind)


def _failure(kind: Kind, body: Mapping[str, Any], token: str, word: str, result: Any) -> TaskFailed:
    said, _ = find(body, ("data.error_message",))
    number, _ = find(body, ("data.error_code",))
    codes = (_whole_or_none(number), code_of(body))
    code = next((one for one in codes if one not in _NO_ERROR), None)
    message = str(said or (body.get("msg") if code_of(body) != _OK else None) or "")
    # a single result without its file is none, while of two songs one may be there
    there = result if len(each_of(result)) > 1 or any(r.is_ready for r in each_of(result)) else None
    status = None if "code" in kind.status_at else word or None
    return failure_class(status, code)(message, token, kind.name, status, code, there)


def code_of(body: Mapping[str, Any]) -> int | None:
    """The code of an envelope, `None` where there is none."""
    code = body.get("code")
    if isinstance(code, bool):
        return None
    try:
        return int(code) if isinstance(code, str | int | float) else None
    except (ValueError, OverflowError):
        return None


def _model_of(operation: TaskOperation[Any] | None, body: Mapping[str, Any]) -> str | None:
    """The model that was asked for: the answers only name the engine."""
    model = getattr(operation, "model", None)
    if model is None and hasattr(operation, "audio_id"):
        model = model_of_track(operation)
    if model is not None:
        return str(model)
    param, _ = find(body, ("data.param",))
    try:
        asked = json.loads(param) if isinstance(param, str) else None
    except (ValueError, RecursionError):
        return None
    model = cast("dict[str, Any]", asked).get("model") if isinstance(asked, dict) else None
    return model if isinstance(model, str) else None


def _facts_of(body: Mapping[str, Any], **known: str | None) -> Mapping[str, Any]:
    data = body.get("data")
    facts: _Facts = structure(data if isinstance(data, dict) else {}, _Facts, "$.data", body)
    return {name: getattr(facts, name) for name in _fact_names(_Facts)} | known


def _fill_in(result: Any, facts: Mapping[str, Any]) -> None:
    """Give results what only their record knows; they are ours alone, nobody has them yet."""
    for one in each_of(result):
        for name in _fact_names(one.__class__):
            if getattr(one, name) is None:
                object.__setattr__(one, name, facts.get(name))


@cache
def _fact_names(wanted: type[Result]) -> tuple[str, ...]:
    """The fields that a result shares with its record."""
    known = {one.name for one in fields(_Facts)}
    return tuple(one.name for one in fields(wanted) if one.name in known)


def each_of(result: Any) -> tuple[Any, ...]:
    """What a result consists of: the songs of a task, one file, nothing."""
    if isinstance(cast("object", result), tuple):
        several: tuple[Any, ...] = result
        return several
    return () if result is None else (result,)


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
        for step, sent_as in _steps(path):
            if not isinstance(node, dict):
                break
            inside = cast("dict[str, Any]", node)
            key = sent_as if sent_as in inside else _spelt_otherwise(step, inside)
            node, where = (None, where) if key is None else (inside[key], f"{where}.{key}")
        else:
            if node in ("", []):  # kept, in case no other path leads to more
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
