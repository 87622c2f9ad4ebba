"""Lyrics and what is made from a track: each record in its own shape."""

import asyncio

import pytest
from raw_client import HOOK, fake_suno, file, finished, raw

MP3 = "https://files.example/song.mp3"
STEM_URLS = {
    *("originUrl", "instrumentalUrl", "vocalUrl", "backingVocalsUrl", "drumsUrl", "bassUrl"),
    *("guitarUrl", "pianoUrl", "keyboardUrl", "percussionUrl", "stringsUrl", "synthUrl"),
    *("fxUrl", "brassUrl", "woodwindsUrl"),
}


async def test_lyrics() -> None:
    """Lyrics have a status word, no times, and two proposals."""
    async with raw(fake_suno()) as api:
        task_id = await api.submit("/lyrics", {"prompt": "rain", "callBackUrl": HOOK})
        record = await api.record(task_id, "/lyrics")
        assert (record["status"], record["response"]) == ("PENDING", None)
        await asyncio.sleep(15)
        record = await api.record(task_id, "/lyrics")
        assert (record["status"], record["type"]) == ("SUCCESS", "LYRICS")
        assert record.keys() == {
            *("taskId", "param", "response", "status", "type", "errorCode", "errorMessage")
        }
        one, two = record["response"]["data"]
        assert (one["status"], one["errorMessage"]) == ("complete", "")
        assert one["text"].startswith("[Verse]\n")
        assert one["text"] != two["text"]


async def test_lyrics_can_fail_in_part() -> None:
    """A failed task can keep one proposal beside a failed one."""
    async with raw(fake_suno()) as api:
        api.fake.script(status="GENERATE_LYRICS_FAILED", partial=1)
        task_id = await api.submit("/lyrics", {"prompt": "rain", "callBackUrl": HOOK})
        await asyncio.sleep(15)
        record = await api.record(task_id, "/lyrics")
        assert record["status"] == "GENERATE_LYRICS_FAILED"
        assert [one["status"] for one in record["response"]["data"]] == ["complete", "failed"]


async def test_wav() -> None:
    """A WAV's flag is a word, its times are texts, and it is made once a track."""
    async with raw(fake_suno()) as api:
        source, track = await finished(api)
        body = {"taskId": source, "audioId": track["id"], "callBackUrl": HOOK}
        task_id = await api.submit("/wav/generate", body)
        record = await api.record(task_id, "/wav/generate")
        assert (record["successFlag"], record["completeTime"]) == ("PENDING", None)
        await asyncio.sleep(20)
        record = await api.record(task_id, "/wav/generate")
        assert (record["musicId"], record["musicIndex"]) == (track["id"], 1)
        assert (record["successFlag"], record["createTime"]) == ("SUCCESS", "2026-01-01 00:02:30")
        assert record["completeTime"] == "2026-01-01 00:02:50"
        assert (await file(api, record["response"]["audioWavUrl"])).startswith(b"RIFF")
        again = await api.post("/wav/generate", body)
        assert (again["code"], again["data"]) == (409, None)


async def test_a_wav_that_failed_can_be_asked_for_again() -> None:
    """Only a WAV that is there, or being made, stands in the way of another."""
    async with raw(fake_suno()) as api:
        source, track = await finished(api)
        body = {"taskId": source, "audioId": track["id"], "callBackUrl": HOOK}
        api.fake.script(fail_at=5.0)
        task_id = await api.submit("/wav/generate", body)
        assert (await api.post("/wav/generate", body))["code"] == 409
        await asyncio.sleep(6)
        record = await api.record(task_id, "/wav/generate")
        assert (record["successFlag"], record["response"]) == ("GENERATE_WAV_FAILED", None)
        await api.submit("/wav/generate", body)


async def test_vocals_apart() -> None:
    """Two stems: two URLs and all others null, and snake case inside originData."""
    async with raw(fake_suno()) as api:
        source, track = await finished(api)
        body = {"taskId": source, "audioId": track["id"], "callBackUrl": HOOK}
        task_id = await api.submit("/vocal-removal/generate", body)
        await asyncio.sleep(50)
        record = await api.record(task_id, "/vocal-removal/generate")
        assert (record["successFlag"], record["errorCode"]) == ("SUCCESS", None)
        assert record["completeTime"] - record["createTime"] == 50_000
        response = record["response"]
        assert response.keys() == {"id", "originData", *STEM_URLS}
        assert {key for key in STEM_URLS if response[key]} == {"vocalUrl", "instrumentalUrl"}
        assert [stem["stem_type_group_name"] for stem in response["originData"]] == [
            "Vocals",
            "Instrumental",
        ]
        assert response["originData"][0]["duration"] == track["duration"]
        assert (await file(api, response["vocalUrl"])).startswith(b"\xff\xfb")


@pytest.mark.parametrize(
    ("kind", "price", "urls"),
    [("separate_vocal", 10, 2), ("split_stem", 50, 12), ("split_stem_advanced", 20, 0)],
)
async def test_stems_cost_by_their_type(kind: str, price: float, urls: int) -> None:
    """Each type has its listed price and its stems; the advanced one is in originData alone."""
    async with raw(fake_suno()) as api:
        body = {"audioUrl": MP3, "callBackUrl": HOOK, "type": kind, "stemName": "Piano"}
        task_id = await api.submit("/vocal-removal/generate", body)
        assert api.fake.balance == 1000 - price
        await asyncio.sleep(50)
        record = await api.record(task_id, "/vocal-removal/generate")
        assert record["musicId"] is None
        assert sum(bool(record["response"][key]) for key in STEM_URLS) == urls
        if kind == "split_stem_advanced":
            (item,) = record["response"]["originData"]
            assert item["stem_type_group_name"] == "Piano"
            assert await file(api, item["extract"]["audio_url"])
        else:
            assert len(record["response"]["originData"]) == urls


async def test_midi() -> None:
    """Notes come in midiData; the flag is a number, and there is no response."""
    async with raw(fake_suno()) as api:
        stems = await api.submit("/vocal-removal/generate", {"audioUrl": MP3, "callBackUrl": HOOK})
        body = {"taskId": stems, "callBackUrl": HOOK}
        assert (await api.post("/midi/generate", body))["code"] == 400
        await asyncio.sleep(50)
        task_id = await api.submit("/midi/generate", body)
        api.fake.script(empty=True)
        empty = await api.submit("/midi/generate", body)
        assert (await api.record(task_id, "/midi/generate"))["successFlag"] == 0
        await asyncio.sleep(60)
        record = await api.record(task_id, "/midi/generate")
        assert (record["successFlag"], record["recordTaskId"]) == (1, -1)
        assert "response" not in record
        note = record["midiData"]["instruments"][0]["notes"][0]
        assert note.keys() == {"pitch", "start", "end", "velocity"}
        empty_record = await api.record(empty, "/midi/generate")
        assert empty_record["midiData"] == {"state": "complete", "instruments": []}


@pytest.mark.parametrize("flag", [2, 3])
async def test_midi_fails_by_number_and_text(flag: int) -> None:
    """Failed notes have flag 2 or 3, and an errorCode that is a text."""
    async with raw(fake_suno()) as api:
        stems = await api.submit("/vocal-removal/generate", {"audioUrl": MP3, "callBackUrl": HOOK})
        await asyncio.sleep(50)
        api.fake.script(status=flag)
        task_id = await api.submit("/midi/generate", {"taskId": stems, "callBackUrl": HOOK})
        await asyncio.sleep(60)
        record = await api.record(task_id, "/midi/generate")
        assert (record["successFlag"], record["errorCode"]) == (flag, "500")


async def test_video() -> None:
    """A video's flag is a word and its times are epoch milliseconds."""
    async with raw(fake_suno()) as api:
        source, track = await finished(api)
        body = {"taskId": source, "audioId": track["id"], "callBackUrl": HOOK, "author": "me"}
        task_id = await api.submit("/mp4/generate", body)
        async with api.session.get(f"{api.fake.url}/files/{task_id}/video.mp4") as response:
            assert response.status == 404
        await asyncio.sleep(90)
        record = await api.record(task_id, "/mp4/generate")
        assert record["successFlag"] == "SUCCESS"
        assert record["createTime"] == 1_767_225_600_000 + 150_000
        assert (await file(api, record["response"]["videoUrl"]))[4:12] == b"ftypisom"


async def test_cover_images() -> None:
    """Images: 2 means running, times are ISO, errorCode is 200, and a repeat names the old id."""
    async with raw(fake_suno()) as api:
        source, _ = await finished(api)
        body = {"taskId": source, "callBackUrl": HOOK}
        task_id = await api.submit("/suno/cover/generate", body)
        path, flags = "/suno/cover/generate", list[int]()
        for _ in range(3):
            flags.append((await api.record(task_id, path))["successFlag"])
            await asyncio.sleep(20)
        assert flags == [0, 2, 1]
        record = await api.record(task_id, path)
        assert (record["parentTaskId"], record["errorCode"]) == (source, 200)
        assert record["createTime"] == "2026-01-01T00:02:30.000Z"
        assert len(record["response"]["images"]) == 2
        for url in record["response"]["images"]:
            assert (await file(api, url)).startswith(b"\x89PNG")
        again = await api.post(path, body)
        assert (again["code"], again["data"]) == (409, {"taskId": task_id})


async def test_cover_images_fail_with_three() -> None:
    """Failed images have flag 3."""
    async with raw(fake_suno()) as api:
        source, _ = await finished(api)
        api.fake.script(status=3)
        task_id = await api.submit("/suno/cover/generate", {"taskId": source, "callBackUrl": HOOK})
        await asyncio.sleep(40)
        record = await api.record(task_id, "/suno/cover/generate")
        assert (record["successFlag"], record["errorCode"], record["response"]) == (3, 501, None)
