"""Every kind of task: all its status words, all documented records and callbacks, all fields."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from suno_async import ContentRejected, DecodeError, Stage, TaskFailed
from suno_async._wire.records import Record, record_of
from suno_async.errors import NotFound
from suno_async.operations._kinds import KINDS

PENDING, TEXT, FIRST, COMPLETE = Stage
FAILED = "failed"
WORDS: dict[str, dict[Any, Any]] = {
    "music": {
        "PENDING": PENDING,
        "TEXT_SUCCESS": TEXT,
        "FIRST_SUCCESS": FIRST,
        "SUCCESS": COMPLETE,
        "CREATE_TASK_FAILED": FAILED,
        "GENERATE_AUDIO_FAILED": FAILED,
        "SENSITIVE_WORD_ERROR": FAILED,
        "GENERATING": PENDING,
        "FAILED": FAILED,
    },
    "lyrics": {
        "PENDING": PENDING,
        "SUCCESS": COMPLETE,
        "CREATE_TASK_FAILED": FAILED,
        "GENERATE_LYRICS_FAILED": FAILED,
        "SENSITIVE_WORD_ERROR": FAILED,
    },
    "wav": {
        "PENDING": PENDING,
        "SUCCESS": COMPLETE,
        "CREATE_TASK_FAILED": FAILED,
        "GENERATE_WAV_FAILED": FAILED,
    },
    "stems": {
        "PENDING": PENDING,
        "SUCCESS": COMPLETE,
        "CREATE_TASK_FAILED": FAILED,
        "GENERATE_AUDIO_FAILED": FAILED,
    },
    "video": {
        "PENDING": PENDING,
        "SUCCESS": COMPLETE,
        "CREATE_TASK_FAILED": FAILED,
        "GENERATE_MP4_FAILED": FAILED,
    },
    "midi": {0: PENDING, 1: COMPLETE, 2: FAILED, 3: FAILED, "1": COMPLETE, "2": FAILED},
    "images": {0: PENDING, 2: PENDING, 1: COMPLETE, 3: FAILED, "2": PENDING, "1": COMPLETE},
    "phrase": {
        "wait_processing": PENDING,
        "processing_validate": PENDING,
        "wait_validating": COMPLETE,
        "success": COMPLETE,
        "processing_validate_fail": FAILED,
        "fail": FAILED,
    },
    "voice": {
        "wait_processing": PENDING,
        "processing_validate": PENDING,
        "wait_validating": PENDING,
        "success": COMPLETE,
        "processing_validate_fail": FAILED,
        "fail": FAILED,
    },
    "recovery": {201: PENDING, 200: COMPLETE, 500: FAILED},
}
CONTENTS: dict[str, dict[str, Any]] = {
    "music": {"response": {"sunoData": [{"id": "a", "audioUrl": "https://x/a.mp3"}]}},
    "lyrics": {"response": {"data": [{"text": "la"}]}},
    "wav": {"response": {"audioWavUrl": "https://x/a.wav"}},
    "stems": {"response": {"vocalUrl": "https://x/v.mp3"}},
    "video": {"response": {"videoUrl": "https://x/a.mp4"}},
    "midi": {"midiData": {"state": "complete", "instruments": []}},
    "images": {"response": {"images": ["https://x/1.png"]}},
    "phrase": {"validateInfo": "sing this"},
    "voice": {"voiceId": "v1"},
}
FLAGGED = {"wav", "stems", "video", "midi", "images"}


def payload(name: str) -> dict[str, Any]:
    """A documented answer."""
    path = Path(__file__).parent / "payloads" / f"{name}.json"
    body: dict[str, Any] = json.loads(path.read_text())
    return body


def read(kind: str, body: dict[str, Any]) -> Any:
    """A record or a callback of this kind."""
    found: Record[Any] = record_of(KINDS[kind], body, token=f"{kind}:t1")
    return found


def record(kind: str, word: Any, **more: Any) -> dict[str, Any]:
    """A record with this status word and contents."""
    if kind == "recovery":
        items = [{"id": "a", "audio_url": "https://x/a.m4a", "status": "success"}]
        return {"code": word, "msg": "m", "task_id": "t1", "data": items if word == 200 else None}
    field = "successFlag" if kind in FLAGGED else "status"
    data = {"taskId": "t1", field: word, **CONTENTS[kind], **more}
    return {"code": 200, "msg": "success", "data": data}


def test_every_kind_is_here() -> None:
    """The tables of this file go over all kinds."""
    assert WORDS.keys() == KINDS.keys()
    assert CONTENTS.keys() | {"recovery"} == KINDS.keys()


@pytest.mark.parametrize(
    ("kind", "word", "expected"),
    [(kind, word, what) for kind, words in WORDS.items() for word, what in words.items()],
)
def test_every_status_word(kind: str, word: Any, expected: Any) -> None:
    """Each documented word of each kind means what the documentation says."""
    found = read(kind, record(kind, word, errorMessage="why", errorCode="500"))
    if expected != FAILED:
        assert (found.stage, found.failure) == (expected, None)
        return
    assert isinstance(found.failure, TaskFailed)
    assert isinstance(found.failure, ContentRejected) is (word == "SENSITIVE_WORD_ERROR")
    assert found.failure.code == 500
    assert found.failure.token == f"{kind}:t1"
    assert found.failure.status == (None if kind == "recovery" else str(word))
    assert ("m" if kind == "recovery" else "why") in str(found.failure)


@pytest.mark.parametrize("kind", sorted(CONTENTS.keys() - {"midi"}))
@pytest.mark.parametrize("word", ["CALLBACK_EXCEPTION", "SOMETHING_NEW", 77])
def test_contents_decide_where_the_word_does_not(kind: str, word: Any) -> None:
    """A callback that could not be delivered, or a new word, leaves it to what was made."""
    found = read(kind, record(kind, word))
    assert (found.stage, found.failure) == (COMPLETE, None)
    empty = record(kind, word)
    for name in CONTENTS[kind]:
        empty["data"][name] = None
    assert read(kind, empty).stage is PENDING


@pytest.mark.parametrize("kind", sorted(CONTENTS))
def test_no_record_yet_is_not_found(kind: str) -> None:
    """`data: null` under code 200 is no record, for every kind but recovery."""
    with pytest.raises(NotFound):
        read(kind, {"code": 200, "msg": "success", "data": None})


@pytest.mark.parametrize("word", ["text", "first", "complete"])
def test_stages_of_callbacks(word: str) -> None:
    """A callback names the stage itself; `error` is the failure."""
    tracks = [{"id": "a", "audio_url": ""}]
    data = {"callbackType": word, "task_id": "t1", "data": tracks}
    assert read("music", {"code": 200, "data": data}).stage == word
    assert read("music", {"code": 200, "data": data | {"callbackType": "error"}}).failure


DOCUMENTED = [
    ("music", "music-record-success-documented", COMPLETE),
    ("music", "music-record-quickstart-old", COMPLETE),
    ("music", "callback-music-complete", COMPLETE),
    ("music", "callback-music-error", 400),
    ("lyrics", "lyrics-record-success", COMPLETE),
    ("lyrics", "callback-lyrics-complete", COMPLETE),
    ("lyrics", "callback-lyrics-error", 400),
    ("wav", "wav-record-success", COMPLETE),
    ("wav", "callback-wav-ok", COMPLETE),
    ("wav", "callback-wav-error", 400),
    ("stems", "vocal-record-separate", COMPLETE),
    ("stems", "vocal-record-split-stem", COMPLETE),
    ("stems", "callback-vocal-separate", COMPLETE),
    ("stems", "callback-vocal-separate-sister", COMPLETE),
    ("stems", "callback-vocal-split-stem", COMPLETE),
    ("stems", "callback-vocal-error", 400),
    ("video", "mp4-record-success", COMPLETE),
    ("video", "callback-mp4-ok", COMPLETE),
    ("video", "callback-mp4-error", 400),
    ("midi", "midi-record-success", COMPLETE),
    ("midi", "callback-midi-ok", COMPLETE),
    ("images", "cover-record-success", COMPLETE),
    ("images", "callback-cover-ok", COMPLETE),
    ("images", "callback-cover-error", 501),
    ("phrase", "voice-validate-record-ready", COMPLETE),
    ("voice", "voice-generate-callback-ok", COMPLETE),
    ("voice", "voice-generate-callback-fail", 500),
    ("recovery", "recovery-record-ok", COMPLETE),
    ("recovery", "recovery-record-running", PENDING),
]


@pytest.mark.parametrize(("kind", "name", "expected"), DOCUMENTED)
def test_every_documented_record_and_callback(kind: str, name: str, expected: Any) -> None:
    """Each documented body ends in its stage or its failure, and knows its task where it says."""
    body = payload(name)
    found = read(kind, body)
    if isinstance(expected, int):
        assert found.failure is not None
        assert found.failure.code == expected
    else:
        assert (found.stage, found.failure) == (expected, None)
    ids = re.findall(r'"task_?[iI]d": "(.*?)"', json.dumps(body))
    assert found.task_id == (ids[0] if ids else None)


def test_results_know_what_their_record_says_of_the_whole() -> None:
    """Track, times and parent of a record are passed to what was made."""
    video = read("video", payload("mp4-record-success")).result
    assert (video.music_id, video.music_index) == ("audioId_masked", 0)
    assert (video.task_id, video.is_ready) == ("taskId_masked", True)
    assert video.create_time == datetime(2024, 12, 31, 16, 10, tzinfo=UTC)
    wav = read("wav", payload("wav-record-success")).result
    assert wav.complete_time == datetime(2025, 1, 1, 0, 10, tzinfo=UTC)
    assert wav.expires_at == datetime(2025, 1, 16, 0, 10, tzinfo=UTC)
    images = read("images", payload("cover-record-success")).result
    assert images.parent_task_id == "00000000000000000000000000000001"
    assert len(images.images) == 2
    assert images.complete_time == datetime(2025, 1, 15, 10, 35, 27, tzinfo=UTC)
    body = record("music", "SUCCESS", parentMusicId="a0", operationType="extend")
    (track,) = read("music", body).result
    assert (track.parent_music_id, track.operation_type, track.task_id) == ("a0", "extend", "t1")


def test_stems_by_name_and_by_item() -> None:
    """The stems' links are found by name, and the items keep their ids, in record and callback."""
    stems = read("stems", payload("vocal-record-separate")).result
    assert stems.urls.keys() == {"vocal", "instrumental"}
    assert [item.stem_type_group_name for item in stems.origin_data] == ["Vocals", "Instrumental"]
    assert stems.origin_data[0].duration == 245.6
    assert stems.music_id == "00000000-0000-4000-8000-000000000007"
    names = {"vocal", "backing_vocals", "drums", "bass", "guitar", "keyboard"}
    names |= {"percussion", "strings", "synth", "fx", "brass", "woodwinds"}
    for body in ("vocal-record-split-stem", "callback-vocal-split-stem"):
        stems = read("stems", payload(body)).result
        assert stems.urls.keys() == names
        assert stems.origin_url is None


def test_one_stem_extracted_and_removed() -> None:
    """Of the advanced type the items carry the stem alone, and the song without it."""
    part = {"id": "s2", "audio_url": "https://x/k.mp3", "duration": "60.5"}
    items = [{"stem_type_group_name": "Kick", "id": "s1", "extract": part, "remove": "later"}]
    body = record("stems", "SUCCESS", response={"originData": items})
    stems = read("stems", body).result
    (stem,) = stems.origin_data
    assert (stem.extract.id, stem.extract.duration, stem.remove) == ("s2", 60.5, None)
    assert stem.raw["remove"] == "later"
    assert stem.is_ready
    assert stems.is_ready


def test_midi_notes_in_numbers_and_in_text() -> None:
    """Times of notes are numbers, whether they came as numbers or as text; ids are kept."""
    by_callback = read("midi", payload("callback-midi-ok")).result
    drums, bass = by_callback.instruments
    assert (drums.name, bass.name) == ("Drums", "Electric Bass (finger)")
    assert [note.start for note in drums.notes] == [0.036458333333333336, 0.046875]
    assert bass.notes[0].end == 7.911458333333333
    assert (bass.notes[0].pitch, bass.notes[0].velocity) == (44, 1)
    by_poll = read("midi", payload("midi-record-success")).result
    assert by_poll.record_task_id == -1
    assert by_poll.audio_id == "e231****-****-****-****-****8cadc7dc"


def test_recovered_audio_one_by_one() -> None:
    """Each track of a recovery says whether it came back, and why not."""
    back, lost = read("recovery", payload("recovery-record-ok")).result
    assert (back.is_ready, back.title, back.status) == (True, "masked", "success")
    assert (lost.is_ready, lost.audio_url, lost.error) == (False, None, "clip_not_complete")


def test_a_failure_is_read_whatever_else_is_there() -> None:
    """What cannot be read beside a word of failure, or of waiting, hides neither."""
    broken = {"sunoData": "later"}
    assert read("music", record("music", "SENSITIVE_WORD_ERROR", response=broken)).failure
    assert read("music", record("music", "PENDING", response=broken)).stage is PENDING
    with pytest.raises(DecodeError):
        read("music", record("music", "SUCCESS", response=broken))


@pytest.mark.parametrize("code", [None, "200", 200.0, "?"])
def test_a_code_that_is_not_there_or_text_fails_nothing(code: Any) -> None:
    """Only a code that says otherwise makes a failure of a record."""
    body = record("music", "SUCCESS") | {"code": code}
    assert (read("music", body).stage, read("music", body).failure) == (COMPLETE, None)
    assert read("music", body | {"code": "501"}).failure.code == 501
