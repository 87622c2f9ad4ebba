"""What is posted to a callback URL: each kind in its own shape."""

import asyncio
import json
from typing import Any

import pytest
from callback_listener import listening
from raw_client import Raw

MP3 = "https://files.example/song.mp3"


async def test_a_song_has_callbacks_stage_by_stage() -> None:
    """Text, first and complete are posted when they come, with tracks in snake case."""
    async with listening() as (api, listener):
        start = asyncio.get_running_loop().time()
        task_id = await api.song(callBackUrl=listener.url)
        await asyncio.sleep(150)
        assert listener.stages() == ["text", "first", "complete"]
        assert [time - start for time in listener.times] == pytest.approx([15, 36.5, 148], abs=0.1)
        text, first, complete = listener.got
        assert (text["code"], first["msg"]) == (200, "First audio generated successfully.")
        assert complete["msg"] == "All generated successfully."
        assert complete["data"]["task_id"] == task_id
        assert complete["data"]["data"][0].keys() == {
            *("id", "audio_url", "source_audio_url", "stream_audio_url", "source_stream_audio_url"),
            *("image_url", "source_image_url", "prompt", "model_name", "title", "tags"),
            *("createTime", "duration"),
        }
        ready, lagging = first["data"]["data"]
        assert ready["audio_url"].endswith(".mp3")
        assert lagging["audio_url"] == ""
        assert not {"duration", "source_audio_url"} & lagging.keys()
        records = await api.tracks(task_id)
        assert records[0]["audioUrl"] == complete["data"]["data"][0]["audio_url"]


async def test_a_failure_has_callbacks_as_an_error() -> None:
    """A song that fails is posted as `error`, with a code and no tracks, and later stages never."""
    async with listening() as (api, listener):
        api.fake.script(fail_at=20.0, error_code=531)
        await api.song(callBackUrl=listener.url)
        api.fake.script(fail_at=0.0, status="SENSITIVE_WORD_ERROR")
        await api.song(callBackUrl=listener.url)
        await asyncio.sleep(200)
        assert listener.stages() == ["error", "text", "error"]
        assert [callback["code"] for callback in listener.got] == [400, 200, 531]
        assert listener.got[0]["msg"] == "Music generation failed"
        api.fake.script(fail_at=1.0, error_code=433, error_message="odd")
        await api.song(callBackUrl=listener.url)
        await asyncio.sleep(2)
        assert (listener.got[3]["code"], listener.got[3]["msg"]) == (500, "odd")
        assert listener.got[0]["data"]["data"] is None


PHRASE = {"voiceUrl": MP3, "vocalStartS": 0, "vocalEndS": 10}


async def one_of_each(api: Raw, url: str) -> dict[str, str]:
    """A task of each kind with callbacks, but music, by what it makes."""
    source = await api.song()
    await asyncio.sleep(150)
    ids = {"taskId": source, "audioId": (await api.tracks(source))[0]["id"]}
    stems = await api.submit("/vocal-removal/generate", ids | {"callBackUrl": url})
    phrase = await api.submit("/voice/validate", PHRASE | {"callBackUrl": url})
    tasks = {
        "stems": stems,
        "phrase": phrase,
        "lyrics": await api.submit("/lyrics", {"prompt": "rain", "callBackUrl": url}),
        "wav": await api.submit("/wav/generate", ids | {"callBackUrl": url}),
        "video": await api.submit("/mp4/generate", ids | {"callBackUrl": url}),
        "images": await api.submit("/suno/cover/generate", {"taskId": source, "callBackUrl": url}),
        "recovery": await api.submit("/suno/recovery", {"sunoTaskId": source, "callBackUrl": url}),
    }
    await asyncio.sleep(51)
    tasks["midi"] = await api.submit("/midi/generate", {"taskId": stems, "callBackUrl": url})
    voice = {"taskId": phrase, "verifyUrl": MP3, "callBackUrl": url}
    tasks["voice"] = await api.submit("/voice/generate", voice)
    await asyncio.sleep(200)
    return tasks


def shapes(tasks: dict[str, str], callbacks: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """The callbacks by what they are of; the task id is at the top or inside, in either case."""
    found = dict[str, dict[str, Any]]()
    for callback in callbacks:
        text = json.dumps(callback)
        for name, own in tasks.items():
            if f'"task_id": "{own}"' in text or f'"taskId": "{own}"' in text:
                found[name] = callback
    return found


async def test_every_kind_has_callbacks_in_its_shape() -> None:
    """Each kind's callback has its own casing and its own place for the id."""
    async with listening() as (api, listener):
        tasks = await one_of_each(api, listener.url)
        got = shapes(tasks, listener.got)
        assert got.keys() == tasks.keys()
        assert all(callback["code"] == 200 for callback in listener.got)
        assert got["lyrics"]["data"].keys() == {"callbackType", "taskId", "data"}
        assert got["wav"]["data"].keys() == {"task_id", "audioWavUrl"}
        assert got["stems"]["data"].keys() == {"task_id", "vocal_removal_info"}
        info = got["stems"]["data"]["vocal_removal_info"]
        assert info.keys() == {"origin_url", "vocal_url", "instrumental_url"}
        assert info["origin_url"] == ""
        assert got["video"]["data"].keys() == {"task_id", "video_url"}
        assert got["images"]["data"].keys() == {"taskId", "images"}
        assert got["phrase"]["data"]["status"] == "wait_validating"
        assert got["voice"]["data"]["status"] == "success"
        assert got["recovery"].keys() == {"task_id", "code", "msg", "data"}
        assert got["recovery"]["data"][0]["status"] == "success"
        assert got["midi"].keys() == {"task_id", "code", "msg", "data"}
        note = got["midi"]["data"]["instruments"][0]["notes"][0]
        assert isinstance(note["start"], str)
        assert isinstance(note["end"], float)


async def test_split_stems_are_posted_in_snake_case() -> None:
    """Every stem of a split has its key."""
    async with listening() as (api, listener):
        body = {"audioUrl": MP3, "callBackUrl": listener.url, "type": "split_stem"}
        await api.submit("/vocal-removal/generate", body)
        await asyncio.sleep(51)
        assert listener.got[0]["data"]["vocal_removal_info"].keys() == {
            *("origin_url", "vocal_url", "backing_vocals_url", "drums_url", "bass_url"),
            *("guitar_url", "keyboard_url", "percussion_url", "strings_url", "synth_url"),
            *("fx_url", "brass_url", "woodwinds_url"),
        }


async def test_failures_of_every_kind_are_posted_with_nulls() -> None:
    """A failed task of each kind is posted with its code and with null for what it did not make."""
    async with listening() as (api, listener):
        source = await api.song()
        await asyncio.sleep(150)
        stems = await api.submit("/vocal-removal/generate", {"audioUrl": MP3, "callBackUrl": MP3})
        phrase = await api.submit("/voice/validate", PHRASE)
        await asyncio.sleep(60)
        audio = (await api.tracks(source))[0]["id"]
        ids = {"taskId": source, "audioId": audio, "callBackUrl": listener.url}
        api.fake.script(times=9, fail_at=5.0)
        url = {"callBackUrl": listener.url}
        tasks = {
            "lyrics": await api.submit("/lyrics", {"prompt": "rain"} | url),
            "wav": await api.submit("/wav/generate", ids),
            "stems": await api.submit("/vocal-removal/generate", ids),
            "video": await api.submit("/mp4/generate", ids),
            "images": await api.submit("/suno/cover/generate", ids),
            "midi": await api.submit("/midi/generate", {"taskId": stems} | url),
            "phrase": await api.submit("/voice/validate", PHRASE | url),
            "voice": await api.submit(
                "/voice/generate", {"taskId": phrase, "verifyUrl": MP3} | url
            ),
            "recovery": await api.submit("/suno/recovery", {"sunoTaskId": source} | url),
        }
        await asyncio.sleep(10)
        got = shapes(tasks, listener.got)
        codes = {name: callback["code"] for name, callback in got.items()}
        assert codes == dict.fromkeys(tasks, 400) | {
            "images": 501,
            "midi": 500,
            "recovery": 500,
        }
        assert got["lyrics"]["data"]["data"] is None
        assert got["wav"]["data"]["audioWavUrl"] is None
        assert got["stems"]["data"]["vocal_removal_info"] is None
        assert got["video"]["data"]["video_url"] is None
        assert got["images"]["data"]["images"] is None
        assert got["midi"]["data"] is None
        assert got["phrase"]["data"]["status"] == "processing_validate_fail"
        assert (got["voice"]["data"]["voiceId"], got["voice"]["data"]["status"]) == ("", "fail")
