"""What runs while a batch's outcomes are yielded.

One coroutine reads the input, another one submits it (`submitter`). Accepted tasks need no
coroutine of their own: each calls back when it is over. The caller that iterates takes the outcomes
out; while too many lie there untaken, nothing more is submitted.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from contextlib import suppress
from math import inf
from typing import TYPE_CHECKING, Any, Generic
from weakref import WeakSet

from attrs import define, field

from suno_async._batch_runner.outage import Outage
from suno_async._batch_runner.submitter import Item, Submitter
from suno_async._submitting.submissions import Submissions, Terms, warn_of_tokens
from suno_async.batch import Items, OnAccepted, Op, Outcome
from suno_async.errors import ClientClosed, SunoError
from suno_async.task import Task

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable

_log = logging.getLogger("suno_async")

_UNTAKEN = 200  # outcomes that may lie there before the submitting waits; taken one a second, as
# fast as songs are made, they last until the next songs are there


@define(eq=False)
class _Live(Generic[Op]):
    """An accepted task of a batch, until it is over."""

    run: _Run[Op]
    index: int
    operation: Op
    task: Task[Any]
    resumed: bool

    def notify(self, error: SunoError | None) -> None:
        """The task's listener; of errors, those end it that mean that polling on is of no use."""
        if self.task.is_done:
            self.run.finish(self)
        elif isinstance(error, ClientClosed) or (error is not None and self.run.is_hopeless(self)):
            self.run.finish(self, error)

    def outcome(self, error: SunoError | None = None) -> Outcome[Op]:
        """What became of it."""
        return Outcome(
            index=self.index,
            error=error or self.task.failure,
            task=self.task,
            resumed=self.resumed,
            request=self.operation,
            result=self.task.partial_result,
        )


async def outcomes_of(  # noqa: PLR0913 all that one batch is
    items: Items[Op],
    submissions: Submissions,
    terms: Terms,
    max_in_flight: int | None,
    *,
    patience: float | None,
    undelivered: Undelivered | None,
    on_accepted: OnAccepted | None,
) -> AsyncGenerator[Outcome[Op] | Callable[[], Awaitable[None]]]:
    """Yield the outcomes; where there is none yet, what to wait for.

    It never waits itself before its end, for a caller that is cancelled in here would end it.
    `patience` is how long an outage may last, in seconds, `None` for ever.
    `undelivered` lists the tokens of what is yielded no more, `None` where a journal has them.
    Nothing that runs knows of this generator: when nobody iterates any more, it is closed.
    """
    outage = Outage(inf if patience is None else patience)
    run = _Run(items, submissions, terms, outage, max_in_flight, undelivered, on_accepted)
    if undelivered is not None:
        undelivered.runs.add(run)
    submitting = asyncio.create_task(run.submitter.run())
    submitting.add_done_callback(lambda _: run.changed.set())
    try:
        while run.ready or not run.is_done(submitting):
            if run.ready or run.is_paused:
                run.is_paused = False
                run.changed.set()  # there is room for one more, or the caller wants more again
            yield run.take() if run.ready else run.outcome_or_end
        submitting.result()  # what the input raised comes last, or the outage that lasted too long
        await run.submitter.log_others()
    finally:
        submitting.cancel()
        await run.stop()
        await asyncio.wait([submitting])


@define(eq=False)
class Undelivered:
    """What a client without a journal says of tasks that are paid for, and were not yielded."""

    tokens: list[str]
    """Where their tokens are listed."""
    runs: WeakSet[_Run[Any]] = field(factory=WeakSet["_Run[Any]"], init=False)
    """The batches that somebody holds."""

    def list_all(self) -> None:
        """The client ends: list what its batches have not yielded, which they may do yet."""
        for run in list(self.runs):
            run.list_undelivered()


@define(eq=False)
class _Run(Generic[Op]):
    """What runs while the outcomes are yielded."""

    _items: Items[Op]
    _submissions: Submissions
    _terms: Terms
    _outage: Outage
    _max_in_flight: int | None
    _undelivered: Undelivered | None
    _on_accepted: OnAccepted | None
    ready: deque[Outcome[Op]] = field(factory=deque["Outcome[Op]"], init=False)
    """Outcomes to be yielded."""
    changed: asyncio.Event = field(factory=asyncio.Event, init=False)
    """Set whenever there is something to see to."""
    is_paused: bool = field(default=False, init=False)
    """Whether the caller does not wait for outcomes any more, by a cancelled wait."""
    _is_awaited: bool = field(default=False, init=False)
    """Whether the caller waits for the next outcome, and so will take what comes."""
    _listed: set[str] = field(factory=set[str], init=False)
    _logged: set[str] = field(factory=set[str], init=False)
    _live: set[_Live[Op]] = field(factory=set["_Live[Op]"], init=False)
    submitter: Submitter[Op] = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.submitter = Submitter(
            self._items,
            self._submissions,
            self._terms,
            self._outage,
            self.changed,
            self._has_room,
            self._put,
            self._follow,
        )

    def is_done(self, submitting: asyncio.Task[None]) -> bool:
        """Whether there will be no more outcomes; raise what should never have happened."""
        if self.submitter.mistake is not None:
            raise self.submitter.mistake
        return submitting.done() and not self._live and not self.submitter.posts

    async def outcome_or_end(self) -> None:
        """Wait for an outcome; if that is cancelled, submit no more until the next is wanted."""
        self.changed.clear()
        self._is_awaited = True
        try:
            await self.changed.wait()
        except asyncio.CancelledError:
            self.is_paused = True
            self._is_awaited = False
            raise

    def take(self) -> Outcome[Op]:
        """The next outcome, which is yielded now."""
        outcome = self.ready.popleft()
        token = None if outcome.task is None else outcome.task.token
        if self._undelivered is not None and token in self._listed:
            self._listed.remove(token)
            with suppress(ValueError):  # somebody took care of it
                self._undelivered.tokens.remove(token)
        self._is_awaited = False
        return outcome

    async def stop(self) -> None:
        """Submit no more, and let go of what is being made."""
        for live in self._live:
            live.task._unlisten(live.notify, of_batch=True)
        self.submitter.stop()
        self._is_awaited = False
        self.list_undelivered()
        if self.submitter.posts:
            await asyncio.wait(self.submitter.posts)

    def list_undelivered(self) -> None:
        """List what is paid for and not yielded; a caller that waits for it needs no warning."""
        if self._undelivered is None:
            return
        paid = [*(one.task for one in self.ready), *(live.task for live in self._live)]
        tokens = [task.token for task in paid if task is not None]
        self._undelivered.tokens.extend(token for token in tokens if token not in self._listed)
        self._listed.update(tokens)
        if not self._is_awaited:
            unsaid = [token for token in tokens if token not in self._logged]
            self._logged.update(unsaid)
            warn_of_tokens("accepted tasks of a batch that was left", unsaid)

    def _put(self, outcome: Outcome[Op]) -> None:
        self.ready.append(outcome)
        self.changed.set()

    def _has_room(self) -> bool:
        """Whether another task may be begun."""
        most = self._max_in_flight
        return (
            not self.is_paused
            and len(self.ready) < _UNTAKEN
            and (most is None or len(self._live) + len(self.submitter.posts) < most)
        )

    def _follow(self, item: Item[Op], task: Task[Any], is_resumed: bool) -> None:
        live = _Live(self, item.index, item.operation, task, is_resumed)
        if live.task.is_done:
            self._put(live.outcome())
            return
        try:
            live.task._listen(live.notify, of_batch=True)
        except ClientClosed as error:
            self._put(live.outcome(error))
        else:
            self._live.add(live)
            self._show(live)

    def _show(self, live: _Live[Op]) -> None:
        if self._on_accepted is not None:
            try:
                self._on_accepted(live.index, live.task, live.resumed)
            except (Exception, asyncio.CancelledError):  # noqa: BLE001 it must not cost a song
                _log.exception("on_accepted failed")

    def is_hopeless(self, live: _Live[Op]) -> bool:
        """Whether polling its task on is of no use."""
        return self._submissions.tasks.poller.is_hopeless(live.task)

    def finish(self, live: _Live[Op], error: SunoError | None = None) -> None:
        """Let go of a task that is over, or that polling is of no use for."""
        live.task._unlisten(live.notify, of_batch=True)
        self._live.discard(live)
        self._put(live.outcome(error))
