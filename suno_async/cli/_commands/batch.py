"""`suno-async batch`: a file of requests, made as fast as the service lets them through."""

import sys
from pathlib import Path
from typing import Annotated, Any, Literal

from cyclopts import Parameter

from suno_async.cli._batch_run import BatchRun
from suno_async.cli._counts import Counts
from suno_async.cli._desk import Desk
from suno_async.cli._dry_run import check
from suno_async.cli._inputs import FLAG, MODELS, SONGS, Beside, Kept, Terms, model_of, ready
from suno_async.cli._requests import Requests, format_of
from suno_async.cli._source import STDIN
from suno_async.cli._texts import STDINS

_HERE = Desk()
_ALONE = Beside()
_KEPT = Kept()
_TERMS = Terms()
_NO_JOURNAL = (
    "Without --journal FILE a crash loses track of what is paid for, and this cannot be resumed."
)


async def batch(  # noqa: PLR0913 each is an option
    file: str,
    /,
    *,
    format: Literal["txt", "csv", "jsonl"] | None = None,  # noqa: A002 the option's name
    kept: Kept = _KEPT,
    out: Path = SONGS,
    terms: Terms = _TERMS,
    dry_run: Annotated[bool, FLAG] = False,
    model: Annotated[str | None, Parameter(help=f"{MODELS} For lines that name none.")] = None,
    instrumental: Annotated[bool, FLAG] = False,
    beside: Beside = _ALONE,
    desk: Desk = _HERE,
) -> None:
    """Make everything a file asks for, and write the files.

    Each song's files are written as it completes.

    In a .txt each line is a prompt. A .csv has the fields' names as its header,
    a .jsonl an object of fields a line; both may name another "operation" than
    GenerateMusic. A line that is wrong is reported, and the others go on.

    In an outage it waits, and goes on by itself: nothing is submitted meanwhile.

    With --journal the same command, run again after any end, goes on and pays
    for nothing twice. --dry-run checks everything, sends and spends nothing.

    Args:
        file: The file; - is stdin.
        format: The format, where the file's name does not say it.
        kept: How it is remembered.
        out: The folder for the files, created if missing.
        terms: How the batch is made.
        dry_run: Check all lines, and list what would be submitted.
        model: The model.
        instrumental: Without voices, where a line does not say otherwise.
        beside: What is written beside the audio.
        desk: Where the command works.
    """
    terms.check()
    file = STDIN if file in STDINS else file
    defaults: dict[str, Any] = {} if model is None else {"model": model_of(model)}
    defaults |= {"instrumental": True} if instrumental else {}
    if file == STDIN and sys.stdin.isatty():
        desk.report.say("Reading lines from the terminal; Ctrl-D ends them.")
    requests = Requests(file, format_of(file, format), defaults)
    counts = Counts(requests.count())
    desk.folder = out
    desk.beside = beside
    if dry_run:
        await check(desk, requests, kept)
        return
    if counts.lines == 0:
        desk.report.say(f"{requests.name} asks for nothing: all its lines are blank.")
        return
    if kept.journal is None and not desk.simulate:
        desk.report.say(_NO_JOURNAL)
    async with desk.keeping(kept) as suno:
        await BatchRun(desk, suno, ready(out), terms, counts).run(requests)
