"""Operations that write words."""

from __future__ import annotations

from typing import ClassVar

from attrs import field, frozen

from suno_async.results import Lyrics

from ._rules import must, not_blank, words_at_most
from .base import LYRICS, Kind, TaskOperation


@frozen(kw_only=True)
class GenerateLyrics(TaskOperation[tuple[Lyrics, ...]]):
    """Write lyrics about something, in two versions or more.

    Raises:
        InvalidRequest: there is no prompt, or it is longer than 200 words.
    """

    path: ClassVar[str] = "/api/v1/lyrics"
    kind: ClassVar[Kind] = LYRICS

    prompt: str = field(kw_only=False, metadata=must(not_blank, words_at_most(200)))
    """What the song is about, at most 200 words."""
