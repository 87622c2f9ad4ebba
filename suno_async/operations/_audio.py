"""Operations on the audio of a song that is there."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal, TypeAlias

from attrs import field, frozen

from suno_async.errors import FieldProblem
from suno_async.results import Midi, RecoveredAudio, Stems, WavFile

from ._base import TaskOperation
from ._groups import OfTrack, OfTrackOrElse
from ._kinds import MIDI, RECOVERY, STEMS, WAV, Kind
from ._rules import must, not_blank, url
from ._sources import optional_url_of, stem_id, task_id

if TYPE_CHECKING:
    from collections.abc import Iterator


StemType: TypeAlias = Literal["separate_vocal", "split_stem", "split_stem_advanced"]
"""How a song can be taken apart."""


@frozen(kw_only=True)
class ConvertToWav(OfTrack, TaskOperation[WavFile]):
    """Convert a track to WAV; the service does so once a track and then answers `Conflict`.

    Args:
        audio_id: The track, or its id.
        task_id: The id of the task that made it; left out, the track's.
        callback_url: Where the service shall post what happens; left out, the client's.
        extra: Fields of the API that have no attribute here, by their names there, as plain data; they are sent unchecked, and are part of what a key names.

    Raises:
        InvalidRequest: the track is given by its plain id and `task_id` is missing.
    """  # noqa: E501 editors show the first line of an argument's text

    _path: ClassVar[str] = "/api/v1/wav/generate"
    _kind: ClassVar[Kind] = WAV


@frozen(kw_only=True)
class SeparateVocals(OfTrackOrElse, TaskOperation[Stems]):
    """Take a song apart into stems: a track, or audio of your own. Every repeat is charged again.

    Args:
        audio_id: The track, or its id.
        task_id: The id of the task that made it; left out, the track's.
        audio_url: Audio of your own in place of a track, 20 MB at most.
        type: `separate_vocal`, voice and the rest (the service's default, 10 credits); `split_stem`, up to 12 stems (50 credits); `split_stem_advanced`, the one of `stem_name` (20 credits); or a newer one, which is passed on unchecked.
        stem_name: One of the service's 98 names, for example `Lead Vocal` or `Drum Kit`.
        callback_url: Where the service shall post what happens; left out, the client's.
        extra: Fields of the API that have no attribute here, by their names there, as plain data; they are sent unchecked, and are part of what a key names.

    Raises:
        InvalidRequest: both a track and other audio are given, or neither; or a name is missing.
    """  # noqa: E501 editors show the first line of an argument's text

    _path: ClassVar[str] = "/api/v1/vocal-removal/generate"
    _kind: ClassVar[Kind] = STEMS

    audio_url: str | None = field(default=None, converter=optional_url_of, metadata=must(url))
    """Audio of your own in place of a track, 20 MB at most."""
    type: StemType | str | None = None
    """`separate_vocal`, voice and the rest (the service's default, 10 credits); `split_stem`, up to
    12 stems (50 credits); `split_stem_advanced`, the one of `stem_name` (20 credits); or a newer
    one, which is passed on unchecked."""
    stem_name: str | None = field(default=None, metadata=must(not_blank))
    """One of the service's 98 names, for example `Lead Vocal` or `Drum Kit`."""

    def _problems(self) -> Iterator[FieldProblem]:
        """One of the two ways, and a name where one is wanted."""
        yield from self._track_or("audio_url")
        if self.type == "split_stem_advanced" and self.stem_name is None:
            yield FieldProblem("stem_name", "is required with split_stem_advanced")


@frozen(kw_only=True)
class GenerateMidi(TaskOperation[Midi]):
    """Write down the notes of stems; it takes 30 to 90 seconds.

    Args:
        task_id: The stems, their task, or its id.
        audio_id: One of the stems (of `Stems.origin_data`), or its id; left out, all of them.
        callback_url: Where the service shall post what happens; left out, the client's.
        extra: Fields of the API that have no attribute here, by their names there, as plain data; they are sent unchecked, and are part of what a key names.

    Raises:
        InvalidRequest: the stems' task is not known.
    """  # noqa: E501 editors show the first line of an argument's text

    _path: ClassVar[str] = "/api/v1/midi/generate"
    _kind: ClassVar[Kind] = MIDI

    task_id: str = field(kw_only=False, converter=task_id, metadata=must(not_blank))
    """The stems, their task, or its id."""
    audio_id: str | None = field(default=None, converter=stem_id, metadata=must(not_blank))
    """One of the stems (of `Stems.origin_data`), or its id; left out, all of them."""


@frozen(kw_only=True)
class RecoverAudio(TaskOperation[tuple[RecoveredAudio, ...]]):
    """Bring back the lost audio of a task's songs; it takes some seconds.

    Args:
        suno_task_id: The songs, their task, or its id.
        callback_url: Where the service shall post what happens; left out, the client's.
        extra: Fields of the API that have no attribute here, by their names there, as plain data; they are sent unchecked, and are part of what a key names.

    Raises:
        InvalidRequest: the task is not known.
    """  # noqa: E501 editors show the first line of an argument's text

    _path: ClassVar[str] = "/api/v1/suno/recovery"
    _kind: ClassVar[Kind] = RECOVERY

    suno_task_id: str = field(kw_only=False, converter=task_id, metadata=must(not_blank))
    """The songs, their task, or its id."""
