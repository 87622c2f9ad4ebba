"""Ctrl-C: once is a request to end, twice an order. A terminal that is closed asks, too."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
from collections.abc import Callable
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from attrs import define, field

from ._exits import Exit

if TYPE_CHECKING:
    from collections.abc import Generator

_HANG_UP = getattr(signal, "SIGHUP", None)  # Windows has none


@define(eq=False)
class Presses:
    """What Ctrl-C does to one command, from its beginning until all is said.

    Python's own way would raise KeyboardInterrupt wherever it happens to be, and inside a
    coroutine that lets every `async with` wait for its end once more. Here it is raised by the
    loop itself. Should the loop hang, the third one ends the program.
    """

    _hung_up: Callable[[], None]
    is_done: bool = field(default=False, init=False)
    """Whether the work is over, so that there is nothing left to end."""
    is_said: bool = field(default=False, init=False)
    """Whether all is said, so that only threads that hang can keep the program from its end."""
    _count: int = field(default=0, init=False)
    _loop: asyncio.AbstractEventLoop | None = field(default=None, init=False)
    _task: asyncio.Task[Any] | None = field(default=None, init=False)

    @contextmanager
    def end_this_task(self) -> Generator[None]:
        """Cancel the current task at the first press, and stop its loop at the second."""
        self._loop, self._task = asyncio.get_running_loop(), asyncio.current_task()
        try:
            yield
        finally:
            self.is_done = True

    def __call__(self, number: int, _frame: object) -> None:
        """Heed a signal; SIGHUP only once, for the shell sends it after the terminal has."""
        if number == _HANG_UP:
            self._hung_up()
            signal.signal(number, signal.SIG_IGN)
        # before the loop runs there is nothing to end cleanly
        if self._loop is None or self._task is None:
            raise KeyboardInterrupt
        self._count += 1
        if self.is_done and not self.is_said:
            return  # the end is under way, and what is paid for must still be named
        if self.is_done or self._count > 2:  # noqa: PLR2004 the third
            os._exit(Exit.INTERRUPTED)
        self._loop.call_soon_threadsafe(self._task.cancel if self._count == 1 else self._break)

    def _break(self) -> None:
        if not self.is_done:
            raise KeyboardInterrupt


@contextmanager
def heeded(hung_up: Callable[[], None]) -> Generator[Presses]:
    """Heed SIGINT, SIGTERM and SIGHUP; `hung_up` is called when the terminal is gone."""
    presses = Presses(hung_up)
    # elsewhere Python sets no handlers; then signals are its own program's affair
    if threading.current_thread() is not threading.main_thread():
        yield presses
        return
    heard = filter(None, (signal.SIGINT, signal.SIGTERM, _HANG_UP))
    before = {number: signal.getsignal(number) for number in heard}
    for number, handler in before.items():
        if handler is not signal.SIG_IGN:  # it is for a job in the background, or under nohup
            signal.signal(number, presses)
    try:
        yield presses
    finally:
        for number, handler in before.items():
            if signal.getsignal(number) is presses:
                signal.signal(number, handler)
