"""The callers that wait for a slot, and the one dispatcher that serves them.

The dispatcher takes the slot first and picks the waiter last: the most urgent, then in order of
arrival. Where slots come from is its owner's business: a count in this process, or leases.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from copy import copy
from heapq import heapify, heappop, heappush
from itertools import count
from typing import Generic, TypeVar

from attrs import define, field

from suno_async.errors import ConfigurationError, SunoError

T = TypeVar("T")


@define(eq=False)
class Queue(Generic[T]):
    """Waiters of one event loop."""

    owner: str
    """The class whose waiters they are, as errors call it."""
    step: Callable[[], Awaitable[T | None]]
    """Take what is to be handed out, or wait for a change and take nothing.

    It is cancelled only where all tasks are. What it raises goes to all waiters.
    """
    give_back: Callable[[T], None]
    """Take back what has lost its waiter."""

    waiting: list[tuple[int, int, asyncio.Future[T]]] = field(
        factory=list[tuple[int, int, "asyncio.Future[T]"]], init=False
    )
    """The waiters, as a heap: priority, arrival, future. Some may have given up already."""

    loop: asyncio.AbstractEventLoop | None = field(default=None, init=False)
    """The one that it serves, once it is known."""
    _gone: int = field(default=0, init=False)
    _arrivals: count[int] = field(factory=count, init=False)
    _dispatcher: asyncio.Task[None] | None = field(default=None, init=False)
    _changed: asyncio.Event = field(factory=asyncio.Event, init=False)

    async def wait(self, priority: int) -> T:
        """Be served in turn; a caller that is cancelled while waiting has taken nothing."""
        future: asyncio.Future[T] = self.bound_loop().create_future()
        heappush(self.waiting, (priority, next(self._arrivals), future))
        self._begin()
        try:
            return await future
        except asyncio.CancelledError:
            if future.cancelled():
                self._gone += 1
                self.wake()
            elif future.exception() is None:  # served in the same moment
                self.give_back(future.result())
            raise

    def _begin(self) -> None:
        if self._dispatcher is None or self._dispatcher.done():
            self._dispatcher = self.bound_loop().create_task(self._dispatch())

    async def _dispatch(self) -> None:
        try:
            while self.waiters():
                try:
                    taken = await self.step()
                except Exception as error:  # noqa: BLE001 the waiters get it
                    self._fail(error)
                    continue
                if taken is None:
                    continue
                # whom it is for is decided now, and not before the step: a more urgent one may have
                # come while the slot was waited for, or the only one may have gone
                if self.waiters():
                    heappop(self.waiting)[2].set_result(taken)
                else:
                    self.give_back(taken)
        except asyncio.CancelledError:
            # a shutdown that cancels all tasks may still wait for a slot: the waiters are no tasks
            # of its own, and go on being served by another dispatcher
            if self.waiters():
                self.bound_loop().call_soon(self._begin)
            raise

    def _fail(self, error: Exception) -> None:
        while self.waiters():  # each has an error of its own: more is written into it on its way
            mine = copy(error) if isinstance(error, SunoError) else error
            heappop(self.waiting)[2].set_exception(mine)

    def waiters(self) -> int:
        """About how many wait: at least those that do, and 0 if none does."""
        if 2 * self._gone > len(self.waiting):  # or they lie there behind those that go first
            self.waiting = [waiter for waiter in self.waiting if not waiter[2].done()]
            heapify(self.waiting)
            self._gone = 0
        while self.waiting and self.waiting[0][2].done():
            heappop(self.waiting)
            self._gone -= 1
        return len(self.waiting)

    async def change(self, until: float | None) -> None:
        """Wait until `wake` is called, but not longer than until this time on the loop's clock."""
        self._changed.clear()
        with suppress(TimeoutError):
            async with asyncio.timeout_at(until):
                await self._changed.wait()

    def wake(self) -> None:
        """Let `change` end: something is different now."""
        self._changed.set()

    def bound_loop(self) -> asyncio.AbstractEventLoop:
        """The running loop, which is the same one always.

        Raises:
            ConfigurationError: it is another one than at the first time.
        """
        loop = asyncio.get_running_loop()
        if self.loop is None:
            self.loop = loop
        elif self.loop is not loop:
            raise ConfigurationError(
                f"This {self.owner} serves another event loop: make one for each loop."
            )
        return loop
