"""Polls the tasks that somebody listens to, within the rate; when each is due is `schedule`'s rule.

When something is due in a queue of the schedule, an asyncio task asks the limiter for a slot with
the queue's own priority, and only when it has the slot takes the task to poll: the one that has
been due longest then. A poll is sent once; what failed is polled again, for the poller is the retry
of its polls.
"""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from contextvars import Context
from functools import partial
from math import inf
from typing import TYPE_CHECKING, Any, TypeAlias
from weakref import WeakKeyDictionary

from attrs import define, field

from suno_async._http.attempts import Transport, give_back, is_cancelled
from suno_async._http.requests import Body, poll_of
from suno_async._http.verdict import in_brief
from suno_async._journal.journal import Journal
from suno_async._polling.failures import PollErrors
from suno_async._polling.schedule import PollState, Queue, Schedule
from suno_async._wire.records import Record, record_of
from suno_async.errors import ClientClosed, JournalError, NotFound, SunoError, TaskTimeout
from suno_async.limiter import Priority, Slot
from suno_async.task import Task

if TYPE_CHECKING:
    from suno_async.operations._kinds import Kind

    _Asking: TypeAlias = asyncio.Future[SunoError | None]

_log = logging.getLogger("suno_async")

_FRESH = 4.0  # seconds in which a poll need not be repeated
_SHARE = 0.3  # of the rate's slots, for polls without an answer yet
_USUAL_RATE = 20  # slots, where the limiter does not tell
_AGAIN = 1.0  # seconds until a slot is asked for again, by another task than the cancelled one
_LATE = 4.0  # times the documented time; the p95 never gets larger
_LATE_POLLS = 5
_LATE_GAP = 110.0  # seconds at least between two that count

_PRIORITIES = {
    Queue.INTERACTIVE: Priority._INTERACTIVE_POLL,
    Queue.OVERDUE: Priority._OVERDUE_POLL,
    Queue.SPARE: Priority._SPARE_POLL,
}


@define(eq=False)
class _SlotRequest:
    """An asyncio task that has a slot granted, and then polls what is due first."""

    queue: Queue
    state: PollState | None = None
    """What it polls, once it has its slot."""
    task: asyncio.Task[None] = field(init=False)


@define(eq=False)
class _Asked:
    """A task that is to be polled at once, or is being polled, and who waits for that."""

    task: Task[Any]
    waiting: dict[_Asking, None] = field(factory=dict["_Asking", None], init=False)


@define(eq=False)
class Poller:
    """Polls the tasks of one client."""

    _transport: Transport
    _journal: Journal
    _speed: float = 1.0
    """How many times faster than the service's songs are made; the schedule counts such seconds."""
    _schedule: Schedule = field(factory=Schedule, init=False)
    _states: WeakKeyDictionary[Task[Any], PollState] = field(
        factory=WeakKeyDictionary[Task[Any], PollState], init=False
    )
    _watched: dict[PollState, Task[Any]] = field(factory=dict[PollState, Task[Any]], init=False)
    """The tasks that somebody listens to."""
    _asked: dict[PollState, _Asked] = field(factory=dict[PollState, _Asked], init=False)
    _polls: dict[PollState, _SlotRequest] = field(factory=dict[PollState, _SlotRequest], init=False)
    """The polls without an answer yet."""
    _most: float = field(default=1.0, init=False)
    """How many of them there may be at one time."""
    _waiting: dict[Queue, _SlotRequest] = field(factory=dict[Queue, _SlotRequest], init=False)
    """For each queue at most one that waits for its slot."""
    _timers: dict[Queue, asyncio.TimerHandle] = field(
        factory=dict[Queue, asyncio.TimerHandle], init=False
    )
    """When the next one is to ask for its slot."""
    _is_closed: bool = field(default=False, init=False)

    # --- what others ask for -------------------------------------------------------------------

    def check(self, task: Task[Any]) -> None:
        """Make sure that the task can be polled here and now.

        Raises:
            ClientClosed: the client has ended.
            ConfigurationError: it belongs to another event loop, or to another process.
        """
        try:
            self._transport.ready()
        except ClientClosed:
            raise _closed(task) from None
        rate = getattr(self._transport.poll_limiter, "max_rate", None)  # a Limiter need not have it
        self._most = max(1.0, _SHARE * (rate if isinstance(rate, int | float) else _USUAL_RATE))

    def accepted(
        self, task: Task[Any], at: float | None, *, has_callbacks: bool, is_guess: bool = False
    ) -> None:
        """Take note of when a new task was accepted, on the loop's clock, and of its callbacks."""
        if task not in self._states:
            self._states[task] = PollState(
                task._kind,
                None if at is None else at * self._speed,
                has_callbacks,
                has_updated=is_guess,
                is_guess=is_guess,
                model=_model_of(task),
                is_age_known=not is_guess,
            )

    def watch(self, task: Task[Any]) -> None:
        """Poll the task from now on, when it is due; after the end, never."""
        if self._is_closed:
            return
        now = self._now()
        state = self._state(task)
        state.is_interactive = task._is_interactive
        self._watched[state] = task
        self._schedule.people += state.needs_polls
        if state.watched_since is None:
            state.watched_since = now
        if state not in self._polls:  # else it is queued afterwards
            self._queue(state, now)

    def unwatch(self, task: Task[Any]) -> None:
        """Nobody listens any more: no poll is spent on it."""
        state = self._state(task)
        if self._watched.pop(state, None) is not None:
            self._schedule.people -= state.needs_polls
            if state not in self._asked:
                self._schedule.leave(state)

    def observe(self, task: Task[Any], record: Record[Any]) -> bool:
        """Hand a record to its task, and its news to the journal; whether it ended now."""
        before = task.stage
        is_end = task._observe(record)
        if is_end and not self._transport.is_closed:
            has_failed = record.failure is not None
            self._journal.over(task._kind.name, task.id, record.body, has_failed=has_failed)
        elif task.stage is not before and self._journal.is_shared:
            name, rank = task._kind.name, task.stage._rank
            self._journal.reached(name, task.id, rank, record.body)
        return is_end

    def called_back(self, task: Task[Any], record: Record[Any]) -> None:
        """Hand on what a callback brings; its task has callbacks from now on at the latest."""
        state = self._state(task)
        self._note_callbacks(state)
        is_first, state.has_had_callback = not state.has_had_callback, True
        if not task.is_done:
            now = self._now()
            if self.observe(task, record):
                self._schedule.called_back(state, now)
                self._answer(state)  # the poll that was asked for is not made any more
            elif is_first and state in self._watched and state not in self._polls:
                self._queue(state, now)  # its polls are rare now

    def learned(self, task: Task[Any], age: float | None, *, has_callbacks: bool) -> None:
        """Take note of what a journal knows of a task: its age in seconds, if so, and callbacks."""
        state = self._state(task)
        if not state.is_age_known and age is not None:
            state.accepted = self._now() - age * self._speed
        state.is_age_known = True
        if has_callbacks:
            self._note_callbacks(state)

    def refresh(self, task: Task[Any]) -> None:
        """Queue a task anew, of which others have brought news, where it is waited for still."""
        state = self._state(task)
        if state in self._watched and state not in self._polls and not task.is_done:
            self._queue(state, self._now())

    def _note_callbacks(self, state: PollState) -> None:
        if not state.has_callbacks:
            self._schedule.people -= state in self._watched and state.needs_polls
            state.has_callbacks = True

    async def poll_now(self, task: Task[Any]) -> SunoError | None:
        """Poll the task once, ahead of others, unless that was just done; why that failed.

        A caller that is cancelled meanwhile wants no poll any more; one under way goes on.
        """
        self.check(task)
        state = self._state(task)
        if self._now() - state.tried < _FRESH:
            await asyncio.sleep(0)  # or a caller that asks in a loop would hold up the loop
            return None
        asking: _Asking = asyncio.get_running_loop().create_future()
        self._asked.setdefault(state, _Asked(task)).waiting[asking] = None
        if state not in self._polls:
            self._queue(state, self._now())
        try:
            return await asking
        finally:
            self._withdraw(state, asking)

    async def record_body(self, kind: Kind, task_id: str) -> Body:
        """Ask for the record of what may be no task of ours, ahead of other polls.

        Raises:
            SunoError: it could not be had.
        """
        slot = await self._transport.poll_slot(_PRIORITIES[Queue.INTERACTIVE])
        return await self._transport.poll(poll_of(kind, task_id), slot)

    def is_near_end(self, kind: Kind, to_start: int) -> bool:
        """Whether a batch that has so many tasks to start waits for its last submissions."""
        return self._schedule.is_near_end(kind, to_start + len(self._watched))

    def is_hopeless(self, task: Task[Any]) -> bool:
        """Whether polling it on is of no use, by all that the polls tell."""
        return self._state(task).is_hopeless

    async def close(self) -> None:
        """Poll no more; each listener gets `ClientClosed` with the token."""
        self._is_closed = True
        for timer in self._timers.values():
            timer.cancel()
        requests = (*self._waiting.values(), *self._polls.values())
        running = [one.task for one in requests]
        for one in running:
            one.cancel()
        for state, asked in list(self._asked.items()):
            self._answer(state, _closed(asked.task))
        for task in list(self._watched.values()):
            task._notify(_closed(task))
        await asyncio.gather(*running, return_exceptions=True)

    # --- slots ---------------------------------------------------------------------------------

    def _queue(self, state: PollState, now: float) -> None:
        state.stage = self._task_of(state).stage
        self._arm(self._schedule.enter(state, now, at_once=state in self._asked))

    def _arm(self, due: tuple[float, ...]) -> None:
        """Have each queue ask for a slot when something is due there, unless it does already."""
        if self._is_closed or self._is_full():
            return
        loop, now = asyncio.get_running_loop(), self._now()
        for queue, at in zip(Queue, due, strict=True):
            timer, when = self._timers.get(queue), at / self._speed
            if queue in self._waiting or at == inf or (timer is not None and timer.when() <= when):
                continue
            if timer is not None:
                timer.cancel()
                del self._timers[queue]
            if at <= now:
                self._ask(queue)
            else:
                self._timers[queue] = loop.call_at(when, self._ask, queue)

    def _ask(self, queue: Queue) -> None:
        """It is time: ask the limiter for a slot, in a task of its own."""
        self._timers.pop(queue, None)
        if self._schedule.due(queue) > self._now():
            self._arm(self._schedule.due_times())  # it has become due later, or was polled
        elif queue not in self._waiting and not self._is_closed and not self._is_full():
            slot_request = self._waiting[queue] = _SlotRequest(queue)
            # not in the context of whichever listener happens to be the first
            slot_request.task = asyncio.create_task(self._serve(slot_request), context=Context())
            slot_request.task.add_done_callback(partial(self._served, slot_request))

    async def _serve(self, slot_request: _SlotRequest) -> None:
        try:
            slot = await self._transport.poll_slot(_PRIORITIES[slot_request.queue])
        except (Exception, asyncio.CancelledError) as error:
            if is_cancelled():
                raise
            # a limiter of the caller's may raise anything; the poll that it was for has failed
            if (state := self._schedule.take(slot_request.queue, self._now())) is not None:
                self._failed(state, self._task_of(state), _as_ours(error), self._now())
            return
        # chosen only now: what was due when the limiter was asked may have been polled since
        is_wanted = not (self._is_closed or self._is_full())
        state = self._schedule.take(slot_request.queue, self._now()) if is_wanted else None
        if state is None:
            give_back(slot)
            return
        slot_request.state = state
        self._polls[state] = slot_request
        del self._waiting[slot_request.queue]
        self._arm(self._schedule.due_times())  # the next one asks while this one is polled
        await self._poll(state, self._task_of(state), slot)

    def _served(self, slot_request: _SlotRequest, _: asyncio.Task[None]) -> None:
        state, is_stopped = slot_request.state, slot_request.task.cancelled()
        if state is None:
            del self._waiting[slot_request.queue]
        else:
            del self._polls[state]
            if is_stopped and (asked := self._asked.get(state)) is not None:
                self._answer(state, _closed(asked.task))
            # only now, when all its listeners have seen to the news: are there any left?
            task, is_asked = self._watched.get(state), state in self._asked
            if is_asked or (task is not None and not task.is_done):
                self._schedule.enter(state, self._now(), at_once=is_asked)
        if is_stopped and not self._is_closed:
            # a caller that cancels all tasks has listeners left; but a loop that is about to end
            # must have nothing new, so not at once
            asyncio.get_running_loop().call_later(_AGAIN, self._arm_again)
        else:
            self._arm_again()

    def _arm_again(self) -> None:
        self._arm(self._schedule.due_times())

    def _is_full(self) -> bool:
        """Whether enough slots are held by polls without an answer.

        A poll that hangs holds its slot for as long as its timeout and the limiter's patience with
        a lost request. Were there no bound, polls that hang would hold all slots for most of a
        minute, and nobody could submit. A poll that is answered in 3 seconds is not slowed down.
        """
        return len(self._polls) >= self._most

    # --- one poll ------------------------------------------------------------------------------

    async def _poll(self, state: PollState, task: Task[Any], slot: Slot) -> None:
        request = poll_of(task._kind, task.id)
        asked = self._now()  # what it tells is as old as this, however long the answer takes
        if self._journal.is_shared and not await self._may_poll(state, task, asked, slot):
            state.polled, state.tried = asked - (state.accepted or asked), self._now()
            return
        try:
            body = await self._transport.poll(request, slot)
            record = record_of(
                task._kind, body, token=request.token, operation=task.operation, seen=task.stage
            )
        except Exception as error:  # noqa: BLE001 a listener must not wait in vain
            if isinstance(error, NotFound):
                await self._remember(task)
            self._failed(state, task, _as_ours(error), self._now())
            return
        is_done = self.observe(task, record)
        state.errors, state.is_given_up, state.tried = None, False, self._now()
        self._schedule.polled(state, asked, task.stage, is_done=is_done)
        self._answer(state)
        if not (is_done or state.is_interactive) and state in self._watched:
            self._give_up_late(state, task)

    async def _may_poll(self, state: PollState, task: Task[Any], now: float, slot: Slot) -> bool:
        """Whether no other client has polled it lately, for then the journal has what is new.

        Without a poll, the slot is given back.
        """
        since = now - (state.accepted or now) - state.polled if state.polled else _FRESH
        # less than the distance of its own polls, or it would take the last one for another's
        fresh = 0.0 if state in self._asked else 0.75 * since
        may_poll = False
        try:
            may_poll = await self._journal.may_poll(task.kind, task.id, fresh / self._speed)
        except JournalError:  # it is away: better one poll too many than none
            may_poll = True
        finally:
            if not may_poll:
                give_back(slot)
        return may_poll

    async def _remember(self, task: Task[Any]) -> None:
        """Ask the journal whether it saw the task accepted, where this client did not."""
        if task._submission_id is None:
            with suppress(SunoError):  # then it counts as unknown
                entry = await self._journal.of_task(task.kind, task.id)
                task._submission_id = None if entry is None else entry.id

    def _give_up_late(self, state: PollState, task: Task[Any]) -> None:
        """Nobody times a batch's task: say so when polling on is of no use."""
        if state.polled < max(_LATE * state.kind.typical_duration, state.late_at + _LATE_GAP):
            return
        state.late_polls += 1
        state.late_at = state.polled
        if state.late_polls >= _LATE_POLLS:
            state.is_given_up = True
            message = f"Task {task.token} is still {task.stage} after {state.polled:.0f} s"
            task._notify(TaskTimeout(f"{message}; it may go on yet.", task.token, task.kind))

    def _failed(self, state: PollState, task: Task[Any], error: SunoError, now: float) -> None:
        """A poll that fails is not the task's failure: poll again, and say so when it goes on."""
        _log.info("Poll %s: %s", task.token, in_brief(error))
        errors = state.errors = state.errors or PollErrors()
        state.tried = now
        watched_for = 0.0 if state.watched_since is None else now - state.watched_since
        is_known = task._submission_id is not None
        is_reported = errors.add(error, now, watched_for=watched_for, is_known=is_known)
        self._answer(state, error)
        if is_reported:
            error.token, error.kind = task.token, task.kind
            task._notify(error)
        if state in self._watched and state not in self._polls:
            self._queue(state, now)

    def _answer(self, state: PollState, error: SunoError | None = None) -> None:
        """The poll that was asked for is over, or cannot be."""
        if (asked := self._asked.pop(state, None)) is not None:
            for asking in asked.waiting:
                if not asking.done():
                    asking.set_result(error)

    def _withdraw(self, state: PollState, asking: _Asking) -> None:
        """One waits no more: without anybody else, the task is due when it was before."""
        asked = self._asked.get(state)
        if asked is None or asking not in asked.waiting:  # it was answered
            return
        del asked.waiting[asking]
        if not asked.waiting:
            del self._asked[state]
            if state not in self._polls:
                self._schedule.leave(state)
                if state in self._watched:
                    self._queue(state, self._now())

    def _now(self) -> float:
        """The time that the schedule counts."""
        return asyncio.get_running_loop().time() * self._speed

    def _state(self, task: Task[Any]) -> PollState:
        state = self._states.get(task)
        if state is None:
            state = self._states[task] = PollState(task._kind, model=_model_of(task))
        return state

    def _task_of(self, state: PollState) -> Task[Any]:
        """The task of a state in a queue: somebody listens to it, or asked for a poll."""
        return self._watched.get(state) or self._asked[state].task


def _model_of(task: Task[Any]) -> str | None:
    """The model that was asked for, where its operation has one and is known."""
    model = getattr(task.operation, "model", None)
    return None if model is None else str(model)


def _as_ours(error: BaseException) -> SunoError:
    if isinstance(error, SunoError):
        return error
    _log.error("a poll failed in a way that it should not", exc_info=error)
    return SunoError(f"Polling the task failed: {type(error).__name__}: {error}")


def _closed(task: Task[Any]) -> ClientClosed:
    return ClientClosed(
        f"The client was closed while task {task.token} was being made; "
        f"another client picks it up with task({task.token!r}).",
        task.token,
        task.kind,
    )
