"""A journal without a client: read, or handed over to another account; no key is needed.

    async with read_journal("songs.sqlite") as journal:
        async for entry in journal.entries("in_doubt"):
            print(entry.key, entry.sent_at)

Nothing in it is changed by reading, and a client that has it open goes on.
"""

from __future__ import annotations

from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from attrs import define

from suno_async._http.settings import hosts_of, key_of
from suno_async._journal.account import DEFAULT, account_name
from suno_async._journal.account import check_account as check_name
from suno_async._journal.entry import JournalEntry
from suno_async._journal.journal import SubmissionState, state_named
from suno_async._journal.schema import check_account, check_there
from suno_async._journal.sqlite import SqliteJournal
from suno_async.operations._base import Host

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Mapping
    from os import PathLike

__all__ = ["JournalReader", "account_of", "hand_over", "read_journal"]


@define(eq=False)
class JournalReader:
    """A journal that is open for reading; `read_journal` gives it."""

    _journal: SqliteJournal
    account: str | None
    """Whose it is, `None` while it is nobody's."""

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
async def read_journal(journal: str | PathLike[str]) -> AsyncGenerator[JournalReader]:
    """Open a journal for reading; one of an older version is not upgraded.

    Args:
        journal: The file.

    Raises:
        JournalError: there is none, it is something else or newer, or cannot be read.
    """
    path = Path(journal)
    check_there(path)
    keeper = SqliteJournal(path, reads_only=True)
    try:
        yield JournalReader(keeper, await keeper.account())
    finally:
        await keeper.close()


async def hand_over(journal: str | PathLike[str], account: str) -> str | None:
    """Make a journal another account's, as after a change of the key; whose it was.

    No client may have it open.

    Args:
        journal: The file.
        account: Whose it shall be: the `account` that its clients will be given, or what `account_of` gives for them; "default" is that of `SUNO_API_KEY`.

    Raises:
        ConfigurationError: `account` is no name, or there is no key for the default.
        JournalError: there is no such journal, or it is in use.
    """  # noqa: E501 editors show the first line of an argument's text
    name, path = account_of(account=account), Path(journal)
    check_there(path)
    keeper = SqliteJournal(path)
    try:
        return await keeper.give_to(name)
    finally:
        await keeper.close()


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
