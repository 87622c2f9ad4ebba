"""Judges of a request rate: each is one way in which a server may count 20 requests in 10 seconds.

Beside the fake's own `SlidingLog` these are what a server might do instead. `allow(now)` counts a
request that arrives at `now` and says whether it is let through.
"""

from collections import deque
from math import floor

from attrs import define, field

_RESIDUE = 1e-9  # float arithmetic on tokens may end a hair below a whole one


@define
class RefusedCount:
    """A sliding log in which refused requests count too: hammering keeps the door shut."""

    max_rate: int = 20
    """How many are let through in one period."""
    time_period: float = 10.0
    """The period in seconds."""
    _counted: deque[float] = field(factory=deque[float], init=False)

    def allow(self, now: float) -> bool:
        """Count a request that arrived at `now`; is it let through?"""
        counted = self._counted
        while counted and counted[0] <= now - self.time_period:
            counted.popleft()
        allowed = len(counted) < self.max_rate
        if not allowed:
            counted.popleft()  # the newest `max_rate` decide, older ones need not be kept
        counted.append(now)
        return allowed


@define
class FixedWindow:
    """At most `max_rate` requests in each window; one begins at `phase`."""

    max_rate: int = 20
    """How many are let through in one window."""
    time_period: float = 10.0
    """The length of a window in seconds."""
    phase: float = 0.0
    """A time at which a window begins, in seconds."""
    _window: int | None = field(default=None, init=False)
    _count: int = field(default=0, init=False)

    def allow(self, now: float) -> bool:
        """Count a request that arrived at `now`; is it let through?"""
        window = floor((now - self.phase) / self.time_period)
        if window != self._window:
            self._window, self._count = window, 0
        if self._count >= self.max_rate:
            return False
        self._count += 1
        return True


@define
class TokenBucket:
    """A bucket of `max_rate` tokens, full at first, that refills evenly within one period."""

    max_rate: int = 20
    """How many tokens the bucket holds, and how many come back in one period."""
    time_period: float = 10.0
    """The period in seconds."""
    _tokens: float = field(default=0.0, init=False)
    _at: float | None = field(default=None, init=False)

    def allow(self, now: float) -> bool:
        """Count a request that arrived at `now`; is it let through?"""
        since = self.time_period if self._at is None else now - self._at
        refilled = self._tokens + since * self.max_rate / self.time_period
        self._tokens, self._at = min(float(self.max_rate), refilled), now
        if self._tokens < 1.0 - _RESIDUE:
            return False
        self._tokens -= 1.0
        return True


@define
class ApproximateCounter:
    """Two fixed windows: the one before counts by the share of it that is still recent."""

    max_rate: int = 20
    """How many are let through in one period."""
    time_period: float = 10.0
    """The period in seconds."""
    _window: int = field(default=0, init=False)
    _before: int = field(default=0, init=False)
    _count: int = field(default=0, init=False)

    def allow(self, now: float) -> bool:
        """Count a request that arrived at `now`; is it let through?"""
        position = now / self.time_period
        window = floor(position)
        if window != self._window:
            self._before = self._count if window == self._window + 1 else 0
            self._window, self._count = window, 0
        estimate = self._before * (1.0 - (position - window)) + self._count
        if estimate + 1.0 > self.max_rate + _RESIDUE:
            return False
        self._count += 1
        return True


@define
class Smooth:
    """One request every `time_period / max_rate` seconds (the generic cell rate algorithm)."""

    max_rate: int = 20
    """How many are let through in one period when they come evenly."""
    time_period: float = 10.0
    """The period in seconds."""
    burst: int = 1
    """How many may come at once after a rest; 1 is no burst at all."""
    _due: float | None = field(default=None, init=False)

    def allow(self, now: float) -> bool:
        """Count a request that arrived at `now`; is it let through?"""
        interval = self.time_period / self.max_rate
        due = now if self._due is None else max(self._due, now)
        if due - now > (self.burst - 1) * interval + _RESIDUE:
            return False
        self._due = due + interval
        return True
