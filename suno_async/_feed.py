"""What runs while a batch's outcomes are told.

One coroutine reads the input a little ahead. Another one feeds: it takes an item, asks the limiter
for one place at a time, and goes on to the next item when the place is granted, while the answer is
still on its way. A request keeps its priority while it waits, and behind overdue looks that may be
minutes; so if the batch comes near its end meanwhile, it is called back and asks anew.

Accepted tasks need no coroutine of their own: each calls back when it is over. Whoever iterates
takes the outcomes out; while too many lie there untaken, nothing more is submitted.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import AsyncGenerator, Callable
from typing import Any, Generic, Protocol

from attrs import define, field

from suno_async._reader import Reader
from suno_async.batch import Items, Keys, News, OnAccepted, Op, Outcome
from suno_async.errors import (
    AuthenticationFailed,
    ClientClosed,
    ConfigurationError,
    ConnectionFailed,
    InsufficientCredits,
    InvalidRequest,
    JournalError,
    Maintenance,
    SunoError,
)
from suno_async.operations import TaskOperation
from suno_async.task import Task

_log = logging.getLogger("suno_async")

_UNTAKEN = 200  # outcomes that may lie there before the submitting waits; taken one a second, as
# fast as songs are made, they last until the next songs are there
_POSTS = 100  # requests under way; without a network no slot bounds them, and all would be tried
_NO_USE = (
    AuthenticationFailed,
    ClientClosed,
    ConfigurationError,
    ConnectionFailed,
    InsufficientCredits,
    JournalError,
    Maintenance,
)


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
        if self.task.is_over:
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
            result=self.task.latest,
        )


class Submit(Protocol):
    """How a batch starts a task; the client's own way."""

    async def __call__(
        self,
        operation: TaskOperation[Any],
        *,
        key: str,
        near_end: bool,
        granted: Callable[[], bool],
    ) -> tuple[Task[Any], bool]:
        """Start it, or find it in the journal: the task, and whether it was found."""
        ...


async def outcomes_of(  # noqa: PLR0913 all that one batch is
    items: Items[Op],
    submit: Submit,
    near_end: Callable[[TaskOperation[Any], int], bool],
    max_in_flight: int | None,
    *,
    unclaimed: Callable[[list[str]], None] | None,
    on_accepted: OnAccepted | None,
) -> AsyncGenerator[Outcome[Op] | News]:
    """Feed, and tell the outcomes; where there is none yet, tell what to wait for.

    It never waits itself before its end, for who is cancelled in there would end it.
    `near_end` says whether a batch that has so many tasks like this one to start is near its end.
    `unclaimed` lists the tokens of what nobody is told of any more, `None` where a journal does.
    Nothing that is fed knows of this generator: when nobody iterates any more, it is closed.
    """
    feed = _Feed(items, submit, near_end, max_in_flight, unclaimed, on_accepted)
    feeding = asyncio.create_task(feed.run())
    feeding.add_done_callback(lambda _: feed.changed.set())
    try:
        while feed.ready or not feed.is_done(feeding):
            if feed.ready or feed.is_paused:
                feed.is_paused = False
                feed.changed.set()  # there is room for one more, or somebody wants more again
            yield feed.ready.popleft() if feed.ready else feed
        feeding.result()  # what the input itself raised comes last
    finally:
        feeding.cancel()
        await feed.stop()
        await asyncio.wait([feeding])


@define(eq=False)
class _Feed(Generic[Op]):
    """What runs while the outcomes are told."""

    _items: Items[Op]
    _submit: Submit
    _near_end: Callable[[TaskOperation[Any], int], bool]
    _max_in_flight: int | None
    _unclaimed: Callable[[list[str]], None] | None
    _on_accepted: OnAccepted | None
    ready: deque[Outcome[Op]] = field(factory=deque["Outcome[Op]"], init=False)
    """Outcomes to be told."""
    changed: asyncio.Event = field(factory=asyncio.Event, init=False)
    """Set whenever there is something to see to."""
    is_paused: bool = field(default=False, init=False)
    """Whether nobody waits for outcomes, by a cancelled wait."""
    _live: set[_Live[Op]] = field(factory=set["_Live[Op]"], init=False)
    _posts: set[asyncio.Task[None]] = field(factory=set["asyncio.Task[None]"], init=False)
    _is_stopped: bool = field(default=False, init=False)
    _reader: Reader[Op] = field(init=False)
    _keys: Keys = field(factory=Keys, init=False)
    _mistake: BaseException | None = field(default=None, init=False)

    def __attrs_post_init__(self) -> None:
        self._reader = Reader(self._items, self.changed)

    def is_done(self, feeding: asyncio.Task[None]) -> bool:
        """Whether there will be no more outcomes; raise what should never have happened."""
        if self._mistake is not None:
            raise self._mistake
        return feeding.done() and not self._live and not self._posts

    async def come(self) -> None:
        """Wait for an outcome; if that is cancelled, submit no more until the next is wanted."""
        self.changed.clear()
        try:
            await self.changed.wait()
        except asyncio.CancelledError:
            self.is_paused = True
            raise

    async def stop(self) -> None:
        """Submit no more, and let go of what is being made."""
        self._is_stopped = True
        for live in self._live:
            live.task.unlisten(live.news, of_batch=True)
        for post in self._posts:
            post.cancel()
        self._list_untold()
        if self._posts:
            await asyncio.wait(self._posts)

    def _list_untold(self) -> None:
        """Nobody is told of these any more, and they are paid for."""
        paid = [*(one.task for one in self.ready), *(live.task for live in self._live)]
        tokens = [task.token for task in paid if task is not None]
        if self._unclaimed is not None and tokens:
            self._unclaimed(tokens)
            _log.warning(
                "%d accepted tasks of a batch that was left are listed in the client's `unclaimed`,"
                " to be picked up with task(token)",
                len(tokens),
            )

    def _put(self, outcome: Outcome[Op]) -> None:
        self.ready.append(outcome)
        self.changed.set()

    async def run(self) -> None:
        """Submit what is read."""
        reading = asyncio.create_task(self._reader.run())
        try:
            await self._submit_all(self._reader)
        finally:
            reading.cancel()
            await asyncio.wait([reading])

    async def _submit_all(self, reader: Reader[Op]) -> None:
        index = -1
        while True:
            await self._until(lambda: reader.has_news and self._has_room())
            if self._is_stopped:
                return
            if not reader.ahead:
                break
            item = reader.take()
            index += 1
            if isinstance(item, InvalidRequest):
                self._put(Outcome(index=index, error=item))
            elif (error := _no_operation(item)) is not None:
                self._put(Outcome(index=index, error=error))
            else:
                await self._start(index, item)
        if reader.failure is not None:
            raise reader.failure

    async def _until(self, may_go_on: Callable[[], bool]) -> None:
        while not (self._is_stopped or may_go_on()):
            self.changed.clear()
            await self.changed.wait()

    def _has_room(self) -> bool:
        """Whether another request may be begun."""
        most = self._max_in_flight
        posts = len(self._posts)
        return (
            not self.is_paused
            and len(self.ready) < _UNTAKEN
            and posts < _POSTS
            and (most is None or len(self._live) + posts < most)
        )

    async def _start(self, index: int, operation: Op) -> None:
        """Begin a request, and wait until it has its place or its end."""
        key, near_end = self._keys.of(operation), self._is_near_end(operation)
        post, placed = self._begin(index, operation, key, near_end=near_end)
        await self._until(
            lambda: placed.is_set() or (not near_end and self._is_near_end(operation))
        )
        if placed.is_set() or self._is_stopped:
            return
        post.cancel()  # it has no place, so it has not left
        await asyncio.wait([post])
        if post.cancelled() and not self._is_stopped:
            _, placed = self._begin(index, operation, key, near_end=True)
            await placed.wait()

    def _begin(
        self, index: int, operation: Op, key: str, *, near_end: bool
    ) -> tuple[asyncio.Task[None], asyncio.Event]:
        """Begin a request: what makes it, and what is set with its place or its end."""
        placed = asyncio.Event()
        post: asyncio.Task[None] | None = None  # with eager tasks, it has its place before its name

        def go_on(_: object = None) -> None:
            placed.set()
            self.changed.set()

        def granted() -> bool:
            go_on()
            return post is None or not post.cancelling()

        posting = self._post(index, operation, key, near_end=near_end, granted=granted)
        post = asyncio.create_task(posting)
        self._posts.add(post)
        post.add_done_callback(self._posted)
        post.add_done_callback(go_on)
        return post, placed

    def _is_near_end(self, operation: Op) -> bool:
        left = self._reader.left
        return left is not None and self._near_end(operation, len(self._posts) + left)

    def _posted(self, post: asyncio.Task[None]) -> None:
        self._posts.discard(post)
        if not post.cancelled() and post.exception() is not None:
            self._mistake = post.exception()

    async def _post(
        self, index: int, operation: Op, key: str, *, near_end: bool, granted: Callable[[], bool]
    ) -> None:
        try:
            task, resumed = await self._submit(
                operation, key=key, near_end=near_end, granted=granted
            )
        except SunoError as error:
            self._is_stopped = self._is_stopped or isinstance(error, _NO_USE)
            self._put(Outcome(index=index, request=operation, error=error))
        else:
            self._follow(_Live(self, index, operation, task, resumed))

    def _follow(self, live: _Live[Op]) -> None:
        if live.task.is_over:
            self._put(live.outcome())
            return
        try:
            live.task.listen(live.news, of_batch=True)
        except ClientClosed as error:
            self._put(live.outcome(error))
        else:
            self._live.add(live)
            if self._on_accepted is not None:
                self._on_accepted(live.index, live.task, live.resumed)

    def finish(self, live: _Live[Op], error: SunoError | None = None) -> None:
        """Let go of a task that is over, or that looking at is of no use."""
        live.task.unlisten(live.news, of_batch=True)
        self._live.discard(live)
        self._put(live.outcome(error))


def _no_operation(item: object) -> InvalidRequest | None:
    if isinstance(item, TaskOperation):
        return None
    what = type(item).__name__
    return InvalidRequest(f"a batch takes operations that start a task, not {what}")
