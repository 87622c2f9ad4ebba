"""What was paid for, on disk: one SQLite file that a crash at any instant leaves true.

A row is written before the first byte of a paid request leaves, and taken back by a definite
refusal. The task's id is added right after the answer, the outcome when the task is over. So a row
without a task and without an outcome is a request of which nobody knows whether it was accepted.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from attrs import define, field

from suno_async._journal.file import JournalFile
from suno_async._journal.journal import Entry
from suno_async.errors import JournalError

if TYPE_CHECKING:
    import asyncio
    import sqlite3
    from collections.abc import Mapping

    from suno_async.limiter import RateLimiter

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


@define(eq=False)
class Journal:
    """The journal in one file; its methods wait for the disk, not for each other.

    Raises:
        JournalError: the file is in use, broken, not a journal, of a newer version, or cannot be
            written.
    """

    _path: Path
    _file: JournalFile = field(init=False)

    def __attrs_post_init__(self) -> None:
        self._file = JournalFile(self._path, _prepare)

    async def find(self, submission: str) -> Entry | None:
        """What is known of a submission."""
        rows = await self._file.do(self._select, "id = ?", submission)
        return rows[0] if rows else None

    async def of_task(self, kind: str, task_id: str) -> Entry | None:
        """The submission that a task came from."""
        rows = await self._file.do(self._select, "kind = ? AND task = ?", kind, task_id)
        return rows[0] if rows else None

    async def unfinished(self) -> list[Entry]:
        """The tasks that were accepted and are not over, oldest first."""
        return await self._file.do(self._select, "task IS NOT NULL AND outcome IS NULL")

    async def about_to_send(
        self, submission: str, operation: str, fields: Mapping[str, Any], kind: str | None
    ) -> None:
        """Write it down before its first byte leaves."""
        await self._file.change(
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

    def take_back(self, submission: str) -> asyncio.Future[bool]:
        """It was refused, or never sent; need not be awaited."""
        what = f"submission {submission!r} was not accepted"
        self._file.soon(
            what,
            "UPDATE submission SET task = json_extract(earlier, '$.task'), "
            "outcome = json_extract(earlier, '$.outcome'), "
            "accepted_at = json_extract(earlier, '$.at'), "
            "over_at = json_extract(earlier, '$.over'), earlier = NULL "
            "WHERE id = ? AND task IS NULL AND earlier IS NOT NULL",
            submission,
        )
        return self._file.soon(
            what,
            "DELETE FROM submission WHERE id = ? AND task IS NULL AND outcome IS NULL",
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
            "WHERE id = ? AND task IS NULL AND outcome IS NULL",
            task_id,
            submission,
        )

    async def answered(self, submission: str, answer: Mapping[str, Any]) -> None:
        """It was a call, and this is what was paid for."""
        await self._file.keep(
            f"submission {submission!r} was answered",
            "UPDATE submission SET outcome = ?, over_at = datetime('now') WHERE id = ?",
            json.dumps(answer),
            submission,
        )

    def over(self, kind: str, task_id: str, record: Mapping[str, Any]) -> asyncio.Future[bool]:
        """A task is complete or has failed; need not be awaited."""
        return self._file.soon(
            f"task {kind}:{task_id} is over",
            "UPDATE submission SET outcome = ?, over_at = datetime('now') "
            "WHERE kind = ? AND task = ? AND outcome IS NULL",
            json.dumps(record),
            kind,
            task_id,
        )

    def keep_rate(self, limiter: RateLimiter) -> None:
        """Begin with the rate as the last process left it, and keep it for the next one."""
        self._file.keep_rate(limiter)

    async def open(self) -> None:
        """Open the file, making it where there is none; more often does nothing."""
        await self._file.open()

    async def close(self) -> None:
        """Finish what is under way and let others have the file."""
        await self._file.close()

    def _select(self, where: str, *values: str) -> list[Entry]:
        statement = (
            "SELECT id, operation, fields, kind, task, outcome, json_extract(earlier, '$.task') "
            "FROM submission WHERE "
        )
        rows = self._file.rows(f"{statement}{where} ORDER BY rowid", *values)
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


def _prepare(db: sqlite3.Connection, path: Path) -> None:
    """Nothing is changed before it is clear that the file is ours."""
    (application,) = db.execute("PRAGMA application_id").fetchone()
    (version,) = db.execute("PRAGMA user_version").fetchone()
    (objects,) = db.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    if objects and application != _APPLICATION:
        raise JournalError(
            f"{path} is a database of something else and was left as it is: name another file."
        )
    if version > _VERSION:
        raise JournalError(
            f"{path} was written by a newer version of suno-async and was left as it is: "
            "upgrade, or name another file."
        )
    if not objects:
        db.executescript(_SCHEMA.format(application=_APPLICATION, version=_VERSION))
