"""Objects where ids are wanted: a track serves as its id, and brings its task's id along.

What is no such object stays as it is, for the check of the operation to name the field.
The `optional_…` are written out, for behind `attrs.converters.optional` pyright checks no argument,
and help() shows a ForwardRef in the place of its type.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias, cast

from suno_async.errors import FieldProblem

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


class IsTask(Protocol):
    """A task."""

    @property
    def id(self) -> str:
        """The task's id."""
        ...

    @property
    def token(self) -> str:
        """The task's token."""
        ...


class HasTaskId(Protocol):
    """A result that knows its task."""

    @property
    def task_id(self) -> str | None:
        """The id of the task that made it."""
        ...


class HasId(Protocol):
    """A stem, or anything like it."""

    @property
    def id(self) -> str | None:
        """Its id."""
        ...


class HasUrl(Protocol):
    """An uploaded file, or anything like it."""

    @property
    def url(self) -> str:
        """Where it lies."""
        ...


class HasPersonaId(Protocol):
    """A persona."""

    @property
    def persona_id(self) -> str:
        """Its id."""
        ...


class HasVoiceId(Protocol):
    """A voice."""

    @property
    def voice_id(self) -> str | None:
        """Its id."""
        ...


TaskSource: TypeAlias = str | IsTask | HasTaskId | Sequence[HasTaskId]
"""A task, what it made, or its id."""


class AudioId(str):
    """An audio id that remembers the track it came from."""

    __slots__ = ("track",)
    track: HasAudioId


class VoiceId(str):
    """A persona id that is a voice's."""

    __slots__ = ()


def audio_id(given: str | HasAudioId) -> str:
    """The id of a track; a plain id stays as it is."""
    track: Any = given
    if isinstance(given, str) or not hasattr(given, "task_id"):
        return cast("str", track)
    if not isinstance(getattr(given, "id", None), str):
        return cast("str", track)
    known = AudioId(given.id)  # text for the API; what it remembers is for the fields left out
    known.track = given
    return known


def optional_audio_id(given: str | HasAudioId | None) -> str | None:
    """As `audio_id`, where there may be none."""
    return None if given is None else audio_id(given)


def task_id(given: TaskSource) -> str:
    """The id of a task, of what it made, or of the first of what it made."""
    made: Any = given
    if isinstance(given, str):
        return given
    if isinstance(given, Sequence):
        made = given[0] if given else None
    if hasattr(made, "task_id"):
        return made.task_id or ""
    return made.id if hasattr(made, "token") else cast("str", given)


def optional_task_id(given: TaskSource | None) -> str | None:
    """As `task_id`, where there may be none."""
    return None if given is None else task_id(given)


def stem_id(given: str | HasId | None) -> str | None:
    """The id of a stem."""
    return given if given is None or isinstance(given, str) else _named(given, "id")


def url_of(given: str | HasUrl) -> str:
    """The address of an uploaded file."""
    return given if isinstance(given, str) else _named(given, "url")


def optional_url_of(given: str | HasUrl | None) -> str | None:
    """As `url_of`, where there may be none."""
    return None if given is None else url_of(given)


def urls_of(given: Iterable[str | HasUrl]) -> tuple[str, ...]:
    """The addresses of several uploaded files."""
    several: Any = given
    if isinstance(several, str) or not isinstance(several, Iterable):
        return cast("tuple[str, ...]", several)
    return tuple(url_of(one) for one in given)


def optional_urls_of(given: Iterable[str | HasUrl] | None) -> tuple[str, ...] | None:
    """As `urls_of`, where there may be none."""
    return None if given is None else urls_of(given)


def persona_id(given: str | HasPersonaId | HasVoiceId | None) -> str | None:
    """The id of a persona, or of a voice."""
    if given is None or isinstance(given, str):
        return given
    if hasattr(given, "voice_id"):  # a voice goes where a persona does, and is told apart by type
        return VoiceId(_named(given, "voice_id"))
    return cast("str", _named(given, "persona_id"))


def track_of(operation: Any) -> Any:
    """The track that was given as `audio_id`, `None` for a plain id."""
    given = operation.audio_id
    return given.track if isinstance(given, AudioId) else None


def task_id_of_track(operation: Any) -> str | None:
    """The task's id, which a track given as `audio_id` knows."""
    return getattr(track_of(operation), "task_id", None)


def model_of_track(operation: Any) -> str | None:
    """The model that was asked for when the track given as `audio_id` was made."""
    return getattr(track_of(operation), "model", None)


def task_id_problems(task_id: str | None) -> Iterator[FieldProblem]:
    """A plain id does not say which task made the track."""
    if task_id is None:
        yield FieldProblem("task_id", "is required where no track itself is given")


def _named(given: object, name: str) -> Any:
    """This attribute, empty where it is not known; what has no such attribute stays as it is."""
    return (getattr(given, name) or "") if hasattr(given, name) else given
