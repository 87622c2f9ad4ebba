"""Reading records and callbacks: documented shapes, all status words, careless values."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from suno_async import (
    ContentRejected,
    DecodeError,
    ExtendMusic,
    GenerateMusic,
    GetCredits,
    Model,
    ReplaceSection,
    Stage,
    TaskFailed,
    TaskOperation,
    Track,
    UploadedFile,
    UploadUrl,
)
from suno_async._wire.records import (
    Record,
    _log_once,
    answer_of,
    record_of,
)
from suno_async.errors import NotFound
from suno_async.operations._kinds import KINDS, Kind

MUSIC, LYRICS, WAV = (KINDS[name] for name in ("music", "lyrics", "wav"))


def read(
    kind: Kind,
    body: dict[str, Any],
    *,
    token: str = "music:t1",  # noqa: S107 not a password
    operation: TaskOperation[Any] | None = None,
) -> Any:
    """A record of any kind."""
    return record_of(kind, body, token=token, operation=operation)


def payload(name: str) -> dict[str, Any]:
    """A documented answer."""
    path = Path(__file__).parent / "payloads" / f"{name}.json"
    body: dict[str, Any] = json.loads(path.read_text())
    return body


def music(status: str, *tracks: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A music record."""
    response = {"taskId": "t1", "sunoData": list(tracks)} if tracks else None
    data = {"taskId": "t1", "status": status, "response": response, **more}
    return {"code": 200, "msg": "success", "data": data}


def test_documented_music_record() -> None:
    """The documented example gives a whole track that knows its task and its model."""
    record = read(MUSIC, payload("music-record-success-documented"))
    assert record.stage is Stage.COMPLETE
    (track,) = record.result
    assert (track.id, track.task_id, track.model) == ("8551****662c", "5c79****be8e", "V4_5ALL")
    assert track.model_name == "chirp-v3-5"
    assert track.duration == 198.44
    assert track.create_time == datetime(2025, 1, 1, tzinfo=UTC)
    assert track.expires_at == datetime(2025, 1, 16, tzinfo=UTC)
    assert track.is_ready
    assert track.playable_url == "https://example.cn/****.mp3"


def test_quick_start_music_record() -> None:
    """The older shape, `response.data[]` in snake case, reads the same."""
    record = read(MUSIC, payload("music-record-quickstart-old"))
    assert record.stage is Stage.COMPLETE
    assert record.result[0].audio_url == "https://example.com/masked.mp3"


def test_documented_music_callback() -> None:
    """A callback ends in the same record as a poll."""
    record = read(MUSIC, payload("callback-music-complete"))
    assert record.stage is Stage.COMPLETE
    assert [track.duration for track in record.result] == [198.44, 228.28]
    assert record.task_id == "2fac****9f72"


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        (MUSIC, "callback-music-error"),
        (LYRICS, "callback-lyrics-error"),
        (WAV, "callback-wav-error"),
    ],
)
def test_documented_failed_callbacks(kind: Kind, name: str) -> None:
    """A callback with another code than 200 is a failure with its code and message."""
    failure = read(kind, payload(name)).failure
    assert failure is not None
    assert failure.code == 400
    assert "failed" in failure.message
    assert failure.partial_result is None


@pytest.mark.parametrize("name", ["lyrics-record-success", "callback-lyrics-complete"])
def test_documented_lyrics(name: str) -> None:
    """Lyrics come as a tuple, by poll and by callback."""
    record = read(LYRICS, payload(name))
    assert record.stage is Stage.COMPLETE
    assert record.result[0].text == "[Verse]\nmasked"


@pytest.mark.parametrize("name", ["wav-record-success", "callback-wav-ok"])
def test_documented_wav(name: str) -> None:
    """A WAV file is found in the record and in the callback, which has no status word."""
    record = read(WAV, payload(name))
    assert record.stage is Stage.COMPLETE
    assert record.result.audio_wav_url == "https://example.com/s/04e6****e727.wav"


@pytest.mark.parametrize("name", ["credits-ok", "credits-ok-quickstart"])
def test_credits_in_both_shapes(name: str) -> None:
    """A bare number and the quick start's object are the same answer."""
    assert answer_of(GetCredits(), payload(name)) == 100


@pytest.mark.parametrize(
    ("status", "stage"),
    [
        ("PENDING", Stage.PENDING),
        ("GENERATING", Stage.PENDING),
        ("TEXT_SUCCESS", Stage.TEXT),
        ("FIRST_SUCCESS", Stage.FIRST),
        ("SUCCESS", Stage.COMPLETE),
    ],
)
def test_music_words_that_run_or_succeed(status: str, stage: Stage) -> None:
    """Each documented word has its stage, the quick start's among them."""
    assert read(MUSIC, music(status, {"id": "a"})).stage is stage


@pytest.mark.parametrize(
    ("status", "error"),
    [
        ("CREATE_TASK_FAILED", TaskFailed),
        ("GENERATE_AUDIO_FAILED", TaskFailed),
        ("SENSITIVE_WORD_ERROR", ContentRejected),
        ("FAILED", TaskFailed),
    ],
)
def test_music_words_that_fail(status: str, error: type[TaskFailed]) -> None:
    """Each documented word of failure is one, with what was made and why."""
    body = music(
        status, {"id": "a", "audioUrl": "https://x/a.mp3"}, errorCode="531", errorMessage="no luck"
    )
    failure = read(MUSIC, body, token="music:t1").failure
    assert type(failure) is error
    assert failure.status == status
    assert failure.code == 531
    assert failure.refunded
    assert failure.token == "music:t1"
    assert failure.partial_result[0].audio_url == "https://x/a.mp3"
    assert "no luck" in str(failure)


READY, NOT_READY = {"id": "a", "audioUrl": "https://x/a.mp3"}, {"id": "b", "audioUrl": ""}


@pytest.mark.parametrize("status", ["CALLBACK_EXCEPTION", "SOMETHING_NEW"])
@pytest.mark.parametrize(
    ("tracks", "stage"),
    [
        ([], Stage.PENDING),
        ([NOT_READY, NOT_READY], Stage.TEXT),
        ([READY, NOT_READY], Stage.FIRST),
        ([READY, READY], Stage.COMPLETE),
    ],
)
def test_contents_decide_where_the_word_does_not(
    status: str, tracks: list[dict[str, Any]], stage: Stage
) -> None:
    """An undeliverable callback or an unknown word leaves it to what was made."""
    record = read(MUSIC, music(status, *tracks))
    assert record.stage is stage
    assert record.failure is None


def test_success_without_a_link_is_complete_and_says_so() -> None:
    """`SUCCESS` with an empty link, seen live, ends the task; the track is not ready."""
    record = read(MUSIC, music("SUCCESS", NOT_READY, NOT_READY))
    assert record.stage is Stage.COMPLETE
    assert not record.result[0].is_ready


def test_success_with_nothing_is_a_decode_error() -> None:
    """Complete without any result cannot be read, and the body is kept."""
    body = music("SUCCESS")
    with pytest.raises(DecodeError) as caught:
        read(MUSIC, body)
    assert caught.value.raw == body


def test_no_record_is_not_found() -> None:
    """Code 200 with `data: null` is no record."""
    with pytest.raises(NotFound):
        read(MUSIC, {"code": 200, "msg": "success", "data": None})


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("2025-01-01 00:00:00", datetime(2025, 1, 1, tzinfo=UTC)),
        ("2025-01-01T00:00:00.000Z", datetime(2025, 1, 1, tzinfo=UTC)),
        ("2025-01-01T02:00:00+02:00", datetime(2025, 1, 1, tzinfo=UTC)),
        (1735689600000, datetime(2025, 1, 1, tzinfo=UTC)),
        ("1735689600000", datetime(2025, 1, 1, tzinfo=UTC)),
        (1735689600, datetime(2025, 1, 1, tzinfo=UTC)),
        ("", None),
        ("yesterday", None),
        (None, None),
        (1e300, None),
        ([], None),
    ],
)
def test_times_in_every_shape(given: object, expected: datetime | None) -> None:
    """Text without a zone is UTC; epochs are milliseconds; what is no time is `None`."""
    track = read(MUSIC, music("SUCCESS", {"id": "a", "createTime": given})).result[0]
    assert track.create_time == expected
    assert track.create_time is None or track.create_time.utcoffset() == timedelta(0)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (198.44, 198.44),
        ("198.44", 198.44),
        (None, None),
        ("long", None),
        (True, None),
        ("nan", None),
    ],
)
def test_numbers_in_every_shape(given: object, expected: float | None) -> None:
    """A number may come as text; what is no number is `None`, not a broken record."""
    track = read(MUSIC, music("SUCCESS", {"id": "a", "duration": given})).result[0]
    assert track.duration == expected


def test_empty_links_are_none_and_none_stays_none() -> None:
    """Empty text in a link is `None`; a missing text never becomes the word 'None'."""
    item = {"id": "a", "audioUrl": "", "imageUrl": " ", "title": None, "prompt": ""}
    track = read(MUSIC, music("SUCCESS", item)).result[0]
    assert (track.audio_url, track.image_url, track.title, track.prompt) == (None, None, None, "")


def test_extras_are_kept_and_plain_data_is_given() -> None:
    """What the service adds is in `raw`; `to_dict` is ready for JSON."""
    item = {"id": "a", "somethingNew": {"x": 1}, "createTime": 1735689600000}
    track = read(MUSIC, music("SUCCESS", item)).result[0]
    assert track.raw["somethingNew"] == {"x": 1}
    plain = json.loads(json.dumps(track.to_dict()))
    assert plain["create_time"] == "2025-01-01T00:00:00+00:00"
    assert "raw" not in plain


def test_what_cannot_be_read_names_the_place() -> None:
    """A track without an id is a DecodeError with the JSON path and the body."""
    body = music("SUCCESS", {"id": "a"}, {"title": "no id"})
    with pytest.raises(DecodeError) as caught:
        read(MUSIC, body)
    assert caught.value.path == "$.data.response.sunoData[1].id"
    assert caught.value.raw == body


def test_the_model_is_what_was_asked_for() -> None:
    """The answers name the engine; the model is the operation's, else the record's `param`."""
    body = music("SUCCESS", {"id": "a", "modelName": "chirp-crow"}, param='{"model": "V4"}')
    asked = GenerateMusic("x", model=Model.V5)
    assert read(MUSIC, body).result[0].model == "V4"
    assert read(MUSIC, body, operation=asked).result[0].model == "V5"
    for param in ("not json", "[]", '{"model": 3}', 7):
        body = music("SUCCESS", {"id": "a"}, param=param)
        assert read(MUSIC, body).result[0].model is None


def test_stages_have_their_order() -> None:
    """`pending < text < first < complete`, also against plain text."""
    stages = list(Stage)
    assert sorted(stages) == stages == ["pending", "text", "first", "complete"]
    assert Stage.TEXT < "first" <= Stage.FIRST
    assert Stage.COMPLETE > "first" >= Stage.FIRST


def test_either_link_serves() -> None:
    """`downloadUrl` counts, else `fileUrl`; a file without a link cannot be used."""
    both = {"downloadUrl": "https://x/d", "fileUrl": "https://x/f"}
    operation = UploadUrl("https://x/a.mp3")
    for data, url in ((both, "https://x/d"), (both | {"downloadUrl": ""}, "https://x/f")):
        file: UploadedFile = answer_of(operation, {"code": 200, "data": data})
        assert file.url == url
    with pytest.raises(DecodeError, match="neither a downloadUrl nor a fileUrl"):
        answer_of(operation, {"code": 200, "data": {"fileName": "a.mp3"}})


def test_an_empty_list_does_not_hide_the_other_shape() -> None:
    """Both lists are accepted: `sunoData` empty beside the quick start's `data`."""
    body = music("SUCCESS", READY)
    body["data"]["response"] = {"sunoData": [], "data": [{"id": "a", "audio_url": "https://x/a"}]}
    assert read(MUSIC, body).result[0].is_ready


@pytest.mark.parametrize("nothing", ["", [], {}, None])
def test_midi_may_be_empty(nothing: object) -> None:
    """No notes after an advised input is documented, and no failure."""
    body = {"code": 200, "data": {"taskId": "t1", "successFlag": 1, "midiData": nothing}}
    assert read(KINDS["midi"], body).stage is Stage.COMPLETE


@pytest.mark.parametrize(
    ("status", "seen", "is_read"),
    [
        ("TEXT_SUCCESS", Stage.PENDING, True),
        ("TEXT_SUCCESS", Stage.TEXT, False),
        ("TEXT_SUCCESS", Stage.FIRST, False),
        ("SUCCESS", Stage.FIRST, True),
        ("CALLBACK_EXCEPTION", Stage.TEXT, True),
        ("SOMETHING_NEW", Stage.TEXT, True),
        ("GENERATE_AUDIO_FAILED", Stage.COMPLETE, True),
    ],
)
def test_what_is_known_already_is_not_read_again(
    status: str, seen: Stage, *, is_read: bool
) -> None:
    """Only where the word says nothing new is the result left unread."""
    body = music(status, {"id": "a", "audioUrl": "https://x.invalid/a.mp3"})
    record: Record[Any] = record_of(MUSIC, body, token="music:t1", seen=seen)
    assert (record.result is not None) is is_read


def test_a_failure_is_never_taken_for_known() -> None:
    """A record whose code says that it failed is a failure, whatever its word says."""
    body = music("TEXT_SUCCESS") | {"code": 500, "msg": "broken"}
    record: Record[Any] = record_of(MUSIC, body, token="music:t1", seen=Stage.TEXT)
    assert isinstance(record.failure, TaskFailed)


def test_a_refusal_is_a_failure_and_not_a_record_that_is_missing() -> None:
    """Under another code than 200 no data is needed; a kind whose code is its word needs some."""
    failure = read(MUSIC, {"code": 500, "msg": "broken", "data": None}).failure
    assert (failure.code, failure.message, failure.status) == (500, "broken", None)
    with pytest.raises(DecodeError, match="nothing is there") as caught:
        read(KINDS["recovery"], {"code": 200, "msg": "success", "task_id": "t1", "data": None})
    assert caught.value.path == "$.data"


@pytest.mark.parametrize("status", [None, "", "CALLBACK_EXCEPTION"])
def test_only_a_new_word_is_logged(status: str | None, caplog: pytest.LogCaptureFixture) -> None:
    """No word at all, or that a callback could not be delivered, is nothing new."""
    _log_once.cache_clear()
    assert read(MUSIC, music(status or "", READY)).stage is Stage.COMPLETE
    body = music("", READY)
    del body["data"]["status"]
    assert read(MUSIC, body).stage is Stage.COMPLETE
    assert read(MUSIC, music(status or "", NOT_READY)).stage is Stage.TEXT
    assert caplog.records == []
    read(MUSIC, music("SOMETHING_NEW"))
    assert len(caplog.records) == 1


def test_nothing_is_there_yet() -> None:
    """While it waits there is no result; from its first stage on there are so many tracks."""
    assert read(MUSIC, music("PENDING")).result is None
    assert read(MUSIC, music("TEXT_SUCCESS")).result == ()
    assert read(MUSIC, music("FIRST_SUCCESS")).result == ()


def test_what_has_no_first_stage_is_complete_with_its_first_part() -> None:
    """Of two texts one may be empty: no further one is waited for."""
    words = [{"text": "la", "title": "a"}, {"text": "", "title": "b"}]
    body = {"code": 200, "data": {"status": "SOMETHING_NEW", "response": {"data": words}}}
    assert read(LYRICS, body).stage is Stage.COMPLETE
    body["data"]["response"]["data"] = words[1:]  # type: ignore[index]
    assert read(LYRICS, body).stage is Stage.PENDING


def test_a_failure_without_a_reason() -> None:
    """The envelope's own word says nothing of a task that has failed under code 200."""
    failure = read(MUSIC, music("FAILED")).failure
    assert (failure.message, failure.status, failure.code) == ("", "FAILED", None)
    assert read(MUSIC, music("FAILED", errorCode=0)).failure.code is None
    bare = read(MUSIC, {"code": 500, "data": {"taskId": "t1"}}).failure
    assert (bare.message, bare.status, bare.code) == ("", None, 500)


@pytest.mark.parametrize(
    ("tracks", "count"),
    [([], None), ([NOT_READY], None), ([READY], 1), ([NOT_READY] * 2, 2), ([READY, NOT_READY], 2)],
)
def test_what_was_there_when_it_failed(tracks: list[dict[str, Any]], count: int | None) -> None:
    """Two songs, or one that can be had; one that was never made is nothing."""
    body = music("FAILED")
    body["data"]["response"] = {"sunoData": tracks}
    ready = read(MUSIC, body).failure.partial_result
    assert (ready if ready is None else len(ready)) == count


def test_the_model_of_a_part_is_its_tracks() -> None:
    """Where the operation names no model, the track that it was given does; its own comes first."""
    body = music("SUCCESS", {"id": "a"}, param='{"model": "V3_5"}')
    words: dict[str, Any] = {"prompt": "la", "tags": "x", "title": "x", "full_lyrics": "la"}
    part = ReplaceSection(
        Track(id="a1", task_id="t1", model="V4"), infill_start_s=0, infill_end_s=9, **words
    )
    assert read(MUSIC, body, operation=part).result[0].model == "V4"
    extended = ExtendMusic("a1", model="V5_5")
    assert read(MUSIC, body, operation=extended).result[0].model == "V5_5"
    assert read(MUSIC, body, operation=GenerateMusic("x")).result[0].model == "V5"


def test_of_a_list_what_can_be_read() -> None:
    """One item that is none takes no other along; what is no list has none."""
    body: dict[str, Any] = {"code": 200}
    for instruments, names in (
        ([{"name": "a"}, 7, None, "b", {"name": 2}], ["a", "2"]),
        (7, []),
        (None, []),
        ({"name": "a"}, []),
    ):
        body["data"] = {"taskId": "t1", "successFlag": 1, "midiData": {"instruments": instruments}}
        found = read(KINDS["midi"], body).result.instruments
        assert [instrument.name for instrument in found] == names


def test_what_is_there_counts_in_either_casing() -> None:
    """A null under one spelling hides nothing under the other, and is a missing field alone."""
    for item in (
        {"id": "a", "audio_url": "https://x/a", "audioUrl": None},
        {"audioUrl": None, "audio_url": "https://x/a", "id": "a"},
        {"id": "a", "audioUrl": "https://x/a", "audio_url": None},
    ):
        (track,) = read(MUSIC, music("SUCCESS", item)).result
        assert track.audio_url == "https://x/a"
        assert track.raw is item, "as it came, and not a copy"
    with pytest.raises(DecodeError, match=r"missing at .*sunoData\[0\]\.id"):
        read(MUSIC, music("SUCCESS", {"id": None}))
