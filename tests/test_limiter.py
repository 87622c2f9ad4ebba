"""The limiter against servers that count in their own ways, on virtual time."""

from __future__ import annotations

import asyncio
import gc
import itertools
import random
import weakref

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks._judges import FixedWindow, TokenBucket
from suno_async import ConfigurationError, Priority, RateLimiter, SlotResult
from suno_async.testing import Judge, SlidingLog, run_virtual

Delays = list[tuple[float, float]]


async def request(limiter: RateLimiter, up: float, down: float, arrivals: list[float]) -> None:
    """One request that takes `up` seconds to the server and `down` seconds back."""
    slot = await limiter.acquire()
    await asyncio.sleep(up)
    arrivals.append(asyncio.get_running_loop().time())
    await asyncio.sleep(down)
    slot.release(SlotResult.ANSWERED)


def arrivals_of(delays: Delays) -> list[float]:
    """When each request reaches the server, all of them asked for at once."""
    arrivals: list[float] = []

    async def scenario() -> None:
        limiter = RateLimiter()
        await asyncio.gather(*(request(limiter, *delay, arrivals) for delay in delays))

    run_virtual(scenario())
    return sorted(arrivals)


def most_in(arrivals: list[float], seconds: float) -> int:
    """The most arrivals in any such span."""
    return max(
        sum(1 for other in arrivals[i:] if other < arrival + seconds)
        for i, arrival in enumerate(arrivals)
    )


delay = st.floats(0, 6, allow_subnormal=False)


@settings(max_examples=20)
@given(st.lists(st.tuples(delay, delay), min_size=200, max_size=200))
def test_never_more_than_20_arrive_in_any_10_seconds(delays: Delays) -> None:
    """200 requests with any delays: the server never counts more than 20 in any 10 seconds."""
    arrivals = arrivals_of(delays)
    assert len(arrivals) == 200
    assert most_in(arrivals, 10.0) <= 20


@pytest.mark.parametrize(
    "judge", [SlidingLog(), FixedWindow(), FixedWindow(phase=3.3), TokenBucket()], ids=repr
)
def test_no_way_of_counting_refuses(judge: Judge) -> None:
    """1,000 requests with delays of 50 to 500 ms: none is refused, however the server counts."""
    rng = random.Random(1)
    delays = [(rng.uniform(0.025, 0.25), rng.uniform(0.025, 0.25)) for _ in range(1000)]
    arrivals = arrivals_of(delays)
    assert [judge.allow(arrival) for arrival in arrivals].count(False) == 0
    assert arrivals[-1] <= 1.07 * 490


async def test_an_idle_client_sends_its_first_20_at_once() -> None:
    """The first 20 do not wait; the 21st waits until a slot is free."""
    loop = asyncio.get_running_loop()
    limiter = RateLimiter()
    began = loop.time()
    slots = [await limiter.acquire() for _ in range(20)]
    assert loop.time() - began == pytest.approx(0)
    for slot in slots:
        slot.release(SlotResult.ANSWERED)
    await limiter.acquire()
    assert loop.time() - began == pytest.approx(10.05, abs=0.01)


async def test_without_a_burst_the_pace_is_even() -> None:
    """`burst=1` spreads from the first request on."""
    loop = asyncio.get_running_loop()
    limiter = RateLimiter(burst=1)
    times: list[float] = []
    for _ in range(5):
        await limiter.acquire()
        times.append(loop.time())
    assert times[0] == pytest.approx(0, abs=1e-3)
    gaps = [later - earlier for earlier, later in itertools.pairwise(times)]
    assert gaps == pytest.approx([0.5] * 4, abs=1e-3)


@pytest.mark.parametrize("rate", [2.5, 0, -1, "20"])
def test_slots_are_counted_in_whole_numbers(rate: object) -> None:
    """Half a slot would never be used up."""
    with pytest.raises((TypeError, ValueError)):
        RateLimiter(rate)  # type: ignore[arg-type]


async def test_the_urgent_go_first_then_who_came_first() -> None:
    """Of those who wait, the best priority is served, and among equals the first."""
    limiter = RateLimiter(1, 1.0, burst=1)
    (await limiter.acquire()).release(SlotResult.ANSWERED)
    served: list[str] = []

    async def wait(name: str, priority: Priority) -> None:
        slot = await limiter.acquire(priority)
        served.append(name)
        slot.release(SlotResult.ANSWERED)

    order = [("b1", Priority.BACKGROUND), ("b2", Priority.BACKGROUND), ("p1", Priority.INTERACTIVE)]
    await asyncio.gather(*(wait(*one) for one in [*order, ("p2", Priority.INTERACTIVE)]))
    assert served == ["p1", "p2", "b1", "b2"]


async def test_an_urgent_request_among_1000_waits_a_fraction_of_a_second() -> None:
    """Sends are spread while many wait, so that the next slot is never far."""
    loop = asyncio.get_running_loop()
    limiter = RateLimiter()

    async def batch() -> None:
        slot = await limiter.acquire(Priority.BACKGROUND)
        await asyncio.sleep(0.2)
        slot.release(SlotResult.ANSWERED)

    waiting = [asyncio.create_task(batch()) for _ in range(1000)]
    waits: list[float] = []
    for _ in range(41):
        await asyncio.sleep(7.3)
        asked = loop.time()
        slot = await limiter.acquire(Priority.INTERACTIVE)
        waits.append(loop.time() - asked)
        slot.release(SlotResult.ANSWERED)
    assert sorted(waits)[20] <= 0.5
    for one in waiting:
        one.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)


@settings(max_examples=30)
@given(st.lists(st.floats(0, 30, allow_subnormal=False), max_size=60), st.integers(0, 99))
def test_cancelled_waiters_take_nothing(cancel_at: list[float], seed: int) -> None:
    """Cancelled at any moment, waiting or just granted, no slot leaks and no order is lost."""

    async def scenario() -> None:
        loop = asyncio.get_running_loop()
        limiter = RateLimiter(5, 2.0, burst=5)
        rng = random.Random(seed)
        served: list[int] = []

        async def wait(number: int) -> None:
            slot = await limiter.acquire()
            served.append(number)
            try:
                await asyncio.sleep(rng.uniform(0, 0.5))
            finally:
                slot.release(SlotResult.ANSWERED)

        tasks = [asyncio.create_task(wait(number)) for number in range(80)]
        for number, at in enumerate(cancel_at):
            loop.call_later(at, tasks[number % 80].cancel)
        await asyncio.gather(*tasks, return_exceptions=True)
        assert served == sorted(served)
        await asyncio.sleep(10)
        began = loop.time()
        for _ in range(5):
            await limiter.acquire()
        assert loop.time() - began == pytest.approx(0, abs=1e-3)

    run_virtual(scenario())


@pytest.mark.parametrize("turns", range(8))
async def test_a_slot_granted_in_the_moment_of_cancellation_is_not_lost(turns: int) -> None:
    """However many turns of the loop lie between the grant and the cancellation."""
    loop = asyncio.get_running_loop()
    limiter = RateLimiter(1, 100.0)
    slot = await limiter.acquire()
    waiting = asyncio.create_task(limiter.acquire())
    await asyncio.sleep(0)
    slot.release(SlotResult.NOT_SENT)
    for _ in range(turns):
        await asyncio.sleep(0)
    waiting.cancel()
    (granted,) = await asyncio.gather(waiting, return_exceptions=True)
    if not isinstance(granted, BaseException):
        granted.release(SlotResult.NOT_SENT)
    began = loop.time()
    await limiter.acquire()
    assert loop.time() - began < 10


async def test_an_unused_slot_is_free_at_once() -> None:
    """A grant that finds nothing to do costs nobody anything."""
    loop = asyncio.get_running_loop()
    limiter = RateLimiter(1, 10.0)
    began = loop.time()
    for _ in range(50):
        (await limiter.acquire()).release(SlotResult.NOT_SENT)
    assert loop.time() - began == pytest.approx(0, abs=1e-3)


async def test_a_lost_answer_holds_its_slot_longer() -> None:
    """The server may count a lost request late, so its slot waits 5 seconds more."""
    loop = asyncio.get_running_loop()
    limiter = RateLimiter(1, 10.0)
    (await limiter.acquire()).release(SlotResult.NO_RESPONSE)
    began = loop.time()
    await limiter.acquire()
    assert loop.time() - began == pytest.approx(15.05, abs=0.01)


async def test_releasing_twice_frees_once() -> None:
    """A slot released again does not multiply."""
    loop = asyncio.get_running_loop()
    limiter = RateLimiter(1, 10.0)
    slot = await limiter.acquire()
    slot.release(SlotResult.ANSWERED)
    slot.release(SlotResult.NOT_SENT)
    began = loop.time()
    await limiter.acquire()
    assert loop.time() - began > 10


async def test_a_refusal_stops_everyone_then_slows_the_pace() -> None:
    """After a refusal all wait the period out, or longer if asked, and go on evenly."""
    loop = asyncio.get_running_loop()
    limiter = RateLimiter()
    began = loop.time()
    (await limiter.acquire()).release(SlotResult.RATE_LIMITED, resume_at=began + 30)
    (await limiter.acquire()).release(SlotResult.RATE_LIMITED, resume_at=began + 20)
    times: list[float] = []
    for _ in range(10):
        (await limiter.acquire()).release(SlotResult.ANSWERED)
        times.append(loop.time() - began)
    assert times[0] >= 40, "the second pause starts after the first, and moves forward only"
    gaps = [later - earlier for earlier, later in itertools.pairwise(times)]
    assert min(gaps) > 0.55, "19 in 10.5 seconds at most"


async def gap_when_refused(limiter: RateLimiter, refusals: int) -> float:
    """The seconds between two requests once so many, each alone, were refused."""
    loop = asyncio.get_running_loop()
    for _ in range(refusals):
        (await limiter.acquire()).release(SlotResult.RATE_LIMITED)
        await asyncio.sleep(11)
    times: list[float] = []
    for _ in range(3):
        (await limiter.acquire()).release(SlotResult.ANSWERED)
        times.append(loop.time())
    return times[2] - times[1]


@pytest.mark.parametrize(("refusals", "times"), [(1, 1.0), (2, 1.25), (3, 1.25**2), (12, 3.0)])
async def test_a_slow_pace_that_is_refused_too_gets_slower(refusals: int, times: float) -> None:
    """A server that counts in a stricter way is found out, in steps, at most three times slower."""
    gap = await gap_when_refused(RateLimiter(), refusals)
    assert gap == pytest.approx(times * 10.5 / 19, abs=1e-3)


async def test_what_had_left_before_the_pause_does_not_slow_it_further() -> None:
    """20 requests refused at once are one refusal."""
    limiter = RateLimiter()
    for slot in [await limiter.acquire() for _ in range(20)]:
        slot.release(SlotResult.RATE_LIMITED)
    await asyncio.sleep(11)
    assert await gap_when_refused(limiter, 0) == pytest.approx(10.5 / 19, abs=1e-3)


async def test_a_spell_in_peace_makes_the_next_one_faster() -> None:
    """What was learned is forgotten in steps, a step each spell that passes without a refusal."""
    limiter = RateLimiter()
    await gap_when_refused(limiter, 3)
    await asyncio.sleep(limiter.cooldown)
    assert await gap_when_refused(limiter, 1) == pytest.approx(1.25 * 10.5 / 19, abs=1e-3)


async def test_what_late_answers_hold_up_is_caught_up_with() -> None:
    """While slots are short one token is kept, so two requests follow each other at once then."""
    loop = asyncio.get_running_loop()
    limiter = RateLimiter()
    slots = [await limiter.acquire() for _ in range(20)]
    for slot in slots:
        slot.release(SlotResult.ANSWERED)
    times: list[float] = []
    for _ in range(3):
        await limiter.acquire()
        times.append(loop.time())
    assert times[1] - times[0] == pytest.approx(0, abs=1e-3)
    assert times[2] - times[1] == pytest.approx(0.5, abs=1e-3)


async def test_who_gives_up_waiting_does_not_keep_the_dispatcher() -> None:
    """Once nobody waits any more, nothing runs on for those who did."""
    limiter = RateLimiter(1, 1_000.0)
    await limiter.acquire()
    waiting = asyncio.create_task(limiter.acquire())
    await asyncio.sleep(1)
    assert len(asyncio.all_tasks()) == 3, "this test, who waits, and the dispatcher"
    waiting.cancel()
    await asyncio.sleep(1)
    assert len(asyncio.all_tasks()) == 1


async def test_a_shutdown_that_cancels_other_tasks_leaves_the_waiters_theirs() -> None:
    """A shutdown that cancels all tasks but its own may still wait for a slot, and gets it."""
    limiter = RateLimiter(1)
    (await limiter.acquire()).release(SlotResult.ANSWERED)
    waiting = asyncio.create_task(limiter.acquire())
    await asyncio.sleep(1)
    for one in asyncio.all_tasks() - {waiting, asyncio.current_task()}:
        one.cancel()
    async with asyncio.timeout(60):
        await waiting
    assert len(asyncio.all_tasks()) <= 2, "the dispatcher ends with the last waiter"


async def test_one_limiter_serves_one_loop() -> None:
    """A limiter taken to another loop says what to do instead of losing its waiters."""
    limiter = RateLimiter()
    await limiter.acquire()

    def elsewhere() -> None:
        asyncio.run(limiter.acquire())

    with pytest.raises(ConfigurationError, match="This RateLimiter serves another event loop"):
        await asyncio.to_thread(elsewhere)


async def test_clients_of_one_key_share_their_limiter() -> None:
    """The same key and host share; another key, another host or another loop do not."""
    one = RateLimiter._shared_by("k", "https://a")
    assert RateLimiter._shared_by("k", "https://a") is one
    assert RateLimiter._shared_by("other", "https://a") is not one
    assert RateLimiter._shared_by("k", "https://b") is not one


async def test_the_shared_limiter_outlives_its_clients_while_slots_are_out() -> None:
    """A client per web request must not begin a fresh 20 each time."""
    limiter = RateLimiter._shared_by("k", "https://a")
    (await limiter.acquire()).release(SlotResult.ANSWERED)
    mark = weakref.ref(limiter)
    del limiter
    gc.collect()
    assert RateLimiter._shared_by("k", "https://a") is mark()
    await asyncio.sleep(11)
    gc.collect()
    assert mark() is None


async def test_the_shared_limiter_outlives_its_clients_while_it_is_slow() -> None:
    """What a refusal taught holds for the next client too, as long as the slow spell lasts."""
    limiter = RateLimiter._shared_by("k", "https://a")
    (await limiter.acquire()).release(SlotResult.RATE_LIMITED)
    mark = weakref.ref(limiter)
    del limiter
    await asyncio.sleep(130)
    gc.collect()
    assert RateLimiter._shared_by("k", "https://a") is mark()
    await asyncio.sleep(1)
    gc.collect()
    assert mark() is None
