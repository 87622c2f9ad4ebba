"""Reads a batch's input a little ahead, while its items are submitted."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterable, Iterable, Sized
from typing import Generic

from attrs import define, field

from suno_async.batch import Items, Op
from suno_async.errors import ConfigurationError, InvalidRequest

_AHEAD = 500  # items read ahead to see the end of an input without a length


@define(eq=False)
class Reader(Generic[Op]):
    """Reads the input: a little ahead, or enough to see the end of one without a length."""

    _items: Items[Op]
    _news: asyncio.Event
    """Set when there is an item, or no more."""
    _most: int = 1
    """Items to read ahead of an input that has a length."""
    ahead: deque[Op | InvalidRequest] = field(factory=deque["Op | InvalidRequest"], init=False)
    """Items that nobody has taken yet."""
    failure: BaseException | None = field(default=None, init=False)
    """What the input raised."""
    _taken: asyncio.Event = field(factory=asyncio.Event, init=False)
    _is_at_end: bool = field(default=False, init=False)
    _length: int | None = field(default=None, init=False)
    """Items not taken yet, where the input has a length."""

    @property
    def left(self) -> int | None:
        """How many items are not taken yet, where that is known."""
        if self._length is not None:
            return self._length
        return len(self.ahead) if self._is_at_end else None

    @property
    def has_news(self) -> bool:
        """Whether there is an item to take, or none will come any more."""
        return bool(self.ahead) or self._is_at_end

    @property
    def is_exhausted(self) -> bool:
        """Whether all is taken, or all that was read of what may be endless."""
        return not self.ahead and (self._is_at_end or self._length is None)

    def take(self) -> Op | InvalidRequest:
        """The next item."""
        if self._length is not None:
            self._length = max(0, self._length - 1)
        self._taken.set()
        return self.ahead.popleft()

    async def run(self) -> None:
        """Read until the end."""
        self._length = len(self._items) if isinstance(self._items, Sized) else None
        most = _AHEAD if self._length is None else self._most
        source = _each_of(self._items)
        try:
            async for item in source:
                self.ahead.append(item)
                self._news.set()
                await asyncio.sleep(0)  # an input that never waits lets others go on all the same
                while len(self.ahead) >= most:
                    self._taken.clear()
                    await self._taken.wait()
        except BaseException as error:
            self.failure = error  # raised again when all before is done
            if not isinstance(error, Exception):
                raise
        finally:
            self._is_at_end = True
            self._news.set()
            await source.aclose()


async def _each_of(items: Items[Op]) -> AsyncGenerator[Op | InvalidRequest]:
    if isinstance(items, AsyncIterable):
        async for item in items:
            yield item
    else:
        for item in items:
            yield item


def check_batch(operations: object, max_in_flight: object, patience: object) -> None:
    """A batch is of an iterable, a bound is a bound, and patience is a time.

    Raises:
        ConfigurationError: one of them is not.
    """
    if not isinstance(operations, Iterable | AsyncIterable) or isinstance(operations, str):
        what = type(operations).__name__
        raise ConfigurationError(
            f"batch() takes an iterable of operations such as [GenerateMusic(…)], not {what}."
        )
    if max_in_flight is not None and (
        not isinstance(max_in_flight, int) or isinstance(max_in_flight, bool) or max_in_flight < 1
    ):
        raise ConfigurationError(f"max_in_flight must be 1 or more, not {max_in_flight!r}.")
    is_time = isinstance(patience, int | float) and not isinstance(patience, bool) and patience >= 0
    if patience is not None and not is_time:
        raise ConfigurationError(
            f"patience must be seconds, 0 or more, or None to wait for ever, not {patience!r}."
        )
