"""What works inside the client: from an operation to its task, and from a look to its news."""

from __future__ import annotations

import asyncio
import logging
import os
import shlex
from collections import Counter
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar, cast
from weakref import WeakValueDictionary

from attrs import define, evolve, field

from suno_async._batch_runner.runner import Untold
from suno_async._callbacks.inbox import Inbox
from suno_async._callbacks.recovery import LostAnswer, Recoveries
from suno_async._http.attempts import Sending, Transport
from suno_async._http.multipart import form_of
from suno_async._http.verdict import Body, Refusal, Request
from suno_async._journal.entry import JournalEntry
from suno_async._journal.journal import SubmissionState
from suno_async._journal.memory import MemoryJournal
from suno_async._journal.sqlite import SqliteJournal
from suno_async._polling.poller import Poller
from suno_async._submitting.submissions import Reading, Submissions, Terms
from suno_async._wire.bodies import body_of, texts_of
from suno_async._wire.records import Record, answer_of, other_task_in, record_of, task_id_of
from suno_async.callbacks import CallbackReceiver
from suno_async.errors import ClientClosed, ConfigurationError, JournalError, NotFound, SunoError
from suno_async.limiter import Limiter, Priority, Slot, shared_limiter
from suno_async.operations import CallOperation, GetCredits, Operation, TaskOperation
from suno_async.operations._base import Host
from suno_async.operations._kinds import KINDS, Kind
from suno_async.task import PollState, Task

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from suno_async._journal.journal import Entry

_log = logging.getLogger("suno_async")

R = TypeVar("R")


@define(eq=False, kw_only=True)
class Engine:
    """One client's insides: its rooms put together, and its life."""

    transport: Transport
    """Sends."""
    journal: SqliteJournal | None
    """Remembers."""
    callbacks: str | CallbackReceiver
    """Where the service shall post, unless an operation says otherwise."""
    timeout: float
    """Seconds for one attempt, and for what is out when the client ends."""
    poll_limiter: Limiter | None
    """What grants looks, where not the same as the rest."""
    given_limiter: Limiter | None
    """What the caller brought to grant leave to send."""
    submissions: Submissions = field(init=False)
    """The paid requests."""
    watcher: Poller = field(init=False)
    """The looks."""
    recoveries: Recoveries = field(init=False)
    """The ends of doubt about lost answers."""
    inbox: Inbox | None = field(default=None, init=False)
    """What takes in pushes, where there is a receiver for them."""
    untold: Untold | None = field(default=None, init=False)
    """What no batch has told, where no journal has it."""
    is_closed: bool = field(default=False, init=False)
    """Whether the client has ended."""
    _loop: asyncio.AbstractEventLoop | None = field(default=None, init=False)
    _process: int | None = field(default=None, init=False)
    _has_ended: asyncio.Event = field(factory=asyncio.Event, init=False)
    _tasks: WeakValueDictionary[str, Task[Any]] = field(
        factory=WeakValueDictionary[str, Task[Any]], init=False
    )

    def __attrs_post_init__(self) -> None:
        self.submissions = Submissions(self.transport, self.journal or MemoryJournal())
        self.untold = Untold(self.submissions.unclaimed) if self.journal is None else None
        self.watcher = Poller(self.ready, self._look)
        self.recoveries = Recoveries(self, self._started)
        self.submissions.recovery = self._lost
        if isinstance(self.callbacks, CallbackReceiver):
            self.inbox = Inbox(self, self.transport.http.account, self.recoveries)
            self.callbacks.attach(self.inbox)

    def ready(self) -> Limiter:
        """Make sure that the client can be used here and now; the limiter for looks."""
        self._check_process()
        if self.is_closed:
            raise closed()
        loop = asyncio.get_running_loop()
        if self._loop is None:
            self._loop, self._process = loop, os.getpid()
            self.transport.limiter = self.given_limiter or self._own_limiter()
        elif self._loop is not loop:
            raise ConfigurationError(
                "This client belongs to another event loop: make one for each loop."
            )
        return self.poll_limiter or self.transport.limiter

    def _own_limiter(self) -> Limiter:
        """The one of this key and host, with the slots in use that the last process had."""
        http = self.transport.http
        limiter = shared_limiter(http.key, http.hosts[Host.API])
        if self.journal is not None:
            self.journal.keep_rate(limiter)
        return limiter

    def _check_process(self) -> None:
        """The file, the threads and the connections of a client stay in its process."""
        if self._process not in {None, os.getpid()}:
            raise ConfigurationError(
                "This client was opened in another process, of which this one is a fork: make a "
                "SunoClient in each process, after the fork."
            )

    async def close(self) -> None:
        """End; whoever closes it again waits for the same end."""
        self._check_process()
        if self.is_closed:
            await self._has_ended.wait()
            return
        self.is_closed = True
        try:
            await self.submissions.close(self.timeout)
        finally:  # also if whoever closes it does not want to wait
            ending = asyncio.create_task(self._end())
            mine = asyncio.shield(ending)
            ending.add_done_callback(lambda _: self._has_ended.set())
            try:
                await mine
            except asyncio.CancelledError:
                await asyncio.wait([ending])  # soon over, and nothing is left open
                raise

    async def _end(self) -> None:
        """Close all that is left once nothing paid is out."""
        await self.recoveries.close()
        await self.watcher.close()
        if self.untold is not None:
            self.untold.list_all()
        await self.transport.http.close()
        if self.journal is not None:
            await self.journal.close()

    async def call(self, operation: CallOperation[R], priority: Priority) -> R:
        """Ask, and read the answer."""
        self.ready()
        if operation._costs:
            read = partial(answer_of, operation)
            reading = Reading(
                lambda body, _: read(body), lambda entry: read(entry.outcome or {}), lambda _: None
            )
            request_for = partial(self._request, operation, priority)
            return await self.submissions.pay(operation, request_for, reading, Terms())
        try:
            request = self._request(operation, priority)
            try:
                body = await self.transport.send(request, Sending())
            except NotFound:
                if operation._fallback_path is None:
                    raise
                older = evolve(request, path=operation._fallback_path)
                body = await self.transport.send(older, Sending())
        except SunoError:
            if self.is_closed:
                raise closed() from None
            raise
        return answer_of(operation, body)

    def task(
        self, kind: Kind, task_id: str, operation: TaskOperation[R] | None, seat: PollState
    ) -> Task[R]:
        """The task with this id: one object, as long as somebody holds it."""
        new = Task(
            id=task_id,
            operation=operation,
            kind=kind,
            watch=self.watcher,
            seat=seat,
            on_over=self._over,
        )
        task: Task[R] = self._tasks.setdefault(new.token, new)
        return task

    def live(self, token: str) -> Task[Any] | None:
        """The task with this token, if somebody holds it."""
        return self._tasks.get(token)

    async def pay(
        self, operation: TaskOperation[R], priority: Priority, terms: Terms
    ) -> tuple[Task[R], bool]:
        """Submit: the task, and whether it was found in the journal."""
        self.ready()

        is_pushed = self._is_pushed(operation)

        def accepted(body: Body, submission: str) -> tuple[Task[R], bool]:
            now = asyncio.get_running_loop().time()
            seat = PollState(accepted=now, is_known=True, is_pushed=is_pushed)
            task_id = task_id_of(body) or ""  # its being there is what made it accepted
            task = self.task(operation._kind, task_id, operation, seat)
            self._started(task, submission)
            return task, False

        def restored(entry: Entry) -> tuple[Task[R], bool]:
            return self.restored(operation, entry), True

        def unclaimed(paid: tuple[Task[R], bool]) -> str:
            self.submissions.unclaimed.append(paid[0].token)
            return paid[0].token

        return await self.submissions.pay(
            operation,
            partial(self._request, operation, priority),
            Reading(accepted, restored, unclaimed),
            terms,
        )

    async def find_many(self, keys: list[str]) -> Mapping[str, Entry]:
        """What the journal knows; nothing where it cannot be asked: submitting asks again."""
        with suppress(SunoError):
            self.ready()  # in a fork, nobody would answer
            if self.journal is not None:
                return await self.journal.find_many(keys)
        return {}

    async def tell_of_others(self, is_named: Callable[[str], bool]) -> None:
        """Say what the journal has in progress or in doubt under keys of which this is not true."""
        if self.journal is None or self.is_closed:
            return
        counts = Counter[SubmissionState]()
        for state in (SubmissionState.IN_PROGRESS, SubmissionState.IN_DOUBT):
            with suppress(JournalError, ClientClosed):
                async for entry in self.journal.entries(state):
                    counts[state] += not is_named(entry.id)
                    if self.is_closed:
                        return
        if counts.total():
            _log.warning(
                "The journal %s has %d submissions in progress and %d in doubt that this batch's "
                "list does not name: submissions(state='in_progress') and "
                "submissions(state='in_doubt') tell them, and so does %s",
                self.journal.name,
                counts[SubmissionState.IN_PROGRESS],
                counts[SubmissionState.IN_DOUBT],
                shlex.join(["suno-async", "journal", self.journal.name]),
                extra={"journal": self.journal.name, "others": counts.total()},
            )

    async def probe(self, delay: float) -> None:
        """Ask once after so many seconds, for free, to see whether the service answers."""
        self.ready()
        await self.transport.probe(self._request(GetCredits(), Priority._FINISHING), delay)

    def _request(
        self, operation: Operation[Any], priority: Priority, submission: str = ""
    ) -> Request:
        fields = body_of(operation, self._callback_url(operation, submission))
        posts = operation._method == "POST"
        return Request(
            name=type(operation).__name__,
            method=operation._method,
            path=operation._path,
            host=operation._host,
            body=fields if posts else None,
            params=None if posts else texts_of(fields),
            costs=operation._costs,
            starts_task=isinstance(operation, TaskOperation),
            submission=submission,
            priority=priority,
            kind=operation._kind.name if isinstance(operation, TaskOperation) else "",
            form=form_of(operation),
            patience=operation._patience,
        )

    def _callback_url(self, operation: Operation[Any], submission: str) -> str:
        """Where the service shall post, for an operation that does not say so itself."""
        if isinstance(self.callbacks, str):
            return self.callbacks
        if not isinstance(operation, TaskOperation) or operation.callback_url is not None:
            return ""  # it is not sent
        account = self.transport.http.account
        return self.callbacks.url_for(submission, operation._kind, account)

    def restored(self, operation: TaskOperation[R] | None, entry: Entry) -> Task[R]:
        """The task of a submission that the journal knows as accepted."""
        kind = KINDS[entry.kind or ""]
        operation = operation or self.operation_in(entry)
        task = self.task(kind, entry.task_id or "", operation, PollState())
        task.seat.is_known = True
        self._started(task, entry.id)
        if entry.outcome is not None and other_task_in(entry.outcome, task.id) is None:
            task.observe(record_of(kind, entry.outcome, token=task.token, operation=operation))
        return task

    def _started(self, task: Task[Any], submission: str) -> None:
        """Take note of which submission a task is, by which its pushes are known."""
        if self.inbox is not None:
            self.inbox.started(task, submission)

    def _is_pushed(self, operation: TaskOperation[Any]) -> bool:
        """Whether what happens to its task is pushed to us."""
        return self.inbox is not None and operation.callback_url is None

    def _lost(
        self, submission: str, operation: TaskOperation[Any], candidate: str | None
    ) -> LostAnswer | None:
        """Where to wait for the task of a submission whose answer was lost, if it can come."""
        is_pushed = self._is_pushed(operation)
        if not is_pushed and candidate is None:
            return None
        return self.recoveries.lost(submission, operation, candidate, is_pushed=is_pushed)

    def operation_in(self, entry: Entry) -> TaskOperation[Any] | None:
        """The operation of a submission that the journal knows."""
        return cast("TaskOperation[Any] | None", JournalEntry(entry).operation)

    def _over(self, task: Task[Any], record: Record[Any]) -> None:
        if not self.is_closed:
            has_failed = record.failure is not None
            self.submissions.book.over(task.kind, task.id, record.body, has_failed=has_failed)

    async def recall(self, token: str) -> Any:
        """What the record of a task shows now, also of one that is over."""
        self.ready()
        name, _, task_id = token.partition(":")
        kind = KINDS[name]
        body = await self.transport.send(_look_at(kind, task_id), Sending())
        record: Record[Any] = record_of(kind, body, token=token)
        return record.result

    async def asked_for(self, token: str) -> TaskOperation[Any] | None:
        """The operation that a task came from, where this process or the journal knows it."""
        task: Task[Any] | None = self._tasks.get(token)
        if task is None and self.journal is not None:
            kind, _, task_id = token.partition(":")
            entry = await self.journal.of_task(kind, task_id)
            task = None if entry is None else self.restored(None, entry)
        return None if task is None else task.operation

    async def _look(self, task: Task[Any], slot: Slot) -> None:
        kind, operation = KINDS[task.kind], task.operation
        try:
            body = await self.ask(kind, task.id, slot)
            record = record_of(kind, body, token=task.token, operation=operation, seen=task.stage)
        except NotFound:
            if not task.seat.is_known:
                entry = await self.submissions.book.of_task(task.kind, task.id)
                task.seat.is_known = entry is not None
            raise
        task.observe(record)

    async def ask(self, kind: Kind, task_id: str, slot: Slot) -> Body:
        """Ask for a task's record once."""
        request = _look_at(kind, task_id)
        result = await self.transport.attempt(request, slot, Sending())
        if isinstance(result, Refusal):
            try:
                raise result.error
            finally:
                del result  # or error and traceback would hold each other
        return result


def _look_at(kind: Kind, task_id: str) -> Request:
    return Request(
        name="Poll",
        token=f"{kind.name}:{task_id}",
        method="GET",
        path=kind.record_path,
        params={kind.id_param: task_id},
        answers=kind.codes,
    )


def closed() -> ClientClosed:
    """What is raised to whoever uses a client that has ended."""
    return ClientClosed("This client is closed: make a new SunoClient.")
