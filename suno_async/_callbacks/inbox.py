"""What a client makes of callbacks: news for its tasks.

A callback belongs to a submission, by its URL, and names a task. Where it is known that the two
belong together, it is news for that task, as a poll would be. Where the submission's answer is
still on its way, the callback waits for it. Where the answer was lost, a poll tells (`recovery`).
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from attrs import define, field, frozen

from suno_async._http.attempts import Transport
from suno_async._submitting.recovery import foreign
from suno_async._submitting.submissions import Submissions
from suno_async._submitting.tasks import Tasks
from suno_async.task import Task

if TYPE_CHECKING:
    from suno_async._wire.callback_bodies import Callback
    from suno_async._wire.records import Record

_SENSITIVE = "SENSITIVE_WORD_ERROR"
_BAD = 400  # of a callback: anything from a wrong parameter to words that are not allowed


@frozen
class Handled:
    """What a client made of a callback."""

    task: Task[Any] | None = None
    """The task, where the client knows it."""
    has_listeners: bool = False
    """Whether anybody was listening to it."""


@define(eq=False)
class Inbox:
    """Takes in the callbacks for one client."""

    account: bytes = field(repr=False)
    """What tells the client's account from others."""
    _transport: Transport
    _tasks: Tasks
    _submissions: Submissions

    def check(self, callback: Callback) -> bool:
        """Hold a callback to what is known at once; whether task and submission belong together.

        Raises:
            CallbackRejected: the task is another submission's, or the submission another task.
            ClientClosed: the client has ended.
            ConfigurationError: the client is used on another event loop.
        """
        self._transport.ready()
        named = self._tasks.by_token.get(callback.token)
        if named is not None and named._submission_id is not None:
            if named._submission_id != callback.submission_id:
                raise foreign(callback)
            return True
        if self._tasks.by_submission.get(callback.submission_id) is None:
            return False
        if not self._submissions.recoveries.has_lost(
            callback.submission_id
        ):  # else it may be an earlier one's
            raise foreign(callback)
        return False

    async def handle(self, callback: Callback) -> Handled:
        """Take in a callback, once the answer to its submission is in.

        Raises:
            CallbackRejected: the task is not this submission's.
            SunoError: it cannot be said whose it is.
        """
        if await self._submissions.answered(callback.submission_id):
            # the caller of `submit` is woken in the first pass of the loop, and begins to listen in
            # the second one: without them a hook would be called for what is listened to
            await asyncio.sleep(0)
            await asyncio.sleep(0)
        is_known = self.check(callback)
        named = self._tasks.by_token.get(callback.token)
        if is_known and named is not None:
            return await self._news(named, callback)
        awaited = self._submissions.recoveries.awaited(callback.submission_id)
        task = await self._find(callback)
        if task is not None:
            handled = await self._news(task, callback)
            is_given = awaited is not None and awaited.task is task
            return Handled(task, has_listeners=True) if is_given else handled
        if named is not None and named._listeners:  # made from its token: nobody knows whose it is
            await self._tasks.poller.poll_now(named)
            return Handled(named, has_listeners=True)
        return Handled()

    async def _find(self, callback: Callback) -> Task[Any] | None:
        """The task, where it is known as the submission's, or turns out to be."""
        recoveries = self._submissions.recoveries
        journal = self._tasks.journal
        entry = await journal.find(callback.submission_id)
        if entry is not None and entry.is_elsewhere:  # another client waits for its answer
            await journal.settled(callback.submission_id)
            entry = await journal.find(callback.submission_id)
        own = self._tasks.by_submission.get(callback.submission_id)
        has_other = own is not None or (entry is not None and not entry.is_unknown)
        if entry is not None and entry.earlier_id == callback.task_id:
            raise foreign(callback)  # it has failed and was sent again
        named = (callback.kind.name, callback.task_id)
        if entry is not None and (entry.kind, entry.task_id) == named:
            task: Task[Any] = self._tasks.restored(None, entry)
            recoveries.end(callback.submission_id, task)
            return task
        return await recoveries.task_of(callback, entry, has_other=has_other)

    async def _news(self, task: Task[Any], callback: Callback) -> Handled:
        handled = Handled(task, has_listeners=bool(task._listeners))
        record = callback.record(task.operation)
        if record.failure is not None and not task.is_done:
            if record.failure.code == _BAD and _SENSITIVE in callback.kind.failures:
                record = await self._by_poll(task, callback) or record
            if record.failure is not None and record.failure.partial_result is None:
                record.failure.partial_result = task.partial_result or None
        self._tasks.poller.called_back(task, record)
        return handled

    async def _by_poll(self, task: Task[Any], callback: Callback) -> Record[Any] | None:
        """A failure as the record has it, which tells a bad word from other trouble."""
        with suppress(Exception):  # whatever is wrong with the poll, the callback tells enough
            body = await self._tasks.poller.record_body(callback.kind, callback.task_id)
            record = callback.record(task.operation, body)
            return record if record.failure is not None else None
        return None
