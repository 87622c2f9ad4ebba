"""What failed polls mean: a poll that fails is not the task's failure; pure.

The task is polled again, and most troubles pass unseen. Listeners are told of a key that is refused
at once; of three failures in a row that go on for a minute, refusals for rate and maintenance left
out; and of a missing record, which for a minute is no news of a task that was seen accepted here.
Polling on is hopeless where the service itself, again and again, has no record or none that can be
read, and where it refuses the key twice.
"""

from __future__ import annotations

from collections.abc import Mapping

from attrs import define

from suno_async.errors import (
    AuthenticationFailed,
    DecodeError,
    Maintenance,
    NotFound,
    RateLimited,
    SunoError,
)

_GRACE = 60.0  # seconds in which a missing record is no news, and failing polls are not raised
_MOST_FAILURES = 3
_MOST_LOST = 5
_MOST_REFUSED = 2
_MOST_MISSED = 2  # polls that find no record of what nobody here saw accepted: some 4 s
_NOWHERE = (
    "there is no record of this task, and neither this client nor its journal saw it accepted: "
    "check its token, and the key of whose account it is"
)


@define
class PollErrors:
    """The polls of a task that failed in a row; times are seconds on the poller's clock."""

    failures: int = 0
    """How many."""
    counted: int = 0
    """How many of them count, since the listeners were told."""
    since: float = 0.0
    """When the first of those that count was."""
    sort: tuple[type[SunoError], bool] | None = None
    """The sort of the last one."""
    repeated: int = 0
    """How many of this sort came one after another."""
    is_hopeless: bool = False
    """Whether polling on is of no use, by all of them."""

    def add(self, error: SunoError, now: float, *, watched_for: float, is_known: bool) -> bool:
        """Take in one more; whether the listeners shall know of it.

        `is_known` is whether this client or its journal saw the task accepted.
        """
        is_old = watched_for >= _GRACE
        is_lost = is_old and _is_services_own(error)
        is_refused, is_missing = (
            isinstance(error, one) for one in (AuthenticationFailed, NotFound)
        )
        self.failures += 1
        sort = type(error), is_lost
        self.repeated = self.repeated + 1 if sort == self.sort else 1
        self.sort = sort
        if not isinstance(error, RateLimited | Maintenance | NotFound):
            self.since = self.since if self.counted else now
            self.counted += 1
        is_nowhere = is_missing and not is_known and self.repeated >= _MOST_MISSED
        if is_nowhere:
            error.message = _NOWHERE
        self.is_hopeless = (
            (is_lost and self.repeated >= _MOST_LOST)
            or (is_refused and self.repeated >= _MOST_REFUSED)
        )  # fmt: skip
        lasts = self.counted >= _MOST_FAILURES and now - self.since >= _GRACE
        is_reported = (
            lasts or is_nowhere or (is_missing and is_old) or self.is_hopeless or is_refused
        )
        if is_reported:
            self.counted = 0
        return is_reported


def _is_services_own(error: SunoError) -> bool:
    """Whether the service says that there is no record, or shows one that nobody can read.

    What a proxy, a gateway or a hotel's login page says in its place tells nothing of the task.
    """
    if isinstance(error, NotFound):
        return error.code is not None
    raw = error.raw if isinstance(error, DecodeError) else None
    return isinstance(raw, Mapping) and "code" in raw
