"""What a journal keeps of a submission, and what can be asked of it, whichever way it is kept."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Protocol

from attrs import field, frozen

from suno_async._journal.digest import digest_of

if TYPE_CHECKING:
    import asyncio
    from collections.abc import AsyncIterator, Iterable


class SubmissionState(StrEnum):
    """How a submission stands, as far as the journal knows."""

    IN_PROGRESS = "in_progress"
    """It was accepted and is paid for; the task is not known to be over."""
    IN_DOUBT = "in_doubt"
    """It was sent, and no answer tells whether it was accepted and paid for."""
    DONE = "done"
    """The task is complete, or the call was answered."""
    FAILED = "failed"
    """It was accepted, and the service could not make it."""


@frozen(kw_only=True, weakref_slot=False)
class Entry:
    """One submission, as the journal knows it."""

    id: str
    """Its id: made by us, or the caller's key."""
    operation: str
    """The name of the operation's class."""
    fields: Mapping[str, Any] | None
    """What was asked for, `None` once pruned."""
    kind: str | None
    """The sort of task that it starts, `None` for a call."""
    task_id: str | None = None
    """The service's id of the task, once accepted."""
    candidate: str | None = None
    """The service's id of a task that an answer named which left it in doubt."""
    outcome: Mapping[str, Any] | None = None
    """The last record or answer, once it is over and as long as it is not pruned."""
    has_failed: bool = False
    """Whether it is over without a result."""
    earlier_id: str | None = None
    """The service's id of the failed task in whose place this was sent."""
    _digest: str | None = field(default=None, eq=False, alias="digest")
    sent_at: datetime | None = field(default=None, eq=False)
    """When it was sent last, by this machine's clock."""
    accepted_at: datetime | None = field(default=None, eq=False)
    """When it was accepted, `None` where it is not known to be."""
    done_at: datetime | None = field(default=None, eq=False)
    """When it was known to be over, `None` before."""

    @property
    def digest(self) -> str:
        """Of what was asked for, by which a key compares."""
        return self._digest or digest_of(self.operation, self.fields or {})

    @property
    def state(self) -> SubmissionState:
        """How it stands."""
        if self.done_at is not None:
            return SubmissionState.FAILED if self.has_failed else SubmissionState.DONE
        return SubmissionState.IN_DOUBT if self.task_id is None else SubmissionState.IN_PROGRESS

    @property
    def is_unknown(self) -> bool:
        """Whether nobody knows if it was accepted."""
        return self.state is SubmissionState.IN_DOUBT


class Journal(Protocol):
    """What was paid for, for one account; each step is one write of its own.

    What need not be awaited is written in the order of the calls all the same, and tells in the
    log what goes wrong. All else raises `JournalError` where it cannot be done.
    """

    async def open(self) -> None:
        """Have it at hand; more often does nothing."""
        ...

    async def close(self) -> None:
        """Finish what is under way."""
        ...

    async def find(self, submission: str) -> Entry | None:
        """What is known of a submission."""
        ...

    async def find_many(self, submissions: Iterable[str]) -> Mapping[str, Entry]:
        """What is known of many, by their ids; of what is not known there is nothing."""
        ...

    async def of_task(self, kind: str, task_id: str) -> Entry | None:
        """The submission that a task came from."""
        ...

    def entries(self, state: SubmissionState | None = None) -> AsyncIterator[Entry]:
        """All that is known, or what is in this state, oldest first.

        However many they are, few are held at a time, and others read and write in between.
        """
        ...

    async def about_to_send(
        self, submission: str, operation: str, fields: Mapping[str, Any], kind: str | None
    ) -> None:
        """Note it before its first byte leaves."""
        ...

    def take_back(self, submission: str) -> asyncio.Future[bool]:
        """It was refused, or never sent; need not be awaited."""
        ...

    def named(self, submission: str, task_id: str) -> asyncio.Future[bool]:
        """An answer that leaves it in doubt names this task; need not be awaited."""
        ...

    async def accepted(self, submission: str, task_id: str) -> None:
        """Its task is paid for."""
        ...

    async def recovered(self, submission: str, task_id: str) -> bool:
        """It was accepted after all; whether that was still unknown."""
        ...

    async def answered(self, submission: str, answer: Mapping[str, Any]) -> None:
        """It was a call, and this is what was paid for."""
        ...

    def over(
        self, kind: str, task_id: str, record: Mapping[str, Any], *, has_failed: bool = False
    ) -> asyncio.Future[bool]:
        """A task is complete or has failed; need not be awaited."""
        ...

    async def prune(self, before: datetime, *, forget: bool) -> int:
        """Empty, or forget, what was over before then; how many submissions that changed."""
        ...
