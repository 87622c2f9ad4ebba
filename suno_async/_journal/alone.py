"""The part of a journal that is about other clients, where there cannot be any."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar

from attrs import define, field

from suno_async._journal.journal import Entry, done

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Mapping


@define(eq=False)
class Alone(ABC):
    """A journal of one client."""

    is_shared: ClassVar[bool] = False

    _resent: set[str] = field(factory=set[str], init=False)
    """What may have been paid for before it was claimed again: nothing takes that back."""

    @abstractmethod
    async def find(self, submission: str) -> Entry | None:
        """What is known of a submission."""

    async def claim(  # noqa: PLR0913 all that is asked for
        self,
        submission: str,
        operation: str,
        fields: Mapping[str, Any],
        kind: str | None,
        *,
        has_callback: bool = False,
        after: Entry | None = None,
    ) -> Entry | None:
        """Find out what is known of an id: no other client can take it."""
        if after is None:
            return await self.find(submission)
        if after.is_unknown:
            self._resent.add(submission)
        return None

    async def settled(self, submission: str) -> None:  # noqa: B027 it does nothing for both
        """Nothing: no other client has it."""

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

    def listen(self, listener: Callable[[], None]) -> None:  # noqa: B027 as above
        """Nothing: there are no other clients."""
