"""`suno-async download`: the files of what is complete."""

from pathlib import Path

from ._delivery import fetch
from ._desk import Desk
from ._inputs import SONGS, Beside
from ._tasks import for_each

_HERE = Desk()
_ALONE = Beside()


async def download(
    *tokens: str, out: Path = SONGS, beside: Beside = _ALONE, desk: Desk = _HERE
) -> None:
    """Write the files of tasks that are complete, without waiting for others.

    It costs nothing. To wait for what is still being made, use `suno-async wait`.

    Args:
        tokens: Tasks, as printed when they were accepted: music:5c79be8e...; @FILE reads a file,
            - reads stdin.
        out: The folder for the files, created if missing.
        beside: What is written beside the audio.
        desk: Where the command works.
    """
    desk.beside = beside
    await for_each(tokens, fetch, "download", out, desk)
