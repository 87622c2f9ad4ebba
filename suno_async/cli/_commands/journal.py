"""`suno-async journal`: what a journal knows, and whose it is."""

import json
from pathlib import Path

from suno_async import ConfigurationError, JournalEntry, SubmissionState
from suno_async.cli._desk import Desk
from suno_async.cli._inputs import journal_at
from suno_async.journal import account_of, copy_journal, hand_over, read_journal

_HERE = Desk()
_STATE = max(map(len, SubmissionState))
_TIME = len("11-20 21:07")
_TOKEN = len("music:5c79be8e-0000-4000-8000-000000000000")
_COLUMNS = 80


async def journal(  # noqa: PLR0913 each is an argument or an option
    file: str,
    source: str | None = None,
    target: str | None = None,
    /,
    *,
    state: str | None = None,
    account: str | None = None,
    desk: Desk = _HERE,
) -> None:
    """Show what was submitted with a journal, and how it stands.

    A line each, oldest first: the state, when it was sent, the task's token
    (for what is in doubt, its key) and the operation. The states are
    in_progress, in_doubt, done and failed. Nothing in the file is changed, and
    a program that has it open goes on.

    With --account the journal is handed over to another account instead, as
    after a change of the key; no program may have it open then.

    "suno-async journal copy FROM TO" copies what one journal knows to another,
    from a file to a database, say, or back; no program may use either then.

    Args:
        file: The journal: a file, or the URL of a PostgreSQL database.
        source: The journal to copy, after the word copy.
        target: The journal that gets the copy.
        state: Show only what is in this state.
        account: Whose it shall be from now on; "default" is the account of SUNO_API_KEY.
        desk: Where the command works.
    """
    if source is not None:
        await _copy(file, source, target, desk)
        return
    place = journal_at(file)
    if account is not None:
        await _hand_over(place, account, desk)
        return
    if state is not None and state not in set(SubmissionState):
        raise ConfigurationError(
            f"--state must be one of {', '.join(SubmissionState)}, not {state!r}."
        )
    async with read_journal(place) as read:
        if not desk.json:
            counts = ", ".join(
                f"{count} {name.replace('_', ' ')}" for name, count in (await read.counts()).items()
            )
            desk.report.say(f"{read.name}: account {read.account or 'of nobody yet'}; {counts}")
        async for entry in read.entries(state):
            desk.report.result(json.dumps(entry.to_dict()) if desk.json else _line(entry))


async def _copy(word: str, source: str, target: str | None, desk: Desk) -> None:
    if word != "copy" or target is None:
        raise ConfigurationError("A journal is copied with: suno-async journal copy FROM TO.")
    copied, known = await copy_journal(journal_at(source), journal_at(target))
    if desk.json:
        desk.report.result(json.dumps({"copied": copied, "known": known}))
    else:
        desk.report.say(f"{copied} copied; {known} were there already.")


async def _hand_over(place: str | Path, account: str, desk: Desk) -> None:
    name = account_of(account=account)
    async with read_journal(place) as read:
        file = read.name
    before = await hand_over(place, name)
    if desk.json:
        facts = {"journal": file, "account": name, "before": before}
        desk.report.result(json.dumps(facts))
    else:
        desk.report.say(f"{file}: from account {before or 'of nobody'} to {name}")


def _line(entry: JournalEntry) -> str:
    """A line that fits a terminal; what is to be copied is whole all the same."""
    sent = f"{entry.sent_at.astimezone():%m-%d %H:%M}"
    what = entry.token or (entry.key if entry.state is SubmissionState.IN_DOUBT else "-")
    known = f"{entry.state:{_STATE}} {sent:{_TIME}} {what:{_TOKEN}} "
    room = max(0, _COLUMNS - len(known))
    name = entry.operation_name
    if len(name) > room:
        name = f"{name[: room - 1]}…" if room else ""
    return (known + name).rstrip()
