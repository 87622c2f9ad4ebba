"""Voices, recoveries, and the calls that make no task."""

import asyncio

from raw_client import HOOK, Raw, fake_suno, file, finished, raw

MP3 = "https://files.example/song.mp3"
PHRASE = {"voiceUrl": MP3, "vocalStartS": 0, "vocalEndS": 10}


async def test_a_voice_from_phrase_to_use() -> None:
    """A phrase waits to be read, a voice is made of it, and only then can be used."""
    async with raw(fake_suno()) as api:
        phrase = await api.submit("/voice/validate", PHRASE)
        voice_body = {"taskId": phrase, "verifyUrl": MP3}
        assert (await api.post("/voice/generate", voice_body))["code"] == 400
        words = list[str]()
        for _ in range(3):
            words.append((await api.record(phrase, "/voice/validate"))["status"])
            await asyncio.sleep(10)
        assert words == ["wait_processing", "processing_validate", "wait_validating"]
        record = await api.record(phrase, "/voice/validate")
        assert record.keys() == {"taskId", "validateInfo", "status", "errorCode", "errorMessage"}
        assert (bool(record["validateInfo"]), record["errorCode"]) == (True, 0)
        voice = await api.submit("/voice/generate", voice_body)
        words.clear()
        for _ in range(4):
            words.append((await api.record(voice, "/voice/generate"))["status"])
            await asyncio.sleep(7)
        assert words == ["wait_processing", "processing_validate", "wait_validating", "success"]
        voice_id = (await api.record(voice, "/voice/generate"))["voiceId"]
        assert (await api.record(phrase, "/voice/validate"))["status"] == "success"
        await assert_usable(api, voice, voice_id)


async def assert_usable(api: Raw, voice: str, voice_id: str) -> None:
    """A voice is available to songs that name it for what it is."""
    check = await api.post("/voice/check-voice", {"task_id": voice})
    assert check["data"] == {"isAvailable": True}
    check = await api.post("/voice/check-voice", {"task_id": "other"})
    assert check["data"] == {"isAvailable": False}
    custom = {
        "prompt": "la",
        "style": "a",
        "title": "b",
        "customMode": True,
        "instrumental": False,
        "model": "V5",
        "callBackUrl": HOOK,
        "personaId": voice_id,
    }
    assert (await api.post("/generate", custom))["code"] == 400
    await api.submit("/generate", custom | {"personaModel": "voice_persona"})


async def test_a_phrase_can_be_had_anew() -> None:
    """Regenerating takes the field with one l, and makes another phrase."""
    async with raw(fake_suno()) as api:
        phrase = await api.submit("/voice/validate", PHRASE)
        again = await api.submit("/voice/regenerate", {"taskId": phrase, "calBackUrl": HOOK})
        await asyncio.sleep(20)
        old = await api.record(phrase, "/voice/validate")
        new = await api.record(again, "/voice/regenerate")
        assert old["validateInfo"] != new["validateInfo"]
        assert api.fake.ledger.of("suno-voice-regenerate")[0].callback_url == HOOK


async def test_voices_fail_in_their_words() -> None:
    """A phrase ends in processing_validate_fail, a voice in fail, each with an errorCode."""
    async with raw(fake_suno()) as api:
        api.fake.script(fail_at=5.0)
        phrase = await api.submit("/voice/validate", PHRASE)
        fine = await api.submit("/voice/validate", PHRASE)
        await asyncio.sleep(20)
        record = await api.record(phrase, "/voice/validate")
        assert (record["status"], record["errorCode"]) == ("processing_validate_fail", 500)
        api.fake.script(fail_at=5.0, error_message="The voice did not match.")
        voice = await api.submit("/voice/generate", {"taskId": fine, "verifyUrl": MP3})
        await asyncio.sleep(5)
        record = await api.record(voice, "/voice/generate")
        assert (record["status"], record["voiceId"]) == ("fail", "")
        assert record["errorMessage"] == "The voice did not match."


async def test_recovery_is_its_own_record() -> None:
    """A recovery's whole answer is the record: 201, then 200 with the tracks."""
    async with raw(fake_suno()) as api:
        source, track = await finished(api)
        task_id = await api.submit("/suno/recovery", {"sunoTaskId": source})
        path = "/suno/recovery/record-info"
        running = await api.get(path, task_id=task_id)
        assert running == {"code": 201, "task_id": task_id, "msg": "success", "data": None}
        await asyncio.sleep(6)
        found = await api.get(path, task_id=task_id)
        assert (found["code"], found["task_id"], len(found["data"])) == (200, task_id, 2)
        assert found["data"][1] | {"audio_url": ""} == {
            "id": track["id"],
            "audio_url": "",
            "title": track["title"],
            "status": "success",
            "error": "",
        }
        assert (await file(api, found["data"][1]["audio_url"]))[4:12] == b"ftypM4A "
        assert api.fake.ledger.of("get-recovery-audio-details")[0].accepted
        unknown = await api.get(path, task_id="other")
        assert (unknown["code"], "task_id" in unknown) == (500, False)


async def test_recovery_can_bring_back_one_or_none() -> None:
    """With `partial` one track comes back; a failed recovery has code 500 and its id."""
    async with raw(fake_suno()) as api:
        source, _ = await finished(api)
        api.fake.script(partial=1)
        one = await api.submit("/suno/recovery", {"sunoTaskId": source})
        api.fake.script(status=500)
        none = await api.submit("/suno/recovery", {"sunoTaskId": source})
        await asyncio.sleep(6)
        record = await api.get("/suno/recovery/record-info", task_id=one)
        assert [item["status"] for item in record["data"]] == ["success", "failed"]
        assert record["data"][1].keys() == {"id", "status", "error"}
        record = await api.get("/suno/recovery/record-info", task_id=none)
        assert (record["code"], record["task_id"]) == (500, none)


async def test_a_persona_is_made_once() -> None:
    """A finished track gives one persona; a second try answers 409, an unfinished track 400."""
    async with raw(fake_suno()) as api:
        source, track = await finished(api)
        body = {"taskId": source, "audioId": track["id"], "name": "Ann", "description": "calm"}
        short = await api.post("/generate/generate-persona", body | {"vocalEnd": 5})
        assert short["code"] == 400
        data = (await api.post("/generate/generate-persona", body))["data"]
        assert data.keys() == {"personaId", "name", "description"}
        assert (await api.post("/generate/generate-persona", body))["code"] == 409
        old = await api.song(model="V3_5")
        await asyncio.sleep(16)
        ids = {"taskId": old, "audioId": (await api.tracks(old))[0]["id"]}
        assert (await api.post("/generate/generate-persona", body | ids))["code"] == 400
        await asyncio.sleep(150)
        assert (await api.post("/generate/generate-persona", body | ids))["code"] == 400


async def test_timestamped_lyrics() -> None:
    """Words come with their times, the section's tag in front of the first; it costs half."""
    async with raw(fake_suno()) as api:
        source, track = await finished(api)
        before = api.fake.balance
        body = {"taskId": source, "audioId": track["id"]}
        data = (await api.post("/generate/get-timestamped-lyrics", body))["data"]
        assert before - api.fake.balance == 0.5
        assert data.keys() == {"alignedWords", "waveformData", "hootCer", "isStreamed"}
        first, last = data["alignedWords"][0], data["alignedWords"][-1]
        assert first["word"].startswith("[Verse]\n")
        assert 0 <= first["startS"] < first["endS"] < last["endS"] <= track["duration"]
        by_place = {"taskId": source, "musicIndex": 1}
        assert (await api.post("/generate/get-timestamped-lyrics", by_place))["data"] == data


async def test_a_better_style() -> None:
    """A style's answer has fractions of credits and a flag that is text."""
    async with raw(fake_suno(credits=10.0)) as api:
        data = (await api.post("/style/generate", {"content": "jazz"}))["data"]
        assert (data["creditsConsumed"], data["creditsRemaining"]) == (0.4, 9.6)
        assert (data["successFlag"], data["param"]) == ("1", "jazz")
        assert data["result"].startswith("jazz")
