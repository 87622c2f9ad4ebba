"""What a journal keeps of a submission, and what can be asked of it, whichever way it is kept."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from attrs import define, field, frozen

from suno_async._journal.digest import digest_of
from suno_async.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable

    from suno_async.limiter import Limiter, RateLimiter


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


def state_named(given: object) -> SubmissionState | None:
    """A state by its name, `None` for all of them.

    Raises:
        ConfigurationError: there is none of this name.
    """
    try:
        return None if given is None else SubmissionState(given)  # type: ignore[arg-type]
    except ValueError:
        raise ConfigurationError(
            f"state must be one of {', '.join(SubmissionState)}, or None for all, not {given!r}."
        ) from None


@define(eq=False)
class WrittenLater(Exception):
    """The cause of a `JournalError`, where what has happened is kept to be written later."""

    written: asyncio.Future[None]
    """Done once it is written; cancelled if the journal was closed without it."""


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
    attempt: int = field(default=1, eq=False)
    """The number of its sending; only a journal of many clients counts them."""
    is_elsewhere: bool = field(default=False, eq=False)
    """Whether another client has it under way."""
    has_callback: bool = field(default=False, eq=False)
    """Whether the service posts to a receiver of another client, which says so here."""
    latest: Mapping[str, Any] | None = field(default=None, eq=False)
    """The last record that another client has seen."""
    age: float | None = field(default=None, eq=False)
    """Seconds since it was accepted, where the journal's clock is not this machine's."""

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


def done(*, value: bool) -> asyncio.Future[bool]:
    """A write that has nothing to write."""
    written: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
    written.set_result(value)
    return written


class Journal(Protocol):
    """What was paid for, for one account; each step is one write of its own.

    What need not be awaited is written in the order of the calls all the same, and what goes wrong
    with it is logged. All else raises `JournalError` where it cannot be done.
    """

    is_durable: ClassVar[bool]
    """Whether it outlives its client, and keeps what a submission brought."""
    is_shared: ClassVar[bool]
    """Whether other clients may use it at the same time."""

    @property
    def name(self) -> str:
        """What it is called in sentences and commands."""
        ...

    async def open(self) -> None:
        """Open it; more often does nothing."""
        ...

    async def close(self) -> None:
        """Finish what is under way, and close it."""
        ...

    def keep_rate(self, limiter: RateLimiter) -> Limiter:
        """The limiter for this client: the one given, or one for all clients of the journal.

        It begins with the rate as the last process left it, and is kept for the next one.
        """
        ...

    async def find(self, submission: str) -> Entry | None:
        """What is known of a submission."""
        ...

    async def find_many(self, submissions: Iterable[str]) -> Mapping[str, Entry]:
        """What is known of many, by their ids; an unknown id is left out."""
        ...

    async def of_task(self, kind: str, task_id: str) -> Entry | None:
        """The submission that a task came from."""
        ...

    def entries(self, state: SubmissionState | None = None) -> AsyncIterator[Entry]:
        """All that is known, or what is in this state, in the order of the first sending.

        However many they are, few are held at a time, and others read and write in between.
        """
        ...

    async def counts(self) -> Mapping[SubmissionState, int]:
        """How many are in each state."""
        ...

    async def claim(  # noqa: PLR0913 all that is asked for
        self,
        submission: str,
        operation: str,
        fields: Mapping[str, Any],
        kind: str | None,
        *,
        has_callback: bool = False,
        after: Entry | None = None,
    ) -> Entry | None:
        """Take an id before any wait: `None` if it is this client's, else what is known of it.

        What is known, and is to be sent again, is claimed with that entry as `after`.
        """
        ...

    async def settled(self, submission: str) -> None:
        """Wait until what another client has under way has an end; then claim it again."""
        ...

    async def about_to_send(  # noqa: PLR0913 as above
        self,
        submission: str,
        operation: str,
        fields: Mapping[str, Any],
        kind: str | None,
        *,
        has_callback: bool = False,
        timeout: float = 30.0,
    ) -> bool:
        """Note a submission before its first byte leaves; whether it is this client's still.

        `has_callback` says that the service posts to a receiver of this client, `timeout` the
        seconds after which this client gives up its answer. One that is known
        already is sent again: what failed before, or was in doubt, is so again if this one is taken
        back.
        """
        ...

    def take_back(self, submission: str) -> asyncio.Future[bool]:
        """Undo `claim` and `about_to_send`: it was refused, or never sent; need not be awaited."""
        ...

    def in_doubt(self, submission: str, candidate: str | None = None) -> asyncio.Future[bool]:
        """Note that its answer was lost, or named a task that it may be; need not be awaited."""
        ...

    async def accepted(self, submission: str, task_id: str) -> None:
        """Note the task that is paid for."""
        ...

    async def recovered(self, submission: str, task_id: str) -> bool:
        """Note the task of what was in doubt, and was accepted after all; whether it still was."""
        ...

    async def answered(self, submission: str, answer: Mapping[str, Any]) -> None:
        """Note the answer to a call, which was paid for."""
        ...

    def over(
        self, kind: str, task_id: str, record: Mapping[str, Any], *, has_failed: bool = False
    ) -> asyncio.Future[bool]:
        """Note that a task is complete or has failed, once; need not be awaited."""
        ...

    def reached(
        self, kind: str, task_id: str, stage: int, record: Mapping[str, Any]
    ) -> asyncio.Future[bool]:
        """Note the stage of this number, for other clients; need not be awaited."""
        ...

    async def may_poll(self, kind: str, task_id: str, fresh: float) -> bool:
        """Whether no client has polled a task for so many seconds: then it counts as polled."""
        ...

    async def news(self, known: Mapping[tuple[str, str], int]) -> list[Entry]:
        """Of these tasks, by kind and id, those that are further than the stage of this number."""
        ...

    def listen(self, listener: Callable[[], None]) -> None:
        """Call it in the loop whenever there may be news of other clients."""
        ...

    async def orphans(self) -> list[Entry]:
        """Some of what is not over, doubts included, and of which no living client takes care.

        Each is given once, to one client, which takes care of it from then on; none are left when
        there are none. A file gives those of the last run.
        """
        ...

    async def prune(self, before: datetime, *, forget: bool) -> int:
        """Empty, or forget, what was over before then; how many submissions that changed."""
        ...
