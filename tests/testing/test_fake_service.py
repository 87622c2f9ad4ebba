"""The whole: all operations are there, keys, unknown paths, the quick start, mounting, scale."""

import ast
import asyncio
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from raw_client import HOOK, IDEA, fake_suno, raw
from shapes import as_in_the_quick_start

import suno_async.testing
from suno_async.testing import FakeSuno, Fault, Timetable
from suno_async.testing._api.catalogue import OPERATIONS

API = "/api/v1"
PUBLIC = ("faults", "judges", "ledger", "callbacks", "timetable")
INDEX = """
generate-music POST /api/v1/generate
extend-music POST /api/v1/generate/extend
upload-and-cover-audio POST /api/v1/generate/upload-cover
upload-and-extend-audio POST /api/v1/generate/upload-extend
add-instrumental POST /api/v1/generate/add-instrumental
add-vocals POST /api/v1/generate/add-vocals
replace-section POST /api/v1/generate/replace-section
generate-mashup POST /api/v1/generate/mashup
generate-sounds POST /api/v1/generate/sounds
get-music-generation-details GET /api/v1/generate/record-info
generate-persona POST /api/v1/generate/generate-persona
get-timestamped-lyrics POST /api/v1/generate/get-timestamped-lyrics
get-remaining-credits GET /api/v1/generate/credit
generate-lyrics POST /api/v1/lyrics
get-lyrics-generation-details GET /api/v1/lyrics/record-info
convert-to-wav-format POST /api/v1/wav/generate
get-wav-conversion-details GET /api/v1/wav/record-info
separate-vocals-from-music POST /api/v1/vocal-removal/generate
get-vocal-separation-details GET /api/v1/vocal-removal/record-info
generate-midi POST /api/v1/midi/generate
get-midi-details GET /api/v1/midi/record-info
create-music-video POST /api/v1/mp4/generate
get-music-video-details GET /api/v1/mp4/record-info
cover-suno POST /api/v1/suno/cover/generate
get-cover-suno-details GET /api/v1/suno/cover/record-info
recovery-audio POST /api/v1/suno/recovery
get-recovery-audio-details GET /api/v1/suno/recovery/record-info
boost-music-style POST /api/v1/style/generate
suno-voice-validate POST /api/v1/voice/validate
suno-voice-validate-info GET /api/v1/voice/validate-info
suno-voice-regenerate POST /api/v1/voice/regenerate
suno-voice-generate POST /api/v1/voice/generate
suno-voice-record-info GET /api/v1/voice/record-info
suno-voice-check-voice POST /api/v1/voice/check-voice
upload-file-base64 POST /api/file-base64-upload
upload-file-stream POST /api/file-stream-upload
upload-file-url POST /api/file-url-upload
"""


def test_all_thirty_seven_operations_are_there() -> None:
    """The table of operations is the service's index of pages."""
    table = [f"{one.name} {one.method} {one.path}" for one in OPERATIONS]
    assert table == INDEX.split("\n")[1:-1]
    assert len(table) == 37


async def test_every_operation_is_answered_and_listed() -> None:
    """Each operation answers in its envelope, and is in the ledger by its name."""
    async with raw(fake_suno()) as api:
        for operation in OPERATIONS:
            url = api.fake.url + operation.path
            async with api.session.request(operation.method, url, json={}) as response:
                assert response.status == 200
                answer = await response.json()
                assert {"code", "msg"} <= answer.keys()
                assert ("success" in answer) is operation.upload
        names = [entry.operation for entry in api.fake.ledger]
        assert names == [operation.name for operation in OPERATIONS]


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "key"},
        {"Authorization": "Basic key"},
        {"Authorization": "Bearer "},
        {"Authorization": "Bearer other"},
        {"X-API-Key": "key"},
        {"api-key": "key"},
    ],
)
async def test_only_the_bearer_of_the_key_is_served(headers: dict[str, str]) -> None:
    """Any other way to name a key, or another key, is answered with 401 and HTTP 200."""
    async with (
        fake_suno() as fake,
        aiohttp.ClientSession() as session,
        session.get(f"{fake.url}{API}/generate/credit?key=key", headers=headers) as response,
    ):
        answer = await response.json()
        assert (response.status, answer["code"], answer["data"]) == (200, 401, None)


async def test_any_key_will_do_where_none_is_set() -> None:
    """With `api_key=None` every key is accepted, but there must be one."""
    async with raw(fake_suno(api_key=None), key="whatever") as api:
        assert (await api.get("/generate/credit"))["code"] == 200


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/generate"), ("POST", "/generate/credit"), ("GET", "/list"), ("GET", "/get-credits")],
)
async def test_unknown_paths_and_methods(method: str, path: str) -> None:
    """What is not in the table is answered with 404, in the envelope and by HTTP."""
    async with (
        raw(fake_suno()) as api,
        api.session.request(method, f"{api.fake.url}{API}{path}") as response,
    ):
        assert response.status == 404
        assert (await response.json())["code"] == 404
        assert api.fake.ledger.entries[0].operation == ""


async def test_the_quick_start_has_its_own_shapes() -> None:
    """Credits lie elsewhere, every record is read at one path, and tracks are in snake case."""
    async with raw(as_in_the_quick_start(fake_suno())) as api:
        assert (await api.get("/generate/credit"))["code"] == 404
        assert (await api.get("/get-credits"))["data"] == {"credits": 1000}
        song = await api.song()
        words = await api.submit("/lyrics", {"prompt": "rain", "callBackUrl": HOOK})
        api.fake.script(fail_at=30.0, error_message="no")
        failed = await api.song()
        assert (await api.record(song)) == {"taskId": song, "status": "PENDING", "response": None}
        await asyncio.sleep(40)
        assert (await api.record(song))["status"] == "GENERATING"
        assert (await api.record(failed))["status"] == "FAILED"
        assert (await api.record(failed))["errorMessage"] == "no"
        lyrics = await api.record(words)
        assert (lyrics["status"], lyrics["response"]["data"][0]["status"]) == (
            "SUCCESS",
            "complete",
        )
        await asyncio.sleep(120)
        record = await api.record(song)
        tracks = record["response"]["data"]
        assert record["status"] == "SUCCESS"
        assert tracks[0].keys() == {"id", "audio_url", "title", "tags", "duration"}
        stems = await api.submit(
            "/vocal-removal/generate",
            {"taskId": song, "audioId": tracks[0]["id"], "callBackUrl": HOOK},
        )
        await asyncio.sleep(60)
        info = (await api.record(stems))["response"]["vocal_removal_info"]
        assert info.keys() == {"origin_url", "vocal_url", "instrumental_url"}


async def test_mounted_elsewhere_its_links_still_lead_to_it() -> None:
    """The application can be mounted under a prefix of another server."""
    fake, app = fake_suno(), web.Application()
    app.add_subapp("/suno/", fake.app)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    base = f"http://127.0.0.1:{runner.addresses[0][1]}/suno"
    headers = {"Authorization": "Bearer key"}
    async with aiohttp.ClientSession(headers=headers) as session:
        async with session.post(f"{base}{API}/generate", json=IDEA) as response:
            task_id = (await response.json())["data"]["taskId"]
        await asyncio.sleep(150)
        url = f"{base}{API}/generate/record-info?taskId={task_id}"
        async with session.get(url) as response:
            track = (await response.json())["data"]["response"]["sunoData"][0]
        assert track["audioUrl"].startswith(f"{base}/files/")
        async with session.get(track["audioUrl"]) as response:
            assert response.status == 200
    await runner.cleanup()


async def test_a_plain_server() -> None:
    """It can be started at an address of one's choice, and closed twice."""
    fake = FakeSuno()
    assert fake.url == ""
    assert repr(fake) == "<FakeSuno at no address: 0 tasks>"
    url = await fake.start("127.0.0.1", 0)
    assert url == fake.url == fake.upload_url
    await fake.close()
    await fake.close()


async def test_down_and_up_again() -> None:
    """A fake that was closed refuses connections, and knows its tasks when it is started again."""
    async with raw(fake_suno()) as api:
        task_id = await api.song()
        port = int(api.fake.url.rpartition(":")[2])
        await api.fake.close()
        with pytest.raises(aiohttp.ClientConnectorError):
            await api.record(task_id)
        await asyncio.sleep(150)
        await api.fake.start(port=port)
        assert (await api.record(task_id))["status"] == "SUCCESS"
        api.fake.fail(Fault.NEVER)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(100):
                await api.song()


async def test_many_tasks_need_no_timers() -> None:
    """Where nothing is posted, a task costs no timer, whatever its number."""
    async with raw(fake_suno(credits=1e9)) as api:
        loop: Any = asyncio.get_running_loop()
        before = len(loop._scheduled)
        for _ in range(40):
            await asyncio.gather(*(api.song() for _ in range(25)))
        assert len(loop._scheduled) - before < 100
        assert len(api.fake.tasks) == 1000


def test_it_shares_no_code_with_the_client() -> None:
    """No module of the fake imports one of the client."""
    here = Path(suno_async.testing.__file__).parent
    modules = [here / "fake.py", *here.glob("_api/*.py"), *(here / f"{name}.py" for name in PUBLIC)]
    for module in modules:
        for node in ast.walk(ast.parse(module.read_text())):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            for name in names:
                assert not name.startswith("suno_async") or name.startswith("suno_async.testing")


def test_the_usual_timetable_is_drawn() -> None:
    """A fake without settings draws its times."""
    assert FakeSuno().timetable == Timetable.drawn()
