"""Several processes that send to one strict server, in real time.

The server is in the process that measures, and judges each request when it arrives. The processes
sleep for the network's delays, on the way there and on the way back.
"""

import asyncio
import contextlib
import sys
import tempfile
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import TypeVar

from attrs import define, field, frozen
from redis.asyncio import Redis

from benchmarks._rates import stalled
from suno_async import Limiter, Priority, RateLimiter, RetryPolicy, Slot, SlotResult
from suno_async._journal.postgres import PostgresJournal
from suno_async._rate.shared import SharedLimiter
from suno_async.redis_limiter import RedisRateLimiter
from suno_async.testing import SlidingLog

T = TypeVar("T")

_RETRY = RetryPolicy(max_attempts=1_000, max_elapsed=1e9)
_BY_SEND_TIME = """
local time = redis.call('TIME')
local now = time[1] + time[2] / 1000000
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', string.format('%.6f', now - ARGV[2]))
if redis.call('ZCARD', KEYS[1]) >= tonumber(ARGV[1]) then return 0 end
return redis.call('ZADD', KEYS[1], string.format('%.6f', now), ARGV[3])
"""


@define
class _Sent:
    def release(self, result: SlotResult, *, resume_at: float = 0.0) -> None:
        """Do nothing: what has been sent has been counted."""


@define
class BySendTime:
    """The usual limiter over Redis: so many sends in any period, whenever they may arrive."""

    redis: Redis
    """A client."""
    period: float
    """Seconds of the period."""
    rng: Random
    """What is drawn."""

    async def acquire(self, priority: Priority = Priority.INTERACTIVE) -> Slot:  # noqa: ARG002 it has none
        """Ask again and again until there is a slot."""
        script = self.redis.register_script(_BY_SEND_TIME)
        while not await script(["by-send-time"], [20, self.period, self.rng.getrandbits(60)]):  # noqa: ASYNC110 Redis has no event to wait for
            await asyncio.sleep(self.rng.uniform(0.0, self.period / 50))
        return _Sent()


@frozen
class Plan:
    """What each process does."""

    limiter: str
    """One of `LIMITERS`."""
    server: str
    """The address of Redis, or of a database."""
    requests: int
    """How many each process sends."""
    period: float = 10.0
    """Seconds in which the server lets 20 through."""
    scale: float = 1.0
    """How many times slower the network is than usual."""


REDIS, POSTGRES = "RedisRateLimiter", "PostgreSQL"
LIMITERS: dict[str, Callable[[Plan, Random], Limiter]] = {
    REDIS: lambda plan, _rng: RedisRateLimiter(
        plan.server, "key", time_period=plan.period, no_response_hold=plan.period / 2
    ),
    "by send time, in Redis": lambda plan, rng: BySendTime(
        Redis(unix_socket_path=plan.server.removeprefix("unix://")), plan.period, rng
    ),
    "RateLimiter() in each": lambda plan, _rng: RateLimiter(20, plan.period),
    POSTGRES: lambda plan, _rng: _in_database(plan.server),
}
"""The ways to keep to the rate; that in a database knows no period but that of the service."""


def _in_database(url: str) -> Limiter:
    return PostgresJournal(url, lambda: "key").keep_rate(RateLimiter())


@define
class Run:
    """What came of it."""

    refused: int = 0
    """How often the server refused."""
    ends: dict[int, float] = field(factory=dict[int, float])
    """When each process got its last request through, in seconds from the start."""
    accepted: dict[int, int] = field(factory=lambda: defaultdict(int))
    """How many requests of each process were let through."""
    longest_gap: float = 0.0
    """The longest time in which none was let through, in seconds."""
    _last: float = field(default=0.0, init=False)

    def note(self, number: int, now: float, *, allowed: bool) -> None:
        """A request arrived."""
        if not allowed:
            self.refused += 1
            return
        self.ends[number] = now
        self.accepted[number] += 1
        self.longest_gap = max(self.longest_gap, now - self._last)
        self._last = now


async def race(plan: Plan, processes: int, *, kill_after: float | None = None) -> Run:
    """Let them all begin at once; the first may be killed after some seconds."""
    loop = asyncio.get_running_loop()
    run, judge = Run(), SlidingLog(20, plan.period)
    began = 0.0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while number := await reader.readline():
            now = loop.time()
            allowed = judge.allow(now)
            run.note(int(number), now - began, allowed=allowed)
            writer.write(b"1" if allowed else b"0")
        writer.close()

    with tempfile.TemporaryDirectory() as directory:
        path = str(Path(directory) / "server.sock")
        async with await asyncio.start_unix_server(serve, path):
            members = [await _start(plan, path, number) for number in range(processes)]
            for one in members:
                await _pipe(one.stdout).readline()  # it is ready
            began = loop.time()
            for one in members:
                _pipe(one.stdin).write(b"go\n")
            if kill_after is not None:
                await asyncio.sleep(kill_after)
                with contextlib.suppress(ProcessLookupError):  # it may have ended by itself
                    members[0].kill()
            codes = await asyncio.gather(*(one.wait() for one in members))
    if any(codes[kill_after is not None :]):
        raise RuntimeError(f"a process has failed: {codes}")
    return run


async def _start(plan: Plan, path: str, number: int) -> asyncio.subprocess.Process:
    given = (plan.limiter, plan.server, plan.requests, plan.period, plan.scale, path, number)
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "benchmarks._fleet", *map(str, given)),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )


def _pipe(pipe: T | None) -> T:
    assert pipe is not None  # noqa: S101 for the checkers
    return pipe


async def _member(plan: Plan, path: str, number: int) -> None:
    """One process: all requests at once, each as often as it takes."""
    rng = Random(number)
    limiter = LIMITERS[plan.limiter](plan, rng)

    async def ask() -> None:
        for attempt in range(1, 1_000):
            if await _send(
                await limiter.acquire(Priority.BACKGROUND), path, number, rng, plan.scale
            ):
                return
            await asyncio.sleep(_RETRY.delay(attempt, 0.0, draw=rng.random) or 0.0)

    print("ready", flush=True)
    await asyncio.to_thread(sys.stdin.readline)
    async with contextlib.AsyncExitStack() as stack:
        if isinstance(limiter, RedisRateLimiter):
            await stack.enter_async_context(limiter)
        elif isinstance(limiter, SharedLimiter):
            stack.push_async_callback(limiter.aclose)
        await asyncio.gather(*(ask() for _ in range(plan.requests)))


async def _send(slot: Slot, path: str, number: int, rng: Random, scale: float) -> bool:
    up, down = stalled(rng)
    reader, writer = await asyncio.open_unix_connection(path)
    await asyncio.sleep(up * scale)
    writer.write(f"{number}\n".encode())
    allowed = await reader.readexactly(1) == b"1"
    await asyncio.sleep(down * scale)
    writer.close()
    slot.release(SlotResult.ANSWERED if allowed else SlotResult.RATE_LIMITED)
    return allowed


if __name__ == "__main__":
    name, server, *numbers, socket, which = sys.argv[1:]
    described = Plan(name, server, int(numbers[0]), float(numbers[1]), float(numbers[2]))
    asyncio.run(_member(described, socket, int(which)))
