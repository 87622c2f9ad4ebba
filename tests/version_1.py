"""Journals of version 1, made as that version made them."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

SCHEMA = """
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
PRAGMA application_id = 1937075823;
PRAGMA user_version = 1;
COMMIT;
"""
"""The tables of version 1, word for word."""

Row = tuple[Any, ...]
_ROW = "INSERT INTO submission VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"


def key_of(operation: str, fields: Mapping[str, Any], number: int = 1) -> str:
    """The key that a request of a batch had."""
    asked = json.dumps([operation, fields], sort_keys=True)
    return f"batch:{hashlib.sha256(asked.encode()).hexdigest()[:32]}:{number}"


def write(path: Path, rows: Iterable[Row]) -> None:
    """A journal with these rows."""
    with closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = FULL")
        db.executescript(SCHEMA)
        with db:
            db.executemany(_ROW, rows)


def written_back(path: Path, prompts: Iterable[str]) -> None:
    """Make a journal of version 2 one of version 1, of songs of these prompts in their order.

    The keys are those that version 1 gave them, to which each blank was another request.
    """
    with closing(sqlite3.connect(path)) as db:
        found = db.execute(
            "SELECT operation, fields, kind, task, outcome, earlier, sent_at, accepted_at, done_at "
            "FROM submission ORDER BY number"
        ).fetchall()
    seen: dict[str, int] = {}
    rows: list[Row] = []
    for prompt, (operation, _, *rest) in zip(prompts, found, strict=True):
        seen[prompt] = seen.get(prompt, 0) + 1
        fields = {"prompt": prompt}
        key = key_of(operation, fields, seen[prompt])
        rows.append((key, operation, json.dumps(fields), *rest))
    for file in path.parent.glob(f"{path.name}*"):
        file.unlink()
    write(path, rows)
