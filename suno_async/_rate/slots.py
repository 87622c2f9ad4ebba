"""The words in which slots are asked for and given back, and what a limiter must have."""

from __future__ import annotations

from enum import Enum, IntEnum
from typing import Protocol


class Priority(IntEnum):
    """Who goes first: the lower number; within one it is first come, first served.

    Between and after these two the package has numbers of its own, for polls and for a batch near
    its end. A limiter of your own is given them, too: compare with `<`.
    """

    INTERACTIVE = 0
    """What a person waits for."""
    BACKGROUND = 4
    """What gives way to that, as a batch's submissions do."""

    _INTERACTIVE_POLL = 1
    _FINISHING = 2  # a submission of a batch near its end: little else is left to do then
    _OVERDUE_POLL = 3  # of a task that should be complete
    _SPARE_POLL = 5  # worth a slot that nothing else needs


class SlotResult(Enum):
    """What became of a slot."""

    ANSWERED = "answered"
    """The server has counted the request, and answered."""
    NO_RESPONSE = "no_response"
    """The request left, and no answer came: the server may count it yet."""
    NOT_SENT = "not_sent"
    """Nothing was sent."""
    RATE_LIMITED = "rate_limited"
    """The server refused the request for its rate."""


class Slot(Protocol):
    """One request may be sent."""

    def release(self, result: SlotResult, *, resume_at: float = 0.0) -> None:
        """Say what became of it, once; more often does nothing.

        `resume_at` is the time on the loop's clock until which a refusal asked to wait.
        """


class Limiter(Protocol):
    """What grants slots; `RateLimiter` is the one for a single process."""

    async def acquire(self, priority: Priority = Priority.INTERACTIVE) -> Slot:
        """Wait for a slot. A caller that is cancelled while waiting has taken nothing."""
        ...
