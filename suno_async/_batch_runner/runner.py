"""What runs while a batch's outcomes are told.

One coroutine reads the input, another one submits it (`_submitter`). Accepted tasks need no
coroutine of their own: each calls back when it is over. Whoever iterates takes the outcomes out;
while too many lie there untaken, nothing more is submitted.
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
from suno_async._batch_runner.submitter import Access, Item, Submitter
from suno_async._submitting.submissions import warn_of_tokens
from suno_async.batch import Items, News, OnAccepted, Op, Outcome
from suno_async.errors import ClientClosed, SunoError
from suno_async.task import Task

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

_log = logging.getLogger("suno_async")

_UNTAKEN = 200  # outcomes that may lie there before the submitting waits; taken one a second, as
# fast as songs are made, they last until the next songs are there


@define(eq=False)
class _Live(Generic[Op]):
    """An accepted task of a batch, until it is over."""

    feed: _Feed[Op]
    index: int
    operation: Op
    task: Task[Any]
    resumed: bool

    def news(self, error: SunoError | None) -> None:
        """What the task tells; of errors, those that mean that looking on is of no use."""
        if self.task.is_done:
            self.feed.finish(self)
        elif isinstance(error, ClientClosed) or (error is not None and self.task.seat.is_hopeless):
            self.feed.finish(self, error)

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
    access: Access,
    max_in_flight: int | None,
    *,
    patience: float | None,
    untold: Untold | None,
    on_accepted: OnAccepted | None,
) -> AsyncGenerator[Outcome[Op] | News]:
    """Feed, and tell the outcomes; where there is none yet, tell what to wait for.

    It never waits itself before its end, for who is cancelled in there would end it.
    `patience` is how long an outage may last, in seconds, `None` for ever.
    `untold` lists the tokens of what nobody is told of any more, `None` where a journal has them.
    Nothing that is fed knows of this generator: when nobody iterates any more, it is closed.
    """
    outage = Outage(inf if patience is None else patience)
    feed = _Feed(items, access, outage, max_in_flight, untold, on_accepted)
    if untold is not None:
        untold.feeds.add(feed)
    feeding = asyncio.create_task(feed.run())
    feeding.add_done_callback(lambda _: feed.changed.set())
    try:
        while feed.ready or not feed.is_done(feeding):
            if feed.ready or feed.is_paused:
                feed.is_paused = False
                feed.changed.set()  # there is room for one more, or somebody wants more again
            yield feed.take() if feed.ready else feed
        feeding.result()  # what the input raised comes last, or the outage that lasted too long
        await feed.tell_of_others()
    finally:
        feeding.cancel()
        await feed.stop()
        await asyncio.wait([feeding])


@define(eq=False)
class Untold:
    """What a client without a journal says of tasks that are paid for, and nobody was told of."""

    tokens: list[str]
    """Where their tokens are listed."""
    feeds: WeakSet[_Feed[Any]] = field(factory=WeakSet["_Feed[Any]"], init=False)
    """The batches that somebody holds."""

    def list_all(self) -> None:
        """The client ends: list what its batches have not told, which they may tell yet."""
        for feed in list(self.feeds):
            feed.list_untold()


@define(eq=False)
class _Feed(Generic[Op]):
    """What runs while the outcomes are told."""

    _items: Items[Op]
    _access: Access
    _outage: Outage
    _max_in_flight: int | None
    _untold: Untold | None
    _on_accepted: OnAccepted | None
    ready: deque[Outcome[Op]] = field(factory=deque["Outcome[Op]"], init=False)
    """Outcomes to be told."""
    changed: asyncio.Event = field(factory=asyncio.Event, init=False)
    """Set whenever there is something to see to."""
    is_paused: bool = field(default=False, init=False)
    """Whether nobody waits for outcomes, by a cancelled wait."""
    _is_awaited: bool = field(default=False, init=False)
    """Whether somebody waits for the next outcome, and so will take what comes."""
    _listed: set[str] = field(factory=set[str], init=False)
    _logged: set[str] = field(factory=set[str], init=False)
    _live: set[_Live[Op]] = field(factory=set["_Live[Op]"], init=False)
    _submitter: Submitter[Op] = field(init=False)

    def __attrs_post_init__(self) -> None:
        self._submitter = Submitter(
            self._items,
            self._access,
            self._outage,
            self.changed,
            self._has_room,
            self._put,
            self._follow,
        )

    def is_done(self, feeding: asyncio.Task[None]) -> bool:
        """Whether there will be no more outcomes; raise what should never have happened."""
        if self._submitter.mistake is not None:
            raise self._submitter.mistake
        return feeding.done() and not self._live and not self._submitter.posts

    async def come(self) -> None:
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
        """The next outcome, which is told now."""
        outcome = self.ready.popleft()
        token = None if outcome.task is None else outcome.task.token
        if self._untold is not None and token in self._listed:
            self._listed.remove(token)
            with suppress(ValueError):  # somebody took care of it
                self._untold.tokens.remove(token)
        self._is_awaited = False
        return outcome

    async def tell_of_others(self) -> None:
        """All is told: say what else is open."""
        await self._submitter.tell_of_others()

    async def run(self) -> None:
        """Submit what is read."""
        await self._submitter.run()

    async def stop(self) -> None:
        """Submit no more, and let go of what is being made."""
        for live in self._live:
            live.task.unlisten(live.news, of_batch=True)
        self._submitter.stop()
        self._is_awaited = False
        self.list_untold()
        if self._submitter.posts:
            await asyncio.wait(self._submitter.posts)

    def list_untold(self) -> None:
        """List what is paid for and not told; whoever waits for it right now needs no warning."""
        if self._untold is None:
            return
        paid = [*(one.task for one in self.ready), *(live.task for live in self._live)]
        tokens = [task.token for task in paid if task is not None]
        self._untold.tokens.extend(token for token in tokens if token not in self._listed)
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
            and (most is None or len(self._live) + len(self._submitter.posts) < most)
        )

    def _follow(self, item: Item[Op], task: Task[Any], is_resumed: bool) -> None:
        live = _Live(self, item.index, item.operation, task, is_resumed)
        if live.task.is_done:
            self._put(live.outcome())
            return
        try:
            live.task.listen(live.news, of_batch=True)
        except ClientClosed as error:
            self._put(live.outcome(error))
        else:
            self._live.add(live)
            self._show(live)

    def _show(self, live: _Live[Op]) -> None:
        if self._on_accepted is not None:
            try:
                self._on_accepted(live.index, live.task, live.resumed)
            except Exception:  # noqa: BLE001 a hook must not cost a song
                _log.exception("on_accepted failed")

    def finish(self, live: _Live[Op], error: SunoError | None = None) -> None:
        """Let go of a task that is over, or that looking at is of no use."""
        live.task.unlisten(live.news, of_batch=True)
        self._live.discard(live)
        self._put(live.outcome(error))
