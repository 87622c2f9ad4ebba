"""What one process knows of its leases, and what of that Redis has yet to be told.

A change is told at once, together with all others of the same turn of the loop, or with the next
question. What could not be told is kept until it can.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from secrets import token_hex
from typing import Any

from attrs import define, field

from suno_async._rate.leases import Leases
from suno_async.errors import ConfigurationError, ConnectionFailed, SunoError
from suno_async.limiter import SLOWER, SLOWEST, RateLimiter, SlotResult

_log = logging.getLogger("suno_async")

_TIGHT, _WIDE = 0.2, 0.85  # of a period: over so much of it waiting requests are spread,
_SPREAD = 0.02  # ... which is this share of the time that the backlog takes
_PROBE = 1.0  # seconds between looks for a Redis that is away
_CHECK_IN = 2.5  # seconds for all to say what they have sent, when Redis is back


@define(eq=False)
class Book:
    """The leases of one process."""

    _leases: Leases
    _rule: RateLimiter
    _goes_on_alone: bool
    """Whether requests are sent while Redis is away."""
    _changed: Callable[[], None]
    """Called when Redis is back, and when there may be a slot."""

    process: str = field(factory=lambda: token_hex(6), init=False)
    """How Redis knows this process."""
    failing_since: float | None = field(default=None, init=False)
    """When Redis began not to answer, on the loop's clock."""
    resume_at: float = field(default=0.0, init=False)
    """When requests may leave again after a refusal of one of ours, on the loop's clock."""

    _failed: float = field(default=0.0, init=False)
    _slow_until: float = field(default=0.0, init=False)
    _known: dict[str, float | None] = field(factory=dict[str, "float | None"], init=False)
    """When each lease ends, on the loop's clock; `None` while its request is under way."""
    _untold: set[str] = field(factory=set[str], init=False)
    _unused: int = field(default=0, init=False)
    _refused: bool = field(default=False, init=False)
    _made: int = field(default=0, init=False)
    _wanted: str = field(default="", init=False)
    _born: str = field(default="", init=False)
    _heard: float = field(default=0.0, init=False)
    _line: asyncio.Lock = field(factory=asyncio.Lock, init=False)
    _courier: asyncio.Task[None] | None = field(default=None, init=False)
    _renewal: asyncio.TimerHandle | None = field(default=None, init=False)
    _is_closed: bool = field(default=False, init=False)

    @property
    def hold(self) -> float:
        """Seconds from an answer until its slot is free."""
        return self._rule.time_period + self._rule.margin

    @property
    def length(self) -> float:
        """Seconds of a lease whose request is under way: twice what a lost request needs."""
        return 2 * (self.hold + self._rule.no_response_hold)

    @property
    def is_away(self) -> bool:
        """Whether Redis has not answered for longer than the timeout, as was seen just now."""
        return self._was_away() and not self._is_old_news()

    def _is_old_news(self) -> bool:
        old = self._failed + 2 * (_PROBE + self._leases.timeout)
        return asyncio.get_running_loop().time() >= old

    def _was_away(self) -> bool:
        since = self.failing_since
        return since is not None and self._failed >= since + self._leases.timeout

    async def ask(self, waiting: int) -> float:
        """Ask for a lease: the seconds until it is to be asked again, or 0: `take` it."""
        self._wanted = self._wanted or self._new()
        return await self._exchange(self._wanted, waiting)

    def take(self) -> str:
        """The lease that was granted."""
        lease, self._wanted = self._wanted, ""
        return self._hold(lease)

    def give_up(self) -> None:
        """Want the lease no more; it may have been granted, and the answer lost."""
        self._end(self._wanted, asyncio.get_running_loop().time())
        self._wanted = ""

    def take_alone(self) -> str:
        """A lease that Redis is told of when it is back."""
        lease = self._hold(self._new())
        self._untold.add(lease)
        return lease

    def close(self, lease: str, use: SlotResult, resume_at: float, *, is_alone: bool) -> None:
        """The request of this lease has ended."""
        now = asyncio.get_running_loop().time()
        rule = self._rule
        if use is SlotResult.NOT_SENT:
            self._unused += not is_alone
            self._end(lease, now)
            self._changed()
            return
        if use is SlotResult.RATE_LIMITED:
            self._refused = True
            self.resume_at = max(self.resume_at, resume_at, now + self.hold)
            self._slow_until = self.resume_at + rule.cooldown
        self._end(
            lease,
            now + self.hold + (rule.no_response_hold if use is SlotResult.NO_RESPONSE else 0.0),
        )

    def deliver(self) -> None:
        """Tell Redis what it does not know yet, and see whether it is back."""
        if not self._is_closed and (self._courier is None or self._courier.done()):
            self._courier = asyncio.get_running_loop().create_task(self._deliver())

    async def aclose(self) -> None:
        """Tell what is left to tell, if Redis is there."""
        self._is_closed = True
        if self._renewal is not None:
            self._renewal.cancel()
        if self._courier is not None:
            self._courier.cancel()
            await asyncio.wait([self._courier])
        if self._untold:
            with suppress(SunoError):
                await self._exchange("", 0)

    async def _deliver(self) -> None:
        while self._untold or (self._was_away() and self._goes_on_alone):
            try:
                await self._exchange("", 0)
            except ConnectionFailed:
                if not self._know_any() and not self._is_closed:
                    return  # until somebody wants to send again
                await asyncio.sleep(min(_PROBE, self._leases.timeout))
            except ConfigurationError as error:
                _log.warning("%s", error)
                return

    async def _exchange(self, ask: str, waiting: int) -> float:
        """One call, after the one before: what is told later must arrive later."""
        async with self._line:
            loop = asyncio.get_running_loop()
            told = self._told(ask, waiting, loop.time())
            sent = {lease: self._known[lease] for lease in self._untold}
            self._unused, self._refused = 0, False
            try:
                wait, born = await self._leases.call(told)
            except SunoError as error:
                self._unused += told["unused"]
                self._refused |= told["refused"]
                self._hear_nothing(error)
                raise
            for lease, until in sent.items():
                if self._known.get(lease, -1.0) == until:
                    self._untold.discard(lease)
            self._hear(born, loop.time(), has_forgotten=told["born"] not in {"", born})
            return wait

    def _told(self, ask: str, waiting: int, now: float) -> dict[str, Any]:
        self._forget_the_old(now)
        rule, gap = self._rule, self._rule.time_period / self._rule.max_rate
        pause = _CHECK_IN if self._was_away() and self._goes_on_alone else 0.0
        return {
            "process": self.process,
            "born": self._born if now < self._heard + self.length / 2 else "",
            "leases": {lease: self._left(lease, now) for lease in self._untold},
            "unused": self._unused,
            "refused": self._refused,
            "pause": max(pause, self.resume_at - now),
            "slow": max(0.0, self._slow_until - now),
            "ask": ask,
            "waiting": waiting,
            "rate": rule.max_rate,
            "burst": rule.burst,
            "quiet": rule.time_period + self.hold,
            "hold": self.hold,
            "length": self.length,
            "patience": max(gap, 0.1),
            "gap": gap,
            "even_gap": rule._even_gap,
            "slower": SLOWER,
            "slowest": SLOWEST,
            "tight": _TIGHT,
            "wide": _WIDE,
            "spread": _SPREAD / rule.max_rate,
        }

    def _left(self, lease: str, now: float) -> float:
        until = self._known[lease]
        return self.length if until is None else max(0.0, until - now)

    def _hear_nothing(self, error: SunoError) -> None:
        now = asyncio.get_running_loop().time()
        if isinstance(error, ConfigurationError):  # it is there; whoever asks is told
            self.failing_since = None
            self._changed()
            return
        was_away = self.is_away
        if self.failing_since is None or self._is_old_news():
            self.failing_since = now
        self._failed = now
        if self.is_away and not was_away:
            self._untold.update(self._known)
            how = "this process goes on alone" if self._goes_on_alone else "nothing is sent"
            _log.warning("%s Until it is back, %s.", error, how)

    def _hear(self, born: str, now: float, *, has_forgotten: bool) -> None:
        if self._was_away():
            _log.warning("Redis, which keeps the rate, is back.")
            self._changed()
        self.failing_since, self._born, self._heard = None, born, now
        if has_forgotten:
            _log.warning("Redis had forgotten the rate's leases; all pause for %g s.", self.hold)
            self._untold.update(self._known)
            self.deliver()

    def _new(self) -> str:
        self._made += 1
        return f"{self.process}-{self._made}"

    def _hold(self, lease: str) -> str:
        self._known[lease] = None
        if self._renewal is None and not self._is_closed:
            self._renew_later()
        return lease

    def _end(self, lease: str, until: float) -> None:
        self._known[lease] = until
        self._untold.add(lease)
        self.deliver()

    def _renew_later(self) -> None:
        loop = asyncio.get_running_loop()
        self._renewal = loop.call_later(self.length / 4, self._renew)

    def _renew(self) -> None:
        self._renewal = None
        under_way = [lease for lease, until in self._known.items() if until is None]
        if under_way:
            self._untold.update(under_way)
            self.deliver()
            self._renew_later()

    def _forget_the_old(self, now: float) -> None:
        for lease, until in list(self._known.items()):
            keep = self.length if lease in self._untold else 0.0  # after which Redis needs no news
            if until is not None and until + keep <= now:
                del self._known[lease]
                self._untold.discard(lease)

    def _know_any(self) -> bool:
        self._forget_the_old(asyncio.get_running_loop().time())
        return bool(self._known)
