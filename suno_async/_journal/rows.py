"""From the rows of a journal's file to entries, a few at a time."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeAlias

from suno_async._journal.journal import Entry, SubmissionState
from suno_async._journal.schema import IN_STATE

if TYPE_CHECKING:
    from collections.abc import Sequence

Query: TypeAlias = Callable[..., list[Any]]
"""A statement and its values to the rows that it finds."""

MANY = 100
"""Entries that are read at a time: about 2 ms of work."""
_WINDOW = 10_000  # rows that may be gone through for them, while others wait for the file
_OPEN = {SubmissionState.IN_PROGRESS, SubmissionState.IN_DOUBT}
_COLUMNS = (
    "number, id, operation, digest, kind, task, candidate, has_failed, sent_at, accepted_at, "
    "done_at, fields, outcome, json_extract(earlier, '$.task')"
)


def select(query: Query, where: str, *values: str) -> list[Entry]:
    """The entries of the rows that are so, oldest first."""
    statement = f"SELECT {_COLUMNS} FROM submission WHERE {where} ORDER BY number"  # noqa: S608 ours
    return [_entry(row) for row in query(statement, *values)]


def select_ids(query: Query, ids: Sequence[str]) -> list[Entry]:
    """The entries with these ids."""
    places = ", ".join("?" * len(ids))
    statement = f"SELECT {_COLUMNS} FROM submission WHERE id IN ({places})"  # noqa: S608 ours
    return [_entry(row) for row in query(statement, *ids)]


def page(query: Query, state: SubmissionState | None, after: int) -> tuple[list[Entry], int | None]:
    """The next entries after this row, and after which row to go on, `None` at the end."""
    where = "1" if state is None else IN_STATE[state]
    is_open = state in _OPEN  # few, and the planner does not know it
    index, near = (
        ("INDEXED BY submission_open ", f"number > {after}") if is_open else ("", window(after))
    )
    rows = query(
        f"SELECT {_COLUMNS} FROM submission {index}WHERE {where} AND {near} "  # noqa: S608 ours
        f"ORDER BY number LIMIT {MANY}"
    )
    numbers = [row[0] for row in rows]
    is_end = is_open and len(rows) < MANY
    return [_entry(row) for row in rows], None if is_end else following(query, numbers, after)


def window(after: int) -> str:
    """Which rows after this one are gone through at a time."""
    return f"number > {after} AND number <= {after + _WINDOW}"


def following(query: Query, found: Sequence[int], after: int) -> int | None:
    """After which row to go on when a window has brought these, `None` at the end."""
    if len(found) == MANY:
        return found[-1]
    ((last,),) = query("SELECT coalesce(max(number), 0) FROM submission")
    return after + _WINDOW if after + _WINDOW < last else None


def counts(query: Query) -> dict[SubmissionState, int]:
    """How many are in each state."""
    found = dict(query("SELECT state, count(*) FROM state GROUP BY state"))
    return {state: found.get(state, 0) for state in SubmissionState}


def text_of(moment: datetime) -> str:
    """A time as it stands in the file."""
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S}"


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
