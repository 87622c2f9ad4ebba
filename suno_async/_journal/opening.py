"""Which way a journal is kept, by what a client is given."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from suno_async._journal.memory import MemoryJournal
from suno_async._journal.sqlite import SqliteJournal
from suno_async.errors import ConfigurationError, JournalError

if TYPE_CHECKING:
    from collections.abc import Callable
    from os import PathLike

    from suno_async._journal.journal import Journal
    from suno_async._journal.postgres import PostgresJournal

_SCHEMES = ("postgresql://", "postgres://")


def journal_of(given: str | PathLike[str] | None, account: Callable[[], str]) -> Journal:
    """A client's journal; nothing is opened yet.

    Raises:
        ConfigurationError: it is neither a file's path nor a URL.
        JournalError: the URL is none, or what speaks to its server is not installed.
    """
    if given is None:
        return MemoryJournal()
    if is_url(given):
        return postgres_of(str(given), account)
    return SqliteJournal(path_of(given), account)


def is_url(given: object) -> bool:
    """Whether it is the URL of a database, and no file."""
    return isinstance(given, str) and given.startswith(_SCHEMES)


def postgres_of(
    url: str, account: Callable[[], str], *, reads_only: bool = False
) -> PostgresJournal:
    """The journal in a database; psycopg is imported here, and nowhere where it is not used.

    Raises:
        JournalError: the URL is none, or psycopg is not installed.
    """
    try:
        from suno_async._journal.postgres import PostgresJournal  # noqa: PLC0415 as it says
    except ImportError as error:
        raise JournalError(
            "A journal in PostgreSQL needs psycopg, which is missing or does not work here "
            f"({error}): pip install 'suno-async[postgres]'."
        ) from error
    return PostgresJournal(url, account, reads_only=reads_only)


def path_of(given: str | PathLike[str]) -> Path:
    """The path of a file.

    Raises:
        ConfigurationError: it is none.
    """
    if isinstance(given, str) and "://" in given:
        raise ConfigurationError(
            "journal must be the path of a file or a URL that begins with postgresql://, and not "
            f"with {given.partition('://')[0]}://."
        )
    try:
        path = Path(given)
    except TypeError:
        path = Path()
    if path == Path():  # no name, or that of a directory
        raise ConfigurationError(f"journal must be the path of a file, not {given!r}.")
    return path
