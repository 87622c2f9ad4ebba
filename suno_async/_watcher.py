"""Whose turn it is to be looked at.

All live tasks share the rate with the submissions, so a timer per task cannot work: 100 tasks asked
every 5 seconds are ten times the rate. Instead each task has two ages. From the first one on, a
look is worth a place that nobody else wants: early and often, every 3.5 % of its age, 4 to 20 s.
From the second one on it is worth more than a waiting submission: for a person's task soon after,
for a batch's task when 19 of 20 of its kind are complete, then at growing intervals.

A free place goes to a person's submission; a look at a person's task; an overdue look; a batch's
submission; a spare look. The limiter's priorities say so: there is one small loop a lane, which
waits until its lane has something due, asks the limiter, and picks the task only when the place is
granted, the one that has been due longest, in its own lane or one above.

The one learned number, for each kind of task, is `usual`: the age by which 19 of 20 are complete.
The first look that tells whether a task was complete by then votes: 19 times as strongly for later
as for earlier, so that it rests where 1 in 20 is late.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from contextvars import Context
from enum import IntEnum
from functools import partial
from heapq import heappop, heappush, heapreplace
from math import inf
from typing import TYPE_CHECKING, Any, TypeAlias

from attrs import define, field

from suno_async._verdict import in_brief
from suno_async.errors import (
    AuthenticationFailed,
    ClientClosed,
    Maintenance,
    NotFound,
    RateLimited,
    SunoError,
    TaskTimeout,
)
from suno_async.limiter import Limiter, Priority, Slot, Use

if TYPE_CHECKING:
    from suno_async.operations import Kind
    from suno_async.task import Seat, Task

    AnyTask: TypeAlias = Task[Any]

_log = logging.getLogger("suno_async")

_FRESH = 4.0  # seconds in which a look need not be repeated
_GRACE = 60.0  # seconds in which a missing record is no news, and failing looks are not raised
_MOST_FAILURES = 3
_NEAR_END = 2.5  # unfinished tasks for each second that such a task takes
_LATE = 4.0  # times the documented time; `usual` never learns more
_LATE_LOOKS = 5


class Lane(IntEnum):
    """The queues for looks, best first."""

    PERSON = 0
    OVERDUE = 1
    SPARE = 2


_PRIORITIES = {
    Lane.PERSON: Priority.PERSON_LOOK,
    Lane.OVERDUE: Priority.OVERDUE_LOOK,
    Lane.SPARE: Priority.SPARE_LOOK,
}


@define(eq=False)
class Turns:
    """The rule: no network, no waiting; times are seconds on the caller's clock."""

    usual: dict[str, float] = field(factory=dict[str, float])
    """For each kind seen, the age by which 19 of 20 are complete."""
    people: int = 0
    """Tasks that people wait for."""
    _queues: tuple[list[tuple[float, int, AnyTask]], ...] = field(
        factory=lambda: ([], [], []), init=False
    )
    _turn: int = field(default=0, init=False)

    def enter(self, task: AnyTask, now: float) -> None:
        """Queue a task for its next look."""
        accepted = self._accepted(task, now)
        self.enter_at(task, accepted + self._urgent(task), accepted + self._spare(task))

    def enter_at(self, task: AnyTask, urgent: float, spare: float) -> None:
        """Queue a task for a look at these times."""
        self._turn += 1
        task.seat.turn = self._turn
        lane = Lane.PERSON if task.is_persons else Lane.OVERDUE
        heappush(self._queues[lane], (urgent, self._turn, task))
        heappush(self._queues[Lane.SPARE], (spare, self._turn, task))

    def leave(self, task: AnyTask) -> None:
        """Take a task out of all queues."""
        task.seat.turn = 0

    def due(self, lane: Lane) -> float:
        """When this lane wants its next look, `inf` for never."""
        queue = self._queues[lane]
        while queue:
            at, turn, task = queue[0]
            seat = task.seat
            if seat.turn != turn:
                heappop(queue)
            elif lane is Lane.OVERDUE and not seat.looked and self._is_later(task, at):
                later = (seat.accepted or 0.0) + self._urgent(task)
                heapreplace(queue, (later, turn, task))
            else:
                return at
        return inf

    def take(self, lane: Lane, now: float) -> AnyTask | None:
        """The task whose look is due longest, in this lane or the best above it; it leaves."""
        for better in Lane:
            if better <= lane and self.due(better) <= now:
                task = heappop(self._queues[better])[2]
                self.leave(task)
                return task
        return None

    def saw(self, task: AnyTask, now: float, *, complete: bool) -> None:
        """Learn from what a look told; the task is not queued again."""
        seat, usual = task.seat, self._usual(task)
        age = now - self._accepted(task, now)
        near = age <= 1.1 * usual
        if not seat.has_voted and near and (complete or age >= usual):
            seat.has_voted = True
            voted = usual * (0.9975 if complete else 1.05)
            documented = task.usual
            self.usual[task.kind] = min(4 * documented, max(documented / 4, voted))
        seat.looked = age

    def _accepted(self, task: AnyTask, now: float) -> float:
        """When it was accepted; a task from elsewhere is most likely complete by now."""
        if task.seat.accepted is None:
            task.seat.accepted = now - self._usual(task)
        return task.seat.accepted

    def _usual(self, task: AnyTask) -> float:
        return self.usual.get(task.kind, task.usual)

    def _gap(self, seat: Seat) -> float:
        return min(20.0, max(4.0, 0.035 * seat.looked)) if seat.looked else 8.0

    def _spare(self, task: AnyTask) -> float:
        return task.seat.looked + self._gap(task.seat)

    def _urgent(self, task: AnyTask) -> float:
        seat = task.seat
        if task.is_persons:
            return seat.looked + max(1.5 * self._gap(seat) if seat.looked else 8.0, self.people)
        again = seat.looked + min(0.25 * seat.looked, 120.0) if seat.looked else 0.0
        return max(self._usual(task), again)

    def _is_later(self, task: AnyTask, at: float) -> bool:
        """Whether `usual` has grown so much since that the look may wait."""
        return (task.seat.accepted or 0.0) + self._urgent(task) > at + 1.0


@define(eq=False)
class Watcher:
    """Looks at the tasks that somebody listens to, within the rate."""

    _ready: Callable[[], Limiter]
    """Says that the client can be used here and now, and gives the limiter for looks."""
    _look: Callable[[AnyTask, Slot], Awaitable[None]]
    """Asks for the record once, and hands it to the task."""
    _turns: Turns = field(factory=Turns, init=False)
    _watched: set[AnyTask] = field(factory=set["AnyTask"], init=False)
    _due: asyncio.Event = field(factory=asyncio.Event, init=False)
    _lanes: list[asyncio.Task[None]] = field(factory=list[asyncio.Task[None]], init=False)
    _looks: set[asyncio.Task[None]] = field(factory=set[asyncio.Task[None]], init=False)
    _urgent_looks: dict[AnyTask, asyncio.Task[None]] = field(
        factory=dict["AnyTask", asyncio.Task[None]], init=False
    )
    _is_closed: bool = field(default=False, init=False)

    def watch(self, task: AnyTask) -> None:
        """Look at the task from now on, at its turn."""
        self._check(task)
        now = asyncio.get_running_loop().time()
        if not self._lanes:
            self._lanes = [  # not in the context of whoever happens to listen first
                asyncio.create_task(self._serve(lane), context=Context()) for lane in Lane
            ]
        self._watched.add(task)
        self._turns.people += task.is_persons
        if task.seat.watched_since is None:
            task.seat.watched_since = now
        self._turns.enter(task, now)
        self._due.set()

    def unwatch(self, task: AnyTask) -> None:
        """Nobody listens any more: no look is spent on it."""
        if task in self._watched:
            self._watched.discard(task)
            self._turns.people -= task.is_persons
            self._turns.leave(task)

    async def look_now(self, task: AnyTask) -> None:
        """Look at the task once, ahead of others, unless it was looked at just now."""
        self._check(task)
        now = asyncio.get_running_loop().time()
        seat = task.seat
        if seat.looked and now - ((seat.accepted or 0.0) + seat.looked) < _FRESH:
            return
        look = self._urgent_looks.get(task)
        if look is None:
            look = asyncio.create_task(self._urgent_look(task))
            self._urgent_looks[task] = look
            look.add_done_callback(lambda _: self._urgent_looks.pop(task, None))
        await asyncio.shield(look)

    def is_near_end(self, kind: Kind, unfinished: int) -> bool:
        """Whether a batch with so many unfinished tasks waits for its last submissions."""
        usual = self._turns.usual.get(kind.name, kind.usual)
        return unfinished <= _NEAR_END * max(usual, kind.usual)

    async def close(self) -> None:
        """Look no more; whoever listens gets `ClientClosed` with the token."""
        self._is_closed = True
        running = [*self._lanes, *self._looks, *self._urgent_looks.values()]
        for one in running:
            one.cancel()
        for task in list(self._watched):
            task.disturb(_closed(task))
        await asyncio.gather(*running, return_exceptions=True)

    def _check(self, task: AnyTask) -> None:
        if self._is_closed:
            raise _closed(task)
        self._ready()

    async def _serve(self, lane: Lane) -> None:
        """Bring one lane's looks to the limiter, one at a time."""
        loop = asyncio.get_running_loop()
        while True:
            at = self._turns.due(lane)
            if at > loop.time():
                await self._something_due(None if at == inf else at)
                continue
            slot = await self._ready().acquire(_PRIORITIES[lane])
            task = self._turns.take(lane, loop.time())
            if task is None:  # somebody else has looked meanwhile
                slot.release(Use.UNUSED)
                continue
            look = asyncio.create_task(self._look_and_learn(task, slot))
            self._looks.add(look)
            look.add_done_callback(partial(self._looked, slot))

    def _looked(self, slot: Slot, look: asyncio.Task[None]) -> None:
        self._looks.discard(look)
        slot.release(Use.UNUSED)  # in case it was cancelled before it began

    async def _something_due(self, at: float | None) -> None:
        self._due.clear()
        with suppress(TimeoutError):
            async with asyncio.timeout_at(at):
                await self._due.wait()

    async def _urgent_look(self, task: AnyTask) -> None:
        self._turns.leave(task)
        slot = await self._ready().acquire(Priority.PERSON_LOOK)
        await self._look_and_learn(task, slot)

    async def _look_and_learn(self, task: AnyTask, slot: Slot) -> None:
        loop = asyncio.get_running_loop()
        try:
            await self._look(task, slot)
        except SunoError as error:
            self._failed(task, error, loop.time())
        else:
            task.seat.failures = 0
            self._turns.saw(task, loop.time(), complete=task.stage == "complete")
            if task in self._watched and not task.is_over:
                self._give_up_late(task)
                self._turns.enter(task, loop.time())
                self._due.set()

    def _give_up_late(self, task: AnyTask) -> None:
        """Nobody times a batch's task: tell when looking on is of no use."""
        if task.is_persons or task.seat.looked < _LATE * task.usual:
            return
        task.seat.late_looks += 1
        if task.seat.late_looks >= _LATE_LOOKS:
            message = f"Task {task.token} is still {task.stage} after {task.seat.looked:.0f} s"
            task.disturb(TaskTimeout(f"{message}; it may go on yet.", task.token, task.kind))

    def _failed(self, task: AnyTask, error: SunoError, now: float) -> None:
        """A look that fails is not the task's failure: look again, and tell when it goes on."""
        _log.info("Look %s: %s", task.token, in_brief(error))
        seat = task.seat
        if not isinstance(error, RateLimited | Maintenance | NotFound):
            seat.failing_since = seat.failing_since if seat.failures else now
            seat.failures += 1
        lasts = seat.failures >= _MOST_FAILURES and now - seat.failing_since >= _GRACE
        missing = isinstance(error, NotFound) and now - (seat.watched_since or now) >= _GRACE
        if lasts or missing or isinstance(error, AuthenticationFailed):
            seat.failures = 0
            task.disturb(error)
        if task in self._watched:
            again = now + min(20.0, 4.0 * 2 ** min(seat.failures, 3))
            self._turns.enter_at(task, again, again)
            self._due.set()


def _closed(task: AnyTask) -> ClientClosed:
    return ClientClosed(
        f"The client was closed while task {task.token} was being made; "
        f"another client picks it up with task({task.token!r}).",
        task.token,
        task.kind,
    )
