"""How a fake counts requests against its rate.

The service does not say how it counts, so this can be replaced: a judge is asked once a request, in
order of arrival, and reads no clock of its own.
"""

from collections import deque
from typing import Protocol, runtime_checkable

from attrs import define, field


@runtime_checkable
class Judge(Protocol):
    """A way to count requests against a rate."""

    def allow(self, now: float) -> bool:
        """Count a request that arrived at `now`, in seconds; is it let through?"""
        ...


@define
class SlidingLog:
    """At most `max_rate` requests in any `time_period` seconds, counted one by one.

    Args:
        max_rate: How many are let through in one period.
        time_period: The period in seconds.
    """

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
        if allowed:
            counted.append(now)
        return allowed
