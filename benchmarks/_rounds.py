"""CPU time of two ways to do the same, in rounds that take turns."""

import asyncio
import gc
from collections.abc import Awaitable, Callable
from time import process_time
from typing import TypeAlias

Call: TypeAlias = Callable[[], Awaitable[object]]


async def take_turns(
    one: Call, other: Call, *, rounds: int, calls: int, at_once: int
) -> tuple[list[float], list[float]]:
    """The CPU seconds of each round of so many calls, for the one and for the other."""
    ones: list[float] = []
    others: list[float] = []
    for number in range(rounds + 1):
        order = [(one, ones), (other, others)]
        for call, times in order if number % 2 else reversed(order):
            times.append(await _seconds(call, calls, at_once))
    return ones[1:], others[1:]  # the first round warms up


async def _seconds(call: Call, calls: int, at_once: int) -> float:
    """The CPU time of this process for so many calls."""

    async def caller() -> None:
        for _ in range(calls // at_once):
            await call()

    gc.collect()
    began = process_time()
    await asyncio.gather(*(caller() for _ in range(at_once)))
    return process_time() - began
