"""What comes back: frozen attrs objects, tolerant where the service is careless.

Every field but an id may be `None`, for the service leaves out what is not there yet. A URL that
came as empty text is `None`. Times are aware datetimes. Whatever else an answer held is in `raw`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any, Generic, TypeAlias, TypeVar

from attrs import asdict, field, fields, frozen

if TYPE_CHECKING:
    from attrs import Attribute

R_co = TypeVar("R_co", covariant=True)

RETENTION = timedelta(days=15)
"""How long generated audio is kept ([quick start]: 15 days; some hosts forget it sooner)."""


Url: TypeAlias = Annotated[str, "empty text is None"]
"""The address of something that is there; the service writes empty text where it is not."""


class Stage(StrEnum):
    """How far a task is: `pending < text < first < complete`."""

    PENDING = "pending"
    """Accepted; nothing is there yet."""
    TEXT = "text"
    """The words are written (after about 15 seconds)."""
    FIRST = "first"
    """One of the two songs can be downloaded (after 30 to 40 seconds)."""
    COMPLETE = "complete"
    """All is there (after 2 to 3 minutes)."""

    @property
    def rank(self) -> int:
        """The stage's place in the order, from 0."""
        return tuple(Stage).index(self)

    def __lt__(self, other: str) -> bool:
        return self.rank < Stage(other).rank

    def __le__(self, other: str) -> bool:
        return self.rank <= Stage(other).rank

    def __gt__(self, other: str) -> bool:
        return self.rank > Stage(other).rank

    def __ge__(self, other: str) -> bool:
        return self.rank >= Stage(other).rank


@frozen(kw_only=True)
class Result:
    """Common to all that comes back."""

    raw: Mapping[str, Any] = field(factory=dict[str, Any], repr=False, eq=False)
    """The JSON object as it came, with whatever the service added."""

    def to_dict(self) -> dict[str, Any]:
        """Plain data, ready for JSON: times as ISO text, without `raw`."""
        return asdict(self, filter=_is_not_raw, value_serializer=_plain)


@frozen(kw_only=True)
class Track(Result):
    """One song. Each task makes two, which share their title."""

    id: str
    """The audio id, a UUID; other operations take the track itself instead."""
    task_id: str | None = None
    """The id of the task that made it."""
    model: str | None = None
    """The model that was asked for; extending must use the same. See `model_name`."""
    title: str | None = None
    """The title."""
    tags: str | None = None
    """The style, as tags."""
    prompt: str | None = None
    """The words that are sung, with section tags such as `[Verse]`."""
    audio_url: Url | None = None
    """The file, once it is ready: after 2 to 3 minutes, kept for 15 days at most."""
    stream_audio_url: Url | None = None
    """A stream, playable from 30 to 40 seconds on."""
    image_url: Url | None = None
    """The cover image."""
    source_audio_url: Url | None = None
    """Where the file came from; often missing, deprecated by the service."""
    source_stream_audio_url: Url | None = None
    """Where the stream came from; often missing."""
    source_image_url: Url | None = None
    """Where the image came from; often missing."""
    model_name: str | None = None
    """The service's own name of the engine, for example `chirp-crow`."""
    create_time: datetime | None = None
    """When it was made."""
    duration: float | None = None
    """Its length in seconds, once it is known."""

    @property
    def is_ready(self) -> bool:
        """Whether the file can be downloaded."""
        return self.audio_url is not None

    @property
    def playable_url(self) -> str | None:
        """What can be heard now: the file, else the stream (from 30 to 40 seconds on)."""
        return self.audio_url or self.stream_audio_url

    @property
    def expires_at(self) -> datetime | None:
        """When the service deletes the file: 15 days after it was made, sometimes sooner."""
        return self.create_time and self.create_time + RETENTION


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

    @property
    def is_ready(self) -> bool:
        """Whether there are words."""
        return bool(self.text)


@frozen(kw_only=True)
class WavFile(Result):
    """A track as WAV."""

    audio_wav_url: Url | None = None
    """The file, kept for 15 days at most."""

    @property
    def is_ready(self) -> bool:
        """Whether the file can be downloaded."""
        return self.audio_wav_url is not None


@frozen
class TaskEvent(Generic[R_co]):
    """A task has reached a stage."""

    stage: Stage
    """The stage: `text`, `first` or `complete`, each once and in this order."""
    result: R_co
    """What was there; before `complete` files may still be missing."""
    implied: bool = False
    """Whether the stage was passed unseen, between two looks; `result` is then a later one's."""


def _plain(_instance: object, _attribute: Attribute[Any] | None, value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value) if isinstance(value, StrEnum) else value


def _is_not_raw(attribute: Attribute[Any], _value: Any) -> bool:
    return attribute != fields(Result).raw and attribute.name != "raw"
