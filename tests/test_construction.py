"""Operations are checked when they are built: what is refused, by which fields, and what passes."""

from __future__ import annotations

from typing import Any

import pytest

from suno_async import (
    AddInstrumental,
    AddVocals,
    BoostStyle,
    ConvertToWav,
    CreateMusicVideo,
    ExtendMusic,
    GenerateLyrics,
    GenerateMashup,
    GenerateMusic,
    GeneratePersona,
    GenerateSounds,
    GenerateVoice,
    GetTimestampedLyrics,
    InvalidRequest,
    Model,
    ReplaceSection,
    SeparateVocals,
    UploadAndCover,
    UploadAndExtend,
    ValidateVoice,
)

A, B = "https://files.example/a.mp3", "https://files.example/b.mp3"
CUSTOM: dict[str, Any] = {"style": "Folk", "title": "Home", "lyrics": "la la"}
SECTION: dict[str, Any] = {
    "prompt": "la",
    "tags": "Folk",
    "title": "Home",
    "full_lyrics": "la la",
    "infill_start_s": 10,
    "infill_end_s": 20.25,
}
OWN: dict[str, Any] = {"continue_at": 60, "prompt": "la", "style": "Folk", "title": "Home"}
ADD: dict[str, Any] = {"title": "Home", "negative_tags": "Metal"}
PERSONA: dict[str, Any] = {"task_id": "t", "name": "Mia", "description": "warm"}

REFUSED: list[tuple[type[Any], tuple[Any, ...], dict[str, Any], set[str]]] = [
    # generate: the simple mode
    (GenerateMusic, (), {}, {"prompt"}),
    (GenerateMusic, (" ",), {}, {"prompt"}),
    (GenerateMusic, ("x" * 501,), {}, {"prompt"}),
    (GenerateMusic, ("x" * 501,), {"model": "V3_5"}, {"prompt"}),
    (GenerateMusic, ("x" * 3001,), {"model": "V6"}, {"prompt"}),
    (GenerateMusic, ("x",), {"negative_tags": "Metal"}, {"negative_tags"}),
    (GenerateMusic, ("x",), {"vocal_gender": "f", "duration": 60}, {"vocal_gender", "duration"}),
    (GenerateMusic, ("x",), {"duration": 60, "model": "V5_5"}, {"duration"}),
    (GenerateMusic, ("x",), {"lyrics": "la", "custom_mode": False}, {"lyrics"}),
    (GenerateMusic, ("x",), {"persona_id": "p"}, {"persona_id"}),
    (GenerateMusic, ("x",), {"persona_id": "p", "model": "V6"}, {"persona_id"}),
    (GenerateMusic, ("x",), {"model": "V6", "title": "Home", "custom_mode": False}, {"title"}),
    # generate: the custom mode
    (GenerateMusic, (), {"style": "Folk"}, {"lyrics", "title"}),
    (GenerateMusic, (), {"style": "Folk", "instrumental": True}, {"title"}),
    (GenerateMusic, ("la",), {"style": "Folk", "title": "Home"}, {"prompt"}),
    (GenerateMusic, ("la",), {**CUSTOM, "custom_mode": True}, {"prompt"}),
    (GenerateMusic, (), {"custom_mode": True}, {"lyrics", "style", "title"}),
    (GenerateMusic, (), {"custom_mode": True, "model": "V6"}, {"style"}),
    # lengths; all of them by model are in test_contradictions
    (GenerateMusic, (), {**CUSTOM, "lyrics": "x" * 5001, "style": "x" * 1001}, {"lyrics", "style"}),
    (GenerateMusic, (), {**CUSTOM, "negative_tags": "x" * 1001}, {"negative_tags"}),
    # ranges, steps, words, types
    (GenerateMusic, (), {**CUSTOM, "style_weight": 1.01}, {"style_weight"}),
    (GenerateMusic, (), {**CUSTOM, "weirdness_constraint": -0.01}, {"weirdness_constraint"}),
    (GenerateMusic, (), {**CUSTOM, "audio_weight": 0.655}, {"audio_weight"}),
    (GenerateMusic, (), {**CUSTOM, "audio_weight": float("nan")}, {"audio_weight"}),
    (GenerateMusic, (), {**CUSTOM, "audio_weight": True}, {"audio_weight"}),
    (GenerateMusic, (), {**CUSTOM, "vocal_gender": "x"}, {"vocal_gender"}),
    (GenerateMusic, (), {**CUSTOM, "persona_id": " "}, {"persona_id"}),
    (GenerateMusic, (), {**CUSTOM, "persona_model": "voice-persona"}, {"persona_model"}),
    (GenerateMusic, (), {**CUSTOM, "model": "V5_5", "duration": 9}, {"duration"}),
    (GenerateMusic, (), {**CUSTOM, "model": "V6", "duration": 361}, {"duration"}),
    (GenerateMusic, (), {**CUSTOM, "duration": 60}, {"duration"}),
    (GenerateMusic, (), {**CUSTOM, "variety": 1}, {"variety"}),
    (GenerateMusic, (), {**CUSTOM, "model": "V6", "variety": 5}, {"variety"}),
    (GenerateMusic, (7,), {}, {"prompt"}),
    (GenerateMusic, ("x",), {"instrumental": 1}, {"instrumental"}),
    (GenerateMusic, ("x",), {"model": " "}, {"model"}),
    (GenerateMusic, ("x",), {"callback_url": "ftp://x"}, {"callback_url"}),
    (GenerateMusic, ("x",), {"callback_url": "http://"}, {"callback_url"}),
    # attachments
    (GenerateMusic, ("x",), {"image_urls": [A]}, {"image_urls"}),
    (GenerateMusic, ("x",), {"model": "V6", "image_urls": [A] * 6}, {"image_urls"}),
    (GenerateMusic, ("x",), {"model": "V6", "video_urls": [A, B]}, {"video_urls"}),
    (GenerateMusic, ("x",), {"model": "V6", "audio_urls": ["a.mp3"]}, {"audio_urls"}),
    (GenerateMusic, ("x",), {"model": "V6", "audio_urls": A}, {"audio_urls"}),
    (
        GenerateMusic,
        ("x",),
        {"model": "V6", "image_urls": [A] * 5, "audio_urls": [A] * 6},
        {"image_urls"},
    ),
    (GenerateMusic, (), {**CUSTOM, "model": "V6", "image_urls": [A]}, {"image_urls"}),
    # extend
    (ExtendMusic, ("",), {}, {"audio_id"}),
    (ExtendMusic, ("a",), {"continue_at": 60}, {"prompt"}),
    (ExtendMusic, ("a",), {"continue_at": 60, "style": "Folk", "title": "Home"}, {"prompt"}),
    (ExtendMusic, ("a",), {"continue_at": 60, "prompt": " "}, {"prompt"}),
    (ExtendMusic, ("a",), {"prompt": "la"}, {"continue_at"}),
    (ExtendMusic, ("a",), {"default_param_flag": True}, {"continue_at", "prompt"}),
    (ExtendMusic, ("a",), {"default_param_flag": True, "instrumental": True}, {"continue_at"}),
    (ExtendMusic, ("a",), {**OWN, "lyrics": "la"}, {"lyrics"}),
    (ExtendMusic, ("a",), {**OWN, "variety": 1, "task_id": "t"}, {"variety", "task_id"}),
    (ExtendMusic, ("a",), {**OWN, "duration": 60}, {"duration"}),
    (ExtendMusic, ("a",), {**OWN, "model": "V6", "duration": 9}, {"duration"}),
    (ExtendMusic, ("a",), {"lyrics": "x" * 5001, "model": "V6"}, {"lyrics"}),
    (ExtendMusic, ("a",), {"title": "x" * 81, "model": "V6"}, {"title"}),
    (ExtendMusic, ("a",), {**OWN, "continue_at": 0}, {"continue_at"}),
    (ExtendMusic, ("a",), {**OWN, "style": "x" * 201, "model": "V4"}, {"style"}),
    (ExtendMusic, ("a",), {**OWN, "prompt": "x" * 5001}, {"prompt"}),
    # uploads
    (UploadAndCover, ("a.mp3",), CUSTOM, {"upload_url"}),
    (UploadAndCover, (A,), {}, {"prompt"}),
    (UploadAndCover, (A,), {"prompt": "x" * 501}, {"prompt"}),
    (UploadAndCover, (A,), {"style": "Jazz"}, {"lyrics", "title"}),
    (UploadAndCover, (A,), {**CUSTOM, "prompt": "jazz it up"}, {"prompt"}),
    (UploadAndCover, (A,), {**CUSTOM, "variety": 2}, {"variety"}),
    (UploadAndExtend, (A,), {"continue_at": 60}, {"prompt"}),
    (UploadAndExtend, (A,), {"style": "Folk", "lyrics": "la"}, {"continue_at"}),
    (UploadAndExtend, (A,), {**OWN, "duration": 60, "variety": 1}, {"duration", "variety"}),
    (UploadAndExtend, (A,), {**OWN, "title": "x" * 101}, {"title"}),
    (AddInstrumental, (A,), {**ADD, "tags": " "}, {"tags"}),
    (AddInstrumental, (A,), {**ADD, "tags": "x", "negative_tags": "x" * 1001}, {"negative_tags"}),
    (AddInstrumental, (A,), {**ADD, "tags": "Folk", "lyrics": "la"}, {"lyrics"}),
    (AddInstrumental, (A,), {**ADD, "tags": "x" * 1001, "title": "x" * 101}, {"tags", "title"}),
    (AddVocals, (A,), {**ADD, "style": "Folk"}, {"prompt"}),
    (AddVocals, (A,), {**ADD, "style": "x", "prompt": "la", "title": " "}, {"title"}),
    (AddVocals, (A,), {**ADD, "style": "Folk", "prompt": "la", "lyrics": "la"}, {"lyrics"}),
    (AddVocals, (A,), {**ADD, "style": "Folk", "prompt": "la", "variety": 1}, {"variety"}),
    (GenerateMashup, ([A],), {"prompt": "x"}, {"upload_url_list"}),
    (GenerateMashup, ([A, B, A],), {"prompt": "x"}, {"upload_url_list"}),
    (GenerateMashup, ([A, "b"],), {"prompt": "x"}, {"upload_url_list"}),
    (GenerateMashup, (A,), {"prompt": "x"}, {"upload_url_list"}),
    (GenerateMashup, ([A, B],), {}, {"prompt"}),
    # replace a section: two ways that exclude each other
    (ReplaceSection, (), SECTION, {"audio_id"}),
    (ReplaceSection, ("a",), SECTION, {"task_id"}),
    (ReplaceSection, ("a",), {**SECTION, "task_id": "t", "model": "V5"}, {"model"}),
    (ReplaceSection, ("a",), {**SECTION, "upload_url": A}, {"audio_id"}),
    (ReplaceSection, (), {**SECTION, "task_id": "t", "upload_url": A}, {"task_id"}),
    (ReplaceSection, (), {**SECTION, "upload_url": A, "title": "x" * 101}, {"title"}),
    (ReplaceSection, (), {**SECTION, "upload_url": A, "infill_start_s": 30}, {"infill_end_s"}),
    (ReplaceSection, (), {**SECTION, "upload_url": A, "infill_end_s": 10}, {"infill_end_s"}),
    (ReplaceSection, (), {**SECTION, "upload_url": A, "infill_start_s": -1}, {"infill_start_s"}),
    (ReplaceSection, (), {**SECTION, "upload_url": A, "infill_end_s": 20.255}, {"infill_end_s"}),
    # sounds
    (GenerateSounds, ("",), {}, {"prompt"}),
    (GenerateSounds, ("x" * 501,), {"model": "V6"}, {"prompt"}),
    (GenerateSounds, ("rain",), {"sound_tempo": 0}, {"sound_tempo"}),
    (GenerateSounds, ("rain",), {"sound_tempo": 301}, {"sound_tempo"}),
    (GenerateSounds, ("rain",), {"sound_tempo": 90.5}, {"sound_tempo"}),
    (GenerateSounds, ("rain",), {"sound_key": "c#m"}, {"sound_key"}),
    # words
    (GenerateLyrics, ("",), {}, {"prompt"}),
    (GenerateLyrics, ("word " * 201,), {}, {"prompt"}),
    (GetTimestampedLyrics, (), {"task_id": "t"}, {"audio_id"}),
    (GetTimestampedLyrics, ("a",), {}, {"task_id"}),
    (GetTimestampedLyrics, (), {"task_id": "t", "music_index": 2}, {"music_index"}),
    (BoostStyle, (" ",), {}, {"content"}),
    # of a track
    (ConvertToWav, ("a",), {}, {"task_id"}),
    (ConvertToWav, ("a",), {"task_id": ""}, {"task_id"}),
    (CreateMusicVideo, ("a",), {"author": "x" * 51}, {"author", "task_id"}),
    (CreateMusicVideo, ("a",), {"task_id": "t", "domain_name": "x" * 51}, {"domain_name"}),
    (SeparateVocals, (), {}, {"audio_id"}),
    (SeparateVocals, ("a",), {}, {"task_id"}),
    (SeparateVocals, ("a",), {"task_id": "t", "type": "split_stems"}, {"type"}),
    (SeparateVocals, ("a",), {"audio_url": A}, {"audio_id"}),
    (SeparateVocals, (), {"audio_url": A, "type": "split_stem_advanced"}, {"stem_name"}),
    # voices and personas
    (GeneratePersona, ("a",), {**PERSONA, "task_id": None}, {"task_id"}),
    (GeneratePersona, ("a",), {**PERSONA, "name": " ", "description": ""}, {"name", "description"}),
    (GeneratePersona, ("a",), {**PERSONA, "vocal_end": 9.9}, {"vocal_end"}),
    (GeneratePersona, ("a",), {**PERSONA, "vocal_end": 30.1}, {"vocal_end"}),
    (GeneratePersona, ("a",), {**PERSONA, "vocal_start": 21}, {"vocal_end"}),
    (GeneratePersona, ("a",), {**PERSONA, "vocal_start": -1, "vocal_end": 10}, {"vocal_start"}),
    (ValidateVoice, (A,), {"vocal_start_s": 5, "vocal_end_s": 5}, {"vocal_end_s"}),
    (ValidateVoice, (A,), {"vocal_start_s": 0.5, "vocal_end_s": 5}, {"vocal_start_s"}),
    (
        ValidateVoice,
        ("a",),
        {"vocal_start_s": 0, "vocal_end_s": 5, "language": "EN"},
        {"voice_url", "language"},
    ),
    (GenerateVoice, ("t",), {"verify_url": "x"}, {"verify_url"}),
    (
        GenerateVoice,
        ("",),
        {"verify_url": A, "singer_skill_level": "beginer"},
        {"task_id", "singer_skill_level"},
    ),
]


@pytest.mark.parametrize(("cls", "args", "fields", "expected"), REFUSED)
def test_refused_with_the_names_of_the_fields(
    cls: type[Any], args: tuple[Any, ...], fields: dict[str, Any], expected: set[str]
) -> None:
    """What breaks a documented rule is refused before it is paid for, by the fields' names."""
    with pytest.raises(InvalidRequest) as caught:
        cls(*args, **fields)
    assert {fault.field for fault in caught.value.problems} == expected
    assert caught.value.operation == cls.__name__


ACCEPTED: list[tuple[type[Any], tuple[Any, ...], dict[str, Any]]] = [
    (GenerateMusic, ("x" * 500,), {}),
    (GenerateMusic, ("x" * 3000,), {"model": "V6"}),
    (GenerateMusic, ("x",), {"model": "V6", "image_urls": [A] * 5, "audio_urls": [A] * 5}),
    (GenerateMusic, (), {"model": "V6", "video_urls": [A]}),
    (GenerateMusic, ("x",), {"model": "V6", "style": "Folk", "custom_mode": False}),
    (GenerateMusic, ("x",), {"model": "V6", "lyrics": "la", "custom_mode": False}),
    (GenerateMusic, (), {**CUSTOM, "lyrics": "x" * 5000, "style": "x" * 1000, "title": "x" * 100}),
    (GenerateMusic, (), {"style": "Folk", "title": "Home", "instrumental": True}),
    (GenerateMusic, ("la",), {"style": "Folk", "title": "Home", "custom_mode": True}),
    (GenerateMusic, (), {"style": "Folk", "model": "V6"}),
    (GenerateMusic, (), {**CUSTOM, "model": "V5_5", "duration": 10}),
    (GenerateMusic, (), {**CUSTOM, "model": "V6", "variety": 0, "duration": 360}),
    (GenerateMusic, (), {**CUSTOM, "style_weight": 0.3, "audio_weight": 1, "vocal_gender": "m"}),
    (GenerateMusic, (), {**CUSTOM, "style_weight": 0.1 + 0.2, "weirdness_constraint": 0}),
    (GenerateMusic, (), {**CUSTOM, "persona_id": "p", "persona_model": "style_persona"}),
    (ExtendMusic, ("a",), {}),
    (ExtendMusic, ("a",), OWN),
    (ExtendMusic, ("a",), {"continue_at": 60, "prompt": "go on"}),
    (ExtendMusic, ("a",), {"continue_at": 60, "lyrics": "x" * 5000}),
    (ExtendMusic, ("a",), {"continue_at": 60, "instrumental": True}),
    (ExtendMusic, ("a",), {"continue_at": 60, "model": "V6"}),
    (ExtendMusic, ("a",), {"model": "V6", "task_id": "t", "variety": 4, "duration": 360}),
    (ExtendMusic, ("a",), {"model": "V6", "lyrics": "la", "prompt": "la", "title": "x" * 80}),
    (ExtendMusic, ("a",), {**OWN, "model": "V5_5", "duration": 10}),
    (UploadAndCover, (A,), {"prompt": "smooth jazz"}),
    (UploadAndCover, (A,), {"model": "V6"}),
    (UploadAndCover, (A,), {"model": "V6", "lyrics": "x" * 5000}),
    (UploadAndExtend, (A,), {"prompt": "go on"}),
    (UploadAndExtend, (A,), OWN),
    (UploadAndExtend, (A,), {"continue_at": 60, "prompt": "go on"}),
    (UploadAndExtend, (A,), {**OWN, "model": "V5_5", "duration": 60}),
    (UploadAndExtend, (A,), {"model": "V6_WILD", "duration": 60, "variety": 0}),
    (AddInstrumental, (A,), {**ADD, "tags": "Folk", "negative_tags": "x" * 1000}),
    (AddInstrumental, (A,), {**ADD, "tags": "Folk", "model": "V6", "lyrics": "la", "variety": 4}),
    (AddVocals, (A,), {**ADD, "style": "Folk", "prompt": "la"}),
    (AddVocals, (A,), {**ADD, "style": "Folk", "model": "V6"}),
    (GenerateMashup, ([A, B],), {"prompt": "x"}),
    (GenerateMashup, ((A, B),), {**CUSTOM, "model": "V6", "duration": 60}),
    (GenerateMashup, ((A, B),), {**CUSTOM, "negative_tags": "Metal"}),
    (ReplaceSection, ("a",), {**SECTION, "task_id": "t"}),
    (ReplaceSection, (), {**SECTION, "upload_url": A, "infill_end_s": 10.01}),
    (GenerateSounds, ("x" * 500,), {"sound_tempo": 300, "sound_key": "A#m", "sound_loop": True}),
    (GenerateLyrics, ("word " * 200,), {}),
    (GetTimestampedLyrics, (), {"task_id": "t", "music_index": 1}),
    (SeparateVocals, (), {"audio_url": A}),
    (SeparateVocals, ("a",), {"task_id": "t", "stem_name": "Kick", "type": "split_stem_advanced"}),
    (CreateMusicVideo, ("a",), {"task_id": "t", "author": "x" * 50, "domain_name": "x" * 50}),
    (GeneratePersona, ("a",), {**PERSONA, "vocal_start": 20, "vocal_end": 30}),
    (GeneratePersona, ("a",), {**PERSONA, "vocal_end": 10}),
]


@pytest.mark.parametrize(("cls", "args", "fields"), ACCEPTED)
def test_accepted_up_to_the_very_limit(
    cls: type[Any], args: tuple[Any, ...], fields: dict[str, Any]
) -> None:
    """What keeps the rules passes, at each limit too."""
    cls(*args, **fields)


@pytest.mark.parametrize("model", ["V7", "V6_HUGE", "next"])
def test_an_unknown_model_is_not_checked(model: str) -> None:
    """A new model needs no release: no length, mode or feature is held against it."""
    GenerateMusic("x" * 9000, model=model)
    GenerateMusic(style="x" * 9000, title="x" * 900, model=model, variety=4, duration=60)
    GenerateMusic(lyrics="x" * 9000, model=model, image_urls=[A])
    ExtendMusic("a", continue_at=60, model=model)
    UploadAndCover(A, style="x" * 9000, model=model)
    AddVocals(A, title="t" * 900, style="s", negative_tags="n", model=model, variety=1)


def test_all_faults_come_at_once_and_read_as_sentences() -> None:
    """One error names every field with its limit and what was given, whatever kind of rule."""
    with pytest.raises(InvalidRequest) as caught:
        GenerateMusic(style="x" * 1001, style_weight=2, callback_url="me", model=Model.V5)
    *short, long = map(str, caught.value.problems)
    assert short == [
        "callback_url must be a URL that begins with http:// or https:// (given: 'me')",
        "style_weight must lie between 0 and 1 (given: 2)",
        "lyrics is required in custom mode with V5",
        "title is required in custom mode with V5",
    ]
    assert long.startswith(
        "style has 1001 characters, at most 1000 are allowed with V5 (given: 'xx"
    )
    assert len(long) < 300
    assert str(caught.value).startswith("GenerateMusic cannot be sent: callback_url must be")
    assert isinstance(caught.value, ValueError)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"vocal_gender": 1}, "vocal_gender must be 'm' or 'f' (given: 1)"),
        ({"duration": "60"}, "duration must be a whole number (given: '60')"),
        ({"style_weight": "0.5"}, "style_weight must be a number (given: '0.5')"),
        ({"image_urls": [1]}, "image_urls must be a list, each of it text (given: (1,))"),
        ({"instrumental": None}, "instrumental must be True or False"),
    ],
)
def test_a_wrong_type_says_what_is_wanted(fields: dict[str, Any], said: str) -> None:
    """A value of another type is refused in words, not in Python's names of types."""
    with pytest.raises(InvalidRequest) as caught:
        GenerateMusic("x", **fields)
    assert [str(fault) for fault in caught.value.problems] == [said]


def test_lengths_hold_in_every_mode_of_v6() -> None:
    """Lyrics and style are limited in the simple mode too, and in a replaced section."""
    with pytest.raises(InvalidRequest) as caught:
        GenerateMusic(custom_mode=False, model="V6", lyrics="x" * 6000, style="x" * 1100)
    assert [fault.field for fault in caught.value.problems] == ["lyrics", "style"]


def test_a_sample_of_30_seconds_is_30_seconds() -> None:
    """A difference of floats that is a hair too long is not held against its caller."""
    persona = GeneratePersona(
        "a", task_id="t", name="n", description="d", vocal_start=2.2, vocal_end=32.2
    )
    assert persona.vocal_end == 32.2


def test_an_idea_is_not_sung_where_v6_knows_the_custom_mode_alone() -> None:
    """Over an upload V6 would sing a lone prompt word for word: that is said, not done."""
    with pytest.raises(InvalidRequest, match="word for word by V6"):
        UploadAndCover("https://x/a.mp3", prompt="an idea", model=Model.V6)
    assert UploadAndCover("https://x/a.mp3", lyrics="la", model=Model.V6).is_custom
