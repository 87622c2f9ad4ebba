"""When the stages of a task come, and how it ends.

A `Plan` says it for one task, in seconds from its acceptance. A timetable makes the plans: any
callable that takes the kind and a random generator of the task's own. `Timetable` is the usual
one: fixed times, or times drawn around them.
"""

from collections.abc import Callable
from enum import StrEnum
from random import Random
from typing import Any, Literal, TypeAlias, TypedDict

import attrs
from attrs import field, frozen, validators


class Kind(StrEnum):
    """The kinds of tasks, each with a record of its own shape."""

    MUSIC = "music"
    """Songs: the only kind with stages."""
    LYRICS = "lyrics"
    """Two proposals of lyrics."""
    WAV = "wav"
    """A track as WAV."""
    STEMS = "stems"
    """A track taken apart."""
    MIDI = "midi"
    """The notes of a track."""
    VIDEO = "video"
    """A music video."""
    IMAGES = "images"
    """Cover images."""
    PHRASE = "phrase"
    """The phrase to be read aloud for a voice."""
    VOICE = "voice"
    """A voice of the user's own."""
    RECOVERY = "recovery"
    """Lost audio brought back."""


_TIME = validators.optional(validators.ge(0))


class PlanChanges(TypedDict, total=False):
    """What a script can change in the plan of a task; see `Plan` for the meaning of each."""

    text: float | None
    first: float | None
    complete: float
    skip: tuple[str, ...]
    """Stages that are left out, as `Plan` has them by `None`."""
    fail_at: float | None
    status: str | int | None
    error_code: int | None
    error_message: str | None
    partial: int
    audio: bool | Literal["source"]
    empty: bool
    callbacks: tuple[str, ...] | None
    repeat: int


@frozen(kw_only=True)
class Plan:
    """The course of one task; times are seconds from its acceptance.

    Args:
        complete: When it is complete.
        text: When the text is there (music only); None leaves the stage out.
        first: When the first track is there (music only); None leaves the stage out.
        fail_at: When it fails; None with a `status` means at `complete`.
        status: How it fails; None is success or, with `fail_at`, the kind's usual failure.
        error_code: The record's errorCode when it fails; 531 gives the credits back.
        error_message: The record's errorMessage when it fails.
        partial: How many results a failed task keeps all the same.
        audio: False ends in SUCCESS without an audio URL, and with a stream of zero bytes; `source` with the URL of the audio's source as the only one that is there.
        empty: True ends in success with an empty result (no MIDI notes).
        callbacks: The stages that have a callback (`text`, `first`, `complete`, `error`); None means all.
        repeat: How often each callback is sent.
    """  # noqa: E501 editors show the first line of an argument's text

    complete: float = field(validator=validators.ge(0))
    """When it is complete."""
    text: float | None = field(default=None, validator=_TIME)
    """When the text is there (music only); None leaves the stage out."""
    first: float | None = field(default=None, validator=_TIME)
    """When the first track is there (music only); None leaves the stage out."""
    fail_at: float | None = field(default=None, validator=_TIME)
    """When it fails; None with a `status` means at `complete`."""
    status: str | int | None = None
    """How it fails; None is success or, with `fail_at`, the kind's usual failure."""
    error_code: int | None = None
    """The record's errorCode when it fails; 531 gives the credits back."""
    error_message: str | None = None
    """The record's errorMessage when it fails."""
    partial: int = 0
    """How many results a failed task keeps all the same."""
    audio: bool | Literal["source"] = True
    """False ends in SUCCESS without an audio URL, and with a stream of zero bytes; `source` with
    the URL of the audio's source as the only one that is there."""
    empty: bool = False
    """True ends in success with an empty result (no MIDI notes)."""
    callbacks: tuple[str, ...] | None = None
    """The stages that have a callback (`text`, `first`, `complete`, `error`); None means all."""
    repeat: int = 1
    """How often each callback is sent."""

    @property
    def fails(self) -> bool:
        """Whether the task ends in a failure."""
        return self.fail_at is not None or self.status is not None

    @property
    def end(self) -> float:
        """When it is over, in seconds from acceptance."""
        return self.complete if self.fail_at is None else self.fail_at

    def changed(self, changes: PlanChanges) -> "Plan":
        """The same plan with a script's changes.

        Raises:
            TypeError: no plan has such an attribute or such a stage.
            ValueError: a time is below 0.
        """
        fields: dict[str, Any] = {**changes}
        for stage in fields.pop("skip", ()):
            fields[stage] = None  # a stage that no plan has is a TypeError of `evolve`
        return attrs.evolve(self, **fields)


TimetableLike: TypeAlias = Callable[[Kind, Random], Plan]
"""What makes a plan for a task of a kind, with a random generator of the task's own."""


@frozen(kw_only=True)
class Timetable:
    """Plans with fixed times, or with times drawn around them, in seconds from acceptance.

    Args:
        text: When a song's text is there.
        first: When a song's first track is there.
        complete: When a song is complete.
        lyrics: When lyrics are complete.
        wav: When a WAV is complete.
        stems: When stems are complete.
        midi: When MIDI notes are complete (30 to 90 s are documented).
        video: When a video is complete.
        images: When cover images are complete.
        phrase: When a voice's phrase is ready.
        voice: When a voice is ready.
        recovery: When a recovery is over.
        varied: Whether the times are drawn around these (log-normal) in place of being these exactly.
        failed: The share of tasks that fail, at some time before they would be complete.
        slow: The share of tasks that take 1.5 to 3 times as long.
        scale: A factor on all times.
        spread: A factor on how widely drawn times lie around these.
    """  # noqa: E501 editors show the first line of an argument's text

    text: float = 15.0
    """When a song's text is there."""
    first: float = 36.5
    """When a song's first track is there."""
    complete: float = 148.0
    """When a song is complete."""
    lyrics: float = 15.0
    """When lyrics are complete."""
    wav: float = 20.0
    """When a WAV is complete."""
    stems: float = 50.0
    """When stems are complete."""
    midi: float = 60.0
    """When MIDI notes are complete (30 to 90 s are documented)."""
    video: float = 90.0
    """When a video is complete."""
    images: float = 40.0
    """When cover images are complete."""
    phrase: float = 20.0
    """When a voice's phrase is ready."""
    voice: float = 20.0
    """When a voice is ready."""
    recovery: float = 6.0
    """When a recovery is over."""
    varied: bool = False
    """Whether the times are drawn around these (log-normal) in place of being these exactly."""
    failed: float = 0.0
    """The share of tasks that fail, at some time before they would be complete."""
    slow: float = 0.0
    """The share of tasks that take 1.5 to 3 times as long."""
    scale: float = 1.0
    """A factor on all times."""
    spread: float = 1.0
    """A factor on how widely drawn times lie around these."""

    @classmethod
    def drawn(
        cls, *, scale: float = 1.0, failed: float = 0.0, slow: float = 0.0, spread: float = 1.0
    ) -> "Timetable":
        """The usual times, drawn as they spread in life, with a share of failed and slow tasks."""
        return cls(varied=True, scale=scale, failed=failed, slow=slow, spread=spread)

    def __call__(self, kind: Kind, rng: Random) -> Plan:
        """The plan for a task of this kind."""
        # drawn in this order for every kind, so that a share of failures moves no other draw
        slow = rng.uniform(1.5, 3.0) if rng.random() < self.slow else 1.0
        fails = rng.random() < self.failed
        if kind is Kind.MUSIC:
            text, first = self._around(self.text, 0.25, rng), self._around(self.first, 0.1, rng)
            complete = self._around(self.complete, 0.12, rng) * slow
            text, first, complete = sorted((text, first, complete))  # drawn apart, they may cross
            fail_at = rng.uniform(text, complete) if fails else None
            return Plan(text=text, first=first, complete=complete, fail_at=fail_at)
        complete = self._around(self._usual(kind), 0.25, rng) * slow
        return Plan(complete=complete, fail_at=complete if fails else None)

    def _around(self, seconds: float, spread: float, rng: Random) -> float:
        # log-normal, as waiting times are: many a little early, a few very late, none below 0
        factor = rng.lognormvariate(0.0, spread * self.spread) if self.varied else 1.0
        return seconds * self.scale * factor

    def _usual(self, kind: Kind) -> float:
        usual: float = getattr(self, kind.value)
        return usual
