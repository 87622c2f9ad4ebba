"""What was paid for, on disk: one SQLite file that a crash at any instant leaves true.

A row is written before the first byte of a paid request leaves, and taken back by a definite
refusal. The task's id is added right after the answer, the outcome when the task is over. So a row
without a task and without an outcome is a request of which nobody knows whether it was accepted.

Every statement is committed with `synchronous=FULL`, by one thread, in the order of the calls. A
second file, locked as long as the journal is open, keeps other clients and processes out, while the
journal itself can be read with the sqlite3 shell at any time.
"""

from __future__ import annotations

import asyncio
import json
import logging
import sqlite3
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define, field, frozen

from suno_async.errors import JournalError

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")

_log = logging.getLogger("suno_async")

_APPLICATION = 0x73756E6F  # "suno", in the file's header
_VERSION = 1
_SCHEMA = """
BEGIN;
CREATE TABLE submission (
    id TEXT PRIMARY KEY,        -- made by us, or the caller's key
    operation TEXT NOT NULL,    -- the name of its class
    fields TEXT NOT NULL,       -- what was asked for, as JSON
    kind TEXT,                  -- the sort of task that it starts
    task TEXT,                  -- the service's id of the task, once accepted
    outcome TEXT,               -- the last record or answer, as JSON, once it is over
    earlier TEXT,               -- task and outcome of a failed one that was sent again, as JSON
    sent_at TEXT NOT NULL DEFAULT (datetime('now')),
    accepted_at TEXT,
    over_at TEXT
);
CREATE INDEX submission_task ON submission (task);
CREATE VIEW state AS SELECT id, operation, CASE
    WHEN outcome IS NOT NULL THEN 'over'
    WHEN task IS NOT NULL THEN 'being made'
    ELSE 'unknown'
END AS state, kind || ':' || task AS token, sent_at, accepted_at, over_at FROM submission;
PRAGMA application_id = {application};
PRAGMA user_version = {version};
COMMIT;
"""


@frozen(kw_only=True)
class Entry:
    """One submission, as the journal knows it."""

    id: str
    """Its id: made by us, or the caller's key."""
    operation: str
    """The name of the operation's class."""
    fields: Mapping[str, Any]
    """What was asked for."""
    kind: str | None
    """The sort of task that it starts, `None` for a call."""
    task_id: str | None
    """The service's id of the task, once accepted."""
    outcome: Mapping[str, Any] | None
    """The last record or answer, once it is over."""
    earlier_id: str | None = None
    """The service's id of the failed task in whose place this was sent."""

    @property
    def is_unknown(self) -> bool:
        """Whether nobody knows if it was accepted."""
        return self.task_id is None and self.outcome is None


def _resolved(path: Path) -> Path:
    """One lock, by whatever way the file is named."""
    try:
        return path.resolve()
    except (OSError, RuntimeError, ValueError) as error:  # a ring of links, or no name at all
        raise JournalError(f"No journal can be at {str(path)!r}: {error}.") from error


@define(eq=False)
class Journal:
    """The journal in one file; its methods wait for the disk, not for each other.

    Raises:
        JournalError: the file is in use, broken, not a journal, of a newer version, or cannot be
            written.
    """

    _path: Path = field(converter=_resolved)
    _thread: ThreadPoolExecutor = field(
        factory=lambda: ThreadPoolExecutor(1, "suno-journal"), init=False
    )
    _db: sqlite3.Connection | None = field(default=None, init=False)
    _lock: sqlite3.Connection | None = field(default=None, init=False)
    _opening: asyncio.Future[None] | None = field(default=None, init=False)

    async def find(self, submission: str) -> Entry | None:
        """What is known of a submission."""
        rows = await self._do(self._select, "id = ?", submission)
        return rows[0] if rows else None

    async def of_task(self, kind: str, task_id: str) -> Entry | None:
        """The submission that a task came from."""
        rows = await self._do(self._select, "kind = ? AND task = ?", kind, task_id)
        return rows[0] if rows else None

    async def unfinished(self) -> list[Entry]:
        """The tasks that were accepted and are not over, oldest first."""
        return await self._do(self._select, "task IS NOT NULL AND outcome IS NULL")

    async def about_to_send(
        self, submission: str, operation: str, fields: Mapping[str, Any], kind: str | None
    ) -> None:
        """Write it down before its first byte leaves."""
        await self._do(
            self._write,
            "INSERT INTO submission (id, operation, fields, kind) VALUES (?, ?, ?, ?) "
            "ON CONFLICT (id) DO UPDATE SET earlier = CASE WHEN task IS NULL THEN earlier ELSE "
            "json_object('task', task, 'outcome', outcome, 'at', accepted_at, 'over', over_at) "
            "END, task = NULL, outcome = NULL, "
            "sent_at = datetime('now'), accepted_at = NULL, over_at = NULL",
            submission,
            operation,
            json.dumps(fields),
            kind,
        )

    def take_back(self, submission: str) -> asyncio.Future[None]:
        """It was refused, or never sent; need not be awaited."""
        self._soon(
            "UPDATE submission SET task = json_extract(earlier, '$.task'), "
            "outcome = json_extract(earlier, '$.outcome'), "
            "accepted_at = json_extract(earlier, '$.at'), "
            "over_at = json_extract(earlier, '$.over'), earlier = NULL "
            "WHERE id = ? AND task IS NULL AND earlier IS NOT NULL",
            submission,
        )
        return self._soon(
            "DELETE FROM submission WHERE id = ? AND task IS NULL AND outcome IS NULL", submission
        )

    async def accepted(self, submission: str, task_id: str) -> None:
        """Its task is paid for."""
        await self._do(
            self._write,
            "UPDATE submission SET task = ?, accepted_at = datetime('now') WHERE id = ?",
            task_id,
            submission,
        )

    async def recovered(self, submission: str, task_id: str) -> bool:
        """It was accepted after all; whether that was still unknown."""
        return await self._do(
            self._change,
            "UPDATE submission SET task = ?, accepted_at = datetime('now') "
            "WHERE id = ? AND task IS NULL AND outcome IS NULL",
            task_id,
            submission,
        )

    async def answered(self, submission: str, answer: Mapping[str, Any]) -> None:
        """It was a call, and this is what was paid for."""
        await self._do(
            self._write,
            "UPDATE submission SET outcome = ?, over_at = datetime('now') WHERE id = ?",
            json.dumps(answer),
            submission,
        )

    def over(self, kind: str, task_id: str, record: Mapping[str, Any]) -> asyncio.Future[None]:
        """A task is complete or has failed; need not be awaited."""
        return self._soon(
            "UPDATE submission SET outcome = ?, over_at = datetime('now') "
            "WHERE kind = ? AND task = ? AND outcome IS NULL",
            json.dumps(record),
            kind,
            task_id,
        )

    async def open(self) -> None:
        """Open the file, making it where there is none; more often does nothing."""
        opening = self._begin()
        try:
            await asyncio.shield(opening)
        except JournalError:
            if self._opening is opening:
                self._opening = None  # it may be there the next time
            raise

    def _begin(self) -> asyncio.Future[None]:
        if self._opening is None:
            self._opening = self._submit(self._guarded, self._open)
            self._opening.add_done_callback(lambda it: it.exception())  # whoever needs it is told
        return self._opening

    async def close(self) -> None:
        """Finish what is under way and let others have the file."""
        if self._opening is not None:
            await self._submit(self._close)
        self._thread.shutdown(wait=False)

    # --- in the loop ---------------------------------------------------------------------------

    def _submit(self, work: Callable[..., T], *given: Any) -> asyncio.Future[T]:
        return asyncio.get_running_loop().run_in_executor(self._thread, work, *given)

    async def _do(self, work: Callable[..., T], *given: Any) -> T:
        await self.open()
        return await self._submit(self._guarded, work, *given)

    def _soon(self, statement: str, *values: str | None) -> asyncio.Future[None]:
        self._begin()
        writing = self._submit(self._guarded, self._write, statement, *values)
        writing.add_done_callback(_tell)
        return writing

    # --- in the thread -------------------------------------------------------------------------

    def _guarded(self, work: Callable[..., T], *given: Any) -> T:
        try:
            return work(*given)
        except JournalError:
            raise
        except Exception as error:  # also texts that no file can hold
            raise JournalError(f"The journal {self._path} cannot be used: {error}.") from error

    @property
    def _open_db(self) -> sqlite3.Connection:
        if self._db is None:
            raise JournalError(f"The journal {self._path} is not open.")
        return self._db

    def _write(self, statement: str, *values: str | None) -> None:
        self._change(statement, *values)

    def _change(self, statement: str, *values: str | None) -> bool:
        with self._open_db as db:
            return db.execute(statement, values).rowcount > 0

    def _select(self, where: str, *values: str) -> list[Entry]:
        statement = (
            "SELECT id, operation, fields, kind, task, outcome, json_extract(earlier, '$.task') "
            "FROM submission WHERE "
        )
        rows = self._open_db.execute(f"{statement}{where} ORDER BY rowid", values).fetchall()
        return [
            Entry(
                id=row[0],
                operation=row[1],
                fields=json.loads(row[2]),
                kind=row[3],
                task_id=row[4],
                outcome=None if row[5] is None else json.loads(row[5]),
                earlier_id=row[6],
            )
            for row in rows
        ]

    def _open(self) -> None:
        if not self._path.parent.is_dir():
            raise JournalError(f"The journal {self._path} has no directory: make it first.")
        try:
            self._lock = _connect(Path(f"{self._path}-lock"), patience=0.0)
            self._lock.execute("BEGIN EXCLUSIVE")
        except sqlite3.Error as error:
            self._close()
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY:
                raise
            raise JournalError(
                f"The journal {self._path} is in use: one client, in one process, may have it open."
            ) from error
        try:
            self._db = _connect(self._path, patience=5.0)
            self._prepare(self._db)
        except (sqlite3.Error, JournalError) as error:
            self._close()
            if isinstance(error, JournalError):
                raise
            raise JournalError(
                f"{self._path} cannot be read as a journal and was left as it is: {error}."
            ) from error

    def _prepare(self, db: sqlite3.Connection) -> None:
        """Nothing is changed before it is clear that the file is ours."""
        (application,) = db.execute("PRAGMA application_id").fetchone()
        (version,) = db.execute("PRAGMA user_version").fetchone()
        (objects,) = db.execute("SELECT count(*) FROM sqlite_schema").fetchone()
        if objects and application != _APPLICATION:
            raise JournalError(
                f"{self._path} is a database of something else and was left as it is: name "
                "another file."
            )
        if version > _VERSION:
            raise JournalError(
                f"{self._path} was written by a newer version of suno-async and was left as it is: "
                "upgrade, or name another file."
            )
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = FULL")
        if not objects:
            db.executescript(_SCHEMA.format(application=_APPLICATION, version=_VERSION))

    def _close(self) -> None:
        for connection in (self._db, self._lock):
            if connection is not None:
                connection.close()
        self._db = self._lock = None


def _tell(writing: asyncio.Future[None]) -> None:
    if not writing.cancelled() and (error := writing.exception()) is not None:
        _log.error("%s", error)


def _connect(path: Path, patience: float) -> sqlite3.Connection:
    return sqlite3.connect(path, timeout=patience, check_same_thread=False)
