"""Songs: their stages, the oddities of their records, how they fail, and what they cost."""

import asyncio
from random import Random
from typing import Any

import pytest
from raw_client import IDEA, TIMES, drawn, fake_suno, raw
from shapes import as_printed, with_late_records

from suno_async.testing import Kind, Plan, Timetable

CAMEL = {
    *("id", "audioUrl", "streamAudioUrl", "imageUrl", "prompt", "modelName", "title", "tags"),
    *("createTime", "duration"),
}
SOURCES = {"sourceAudioUrl", "sourceStreamAudioUrl", "sourceImageUrl"}


async def test_a_song_goes_through_its_stages() -> None:
    """The status follows the timetable: PENDING, text, first, SUCCESS."""
    async with raw(fake_suno()) as api:
        task_id = await api.song()
        seen = list[str]()
        for _ in range(80):
            seen.append((await api.record(task_id))["status"])
            await asyncio.sleep(2)
        assert seen.count("PENDING") == 8
        assert seen.count("TEXT_SUCCESS") == 11
        assert seen.count("FIRST_SUCCESS") == 55
        assert list(dict.fromkeys(seen)) == [
            *("PENDING", "TEXT_SUCCESS", "FIRST_SUCCESS", "SUCCESS")
        ]


async def test_a_pending_record_has_no_response() -> None:
    """At first there is the request as JSON text and no response."""
    async with raw(fake_suno()) as api:
        record = await api.record(await api.song())
        assert record["response"] is None
        assert record["param"].startswith('{"prompt":"A calm piano tune","customMode":false')
        assert record["operationType"] == "generate"
        assert record["parentMusicId"] == ""
        assert (record["errorCode"], record["errorMessage"]) == (None, None)
        assert record["createTime"] == 1_767_225_600_000


async def test_at_text_the_tracks_have_no_audio_yet() -> None:
    """At text both tracks are listed, audioUrl is empty text, and the stream answers no bytes."""
    async with raw(fake_suno()) as api:
        task_id = await api.song()
        await asyncio.sleep(16)
        tracks = await api.tracks(task_id)
        assert len(tracks) == 2
        for track in tracks:
            assert track.keys() == CAMEL | SOURCES
            assert (track["audioUrl"], track["sourceAudioUrl"]) == ("", None)
            assert track["duration"] is None
            async with api.session.get(track["streamAudioUrl"]) as response:
                assert (response.status, await response.read()) == (200, b"")


async def test_at_first_one_track_lags_in_either_way() -> None:
    """At first one track has its file; the other's is empty text, or its keys are missing."""
    async with raw(fake_suno()) as api:
        tasks = [await api.song() for _ in range(2)]
        await asyncio.sleep(40)
        lagging = list[dict[str, Any]]()
        for task_id in tasks:
            first, second = await api.tracks(task_id)
            assert first["audioUrl"].endswith(f"{first['id']}.mp3")
            lagging.append(second)
        assert "audioUrl" not in lagging[0]
        assert "duration" not in lagging[0]
        assert lagging[1]["audioUrl"] == ""


async def test_two_songs_share_their_title() -> None:
    """A finished task has two tracks with one title, and all their files."""
    async with raw(fake_suno()) as api:
        task_id = await api.song()
        await asyncio.sleep(150)
        record = await api.record(task_id)
        one, two = record["response"]["sunoData"]
        assert record["type"] == one["modelName"] == "chirp-crow"
        assert one["title"] == two["title"]
        assert one["id"] != two["id"]
        assert len(one["id"]) == 36
        assert len(task_id) == 32
        assert one["createTime"] == 1_767_225_600_000
        assert 120 <= one["duration"] <= 240
        assert one["audioUrl"] == one["sourceAudioUrl"]


async def test_own_words_come_back() -> None:
    """In custom mode the tracks carry the title, style and words that were asked for."""
    body = IDEA | {"customMode": True, "title": "Dusk", "style": "Jazz", "prompt": "La la"}
    async with raw(fake_suno(song_seconds=(10, 20))) as api:
        await api.submit("/generate", body)
        task_id = await api.song(**body | {"instrumental": True})
        spoken = await api.submit("/generate", body)
        await asyncio.sleep(150)
        sung = (await api.tracks(spoken))[0]
        assert (sung["title"], sung["tags"], sung["prompt"]) == ("Dusk", "Jazz", "La la")
        assert (await api.tracks(task_id))[0]["prompt"] == "[Instrumental]"
        assert 10 <= sung["duration"] <= 20


async def test_the_printed_shape_is_there_too() -> None:
    """`as_printed` has the reference's shape: times as text, no source URLs."""
    async with raw(as_printed(fake_suno())) as api:
        task_id = await api.song()
        await asyncio.sleep(150)
        record = await api.record(task_id)
        assert record["type"] == "GENERATE"
        assert "createTime" not in record
        assert record["response"]["sunoData"][0].keys() == CAMEL
        assert record["response"]["sunoData"][0]["createTime"] == "2026-01-01 00:00:00"


async def test_data_is_null_right_after_submission() -> None:
    """With `with_late_records` a fresh task is not found for that long."""
    async with raw(with_late_records(fake_suno(), 3.0)) as api:
        task_id = await api.song()
        assert (await api.get("/generate/record-info", taskId=task_id))["data"] is None
        await asyncio.sleep(3)
        assert (await api.record(task_id))["status"] == "PENDING"


async def test_what_is_not_a_music_task_finds_nothing() -> None:
    """An unknown id, an audio id and the id of another kind answer 200 with no data."""
    async with raw(fake_suno()) as api:
        task_id = await api.song()
        await asyncio.sleep(16)
        audio_id = (await api.tracks(task_id))[0]["id"]
        for wanted in ("0" * 32, audio_id):
            answer = await api.get("/generate/record-info", taskId=wanted)
            assert (answer["code"], answer["data"]) == (200, None)
        assert (await api.get("/lyrics/record-info", taskId=task_id))["data"] is None


@pytest.mark.parametrize(
    "status",
    [
        "CREATE_TASK_FAILED",
        "GENERATE_AUDIO_FAILED",
        "CALLBACK_EXCEPTION",
        "SENSITIVE_WORD_ERROR",
    ],
)
async def test_a_song_fails_with_each_status(status: str) -> None:
    """A script lets a song fail with any status; the envelope says success all the same."""
    async with raw(fake_suno()) as api:
        api.fake.script(fail_at=20.0, status=status)
        failed, fine = await api.song(), await api.song()
        await asyncio.sleep(21)
        record = await api.record(failed)
        assert (record["status"], record["response"]) == (status, None)
        assert record["errorCode"] == (400 if status == "SENSITIVE_WORD_ERROR" else 500)
        assert record["errorMessage"]
        await asyncio.sleep(150)
        assert (await api.record(failed))["status"] == status
        assert (await api.record(fine))["status"] == "SUCCESS"


async def test_a_failed_song_can_keep_a_track() -> None:
    """With `partial` a failed task keeps finished tracks."""
    async with raw(fake_suno()) as api:
        api.fake.script(fail_at=60.0, partial=1, error_code=501, error_message="no second")
        task_id = await api.song()
        await asyncio.sleep(61)
        record = await api.record(task_id)
        assert (record["errorCode"], record["errorMessage"]) == (501, "no second")
        (track,) = record["response"]["sunoData"]
        async with api.session.get(track["audioUrl"]) as response:
            assert response.status == 200


async def test_success_can_come_without_audio() -> None:
    """A script reaches SUCCESS with audioUrl null, and a stream of no bytes."""
    async with raw(fake_suno()) as api:
        api.fake.script(audio=False)
        task_id = await api.song()
        await asyncio.sleep(150)
        record = await api.record(task_id)
        assert record["status"] == "SUCCESS"
        for track in record["response"]["sunoData"]:
            assert (track["audioUrl"], track["sourceAudioUrl"]) == (None, None)
            async with api.session.get(track["streamAudioUrl"]) as response:
                assert await response.read() == b""


async def test_a_script_can_leave_stages_out() -> None:
    """`skip` leaves stages out, `times` holds for several tasks, and an operation can be named."""
    async with raw(fake_suno()) as api:
        api.fake.script("generate-music", times=2, skip=("text", "first"), complete=50.0)
        lyrics = await api.submit(
            "/lyrics", {"prompt": "rain", "callBackUrl": "https://x.invalid/"}
        )
        tasks = [await api.song() for _ in range(3)]
        await asyncio.sleep(49)
        words = [(await api.record(task_id))["status"] for task_id in tasks]
        assert words == ["PENDING", "PENDING", "FIRST_SUCCESS"]
        await asyncio.sleep(2)
        assert (await api.record(tasks[0]))["status"] == "SUCCESS"
        assert api.fake.tasks[lyrics].plan == Plan(complete=15.0)


async def test_credits_go_down_and_run_out() -> None:
    """Each song costs, refusals do not, and with too little left the code is 429."""
    async with raw(fake_suno(credits=30.0)) as api:
        codes = [(await api.post("/generate", IDEA))["code"] for _ in range(3)]
        assert codes == [200, 200, 429]
        assert (await api.get("/generate/credit"))["data"] == 6
        refusal = await api.post("/generate", IDEA)
        assert refusal["msg"] == "The current credits are insufficient. Please top up."
        assert [entry.cost for entry in api.fake.ledger.charged()] == [12.0, 12.0]
        api.fake.balance = 12.5
        await api.song()
        assert (await api.get("/generate/credit"))["data"] == 0.5


async def test_only_531_gives_credits_back() -> None:
    """A task that fails keeps its price, unless it fails with 531."""
    async with raw(fake_suno(credits=100.0)) as api:
        api.fake.script(fail_at=10.0)
        await api.song()
        api.fake.script(fail_at=20.0, error_code=531)
        task_id = await api.song()
        await asyncio.sleep(11)
        assert api.fake.balance == 76
        await asyncio.sleep(10)
        assert api.fake.balance == 88
        assert (await api.record(task_id))["errorCode"] == 531
        assert "refunded" in (await api.record(task_id))["errorMessage"]


@pytest.mark.parametrize(
    ("mode", "status_at_text"),
    [
        ("CALLBACK_EXCEPTION", "TEXT_SUCCESS"),
        ("CALLBACK_EXCEPTION_FROM_TEXT", "CALLBACK_EXCEPTION"),
    ],
)
async def test_an_unreachable_callback_can_spoil_the_status(mode: str, status_at_text: str) -> None:
    """An undeliverable callback ends in CALLBACK_EXCEPTION, while the result is all there."""
    async with raw(fake_suno(unreachable=mode)) as api:
        task_id = await api.song()
        assert (await api.record(task_id))["status"] == "PENDING"
        await asyncio.sleep(16)
        assert (await api.record(task_id))["status"] == status_at_text
        await asyncio.sleep(150)
        record = await api.record(task_id)
        assert (record["status"], record["errorCode"]) == ("CALLBACK_EXCEPTION", None)
        assert all(track["audioUrl"] for track in record["response"]["sunoData"])


async def test_the_same_seed_makes_the_same_songs() -> None:
    """What is drawn depends on the seed alone."""

    async def ids(seed: int) -> list[Any]:
        async with raw(fake_suno(seed=seed, timetable=Timetable.drawn())) as api:
            task_id = await api.song()
            await asyncio.sleep(400)
            tracks = await api.tracks(task_id)
            return [task_id, *((track["id"], track["duration"]) for track in tracks)]

    assert await ids(1) == await ids(1)
    assert await ids(1) != await ids(2)


async def test_a_timetable_is_any_callable() -> None:
    """Whatever takes a kind and a random generator and gives a plan will do."""

    def by_its_name(kind: Kind, _rng: Random) -> Plan:
        return Plan(complete=len(kind))

    async with raw(fake_suno(timetable=by_its_name)) as api:
        task_id = await api.song()
        await asyncio.sleep(5)
        assert (await api.record(task_id))["status"] == "SUCCESS"


def test_drawn_times_spread_as_they_should() -> None:
    """Drawn plans lie around the usual times, in order, with their shares of failed and slow."""
    table, rng = Timetable.drawn(failed=0.1, slow=0.2), drawn(1)
    plans = [table(Kind.MUSIC, rng) for _ in range(2000)]
    assert all((p.text or 0) <= (p.first or 0) <= p.complete for p in plans)
    middle = sorted(p.complete for p in plans)[1000]
    assert TIMES.complete < middle < TIMES.complete * 1.1
    assert 0.07 < sum(p.fails for p in plans) / 2000 < 0.13
    assert 0.13 < sum(p.complete > 148 * 1.45 for p in plans) / 2000 < 0.22
    assert sorted(p.text or 0 for p in plans)[1000] == pytest.approx(15, rel=0.1)
    half = Timetable.drawn(scale=0.5)(Kind.LYRICS, drawn(5)).complete
    assert half == Timetable.drawn()(Kind.LYRICS, drawn(5)).complete / 2
