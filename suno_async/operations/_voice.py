"""Operations that make personas, and voices of your own.

A voice takes five steps: `ValidateVoice` with a recording gives a phrase; it is sung and recorded;
`GenerateVoice` makes the voice from that; `CheckVoice` says whether it can be used; then it is
given as `persona_id`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Literal, TypeAlias

from attrs import field, frozen

from suno_async.errors import FieldProblem
from suno_async.results import Persona, Voice, VoicePhrase

from ._base import SENT_AS, CallOperation, TaskOperation
from ._groups import OfTrack
from ._kinds import PHRASE, VOICE, Kind
from ._model import Model
from ._rules import at_least, must, not_blank, url
from ._sources import model_of_track, task_id, url_of

if TYPE_CHECKING:
    from collections.abc import Iterator

Language: TypeAlias = Literal["en", "zh", "es", "fr", "pt", "de", "ja", "ko", "hi", "ru"]
"""A language that phrases are made in."""
SkillLevel: TypeAlias = Literal["beginner", "intermediate", "advanced", "professional"]
"""How well somebody sings."""

_SAMPLE = 10, 30  # seconds of a track that make a persona
_DEFAULT_SAMPLE = 0.0, 30.0


@frozen(kw_only=True)
class GeneratePersona(OfTrack, CallOperation[Persona]):
    """Make a persona of a finished track (V4 or later), once a track; then `Conflict`.

    Args:
        audio_id: The track, or its id.
        task_id: The id of the task that made it; left out, the track's.
        name: The persona's name.
        description: What it is like.
        style: Its style.
        vocal_start: Where the part of the track begins, in seconds; left out, at 0.
        vocal_end: Where it ends, in seconds, 10 to 30 later; left out, at 30.
        extra: Fields of the API that have no attribute here, by their names there, as plain data; they are sent unchecked, and are part of what a key names.

    Raises:
        InvalidRequest: the task is not known, or the part is not 10 to 30 seconds long.
    """  # noqa: E501 editors show the first line of an argument's text

    _path: ClassVar[str] = "/api/v1/generate/generate-persona"
    _answer: ClassVar[Any] = Persona

    name: str = field(metadata=must(not_blank))
    """The persona's name."""
    description: str = field(metadata=must(not_blank))
    """What it is like."""
    style: str | None = None
    """Its style."""
    vocal_start: float | None = field(default=None, metadata=must(at_least(0)))
    """Where the part of the track begins, in seconds; left out, at 0."""
    vocal_end: float | None = field(default=None, metadata=must(at_least(0)))
    """Where it ends, in seconds, 10 to 30 later; left out, at 30."""

    def _problems(self) -> Iterator[FieldProblem]:
        """The task must be known, and the part have a length that is taken."""
        yield from super()._problems()
        if model_of_track(self) == Model.V3_5:
            why = "was made with V3_5; a persona needs V4 or later"
            yield FieldProblem("audio_id", why, self.audio_id)
        start, end = (
            default if given is None else given
            for given, default in zip(
                (self.vocal_start, self.vocal_end), _DEFAULT_SAMPLE, strict=True
            )
        )
        least, most = _SAMPLE
        if not least <= round(end - start, 6) <= most:
            why = f"must be {least} to {most} seconds after vocal_start, {start:g}"
            yield FieldProblem("vocal_end", why, end)


@frozen(kw_only=True)
class ValidateVoice(TaskOperation[VoicePhrase]):
    """Get a phrase to sing, from a recording of a voice; the first step to a voice.

    Args:
        voice_url: The recording that was uploaded, or its address.
        vocal_start_s: Where the singing begins, in seconds.
        vocal_end_s: Where it ends, in seconds.
        language: The language of the phrase: en, zh, es, fr, pt, de, ja, ko, hi, ru, or a newer one, which is passed on unchecked; left out, the service chooses.
        callback_url: Where the service shall post what happens; left out, the client's.
        extra: Fields of the API that have no attribute here, by their names there, as plain data; they are sent unchecked, and are part of what a key names.

    Raises:
        InvalidRequest: the part of the recording is empty.
    """  # noqa: E501 editors show the first line of an argument's text

    _path: ClassVar[str] = "/api/v1/voice/validate"
    _kind: ClassVar[Kind] = PHRASE

    voice_url: str = field(kw_only=False, converter=url_of, metadata=must(url))
    """The recording that was uploaded, or its address."""
    vocal_start_s: int = field(metadata=must(at_least(0)))
    """Where the singing begins, in seconds."""
    vocal_end_s: int = field(metadata=must(at_least(0)))
    """Where it ends, in seconds."""
    language: Language | str | None = None
    """The language of the phrase: en, zh, es, fr, pt, de, ja, ko, hi, ru, or a newer one, which is
    passed on unchecked; left out, the service chooses."""

    def _problems(self) -> Iterator[FieldProblem]:
        """There must be a part."""
        if self.vocal_end_s <= self.vocal_start_s:
            why = f"must be more than vocal_start_s, {self.vocal_start_s}"
            yield FieldProblem("vocal_end_s", why, self.vocal_end_s)


@frozen(kw_only=True)
class RegenerateVoicePhrase(TaskOperation[VoicePhrase]):
    """Get another phrase for the same recording.

    Args:
        task_id: The phrase, its task, or its id.
        callback_url: Where the service shall post what happens; left out, the client's.
        extra: Fields of the API that have no attribute here, by their names there, as plain data; they are sent unchecked, and are part of what a key names.

    Raises:
        InvalidRequest: the task is not known.
    """  # noqa: E501 editors show the first line of an argument's text

    _path: ClassVar[str] = "/api/v1/voice/regenerate"
    _kind: ClassVar[Kind] = PHRASE

    task_id: str = field(kw_only=False, converter=task_id, metadata=must(not_blank))
    """The phrase, its task, or its id."""
    callback_url: str | None = field(default=None, metadata=must(url) | {SENT_AS: "calBackUrl"})
    """Where the service shall post what happens; left out, the client's."""


@frozen(kw_only=True)
class GenerateVoice(TaskOperation[Voice]):
    """Make a voice from the phrase as it was sung.

    Args:
        task_id: The phrase, its task, or its id.
        verify_url: The recording of the phrase that was uploaded, or its address.
        voice_name: The voice's name.
        description: What it is like.
        style: Its style.
        singer_skill_level: How well it sings: `beginner` (left out, too), `intermediate`, `advanced`, `professional`, or a newer one, which is passed on unchecked.
        callback_url: Where the service shall post what happens; left out, the client's.
        extra: Fields of the API that have no attribute here, by their names there, as plain data; they are sent unchecked, and are part of what a key names.

    Raises:
        InvalidRequest: the task is not known.
    """  # noqa: E501 editors show the first line of an argument's text

    _path: ClassVar[str] = "/api/v1/voice/generate"
    _kind: ClassVar[Kind] = VOICE

    task_id: str = field(kw_only=False, converter=task_id, metadata=must(not_blank))
    """The phrase, its task, or its id."""
    verify_url: str = field(converter=url_of, metadata=must(url))
    """The recording of the phrase that was uploaded, or its address."""
    voice_name: str | None = None
    """The voice's name."""
    description: str | None = None
    """What it is like."""
    style: str | None = None
    """Its style."""
    singer_skill_level: SkillLevel | str | None = None
    """How well it sings: `beginner` (left out, too), `intermediate`, `advanced`, `professional`, or
    a newer one, which is passed on unchecked."""


@frozen(kw_only=True)
class CheckVoice(CallOperation[bool]):
    """Whether a voice can be used; asking costs nothing.

    Args:
        task_id: The voice, its task, or its id.
        extra: Fields of the API that have no attribute here, by their names there, as plain data; they are sent unchecked, and are part of what a key names.

    Raises:
        InvalidRequest: the task is not known.
    """  # noqa: E501 editors show the first line of an argument's text

    _path: ClassVar[str] = "/api/v1/voice/check-voice"
    _costs: ClassVar[bool] = False
    _answer: ClassVar[Any] = bool
    _answer_at: ClassVar[tuple[str, ...]] = ("data.is_available",)

    task_id: str = field(
        kw_only=False, converter=task_id, metadata=must(not_blank) | {SENT_AS: "task_id"}
    )
    """The voice, its task, or its id."""
