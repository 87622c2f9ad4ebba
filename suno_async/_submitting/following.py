"""What other clients learn, where a journal is shared: it is news here, too.

The journal says when it is worth to ask it (once a second at least). One query brings all that is
news of the tasks that somebody listens to here, and another one the ends of the doubts for which
callers wait. What is learned so is not written down again: it came from there.
"""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from attrs import define, field

from suno_async._deadline import Deadline
from suno_async._http.attempts import Transport
from suno_async._submitting.recovery import Recoveries
from suno_async._submitting.tasks import Tasks
from suno_async.errors import JournalError, SunoError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from suno_async._journal.journal import Entry
    from suno_async.task import Task

_ROUND = 5.0  # seconds between two looks for what dead clients have left
_log = logging.getLogger("suno_async")


@define(eq=False)
class Following:
    """Follows the tasks of one client."""

    _transport: Transport
    _tasks: Tasks
    _recoveries: Recoveries
    _asking: asyncio.Task[None] | None = field(default=None, init=False)
    _has_ended: asyncio.Event = field(factory=asyncio.Event, init=False)

    def ask(self) -> None:
        """There may be news: ask for them, unless that is under way."""
        if not self._has_ended.is_set() and (self._asking is None or self._asking.done()):
            self._asking = asyncio.create_task(self._ask())

    async def pick_up(self) -> AsyncIterator[Task[Any]]:
        """The tasks of which no client takes care, as they are left; on a file the last run's."""
        journal, doubts, is_away = self._tasks.journal, set[str](), False
        while True:
            self._transport.ready()
            entries, found = list["Entry"](), list["Entry"]()
            try:
                entries = await journal.orphans()
                doubts.update(entry.id for entry in entries if entry.is_unknown)
                found = await self._settled(doubts)
                is_away = False
            except JournalError as error:
                if not journal.is_shared:
                    raise
                _log.log(logging.DEBUG if is_away else logging.WARNING, "%s", error)
                is_away = True
            for entry in (*entries, *found):
                if entry.task_id is not None:
                    yield self._tasks.restored(None, entry)
                    self._transport.ready()
            if not entries:
                if not journal.is_shared:
                    return
                with suppress(TimeoutError):
                    async with Deadline(_ROUND):
                        await self._has_ended.wait()

    async def _settled(self, doubts: set[str]) -> list[Entry]:
        """Those that are no doubts any more, which leave."""
        if not doubts:
            return []
        known = await self._tasks.journal.find_many(doubts)
        settled = [one for one in doubts if one not in known or not known[one].is_unknown]
        doubts.difference_update(settled)
        return [known[one] for one in settled if one in known]

    async def close(self) -> None:
        """Ask no more."""
        self._has_ended.set()
        if self._asking is not None:
            self._asking.cancel()
            await asyncio.wait([self._asking])

    async def _ask(self) -> None:
        try:
            await self._learn_of_tasks()
            await self._learn_of_doubts()
        except SunoError as error:  # the polls go on, and it is asked again in a moment
            _log.debug("News of other clients cannot be had: %s", error)

    async def _learn_of_tasks(self) -> None:
        tasks = dict[tuple[str, str], "Task[Any]"]()
        known = dict[tuple[str, str], int]()
        for state, task in self._tasks.poller._watched.items():
            if not task.is_done:
                name = task.kind, task.id
                # below all stages, where not even its age is known, so that it is answered anyway:
                # by an age that is made up it would be polled far too often
                known[name] = task.stage._rank if state.is_age_known else -1
                tasks[name] = task
        if known:
            for entry in await self._tasks.journal.news(known):
                task = tasks[entry.kind or "", entry.task_id or ""]
                try:
                    self._learn(task, entry)
                except SunoError as error:  # polls tell of this one; the others have their news
                    _log.debug("What the journal has of %s cannot be read: %s", task.token, error)

    def _learn(self, task: Task[Any], entry: Entry) -> None:
        """Take in what the journal knows of a task."""
        self._tasks.poller.learned(task, entry.age, has_callbacks=entry.has_callback)
        self._tasks.restored(task.operation, entry)
        self._tasks.poller.refresh(task)

    async def _learn_of_doubts(self) -> None:
        doubts = self._recoveries.all_awaited()
        if doubts:
            for submission, entry in (await self._tasks.journal.find_many(doubts)).items():
                if entry.task_id is not None:
                    self._recoveries.end(submission, self._tasks.restored(None, entry))
