"""Objects serve where ids are wanted: tracks, tasks, results, uploads, personas, voices."""

from __future__ import annotations

from typing import Any

import pytest
from attrs import frozen

from suno_async import (
    CheckVoice,
    ConvertToWav,
    CreateMusicVideo,
    ExtendMusic,
    GenerateCoverImages,
    GenerateMashup,
    GenerateMidi,
    GenerateMusic,
    GeneratePersona,
    GenerateVoice,
    GetTimestampedLyrics,
    InvalidRequest,
    Persona,
    RecoverAudio,
    RegenerateVoicePhrase,
    ReplaceSection,
    SeparateVocals,
    Stem,
    Stems,
    SunoClient,
    Track,
    UploadAndCover,
    UploadedFile,
    ValidateVoice,
    Voice,
    VoicePhrase,
)
from suno_async._wire.bodies import body_of

TRACK = Track(
    id="a1", task_id="t1", model="V4_5", title="Home", tags="folk", prompt="la", duration=180.5
)
OTHER = Track(id="a2", task_id="t2")
STRAY = Track(id="a3")
UPLOAD = UploadedFile(download_url="https://files.example/a.mp3")
URL = "https://files.example/a.mp3"


def sent(operation: Any) -> dict[str, Any]:
    """What is sent, without the callback URL."""
    body = body_of(operation, "https://callback.invalid/")
    return {name: value for name, value in body.items() if "BackUrl" not in name}


SECTION: dict[str, Any] = {
    "prompt": "la",
    "tags": "folk",
    "title": "Home",
    "full_lyrics": "la la",
    "infill_start_s": 1,
    "infill_end_s": 20,
}


@pytest.mark.parametrize(
    "operation",
    [
        ConvertToWav(TRACK),
        CreateMusicVideo(TRACK),
        SeparateVocals(TRACK),
        GetTimestampedLyrics(TRACK),
        GeneratePersona(TRACK, name="Mia", description="warm"),
        ReplaceSection(TRACK, **SECTION),
    ],
    ids=lambda operation: type(operation).__name__,
)
def test_a_track_is_its_id_and_brings_its_task(operation: Any) -> None:
    """A track serves as `audio_id`, and `task_id` is then the track's."""
    assert (sent(operation)["audioId"], sent(operation)["taskId"]) == ("a1", "t1")


def test_a_task_id_that_is_given_counts() -> None:
    """`task_id` is sent as it was given, from a task too, and with a plain audio id needed."""
    assert sent(ConvertToWav(TRACK, task_id="t9"))["taskId"] == "t9"
    task = SunoClient("key").task("music:t5")
    assert sent(ConvertToWav("a1", task_id=task))["taskId"] == "t5"
    with pytest.raises(InvalidRequest, match="task_id is required"):
        ConvertToWav("a1")
    with pytest.raises(InvalidRequest, match="task_id is required"):
        ConvertToWav(STRAY)


STEMS = Stems(task_id="t3", origin_data=(Stem(id="s1"), Stem()))
PHRASE = VoicePhrase(task_id="t4", validate_info="sing this")
VOICE = Voice(task_id="t6", voice_id="v1")


@pytest.mark.parametrize(
    ("operation", "expected"),
    [
        (GenerateCoverImages(TRACK), {"taskId": "t1"}),
        (GenerateCoverImages((TRACK, OTHER)), {"taskId": "t1"}),
        (GenerateCoverImages([TRACK]), {"taskId": "t1"}),
        (GenerateCoverImages(SunoClient("key").task("music:t5")), {"taskId": "t5"}),
        (GenerateCoverImages("t9"), {"taskId": "t9"}),
        (RecoverAudio((TRACK, OTHER)), {"sunoTaskId": "t1"}),
        (GenerateMidi(STEMS), {"taskId": "t3"}),
        (GenerateMidi(STEMS, audio_id=STEMS.origin_data[0]), {"taskId": "t3", "audioId": "s1"}),
        (GenerateMidi("t3", audio_id="s1"), {"taskId": "t3", "audioId": "s1"}),
        (RegenerateVoicePhrase(PHRASE), {"taskId": "t4"}),
        (GenerateVoice(PHRASE, verify_url=UPLOAD), {"taskId": "t4", "verifyUrl": URL}),
        (CheckVoice(VOICE), {"task_id": "t6"}),
    ],
    ids=lambda given: type(given).__name__,
)
def test_a_task_or_what_it_made_is_its_id(operation: Any, expected: dict[str, Any]) -> None:
    """Where a task's id alone is wanted, the task serves, its result, or one of its results."""
    assert sent(operation) == expected


def test_an_upload_is_its_address() -> None:
    """An uploaded file serves where a URL is wanted, alone and in a list."""
    assert sent(UploadAndCover(UPLOAD, prompt="jazz"))["uploadUrl"] == URL
    assert sent(GenerateMashup([UPLOAD, URL], prompt="jazz"))["uploadUrlList"] == [URL, URL]
    assert sent(GenerateMashup(iter([URL, URL]), prompt="x"))["uploadUrlList"] == [URL, URL]
    assert sent(SeparateVocals(audio_url=UPLOAD)) == {"audioUrl": URL}
    assert sent(ValidateVoice(UPLOAD, vocal_start_s=0, vocal_end_s=9))["voiceUrl"] == URL
    assert sent(ReplaceSection(upload_url=UPLOAD, **SECTION))["uploadUrl"] == URL
    v6 = GenerateMusic("x", model="V6", image_urls=[UPLOAD])
    assert sent(v6)["imageUrls"] == [URL]


def test_a_persona_and_a_voice_are_their_ids() -> None:
    """A persona serves as `persona_id`; a voice does, and says that it is one."""
    custom: dict[str, Any] = {"style": "folk", "title": "Home", "lyrics": "la"}
    persona = sent(GenerateMusic(**custom, persona_id=Persona(persona_id="p1")))
    assert persona["personaId"] == "p1"
    assert "personaModel" not in persona
    voice = sent(GenerateMusic(**custom, persona_id=VOICE))
    assert (voice["personaId"], voice["personaModel"]) == ("v1", "voice_persona")
    plain = sent(GenerateMusic(**custom, persona_id="v1", persona_model="voice_persona"))
    assert plain == voice
    with pytest.raises(InvalidRequest, match="must be voice_persona for a voice"):
        GenerateMusic(**custom, persona_id=VOICE, persona_model="style_persona")


@frozen
class Foreign:
    """Something with an id of another sort."""

    id: int = 7


@pytest.mark.parametrize(
    ("cls", "given", "fields", "field"),
    [
        (ConvertToWav, None, {}, "audio_id"),
        (ConvertToWav, Foreign(), {}, "audio_id"),
        (ConvertToWav, Stems(task_id="t"), {}, "audio_id"),
        (ConvertToWav, SunoClient("key").task("music:t5"), {}, "audio_id"),
        (ConvertToWav, (TRACK, OTHER), {}, "audio_id"),
        (GenerateCoverImages, (), {}, "task_id"),
        (GenerateCoverImages, ["t1"], {}, "task_id"),
        (GenerateCoverImages, STRAY, {}, "task_id"),
        (GenerateCoverImages, 7, {}, "task_id"),
        (GenerateMidi, STEMS, {"audio_id": STEMS.origin_data[1]}, "audio_id"),
        (GenerateMidi, STEMS, {"audio_id": 7}, "audio_id"),
        (UploadAndCover, TRACK, {"prompt": "x"}, "upload_url"),
        (UploadAndCover, None, {"prompt": "x"}, "upload_url"),
        (GenerateMashup, [TRACK, OTHER], {"prompt": "x"}, "upload_url_list"),
        (GenerateMashup, 7, {"prompt": "x"}, "upload_url_list"),
        (GenerateMusic, "x", {"persona_id": TRACK}, "persona_id"),
        (GenerateMusic, "x", {"persona_id": Voice()}, "persona_id"),
    ],
)
def test_what_is_no_such_thing_is_refused_by_the_fields_name(
    cls: Any, given: Any, fields: dict[str, Any], field: str
) -> None:
    """An object of another sort, or one that does not know its id yet, is an `InvalidRequest`."""
    with pytest.raises(InvalidRequest) as caught:
        cls(given, **fields)
    assert field in {fault.field for fault in caught.value.problems}


def test_extending_a_track_inherits() -> None:
    """The model is the track's; with parameters of one's own, so are style and title."""
    assert sent(ExtendMusic(TRACK)) == {
        "audioId": "a1",
        "defaultParamFlag": False,
        "model": "V4_5",
    }
    assert sent(ExtendMusic(TRACK, continue_at=60, prompt="la")) == {
        "audioId": "a1",
        "defaultParamFlag": True,
        "continueAt": 60,
        "prompt": "la",
        "style": "folk",
        "title": "Home",
        "model": "V4_5",
    }
    given = sent(ExtendMusic(TRACK, continue_at=60, style="rock", prompt="la"))
    assert (given["style"], given["title"], given["prompt"]) == ("rock", "Home", "la")


@pytest.mark.parametrize(
    "own",
    [
        {"prompt": "la"},
        {"lyrics": "la"},
        {"style": "rock", "instrumental": True},
        {"title": "Away", "instrumental": True},
    ],
)
def test_any_own_parameter_sets_the_flag(own: dict[str, Any]) -> None:
    """Words, a style or a title ask for parameters of one's own, and so for `continue_at`."""
    with pytest.raises(InvalidRequest, match="continue_at is required"):
        ExtendMusic(TRACK, **own)
    assert sent(ExtendMusic(TRACK, **own, continue_at=9))["defaultParamFlag"] is True
    said = ExtendMusic(TRACK, **own, default_param_flag=False)
    assert sent(said)["defaultParamFlag"] is False


def test_extending_must_fit_the_track() -> None:
    """Another model, or a place behind the end, is refused before it is paid for."""
    with pytest.raises(InvalidRequest, match="model must be the track's, V4_5"):
        ExtendMusic(TRACK, model="V5")
    with pytest.raises(InvalidRequest, match=r"continue_at must be less than the track's 180.5 s"):
        ExtendMusic(TRACK, continue_at=180.5, prompt="la")
    assert sent(ExtendMusic(STRAY))["model"] == "V5"
    with pytest.raises(InvalidRequest, match="prompt is required"):
        ExtendMusic(STRAY, continue_at=60)


def test_a_persona_needs_v4_or_later() -> None:
    """A track of V3_5 makes no persona, and that is known beforehand."""
    old = Track(id="a", task_id="t", model="V3_5")
    with pytest.raises(InvalidRequest, match="needs V4 or later"):
        GeneratePersona(old, name="Mia", description="warm")
