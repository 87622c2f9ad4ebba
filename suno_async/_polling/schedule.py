"""Whose turn it is to be looked at.

All live tasks share the rate with the submissions, so a timer per task cannot work: 100 tasks asked
every 5 seconds are ten times the rate. Instead each task has two ages. From the first one on, a
look is worth a place that nobody else wants: early and often, first when the quickest of its kind
may have news (`first_poll`), then every 3.5 % of its age, 4 to 20 s.
From the second one on it is worth more than a waiting submission: for a person's task soon after,
for a batch's task when 19 of 20 of its kind are complete, then at growing intervals.

A free place goes to a person's submission; a look at a person's task; the submission of a batch
near its end; an overdue look; a batch's submission; a spare look. The limiter's priorities say so:
there is one small loop a lane, which waits until its lane has something due, asks the limiter, and
picks the task only when the place is granted, the one that has been due longest, in its own lane or
one above.

The rate makes one task a second. A batch is near its end when what it has to start, and all that is
being made for anybody, is done at that pace in 2.5 times `usual`: from then on it waits for the
time that its last tasks take, some of them up to three times as long as usual, so they are begun
before others are looked at. Earlier, looks go first, or nobody would see anything for as long as
all is submitted.

A task that is pushed needs looks only where pushes were lost: overdue ones, and later. A person's
gets spare ones, too, at four times the distance: as long as no push of it has come, for perhaps
nothing reaches us, and again when it should be complete.

The one learned number, for each kind of task, is `usual`: the age by which 19 of 20 are complete.
The push of a task's end votes, or the first look that tells whether it was complete by then: 19
times as strongly for later as for earlier, so that it rests where 1 in 20 is late.
"""

from __future__ import annotations

from enum import IntEnum
from heapq import heappop, heappush, heapreplace
from math import inf
from typing import TYPE_CHECKING, Any, TypeAlias

from attrs import define, field

from suno_async.operations._kinds import KINDS

if TYPE_CHECKING:
    from suno_async.task import Task

    AnyTask: TypeAlias = Task[Any]


class Lane(IntEnum):
    """The queues for looks, best first."""

    PERSON = 0
    OVERDUE = 1
    SPARE = 2


@define(eq=False)
class Schedule:
    """The rule: no network, no waiting; times are seconds on the caller's clock."""

    usual: dict[str, float] = field(factory=dict[str, float])
    """For each kind seen, the age by which 19 of 20 are complete."""
    people: int = 0
    """Tasks that people wait for, those that are pushed apart."""
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

    def enter_first(self, task: AnyTask) -> None:
        """Queue a task for a look ahead of all others, behind those that came so before."""
        self._turn += 1
        task.seat.turn = self._turn
        heappush(self._queues[Lane.PERSON], (-inf, self._turn, task))

    def enter_again(self, task: AnyTask, now: float) -> None:
        """Queue a task after a failed look; for a batch's task mostly at places nobody wants."""
        trouble = task.seat.trouble
        failures = 0 if trouble is None else trouble.failures
        again = task.seat.tried + min(
            20.0 if task.is_persons else 120.0, 4.0 * 2 ** min(failures - 1, 5)
        )
        if task.is_persons:
            urgent = max(again, task.seat.tried + self.people)
        else:
            urgent = max(task.seat.tried + 120.0, self._accepted(task, now) + self._urgent(task))
        self.enter_at(task, urgent, again)

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
        usual, age = self._usual(task), now - self._accepted(task, now)
        if age <= 1.1 * usual and (complete or age >= usual):
            self._vote(task, by_then=complete)
        task.seat.looked = age

    def was_told(self, task: AnyTask, now: float) -> None:
        """Learn from the push of a task's end, which tells when that was; it leaves the queues."""
        age = now - self._accepted(task, now)
        self._vote(task, by_then=age <= 1.1 * self._usual(task))
        self.leave(task)

    def _vote(self, task: AnyTask, *, by_then: bool) -> None:
        """Each task says once whether it was complete by `usual`."""
        if not task.seat.has_voted:
            task.seat.has_voted = True
            voted = self._usual(task) * (0.9975 if by_then else 1.05)
            documented = task.typical_duration
            self.usual[task.kind] = min(4 * documented, max(documented / 4, voted))

    def _accepted(self, task: AnyTask, now: float) -> float:
        """When it was accepted; a task from elsewhere is most likely complete by now."""
        if task.seat.accepted is None:
            task.seat.accepted = now - self._usual(task)
            task.seat.has_voted = True  # an age that is made up tells nothing
        return task.seat.accepted

    def _usual(self, task: AnyTask) -> float:
        return self.usual.get(task.kind, task.typical_duration)

    def _gap(self, task: AnyTask) -> float:
        looked = task.seat.looked
        return min(20.0, max(4.0, 0.035 * looked)) if looked else KINDS[task.kind].first_poll

    def _spare(self, task: AnyTask) -> float:
        seat = task.seat
        if seat.is_pushed and not task.is_persons:
            return self._urgent(task)
        again = seat.looked + (4 if seat.is_pushed else 1) * self._gap(task)
        return max(self._usual(task), again) if seat.has_heard else again

    def _urgent(self, task: AnyTask) -> float:
        seat = task.seat
        if task.is_persons and not seat.is_pushed:
            gap = (1.5 if seat.looked else 1.0) * self._gap(task)
            return seat.looked + max(gap, self.people)
        again = seat.looked + min(0.25 * seat.looked, 120.0) if seat.looked else 0.0
        return max((1.3 if seat.is_pushed else 1.0) * self._usual(task), again)

    def _is_later(self, task: AnyTask, at: float) -> bool:
        """Whether `usual` has grown so much since that the look may wait."""
        return (task.seat.accepted or 0.0) + self._urgent(task) > at + 1.0
