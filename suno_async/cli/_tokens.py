"""The tokens of tasks, as commands are given them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from suno_async import (
    ConfigurationError,
    GenerateLyrics,
    GenerateMusic,
    SunoClient,
    Task,
    TaskOperation,
)

from ._texts import file_in, text_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ._desk import Desk

_PLAIN_ID = re.compile(r"[0-9a-fA-F-]{8,}")  # what people copy from the service's pages


async def tokens_of(given: Iterable[str]) -> list[str]:
    """The tokens, each once; `@FILE` and `-` stand for those in there, a plain id for a song.

    Raises:
        ConfigurationError: one of them is no token, or the file cannot be read.
    """
    words: list[str] = []
    for one in given:
        words += [one] if file_in(one) is None else (await text_of(one)).split()
    return list(dict.fromkeys(map(token_of, words)))


def token_of(word: str) -> str:
    """The token that a word is, or that of a song with this plain id.

    Raises:
        ConfigurationError: it is none.
    """
    reader = SunoClient("key")  # reads tokens, and is never used to ask
    try:
        task = reader.task(word, GenerateMusic) if _PLAIN_ID.fullmatch(word) else reader.task(word)
    except ConfigurationError:
        raise ConfigurationError(
            f"{word!r} is not the token of a task: one reads like music:5c79be8e..."
        ) from None
    return task.token


async def stand_in(desk: Desk, token: str) -> Task[Any]:
    """Start a task in a simulation that stands for the one with this token."""
    idea = "A calm piano tune at dusk"
    operation: TaskOperation[Any]
    operation = GenerateLyrics(idea) if token.startswith("lyrics:") else GenerateMusic(idea)
    return await desk.submit(operation)
