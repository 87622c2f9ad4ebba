"""What the tests of the limiter over Redis share."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import tempfile
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import pytest
from attrs import define, field
from redis.asyncio import Redis

from benchmarks._redis import RedisServer, is_installed, serve_redis
from suno_async import Priority, SlotResult
from suno_async.redis_limiter import RedisRateLimiter

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

    from suno_async._rate.redis import Commands

Client: TypeAlias = Any
"""A client of redis-py, most of whose types are unknown."""


@pytest.fixture
def redis_server() -> Iterator[RedisServer]:
    """A redis-server for this test alone; where there must be one, it must not be missing."""
    if not is_installed():
        if "CI" in os.environ:
            pytest.fail("there is no redis-server on this machine")
        pytest.skip("there is no redis-server on this machine")
    with tempfile.TemporaryDirectory() as directory, serve_redis(Path(directory)) as running:
        yield running


@pytest.fixture
async def redis_client(redis_server: RedisServer) -> AsyncIterator[Client]:
    """A client that reads what is in Redis."""
    async with Redis(unix_socket_path=str(redis_server.socket), decode_responses=True) as client:
        yield client


def limiter_of(redis: str | Commands, **given: Any) -> RedisRateLimiter:
    """A limiter whose period is a second, and whose leases are short."""
    given = {"time_period": 1.0, "margin": 0.02, "no_response_hold": 0.3, "timeout": 1.0} | given
    return RedisRateLimiter(redis, "key", **given)


@define
class Arrivals:
    """Requests of several limiters, and when they reached the server."""

    times: list[float] = field(factory=list[float])
    """On the loop's clock."""
    by: list[int] = field(factory=list[int])
    """Whose each of them was."""

    async def request(
        self, limiter: RedisRateLimiter, up: float = 0.0, down: float = 0.0, number: int = 0
    ) -> None:
        """One request that takes so long to the server and back."""
        slot = await limiter.acquire(Priority.BACKGROUND)
        await asyncio.sleep(up)
        self.times.append(asyncio.get_running_loop().time())
        self.by.append(number)
        await asyncio.sleep(down)
        slot.release(SlotResult.ANSWERED)

    def most_in(self, seconds: float) -> int:
        """The most arrivals in any such span."""
        return max(
            sum(1 for other in self.times[i:] if other < time + seconds)
            for i, time in enumerate(self.times)
        )


class Between:
    """A client between the limiter and Redis: each time that commands are sent, `reach` is in."""

    def __init__(self, redis: Client) -> None:
        self.redis = redis

    def pipeline(self, *, transaction: bool) -> Client:
        """The client's own, but for the sending."""
        pipe = self.redis.pipeline(transaction=transaction)
        send = pipe.execute

        async def execute(*, raise_on_error: bool) -> Any:
            return await self.reach(partial(send, raise_on_error=raise_on_error))

        pipe.execute = execute
        return pipe

    async def reach(self, send: Callable[[], Awaitable[Any]]) -> Any:
        """Send, or not; the answer."""
        return await send()

    async def aclose(self) -> None:
        """Never called: it is not the limiter's own."""
        raise AssertionError


async def states(redis: Client) -> dict[str, dict[str, Any]]:
    """The state of each key in Redis, by its name there."""
    names = [name async for name in redis.scan_iter()]
    found = {name: await redis.xrevrange(name, count=1) for name in names}
    return {name: json.loads(entries[0][1]["state"]) for name, entries in found.items() if entries}


async def write_state(redis: Client, name: str, state: str) -> None:
    """Write this instead of the state."""
    ((number, _),) = await redis.xrevrange(name, count=1)
    await redis.xadd(name, {"state": state}, f"0-{int(number[2:]) + 1}", maxlen=1)


async def leases(redis: Client) -> dict[str, float]:
    """Each lease in Redis with the seconds that it has left."""
    seconds, micro = await redis.time()
    now = seconds + micro / 1e6
    found: dict[str, float] = {}
    for state in (await states(redis)).values():
        found |= {lease: at - now for lease, at in state["leases"].items()}
    return {lease: left for lease, left in found.items() if left > 0}


async def until_leases(redis: Client, number: int) -> dict[str, float]:
    """Wait until there are so many leases; what never comes fails."""
    async with asyncio.timeout(10):
        while len(found := await leases(redis)) != number:  # noqa: ASYNC110 it is another process
            await asyncio.sleep(0.005)
    return found


async def python(program: str) -> asyncio.subprocess.Process:
    """Another process that runs this program, which can import what tests can."""
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", program),
        stdout=asyncio.subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
    )
