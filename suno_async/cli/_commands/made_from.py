"""What is made from a song: `suno-async extend`, `stems`, `wav`, `video` and `cover`."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Literal

from suno_async import (
    ConfigurationError,
    ConvertToWav,
    CreateMusicVideo,
    ExtendMusic,
    GenerateCoverImages,
    InvalidRequest,
    SeparateVocals,
    SunoClient,
    Task,
    TaskOperation,
    Track,
)
from suno_async.cli._delivery import make
from suno_async.cli._desk import Desk
from suno_async.cli._inputs import FLAG, SONGS, Beside, Kept, in_options
from suno_async.cli._texts import texts_of
from suno_async.cli._tokens import stand_in, token_of

_HERE = Desk()
_KEPT = Kept()


async def extend(  # noqa: PLR0913 each is an option
    token: str,
    /,
    *,
    song: Literal[1, 2] = 1,
    continue_at: float | None = None,
    lyrics: str | None = None,
    style: str | None = None,
    title: str | None = None,
    instrumental: Annotated[bool, FLAG] = False,
    duration: int | None = None,
    image: Annotated[bool, FLAG] = False,
    sidecar: Annotated[bool, FLAG] = False,
    out: Path = SONGS,
    kept: Kept = _KEPT,
    desk: Desk = _HERE,
) -> None:
    """Carry a song on: two songs that begin as it does.

    The model is the song's, and so are style and title unless you give others.
    Before V6, a place to go on from wants --lyrics, or --instrumental.

    Args:
        token: The task that made the song, as printed: music:5c79be8e...
        song: Which of its two songs.
        continue_at: Where to go on, in seconds from the beginning; left out, at the end.
        lyrics: The words to be sung, with tags such as [Verse]; @FILE reads a file, - reads stdin.
        style: The style.
        title: The title.
        instrumental: Without voices.
        duration: The length in seconds, 10 to 360, by V5_5 or V6.
        image: Also write the cover image of each song.
        sidecar: Also write what made each song, as JSON.
        out: The folder for the files, created if missing.
        kept: How it is remembered.
        desk: Where the command works.
    """
    texts = await texts_of(lyrics=lyrics, style=style, title=title)
    desk.beside = Beside(image=image, sidecar=sidecar)

    def operation(track: Track, _: Task[Any]) -> ExtendMusic:
        return ExtendMusic(
            track,
            continue_at=continue_at,
            lyrics=texts["lyrics"],
            style=texts["style"],
            title=texts["title"],
            instrumental=instrumental or None,
            duration=duration,
        )

    await _make_from(token, song, operation, out, kept, desk)


async def stems(  # noqa: PLR0913 each is an option
    token: str,
    /,
    *,
    song: Literal[1, 2] = 1,
    type: Literal["separate_vocal", "split_stem", "split_stem_advanced"] | None = None,  # noqa: A002 the API's word
    stem_name: str | None = None,
    out: Path = SONGS,
    kept: Kept = _KEPT,
    desk: Desk = _HERE,
) -> None:
    """Take a song apart into stems, and write each as a file.

    Every repeat is charged again.

    Args:
        token: The task that made the song, as printed: music:5c79be8e...
        song: Which of its two songs.
        type: The voice and the rest, up to 12 stems, or the one of --stem-name; left out, the voice
            and the rest.
        stem_name: The stem that split_stem_advanced takes out, for example "Drum Kit".
        out: The folder for the files, created if missing.
        kept: How it is remembered.
        desk: Where the command works.
    """
    await _make_from(
        token,
        song,
        lambda track, _: SeparateVocals(track, type=type, stem_name=stem_name),
        out,
        kept,
        desk,
    )


async def wav(
    token: str,
    /,
    *,
    song: Literal[1, 2] = 1,
    out: Path = SONGS,
    kept: Kept = _KEPT,
    desk: Desk = _HERE,
) -> None:
    """Convert a song to WAV.

    The service does so once for each song.

    Args:
        token: The task that made the song, as printed: music:5c79be8e...
        song: Which of its two songs.
        out: The folder for the file, created if missing.
        kept: How it is remembered.
        desk: Where the command works.
    """
    await _make_from(token, song, lambda track, _: ConvertToWav(track), out, kept, desk)


async def video(  # noqa: PLR0913 each is an option
    token: str,
    /,
    *,
    song: Literal[1, 2] = 1,
    author: str | None = None,
    out: Path = SONGS,
    kept: Kept = _KEPT,
    desk: Desk = _HERE,
) -> None:
    """Make a music video of a song.

    Args:
        token: The task that made the song, as printed: music:5c79be8e...
        song: Which of its two songs.
        author: A name that is shown, at most 50 characters.
        out: The folder for the file, created if missing.
        kept: How it is remembered.
        desk: Where the command works.
    """
    await _make_from(
        token, song, lambda track, _: CreateMusicVideo(track, author=author), out, kept, desk
    )


async def cover(
    token: str, /, *, out: Path = SONGS, kept: Kept = _KEPT, desk: Desk = _HERE
) -> None:
    """Make two cover images for the songs of a task.

    The service does so once for each task.

    Args:
        token: The task that made the songs, as printed: music:5c79be8e...
        out: The folder for the files, created if missing.
        kept: How it is remembered.
        desk: Where the command works.
    """
    await _make_from(token, 1, lambda _, task: GenerateCoverImages(task), out, kept, desk)


async def _make_from(  # noqa: PLR0913, PLR0917 what the five commands have in common
    token: str,
    song: int,
    operation: Callable[[Track, Task[Any]], TaskOperation[Any]],
    out: Path,
    kept: Kept,
    desk: Desk,
) -> None:
    token = token_of(token)
    if not token.startswith("music:"):
        raise ConfigurationError(f"{token} made no song: give the token of one that did, music:...")

    async def asked(suno: SunoClient) -> TaskOperation[Any]:
        task = await stand_in(desk, token) if desk.simulate else suno.task(token)
        desk.report.say(f"Looking at {task.token}...")
        tracks: tuple[Track, ...] = await task
        try:
            return operation(tracks[song - 1], task)
        except InvalidRequest as error:
            raise in_options(error) from None

    await make(desk, asked, out, kept)
