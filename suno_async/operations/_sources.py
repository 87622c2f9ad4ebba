"""Objects where ids are wanted: a track serves as its id, and brings its task's id along."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from suno_async.errors import Fault

if TYPE_CHECKING:
    from collections.abc import Iterator


class HasAudioId(Protocol):
    """A track, or anything like it."""

    @property
    def id(self) -> str:
        """The audio id."""
        ...

    @property
    def task_id(self) -> str | None:
        """The id of the task that made it."""
        ...


class AudioId(str):
    """An audio id that remembers the track it came from."""

    __slots__ = ("track",)
    track: HasAudioId


def audio_id(given: str | HasAudioId) -> str:
    """The id of a track; a plain id stays as it is."""
    if isinstance(given, str) or not hasattr(given, "id"):
        return given  # type: ignore[return-value]  # what is no id is refused with the field's name
    known = AudioId(given.id)
    known.track = given
    return known


def task_id_of_audio(operation: Any) -> str | None:
    """The task's id, which a track given as `audio_id` knows."""
    given = operation.audio_id
    return given.track.task_id if isinstance(given, AudioId) else None


def task_id_faults(task_id: str | None) -> Iterator[Fault]:
    """A plain audio id does not say which task made it."""
    if task_id is None:
        yield Fault("task_id", "is required where the track is given by its plain id")
