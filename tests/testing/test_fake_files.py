"""The files: valid, of the length announced, in ranges, and gone when their time is over."""

import asyncio
import io
import struct
import wave
import zlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from raw_client import HOOK, Raw, fake_suno, raw

from suno_async.testing import Fault
from suno_async.testing._api import media

DAY = 86_400.0


async def fetch(api: Raw, url: str, **headers: str) -> tuple[int, bytes, dict[str, str]]:
    """The status, the body and the headers behind a link."""
    async with api.session.get(url, headers=headers) as response:
        return response.status, await response.read(), dict(response.headers)


async def track(api: Raw) -> tuple[str, dict[str, Any]]:
    """A finished task and its first track."""
    task_id = await api.song()
    await asyncio.sleep(150)
    return task_id, (await api.tracks(task_id))[0]


def mp3_seconds(content: bytes) -> float:
    """The length of an MP3, found by walking from frame to frame."""
    rates, samplings, at, frames = {1: 32_000}, {2: 32_000}, 0, 0
    while at < len(content):
        assert content[at : at + 2] == b"\xff\xfb"
        rate, sampling = rates[content[at + 2] >> 4], samplings[content[at + 2] >> 2 & 3]
        at += 144 * rate // sampling + (content[at + 2] >> 1 & 1)
        frames += 1
    assert at == len(content)
    return frames * 1152 / 32_000


async def test_a_song_is_an_mp3_of_its_duration() -> None:
    """The audio is an MP3 that lasts as long as the record says; file and stream are the same."""
    async with raw(fake_suno()) as api:
        _, song = await track(api)
        status, content, headers = await fetch(api, song["audioUrl"])
        assert (status, headers["Content-Type"]) == (200, "audio/mpeg")
        assert int(headers["Content-Length"]) == len(content)
        assert mp3_seconds(content) == pytest.approx(song["duration"], abs=0.01)
        assert (await fetch(api, song["streamAudioUrl"]))[1] == content
        assert (await fetch(api, song["imageUrl"]))[1].startswith(b"\xff\xd8\xff\xe0")


def test_two_songs_differ_in_every_frame() -> None:
    """Two files, and two places of one file, can be told apart."""
    one, two = media.mp3("one", 30).read(0, 10**9), media.mp3("two", 30).read(0, 10**9)
    frames = [one[at : at + 144] for at in range(0, len(one), 144)]
    frames += [two[at : at + 144] for at in range(0, len(two), 144)]
    assert len(set(frames)) == len(frames)


def test_a_wav_is_valid_and_as_long_as_it_says() -> None:
    """A WAV can be opened, and lasts as long as was asked for."""
    blob = media.wav("key", 12.5)
    with wave.open(io.BytesIO(blob.read(0, blob.size))) as audio:
        assert audio.getparams()[:3] == (1, 2, 8000)
        assert audio.getnframes() / audio.getframerate() == 12.5


def test_a_png_holds_its_checks() -> None:
    """Every chunk of a PNG has the right check sum."""
    blob = media.png("key")
    content, at, names = blob.read(0, blob.size), 8, list[bytes]()
    while at < len(content):
        (length,) = struct.unpack(">I", content[at : at + 4])
        body = content[at + 4 : at + 8 + length]
        (check,) = struct.unpack(">I", content[at + 8 + length : at + 12 + length])
        assert check == zlib.crc32(body)
        names.append(body[:4])
        at += 12 + length
    assert names == [b"IHDR", b"tEXt", b"IDAT", b"IEND"]


@given(st.sampled_from(["mp3", "wav", "png", "jpeg"]), st.data())
def test_any_part_of_a_file_is_a_part_of_it(kind: str, data: st.DataObject) -> None:
    """A blob that is read in parts gives the bytes that it gives as a whole."""
    makers = {
        "mp3": media.mp3("key", 2.0),
        "wav": media.wav("key", 2.0),
        "png": media.png("key"),
        "jpeg": media.jpeg("key"),
    }
    blob = makers[kind]
    whole = blob.read(0, blob.size)
    start = data.draw(st.integers(0, blob.size))
    stop = data.draw(st.integers(start, blob.size))
    assert len(whole) == blob.size
    assert blob.read(start, stop) == whole[start:stop]


async def test_ranges() -> None:
    """A range is answered with 206 and its place, one beyond the end with 416."""
    async with raw(fake_suno(song_seconds=(1, 1))) as api:
        _, song = await track(api)
        _, whole, headers = await fetch(api, song["audioUrl"])
        size, etag = len(whole), headers["Etag"]
        for spec, start, stop in [
            ("100-199", 100, 200),
            ("100-", 100, size),
            ("-50", size - 50, size),
            (f"0-{size * 2}", 0, size),
        ]:
            status, part, headers = await fetch(api, song["audioUrl"], Range=f"bytes={spec}")
            assert (status, part) == (206, whole[start:stop])
            assert headers["Content-Range"] == f"bytes {start}-{stop - 1}/{size}"
            assert headers["Etag"] == etag
        status, part, headers = await fetch(api, song["audioUrl"], Range=f"bytes={size}-")
        assert (status, part, headers["Content-Range"]) == (416, b"", f"bytes */{size}")
        for unclear in ("bytes=-", "bytes=1-2,5-6", "lines=1-2"):
            assert (await fetch(api, song["audioUrl"], Range=unclear))[0] == 200


async def test_a_range_of_another_file_is_the_whole() -> None:
    """If-Range with the same tag continues; with another the whole file comes."""
    async with raw(fake_suno(song_seconds=(1, 1))) as api:
        _, song = await track(api)
        url = song["audioUrl"]
        etag = (await fetch(api, url))[2]["Etag"]
        same = await fetch(api, url, **{"Range": "bytes=5-", "If-Range": etag})
        other = await fetch(api, url, **{"Range": "bytes=5-", "If-Range": '"other"'})
        assert (same[0], other[0]) == (206, 200)


async def test_files_made_anew_are_others() -> None:
    """Under the same link and of the same size, with another tag and with other bytes."""
    async with raw(fake_suno(song_seconds=(1, 1))) as api:
        task_id, song = await track(api)
        _, before, old = await fetch(api, song["audioUrl"])
        api.fake.replace_files(task_id)
        _, after, new = await fetch(api, song["audioUrl"])
        assert len(before) == len(after)
        assert before != after
        assert old["Etag"] != new["Etag"]
        again = {"Range": "bytes=5-", "If-Range": old["Etag"]}
        assert (await fetch(api, song["audioUrl"], **again))[0] == 200


async def test_head_tells_the_length() -> None:
    """HEAD has the headers of GET and no body."""
    async with raw(fake_suno()) as api:
        _, song = await track(api)
        async with api.session.head(song["audioUrl"]) as response:
            assert response.status == 200
            assert int(response.headers["Content-Length"]) > 100_000


async def test_files_are_there_only_when_they_are_ready() -> None:
    """Before its time a file is not found, and neither is one that never comes."""
    async with raw(fake_suno()) as api:
        task_id = await api.song()
        await asyncio.sleep(40)
        first, second = await api.tracks(task_id)
        early = first["audioUrl"].replace(first["id"], second["id"])
        assert (await fetch(api, first["audioUrl"]))[0] == 200
        assert (await fetch(api, early))[0] == 404
        base = f"{api.fake.url}/files"
        for wrong in (f"{task_id}/x.mp3", f"{task_id}/{first['id']}.exe", "0/x.mp3", "x"):
            assert (await fetch(api, f"{base}/{wrong}"))[0] == 404
        await asyncio.sleep(120)
        assert (await fetch(api, early))[0] == 200


async def test_files_are_kept_for_fifteen_days() -> None:
    """After fifteen days the files are gone."""
    async with raw(fake_suno()) as api:
        _, song = await track(api)
        await asyncio.sleep(14.9 * DAY)
        assert (await fetch(api, song["audioUrl"]))[0] == 200
        await asyncio.sleep(0.2 * DAY)
        assert (await fetch(api, song["audioUrl"]))[0] == 404


async def test_links_can_expire_before_their_time() -> None:
    """An expired link answers 403 and the record has a new one, unless nothing is kept."""
    async with raw(fake_suno()) as api:
        task_id, song = await track(api)
        api.fake.expire(task_id)
        assert (await fetch(api, song["audioUrl"]))[0] == 403
        fresh = (await api.tracks(task_id))[0]["audioUrl"]
        assert (await fetch(api, fresh))[0] == 200
        api.fake.expire(task_id, renewed=False)
        gone = (await api.tracks(task_id))[0]["audioUrl"]
        assert ((await fetch(api, fresh))[0], (await fetch(api, gone))[0]) == (403, 404)


async def test_downloads_are_listed_apart() -> None:
    """Downloads need no key, do not count towards the rate, and have a list of their own."""
    async with raw(fake_suno(max_rate=2)) as api:
        task_id = await api.song()
        await asyncio.sleep(150)
        song = (await api.tracks(task_id))[0]
        for _ in range(5):
            headers = {"Authorization": ""}
            assert (await fetch(api, song["imageUrl"], **headers))[0] == 200
        assert (len(api.fake.ledger), len(api.fake.ledger.downloads)) == (2, 5)


async def test_downloads_break_where_they_are_set() -> None:
    """A fault on `/files/` cuts a download at any byte, and only that often."""
    async with raw(fake_suno()) as api:
        _, song = await track(api)
        whole = (await fetch(api, song["audioUrl"]))[1]
        api.fake.fail(Fault.CUT_BODY.cut_at(100_001), on="/files/")
        async with api.session.get(song["audioUrl"]) as response:
            part = b""
            with pytest.raises(Exception, match="not completed"):
                async for piece in response.content.iter_any():
                    part += piece
        assert part == whole[:100_001]
        assert (await fetch(api, song["audioUrl"]))[1] == whole
        assert [entry.fault for entry in api.fake.ledger.downloads] == [None, "cut_body", None]


async def test_downloads_stall_where_they_are_set() -> None:
    """After so many bytes nothing more is said, and the connection stays."""
    async with raw(fake_suno()) as api:
        _, song = await track(api)
        api.fake.fail(Fault.stall(100_001), on="/files/")
        async with api.session.get(song["audioUrl"]) as response:
            assert len(await response.content.readexactly(100_001)) == 100_001
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(1000):
                    await response.content.readany()


async def test_a_task_of_another_kind_has_no_song() -> None:
    """Files of lyrics do not exist."""
    async with raw(fake_suno()) as api:
        task_id = await api.submit("/lyrics", {"prompt": "rain", "callBackUrl": HOOK})
        await asyncio.sleep(20)
        assert (await fetch(api, f"{api.fake.url}/files/{task_id}/a.txt"))[0] == 404
