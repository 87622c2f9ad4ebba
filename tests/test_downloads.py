"""Downloads as they are used: of every result, of many, with what belongs to a song."""

from __future__ import annotations

import asyncio
import json
import logging
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from aiohttp import web
from file_host import OTHER, SONG, FileHost, hosting

from suno_async import (
    ConfigurationError,
    CoverImages,
    DownloadFailed,
    GenerateMusic,
    RecoveredAudio,
    SeparateVocals,
    Stem,
    StemAudio,
    Stems,
    SunoClient,
    Track,
    UploadedFile,
    WavFile,
)
from suno_async._downloads.downloads import AT_ONCE

if TYPE_CHECKING:
    from pathlib import Path

    from suno_async.testing import FakeSuno


def names(directory: Path) -> list[str]:
    """The files there."""
    return sorted(path.name for path in directory.iterdir())


async def a_song(suno: SunoClient) -> tuple[Track, ...]:
    """Two songs of one task."""
    return await (await suno.generate_music("the sea"))


async def test_both_songs_at_once(suno: SunoClient, tmp_path: Path) -> None:
    """What `await task` gives is downloaded as it is, in its order."""
    tracks = await a_song(suno)
    paths = await suno.download(tracks, tmp_path)
    assert [path.name for path in paths] == [f"{one.title} [{one.id[:8]}].mp3" for one in tracks]
    assert names(tmp_path) == sorted(path.name for path in paths)


async def test_a_whole_file_is_not_fetched_again(
    suno: SunoClient, fake_suno: FakeSuno, tmp_path: Path
) -> None:
    """Its name holds its id; one that was given a path is fetched each time."""
    (track, _) = await a_song(suno)
    reported = list[tuple[int, int | None]]()

    def note(done: int, total: int | None) -> None:
        reported.append((done, total))

    path = await suno.download(track, tmp_path)
    assert await suno.download(track, tmp_path, note) == path
    assert reported == [(path.stat().st_size, path.stat().st_size)]
    assert len(fake_suno.ledger.downloads) == 1
    for _ in range(2):
        await suno.download(track, tmp_path / "mine.mp3")
    assert len(fake_suno.ledger.downloads) == 3
    path.write_bytes(b"")  # nobody's whole file
    assert (await suno.download(track, tmp_path)).stat().st_size > 100_000


async def test_what_is_made_of_a_song(suno: SunoClient, tmp_path: Path) -> None:
    """WAV, video, stems and images are fetched, each under a name with its id."""
    song = await suno.generate_music("the sea")
    (track, _) = await song
    made = await asyncio.gather(
        *await asyncio.gather(
            suno.convert_to_wav(track),
            suno.create_music_video(track),
            suno.separate_vocals(track),
            suno.generate_cover_images(song),
        )
    )
    wav, video, stems, images = made
    one = track.id[:8]
    assert (await suno.download(wav, tmp_path)).name == f"Song [{one}].wav"
    assert (await suno.download(video, tmp_path)).name == f"Video [{one}].mp4"
    separated, pictured = str(stems.task_id)[:8], str(images.task_id)[:8]
    assert [path.name for path in await suno.download(stems, tmp_path)] == [
        f"Vocal [{separated}].mp3",
        f"Instrumental [{separated}].mp3",
    ]
    assert [path.name for path in await suno.download(images, tmp_path)] == [
        f"Cover 1 [{pictured}].png",
        f"Cover 2 [{pictured}].png",
    ]
    everything: tuple[Any, ...] = (track, *made)
    assert len(await suno.download(everything, tmp_path / "all")) == 7


@pytest.mark.parametrize("operation", ["WavFile", "MusicVideo", "Stems", "CoverImages"])
async def test_links_of_every_kind_are_renewed(
    suno: SunoClient, fake_suno: FakeSuno, tmp_path: Path, operation: str
) -> None:
    """The result says which record to poll, and which of its files it was."""
    song = await suno.generate_music("the sea")
    (track, _) = await song
    make: dict[str, Any] = {
        "WavFile": lambda: suno.convert_to_wav(track),
        "MusicVideo": lambda: suno.create_music_video(track),
        "Stems": lambda: suno.submit(SeparateVocals(track, type="split_stem")),
        "CoverImages": lambda: suno.generate_cover_images(song),
    }
    task = await make[operation]()
    result = await task
    before = await suno.download([result], tmp_path / "before")
    fake_suno.expire(task.id)
    after = await suno.download([result], tmp_path / "after")
    assert [path.name for path in before] == [path.name for path in after]
    assert [path.read_bytes() for path in before] == [path.read_bytes() for path in after]


def test_stems_have_each_file_once() -> None:
    """What stands in both places is one file; the advanced type has only the other place."""
    both = Stems(
        task_id="t" * 32,
        vocal_url="https://x/v.mp3",
        origin_url="https://x/o.mp3",
        origin_data=(
            Stem(audio_url="https://x/v.mp3", stem_type_group_name="Vocals"),
            Stem(audio_url="https://x/d.mp3", stem_type_group_name="Drums"),
        ),
    )
    assert [(one.title, one.url) for one in both.files] == [
        ("Vocal", "https://x/v.mp3"),
        ("Drums", "https://x/d.mp3"),
    ]
    advanced = Stem(
        stem_type_group_name="Guitar",
        extract=StemAudio(audio_url="https://x/e.mp3"),
        remove=StemAudio(audio_url="https://x/r.mp3"),
    )
    assert [one.title for one in Stems(origin_data=(advanced,)).files] == [
        "Guitar alone",
        "No Guitar",
    ]


async def test_urls_uploads_and_recovered_audio(suno: SunoClient, tmp_path: Path) -> None:
    """Each is fetched under the name that it has."""
    async with hosting() as host:
        base = host.url.removesuffix("/song.mp3")
        things = (
            f"{base}/My%20Song.mp3?x=1",
            f"{base}/no-suffix",
            f"{base}/..%2F..%2Fup.wav",
            UploadedFile(download_url=f"{base}/x", file_name="voice memo.mp3"),
            RecoveredAudio(id="0123456789", title="Back", audio_url=f"{base}/b.m4a"),
        )
        paths = await suno.download(things, tmp_path / "here")
        assert [path.name for path in paths] == [
            "My Song.mp3",
            "no-suffix",
            "up.wav",
            "voice memo.mp3",
            "Back [01234567].m4a",
        ]
        assert len(names(tmp_path / "here")) == 5
        assert names(tmp_path) == ["here"]


async def test_a_target_is_a_directory_or_a_path(suno: SunoClient, tmp_path: Path) -> None:
    """A suffix makes a path, unless a directory has it, or a slash says that one shall."""
    (tmp_path / "album.v1").mkdir()
    async with hosting() as host:
        for target, path in (
            (tmp_path / "new" / "deep", "new/deep/song.mp3"),
            (tmp_path / "x.mp3", "x.mp3"),
            (tmp_path / "album.v1", "album.v1/song.mp3"),
            (f"{tmp_path}/album.v2/", "album.v2/song.mp3"),
        ):
            assert await suno.download(host.url, target) == tmp_path / path
        (path2,) = await suno.download([host.url], tmp_path / "album.v3")
        assert path2 == tmp_path / "album.v3" / "song.mp3"


async def test_what_has_no_files_is_refused(suno: SunoClient, tmp_path: Path) -> None:
    """A task, notes, a path: each says what can be downloaded."""
    task = await suno.generate_music("the sea")
    with pytest.raises(ConfigurationError, match="not Task: await it first"):
        await suno.download(task, tmp_path)  # type: ignore[call-overload]
    with pytest.raises(ConfigurationError, match="not int"):
        await suno.download([1], tmp_path)  # type: ignore[type-var]
    with pytest.raises(ConfigurationError, match=r"http and https URLs, not 'songs/a\.mp3'"):
        await suno.download("songs/a.mp3", tmp_path)
    assert await suno.download((), tmp_path) == ()


async def test_what_is_not_there_yet(suno: SunoClient, fake_suno: FakeSuno, tmp_path: Path) -> None:
    """It says so, with the token of the task."""
    fake_suno.script(audio=False)
    task = await suno.generate_music("the sea")
    (track, _) = await task
    for what in (track, [track], WavFile(task_id="w1"), CoverImages(), Stems()):
        with pytest.raises(DownloadFailed, match="no file yet") as caught:
            await suno.download(what, tmp_path)
        token = task.token if what in (track, [track]) else None
        assert caught.value.token == ("wav:w1" if isinstance(what, WavFile) else token)
    assert names(tmp_path) == []


# --- what belongs to a song --------------------------------------------------------------------


async def test_a_song_with_all_that_belongs_to_it(suno: SunoClient, tmp_path: Path) -> None:
    """Image, words and what made it lie beside the audio, under its name."""
    task = await suno.generate_music(
        lyrics="la", style="Folk", title="Home", callback_url="https://me.example/secret"
    )
    (track, _) = await task
    path = await suno.download(track, tmp_path, image=True, lyrics=True, sidecar=True)
    stem = path.name.removesuffix(".mp3")
    assert names(tmp_path) == [f"{stem}{suffix}" for suffix in (".jpeg", ".json", ".mp3", ".txt")]
    assert path.with_suffix(".txt").read_text(encoding="utf-8").strip() == track.prompt
    assert path.with_suffix(".jpeg").read_bytes().startswith(b"\xff\xd8")
    written = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
    assert written["task"] == task.token
    assert written["file"] == path.name
    assert written["request"] == {
        "operation": "GenerateMusic",
        "lyrics": "la",
        "style": "Folk",
        "title": "Home",
    }
    assert written["track"] == track.to_dict()
    mine = await suno.download(track, tmp_path / "mine.mp3", sidecar=True)
    assert mine.with_suffix(".json").exists()


@pytest.mark.parametrize("suffix", [".jpeg", ".txt", ".json"])
async def test_nothing_takes_the_place_of_the_song(
    suno: SunoClient, tmp_path: Path, suffix: str
) -> None:
    """A song that was given the suffix of what is wanted beside it stays as it is."""
    track = (await (await suno.generate_music("x")))[0]
    alone = await suno.download(track, tmp_path / "alone.mp3")
    target = tmp_path / f"song{suffix}"
    with pytest.raises(ConfigurationError, match="give it another suffix"):
        await suno.download(track, target, image=True, lyrics=True, sidecar=True)
    assert target.read_bytes() == alone.read_bytes()


async def test_a_sidecar_keeps_no_secrets(suno: SunoClient, tmp_path: Path) -> None:
    """Signatures of links and passwords in them are left out, wherever they stand."""
    async with hosting() as host:
        link = f"{host.url}?signature=hush"
        track = Track(id="t1", audio_url=link, title="Sea", prompt="la https://la", image_url=link)
        path = await suno.download(track, tmp_path, sidecar=True)
    text = path.with_suffix(".json").read_text()
    assert "hush" not in text
    assert json.loads(text)["track"]["audio_url"] == host.url
    assert json.loads(text)["track"]["prompt"] == "la https://la"
    assert json.loads(text)["request"] is json.loads(text)["task"] is None


async def test_the_journal_knows_what_made_a_song(fake_suno: FakeSuno, tmp_path: Path) -> None:
    """In another process, whose task is nobody's any more, the sidecar is the same."""
    given: dict[str, Any] = {"base_url": fake_suno.url, "journal": tmp_path / "songs.sqlite"}
    async with SunoClient("key", **given) as suno:
        (track, _) = await (await suno.generate_music("the sea"))
    async with SunoClient("key", **given) as suno:
        path = await suno.download(track, tmp_path / "songs", sidecar=True)
    written = json.loads(path.with_suffix(".json").read_text())
    assert written["request"] == {"operation": "GenerateMusic", "prompt": "the sea"}


async def test_what_a_track_does_not_have_is_left_out(suno: SunoClient, tmp_path: Path) -> None:
    """No image and no words are no failure."""
    async with hosting() as host:
        track = Track(id="t1", audio_url=host.url, title="Sea")
        await suno.download(track, tmp_path, image=True, lyrics=True)
    assert names(tmp_path) == ["Sea [t1].mp3"]


async def test_outcomes_of_a_batch(suno: SunoClient, fake_suno: FakeSuno, tmp_path: Path) -> None:
    """An outcome is downloaded as it is; the error of one that failed is raised."""
    fake_suno.script("generate-music", status="GENERATE_AUDIO_FAILED")
    failed = 0
    async for outcome in suno.batch([GenerateMusic("rain"), GenerateMusic("sun")]):
        if outcome.error is None:
            paths = await suno.download(outcome, tmp_path, sidecar=True)
            assert len(paths) == 2
            written = json.loads(paths[0].with_suffix(".json").read_text())
            assert written["request"]["prompt"] == outcome.request.prompt
        else:
            failed += 1
            with pytest.raises(type(outcome.error)):
                await suno.download(outcome, tmp_path)
    assert failed == 1
    assert len(names(tmp_path)) == 4


# --- many --------------------------------------------------------------------------------------


async def test_not_all_at_one_time(suno: SunoClient, tmp_path: Path) -> None:
    """A client fetches only so many files at once, for all callers, and all of them in the end."""
    now = most = 0

    async def answer(host: FileHost, request: web.Request) -> web.StreamResponse:
        nonlocal now, most
        now += 1
        most = max(most, now)
        await asyncio.sleep(1)
        now -= 1
        return host.right(request)

    async with hosting() as host:
        host.answers = [answer] * 30
        urls = [host.url.replace("song", f"song{number}") for number in range(30)]
        paths = await asyncio.gather(
            suno.download(urls[:20], tmp_path), suno.download(urls[20:], tmp_path)
        )
    assert most == AT_ONCE
    assert [len(some) for some in paths] == [20, 10]


async def test_one_failure_does_not_stop_the_rest(suno: SunoClient, tmp_path: Path) -> None:
    """The others are whole when the first error is raised, with a note of the others."""

    async def answer(host: FileHost, request: web.Request) -> web.StreamResponse:
        if "bad" in request.path:
            return web.Response(status=400)
        await asyncio.sleep(5)
        return host.right(request)

    async with hosting() as host:
        host.answers = [answer] * 3
        urls = tuple(host.url.replace("song", name) for name in ("bad1", "good", "bad2"))
        with pytest.raises(DownloadFailed, match=r"bad1\.mp3 answered with HTTP 400") as caught:
            await suno.download(urls, tmp_path)
    assert "bad2.mp3" in caught.value.__notes__[0]
    assert names(tmp_path) == ["good.mp3"]


async def test_the_same_file_is_fetched_once(suno: SunoClient, tmp_path: Path) -> None:
    """Two who want the same at the same time share it, each with a progress of their own."""
    reported = dict[int, int]()

    async with hosting() as host:
        host.answers = [slowly]
        urls = [host.url] * 3

        def report(caller: int, done: int, _total: int | None) -> None:
            reported[caller] = done

        paths = await asyncio.gather(
            *(suno.download(url, tmp_path, partial(report, n)) for n, url in enumerate(urls))
        )
        assert len(host.asked) == 1
        assert {path.read_bytes() for path in paths} == {SONG}
        assert reported == dict.fromkeys(range(3), len(SONG))


async def slowly(host: FileHost, request: web.Request) -> web.StreamResponse:
    """A right answer in ten seconds."""
    response = web.StreamResponse(headers=host.headers())
    response.content_length = len(SONG)
    await response.prepare(request)
    for start in range(0, len(SONG), 30_000):
        await asyncio.sleep(1)
        await response.write(SONG[start : start + 30_000])
    return response


async def test_one_of_two_is_cancelled(suno: SunoClient, tmp_path: Path) -> None:
    """The other gets the file; when both are gone it is broken off, and a third one goes on."""
    async with hosting() as host:
        host.answers = [slowly, slowly]
        one = asyncio.create_task(suno.download(host.url, tmp_path / "a"))
        two = asyncio.create_task(suno.download(host.url, tmp_path / "a"))
        await asyncio.sleep(3)
        one.cancel()
        assert (await two).read_bytes() == SONG
        three = asyncio.create_task(suno.download(host.url, tmp_path / "b"))
        await asyncio.sleep(3.5)
        three.cancel()
        await asyncio.sleep(0)
        assert (await suno.download(host.url, tmp_path / "b")).read_bytes() == SONG
    assert one.cancelled()
    assert three.cancelled()
    assert host.ranges == [None, None, "bytes=90000-"]


async def test_two_files_cannot_have_one_place(suno: SunoClient, tmp_path: Path) -> None:
    """Neither is lost without a word."""
    async with hosting() as one, hosting(OTHER) as two:
        with pytest.raises(DownloadFailed, match="give this one another directory"):
            await suno.download((one.url, two.url), tmp_path)
    assert names(tmp_path) == ["song.mp3"]


async def test_progress(suno: SunoClient, tmp_path: Path) -> None:
    """It grows up to the whole; for many it is their sum, whose end is known when all are begun."""
    single, several = list[tuple[int, int | None]](), list[tuple[int, int | None]]()
    async with hosting() as host:
        await suno.download(host.url, tmp_path, lambda done, total: single.append((done, total)))
        urls = [host.url.replace("song", name) for name in ("a", "b")]
        await suno.download(urls, tmp_path, lambda done, total: several.append((done, total)))
    assert single == sorted(single, key=lambda one: one[0])
    assert {total for _, total in single} == {len(SONG)}
    assert single[-1][0] == len(SONG)
    assert several[0][1] is None
    assert several[-1] == (2 * len(SONG), 2 * len(SONG))


async def test_a_progress_that_fails_costs_no_file(
    suno: SunoClient, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """It is logged, once, and called no more."""

    def progress(_done: int, _total: int | None) -> None:
        raise ZeroDivisionError

    with caplog.at_level(logging.ERROR, logger="suno_async"):
        async with hosting() as host:
            assert (await suno.download(host.url, tmp_path, progress)).read_bytes() == SONG
    assert [record.message for record in caplog.records] == [
        "the progress callback of a download failed; it is called no more"
    ]
