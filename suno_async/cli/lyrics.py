"""`suno-async lyrics`: words for a song."""

from suno_async import GenerateLyrics, InvalidRequest

from ._delivery import deliver
from ._desk import Desk
from ._inputs import SONGS, in_options

_HERE = Desk()


async def lyrics(prompt: str, /, *, desk: Desk = _HERE) -> None:
    """Write lyrics, in two versions or more, and print them.

    Args:
        prompt: What the song shall be about, in quotes; at most 200 words.
        desk: Where the command works.
    """
    try:
        operation = GenerateLyrics(prompt)
    except InvalidRequest as error:
        raise in_options(error) from None
    async with desk.suno() as suno:
        await deliver(desk, suno, await desk.submit(operation), SONGS)
