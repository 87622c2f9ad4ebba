"""Looks at the tasks that somebody listens to, each at its turn (`_turns`)."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from contextlib import suppress
from contextvars import Context
from copy import copy
from functools import partial
from math import inf
from typing import TYPE_CHECKING, Any, TypeAlias

from attrs import define, field

from suno_async._http.attempts import give_back, is_cancelled
from suno_async._http.verdict import in_brief
from suno_async._polling.schedule import Lane, Schedule
from suno_async.errors import (
    AuthenticationFailed,
    ClientClosed,
    DecodeError,
    Maintenance,
    NotFound,
    RateLimited,
    SunoError,
    TaskTimeout,
)
from suno_async.limiter import Limiter, Priority, Slot
from suno_async.task import PollErrors

if TYPE_CHECKING:
    from suno_async._wire.records import Record
    from suno_async.operations._kinds import Kind
    from suno_async.task import Task

    AnyTask: TypeAlias = Task[Any]
    _Asking: TypeAlias = asyncio.Future[SunoError | None]

_log = logging.getLogger("suno_async")

_FRESH = 4.0  # seconds in which a look need not be repeated
_GRACE = 60.0  # seconds in which a missing record is no news, and failing looks are not raised
_MOST_FAILURES = 3
_NEAR_END = 2.5  # times `usual`, in which the rest is made at one task a second
_SHARE = 0.3  # of the rate's slots, for looks without an answer yet
_USUAL_RATE = 20  # slots, where the limiter does not tell
_AGAIN = 1.0  # seconds until cancelled lanes are served again
_LATE = 4.0  # times the documented time; `usual` never learns more
_LATE_LOOKS = 5
_LATE_GAP = 110.0  # seconds at least between two that count
_LOST_LOOKS = 5
_REFUSALS = 2
_MISSES = 2  # looks that find no record of what nobody here saw accepted: some 4 s
_NOWHERE = (
    "there is no record of this task, and neither this client nor its journal saw it accepted: "
    "check its token, and the key of whose account it is"
)

_PRIORITIES = {
    Lane.PERSON: Priority._INTERACTIVE_POLL,
    Lane.OVERDUE: Priority._OVERDUE_POLL,
    Lane.SPARE: Priority._SPARE_POLL,
}


@define(eq=False)
class Nap:
    """How a lane waits; nobody wakes it in vain, for there may be thousands of tasks."""

    _ends: float = inf
    _is_over: asyncio.Event = field(factory=asyncio.Event)

    async def until(self, at: float) -> None:
        """Wait until this time, or until something is due before."""
        self._ends = at
        self._is_over.clear()
        with suppress(TimeoutError):
            async with asyncio.timeout_at(None if at == inf else at):
                await self._is_over.wait()

    def end_before(self, at: float) -> None:
        """Something is due at this time."""
        if at < self._ends:
            self._is_over.set()


@define(eq=False)
class Poller:
    """Looks at the tasks that somebody listens to, within the rate."""

    _ready: Callable[[], Limiter]
    """Says that the client can be used here and now, and gives the limiter for looks."""
    _look: Callable[[AnyTask, Slot], Awaitable[None]]
    """Asks for the record once, and hands it to the task."""
    _turns: Schedule = field(factory=Schedule, init=False)
    _watched: set[AnyTask] = field(factory=set["AnyTask"], init=False)
    _naps: dict[Lane, Nap] = field(factory=lambda: {lane: Nap() for lane in Lane}, init=False)
    _lanes: dict[Lane, asyncio.Task[None]] = field(
        factory=dict[Lane, asyncio.Task[None]], init=False
    )
    _looks: dict[AnyTask, asyncio.Task[None]] = field(
        factory=dict["AnyTask", asyncio.Task[None]], init=False
    )
    _most: float = field(default=1.0, init=False)
    """Looks that may be without an answer at one time."""
    _asked: dict[AnyTask, dict[_Asking, None]] = field(
        factory=dict["AnyTask", "dict[_Asking, None]"], init=False
    )
    """Who waits for a look, of those that are to come first or are under way."""
    _is_closed: bool = field(default=False, init=False)

    def check(self, task: AnyTask) -> None:
        """Raise why the task cannot be watched here and now, if so."""
        try:
            limiter = self._ready()
        except ClientClosed:
            raise _closed(task) from None
        rate = getattr(limiter, "max_rate", None)  # no part of what a limiter must have
        self._most = max(1.0, _SHARE * (rate if isinstance(rate, int | float) else _USUAL_RATE))

    def watch(self, task: AnyTask) -> None:
        """Look at the task from now on, at its turn; after the end, never."""
        if self._is_closed:
            return
        now = asyncio.get_running_loop().time()
        self._watched.add(task)
        self._begin_lanes()
        self._turns.people += _is_waited_for(task)
        if task.seat.watched_since is None:
            task.seat.watched_since = now
        if not self._is_under_way(task):  # else it is queued afterwards
            self._queue(task, now)

    def unwatch(self, task: AnyTask) -> None:
        """Nobody listens any more: no look is spent on it."""
        if task in self._watched:
            self._watched.discard(task)
            self._turns.people -= _is_waited_for(task)
            if task not in self._asked:
                self._turns.leave(task)

    def told(self, task: AnyTask, record: Record[Any]) -> None:
        """Hand a push's news to the task, which is pushed from now on at the latest."""
        if not task.seat.is_pushed:
            self._turns.people -= task in self._watched and _is_waited_for(task)
            task.seat.is_pushed = True
        is_first, task.seat.has_heard = not task.seat.has_heard, True
        if not task.is_done:
            task.observe(record)
            if task.is_done:
                self._turns.was_told(task, asyncio.get_running_loop().time())
            elif is_first and task in self._watched and not self._is_under_way(task):
                self._queue(task, asyncio.get_running_loop().time())  # its looks are rare now

    async def look_now(self, task: AnyTask) -> None:
        """Look at the task once, ahead of others, unless it was looked at just now.

        Whoever is cancelled meanwhile wants no look any more; what is under way goes on.
        """
        self.check(task)
        loop = asyncio.get_running_loop()
        if not self._is_under_way(task) and loop.time() - task.seat.tried < _FRESH:
            return
        asking: _Asking = loop.create_future()
        self._asked.setdefault(task, {})[asking] = None
        self._begin_lanes()
        if not self._is_under_way(task):
            self._queue(task, loop.time())
        try:
            error = await asking
        finally:
            self._withdraw(task, asking)
        if error is not None:
            raise copy(error)

    def _withdraw(self, task: AnyTask, asking: _Asking) -> None:
        """One waits no more: without anybody else, the task has the turn that it had."""
        others = self._asked.get(task)
        if others is None or asking not in others:  # it was answered
            return
        del others[asking]
        if not others:
            del self._asked[task]
            if not self._is_under_way(task):
                self._turns.leave(task)
                self._queue_if_watched(task, asyncio.get_running_loop().time())

    def _answer(self, task: AnyTask, error: SunoError | None = None) -> None:
        """The look that was asked for is over, or cannot be."""
        for asking in self._asked.pop(task, ()):
            if not asking.done():
                asking.set_result(error)

    def is_near_end(self, kind: Kind, to_start: int) -> bool:
        """Whether a batch that has so many tasks to start waits for its last submissions."""
        usual = self._turns.usual.get(kind.name, kind.usual)
        return to_start + len(self._watched) <= _NEAR_END * max(usual, kind.usual)

    async def close(self) -> None:
        """Look no more; whoever listens gets `ClientClosed` with the token."""
        self._is_closed = True
        running = [*self._lanes.values(), *self._looks.values()]
        for one in running:
            one.cancel()
        for task in list(self._asked):
            self._answer(task, _closed(task))
        for task in list(self._watched):
            task.disturb(_closed(task))
        await asyncio.gather(*running, return_exceptions=True)

    def _begin_lanes(self) -> None:
        """Serve those that nobody serves: whoever cancels all tasks has none who listen still."""
        is_needed = (self._watched or self._asked) and not self._is_closed
        for lane in Lane if is_needed else ():
            if lane not in self._lanes or self._lanes[lane].cancelled():
                # not in the context of whoever happens to listen first
                serving = asyncio.create_task(self._serve(lane), context=Context())
                serving.add_done_callback(self._lane_ended)
                self._lanes[lane] = serving

    def _lane_ended(self, lane: asyncio.Task[None]) -> None:
        """Begin it again, but not at once: a loop that is about to end must have nothing new."""
        if not self._is_closed:
            lane.get_loop().call_later(_AGAIN, self._begin_lanes)

    async def _serve(self, lane: Lane) -> None:
        """Bring one lane's looks to the limiter, one at a time."""
        loop = asyncio.get_running_loop()
        while True:
            at = self._due(lane)
            if at > loop.time():
                await self._naps[lane].until(at)
                continue
            try:
                slot = await self._slot(_PRIORITIES[lane])
            except SunoError as error:
                if (task := self._turns.take(lane, loop.time())) is not None:
                    self._answer(task, error)
                    self._failed(task, error, loop.time())
                await asyncio.sleep(0)  # others have their turn, however many are due here
                continue
            task = None if self._is_full() else self._turns.take(lane, loop.time())
            if task is None:  # somebody else has looked meanwhile
                give_back(slot)
                continue
            look = self._begin(task, self._look_and_learn(task, slot))
            look.add_done_callback(partial(_unused, slot))

    def _due(self, lane: Lane) -> float:
        """When this lane wants its next look; not while too many have no answer."""
        return inf if self._is_full() else self._turns.due(lane)

    def _is_full(self) -> bool:
        """Whether enough slots are held by looks without an answer.

        A look that hangs holds its slot for as long as its timeout and the limiter's patience with
        a lost request. Were there no bound, looks that hang would hold all slots for most of a
        minute, and nobody could submit. A look that is answered in 3 seconds is not slowed down.
        """
        return len(self._looks) >= self._most

    async def _slot(self, priority: Priority) -> Slot:
        """Have a place; a limiter of the caller's may raise anything, and no lane ends of it."""
        try:
            return await self._ready().acquire(priority)
        except (Exception, asyncio.CancelledError) as error:
            if is_cancelled():
                raise
            raise _as_ours(error) from None

    def _begin(self, task: AnyTask, looking: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        look = self._looks[task] = asyncio.create_task(looking)
        look.add_done_callback(partial(self._ended, task))
        return look

    def _ended(self, task: AnyTask, look: asyncio.Task[None]) -> None:
        if self._looks.get(task) is look:
            del self._looks[task]
        if self._is_closed:
            return
        if look.cancelled():
            self._answer(task, _closed(task))
            self._queue_if_watched(task, asyncio.get_running_loop().time())
        self._wake_lanes()  # there is room for one more

    def _is_under_way(self, task: AnyTask) -> bool:
        look = self._looks.get(task)
        return look is not None and not look.done()

    def _queue(self, task: AnyTask, now: float) -> None:
        if task in self._asked:
            self._turns.enter_first(task)
        elif task.seat.trouble is not None:
            self._turns.enter_again(task, now)
        else:
            self._turns.enter(task, now)
        self._wake_lanes()

    def _wake_lanes(self) -> None:
        for lane, nap in self._naps.items():
            nap.end_before(self._due(lane))

    async def _look_and_learn(self, task: AnyTask, slot: Slot) -> None:
        loop, seat = asyncio.get_running_loop(), task.seat
        asked = loop.time()  # what is told is as old as this, however long the answer takes
        try:
            await self._look(task, slot)
        except Exception as error:  # noqa: BLE001 whoever waits must not wait in vain
            self._failed(task, _as_ours(error), loop.time())
        else:
            seat.trouble, seat.is_hopeless, seat.tried = None, False, loop.time()
            self._turns.saw(task, asked, complete=task.is_done)
            self._answer(task)
            if task in self._watched and not task.is_done:
                self._give_up_late(task)
                self._queue_if_watched(task, loop.time())

    def _queue_if_watched(self, task: AnyTask, now: float) -> None:
        if task in self._watched:  # still, after all that was told
            self._queue(task, now)

    def _give_up_late(self, task: AnyTask) -> None:
        """Nobody times a batch's task: tell when looking on is of no use."""
        seat = task.seat
        if task.is_persons or seat.looked < max(
            _LATE * task.typical_duration, seat.late_at + _LATE_GAP
        ):
            return
        seat.late_looks += 1
        seat.late_at = seat.looked
        if seat.late_looks >= _LATE_LOOKS:
            seat.is_hopeless = True
            message = f"Task {task.token} is still {task.stage} after {seat.looked:.0f} s"
            task.disturb(TaskTimeout(f"{message}; it may go on yet.", task.token, task.kind))

    def _failed(self, task: AnyTask, error: SunoError, now: float) -> None:
        """A look that fails is not the task's failure: look again, and tell when it goes on."""
        _log.info("Poll %s: %s", task.token, in_brief(error))
        self._answer(task)
        seat = task.seat
        trouble = seat.trouble = seat.trouble or PollErrors()
        seat.tried = now
        trouble.failures += 1
        if not isinstance(error, RateLimited | Maintenance | NotFound):
            trouble.counted_since = trouble.counted_since if trouble.counted else now
            trouble.counted += 1
        is_old = now - (now if seat.watched_since is None else seat.watched_since) >= _GRACE
        trouble.missed = trouble.missed + 1 if isinstance(error, NotFound) else 0
        trouble.lost += is_old and _is_services_own(error)
        trouble.refusals = trouble.refusals + 1 if isinstance(error, AuthenticationFailed) else 0
        lasts = trouble.counted >= _MOST_FAILURES and now - trouble.counted_since >= _GRACE
        seat.is_hopeless = trouble.lost >= _LOST_LOOKS or trouble.refusals >= _REFUSALS
        is_nowhere = not seat.is_known and trouble.missed >= _MISSES
        missing = is_nowhere or (is_old and trouble.missed > 0)
        if is_nowhere:
            error.message = _NOWHERE
        if lasts or missing or seat.is_hopeless or trouble.refusals:
            trouble.counted = 0
            error.token, error.kind = task.token, task.kind
            task.disturb(error)
        self._queue_if_watched(task, now)


def _is_waited_for(task: AnyTask) -> bool:
    """Whether a person waits for it who hears nothing without looks."""
    return task.is_persons and not task.seat.is_pushed


def _is_services_own(error: SunoError) -> bool:
    """Whether the service says that there is no record, or shows one that nobody can read.

    What a proxy, a gateway or a hotel's login page says in its place tells nothing of the task.
    """
    if isinstance(error, NotFound):
        return error.code is not None
    raw = error.raw if isinstance(error, DecodeError) else None
    return isinstance(raw, Mapping) and "code" in raw


def _unused(slot: Slot, _: asyncio.Task[None]) -> None:
    give_back(slot)  # in case the look was cancelled before it began


def _as_ours(error: BaseException) -> SunoError:
    if isinstance(error, SunoError):
        return error
    _log.error("a look failed in a way that it should not", exc_info=error)
    return SunoError(f"Looking at the task failed: {type(error).__name__}: {error}")


def _closed(task: AnyTask) -> ClientClosed:
    return ClientClosed(
        f"The client was closed while task {task.token} was being made; "
        f"another client picks it up with task({task.token!r}).",
        task.token,
        task.kind,
    )
