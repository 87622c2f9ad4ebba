"""What the operations that compose share: the two modes, and what each of them takes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from attrs import frozen

from suno_async.errors import FieldProblem
from suno_async.results import Track

from ._base import TaskOperation
from ._groups import Duration, Singer, V6Fields, Weights, newer_problems, singer_problems
from ._kinds import MUSIC, Kind
from ._model import V6_FAMILY, Model, is_before_v6, is_known, length_problems

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

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
_SIMPLE_V6 = "style"  # the V6 page lets it go with an idea


@frozen(kw_only=True)
class MusicOperation(TaskOperation[tuple[Track, ...]]):
    """An operation that makes two songs."""

    _kind: ClassVar[Kind] = MUSIC


@frozen(kw_only=True)
class SongOperation(Weights, Singer, V6Fields, Duration, MusicOperation):
    """Songs from an idea (simple mode), or from words, style and title (custom mode)."""

    _custom_from_v6: ClassVar[bool] = False
    """Whether the V6 models know the custom mode alone here."""

    prompt: str | None = None
    """The idea in simple mode, at most 500 characters (V6: 3000)."""
    style: str | None = None
    """The style in custom mode, at most 1000 characters (V4 and before: 200); V6 takes it with an
    idea in simple mode, too."""
    title: str | None = None
    """The title in custom mode, at most 100 characters (V4 and before, V4_5ALL, V6: 80)."""
    instrumental: bool = False
    """Whether it is played without voices."""
    model: Model | str = Model.V5
    """The model; a name unknown here is passed on unchecked."""
    custom_mode: bool | None = None
    """The mode; left out, lyrics, style or title make it the custom mode, but for an idea and its
    style with V6."""

    @property
    def is_custom(self) -> bool:
        """Whether it is sent in custom mode."""
        if self.custom_mode is not None:
            return self.custom_mode
        if self._custom_from_v6 and self.model in V6_FAMILY:
            return True
        return any(getattr(self, name) is not None for name in self._making_it_custom)

    @property
    def _making_it_custom(self) -> tuple[str, ...]:
        """The fields of which any one makes it the custom mode."""
        is_styled_idea = self.prompt is not None and not self._custom_from_v6
        if is_styled_idea and not is_before_v6(self.model):
            return ("lyrics", "title")
        return ("lyrics", "style", "title")

    @property
    def _sung(self) -> str:
        """The field that holds the words to be sung in custom mode."""
        return "prompt" if self.lyrics is None and self.prompt is not None else "lyrics"

    def _decided(self) -> Mapping[str, Any]:
        """The mode, and before V6 the lyrics as the prompt."""
        older, is_custom = is_before_v6(self.model), self.is_custom
        decided: dict[str, Any] = {}
        if older or not self._custom_from_v6:
            decided["custom_mode"] = is_custom
        if is_custom and older and self.lyrics is not None:
            decided |= {"prompt": self.lyrics, "lyrics": None}
        return decided

    def _problems(self) -> Iterator[FieldProblem]:
        """What the mode and the model ask for."""
        yield from singer_problems(self)
        yield from self._custom_problems() if self.is_custom else self._simple_problems()
        yield from newer_problems(self, self.model, ("variety", "duration"))

    def _custom_problems(self) -> Iterator[FieldProblem]:
        if self.prompt is not None and self.lyrics is not None:
            yield FieldProblem("prompt", "is sung as lyrics in custom mode: give one of the two")
        elif self.prompt is not None and not self.custom_mode:
            beside = [name for name in self._making_it_custom if getattr(self, name) is not None]
            where = f"beside {' and '.join(beside)}" if beside else f"by {self.model}"
            why = f"would be sung word for word {where}: give the words as lyrics instead"
            yield FieldProblem("prompt", f"{why}, or custom_mode=True if that is meant")
        if is_before_v6(self.model):
            needed = ("style", "title") if self.instrumental else (self._sung, "style", "title")
            for name in needed:
                value = getattr(self, name)
                if not (value or "").strip():
                    yield FieldProblem(name, f"is required in custom mode with {self.model}", value)
        limited = {self._sung: "lyrics", "style": "style", "title": "title"}
        yield from length_problems(self, self.model, limited)

    def _simple_problems(self) -> Iterator[FieldProblem]:
        if not self._is_started or (self.prompt is not None and not self.prompt.strip()):
            yield FieldProblem(
                "prompt", "must not be empty: say what the song shall be", self.prompt
            )
        limited = {"prompt": "idea", "lyrics": "lyrics", "style": "style"}
        yield from length_problems(self, self.model, limited, " in simple mode")
        if not is_known(self.model):  # a newer model may take in simple mode what these refuse
            return
        newer = not is_before_v6(self.model)
        if not newer and self.lyrics is not None:
            yield FieldProblem("lyrics", "are sung in custom mode only")
        for name in _CUSTOM_ONLY:
            given = getattr(self, name, None) is not None
            if given and not (newer and name == _SIMPLE_V6):
                how = "words as lyrics, and no prompt" if newer else "style and title too"
                yield FieldProblem(name, f"is for the custom mode: give {how}")

    @property
    def _is_started(self) -> bool:
        """Whether the simple mode has something to start from."""
        newer = not is_before_v6(self.model)
        return bool(self.prompt or (newer and (self.style or self.lyrics)))
