"""Laws of the limiter, whatever becomes of its slots, and whichever waiter is cancelled."""

from __future__ import annotations

import asyncio
import gc
import itertools
import random
import sys

import pytest
from attrs import frozen
from hypothesis import given
from hypothesis import strategies as st

from suno_async import Priority, RateLimiter, SlotResult
from suno_async.testing import run_virtual


@frozen
class Ask:
    """One request: when it is asked for, what becomes of it, and when its caller goes away."""

    at: float
    priority: Priority
    result: SlotResult
    up: float
    down: float
    cancelled_after: float | None


LOST_HOLD = 2.0
seconds = st.floats(0, LOST_HOLD, allow_subnormal=False)
asks = st.builds(
    Ask,
    at=st.floats(0, 10, allow_subnormal=False),
    priority=st.sampled_from(Priority),
    result=st.sampled_from(
        [
            SlotResult.ANSWERED,
            SlotResult.ANSWERED,
            SlotResult.NOT_SENT,
            SlotResult.NO_RESPONSE,
            SlotResult.RATE_LIMITED,
        ]
    ),
    up=seconds,
    down=seconds,
    cancelled_after=st.none() | st.floats(0, 20, allow_subnormal=False),
)


async def live(ask: Ask, limiter: RateLimiter, arrivals: list[float]) -> None:
    """The life of one request; cancelled on its way, it still arrives."""
    loop = asyncio.get_running_loop()
    await asyncio.sleep(ask.at)
    async with asyncio.timeout(ask.cancelled_after):
        slot = await limiter.acquire(ask.priority)
        result = (
            SlotResult.NOT_SENT if ask.result is SlotResult.NOT_SENT else SlotResult.NO_RESPONSE
        )
        try:
            if result is SlotResult.NO_RESPONSE:
                loop.call_later(ask.up, lambda: arrivals.append(loop.time()))
                await asyncio.sleep(ask.up + ask.down)
                result = ask.result
        finally:
            slot.release(result)


@given(
    st.lists(asks, max_size=40),
    st.integers(1, 6),
    st.integers(1, 8),
    st.sampled_from([0.0, 5.0]),
)
def test_the_rate_holds_and_nobody_is_forgotten(
    given_asks: list[Ask], max_rate: int, burst: int, cooldown: float
) -> None:
    """In any period at most `max_rate` arrive; all are served; in the end all slots are free."""
    arrivals: list[float] = []

    async def scenario() -> None:
        loop = asyncio.get_running_loop()
        limiter = RateLimiter(
            max_rate, 1.0, burst=burst, no_response_hold=LOST_HOLD, cooldown=cooldown
        )
        lives = (live(ask, limiter, arrivals) for ask in given_asks)
        async with asyncio.timeout(1_000):
            outcomes = await asyncio.gather(*lives, return_exceptions=True)
        assert not [one for one in outcomes if one and not isinstance(one, TimeoutError)]
        await asyncio.sleep(30)
        began = loop.time()
        for _ in range(min(burst, max_rate) if burst > 1 else 1):
            await limiter.acquire()
        assert loop.time() - began == pytest.approx(0, abs=1e-3)

    run_virtual(scenario())
    arrivals.sort()
    for first, one_too_many in zip(arrivals, arrivals[max_rate:], strict=False):
        assert one_too_many - first >= 1.0


async def ask_often(limiter: RateLimiter, count: int, priority: Priority) -> list[float]:
    """When each of so many requests, all asked for at once, may leave."""
    loop = asyncio.get_running_loop()
    times: list[float] = []

    async def one() -> None:
        slot = await limiter.acquire(priority)
        times.append(loop.time())
        await asyncio.sleep(0.2)
        slot.release(SlotResult.ANSWERED)

    await asyncio.gather(*(one() for _ in range(count)))
    return times


@pytest.mark.parametrize("burst", [1, 20])
async def test_a_grant_that_finds_nothing_to_do_costs_no_rate(burst: int) -> None:
    """While many wait, an unused grant each second leaves the others as fast as without."""

    async def find_nothing(limiter: RateLimiter) -> None:
        while True:
            await asyncio.sleep(1.0)
            (await limiter.acquire(Priority._OVERDUE_POLL)).release(SlotResult.NOT_SENT)

    undisturbed = await ask_often(RateLimiter(burst=burst), 200, Priority.BACKGROUND)
    took = undisturbed[-1] - undisturbed[0]
    limiter = RateLimiter(burst=burst)
    disturbing = asyncio.create_task(find_nothing(limiter))
    disturbed = await ask_often(limiter, 200, Priority.BACKGROUND)
    disturbing.cancel()
    assert disturbed[-1] - disturbed[0] == pytest.approx(took, abs=0.1)


async def test_after_a_pause_requests_leave_one_by_one() -> None:
    """What was drawn for the pace before a pause is worth nothing after it."""
    limiter = RateLimiter(burst=1)
    refused = await limiter.acquire()
    waiting = asyncio.create_task(ask_often(limiter, 10, Priority.BACKGROUND))
    await asyncio.sleep(0.25)
    refused.release(SlotResult.RATE_LIMITED)
    times = await waiting
    assert min(later - earlier for earlier, later in itertools.pairwise(times)) > 0.5


@pytest.mark.parametrize(("max_rate", "burst"), [(20, 1), (50, 20)])
async def test_unused_slots_come_back_also_with_a_small_burst(max_rate: int, burst: int) -> None:
    """More slots are given back unused than the burst is large: all of them are free again."""
    limiter = RateLimiter(max_rate, 10.0, burst=burst, margin=5.0)
    slots = [await limiter.acquire() for _ in range(max_rate)]
    for slot in random.Random(1).sample(slots, len(slots)):
        slot.release(SlotResult.NOT_SENT)
    async with asyncio.timeout(13):  # before any of these is free again
        for _ in range(max_rate):
            (await limiter.acquire()).release(SlotResult.ANSWERED)


async def test_what_came_back_unused_counts_for_no_burst() -> None:
    """20 slots that were not used leave the next 20 as quick."""
    loop = asyncio.get_running_loop()
    limiter = RateLimiter()
    for slot in [await limiter.acquire() for _ in range(20)]:
        slot.release(SlotResult.NOT_SENT)
    for _ in range(20):
        await limiter.acquire()
    assert loop.time() == pytest.approx(0, abs=1e-3)


async def test_without_a_burst_nothing_is_caught_up_with() -> None:
    """`burst=1` means even, also after slots were short."""
    loop = asyncio.get_running_loop()
    limiter = RateLimiter(2, 1.0, burst=1)
    for slot in [await limiter.acquire() for _ in range(2)]:
        slot.release(SlotResult.ANSWERED)
    await asyncio.sleep(5)
    began = loop.time()
    for _ in range(2):
        await limiter.acquire()
    assert loop.time() - began == pytest.approx(0.5, abs=1e-3)


async def test_what_comes_back_late_gives_no_second_token() -> None:
    """A slot that is given back unused long after it was granted has lost its turn."""
    loop = asyncio.get_running_loop()
    limiter = RateLimiter(burst=1)
    slot = await limiter.acquire()
    await asyncio.sleep(5)
    slot.release(SlotResult.NOT_SENT)
    began = loop.time()
    for _ in range(2):
        await limiter.acquire()
    assert loop.time() - began == pytest.approx(0.5, abs=1e-3)


async def test_a_burst_is_never_more_than_the_rate() -> None:
    """With the default `burst`, a smaller `max_rate` is paced after its first requests, too."""
    times = await ask_often(RateLimiter(5), 25, Priority.INTERACTIVE)
    assert times[4] == pytest.approx(0, abs=1e-3)
    pairs = zip(times[5:], times[7:], strict=False)
    assert min(later - earlier for earlier, later in pairs) > 1.9, "never three at once"


@pytest.mark.parametrize(("spell", "wish"), [(120.0, 3_600.0), (5.0, 0.0)])
async def test_a_pause_takes_nothing_from_the_slow_spell(spell: float, wish: float) -> None:
    """However long the pause is, what follows it is slow and even."""
    loop = asyncio.get_running_loop()
    limiter = RateLimiter(cooldown=spell)
    (await limiter.acquire()).release(SlotResult.RATE_LIMITED, resume_at=loop.time() + wish)
    times = await ask_often(limiter, 5, Priority.INTERACTIVE)
    assert times[0] >= max(wish, 10.0)
    gaps = [later - earlier for earlier, later in itertools.pairwise(times)]
    assert gaps == pytest.approx([10.5 / 19] * 4, abs=1e-2)


async def test_waiters_that_gave_up_are_forgotten_though_others_wait() -> None:
    """10,000 who gave up leave nothing behind, and of those who stay the order holds."""
    limiter = RateLimiter(1, 1_000.0)
    first = await limiter.acquire()
    served: list[tuple[Priority, int]] = []

    async def stay(number: int) -> None:
        priority = Priority(number % len(Priority))
        slot = await limiter.acquire(priority)
        served.append((priority, number))
        slot.release(SlotResult.NOT_SENT)

    staying = [asyncio.create_task(stay(number)) for number in range(24)]
    leaving = [asyncio.create_task(limiter.acquire()) for _ in range(10_000)]
    await asyncio.sleep(1)
    while leaving:
        leaving.pop().cancel()
    await asyncio.sleep(1)
    assert sum(type(one) is asyncio.Future for one in gc.get_objects()) < 1_000
    first.release(SlotResult.NOT_SENT)
    await asyncio.gather(*staying)
    assert served == sorted(served)
    assert len(served) == 24


@pytest.mark.real_time
async def test_a_rate_without_bounds_does_not_stop_the_loop() -> None:
    """On a real clock a token may be due again before it can be used: it is used all the same."""
    limiter = RateLimiter(10**9)
    async with asyncio.timeout(30):
        for _ in range(100):
            (await limiter.acquire()).release(SlotResult.ANSWERED)


@pytest.mark.skipif(sys.version_info < (3, 12), reason="eager tasks came with Python 3.12")
async def test_eager_tasks_are_served_too() -> None:
    """With an eager task factory the dispatcher may end before it is known: another one starts."""
    asyncio.get_running_loop().set_task_factory(getattr(asyncio, "eager_task_factory", None))
    limiter = RateLimiter(1, 1.0, burst=1)
    async with asyncio.timeout(60):
        for result in (
            SlotResult.NOT_SENT,
            SlotResult.ANSWERED,
            SlotResult.NOT_SENT,
            SlotResult.ANSWERED,
        ):
            (await limiter.acquire()).release(result)
