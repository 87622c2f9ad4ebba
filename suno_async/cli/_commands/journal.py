"""`suno-async journal`: what a journal knows, and whose it is."""

import json
from pathlib import Path

from suno_async import ConfigurationError, JournalEntry, SubmissionState
from suno_async.cli._desk import Desk
from suno_async.cli._inputs import at_home
from suno_async.journal import account_of, hand_over, read_journal

_HERE = Desk()
_STATE = max(map(len, SubmissionState))
_TIME = len("11-20 21:07")
_TOKEN = len("music:5c79be8e-0000-4000-8000-000000000000")
_COLUMNS = 80


async def journal(
    file: Path,
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

    Args:
        file: The journal.
        state: Show only what is in this state.
        account: Whose it shall be from now on; "default" is the account of SUNO_API_KEY.
        desk: Where the command works.
    """
    file = at_home(file)
    if account is not None:
        await _hand_over(file, account, desk)
        return
    if state is not None and state not in set(SubmissionState):
        raise ConfigurationError(
            f"--state must be one of {', '.join(SubmissionState)}, not {state!r}."
        )
    async with read_journal(file) as read:
        if not desk.json:
            counts = ", ".join(f"{count} {name}" for name, count in (await read.counts()).items())
            desk.report.say(f"{file}: account {read.account or 'of nobody yet'}; {counts}")
        async for entry in read.entries(state):
            desk.report.result(json.dumps(entry.to_dict()) if desk.json else _line(entry))


async def _hand_over(file: Path, account: str, desk: Desk) -> None:
    name = account_of(account=account)
    before = await hand_over(file, name)
    if desk.json:
        facts = {"journal": str(file), "account": name, "before": before}
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
