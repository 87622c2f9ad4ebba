"""Where the service's pages contradict each other, and where names mislead: what is read then.

What needs a server or a kind of task is held in `test_client`, `test_kinds` and
`test_all_operations`.
"""

from __future__ import annotations

from typing import Any

import pytest
from examples import URL, example

from suno_async import (
    AddVocals,
    ExtendMusic,
    GenerateLyrics,
    GenerateMashup,
    GenerateMusic,
    GetCredits,
    GetTimestampedLyrics,
    InvalidRequest,
    Model,
    ReplaceSection,
    SeparateVocals,
    Stage,
    TaskOperation,
    TimestampedLyrics,
    UploadAndCover,
)
from suno_async._wire.bodies import body_of
from suno_async._wire.records import Record, answer_of, record_of
from suno_async._wire.refusals import api_error
from suno_async.errors import BadRequest, InsufficientCredits, RateLimited
from suno_async.operations import OPERATIONS
from suno_async.operations._base import Host
from suno_async.operations._kinds import KINDS
from suno_async.results._base import RETENTION

CALLBACK = "https://callback.invalid/"


def sent(operation: Any) -> dict[str, Any]:
    """What is sent."""
    return body_of(operation, CALLBACK)


def read(kind: str, data: Any) -> Any:
    """A record of this kind with this data."""
    body = {"code": 200, "msg": "success", "data": data}
    found: Record[Any] = record_of(KINDS[kind], body, token="t")
    return found


@pytest.mark.parametrize("data", [12.5, "12.5", {"credits": 12.5}])
def test_credits(data: Any) -> None:
    """A number, or an object of the quick start's; fractions occur; the other path is tried."""
    assert answer_of(GetCredits(), {"code": 200, "data": data}) == 12.5
    assert GetCredits._path == "/api/v1/generate/credit"
    assert GetCredits._fallback_path == "/api/v1/get-credits"


@pytest.mark.parametrize("items", ["sunoData", "data", "suno_data"])
@pytest.mark.parametrize("field", ["audioUrl", "audio_url"])
def test_lists_and_casings(items: str, field: str) -> None:
    """Tracks are found in either list and in either casing."""
    found = read("music", {"status": "SUCCESS", "response": {items: [{"id": "a", field: URL}]}})
    assert found.result[0].audio_url == URL


def test_words_of_the_quick_start(caplog: pytest.LogCaptureFixture) -> None:
    """GENERATING runs, FAILED fails, and a new word runs on, which is logged once."""
    assert read("music", {"status": "GENERATING"}).stage is Stage.PENDING
    assert read("music", {"status": "FAILED", "errorMessage": "no luck"}).failure is not None
    for _ in range(2):
        assert read("music", {"status": "WAITING_FOR_LUCK"}).stage is Stage.PENDING
        assert read("music", {"status": "CALLBACK_EXCEPTION"}).stage is Stage.PENDING
    assert [record.getMessage() for record in caplog.records] == [
        "unknown status 'WAITING_FOR_LUCK' of a music task: read as still running"
    ]
    partial = read("music", {"status": "TEXT_SUCCESS", "response": None})
    assert (partial.stage, partial.result) == (Stage.TEXT, ())


@pytest.mark.parametrize("name", ["vocal_removal_info", "vocal_separation_info"])
@pytest.mark.parametrize("inside", [True, False])
def test_stems_in_a_record(name: str, *, inside: bool) -> None:
    """The quick start's object is found in records too, under either name."""
    info = {name: {"vocal_url": URL, "instrumental_url": URL}}
    data = {"status": "SUCCESS", **({"response": info} if inside else info)}
    found = read("stems", data)
    assert found.stage is Stage.COMPLETE
    assert found.result.urls == {"vocal": URL, "instrumental": URL}


@pytest.mark.parametrize("name", sorted(OPERATIONS))
def test_a_callback_url_is_always_sent(name: str) -> None:
    """Whatever starts a task carries a callback URL, under the name that it has there."""
    operation = example(name)
    if isinstance(operation, TaskOperation):
        spelt = "calBackUrl" if name == "RegenerateVoicePhrase" else "callBackUrl"
        assert sent(operation)[spelt] == CALLBACK


def test_any_model() -> None:
    """All ten are known, and any other name goes through."""
    known = ["V3_5", "V4", "V4_5", "V4_5PLUS", "V4_5ALL", "V5", "V5_5", "V6", "V6_WILD", "V6_MINI"]
    assert list(Model) == known
    assert sent(GenerateMusic("x", model="V9"))["model"] == "V9"


_OLD = {"idea": 500, "lyrics": 3000, "style": 200, "title": 80}
_NEW = {"idea": 500, "lyrics": 5000, "style": 1000, "title": 100}
_V6 = {"idea": 3000, "lyrics": 5000, "style": 1000, "title": 80}
LIMITS: dict[str, dict[str, int]] = {
    "V3_5": _OLD,
    "V4": _OLD,
    "V4_5": _NEW,
    "V4_5PLUS": _NEW,
    "V4_5ALL": _NEW | {"title": 80},
    "V5": _NEW,
    "V5_5": {"lyrics": 5000, "style": 1000, "title": 100},
    "V6": _V6,
    "V6_WILD": _V6,
    "V6_MINI": _V6,
}


@pytest.mark.parametrize(
    ("model", "field", "most"),
    [(model, field, most) for model, fields in LIMITS.items() for field, most in fields.items()],
)
def test_lengths(model: str, field: str, most: int) -> None:
    """Each text of each model has its limit: the reference page's where it names the model."""
    words: dict[str, Any] = {"lyrics": "la", "style": "Folk", "title": "Home"}

    def build(length: int) -> GenerateMusic:
        if field == "idea":
            return GenerateMusic("x" * length, model=model)
        words[field] = "x" * length
        return GenerateMusic(model=model, **words)

    build(most)
    with pytest.raises(InvalidRequest, match=f"{most + 1} characters, at most {most} are"):
        build(most + 1)


def test_what_a_mode_wants() -> None:
    """Style and title are wanted before V6 alone; a prompt is enough for the simple mode."""
    with pytest.raises(InvalidRequest, match="title is required"):
        GenerateMusic(lyrics="la", style="Folk")
    for model in ("V6", "V9"):
        GenerateMusic(lyrics="la", model=model)
        GenerateMusic("an idea", model=model)


@pytest.mark.parametrize(
    ("code", "message", "expected"),
    [
        (429, "The current credits are insufficient. Please top up.", InsufficientCredits),
        (429, "", InsufficientCredits),
        (429, "Your call frequency is too high.", RateLimited),
        (402, "", InsufficientCredits),
        (405, "", RateLimited),
        (430, "", RateLimited),
        (400, "Please enter callBackUrl.", BadRequest),
        (422, "Please enter callBackUrl.", BadRequest),
    ],
)
def test_codes(code: int, message: str, expected: type[Exception]) -> None:
    """429 is about credits unless its words are about the rate; 400 and 422 are the same."""
    assert type(api_error(Host.API, code, message, http_status=200)) is expected


def test_files_are_kept_15_days() -> None:
    """Most pages say 15, some 14."""
    assert RETENTION.days == 15


@pytest.mark.parametrize("time", ["2025-01-01 00:00:00", "2025-01-01T00:00:00Z", 1735689600000])
def test_times(time: Any) -> None:
    """Text, ISO and epoch are the same time, of a track and of a record; the raw one is kept."""
    item = {"id": "a", "createTime": time}
    track = read("music", {"status": "SUCCESS", "response": {"sunoData": [item]}}).result[0]
    wav = read("wav", {"successFlag": "SUCCESS", "createTime": time, "response": {}}).result
    assert track.create_time == wav.create_time
    assert track.create_time.isoformat() == "2025-01-01T00:00:00+00:00"
    assert track.raw["createTime"] == time


def test_any_section_that_is_one() -> None:
    """How long a section may be is the service's to say."""
    words: dict[str, Any] = {"prompt": "la", "tags": "x", "title": "x", "full_lyrics": "la"}
    for end in (0.01, 5, 300):
        ReplaceSection(upload_url=URL, infill_start_s=0, infill_end_s=end, **words)


def test_lyrics_by_words() -> None:
    """200 words, however many characters."""
    GenerateLyrics(" ".join(["characters"] * 200))
    with pytest.raises(InvalidRequest, match="201 words"):
        GenerateLyrics("a " * 201)


def test_a_track_by_its_place() -> None:
    """The audio id is sent, and `musicIndex` where that is given."""
    assert sent(GetTimestampedLyrics("a", task_id="t")) == {"audioId": "a", "taskId": "t"}
    by_place = GetTimestampedLyrics(task_id="t", music_index=1)
    assert sent(by_place) == {"taskId": "t", "musicIndex": 1}


@pytest.mark.parametrize("cls", [UploadAndCover, GenerateMashup])
def test_custom_mode_before_v6(cls: Any) -> None:
    """The mode is sent where the model wants it, and left out where it is gone."""
    source: Any = URL if cls is UploadAndCover else [URL, URL]
    assert sent(cls(source, prompt="x", model="V5"))["customMode"] is False
    words: dict[str, Any] = {"style": "x", "title": "x", "lyrics": "x"}
    assert sent(cls(source, model="V5", **words))["customMode"] is True
    for model in ("V6", "V9"):
        assert "customMode" not in sent(cls(source, model=model, **words))
        assert sent(cls(source, model=model, custom_mode=True, **words))["customMode"] is True


def test_what_is_wanted_only_sometimes() -> None:
    """A prompt of added vocals before V6 alone, a stem's name with the advanced type alone."""
    words: dict[str, Any] = {"title": "x", "style": "x", "negative_tags": "x"}
    with pytest.raises(InvalidRequest, match="prompt is required with V5_5"):
        AddVocals(URL, model="V5_5", **words)
    AddVocals(URL, model="V6", **words)
    older, newer = (sent(AddVocals(URL, model=one, lyrics="la", **words)) for one in ("V5", "V6"))
    assert (older.get("prompt"), older.get("lyrics")) == ("la", None)
    assert (newer.get("prompt"), newer.get("lyrics")) == (None, "la")
    SeparateVocals(audio_url=URL, type="split_stem")
    with pytest.raises(InvalidRequest, match="stem_name is required"):
        SeparateVocals(audio_url=URL, type="split_stem_advanced")


@pytest.mark.parametrize("notes", [None, {}, {"state": "complete", "instruments": []}])
def test_no_notes_are_no_failure(notes: Any) -> None:
    """A finished MIDI task without notes is finished."""
    found = read("midi", {"successFlag": 1, "midiData": notes, "taskId": "t"})
    assert (found.stage, found.failure) == (Stage.COMPLETE, None)
    assert found.result.instruments == ()


def test_one_word_two_meanings() -> None:
    """`wait_validating` ends a validation and is a waiting state of a generation."""
    data = {"status": "wait_validating", "validateInfo": "sing this", "voiceId": ""}
    assert read("phrase", data).stage is Stage.COMPLETE
    assert read("voice", data).stage is Stage.PENDING


@pytest.mark.parametrize("model", list(Model))
def test_persona_model_goes_through(model: Model) -> None:
    """It is for the service to say which models know it."""
    fields: dict[str, Any] = {"style": "x", "title": "x", "lyrics": "x", "persona_id": "p"}
    song = GenerateMusic(model=model, persona_model="voice_persona", **fields)
    assert sent(song)["personaModel"] == "voice_persona"


@pytest.mark.parametrize(
    ("operation", "names"),
    [
        (example("AddInstrumental"), {"tags"}),
        (example("ReplaceSection"), {"tags", "fullLyrics", "infillStartS", "infillEndS"}),
        (example("ValidateVoice"), {"vocalStartS", "vocalEndS"}),
        (example("CheckVoice"), {"task_id"}),
        (example("RecoverAudio"), {"sunoTaskId"}),
        (example("RegenerateVoicePhrase"), {"calBackUrl"}),
        (ExtendMusic("a"), {"defaultParamFlag", "audioId"}),
    ],
    ids=lambda given: type(given).__name__,
)
def test_names_that_mislead(operation: Any, names: set[str]) -> None:
    """Each is spelt as the API spells it there."""
    assert names <= sent(operation).keys()


def test_texts_that_come_as_numbers() -> None:
    """An id, a title or a name may come as a number; it is text all the same."""
    item = {"id": 7, "audioUrl": URL, "title": 1999}
    track = read("music", {"status": "SUCCESS", "response": {"sunoData": [item]}}).result[0]
    assert (track.id, track.title) == ("7", "1999")


def test_names_that_mislead_in_answers() -> None:
    """`createTime` and `audioWavUrl` stay so in callbacks, `startS` is in seconds."""
    item = {"id": "a", "audio_url": URL, "createTime": 1735689600000}
    called_back = read("music", {"callbackType": "complete", "task_id": "t", "data": [item]})
    assert called_back.result[0].create_time is not None
    assert read("wav", {"audioWavUrl": URL, "task_id": "t"}).result.audio_wav_url == URL
    words = [{"word": "[Verse]\nHi", "startS": 1.36, "endS": 1.79, "palign": 0}]
    body = {"code": 200, "data": {"alignedWords": words}}
    answer: TimestampedLyrics = answer_of(GetTimestampedLyrics("a", task_id="t"), body)
    (word,) = answer.aligned_words
    assert (word.word, word.start_s, word.end_s) == ("[Verse]\nHi", 1.36, 1.79)
