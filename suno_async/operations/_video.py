"""Operations that make videos and images of songs."""

from __future__ import annotations

from typing import ClassVar

from attrs import field, frozen

from suno_async.results import CoverImages, MusicVideo

from ._base import TaskOperation
from ._groups import OfTrack
from ._kinds import IMAGES, VIDEO, Kind
from ._rules import at_most, must, not_blank
from ._sources import task_id


@frozen(kw_only=True)
class CreateMusicVideo(OfTrack, TaskOperation[MusicVideo]):
    """Make a video of a track.

    Args:
        audio_id: The track, or its id.
        task_id: The id of the task that made it; left out, the track's.
        author: The artist to show, at most 50 characters.
        domain_name: The site to show, at most 50 characters.
        callback_url: Where the service shall post what happens; left out, the client's.
        extra: Fields of the API that have no attribute here, by their names there, as plain data; they are sent unchecked, and are part of what a key names.

    Raises:
        InvalidRequest: the track is given by its plain id and `task_id` is missing, or a name is
            longer than 50 characters.
    """  # noqa: E501 editors show the first line of an argument's text

    _path: ClassVar[str] = "/api/v1/mp4/generate"
    _kind: ClassVar[Kind] = VIDEO

    author: str | None = field(default=None, metadata=must(at_most(50)))
    """The artist to show, at most 50 characters."""
    domain_name: str | None = field(default=None, metadata=must(at_most(50)))
    """The site to show, at most 50 characters."""


@frozen(kw_only=True)
class GenerateCoverImages(TaskOperation[CoverImages]):
    """Make cover images for the songs of a task; the service does so once a task.

    Args:
        task_id: The songs, one of them, their task, or its id.
        callback_url: Where the service shall post what happens; left out, the client's.
        extra: Fields of the API that have no attribute here, by their names there, as plain data; they are sent unchecked, and are part of what a key names.

    Raises:
        InvalidRequest: the task is not known.
    """  # noqa: E501 editors show the first line of an argument's text

    _path: ClassVar[str] = "/api/v1/suno/cover/generate"
    _kind: ClassVar[Kind] = IMAGES

    task_id: str = field(kw_only=False, converter=task_id, metadata=must(not_blank))
    """The songs, one of them, their task, or its id."""
