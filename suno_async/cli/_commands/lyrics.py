"""`suno-async lyrics`: words for a song."""

from suno_async import GenerateLyrics, InvalidRequest
from suno_async.cli._delivery import deliver
from suno_async.cli._desk import Desk
from suno_async.cli._inputs import SONGS, in_options
from suno_async.cli._texts import texts_of

_HERE = Desk()


async def lyrics(prompt: str, /, *, desk: Desk = _HERE) -> None:
    """Write lyrics, in two versions or more, and print them.

    PROMPT may be in a file, as @FILE, or come on stdin, as -; @@ stands for an @
    at its beginning, and behind -- it may begin with a -, as in
    suno-async lyrics -- "-5 degrees".

    Args:
        prompt: What the song shall be about, in quotes, at most 200 words; @FILE reads a file, -
            reads stdin.
        desk: Where the command works.
    """
    texts = await texts_of(prompt=prompt)
    try:
        operation = GenerateLyrics(texts["prompt"] or "")
    except InvalidRequest as error:
        raise in_options(error) from None
    async with desk.suno() as suno:
        await deliver(desk, suno, await desk.submit(operation), SONGS)
