"""What limiter, policy and log learn of each attempt, and how a client's end ends it."""

from __future__ import annotations

import asyncio
import inspect
import logging
from typing import TYPE_CHECKING

import pytest
from attrs import define, field

from suno_async import (
    Attempt,
    ClientClosed,
    ConnectionFailed,
    GenerateMusic,
    Priority,
    RateLimited,
    RateLimiter,
    RequestTimeout,
    RetryPolicy,
    SlotResult,
    SubmissionUnknown,
    SunoClient,
    SunoError,
)
from suno_async._http.attempts import Transport
from suno_async.errors import ServerError
from suno_async.testing import FakeSuno, Fault

if TYPE_CHECKING:
    from suno_async.limiter import Slot

CREDITS, GENERATE = "get-remaining-credits", "generate-music"
SEA = GenerateMusic("the sea")
ONCE = RetryPolicy(max_attempts=1)


@define(eq=False)
class Noted:
    """A limiter of one's own, which notes what became of its slots."""

    released: list[tuple[SlotResult, float]] = field(factory=list[tuple[SlotResult, float]])

    async def acquire(self, priority: Priority = Priority.INTERACTIVE) -> Slot:
        """Everyone may go."""
        return self

    def release(self, result: SlotResult, *, resume_at: float = 0.0) -> None:
        """What became of it, and the wish in seconds from now."""
        now = asyncio.get_running_loop().time()
        self.released.append((result, round(max(0.0, resume_at - now), 3)))


@pytest.mark.parametrize(
    ("fault", "use", "wish"),
    [
        (None, SlotResult.ANSWERED, 0),
        (Fault.BARE_500, SlotResult.ANSWERED, 0),
        (Fault.HTML_503.retry_after("7"), SlotResult.ANSWERED, 7),
        (Fault.envelope(430), SlotResult.RATE_LIMITED, 0),
        (Fault.envelope(430).retry_after("30"), SlotResult.RATE_LIMITED, 30),
        (Fault.envelope(430).retry_after("9999"), SlotResult.RATE_LIMITED, 3600),
        (Fault.NEVER, SlotResult.NO_RESPONSE, 0),
        (Fault.CLOSE_AFTER_READ, SlotResult.NO_RESPONSE, 0),
    ],
)
async def test_a_limiter_learns_what_became_of_its_slot(
    fake_suno: FakeSuno, fault: Fault | None, use: SlotResult, wish: float
) -> None:
    """Once each, with the wish of a refusal, of an hour at most."""
    limiter = Noted()
    if fault is not None:
        fake_suno.fail(fault, on=CREDITS)
    async with SunoClient("key", base_url=fake_suno.url, limiter=limiter, retry=ONCE) as suno:
        await asyncio.gather(suno.get_credits(), return_exceptions=True)
    assert limiter.released == [(use, wish)]


async def test_a_slot_of_what_never_left_is_unused() -> None:
    """No connection, no request: nobody has counted anything."""
    limiter = Noted()
    async with SunoClient(
        "key", base_url="http://127.0.0.1:1", limiter=limiter, retry=ONCE
    ) as suno:
        with pytest.raises(ConnectionFailed):
            await suno.get_credits()
    assert limiter.released == [(SlotResult.NOT_SENT, 0)]


async def test_a_cancelled_request_may_have_been_counted(fake_suno: FakeSuno) -> None:
    """Its slot is released as one without an answer, and the attempt by its own time."""
    limiter = Noted()
    attempts: list[Attempt] = []
    fake_suno.fail(Fault.NEVER, on=CREDITS)
    async with SunoClient(
        "key", base_url=fake_suno.url, limiter=limiter, on_attempt=attempts.append
    ) as suno:
        await asyncio.sleep(100)
        asking = asyncio.create_task(suno.get_credits())
        await asyncio.sleep(1)
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)
        assert limiter.released == [(SlotResult.NO_RESPONSE, 0)]
    assert [(round(one.seconds), one.is_cancelled) for one in attempts] == [(1, True)]


@pytest.mark.parametrize(
    ("fault", "total", "error"),
    [
        (Fault.HTML_503.retry_after("20"), 40.5, ServerError),
        (Fault.NEVER, 70.0, RequestTimeout),
    ],
    ids=["pauses", "attempts"],
)
async def test_attempts_and_pauses_count_for_the_policy(
    fake_suno: FakeSuno, fault: Fault, total: float, error: type[SunoError]
) -> None:
    """Three attempts, whatever the time goes to."""
    fake_suno.fail(fault, on=CREDITS, times=None)
    retry = RetryPolicy(max_attempts=9, max_elapsed=total, initial_delay=1e-3, max_delay=1e-3)
    async with SunoClient("key", base_url=fake_suno.url, retry=retry) as suno:
        with pytest.raises(error):
            await suno.get_credits()
    assert fake_suno.ledger.count(CREDITS) == 3


async def test_a_pause_ends_with_the_client(fake_suno: FakeSuno) -> None:
    """As soon as it is being closed: nothing is sent again while it waits for what is paid."""
    loop = asyncio.get_running_loop()
    fake_suno.fail(Fault.NEVER_AFTER_ACCEPT, on=GENERATE)
    fake_suno.fail(Fault.HTML_503.retry_after("60"), on=CREDITS)
    suno = SunoClient("key", base_url=fake_suno.url)
    paying = asyncio.create_task(suno.submit(SEA))
    asking = asyncio.create_task(suno.get_credits())
    await asyncio.sleep(5)
    leaving = asyncio.create_task(suno.aclose())
    with pytest.raises(ClientClosed):
        await asking
    assert loop.time() == pytest.approx(5, abs=0.1)
    assert fake_suno.ledger.count(CREDITS) == 1
    await leaving
    with pytest.raises(SubmissionUnknown):
        await paying


async def test_a_wait_for_a_slot_ends_with_the_client(fake_suno: FakeSuno) -> None:
    """For all that wait, at once; one that has given up before does not matter."""
    loop = asyncio.get_running_loop()
    limiter = RateLimiter(1, 1_000.0)
    (await limiter.acquire()).release(SlotResult.ANSWERED)
    suno = SunoClient("key", base_url=fake_suno.url, limiter=limiter)
    asking = [asyncio.create_task(suno.get_credits()) for _ in range(3)]
    paying = asyncio.create_task(suno.submit(SEA))
    await asyncio.sleep(1)
    asking.pop().cancel()
    await asyncio.sleep(1)
    await suno.aclose()
    for waiting in (*asking, paying):
        with pytest.raises(ClientClosed):
            await waiting
    assert loop.time() == pytest.approx(2, abs=0.1)
    assert not fake_suno.ledger.entries


async def test_a_limiters_own_timeout_is_no_end_of_the_client(fake_suno: FakeSuno) -> None:
    """What a limiter of one's own raises goes to the caller as it is."""

    class Impatient(Noted):
        async def acquire(self, priority: Priority = Priority.INTERACTIVE) -> Slot:
            raise TimeoutError("mine")

    async with SunoClient("key", base_url=fake_suno.url, limiter=Impatient()) as suno:
        with pytest.raises(TimeoutError, match="mine"):
            await suno.get_credits()


async def test_a_slot_that_cannot_be_given_back_costs_no_song(
    fake_suno: FakeSuno, caplog: pytest.LogCaptureFixture
) -> None:
    """What a limiter of one's own raises after the answer goes to the log, not to the caller."""

    class Stubborn(Noted):
        def release(self, result: SlotResult, *, resume_at: float = 0.0) -> None:
            raise RuntimeError("the store is away")

    async with SunoClient("key", base_url=fake_suno.url, limiter=Stubborn()) as suno:
        assert len(await (await suno.submit(SEA))) == 2
    assert "the store is away" in caplog.text


@pytest.mark.parametrize(
    ("fault", "error"),
    [(Fault.envelope(430), RateLimited), (Fault.NEVER_AFTER_ACCEPT, SubmissionUnknown)],
)
async def test_warnings_need_neither_hook_nor_debug(
    fake_suno: FakeSuno,
    caplog: pytest.LogCaptureFixture,
    fault: Fault,
    error: type[SunoError],
) -> None:
    """What a program should know is logged also where nobody asked for details."""
    caplog.set_level(logging.INFO, logger="suno_async")
    fake_suno.fail(fault, on=GENERATE)
    async with SunoClient("key", base_url=fake_suno.url, retry=ONCE) as suno:
        with pytest.raises(error):
            await suno.submit(SEA, idempotency_key="k")
    warnings = [record for record in caplog.records if record.levelno == logging.WARNING]
    assert [(record.submission_id, record.attempt) for record in warnings] == [("k", 1)]  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]


async def test_the_record_of_a_pause(fake_suno: FakeSuno, caplog: pytest.LogCaptureFixture) -> None:
    """It has what failed, which attempt it was, and how long the pause is."""
    caplog.set_level(logging.INFO, logger="suno_async")
    fake_suno.fail(Fault.envelope(455).retry_after("7"), on=GENERATE)
    async with SunoClient("key", base_url=fake_suno.url) as suno:
        await suno.submit(SEA, idempotency_key="k")
    pause = caplog.records[0].__dict__
    expected = {"operation": "GenerateMusic", "submission_id": "k", "attempt": 1, "delay": 7.0}
    assert {name: pause[name] for name in expected} == expected
    assert caplog.records[0].getMessage().endswith("; attempt 2 follows in 7.0 s")


def test_an_attempt_in_words() -> None:
    """What it was about, its number, how it ended, and what it took."""
    one = Attempt(
        operation="Boost",
        submission_id="",
        token="",
        attempt=2,
        queued_for=1.5,
        seconds=0.25,
        status=200,
    )
    assert str(one) == "Boost, attempt 2: answered (0.25 s, and 1.50 s for a slot)"
    assert (one.error, one.is_cancelled) == (None, False)
    with pytest.raises(TypeError):
        Attempt("Boost", "", "", 2, 1.5, 0.25)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]


def test_what_a_transport_is_made_of() -> None:
    """Its limiter is made at the first use, and what waits is its own."""
    parts = ["http", "retry", "first_limiter", "poll_limiter", "on_attempt"]
    assert [*inspect.signature(Transport).parameters] == parts
