"""Operations on words: lyrics, the time of each word, styles."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from attrs import field, frozen

from suno_async.errors import FieldProblem, TaskFailed
from suno_async.results import Lyrics, StyleBoost, TimestampedLyrics

from ._base import CallOperation, TaskOperation
from ._groups import OfTrackOrElse
from ._kinds import LYRICS, Kind
from ._rules import between, must, not_blank, words_at_most
from ._sources import task_id_problems

if TYPE_CHECKING:
    from collections.abc import Iterator

    from suno_async.errors import SunoError

_FAILED = "2"


@frozen(kw_only=True)
class GenerateLyrics(TaskOperation[tuple[Lyrics, ...]]):
    """Write lyrics about something, in two versions or more.

    Args:
        prompt: What the song is about, at most 200 words.
        callback_url: Where the service shall post what happens; left out, the client's.
        extra: Fields of the API that have no attribute here, by their names there, as plain data; they are sent unchecked, and are part of what a key names.

    Raises:
        InvalidRequest: there is no prompt, or it is longer than 200 words.
    """  # noqa: E501 editors show the first line of an argument's text

    _path: ClassVar[str] = "/api/v1/lyrics"
    _kind: ClassVar[Kind] = LYRICS

    prompt: str = field(kw_only=False, metadata=must(not_blank, words_at_most(200)))
    """What the song is about, at most 200 words."""


@frozen(kw_only=True)
class GetTimestampedLyrics(OfTrackOrElse, CallOperation[TimestampedLyrics]):
    """Get the times at which each word of a track is sung; it costs about half a credit.

    Args:
        audio_id: The track, or its id.
        task_id: The id of the task that made it; left out, the track's.
        music_index: The track's place in its task, 0 or 1, where its id is not known; the id counts first.
        extra: Fields of the API that have no attribute here, by their names there, as plain data; they are sent unchecked, and are part of what a key names.

    Raises:
        InvalidRequest: the track is not said, or given by its plain id and `task_id` is missing.
    """  # noqa: E501 editors show the first line of an argument's text

    _path: ClassVar[str] = "/api/v1/generate/get-timestamped-lyrics"
    _answer: ClassVar[Any] = TimestampedLyrics

    music_index: int | None = field(default=None, metadata=must(between(0, 1)))
    """The track's place in its task, 0 or 1, where its id is not known; the id counts first."""

    def _problems(self) -> Iterator[FieldProblem]:
        """The track must be said, and its task known."""
        if self.audio_id is None and self.music_index is None:
            yield FieldProblem("audio_id", "is required, or else music_index")
        yield from task_id_problems(self.task_id)


@frozen(kw_only=True)
class BoostStyle(CallOperation[StyleBoost]):
    """Describe a style at more length, for use as `style`.

    Args:
        content: The style in a few words.
        extra: Fields of the API that have no attribute here, by their names there, as plain data; they are sent unchecked, and are part of what a key names.

    Raises:
        InvalidRequest: there is no style.
    """  # noqa: E501 editors show the first line of an argument's text

    _path: ClassVar[str] = "/api/v1/style/generate"
    _answer: ClassVar[Any] = StyleBoost

    content: str = field(kw_only=False, metadata=must(not_blank))
    """The style in a few words."""

    def _failure(self, answer: StyleBoost) -> SunoError | None:
        """The answer has a flag of its own, in words that vary: without a style it has failed."""
        if answer.success_flag != _FAILED and (answer.result or "").strip():
            return None
        said = answer.error_message or answer.raw.get("errorMsg") or "it came without a style"
        return TaskFailed(str(said), None, "style", answer.success_flag, answer.error_code)
