"""Attempts: what is tried again, what an attempt is, and whose end it is."""

from __future__ import annotations

import asyncio
import gc
import sqlite3
import subprocess
import sys
import weakref
from contextlib import closing
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest
from aiohttp import ClientSession

from suno_async import (
    APIError,
    Attempt,
    ClientClosed,
    ConfigurationError,
    ConnectionFailed,
    GenerateMusic,
    InsufficientCredits,
    RateLimited,
    RateLimiter,
    RetryPolicy,
    SlotResult,
    SubmissionUnknown,
    SunoClient,
    Task,
)
from suno_async._submitting.submissions import Submissions
from suno_async.testing import FakeSuno, Fault

if TYPE_CHECKING:
    from pathlib import Path

SEA = GenerateMusic("the sea")


async def test_waiting_for_a_slot_is_not_the_policys_business(fake_suno: FakeSuno) -> None:
    """A request that waited for long before it was refused is tried again all the same."""
    limiter = RateLimiter(1, 300.0)
    (await limiter.acquire()).release(SlotResult.ANSWERED)
    attempts: list[Attempt] = []
    fake_suno.fail(Fault.HTML_503, on="get-remaining-credits")
    async with SunoClient(
        "key",
        base_url=fake_suno.url,
        limiter=limiter,
        retry=RetryPolicy(max_elapsed=10.0),
        on_attempt=attempts.append,
    ) as suno:
        assert await suno.get_credits() == 1000
    assert [attempt.attempt for attempt in attempts] == [1, 2]
    assert all(290 < attempt.queued_for < 301 for attempt in attempts)


async def test_a_longer_wait_than_the_policy_has_is_raised_at_once(
    suno: SunoClient, fake_suno: FakeSuno
) -> None:
    """An hour that the service asks for is an error at once, with the number of seconds in it."""
    loop = asyncio.get_running_loop()
    fake_suno.fail(Fault.envelope(430).retry_after("3600"), on="generate-music")
    began = loop.time()
    with pytest.raises(RateLimited) as caught:
        await suno.generate_music("the sea")
    assert caught.value.retry_after == 3600
    assert loop.time() == pytest.approx(began, abs=0.1)
    assert await suno.get_credits() == 1000
    assert loop.time() == pytest.approx(began + 3600, abs=1)


@pytest.mark.parametrize(
    "wish",
    [
        "1e300",
        "inf",
        "nan",
        "-5",
        "²",
        "Thu, 01 Jan 2126",
        f"1 Jan {'9' * 40} 00:00:00 GMT",
        "9" * 400,
    ],
)
async def test_a_wish_that_makes_no_sense_stops_nobody_for_ever(
    suno: SunoClient, fake_suno: FakeSuno, wish: str
) -> None:
    """What is no number of seconds is no wish, and any wish ends within an hour."""
    fake_suno.fail(Fault.envelope(430).retry_after(wish), on="generate-music")
    ends = await asyncio.gather(suno.submit(SEA), return_exceptions=True)
    assert isinstance(ends[0], RateLimited if wish == "1e300" else Task)
    async with asyncio.timeout(3700):
        assert await suno.get_credits() >= 0


@pytest.mark.parametrize("code", [-1, 0, 201, 299])
async def test_a_code_that_is_neither_yes_nor_no_may_be_paid_for(
    suno: SunoClient, fake_suno: FakeSuno, code: int
) -> None:
    """Only an error's code is a refusal: with any other the key stays taken."""
    fake_suno.fail(Fault.envelope(code), on="generate-music")
    for _ in range(2):
        with pytest.raises(SubmissionUnknown):
            await suno.submit(SEA, idempotency_key="k")
    assert len(fake_suno.ledger) == 1


@pytest.mark.parametrize("status", [400, 401, 402, 403, 404, 406, 408, 413, 414, 500, 502])
async def test_a_status_alone_refuses_only_before_any_work(
    suno: SunoClient, fake_suno: FakeSuno, status: int
) -> None:
    """Without an envelope only what a gateway or a router says frees the key (405, 429: rate)."""
    fake_suno.fail(Fault.bare(status), on="generate-music")
    is_refused = status in {401, 403, 404, 413}
    with pytest.raises(APIError if is_refused else SubmissionUnknown):
        await suno.submit(SEA, idempotency_key="k")
    (again,) = await asyncio.gather(suno.submit(SEA, idempotency_key="k"), return_exceptions=True)
    assert isinstance(again, Task if is_refused else SubmissionUnknown)


async def test_a_second_address_is_not_tried_by_a_client_that_ends() -> None:
    """A request that would wait for another slot then fails at once, not when one is free."""
    loop = asyncio.get_running_loop()
    limiter = RateLimiter(2, 1_000.0)
    async with FakeSuno(delay=(5.0, 5.0)) as slow:
        slow.fail(Fault.envelope(404), on="get-remaining-credits")
        suno = SunoClient("key", base_url=slow.url, limiter=limiter)
        submitting = asyncio.create_task(suno.submit(SEA))
        asking = asyncio.create_task(suno.get_credits())
        await asyncio.sleep(1)
        await suno.aclose()
        with pytest.raises(ClientClosed):
            await asking
        assert loop.time() == pytest.approx(5, abs=0.1)
        assert (await submitting).token


async def test_each_request_on_the_wire_is_an_attempt(fake_suno: FakeSuno) -> None:
    """No GET is repeated behind our back: each has a slot of its own."""
    attempts: list[Attempt] = []
    async with SunoClient("key", base_url=fake_suno.url, on_attempt=attempts.append) as suno:
        await suno.get_credits()
        fake_suno.fail(Fault.CLOSE_AFTER_READ, on="get-remaining-credits")
        await suno.get_credits()
    assert len(attempts) == len(fake_suno.ledger) == 3


async def test_what_never_left_costs_no_rate() -> None:
    """Without a network all attempts fail within the policy's time, with one slot a day."""
    loop = asyncio.get_running_loop()
    limiter = RateLimiter(1, 86_400.0)
    async with SunoClient("key", base_url="http://127.0.0.1:1", limiter=limiter) as suno:
        for asking in (suno.get_credits(), suno.submit(SEA)):
            with pytest.raises(ConnectionFailed):
                await asking
    (await limiter.acquire()).release(SlotResult.NOT_SENT)
    assert loop.time() < 300


@pytest.mark.parametrize("iterations", range(12))
async def test_a_caller_that_goes_as_the_answer_comes(fake_suno: FakeSuno, iterations: int) -> None:
    """However many iterations lie between the two: the song is the caller's, or listed."""
    loop = asyncio.get_running_loop()

    def cancel_in(iterations: int) -> None:
        if iterations:
            loop.call_soon(cancel_in, iterations - 1)
        else:
            asking.cancel()

    async with SunoClient(
        "key", base_url=fake_suno.url, on_attempt=lambda _: cancel_in(iterations)
    ) as suno:
        asking = asyncio.create_task(suno.submit(SEA))
        await asyncio.wait([asking])
        await asyncio.sleep(1)
        given = [] if asking.cancelled() else [asking.result().token]
        assert [token.partition(":")[2] for token in given + suno.unclaimed] == [*fake_suno.tasks]


async def test_nobody_wants_what_was_refused() -> None:
    """A caller that goes during an attempt is not taken to want another one."""
    async with FakeSuno(delay=(5.0, 5.0)) as slow, SunoClient("key", base_url=slow.url) as suno:
        slow.fail(Fault.envelope(430).retry_after("30"), on="generate-music")
        asking = asyncio.create_task(suno.generate_music("the sea"))
        await asyncio.sleep(1)
        asking.cancel()
        await asyncio.sleep(200)
        assert len(slow.ledger) == 1
        assert suno.unclaimed == []


async def test_a_refusal_is_no_news_once_its_caller_has_gone(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Nothing was paid, so nobody is warned, and nothing is listed."""
    async with FakeSuno(delay=(5.0, 5.0)) as slow, SunoClient("key", base_url=slow.url) as suno:
        slow.balance = 0
        asking = asyncio.create_task(suno.submit(SEA))
        await asyncio.sleep(1)
        asking.cancel()
        await asyncio.sleep(30)
        assert len(slow.ledger) == 1
        assert suno.unclaimed == []
    assert [record.message for record in caplog.records if record.levelname != "DEBUG"] == []


async def test_who_comes_meanwhile_does_want_it() -> None:
    """A second one with the key takes over what the first one has left."""
    async with FakeSuno(delay=(5.0, 5.0)) as slow, SunoClient("key", base_url=slow.url) as suno:
        slow.fail(Fault.envelope(430).retry_after("30"), on="generate-music")
        asking = asyncio.create_task(suno.submit(SEA, idempotency_key="k"))
        await asyncio.sleep(1)
        asking.cancel()
        await asyncio.sleep(10)
        assert (await suno.submit(SEA, idempotency_key="k")).id in slow.tasks
        assert [entry.accepted for entry in slow.ledger] == [False, True]


@pytest.mark.parametrize("obeys", [True, False], ids=["late", "never"])
async def test_a_connection_that_is_called_back_reluctantly(
    suno: SunoClient, fake_suno: FakeSuno, monkeypatch: pytest.MonkeyPatch, obeys: bool
) -> None:
    """A caller with the same key waits for the end of the one before: one is paid, not two."""
    connect = aiohttp.TCPConnector.connect
    waiting = asyncio.Event()

    async def reluctant(self: aiohttp.TCPConnector, *args: Any, **kwargs: Any) -> Any:
        if not waiting.is_set():
            waiting.set()
            try:
                await asyncio.sleep(10)
            except asyncio.CancelledError:
                await asyncio.sleep(1)
                if obeys:
                    raise
        return await connect(self, *args, **kwargs)

    monkeypatch.setattr(aiohttp.TCPConnector, "connect", reluctant)
    one = asyncio.create_task(suno.submit(SEA, idempotency_key="k"))
    await waiting.wait()
    one.cancel()
    await asyncio.sleep(0)
    task = await suno.submit(SEA, idempotency_key="k")
    assert [entry.task_id for entry in fake_suno.ledger.accepted()] == [task.id]


async def test_leaving_without_patience_takes_no_time(fake_suno: FakeSuno) -> None:
    """Also in a caller's session, which stays open, nothing is waited for."""
    loop = asyncio.get_running_loop()
    fake_suno.fail(Fault.NEVER_AFTER_ACCEPT, on="generate-music")
    async with ClientSession() as session:
        suno = SunoClient("key", base_url=fake_suno.url, session=session)
        asking = asyncio.create_task(suno.submit(SEA))
        await asyncio.sleep(1)
        leaving = asyncio.create_task(suno.aclose())
        await asyncio.sleep(1)
        leaving.cancel()
        with pytest.raises(SubmissionUnknown, match="closed before the answer was in"):
            await asking
        assert loop.time() == pytest.approx(2, abs=0.1)
        with pytest.raises(asyncio.CancelledError):
            await leaving


async def test_a_session_that_cannot_be_used(fake_suno: FakeSuno, tmp_path: Path) -> None:
    """A closed one, or one with an `auth`, is named before anything is sent or stays written."""
    journal = tmp_path / "songs.sqlite"
    async with ClientSession() as closed:
        pass
    with pytest.warns(DeprecationWarning, match="auth"):
        strange = ClientSession(auth=aiohttp.BasicAuth("me", "password"))
    for session, match in ((closed, "is closed"), (strange, "auth")):
        async with SunoClient(
            "key", base_url=fake_suno.url, session=session, journal=journal
        ) as suno:
            for ask in (suno.get_credits, lambda: suno.generate_music("x")):
                with pytest.raises(ConfigurationError, match=match):
                    await ask()
        with closing(sqlite3.connect(journal)) as db:
            assert db.execute("SELECT * FROM submission").fetchall() == []
    await strange.close()
    assert not fake_suno.ledger.entries


async def test_a_journal_that_cannot_forget_hides_no_refusal(
    fake_suno: FakeSuno, tmp_path: Path
) -> None:
    """Where a row cannot be taken back, the error says why the request was refused."""
    journal = tmp_path / "songs.sqlite"
    async with SunoClient("key", base_url=fake_suno.url, journal=journal) as suno:
        with closing(sqlite3.connect(journal)) as db:
            db.execute(
                "CREATE TRIGGER full BEFORE DELETE ON submission "
                "BEGIN SELECT RAISE(ABORT, 'disk full'); END"
            )
        fake_suno.balance = 0
        with pytest.raises(InsufficientCredits):
            await suno.generate_music("the sea")


async def test_keys_are_remembered_at_little_cost(suno: SunoClient, fake_suno: FakeSuno) -> None:
    """Without a journal a key is kept, and not the task with its tracks."""
    held = weakref.ref(await suno.submit(SEA, idempotency_key="k"))
    await asyncio.sleep(60)
    gc.collect()
    assert held() is None
    task = await suno.submit(SEA, idempotency_key="k")
    assert task.operation == SEA
    assert len(await task) == 2
    assert fake_suno.ledger.count("generate-music") == 1


async def test_without_a_journal_little_is_remembered(fake_suno: FakeSuno) -> None:
    """A bot that runs for long does not grow by the words of songs that are over."""
    attempts: list[Attempt] = []
    async with SunoClient("key", base_url=fake_suno.url, on_attempt=attempts.append) as suno:
        await (await suno.submit(SEA))
        await suno.submit(SEA, idempotency_key="k")
        journal = suno._engine.journal
        kept = [await journal.find(one.submission_id) for one in attempts if one.submission_id]
    assert [entry and entry.fields for entry in kept] == [None, {"prompt": "the sea"}]


@pytest.mark.parametrize("has_left", [False, True])
async def test_a_program_that_cancels_whatever_runs(has_left: bool) -> None:
    """The request's own task among it: unless it has left, its caller is cancelled with it."""
    async with FakeSuno(delay=(5.0, 5.0)) as slow, SunoClient("key", base_url=slow.url) as suno:
        if not has_left:
            await asyncio.gather(*(suno.get_credits() for _ in range(20)))
        asking = asyncio.create_task(suno.submit(SEA))
        await asyncio.sleep(1)
        (request,) = (
            one
            for one in asyncio.all_tasks()
            if getattr(one.get_coro(), "__qualname__", "") == Submissions._request.__qualname__
        )
        request.cancel()
        with pytest.raises(SubmissionUnknown if has_left else asyncio.CancelledError):
            await asking


FORGETFUL = """
import asyncio, sys
from suno_async import SunoClient
from suno_async.testing import FakeSuno, Fault, run_virtual

async def main():
    fake = FakeSuno()
    await fake.start()
    fake.fail(Fault.NEVER_AFTER_ACCEPT, on="generate-music")
    suno = SunoClient("key", base_url=fake.url, journal=sys.argv[1])
    asyncio.create_task(suno.generate_music("the sea"))
    await asyncio.sleep(5)

run_virtual(main())
"""


async def test_a_loop_that_ends_without_aclose(fake_suno: FakeSuno, tmp_path: Path) -> None:
    """What was on its way is named in the log, and unknown in the journal."""
    journal = tmp_path / "songs.sqlite"
    command = [sys.executable, "-W", "ignore", "-c", FORGETFUL, str(journal)]
    ended = await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr
    with closing(sqlite3.connect(journal)) as db:
        ((submission, state),) = db.execute("SELECT id, state FROM state").fetchall()
    assert state == "in_doubt"
    assert f"GenerateMusic {submission}, whose caller has gone: SubmissionUnknown" in ended.stderr
    async with SunoClient("key", base_url=fake_suno.url, journal=journal) as suno:
        assert await suno.unfinished() == []
