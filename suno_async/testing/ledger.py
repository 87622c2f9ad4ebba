"""The ledger: what reached the fake, in order, and what became of it.

Its `assert_...` methods say what a test expects of the money and of the rate, and show all requests
where it is otherwise. Operations are named as the client's methods (`generate_music`), or as the
documentation's pages (`generate-music`).
"""

from collections.abc import Iterable, Iterator, Sequence
from enum import StrEnum
from typing import Any

from attrs import define, field

from suno_async.testing._api.names import page_of

_OK = 200


class Decision(StrEnum):
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
    """The name of the operation, as its page is called (`generate-music`); empty if unknown."""
    query: dict[str, str] = field(factory=dict[str, str])
    """The query parameters."""
    body: Any = None
    """The JSON body; of a multipart upload its text fields."""
    decision: Decision = Decision.UNDECIDED
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
        return self.decision is Decision.ACCEPTED

    @property
    def summary(self) -> str:
        """The request, what was decided, and what it cost, in a line."""
        code = "" if self.code in (None, _OK) else f" with {self.code}"
        notes = (
            f"{self.cost:g} credits" if self.cost else "",
            f"task {self.task_id}" if self.task_id else "",
            f"fault {self.fault}" if self.fault else "",
        )
        title = self.operation or f"{self.method} {self.path}"
        return ", ".join(filter(None, (f"{title}: {self.decision}{code}", *notes)))

    def __str__(self) -> str:
        return f"{self.time:9.2f} s  {self.summary}"


@define(eq=False, repr=False)
class Ledger:
    """All requests to the API in order of arrival; file downloads are kept apart in `downloads`."""

    entries: list[Entry] = field(factory=list[Entry])
    """Every request to the API, in the order in which the server counted them."""
    downloads: list[Entry] = field(factory=list[Entry])
    """Every request for a file."""
    _operations: frozenset[str] = field(default=frozenset(), kw_only=True, alias="operations")
    """The names that are known; none means any."""

    def __repr__(self) -> str:
        return f"<Ledger: {len(self)} requests, {len(self.charged())} charged>"

    def __str__(self) -> str:
        return "\n".join(map(str, self.entries)) or "no request"

    def __iter__(self) -> Iterator[Entry]:
        return iter(self.entries)

    def __len__(self) -> int:
        return len(self.entries)

    def of(self, operation: str) -> list[Entry]:
        """The requests for one operation."""
        return [*self._of(operation)]

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
            if entry.decision in (Decision.REFUSED, Decision.LIMITED) and code in (None, entry.code)
        ]

    def limited(self, operation: str | None = None) -> list[Entry]:
        """The requests that were refused for their rate."""
        return [entry for entry in self._of(operation) if entry.decision is Decision.LIMITED]

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
        # two fingers over sorted times: each window that ends at an entry, begun as late as it can
        for end, time in enumerate(times):
            while times[begin] <= time - seconds:
                begin += 1
            most = max(most, end - begin + 1)
        return most

    def assert_charged(self, times: int, operation: str | None = None) -> None:
        """Assert that this many requests cost credits: 1 for a song, however often asked for."""
        self._hold(self.charged(operation), times, "charged", operation)

    def assert_accepted(self, times: int, operation: str | None = None) -> None:
        """Assert that this many requests were accepted, of one operation or of all."""
        self._hold(self.accepted(operation), times, "accepted", operation)

    def assert_refused(
        self, times: int, operation: str | None = None, code: int | None = None
    ) -> None:
        """Assert that this many requests were refused, for their rate or otherwise."""
        what = "refused" if code is None else f"refused with {code}"
        self._hold(self.refused(operation, code), times, what, operation)

    def assert_asked(self, times: int, operation: str | None = None) -> None:
        """Assert that this many requests came, whatever became of them; 0 for none at all."""
        self._hold([*self._of(operation)], times, "made", operation)

    def assert_within_rate(self) -> None:
        """Assert that no request was refused for its rate."""
        self._hold(self.limited(), 0, "refused for their rate", None)

    def _hold(self, found: Sequence[Entry], times: int, what: str, operation: str | None) -> None:
        if len(found) != times:
            whose = "" if operation is None else f" for {operation}"
            raise AssertionError(
                f"{len(found)} requests{whose} were {what}, not {times}:\n{_marked(self, found)}"
            )

    def _of(self, operation: str | None) -> Iterator[Entry]:
        # a name that is none would always find nothing, and an assertion of 0 always hold
        if operation is not None and self._operations:
            operation = page_of(operation, self._operations)
        return (entry for entry in self.entries if operation in (None, entry.operation))


def _marked(entries: Iterable[Entry], found: Sequence[Entry]) -> str:
    """All entries, one a line, those that were counted with a mark."""
    lines = [f"{'>' if any(one is entry for one in found) else ' '} {entry}" for entry in entries]
    return "\n".join(lines) or "  no request came"
