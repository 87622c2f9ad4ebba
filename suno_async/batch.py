"""Many songs: lazy input, outcomes as they come, and nothing paid twice when it is run again.

One coroutine feeds: it reads the input, asks the limiter for one place at a time, and goes on to
the next request when the place is granted, while the answer is still on its way. Accepted tasks
need no coroutine of their own: each calls back when it is over. Whoever iterates takes the outcomes
out; while too many lie there untaken, nothing more is submitted.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections import Counter, deque
from collections.abc import AsyncGenerator, AsyncIterable, Callable, Sized
from itertools import count
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeAlias, TypeVar

from attrs import define, field, frozen

from suno_async._wire import operation_to_dict
from suno_async.errors import (
    AuthenticationFailed,
    ClientClosed,
    ConnectionFailed,
    InsufficientCredits,
    InvalidRequest,
    Maintenance,
    SunoError,
    TaskTimeout,
)
from suno_async.operations import TaskOperation
from suno_async.task import Task

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable
    from types import TracebackType
    from typing import Self


R = TypeVar("R")
Op_co = TypeVar("Op_co", bound=TaskOperation[Any], covariant=True)
Op = TypeVar("Op", bound=TaskOperation[Any])

Items: TypeAlias = "Iterable[Op | InvalidRequest] | AsyncIterable[Op | InvalidRequest]"

BATCH_KEYS = "batch:"
"""How the keys of batches begin; the keys of `submit` are apart."""

_UNTAKEN = 1_000  # outcomes that may lie there before the submitting waits
_AHEAD = 500  # items read ahead to see the end of an input without a length
_NO_USE = (AuthenticationFailed, InsufficientCredits, Maintenance, ConnectionFailed)


@frozen(kw_only=True)
class Outcome(Generic[Op_co]):
    """What became of one item of a batch."""

    index: int
    """The item's place in the input, from 0."""
    error: SunoError | None = None
    """Why there is no result, `None` where there is one."""
    task: Task[Any] | None = None
    """The task, where the request was accepted."""
    resumed: bool = False
    """Whether the journal knew it from an earlier run."""
    _request: Op_co | None = field(default=None, alias="request")
    _result: Any = field(default=None, alias="result", repr=False)

    @property
    def request(self) -> Op_co:
        """The request; for an item that was an `InvalidRequest`, that is raised."""
        if self._request is None:
            raise self.error or InvalidRequest("there was no request")
        return self._request

    @property
    def result(self: Outcome[TaskOperation[R]]) -> R:
        """The result; where there is none, `error` is raised."""
        if self.error is not None:
            raise self.error
        result: R = self._result
        return result


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
        elif isinstance(error, TaskTimeout | ClientClosed | AuthenticationFailed):
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
        granted: Callable[[], None],
    ) -> tuple[Task[Any], bool]:
        """Start it, or find it in the journal: the task, and whether it was found."""
        ...


@define(eq=False)
class Batch(Generic[Op]):
    """The outcomes of many requests, each as it finishes.

    Iterate over it once. `async with` stops it cleanly when it is left early; requests that have
    left are finished all the same.
    """

    _outcomes: AsyncGenerator[Outcome[Op]]

    def __aiter__(self) -> AsyncIterator[Outcome[Op]]:
        return self._outcomes

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._outcomes.aclose()


async def outcomes_of(
    items: Items[Op],
    submit: Submit,
    near_end: Callable[[TaskOperation[Any], int], bool],
    max_in_flight: int | None,
) -> AsyncGenerator[Outcome[Op]]:
    """Feed, and tell the outcomes.

    `near_end` says whether a batch with so many unfinished tasks like this one is near its end.
    Nothing that is fed knows of this generator: when nobody iterates any more, it is closed.
    """
    feed = _Feed(items, submit, near_end, max_in_flight)
    feeding = asyncio.create_task(feed.run())
    feeding.add_done_callback(lambda _: feed.changed.set())
    try:
        while True:
            while feed.ready:
                outcome = feed.ready.popleft()
                feed.changed.set()
                yield outcome
            if feed.is_done(feeding):
                break
            feed.changed.clear()
            await feed.changed.wait()
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
    ready: deque[Outcome[Op]] = field(factory=deque["Outcome[Op]"], init=False)
    """Outcomes to be told."""
    changed: asyncio.Event = field(factory=asyncio.Event, init=False)
    """Set whenever there is something to see to."""
    _live: set[_Live[Op]] = field(factory=set["_Live[Op]"], init=False)
    _posts: set[asyncio.Task[None]] = field(factory=set["asyncio.Task[None]"], init=False)
    _is_stopped: bool = field(default=False, init=False)
    _left: int | None = field(default=None, init=False)
    """Items not read yet, where that is known."""
    _seen: Counter[str] = field(factory=Counter[str], init=False)
    _mistake: BaseException | None = field(default=None, init=False)

    def is_done(self, feeding: asyncio.Task[None]) -> bool:
        """Whether there will be no more outcomes; raise what should never have happened."""
        if self._mistake is not None:
            raise self._mistake
        return feeding.done() and not self._live and not self._posts

    async def stop(self) -> None:
        """Submit no more, and let go of what is being made."""
        self._is_stopped = True
        for live in self._live:
            live.task.unlisten(live.news)
        for post in self._posts:
            post.cancel()
        if self._posts:
            await asyncio.wait(self._posts)

    def _put(self, outcome: Outcome[Op]) -> None:
        self.ready.append(outcome)
        self.changed.set()

    async def run(self) -> None:
        """Read the input and submit."""
        index = -1
        async for item in self._read_ahead():
            index += 1
            await self._room()
            if self._is_stopped:
                return
            if isinstance(item, InvalidRequest):
                self._put(Outcome(index=index, error=item))
            elif (error := _no_operation(item)) is not None:
                self._put(Outcome(index=index, error=error))
            else:
                await self._start(index, item)

    async def _read_ahead(self) -> AsyncGenerator[Op | InvalidRequest]:
        """The items, with an eye on the end of the input."""
        ahead: deque[Op | InvalidRequest] = deque()
        failure: BaseException | None = None
        source = _each_of(self._items)
        length = len(self._items) if isinstance(self._items, Sized) else None
        is_open = True
        for number in count():
            while is_open and len(ahead) <= (0 if length is not None else _AHEAD):
                try:
                    ahead.append(await anext(source))
                except StopAsyncIteration:
                    is_open = False
                except Exception as error:  # noqa: BLE001 raised again when all before is done
                    failure, is_open = error, False
            if not ahead:
                break
            item = ahead.popleft()
            if length is not None:
                self._left = length - number - 1
            elif not is_open:
                self._left = len(ahead)
            yield item
        if failure is not None:
            raise failure

    async def _room(self) -> None:
        """Wait until another request may be begun."""
        most = self._max_in_flight
        while not self._is_stopped and (
            len(self.ready) >= _UNTAKEN
            or (most is not None and len(self._live) + len(self._posts) >= most)
        ):
            self.changed.clear()
            await self.changed.wait()

    async def _start(self, index: int, operation: Op) -> None:
        """Begin a request, and wait until it has its place or its end."""
        granted = asyncio.Event()
        post = asyncio.create_task(self._post(index, operation, granted.set))
        self._posts.add(post)
        post.add_done_callback(self._posted)
        post.add_done_callback(lambda _: granted.set())
        await granted.wait()

    def _posted(self, post: asyncio.Task[None]) -> None:
        self._posts.discard(post)
        if not post.cancelled() and post.exception() is not None:
            self._mistake = post.exception()
        self.changed.set()

    async def _post(self, index: int, operation: Op, granted: Callable[[], None]) -> None:
        unfinished = len(self._live) + len(self._posts) + (self._left or 0)
        near_end = self._left is not None and self._near_end(operation, unfinished)
        try:
            task, resumed = await self._submit(
                operation, key=self._key_of(operation), near_end=near_end, granted=granted
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
        if not live.task.is_listened_to:
            live.task.is_persons = False
        try:
            live.task.listen(live.news)
        except ClientClosed as error:
            self._put(live.outcome(error))
        else:
            self._live.add(live)

    def finish(self, live: _Live[Op], error: SunoError | None = None) -> None:
        """Let go of a task that is over, or that looking at is of no use."""
        live.task.unlisten(live.news)
        self._live.discard(live)
        self._put(live.outcome(error))

    def _key_of(self, operation: Op) -> str:
        """A name for this request: what was asked for, and for the how-manieth time."""
        asked = [type(operation).__name__, operation_to_dict(operation)]
        digest = hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()[:32]
        self._seen[digest] += 1
        return f"{BATCH_KEYS}{digest}:{self._seen[digest]}"


async def _each_of(items: Items[Op]) -> AsyncGenerator[Op | InvalidRequest]:
    if isinstance(items, AsyncIterable):
        async for item in items:
            yield item
    else:
        for item in items:
            yield item


def _no_operation(item: object) -> InvalidRequest | None:
    if isinstance(item, TaskOperation):
        return None
    what = type(item).__name__
    return InvalidRequest(f"a batch takes operations that start a task, not {what}")
