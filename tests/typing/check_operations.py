# pyright: strict, reportUnnecessaryTypeIgnoreComment=true
"""What checkers infer for every operation; never run: mypy and pyright read it in the gate.

Each method is called rightly, with the objects that it takes and the type that it gives, and
wrongly, where a checker that finds no fault finds an unnecessary `type: ignore` instead.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, assert_type

from suno_async import (
    CoverImages,
    GenerateLyrics,
    GenerateMusic,
    GetCredits,
    GetTimestampedLyrics,
    Lyrics,
    Midi,
    Model,
    MusicVideo,
    Outcome,
    Persona,
    RecoveredAudio,
    SeparateVocals,
    Stems,
    StyleBoost,
    SunoClient,
    Task,
    TimestampedLyrics,
    Track,
    UploadedFile,
    Voice,
    VoicePhrase,
    WavFile,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

Songs = Task[tuple[Track, ...]]


async def makes_songs(suno: SunoClient, persona: Persona, voice: Voice, file: UploadedFile) -> None:
    """Songs from ideas, words and pictures."""
    assert_type(await suno.generate_music("an idea"), Songs)
    assert_type(
        await suno.generate_music(prompt="an idea", model=Model.V6, image_urls=[file]), Songs
    )
    assert_type(
        await suno.generate_music(
            lyrics="la",
            style="Folk",
            title="Home",
            instrumental=False,
            model="V9",
            custom_mode=True,
            negative_tags="Metal",
            vocal_gender="f",
            style_weight=0.65,
            weirdness_constraint=1,
            audio_weight=0.5,
            persona_id=persona,
            persona_model="style_persona",
            duration=60,
            variety=2,
            callback_url="https://me.example/",
        ),
        Songs,
    )
    await suno.generate_music(persona_id=voice)
    await suno.generate_music(persona_id="p")
    await suno.generate_music(5)  # type: ignore[arg-type]
    await suno.generate_music("x", "y")  # type: ignore[call-arg]
    await suno.generate_music("x", vocal_gender="x")  # type: ignore[arg-type]
    await suno.generate_music("x", persona_id=file)  # type: ignore[arg-type]
    await suno.generate_music("x", duration=0.5)  # type: ignore[arg-type]
    await suno.generate_music("x", nonsense=1)  # type: ignore[call-arg]
    assert_type(await suno.generate_music("an idea", idempotency_key="tg-4711"), Songs)
    await suno.generate_music("x", idempotency_key=4711)  # type: ignore[arg-type]
    await suno.generate_music("x", image_urls=[1])  # type: ignore[list-item]


async def carries_on(suno: SunoClient, track: Track, file: UploadedFile, stems: Stems) -> None:
    """Songs from songs."""
    assert_type(await suno.extend_music(track), Songs)
    assert_type(await suno.extend_music("a1", continue_at=60.5, prompt="la", style="x"), Songs)
    await suno.extend_music(track, title="x", default_param_flag=True, instrumental=True)
    await suno.extend_music()  # type: ignore[call-arg]
    await suno.extend_music(stems)  # type: ignore[arg-type]
    await suno.extend_music(track, continue_at="60")  # type: ignore[arg-type]
    assert_type(await suno.upload_and_extend(file, continue_at=9), Songs)
    assert_type(await suno.upload_and_extend("https://x/a.mp3"), Songs)
    await suno.upload_and_extend(track)  # type: ignore[arg-type]
    assert_type(await suno.upload_and_cover(file, prompt="jazz"), Songs)
    await suno.upload_and_cover(prompt="jazz")  # type: ignore[call-arg]
    assert_type(await suno.add_instrumental(file, title="x", negative_tags="x", tags="x"), Songs)
    await suno.add_instrumental(file, title="x")  # type: ignore[call-arg]
    assert_type(
        await suno.add_vocals(file, title="x", negative_tags="x", style="x", prompt="la"), Songs
    )
    await suno.add_vocals(file, title="x", negative_tags="x", tags="x")  # type: ignore[call-arg]
    assert_type(await suno.generate_mashup([file, "https://x/a.mp3"], prompt="both"), Songs)
    await suno.generate_mashup([track, track])  # type: ignore[list-item]
    assert_type(
        await suno.generate_sounds("rain", sound_loop=True, sound_tempo=90, sound_key="F#m"), Songs
    )
    assert_type(await suno.generate_sounds("rain", sound_key="H", extra={"x": 1}), Songs)
    await suno.generate_sounds("rain", sound_key=1)  # type: ignore[arg-type]
    await suno.generate_sounds("rain", extra=[1])  # type: ignore[arg-type]


async def replaces(suno: SunoClient, track: Track, file: UploadedFile) -> None:
    """A section made anew, of a track or of an upload."""
    assert_type(
        await suno.replace_section(
            track,
            prompt="la",
            tags="x",
            title="x",
            full_lyrics="la la",
            infill_start_s=1,
            infill_end_s=20.5,
        ),
        Songs,
    )
    await suno.replace_section(
        upload_url=file,
        model=Model.V5,
        prompt="la",
        tags="x",
        title="x",
        full_lyrics="la la",
        infill_start_s=1,
        infill_end_s=20.5,
    )
    await suno.replace_section(track, prompt="la")  # type: ignore[call-arg]


async def takes_apart(suno: SunoClient, songs: Songs, track: Track, stems: Stems) -> None:
    """What is made of a track."""
    assert_type(await suno.convert_to_wav(track), Task[WavFile])
    assert_type(await (await suno.convert_to_wav(track)), WavFile)
    await suno.convert_to_wav("a1", task_id=songs)
    await suno.convert_to_wav(songs)  # type: ignore[arg-type]
    await suno.convert_to_wav(None)  # type: ignore[arg-type]
    assert_type(await suno.separate_vocals(track, type="split_stem"), Task[Stems])
    assert_type(await suno.separate_vocals(audio_url="https://x/a.mp3"), Task[Stems])
    await suno.separate_vocals(track, type="all")
    await suno.separate_vocals(track, type=1)  # type: ignore[arg-type]
    assert_type(await suno.generate_midi(stems, audio_id=stems.origin_data[0]), Task[Midi])
    await suno.generate_midi(await suno.separate_vocals(track), audio_id="s1")
    await suno.generate_midi()  # type: ignore[call-arg]
    assert_type(await suno.create_music_video(track, author="x"), Task[MusicVideo])
    await suno.create_music_video(track, author=1)  # type: ignore[arg-type]
    assert_type(await suno.generate_cover_images(songs), Task[CoverImages])
    await suno.generate_cover_images(await songs)
    await suno.generate_cover_images(track)
    await suno.generate_cover_images([1])  # type: ignore[list-item]
    assert_type(await suno.recover_audio(await songs), Task[tuple[RecoveredAudio, ...]])
    await suno.recover_audio(7)  # type: ignore[arg-type]


async def tells(suno: SunoClient, track: Track) -> None:
    """Words, styles, the account."""
    assert_type(await suno.generate_lyrics("the sea"), Task[tuple[Lyrics, ...]])
    await suno.generate_lyrics()  # type: ignore[call-arg]
    assert_type(await suno.get_timestamped_lyrics(track), TimestampedLyrics)
    assert_type(await suno.get_timestamped_lyrics(task_id="t", music_index=0), TimestampedLyrics)
    await suno.get_timestamped_lyrics(track, music_index="0")  # type: ignore[arg-type]
    assert_type(await suno.boost_style("pop"), StyleBoost)
    await suno.boost_style(style="pop")  # type: ignore[call-arg]
    assert_type(await suno.get_credits(), float)
    await suno.get_credits("x")  # type: ignore[call-arg, arg-type]
    await suno.get_credits(idempotency_key="x")  # type: ignore[call-arg]


async def makes_voices(
    suno: SunoClient, track: Track, file: UploadedFile, phrase: VoicePhrase, voice: Voice
) -> None:
    """Personas and voices."""
    assert_type(await suno.generate_persona(track, name="x", description="x"), Persona)
    await suno.generate_persona(track, name="x")  # type: ignore[call-arg]
    validating = assert_type(
        await suno.validate_voice(file, vocal_start_s=0, vocal_end_s=9, language="en"),
        Task[VoicePhrase],
    )
    await suno.validate_voice(file, vocal_start_s=0, vocal_end_s=9.5)  # type: ignore[arg-type]
    assert_type(await suno.regenerate_voice_phrase(validating), Task[VoicePhrase])
    await suno.regenerate_voice_phrase(file)  # type: ignore[arg-type]
    generating = assert_type(
        await suno.generate_voice(phrase, verify_url=file, singer_skill_level="professional"),
        Task[Voice],
    )
    await suno.generate_voice(phrase)  # type: ignore[call-arg]
    assert_type(await suno.check_voice(voice), bool)
    await suno.check_voice(generating)
    await suno.check_voice(1)  # type: ignore[arg-type]


async def uploads(suno: SunoClient, source: AsyncIterator[bytes]) -> None:
    """Files from everywhere."""
    assert_type(await suno.upload_file("song.mp3"), UploadedFile)
    await suno.upload_file(Path("song.mp3"), upload_path="x", file_name="x.mp3")
    await suno.upload_file(b"abc")
    await suno.upload_file(bytearray(b"abc"))
    await suno.upload_file(source)
    await suno.upload_file(1)  # type: ignore[arg-type]
    await suno.upload_file([b"abc"])  # type: ignore[arg-type]


async def downloads(
    suno: SunoClient,
    songs: Songs,
    track: Track,
    stems: Stems,
    outcome: Outcome[GenerateMusic],
) -> None:
    """One thing is one path; several are several."""
    assert_type(await suno.download(track), Path)
    assert_type(await suno.download("https://x/a.mp3", "songs/", _tell), Path)
    assert_type(await suno.download(await (await suno.convert_to_wav(track)), Path("x.wav")), Path)
    assert_type(await suno.download(await songs, "songs/", sidecar=True), tuple[Path, ...])
    assert_type(await suno.download(stems), tuple[Path, ...])
    assert_type(await suno.download([track, track], image=True, lyrics=True), tuple[Path, ...])
    assert_type(await suno.download((track, "https://x/a.mp3", stems)), tuple[Path, ...])
    assert_type(await suno.download(["https://x/a.mp3"]), tuple[Path, ...])
    assert_type(await suno.download(outcome), tuple[Path, ...])
    await suno.download(songs)  # type: ignore[call-overload]
    await suno.download(7)  # type: ignore[call-overload]
    await suno.download([7])  # type: ignore[type-var]
    await suno.download(track, ".", _tell, _tell)  # type: ignore[call-overload]


def _tell(done: int, total: int | None) -> None:
    """What is called with the progress of a download."""


async def by_class(suno: SunoClient, track: Track) -> None:
    """The same by the operations' classes."""
    assert_type(await suno.submit(SeparateVocals(track)), Task[Stems])
    assert_type(await suno.call(GetTimestampedLyrics(track)), TimestampedLyrics)
    assert_type(suno.task("t1", SeparateVocals), Task[Stems])
    await suno.submit(GetCredits())  # type: ignore[arg-type]
    await suno.call(GenerateLyrics("x"))  # type: ignore[arg-type]
    assert_type(SeparateVocals(track).audio_id, str | None)
    SeparateVocals(track).type = "split_stem"  # type: ignore[misc]
