"""`suno-async credits`: what is left on the account."""

from suno_async import GetCredits
from suno_async.cli._desk import Desk

_HERE = Desk()


async def credits(*, desk: Desk = _HERE) -> None:  # noqa: A001 the command's name
    """Show how many credits are left."""
    async with desk.suno():
        desk.report.answer("credits", await desk.call(GetCredits()))
