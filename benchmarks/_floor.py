"""The floor of what a call can cost: requests by hand, in rounds that take turns with others."""

import asyncio
import gc
import json
from collections.abc import Awaitable, Callable
from time import process_time
from typing import Any, TypeAlias

import aiohttp
from attrs import frozen

KEY = "key"
"""The key that the server takes."""

Call: TypeAlias = Callable[[], Awaitable[object]]
"""A request, or what asks for one."""


@frozen
class Raw:
    """Requests by hand."""

    url: str
    """The server's address."""
    session: aiohttp.ClientSession
    """Where connections are kept, or not."""

    async def get(self, path: str, **query: str) -> Any:
        """The answer to a GET."""
        headers = {"Authorization": f"Bearer {KEY}"}
        async with self.session.get(self.url + path, params=query, headers=headers) as response:
            return json.loads(await response.read())

    async def post(self, path: str, body: dict[str, object]) -> Any:
        """The answer to a POST."""
        headers = {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json"}
        data = json.dumps(body).encode()
        async with self.session.post(self.url + path, data=data, headers=headers) as response:
            return json.loads(await response.read())


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
