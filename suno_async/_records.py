"""Reading what is told about a task, by a look or by a push, whichever shape it has."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any, Generic, TypeGuard, TypeVar, cast

from attrs import evolve, field, frozen

from suno_async._wire import find, leniently, structure, task_id_of, whole
from suno_async.errors import DecodeError, NotFound, TaskFailed, failure_class
from suno_async.results import Stage, Track

if TYPE_CHECKING:
    from suno_async.operations import Kind, TaskOperation

R = TypeVar("R")

_log = logging.getLogger("suno_async")
_OK = 200
_PARTIAL = {Stage.TEXT, Stage.FIRST}
_NO_ERROR = {None, 0, _OK}  # what `errorCode` holds where nothing is wrong


@frozen(kw_only=True)
class Record(Generic[R]):
    """What a look or a push told about a task."""

    task_id: str | None
    """The id of the task that it is about, where it says so."""
    stage: Stage
    """How far the task is."""
    result: R | None
    """What is there."""
    failure: TaskFailed | None = None
    """Why the task has failed, if it has."""
    body: Mapping[str, Any] = field(factory=dict[str, Any], repr=False)
    """The body it was read from."""


def record_of(
    kind: Kind, body: Mapping[str, Any], *, token: str, operation: TaskOperation[R] | None = None
) -> Record[R]:
    """Read a record or a push, whichever shape it has.

    Raises:
        NotFound: there is no record, or not yet.
        DecodeError: the result is not what it should be, or is missing though all is complete.
    """
    status, _ = find(body, kind.status_at)
    word = None if status is None else str(status)
    code = body.get("code")
    if code == _OK and body.get("data") is None and "code" not in kind.status_at:
        raise NotFound("no such task, or not yet", token, kind.name, code, _OK)
    found, path = find(body, kind.result_at)
    task_id = task_id_of(body)
    result: Any = None
    if found is not None:
        about = {"task_id": task_id, "model": _model_of(operation, body)}
        result = _about(structure(found, kind.result, path, body), about)
    if word in kind.failures or (code != _OK and str(code) not in kind.words):
        failure = _failure(kind, body, token, word, result)
        return Record(
            task_id=task_id, stage=Stage.PENDING, result=result, failure=failure, body=body
        )
    stage = kind.words.get(word or "") or _stage_by_contents(kind, word, result)
    if result is None and stage in _PARTIAL:
        result = ()
    if stage is Stage.COMPLETE and not result:
        raise DecodeError("complete, but nothing is there", token, kind.name, path, body)
    return Record(task_id=task_id, stage=stage, result=result, body=body)


def _stage_by_contents(kind: Kind, word: str | None, result: Any) -> Stage:
    """Where the word says nothing, what is there says how far the task is."""
    if word is not None and word != "CALLBACK_EXCEPTION":
        _tell_once(kind.name, word)
    ready = [one.is_ready for one in _each(result)]
    if not any(ready):
        return Stage.TEXT if ready and Stage.TEXT in kind.stages else Stage.PENDING
    return Stage.COMPLETE if all(ready) or Stage.FIRST not in kind.stages else Stage.FIRST


@cache
def _tell_once(kind: str, word: str) -> None:
    _log.warning("unknown status %r of a %s task: read as still running", word, kind)


def _failure(
    kind: Kind, body: Mapping[str, Any], token: str, word: str | None, result: Any
) -> TaskFailed:
    said, _ = find(body, ("data.error_message",))
    number, _ = find(body, ("data.error_code",))
    codes = map(leniently(whole), (number, body.get("code")))
    code = next((one for one in codes if one not in _NO_ERROR), None)
    message = str(said or (body.get("msg") if body.get("code") != _OK else None) or "")
    there = result if len(_each(result)) > 1 or any(r.is_ready for r in _each(result)) else None
    return failure_class(word, code)(message, token, kind.name, word, code, there)


def _model_of(operation: TaskOperation[Any] | None, body: Mapping[str, Any]) -> str | None:
    """The model that was asked for: the answers only name the engine."""
    if (model := getattr(operation, "model", None)) is not None:
        return str(model)
    param, _ = find(body, ("data.param",))
    try:
        asked = json.loads(param) if isinstance(param, str) else None
    except ValueError:
        return None
    model = cast("dict[str, Any]", asked).get("model") if isinstance(asked, dict) else None
    return model if isinstance(model, str) else None


def _about(result: Any, known: dict[str, Any]) -> Any:
    """Tell each track which task it belongs to and which model was asked for."""
    if isinstance(result, Track):
        return evolve(result, **{k: v for k, v in known.items() if getattr(result, k) is None})
    return tuple(_about(one, known) for one in _each(result)) if _is_many(result) else result


def _each(result: Any) -> tuple[Any, ...]:
    if _is_many(result):
        return result
    return () if result is None else (result,)


def _is_many(result: Any) -> TypeGuard[tuple[Any, ...]]:
    return isinstance(result, tuple)
