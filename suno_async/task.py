"""A task: one state machine, any number of listeners.

Whoever brings the news, a look or a push, hands a `Record` to `observe`. The stage only moves
forward; each stage passed becomes one event, and who comes late is told all events from the start.
A task is watched only while somebody listens.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from copy import copy
from math import inf, isnan
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeAlias, TypeVar, cast

from attrs import define, field

from suno_async._deadline import Deadline
from suno_async._wire.records import Record
from suno_async.errors import ConfigurationError, SunoError, TaskFailed, TaskTimeout
from suno_async.operations import TaskOperation
from suno_async.operations._kinds import KINDS, Kind
from suno_async.results import Stage, TaskEvent

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Generator


R = TypeVar("R")

Listener: TypeAlias = "Callable[[SunoError | None], None]"
"""Called at each event with `None`, and with an error that whoever listens should know."""

_log = logging.getLogger("suno_async")

PATIENCE = 600.0
"""Seconds to wait by default: the quick start's sample gives up after ten minutes."""
_LAST_LOOK = 30.0  # seconds that the last look of a wait may take


def read_token(token: str, operation: type[TaskOperation[Any]] | None) -> tuple[Kind, str]:
    """The kind and the id in a task's token, or in a plain id of what `operation` starts.

    Raises:
        ConfigurationError: it is not one.
    """
    name, colon, task_id = str(token).strip().partition(":")
    if not colon and operation is not None:
        name, task_id = operation._kind.name, name
    kind = KINDS.get(name)
    if kind is None or not task_id or (operation is not None and operation._kind is not kind):
        expected = operation._kind.name if operation is not None else "music"
        raise ConfigurationError(
            f"{token!r} is not the token of a task: one reads like "
            f"'{expected}:5c79be8e…'; a plain id needs its operation, as in "
            "task(id, GenerateMusic)."
        )
    return kind, task_id


class Watch(Protocol):
    """Who looks at tasks, while somebody listens to them."""

    def check(self, task: Task[Any]) -> None:
        """Raise why the task cannot be watched here and now, if so."""

    def watch(self, task: Task[Any]) -> None:
        """Look at the task from now on."""

    def unwatch(self, task: Task[Any]) -> None:
        """Nobody listens any more."""

    async def look_now(self, task: Task[Any]) -> None:
        """Look at the task once, ahead of others."""


@define
class PollErrors:
    """What went wrong with a task's looks; times are seconds on the loop's clock."""

    failures: int = 0
    """Failed looks in a row."""
    counted: int = 0
    """Of them, those that are raised when they go on."""
    counted_since: float = 0.0
    """When the first of these was."""
    lost: int = 0
    """Of them, those after the first minute with the service's word that there is no record, or
    with one that cannot be read."""
    missed: int = 0
    """Of them, those that found no record."""
    refusals: int = 0
    """The last of them, if they refused the key."""


@define
class PollState:
    """What the watcher knows of a task; times are seconds on the loop's clock."""

    accepted: float | None = None
    """When the service accepted it, `None` where that is not known."""
    looked: float = 0.0
    """The age at the last look, 0 before the first."""
    turn: int = 0
    """The number of its place in the queues, 0 for none."""
    has_voted: bool = False
    """Whether it has told how long such tasks take."""
    watched_since: float | None = None
    """When watching it began."""
    tried: float = -inf
    """When the last look at it ended, well or not."""
    trouble: PollErrors | None = None
    """What went wrong since the last look that told something, `None` for nothing."""
    late_looks: int = 0
    """Looks counted long after nearly all such tasks are complete."""
    late_at: float = -inf
    """The age at the last of them."""
    submission: str | None = None
    """The submission that started it, where that is known."""
    is_known: bool = False
    """Whether this client or its journal saw it accepted."""
    is_pushed: bool = False
    """Whether what happens to it is pushed to us."""
    has_heard: bool = False
    """Whether a push of it has come."""
    is_hopeless: bool = False
    """Whether looking on is of no use, by all that the looks tell."""


@define(eq=False, repr=False, kw_only=True)
class Task(Generic[R]):
    """What was paid for: iterate over it for its stages, await it for its result.

    `async for event in task` tells `text`, `first` and `complete` once each, in this order, and
    ends. `await task` gives the result, any number of times. Both may be used by many at once.
    """

    id: str
    """The service's id of the task."""
    operation: TaskOperation[R] | None = None
    """What was asked for, where this process knows it."""
    is_persons: bool = True
    """Whether a person waits for it, rather than a batch."""
    stage: Stage = Stage.PENDING
    """How far it is, as far as is known."""

    _kind: Kind = field(alias="kind")
    _watch: Watch = field(alias="watch")
    _on_over: Callable[[Task[Any], Record[Any]], None] | None = field(default=None, alias="on_over")
    seat: PollState = field(factory=PollState)
    """The watcher's notes."""
    _events: tuple[TaskEvent[R], ...] = field(default=(), init=False)
    _failure: TaskFailed | None = field(default=None, init=False)
    _listeners: dict[Listener, None] = field(factory=dict["Listener", None], init=False)
    _batches: int = field(default=0, init=False)
    """How many of them are batches."""

    @property
    def kind(self) -> str:
        """What sort of task it is, for example `music`."""
        return self._kind.name

    @property
    def typical_duration(self) -> float:
        """Seconds in which nearly all such tasks are complete, as documented."""
        return self._kind.usual

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
        """What was told so far, from the first stage on."""
        return self._events

    @property
    def partial_result(self) -> R | None:
        """What was there at the last stage told, `None` before the first."""
        return self._events[-1].result if self._events else None

    @property
    def is_listened_to(self) -> bool:
        """Whether anybody waits for it at present."""
        return bool(self._listeners)

    def __repr__(self) -> str:
        state = "failed" if self._failure is not None else self.stage
        return f"<Task {self.token} {state}>"

    def observe(self, record: Record[R]) -> None:
        """Take news, in whatever order it comes; what is known already changes nothing."""
        if self.is_done:
            return
        if record.failure is not None:
            self._failure = record.failure
            self._wake()
            self._tell_over(record)
        elif record.stage > self.stage:
            passed = [stage for stage in self._kind.stages if self.stage < stage <= record.stage]
            self.stage = record.stage
            if record.result is not None:
                self._events += tuple(
                    TaskEvent(stage, record.result, stage is not record.stage) for stage in passed
                )
                self._wake()
            self._tell_over(record)

    def _tell_over(self, record: Record[R]) -> None:
        if self.is_done and self._on_over is not None:
            self._on_over(self, record)

    def disturb(self, error: SunoError) -> None:
        """Raise an error to whoever listens now; the task itself goes on."""
        self._wake(error)

    def listen(self, listener: Listener, *, of_batch: bool = False) -> None:
        """Call this at each event and at each error, and watch the task meanwhile.

        Raises:
            ClientClosed: the client has ended.
            ConfigurationError: the client belongs to another event loop.
        """
        self._watch.check(self)
        if listener not in self._listeners:
            self._change(len(self._listeners) + 1, self._batches + of_batch)
            self._listeners[listener] = None

    def unlisten(self, listener: Listener, *, of_batch: bool = False) -> None:
        """Call it no more; without listeners the task costs no looks."""
        if listener in self._listeners:
            self._change(len(self._listeners) - 1, self._batches - of_batch)
            del self._listeners[listener]

    def _change(self, listeners: int, batches: int) -> None:
        """Have it watched while anybody listens: as a person's, unless all of them are batches."""
        is_persons = listeners > batches if listeners else self.is_persons
        stays = listeners > 0 and is_persons == self.is_persons
        if self._listeners and not stays:
            self._watch.unwatch(self)
        self.is_persons = is_persons
        if listeners and not (self._listeners and stays):
            self._watch.watch(self)
        self._batches = batches

    def _wake(self, error: SunoError | None = None) -> None:
        for listener in tuple(self._listeners):
            try:
                listener(error)
            except Exception:  # noqa: BLE001 one listener must not cost the others their news
                _log.exception("a listener of %s failed", self.token)

    def __await__(self) -> Generator[Any, None, R]:
        return self.wait().__await__()

    async def wait(
        self,
        until: Stage | str = Stage.COMPLETE,
        timeout: float | None = PATIENCE,  # noqa: ASYNC109 a wait that ends with a last look
    ) -> R:
        """Wait for a stage and return what is there then.

        Args:
            until: The stage: `text`, `first` or `complete`.
            timeout: Seconds from now, `None` for no limit; then one last look is taken, which may add up to 30.

        Raises:
            TaskFailed: the service could not make it.
            TaskTimeout: the stage was not reached in time; nothing is lost, wait again.
            NotFound: the service has no record of it: told within 10 seconds of a task that neither
                this client nor its journal saw accepted, and after a minute of one that it did.
            ConfigurationError: `until` is no stage with anything there, or `timeout` no number.
            ClientClosed: the client ended meanwhile.
            AuthenticationFailed: the key is not valid any more.
            SunoError: looking at it failed for a minute, by this error.
        """  # noqa: E501 editors show the first line of an argument's text
        _check_wait(until, timeout)
        event = await self.told(sum(one < until for one in self._kind.stages), timeout)
        # a complete task has its last event, a failed one raises
        return cast("TaskEvent[R]", event).result

    def __aiter__(self) -> AsyncIterator[TaskEvent[R]]:
        """Tell each stage once, from the first; what it raises is as of `wait`.

        `TaskTimeout` comes after 600 seconds without an event.
        """
        return _Transitions(self)

    async def told(self, index: int, patience: float | None = PATIENCE) -> TaskEvent[R] | None:
        """Wait for the event of this number, from 0; `None` when the task ends before."""
        loop = asyncio.get_running_loop()
        limit = Deadline(patience)
        try:
            async with limit:
                news = _News(self, index, loop.create_future())
                if not news.is_here:
                    self.listen(news)
                    try:
                        error = await news.future
                    finally:
                        self.unlisten(news)
                    if error is not None:
                        raise copy(error)
        except TimeoutError:
            if not limit.expired:
                raise
            await self._last_look(index)
        if index < len(self._events):
            return self._events[index]
        if self._failure is not None:
            raise copy(self._failure)
        if not self.is_done:
            message = f"Task {self.token} is still {self.stage} after {patience:g} s of waiting"
            raise TaskTimeout(f"{message}; it goes on: await it again.", self.token, self.kind)
        return None

    async def _last_look(self, index: int) -> None:
        """Look once more, and listen meanwhile: a push may be faster."""
        news = _News(self, index, asyncio.get_running_loop().create_future())
        looking = asyncio.create_task(self._watch.look_now(self))
        looking.add_done_callback(news.end)
        try:
            self.listen(news)
            with suppress(TimeoutError):
                async with Deadline(_LAST_LOOK):
                    await news.future
        finally:
            self.unlisten(news)
            looking.cancel()  # a look that is under way goes on
        error = None if news.future.cancelled() else news.future.result()
        if error is not None:
            raise copy(error)


def _check_wait(until: object, timeout: object) -> None:
    stages = [str(stage) for stage in Stage if stage is not Stage.PENDING]
    if until not in stages:
        raise ConfigurationError(f"until must be one of {', '.join(stages)}, not {until!r}.")
    if timeout is not None and (not isinstance(timeout, int | float) or isnan(timeout)):
        raise ConfigurationError(f"timeout must be seconds, or None for no limit, not {timeout!r}.")


@define(eq=False, weakref_slot=False)
class _News:
    """A listener that waits for one event, or for one error; other events do not wake it."""

    task: Task[Any]
    index: int
    future: asyncio.Future[SunoError | None]

    def __call__(self, error: SunoError | None) -> None:
        if error is not None or self.is_here:
            self._end(error)

    @property
    def is_here(self) -> bool:
        """Whether the event of this number is there, or can come no more."""
        return self.index < len(self.task.events) or self.task.is_done

    def _end(self, error: SunoError | None) -> None:
        if not self.future.done():
            self.future.set_result(error)

    def end(self, looking: asyncio.Task[None]) -> None:
        """Wait no longer than a look does."""
        if not looking.cancelled():
            self._end(cast("SunoError | None", looking.exception()))


@define
class _Transitions(Generic[R]):
    _task: Task[R]
    _told: int = 0

    def __aiter__(self) -> AsyncIterator[TaskEvent[R]]:
        return self

    async def __anext__(self) -> TaskEvent[R]:
        event = await self._task.told(self._told)
        if event is None:
            raise StopAsyncIteration
        self._told += 1
        return event
