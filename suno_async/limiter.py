"""When a request may leave.

The service refuses more than 20 requests in 10 seconds and does not say how it counts. The
strictest common reading is kept: at most 20 requests reach the server in any 10 seconds, however
the network delays them. A sliding log, a fixed window and a token bucket all let that pass.

Counting what leaves is not enough, for a slow request and a fast one may arrive together. So there
are 20 slots. A request holds one from before it is sent until its answer is in, and then for the
period and a small margin more: when the answer is in, the server has counted the request, so the
next one in that slot arrives more than a period after it. If no answer comes, the request may still
be on its way, and its slot is held some seconds longer.

Slots alone would let 20 requests go at once every 10 seconds, and an urgent one would wait for the
next round. So while requests are waiting, a token bucket (aiolimiter's) spreads them at the same
rate, one each half second, and keeps one token for when late answers have held up the slots; a
client that was idle sends its first 20 at once. Slots whose requests hang do not come round: as
long as they are held, the others are spread over the same time, so that one of them is free soon
for what is urgent. One dispatcher is the bucket's only customer, since a waiter of aiolimiter can
lose its turn to a newcomer. It picks the waiter last, when slot and token are there: the most
urgent first, then in order of arrival.

A refusal all the same means that another client uses the key, or that the server counts otherwise:
all requests wait for a period, then go on at an even pace that the slots alone would not need, and
slower again each time that even this is refused.

A process that starts anew has free slots, while the server still counts what the last one sent. So
a journal in a file gets, at each change, the times until which the slots in use may count, and the
next process begins with these in use. For a request that is on its way that is the longest time
that it may take if no answer comes. The times are those of the loop's clock, which is the machine's
monotonic one: all processes share it, and it is never set.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterable
from functools import partial
from hashlib import sha256
from itertools import count
from typing import TypeAlias
from weakref import WeakKeyDictionary, WeakValueDictionary

from aiolimiter import AsyncLimiter
from attrs import define, field

from suno_async._rate.queue import Queue
from suno_async._rate.rule import Refusals, Rule
from suno_async._rate.slots import Limiter, Priority, Slot, SlotResult

__all__ = ["Limiter", "Priority", "RateLimiter", "Slot", "SlotResult"]

_TOKENS = 2  # that the bucket holds: the one to be used next, and one to catch up with
_HANGS = 2.0  # seconds without an answer, after which a slot does not count as coming round
_SPARSEST = 4.0  # times the usual distance, for slots that hang: 2 s
_TICK = 0.001  # seconds to wait for a token that is due but for a rounding error, and to use it
_Record: TypeAlias = Callable[[Iterable[float]], None]


@define(eq=False)
class _HeldSlot:
    """A slot that is in use, by the number that its limiter has for it."""

    _limiter: RateLimiter | None
    _number: int

    def release(self, result: SlotResult, *, resume_at: float = 0.0) -> None:
        """Say what became of it; more often than once does nothing."""
        limiter, self._limiter = self._limiter, None
        if limiter is not None:
            limiter._release(self._number, result, resume_at)


_limiters: WeakKeyDictionary[
    asyncio.AbstractEventLoop, WeakValueDictionary[tuple[bytes, str], RateLimiter]
] = WeakKeyDictionary()


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

    max_rate: int = 20
    """Requests per period; 20 as documented."""
    time_period: float = 10.0
    """Seconds of the period; 10 as documented."""
    burst: int = field(default=20, kw_only=True)
    """Requests that an idle client may send at once; never more than `max_rate`."""
    margin: float = field(default=0.05, kw_only=True)
    """Seconds added to the period, for clocks that differ."""
    no_response_hold: float = field(default=5.0, kw_only=True)
    """Seconds more for a request whose answer never came."""
    cooldown: float = field(default=120.0, kw_only=True)
    """Seconds of slower, even pace after a refusal's pause; slower still if refused again."""

    _rule: Rule = field(init=False)
    _queue: Queue[Slot] = field(init=False)
    _free: int = field(init=False)
    _until: dict[int, float] = field(factory=dict[int, float], init=False)
    """When each slot that is in use can be free, by a number of its own."""
    _numbers: count[int] = field(factory=count, init=False)
    _records: list[_Record] = field(factory=list[_Record], init=False)
    _recent: deque[float] = field(init=False)
    _out: dict[int, float] = field(factory=dict[int, float], init=False)
    """When those in use without an answer were taken, also if none came; oldest first."""
    _pace: AsyncLimiter = field(init=False)
    _slow_pace: AsyncLimiter = field(init=False)  # from the first refusal on
    _has_token: bool = field(default=False, init=False)
    _token_until: float = field(default=0.0, init=False)
    _next_token: float = field(default=0.0, init=False)
    _refusals: Refusals = field(factory=Refusals, init=False)

    def __attrs_post_init__(self) -> None:
        self._rule = rule = Rule(
            self.max_rate,
            self.time_period,
            self.burst,
            self.margin,
            self.no_response_hold,
            self.cooldown,
        )
        self._queue = Queue(
            "RateLimiter", self._step, lambda slot: slot.release(SlotResult.NOT_SENT)
        )
        self._free = rule.max_rate
        self._recent = deque(maxlen=rule.burst)
        tokens = min(_TOKENS, rule.burst)
        self._pace = AsyncLimiter(tokens, tokens * rule.gap)

    @classmethod
    def _shared_by(cls, key: str, host: str) -> RateLimiter:
        """The limiter of all clients with this key and host on the running loop.

        Nothing holds it but its clients and its own timers, so it lives until the last client is
        gone and its last slot is free and its slow spell over.
        """
        mine = _limiters.setdefault(asyncio.get_running_loop(), WeakValueDictionary())
        name = (sha256(key.encode()).digest(), host)
        limiter = mine.get(name)
        if limiter is None:
            limiter = mine[name] = cls()
        return limiter

    async def acquire(self, priority: Priority = Priority.INTERACTIVE) -> Slot:
        """Wait for a slot; a caller that is cancelled while waiting has taken nothing."""
        now = self._bound_loop().time()
        if self._free and not self._queue.waiting and self._may_burst(now):
            return self._take(now)
        return await self._queue.wait(priority)

    def _bound_loop(self) -> asyncio.AbstractEventLoop:
        loop, queue = asyncio.get_running_loop(), self._queue
        if queue.loop is None:  # bound here: a request that need not wait enters no queue
            queue.loop = loop
        return loop if loop is queue.loop else queue.bound_loop()  # which raises

    async def _step(self) -> Slot | None:
        """Take a slot for the dispatcher, or wait for whatever is missing and take none."""
        now = self._bound_loop().time()
        if not self._free:
            await self._queue.change(None)
        elif now < self._refusals.resume_at:
            await self._queue.change(self._refusals.resume_at)
        elif (self._has_token and now < self._token_until) or self._may_burst(now):
            self._has_token = False
            return self._take(now)
        else:
            is_slow = now < self._refusals.slow_until
            await self._draw(self._slow_pace if is_slow else self._pace, now)
        return None

    async def _draw(self, pace: AsyncLimiter, now: float) -> None:
        """Take a token once there is one, or wait, unless one comes back unused meanwhile."""
        if now >= self._next_token and pace.has_capacity():
            await pace.acquire()  # at once, for nothing else takes any
            interval = pace.time_period / pace.max_rate
            kept = (pace.max_rate - 1) * interval
            self._next_token = max(self._next_token, now - kept) + interval * self._stretch(now)
            self._has_token, self._token_until = True, now + max(interval, _TICK)
        else:
            await self._queue.change(max(self._next_token, now + _TICK))

    def _stretch(self, now: float) -> float:
        """How many times longer tokens are apart, for the slots that do not come round."""
        hanging = 0
        for since in self._out.values():
            if since > now - _HANGS:
                break
            hanging += 1
        return min(_SPARSEST, self._rule.max_rate / max(1, self._rule.max_rate - hanging))

    def _may_burst(self, now: float) -> bool:
        """Whether a request may go unpaced: less than half of the rate was used lately."""
        if self._rule.burst == 1 or now < self._refusals.slow_until:
            return False
        recent = self._recent
        if len(recent) != recent.maxlen:
            return True
        return recent[0] <= now - self._rule.quiet * self._stretch(now)

    def _take(self, now: float) -> Slot:
        number = next(self._numbers)
        self._free -= 1
        self._recent.append(now)
        self._out[number] = now
        self._use(number, now + self._rule.longest_hold)
        return _HeldSlot(self, number)

    def _release(self, number: int, result: SlotResult, resume_at: float) -> None:
        loop = self._bound_loop()
        now, rule = loop.time(), self._rule
        if result is not SlotResult.NO_RESPONSE:
            del self._out[number]
        if result is SlotResult.NOT_SENT:
            # as if it had never been granted: the burst and the token are for the next one
            if self._recent:  # it remembers fewer than there are slots if `burst` is smaller
                self._recent.pop()
            self._has_token = True
            self._use(number, now)
            self._give_back(number)
            return
        hold = rule.longest_hold if result is SlotResult.NO_RESPONSE else rule.hold
        self._use(number, now + hold)
        loop.call_later(hold, self._give_back, number)
        if result is SlotResult.RATE_LIMITED:
            self._refusals = learned = self._refusals.after_one(now, resume_at, rule)
            self._slow_pace = AsyncLimiter(1, learned.slowness * rule.even_gap)
            # keeps the limiter alive until then, for the next client of the same key
            loop.call_at(learned.slow_until, self._queue.wake)

    def _use(self, number: int, until: float) -> None:
        self._until[number] = until
        for record in self._records:
            record(self._until.values())

    def _give_back(self, number: int) -> None:
        del self._until[number]
        self._out.pop(number, None)
        self._free += 1
        if self._queue.waiting:
            self._queue.wake()

    def _keep_slots(self, kept: Iterable[float], record: _Record) -> Callable[[], None]:
        """Begin with slots in use until these times, and call `record` at each change.

        It gets the times on the loop's clock at which the slots in use can be free, until what is
        returned is called.
        """
        self._records.append(record)
        loop = self._bound_loop()
        now = loop.time()
        known = {*self._until.values()}  # of another client's journal, or our own
        for until in kept:
            left = until - now
            if left > self._rule.longest_hold:
                left = self._rule.hold  # of another clock: the machine was started meanwhile
            if left > 0 and until not in known and self._free:
                number = next(self._numbers)
                self._free -= 1
                self._until[number] = now + left
                loop.call_later(left, self._give_back, number)
        return partial(self._records.remove, record)
