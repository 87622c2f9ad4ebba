"""Operations that make songs and sounds."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal, TypeAlias

from attrs import Factory, field, frozen

from suno_async.errors import FieldProblem

from ._groups import (
    NegativeTags,
    OfTrackOrElse,
    Singer,
    V6Fields,
    Weights,
    newer_problems,
    singer_problems,
)
from ._model import V6_FAMILY, Model, is_before_v6, length_problems
from ._rules import at_least, at_most, between, each, must, no_more_than, not_blank, url
from ._song import MusicOperation, SongOperation
from ._sources import optional_url_of, optional_urls_of

if TYPE_CHECKING:
    from collections.abc import Iterator

# fmt: off
SoundKey: TypeAlias = Literal[
    "Any",
    "Cm", "C#m", "Dm", "D#m", "Em", "Fm", "F#m", "Gm", "G#m", "Am", "A#m", "Bm",
    "C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B",
]
# fmt: on
"""A musical key; `Any` leaves it to the service."""

_ATTACHMENTS = ("image_urls", "video_urls", "audio_urls")
_MOST_ATTACHMENTS = 10  # the V6 page


@frozen(kw_only=True)
class GenerateMusic(NegativeTags, SongOperation):
    """Make two songs: in simple mode from an idea, in custom mode from words, style and title.

    `GenerateMusic("an idea")` is the simple mode: the service writes words and style. Custom mode
    sings `lyrics` in a given `style` under a given `title`, or plays `instrumental`.

    Args:
        prompt: The idea, at most 500 characters (V6: 3000); the words sung are written from it.
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
        image_urls: Pictures to start from, at most 5 of 10 MB; simple mode, V6.
        video_urls: A video to start from, at most 241 s and 100 MB; simple mode, V6.
        audio_urls: Audio to start from, each 6 s to 30 min and at most 500 MB; simple mode, V6; all attachments together at most 10.
        custom_mode: The mode; left out, lyrics, style or title make it the custom mode, but for an idea and its style with V6.
        callback_url: Where the service shall post what happens; left out, the client's.
        extra: Fields of the API that have no attribute here, by their names there, as plain data; they are sent unchecked, and are part of what a key names.

    Raises:
        InvalidRequest: something is missing for the mode, too long for the model or out of range.
    """  # noqa: E501 editors show the first line of an argument's text

    _path: ClassVar[str] = "/api/v1/generate"

    prompt: str | None = field(default=None, kw_only=False)
    """The idea, at most 500 characters (V6: 3000); the words sung are written from it."""
    image_urls: tuple[str, ...] | None = field(
        default=None, converter=optional_urls_of, metadata=must(each(url), no_more_than(5))
    )
    """Pictures to start from, at most 5 of 10 MB; simple mode, V6."""
    video_urls: tuple[str, ...] | None = field(
        default=None, converter=optional_urls_of, metadata=must(each(url), no_more_than(1))
    )
    """A video to start from, at most 241 s and 100 MB; simple mode, V6."""
    audio_urls: tuple[str, ...] | None = field(
        default=None,
        converter=optional_urls_of,
        metadata=must(each(url), no_more_than(_MOST_ATTACHMENTS)),
    )
    """Audio to start from, each 6 s to 30 min and at most 500 MB; simple mode, V6; all attachments
    together at most 10."""

    def _problems(self) -> Iterator[FieldProblem]:
        """What the mode and the model ask for."""
        yield from super()._problems()
        yield from newer_problems(self, self.model, _ATTACHMENTS)
        if self.model not in V6_FAMILY:
            return
        attached = [name for name in _ATTACHMENTS if getattr(self, name)]
        if self.is_custom:
            if not (self.style or getattr(self, self._sung) or self.negative_tags):
                yield FieldProblem(
                    "style", "is required in custom mode, or else lyrics or negative_tags"
                )
            if attached:
                yield FieldProblem(attached[0], "is for the simple mode")
        if sum(len(getattr(self, name)) for name in attached) > _MOST_ATTACHMENTS:
            yield FieldProblem(
                attached[0], f"and the other attachments may be {_MOST_ATTACHMENTS} in all"
            )

    @property
    def _is_started(self) -> bool:
        newer = not is_before_v6(self.model)
        return super()._is_started or (newer and any(getattr(self, one) for one in _ATTACHMENTS))


@frozen(kw_only=True)
class ReplaceSection(OfTrackOrElse, NegativeTags, Weights, Singer, V6Fields, MusicOperation):
    """Make a part of a song anew: of a track, or of an upload.

    Args:
        audio_id: The track, or its id.
        task_id: The id of the task that made it; left out, the track's.
        upload_url: An upload in place of a track.
        infill_start_s: Where the part begins, in seconds, in steps of 0.01.
        infill_end_s: Where the part ends, in seconds; the service takes parts of 10 s to half of the song.
        prompt: The words of the new part.
        tags: The style.
        title: The title.
        lyrics: The words to be sung, at most 5000 characters (V4 and before: 3000).
        full_lyrics: The words of the whole song, as they are afterwards.
        model: The model; for an upload only.
        negative_tags: What to avoid, at most 1000 characters; of a song, custom mode only.
        vocal_gender: The voice preferred; of a song, custom mode only.
        variety: How different the two songs are, 0 to 4; V6.
        persona_id: A persona or a voice to sing it, or its id; of a song, custom mode only.
        persona_model: What `persona_id` is: a voice's plain id needs `voice_persona`. V5 and later; another word than these is passed on unchecked.
        style_weight: How closely to follow the style, 0 to 1 in steps of 0.01; of a song, custom mode only.
        weirdness_constraint: How far to stray, 0 to 1 in steps of 0.01; of a song, custom mode only.
        audio_weight: How much given audio counts, 0 to 1 in steps of 0.01; of a song, custom mode only.
        callback_url: Where the service shall post what happens; left out, the client's.
        extra: Fields of the API that have no attribute here, by their names there, as plain data; they are sent unchecked, and are part of what a key names.

    Raises:
        InvalidRequest: both a track and an upload are given, or neither; or the part is empty.
    """  # noqa: E501 editors show the first line of an argument's text

    _path: ClassVar[str] = "/api/v1/generate/replace-section"

    upload_url: str | None = field(default=None, converter=optional_url_of, metadata=must(url))
    """An upload in place of a track."""
    model: Model | str | None = Factory(
        lambda operation: operation.upload_url and Model.V5, takes_self=True
    )
    """The model; for an upload only."""
    prompt: str = field(metadata=must(not_blank))
    """The words of the new part."""
    tags: str = field(metadata=must(not_blank))
    """The style."""
    title: str = field(metadata=must(not_blank))
    """The title."""
    full_lyrics: str = field(metadata=must(not_blank))
    """The words of the whole song, as they are afterwards."""
    infill_start_s: float = field(metadata=must(at_least(0, step=0.01)))
    """Where the part begins, in seconds, in steps of 0.01."""
    infill_end_s: float = field(metadata=must(at_least(0, step=0.01)))
    """Where the part ends, in seconds; the service takes parts of 10 s to half of the song."""

    def _problems(self) -> Iterator[FieldProblem]:
        """One of the two ways, and a part."""
        yield from self._track_or("upload_url")
        if self.upload_url is None and self.model is not None:
            yield FieldProblem("model", "is for an upload: a track keeps its own", self.model)
        limited = {"prompt": "lyrics", "lyrics": "lyrics", "tags": "style", "title": "title"}
        yield from length_problems(self, self.model, limited)
        yield from newer_problems(self, self.model, ("lyrics", "variety"))
        if self.infill_start_s >= self.infill_end_s:
            why = f"must be more than infill_start_s, {self.infill_start_s:g}"
            yield FieldProblem("infill_end_s", why, self.infill_end_s)
        yield from singer_problems(self)


@frozen(kw_only=True)
class GenerateSounds(MusicOperation):
    """Make two sounds from a description: an effect, an ambience, a loop.

    Args:
        prompt: What it shall sound like, at most 500 characters.
        model: The model; a name unknown here is passed on unchecked.
        sound_loop: Whether its end leads back to its beginning.
        sound_tempo: Beats in a minute, 1 to 300; left out, the service chooses.
        sound_key: The musical key: `Any`, or from C to B with `#` for the black ones and `m` for minor; another word is passed on unchecked.
        grab_lyrics: Whether the words are written down as well.
        callback_url: Where the service shall post what happens; left out, the client's.
        extra: Fields of the API that have no attribute here, by their names there, as plain data; they are sent unchecked, and are part of what a key names.

    Raises:
        InvalidRequest: the description is empty or too long, or something is out of range.
    """  # noqa: E501 editors show the first line of an argument's text

    _path: ClassVar[str] = "/api/v1/generate/sounds"

    prompt: str = field(kw_only=False, metadata=must(not_blank, at_most(500)))
    """What it shall sound like, at most 500 characters."""
    model: Model | str = Model.V5
    """The model; a name unknown here is passed on unchecked."""
    sound_loop: bool = False
    """Whether its end leads back to its beginning."""
    sound_tempo: int | None = field(default=None, metadata=must(between(1, 300)))
    """Beats in a minute, 1 to 300; left out, the service chooses."""
    sound_key: SoundKey | str = "Any"
    """The musical key: `Any`, or from C to B with `#` for the black ones and `m` for minor; another
    word is passed on unchecked."""
    grab_lyrics: bool = False
    """Whether the words are written down as well."""
