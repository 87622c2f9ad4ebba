"""What a client without a journal knows of its submissions: a journal that ends with it."""

from __future__ import annotations

import asyncio
import logging
from datetime import UTC, datetime
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from attrs import define, evolve, field

from suno_async._journal.journal import Entry

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Mapping

    from suno_async._journal.journal import SubmissionState

_log = logging.getLogger("suno_async")

MOST = 10_000
"""Submissions that are kept."""


@define(eq=False)
class MemoryJournal:
    """Keeps at most 10,000 submissions; of what is over no more than key, token and times.

    What is over goes first, the oldest before the others, then what was sent first; from then on
    its key is free, which is told in the log.
    """

    _open: dict[str, Entry] = field(factory=dict[str, Entry], init=False)
    """What is in progress or in doubt."""
    _over: dict[str, Entry] = field(factory=dict[str, Entry], init=False)
    _by_task: dict[tuple[str | None, str | None], str] = field(
        factory=dict[tuple[str | None, str | None], str], init=False
    )
    _is_told: bool = field(default=False, init=False)

    async def open(self) -> None:
        """It is open."""

    async def close(self) -> None:
        """It ends with the client."""

    async def find(self, submission: str) -> Entry | None:
        """What is known of a submission."""
        return self._open.get(submission) or self._over.get(submission)

    async def find_many(self, submissions: Iterable[str]) -> dict[str, Entry]:
        """What is known of many, by their ids."""
        found = {submission: await self.find(submission) for submission in submissions}
        return {submission: entry for submission, entry in found.items() if entry is not None}

    async def of_task(self, kind: str, task_id: str) -> Entry | None:
        """The submission that a task came from."""
        return await self.find(self._by_task.get((kind, task_id), ""))

    async def entries(self, state: SubmissionState | None = None) -> AsyncIterator[Entry]:
        """All that is known now, or what is in this state, oldest first."""
        known = [*self._over.values(), *self._open.values()]
        for entry in sorted(known, key=attrgetter("sent_at")):
            if state in {None, entry.state}:
                yield entry

    async def about_to_send(
        self, submission: str, operation: str, fields: Mapping[str, Any], kind: str | None
    ) -> None:
        """Note it before its first byte leaves."""
        self._forget(submission)
        self._open[submission] = Entry(
            id=submission, operation=operation, fields=fields, kind=kind, sent_at=_now()
        )
        while len(self._open) + len(self._over) > MOST:
            self._forget(next(iter(self._over or self._open)))
            if not self._over and not self._is_told:
                self._is_told = True
                _log.warning(
                    "%d submissions are in progress or in doubt, and no more are kept in memory: "
                    "the key of the oldest is free again. A client with a journal keeps them all",
                    MOST,
                )

    def take_back(self, submission: str) -> asyncio.Future[bool]:
        """It was refused, or never sent; need not be awaited."""
        return _done(value=self._open.pop(submission, None) is not None)

    def named(self, submission: str, task_id: str) -> asyncio.Future[bool]:
        """An answer that leaves it in doubt names this task."""
        known = self._open.get(submission)
        if known is not None and known.is_unknown:
            self._open[submission] = evolve(known, candidate=task_id)
        return _done(value=known is not None)

    async def accepted(self, submission: str, task_id: str) -> None:
        """Its task is paid for."""
        if (known := self._open.get(submission)) is not None:
            self._open[submission] = evolve(known, task_id=task_id, accepted_at=_now())
            self._by_task[known.kind, task_id] = submission

    async def recovered(self, submission: str, task_id: str) -> bool:
        """It was accepted after all; whether that was still unknown."""
        known = self._open.get(submission)
        if known is None or not known.is_unknown:
            return False
        await self.accepted(submission, task_id)
        return True

    async def answered(self, submission: str, answer: Mapping[str, Any]) -> None:  # noqa: ARG002 not kept
        """It was a call."""
        self._end(submission, has_failed=False)

    def over(
        self,
        kind: str,
        task_id: str,
        record: Mapping[str, Any],  # noqa: ARG002 not kept
        *,
        has_failed: bool = False,
    ) -> asyncio.Future[bool]:
        """A task is complete or has failed; need not be awaited."""
        submission = self._by_task.get((kind, task_id), "")
        return _done(value=self._end(submission, has_failed=has_failed))

    async def prune(self, before: datetime, *, forget: bool) -> int:
        """Forget what was over before then; how many that were. There is nothing to empty."""
        due = [one.id for one in self._over.values() if one.done_at and one.done_at <= before]
        for submission in due if forget else ():
            self._forget(submission)
        return len(due) if forget else 0

    def _end(self, submission: str, *, has_failed: bool) -> bool:
        known = self._open.pop(submission, None)
        if known is not None:
            self._over[submission] = evolve(
                known, fields=None, digest=known.digest, has_failed=has_failed, done_at=_now()
            )
        return known is not None

    def _forget(self, submission: str) -> None:
        known = self._open.pop(submission, None) or self._over.pop(submission, None)
        if known is not None:
            self._by_task.pop((known.kind, known.task_id), None)


def _now() -> datetime:
    return datetime.now(UTC)


def _done(*, value: bool) -> asyncio.Future[bool]:
    done: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
    done.set_result(value)
    return done
