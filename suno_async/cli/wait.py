"""`suno-async wait`: picks up what was paid for before."""

import asyncio
import re
from pathlib import Path
from typing import Any

from suno_async import (
    ConfigurationError,
    GenerateLyrics,
    GenerateMusic,
    SunoClient,
    Task,
    TaskOperation,
)

from ._delivery import deliver
from ._desk import Desk
from ._inputs import SONGS, ready

_HERE = Desk()
_PLAIN_ID = re.compile(r"[0-9a-fA-F-]{8,}")  # what people copy from the service's pages


async def wait(*tokens: str, out: Path = SONGS, desk: Desk = _HERE) -> None:
    """Pick up what was paid for before: follow it to its end and write its files.

    It costs nothing, and may be done as often as you like. Lyrics are printed,
    and so is, as JSON, what is neither a song nor lyrics.

    Args:
        tokens: What was printed when it was accepted, such as music:5c79be8e...
        out: The folder for the files; it is made if need be.
        desk: Where the command works.
    """
    if not tokens:
        raise ConfigurationError("Say what to wait for: suno-async wait music:5c79be8e...")
    desk.folder = None if out == SONGS else out
    async with desk.suno() as suno:
        tasks = list(dict.fromkeys(_task(suno, token) for token in tokens))
        folder = ready(out)
        if desk.simulate:
            desk.report.say("In the simulation, tasks that are started now stand for these.")
            tasks = [await desk.submit(_stand_in(task)) for task in tasks]
        else:
            for task in tasks:
                desk.pick_up(task)
        async with asyncio.TaskGroup() as group:
            for task in tasks:
                group.create_task(deliver(desk, suno, task, folder))


def _task(suno: SunoClient, token: str) -> Task[Any]:
    try:
        return suno.task(token, GenerateMusic) if _PLAIN_ID.fullmatch(token) else suno.task(token)
    except ConfigurationError:
        raise ConfigurationError(
            f"{token!r} is not the token of a task: one reads like music:5c79be8e..."
        ) from None


def _stand_in(task: Task[Any]) -> TaskOperation[Any]:
    idea = "A calm piano tune at dusk"
    return GenerateLyrics(idea) if task.kind == "lyrics" else GenerateMusic(idea)
