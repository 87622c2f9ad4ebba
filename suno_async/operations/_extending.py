"""Operations that carry a song on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from attrs import Factory, field, frozen

from suno_async.errors import FieldProblem

from ._groups import (
    Duration,
    NegativeTags,
    Singer,
    V6Fields,
    Weights,
    newer_problems,
    singer_problems,
)
from ._model import Model, is_before_v6, length_problems
from ._rules import above, must, not_blank, url
from ._song import MusicOperation
from ._sources import (
    audio_id,
    model_of_track,
    optional_task_id,
    task_id_of_track,
    track_of,
    url_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


@frozen(kw_only=True)
class Extension(NegativeTags, Weights, Singer, V6Fields, Duration, MusicOperation):
    """A song carried on, with the source's parameters or with new ones."""

    _sets_flag: ClassVar[tuple[str, ...]]
    """The fields of which any one asks for parameters of your own."""

    continue_at: float | None = field(default=None, metadata=must(above(0)))
    """Where to go on, in seconds from the beginning, before the end of the source."""
    prompt: str | None = None
    """The words to be sung, which may be given as `lyrics`, too: V6 reads them there."""
    style: str | None = None
    """The style, at most 1000 characters (V4 and before: 200)."""
    title: str | None = None
    """The title, at most 100 characters (V4 and before, V4_5ALL, V6: 80)."""
    instrumental: bool | None = None
    """Whether it is played without voices."""
    default_param_flag: bool | None = None
    """Whether the parameters given here count, not the source's; left out, giving some does it. The
    V6 models have no such flag, and it is sent to them only where it is given."""

    @property
    def has_own_parameters(self) -> bool:
        """Whether it is sent with parameters of its own."""
        if self.default_param_flag is not None:
            return self.default_param_flag
        return any(getattr(self, name) is not None for name in self._sets_flag)

    def _decided_for(self, model: Model | str) -> dict[str, Any]:
        """Before V6 the flag, and the words in the prompt; since V6 the words in the lyrics."""
        sung = self.prompt if self.lyrics is None else self.lyrics
        if is_before_v6(model):
            flag = self.has_own_parameters
            return {"default_param_flag": flag, "prompt": sung, "lyrics": None}
        return {"prompt": None if self.lyrics is None else self.prompt, "lyrics": sung}

    def _extension_problems(self, model: Model | str) -> Iterator[FieldProblem]:
        """What parameters of your own require; what the V6 models ask for is not published."""
        yield from singer_problems(self)
        if is_before_v6(model):
            yield from self._older_problems()
        limited = {"prompt": "lyrics", "lyrics": "lyrics", "style": "style", "title": "title"}
        yield from length_problems(self, model, limited)
        yield from newer_problems(self, model, ("variety", "duration"))

    def _older_problems(self) -> Iterator[FieldProblem]:
        if self.prompt is not None and self.lyrics is not None:
            yield FieldProblem("lyrics", "are the prompt before V6: give one of the two")
        if not self.has_own_parameters:
            return
        if self.continue_at is None:
            yield FieldProblem("continue_at", "is required with parameters of your own")
        words = self.prompt if self.lyrics is None else self.lyrics
        if not self.instrumental and not (words or "").strip():
            why = "is required with parameters of your own, such as continue_at"
            yield FieldProblem("prompt", f"{why}: say what is sung, or instrumental=True", words)


@frozen(kw_only=True)
class ExtendMusic(Extension):
    """Carry a track on: two songs that begin as it does.

    `ExtendMusic(track)` goes on with the track's own parameters. `continue_at`, words, a style or a
    title ask for others: `ExtendMusic(track, continue_at=60, prompt="la")` keeps the track's model,
    and its style and title unless others are given. Before V6 the service then wants `continue_at`
    and words, or in place of the words `instrumental=True`.

    Args:
        audio_id: The track, or its id.
        task_id: The id of the task that made it, which V6 is sent; left out, the track's.
        continue_at: Where to go on, in seconds from the beginning, before the end of the source.
        prompt: The words to be sung, which may be given as `lyrics`, too: V6 reads them there.
        style: The style, at most 1000 characters (V4 and before: 200).
        title: The title, at most 100 characters (V4 and before, V4_5ALL, V6: 80).
        lyrics: The words to be sung, at most 5000 characters (V4 and before: 3000).
        instrumental: Whether it is played without voices.
        model: The model, which must be the track's; left out, it is.
        duration: The length in seconds, 10 to 360; of a song, custom mode only; V5_5 and V6. Left out, V6 and V6_WILD make 20 seconds, which is logged at WARNING; V6_MINI ignores it.
        negative_tags: What to avoid, at most 1000 characters; of a song, custom mode only.
        vocal_gender: The voice preferred; of a song, custom mode only.
        variety: How different the two songs are, 0 to 4; V6.
        persona_id: A persona or a voice to sing it, or its id; of a song, custom mode only.
        persona_model: What `persona_id` is: a voice's plain id needs `voice_persona`. V5 and later; another word than these is passed on unchecked.
        style_weight: How closely to follow the style, 0 to 1 in steps of 0.01; of a song, custom mode only.
        weirdness_constraint: How far to stray, 0 to 1 in steps of 0.01; of a song, custom mode only.
        audio_weight: How much given audio counts, 0 to 1 in steps of 0.01; of a song, custom mode only.
        default_param_flag: Whether the parameters given here count, not the source's; left out, giving some does it. The V6 models have no such flag, and it is sent to them only where it is given.
        callback_url: Where the service shall post what happens; left out, the client's.
        extra: Fields of the API that have no attribute here, by their names there, as plain data; they are sent unchecked, and are part of what a key names.

    Raises:
        InvalidRequest: something is missing, too long, or does not fit the track.
    """  # noqa: E501 editors show the first line of an argument's text

    _path: ClassVar[str] = "/api/v1/generate/extend"
    _sets_flag: ClassVar[tuple[str, ...]] = ("continue_at", "prompt", "lyrics", "style", "title")

    audio_id: str = field(kw_only=False, converter=audio_id, metadata=must(not_blank))
    """The track, or its id."""
    task_id: str | None = field(default=None, converter=optional_task_id, metadata=must(not_blank))
    """The id of the task that made it, which V6 is sent; left out, the track's."""
    model: Model | str = Factory(
        lambda operation: model_of_track(operation) or Model.V5, takes_self=True
    )
    """The model, which must be the track's; left out, it is."""

    def _inherited(self) -> Mapping[str, Any]:
        """Style and title of the track, where parameters of your own lack them."""
        track = track_of(self)
        if track is None or not self.has_own_parameters:
            return {}
        own = {"style": getattr(track, "tags", None), "title": getattr(track, "title", None)}
        return {name: value for name, value in own.items() if value and getattr(self, name) is None}

    def _decided(self) -> Mapping[str, Any]:
        """Before V6 the flag, since V6 the task's id."""
        task_id = None if is_before_v6(self.model) else self.task_id or task_id_of_track(self)
        return self._decided_for(self.model) | {"task_id": task_id}

    def _problems(self) -> Iterator[FieldProblem]:
        """What the track and the model ask for."""
        yield from self._extension_problems(self.model)
        yield from newer_problems(self, self.model, ("task_id",))
        source = model_of_track(self)  # `None` where a plain id was given: the service will say
        if source is not None and source != self.model:
            yield FieldProblem("model", f"must be the track's, {source}", self.model)
        length = getattr(track_of(self), "duration", None)
        if length is not None and self.continue_at is not None and self.continue_at >= length:
            why = f"must be less than the track's {length:g} s"
            yield FieldProblem("continue_at", why, self.continue_at)


@frozen(kw_only=True)
class UploadAndExtend(Extension):
    """Carry an upload on, of 8 minutes at most (V4_5ALL: 1 minute).

    `continue_at`, a style or a title make it an extension with parameters of your own. Before V6
    the service then wants `continue_at` and words, or in place of the words `instrumental=True`.

    Args:
        upload_url: The upload, or its address.
        continue_at: Where to go on, in seconds from the beginning, before the end of the source.
        prompt: The words to be sung, which may be given as `lyrics`, too: V6 reads them there.
        style: The style, at most 1000 characters (V4 and before: 200).
        title: The title, at most 100 characters (V4 and before, V4_5ALL, V6: 80).
        lyrics: The words to be sung, at most 5000 characters (V4 and before: 3000).
        instrumental: Whether it is played without voices.
        model: The model; a name unknown here is passed on unchecked.
        duration: The length in seconds, 10 to 360; of a song, custom mode only; V5_5 and V6. Left out, V6 and V6_WILD make 20 seconds, which is logged at WARNING; V6_MINI ignores it.
        negative_tags: What to avoid, at most 1000 characters; of a song, custom mode only.
        vocal_gender: The voice preferred; of a song, custom mode only.
        variety: How different the two songs are, 0 to 4; V6.
        persona_id: A persona or a voice to sing it, or its id; of a song, custom mode only.
        persona_model: What `persona_id` is: a voice's plain id needs `voice_persona`. V5 and later; another word than these is passed on unchecked.
        style_weight: How closely to follow the style, 0 to 1 in steps of 0.01; of a song, custom mode only.
        weirdness_constraint: How far to stray, 0 to 1 in steps of 0.01; of a song, custom mode only.
        audio_weight: How much given audio counts, 0 to 1 in steps of 0.01; of a song, custom mode only.
        default_param_flag: Whether the parameters given here count, not the source's; left out, giving some does it. The V6 models have no such flag, and it is sent to them only where it is given.
        callback_url: Where the service shall post what happens; left out, the client's.
        extra: Fields of the API that have no attribute here, by their names there, as plain data; they are sent unchecked, and are part of what a key names.

    Raises:
        InvalidRequest: something is missing, too long or out of range.
    """  # noqa: E501 editors show the first line of an argument's text

    _path: ClassVar[str] = "/api/v1/generate/upload-extend"
    _sets_flag: ClassVar[tuple[str, ...]] = ("continue_at", "style", "title")

    upload_url: str = field(kw_only=False, converter=url_of, metadata=must(url))
    """The upload, or its address."""
    model: Model | str = Model.V5
    """The model; a name unknown here is passed on unchecked."""

    def _decided(self) -> Mapping[str, Any]:
        """The words and the flag in the shape of the model."""
        return self._decided_for(self.model)

    def _problems(self) -> Iterator[FieldProblem]:
        """What the model asks for."""
        yield from self._extension_problems(self.model)
