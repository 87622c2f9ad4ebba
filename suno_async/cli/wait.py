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
    """Follow tasks that are paid for to their end, and write their files.

    It costs nothing, and may be done as often as you like. Lyrics are printed;
    other results without files are printed as JSON.

    Args:
        tokens: Tasks, as printed when they were accepted: music:5c79be8e...; @FILE reads a file,
            - reads stdin.
        out: The folder for the files, created if missing.
        beside: What is written beside the audio.
        desk: Where the command works.
    """
    desk.beside = beside
    await for_each(tokens, deliver, "wait", out, desk)
