"""From rows of the tables in PostgreSQL to entries, and from entries to rows."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID, uuid4

from suno_async._journal.journal import Entry

OVER = 100
"""The number of the stage that follows all others."""
_NOBODY = UUID(int=0)  # no client's id, so that what is not over can be picked up


def row_of(entry: Entry) -> dict[str, Any]:
    """What another journal knows, as it stands in the table: nobody's, of one attempt."""
    return {
        "id": entry.id,
        "attempt": 1,
        "claim": uuid4(),
        "owner": _NOBODY,
        "operation": entry.operation,
        "digest": entry.digest,
        "kind": entry.kind,
        "task": entry.task_id,
        "candidate": entry.candidate,
        "has_failed": entry.has_failed,
        "stage": 0 if entry.done_at is None else OVER,
        "sent_at": entry.sent_at,
        "accepted_at": entry.accepted_at,
        "done_at": entry.done_at,
        "fields": None if entry.fields is None else json.dumps(entry.fields),
        "record": None if entry.outcome is None else json.dumps(entry.outcome),
    }


def entry_of(row: Any) -> Entry:
    """What a row of the table says."""
    is_done = row.done_at is not None
    return Entry(
        id=row.id,
        operation=row.operation,
        digest=row.digest,
        fields=row.fields,
        kind=row.kind,
        task_id=row.task,
        candidate=row.candidate,
        outcome=row.record if is_done else None,
        has_failed=row.has_failed,
        earlier_id=row.earlier,
        sent_at=row.sent_at,
        accepted_at=row.accepted_at,
        done_at=row.done_at,
        attempt=row.attempt,
        is_elsewhere=row.is_elsewhere,
        has_callback=row.has_callback,
        latest=row.record,
        age=row.age,
    )
