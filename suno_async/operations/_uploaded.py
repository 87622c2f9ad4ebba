"""Operations that make songs of uploads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from attrs import field, frozen

from suno_async.errors import FieldProblem

from ._groups import NegativeTags, V6Fields, Weights, newer_problems
from ._model import Model, is_before_v6, length_problems
from ._rules import at_most, each, exactly, must, not_blank, url
from ._song import MusicOperation, SongOperation
from ._sources import url_of, urls_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


@frozen(kw_only=True)
class UploadAndCover(NegativeTags, SongOperation):
    """Make two songs of an upload's melody in another style; the upload has 8 minutes at most.

    Args:
        upload_url: The upload, or its address.
        prompt: The idea in simple mode, at most 500 characters (V6: 3000).
        style: The style in custom mode, at most 1000 characters (V4 and before: 200); V6 takes it with an idea in simple mode, too.
        title: The title in custom mode, at most 100 characters (V4 and before, V4_5ALL, V6: 80).
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
        custom_mode: The mode; left out, lyrics, style or title make it the custom mode, but for an idea and its style with V6.
        callback_url: Where the service shall post what happens; left out, the client's.
        extra: Fields of the API that have no attribute here, by their names there, as plain data; they are sent unchecked, and are part of what a key names.

    Raises:
        InvalidRequest: something is missing for the mode, too long for the model or out of range.
    """  # noqa: E501 editors show the first line of an argument's text

    _path: ClassVar[str] = "/api/v1/generate/upload-cover"
    _custom_from_v6: ClassVar[bool] = True

    upload_url: str = field(kw_only=False, converter=url_of, metadata=must(url))
    """The upload, or its address."""


@frozen(kw_only=True)
class GenerateMashup(NegativeTags, SongOperation):
    """Make two songs of two uploads.

    Args:
        upload_url_list: The two uploads, or their addresses.
        prompt: The idea in simple mode, at most 500 characters (V6: 3000).
        style: The style in custom mode, at most 1000 characters (V4 and before: 200); V6 takes it with an idea in simple mode, too.
        title: The title in custom mode, at most 100 characters (V4 and before, V4_5ALL, V6: 80).
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
        custom_mode: The mode; left out, lyrics, style or title make it the custom mode, but for an idea and its style with V6.
        callback_url: Where the service shall post what happens; left out, the client's.
        extra: Fields of the API that have no attribute here, by their names there, as plain data; they are sent unchecked, and are part of what a key names.

    Raises:
        InvalidRequest: there are not two uploads, or something is missing, or out of range.
    """  # noqa: E501 editors show the first line of an argument's text

    _path: ClassVar[str] = "/api/v1/generate/mashup"
    _custom_from_v6: ClassVar[bool] = True

    upload_url_list: tuple[str, ...] = field(
        kw_only=False, converter=urls_of, metadata=must(exactly(2), each(url))
    )
    """The two uploads, or their addresses."""


@frozen(kw_only=True)
class _Addition(Weights, V6Fields, MusicOperation):
    """Something added to an upload."""

    upload_url: str = field(kw_only=False, converter=url_of, metadata=must(url))
    """The upload, or its address."""
    title: str = field(metadata=must(not_blank))
    """The title, at most 100 characters (V4 and before, V4_5ALL, V6: 80)."""
    negative_tags: str = field(metadata=must(not_blank, at_most(1000)))
    """What to avoid, at most 1000 characters."""
    model: Model | str = Model.V5
    """The model; a name unknown here is passed on unchecked."""


@frozen(kw_only=True)
class AddInstrumental(_Addition):
    """Make two accompaniments for a voice that was uploaded.

    Args:
        upload_url: The upload, or its address.
        tags: The style, at most 1000 characters (V4 and before: 200).
        title: The title, at most 100 characters (V4 and before, V4_5ALL, V6: 80).
        lyrics: The words to be sung, at most 5000 characters (V4 and before: 3000).
        model: The model; a name unknown here is passed on unchecked.
        negative_tags: What to avoid, at most 1000 characters.
        vocal_gender: The voice preferred; of a song, custom mode only.
        variety: How different the two songs are, 0 to 4; V6.
        style_weight: How closely to follow the style, 0 to 1 in steps of 0.01; of a song, custom mode only.
        weirdness_constraint: How far to stray, 0 to 1 in steps of 0.01; of a song, custom mode only.
        audio_weight: How much given audio counts, 0 to 1 in steps of 0.01; of a song, custom mode only.
        callback_url: Where the service shall post what happens; left out, the client's.
        extra: Fields of the API that have no attribute here, by their names there, as plain data; they are sent unchecked, and are part of what a key names.

    Raises:
        InvalidRequest: something is empty, too long for the model or out of range.
    """  # noqa: E501 editors show the first line of an argument's text

    _path: ClassVar[str] = "/api/v1/generate/add-instrumental"

    tags: str = field(metadata=must(not_blank))
    """The style, at most 1000 characters (V4 and before: 200)."""

    def _problems(self) -> Iterator[FieldProblem]:
        """What the model takes."""
        yield from length_problems(
            self, self.model, {"tags": "style", "title": "title", "lyrics": "lyrics"}
        )
        yield from newer_problems(self, self.model, ("lyrics", "variety"))


@frozen(kw_only=True)
class AddVocals(_Addition):
    """Make two songs by singing to music that was uploaded.

    Args:
        upload_url: The upload, or its address.
        prompt: What is sung, at most 5000 characters (V4 and before: 3000); required before V6.
        style: The style, at most 1000 characters (V4 and before: 200).
        title: The title, at most 100 characters (V4 and before, V4_5ALL, V6: 80).
        lyrics: The words to be sung, at most 5000 characters (V4 and before: 3000).
        model: The model; a name unknown here is passed on unchecked.
        negative_tags: What to avoid, at most 1000 characters.
        vocal_gender: The voice preferred; of a song, custom mode only.
        variety: How different the two songs are, 0 to 4; V6.
        style_weight: How closely to follow the style, 0 to 1 in steps of 0.01; of a song, custom mode only.
        weirdness_constraint: How far to stray, 0 to 1 in steps of 0.01; of a song, custom mode only.
        audio_weight: How much given audio counts, 0 to 1 in steps of 0.01; of a song, custom mode only.
        callback_url: Where the service shall post what happens; left out, the client's.
        extra: Fields of the API that have no attribute here, by their names there, as plain data; they are sent unchecked, and are part of what a key names.

    Raises:
        InvalidRequest: there is nothing to sing, or something is empty, too long or out of range.
    """  # noqa: E501 editors show the first line of an argument's text

    _path: ClassVar[str] = "/api/v1/generate/add-vocals"

    style: str = field(metadata=must(not_blank))
    """The style, at most 1000 characters (V4 and before: 200)."""
    prompt: str | None = None
    """What is sung, at most 5000 characters (V4 and before: 3000); required before V6."""

    def _decided(self) -> Mapping[str, Any]:
        """Before V6 the lyrics as the prompt."""
        if self.lyrics is None or not is_before_v6(self.model):
            return {}
        return {"prompt": self.lyrics, "lyrics": None}

    def _problems(self) -> Iterator[FieldProblem]:
        """What the model asks for and takes."""
        if is_before_v6(self.model):
            if not ((self.prompt or "").strip() or (self.lyrics or "").strip()):
                yield FieldProblem("prompt", f"is required with {self.model}", self.prompt)
            elif self.prompt is not None and self.lyrics is not None:
                yield FieldProblem(
                    "lyrics", f"are the prompt with {self.model}: give one of the two"
                )
        limited = {"prompt": "lyrics", "lyrics": "lyrics", "style": "style", "title": "title"}
        yield from length_problems(self, self.model, limited)
        yield from newer_problems(self, self.model, ("variety",))
