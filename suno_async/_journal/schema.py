"""The tables of a journal's file, whose it is, and how a file of an older version becomes one.

Texts that may be long stand last in a row, so that what is asked for most need not read past them.
"""

from __future__ import annotations

import json
import logging
import shlex
import sqlite3
from collections import Counter
from typing import TYPE_CHECKING, Any

from suno_async._journal.digest import BATCH_KEYS, batch_key, digest_of
from suno_async._journal.journal import SubmissionState
from suno_async._wire.records import has_failed
from suno_async.errors import JournalError
from suno_async.operations._kinds import KINDS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

_log = logging.getLogger("suno_async")

_APPLICATION = 0x73756E6F  # "suno", in the file's header
VERSION = 2
"""The version of the files that are made."""

IN_STATE: Mapping[SubmissionState, str] = {
    SubmissionState.IN_PROGRESS: "done_at IS NULL AND task IS NOT NULL",
    SubmissionState.IN_DOUBT: "done_at IS NULL AND task IS NULL",
    SubmissionState.DONE: "done_at IS NOT NULL AND NOT has_failed",
    SubmissionState.FAILED: "done_at IS NOT NULL AND has_failed",
}
"""Which rows are in a state."""
_CASES = " ".join(f"WHEN {rows} THEN '{state}'" for state, rows in IN_STATE.items())

_SCHEMA = (
    "CREATE TABLE journal (account TEXT)",  # one row: whose it is
    "INSERT INTO journal VALUES (NULL)",
    """CREATE TABLE submission (
    number INTEGER PRIMARY KEY, -- in the order of the first sending
    id TEXT NOT NULL UNIQUE,    -- made by us, or the caller's key
    operation TEXT NOT NULL,    -- the name of its class
    digest TEXT NOT NULL,       -- of what was asked for, by which a key compares
    kind TEXT,                  -- the sort of task that it starts
    task TEXT,                  -- the service's id of the task, once accepted
    candidate TEXT,             -- that of a task which an answer named that left it in doubt
    has_failed INTEGER NOT NULL DEFAULT 0,
    sent_at TEXT NOT NULL DEFAULT (datetime('now')),
    accepted_at TEXT,
    done_at TEXT,               -- when it was known to be over
    fields TEXT,                -- what was asked for, as JSON, until pruned
    outcome TEXT,               -- the last record or answer, as JSON, from its end until pruned
    earlier TEXT                -- task and outcome of a failed one that was sent again, as JSON
)""",
    "CREATE INDEX submission_task ON submission (task)",
    "CREATE INDEX submission_open ON submission (done_at) WHERE done_at IS NULL",
    f"""CREATE VIEW state AS SELECT id, operation, CASE {_CASES} END AS state,
    kind || ':' || coalesce(task, candidate) AS token, sent_at, accepted_at, done_at
    FROM submission""",  # noqa: S608 ours
    f"PRAGMA application_id = {_APPLICATION}",
    f"PRAGMA user_version = {VERSION}",
)
_UPGRADE = (
    "DROP VIEW state",
    "DROP INDEX submission_task",
    "ALTER TABLE submission RENAME TO submission_1",
    *_SCHEMA,
    """INSERT INTO submission (id, operation, digest, kind, task, has_failed, sent_at, accepted_at,
    done_at, fields, outcome, earlier)
SELECT id, operation, digest_of(operation, fields), kind, task, has_failed(kind, outcome), sent_at,
    accepted_at, CASE WHEN outcome IS NOT NULL THEN coalesce(over_at, accepted_at, sent_at) END,
    fields, outcome, earlier
FROM submission_1 ORDER BY rowid""",
    "DROP TABLE submission_1",
)


def version_of(db: sqlite3.Connection, path: Path) -> int:
    """The version of a journal, 0 of an empty file; nothing is changed.

    Raises:
        JournalError: it is something else, or newer.
    """
    (application,) = db.execute("PRAGMA application_id").fetchone()
    (version,) = db.execute("PRAGMA user_version").fetchone()
    (objects,) = db.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    if objects and application != _APPLICATION:
        raise JournalError(
            f"{path} is a database of something else and was left as it is: name another file."
        )
    if version > VERSION:
        raise JournalError(
            f"{path} was written by a newer version of suno-async and was left as it is: "
            "upgrade, or name another file."
        )
    return int(version) if objects else 0


def open_to_read(path: Path) -> sqlite3.Connection:
    """Open a journal and change nothing in it, while a client may have it open.

    One of an older version is read as a copy in memory, which is upgraded in its place. Where a
    process died amid a write, what it left is undone, as by the client that opens the file next.

    Raises:
        JournalError: there is none, it is something else or newer, or cannot be read.
    """
    check_there(path)
    try:
        db = _connect_to_read(path)
    except sqlite3.Error as error:
        raise JournalError(f"{path} cannot be read as a journal: {error}.") from error
    return db


def _connect_to_read(path: Path) -> sqlite3.Connection:
    # "rw", not "ro": a reader must be able to undo what a process left that died amid a write
    db = sqlite3.connect(f"{path.as_uri()}?mode=rw", uri=True, check_same_thread=False)
    try:
        if _version_to_read(db, path) == VERSION:
            return db
        copy = sqlite3.connect(":memory:", check_same_thread=False)
        db.backup(copy)
        upgrade(copy)
    except BaseException:
        db.close()
        raise
    db.close()
    return copy


def _version_to_read(db: sqlite3.Connection, path: Path) -> int:
    version = version_of(db, path)
    if version == 0:
        raise JournalError(f"{path} is empty: no client has opened it as a journal yet.")
    return version


def check_there(path: Path) -> None:
    """Make sure that there is a file: none is to be made.

    Raises:
        JournalError: there is none.
    """
    try:
        is_there = path.is_file()
    except (OSError, ValueError):
        is_there = False
    if not is_there:
        raise JournalError(f"There is no journal {path}.")


ACCOUNT = "SELECT account FROM journal"
"""Whose a journal of this version is: null while it is nobody's."""
GIVE = "UPDATE journal SET account = ?"
"""Make it an account's."""


def prepare(db: sqlite3.Connection, path: Path, account: Callable[[], str] | None) -> None:
    """Make the tables, or upgrade them; a file without an account becomes the one's who opens it.

    Raises:
        JournalError: it is no journal, newer, or another account's; it was left as it is.
    """
    version = version_of(db, path)
    name = None if account is None else account()
    if version == VERSION and name is not None:
        check_account(db.execute(ACCOUNT).fetchone()[0], name, path)
    if version == 0:
        _in_one(db, lambda: _run(db, _SCHEMA))
    elif version < VERSION:
        _in_one(db, lambda: upgrade(db, name))
        _log.warning(
            "The journal %s was of version %d and is upgraded%s",
            path,
            version,
            "" if name is None else f"; from now on it is the account's {name!r}",
            extra={"journal": str(path)},
        )
    if name is not None:
        with db:
            db.execute(f"{GIVE} WHERE account IS NULL", (name,))


def check_account(theirs: str | None, ours: str, path: Path) -> None:
    """Make sure that a journal may be used by an account.

    Raises:
        JournalError: it is another's.
    """
    if theirs in {None, ours}:
        return
    command = shlex.join(["suno-async", "journal", str(path), "--account", ours])
    raise JournalError(
        f"The journal {path} belongs to the account {theirs!r}, and this client is {ours!r}: "
        "nothing was sent. For another account, or after a simulation, name another file. If both "
        f"are one account, as after a change of the key, give the client account={theirs!r}, or "
        f"hand the file over: {command}"
    )


def upgrade(db: sqlite3.Connection, account: str | None = None) -> None:
    """Make a journal of version 1 one of this version, inside of a transaction."""
    db.create_function("digest_of", 2, _digest_of)
    db.create_function("has_failed", 2, _has_failed)
    _run(db, _UPGRADE)
    _rename(db)
    db.execute(GIVE, (account,))


def _digest_of(operation: str, fields: str) -> str:
    return digest_of(operation, json.loads(fields))


def _has_failed(kind: str | None, outcome: str | None) -> bool:
    if outcome is None or kind is None or kind not in KINDS:
        return False
    return has_failed(KINDS[kind], json.loads(outcome))


def _rename(db: sqlite3.Connection) -> None:
    """Give the requests of batches the keys that they have now: the old ones knew each blank."""
    digits = f"substr(id, {len(BATCH_KEYS) + 1}, instr(substr(id, {len(BATCH_KEYS) + 1}), ':') - 1)"
    renamed = db.execute(
        f"SELECT number, digest FROM submission WHERE id GLOB '{BATCH_KEYS}*' "  # noqa: S608 ours
        f"AND {digits} <> digest ORDER BY number"
    ).fetchall()
    seen = Counter[str]()
    for number, digest in renamed:
        while True:
            seen[digest] += 1
            key = batch_key(digest, seen[digest])
            if not db.execute("SELECT 1 FROM submission WHERE id = ?", (key,)).fetchone():
                break
        db.execute("UPDATE submission SET id = ? WHERE number = ?", (key, number))


def _run(db: sqlite3.Connection, statements: tuple[str, ...]) -> None:
    for statement in statements:
        db.execute(statement)


def _in_one(db: sqlite3.Connection, work: Callable[[], Any]) -> None:
    """All of it, or nothing: also of what defines tables, for which sqlite3 begins nothing."""
    db.execute("BEGIN IMMEDIATE")
    try:
        work()
    except BaseException:
        db.rollback()
        raise
    db.commit()
