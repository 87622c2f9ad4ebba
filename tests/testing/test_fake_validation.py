"""What the fake refuses: the documented rules of each request, by code and message."""

import asyncio
from typing import Any

import pytest
from raw_client import HOOK, IDEA, fake_suno, raw

MP3 = "https://files.example/song.mp3"
CUSTOM = IDEA | {"customMode": True, "prompt": "la", "style": "Jazz", "title": "Dusk"}
COVER = CUSTOM | {"uploadUrl": MP3}
V6 = CUSTOM | {"model": "V6", "prompt": None, "title": None}
EXTEND = {"uploadUrl": MP3, "defaultParamFlag": False, "model": "V5", "callBackUrl": HOOK}
V6_EXTEND = {"uploadUrl": MP3, "lyrics": "la", "model": "V6", "callBackUrl": HOOK}
CARRY_ON = EXTEND | {"defaultParamFlag": True, "style": "a", "title": "b", "prompt": "c"}
BACKING = {"uploadUrl": MP3, "title": "a", "negativeTags": "b", "tags": "c", "callBackUrl": HOOK}
VOCALS = BACKING | {"style": "d", "prompt": "e"}
SECTION = {
    "uploadUrl": MP3,
    "model": "V5",
    "prompt": "a",
    "tags": "b",
    "title": "c",
    "fullLyrics": "d",
    "infillStartS": 10.5,
    "infillEndS": 25.25,
}
MASHUP = CUSTOM | {"uploadUrlList": [MP3, MP3]}
SOUND = {"prompt": "rain", "model": "V5"}
PHRASE = {"voiceUrl": MP3, "vocalStartS": 0, "vocalEndS": 10}
STEMS = {"audioUrl": MP3, "callBackUrl": HOOK}
WORDS = "word " * 200

ACCEPTED: list[tuple[str, dict[str, Any]]] = [
    ("/generate", IDEA),
    ("/generate", IDEA | {"model": "V3_5", "prompt": "x" * 500}),
    ("/generate", IDEA | {"styleWeight": 0.65, "weirdnessConstraint": 0, "audioWeight": 1}),
    ("/generate", CUSTOM),
    ("/generate", CUSTOM | {"instrumental": True, "prompt": None}),
    ("/generate", CUSTOM | {"model": "V4", "prompt": "x" * 3000, "style": "y" * 200}),
    ("/generate", CUSTOM | {"model": "V5", "prompt": "x" * 5000, "title": "t" * 100}),
    ("/generate", CUSTOM | {"model": "V5_5", "duration": 360}),
    ("/generate", CUSTOM | {"personaId": "p", "personaModel": "style_persona"}),
    ("/generate", V6),
    ("/generate", V6 | {"style": None, "lyrics": "x" * 5000, "variety": 4}),
    ("/generate", IDEA | {"model": "V6", "prompt": "x" * 3000}),
    ("/generate", IDEA | {"model": "V6_MINI", "prompt": None, "imageUrls": [MP3] * 5}),
    ("/generate/upload-cover", COVER),
    (
        "/generate/upload-cover",
        {"uploadUrl": MP3, "model": "V6", "style": "a", "callBackUrl": HOOK},
    ),
    ("/generate/upload-cover", COVER | {"instrumental": None}),
    ("/generate/upload-extend", EXTEND),
    ("/generate/upload-extend", CARRY_ON | {"style": None, "title": None, "continueAt": 60}),
    (
        "/generate/upload-extend",
        CARRY_ON | {"instrumental": True, "prompt": None, "continueAt": 60},
    ),
    ("/generate/upload-extend", EXTEND | {"model": "V5_5", "duration": 60}),
    ("/generate/upload-extend", V6_EXTEND),
    ("/generate/upload-extend", V6_EXTEND | {"continueAt": 0.5, "variety": 4, "duration": 360}),
    ("/generate/upload-extend", V6_EXTEND | {"defaultParamFlag": True}),
    ("/generate/upload-extend", CARRY_ON | {"continueAt": 0.5}),
    ("/generate/add-instrumental", BACKING),
    ("/generate/add-vocals", VOCALS),
    ("/generate/add-vocals", VOCALS | {"model": "V6", "prompt": None}),
    ("/generate/replace-section", SECTION),
    ("/generate/mashup", MASHUP),
    ("/generate/sounds", SOUND | {"soundTempo": 300, "soundKey": "F#m", "soundLoop": True}),
    ("/lyrics", {"prompt": WORDS, "callBackUrl": HOOK}),
    ("/vocal-removal/generate", STEMS),
    ("/vocal-removal/generate", STEMS | {"type": "split_stem_advanced", "stemName": "Piano"}),
    ("/style/generate", {"content": "jazz"}),
    ("/voice/validate", PHRASE | {"language": "de"}),
]

REFUSED: list[tuple[str, dict[str, Any], int, str]] = [
    ("/generate", IDEA | {"callBackUrl": None}, 400, "Please enter callBackUrl."),
    ("/generate", IDEA | {"callBackUrl": ""}, 400, "Please enter callBackUrl."),
    ("/generate", IDEA | {"callBackUrl": "ftp://x"}, 400, "callBackUrl must be an http"),
    ("/generate", IDEA | {"instrumental": None}, 400, "instrumental cannot be null"),
    ("/generate", IDEA | {"customMode": None}, 400, "customMode cannot be null"),
    ("/generate", IDEA | {"customMode": "yes"}, 400, "customMode must be a boolean"),
    ("/generate", IDEA | {"model": None}, 400, "Please enter model."),
    ("/generate", IDEA | {"model": "V9"}, 400, "The model V9 is not supported."),
    ("/generate", IDEA | {"prompt": ""}, 400, "Please enter prompt."),
    ("/generate", IDEA | {"prompt": 5}, 400, "prompt must be a string."),
    ("/generate", IDEA | {"prompt": "x" * 501}, 413, "prompt is too long: at most 500"),
    ("/generate", IDEA | {"style": "Jazz"}, 400, "style should be left empty in non-custom"),
    ("/generate", IDEA | {"title": "Dusk"}, 400, "title should be left empty in non-custom"),
    ("/generate", IDEA | {"personaId": "p"}, 400, "personaId should be left empty"),
    ("/generate", IDEA | {"vocalGender": "x"}, 400, "vocalGender must be one of m, f."),
    ("/generate", IDEA | {"styleWeight": 1.01}, 400, "styleWeight is out of range."),
    ("/generate", IDEA | {"styleWeight": 0.655}, 400, "styleWeight must be a multiple of 0.01."),
    ("/generate", IDEA | {"styleWeight": "1"}, 400, "styleWeight must be a number."),
    ("/generate", IDEA | {"negativeTags": "x" * 1001}, 413, "negativeTags is too long"),
    ("/generate", CUSTOM | {"style": None}, 400, "Please enter style."),
    ("/generate", CUSTOM | {"title": None}, 400, "Please enter title."),
    ("/generate", CUSTOM | {"prompt": None}, 400, "Please enter prompt."),
    ("/generate", CUSTOM | {"prompt": "x" * 5001}, 413, "prompt is too long: at most 5000"),
    ("/generate", CUSTOM | {"model": "V4", "prompt": "x" * 3001}, 413, "prompt is too long"),
    ("/generate", CUSTOM | {"model": "V4", "style": "x" * 201}, 413, "style is too long"),
    ("/generate", CUSTOM | {"style": "x" * 1001}, 413, "style is too long: at most 1000"),
    ("/generate", CUSTOM | {"title": "x" * 101}, 413, "title is too long: at most 100"),
    ("/generate", CUSTOM | {"model": "V4_5ALL", "title": "x" * 81}, 413, "title is too long"),
    ("/generate", CUSTOM | {"model": "V6", "title": "x" * 81}, 413, "title is too long"),
    ("/generate", CUSTOM | {"duration": 60}, 400, "duration should be left empty with V5."),
    ("/generate", CUSTOM | {"model": "V5_5", "duration": 9}, 400, "duration is out of range."),
    ("/generate", CUSTOM | {"model": "V6", "duration": 20.5}, 400, "duration must be a multiple"),
    ("/generate", CUSTOM | {"model": "V4", "personaModel": "style_persona"}, 400, "personaModel"),
    ("/generate", CUSTOM | {"personaModel": "other"}, 400, "personaModel must be one of"),
    ("/generate", CUSTOM | {"lyrics": "la"}, 400, "lyrics should be left empty with V5."),
    ("/generate", CUSTOM | {"model": "V6", "imageUrls": [MP3]}, 400, "imageUrls should be left"),
    ("/generate", V6 | {"style": None}, 400, "Please enter at least one of style, lyrics"),
    ("/generate", V6 | {"variety": 5}, 400, "variety is out of range."),
    ("/generate", V6 | {"customMode": False, "title": "t"}, 400, "title should be left empty"),
    ("/generate", V6 | {"customMode": False, "vocalGender": "m"}, 400, "vocalGender should be"),
    ("/generate", IDEA | {"model": "V6", "prompt": None}, 400, "Please enter at least one of"),
    ("/generate", IDEA | {"model": "V6", "prompt": "x" * 3001}, 413, "prompt is too long"),
    ("/generate", IDEA | {"model": "V6", "imageUrls": [MP3] * 6}, 400, "imageUrls must hold at"),
    (
        *("/generate", IDEA | {"model": "V6", "imageUrls": [MP3], "audioUrls": [MP3] * 10}),
        *(400, "At most 10 attachments"),
    ),
    ("/generate/upload-cover", COVER | {"uploadUrl": None}, 400, "Please enter uploadUrl."),
    ("/generate/upload-cover", COVER | {"uploadUrl": "file:///x"}, 400, "uploadUrl must be"),
    ("/generate/upload-cover", COVER | {"customMode": None}, 400, "customMode cannot be null"),
    ("/generate/upload-extend", EXTEND | {"defaultParamFlag": None}, 400, "defaultParamFlag"),
    ("/generate/upload-extend", CARRY_ON, 400, "continueAt cannot be null"),
    ("/generate/upload-extend", EXTEND | {"variety": 1}, 400, "variety should be left empty"),
    ("/generate/upload-extend", EXTEND | {"duration": 60}, 400, "duration should be left empty"),
    ("/generate/upload-extend", EXTEND | {"lyrics": "la"}, 400, "lyrics should be left empty"),
    ("/generate/upload-extend", V6_EXTEND | {"defaultParamFlag": 1}, 400, "defaultParamFlag must"),
    ("/generate/upload-extend", V6_EXTEND | {"continueAt": 0}, 400, "continueAt must be greater"),
    ("/generate/upload-extend", V6_EXTEND | {"model": None}, 400, "defaultParamFlag cannot be"),
    ("/generate/upload-extend", V6_EXTEND | {"model": [6]}, 400, "defaultParamFlag cannot be"),
    ("/generate/upload-extend", CARRY_ON | {"continueAt": 0}, 400, "continueAt must be greater"),
    ("/generate/upload-extend", CARRY_ON | {"prompt": None}, 400, "Please enter prompt."),
    ("/generate/extend", IDEA, 400, "defaultParamFlag cannot be null"),
    ("/generate/extend", EXTEND, 400, "Please enter audioId."),
    ("/generate/extend", EXTEND | {"audioId": "no"}, 404, "The audio does not exist."),
    ("/generate/add-instrumental", BACKING | {"tags": None}, 400, "Please enter tags."),
    ("/generate/add-vocals", VOCALS | {"style": None}, 400, "Please enter style."),
    ("/generate/add-vocals", VOCALS | {"prompt": None}, 400, "Please enter prompt."),
    ("/generate/replace-section", SECTION | {"audioId": "x"}, 400, "Either taskId and audioId"),
    ("/generate/replace-section", SECTION | {"model": None}, 400, "Please enter model."),
    ("/generate/replace-section", SECTION | {"uploadUrl": None}, 400, "Please enter uploadUrl."),
    ("/generate/replace-section", SECTION | {"infillEndS": 10.5}, 400, "infillStartS must be less"),
    ("/generate/replace-section", SECTION | {"infillEndS": 20.4}, 400, "The section must be at"),
    ("/generate/replace-section", SECTION | {"infillEndS": 30.001}, 400, "infillEndS must be a"),
    ("/generate/mashup", MASHUP | {"instrumental": None}, 400, "instrumental cannot be null"),
    ("/generate/mashup", MASHUP | {"uploadUrlList": [MP3]}, 400, "uploadUrlList must hold exactly"),
    ("/generate/mashup", MASHUP | {"uploadUrlList": MP3}, 400, "uploadUrlList must be a list."),
    ("/generate/mashup", MASHUP | {"uploadUrlList": [MP3, 1]}, 400, "uploadUrlList must hold http"),
    ("/generate/sounds", SOUND | {"prompt": "x" * 501}, 413, "prompt is too long"),
    ("/generate/sounds", SOUND | {"soundTempo": 301}, 400, "soundTempo is out of range."),
    ("/generate/sounds", SOUND | {"soundKey": "H"}, 400, "soundKey must be one of"),
    ("/generate/generate-persona", {"taskId": "a"}, 400, "Please enter audioId."),
    ("/generate/get-timestamped-lyrics", {"taskId": "a"}, 400, "Please enter audioId."),
    ("/lyrics", {"prompt": WORDS + "more", "callBackUrl": HOOK}, 413, "The prompt must be at most"),
    ("/lyrics", {"prompt": "x"}, 400, "Please enter callBackUrl."),
    ("/wav/generate", {"callBackUrl": HOOK, "taskId": "a"}, 400, "Please enter audioId."),
    ("/vocal-removal/generate", STEMS | {"audioId": "a"}, 400, "Either audioId or audioUrl"),
    ("/vocal-removal/generate", {"callBackUrl": HOOK}, 400, "Please enter taskId."),
    ("/vocal-removal/generate", STEMS | {"type": "all"}, 400, "type must be one of"),
    (
        *("/vocal-removal/generate", STEMS | {"type": "split_stem_advanced"}),
        *(400, "Please enter stemName."),
    ),
    ("/midi/generate", {"callBackUrl": HOOK, "taskId": "a"}, 404, "The task does not exist."),
    ("/mp4/generate", {"callBackUrl": HOOK, "taskId": "a", "audioId": "b"}, 404, "The audioId"),
    (
        *(
            "/mp4/generate",
            {"callBackUrl": HOOK, "taskId": "a", "audioId": "b", "author": "x" * 51},
        ),
        *(413, "author is too long"),
    ),
    ("/suno/cover/generate", {"callBackUrl": HOOK, "taskId": "a"}, 404, "The task does not exist."),
    ("/suno/recovery", {}, 400, "Please enter sunoTaskId."),
    ("/style/generate", {}, 400, "Please enter content."),
    ("/voice/validate", PHRASE | {"vocalEndS": 0}, 400, "vocalEndS must be greater"),
    ("/voice/validate", PHRASE | {"vocalStartS": 0.5}, 400, "vocalStartS must be a multiple"),
    ("/voice/validate", PHRASE | {"language": "la"}, 400, "language must be one of"),
    ("/voice/regenerate", {"taskId": "a", "callBackUrl": HOOK}, 400, "Please enter calBackUrl."),
    ("/voice/generate", {"taskId": "a"}, 400, "Please enter verifyUrl."),
    ("/voice/check-voice", {"taskId": "a"}, 400, "Please enter task_id."),
]


@pytest.mark.parametrize(("path", "body"), ACCEPTED)
async def test_right_requests_are_accepted(path: str, body: dict[str, Any]) -> None:
    """A request within the rules is accepted and charged."""
    async with raw(fake_suno()) as api:
        answer = await api.post(path, body)
        assert answer["code"] == 200, answer
        (entry,) = api.fake.ledger
        assert (entry.accepted, entry.cost > 0) == (True, True)


@pytest.mark.parametrize(("path", "body", "code", "message"), REFUSED)
async def test_wrong_requests_are_refused(
    path: str, body: dict[str, Any], code: int, message: str
) -> None:
    """A request against the rules gets HTTP 200, a code and a message, and costs nothing."""
    async with (
        raw(fake_suno()) as api,
        api.session.post(f"{api.fake.url}/api/v1{path}", json=body) as response,
    ):
        answer = await response.json()
        assert response.status == 200
        assert (answer["code"], answer["data"]) == (code, None), answer
        assert message in answer["msg"]
        assert api.fake.ledger.charged() == api.fake.ledger.accepted() == []
        assert api.fake.ledger.refused(code=code) == list(api.fake.ledger)


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"\xff"])
async def test_what_is_no_json_object_is_refused(body: bytes) -> None:
    """A body that is not a JSON object is a bad request."""
    async with (
        raw(fake_suno()) as api,
        api.session.post(f"{api.fake.url}/api/v1/generate", data=body) as response,
    ):
        assert (await response.json())["code"] == 400


async def test_extending_wants_the_model_and_a_place_within_the_song() -> None:
    """The model must be the source's, and `continueAt` before its end."""
    async with raw(fake_suno()) as api:
        source = await api.song()
        await asyncio.sleep(150)
        track = (await api.tracks(source))[0]
        body = CARRY_ON | {"audioId": track["id"], "continueAt": 60}
        assert (await api.post("/generate/extend", body | {"model": "V4"}))["code"] == 400
        late = body | {"continueAt": track["duration"]}
        assert (await api.post("/generate/extend", late))["code"] == 400
        extended = await api.submit("/generate/extend", body | {"title": "Longer"})
        record = await api.record(extended)
        assert (record["operationType"], record["parentMusicId"]) == ("extend", track["id"])
        same = await api.submit("/generate/extend", EXTEND | {"audioId": track["id"]})
        await asyncio.sleep(150)
        assert (await api.tracks(extended))[0]["title"] == "Longer"
        assert (await api.tracks(same))[0]["title"] == track["title"]


async def test_an_extension_by_v6_names_the_task_of_its_track() -> None:
    """It may be left out; another task's is refused."""
    async with raw(fake_suno()) as api:
        source, other = [await api.song(model="V6") for _ in range(2)]
        await asyncio.sleep(150)
        track = (await api.tracks(source))[0]
        body = {"audioId": track["id"], "model": "V6", "lyrics": "la", "callBackUrl": HOOK}
        assert (await api.post("/generate/extend", body))["code"] == 200
        assert (await api.post("/generate/extend", body | {"taskId": source}))["code"] == 200
        assert (await api.post("/generate/extend", body | {"taskId": other}))["code"] == 404


async def test_a_section_is_at_most_half_of_the_track() -> None:
    """In a track that is known, more than half cannot be replaced."""
    async with raw(fake_suno(song_seconds=(100, 100))) as api:
        source = await api.song()
        await asyncio.sleep(150)
        track = (await api.tracks(source))[0]
        ids = {"uploadUrl": None, "taskId": source, "audioId": track["id"]}
        whole = SECTION | ids | {"infillStartS": 10, "infillEndS": 70}
        assert (await api.post("/generate/replace-section", whole))["code"] == 400
        half = whole | {"infillEndS": 60}
        assert (await api.post("/generate/replace-section", half))["code"] == 200


async def test_a_track_must_be_of_its_task() -> None:
    """An audio id with the id of another task is refused."""
    async with raw(fake_suno()) as api:
        one, two = await api.song(), await api.song()
        await asyncio.sleep(150)
        audio = (await api.tracks(one))[0]["id"]
        body = {"callBackUrl": HOOK, "taskId": two, "audioId": audio}
        assert (await api.post("/wav/generate", body))["code"] == 404


async def test_unknown_ids_pass_where_the_fake_is_not_strict() -> None:
    """With `strict_ids=False` ids of nothing are taken as they are."""
    body = {"callBackUrl": HOOK, "taskId": "a", "audioId": "b"}
    async with raw(fake_suno(strict_ids=False)) as api:
        for path in ("/wav/generate", "/mp4/generate", "/vocal-removal/generate"):
            task_id = await api.submit(path, body)
            await asyncio.sleep(100)
            record = await api.record(task_id, path)
            assert (record["musicId"], record["successFlag"]) == ("b", "SUCCESS")
        assert (await api.post("/midi/generate", body))["code"] == 200
        assert (await api.post("/generate/extend", EXTEND | {"audioId": "b"}))["code"] == 200
        assert (await api.post("/generate/get-timestamped-lyrics", body))["code"] == 200


async def test_a_new_model_can_be_made_known() -> None:
    """A model that is added to the fake is accepted, under the laxest rules."""
    async with raw(fake_suno(models=("V7",))) as api:
        await api.song(model="V7", prompt="x" * 500)
        assert (await api.post("/generate", IDEA))["code"] == 400
