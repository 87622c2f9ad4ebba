"""What all results share: stages and events, and how a result is made."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any, Generic, TypeAlias, TypeVar

from attrs import asdict, field, frozen

from suno_async._value_object import ValueObject

if TYPE_CHECKING:
    from attrs import Attribute

R_co = TypeVar("R_co", covariant=True)

RETENTION = timedelta(days=15)
"""How long generated files are kept ([quick start]: 15 days; some hosts forget them sooner)."""


def expiry(made: datetime | None) -> datetime | None:
    """When something made then is deleted; `None` also for a time after which there is none."""
    try:
        return made and made + RETENTION
    except OverflowError:
        return None


Given: TypeAlias = Annotated[str, "empty text is None"]
"""A text that means something; the service writes empty text where there is nothing."""
Url: TypeAlias = Given
"""The address of something that is there."""


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

    def __init__(self, _: str) -> None:
        self._rank = len(type(self).__members__)

    def __lt__(self, other: str) -> bool:
        return self._rank < Stage(other)._rank

    def __le__(self, other: str) -> bool:
        return self._rank <= Stage(other)._rank

    def __gt__(self, other: str) -> bool:
        return self._rank > Stage(other)._rank

    def __ge__(self, other: str) -> bool:
        return self._rank >= Stage(other)._rank


@frozen(kw_only=True)
class Result(ValueObject):
    """Common to all that comes back."""

    raw: Mapping[str, Any] = field(factory=dict[str, Any], repr=False, eq=False)
    """The JSON object as it came, with whatever the service added."""

    def to_dict(self) -> dict[str, Any]:
        """Plain data, ready for JSON: times as ISO text, without `raw`."""
        return asdict(self, filter=_is_not_raw, value_serializer=_plain)


@frozen(kw_only=True)
class FileLink:
    """One file of a result; id, title and suffix together say which of them all it is."""

    url: str | None
    """Where it lies, `None` where it is not there yet."""
    title: str
    """What its name begins with."""
    id: str | None
    """The id that its name ends with, so that two files are never taken for one."""
    suffix: str
    """What it is, such as `.mp3`, where its address does not say."""

    def is_same_as(self, other: FileLink) -> bool:
        """Whether both are the same file, though its address may have changed."""
        return (self.id, self.title, self.suffix) == (other.id, other.title, other.suffix)


@frozen(kw_only=True)
class Made(Result):
    """Something that a task made; it holds what its record says of the whole, too."""

    task_id: str | None = None
    """The id of the task that made it."""
    create_time: datetime | None = None
    """When it was asked for."""
    complete_time: datetime | None = None
    """When it was complete."""

    @property
    def expires_at(self) -> datetime | None:
        """When the service deletes it: 15 days after it was made, sometimes sooner."""
        return expiry(self.complete_time or self.create_time)


@frozen(kw_only=True)
class FromTrack(Made):
    """Something that was made from a track."""

    music_id: str | None = None
    """The audio id of the track."""
    music_index: int | None = None
    """The track's place in its task, 0 or 1."""


@frozen
class TaskEvent(ValueObject, Generic[R_co]):
    """A task has reached a stage."""

    stage: Stage
    """The stage: `text`, `first` or `complete`, each once and in this order."""
    result: R_co
    """The result so far; before `complete` files may still be missing."""
    implied: bool = False
    """Whether the stage was passed unseen, between two polls; `result` is then a later one's."""


def _plain(_instance: object, _attribute: Attribute[Any] | None, value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value) if isinstance(value, StrEnum) else value


def _is_not_raw(attribute: Attribute[Any], _value: Any) -> bool:
    return attribute.name != "raw"
