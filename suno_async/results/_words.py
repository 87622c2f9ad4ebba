"""Words: lyrics, the time of each word, and styles in words."""

from __future__ import annotations

from datetime import datetime

from attrs import frozen

from ._base import Result


@frozen(kw_only=True)
class Lyrics(Result):
    """One set of words; a task makes two or more."""

    text: str | None = None
    """The words, with section tags such as `[Verse]`."""
    title: str | None = None
    """A title for them."""
    status: str | None = None
    """`complete` or `failed`, for this one alone."""
    error_message: str | None = None
    """Why this one failed."""
    task_id: str | None = None
    """The id of the task that made it."""

    @property
    def is_ready(self) -> bool:
        """Whether there are words."""
        return bool(self.text)


@frozen(kw_only=True)
class AlignedWord(Result):
    """When one word is sung."""

    word: str = ""
    """The word; a section tag and a line break may stand before it, as in `[Verse]\\nThe`."""
    success: bool | None = None
    """Whether its time was found."""
    start_s: float | None = None
    """When it begins, in seconds."""
    end_s: float | None = None
    """When it ends, in seconds."""
    palign: float | None = None
    """A figure of the alignment's own."""


@frozen(kw_only=True)
class TimestampedLyrics(Result):
    """When each word of a track is sung."""

    aligned_words: tuple[AlignedWord, ...] = ()
    """The words in order."""
    waveform_data: tuple[float, ...] = ()
    """The loudness along the track, for drawing."""
    hoot_cer: float | None = None
    """How far the words and the singing differ, 0 to 1."""
    is_streamed: bool | None = None
    """Whether the audio is a stream still."""


@frozen(kw_only=True)
class StyleBoost(Result):
    """A style described at more length."""

    result: str | None = None
    """The style, ready to be given as `style`."""
    task_id: str | None = None
    """The service's id of the request."""
    param: str | None = None
    """What was asked."""
    credits_consumed: float | None = None
    """What it cost; fractions occur."""
    credits_remaining: float | None = None
    """What is left; fractions occur."""
    success_flag: str | None = None
    """The service's word, such as `1`, or in Chinese; without a `result` `TaskFailed` is raised."""
    error_code: int | None = None
    """The service's error code."""
    error_message: str | None = None
    """The service's error message."""
    create_time: datetime | None = None
    """When it was made."""
