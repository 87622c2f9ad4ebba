"""What a journal of one client says of others: there are none."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from suno_async._journal.journal import Entry, done

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Mapping


class Alone:
    """The part of a journal that is about other clients, where there cannot be any."""

    def reached(
        self, kind: str, task_id: str, stage: int, record: Mapping[str, Any]
    ) -> asyncio.Future[bool]:
        """Nothing: no other client needs it."""
        return done(value=False)

    async def may_poll(self, kind: str, task_id: str, fresh: float) -> bool:
        """Yes: no other client polls."""
        return True

    async def news(self, known: Mapping[tuple[str, str], int]) -> list[Entry]:
        """None: no other client knows more."""
        return []

    def listen(self, listener: Callable[[], None]) -> None:
        """Nothing: there are no other clients."""

    async def settled(self, submission: str) -> None:
        """Nothing: no other client has it."""
