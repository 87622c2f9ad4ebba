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

A lock of somebody else's is waited for up to `PATIENCE` seconds.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from attrs import define, field

from suno_async._journal.identity import Identity
from suno_async._journal.rate import RateFile
from suno_async._journal.schema import open_to_read
from suno_async._journal.worker import Worker
from suno_async.errors import JournalError

if TYPE_CHECKING:
    from suno_async.limiter import RateLimiter

PATIENCE = 5.0
"""Seconds to wait for locks of others."""
_MODE = 0o600  # of new files; SQLite gives its rollback journal the main file's
_HOPELESS = (
    sqlite3.DataError,
    sqlite3.InterfaceError,
    sqlite3.ProgrammingError,
    ValueError,  # half a character, which no file can hold
)


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


@define(eq=False, kw_only=True)
class JournalFile(Worker):
    """The file.

    Raises:
        JournalError: the file is in use, broken, not a journal, of a newer version, has another
            name, is not where it was, or cannot be written.
        ClientClosed: it was closed.
    """

    _given: Path = field(alias="given", converter=_absolute)
    _patience: float = field(factory=lambda: PATIENCE, init=False)
    _prepare: Callable[[sqlite3.Connection, Path], None] = field(alias="prepare")
    """Checks what is in it before anything is changed, and makes or upgrades its tables."""
    _reads_only: bool = field(default=False, alias="reads_only")
    """Whether nothing is changed or locked, so that a client may have it open."""
    path: Path = field(init=False)
    """Where it is, all links followed."""
    _db: sqlite3.Connection | None = field(default=None, init=False)
    _lock: sqlite3.Connection | None = field(default=None, init=False)
    _identity: Identity = field(factory=Identity, init=False)
    _mark: str = field(factory=lambda: uuid4().hex, init=False)
    _rate: RateFile = field(init=False)
    _stop_keeping_rate: Callable[[], None] | None = field(default=None, init=False)

    def __attrs_post_init__(self) -> None:
        self.path = _resolved(self._given)
        self._rate = RateFile(self._beside("rate"))

    @property
    def name(self) -> str:
        """Its path."""
        return str(self.path)

    def _beside(self, name: str) -> Path:
        return self.path.with_name(f"{self.path.name}-{name}")

    async def close(self) -> None:
        """Finish what is under way and let others have the file."""
        if self._stop_keeping_rate is not None:
            self._stop_keeping_rate()
        await Worker.close(self)

    def keep_rate(self, limiter: RateLimiter) -> None:
        """Begin with the rate as the last process left it, and keep it for the next one."""
        self._stop_keeping_rate = limiter._keep_slots(self._rate.read(), self._rate.write)

    # --- in the thread -------------------------------------------------------------------------

    def _error(self, error: Exception) -> JournalError:
        if getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_READONLY_DBMOVED:
            try:
                self._identity.check()
            except JournalError as moved:  # it says what to do
                return moved
        why = str(error) or type(error).__name__
        if _is_busy(error):
            why += "; another program reads or writes it, which must end first"
        return JournalError(f"The journal {self.path} cannot be used: {why}.")

    def _is_hopeless(self, error: Exception) -> bool:
        return isinstance(error, _HOPELESS)

    @property
    def _open_db(self) -> sqlite3.Connection:
        """The connection, which waits for locks of others for what is left of the patience."""
        if self._db is None:
            raise JournalError(f"The journal {self.path} is not open.")
        patience = max(0.0, self._until - monotonic())
        self._db.execute(f"PRAGMA busy_timeout = {1000 * patience:.0f}")
        return self._db

    def rows(self, statement: str, *values: str | int) -> list[Any]:
        """In the thread: what a query finds."""
        return self._open_db.execute(statement, values).fetchall()

    def write(self, statement: str, *values: Any) -> int:
        """In the thread: how many rows are changed, in a transaction of their own."""
        with self._transaction() as db:
            # a row in a file that nobody will find again is no reason to send: look as late as
            # possible, when the lock is ours
            self._identity.check()
            return db.execute(statement, values).rowcount

    def _write_fact(self, statement: str, *values: Any) -> int:
        # also into a file that was moved or linked: it has happened, and is best written anywhere
        with self._transaction() as db:
            return db.execute(statement, values).rowcount

    @contextmanager
    def _transaction(self) -> Generator[sqlite3.Connection]:
        """Write, as long as nobody has opened the file since."""
        db = self._open_db
        with db:
            # the write lock first, the mark after it: whoever opens the file in between has waited
            # for the lock, and finds what is written here
            db.execute("BEGIN IMMEDIATE")
            if db.execute("SELECT mark FROM holder").fetchone() != (self._mark,):
                raise JournalError(
                    f"Another client has opened the journal {self.path} meanwhile, by another name "
                    "or without its lock file. Nothing more is written or sent here: one client, "
                    "in one process, may have it open."
                )
            yield db

    # --- in the thread: its begin and its end --------------------------------------------------

    def _open(self) -> None:
        if self._reads_only:
            self._db = open_to_read(self.path)
            return
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
        # an SQLite database of its own: its lock works wherever SQLite's do, and ends with the
        # process however that ends
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
                f"The journal {self.path} is in use: one client, in one process, may have it open. "
                "Several processes share a database: journal='postgresql://…' (in the README, "
                "More than one process)."
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
            # after the check: a file that is refused stays as it is. A log of the first version is
            # emptied into it
            db.execute("PRAGMA journal_mode = DELETE")
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
