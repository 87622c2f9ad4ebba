"""Judges of a request rate: each is one way in which a server may count 20 requests in 10 seconds.

The service does not say how it counts, so the fake can be told to count in any of these ways. A
judge is asked once a request, in order of arrival, and knows no clock: `allow(now)` is told.

    sliding_log          the requests let through in the last period, one by one
    sliding_log_refused  refused requests count too, so that hammering keeps the door shut
    fixed_window         a counter that starts again at each whole period (from a phase)
    token_bucket         a bucket of `max_rate` tokens that refills evenly
    approximate          two counters, this window's and the one before, weighed by time elapsed
    smooth               one request every period / max_rate seconds, with little or no burst
"""

from collections import deque
from math import floor
from typing import Literal, Protocol, TypeAlias, runtime_checkable

from attrs import define, field

Counting: TypeAlias = Literal[
    "sliding_log", "sliding_log_refused", "fixed_window", "token_bucket", "approximate", "smooth"
]
"""The names of the ways to count."""

_RESIDUE = 1e-9  # float arithmetic on tokens may end a hair below a whole one


@runtime_checkable
class Judge(Protocol):
    """Whoever says whether a request that arrives now is let through."""

    def allow(self, now: float) -> bool:
        """Count a request that arrived at `now`, in seconds; is it let through?"""
        ...


@define
class SlidingLog:
    """At most `max_rate` requests in any `time_period` seconds, counted one by one.

    Args:
        max_rate: How many are let through in one period.
        time_period: The period in seconds.
        count_refused: Whether a refused request counts as well.
    """

    max_rate: int = 20
    """How many are let through in one period."""
    time_period: float = 10.0
    """The period in seconds."""
    count_refused: bool = False
    """Whether a refused request counts as well."""
    _counted: deque[float] = field(factory=deque[float], init=False)

    def allow(self, now: float) -> bool:
        """Count a request that arrived at `now`; is it let through?"""
        counted = self._counted
        while counted and counted[0] <= now - self.time_period:
            counted.popleft()
        allowed = len(counted) < self.max_rate
        if allowed:
            counted.append(now)
        elif self.count_refused:
            counted.popleft()  # the newest `max_rate` decide, older ones need not be kept
            counted.append(now)
        return allowed


@define
class FixedWindow:
    """At most `max_rate` requests in each window; one begins at `phase`.

    Args:
        max_rate: How many are let through in one window.
        time_period: The length of a window in seconds.
        phase: A time at which a window begins, in seconds.
    """

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
    """A bucket of `max_rate` tokens, full at first, that refills evenly within one period.

    Args:
        max_rate: How many tokens the bucket holds, and how many come back in one period.
        time_period: The period in seconds.
    """

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
    """Two fixed windows: the one before counts by the share of it that is still recent.

    Args:
        max_rate: How many are let through in one period.
        time_period: The period in seconds.
    """

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
    """One request every `time_period / max_rate` seconds (the generic cell rate algorithm).

    Args:
        max_rate: How many are let through in one period when they come evenly.
        time_period: The period in seconds.
        burst: How many may come at once after a rest; 1 is no burst at all.
    """

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


def judge(counting: Counting, max_rate: int = 20, time_period: float = 10.0) -> Judge:
    """The judge of that name, for `max_rate` requests in `time_period` seconds."""
    match counting:
        case "sliding_log":
            return SlidingLog(max_rate, time_period)
        case "sliding_log_refused":
            return SlidingLog(max_rate, time_period, count_refused=True)
        case "fixed_window":
            return FixedWindow(max_rate, time_period)
        case "token_bucket":
            return TokenBucket(max_rate, time_period)
        case "approximate":
            return ApproximateCounter(max_rate, time_period)
        case "smooth":
            return Smooth(max_rate, time_period)
