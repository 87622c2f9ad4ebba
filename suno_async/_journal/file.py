"""One SQLite file that a crash at any instant leaves true: how it is opened, kept and written.

Every statement is committed with `synchronous=FULL`, by one thread, in the order of the calls. A
second file, locked as long as this one is open, keeps other clients and processes out, while the
file itself can be read with the sqlite3 shell at any time.
"""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

from attrs import define, field

from suno_async.errors import JournalError

T = TypeVar("T")

_log = logging.getLogger("suno_async")


def _resolved(path: Path) -> Path:
    """One lock, by whatever way the file is named."""
    try:
        return path.resolve()
    except (OSError, RuntimeError, ValueError) as error:  # a ring of links, or no name at all
        raise JournalError(f"No journal can be at {str(path)!r}: {error}.") from error


@define(eq=False)
class JournalFile:
    """The file; its methods wait for the disk, not for each other.

    Raises:
        JournalError: the file is in use, broken, not a journal, of a newer version, or cannot be
            written.
    """

    path: Path = field(converter=_resolved)
    """Where it is, all links followed."""
    _prepare: Callable[[sqlite3.Connection, Path], None]
    """Checks what is in it before anything is changed, and makes or upgrades its tables."""
    _thread: ThreadPoolExecutor = field(
        factory=lambda: ThreadPoolExecutor(1, "suno-journal"), init=False
    )
    _db: sqlite3.Connection | None = field(default=None, init=False)
    _lock: sqlite3.Connection | None = field(default=None, init=False)
    _opening: asyncio.Future[None] | None = field(default=None, init=False)

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

    async def change(self, statement: str, *values: str | None) -> bool:
        """Write; whether a row was changed."""
        return await self.do(self._change, statement, *values)

    async def do(self, work: Callable[..., T], *given: Any) -> T:
        """Have work done in the thread, with the file open."""
        await self.open()
        return await self._submit(self._guarded, work, *given)

    def soon(self, statement: str, *values: str | None) -> asyncio.Future[bool]:
        """Write without being waited for; what goes wrong is told in the log."""
        self._begin()
        writing = self._submit(self._guarded, self._change, statement, *values)
        writing.add_done_callback(_tell)
        return writing

    # --- in the thread -------------------------------------------------------------------------

    def _guarded(self, work: Callable[..., T], *given: Any) -> T:
        try:
            return work(*given)
        except JournalError:
            raise
        except Exception as error:  # also texts that no file can hold
            raise JournalError(f"The journal {self.path} cannot be used: {error}.") from error

    @property
    def _open_db(self) -> sqlite3.Connection:
        if self._db is None:
            raise JournalError(f"The journal {self.path} is not open.")
        return self._db

    def rows(self, statement: str, *values: str) -> list[Any]:
        """In the thread: what a query finds."""
        return self._open_db.execute(statement, values).fetchall()

    def _change(self, statement: str, *values: str | None) -> bool:
        with self._open_db as db:
            return db.execute(statement, values).rowcount > 0

    def _open(self) -> None:
        if not self.path.parent.is_dir():
            raise JournalError(f"The journal {self.path} has no directory: make it first.")
        try:
            self._lock = _connect(Path(f"{self.path}-lock"), patience=0.0)
            self._lock.execute("BEGIN EXCLUSIVE")
        except sqlite3.Error as error:
            self._close()
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY:
                raise
            raise JournalError(
                f"The journal {self.path} is in use: one client, in one process, may have it open."
            ) from error
        try:
            self._db = _connect(self.path, patience=5.0)
            self._prepare(self._db, self.path)
        except (sqlite3.Error, JournalError) as error:
            self._close()
            if isinstance(error, JournalError):
                raise
            raise JournalError(
                f"{self.path} cannot be read as a journal and was left as it is: {error}."
            ) from error

    def _close(self) -> None:
        for connection in (self._db, self._lock):
            if connection is not None:
                connection.close()
        self._db = self._lock = None


def _tell(writing: asyncio.Future[bool]) -> None:
    if not writing.cancelled() and (error := writing.exception()) is not None:
        _log.error("%s", error)


def _connect(path: Path, patience: float) -> sqlite3.Connection:
    return sqlite3.connect(path, timeout=patience, check_same_thread=False)
