"""`suno-async wait` and `suno-async download`: the files of what was paid for before."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from typing import Any, TypeAlias

from suno_async import ConfigurationError, SunoClient, Task
from suno_async.cli._delivery import deliver, fetch
from suno_async.cli._desk import Desk
from suno_async.cli._inputs import SONGS, Beside, ready
from suno_async.cli._tokens import stand_in, tokens_of

_HERE = Desk()
_ALONE = Beside()
_Work: TypeAlias = Callable[[Desk, SunoClient, Task[Any], Path], Coroutine[Any, Any, None]]


async def wait(
    *tokens: str, out: Path = SONGS, beside: Beside = _ALONE, desk: Desk = _HERE
) -> None:
    """Follow tasks to their end, and write their files.

    It costs nothing, and may be done as often as you like. Lyrics are printed;
    other results without files are printed as JSON.

    Args:
        tokens: Tasks, as printed when they were accepted: music:5c79be8e...; @FILE reads a file,
            - reads stdin.
        out: The folder for the files, created if missing.
        beside: What is written beside the audio.
        desk: Where the command works.
    """
    desk.beside = beside
    await _for_each(tokens, deliver, "wait", out, desk)


async def download(
    *tokens: str, out: Path = SONGS, beside: Beside = _ALONE, desk: Desk = _HERE
) -> None:
    """Write the files of tasks that are complete.

    It costs nothing, and others are not waited for: use `suno-async wait` for what
    is still being made.

    Args:
        tokens: Tasks, as printed when they were accepted: music:5c79be8e...; @FILE reads a file,
            - reads stdin.
        out: The folder for the files, created if missing.
        beside: What is written beside the audio.
        desk: Where the command works.
    """
    desk.beside = beside
    await _for_each(tokens, fetch, "download", out, desk)


async def _for_each(given: Sequence[str], work: _Work, command: str, out: Path, desk: Desk) -> None:
    tokens = await tokens_of(given)  # before the client is opened: what is no token needs no key
    if not tokens:
        raise ConfigurationError(f"Say which: suno-async {command} music:5c79be8e...")
    desk.folder = out
    async with desk.suno() as suno:
        tasks = [suno.task(token) for token in tokens]
        folder = ready(out)
        if desk.simulate:
            desk.report.say("In the simulation, tasks that are started now stand for these.")
            tasks = [await stand_in(desk, token) for token in tokens]
            if command == "download":
                await asyncio.gather(*tasks)
        else:
            for task in tasks:
                desk.pick_up(task)
        async with asyncio.TaskGroup() as group:
            for task in tasks:
                group.create_task(work(desk, suno, task, folder))
