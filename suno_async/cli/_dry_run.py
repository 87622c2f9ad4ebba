"""What a batch would do: every line is checked, nobody is asked, nothing is spent."""

from __future__ import annotations

from collections import Counter
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from suno_async import ConfigurationError, InvalidRequest
from suno_async._journal.sqlite import Journal
from suno_async._records import Record, record_of
from suno_async._settings import key_of
from suno_async.batch import Keys
from suno_async.operations import KINDS

from ._counts import number_of

if TYPE_CHECKING:
    from pathlib import Path

    from suno_async._journal.journal import Entry

    from ._desk import Desk
    from ._requests import Requests
    from ._session import Terms


class _Fate(StrEnum):
    SENT = "would be submitted"
    DONE = "done already"
    MAKING = "being made, would be picked up"
    FAILED = "failed, would be sent again only with --retry-failed"
    UNKNOWN = "perhaps accepted, would be sent again only with --resend-unknown"
    FAULTY = "faulty"


async def check(desk: Desk, requests: Requests, journal: Path | None, terms: Terms) -> None:
    """Tell what is wrong with each line, and how many would be submitted."""
    book = _existing(journal)
    keys, fates = Keys(), Counter[_Fate]()
    try:
        async for line in requests.as_they_come():
            if isinstance(line.item, InvalidRequest):
                desk.problem(line.item, line=line.number)
                fates[_Fate.FAULTY] += 1
            else:
                entry = None if book is None else await book.find(keys.of(line.item))
                fates[_fate(entry, terms)] += 1
    finally:
        if book is not None:
            await book.close()
    told = "; ".join(f"{fates[fate]} {fate}" for fate in _Fate if fates[fate]) or "nothing to do"
    counts = {fate.name.lower(): fates[fate] for fate in _Fate}
    sentence = f"{requests.name}, {number_of(fates.total(), 'line')}: {told}. Nothing was sent."
    desk.report.summary({"lines": fates.total(), **counts}, sentence)
    _check_key(desk)


def _check_key(desk: Desk) -> None:
    """A dry run needs no key; the batch will."""
    try:
        key_of(None)
    except ConfigurationError as error:
        desk.report.say(f"Before it can be sent: {error}")


def _existing(journal: Path | None) -> Journal | None:
    """The journal, if there is one already: none is made."""
    return Journal(journal) if journal is not None and journal.exists() else None


def _fate(entry: Entry | None, terms: Terms) -> _Fate:
    """What a batch on these terms would do with a request that the journal knows so."""
    if entry is None:
        return _Fate.SENT
    if entry.is_unknown:
        return _Fate.SENT if terms.resend_unknown else _Fate.UNKNOWN
    if entry.outcome is None:
        return _Fate.MAKING
    record: Record[Any] = record_of(KINDS[entry.kind or ""], entry.outcome, token=entry.id)
    if record.failure is None:
        return _Fate.DONE
    return _Fate.SENT if terms.retry_failed else _Fate.FAILED
