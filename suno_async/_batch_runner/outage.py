"""Whether a batch may submit, by what its paid requests and its probes have told: pure.

Nothing is paid while nobody answers, and a request that was certainly not accepted can be sent
again. So an outage fails no request: it parks the submitting. From then on the service is asked for
free, at growing distances. Once that succeeds, one paid request goes out, and the rest after it.

A server that takes requests and never answers leaves each of them in doubt. So few are out at one
time, no more than the time that answers take asks for, and three in a row without an answer park
the rest. Where the free question is answered all the same, only another paid request can tell that
it is over: the next such trial comes after four times as long. After 8 doubts in a row, whatever
the list's length, the batch ends.
"""

from __future__ import annotations

import random
from math import inf

from attrs import define, field

from suno_async.errors import (
    AuthenticationFailed,
    ClientClosed,
    ConfigurationError,
    ConnectionFailed,
    DecodeError,
    InsufficientCredits,
    JournalError,
    Maintenance,
    RateLimited,
    RequestTimeout,
    ServerError,
    SubmissionUnknown,
    SunoError,
)
from suno_async.retry import RetryPolicy

NEVER_LEFT = (ConnectionFailed, RequestTimeout)  # of a paid request, else it were in doubt
PASSING = (*NEVER_LEFT, Maintenance, RateLimited)
"""What ends a paid request that nothing was paid for, and may do better later.

A refusal for rate has outlasted the retry policy by then. Somebody else uses the key: to fail one
request after the other for it would lose them, and ask as often as before.
"""
AWAY = (*PASSING, DecodeError, ServerError)
"""What a probe ends with while there is an outage; any other answer is the service's own."""

NO_USE = (
    AuthenticationFailed,
    ClientClosed,
    ConfigurationError,
    InsufficientCredits,
    JournalError,
)
"""What waiting does not help: the first request that ends so ends the submitting."""

AT_FIRST, LEAST_OUT, MOST_OUT = 2, 3, 6  # unanswered requests: a kill leaves each in doubt
_PER_SECOND = 2.0  # that the service takes: with answers of 2 s, 4 are out, and one more is begun
_NEWEST = 0.25  # weight of the newest answer in their mean time
_IN_A_ROW = 3  # of them ended without an answer: no accident any more
_MOST_DOUBTS = 8
_PROBES = RetryPolicy(
    max_attempts=10**9, max_elapsed=inf, initial_delay=1.0, max_delay=120.0
)  # up to a minute apart
_LONGEST_ASKED = 600.0  # seconds that a probe is put off when the service asks: it costs nothing
_TRIAL = 30.0  # seconds from the 4th doubt to the next trial, from the 7th to the last 32 minutes
_USUAL_DOUBTS = 4
_SLOWER = 4.0


@define(eq=False)
class Outage:
    """What is known of the service; times are seconds on the caller's clock."""

    patience: float
    """Seconds that an outage may last."""
    error: SunoError | None = field(default=None, init=False)
    """What parked the submitting, `None` while it goes on."""
    since: float = field(default=0.0, init=False)
    """When that was."""
    _last: SunoError | None = field(default=None, init=False)
    _rounds: int = field(default=0, init=False)  # that have failed, and what parked it
    _doubts: int = field(default=0, init=False)  # paid requests in a row without an answer
    _trial_at: float = field(default=0.0, init=False)
    _answer_time: float | None = field(default=None, init=False)

    def has_room(self, out: int) -> bool:
        """Whether another request may be begun while so many are out; one trial always may."""
        return self.error is not None or out < max(1, self._most_out() - self._doubts)

    def _most_out(self) -> int:
        if self._answer_time is None:
            return AT_FIRST
        return min(MOST_OUT, max(LEAST_OUT, 1 + round(_PER_SECOND * self._answer_time)))

    def answered(self, seconds: float) -> None:
        """Take in how long an answer took."""
        before = seconds if self._answer_time is None else self._answer_time
        self._answer_time = before + _NEWEST * (seconds - before)

    def ended(self, error: SunoError | None, now: float, *, had_slot: bool, is_trial: bool) -> bool:
        """Take in how a paid request ended; whether it goes back to be submitted later."""
        goes_back = isinstance(error, PASSING)
        if not (had_slot or goes_back):
            return False  # the journal knew it: that tells nothing of the service
        if isinstance(error, SubmissionUnknown):
            self._doubts += 1
            trials = self._doubts - _USUAL_DOUBTS
            trials = trials if self.error is not None else min(0, trials)
            self._trial_at = now + _TRIAL * _SLOWER**trials
        elif not isinstance(error, NEVER_LEFT):
            self._doubts = 0
        if error is not None and (goes_back or self._doubts >= (1 if is_trial else _IN_A_ROW)):
            is_first = self.error is None
            if is_first:
                self.error, self.since, self._rounds = error, now, 0
            if is_first or is_trial:
                self._failed(error)
        elif is_trial:
            self.error = None
        return goes_back

    def probed(self, error: SunoError | None, now: float) -> bool:
        """Take in how a probe ended; whether a paid request may go out now."""
        if isinstance(error, AWAY):
            self._trial_at = 0.0  # once it answers again, something has changed since the doubts
            self._failed(error)
        elif now >= self._trial_at or isinstance(error, NO_USE):
            return True  # a paid request finds the same, and says so
        else:
            self._rounds += 1
        return False

    def _failed(self, error: SunoError) -> None:
        self._last = error
        self._rounds += 1

    def delay(self, now: float, out: int) -> float | None:
        """Seconds until the next probe, `None` to give up; so many paid requests are out."""
        left = self.since + self.patience - now
        if self._doubts + out >= _MOST_DOUBTS or (left <= 0 and self._rounds > 1):
            return None
        asked = min(_LONGEST_ASKED, getattr(self._last, "retry_after", None) or 0.0)
        drawn = 0.4 + 0.2 * random.random()  # noqa: S311 it spreads those who wait for the same
        delay = _PROBES.delay(self._rounds, 0.0, asked, draw=lambda: drawn) or 0.0
        return max(0.0, min(delay, left))
