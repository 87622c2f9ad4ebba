"""A server that counts, a network that delays, and the ways to keep to a rate: on virtual time.

Everything is in one process: a request is two sleeps with a judge between them.
"""

import asyncio
from collections.abc import Callable
from random import Random
from typing import TypeAlias

from aiolimiter import AsyncLimiter
from attrs import define, field, frozen

from suno_async import Limiter, Priority, RateLimiter, RetryPolicy, Slot, SlotResult
from suno_async.testing import Judge, run_virtual

REQUESTS = 1_000
OPTIMUM = 490.0
"""Seconds in which 1,000 requests can be let through: 20 at once, and again every 10 s."""

_RETRY = RetryPolicy(max_attempts=1_000, max_elapsed=1e9)

Delay: TypeAlias = Callable[[Random], tuple[float, float]]
"""Seconds on the way to the server, and until the answer is back."""


def none(_rng: Random) -> tuple[float, float]:
    """No delay at all."""
    return 0.0, 0.0


def usual(rng: Random) -> tuple[float, float]:
    """50 to 500 ms, any part of it on the way there."""
    total = rng.uniform(0.05, 0.5)
    up = rng.uniform(0.0, total)
    return up, total - up


def stalled(rng: Random) -> tuple[float, float]:
    """As usual, but 2 % stall for 1 to 5 s more, half of them on the way there."""
    up, down = usual(rng)
    stall = rng.uniform(1.0, 5.0) if rng.random() < 0.02 else 0.0
    return (up + stall, down) if rng.random() < 0.5 else (up, down + stall)


def slow(seconds: float) -> Delay:
    """As usual, but each answer takes so many seconds more."""

    def delay(rng: Random) -> tuple[float, float]:
        up, down = usual(rng)
        return up, down + seconds

    return delay


@define
class _Sent:
    """A slot that needs not be given back."""

    def release(self, result: SlotResult, *, resume_at: float = 0.0) -> None:
        """Do nothing: what has been sent has been counted."""


@define
class Bucket:
    """aiolimiter alone, as its README shows it."""

    max_rate: float
    """Requests per period."""
    period: float
    """Seconds of the period."""
    _limiter: AsyncLimiter = field(init=False)

    def __attrs_post_init__(self) -> None:
        self._limiter = AsyncLimiter(self.max_rate, self.period)

    async def acquire(self, priority: Priority = Priority.INTERACTIVE) -> Slot:  # noqa: ARG002 it has none
        """Wait for the bucket."""
        await self._limiter.acquire()
        return _Sent()


@define
class Slots:
    """A semaphore of 20, each slot free again 10 s after it was taken."""

    _slots: asyncio.Semaphore = field(factory=lambda: asyncio.Semaphore(20), init=False)

    async def acquire(self, priority: Priority = Priority.INTERACTIVE) -> Slot:  # noqa: ARG002 it has none
        """Wait for a slot."""
        await self._slots.acquire()
        asyncio.get_running_loop().call_later(10.0, self._slots.release)
        return _Sent()


CONTENDERS: dict[str, Callable[[], Limiter]] = {
    "RateLimiter()": RateLimiter,
    "AsyncLimiter(20, 10)": lambda: Bucket(20, 10),
    "AsyncLimiter(2, 1)": lambda: Bucket(2, 1),
    "AsyncLimiter(1, 0.5)": lambda: Bucket(1, 0.5),
    "Semaphore(20) for 10 s": Slots,
}
"""Ours first, then the plain ways."""


@frozen
class Course:
    """What came of a run."""

    refusals: int
    """How often the server refused one of ours."""
    makespan: float
    """When it let the last one through, in seconds."""
    arrivals: list[float]
    """When each request reached it, in order."""

    @property
    def over_optimum(self) -> float:
        """The makespan over what is possible."""
        return self.makespan / OPTIMUM

    def most_in(self, seconds: float) -> int:
        """The most that arrived within any such span."""
        most = begin = 0
        for end, time in enumerate(self.arrivals):
            while self.arrivals[begin] <= time - seconds:
                begin += 1
            most = max(most, end - begin + 1)
        return most


@define
class Service:
    """A server at the end of a network; a refused request is asked for again."""

    limiter: Limiter
    """What grants leave to send."""
    judge: Judge
    """How the server counts."""
    delay: Delay
    """The network's."""
    rng: Random
    """What is drawn."""
    arrivals: list[float] = field(factory=list[float], init=False)
    """When each request reached the server."""
    accepted: list[float] = field(factory=list[float], init=False)
    """When each request was let through."""

    async def ask(self, priority: Priority = Priority.BACKGROUND) -> float:
        """One request, as often as it takes; the seconds that it waited for its first slot."""
        loop = asyncio.get_running_loop()
        asked = loop.time()
        waited: float | None = None
        attempt = 0
        while True:
            attempt += 1
            slot = await self.limiter.acquire(priority)
            waited = loop.time() - asked if waited is None else waited
            if await self._send(slot):
                return waited
            await asyncio.sleep(_RETRY.delay(attempt, 0.0, draw=self.rng.random) or 0.0)

    async def _send(self, slot: Slot) -> bool:
        loop = asyncio.get_running_loop()
        up, down = self.delay(self.rng)
        await asyncio.sleep(up)
        self.arrivals.append(loop.time())
        allowed = self.judge.allow(loop.time())
        if allowed:
            self.accepted.append(loop.time())
        await asyncio.sleep(down)
        slot.release(SlotResult.ANSWERED if allowed else SlotResult.RATE_LIMITED)
        return allowed


def course(
    make: Callable[[], Limiter], judge: Judge, delay: Delay, seed: int, requests: int = REQUESTS
) -> Course:
    """All requests asked for at once, until each was let through."""

    async def scenario() -> Course:
        service = Service(make(), judge, delay, Random(seed))
        await asyncio.gather(*(service.ask() for _ in range(requests)))
        refusals = len(service.arrivals) - requests
        return Course(refusals, service.accepted[-1], service.arrivals)

    return run_virtual(scenario())
