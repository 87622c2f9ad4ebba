"""One thread that talks to a PostgreSQL server, and makes the tables of a journal there.

A connection that broke is made anew once, and what was said on it is said again: each statement may
be (`postgres_statements`). What the server does not answer within `PATIENCE` seconds, counted from
when it was asked for, is given up and the connection with it: a server that stands still keeps its
sockets open, and its kernel acknowledges what is sent to it, so that nothing but a clock can tell.

No sentence holds the password: what a wrong URL is complained about with quotes parts of it, so
such complaints are not repeated; in all others it is blotted out.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from time import monotonic
from typing import TYPE_CHECKING, Any, TypeVar

import psycopg
from attrs import define, field
from psycopg import conninfo, errors
from psycopg.rows import namedtuple_row

from suno_async._journal import postgres_statements as sql
from suno_async._journal.worker import Worker
from suno_async.errors import JournalError

if TYPE_CHECKING:
    from collections.abc import Generator

T = TypeVar("T")

_log = logging.getLogger("suno_async")

PATIENCE = 8.0
"""Seconds for an answer of the server."""
_HOPELESS = (
    psycopg.DataError,
    psycopg.IntegrityError,
    psycopg.NotSupportedError,
    psycopg.ProgrammingError,
    ValueError,  # half a character
)
_READ_ONLY = "can only be read: it is a standby, or set to be. Give the address of the primary"


class _StandsStill(psycopg.OperationalError):
    """No answer in time."""


class BoundedConnection(psycopg.Connection[Any]):
    """A connection that gives up at a time."""

    until: float = float("inf")
    """By the monotonic clock."""

    def wait(self, gen: Any, *given: Any, **more: Any) -> Any:
        """Wait for the server, which psycopg itself would do for ever."""
        return super().wait(self._bounded(gen), *given, **more)

    def _bounded(self, gen: Generator[Any, Any, T]) -> Generator[Any, Any, T]:
        # psycopg wakes it every tenth of a second with nothing, which is when the clock is read
        try:
            wanted = next(gen)
            while True:
                ready = yield wanted
                if not ready and monotonic() > self.until:
                    self.close()  # an answer that comes yet would be taken for the next one's
                    raise _StandsStill
                wanted = gen.send(ready)
        except StopIteration as end:
            value: T = end.value
            return value


def parts_of(url: str) -> dict[str, Any]:
    """The parts of a URL.

    Raises:
        JournalError: it is none; what is wrong with it is not quoted: it may be the password.
    """
    address, _, path = url.partition("://")[2].partition("?")[0].partition("/")
    try:
        parts = dict(conninfo.conninfo_to_dict(url))
    except psycopg.Error:
        parts = {}
    ports = str(parts.get("port", "")).replace(",", "")
    # libpq would take what follows a / or @ in a password for the database, and show it
    if not parts or "@" in path or address.count("@") > 1 or (ports and not ports.isdecimal()):
        raise JournalError(
            "journal is no URL of a PostgreSQL database: it must be like "
            "'postgresql://user:password@host:5432/name', where : / @ ? # and % in user and "
            "password are written %3A %2F %40 %3F %23 %25."
        )
    return parts


def name_of(parts: dict[str, Any]) -> str:
    """A URL without the password, and without options."""
    user, host, port = (str(parts.get(one, "")) for one in ("user", "host", "port"))
    at = f"{user}@" if user else ""
    where = f"{host}:{port}" if port else host
    return f"postgresql://{at}{where}/{parts.get('dbname', user)}"


@define(eq=False, kw_only=True)
class PostgresConnection(Worker):
    """The thread and its connection.

    Raises:
        JournalError: the server cannot be reached or does not answer, or its database is not fit.
        ClientClosed: it was closed.
    """

    _parts: dict[str, Any] = field(alias="parts", repr=False)
    _patience: float = field(factory=lambda: PATIENCE, init=False)
    _reads_only: bool = field(default=False, alias="reads_only")
    """Whether no tables are made, and a standby is as good as any."""
    _opened: Callable[[], None] = field(alias="opened", repr=False)
    """Called in the thread once the tables are there."""
    _closing: Callable[[], None] = field(alias="closing", repr=False)
    """Called in the thread before it disconnects, with all written."""
    _name: str = field(init=False)
    _db: BoundedConnection | None = field(default=None, init=False)
    _is_checked: bool = field(default=False, init=False)
    has_tables: bool = field(default=True, init=False)
    """Whether there is a journal, once it is open."""

    def __attrs_post_init__(self) -> None:
        self._name = name_of(self._parts)

    @property
    def name(self) -> str:
        """The URL without the password."""
        return self._name

    # --- in the thread -------------------------------------------------------------------------

    def connect(self) -> BoundedConnection:
        """Make another connection."""
        usual = {"connect_timeout": 5, "client_encoding": "utf8", "application_name": "suno-async"}
        given: dict[str, Any] = usual | self._parts
        db = BoundedConnection.connect(
            **given,
            autocommit=True,
            prepare_threshold=None,  # what a pool in transaction mode does not keep
            row_factory=namedtuple_row,
        )
        assert isinstance(db, BoundedConnection)  # noqa: S101 for mypy alone
        return db

    def rows(self, statement: str, values: dict[str, Any]) -> list[Any]:
        """Say a statement, on a new connection if the old one is broken; what it returns."""
        return self._say(statement, values).fetchall()

    def write(self, statement: str, *values: Any) -> int:
        """Say a statement; how many rows it has changed or notified of."""
        return self._say(statement, values[0]).rowcount

    def _write_fact(self, statement: str, *values: Any) -> int:
        return self.write(statement, *values)

    def _say(self, statement: str, values: dict[str, Any]) -> psycopg.Cursor[Any]:
        try:
            return self._connected().execute(statement.encode(), values)
        except (psycopg.OperationalError, errors.ReadOnlySqlTransaction) as error:
            if isinstance(error, errors.ReadOnlySqlTransaction) and self._db is not None:
                self._db.close()  # the primary is another one by now: a URL may name several
            if isinstance(error, _StandsStill) or self._db is None or not self._db.closed:
                raise
            # the server was restarted, or a network between has forgotten the connection; whether
            # the statement was done before is not known, and need not be
            self._db = None
            return self._connected().execute(statement.encode(), values)

    def _connected(self) -> BoundedConnection:
        if self._db is None or self._db.closed:
            if monotonic() >= self._until:  # those before in the queue have waited in vain
                raise _StandsStill
            self._db = self.connect()
        self._db.until = self._until
        if not self._is_checked:
            self._prepare(self._db)
            self._is_checked = True
        return self._db

    def _open(self) -> None:
        self._connected()
        self._opened()

    def _close(self) -> None:
        try:
            if self._db is not None and not self._db.closed and self._is_checked:
                self._closing()
        except psycopg.Error as error:  # its lease ends by itself
            _log.info("The journal %s: %s", self.name, self._error(error))
        finally:
            if self._db is not None:
                self._db.close()
            self._db = None

    def _prepare(self, db: BoundedConnection) -> None:
        """Make the tables, or make sure that those that are there are ours."""
        with db.transaction():
            is_ours, has_tables, is_read_only = _one(db, sql.IS_THERE)
            if is_read_only and not self._reads_only:
                raise JournalError(
                    f"The journal {self.name} {_READ_ONLY}, or of all of them with "
                    "?target_session_attrs=read-write; nothing is sent before."
                )
            if not (is_ours or has_tables) and self._reads_only:
                self.has_tables = False
                return
            if not is_ours:
                # whoever comes at the same time waits here, and then finds them made: CREATE ... IF
                # NOT EXISTS alone fails for one of two
                db.execute(sql.TAKE_LOCK, {"lock": sql.LOCK})
                is_ours, has_tables, _ = _one(db, sql.IS_THERE)
            if not is_ours and not has_tables:
                db.execute(sql.SCHEMA)
                db.execute(sql.NOTE_VERSION, {"version": sql.VERSION})
            version = self._version(db)
        if version > sql.VERSION:
            raise JournalError(
                f"The journal {self.name} was made by a newer version of suno-async and was left "
                "as it is: upgrade, or give another database."
            )

    def _version(self, db: BoundedConnection) -> int:
        try:
            return int(_one(db, sql.READ_VERSION)[0])
        except (errors.UndefinedTable, errors.UndefinedColumn, TypeError, ValueError):
            raise JournalError(
                f"{self.name} has a schema suno_async of something else, which was left as it is: "
                "give another database."
            ) from None

    def _is_hopeless(self, error: Exception) -> bool:
        return isinstance(error, _HOPELESS) and not isinstance(error, errors.UndefinedTable)

    def _error(self, error: Exception) -> JournalError:
        error.__traceback__ = error.__context__ = None  # its variables hold the password
        name = self.name
        match error:
            case _StandsStill():
                return JournalError(
                    f"The journal {name} cannot be used: its server does not answer within "
                    f"{self._patience:g} seconds. It goes on by itself once the server does."
                )
            case errors.InsufficientPrivilege():
                return JournalError(
                    f"The journal {name} cannot be used: {self._said(error)}. The user needs the "
                    "right to CREATE in the database once, for the tables of the schema "
                    "suno_async, and then all rights on these."
                )
            case errors.ReadOnlySqlTransaction():
                return JournalError(f"The journal {name} {_READ_ONLY}.")
            case psycopg.OperationalError() if "FATAL" in str(error):
                return JournalError(
                    f"The journal {name} cannot be used: {self._said(error)}. Give the URL of a "
                    "database that is there, and a user who may use it."
                )
            case psycopg.OperationalError() if self._db is None or self._db.closed:
                return JournalError(
                    f"The journal {name} cannot be used: {self._said(error)}. Start its server, or "
                    "mend the URL; it goes on by itself once the server is there."
                )
            case _:
                return JournalError(f"The journal {name} cannot be used: {self._said(error)}.")

    def _said(self, error: Exception) -> str:
        """What an error says, in a line without the password."""
        lines = str(error).strip().splitlines() or [type(error).__name__]
        said, password = lines[0].strip().rstrip("."), str(self._parts.get("password") or "")
        return said.replace(password, "***") if password else said


def _one(db: BoundedConnection, statement: str) -> Any:
    return db.execute(statement.encode()).fetchone()
