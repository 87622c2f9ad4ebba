"""The V6 family: the shape in which it is asked, what it takes, and its 20 seconds."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import pytest

from suno_async import (
    ExtendMusic,
    GenerateMashup,
    GenerateMusic,
    InvalidRequest,
    Model,
    SunoClient,
    Track,
    UploadAndCover,
    UploadAndExtend,
)
from suno_async._wire.bodies import body_of, operation_from_dict, operation_to_dict
from suno_async.operations import OPERATIONS
from suno_async.testing import FakeSuno

if TYPE_CHECKING:
    from pathlib import Path

    from suno_async import TaskOperation

V6 = ["V6", "V6_WILD", "V6_MINI"]
URL, OTHER = "https://files.example/a.mp3", "https://files.example/b.mp3"
CALLBACK = "https://callback.invalid/"
SHORT = "duration is left out, which means 20 seconds with {}: duration takes 10 to 360"


def sent(operation: Any) -> dict[str, Any]:
    """What is sent, but for the callback URL."""
    body = body_of(operation, CALLBACK)
    assert body.pop("callBackUrl") == CALLBACK
    return body


def track(model: str) -> Track:
    """A track of this model."""
    return Track(id="a1", task_id="t1", model=model, title="Home", tags="folk", duration=180.5)


@pytest.mark.parametrize("model", V6)
def test_an_extension_as_v6_wants_it(model: str) -> None:
    """No flag, the task's id beside the track's, and the words as lyrics."""
    operation = ExtendMusic(
        track(model), lyrics="la", continue_at=60, style="rock", instrumental=False
    )
    assert sent(operation) == {
        "audioId": "a1",
        "taskId": "t1",
        "model": model,
        "lyrics": "la",
        "continueAt": 60,
        "style": "rock",
        "title": "Home",
        "instrumental": False,
    }


@pytest.mark.parametrize("model", V6)
def test_an_upload_carried_on_as_v6_wants_it(model: str) -> None:
    """The same of an upload, which has no task."""
    operation = UploadAndExtend(URL, lyrics="la", continue_at=9, style="x", title="y", model=model)
    assert sent(operation) == {
        "uploadUrl": URL,
        "model": model,
        "lyrics": "la",
        "continueAt": 9,
        "style": "x",
        "title": "y",
    }


@pytest.mark.parametrize("words", ["prompt", "lyrics"])
@pytest.mark.parametrize(("model", "name"), [("V5", "prompt"), ("V6", "lyrics"), ("V9", "lyrics")])
def test_words_go_where_the_model_reads_them(words: str, model: str, name: str) -> None:
    """Words to be sung are the prompt before V6 and the lyrics since, whichever the caller says."""
    own: dict[str, Any] = {words: "la", "continue_at": 60, "model": model}
    for operation in (ExtendMusic("a1", **own), UploadAndExtend(URL, **own)):
        body = sent(operation)
        assert {one: body.get(one) for one in ("prompt", "lyrics")} == {
            "prompt": None,
            "lyrics": None,
            name: "la",
        }


def test_both_kinds_of_words() -> None:
    """V6 is sent both, for the lyrics win there; before V6 they are one, and refused."""
    both = sent(ExtendMusic("a1", model="V6", prompt="an idea", lyrics="la"))
    assert (both["prompt"], both["lyrics"]) == ("an idea", "la")
    with pytest.raises(InvalidRequest, match="lyrics are the prompt before V6"):
        ExtendMusic("a1", prompt="la", lyrics="la", continue_at=60)


def test_the_task_of_a_track() -> None:
    """It is sent to V6 alone: of a track its own, of a plain id what is said, if anything."""
    assert sent(ExtendMusic(track("V6")))["taskId"] == "t1"
    assert sent(ExtendMusic("a1", task_id="t2", model="V6"))["taskId"] == "t2"
    assert "taskId" not in sent(ExtendMusic("a1", model="V6"))
    assert "taskId" not in sent(ExtendMusic(track("V5")))
    with pytest.raises(InvalidRequest, match="task_id is taken by the V6 models, not by V5"):
        ExtendMusic("a1", task_id="t2")


def test_a_flag_that_is_said_is_sent() -> None:
    """V6 has none, but a caller that gives one means it; a new model is asked as V6 is."""
    assert sent(ExtendMusic("a1", model="V6", default_param_flag=True))["defaultParamFlag"] is True
    assert "defaultParamFlag" not in sent(ExtendMusic("a1", model="V9", continue_at=60))


def test_nothing_new_is_written_down_by_itself() -> None:
    """A key that names an extension by V6 is made of what it was made of before."""
    assert operation_to_dict(ExtendMusic(track("V6"), continue_at=60)) == {
        "audio_id": "a1",
        "continue_at": 60,
        "model": "V6",
        "style": "folk",
        "title": "Home",
    }


@pytest.mark.parametrize("cls", [ExtendMusic, UploadAndExtend])
def test_how_long_and_how_different_an_extension_is(cls: Any) -> None:
    """V6 takes both fields, V5_5 the duration; the models before take neither."""
    own: dict[str, Any] = {"continue_at": 60, "prompt": "la"}
    body = sent(cls(URL, model="V6", duration=10, variety=4))
    assert (body["duration"], body["variety"]) == (10, 4)
    assert sent(cls(URL, model="V5_5", duration=360, **own))["duration"] == 360
    with pytest.raises(InvalidRequest, match="variety is taken by the V6 models, not by V5_5"):
        cls(URL, model="V5_5", variety=0, **own)
    with pytest.raises(InvalidRequest, match="duration is taken by V5_5 and V6, not by V5"):
        cls(URL, model="V5", duration=60, **own)


@pytest.mark.parametrize("model", ["V5", *V6])
def test_what_a_mashup_avoids(model: str) -> None:
    """A mashup takes negative tags, by every model, in custom mode."""
    words: dict[str, Any] = {"lyrics": "la", "style": "Folk", "title": "Home", "duration": None}
    mashup = GenerateMashup([URL, OTHER], negative_tags="Metal", model=model, **words)
    assert sent(mashup)["negativeTags"] == "Metal"


@pytest.mark.parametrize("model", [*V6, "V9"])
def test_an_idea_with_a_style(model: str) -> None:
    """V6 takes both in its simple mode; before V6 the idea would be sung, and is refused."""
    styled = sent(GenerateMusic("an idea", style="Folk", model=model))
    assert (styled["customMode"], styled["prompt"], styled["style"]) == (False, "an idea", "Folk")
    with pytest.raises(InvalidRequest, match="sung word for word beside style"):
        GenerateMusic("an idea", style="Folk", title="Home", model="V5_5")
    with pytest.raises(InvalidRequest, match="sung word for word beside title"):
        GenerateMusic("an idea", title="Home", style="Folk", model=model)


@pytest.mark.parametrize("model", ["V5", *V6, "V9"])
def test_an_idea_with_lyrics(model: str) -> None:
    """Both are words to be sung, and the refusal says so rather than how to sing the idea."""
    with pytest.raises(InvalidRequest) as caught:
        GenerateMusic("an idea", lyrics="la", style="Folk", title="Home", model=model)
    (fault,) = caught.value.problems
    assert str(fault) == "prompt is sung as lyrics in custom mode: give one of the two"


def test_an_idea_has_no_duration() -> None:
    """What the simple mode does not take is refused, with what to do."""
    with pytest.raises(InvalidRequest, match="custom mode: give words as lyrics, and no prompt"):
        GenerateMusic("an idea", style="Folk", duration=60, model="V6")


LEFT_OUT: list[tuple[Any, bool]] = [
    (GenerateMusic(lyrics="la", model="V6"), True),
    (GenerateMusic(style="Folk", model=Model.V6_WILD), True),
    (UploadAndCover(URL, model="V6"), True),
    (GenerateMashup([URL, OTHER], style="Folk", model="V6"), True),
    (UploadAndExtend(URL, model="V6"), True),
    (GenerateMusic(lyrics="la", model="V6", duration=20), False),
    (GenerateMusic(lyrics="la", model="V6_MINI"), False),  # it ignores the field
    (GenerateMusic("an idea", style="Folk", model="V6"), False),  # the simple mode has none
    (GenerateMusic(lyrics="la", style="Folk", title="Home", model="V5_5"), False),
]


@pytest.mark.parametrize(("operation", "is_logged"), LEFT_OUT)
async def test_twenty_seconds_are_logged_when_submitted(
    suno: SunoClient,
    caplog: pytest.LogCaptureFixture,
    operation: TaskOperation[Any],
    is_logged: bool,
) -> None:
    """A duration left out is logged at WARNING, once, when it is submitted, and not before."""
    assert caplog.messages == []
    await suno.submit(operation, idempotency_key="tg-4711")
    name = f"{type(operation).__name__} tg-4711"
    model = getattr(operation, "model", "")
    assert caplog.messages == ([f"{name}: {SHORT.format(model)}"] if is_logged else [])
    for record in caplog.records:
        assert record.levelno == logging.WARNING
        assert vars(record)["submission_id"] == "tg-4711"


async def test_what_is_not_sent_is_not_logged(
    fake_suno: FakeSuno, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Attempts after the first, and what a journal already knows, are not logged again."""
    song = GenerateMusic(lyrics="la", model="V6")
    fake_suno.fail("bare_429", on="generate_music", times=1)
    for _ in range(2):
        async with SunoClient(
            "key", base_url=fake_suno.url, journal=tmp_path / "songs.sqlite"
        ) as suno:
            await suno.submit(song, idempotency_key="tg-4711")
    fake_suno.ledger.assert_charged(1)
    assert [line for line in caplog.messages if "20 seconds" in line] == [
        f"GenerateMusic tg-4711: {SHORT.format('V6')}"
    ]


@pytest.mark.parametrize(("model", "seconds"), [("V6", 20), ("V6_WILD", 20), ("V6_MINI", 100)])
async def test_twenty_seconds_in_the_embedded_api(model: str, seconds: float) -> None:
    """V6 makes them where nothing else is asked for; V6_MINI ignores what is."""
    async with (
        FakeSuno(song_seconds=(100, 100)) as fake,
        SunoClient("key", base_url=fake.url) as suno,
    ):
        for operation in (
            GenerateMusic(lyrics="la", model=model),
            UploadAndCover(URL, model=model),
            GenerateMashup([URL, OTHER], model=model),
        ):
            songs = await (await suno.submit(operation))
            assert [song.duration for song in songs] == pytest.approx([seconds] * 2, abs=0.1)
        asked = await (await suno.generate_music(lyrics="la", model=model, duration=60))
        wanted = 100 if model == "V6_MINI" else 60
        assert asked[0].duration == pytest.approx(wanted, abs=0.1)


@pytest.mark.parametrize("model", V6)
async def test_a_song_by_v6_and_on(suno: SunoClient, model: str) -> None:
    """A song, its extension from the track, and one from an upload, are made."""
    (first, _) = await (await suno.generate_music(lyrics="la", model=model, duration=60))
    longer = await (await suno.extend_music(first, lyrics="and on", continue_at=30, duration=60))
    assert [one.model for one in longer] == [model, model]
    assert {one.parent_music_id for one in longer} == {first.id}
    again = await (await suno.upload_and_extend(URL, lyrics="and on", model=model, duration=60))
    assert [one.prompt for one in again] == ["and on", "and on"]


@pytest.mark.parametrize("name", ["ExtendMusic", "UploadAndExtend"])
def test_an_extension_is_written_down_and_read_again(name: str) -> None:
    """All that V6 takes is kept in a journal."""
    fields: dict[str, Any] = {"lyrics": "la", "duration": 60, "variety": 2, "model": "V6"}
    source: dict[str, Any] = {"upload_url": URL}
    if name == "ExtendMusic":
        source = {"audio_id": "a1", "task_id": "t1"}
    operation = OPERATIONS[name](**source, **fields)
    written = operation_to_dict(operation)
    assert written == source | fields
    assert operation_from_dict(name, written) == operation
