"""The figures of the rate, and what follows from them, whether one process keeps it or many do."""

from __future__ import annotations

from attrs import define, field, frozen, validators

_SLOWER = 1.25  # times slower after each refusal in a slow spell, and back with a spell in peace
SLOWEST = 3.0


@define
class Rule:
    """What is granted, and for how long it counts; the names are those of `RateLimiter`."""

    max_rate: int = field(validator=[validators.instance_of(int), validators.ge(1)])
    time_period: float = field(validator=validators.gt(0))
    burst: int = field(validator=[validators.instance_of(int), validators.ge(1)])
    margin: float = field(validator=validators.ge(0))
    no_response_hold: float = field(validator=validators.ge(0))
    cooldown: float = field(validator=validators.ge(0))

    hold: float = field(init=False)
    """Seconds from an answer until its slot is free."""
    longest_hold: float = field(init=False)
    """Seconds until its slot is free where no answer came."""
    lease: float = field(init=False)
    """Seconds of a lease whose request is under way: twice what one without an answer needs."""
    gap: float = field(init=False)
    """Seconds between requests that are spread over a whole period."""
    even_gap: float = field(init=False)
    """Seconds between requests after a refusal's pause, before it gets slower still.

    One request less in half a second more: no way of counting that was met refuses that.
    """
    quiet: float = field(init=False)
    """Seconds; with at most `burst` requests in so many, less than half of the rate was used."""

    def __attrs_post_init__(self) -> None:
        self.burst = min(self.burst, self.max_rate)
        # once and not when asked for: each request asks for several of them
        self.hold = self.time_period + self.margin
        self.longest_hold = self.hold + self.no_response_hold
        self.lease = 2 * self.longest_hold
        self.gap = self.time_period / self.max_rate
        self.even_gap = (self.time_period + 0.5) / max(1, self.max_rate - 1)
        self.quiet = self.time_period + self.hold


@frozen
class Refusals:
    """What refusals for the rate have taught: until when to pause and to be slow, and how slow."""

    resume_at: float = 0.0
    """When requests may leave again; it only moves forward."""
    slow_until: float = 0.0
    """When the slow spell after the pause is over."""
    slowness: float = 1.0
    """How many times the even gap requests are apart in it."""

    def after_one(self, now: float, resume_at: float, rule: Rule) -> Refusals:
        """After one more, which asked to wait until `resume_at`, or for no special time (0)."""
        resume_at = max(self.resume_at, resume_at, now + rule.hold)
        return Refusals(resume_at, resume_at + rule.cooldown, self.slowness_after_one(now))

    def slowness_after_one(self, now: float) -> float:
        """Learn from one more how slow is slow enough."""
        if now >= self.slow_until:
            return max(1.0, self.slowness / _SLOWER)
        if now >= self.resume_at:
            return min(SLOWEST, self.slowness * _SLOWER)
        return self.slowness  # the request had left before the pause
