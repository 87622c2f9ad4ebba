"""A task: one state machine, any number of listeners.

What polls and callbacks bring arrives here as a `Record`, in `_observe`. The stage only moves
forward; each stage passed becomes one event, and a listener that comes late gets all events from
the start. A task is polled only while somebody listens.
"""

from __future__ import annotations

import asyncio
import inspect
import logging
from contextlib import suppress
from copy import copy
from math import isnan
from typing import TYPE_CHECKING, Any, Generic, TypeAlias, TypeVar, cast

from attrs import define, field

from suno_async._deadline import Deadline
from suno_async.errors import ClientClosed, ConfigurationError, SunoError, TaskFailed, TaskTimeout
from suno_async.operations import TaskOperation
from suno_async.operations._kinds import Kind
from suno_async.results import Stage, TaskEvent

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Generator

    from suno_async._polling.poller import Poller  # noqa: TC004 above, for types alone
    from suno_async._wire.records import Record


R = TypeVar("R")

Listener: TypeAlias = "Callable[[TaskEvent[R] | SunoError], None]"
"""Called with each event of a task, and with errors."""
_Listener: TypeAlias = "Callable[[SunoError | None], None]"  # with `None` at each event

_log = logging.getLogger("suno_async")

_PATIENCE = 600.0
"""Seconds to wait by default: the quick start's sample gives up after ten minutes."""
_LAST_POLL = 30.0  # seconds that the last poll of a wait may take


@define(eq=False, repr=False, kw_only=True)
class Task(Generic[R]):
    """What was paid for: iterate over it for its stages, await it for its result.

    `async for event in task` yields `text`, `first` and `complete` once each, in this order, and
    ends. `await task` gives the result, any number of times. Both may be used by many at once.

    `await task` ends with `TaskTimeout` after 600 seconds, and so does the iteration after 600
    without an event; the task goes on. For one that may take 10 to 20 minutes, as some do, use
    `await task.wait(timeout=1800)`.
    """

    id: str
    """The service's id of the task."""
    operation: TaskOperation[R] | None = None
    """What was asked for, where this process knows it."""
    stage: Stage = field(default=Stage.PENDING, init=False)
    """How far it is, as far as is known."""

    _kind: Kind = field(alias="kind")
    _poller: Poller = field(alias="poller")
    _submission_id: str | None = field(default=None, init=False)
    """The submission that it is of: there once this client or its journal saw it accepted."""
    _is_interactive: bool = field(default=True, init=False)
    """Whether somebody waits for it, rather than a batch."""
    _events: tuple[TaskEvent[R], ...] = field(default=(), init=False)
    _failure: TaskFailed | None = field(default=None, init=False)
    _listeners: dict[_Listener, None] = field(factory=dict["_Listener", None], init=False)
    _batches: int = field(default=0, init=False)
    """How many of the listeners are batches."""

    @property
    def kind(self) -> str:
        """What sort of task it is, for example `music`."""
        return self._kind.name

    @property
    def typical_duration(self) -> float:
        """Seconds in which nearly all such tasks are complete, as documented."""
        return self._kind.typical_duration

    @property
    def token(self) -> str:
        """A short text from which `suno.task(token)` makes the same task, in any process."""
        return f"{self._kind.name}:{self.id}"

    @property
    def is_done(self) -> bool:
        """Whether it is complete or has failed."""
        return self._failure is not None or self.stage is Stage.COMPLETE

    @property
    def failure(self) -> TaskFailed | None:
        """Why it has failed, `None` where it has not."""
        return self._failure

    @property
    def events(self) -> tuple[TaskEvent[R], ...]:
        """The events so far, from the first stage on."""
        return self._events

    @property
    def partial_result(self) -> R | None:
        """The result as of the latest event, `None` before the first."""
        return self._events[-1].result if self._events else None

    def __repr__(self) -> str:
        state = "failed" if self._failure is not None else self.stage
        return f"<Task {self.token} {state}>"

    def __await__(self) -> Generator[Any, None, R]:
        return self.wait().__await__()

    async def wait(
        self,
        until: Stage | str = Stage.COMPLETE,
        timeout: float | None = _PATIENCE,
    ) -> R:
        """Wait for a stage and return the result as of then.

        Args:
            until: The stage: `text`, `first` or `complete`.
            timeout: Seconds from now, `None` for no limit; then one last poll is made, which may add up to 30.

        Raises:
            TaskFailed: the service could not make it.
            TaskTimeout: the stage was not reached in time; nothing is lost, wait again.
            NotFound: the service has no record of it: raised within 10 seconds for a task that
                neither this client nor its journal saw accepted, and after a minute for one that
                it did.
            ConfigurationError: `until` is no stage with a result, or `timeout` no number.
            ClientClosed: the client ended meanwhile.
            AuthenticationFailed: the key is not valid any more.
            SunoError: polling it failed for a minute, by this error.
        """  # noqa: E501 editors show the first line of an argument's text
        _check_wait(until, timeout)
        rank = Stage(until)._rank
        event = await self._event(sum(one._rank < rank for one in self._kind.stages), timeout)
        # a complete task has its last event, a failed one raises
        return cast("TaskEvent[R]", event).result

    def __aiter__(self) -> AsyncIterator[TaskEvent[R]]:
        """Yield each stage once, from the first; what it raises is as of `wait`.

        `TaskTimeout` comes after 600 seconds without an event.
        """
        return _Transitions(self)

    async def poll(self) -> Stage:
        """Poll it once, now, and say how far it is: for endpoints that are asked from time to time.

        It goes ahead of all other polls, and waits for its slot in the rate. Within 4 seconds of
        the last poll, and once the task is done, nothing is asked. Afterwards `partial_result`,
        `failure` and `is_done` are up to date.

        Raises:
            NotFound: the service has no record of it (yet).
            ClientClosed: the client has ended.
            SunoError: the poll failed, by this error; the task goes on.
        """
        if not self.is_done:
            error = await self._poller.poll_now(self)
            if error is not None:
                raise copy(error)  # not what stands in a variable: its traceback would hold itself
        return self.stage

    def subscribe(self, listener: Listener[R]) -> Callable[[], None]:
        """Have a function called with each event, those so far at once, and with errors.

        It gets each `TaskEvent` once, and what `wait` would raise as it comes: `TaskFailed` is the
        last; after any other error the task goes on. The task is polled as long as anybody waits
        for it or is subscribed. What the function raises is logged.

        Args:
            listener: A plain function that takes a `TaskEvent` or a `SunoError`.

        Returns:
            A function that ends the subscription; more often does nothing.

        Raises:
            ClientClosed: the client has ended.
            ConfigurationError: `listener` is no plain function, or the client belongs to another
                event loop.
        """
        given: object = listener
        if not callable(given) or inspect.iscoroutinefunction(given):
            raise ConfigurationError(
                f"listener must be a plain function of one event or error, not {listener!r}."
            )
        subscription = _Subscription(self, listener)
        if not self.is_done:
            self._listen(subscription)
        subscription(None)
        return subscription.end

    # --- for the package -----------------------------------------------------------------------

    def _observe(self, record: Record[R]) -> bool:
        """Take in a record, in whatever order they come; whether that ends the task.

        What is known already changes nothing.
        """
        if self._failure is not None or self.stage is Stage.COMPLETE:
            return False
        if record.failure is not None:
            self._failure = record.failure
            self._notify()
            return True
        reached, known = record.stage._rank, self.stage._rank  # compared at each poll
        if reached > known:
            self.stage = record.stage
            if record.result is not None:
                self._events += tuple(
                    TaskEvent(stage, record.result, stage is not record.stage)
                    for stage in self._kind.stages
                    if known < stage._rank <= reached
                )
                self._notify()
        return self.stage is Stage.COMPLETE

    def _notify(self, error: SunoError | None = None) -> None:
        """Call the listeners: there is news, or an error that they shall know."""
        for listener in tuple(self._listeners):  # it may go, or bring others
            try:
                listener(error)
            except Exception:  # noqa: BLE001 one listener must not cost the others their news
                _log.exception("a listener of %s failed", self.token)

    def _listen(self, listener: _Listener, *, of_batch: bool = False) -> None:
        """Call this at each event and at each error, and have the task polled meanwhile."""
        self._poller.check(self)
        if listener not in self._listeners:
            self._change(len(self._listeners) + 1, self._batches + of_batch)
            self._listeners[listener] = None

    def _unlisten(self, listener: _Listener, *, of_batch: bool = False) -> None:
        """Call it no more; a task without listeners costs no polls."""
        if listener in self._listeners:
            self._change(len(self._listeners) - 1, self._batches - of_batch)
            del self._listeners[listener]

    def _change(self, listeners: int, batches: int) -> None:
        """Have it polled while anybody listens; interactively, unless all of them are batches."""
        is_interactive = listeners > batches if listeners else self._is_interactive
        stays = listeners > 0 and is_interactive == self._is_interactive
        if self._listeners and not stays:
            self._poller.unwatch(self)
        self._is_interactive = is_interactive
        if listeners and not (self._listeners and stays):
            self._poller.watch(self)
        self._batches = batches

    async def _event(self, index: int, patience: float | None) -> TaskEvent[R] | None:
        """Wait for the event of this number, from 0; `None` when the task ends before."""
        loop = asyncio.get_running_loop()
        limit = Deadline(patience)
        try:
            async with limit:
                waiter = _Waiter(self, index, loop.create_future())
                if not waiter.is_done():
                    self._listen(waiter)
                    try:
                        error = await waiter.future
                    finally:
                        self._unlisten(waiter)
                    if error is not None:
                        raise copy(error)
        except TimeoutError:
            if not limit.expired:
                raise
            await self._last_poll(index)
        if index < len(self._events):
            return self._events[index]
        if self._failure is not None:
            raise copy(self._failure)
        if not self.is_done:
            message = f"Task {self.token} is still {self.stage} after {patience:g} s of waiting"
            raise TaskTimeout(f"{message}; it goes on: await it again.", self.token, self.kind)
        return None

    async def _last_poll(self, index: int) -> None:
        """Poll once more, and listen meanwhile: a callback may be faster."""
        waiter = _Waiter(self, index, asyncio.get_running_loop().create_future())
        polling = asyncio.create_task(self._poller.poll_now(self))
        polling.add_done_callback(waiter.end)
        try:
            self._listen(waiter)
            with suppress(TimeoutError):
                async with Deadline(_LAST_POLL):
                    await waiter.future
        finally:
            self._unlisten(waiter)
            polling.cancel()  # this wait for it; a poll that is under way goes on
        error = None if waiter.future.cancelled() else waiter.future.result()
        if error is not None:
            raise copy(error)


def _check_wait(until: object, timeout: object) -> None:
    stages = [str(stage) for stage in Stage if stage is not Stage.PENDING]
    if until not in stages:
        raise ConfigurationError(f"until must be one of {', '.join(stages)}, not {until!r}.")
    if timeout is not None and (not isinstance(timeout, int | float) or isnan(timeout)):
        raise ConfigurationError(f"timeout must be seconds, or None for no limit, not {timeout!r}.")


@define(eq=False, weakref_slot=False)
class _Waiter:
    """A listener that waits for one event, or for one error; other events do not wake it."""

    task: Task[Any]
    index: int
    future: asyncio.Future[SunoError | None]

    def __call__(self, error: SunoError | None) -> None:
        if not self.future.done() and (error is not None or self.is_done()):
            self.future.set_result(error)

    def is_done(self) -> bool:
        """Whether the event of this number is there, or can come no more."""
        return self.index < len(self.task._events) or self.task.is_done

    def end(self, polling: asyncio.Task[SunoError | None]) -> None:
        """Wait no longer than a poll does; that it failed is not the task's failure."""
        if not self.future.done() and not polling.cancelled():
            error = polling.exception()
            if error is None and isinstance(polling.result(), ClientClosed):
                error = polling.result()
            self.future.set_result(cast("SunoError | None", error))


@define(eq=False)
class _Subscription(Generic[R]):
    """A listener that is called with each event."""

    task: Task[R]
    listener: Listener[R]
    seen: int = 0
    has_failed: bool = False
    has_ended: bool = False

    def end(self) -> None:
        """Call it no more, not even with the rest of what is being delivered."""
        self.has_ended = True
        self.task._unlisten(self)

    def __call__(self, error: SunoError | None) -> None:
        task = self.task
        news: list[TaskEvent[R] | SunoError] = [*task._events[self.seen :]]
        self.seen = len(task._events)
        if task._failure is not None and not self.has_failed:
            self.has_failed = True
            news.append(copy(task._failure))
        if error is not None:
            news.append(copy(error))
        if task.is_done or isinstance(error, ClientClosed):  # no more will come
            task._unlisten(self)
        for one in news:
            if self.has_ended:
                break
            try:
                self.listener(one)
            except (Exception, asyncio.CancelledError):  # noqa: BLE001 the next is its all the same
                _log.exception("a listener of %s failed", task.token)


@define
class _Transitions(Generic[R]):
    _task: Task[R]
    _index: int = 0

    def __aiter__(self) -> AsyncIterator[TaskEvent[R]]:
        return self

    async def __anext__(self) -> TaskEvent[R]:
        event = await self._task._event(self._index, _PATIENCE)
        if event is None:
            raise StopAsyncIteration
        self._index += 1
        return event
