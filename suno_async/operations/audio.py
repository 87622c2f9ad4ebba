"""Operations on the audio of a song that is there."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from attrs import Factory, field, frozen

from suno_async.results import WavFile

from ._rules import must, not_blank
from ._sources import audio_id, task_id_faults, task_id_of_audio
from .base import WAV, Kind, TaskOperation

if TYPE_CHECKING:
    from collections.abc import Iterator

    from suno_async.errors import Fault


@frozen(kw_only=True)
class ConvertToWav(TaskOperation[WavFile]):
    """Convert a track to WAV; the service does so once a track and then answers `Conflict`.

    Raises:
        InvalidRequest: the track is given by its plain id and `task_id` is missing.
    """

    path: ClassVar[str] = "/api/v1/wav/generate"
    kind: ClassVar[Kind] = WAV

    audio_id: str = field(kw_only=False, converter=audio_id, metadata=must(not_blank))
    """The track, or its id."""
    task_id: str | None = field(
        default=Factory(task_id_of_audio, takes_self=True), metadata=must(not_blank)
    )
    """The id of the task that made it; left out, the track's."""

    def faults(self) -> Iterator[Fault]:
        """The task must be known."""
        yield from task_id_faults(self.task_id)
