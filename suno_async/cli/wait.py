"""`suno-async wait`: picks up what was paid for before."""

from pathlib import Path

from ._delivery import deliver
from ._desk import Desk
from ._inputs import SONGS, Beside
from ._tasks import for_each

_HERE = Desk()
_ALONE = Beside()


async def wait(
    *tokens: str, out: Path = SONGS, beside: Beside = _ALONE, desk: Desk = _HERE
) -> None:
    """Pick up what was paid for before: follow it to its end and write its files.

    It costs nothing, and may be done as often as you like. Lyrics are printed,
    and so is, as JSON, what else has no files.

    Args:
        tokens: What was printed when it was accepted, such as music:5c79be8e...; @FILE reads
            them from a file.
        out: The folder for the files; it is made if need be.
        beside: What is written beside the audio.
        desk: Where the command works.
    """
    desk.beside = beside
    await for_each(tokens, deliver, "wait", out, desk)
