"""The end of doubt about lost answers: something names the task, and a poll confirms it.

What names it is a callback, or an answer with a code that is no answer's.

A record repeats the callback URL of its submission, so a poll tells whose task it is: the URL of a
callback is bound to the submission by its HMAC, but the task id in its body is not. The task that
answers the doubt is the submission's; a further one, after it was sent again, is a second song that
was paid for. What no caller waits for when it is found is listed, for somebody paid for it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any
from weakref import WeakValueDictionary

from attrs import define, evolve, field

from suno_async._deadline import Deadline
from suno_async._http.attempts import Transport
from suno_async._http.verdict import in_brief
from suno_async._submitting.tasks import Tasks, operation_in
from suno_async._wire.callback_bodies import Callback, path_in_record
from suno_async._wire.callback_urls import CallbackPath
from suno_async.errors import (
    CallbackRejected,
    ClientClosed,
    DecodeError,
    JournalError,
    NotFound,
    SunoError,
)
from suno_async.operations import TaskOperation
from suno_async.task import Task

if TYPE_CHECKING:
    from suno_async._http.requests import Body
    from suno_async._journal.journal import Entry

_log = logging.getLogger("suno_async")

_PAUSES = (0.0, 4.0, 8.0, 16.0, 32.0, 64.0)  # seconds before each poll that is to confirm a claim
_MOST_CLAIMS = 3  # tasks that may be polled for one submission at a time
_REMEMBERED = 1_000  # lost answers, and claims that were settled


@define(eq=False, repr=False)
class LostAnswer:
    """A submission whose answer was lost, for as long as somebody has the error that says so."""

    submission: str
    """The submission's id."""
    operation: TaskOperation[Any]
    """What was asked for."""
    since: float
    """When the answer was given up, on the loop's clock."""
    has_callbacks: bool
    """Whether a callback may come that names its task."""
    _transport: Transport
    _unclaimed: list[str]
    _confirm: Callable[[LostAnswer], None] = field(alias="confirm")
    candidate: str | None = None
    """The id of a task that an answer named."""
    waiters: int = 0
    """How many callers wait for its task."""
    task: Task[Any] | None = field(default=None, init=False)
    """The task that answers the doubt."""
    _changed: asyncio.Event = field(factory=asyncio.Event, init=False)

    def __reduce__(self) -> Any:
        return _nothing, ()  # errors are pickled; what they wait for stays here

    def end(self, task: Task[Any] | None = None) -> None:
        """End all waits: here is the task, or the client has ended."""
        self.task = self.task or task
        self._changed.set()

    async def wait(self, timeout: float | None) -> Task[Any] | None:
        """The task, or `None` when the time is over."""
        self.waiters += 1
        try:
            if self.task is None:
                self._transport.ready()
                if self.candidate is not None:
                    self._changed.clear()
                    self._confirm(self)
                with suppress(TimeoutError):
                    async with Deadline(timeout):
                        await self._changed.wait()
                if self._changed.is_set() and self.task is None:
                    self._transport.ready()  # raises: it has ended
        finally:
            self.waiters -= 1
        if self.task is not None:
            with suppress(ValueError):
                self._unclaimed.remove(self.task.token)
        return self.task


def _nothing() -> None:
    return None


def _tried(lost: LostAnswer, confirming: asyncio.Task[Task[Any]]) -> None:
    """End the waits for what cannot come any more."""
    if not lost.has_callbacks and (confirming.cancelled() or confirming.exception() is not None):
        lost.end()


@define(eq=False)
class Recoveries:
    """The lost answers of one client."""

    _transport: Transport
    _tasks: Tasks
    _lost: WeakValueDictionary[str, LostAnswer] = field(
        factory=WeakValueDictionary[str, LostAnswer], init=False
    )
    _doubtful: dict[str, None] = field(factory=dict[str, None], init=False)
    """The last submissions whose answer was lost, also where nobody has the error any more."""
    _settled: dict[tuple[str, str], bool] = field(factory=dict[tuple[str, str], bool], init=False)
    """Whether a task is this submission's, where a poll has shown it."""
    _confirming: dict[tuple[str, str], asyncio.Task[Task[Any]]] = field(
        factory=dict[tuple[str, str], "asyncio.Task[Task[Any]]"], init=False
    )

    def lost(
        self,
        submission: str,
        operation: TaskOperation[Any],
        candidate: str | None = None,
        *,
        has_callbacks: bool = True,
    ) -> LostAnswer:
        """Where to wait for the task of a submission whose answer was lost."""
        _remember(self._doubtful, submission, None)
        known = self._lost.get(submission)
        if known is None:
            now = asyncio.get_running_loop().time()
            known = self._lost[submission] = LostAnswer(
                submission,
                operation,
                now,
                has_callbacks,
                self._transport,
                self._tasks.unclaimed,
                self._ask_for,
            )
        known.candidate = candidate or known.candidate
        return known

    def _ask_for(self, lost: LostAnswer) -> None:
        """Poll whether the service has the task that an answer named."""
        kind, task_id = lost.operation._kind.name, lost.candidate or ""
        callback = Callback(path=CallbackPath(b"", kind, lost.submission), task_id=task_id, body={})
        confirming = self._begin(callback, self._confirm_candidate(callback, lost))
        confirming.add_done_callback(partial(_tried, lost))

    async def _confirm_candidate(self, callback: Callback, lost: LostAnswer) -> Task[Any]:
        entry = await self._tasks.journal.find(callback.submission_id)
        has_other = entry is not None and not entry.is_unknown
        return await self._confirm(
            callback, entry, has_other=has_other, has_callbacks=lost.has_callbacks
        )

    def _begin(
        self, callback: Callback, work: Coroutine[Any, Any, Task[Any]]
    ) -> asyncio.Task[Task[Any]]:
        """Find out about a claim, once at a time."""
        claim = callback.submission_id, callback.task_id
        known = self._confirming.get(claim)
        if known is not None:
            work.close()
            return known
        confirming = self._confirming[claim] = asyncio.create_task(work)
        confirming.add_done_callback(partial(self._confirmed, claim))
        return confirming

    def has_lost(self, submission: str) -> bool:
        """Whether an answer to this submission was lost, so that it may have tasks unknown."""
        return submission in self._doubtful or submission in self._lost

    def awaited(self, submission: str) -> LostAnswer | None:
        """The lost answer, if anybody waits for its task."""
        lost = self._lost.get(submission)
        return lost if lost is not None and lost.waiters and lost.task is None else None

    def all_awaited(self) -> list[str]:
        """The submissions for whose task somebody waits."""
        return [one for one in self._lost if self.awaited(one) is not None]

    def end(self, submission: str, task: Task[Any]) -> None:
        """Its task is known."""
        if (lost := self._lost.get(submission)) is not None:
            lost.end(task)

    async def task_of(
        self, callback: Callback, entry: Entry | None, *, has_other: bool
    ) -> Task[Any] | None:
        """The task that a callback names, if it is the submission's; `None` where nobody can say.

        Raises:
            CallbackRejected: it is not.
            SunoError: that cannot be found out.
        """
        claim = callback.submission_id, callback.task_id
        if entry is None and not self.has_lost(callback.submission_id):
            return None
        settled = self._settled.get(claim)
        if settled is not None:
            if not settled:
                raise foreign(callback)
            return self._task(callback, entry)
        if claim not in self._confirming:
            claims = [one for one in self._confirming if one[0] == callback.submission_id]
            if len(claims) >= _MOST_CLAIMS:
                raise foreign(callback)
        confirming = self._begin(callback, self._confirm(callback, entry, has_other=has_other))
        await asyncio.wait([confirming])
        if confirming.cancelled():
            raise ClientClosed("The client was closed before a poll told whose task it is.")
        return confirming.result()

    def _confirmed(self, claim: tuple[str, str], confirming: asyncio.Task[Any]) -> None:
        del self._confirming[claim]
        if not confirming.cancelled():
            confirming.exception()  # seen: the callbacks that wait for it get it

    async def close(self) -> None:
        """Poll no more, and end all waits."""
        confirming = list(self._confirming.values())
        for one in confirming:
            one.cancel()
        for lost in list(self._lost.values()):
            lost.end()
        await asyncio.gather(*confirming, return_exceptions=True)

    # --- one claim -----------------------------------------------------------------------------

    async def _confirm(
        self,
        callback: Callback,
        entry: Entry | None,
        *,
        has_other: bool,
        has_callbacks: bool = True,
    ) -> Task[Any]:
        """Poll whether the task is the submission's, and if so have it written down."""
        body = await self._polled(callback)
        owner = await self._tasks.journal.of_task(callback.kind.name, callback.task_id)
        claimed = path_in_record(body)
        has_other = has_other or self._has_other(callback)
        if claimed is not None and not callback.path.account:  # an answer tells no more than this
            claimed = evolve(claimed, account=b"")
        is_its = claimed == callback.path or (claimed is None and not has_other)
        is_its = is_its and (owner is None or owner.id == callback.submission_id)
        if is_its and entry is not None and not has_other:
            has_other = not await self._write_down(callback)
            is_its = claimed is not None or not has_other
        _remember(self._settled, (callback.submission_id, callback.task_id), is_its)
        if not is_its:
            raise foreign(callback)
        task = self._task(callback, entry, has_callbacks=has_callbacks)
        if not has_other:
            self._tasks.started(task, callback.submission_id)
        with suppress(SunoError):
            poller = self._tasks.poller
            observe = poller.called_back if has_callbacks else poller.observe
            observe(task, callback.record(task.operation, body))
        self._deliver(callback, task)
        return task

    def _has_other(self, callback: Callback) -> bool:
        """Whether the submission was found to have another task."""
        return any(
            is_its and submission == callback.submission_id and task_id != callback.task_id
            for (submission, task_id), is_its in self._settled.items()
        )

    async def _write_down(self, callback: Callback) -> bool:
        """Whether it was still unknown which task the submission has."""
        try:
            return await self._tasks.journal.recovered(callback.submission_id, callback.task_id)
        except JournalError as error:  # it is paid: its caller must have it all the same
            _log.error("%s is accepted, but: %s", callback.token, error)
            return True

    def _task(
        self, callback: Callback, entry: Entry | None, *, has_callbacks: bool = True
    ) -> Task[Any]:
        lost = self._lost.get(callback.submission_id)
        operation = operation_in(entry) if entry is not None else None
        task = self._tasks.task(
            callback.kind, callback.task_id, operation if lost is None else lost.operation
        )
        since = None if lost is None else lost.since
        self._tasks.poller.accepted(task, since, has_callbacks=has_callbacks, is_guess=True)
        task._submission_id = callback.submission_id
        return task

    def _deliver(self, callback: Callback, task: Task[Any]) -> None:
        """Give it to the callers that wait, else list it."""
        found = f"{callback.submission_id} was accepted as {callback.token}, after all"
        if self.awaited(callback.submission_id) is not None:
            _log.info("%s", found)
        else:
            self._tasks.unclaimed.append(callback.token)
            tokens = {"tokens": [callback.token]}
            _log.warning("%s: pick it up with task(%r)", found, callback.token, extra=tokens)
        self.end(callback.submission_id, task)

    async def _polled(self, callback: Callback) -> Body:
        """The task's record, which must be there.

        Raises:
            SunoError: it is not, or cannot be had, also not a little later.
        """
        error = SunoError()
        for pause in _PAUSES:
            await asyncio.sleep(pause)
            try:
                body = await self._tasks.poller.record_body(callback.kind, callback.task_id)
                with suppress(DecodeError):  # it is there, whatever it says
                    callback.record(None, body)
            except SunoError as failed:
                error = failed
            else:
                return body
            _log.info("Poll %s, which may be lost: %s", callback.token, in_brief(error))
        raise foreign(callback) if isinstance(error, NotFound) else error


def foreign(callback: Callback) -> CallbackRejected:
    """The error for a callback of a task that is not the submission's."""
    message = f"{callback.token}, which it names, is not the task of this submission"
    return CallbackRejected(message, http_status=409)


def _remember(known: dict[Any, Any], key: Any, value: Any) -> None:
    """Keep the latest only: what is posted to us must not fill the memory."""
    known.pop(key, None)
    known[key] = value
    if len(known) > _REMEMBERED:
        del known[next(iter(known))]
