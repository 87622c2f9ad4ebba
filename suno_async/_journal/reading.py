"""A journal read from outside, by whoever has no client: also while a client has it open."""

from __future__ import annotations

import sqlite3
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from attrs import define

from suno_async._journal.entry import JournalEntry
from suno_async._journal.rows import counts, page, select_ids
from suno_async._journal.schema import ACCOUNT, VERSION, check_account, upgrade, version_of
from suno_async.errors import JournalError

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Mapping

    from suno_async._journal.journal import Entry, SubmissionState


@define(eq=False)
class Reading:
    """A journal that is open for reading alone."""

    _db: sqlite3.Connection
    path: Path
    """Where it is."""
    version: int
    """The file's own version."""

    @property
    def account(self) -> str | None:
        """Whose it is, `None` while it is nobody's."""
        ((account,),) = self._rows(ACCOUNT)
        return None if account is None else str(account)

    @property
    def counts(self) -> Mapping[SubmissionState, int]:
        """How many submissions are in each state."""
        return counts(self._rows)

    def check_account(self, ours: str) -> None:
        """Make sure that this account may use it.

        Raises:
            JournalError: it is another's.
        """
        check_account(self.account, ours, self.path)

    def find(self, submission: str) -> Entry | None:
        """What is known of a submission."""
        return next(iter(select_ids(self._rows, [submission])), None)

    def entries(self, state: SubmissionState | None = None) -> Iterator[JournalEntry]:
        """All that is in it, or what is in this state, oldest first, a page at a time."""
        after: int | None = 0
        while after is not None:
            some, after = page(self._rows, state, after)
            yield from map(JournalEntry, some)

    def _rows(self, statement: str, *values: Any) -> list[Any]:
        return self._db.execute(statement, values).fetchall()


@contextmanager
def reading(path: Path) -> Generator[Reading]:
    """Read a journal; nothing in it is changed, and whoever has it open goes on.

    Where a process died amid a write, what it left is undone, as by whoever opens the file next.

    Raises:
        JournalError: there is none, it is something else or newer, or cannot be read.
    """
    check_there(path)
    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=rw", uri=True)) as db:
            version = version_of(db, path)
            if version == 0:
                raise JournalError(f"{path} is empty: no client has opened it as a journal yet.")
            if version == VERSION:
                yield Reading(db, path, version)
                return
            with closing(sqlite3.connect(":memory:")) as copy:  # the file stays as it is
                db.backup(copy)
                upgrade(copy)
                yield Reading(copy, path, version)
    except sqlite3.Error as error:
        raise JournalError(f"{path} cannot be read as a journal: {error}.") from error


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
