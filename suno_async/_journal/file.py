"""One SQLite file that a crash at any instant leaves true: how it is opened, kept and written.

**One file is one file.** All of the journal is in the main file after each commit, so that a copy
of it alone is whole. Ways to have that (a write here took 0.4 ms with a write-ahead log alone):

    write-ahead log, checkpointed after each commit   0.7 to 0.8 ms
    rollback journal, `DELETE` or `TRUNCATE`          0.95 ms

The rollback journal was chosen. It needs no second look whether a reader has kept the log from
being copied back; two processes that open one file by two names see each other's writes, while two
logs over one file destroy it; and after `kill -9` there is no log beside the file that would be
played into whatever is put in its place. What it costs: a commit waits for readers to end, and for
the instant of a commit readers wait, too. `synchronous = EXTRA` also puts the removal of the
rollback journal on the disk: if a power cut brought it back, the last commit would be undone, and
what was about to be sent could be sent again.

**One client has it open.** A second file, locked as long as this one is open, keeps other clients
and processes out. Who gets around it (by another mount, or after the lock file was deleted) is
stopped inside the database: each opening leaves its own mark there, and a write is committed only
where the mark is still the writer's. Before anything is sent the names of both files must lead to
what was opened, and no other name, too; what has happened is written as long as SQLite can.

**What is true is written, sooner or later.** What is about to be sent is written now, or not sent.
What has happened already is kept if it cannot be written, and written before anything else is read
or written, and at closing.

All is done by one thread, in the order of the calls. A lock of somebody else's is waited for up to
`PATIENCE` seconds from when the work was asked for, so that many who wait do not wait one after
another.
"""

from __future__ import annotations

import asyncio
import logging
import os
import sqlite3
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from time import monotonic
from typing import Any, TypeVar
from uuid import uuid4

from attrs import define, field, frozen

from suno_async._journal.identity import Identity
from suno_async._journal.rate import RateFile
from suno_async.errors import ClientClosed, JournalError
from suno_async.limiter import RateLimiter, keep_slots

T = TypeVar("T")

PATIENCE = 5.0
"""Seconds to wait for locks of others."""
_MODE = 0o600  # of new files; SQLite gives its rollback journal the main file's
_HOPELESS = (
    sqlite3.DataError,
    sqlite3.InterfaceError,
    sqlite3.ProgrammingError,
    ValueError,  # half a character, which no file can hold
)
"""What no disk and no lock is to blame for, and no repetition helps."""

_log = logging.getLogger("suno_async")


def _absolute(path: Path) -> Path:
    try:
        return path.absolute()
    except OSError as error:  # the directory that it is relative to is gone
        raise JournalError(f"No journal can be at {str(path)!r}: {error}.") from error


def _resolved(path: Path) -> Path:
    """One lock, by whatever way the file is named."""
    try:
        return path.resolve()
    except (OSError, RuntimeError, ValueError) as error:  # a ring of links, or no name at all
        raise JournalError(f"No journal can be at {str(path)!r}: {error}.") from error


@define(eq=False)
class Kept(Exception):
    """The cause of a `JournalError`, where what has happened is kept to be written later."""

    written: asyncio.Future[None]
    """Done once it is written; cancelled if the journal was closed without it."""


@frozen(eq=False)
class _Fact:
    """Something that has happened, and how it is written down."""

    what: str
    """What it is, for the log."""
    statement: str
    values: tuple[str | None, ...]
    written: asyncio.Future[None]

    def tell(self, *, is_written: bool) -> None:
        """In the thread: let whoever waits for it to be written know."""
        with suppress(RuntimeError):  # the loop is closed
            self.written.get_loop().call_soon_threadsafe(self._end, is_written)

    def _end(self, is_written: bool) -> None:
        if not is_written:
            self.written.cancel()
        elif not self.written.done():
            self.written.set_result(None)


@define(eq=False)
class JournalFile:
    """The file; its methods wait for the disk, not for each other.

    Raises:
        JournalError: the file is in use, broken, not a journal, of a newer version, has another
            name, is not where it was, or cannot be written.
        ClientClosed: it was closed.
    """

    _given: Path = field(converter=_absolute)
    _prepare: Callable[[sqlite3.Connection, Path], None]
    """Checks what is in it before anything is changed, and makes or upgrades its tables."""
    path: Path = field(init=False)
    """Where it is, all links followed."""
    _thread: ThreadPoolExecutor = field(
        factory=lambda: ThreadPoolExecutor(1, "suno-journal"), init=False
    )
    _db: sqlite3.Connection | None = field(default=None, init=False)
    _lock: sqlite3.Connection | None = field(default=None, init=False)
    _opening: asyncio.Future[None] | None = field(default=None, init=False)
    _is_closed: bool = field(default=False, init=False)
    _identity: Identity = field(factory=Identity, init=False)
    _mark: str = field(factory=lambda: uuid4().hex, init=False)
    _kept: list[_Fact] = field(factory=list[_Fact], init=False)
    """What has happened and is not written yet, in order; the thread's."""
    _rate: RateFile = field(init=False)
    _stop_keeping_rate: Callable[[], None] | None = field(default=None, init=False)

    def __attrs_post_init__(self) -> None:
        self.path = _resolved(self._given)
        self._rate = RateFile(self._beside("rate"))

    def _beside(self, name: str) -> Path:
        return self.path.with_name(f"{self.path.name}-{name}")

    async def open(self) -> None:
        """Open the file, making it where there is none; more often does nothing."""
        await asyncio.shield(self._begin())

    def _begin(self) -> asyncio.Future[None]:
        opening = self._opening
        if opening is None or (opening.done() and opening.exception() is not None):
            opening = self._opening = self._submit(self._open)  # it may be there the next time
            opening.add_done_callback(_see)
        return opening

    async def close(self) -> None:
        """Finish what is under way and let others have the file."""
        if self._stop_keeping_rate is not None:
            self._stop_keeping_rate()
        ending = None if self._opening is None or self._is_closed else self._submit(self._end)
        self._is_closed = True
        if ending is not None:
            await ending
        self._thread.shutdown(wait=False)

    def keep_rate(self, limiter: RateLimiter) -> None:
        """Begin with the rate as the last process left it, and keep it for the next one."""
        self._stop_keeping_rate = keep_slots(limiter, self._rate.read(), self._rate.write)

    # --- in the loop ---------------------------------------------------------------------------

    def _submit(self, work: Callable[..., T], *given: Any) -> asyncio.Future[T]:
        loop, until = asyncio.get_running_loop(), monotonic() + PATIENCE
        guarded: Callable[[], T] = partial(self._guarded, until, work, *given)
        if self._is_closed:
            raise ClientClosed(f"The client that had the journal {self.path} open is closed.")
        return loop.run_in_executor(self._thread, guarded)

    async def do(self, work: Callable[..., T], *given: Any) -> T:
        """Have work done in the thread, with the file open and all written that has happened."""
        opening = self._begin()
        working: asyncio.Future[T] = self._submit(self._up_to_date, work, *given)
        working.add_done_callback(_see)
        await asyncio.shield(opening)
        return await working

    async def change(self, statement: str, *values: str | None) -> bool:
        """Write now or not at all; whether a row was changed."""
        return await self.do(self.write, statement, *values) > 0

    async def keep(self, what: str, statement: str, *values: str | None) -> bool:
        """Write what has happened, whoever waits for it; whether a row was changed.

        Raises:
            JournalError: it could not be written; where `Kept` is the cause, it will be later.
        """
        return await asyncio.shield(self._note(what, statement, *values))

    def soon(self, what: str, statement: str, *values: str | None) -> asyncio.Future[bool]:
        """As `keep`, without being waited for; what goes wrong is told in the log."""
        writing = self._note(what, statement, *values)
        writing.add_done_callback(_tell)
        return writing

    def _note(self, what: str, statement: str, *values: str | None) -> asyncio.Future[bool]:
        self._begin()
        written: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        writing = self._submit(self._write_or_keep, _Fact(what, statement, values, written))
        writing.add_done_callback(_see)
        return writing

    # --- in the thread -------------------------------------------------------------------------

    def _guarded(self, until: float, work: Callable[..., T], *given: Any) -> T:
        try:
            if self._db is not None:
                patience = max(0.0, until - monotonic())
                self._db.execute(f"PRAGMA busy_timeout = {1000 * patience:.0f}")
            return work(*given)
        except JournalError:
            raise
        except Exception as error:  # also texts that no file can hold
            raise self._error(error) from error

    def _error(self, error: Exception) -> JournalError:
        if getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_READONLY_DBMOVED:
            try:
                self._identity.check()
            except JournalError as moved:  # it says what to do
                return moved
        why = str(error)
        if _is_busy(error):
            why += "; another program reads or writes it, which must end first"
        return JournalError(f"The journal {self.path} cannot be used: {why}.")

    @property
    def _open_db(self) -> sqlite3.Connection:
        if self._db is None:
            raise JournalError(f"The journal {self.path} is not open.")
        return self._db

    def rows(self, statement: str, *values: str | int) -> list[Any]:
        """In the thread: what a query finds."""
        return self._open_db.execute(statement, values).fetchall()

    def write(self, statement: str, *values: str | int | None) -> int:
        """In the thread: how many rows are changed, in a transaction of their own."""
        with self._transaction() as db:
            self._identity.check()
            return db.execute(statement, values).rowcount

    @contextmanager
    def _transaction(self) -> Generator[sqlite3.Connection]:
        """Write, as long as nobody has opened the file since."""
        db = self._open_db
        with db:
            db.execute("BEGIN IMMEDIATE")
            if db.execute("SELECT mark FROM holder").fetchone() != (self._mark,):
                raise JournalError(
                    f"Another client has opened the journal {self.path} meanwhile, by another name "
                    "or without its lock file. Nothing more is written or sent here: one client, "
                    "in one process, may have it open."
                )
            yield db

    def _up_to_date(self, work: Callable[..., T], *given: Any) -> T:
        """Work on what is true by now: what was kept is written first."""
        if self._kept:
            hopeless = dict[_Fact, Exception]()
            with self._transaction() as db:
                for fact in self._kept:
                    try:
                        db.execute(fact.statement, fact.values)
                    except _HOPELESS as error:
                        hopeless[fact] = error  # what came after it is not to wait for it
            for fact in self._kept:
                fact.tell(is_written=fact not in hopeless)
                if fact in hopeless:
                    why = self._error(hopeless[fact])
                    _log.error("%s It can never be written: %s", why, fact.what)
                else:
                    _log.info("The journal %s has it now: %s", self.path, fact.what)
            self._kept.clear()
        return work(*given)

    def _write_fact(self, fact: _Fact) -> bool:
        with self._transaction() as db:
            return db.execute(fact.statement, fact.values).rowcount > 0

    def _write_or_keep(self, fact: _Fact) -> bool:
        try:
            return self._up_to_date(self._write_fact, fact)
        except _HOPELESS:
            raise
        except Exception as error:  # noqa: BLE001 whatever it was, it has happened
            self._kept.append(fact)
            why = error if isinstance(error, JournalError) else self._error(error)
            said = f"{why} It is kept, and written as soon as that can be: {fact.what}."
            raise JournalError(said) from Kept(fact.written)

    # --- in the thread: its begin and its end --------------------------------------------------

    def _open(self) -> None:
        if not self.path.parent.is_dir():
            raise JournalError(f"The journal {self.path} has no directory: make it first.")
        try:
            self._take_lock()
            self._check_gone()
            self._open_file()
            with suppress(OSError):  # the rate is not worth a song
                _make(self._rate.path)
            self._rate.open()
        except BaseException:
            self._close()
            raise

    def _take_lock(self) -> None:
        path = self._beside("lock")
        self._lock = _connect(path, patience=0.0)
        self._identity.note(path)
        try:
            self._lock.execute("PRAGMA journal_mode = MEMORY")  # nothing is ever written
            self._lock.execute("BEGIN EXCLUSIVE")
        except sqlite3.Error as error:
            if not _is_busy(error):
                raise
            raise JournalError(
                f"The journal {self.path} is in use: one client, in one process, may have it open."
            ) from error

    def _check_gone(self) -> None:
        """A file that was deleted cannot say what was paid for: nobody pays again by accident."""
        if self._rate.path.exists() and not self.path.exists():
            raise JournalError(
                f"The journal {self.path} is not there, but {self._rate.path.name} beside it is: "
                "it was deleted or moved, and with it all that it knew of what is paid for. Put it "
                f"back; or, to begin anew and pay again, delete {self._rate.path.name} as well."
            )

    def _open_file(self) -> None:
        self._db = db = _connect(self.path, patience=PATIENCE)
        self._identity.note(self.path)
        self._identity.note(self._given)  # a link must go on leading here
        try:
            db.execute("PRAGMA synchronous = EXTRA")
            db.execute("PRAGMA fullfsync = ON")  # where `fsync` leaves it in the disk's own memory
            self._prepare(db, self.path)
            db.execute("PRAGMA journal_mode = DELETE")  # a log of the first version is emptied
            with db:
                db.execute("BEGIN IMMEDIATE")
                db.execute("CREATE TABLE IF NOT EXISTS holder (mark TEXT NOT NULL)")
                db.execute("DELETE FROM holder")
                db.execute("INSERT INTO holder VALUES (?)", (self._mark,))
                self._identity.check()
        except sqlite3.Error as error:
            if _is_busy(error):
                raise
            raise JournalError(
                f"{self.path} cannot be read as a journal and was left as it is: {error}."
            ) from error

    def _end(self) -> None:
        try:
            self._up_to_date(lambda: None)
        except (sqlite3.Error, JournalError) as error:
            missing = "; ".join(fact.what for fact in self._kept)
            _log.error("%s It was closed without: %s", error, missing)
        finally:
            for fact in self._kept:
                fact.tell(is_written=False)
            self._close()

    def _close(self) -> None:
        for connection in (self._db, self._lock):
            if connection is not None:
                connection.close()
        self._db = self._lock = None
        self._rate.close()


def _make(path: Path) -> None:
    """Make a file where there is none."""
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, _MODE))


def _connect(path: Path, patience: float) -> sqlite3.Connection:
    """Open a file of our own, making it where there is none."""
    _make(path)
    return sqlite3.connect(path, timeout=patience, check_same_thread=False)


def _is_busy(error: Exception) -> bool:
    """Whether somebody else's lock is in the way."""
    code: int = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_OK)
    return code & 0xFF == sqlite3.SQLITE_BUSY  # the rest says more exactly why


def _see(working: asyncio.Future[Any]) -> None:
    """Whoever still needs it is told; nobody else need be."""
    if not working.cancelled():
        working.exception()


def _tell(writing: asyncio.Future[bool]) -> None:
    if not writing.cancelled() and (error := writing.exception()) is not None:
        _log.error("%s", error)
