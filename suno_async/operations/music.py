"""Operations that make songs."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from attrs import evolve, field, frozen

from suno_async.errors import Fault
from suno_async.results import Track

from ._model import V6_FAMILY, Limits, Model, is_before_v6, is_known, limits_of
from ._rules import at_most, between, each, must, no_more_than, too_long, url
from .base import MUSIC, Kind, TaskOperation, as_tuple

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Self

_WEIGHT = must(between(0, 1, step=0.01))
_CUSTOM_ONLY = (
    "style",
    "title",
    "persona_id",
    "persona_model",
    "negative_tags",
    "vocal_gender",
    "style_weight",
    "weirdness_constraint",
    "audio_weight",
    "duration",
)
_SIMPLE_V6 = ("style", "persona_id", "persona_model")  # the V6 page lets style go with an idea
_ATTACHMENTS = ("image_urls", "video_urls", "audio_urls")


@frozen(kw_only=True)
class GenerateMusic(TaskOperation[tuple[Track, ...]]):
    """Make two songs, from an idea (simple mode) or from words, style and title (custom mode).

    `GenerateMusic("an idea")` is the simple mode: the service writes words and style. Custom mode
    sings `lyrics` in a given `style` under a given `title`, or plays `instrumental`.

    Raises:
        InvalidRequest: something is missing for the mode, too long for the model or out of range.
    """

    path: ClassVar[str] = "/api/v1/generate"
    kind: ClassVar[Kind] = MUSIC

    prompt: str | None = field(default=None, kw_only=False)
    """The idea, at most 500 characters (V6: 3000); the words sung are written from it."""
    lyrics: str | None = None
    """The words to be sung, at most 5000 characters (V4 and before: 3000)."""
    style: str | None = None
    """The style in custom mode, at most 1000 characters (V4 and before: 200)."""
    title: str | None = None
    """The title in custom mode, at most 100 characters (V4 and before, V4_5ALL, V6: 80)."""
    instrumental: bool = False
    """Whether it is played without voices."""
    model: Model | str = Model.V5
    """The model; a name unknown here is passed on unchecked."""
    custom_mode: bool | None = None
    """The mode; left out, lyrics, style or title make it the custom mode."""
    negative_tags: str | None = field(default=None, metadata=must(at_most(1000)))
    """What to avoid, at most 1000 characters; custom mode."""
    vocal_gender: Literal["m", "f"] | None = None
    """The voice preferred; custom mode."""
    style_weight: float | None = field(default=None, metadata=_WEIGHT)
    """How closely to follow the style, 0 to 1 in steps of 0.01; custom mode."""
    weirdness_constraint: float | None = field(default=None, metadata=_WEIGHT)
    """How far to stray, 0 to 1 in steps of 0.01; custom mode."""
    audio_weight: float | None = field(default=None, metadata=_WEIGHT)
    """How much given audio counts, 0 to 1 in steps of 0.01; custom mode."""
    persona_id: str | None = None
    """A persona or a voice to sing it; custom mode."""
    persona_model: Literal["style_persona", "voice_persona"] | None = None
    """What `persona_id` is; a voice needs `voice_persona`. V5 and later."""
    duration: int | None = field(default=None, metadata=must(between(10, 360)))
    """The length in seconds, 10 to 360; custom mode, V5_5 and V6."""
    variety: int | None = field(default=None, metadata=must(between(0, 4)))
    """How different the two songs are, 0 to 4; V6."""
    image_urls: tuple[str, ...] | None = field(
        default=None, converter=as_tuple, metadata=must(each(url), no_more_than(5))
    )
    """Pictures to start from, at most 5; simple mode, V6."""
    video_urls: tuple[str, ...] | None = field(
        default=None, converter=as_tuple, metadata=must(each(url), no_more_than(1))
    )
    """A video to start from; simple mode, V6."""
    audio_urls: tuple[str, ...] | None = field(
        default=None, converter=as_tuple, metadata=must(each(url), no_more_than(10))
    )
    """Audio to start from; simple mode, V6; all attachments together at most 10."""

    @property
    def is_custom(self) -> bool:
        """Whether it is sent in custom mode."""
        if self.custom_mode is not None:
            return self.custom_mode
        return not (self.lyrics is None and self.style is None and self.title is None)

    def as_sent(self) -> Self:
        """With the mode decided, and before V6 with the lyrics as the prompt."""
        sung = self.is_custom and is_before_v6(self.model) and self.lyrics is not None
        return evolve(
            self,
            custom_mode=self.is_custom,
            prompt=self.lyrics if sung else self.prompt,
            lyrics=None if sung else self.lyrics,
        )

    def faults(self) -> Iterator[Fault]:
        """What the mode and the model ask for."""
        yield from model_faults(self.model)
        limits = limits_of(self.model)
        yield from self._custom_faults(limits) if self.is_custom else self._simple_faults(limits)
        yield from self._newer_faults()

    def _custom_faults(self, limits: Limits) -> Iterator[Fault]:
        if self.prompt is not None and not self.custom_mode:
            why = "would be sung word for word beside lyrics, style or title: give the words as"
            yield Fault("prompt", f"{why} lyrics instead, or custom_mode=True if that is meant")
        elif self.prompt is not None and self.lyrics is not None:
            yield Fault("prompt", "is sung as lyrics in custom mode: give one of the two")
        sung = "prompt" if self.lyrics is None and self.prompt is not None else "lyrics"
        given = {sung: getattr(self, sung), "style": self.style, "title": self.title}
        if is_before_v6(self.model):
            for name, value in given.items():
                needed = name != sung or not self.instrumental
                if needed and not (value or "").strip():
                    yield Fault(name, f"is required in custom mode with {self.model}", value)
        elif is_known(self.model) and not (self.style or given[sung] or self.negative_tags):
            yield Fault("style", "is required in custom mode, or else lyrics or negative_tags")
        for (name, value), limit in zip(
            given.items(), (limits.lyrics, limits.style, limits.title), strict=True
        ):
            if problem := too_long(value or "", limit, f" with {self.model}"):
                yield Fault(name, problem, value)

    def _simple_faults(self, limits: Limits) -> Iterator[Fault]:
        newer = not is_before_v6(self.model)
        started = self.prompt or (
            newer and any(getattr(self, name) for name in (*_ATTACHMENTS, "style", "lyrics"))
        )
        if not (started and (self.prompt is None or self.prompt.strip())):
            yield Fault("prompt", "must not be empty: say what the song shall be", self.prompt)
        if problem := too_long(
            self.prompt or "", limits.idea, f" in simple mode with {self.model}"
        ):
            yield Fault("prompt", problem, self.prompt)
        if not is_known(self.model):
            return
        if not newer and self.lyrics is not None:
            yield Fault("lyrics", "are sung in custom mode only")
        for name in _CUSTOM_ONLY:
            if getattr(self, name) is not None and not (newer and name in _SIMPLE_V6):
                yield Fault(name, "is for the custom mode: give style and title too")

    def _newer_faults(self) -> Iterator[Fault]:
        attached = [name for name in _ATTACHMENTS if getattr(self, name)]
        if is_before_v6(self.model):
            for name in ("variety", *attached):
                if getattr(self, name) is not None:
                    yield Fault(name, f"is taken by the V6 models, not by {self.model}")
            if self.duration is not None and self.model != Model.V5_5:
                yield Fault("duration", f"is taken by V5_5 and V6, not by {self.model}")
        elif self.model in V6_FAMILY and attached:
            if self.is_custom:
                yield Fault(attached[0], "is for the simple mode")
            if sum(len(getattr(self, name)) for name in attached) > 10:  # noqa: PLR2004 the V6 page
                yield Fault(attached[0], "and the other attachments may be 10 in all")


def model_faults(model: Model | str) -> Iterator[Fault]:
    """Any name will do, for new models come without a release of ours; but there must be one."""
    if not model.strip():
        yield Fault("model", f"must be one of {', '.join(Model)}, or a newer one", model)
