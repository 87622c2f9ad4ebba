"""The table of the kinds of task: where each has its record, and what its words mean."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from attrs import frozen

from suno_async.results import (
    CoverImages,
    Lyrics,
    Midi,
    MusicVideo,
    RecoveredAudio,
    Stage,
    Stems,
    Track,
    Voice,
    VoicePhrase,
    WavFile,
)


@frozen(kw_only=True)
class Kind:
    """A sort of task: where its record lies and how that is read.

    Paths such as `data.response.suno_data` lead through a whole body, record or callback, in snake
    case; of several the first that is there counts.
    """

    name: str
    """The name, as in tokens and logs."""
    record_path: str
    """Where its record is asked for."""
    id_param: str = "taskId"
    """The query parameter that carries the task's id."""
    status_at: tuple[str, ...] = ("data.status",)
    """Where a body has its word for the state; a flag that is a number is a word too."""
    words: Mapping[str, Stage]
    """The stage that each word means; an unknown word leaves it to the contents."""
    failures: frozenset[str]
    """The words that mean that it failed."""
    result_at: tuple[str, ...]
    """Where the result lies."""
    result: Any
    """The type of the result."""
    stages: tuple[Stage, ...] = (Stage.COMPLETE,)
    """The stages that such a task has events for."""
    typical_duration: float
    """Seconds in which nearly all such tasks are complete, as documented or, failing that, seen."""
    first_poll: float = 8.0
    """Seconds from acceptance to the first poll: when the quickest such tasks may have news."""

    codes: frozenset[int] = frozenset({200})
    """The codes of an answer that is a record: 200 alone, unless the code is the word."""


_SOON = 2.5  # seconds: recovery is to be polled every 2; MIDI was seen complete after 4
_FLAG_AT = ("data.success_flag", "data.status")
_WORDS = {  # GENERATING is the quick start's, which reads the records of all kinds alike
    "PENDING": Stage.PENDING,
    "GENERATING": Stage.PENDING,
    "SUCCESS": Stage.COMPLETE,
}


def _numbers(running: Iterable[int]) -> dict[str, Stage]:
    """Flags that are numbers: 1 is done."""
    return _WORDS | {str(flag): Stage.PENDING for flag in running} | {"1": Stage.COMPLETE}


def _failures(*words: str) -> frozenset[str]:
    """The words of one kind beside those of all; CALLBACK_EXCEPTION leaves it to the contents."""
    return frozenset({"CREATE_TASK_FAILED", "FAILED", "error", *words})


MUSIC = Kind(
    name="music",
    record_path="/api/v1/generate/record-info",
    status_at=("data.status", "data.callback_type"),
    words={
        **_WORDS,
        "TEXT_SUCCESS": Stage.TEXT,
        "FIRST_SUCCESS": Stage.FIRST,
        "text": Stage.TEXT,
        "first": Stage.FIRST,
        "complete": Stage.COMPLETE,
    },
    failures=_failures("GENERATE_AUDIO_FAILED", "SENSITIVE_WORD_ERROR"),
    result_at=("data.response.suno_data", "data.response.data", "data.data"),
    result=tuple[Track, ...],
    stages=(Stage.TEXT, Stage.FIRST, Stage.COMPLETE),
    typical_duration=190.0,
)
LYRICS = Kind(
    name="lyrics",
    record_path="/api/v1/lyrics/record-info",
    status_at=("data.status", "data.callback_type"),
    words=_WORDS | {"complete": Stage.COMPLETE},
    failures=_failures("GENERATE_LYRICS_FAILED", "SENSITIVE_WORD_ERROR"),
    result_at=("data.response.data", "data.data"),
    result=tuple[Lyrics, ...],
    typical_duration=40.0,
    first_poll=_SOON,
)
WAV = Kind(
    name="wav",
    record_path="/api/v1/wav/record-info",
    status_at=_FLAG_AT,
    words=_WORDS,
    failures=_failures("GENERATE_WAV_FAILED"),
    result_at=("data.response", "data"),
    result=WavFile,
    typical_duration=60.0,
    first_poll=_SOON,
)
STEMS = Kind(
    name="stems",
    record_path="/api/v1/vocal-removal/record-info",
    status_at=_FLAG_AT,
    words=_WORDS,
    failures=_failures("GENERATE_AUDIO_FAILED"),
    result_at=(
        "data.response.vocal_removal_info",  # as the quick start reads it
        "data.response.vocal_separation_info",
        "data.response",
        "data.vocal_removal_info",
        "data.vocal_separation_info",  # as the sister service names it
    ),
    result=Stems,
    typical_duration=120.0,
)
MIDI = Kind(
    name="midi",
    record_path="/api/v1/midi/record-info",
    status_at=_FLAG_AT,
    words=_numbers(running=[0]),
    failures=_failures("2", "3"),
    result_at=("data.midi_data", "data"),
    result=Midi,
    typical_duration=90.0,
    first_poll=_SOON,
)
VIDEO = Kind(
    name="video",
    record_path="/api/v1/mp4/record-info",
    status_at=_FLAG_AT,
    words=_WORDS,
    failures=_failures("GENERATE_MP4_FAILED"),
    result_at=("data.response", "data"),
    result=MusicVideo,
    typical_duration=180.0,
)
IMAGES = Kind(
    name="images",
    record_path="/api/v1/suno/cover/record-info",
    status_at=_FLAG_AT,
    words=_numbers(running=[0, 2]),
    failures=_failures("3"),
    result_at=("data.response", "data"),
    result=CoverImages,
    typical_duration=120.0,
    first_poll=_SOON,
)
_VOICE_WORDS = {
    **_WORDS,
    "wait_processing": Stage.PENDING,
    "processing_validate": Stage.PENDING,
    "success": Stage.COMPLETE,
}
PHRASE = Kind(
    name="phrase",
    record_path="/api/v1/voice/validate-info",
    words=_VOICE_WORDS | {"wait_validating": Stage.COMPLETE},
    failures=_failures("processing_validate_fail", "fail"),
    result_at=("data",),
    result=VoicePhrase,
    typical_duration=60.0,
    first_poll=_SOON,
)
VOICE = Kind(
    name="voice",
    record_path="/api/v1/voice/record-info",
    words=_VOICE_WORDS | {"wait_validating": Stage.PENDING},
    failures=_failures("processing_validate_fail", "fail"),
    result_at=("data",),
    result=Voice,
    typical_duration=60.0,
    first_poll=_SOON,
)
RECOVERY = Kind(  # the whole body is the record, and its code the word
    name="recovery",
    record_path="/api/v1/suno/recovery/record-info",
    id_param="task_id",
    status_at=("code",),
    words={"201": Stage.PENDING, "200": Stage.COMPLETE},
    failures=frozenset({"500"}),
    codes=frozenset({200, 201, 500}),
    result_at=("data",),
    result=tuple[RecoveredAudio, ...],
    typical_duration=20.0,
    first_poll=_SOON,
)

KINDS: Mapping[str, Kind] = {
    kind.name: kind
    for kind in (MUSIC, LYRICS, WAV, STEMS, MIDI, VIDEO, IMAGES, PHRASE, VOICE, RECOVERY)
}
"""Every kind by its name."""
