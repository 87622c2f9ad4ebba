"""When a request may leave.

The service refuses more than 20 requests in 10 seconds and does not say how it counts. The
strictest common reading is kept: at most 20 requests reach the server in any 10 seconds, however
the network delays them. A sliding log, a fixed window and a token bucket all let that pass.

Counting what leaves is not enough, for a slow request and a fast one may arrive together. So there
are 20 slots. A request holds one from before it is sent until its answer is in, and then for the
period and a small margin more: when the answer is in, the server has counted the request, so
whoever gets the slot next arrives more than a period after it. If no answer comes, the request may
still be on its way, and its slot is held some seconds longer.

Slots alone would let 20 requests go at once every 10 seconds, and an urgent one would wait for the
next round. So while requests are waiting, a token bucket (aiolimiter's) spreads them at the same
rate, one each half second, and keeps one token for when late answers have held up the slots; a
client that was idle sends its first 20 at once. Slots whose requests hang do not come round: as
long as they are held, the others are spread over the same time, so that one of them is free soon
for what is urgent. One dispatcher is the bucket's only customer, since a waiter of aiolimiter can
lose its place to a newcomer. It picks the waiter last, when slot and token are there: the most
urgent first, then in order of arrival.

A refusal all the same means that somebody else uses the key, or that the server counts otherwise:
everybody waits for a period, then goes on at an even pace that the slots alone would not need, and
slower again each time that even this is refused.

A process that starts anew has free slots, while the server still counts what the last one sent. So
whoever keeps a journal is told at each change until when the slots in use may count, and the next
process begins with these in use. Of a request that is on its way that is the longest that it may
be if no answer comes. The times are those of the loop's clock, which is the machine's monotonic
one: all processes share it, and nobody sets it.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterable
from enum import Enum, IntEnum
from functools import partial
from hashlib import sha256
from itertools import count
from typing import Protocol, TypeAlias
from weakref import WeakKeyDictionary, WeakValueDictionary

from aiolimiter import AsyncLimiter
from attrs import define, field, validators

from suno_async._rate.queue import Queue

_TOKENS = 2  # that the bucket holds: the one to be used next, and one to catch up with
SLOWER = 1.25  # times slower after each refusal in a slow spell, and back with a spell in peace
SLOWEST = 3.0
Keeper: TypeAlias = Callable[[Iterable[float]], None]
_HANGS = 2.0  # seconds without an answer, after which a slot does not count as coming round
_SPARSEST = 4.0  # times the usual distance, for slots that hang: 2 s
_TICK = 0.001  # seconds to wait for a token that is due but for a rounding error, and to use it


class Priority(IntEnum):
    """Who goes first: the lower number; within one it is first come, first served.

    Between and after these two the package has numbers of its own, for polls and for a batch near
    its end. A limiter of your own is given them, too: compare with `<`.
    """

    INTERACTIVE = 0
    """What somebody waits for."""
    BACKGROUND = 4
    """What gives way to that, as a batch's submissions do."""

    _INTERACTIVE_POLL = 1
    _FINISHING = (
        2  # a submission of a batch near its end: what is polled for is then all that is left
    )
    _OVERDUE_POLL = 3  # of a task that should be complete
    _SPARE_POLL = 5  # worth a slot that nobody else wants


class SlotResult(Enum):
    """What became of a slot."""

    ANSWERED = "answered"
    """The server has counted the request, and answered."""
    NO_RESPONSE = "no_response"
    """The request left, and no answer came: the server may count it yet."""
    NOT_SENT = "not_sent"
    """Nothing was sent."""
    RATE_LIMITED = "rate_limited"
    """The server refused the request for its rate."""


class Slot(Protocol):
    """Leave to send one request."""

    def release(self, use: SlotResult, *, resume_at: float = 0.0) -> None:
        """Say what became of it, once; more often does nothing.

        `resume_at` is the time on the loop's clock that a refusal asked everyone to wait for.
        """


class Limiter(Protocol):
    """What grants slots; `RateLimiter` is the one for a single process."""

    async def acquire(self, priority: Priority = Priority.INTERACTIVE) -> Slot:
        """Wait for a slot. Whoever is cancelled while waiting has taken nothing."""
        ...


@define(eq=False)
class HeldSlot:
    """A slot that tells its limiter once what became of it."""

    _give_up: Callable[[SlotResult, float], None] | None

    def release(self, use: SlotResult, *, resume_at: float = 0.0) -> None:
        """Say what became of it; more often than once does nothing."""
        give_up, self._give_up = self._give_up, None
        if give_up is not None:
            give_up(use, resume_at)


@define(eq=False)
class RateLimiter:
    """At most `max_rate` requests reach the server in any `time_period` seconds.

    One limiter serves one event loop, and any number of clients on it.

    Args:
        max_rate: Requests per period; 20 as documented.
        time_period: Seconds of the period; 10 as documented.
        burst: Requests that an idle client may send at once; never more than `max_rate`.
        margin: Seconds added to the period, for clocks that differ.
        no_response_hold: Seconds more for a request whose answer never came.
        cooldown: Seconds of slower, even pace after a refusal's pause; slower still if refused again.

    Raises:
        ValueError: a number is below what makes sense.
        ConfigurationError: it is used on a second event loop.
    """  # noqa: E501 editors show the first line of an argument's text

    max_rate: int = field(default=20, validator=[validators.instance_of(int), validators.ge(1)])
    """Requests per period; 20 as documented."""
    time_period: float = field(default=10.0, validator=validators.gt(0))
    """Seconds of the period; 10 as documented."""
    burst: int = field(
        default=20, kw_only=True, validator=[validators.instance_of(int), validators.ge(1)]
    )
    """Requests that an idle client may send at once; never more than `max_rate`."""
    margin: float = field(default=0.05, kw_only=True, validator=validators.ge(0))
    """Seconds added to the period, for clocks that differ."""
    no_response_hold: float = field(default=5.0, kw_only=True, validator=validators.ge(0))
    """Seconds more for a request whose answer never came."""
    cooldown: float = field(default=120.0, kw_only=True, validator=validators.ge(0))
    """Seconds of slower, even pace after a refusal's pause; slower still if refused again."""

    _queue: Queue[Slot] = field(init=False)
    _free: int = field(init=False)
    _until: dict[int, float] = field(factory=dict[int, float], init=False)
    """When each slot that is in use can be free, by a number of its own."""
    _numbers: count[int] = field(factory=count, init=False)
    _keepers: list[Keeper] = field(factory=list[Keeper], init=False)
    _recent: deque[float] = field(init=False)
    _out: dict[int, float] = field(factory=dict[int, float], init=False)
    """When those in use without an answer were taken, also if none came; oldest first."""
    _pace: AsyncLimiter = field(init=False)
    _slow_pace: AsyncLimiter = field(init=False)  # from the first refusal on
    _has_token: bool = field(default=False, init=False)
    _token_until: float = field(default=0.0, init=False)
    _next_token: float = field(default=0.0, init=False)
    _resume_at: float = field(default=0.0, init=False)
    _slow_until: float = field(default=0.0, init=False)
    _slowness: float = field(default=1.0, init=False)

    def __attrs_post_init__(self) -> None:
        self._queue = Queue(
            "RateLimiter", self._step, lambda slot: slot.release(SlotResult.NOT_SENT)
        )
        self._free = self.max_rate
        self._recent = deque(maxlen=min(self.burst, self.max_rate))
        tokens = min(_TOKENS, self.burst)
        self._pace = AsyncLimiter(tokens, tokens * self.time_period / self.max_rate)

    @property
    def _even_gap(self) -> float:
        """Seconds between requests after a refusal's pause, before it gets slower still."""
        return (self.time_period + 0.5) / max(1, self.max_rate - 1)

    async def acquire(self, priority: Priority = Priority.INTERACTIVE) -> Slot:
        """Wait for a slot; whoever is cancelled while waiting has taken nothing."""
        now = self._queue.bound_loop().time()
        if self._free and not self._queue.waiters() and self._may_burst(now):
            return self._take(now)
        return await self._queue.wait(priority)

    async def _step(self) -> Slot | None:
        now = self._queue.bound_loop().time()
        if not self._free:
            await self._queue.change(None)
        elif now < self._resume_at:
            await self._queue.change(self._resume_at)
        elif (self._has_token and now < self._token_until) or self._may_burst(now):
            self._has_token = False
            return self._take(now)
        else:
            await self._draw(self._slow_pace if now < self._slow_until else self._pace, now)
        return None

    async def _draw(self, pace: AsyncLimiter, now: float) -> None:
        """Take a token once there is one, or wait, unless one comes back unused meanwhile."""
        if now >= self._next_token and pace.has_capacity():
            await pace.acquire()  # at once, for nobody else takes any
            interval = pace.time_period / pace.max_rate
            kept = (pace.max_rate - 1) * interval
            self._next_token = max(self._next_token, now - kept) + interval * self._slower(now)
            self._has_token, self._token_until = True, now + max(interval, _TICK)
        else:
            await self._queue.change(max(self._next_token, now + _TICK))

    def _slower(self, now: float) -> float:
        """How much longer tokens are apart, for the slots that do not come round."""
        hanging = 0
        for since in self._out.values():
            if since > now - _HANGS:
                break
            hanging += 1
        return min(_SPARSEST, self.max_rate / max(1, self.max_rate - hanging))

    def _may_burst(self, now: float) -> bool:
        """Whether a request may go unpaced: less than half of the rate was used lately."""
        if self.burst == 1 or now < max(self._resume_at, self._slow_until):
            return False
        recent = self._recent
        is_full = len(recent) == recent.maxlen
        quiet = 2 * self.time_period * self._slower(now) + self.margin
        return not is_full or recent[0] <= now - quiet

    def _take(self, now: float) -> Slot:
        number = next(self._numbers)
        self._free -= 1
        self._recent.append(now)
        self._out[number] = now
        self._use(number, now + self._hold(SlotResult.NO_RESPONSE))
        return HeldSlot(partial(self._release, number))

    def _hold(self, use: SlotResult) -> float:
        """Seconds for which a slot counts after this."""
        return (
            self.time_period
            + self.margin
            + (self.no_response_hold if use is SlotResult.NO_RESPONSE else 0.0)
        )

    def _release(self, number: int, use: SlotResult, resume_at: float) -> None:
        loop = self._queue.bound_loop()
        now = loop.time()
        if use is not SlotResult.NO_RESPONSE:
            del self._out[number]
        if use is SlotResult.NOT_SENT:
            if self._recent:  # it remembers fewer than there are slots if `burst` is smaller
                self._recent.pop()
            self._has_token = True
            self._use(number, now)
            self._give_back(number)
            return
        self._use(number, now + self._hold(use))
        loop.call_later(self._hold(use), self._give_back, number)
        if use is SlotResult.RATE_LIMITED:
            self._slow_down(now)
            self._resume_at = max(self._resume_at, resume_at, now + self.time_period + self.margin)
            self._slow_until = self._resume_at + self.cooldown
            loop.call_at(self._slow_until, self._queue.wake)  # keeps the limiter alive until then

    def _slow_down(self, now: float) -> None:
        """Learn from a refusal how slow is slow enough."""
        if now >= self._slow_until:
            self._slowness = max(1.0, self._slowness / SLOWER)
        elif now >= self._resume_at:  # else it had left before the pause
            self._slowness = min(SLOWEST, self._slowness * SLOWER)
        self._slow_pace = self._even_pace()

    def _even_pace(self) -> AsyncLimiter:
        return AsyncLimiter(1, self._slowness * self._even_gap)

    def _use(self, number: int, until: float) -> None:
        self._until[number] = until
        for keep in self._keepers:
            keep(self._until.values())

    def _give_back(self, number: int) -> None:
        del self._until[number]
        self._out.pop(number, None)
        self._free += 1
        self._queue.wake()

    def _keep(self, kept: Iterable[float], keeper: Keeper) -> Callable[[], None]:
        self._keepers.append(keeper)
        loop = self._queue.bound_loop()
        now = loop.time()
        known = {*self._until.values()}  # another client has told of them, or they are our own
        for until in kept:
            left = until - now
            if left > self._hold(
                SlotResult.NO_RESPONSE
            ):  # of another clock: the machine was started meanwhile
                left = self._hold(SlotResult.ANSWERED)
            if left > 0 and until not in known and self._free:
                number = next(self._numbers)
                self._free -= 1
                self._until[number] = now + left
                loop.call_later(left, self._give_back, number)
        return partial(self._keepers.remove, keeper)


def keep_slots(limiter: RateLimiter, kept: Iterable[float], keeper: Keeper) -> Callable[[], None]:
    """Begin with slots in use until these times, and tell a keeper of each change.

    It gets the times on the loop's clock at which the slots in use can be free, until what is
    returned is called.
    """
    # for the package, not for all
    return limiter._keep(kept, keeper)


_shared: WeakKeyDictionary[
    asyncio.AbstractEventLoop, WeakValueDictionary[tuple[bytes, str], RateLimiter]
] = WeakKeyDictionary()


def shared_limiter(key: str, host: str) -> RateLimiter:
    """The limiter of all clients with this key and host on the running loop.

    Nothing holds it but its clients and its own timers, so it lives until the last client is gone
    and its last slot is free and its slow spell over.
    """
    mine = _shared.setdefault(asyncio.get_running_loop(), WeakValueDictionary())
    name = (sha256(key.encode()).digest(), host)
    limiter = mine.get(name)
    if limiter is None:
        limiter = mine[name] = RateLimiter()
    return limiter
