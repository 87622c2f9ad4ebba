"""`extra`: fields that the service knows and this release does not."""

from __future__ import annotations

import enum
import json
import pickle
from copy import deepcopy
from typing import TYPE_CHECKING, Any

import pytest
from attrs import evolve
from examples import FIELDS, example

from suno_async import (
    ConfigurationError,
    GenerateMusic,
    GetCredits,
    InvalidRequest,
    SeparateVocals,
    SunoClient,
    UploadUrl,
)
from suno_async._wire.bodies import body_of, operation_from_dict, operation_to_dict
from suno_async.operations import OPERATIONS, RegenerateVoicePhrase, TaskOperation

if TYPE_CHECKING:
    from pathlib import Path

    from suno_async.testing import FakeSuno

CALLBACK = "https://callback.invalid/"
MORE: dict[str, Any] = {"mood": "calm", "seeds": [1, 2.5, None, True], "nested": {"ä": {"x": []}}}


@pytest.mark.parametrize("name", sorted(OPERATIONS))
def test_every_operation_takes_more(name: str) -> None:
    """What is in `extra` is sent beside the rest, as it was given."""
    plain = body_of(example(name), CALLBACK)
    more = OPERATIONS[name](**FIELDS[name], extra=MORE)
    assert body_of(more, CALLBACK) == plain | MORE
    assert json.dumps(body_of(more, CALLBACK)).startswith(json.dumps(plain)[:-1])


@pytest.mark.parametrize("name", sorted(OPERATIONS.keys() - {"UploadStream"}))
def test_it_is_part_of_what_a_key_names(name: str) -> None:
    """It is written down, read again, and makes another request; left out it is not there."""
    plain, more = example(name), OPERATIONS[name](**FIELDS[name], extra=MORE)
    assert "extra" not in operation_to_dict(plain)
    written = operation_to_dict(more)
    assert written == operation_to_dict(plain) | {"extra": MORE}
    again = operation_from_dict(name, json.loads(json.dumps(written)))
    assert (again, hash(again)) == (more, hash(more))
    assert more != plain


@pytest.mark.parametrize("nothing", [None, {}])
def test_nothing_more_is_nothing(nothing: Any) -> None:
    """An empty `extra` is none: the request is the one without."""
    assert GenerateMusic("the sea", extra=nothing) == GenerateMusic("the sea")
    assert operation_to_dict(GenerateMusic("the sea", extra=nothing)) == {"prompt": "the sea"}


def test_the_same_said_otherwise() -> None:
    """The order of names and the kind of a sequence make no other request; a number's kind does."""
    one = GenerateMusic("the sea", extra={"a": [1], "b": {"x": 1, "y": 2}})
    other = GenerateMusic("the sea", extra={"b": {"y": 2, "x": 1}, "a": (1,)})
    assert (one, hash(one)) == (other, hash(other))
    assert GenerateMusic("x", extra={"a": 1}) != GenerateMusic("x", extra={"a": True})
    assert one.extra == {"a": [1], "b": {"x": 1, "y": 2}}
    assert one.extra != {"a": [1]}
    assert one.extra != GenerateMusic("the sea").extra


def test_it_cannot_be_changed_afterwards() -> None:
    """Neither through what was given nor through what is read; copies and pickles are the same."""
    given: dict[str, Any] = deepcopy(MORE)
    song = GenerateMusic("the sea", extra=given)
    given["mood"] = "wild"
    given["nested"]["ä"]["x"].append(1)
    assert song.extra is not None
    song.extra["nested"]["ä"]["x"].append(1)
    assert not hasattr(song.extra, "__setitem__")
    assert song.extra == MORE
    assert pickle.loads(pickle.dumps(song)) == song  # noqa: S301 our own
    assert evolve(song, prompt="the hills").extra == MORE
    assert repr(song.extra) == repr(json.loads(json.dumps(MORE, sort_keys=True)))


def endless() -> list[Any]:
    """A list that holds itself."""
    found: list[Any] = []
    found.append(found)
    return found


class Number(enum.Enum):
    """What JSON knows nothing of."""

    ONE = 1


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"a": object()}, "must be plain data, as JSON holds it: .*not JSON serializable"),
        ({"a": {1, 2}}, "must be plain data"),
        ({"a": b"x"}, "must be plain data"),
        ({"a": Number.ONE}, "must be plain data"),
        ({"a": float("nan")}, "must be plain data"),
        ({"a": float("inf")}, "must be plain data"),
        ({"a": "\ud83d"}, "must be plain data"),
        ({1: "a"}, "a name must be text that is not empty, not 1"),
        ({"a": [{"b": {None: 1}}]}, "a name must be text that is not empty, not None"),
        ({" ": 1}, "a name must be text that is not empty, not ' '"),
        ({"a": endless()}, "is nested too deeply"),
        ([("a", 1)], "must be a mapping of names to plain data"),
        ("a", "must be a mapping of names to plain data"),
    ],
)
def test_what_cannot_be_sent_is_refused(given: Any, why: str) -> None:
    """What JSON would refuse, or would change, is no plain data."""
    with pytest.raises(InvalidRequest, match=why) as caught:
        GenerateMusic("the sea", extra=given)
    assert [fault.field for fault in caught.value.problems] == ["extra"]


@pytest.mark.parametrize(
    ("name", "field"),
    [
        ("prompt", "prompt"),
        ("customMode", "custom_mode"),
        ("custom_mode", "custom_mode"),
        ("negativeTags", "negative_tags"),
        ("negative_tags", "negative_tags"),
        ("imageUrls", "image_urls"),
        ("callBackUrl", "callback_url"),
        ("callback_url", "callback_url"),
        ("model", "model"),
        ("extra", "extra"),
    ],
)
def test_a_field_of_its_own_is_no_extra(name: str, field: str) -> None:
    """A name that the operation has, here or in what is sent, is refused with that field's name."""
    with pytest.raises(InvalidRequest, match=f"extra holds '{name}', which is the field {field}:"):
        GenerateMusic("the sea", extra={"mood": "calm", name: "x"})


def test_odd_spellings() -> None:
    """Both spellings that an operation knows are its own; a third one is free to be tried."""
    for name in ("calBackUrl", "callback_url"):
        with pytest.raises(InvalidRequest, match="which is the field callback_url"):
            RegenerateVoicePhrase("t1", extra={name: CALLBACK})
    mended = RegenerateVoicePhrase("t1", extra={"callBackUrl": CALLBACK})
    assert body_of(mended, CALLBACK)["callBackUrl"] == CALLBACK
    assert SeparateVocals("a", task_id="t", extra={"prompt": "x"}).extra == {"prompt": "x"}


def test_all_that_is_wrong_comes_at_once() -> None:
    """Its faults stand beside those of the other fields."""
    with pytest.raises(InvalidRequest) as caught:
        GenerateMusic("the sea", model=" ", extra={"title": "x", "tags": "x"})
    assert [fault.field for fault in caught.value.problems] == ["model", "extra"]


async def test_it_reaches_the_service(suno: SunoClient, fake_suno: FakeSuno) -> None:
    """By a method, by `submit`, in a call, in a query and in a form."""
    await suno.generate_music("the sea", extra=MORE)
    await suno.boost_style("pop", extra=MORE)
    assert [MORE.items() <= entry.body.items() for entry in fake_suno.ledger] == [True, True]
    await suno.get_credits(extra={"currency": "EUR", "detail": True})
    assert fake_suno.ledger.entries[-1].query == {"currency": "EUR", "detail": "true"}
    await suno.upload_file(b"x" * 100_000, extra={"mood": "calm", "days": 3, 'a"\r\nb': "c"})
    body = fake_suno.ledger.entries[-1].body
    assert (body["mood"], body["days"], body["uploadPath"]) == ("calm", "3", "suno-async")
    assert "c" in body.values()
    await suno.upload_file(b"small", extra=MORE)
    assert MORE.items() <= fake_suno.ledger.entries[-1].body.items()


async def test_a_key_names_it(fake_suno: FakeSuno, tmp_path: Path) -> None:
    """The same key with another `extra` is refused; with the same it is the same song."""
    journal = tmp_path / "songs.sqlite"
    song = GenerateMusic("the sea", extra=MORE)
    async with SunoClient("key", base_url=fake_suno.url, journal=journal) as suno:
        task = await suno.submit(song, idempotency_key="tg-4711")
        assert await suno.submit(song, idempotency_key="tg-4711") is task
        for other in (GenerateMusic("the sea"), GenerateMusic("the sea", extra={"mood": "wild"})):
            with pytest.raises(ConfigurationError, match="belongs to another request"):
                await suno.submit(other, idempotency_key="tg-4711")
    async with SunoClient("key", base_url=fake_suno.url, journal=journal) as suno:
        (again,) = await suno.unfinished()
        assert again.operation == song
        assert (await suno.submit(song, idempotency_key="tg-4711")).token == task.token
        with pytest.raises(ConfigurationError, match="belongs to another request"):
            await suno.submit(GenerateMusic("the sea"), idempotency_key="tg-4711")
    fake_suno.ledger.assert_charged(1)


async def test_a_batch_tells_them_apart(fake_suno: FakeSuno, tmp_path: Path) -> None:
    """Two lines that differ in `extra` alone are two songs, also when the list is run again."""
    songs = [GenerateMusic("the sea", extra={"mood": mood}) for mood in ("calm", "wild")]
    for _ in range(2):
        async with SunoClient(
            "key", base_url=fake_suno.url, journal=tmp_path / "songs.sqlite"
        ) as suno:
            assert [outcome.error async for outcome in suno.batch(songs)] == [None, None]
    fake_suno.ledger.assert_charged(2)


def test_a_table_holds_it_as_json() -> None:
    """In a file of requests it comes as text; what cannot be read is refused by its name."""
    row = {"prompt": "the sea", "extra": '{"mood": "calm"}'}
    assert operation_from_dict("GenerateMusic", row) == GenerateMusic(
        "the sea", extra={"mood": "calm"}
    )
    for text in ("calm", "[1]", "{", '{"a": NaN}'):
        with pytest.raises(InvalidRequest, match="extra"):
            operation_from_dict("GenerateMusic", {"prompt": "the sea", "extra": text})


def test_calls_take_it_too() -> None:
    """It is no matter of tasks alone."""
    assert not isinstance(GetCredits(extra=MORE), TaskOperation)
    assert UploadUrl("https://x/a.mp3", extra=MORE).extra == MORE
