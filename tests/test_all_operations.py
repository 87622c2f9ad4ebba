"""Every operation against the embedded API, over real sockets on virtual time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from shapes import as_in_the_quick_start, as_printed, with_http_errors, with_late_records

from suno_async import (
    InvalidRequest,
    Model,
    Stage,
    SunoClient,
    Task,
    TaskFailed,
    Track,
)
from suno_async._wire.bodies import operation_to_dict
from suno_async._wire.records import answer_of
from suno_async.errors import Conflict
from suno_async.operations import OPERATIONS, BoostStyle, TaskOperation
from suno_async.operations._kinds import KINDS
from suno_async.testing import FakeSuno

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

URL, OTHER_URL = "https://files.example/a.mp3", "https://files.example/b.mp3"
CUSTOM: dict[str, Any] = {"lyrics": "la la", "style": "Folk", "title": "Home"}
SECTION = {"prompt": "la", "tags": "Folk", "title": "Home", "full_lyrics": "la la"}
PART: Mapping[str, Any] = {**SECTION, "infill_start_s": 10, "infill_end_s": 25.5}
ADD = {"title": "Home", "negative_tags": "Metal"}
SONGS: list[tuple[str, Any, dict[str, Any]]] = [
    ("generate_music", "the sea", {}),
    ("generate_music", None, {**CUSTOM, "vocal_gender": "f", "style_weight": 0.65}),
    ("generate_music", None, {**CUSTOM, "model": "V6", "variety": 3, "duration": 30}),
    ("generate_music", "this", {"model": "V6", "image_urls": [URL], "audio_urls": [OTHER_URL]}),
    ("upload_and_cover", URL, {"prompt": "smooth jazz"}),
    ("upload_and_cover", URL, CUSTOM),
    ("upload_and_cover", URL, {**CUSTOM, "model": Model.V6_WILD}),
    ("upload_and_extend", URL, {}),
    ("upload_and_extend", URL, {"continue_at": 9, "style": "x", "title": "x", "prompt": "la"}),
    ("add_instrumental", URL, {**ADD, "tags": "Folk"}),
    ("add_vocals", URL, {**ADD, "style": "Folk", "prompt": "la"}),
    ("add_vocals", URL, {**ADD, "style": "Folk", "lyrics": "la"}),
    ("add_vocals", URL, {**ADD, "style": "Folk", "lyrics": "la", "model": "V6"}),
    ("replace_section", None, {**PART, "upload_url": URL}),
    ("generate_mashup", [URL, OTHER_URL], {"prompt": "both"}),
    ("generate_mashup", [URL, OTHER_URL], {**CUSTOM, "model": "V6_MINI"}),
    ("generate_sounds", "rain", {"sound_loop": True, "sound_tempo": 90, "sound_key": "F#m"}),
]


@pytest.mark.parametrize(("method", "first", "fields"), SONGS)
async def test_songs(
    suno: SunoClient, fake_suno: FakeSuno, method: str, first: Any, fields: dict[str, Any]
) -> None:
    """Each way to make songs is accepted and ends in two tracks that know task and model."""
    given = () if first is None else (first,)
    task: Task[tuple[Track, ...]] = await getattr(suno, method)(*given, **fields)
    tracks = await task
    assert [track.is_ready for track in tracks] == [True, True]
    assert {track.task_id for track in tracks} == {task.id}
    assert {track.model for track in tracks} == {str(fields.get("model", "V5"))}
    assert fake_suno.tasks.keys() == {task.id}


async def song(suno: SunoClient) -> tuple[Track, ...]:
    """Two finished tracks."""
    return await (await suno.generate_music("the sea", model="V4_5"))


async def test_a_track_carried_on_and_changed(suno: SunoClient) -> None:
    """Extending keeps the track's model and says whom it extends; a section is made anew."""
    track, _ = await song(suno)
    again = await (await suno.extend_music(track, continue_at=60, prompt="and on"))
    assert [one.model for one in again] == ["V4_5", "V4_5"]
    assert {one.parent_music_id for one in again} == {track.id}
    assert {one.title for one in again} == {track.title}
    assert (await (await suno.extend_music(track)))[0].operation_type == "extend"
    changed = await (await suno.replace_section(track, **PART))
    assert [one.model for one in changed] == ["V4_5", "V4_5"]
    with pytest.raises(InvalidRequest, match="prompt is required"):
        await suno.extend_music(track, continue_at=60)


async def test_stems_and_notes(suno: SunoClient, fake_suno: FakeSuno) -> None:
    """The three ways to take a song apart, and the notes of the stems."""
    track, _ = await song(suno)
    voice = await (await suno.separate_vocals(track))
    assert voice.urls.keys() == {"vocal", "instrumental"}
    assert (voice.music_id, voice.music_index) == (track.id, 0)
    task = await suno.separate_vocals(track, type="split_stem")
    stems = await task
    assert len(stems.urls) == len(stems.origin_data) == 12
    kick = await (await suno.separate_vocals(track, type="split_stem_advanced", stem_name="Kick"))
    assert kick.is_ready
    assert (await (await suno.separate_vocals(audio_url=URL))).is_ready
    for source in (task, stems):
        midi = await (await suno.generate_midi(source, audio_id=stems.origin_data[3]))
        assert midi.instruments[0].notes
        assert midi.audio_id == stems.origin_data[3].id
    fake_suno.script(empty=True)
    assert (await (await suno.generate_midi(task.id))).instruments == ()


async def test_files_of_a_track(suno: SunoClient) -> None:
    """WAV, video, cover images and recovered audio of a song."""
    task = await suno.generate_music("the sea")
    track, other = tracks = await task
    assert (await (await suno.convert_to_wav(other))).music_index == 1
    video = await (await suno.create_music_video(track, author="Mia", domain_name="mia.example"))
    assert video.video_url
    images = await (await suno.generate_cover_images(task))
    assert len(images.images) == 2
    assert images.parent_task_id == task.id
    for source in (task, tracks, track, task.id):
        recovered = await (await suno.recover_audio(source))
        assert [one.id for one in recovered] == [track.id, other.id]
        assert all(one.is_ready for one in recovered)


async def test_what_is_made_once_names_the_earlier_task(suno: SunoClient) -> None:
    """A second WAV or cover is a Conflict; where the answer carries the first task, so does it."""
    track, _ = await song(suno)
    await suno.convert_to_wav(track)
    with pytest.raises(Conflict):
        await suno.convert_to_wav(track)
    first = await suno.generate_cover_images(track)
    with pytest.raises(Conflict) as caught:
        await suno.generate_cover_images(track)
    assert (caught.value.token, caught.value.kind) == (first.token, "images")


async def test_words(suno: SunoClient) -> None:
    """Lyrics, the time of each word, and a style at more length."""
    lyrics = await (await suno.generate_lyrics("the sea"))
    assert [words.is_ready for words in lyrics] == [True, True]
    assert lyrics[0].task_id
    track, other = await song(suno)
    timed = await suno.get_timestamped_lyrics(track)
    assert timed.aligned_words[0].word.startswith("[Verse]\n")
    assert timed.aligned_words[-1].end_s is not None
    assert timed.aligned_words[-1].end_s <= (track.duration or 0)
    by_place = await suno.get_timestamped_lyrics(task_id=other, music_index=1)
    assert by_place.waveform_data
    assert by_place.is_streamed is False
    style = await suno.boost_style("pop")
    assert style.result is not None
    assert style.credits_remaining == await suno.get_credits()


def test_a_boost_that_failed_is_raised() -> None:
    """A style's own flag of failure is an error, as a record's would be."""
    data = {"successFlag": "2", "errorCode": 500, "errorMessage": "no luck", "result": None}
    with pytest.raises(TaskFailed, match="The style task failed: no luck") as caught:
        answer_of(BoostStyle("pop"), {"code": 200, "data": data})
    assert (caught.value.code, caught.value.status) == (500, "2")


async def test_a_voice_from_recording_to_song(suno: SunoClient, fake_suno: FakeSuno) -> None:
    """Validate, sing the phrase, generate, check, and sing with it; a persona likewise."""
    recording = await suno.upload_file(b"RIFF....WAVE", file_name="me.wav")
    validating = await suno.validate_voice(recording, vocal_start_s=0, vocal_end_s=12)
    phrase = await validating
    assert (phrase.status, phrase.is_ready) == ("wait_validating", True)
    again = await (await suno.regenerate_voice_phrase(phrase))
    assert again.validate_info
    task = await suno.generate_voice(phrase, verify_url=recording, voice_name="Me")
    assert not await suno.check_voice(task)
    voice = await task
    assert await suno.check_voice(voice)
    track, _ = await (await suno.generate_music(**CUSTOM, persona_id=voice))
    body = fake_suno.ledger.of("generate-music")[-1].body
    assert (body["personaId"], body["personaModel"]) == (voice.voice_id, "voice_persona")
    persona = await suno.generate_persona(track, name="Mia", description="warm")
    assert (persona.name, persona.description) == ("Mia", "warm")
    await (await suno.generate_music(**CUSTOM, persona_id=persona))
    with pytest.raises(Conflict):
        await suno.generate_persona(track, name="Mia", description="warm")


async def one_of_each(suno: SunoClient, fake: FakeSuno, **script: Any) -> dict[str, Task[Any]]:
    """A task of each kind; what they work on is finished, they follow the script."""
    track, _ = await song(suno)
    stems = await (await suno.separate_vocals(track))
    phrase = await (await suno.validate_voice(URL, vocal_start_s=0, vocal_end_s=9))
    if script:
        fake.script(times=10, **script)
    return {
        task.kind: task
        for task in (
            await suno.generate_music("the sea"),
            await suno.generate_lyrics("the sea"),
            await suno.convert_to_wav(track),
            await suno.separate_vocals(track),
            await suno.generate_midi(stems),
            await suno.create_music_video(track),
            await suno.generate_cover_images(track),
            await suno.validate_voice(URL, vocal_start_s=0, vocal_end_s=9),
            await suno.generate_voice(phrase, verify_url=URL),
            await suno.recover_audio(track),
        )
    }


async def test_every_kind_fails_in_its_own_way(suno: SunoClient, fake_suno: FakeSuno) -> None:
    """The failure of each kind, by its own words, flags and codes, ends its task."""
    tasks = await one_of_each(suno, fake_suno, fail_at=5, error_message="no luck")
    assert tasks.keys() == KINDS.keys()
    for kind, task in tasks.items():
        with pytest.raises(TaskFailed, match="no luck") as caught:
            await task
        assert (caught.value.kind, caught.value.token) == (kind, task.token)
        assert caught.value.code == (501 if kind == "images" else 500)


@pytest.mark.parametrize(
    "oddity",
    [
        lambda: FakeSuno(unreachable="CALLBACK_EXCEPTION"),
        lambda: as_printed(FakeSuno()),
        lambda: with_http_errors(FakeSuno()),
        lambda: with_late_records(FakeSuno(), 10.0),
    ],
    ids=("undelivered", "printed", "http_errors", "late"),
)
async def test_every_kind_completes_whatever_the_shape(oddity: Callable[[], FakeSuno]) -> None:
    """Undelivered callbacks, printed shapes, HTTP codes and late records change nothing."""
    async with oddity() as fake, SunoClient("key", base_url=fake.url) as suno:
        for task in (await one_of_each(suno, fake)).values():
            await task
            assert task.stage is Stage.COMPLETE


async def test_every_kind_is_picked_up_again(fake_suno: FakeSuno, tmp_path: Path) -> None:
    """A journal gives the tasks of all kinds back, with what was asked for and what is made."""
    path = tmp_path / "suno.sqlite"
    async with SunoClient("key", base_url=fake_suno.url, journal=path) as suno:
        begun = await one_of_each(suno, fake_suno)
    async with SunoClient("key", base_url=fake_suno.url, journal=path) as suno:
        again = {task.token: task for task in await suno.unfinished()}
        for task in begun.values():
            found = again[task.token]
            assert found.operation is not None
            assert task.operation is not None
            assert operation_to_dict(found.operation) == operation_to_dict(task.operation)
            await found
            assert found.stage is Stage.COMPLETE


async def test_the_quick_starts_records_of_other_kinds() -> None:
    """One shape for all kinds, with `vocal_removal_info` in the record, reads the same."""
    async with (
        as_in_the_quick_start(FakeSuno()) as fake,
        SunoClient("key", base_url=fake.url) as suno,
    ):
        track, _ = await song(suno)
        assert (await (await suno.separate_vocals(track))).urls.keys() == {"vocal", "instrumental"}
        assert (await (await suno.convert_to_wav(track))).is_ready
        assert (await (await suno.create_music_video(track))).is_ready
        assert (await (await suno.generate_cover_images(track))).is_ready
        fake.script(fail_at=5, error_message="no luck")
        with pytest.raises(TaskFailed, match="no luck"):
            await (await suno.separate_vocals(track))


async def test_a_recovery_that_brings_one_back(suno: SunoClient, fake_suno: FakeSuno) -> None:
    """With one track lost it is complete, with both it has failed, and says why."""
    track, _ = await song(suno)
    fake_suno.script(partial=1)
    back, lost = await (await suno.recover_audio(track))
    assert (back.is_ready, lost.is_ready, lost.error) == (True, False, "clip_not_complete")
    fake_suno.script(fail_at=5)
    with pytest.raises(TaskFailed) as caught:
        await (await suno.recover_audio(track))
    assert caught.value.status is None
    assert [one.error for one in caught.value.partial_result] == ["clip_not_complete"] * 2


def test_every_operation_has_its_method() -> None:
    """Each operation has a method of its name; uploads share `upload_file`."""
    for name, cls in OPERATIONS.items():
        if name.startswith("Upload") and not name.startswith("UploadAnd"):
            continue
        snake = "".join(f"_{one.lower()}" if one.isupper() else one for one in name).strip("_")
        assert hasattr(SunoClient, snake)
        assert cls._costs is (name not in {"GetCredits", "CheckVoice"})
    kinds = {cls._kind.name for cls in OPERATIONS.values() if issubclass(cls, TaskOperation)}
    assert kinds == KINDS.keys()
