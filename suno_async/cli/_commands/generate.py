"""`suno-async generate`: two songs from an idea, or from words, style and title."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from suno_async import ConfigurationError, GenerateMusic, InvalidRequest, Model, SunoClient
from suno_async.cli._delivery import make
from suno_async.cli._desk import Desk
from suno_async.cli._inputs import FLAG, MODELS, SONGS, Beside, Kept, in_options, model_of
from suno_async.cli._texts import texts_of

_HERE = Desk()
_KEPT = Kept()
_BEFORE_V6 = [one for one in Model if not one.startswith("V6")]
"""The models that would sing an idea word for word beside other texts; V6 takes it with a style."""


async def generate(  # noqa: PLR0913 each is an option
    prompt: str | None = None,
    /,
    *,
    lyrics: str | None = None,
    style: str | None = None,
    title: str | None = None,
    instrumental: Annotated[bool, FLAG] = False,
    model: Annotated[str, Parameter(help=MODELS)] = Model.V5.value,
    duration: int | None = None,
    image: Annotated[bool, FLAG] = False,
    sidecar: Annotated[bool, FLAG] = False,
    out: Path = SONGS,
    kept: Kept = _KEPT,
    desk: Desk = _HERE,
) -> None:
    """Make two songs, and write their files.

    PROMPT is the idea; the service writes lyrics and style. For a song of your
    own (custom mode) give --style and --title, with --lyrics or --instrumental,
    and no PROMPT, which V6 alone takes beside --style.
    Each text may be in a file, as @FILE, or come on stdin, as -;
    @@ stands for an @ at its beginning, and behind -- it may begin with a -, as
    in suno-async generate -- "-5 degrees".
    It takes 2 to 3 minutes, and is paid for when the service accepts it.

    With --journal the same command, run again after any end, goes on and pays
    for nothing twice; for new songs from the same words use another journal.

    Args:
        prompt: What the song shall be, in quotes; @FILE reads a file, - reads stdin.
        lyrics: The words to be sung, with tags such as [Verse]; @FILE reads a file, - reads stdin.
        style: The style, for example "slow jazz, piano".
        title: The title.
        instrumental: Without voices.
        model: The model.
        duration: The length in seconds, 10 to 360, of a song of your own by V5_5 or V6; left out,
            V6 makes 20 seconds.
        image: Also write the cover image of each song.
        sidecar: Also write what made each song, as JSON.
        out: The folder for the files, created if missing.
        kept: How it is remembered.
        desk: Where the command works.
    """
    if not (prompt is not None or lyrics or style or title):
        raise ConfigurationError(
            'Say what the song shall be: suno-async generate "A calm piano tune at dusk", '
            "or give --style and --title with --lyrics or --instrumental."
        )
    model = model_of(model)
    if prompt is not None and (lyrics or title or (style and model in _BEFORE_V6)):
        raise ConfigurationError(
            "PROMPT is an idea, for which the service finds words and style itself: leave it out "
            "beside --lyrics, --style and --title, or give it alone (V6 takes it with --style)."
        )
    if lyrics and instrumental:
        raise ConfigurationError("--lyrics are not sung with --instrumental: leave one out.")
    texts = await texts_of(prompt=prompt, lyrics=lyrics, style=style, title=title)
    try:
        operation = GenerateMusic(
            texts["prompt"],
            lyrics=texts["lyrics"],
            style=texts["style"],
            title=texts["title"],
            instrumental=instrumental,
            model=model,
            duration=duration,
        )
    except InvalidRequest as error:
        raise in_options(error, has_words=lyrics is not None) from None
    desk.beside = Beside(image=image, sidecar=sidecar)

    async def asked(_: SunoClient) -> GenerateMusic:
        return operation

    await make(desk, asked, out, kept)
