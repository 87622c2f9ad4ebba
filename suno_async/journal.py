"""A journal without a client: read, handed over to another account, or copied; without a key.

    async with read_journal("songs.sqlite") as journal:
        async for entry in journal.entries("in_doubt"):
            print(entry.key, entry.sent_at)

Nothing in it is changed by reading, and a client that has it open goes on.
"""

from __future__ import annotations

from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from attrs import define

from suno_async._http.settings import hosts_of, key_of
from suno_async._journal.account import DEFAULT, account_name
from suno_async._journal.account import check_account as check_name
from suno_async._journal.entry import JournalEntry
from suno_async._journal.journal import Entry, Journal, SubmissionState, state_named
from suno_async._journal.memory import MemoryJournal
from suno_async._journal.opening import is_url, path_of, postgres_of
from suno_async._journal.schema import check_account, check_there
from suno_async._journal.sqlite import SqliteJournal
from suno_async.errors import JournalError
from suno_async.operations._base import Host

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Mapping
    from os import PathLike

    from suno_async._journal.postgres import PostgresJournal

__all__ = ["JournalReader", "account_of", "copy_journal", "hand_over", "read_journal"]

_PAGE = 100  # entries that are copied at a time


@define(eq=False)
class JournalReader:
    """A journal that is open for reading; `read_journal` gives it."""

    _journal: Journal
    account: str | None
    """Whose it is, `None` while it is nobody's."""

    @property
    def name(self) -> str:
        """The file's path, or the database's URL without the password."""
        return self._journal.name

    async def counts(self) -> Mapping[SubmissionState, int]:
        """How many submissions are in each state."""
        return await self._journal.counts()

    async def find(self, key: str) -> JournalEntry | None:
        """What is known of a submission, by its key.

        Args:
            key: The `idempotency_key`, or another entry's `key`.
        """
        entry = await self._journal.find(key)
        return None if entry is None else JournalEntry(entry)

    def entries(self, state: SubmissionState | str | None = None) -> AsyncIterator[JournalEntry]:
        """What is known, oldest first; however many there are, a hundred are held at a time.

        Args:
            state: `in_progress`, `in_doubt`, `done` or `failed`; left out, all of them.

        Raises:
            ConfigurationError: `state` is none of them.
            JournalError: the journal cannot be read.
        """
        return self._entries(state_named(state))

    async def _entries(self, state: SubmissionState | None) -> AsyncIterator[JournalEntry]:
        async for entry in self._journal.entries(state):
            yield JournalEntry(entry)

    def check_account(self, account: str) -> None:
        """Make sure that a client of this account may open it.

        Args:
            account: The account's name, as `account_of` gives it.

        Raises:
            JournalError: it is another's; it says whose, and what to do.
        """
        check_account(self.account, account, Path(self._journal.name))


@asynccontextmanager
async def read_journal(
    journal: str | PathLike[str], *, account: str | None = None
) -> AsyncGenerator[JournalReader]:
    """Open a journal for reading; one of an older version is not upgraded.

    Args:
        journal: The file, or the database's URL.
        account: Whose, where a database has journals of several.

    Raises:
        JournalError: there is none, it is something else or newer, or cannot be read; or it has journals of several accounts.
    """  # noqa: E501 editors show the first line of an argument's text
    check_name(account)
    async with AsyncExitStack() as stack:
        keeper: SqliteJournal | PostgresJournal
        if is_url(journal):
            whose = await _one_of(str(journal), account)
            keeper = postgres_of(str(journal), lambda: whose or "", reads_only=True)
            stack.push_async_callback(keeper.close)
            empty = JournalReader(MemoryJournal(), None)
            yield empty if whose is None else JournalReader(keeper, whose)
            return
        path = Path(journal)
        check_there(path)
        keeper = SqliteJournal(path, reads_only=True)
        stack.push_async_callback(keeper.close)
        yield JournalReader(keeper, await keeper.account())


async def _one_of(url: str, account: str | None) -> str | None:
    """The account that is meant, `None` where a database has none."""
    keeper = postgres_of(url, str, reads_only=True)
    try:
        accounts = await keeper.accounts()
    finally:
        await keeper.close()
    if account is not None:
        return account if accounts else None
    if len(accounts) > 1:
        names = ", ".join(map(repr, accounts))
        raise JournalError(
            f"{keeper.name} has journals of several accounts, {names}: say whose is meant."
        )
    return accounts[0] if accounts else None


async def hand_over(
    journal: str | PathLike[str], account: str, *, before: str | None = None
) -> str | None:
    """Make a journal another account's, as after a change of the key; whose it was.

    No client may use it meanwhile.

    Args:
        journal: The file, or the database's URL.
        account: Whose it shall be: the `account` that its clients will be given, or what `account_of` gives for them; "default" is that of `SUNO_API_KEY`.
        before: Whose it is, where a database has journals of several.

    Raises:
        ConfigurationError: `account` is no name, or there is no key for the default.
        JournalError: there is no such journal, or it is in use.
    """  # noqa: E501 editors show the first line of an argument's text
    name = account_of(account=account)
    if is_url(journal):
        whose = await _one_of(str(journal), before)
        keeper = postgres_of(str(journal), lambda: whose or "")
        try:
            return None if whose is None else await keeper.give_to(name)
        finally:
            await keeper.close()
    path = Path(journal)
    check_there(path)
    file = SqliteJournal(path)
    try:
        return await file.give_to(name)
    finally:
        await file.close()


async def copy_journal(
    source: str | PathLike[str], target: str | PathLike[str], *, account: str | None = None
) -> tuple[int, int]:
    """Copy what one journal knows to another: how many submissions, and how many were there.

    From a file to a database or back, say; the target is made where there is none. What it knows
    already stays as it is, so that a copy can be made again. No client may use either meanwhile:
    what it sends would be in one of them alone.

    Args:
        source: The journal to copy: a file, or a database's URL.
        target: The journal that gets it: a file, or a database's URL.
        account: Whose, where a database has journals of several.

    Raises:
        JournalError: one of them is none, is in use, is another account's, or cannot be used.
    """
    async with AsyncExitStack() as stack:
        read = await stack.enter_async_context(read_journal(source, account=account))
        whose = read.account or account
        if whose is None:
            raise JournalError(f"{source} has nothing to copy: no client has used it yet.")
        keeper: SqliteJournal | PostgresJournal
        if is_url(target):
            keeper = postgres_of(str(target), lambda: whose)
        else:
            keeper = SqliteJournal(path_of(target), lambda: whose)
        stack.push_async_callback(keeper.close)
        await keeper.open()
        copied = total = 0
        async for page in _pages(read._journal.entries()):
            copied += await keeper.add(page)
            total += len(page)
        return copied, total - copied


async def _pages(entries: AsyncIterator[Entry]) -> AsyncIterator[list[Entry]]:
    page = list[Entry]()
    async for entry in entries:
        page.append(entry)
        if len(page) == _PAGE:
            yield page
            page = []
    yield page


def account_of(
    api_key: str | None = None, *, account: str | None = None, base_url: str | None = None
) -> str:
    """The account of a client that is made with these arguments.

    Without a name that is the API's host and a hash of the key, which takes about 30 ms, so that
    keys are not soon guessed from a journal.

    Args:
        api_key: The key; left out, the environment's `SUNO_API_KEY`.
        account: A name of yours, for which neither key nor address matter.
        base_url: The API's address; left out, `SUNO_BASE_URL` or the service's own.

    Raises:
        ConfigurationError: there is no key, the address is none, or `account` is no name.
    """
    check_name(account)
    if account not in {None, DEFAULT}:
        return str(account)
    return account_name(None, hosts_of(base_url, None)[Host.API], key_of(api_key))
