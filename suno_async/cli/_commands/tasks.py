"""`suno-async wait` and `suno-async download`: the files of what was paid for before."""

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
from suno_async.cli._delivery import deliver, fetch
from suno_async.cli._desk import Desk
from suno_async.cli._inputs import SONGS, Beside, ready
from suno_async.cli._texts import file_in, text_of

_HERE = Desk()
_ALONE = Beside()
_PLAIN_ID = re.compile(r"[0-9a-fA-F-]{8,}")  # what people copy from the service's pages
_Work: TypeAlias = Callable[[Desk, SunoClient, Task[Any], Path], Coroutine[Any, Any, None]]


async def wait(
    *tokens: str, out: Path = SONGS, beside: Beside = _ALONE, desk: Desk = _HERE
) -> None:
    """Follow tasks that are paid for to their end, and write their files.

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
    """Write the files of tasks that are complete, without waiting for others.

    It costs nothing. To wait for what is still being made, use `suno-async wait`.

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
    tokens = await _tokens_of(given)  # before the client is opened: what is no token needs no key
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


async def _tokens_of(given: Iterable[str]) -> list[str]:
    """The tokens, each once; `@FILE` and `-` stand for those in there, a plain id for a song."""
    words: list[str] = []
    for one in given:
        words += [one] if file_in(one) is None else (await text_of(one)).split()
    return list(dict.fromkeys(map(_token, words)))


def _token(word: str) -> str:
    reader = SunoClient("key")  # reads tokens, and is never used to ask
    try:
        task = reader.task(word, GenerateMusic) if _PLAIN_ID.fullmatch(word) else reader.task(word)
    except ConfigurationError:
        raise ConfigurationError(
            f"{word!r} is not the token of a task: one reads like music:5c79be8e..."
        ) from None
    return task.token
