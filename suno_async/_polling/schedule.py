"""The rule of the polls: which task is polled next, and when; pure.

All live tasks share the rate with the submissions, so a timer per task cannot work: 100 tasks asked
every 5 seconds are ten times the rate. Instead each task has two ages. From the first one on, a
poll is worth a slot that nobody else wants: early and often, first when the quickest of its kind
may have news (`first_poll`), then every 3.5 % of its age, 4 to 20 s; for a person's task after
2.5 s already where news are to be expected. From the second one on it is worth more than a waiting
submission: for a person's task when some lateness is to be expected, 6 to 25 s after the last poll,
once a second for all people together; for a batch's task when 19 of 20 of its kind are complete,
then at growing intervals.

A free slot goes to a person's submission; a poll of a person's task; the submission of a batch
near its end; an overdue poll; a batch's submission; a spare poll. The limiter's priorities say so:
when a queue has something due, the limiter is asked with that queue's priority, and the task is
picked only when the slot is granted, in that queue or one above. That is the one that has been due
longest; but of the tasks that people wait for, the one for which a poll
is expected to cut the most lateness (`lateness`). So polls are not spent on tasks that cannot have
news yet, and where there are too few for all, they go to where they show something. None is
forgotten for that: a task without a poll for 1.25 s for each that people wait for, and for 20 s at
least, is next.

The rate makes one task a second. A batch is near its end when what it has to start, and all that is
being made for anybody, is done at that pace in 2.5 times the p95: from then on it waits for the
time that its last tasks take, some of them up to three times as long as most, so they are begun
before others are polled. Earlier, polls go first, or nobody would see anything for as long as
all is submitted.

A task with callbacks needs polls only where callbacks were lost: overdue ones, and later. A
person's gets spare ones, too, at four times the distance: as long as no callback of it has come,
for perhaps nothing reaches us, and again when it should be complete.

Learned for each kind of task, too, is the p95: the age by which 19 of 20 are complete.
The callback of a task's end updates it, or the first poll that shows whether it was complete by
then: 19 times as strongly for later as for earlier, so that it rests where 1 in 20 is late.
"""

from __future__ import annotations

from enum import IntEnum
from heapq import heappop, heappush, heapreplace
from itertools import islice
from math import inf

from attrs import define, field

from suno_async._polling.failures import PollErrors
from suno_async._polling.lateness import Learned, Stages, when_worth, worth
from suno_async.operations._kinds import Kind
from suno_async.results import Stage

_MOST_PERSON, _MOST_BATCH = 20.0, 120.0  # seconds between polls that fail
_WORTHY = 0.5  # what a person's poll must be worth to come early, in seconds of lateness
_LEAST_SPARE, _LEAST_URGENT, _MOST_URGENT = 2.5, 6.0, 25.0  # seconds between such polls
_AHEAD = 1.0  # seconds between polls that go ahead of submissions
_ENDURED, _ENDURED_EACH = 20.0, 1.25  # seconds without a poll: always, and for each who waits
_FIRST_OF_ALL = 1e9
_WEIGHED = 128  # tasks at most that are compared for one poll


class Queue(IntEnum):
    """The queues for polls, best first."""

    INTERACTIVE = 0
    OVERDUE = 1
    SPARE = 2


@define(eq=False, weakref_slot=False)
class PollState:
    """What the poller knows of a task; times are seconds on the loop's clock."""

    kind: Kind
    """Its kind."""
    accepted: float | None = None
    """When the service accepted it, `None` where that is not known."""
    has_callbacks: bool = False
    """Whether the service posts to us what happens to it."""
    has_had_callback: bool = False
    """Whether a callback of it has come."""
    is_age_known: bool = False
    """Whether somebody saw it accepted, or a journal that was asked cannot tell."""
    has_updated: bool = False
    """Whether it has told how long such tasks take."""
    is_guess: bool = False
    """Whether `accepted` is made up, so that the age teaches nothing."""
    model: str | None = None
    """The model that makes it, where there is one."""
    stage: Stage = Stage.PENDING
    """What is known of it."""
    is_interactive: bool = True
    """Whether somebody waits for it, rather than a batch."""
    watched_since: float | None = None
    """When it was watched first."""
    ticket: int = 0
    """Its number in the queues, 0 for none."""
    polled: float = 0.0
    """The age at the last poll that told something, 0 before the first."""
    tried: float = -inf
    """When the last poll ended, well or not."""
    errors: PollErrors | None = None
    """The polls that failed since, `None` for none."""
    late_polls: int = 0
    """Polls counted long after nearly all such tasks are complete."""
    late_at: float = -inf
    """The age at the last of them."""
    is_given_up: bool = False
    """Whether it has been polled on in vain for too long."""

    @property
    def is_hopeless(self) -> bool:
        """Whether polling on is of no use, by all that the polls tell."""
        return self.is_given_up or (self.errors is not None and self.errors.is_hopeless)

    @property
    def needs_polls(self) -> bool:
        """Whether somebody waits for it who hears nothing without polls."""
        return self.is_interactive and not self.has_callbacks

    @property
    def is_weighed(self) -> bool:
        """Whether its polls go by what they are worth."""
        return self.errors is None and self.needs_polls


@define(eq=False)
class Schedule:
    """The rule: no network, no waiting; times are seconds on the caller's clock."""

    p95: dict[str, float] = field(factory=dict[str, float])
    """For each kind seen, the age by which 19 of 20 are complete."""
    people: int = 0
    """Tasks that somebody waits for, those with callbacks apart."""
    _queues: tuple[list[tuple[float, int, PollState]], ...] = field(
        factory=lambda: ([], [], []), init=False
    )
    _learned: Learned = field(factory=Learned, init=False)
    _people: list[tuple[float, int, PollState]] = field(
        factory=list[tuple[float, int, PollState]], init=False
    )
    """The tasks that are weighed, as a heap by when a spare poll is due."""
    _due: dict[PollState, None] = field(factory=dict[PollState, None], init=False)
    """Those of them for which it is due already, the longest first."""
    _next_ahead: float = field(default=-inf, init=False)
    _last_ticket: int = field(default=0, init=False)

    def enter(self, state: PollState, now: float, *, at_once: bool = False) -> tuple[float, ...]:
        """Queue a task for its next poll; when each queue wants its next one then.

        With `at_once` it is polled ahead of all others, behind those that came so before.
        """
        self.leave(state)
        self._last_ticket += 1
        state.ticket = self._last_ticket
        if at_once:
            heappush(self._queues[Queue.INTERACTIVE], (-inf, state.ticket, state))
        else:
            urgent, spare = self._times(state, now)
            queue = Queue.INTERACTIVE if state.is_interactive else Queue.OVERDUE
            spares = self._people if state.is_weighed else self._queues[Queue.SPARE]
            heappush(self._queues[queue], (urgent, state.ticket, state))
            heappush(spares, (min(spare, urgent), state.ticket, state))
        return self.due_times()

    def leave(self, state: PollState) -> None:
        """Take a task out of all queues: its entries are passed over from now on."""
        state.ticket = 0
        self._due.pop(state, None)

    def due_times(self) -> tuple[float, ...]:
        """When each queue wants its next poll, `inf` for never."""
        return tuple(self.due(queue) for queue in Queue)

    def due(self, queue: Queue) -> float:
        """When this queue wants its next poll, `inf` for never."""
        at = self._first(self._queues[queue], queue)
        if queue is Queue.INTERACTIVE and at > -inf:
            return max(at, self._next_ahead)
        if queue is Queue.SPARE:
            return -inf if self._due else min(at, self._first(self._people, queue))
        return at

    def _first(self, entries: list[tuple[float, int, PollState]], queue: Queue) -> float:
        while entries:
            at, ticket, state = entries[0]
            if state.ticket != ticket:
                heappop(entries)
            elif queue is Queue.OVERDUE and not state.polled and self._is_later(state, at):
                later = (state.accepted or 0.0) + self._urgent(state)
                heapreplace(entries, (later, ticket, state))
            else:
                return at
        return inf

    def take(self, queue: Queue, now: float) -> PollState | None:
        """The task to poll, of this queue or the best above it that has one; it leaves."""
        for better in Queue:
            if better <= queue and self.due(better) <= now:
                state = self._best(better, now)
                self.leave(state)
                return state
        return None

    def _best(self, queue: Queue, now: float) -> PollState:
        """The one that has been due longest; of people's tasks, whose poll is worth most."""
        while self._first(self._people, queue) <= now:
            self._due[heappop(self._people)[2]] = None
        entries, spares = self._queues[queue], self._queues[Queue.SPARE]
        is_at_once = entries is not spares and entries[0][0] == -inf
        if queue is Queue.INTERACTIVE and not is_at_once:
            self._next_ahead = now + _AHEAD
        by_worth = entries is spares or (entries[0][2].is_weighed and not is_at_once)
        if not (by_worth and self._due):
            return heappop(entries)[2]
        return max(islice(self._due, _WEIGHED), key=lambda state: self._worth(state, now))

    def _worth(self, state: PollState, now: float) -> float:
        age, since = now - (state.accepted or 0.0), state.polled
        # also a rule that has learned something wrong must come to each; a task that never was
        # polled comes by itself, for all its stages are likely sooner or later
        if since and age - since > max(_ENDURED, _ENDURED_EACH * self.people):
            return _FIRST_OF_ALL + age - since
        return worth(self._hidden(state), since, age)

    def polled(self, state: PollState, now: float, stage: Stage, *, is_done: bool) -> None:
        """Learn from a poll that told something; the task is not queued again."""
        p95, age = self._p95(state), now - self._accepted(state, now)
        if age <= 1.1 * p95 and (is_done or age >= p95):
            self._update(state, by_then=is_done)
        if not is_done or stage is Stage.COMPLETE:  # a failure comes at any age
            self._learn(state, stage, state.polled, age)
        state.polled, state.stage = age, stage

    def _learn(self, state: PollState, stage: Stage, since: float, by: float) -> None:
        if state.is_guess or by < since:
            return
        hidden = self._hidden(state)
        left = self._learned.after(state.kind, state.model, stage)
        for ages in hidden[: max(0, len(hidden) - len(left))]:
            ages.learn(since, by)

    def _hidden(self, state: PollState) -> Stages:
        """When the stages that are not known to be there come."""
        return self._learned.after(state.kind, state.model, state.stage)

    def called_back(self, state: PollState, now: float) -> None:
        """Learn from the callback of a task's end, which tells when that was; it leaves."""
        age = now - self._accepted(state, now)
        self._update(state, by_then=age <= 1.1 * self._p95(state))
        self.leave(state)

    def is_near_end(self, kind: Kind, to_make: int) -> bool:
        """Whether a batch waits for its last submissions, when so many tasks are yet to be made."""
        return to_make <= 2.5 * max(
            self.p95.get(kind.name, kind.typical_duration), kind.typical_duration
        )

    def _update(self, state: PollState, *, by_then: bool) -> None:
        """Each task says once whether it was complete by the p95."""
        if not state.has_updated:
            state.has_updated = True
            updated = self._p95(state) * (0.9975 if by_then else 1.05)
            documented = state.kind.typical_duration
            self.p95[state.kind.name] = min(4 * documented, max(documented / 4, updated))

    def _accepted(self, state: PollState, now: float) -> float:
        """When it was accepted; a task from elsewhere is most likely complete by now."""
        if state.accepted is None:
            state.accepted = now - self._p95(state)
            state.is_guess = state.has_updated = True  # an age that is made up tells nothing
        return state.accepted

    def _p95(self, state: PollState) -> float:
        return self.p95.get(state.kind.name, state.kind.typical_duration)

    def _times(self, state: PollState, now: float) -> tuple[float, float]:
        """When a poll is urgent, and from when on it is worth a slot that nobody else wants."""
        accepted, errors = self._accepted(state, now), state.errors
        if errors is None:
            return accepted + self._urgent(state), accepted + self._spare(state)
        # after a failure a batch's task is polled again mostly in slots that nobody wants
        most = _MOST_PERSON if state.is_interactive else _MOST_BATCH
        again = state.tried + min(most, 4.0 * 2 ** min(errors.failures - 1, 5))
        if state.is_interactive:
            return max(again, state.tried + self.people), again
        return max(state.tried + _MOST_BATCH, accepted + self._urgent(state)), again

    def _gap(self, state: PollState) -> float:
        polled = state.polled
        return min(20.0, max(4.0, 0.035 * polled)) if polled else state.kind.first_poll

    def _spare(self, state: PollState) -> float:
        polled = state.polled
        if state.has_callbacks and not state.is_interactive:
            return self._urgent(state)
        if polled and state.is_weighed:
            worthy = when_worth(self._hidden(state), polled, _WORTHY)
            return polled + min(self._gap(state), max(_LEAST_SPARE, worthy - polled))
        again = polled + (4 if state.has_callbacks else 1) * self._gap(state)
        return max(self._p95(state), again) if state.has_had_callback else again

    def _urgent(self, state: PollState) -> float:
        polled = state.polled
        if state.is_weighed:
            worthy = when_worth(self._hidden(state), polled, _WORTHY)
            return polled + min(_MOST_URGENT, max(_LEAST_URGENT, worthy - polled))
        again = polled + min(0.25 * polled, 120.0) if polled else 0.0
        return max((1.3 if state.has_callbacks else 1.0) * self._p95(state), again)

    def _is_later(self, state: PollState, at: float) -> bool:
        """Whether the p95 has grown so much since that the poll may wait."""
        return (state.accepted or 0.0) + self._urgent(state) > at + 1.0
