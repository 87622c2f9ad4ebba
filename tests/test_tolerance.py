"""Whatever the service answers, a result comes of it or a `SunoError`, and nothing else."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any, TypeGuard, cast

import pytest
from examples import example
from hypothesis import given
from hypothesis import strategies as st

from suno_async import DecodeError, SunoError
from suno_async._downloads.naming import file_name
from suno_async._downloads.places import suffix_for
from suno_async._http.requests import Body, Request
from suno_async._http.verdict import Refusal, Reply, Silence, judge
from suno_async._wire.records import Record, answer_of, each_of, record_of, task_id_of
from suno_async.errors import ConnectionFailed
from suno_async.operations import CallOperation, TaskOperation
from suno_async.operations._kinds import KINDS
from suno_async.results import Result

PAYLOADS = {path.stem: path.read_bytes() for path in Path(__file__).parent.glob("payloads/*.json")}
READERS = {
    "music": "music",
    "callback-music": "music",
    "lyrics": "lyrics",
    "callback-lyrics": "lyrics",
    "wav": "wav",
    "callback-wav": "wav",
    "vocal": "stems",
    "callback-vocal": "stems",
    "mp4": "video",
    "callback-mp4": "video",
    "midi": "midi",
    "callback-midi": "midi",
    "cover": "images",
    "callback-cover": "images",
    "voice-validate": "phrase",
    "voice-generate": "voice",
    "recovery-record": "recovery",
    "recovery-submit": "RecoverAudio",
    "credits": "GetCredits",
    "error": "GenerateMusic",
    "persona": "GeneratePersona",
    "style": "BoostStyle",
    "timestamped": "GetTimestampedLyrics",
    "upload": "UploadUrl",
    "voice-check": "CheckVoice",
}


def reader_of(name: str) -> str:
    """The kind or the operation that a documented answer belongs to."""
    return READERS[max((one for one in READERS if name.startswith(one)), key=len)]


def read(reader: str, raw: bytes) -> Any:
    """Go the whole way from the bytes to the result, as the client does."""
    kind = KINDS.get(reader)
    if kind is not None:
        body = judged(Request(name="Poll", method="GET", path="", answers=kind.codes), raw)
        operation: TaskOperation[Any] | None = None
        found: Record[Any] = record_of(kind, body, token="t", operation=operation)
        if found.failure is not None:
            raise found.failure
        return found.result
    asked = example(reader)
    starts = isinstance(asked, TaskOperation)
    request = Request(
        name=reader,
        method="POST",
        path="",
        host=asked._host,
        costs=asked._costs,
        starts_task=starts,
    )
    body = judged(request, raw)
    if isinstance(asked, CallOperation):
        return answer_of(asked, body)
    return task_id_of(body)


def judged(request: Request, raw: bytes) -> Body:
    """The body, unless the exchange was refused."""
    verdict = judge(request, Reply(200, {}, raw))
    if isinstance(verdict, Refusal):
        raise verdict.error
    return verdict


def survives(reader: str, raw: bytes) -> None:
    """A result or a `SunoError` that can be printed; anything else fails the test."""
    result: Any
    try:
        result = read(reader, raw)
    except SunoError as error:
        result = str(error)
    results: tuple[Any, ...] = each_of(result)
    for one in results:
        json.dumps(one.to_dict() if isinstance(one, Result) else one)
        str(getattr(one, "expires_at", None))  # whatever its times are
        for link in getattr(one, "files", ()):
            assert file_name(link.title, link.id, suffix_for(link)).isprintable()


@pytest.mark.parametrize("name", sorted(PAYLOADS))
def test_every_documented_answer_is_read(name: str) -> None:
    """Each documented answer belongs to a reader; only those that say so are errors."""
    is_error = any(word in name for word in ("error", "fail", "-400", "-401"))
    if is_error:
        with pytest.raises(SunoError) as caught:
            read(reader_of(name), PAYLOADS[name])
        assert not isinstance(caught.value, DecodeError)
    else:
        read(reader_of(name), PAYLOADS[name])


_JUNK = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=20),
    st.sampled_from(["", "SUCCESS", "null", "²", "1e999", 10**400, -1, 200, "200", [], {}, [None]]),
    st.lists(st.integers(), max_size=3),
    st.dictionaries(st.text(max_size=5), st.text(max_size=5), max_size=3),
)


def _places(node: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The paths to everything in a JSON value."""
    inside: list[tuple[Any, Any]] = []
    if isinstance(node, dict):
        inside = list(cast("dict[str, Any]", node).items())
    elif _is_list(node):
        inside = list(enumerate(node))
    return [at, *(path for key, one in inside for path in _places(one, (*at, key)))]


def _is_list(node: Any) -> TypeGuard[list[Any]]:
    return isinstance(node, list)


def _turned(value: Any) -> Any:
    """Number → text and back."""
    if isinstance(value, str):
        try:
            return float(value)
        except ValueError:
            return value
    return str(value) if isinstance(value, int | float) else value


@st.composite
def mutations(draw: st.DrawFn) -> tuple[str, bytes]:
    """A documented answer with one to three places changed, and its reader."""
    name = draw(st.sampled_from(sorted(PAYLOADS)))
    body = copy.deepcopy(json.loads(PAYLOADS[name]))
    for _ in range(draw(st.integers(1, 3))):
        path = draw(st.sampled_from(_places(body)))
        if not path:
            continue
        node = body
        for key in path[:-1]:
            node = node[key]
        match draw(st.sampled_from(["null", "drop", "junk", "turn", "add"])):
            case "null":
                node[path[-1]] = None
            case "drop":
                del node[path[-1]]
            case "junk":
                node[path[-1]] = draw(_JUNK)
            case "turn":
                node[path[-1]] = _turned(node[path[-1]])
            case _ if isinstance(node, dict):
                node[draw(st.sampled_from(["new", "raw", "status", "audio_url", "id"]))] = draw(
                    _JUNK
                )
            case _:
                node.append(draw(_JUNK))
    return reader_of(name), json.dumps(body).encode()


@given(mutations())
def test_a_changed_answer_is_read_or_refused(mutation: tuple[str, bytes]) -> None:
    """A key more, a null, a new status, a number as text: a result or a `SunoError`."""
    survives(*mutation)


@given(st.sampled_from(sorted(PAYLOADS)), st.data())
def test_a_cut_answer_is_refused(name: str, data: st.DataObject) -> None:
    """Half an answer is a `SunoError`, wherever it was cut."""
    raw = PAYLOADS[name].strip()
    with pytest.raises(SunoError) as caught:
        read(reader_of(name), raw[: data.draw(st.integers(0, len(raw) - 1))])
    assert str(caught.value)


_JSON = st.recursive(
    _JUNK,
    lambda inside: (
        st.lists(inside, max_size=3)
        | st.dictionaries(
            st.sampled_from(["code", "data", "response", "status", "sunoData", "id", "taskId"]),
            inside,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(st.sampled_from(sorted(set(READERS.values()))), _JSON)
def test_any_json_is_read_or_refused(reader: str, body: Any) -> None:
    """Whatever JSON comes, it ends in a result or a `SunoError`."""
    survives(reader, json.dumps(body).encode())


@given(st.sampled_from(sorted(set(READERS.values()))), st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(reader: str, raw: bytes) -> None:
    """Whatever bytes come, they end in a result or a `SunoError`."""
    survives(reader, raw)


@pytest.mark.parametrize("reader", sorted(set(READERS.values())))
def test_a_bottomless_answer_is_refused(reader: str) -> None:
    """JSON that is nested without end is an error of ours, not of Python's."""
    survives(reader, b'{"code":200,"data":' + b"[" * 100_000)
    param = json.dumps("[" * 100_000).encode()
    survives(reader, b'{"code":200,"data":{"status":"SUCCESS","param":' + param + b"}}")


def test_silence_is_refused_too() -> None:
    """No answer at all is the error that says so."""
    gone = Silence(ConnectionFailed("gone"), may_have_arrived=True)
    verdict = judge(Request(name="Poll", method="GET", path=""), gone)
    assert isinstance(verdict, Refusal)
    assert verdict.may_retry
