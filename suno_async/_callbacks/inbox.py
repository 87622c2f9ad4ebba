"""What a client makes of pushes: news for its tasks.

A push belongs to a submission, by its URL, and names a task. Where it is known that the two belong
together, it is news for that task, as a look would be. Where the submission's answer is still on
its way, the push waits for it. Where the answer was lost, a look tells (`_recovery`).
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Any
from weakref import WeakValueDictionary

from attrs import define, field

from suno_async._callbacks.recovery import Insides, Recoveries, foreign
from suno_async._callbacks.subscribers import Taken
from suno_async.limiter import Priority
from suno_async.task import Task

if TYPE_CHECKING:
    from suno_async._wire.callback_bodies import Callback
    from suno_async._wire.records import Record

_SENSITIVE = "SENSITIVE_WORD_ERROR"
_BAD = 400  # of a push: anything from a wrong parameter to words that are not allowed


@define(eq=False)
class Inbox:
    """Takes in the pushes for one client."""

    _client: Insides
    account: bytes = field(repr=False)
    """What tells the client's account from others."""
    _recoveries: Recoveries
    _started: WeakValueDictionary[str, Task[Any]] = field(
        factory=WeakValueDictionary[str, Task[Any]], init=False
    )

    def started(self, task: Task[Any], submission: str) -> None:
        """Take note of which submission a task is."""
        task.seat.submission = submission
        self._started[submission] = task

    def check(self, push: Callback) -> bool:
        """Hold a push to what is known at once; whether task and submission belong together.

        Raises:
            CallbackRejected: the task is another submission's, or the submission another task.
            ClientClosed: the client has ended.
            ConfigurationError: the client is used on another event loop.
        """
        self._client.ready()
        named = self._client.live(push.token)
        if named is not None and named.seat.submission is not None:
            if named.seat.submission != push.submission_id:
                raise foreign(push)
            return True
        if self._started.get(push.submission_id) is None:
            return False
        if not self._recoveries.has_lost(push.submission_id):  # else it may be an earlier one's
            raise foreign(push)
        return False

    async def take(self, push: Callback) -> Taken:
        """Take a push in, once the answer to its submission is in.

        Raises:
            CallbackRejected: the task is not this submission's.
            SunoError: it cannot be said whose it is.
        """
        posting = self._client.submissions.posting_of(push.submission_id)
        if posting is not None:
            await asyncio.wait([posting])
            await asyncio.sleep(0)  # whoever submitted may begin to listen
            await asyncio.sleep(0)
        is_known = self.check(push)
        awaited = self._recoveries.awaited(push.submission_id)
        named = self._client.live(push.token)
        task = named if is_known else await self._find(push)
        if task is not None:
            is_given = awaited is not None and awaited.task is task
            is_heard = is_given or task.is_listened_to
            await self._tell(task, push)
            return Taken(task, is_heard)
        if named is not None and named.is_listened_to:  # made by its token: whose it is, who knows
            await self._client.watcher.look_now(named)
            return Taken(named, is_heard=True)
        return Taken()

    async def _find(self, push: Callback) -> Task[Any] | None:
        """The task, where it is known as the submission's, or turns out to be."""
        entry = await self._client.submissions.book.find(push.submission_id)
        own = self._started.get(push.submission_id)
        has_other = own is not None or (entry is not None and not entry.is_unknown)
        if entry is not None and entry.earlier_id == push.task_id:
            raise foreign(push)  # it has failed and was sent again
        if entry is not None and (entry.kind, entry.task_id) == (push.kind.name, push.task_id):
            task = self._client.restored(None, entry)
            self._recoveries.end(push.submission_id, task)
            return task
        return await self._recoveries.task_of(push, entry, has_other=has_other)

    async def _tell(self, task: Task[Any], push: Callback) -> None:
        record = push.record(task.operation)
        if record.failure is not None and not task.is_done:
            if record.failure.code == _BAD and _SENSITIVE in push.kind.failures:
                record = await self._by_look(task, push) or record
            if record.failure is not None and record.failure.partial_result is None:
                record.failure.partial_result = task.partial_result or None
        self._client.watcher.told(task, record)

    async def _by_look(self, task: Task[Any], push: Callback) -> Record[Any] | None:
        """A failure as the record has it, which tells a bad word from other trouble."""
        with suppress(Exception):  # whatever is wrong with the look, the push tells enough
            slot = await self._client.ready().acquire(Priority._INTERACTIVE_POLL)
            body = await self._client.ask(push.kind, push.task_id, slot)
            record = push.record(task.operation, body)
            return record if record.failure is not None else None
        return None
