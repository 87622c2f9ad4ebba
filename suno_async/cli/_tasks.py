"""What the commands share that take tokens."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Coroutine, Iterable, Sequence
from pathlib import Path
from typing import Any, TypeAlias

from suno_async import (
    ConfigurationError,
    GenerateLyrics,
    GenerateMusic,
    SunoClient,
    Task,
    TaskOperation,
)
from suno_async.task import read_token

from ._desk import Desk
from ._inputs import ready
from ._texts import file_in, text_of

Work: TypeAlias = Callable[[Desk, SunoClient, Task[Any], Path], Coroutine[Any, Any, None]]
"""What is done with each task."""


async def for_each(given: Sequence[str], work: Work, command: str, out: Path, desk: Desk) -> None:
    """Do something with each of these tasks, side by side."""
    tokens = await tokens_of(given)
    if not tokens:
        raise ConfigurationError(f"Say which: suno-async {command} music:5c79be8e...")
    desk.folder = out
    async with desk.suno() as suno:
        tasks = [suno.task(token) for token in tokens]
        folder = ready(out)
        if desk.simulate:
            desk.report.say("In the simulation, tasks that are started now stand for these.")
            tasks = [
                await _stand_in(desk, task, is_complete=command == "download") for task in tasks
            ]
        else:
            for task in tasks:
                desk.pick_up(task)
        async with asyncio.TaskGroup() as group:
            for task in tasks:
                group.create_task(work(desk, suno, task, folder))


async def _stand_in(desk: Desk, task: Task[Any], *, is_complete: bool) -> Task[Any]:
    idea = "A calm piano tune at dusk"
    operation: TaskOperation[Any]
    operation = GenerateLyrics(idea) if task.kind == "lyrics" else GenerateMusic(idea)
    made = await desk.submit(operation)
    if is_complete:
        await made
    return made


_PLAIN_ID = re.compile(r"[0-9a-fA-F-]{8,}")  # what people copy from the service's pages


async def tokens_of(given: Iterable[str]) -> list[str]:
    """The tokens, each once; `@FILE` and `-` stand for those in there, a plain id for a song.

    Raises:
        ConfigurationError: one of them is no token, or the file cannot be read.
    """
    words: list[str] = []
    for one in given:
        words += [one] if file_in(one) is None else (await text_of(one)).split()
    return list(dict.fromkeys(map(_token, words)))


def _token(word: str) -> str:
    try:
        kind, task_id = read_token(word, GenerateMusic if _PLAIN_ID.fullmatch(word) else None)
    except ConfigurationError:
        raise ConfigurationError(
            f"{word!r} is not the token of a task: one reads like music:5c79be8e..."
        ) from None
    return f"{kind.name}:{task_id}"
