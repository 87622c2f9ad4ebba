"""The ledger: what reached the fake, in order, and what became of it."""

from collections.abc import Iterator
from enum import StrEnum
from typing import Any

from attrs import define, field


class Outcome(StrEnum):
    """What the server decided about a request."""

    ACCEPTED = "accepted"
    """It did what was asked: a task was made, or a question answered."""
    REFUSED = "refused"
    """It answered with a code other than 200, and did nothing."""
    LIMITED = "limited"
    """It refused the request for its rate."""
    UNDECIDED = "undecided"
    """A fault came before any decision, or the request is still being read."""


@define(eq=False)
class Entry:
    """One request that reached the fake."""

    time: float
    """The loop's time at which the server counted it."""
    method: str
    """The HTTP method."""
    path: str
    """The path, without the query."""
    operation: str
    """The name of the operation (contract, section 2); empty for an unknown path."""
    query: dict[str, str] = field(factory=dict[str, str])
    """The query parameters."""
    body: Any = None
    """The JSON body; of a multipart upload its text fields."""
    outcome: Outcome = Outcome.UNDECIDED
    """What the server decided."""
    code: int | None = None
    """The code of the server's own answer, whether or not it was delivered."""
    fault: str | None = None
    """The name of the fault that was played on this request."""
    task_id: str | None = None
    """The task that was made, or asked for."""
    callback_url: str | None = None
    """The callback URL the submission named."""
    cost: float = 0.0
    """The credits that were charged."""
    answered: float | None = None
    """The loop's time at which the answer was sent or broken off."""

    @property
    def accepted(self) -> bool:
        """Whether the server did what was asked."""
        return self.outcome is Outcome.ACCEPTED


@define(eq=False)
class Ledger:
    """All requests to the API in order of arrival; file downloads are kept apart in `downloads`."""

    entries: list[Entry] = field(factory=list[Entry])
    """Every request to the API, in the order in which the server counted them."""
    downloads: list[Entry] = field(factory=list[Entry])
    """Every request for a file."""

    def __iter__(self) -> Iterator[Entry]:
        return iter(self.entries)

    def __len__(self) -> int:
        return len(self.entries)

    def of(self, operation: str) -> list[Entry]:
        """The requests for one operation."""
        return [entry for entry in self.entries if entry.operation == operation]

    def accepted(self, operation: str | None = None) -> list[Entry]:
        """The requests that were accepted, of one operation or of all."""
        return [entry for entry in self._of(operation) if entry.accepted]

    def charged(self, operation: str | None = None) -> list[Entry]:
        """The requests that cost credits, of one operation or of all."""
        return [entry for entry in self._of(operation) if entry.cost > 0]

    def refused(self, operation: str | None = None, code: int | None = None) -> list[Entry]:
        """The requests that were refused, for their rate or otherwise, with this code or any."""
        return [
            entry
            for entry in self._of(operation)
            if entry.outcome in (Outcome.REFUSED, Outcome.LIMITED) and code in (None, entry.code)
        ]

    def limited(self, operation: str | None = None) -> list[Entry]:
        """The requests that were refused for their rate."""
        return [entry for entry in self._of(operation) if entry.outcome is Outcome.LIMITED]

    def faulted(self, operation: str | None = None) -> list[Entry]:
        """The requests on which a fault was played."""
        return [entry for entry in self._of(operation) if entry.fault is not None]

    def count(self, operation: str | None = None) -> int:
        """How many requests came, for one operation or for all, whatever became of them."""
        return sum(1 for _ in self._of(operation))

    @property
    def spent(self) -> float:
        """The credits charged in all, refunds not subtracted."""
        return sum(entry.cost for entry in self.entries)

    def max_in_window(self, seconds: float, operation: str | None = None) -> int:
        """The largest number of requests that arrived within any `seconds`, its end left out."""
        times = [entry.time for entry in self._of(operation)]
        most = begin = 0
        for end, time in enumerate(times):
            while times[begin] <= time - seconds:
                begin += 1
            most = max(most, end - begin + 1)
        return most

    def _of(self, operation: str | None) -> Iterator[Entry]:
        return (entry for entry in self.entries if operation in (None, entry.operation))
