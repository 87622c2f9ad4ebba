"""What a batch would do: every line is checked, nothing is sent, nothing is spent."""

from __future__ import annotations

from collections import Counter
from contextlib import AsyncExitStack, suppress
from enum import StrEnum
from typing import TYPE_CHECKING

from suno_async import ConfigurationError, InvalidRequest, JournalEntry, SubmissionState, SunoClient
from suno_async.batch import Keys
from suno_async.journal import JournalReader, account_of, read_journal

from ._counts import number_of
from ._inputs import journal_at

if TYPE_CHECKING:
    from ._desk import Desk
    from ._inputs import Kept
    from ._requests import Requests


class _Fate(StrEnum):
    SENT = "would be submitted"
    DONE = "done already"
    MAKING = "being made, would be picked up"
    FAILED = "failed, would be sent again only with --retry-failed"
    UNKNOWN = "perhaps accepted, would be sent again only with --resend-unknown"
    FAULTY = "faulty"


async def check(desk: Desk, requests: Requests, kept: Kept) -> None:
    """Report what is wrong with each line, list what would be submitted, and count."""
    keys, fates = Keys(), Counter[_Fate]()
    async with AsyncExitStack() as stack:
        read: JournalReader | None = None
        journal = None if kept.journal is None else journal_at(kept.journal)
        name: str | None = None
        with suppress(ConfigurationError):  # a dry run needs no key
            name = account_of(account=kept.account)
        if isinstance(journal, str):
            read = await stack.enter_async_context(read_journal(journal, account=name))
        elif journal is not None and journal.exists():
            read = await stack.enter_async_context(read_journal(journal))
            if name is not None and not desk.simulate:
                read.check_account(name)
        async for line in requests.as_they_come():
            if isinstance(line.item, InvalidRequest):
                desk.problem(line.item, line=line.number)
                fates[_Fate.FAULTY] += 1
            else:
                # each line is named, also without a journal: equal lines are numbered in order
                entry = None if read is None else await read.find(keys.of(line.item))
                fate = _fate(entry, kept)
                fates[fate] += 1
                desk.report.planned(line.number, line.item, fate.name.lower())
    found = "; ".join(f"{fates[fate]} {fate}" for fate in _Fate if fates[fate])
    counts = {fate.name.lower(): fates[fate] for fate in _Fate}
    lines = number_of(fates.total(), "line")
    sentence = f"{requests.name}, {lines}: {found or 'nothing to do'}. Nothing was sent."
    desk.report.summary({"lines": fates.total(), **counts}, sentence)
    try:
        SunoClient()  # what a dry run does without, the batch will need
    except ConfigurationError as error:
        desk.report.say(f"Before it can be sent: {error}")


def _fate(entry: JournalEntry | None, kept: Kept) -> _Fate:
    """The fate, in a batch on these terms, of a request with this entry in the journal."""
    if entry is None:
        return _Fate.SENT
    match entry.state:
        case SubmissionState.IN_DOUBT:
            return _Fate.SENT if kept.resend_unknown else _Fate.UNKNOWN
        case SubmissionState.IN_PROGRESS:
            return _Fate.MAKING
        case SubmissionState.FAILED:
            return _Fate.SENT if kept.retry_failed else _Fate.FAILED
        case _:
            return _Fate.DONE
