"""Ctrl-C: once is a request to end, twice an order."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, NoReturn

from ._exits import Exit

if TYPE_CHECKING:
    from collections.abc import Generator


@contextmanager
def heeded() -> Generator[None]:
    """Cancel the current task at the first SIGINT or SIGTERM, and stop the loop at the second.

    Python's own way would raise KeyboardInterrupt wherever it happens to be, and inside a
    coroutine that lets every `async with` wait for its end once more. Here it is raised by the
    loop itself. Should the loop hang, the third one ends the program.
    """
    loop, task, presses = asyncio.get_running_loop(), asyncio.current_task(), 0

    def press(_number: int, _frame: object) -> None:
        nonlocal presses
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
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    for number, handler in before.items():
        if handler is not signal.SIG_IGN:  # it is for a job in the background
            signal.signal(number, press)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _break() -> NoReturn:
    raise KeyboardInterrupt
