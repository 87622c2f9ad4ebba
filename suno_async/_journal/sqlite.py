"""What was paid for, on disk: one SQLite file that a crash at any instant leaves true.

A row is written before the first byte of a paid request leaves, and taken back by a definite
refusal. The task's id is added right after the answer, the outcome when the task is over. So a row
without a task and without an end is a request of which nobody knows whether it was accepted.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from attrs import define, field

from suno_async._journal.alone import Alone
from suno_async._journal.digest import digest_of
from suno_async._journal.file import JournalFile
from suno_async._journal.journal import Entry, SubmissionState, done
from suno_async._journal.schema import ACCOUNT, GIVE, IN_STATE, prepare
from suno_async.errors import JournalError

if TYPE_CHECKING:
    import asyncio
    import sqlite3
    from collections.abc import AsyncIterator, Iterable, Mapping, Sequence

    from suno_async.limiter import Limiter, RateLimiter

_log = logging.getLogger("suno_async")

MANY = 100
"""Entries that are read at a time: about 2 ms of work."""
_WINDOW = 10_000  # rows that may be gone through for them, while others wait for the file
_OPEN = {SubmissionState.IN_PROGRESS, SubmissionState.IN_DOUBT}
_COLUMNS = (
    "number, id, operation, digest, kind, task, candidate, has_failed, sent_at, accepted_at, "
    "done_at, fields, outcome, json_extract(earlier, '$.task')"
)
_EMPTIED = "fields = NULL, outcome = NULL, earlier = json_remove(earlier, '$.outcome')"


@define(eq=False)
class SqliteJournal(Alone):
    """The journal in one file; its methods wait for the disk, not for each other.

    Raises:
        JournalError: the file is in use, broken, not a journal, of a newer version, of another
            account, or cannot be written.
    """

    is_durable: ClassVar[bool] = True

    _path: Path
    _account: Callable[[], str] | None = None
    """Whose it is to be; it is asked in the journal's thread, and nobody's without it."""
    _reads_only: bool = field(default=False, alias="reads_only", kw_only=True)
    """Whether nothing is changed, so that a client may have it open."""
    _file: JournalFile = field(init=False)
    _last_run: int | None = field(default=None, init=False)
    """The last row that was there when the file was opened."""
    _picked_up: int = field(default=0, init=False)
    """The last row of them that was given to be picked up."""

    def __attrs_post_init__(self) -> None:
        self._file = JournalFile(
            given=self._path,
            prepare=self._prepare,
            reads_only=self._reads_only,
        )

    @property
    def name(self) -> str:
        """Where it is."""
        return self._file.name

    async def find(self, submission: str) -> Entry | None:
        """What is known of a submission."""
        return (await self.find_many([submission])).get(submission)

    async def find_many(self, submissions: Iterable[str]) -> dict[str, Entry]:
        """What is known of many, by their ids; an unknown id is left out."""
        ids, found = list(submissions), dict[str, "Entry"]()
        for first in range(0, len(ids), MANY):
            some = ids[first : first + MANY]
            places = ", ".join("?" * len(some))
            entries = await self._file.do(self._select, f"id IN ({places})", *some)
            found |= {entry.id: entry for entry in entries}
        return found

    async def of_task(self, kind: str, task_id: str) -> Entry | None:
        """The submission that a task came from."""
        rows = await self._file.do(self._select, "kind = ? AND task = ?", kind, task_id)
        return rows[0] if rows else None

    async def entries(self, state: SubmissionState | None = None) -> AsyncIterator[Entry]:
        """All that is known, or what is in this state, in the order of the first sending."""
        after: int | None = 0
        while after is not None:
            some, after = await self._file.do(self._page, state, after)
            for entry in some:
                yield entry

    async def counts(self) -> dict[SubmissionState, int]:
        """How many are in each state."""
        rows = await self._file.do(self._file.rows, "SELECT state, count(*) FROM state GROUP BY 1")
        found = dict(rows)
        return {state: found.get(state, 0) for state in SubmissionState}

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
        """Write it down before its first byte leaves."""
        # one statement, for one sync of the disk. A row that is there already is a failed one that
        # is sent again, whose end is put aside for the case of a refusal, or one in doubt, whose
        # `earlier` and candidate stay
        return await self._file.change(
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
        """Undo `about_to_send`: it was refused, or never sent; need not be awaited."""
        if submission in self._resent:
            return done(value=False)
        what = f"submission {submission!r} was not accepted"
        # first the failed one in whose place it was sent, if any, for only what has failed is sent
        # again; the deletion finds nothing in doubt then
        self._file.soon(
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

    def in_doubt(self, submission: str, candidate: str | None = None) -> asyncio.Future[bool]:
        """Note the task that an answer named which left it in doubt; need not be awaited."""
        if candidate is None:  # it has been in doubt since it was about to be sent
            return done(value=False)
        return self._file.soon(
            f"the answer to submission {submission!r} named task {candidate!r}",
            "UPDATE submission SET candidate = ? WHERE id = ? AND task IS NULL AND done_at IS NULL",
            candidate,
            submission,
        )

    async def accepted(self, submission: str, task_id: str) -> None:
        """Note the task that is paid for."""
        self._resent.discard(submission)
        await self._file.keep(
            f"submission {submission!r} was accepted as task {task_id!r}",
            "UPDATE submission SET task = ?, accepted_at = datetime('now') WHERE id = ?",
            task_id,
            submission,
        )

    async def recovered(self, submission: str, task_id: str) -> bool:
        """Note the task of what was in doubt, and was accepted after all; whether it still was."""
        self._resent.discard(submission)
        return await self._file.keep(
            f"submission {submission!r} was accepted as task {task_id!r}",
            "UPDATE submission SET task = ?, accepted_at = datetime('now') "
            "WHERE id = ? AND task IS NULL AND done_at IS NULL",
            task_id,
            submission,
        )

    async def answered(self, submission: str, answer: Mapping[str, Any]) -> None:
        """Note the answer to a call, which was paid for."""
        self._resent.discard(submission)
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
        """Note that a task is complete or has failed, once; need not be awaited."""
        return self._file.soon(
            f"task {kind}:{task_id} is over",
            f"UPDATE submission SET outcome = ?, has_failed = {has_failed:d}, "  # noqa: S608 0 or 1
            "done_at = datetime('now') WHERE kind = ? AND task = ? AND done_at IS NULL",
            json.dumps(record),
            kind,
            task_id,
        )

    async def orphans(self) -> list[Entry]:
        """Some of what the last run left in progress or in doubt, each once."""
        return await self._file.do(self._orphans)

    def keep_rate(self, limiter: RateLimiter) -> Limiter:
        """Begin with the rate as the last process left it, and keep it for the next one."""
        self._file.keep_rate(limiter)
        return limiter

    async def prune(self, before: datetime, *, forget: bool) -> int:
        """Empty, or forget, what was over before then; how many submissions that changed.

        A page at a time, with others in between. Then the file is written anew, for which they
        wait: about 5 s at a million songs.
        """
        changed, after = 0, 0
        while True:
            some, last = await self._file.do(self._prune_page, _text_of(before), forget, after)
            changed += some
            if last is None:
                break
            after = last
        if changed:
            try:
                await self._file.do(self._shrink)
            except JournalError as error:  # no room for a second copy, say: the next time
                _log.warning("%s is pruned, and not smaller on the disk yet: %s", self.name, error)
        return changed

    async def add(self, entries: Sequence[Entry]) -> int:
        """Write down what another journal knows, but for ids that are known; how many it were."""
        return await self._file.do(self._add, entries)

    async def give_to(self, account: str) -> str | None:
        """Make it another account's; whose it was."""
        return await self._file.do(self._give_to, account)

    async def account(self) -> str | None:
        """Whose it is, `None` while it is nobody's."""
        return await self._file.do(self._read_account)

    async def open(self) -> None:
        """Open the file, making it where there is none; more often does nothing."""
        await self._file.open()

    async def close(self) -> None:
        """Finish what is under way and let others have the file."""
        await self._file.close()

    # --- in the thread -------------------------------------------------------------------------

    def _prepare(self, db: sqlite3.Connection, path: Path) -> None:
        prepare(db, path, self._account)
        ((self._last_run,),) = db.execute("SELECT coalesce(max(number), 0) FROM submission")

    def _select(self, where: str, *values: str) -> list[Entry]:
        """The entries of the rows that are so, oldest first."""
        statement = f"SELECT {_COLUMNS} FROM submission WHERE {where} ORDER BY number"  # noqa: S608 ours
        return [_entry(row) for row in self._file.rows(statement, *values)]

    def _page(self, state: SubmissionState | None, after: int) -> tuple[list[Entry], int | None]:
        """The next entries after this row, and after which row to go on, `None` at the end."""
        where = "1" if state is None else IN_STATE[state]
        is_open = state in _OPEN  # few, and the planner does not know it
        index, near = "", _window(after)
        if is_open:
            index, near = "INDEXED BY submission_open ", f"number > {after}"
        rows = self._file.rows(
            f"SELECT {_COLUMNS} FROM submission {index}WHERE {where} AND {near} "  # noqa: S608 ours
            f"ORDER BY number LIMIT {MANY}"
        )
        numbers = [row[0] for row in rows]
        is_end = is_open and len(rows) < MANY
        return [_entry(row) for row in rows], None if is_end else self._following(numbers, after)

    def _following(self, found: Sequence[int], after: int) -> int | None:
        """After which row to go on when a window has brought these, `None` at the end."""
        if len(found) == MANY:
            return found[-1]
        # fewer than asked for: a window may be empty because all in it were forgotten
        ((last,),) = self._file.rows("SELECT coalesce(max(number), 0) FROM submission")
        return after + _WINDOW if after + _WINDOW < last else None

    def _orphans(self) -> list[Entry]:
        where = "done_at IS NULL AND number > ? AND number <= ?"
        if self._last_run is None:
            return []
        statement = (
            f"SELECT {_COLUMNS} FROM submission INDEXED BY submission_open WHERE {where} "  # noqa: S608 ours
            f"ORDER BY number LIMIT {MANY}"
        )
        rows = self._file.rows(statement, self._picked_up, self._last_run)
        self._picked_up = rows[-1][0] if rows else self._last_run
        return [_entry(row) for row in rows]

    def _prune_page(self, before: str, forget: bool, after: int) -> tuple[int, int | None]:
        """Prune some rows after this one: how many, and after which to go on."""
        is_due = f"{_window(after)} AND done_at IS NOT NULL AND done_at <= ?"
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
        return changed, self._following(numbers, after)

    def _shrink(self) -> None:
        """Write the file anew; what is left of emptied rows is scattered, and no page is free."""
        self._file.rows("VACUUM")

    def _add(self, entries: Sequence[Entry]) -> int:
        places = ", ".join("?" * 13)
        return sum(
            self._file.write(
                "INSERT OR IGNORE INTO submission (id, operation, digest, kind, task, candidate, "  # noqa: S608 ours
                "has_failed, sent_at, accepted_at, done_at, fields, outcome, earlier) VALUES "
                f"({places})",
                *_row(entry),
            )
            for entry in entries
        )

    def _read_account(self) -> str | None:
        ((account,),) = self._file.rows(ACCOUNT)
        return None if account is None else str(account)

    def _give_to(self, account: str) -> str | None:
        before = self._read_account()
        self._file.write(GIVE, account)
        return before


def _window(after: int) -> str:
    """Which rows after this one are gone through at a time."""
    return f"number > {after} AND number <= {after + _WINDOW}"


def _text_of(moment: datetime) -> str:
    """A time as it stands in the file."""
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S}"


def _row(entry: Entry) -> Sequence[str | int | None]:
    """What another journal knows, as it stands in the file."""
    times = (entry.sent_at, entry.accepted_at, entry.done_at)
    earlier = None if entry.earlier_id is None else {"task": entry.earlier_id}
    texts = (
        None if one is None else json.dumps(one) for one in (entry.fields, entry.outcome, earlier)
    )
    return (
        *(entry.id, entry.operation, entry.digest, entry.kind, entry.task_id, entry.candidate),
        int(entry.has_failed),
        *(None if time is None else _text_of(time) for time in times),
        *texts,
    )


def _entry(row: Sequence[Any]) -> Entry:
    _, submission, operation, digest, kind, task, candidate, failed, *rest = row
    sent, accepted, done, fields, outcome, earlier = rest
    return Entry(
        id=submission,
        operation=operation,
        digest=digest,
        fields=None if fields is None else json.loads(fields),
        kind=kind,
        task_id=task,
        candidate=candidate,
        outcome=None if outcome is None else json.loads(outcome),
        has_failed=bool(failed),
        earlier_id=earlier,
        sent_at=_time(sent),
        accepted_at=_time(accepted),
        done_at=_time(done),
    )


def _time(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text).replace(tzinfo=UTC)
