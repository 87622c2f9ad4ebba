"""A time limit that is fair to answers that have come already.

A loop that stands still, because something in it computes or sleeps, finds all at once when it goes
on: answers that lie in their sockets, and limits that are long over. A plain timeout would break
off answers that have come, and call a paid request unknown. So a limit that ends late leaves the
loop a second to read first, and any limit a few passes, for it may have stood still until just now.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Self

from attrs import define, field

if TYPE_CHECKING:
    from types import TracebackType

_LATE = 0.05  # seconds; a timer that is later means that the loop stood still
_GRACE = 1.0  # seconds to read what has come
_PASSES = 3  # of the loop: one reads, one wakes the waiting task, and one is to spare
_MOST_GRACES = 5  # for a loop that always stands still, nothing would ever end


@define(eq=False, weakref_slot=False)
class Deadline:
    """As `asyncio.timeout`, but for the second that a late end leaves; `None` is for ever.

    It is no more than one object, for each wait for a task has one.
    """

    _seconds: float | None
    expired: bool = field(default=False, init=False)
    """Whether it was this that ended what was under way."""
    _task: asyncio.Task[Any] | None = field(default=None, init=False)
    """What it may end, while it is under way."""
    _cancelling: int = field(default=0, init=False)
    _timer: asyncio.Handle | None = field(default=None, init=False)
    _graces: int = field(default=0, init=False)

    async def __aenter__(self) -> Self:
        self._task = asyncio.current_task()
        self._cancelling = 0 if self._task is None else self._task.cancelling()
        self.set(self._seconds)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        task = self._task
        self.set(None)
        self._task = None
        if task is not None and self.expired:
            is_ours = task.uncancel() <= self._cancelling and kind is asyncio.CancelledError
            if is_ours:  # else another task cancels it, too
                raise TimeoutError from error

    def set(self, seconds: float | None) -> None:
        """Let it end so many seconds from now, or never; after its end this does nothing."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if seconds is not None and self._task is not None and not self.expired:
            loop = asyncio.get_running_loop()
            due = loop.time() + seconds
            self._timer = loop.call_at(due, self._end, due)

    def _end(self, due: float) -> None:
        loop = asyncio.get_running_loop()
        if loop.time() > due + _LATE and self._graces < _MOST_GRACES:
            self._graces += 1
            self.set(_GRACE)
        else:
            self._timer = loop.call_soon(self._pass, _PASSES)

    def _pass(self, left: int) -> None:
        if left:
            self._timer = asyncio.get_running_loop().call_soon(self._pass, left - 1)
        elif self._task is not None:
            self.expired = True
            self._task.cancel()
