"""The client against the embedded API, over real sockets on virtual time."""

from __future__ import annotations

import asyncio
import inspect
import logging
from typing import TYPE_CHECKING

import pytest
from aiohttp import ClientSession
from shapes import as_in_the_quick_start, with_late_records

import suno_async
from suno_async import (
    APIError,
    AuthenticationFailed,
    ClientClosed,
    ConfigurationError,
    ConnectionFailed,
    ConvertToWav,
    GenerateLyrics,
    GenerateMusic,
    GetCredits,
    InsufficientCredits,
    Priority,
    RateLimiter,
    Slot,
    Stage,
    SubmissionUnknown,
    SunoClient,
    SunoError,
    TaskFailed,
    TaskTimeout,
)
from suno_async.errors import NotFound, ServerError
from suno_async.testing import FakeSuno, Fault, Timetable

if TYPE_CHECKING:
    from pathlib import Path


async def test_a_song_from_idea_to_file(suno: SunoClient, tmp_path: Path) -> None:
    """text, first, complete come as they happen; the result is the same task's, then a file."""
    task = await suno.generate_music("A calm piano tune at dusk")
    events = [event async for event in task]
    assert [event.stage for event in events] == [Stage.TEXT, Stage.FIRST, Stage.COMPLETE]
    assert not any(event.implied for event in events)
    assert [track.is_ready for track in events[1].result] == [True, False]
    one, two = await task
    assert one.title == two.title
    assert (one.task_id, one.model) == (task.id, "V5")
    paths = [await suno.download(track, tmp_path) for track in (one, two)]
    assert [path.name for path in paths] == [
        f"{track.title} [{track.id[:8]}].mp3" for track in (one, two)
    ]
    assert all(path.read_bytes()[:1] == b"\xff" for path in paths)
    assert not list(tmp_path.glob("*.part"))


async def test_lyrics_wav_and_credits(suno: SunoClient, fake_suno: FakeSuno) -> None:
    """A task with a status word, one with a flag, and a call without a task."""
    before = await suno.get_credits()
    lyrics = await (await suno.generate_lyrics("the sea"))
    assert lyrics[0].text
    tracks = await (await suno.generate_music("the sea"))
    wav = await (await suno.convert_to_wav(tracks[0]))
    assert wav.audio_wav_url
    assert await suno.get_credits() == fake_suno.balance < before
    body = fake_suno.ledger.of("convert-to-wav-format")[0].body
    assert (body["audioId"], body["taskId"]) == (tracks[0].id, tracks[0].task_id)
    assert body["callBackUrl"] == "https://callback.invalid/"


async def test_the_quick_starts_shapes() -> None:
    """The older pages' credits path, lists and words work without being asked for."""
    async with (
        as_in_the_quick_start(FakeSuno()) as fake,
        SunoClient("key", base_url=fake.url) as suno,
    ):
        assert await suno.get_credits() == 1000
        tracks = await (await suno.generate_music("the sea"))
        assert all(track.is_ready for track in tracks)


async def test_one_song_is_seen_within_seconds_at_few_requests(
    suno: SunoClient, fake_suno: FakeSuno
) -> None:
    """A person's song: each stage is seen within some seconds, at 40 requests at most."""
    loop = asyncio.get_running_loop()
    fake_suno.script(text=15, first=36.5, complete=148)
    task = await suno.generate_music("the sea")
    began = loop.time()
    seen = [loop.time() - began async for _ in task]
    for at, expected in zip(seen, (15, 36.5, 148), strict=True):
        assert expected <= at <= expected + 9
    assert len(fake_suno.ledger) <= 40


async def test_a_task_nobody_listens_to_costs_no_polls(
    suno: SunoClient, fake_suno: FakeSuno
) -> None:
    """Nothing is asked while nobody waits; afterwards the task is there all the same."""
    task = await suno.generate_music("the sea")
    await asyncio.sleep(1000)
    assert len(fake_suno.ledger) == 1
    assert len(await task) == 2
    assert len(fake_suno.ledger) == 2


async def test_many_at_once_are_never_refused(suno: SunoClient, fake_suno: FakeSuno) -> None:
    """60 songs asked for and awaited at once: no request is refused, none is late for ever."""

    async def song() -> int:
        return len(await (await suno.generate_music("the sea")))

    assert await asyncio.gather(*(song() for _ in range(60))) == [2] * 60
    assert not fake_suno.ledger.limited()
    assert fake_suno.ledger.max_in_window(10.0) <= 20
    assert len(fake_suno.ledger.accepted("generate-music")) == 60


async def test_failures_end_in_their_class(suno: SunoClient, fake_suno: FakeSuno) -> None:
    """A failed task ends its listeners with the service's word; it does not hang."""
    fake_suno.script(fail_at=60, status="GENERATE_AUDIO_FAILED", error_message="no luck")
    task = await suno.generate_music("the sea")
    stages: list[Stage] = []
    with pytest.raises(TaskFailed, match="no luck") as caught:
        async for event in task:
            stages.append(event.stage)  # noqa: PERF401 what comes before the error counts
    assert stages == [Stage.TEXT, Stage.FIRST]
    assert caught.value.status == "GENERATE_AUDIO_FAILED"
    assert caught.value.token == task.token


async def test_a_token_is_the_task_in_another_client(fake_suno: FakeSuno) -> None:
    """A token picks the task up again, typed or not, and is one object in one client."""
    async with SunoClient("key", base_url=fake_suno.url) as suno:
        token = (await suno.generate_music("the sea")).token
    async with SunoClient("key", base_url=fake_suno.url) as other:
        task = other.task(token)
        typed = other.task(token.partition(":")[2], GenerateMusic)
        assert task is typed
        assert [event.stage async for event in task][-1] is Stage.COMPLETE
        assert (await typed)[0].model == "V5"


@pytest.mark.parametrize("token", ["", "music:", "5c79be8e", "opera:5c79", ":5c79"])
async def test_what_is_no_token_is_refused(suno: SunoClient, token: str) -> None:
    """A wrong token says what one looks like."""
    with pytest.raises(ConfigurationError, match="token of a task"):
        suno.task(token)


async def test_a_token_of_another_kind_is_refused(suno: SunoClient) -> None:
    """A token that says lyrics is not taken for music."""
    with pytest.raises(ConfigurationError, match="token of a task"):
        suno.task("lyrics:5c79", GenerateMusic)


async def test_a_record_that_appears_late_is_no_trouble() -> None:
    """`data: null` right after the submission is no news."""
    async with (
        with_late_records(FakeSuno(), 30) as fake,
        SunoClient("key", base_url=fake.url) as suno,
    ):
        assert len(await (await suno.generate_music("the sea"))) == 2


async def test_failed_polls_are_not_the_tasks_failure(
    suno: SunoClient, fake_suno: FakeSuno
) -> None:
    """Some failed polls pass unnoticed; a minute of nothing else is raised, and nothing is lost."""
    task = await suno.generate_music("the sea")
    for fault in (Fault.HTML_502, Fault.RESET_AFTER_READ, Fault.TRUNCATED_JSON):
        fake_suno.fail(fault, on="get-music-generation-details")
    assert len(await task) == 2
    task = await suno.generate_music("the sea")
    fake_suno.fail(Fault.HTML_502, on="get-music-generation-details", times=None)
    loop = asyncio.get_running_loop()
    began = loop.time()
    with pytest.raises(ServerError):
        await task
    assert 60 <= loop.time() - began <= 90
    fake_suno.clear_faults()
    assert len(await task) == 2


async def test_a_revoked_key_is_raised_at_once(suno: SunoClient, fake_suno: FakeSuno) -> None:
    """A poll that is refused for its key ends the waiting."""
    task = await suno.generate_music("the sea")
    fake_suno.fail(Fault.envelope(401), on="get-music-generation-details")
    with pytest.raises(AuthenticationFailed):
        await task


async def test_closing_reaches_the_listeners(fake_suno: FakeSuno) -> None:
    """Listeners of a closed client get ClientClosed with the token; so do those that come after."""
    suno = SunoClient("key", base_url=fake_suno.url)
    task = await suno.generate_music("the sea")
    waiting = asyncio.create_task(task.wait())
    await asyncio.sleep(1)
    closed = asyncio.get_running_loop().time()
    await suno.aclose()
    await suno.aclose()
    with pytest.raises(ClientClosed) as caught:
        await waiting
    assert asyncio.get_running_loop().time() - closed < 1, "raised at once, not found out later"
    assert caught.value.token == task.token
    assert task.token in str(caught.value)
    with pytest.raises(ClientClosed):
        await task
    with pytest.raises(ClientClosed):
        await suno.get_credits()
    with pytest.raises(ClientClosed):
        await suno.generate_music("x")


async def test_closing_waits_for_what_was_paid(fake_suno: FakeSuno) -> None:
    """A submission that has left is answered before the client is gone."""
    fake_suno.fail(Fault.DELAY_AFTER_ACCEPT.lasting(10), on="generate-music")
    suno = SunoClient("key", base_url=fake_suno.url)
    asking = asyncio.create_task(suno.generate_music("the sea"))
    await asyncio.sleep(5)
    await suno.aclose()
    task = await asking
    assert task.id in fake_suno.tasks


async def test_closing_twice_at_once_ends_once(fake_suno: FakeSuno) -> None:
    """The second one to close waits for the same end: what was paid is not dropped."""
    fake_suno.fail(Fault.DELAY_AFTER_ACCEPT.lasting(10), on="generate-music")
    suno = SunoClient("key", base_url=fake_suno.url)
    asking = asyncio.create_task(suno.generate_music("the sea"))
    await asyncio.sleep(5)
    closing = asyncio.create_task(suno.aclose())
    await asyncio.sleep(0)
    await suno.aclose()
    assert closing.done()
    assert (await asking).id in fake_suno.tasks


@pytest.mark.parametrize("steps", range(1, 12))
async def test_cancelling_the_closing_leaves_nothing_open(
    fake_suno: FakeSuno, tmp_path: Path, steps: int
) -> None:
    """Whenever that is, polls and sessions end, and the journal is free for the next client."""
    fake_suno.fail(Fault.NEVER, on="get-music-generation-details", times=None)
    before = asyncio.all_tasks()
    journal = tmp_path / "songs.sqlite"
    suno = SunoClient("key", base_url=fake_suno.url, journal=journal)
    waiting = asyncio.ensure_future((await suno.generate_music("the sea")).wait())
    await asyncio.sleep(9)
    closing = asyncio.create_task(suno.aclose())
    for _ in range(steps):
        await asyncio.sleep(0)
    closing.cancel()
    await asyncio.wait([closing])
    with pytest.raises(ClientClosed):
        await waiting
    async with SunoClient("key", base_url=fake_suno.url, journal=journal):
        pass
    ours = asyncio.all_tasks() - before
    assert not [one for one in ours if "Poller" in repr(one)]


class BrokenLimiter:
    """Grants some slots, then its store is away."""

    def __init__(self, good: int) -> None:
        self.good = good
        self.limiter = RateLimiter()

    async def acquire(self, priority: Priority = Priority.INTERACTIVE) -> Slot:
        """A slot, or an error that is not ours."""
        self.good -= 1
        if self.good < 0:
            raise ConnectionError("the store is away")
        return await self.limiter.acquire(priority)


async def test_a_limiter_that_fails_is_raised_and_survived(fake_suno: FakeSuno) -> None:
    """An error of a limiter of one's own reaches the caller, who can go on."""
    loop = asyncio.get_running_loop()
    broken = BrokenLimiter(good=1)
    async with SunoClient("key", base_url=fake_suno.url, limiter=broken) as suno:
        task = await suno.generate_music("the sea")
        began = loop.time()
        with pytest.raises(SunoError, match="the store is away") as caught:
            await task
        assert 60 <= loop.time() - began <= 120
        assert caught.value.token == task.token
        broken.good = 100
        assert len(await task) == 2


async def test_errors_of_polls_say_which_task(suno: SunoClient, fake_suno: FakeSuno) -> None:
    """What is raised to a listener carries the task's token and kind."""
    task = await suno.generate_music("the sea")
    fake_suno.fail(Fault.NEVER, on="get-music-generation-details", times=None)
    with pytest.raises(suno_async.RequestTimeout) as caught:
        await task
    assert (caught.value.token, caught.value.kind) == (task.token, "music")


async def test_closing_calls_back_what_has_not_left(fake_suno: FakeSuno) -> None:
    """A submission that still waits for the limiter is not sent, and says so."""
    suno = SunoClient("key", base_url=fake_suno.url)
    await asyncio.gather(*(suno.get_credits() for _ in range(20)))
    asking = asyncio.create_task(suno.generate_music("the sea"))
    await asyncio.sleep(1)
    await suno.aclose()
    with pytest.raises(ClientClosed, match="nothing was paid"):
        await asking
    assert not fake_suno.ledger.of("generate-music")


async def test_cancelling_before_it_leaves_sends_nothing(
    suno: SunoClient, fake_suno: FakeSuno
) -> None:
    """A submission cancelled while it waits for the limiter is never sent."""
    await asyncio.gather(*(suno.get_credits() for _ in range(20)))
    asking = asyncio.create_task(suno.generate_music("the sea"))
    await asyncio.sleep(1)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    await asyncio.sleep(60)
    assert not fake_suno.ledger.of("generate-music")
    assert suno.unclaimed == []


async def test_cancelling_after_it_left_loses_no_song(
    suno: SunoClient, fake_suno: FakeSuno, caplog: pytest.LogCaptureFixture
) -> None:
    """A paid submission is finished in the background, logged and listed."""
    fake_suno.fail(Fault.DELAY_AFTER_ACCEPT.lasting(10), on="generate-music")
    asking = asyncio.create_task(suno.generate_music("the sea"))
    await asyncio.sleep(5)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    with caplog.at_level(logging.WARNING, logger="suno_async"):
        await asyncio.sleep(10)
    (token,) = suno.unclaimed
    assert token in caplog.text
    assert len(await suno.task(token)) == 2
    assert len(fake_suno.ledger.accepted("generate-music")) == 1


@pytest.mark.parametrize(
    "fault",
    [
        Fault.RESET_AFTER_ACCEPT,
        Fault.CLOSE_AFTER_ACCEPT,
        Fault.CUT_BODY,
        Fault.NEVER_AFTER_ACCEPT,
        Fault.HTML_502.after_accepting(),
        Fault.HTML_200.after_accepting(),
        Fault.TRUNCATED_JSON.after_accepting(),
        Fault.ENDLESS_BODY,
        Fault.DATA_NULL,
    ],
    ids=lambda fault: fault.name,
)
async def test_a_lost_answer_is_never_paid_twice(
    suno: SunoClient, fake_suno: FakeSuno, fault: Fault
) -> None:
    """After a lost answer the request is not sent again; the error says that it is not known."""
    fake_suno.fail(fault, on="generate-music")
    with pytest.raises(SubmissionUnknown) as caught:
        await suno.generate_music("the sea")
    await asyncio.sleep(120)
    assert len(fake_suno.ledger.of("generate-music")) == 1
    assert caught.value.submission_id
    assert caught.value.submission_id in str(caught.value)


async def test_what_costs_nothing_is_asked_again(suno: SunoClient, fake_suno: FakeSuno) -> None:
    """Passing faults of a free question are survived."""
    for fault in (Fault.RESET_AFTER_READ, Fault.HTML_503, Fault.NEVER, Fault.envelope(455)):
        fake_suno.fail(fault, on="get-remaining-credits")
    assert await suno.get_credits() == 1000
    assert len(fake_suno.ledger) == 5


async def test_no_credits_is_not_slow_down(suno: SunoClient, fake_suno: FakeSuno) -> None:
    """Code 429 with its documented meaning ends at once."""
    fake_suno.balance = 0
    with pytest.raises(InsufficientCredits, match="Top up"):
        await suno.generate_music("the sea")
    assert len(fake_suno.ledger) == 1


async def test_a_wrong_key(fake_suno: FakeSuno) -> None:
    """The service's refusal of a key is one clear error that does not show the key."""
    async with SunoClient("wrong-secret", base_url=fake_suno.url) as suno:
        with pytest.raises(AuthenticationFailed) as caught:
            await suno.get_credits()
        assert "wrong-secret" not in str(caught.value)
        assert "wrong-secret" not in repr(suno)


async def test_no_network() -> None:
    """A connection that cannot be made is tried again, then is an error of one sentence."""
    async with SunoClient("key", base_url="http://127.0.0.1:9") as suno:
        with pytest.raises(ConnectionFailed, match=r":9: Connection refused\. "):
            await suno.generate_music("the sea")


async def test_a_server_that_answers_html(suno: SunoClient, fake_suno: FakeSuno) -> None:
    """A page in place of an answer is a typed error."""
    fake_suno.fail(Fault.HTML_200, times=None)
    with pytest.raises(suno_async.DecodeError):
        await suno.get_credits()


async def test_redirects_are_not_followed(suno: SunoClient, fake_suno: FakeSuno) -> None:
    """Nobody else gets the key."""
    fake_suno.fail(Fault.redirect(307, "http://127.0.0.1:9/"), on="get-remaining-credits")
    with pytest.raises(APIError, match="redirect"):
        await suno.get_credits()


async def test_a_session_of_the_callers_is_used_and_left_open(fake_suno: FakeSuno) -> None:
    """A session that was brought is not closed."""
    async with ClientSession(raise_for_status=True) as session:
        async with SunoClient("key", base_url=fake_suno.url, session=session) as suno:
            assert await suno.get_credits() == 1000
            fake_suno.fail(Fault.envelope(404, status=404), on="/api/v1/lyrics")
            with pytest.raises(NotFound):
                await suno.generate_lyrics("x")
        assert not session.closed


async def test_a_client_stays_on_its_loop(suno: SunoClient) -> None:
    """A client used on another loop says what to do."""
    await suno.get_credits()

    def elsewhere() -> None:
        asyncio.run(suno.get_credits())

    with pytest.raises(ConfigurationError, match="another event loop"):
        await asyncio.to_thread(elsewhere)


async def test_the_wrong_way_names_the_right_one(suno: SunoClient) -> None:
    """`submit` and `call` say which of them an operation is for."""
    with pytest.raises(ConfigurationError, match=r"use call\(\)"):
        await suno.submit(GetCredits())  # type: ignore[arg-type]
    with pytest.raises(ConfigurationError, match=r"use submit\(\)"):
        await suno.call(GenerateLyrics("x"))  # type: ignore[arg-type]
    with pytest.raises(ConfigurationError, match="takes an operation"):
        await suno.submit("a song")  # type: ignore[arg-type]


@pytest.mark.parametrize("key", [None, "", "  ", "Bearer abc", "a\nb", "ключ"])
def test_a_key_that_is_none(key: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    """No key, or something that cannot be one, is refused with what to do."""
    monkeypatch.delenv("SUNO_API_KEY", raising=False)
    with pytest.raises(ConfigurationError, match="key"):
        SunoClient(key)


def test_the_environment_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """Key and addresses come from the environment where they are not given."""
    monkeypatch.setenv("SUNO_API_KEY", " k ")
    monkeypatch.setenv("SUNO_BASE_URL", "https://suno.example/")
    client = SunoClient()
    assert repr(client) == "<SunoClient https://suno.example open>"


@pytest.mark.parametrize(
    "url", ["http://me:secret@x", "api.sunoapi.org", "ftp://x", "https://", "http://[", ""]
)
def test_addresses_that_are_none(url: str) -> None:
    """A wrong address names the argument."""
    with pytest.raises(ConfigurationError, match="base_url"):
        SunoClient("k", base_url=url or "nothing")


@pytest.mark.parametrize("variable", ["SUNO_BASE_URL", "SUNO_UPLOAD_URL"])
def test_variables_that_hold_no_address(variable: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A wrong address from the environment names the variable, not an argument nobody gave."""
    monkeypatch.setenv(variable, "api.sunoapi.org")
    with pytest.raises(ConfigurationError, match=f"^{variable} must be a URL"):
        SunoClient("k")


def test_methods_know_their_signature() -> None:
    """`help()` and completion see the arguments, the answer and what the operation says."""
    signature = inspect.signature(SunoClient.convert_to_wav)
    taken = ["self", "audio_id", "task_id", "idempotency_key", "timeout", "callback_url", "extra"]
    assert list(signature.parameters) == taken
    assert signature.return_annotation == "Task[WavFile]"
    shown = inspect.getdoc(SunoClient.convert_to_wav) or ""
    assert shown.splitlines()[0] == (inspect.getdoc(ConvertToWav) or "").splitlines()[0]
    bound = inspect.signature(SunoClient("k").generate_music)
    assert next(iter(bound.parameters)) == "prompt"


async def test_timetables_are_the_fakes_own() -> None:
    """Waiting for a stage ends in time, with the result so far."""
    async with (
        FakeSuno(timetable=Timetable(text=10, first=20, complete=1000)) as fake,
        SunoClient("key", base_url=fake.url) as suno,
    ):
        task = await suno.generate_music("the sea")
        tracks = await task.wait("first")
        assert [track.is_ready for track in tracks] == [True, False]
        with pytest.raises(TaskTimeout):
            await task.wait(timeout=30)


def test_everything_public_is_listed() -> None:
    """`__all__` is sorted as ruff sorts it, and everything in it exists."""
    for name in suno_async.__all__:
        assert hasattr(suno_async, name)
