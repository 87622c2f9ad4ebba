"""Lists that the service may lengthen: slips are asked about, new words are passed on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from suno_async import (
    GenerateMusic,
    GenerateSounds,
    GenerateVoice,
    InvalidRequest,
    Model,
    SeparateVocals,
    SunoClient,
    ValidateVoice,
)
from suno_async._wire.bodies import body_of

if TYPE_CHECKING:
    from suno_async.testing import FakeSuno

URL = "https://files.example/a.mp3"
CUSTOM: dict[str, Any] = {"lyrics": "la", "style": "Folk", "title": "Home", "persona_id": "p"}
SAMPLE: dict[str, Any] = {"vocal_start_s": 0, "vocal_end_s": 9}


def with_word(field: str, word: str) -> Any:
    """An operation with this word in this field."""
    match field:
        case "model":
            return GenerateMusic("the sea", model=word)
        case "type":
            return SeparateVocals(audio_url=URL, type=word, stem_name="Kick")
        case "sound_key":
            return GenerateSounds("rain", sound_key=word)
        case "persona_model":
            return GenerateMusic(**CUSTOM, persona_model=word)
        case "language":
            return ValidateVoice(URL, **SAMPLE, language=word)
        case _:
            return GenerateVoice("t", verify_url=URL, singer_skill_level=word)


SLIPS = [
    ("model", "v4_5", "V4_5"),
    ("model", "V4.5", "V4_5"),
    ("model", "V4-5", "V4_5"),
    ("model", "v5", "V5"),
    ("model", "V5.5", "V5_5"),
    ("model", "V4_5 PLUS", "V4_5PLUS"),
    ("model", "V4_5_PLUS", "V4_5PLUS"),
    ("model", "V4_5PLS", "V4_5PLUS"),
    ("model", "V4_5PLSU", "V4_5PLUS"),
    ("model", "v6-mini", "V6_MINI"),
    ("model", "V6_WIDL", "V6_WILD"),
    ("type", "split-stem", "split_stem"),
    ("type", "split_stems", "split_stem"),
    ("type", "seperate_vocal", "separate_vocal"),
    ("type", "separate_vocals", "separate_vocal"),
    ("type", "split_stem_advance", "split_stem_advanced"),
    ("sound_key", "any", "Any"),
    ("sound_key", "c#m", "C#m"),
    ("sound_key", "f", "F"),
    ("persona_model", "voice persona", "voice_persona"),
    ("persona_model", "stile_persona", "style_persona"),
    ("language", "EN", "en"),
    ("singer_skill_level", "Beginner", "beginner"),
    ("singer_skill_level", "profesionnal", "professional"),
]
NEW = [
    *(
        ("model", word)
        for word in ("V7", "V6_5", "V6_MAX", "V6_HUGE", "V6_WILD_X", "V5_5PLUS", "V10", "next")
    ),
    *(("type", word) for word in ("all", "split_stem_4", "vocals", "karaoke", "separate_vocal_hd")),
    *(("sound_key", word) for word in ("H", "Db", "C lydian")),
    *(("persona_model", word) for word in ("voice", "instrument_persona")),
    *(("language", word) for word in ("it", "pt-BR", "nl")),
    *(("singer_skill_level", word) for word in ("expert", "child")),
]


@pytest.mark.parametrize(("field", "word", "meant"), SLIPS)
def test_a_slip_is_asked_about(field: str, word: str, meant: str) -> None:
    """Case, separators, and in longer words a letter or two, are refused with what was meant."""
    with pytest.raises(InvalidRequest) as caught:
        with_word(field, word)
    (fault,) = caught.value.problems
    assert (fault.field, fault.given) == (field, word)
    assert fault.problem == f"is not known: did you mean {meant!r}?"


@pytest.mark.parametrize(("field", "word"), NEW)
def test_a_new_word_is_passed_on(field: str, word: str) -> None:
    """What is far from all that is known, or of another number, is sent as it is."""
    assert word in body_of(with_word(field, word), URL).values()


@pytest.mark.parametrize("field", dict.fromkeys(field for field, _ in NEW))
@pytest.mark.parametrize("blank", ["", " "])
def test_an_empty_word_is_none(field: str, blank: str) -> None:
    """It is refused with the words that there are."""
    with pytest.raises(InvalidRequest, match=f"{field} must be one of .*, or a newer one"):
        with_word(field, blank)


@pytest.mark.parametrize("field", dict.fromkeys(field for field, _ in NEW))
def test_what_is_no_word(field: str) -> None:
    """Only text will do, and that is what is said."""
    wrong: Any = 7
    with pytest.raises(InvalidRequest, match=rf"{field} must be text \(given: 7\)"):
        with_word(field, wrong)


def test_every_known_word_is_taken() -> None:
    """A known word is never taken for a slip of another one."""
    for model in Model:
        assert with_word("model", model).model == with_word("model", str(model)).model
    for word in ("separate_vocal", "split_stem", "split_stem_advanced"):
        with_word("type", word)
    for word in ("Any", *(f"{note}{kind}" for note in "ACDFG" for kind in ("", "#", "m", "#m"))):
        with_word("sound_key", word)


async def test_a_slip_costs_nothing(suno: SunoClient, fake_suno: FakeSuno) -> None:
    """Through the client's methods it is refused before anything is sent."""
    with pytest.raises(InvalidRequest, match=r"did you mean 'V4_5'\?"):
        await suno.generate_music("the sea", model="v4_5")
    assert fake_suno.ledger.entries == []
