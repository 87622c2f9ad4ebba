"""The journal of a client that was given none: it ends with the client."""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, ClassVar

from attrs import define, evolve, field

from suno_async._journal.alone import Alone
from suno_async._journal.journal import Entry, SubmissionState, done

if TYPE_CHECKING:
    import asyncio
    from collections.abc import AsyncIterator, Iterable, Mapping

    from suno_async.limiter import Limiter, RateLimiter

_log = logging.getLogger("suno_async")

MOST = 10_000
"""Submissions that are kept."""


@define(eq=False)
class MemoryJournal(Alone):
    """Keeps at most 10,000 submissions; of what is over no more than key, token and times.

    What is over goes first, the oldest before the others, then what was sent first; from then on
    its key is free, which is logged.
    """

    is_durable: ClassVar[bool] = False

    _entries: dict[str, Entry] = field(factory=dict[str, Entry], init=False)
    """In the order of the first sending."""
    _over: dict[str, None] = field(factory=dict[str, None], init=False)
    """The ids of what is over, in the order of its end."""
    _earlier: dict[str, Entry] = field(factory=dict[str, Entry], init=False)
    """The failed ones in whose place others were sent, by their id."""
    _by_task: dict[tuple[str | None, str | None], str] = field(
        factory=dict[tuple[str | None, str | None], str], init=False
    )
    _has_warned: bool = field(default=False, init=False)

    @property
    def name(self) -> str:
        """It is nowhere to be found."""
        return "in memory"

    async def open(self) -> None:
        """Nothing is to be opened."""

    async def close(self) -> None:
        """Nothing is under way."""

    def keep_rate(self, limiter: RateLimiter) -> Limiter:
        """Keep nothing: no other process comes after this one."""
        return limiter

    async def find(self, submission: str) -> Entry | None:
        """What is known of a submission."""
        return self._entries.get(submission)

    async def find_many(self, submissions: Iterable[str]) -> dict[str, Entry]:
        """What is known of many, by their ids; an unknown id is left out."""
        return {one: self._entries[one] for one in submissions if one in self._entries}

    async def of_task(self, kind: str, task_id: str) -> Entry | None:
        """The submission that a task came from."""
        return self._entries.get(self._by_task.get((kind, task_id), ""))

    async def entries(self, state: SubmissionState | None = None) -> AsyncIterator[Entry]:
        """All that is known now, or what is in this state, in the order of the first sending."""
        for entry in list(self._entries.values()):
            if state in {None, entry.state}:
                yield entry

    async def about_to_send(  # noqa: PLR0913 all that is asked for
        self,
        submission: str,
        operation: str,
        fields: Mapping[str, Any],
        kind: str | None,
        *,
        has_callback: bool = False,  # noqa: ARG002 of no use to the only client
        timeout: float = 30.0,  # noqa: ARG002 as above
    ) -> bool:
        """Note a submission before its first byte leaves."""
        known = self._entries.get(submission)
        if known is not None and known.state is SubmissionState.FAILED:
            self._earlier[submission] = known
            self._by_task.pop((known.kind, known.task_id), None)
            self._over.pop(submission)
        earlier = self._earlier.get(submission)
        self._entries[submission] = Entry(
            id=submission,
            operation=operation,
            fields=fields,
            kind=kind,
            candidate=None if known is None or earlier is known else known.candidate,
            earlier_id=None if earlier is None else earlier.task_id,
            sent_at=_now(),
        )
        while len(self._entries) > MOST:
            self._forget(next(iter(self._over or self._entries)))
            if not self._over and not self._has_warned:
                self._has_warned = True
                _log.warning(
                    "%d submissions are in progress or in doubt, and no more are kept in memory: "
                    "the key of the oldest is free again. A client with a journal keeps them all",
                    MOST,
                )
        return True

    def take_back(self, submission: str) -> asyncio.Future[bool]:
        """Undo `about_to_send`: it was refused, or never sent."""
        known = self._entries.get(submission)
        if known is None or not known.is_unknown or submission in self._resent:
            return done(value=False)
        earlier = self._earlier.pop(submission, None)
        if earlier is None:
            del self._entries[submission]
        else:
            self._entries[submission] = earlier
            self._over[submission] = None
            self._by_task[earlier.kind, earlier.task_id] = submission
        return done(value=True)

    def in_doubt(self, submission: str, candidate: str | None = None) -> asyncio.Future[bool]:
        """Note the task that an answer named which left it in doubt."""
        known = self._entries.get(submission)
        if candidate is None or known is None or not known.is_unknown:
            return done(value=False)
        self._entries[submission] = evolve(known, candidate=candidate)
        return done(value=True)

    async def accepted(self, submission: str, task_id: str) -> None:
        """Note the task that is paid for."""
        self._resent.discard(submission)
        if (known := self._entries.get(submission)) is not None:
            self._entries[submission] = evolve(known, task_id=task_id, accepted_at=_now())
            self._by_task[known.kind, task_id] = submission

    async def recovered(self, submission: str, task_id: str) -> bool:
        """Note the task of what was in doubt, and was accepted after all; whether it still was."""
        known = self._entries.get(submission)
        if known is None or not known.is_unknown:
            return False
        await self.accepted(submission, task_id)
        return True

    async def answered(self, submission: str, answer: Mapping[str, Any]) -> None:  # noqa: ARG002 not kept
        """Note that a call was answered."""
        self._resent.discard(submission)
        self._end(submission, accepted_at=_now())

    def over(
        self,
        kind: str,
        task_id: str,
        record: Mapping[str, Any],  # noqa: ARG002 not kept
        *,
        has_failed: bool = False,
    ) -> asyncio.Future[bool]:
        """Note that a task is complete or has failed, once."""
        submission = self._by_task.get((kind, task_id), "")
        return done(value=self._end(submission, has_failed=has_failed))

    async def counts(self) -> dict[SubmissionState, int]:
        """How many are in each state."""
        states = [entry.state for entry in self._entries.values()]
        return {state: states.count(state) for state in SubmissionState}

    async def orphans(self) -> list[Entry]:
        """None: no client was before this one."""
        return []

    async def prune(self, before: datetime, *, forget: bool) -> int:
        """Forget what was over before then; how many that were. There is nothing to empty."""
        ends = ((one, self._entries[one].done_at) for one in self._over)
        due = [one for one, done_at in ends if done_at is not None and done_at <= before]
        for submission in due if forget else ():
            self._forget(submission)
        return len(due) if forget else 0

    def _end(self, submission: str, **more: Any) -> bool:
        known = self._entries.get(submission)
        if known is None or submission in self._over:
            return False
        # the digest before the fields go, of which it is made
        self._entries[submission] = evolve(
            known, fields=None, digest=known.digest, done_at=_now(), **more
        )
        self._over[submission] = None
        return True

    def _forget(self, submission: str) -> None:
        known = self._entries.pop(submission)
        self._over.pop(submission, None)
        self._earlier.pop(submission, None)
        self._by_task.pop((known.kind, known.task_id), None)


def _now() -> datetime:
    return datetime.now(UTC)
