"""Fields that several operations share, each declared once.

They are not slotted, since attrs classes with slots cannot be combined.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from attrs import Factory, field, frozen

from suno_async._value_object import ValueObject
from suno_async.errors import FieldProblem

from ._model import Model, is_before_v6
from ._rules import at_most, between, must, not_blank
from ._sources import (
    VoiceId,
    audio_id,
    optional_audio_id,
    optional_task_id,
    persona_id,
    task_id_of_track,
    task_id_problems,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

PersonaModel: TypeAlias = Literal["style_persona", "voice_persona"]
"""What a persona is."""

_WEIGHT = must(between(0, 1, step=0.01))


def _persona_model(operation: Any) -> Literal["voice_persona"] | None:
    return "voice_persona" if isinstance(operation.persona_id, VoiceId) else None


@frozen(kw_only=True, slots=False)
class OfTrack(ValueObject):
    """Which track it works on."""

    audio_id: str = field(kw_only=False, converter=audio_id, metadata=must(not_blank))
    """The track, or its id."""
    task_id: str | None = field(
        default=Factory(task_id_of_track, takes_self=True),
        converter=optional_task_id,
        metadata=must(not_blank),
    )
    """The id of the task that made it; left out, the track's."""

    def _problems(self) -> Iterator[FieldProblem]:
        """The task must be known."""
        yield from task_id_problems(self.task_id)


@frozen(kw_only=True, slots=False)
class OfTrackOrElse(ValueObject):
    """Which track it works on, where it can also work on something else."""

    audio_id: str | None = field(
        default=None, kw_only=False, converter=optional_audio_id, metadata=must(not_blank)
    )
    """The track, or its id."""
    task_id: str | None = field(
        default=Factory(task_id_of_track, takes_self=True),
        converter=optional_task_id,
        metadata=must(not_blank),
    )
    """The id of the task that made it; left out, the track's."""

    def _track_or(self, other: str) -> Iterator[FieldProblem]:
        """Either a track, whose task is known, or what lies in the field `other`."""
        if getattr(self, other) is not None:
            for name in ("audio_id", "task_id"):
                if (value := getattr(self, name)) is not None:
                    yield FieldProblem(name, f"is for a track: leave it out with {other}", value)
        elif self.audio_id is None:
            yield FieldProblem("audio_id", f"is required, or else {other}")
        else:
            yield from task_id_problems(self.task_id)


@frozen(kw_only=True, slots=False)
class Weights(ValueObject):
    """How the singing is tuned."""

    vocal_gender: Literal["m", "f"] | None = None
    """The voice preferred; of a song, custom mode only."""
    style_weight: float | None = field(default=None, metadata=_WEIGHT)
    """How closely to follow the style, 0 to 1 in steps of 0.01; of a song, custom mode only."""
    weirdness_constraint: float | None = field(default=None, metadata=_WEIGHT)
    """How far to stray, 0 to 1 in steps of 0.01; of a song, custom mode only."""
    audio_weight: float | None = field(default=None, metadata=_WEIGHT)
    """How much given audio counts, 0 to 1 in steps of 0.01; of a song, custom mode only."""


@frozen(kw_only=True, slots=False)
class NegativeTags(ValueObject):
    """What to avoid."""

    negative_tags: str | None = field(default=None, metadata=must(at_most(1000)))
    """What to avoid, at most 1000 characters; of a song, custom mode only."""


@frozen(kw_only=True, slots=False)
class Singer(ValueObject):
    """Who sings."""

    persona_id: str | None = field(default=None, converter=persona_id, metadata=must(not_blank))
    """A persona or a voice to sing it, or its id; of a song, custom mode only."""
    persona_model: PersonaModel | str | None = field(
        default=Factory(_persona_model, takes_self=True)
    )
    """What `persona_id` is: a voice's plain id needs `voice_persona`. V5 and later; another word
    than these is passed on unchecked."""


@frozen(kw_only=True, slots=False)
class V6Fields(ValueObject):
    """What the V6 models take besides."""

    lyrics: str | None = None
    """The words to be sung, at most 5000 characters (V4 and before: 3000)."""
    variety: int | None = field(default=None, metadata=must(between(0, 4)))
    """How different the two songs are, 0 to 4; V6."""


@frozen(kw_only=True, slots=False)
class Duration(ValueObject):
    """How long it shall be."""

    duration: int | None = field(default=None, metadata=must(between(10, 360)))
    """The length in seconds, 10 to 360; of a song, custom mode only; V5_5 and V6. Left out, V6 and
    V6_WILD make 20 seconds, which is logged at WARNING; V6_MINI ignores it."""


def warning_for(operation: object) -> str | None:
    """What the log says when an operation of a model `SHORT_BY_DEFAULT` is submitted."""
    if not isinstance(operation, Duration) or operation.duration is not None:
        return None
    if not getattr(operation, "is_custom", True):
        return None
    model = getattr(operation, "model", None)
    return f"duration is left out, which means 20 seconds with {model}: duration takes 10 to 360"


def singer_problems(operation: Singer) -> Iterator[FieldProblem]:
    """A voice is no style."""
    if isinstance(operation.persona_id, VoiceId) and operation.persona_model == "style_persona":
        yield FieldProblem(
            "persona_model", "must be voice_persona for a voice", operation.persona_model
        )


def newer_problems(
    operation: Any, model: Model | str | None, names: Iterable[str]
) -> Iterator[FieldProblem]:
    """Fields that a model before V6 does not know; `duration` came with V5_5."""
    if model is None or not is_before_v6(model):
        return
    for name in names:
        value = getattr(operation, name)
        if value is None or (name == "duration" and model == Model.V5_5):
            continue
        which = "V5_5 and V6" if name == "duration" else "the V6 models"
        yield FieldProblem(name, f"is taken by {which}, not by {model}", value)
