"""What was paid for, on disk: one SQLite file that a crash at any instant leaves true.

A row is written before the first byte of a paid request leaves, and taken back by a definite
refusal. The task's id is added right after the answer, the outcome when the task is over. So a row
without a task and without an end is a request of which nobody knows whether it was accepted.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from attrs import define, field

from suno_async._journal.digest import digest_of
from suno_async._journal.file import JournalFile
from suno_async._journal.rows import MANY, following, page, select, select_ids, text_of, window
from suno_async._journal.schema import ACCOUNT, GIVE, prepare
from suno_async.errors import JournalError

if TYPE_CHECKING:
    import asyncio
    from collections.abc import AsyncIterator, Iterable, Mapping
    from datetime import datetime

    from suno_async._journal.journal import Entry, SubmissionState
    from suno_async.limiter import RateLimiter

_log = logging.getLogger("suno_async")

_EMPTIED = "fields = NULL, outcome = NULL, earlier = json_remove(earlier, '$.outcome')"


@define(eq=False)
class SqliteJournal:
    """The journal in one file; its methods wait for the disk, not for each other.

    Raises:
        JournalError: the file is in use, broken, not a journal, of a newer version, of another
            account, or cannot be written.
    """

    _path: Path
    _account: Callable[[], str] | None = None
    """Whose it is to be; it is asked in the journal's thread, and nobody's without it."""
    _file: JournalFile = field(init=False)

    def __attrs_post_init__(self) -> None:
        self._file = JournalFile(self._path, partial(prepare, account=self._account))

    @property
    def path(self) -> Path:
        """Where it is."""
        return self._file.path

    async def find(self, submission: str) -> Entry | None:
        """What is known of a submission."""
        return (await self.find_many([submission])).get(submission)

    async def find_many(self, submissions: Iterable[str]) -> dict[str, Entry]:
        """What is known of many, by their ids; of what is not known there is nothing."""
        ids, found = list(submissions), dict[str, "Entry"]()
        for first in range(0, len(ids), MANY):
            some = ids[first : first + MANY]
            entries = await self._file.do(select_ids, self._file.rows, some)
            found |= {entry.id: entry for entry in entries}
        return found

    async def of_task(self, kind: str, task_id: str) -> Entry | None:
        """The submission that a task came from."""
        where = "kind = ? AND task = ?"
        rows = await self._file.do(select, self._file.rows, where, kind, task_id)
        return rows[0] if rows else None

    async def entries(self, state: SubmissionState | None = None) -> AsyncIterator[Entry]:
        """All that is known, or what is in this state, oldest first, a page at a time."""
        after: int | None = 0
        while after is not None:
            some, after = await self._file.do(page, self._file.rows, state, after)
            for entry in some:
                yield entry

    async def about_to_send(
        self, submission: str, operation: str, fields: Mapping[str, Any], kind: str | None
    ) -> None:
        """Write it down before its first byte leaves."""
        await self._file.change(
            "INSERT INTO submission (id, operation, digest, fields, kind) VALUES (?, ?, ?, ?, ?) "
            "ON CONFLICT (id) DO UPDATE SET earlier = CASE WHEN task IS NULL THEN earlier ELSE "
            "json_object('task', task, 'outcome', outcome, 'at', accepted_at, 'over', done_at) "
            "END, candidate = CASE WHEN task IS NULL THEN candidate END, "
            "fields = excluded.fields, task = NULL, outcome = NULL, has_failed = 0, "
            "sent_at = datetime('now'), accepted_at = NULL, done_at = NULL",
            submission,
            operation,
            digest_of(operation, fields),
            json.dumps(fields),
            kind,
        )

    def take_back(self, submission: str) -> asyncio.Future[bool]:
        """It was refused, or never sent; need not be awaited."""
        what = f"submission {submission!r} was not accepted"
        self._file.soon(  # only what has failed is sent again
            what,
            "UPDATE submission SET task = json_extract(earlier, '$.task'), "
            "outcome = json_extract(earlier, '$.outcome'), has_failed = 1, "
            "accepted_at = json_extract(earlier, '$.at'), "
            "done_at = json_extract(earlier, '$.over'), earlier = NULL "
            "WHERE id = ? AND task IS NULL AND earlier IS NOT NULL",
            submission,
        )
        return self._file.soon(
            what,
            "DELETE FROM submission WHERE id = ? AND task IS NULL AND done_at IS NULL",
            submission,
        )

    def named(self, submission: str, task_id: str) -> asyncio.Future[bool]:
        """An answer that leaves it in doubt names this task; need not be awaited."""
        return self._file.soon(
            f"the answer to submission {submission!r} named task {task_id!r}",
            "UPDATE submission SET candidate = ? WHERE id = ? AND task IS NULL AND done_at IS NULL",
            task_id,
            submission,
        )

    async def accepted(self, submission: str, task_id: str) -> None:
        """Its task is paid for."""
        await self._file.keep(
            f"submission {submission!r} was accepted as task {task_id!r}",
            "UPDATE submission SET task = ?, accepted_at = datetime('now') WHERE id = ?",
            task_id,
            submission,
        )

    async def recovered(self, submission: str, task_id: str) -> bool:
        """It was accepted after all; whether that was still unknown."""
        return await self._file.keep(
            f"submission {submission!r} was accepted as task {task_id!r}",
            "UPDATE submission SET task = ?, accepted_at = datetime('now') "
            "WHERE id = ? AND task IS NULL AND done_at IS NULL",
            task_id,
            submission,
        )

    async def answered(self, submission: str, answer: Mapping[str, Any]) -> None:
        """It was a call, and this is what was paid for."""
        await self._file.keep(
            f"submission {submission!r} was answered",
            "UPDATE submission SET outcome = ?, accepted_at = datetime('now'), "
            "done_at = datetime('now') WHERE id = ?",
            json.dumps(answer),
            submission,
        )

    def over(
        self, kind: str, task_id: str, record: Mapping[str, Any], *, has_failed: bool = False
    ) -> asyncio.Future[bool]:
        """A task is complete or has failed; need not be awaited."""
        return self._file.soon(
            f"task {kind}:{task_id} is over",
            f"UPDATE submission SET outcome = ?, has_failed = {has_failed:d}, "  # noqa: S608 0 or 1
            "done_at = datetime('now') WHERE kind = ? AND task = ? AND done_at IS NULL",
            json.dumps(record),
            kind,
            task_id,
        )

    def keep_rate(self, limiter: RateLimiter) -> None:
        """Begin with the rate as the last process left it, and keep it for the next one."""
        self._file.keep_rate(limiter)

    async def prune(self, before: datetime, *, forget: bool) -> int:
        """Empty, or forget, what was over before then; how many submissions that changed.

        A page at a time, with others in between. Then the file is written anew, for which they
        wait: about 5 s at a million songs.
        """
        changed, after = 0, 0
        while True:
            some, last = await self._file.do(self._prune_page, text_of(before), forget, after)
            changed += some
            if last is None:
                break
            after = last
        if changed:
            try:
                await self._file.do(self._shrink)
            except JournalError as error:  # no room for a second copy, say: the next time
                _log.warning("%s is pruned, and not smaller on the disk yet: %s", self.path, error)
        return changed

    async def give_to(self, account: str) -> str | None:
        """Make it another account's; whose it was."""
        return await self._file.do(self._give_to, account)

    async def open(self) -> None:
        """Open the file, making it where there is none; more often does nothing."""
        await self._file.open()

    async def close(self) -> None:
        """Finish what is under way and let others have the file."""
        await self._file.close()

    # --- in the thread -------------------------------------------------------------------------

    def _prune_page(self, before: str, forget: bool, after: int) -> tuple[int, int | None]:
        """Prune some rows after this one: how many, and after which to go on."""
        is_due = f"{window(after)} AND done_at IS NOT NULL AND done_at <= ?"
        if not forget:
            is_due += " AND (fields IS NOT NULL OR outcome IS NOT NULL)"
        due = f"SELECT number FROM submission WHERE {is_due} ORDER BY number LIMIT {MANY}"  # noqa: S608 ours
        numbers = [number for (number,) in self._file.rows(due, before)]
        changed = 0
        if numbers:
            work = "DELETE FROM submission" if forget else f"UPDATE submission SET {_EMPTIED}"  # noqa: S608 ours
            changed = self._file.write(
                f"{work} WHERE {is_due} AND number <= ?", before, numbers[-1]
            )
        return changed, following(self._file.rows, numbers, after)

    def _shrink(self) -> None:
        """Write the file anew; what is left of emptied rows is scattered, and no page is free."""
        self._file.rows("VACUUM")

    def _give_to(self, account: str) -> str | None:
        ((before,),) = self._file.rows(ACCOUNT)
        self._file.write(GIVE, account)
        return None if before is None else str(before)
