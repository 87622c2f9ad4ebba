"""What a client without a journal knows of its callers' keys: a journal that ends with it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from attrs import define, evolve, field

from suno_async._journal.journal import Entry

if TYPE_CHECKING:
    from collections.abc import Mapping


@define(eq=False)
class Memory:
    """Keeps a few fields a key, so that a bot may run for long."""

    _entries: dict[str, Entry] = field(factory=dict[str, Entry], init=False)

    async def find(self, submission: str) -> Entry | None:
        """What is known of a submission."""
        return self._entries.get(submission)

    async def about_to_send(
        self, submission: str, operation: str, fields: Mapping[str, Any], kind: str | None
    ) -> None:
        """Note it before its first byte leaves."""
        self._entries[submission] = Entry(
            id=submission, operation=operation, fields=fields, kind=kind, task_id=None, outcome=None
        )

    def take_back(self, submission: str) -> asyncio.Future[bool]:
        """It was refused, or never sent; need not be awaited."""
        self._entries.pop(submission, None)
        done: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        done.set_result(True)
        return done

    async def accepted(self, submission: str, task_id: str) -> None:
        """Its task is paid for."""
        self._entries[submission] = evolve(self._entries[submission], task_id=task_id)

    async def recovered(self, submission: str, task_id: str) -> bool:
        """It was accepted after all; whether that was still unknown."""
        known = self._entries.get(submission)
        if known is None or not known.is_unknown:
            return False
        self._entries[submission] = evolve(known, task_id=task_id)
        return True

    async def of_task(self, kind: str, task_id: str) -> Entry | None:
        """The submission that a task came from."""
        found = (
            one for one in self._entries.values() if (one.kind, one.task_id) == (kind, task_id)
        )
        return next(found, None)
