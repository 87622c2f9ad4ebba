"""Operations as JSON: as the API wants them, and as plain data that is written and read again."""

from __future__ import annotations

import json
from string import ascii_lowercase
from typing import Any, get_args

import pytest
from attrs import evolve, fields, resolve_types
from examples import FIELDS, URL, example
from hypothesis import given, reject
from hypothesis import strategies as st

from suno_async import (
    BoostStyle,
    CheckVoice,
    ConvertToWav,
    DecodeError,
    ExtendMusic,
    GenerateMusic,
    InvalidRequest,
    Model,
    TaskFailed,
    Track,
)
from suno_async._wire.bodies import body_of, operation_from_dict, operation_to_dict
from suno_async._wire.converter import camel, snake, structure
from suno_async._wire.records import answer_of, find, task_id_of
from suno_async.operations import OPERATIONS, Operation, TaskOperation, UploadStream
from suno_async.operations._base import SENT_AS

CALLBACK = "https://callback.invalid/"
_VALUES: dict[type, st.SearchStrategy[Any]] = {
    bool: st.booleans(),
    int: st.integers(0, 300),
    float: st.one_of(st.integers(0, 100).map(lambda n: n / 100), st.integers(1, 300)),
    str: st.text(min_size=1, max_size=40),
}
_NAMED: dict[str, st.SearchStrategy[Any]] = {
    "model": st.one_of(st.sampled_from([*Model, "V7"])),
    "callback_url": st.just("https://me.example/suno"),
}


def _values(name: str, annotation: Any) -> st.SearchStrategy[Any] | None:
    """Values that a field may take, by its name and annotation."""
    if name in _NAMED:
        return _NAMED[name]
    if name.endswith("url"):
        return st.sampled_from([URL, "http://localhost:8000/ä.mp3?x=1"])
    kinds = [kind for kind in get_args(annotation) or (annotation,) if kind is not type(None)]
    words = [word for kind in kinds for word in get_args(kind) if isinstance(word, str)]
    if not words and all(isinstance(kind, str) for kind in kinds):
        words = kinds
    if words:
        return st.sampled_from(words)
    return next((_VALUES[kind] for kind in kinds if kind in _VALUES), None)


@st.composite
def operations(draw: st.DrawFn) -> Operation[Any]:
    """Any operation, with some of its fields drawn anew; what does not fit together is left out."""
    name = draw(st.sampled_from(sorted(OPERATIONS)))
    chosen = dict(FIELDS[name])
    for attribute in fields(resolve_types(OPERATIONS[name])):
        values = _values(attribute.name, attribute.type)
        if values is None or draw(st.integers(0, 3)):
            continue
        try:
            OPERATIONS[name](**(chosen | {attribute.name: (value := draw(values))}))
        except InvalidRequest:
            continue
        chosen[attribute.name] = value
    try:
        return OPERATIONS[name](**chosen)
    except InvalidRequest:
        reject()


@given(operations())
def test_what_is_written_down_is_read_again(operation: Operation[Any]) -> None:
    """An operation → plain data → text → the same operation, but for its callback URL."""
    name = type(operation).__name__
    written = operation_to_dict(operation)
    assert "callback_url" not in written
    assert all(value is not None for value in written.values())
    again = operation_from_dict(name, json.loads(json.dumps(written)))
    if isinstance(operation, TaskOperation):
        operation = evolve(operation, callback_url=None)
    assert again == operation
    assert operation_to_dict(again) == json.loads(json.dumps(written))


@given(operations())
def test_what_is_sent_holds_every_field(operation: Operation[Any]) -> None:
    """An operation → the API's JSON → the same fields, names and values, and nothing besides."""
    body = json.loads(json.dumps(body_of(operation, CALLBACK)))
    sent = evolve(operation, **operation._decided())
    odd = {
        attribute.metadata[SENT_AS]: attribute.name
        for attribute in fields(type(sent))
        if SENT_AS in attribute.metadata
    }
    read = {odd.get(name) or snake(name): value for name, value in body.items()}
    if isinstance(sent, UploadStream):
        read["file"] = sent.file
    if isinstance(sent, TaskOperation) and sent.callback_url is None:
        assert read["callback_url"] == CALLBACK
        sent = evolve(sent, callback_url=CALLBACK)
    assert type(sent)(**read) == sent
    assert None not in body.values()


@pytest.mark.parametrize("name", sorted(OPERATIONS))
def test_every_operation_has_its_example(name: str) -> None:
    """The table of operations and the examples are the same list, and each example is sound."""
    assert FIELDS.keys() == OPERATIONS.keys()
    operation = example(name)
    assert type(operation).__name__ == name
    written = operation_to_dict(operation)
    assert written == json.loads(json.dumps(written))
    assert operation_from_dict(name, written) == operation


@given(
    st.lists(st.text(ascii_lowercase, min_size=2, max_size=9), min_size=1, max_size=4),
    st.text(ascii_lowercase, max_size=1),
)
def test_names_there_and_back(words: list[str], last: str) -> None:
    """A name in the API's casing is the same name again in ours, also one such as `start_s`."""
    name = "_".join([*words, *last])
    assert snake(camel(name)) == snake(name) == name


def test_only_what_the_caller_set_is_written() -> None:
    """Defaults are left out, and so a new default of ours does not make another request of it."""
    assert operation_to_dict(GenerateMusic("x")) == {"prompt": "x"}
    assert operation_to_dict(GenerateMusic("x", model="V5", instrumental=False)) == {"prompt": "x"}
    v4 = GenerateMusic("x", model=Model.V4, callback_url=URL)
    assert operation_to_dict(v4) == {"prompt": "x", "model": "V4"}
    assert type(operation_to_dict(v4)["model"]) is str


def test_what_a_track_brought_along_is_written() -> None:
    """The track itself cannot be written down, so what came from it is."""
    track = Track(id="a1", task_id="t1", model="V4", title="Home", tags="folk")
    assert operation_to_dict(ConvertToWav(track)) == {"audio_id": "a1", "task_id": "t1"}
    assert type(operation_to_dict(ConvertToWav(track))["audio_id"]) is str
    extended = ExtendMusic(track, continue_at=9, prompt="la")
    written = operation_to_dict(extended)
    assert written == {
        "audio_id": "a1",
        "continue_at": 9,
        "model": "V4",
        "prompt": "la",
        "style": "folk",
        "title": "Home",
    }
    assert operation_from_dict("ExtendMusic", written) == extended


@pytest.mark.parametrize(
    ("name", "fields", "faults"),
    [
        ("GenerateMusic", {"prompt": "x", "promt": "x", "2": 3}, {"promt", "2"}),
        ("ReplaceSection", {"tags": "x", "title": "x"}, {"prompt", "full_lyrics"}),
        ("GenerateLyrics", {"text": "x"}, {"text", "prompt"}),
        ("GenerateLyrics", {"prompt": ""}, {"prompt"}),
        ("GenerateMusic", {"prompt": "x", "model": "V6", "duration": "long"}, {"duration"}),
        ("GenerateMusic", {"prompt": "x", "instrumental": "perhaps"}, {"instrumental"}),
        ("GenerateMusic", {"prompt": ["x"]}, {"prompt"}),
        ("GenerateMusic", {"prompt": "x", "model": "V6", "duration": 60.5}, {"duration"}),
        ("GenerateMusic", {"prompt": "x", "instrumental": 1}, {"instrumental"}),
        ("GenerateMashup", {"upload_url_list": "x"}, {"upload_url_list"}),
    ],
)
def test_what_is_no_operation_names_the_fields(
    name: str, fields: dict[str, Any], faults: set[str]
) -> None:
    """Unknown, missing and wrong fields are refused by their names."""
    with pytest.raises(InvalidRequest) as caught:
        operation_from_dict(name, fields)
    assert faults <= {fault.field for fault in caught.value.problems}
    assert name in str(caught.value)


@pytest.mark.parametrize("name", ["Sing", "", "Operation", "TaskOperation", "submit"])
def test_an_unknown_operation_is_refused(name: str) -> None:
    """A name that is none of an operation's is an `InvalidRequest`."""
    with pytest.raises(InvalidRequest, match="there is no operation"):
        operation_from_dict(name, {})


def test_a_table_holds_text_alone() -> None:
    """Numbers and flags of a CSV file come as text, and are read as what the field wants."""
    row = {
        "style": "Folk",
        "title": "12",
        "instrumental": "true",
        "style_weight": "0.65",
        "duration": "60",
        "model": "V6",
    }
    expected = GenerateMusic(
        style="Folk", title="12", instrumental=True, style_weight=0.65, duration=60, model="V6"
    )
    assert operation_from_dict("GenerateMusic", row) == expected


@pytest.mark.parametrize("text", ["nan", "inf", "1e999", "0,5", "", "12.5"])
def test_text_that_is_no_number_is_refused(text: str) -> None:
    """What cannot be read as the number that is wanted is a fault of the field."""
    with pytest.raises(InvalidRequest, match="duration"):
        operation_from_dict("GenerateMusic", {"prompt": "x", "model": "V6", "duration": text})


def test_a_file_that_is_no_path_cannot_be_written_down() -> None:
    """Bytes and iterators are no plain data."""
    with pytest.raises(InvalidRequest, match="file cannot be written down"):
        operation_to_dict(UploadStream(b"abc"))


SHAPES: dict[bool | None, list[Any]] = {
    True: [True, "true", "True ", 1, "1"],
    False: [False, "false", " FALSE", 0, "0"],
    None: [None, "", "yes", 2, [], {}],
}


@pytest.mark.parametrize(
    ("given", "expected"), [(given, what) for what, shapes in SHAPES.items() for given in shapes]
)
def test_flags_in_every_shape(given: Any, expected: bool | None) -> None:
    """True and false may come as text or as numbers; anything else cannot be read."""
    body = {"code": 200, "data": {"isAvailable": given}}
    if expected is None:
        with pytest.raises(DecodeError):
            answer_of(CheckVoice("t"), body)
    else:
        assert answer_of(CheckVoice("t"), body) is expected


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("t1", "t1"),
        (" t1", " t1"),
        (7, "7"),
        (0, "0"),
        *((nothing, None) for nothing in ("", " ", None, True, False, 7.5, ["t1"], {"a": 1})),
    ],
)
def test_what_is_an_id(given: Any, expected: str | None) -> None:
    """Only a text with something in it, or a whole number, makes a submission accepted."""
    assert task_id_of({"data": {"taskId": given}}) == expected
    assert task_id_of({"task_id": given}) == expected


PLACES: list[tuple[dict[str, Any], tuple[Any, str]]] = [
    ({"a": "", "b": 1}, (1, "$.b")),
    ({"a": [], "b": ""}, ([], "$.a")),
    ({"a": None, "b": ""}, ("", "$.b")),
    ({"a": None, "b": None}, (None, "$.a")),
    ({"a": 0, "b": 1}, (0, "$.a")),
    ({"a": {}, "b": 1}, ({}, "$.a")),
    ({}, (None, "$.a")),
]


@pytest.mark.parametrize(("body", "found"), PLACES)
def test_the_first_of_several_paths_that_leads_to_something(
    body: dict[str, Any], found: tuple[Any, str]
) -> None:
    """What is empty counts only where nothing else is there, and then the first of it."""
    assert find(body, ("a", "b")) == found


def test_a_name_in_both_spellings() -> None:
    """The API's usual one counts, and the place is named as the body spells it."""
    body = {"data": {"task_id": "older", "taskId": "newer"}}
    assert find(body, ("data.task_id",)) == ("newer", "$.data.taskId")
    assert find({"Data": {"task_id": "t"}}, ("data.task_id",)) == ("t", "$.Data.task_id")


def test_a_call_that_failed_says_so() -> None:
    """Where the answer has a flag of its own, a failure is raised, with what the service said."""
    answer = {"code": 200, "data": {"successFlag": "2", "errorMessage": "no luck"}}
    with pytest.raises(TaskFailed, match="no luck"):
        answer_of(BoostStyle("x"), answer)
    answer["data"] = {"successFlag": "1", "result": "Folk"}
    assert answer_of(BoostStyle("x"), answer).result == "Folk"


def test_the_first_thing_that_cannot_be_read_is_named() -> None:
    """With its place and why, in words of ours where the reason is a missing field."""
    value: list[dict[str, Any]] = [{"id": "a"}, {"title": "b"}, {"id": ["c"]}]
    with pytest.raises(DecodeError) as caught:
        structure(value, tuple[Track, ...], "$.data", {})
    assert (caught.value.path, caught.value.message) == (
        "$.data[1].id",
        "required field missing",
    )
    with pytest.raises(DecodeError) as caught:
        structure(value[2:], tuple[Track, ...], "$.data", {})
    assert (caught.value.path, caught.value.message) == ("$.data[0].id", "expected text, got list")
    with pytest.raises(DecodeError) as caught:
        structure("none", float, "$.data", {})
    assert (caught.value.path, caught.value.message) == (
        "$.data",
        "could not convert string to float: 'none'",
    )


def test_a_value_without_a_bottom_cannot_be_read() -> None:
    """Python's own limit is an answer that cannot be read, like any other."""
    bottomless: list[Any] = []
    for _ in range(100_000):
        bottomless = [bottomless]
    with pytest.raises(DecodeError, match=r"recursion.* nested too deeply"):
        answer_of(CheckVoice("t"), {"code": 200, "data": {"isAvailable": bottomless}})
