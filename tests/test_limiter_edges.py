"""The limiter at the edges of its settings and of its times."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from suno_async import (
    ConfigurationError,
    GenerateMusic,
    GetCredits,
    Priority,
    RateLimiter,
    SlotResult,
    SunoClient,
)

if TYPE_CHECKING:
    from suno_async.testing import FakeSuno


@pytest.mark.parametrize(
    ("name", "least", "too_little"),
    [
        ("max_rate", 1, 0),
        ("time_period", 0.1, 0),
        ("burst", 1, 0),
        ("margin", 0, -0.1),
        ("no_response_hold", 0, -0.1),
        ("cooldown", 0, -0.1),
    ],
)
def test_a_number_below_what_makes_sense(name: str, least: float, too_little: float) -> None:
    """The least that makes sense is taken, and what is less is refused by its name."""
    RateLimiter(**{name: least})  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=name):
        RateLimiter(**{name: too_little})  # type: ignore[arg-type]


def test_only_the_rate_is_given_without_names() -> None:
    """A third bare number would say nothing to who reads it."""
    with pytest.raises(TypeError):
        RateLimiter(20, 10.0, 1)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]


async def test_limiters_and_slots_are_told_apart() -> None:
    """Two with the same numbers are two, and may be kept in a set."""
    one, two = RateLimiter(), RateLimiter()
    slots = {await limiter.acquire() for limiter in (one, one, two)}
    assert (len({one, two}), len(slots)) == (2, 3)


def test_priorities_are_told_apart() -> None:
    """Two of them have public names, and no two are as urgent as each other."""
    order = "INTERACTIVE _INTERACTIVE_POLL _FINISHING _OVERDUE_POLL BACKGROUND _SPARE_POLL"
    assert [one.name for one in sorted(Priority)] == order.split()
    assert sorted(Priority) == [*range(6)]


@pytest.mark.parametrize("given", [Priority._FINISHING, "urgent", 7, None, []])
async def test_a_priority_is_one_of_two(fake_suno: FakeSuno, given: object) -> None:
    """Anything else is refused before a slot is asked for, with the two in the sentence."""
    async with SunoClient("key", base_url=fake_suno.url) as suno:
        for asked in (
            suno.submit(GenerateMusic("the sea"), priority=given),  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
            suno.call(GetCredits(), priority=given),  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
        ):
            with pytest.raises(ConfigurationError, match=r"Priority\.INTERACTIVE or .*BACKGROUND"):
                await asked
    assert not fake_suno.ledger


def test_what_became_of_a_slot_in_one_word() -> None:
    """Each result has its name for a value, as a limiter of one's own may log it."""
    assert [one.value for one in SlotResult] == [one.name.lower() for one in SlotResult]


@pytest.mark.parametrize(("max_rate", "gap"), [(1, 10.5), (2, 10.5), (3, 5.25), (20, 10.5 / 19)])
def test_the_even_gap_is_for_one_request_less(max_rate: int, gap: float) -> None:
    """In half a second more; one request cannot be one less."""
    assert RateLimiter(max_rate)._rule.even_gap == pytest.approx(gap)


async def test_nobody_slips_in_before_those_who_wait() -> None:
    """A slot that has just come back is theirs, also if none of them has woken up yet."""
    limiter = RateLimiter(1)
    slot = await limiter.acquire()
    waiting = asyncio.create_task(limiter.acquire())
    await asyncio.sleep(1)
    slot.release(SlotResult.NOT_SENT)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(1):
            await limiter.acquire()
    assert waiting.done()


async def test_a_refusal_without_a_wish_stops_for_a_period() -> None:
    """However short it is."""
    loop = asyncio.get_running_loop()
    limiter = RateLimiter(1, 0.1, margin=0.0)
    (await limiter.acquire()).release(SlotResult.RATE_LIMITED)
    await limiter.acquire()
    assert loop.time() == pytest.approx(0.1, abs=0.01)


async def test_those_who_wait_may_go_at_once_too() -> None:
    """20 slots come back unused while 40 wait: 20 of them take these in the same moment."""
    loop = asyncio.get_running_loop()
    limiter = RateLimiter()
    slots = [await limiter.acquire() for _ in range(20)]
    waiting = [asyncio.create_task(limiter.acquire()) for _ in range(40)]
    await asyncio.sleep(1)
    for slot in slots:
        slot.release(SlotResult.NOT_SENT)
    await asyncio.wait(waiting[:20])
    assert loop.time() == pytest.approx(1, abs=1e-3)
    await asyncio.sleep(8)
    assert sum(one.done() for one in waiting) == 20
    for one in waiting:
        one.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)


async def test_what_is_out_for_long_is_out() -> None:
    """20 requests without an answer for a minute: there is no slot for another one."""
    loop = asyncio.get_running_loop()
    limiter = RateLimiter()
    slots = [await limiter.acquire() for _ in range(20)]
    await asyncio.sleep(60)
    loop.call_later(5, slots[0].release, SlotResult.ANSWERED)
    await limiter.acquire()
    assert loop.time() == pytest.approx(75.05, abs=0.01)


@pytest.mark.parametrize(("idle", "is_idle"), [(20.0, False), (20.06, True)])
async def test_two_periods_after_a_burst_there_may_be_another(idle: float, is_idle: bool) -> None:
    """And a margin: then less than half of the rate was used; until then requests are spread."""
    loop = asyncio.get_running_loop()
    limiter = RateLimiter()
    for slot in [await limiter.acquire() for _ in range(20)]:
        slot.release(SlotResult.ANSWERED)
    await asyncio.sleep(idle)
    for _ in range(20):
        await limiter.acquire()
    assert (loop.time() == pytest.approx(idle, abs=1e-3)) is is_idle


async def test_a_slow_spell_ends_with_its_time() -> None:
    """Until then all is even; a burst may follow, and nothing slower."""
    loop = asyncio.get_running_loop()
    limiter = RateLimiter(cooldown=30.0)
    (await limiter.acquire()).release(SlotResult.RATE_LIMITED)
    await asyncio.sleep(30)
    began = loop.time()
    for _ in range(3):
        await limiter.acquire()
    assert loop.time() - began > 0.5
    await asyncio.sleep(40)
    began = loop.time()
    for _ in range(17):
        await limiter.acquire()
    assert loop.time() == pytest.approx(began, abs=1e-3)
