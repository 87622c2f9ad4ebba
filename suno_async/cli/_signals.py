"""Ctrl-C: once is a request to end, twice an order. A terminal that is closed asks, too."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, NoReturn

from ._exits import Exit

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

_HANG_UP = getattr(signal, "SIGHUP", None)  # Windows has none


@contextmanager
def heeded(hung_up: Callable[[], None]) -> Generator[None]:
    """Cancel the current task at the first SIGINT or SIGTERM, and stop the loop at the second.

    SIGHUP is heeded once, for the shell sends it after the terminal has; `hung_up` is called then.

    Python's own way would raise KeyboardInterrupt wherever it happens to be, and inside a
    coroutine that lets every `async with` wait for its end once more. Here it is raised by the
    loop itself. Should the loop hang, the third one ends the program.
    """
    loop, task, presses = asyncio.get_running_loop(), asyncio.current_task(), 0

    def press(number: int, _frame: object) -> None:
        nonlocal presses
        if number == _HANG_UP:
            hung_up()
            signal.signal(number, signal.SIG_IGN)
        presses += 1
        if presses == 1 and task is not None:
            loop.call_soon_threadsafe(task.cancel)
        elif presses == 2:  # noqa: PLR2004 the second
            loop.call_soon_threadsafe(_break)
        else:
            os._exit(Exit.INTERRUPTED)

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    heard = filter(None, (signal.SIGINT, signal.SIGTERM, _HANG_UP))
    before = {number: signal.getsignal(number) for number in heard}
    for number, handler in before.items():
        if handler is not signal.SIG_IGN:  # it is for a job in the background, or under nohup
            signal.signal(number, press)
    try:
        yield
    finally:
        for number, handler in before.items():
            if signal.getsignal(number) is press:
                signal.signal(number, handler)


def _break() -> NoReturn:
    raise KeyboardInterrupt
