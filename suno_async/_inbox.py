"""What a client makes of pushes: news for its tasks, and the end of doubt about lost answers.

A push belongs to a submission, by its URL, and names a task. Where it is known that the two belong
together, it is news for that task, as a look would be. Where the submission's answer is still on
its way, the push waits for it. Where the answer was lost, the push says what became of it: a look
at that task's record confirms it, since a record repeats the callback URL of its submission.
"""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol, cast
from weakref import WeakValueDictionary

from attrs import define, field

from suno_async._pushes import Push, ticket_of
from suno_async._records import Record, record_of
from suno_async._verdict import Body, in_brief
from suno_async.callbacks import Taken
from suno_async.errors import CallbackRejected, DecodeError, JournalError, NotFound, SunoError
from suno_async.limiter import Limiter, Priority, Slot
from suno_async.operations import TaskOperation
from suno_async.task import Seat, Task

if TYPE_CHECKING:
    from suno_async._journal import Entry
    from suno_async._submissions import Submissions
    from suno_async._watcher import Watcher
    from suno_async.operations import Kind

_log = logging.getLogger("suno_async")

_PAUSES = (0.0, 4.0, 8.0, 16.0, 32.0, 64.0)  # seconds before each look that is to confirm a push
_MOST_CLAIMS = 3  # tasks that may be looked at for one submission at a time
_SENSITIVE = "SENSITIVE_WORD_ERROR"
_BAD = 400  # of a push: anything from a wrong parameter to words that are not allowed


class Insides(Protocol):
    """What is needed of a client."""

    submissions: Submissions
    watcher: Watcher

    def ready(self) -> Limiter:
        """Make sure that the client can be used here and now; the limiter for looks."""
        ...

    def live(self, token: str) -> Task[Any] | None:
        """The task with this token, if somebody holds it."""
        ...

    def task(
        self, kind: Kind, task_id: str, operation: TaskOperation[Any] | None, seat: Seat
    ) -> Task[Any]:
        """The task with this id."""
        ...

    def restored(self, operation: TaskOperation[Any] | None, entry: Entry) -> Task[Any]:
        """The task of a submission that is known as accepted."""
        ...

    def operation_in(self, entry: Entry) -> TaskOperation[Any] | None:
        """The operation of a submission."""
        ...

    async def ask(self, kind: Kind, task_id: str, slot: Slot) -> Body:
        """Ask for a record once."""
        ...


@define(eq=False, repr=False)
class LostAnswer:
    """A submission whose answer was lost, for as long as somebody has the error that says so."""

    submission: str
    """Its id."""
    operation: TaskOperation[Any]
    """What was asked for."""
    since: float
    """When the answer was given up, on the loop's clock."""
    _client: Insides
    waiters: int = 0
    """How many wait for its task."""
    _task: Task[Any] | None = None
    _changed: asyncio.Event = field(factory=asyncio.Event, init=False)

    def __reduce__(self) -> Any:
        return _nothing, ()  # errors are pickled; what they wait for stays here

    def end(self, task: Task[Any] | None = None) -> None:
        """Let nobody wait longer: here is the task, or the client has ended."""
        self._task = task
        self._changed.set()

    async def wait(self, timeout: float | None) -> Task[Any] | None:  # noqa: ASYNC109 as Task.wait
        """The task, or `None` when the time is over."""
        self.waiters += 1
        try:
            if self._task is None:
                self._client.ready()
                with suppress(TimeoutError):
                    async with asyncio.timeout(timeout):
                        await self._changed.wait()
                if self._changed.is_set() and self._task is None:
                    self._client.ready()  # raises: it has ended
        finally:
            self.waiters -= 1
        return self._task


def _nothing() -> None:
    return None


@define(eq=False)
class Inbox:
    """Takes in the pushes for one client."""

    _client: Insides
    account: bytes = field(repr=False)
    """What tells the client's account from others."""
    _lost: WeakValueDictionary[str, LostAnswer] = field(
        factory=WeakValueDictionary[str, LostAnswer], init=False
    )
    _started: WeakValueDictionary[str, Task[Any]] = field(
        factory=WeakValueDictionary[str, Task[Any]], init=False
    )
    _confirming: dict[tuple[str, str], asyncio.Task[Task[Any] | None]] = field(
        factory=dict[tuple[str, str], "asyncio.Task[Task[Any] | None]"], init=False
    )

    def started(self, task: Task[Any], submission: str) -> None:
        """Take note of which submission a task is."""
        task.seat.submission = submission
        self._started[submission] = task

    def lost(self, submission: str, operation: TaskOperation[Any]) -> LostAnswer:
        """Where to wait for the task of a submission whose answer was lost."""
        known = self._lost.get(submission)
        if known is None:
            now = asyncio.get_running_loop().time()
            known = self._lost[submission] = LostAnswer(submission, operation, now, self._client)
        return known

    async def close(self) -> None:
        """Look no more, and let nobody wait longer."""
        confirming = list(self._confirming.values())
        for one in confirming:
            one.cancel()
        for lost in list(self._lost.values()):
            lost.end()
        await asyncio.gather(*confirming, return_exceptions=True)

    # --- what the receiver hands in ------------------------------------------------------------

    def check(self, push: Push) -> None:
        """Hold a push to what is known at once.

        Raises:
            CallbackRejected: the task is another submission's, or the submission another task.
            ClientClosed: the client has ended.
            ConfigurationError: the client is used on another event loop.
        """
        self._client.ready()
        named = self._client.live(push.token)
        own = self._started.get(push.submission)
        is_others = named is not None and named.seat.submission not in {None, push.submission}
        if is_others or (own is not None and own.token != push.token):
            raise _foreign(push)

    async def take(self, push: Push) -> Taken:
        """Take a push in, once the answer to its submission is in.

        Raises:
            CallbackRejected: the task is not this submission's.
            SunoError: it cannot be said whose it is.
        """
        posting = self._client.submissions.posting_of(push.submission)
        if posting is not None:
            await asyncio.wait([posting])
            await asyncio.sleep(0)  # whoever submitted may begin to listen
            await asyncio.sleep(0)
        self.check(push)
        is_awaited = self._is_awaited(push.submission)
        task = named = self._client.live(push.token)
        if named is None or named.seat.submission is None:
            task = await self._find(push)
        if task is not None:
            is_heard = is_awaited or task.is_listened_to
            await self._tell(task, push)
            return Taken(task, is_heard)
        if named is not None and named.is_listened_to:  # made by its token: whose it is, who knows
            await self._client.watcher.look_now(named)
            return Taken(named, is_heard=True)
        return Taken()

    def _is_awaited(self, submission: str) -> bool:
        lost = self._lost.get(submission)
        return lost is not None and lost.waiters > 0

    async def _tell(self, task: Task[Any], push: Push) -> None:
        record = push.record(task.operation)
        if record.failure is not None and not task.is_over:
            if record.failure.code == _BAD and _SENSITIVE in push.kind.failures:
                record = await self._by_look(task, push) or record
            if record.failure is not None and record.failure.ready is None:
                record.failure.ready = task.latest or None
        self._client.watcher.told(task, record)

    async def _by_look(self, task: Task[Any], push: Push) -> Record[Any] | None:
        """A failure as the record has it, which tells a bad word from other trouble."""
        with suppress(Exception):  # whatever is wrong with the look, the push tells enough
            slot = await self._client.ready().acquire(Priority.PERSON_LOOK)
            body = await self._client.ask(push.kind, push.task_id, slot)
            record = _record(push, body, task.operation)
            return record if record.failure is not None else None
        return None

    async def _find(self, push: Push) -> Task[Any] | None:
        """The task, where the journal knows the submission, or its answer was lost."""
        entry = await self._client.submissions.book.find(push.submission)
        if entry is not None and not entry.is_unknown:
            if (entry.kind, entry.task_id) != (push.kind.name, push.task_id):
                raise _foreign(push)
            task = self._client.restored(None, entry)
            if (lost := self._lost.get(push.submission)) is not None:
                lost.end(task)
            return task
        if entry is None and push.submission not in self._lost:
            return None
        claim = (push.submission, push.task_id)
        if claim not in self._confirming:
            claims = [one for one in self._confirming if one[0] == push.submission]
            if len(claims) >= _MOST_CLAIMS:
                raise _foreign(push)
            confirming = asyncio.create_task(self._confirm(push, entry))
            self._confirming[claim] = confirming
            confirming.add_done_callback(partial(self._confirmed, claim))
        return await asyncio.shield(self._confirming[claim])

    def _confirmed(self, claim: tuple[str, str], confirming: asyncio.Task[Any]) -> None:
        del self._confirming[claim]
        if not confirming.cancelled():
            confirming.exception()  # seen: the pushes that wait for it get it

    # --- lost answers --------------------------------------------------------------------------

    async def _confirm(self, push: Push, entry: Entry | None) -> Task[Any] | None:
        """Look whether the task is the submission's, and if so have it written down."""
        body = await self._looked_up(push)
        claimed = ticket_of(body)
        book = self._client.submissions.book
        owner = await book.owner_of(push.kind.name, push.task_id)
        if claimed not in {None, push.ticket} or owner not in {None, push.submission}:
            raise _foreign(push)
        if entry is not None:
            try:
                if not await book.recovered(push.submission, push.task_id):
                    raise _foreign(push)  # it was sent again meanwhile
            except JournalError as error:  # it is paid: whoever waits must have it all the same
                _log.error("%s is accepted, but: %s", push.token, error)
        lost = self._lost.get(push.submission)
        operation = self._client.operation_in(entry) if entry is not None else None
        seat = Seat(accepted=None if lost is None else lost.since, has_voted=True, is_pushed=True)
        task = self._client.task(
            push.kind, push.task_id, operation if lost is None else lost.operation, seat
        )
        self.started(task, push.submission)
        _log.info("%s was accepted as %s, a push told", push.submission, push.token)
        with suppress(SunoError):
            self._client.watcher.told(task, _record(push, body, task.operation))
        if lost is not None:
            lost.end(task)
        return task

    async def _looked_up(self, push: Push) -> Body:
        """The task's record, which must be there.

        Raises:
            SunoError: it is not, or cannot be had, also not a little later.
        """
        error = SunoError()
        for pause in _PAUSES:
            await asyncio.sleep(pause)
            slot = await self._client.ready().acquire(Priority.PERSON_LOOK)
            try:
                body = await self._client.ask(push.kind, push.task_id, slot)
                record = _record(push, body, None)
            except DecodeError as unreadable:
                if isinstance(unreadable.raw, dict):
                    return cast("Body", unreadable.raw)  # pyright: ignore[reportUnknownMemberType]
                error = unreadable
            except SunoError as failed:
                error = failed
            else:
                if record.task_id not in {None, push.task_id}:
                    raise _foreign(push)
                return body
            _log.info("Look %s, which a push names: %s", push.token, in_brief(error))
        raise _foreign(push) if isinstance(error, NotFound) else error


def _record(push: Push, body: Body, operation: TaskOperation[Any] | None) -> Record[Any]:
    return record_of(push.kind, body, token=push.token, operation=operation)


def _foreign(push: Push) -> CallbackRejected:
    message = f"{push.token}, which it names, is not the task of this submission"
    return CallbackRejected(message, http_status=409)
