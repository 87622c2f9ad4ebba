"""What ten thousand live tasks cost: memory each, CPU a decision and a look, and the client's end.

A live task is one that is awaited by a coroutine of its own. Its memory is counted without its
operation and its last record.
"""

import asyncio
import gc
import tracemalloc
from collections.abc import Awaitable, Callable, Iterator
from math import inf
from random import Random
from statistics import median
from time import perf_counter, process_time
from typing import Any
from weakref import WeakSet

import aiohttp

from benchmarks._raw import KEY, Raw
from benchmarks._server import serve_apart
from benchmarks._tables import Cell, Table, Target
from suno_async import GenerateMusic, Priority, RateLimiter, SunoClient, Task
from suno_async._turns import Lane, Turns
from suno_async.limiter import Slot
from suno_async.operations import KINDS
from suno_async.task import Seat

_MOST_BYTES = 3 * 1024
_MOST_MICROSECONDS = 100
_MUSIC = KINDS["music"]
_PLACE = 0.5  # seconds from one place of the limiter to the next
_IDEA = "A calm piano tune at dusk"


def run(*, full: bool) -> Iterator[Table]:
    """Memory, decisions, the end of a client, and looks."""
    most = (1_000, 10_000, 100_000) if full else (1_000, 10_000)
    yield Table(
        "A live awaited task",
        ("tasks", "bytes each", "target"),
        [_memory_row(count) for count in most],
    )
    yield Table(
        "Whose turn it is: one decision, its look and its next place in the queues",
        ("tasks", "CPU µs"),
        [[f"{count:,}", decision(count)] for count in (1_000, 10_000, 100_000)],
    )
    seconds, left = asyncio.run(closing(10_000))
    yield Table(
        "Closing a client while 10,000 tasks are awaited",
        ("", "figure", "target"),
        [
            ["seconds", seconds, Target(seconds, 1.0)],
            ["tasks left in memory", left, Target(left, 0)],
        ],
    )
    rounds, calls = (101, 40) if full else (25, 40)
    with serve_apart() as url:
        rows = asyncio.run(looks(url, rounds, calls))
    yield Table(
        f"CPU a look: medians of {rounds} interleaved rounds of {calls}",
        ("look", "floor µs", "ours µs", "beyond µs", "target"),
        rows,
        ("The floor is a GET with aiohttp of the same record, and `json`.",),
    )


class _Closed:
    """A limiter that grants nothing: tasks wait, and nothing is asked."""

    async def acquire(self, priority: Priority = Priority.PERSON) -> Slot:  # noqa: ARG002 a protocol
        never: asyncio.Future[Slot] = asyncio.get_running_loop().create_future()
        return await never


def _client() -> SunoClient:
    return SunoClient(KEY, base_url="http://suno.invalid", limiter=_Closed())


async def _await_all(suno: SunoClient, count: int) -> list[asyncio.Task[Any]]:
    waiting = [
        asyncio.create_task(suno.task(f"music:{number:032x}").wait()) for number in range(count)
    ]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    return waiting


def _memory_row(count: int) -> list[Cell]:
    each = asyncio.run(memory(count))
    return [f"{count:,}", each, Target(each, _MOST_BYTES)]


async def memory(count: int) -> float:
    """The bytes of each of so many live tasks, and of all that serves them."""
    async with _client() as suno:
        waiting = await _await_all(suno, 1)  # what there is only once
        gc.collect()
        tracemalloc.start()
        before, _ = tracemalloc.get_traced_memory()
        waiting += await _await_all(suno, count)
        gc.collect()
        after, _ = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    await asyncio.gather(*waiting, return_exceptions=True)
    return (after - before) / count


def decision(count: int, decisions: int = 5_000) -> float:
    """The CPU time of one decision amid so many live tasks of a batch, in microseconds."""
    rng, turns, now = Random(count), Turns(), 0.0
    for number in range(count):
        seat = Seat(accepted=-rng.uniform(0.0, 600.0))
        # nobody watches it but `turns`
        # nobody listens to these, so nothing is to watch them
        task: Task[Any] = Task(id=str(number), kind=_MUSIC, watch=Any, seat=seat, is_persons=False)  # type: ignore[arg-type]
        turns.enter(task, now)
    gc.collect()
    began = process_time()
    for _ in range(decisions):
        now += _PLACE
        chosen = turns.take(Lane.SPARE, now)
        if chosen is not None:
            turns.saw(chosen, now, complete=False)
            turns.enter(chosen, now)
    return 1e6 * (process_time() - began) / decisions


async def closing(count: int) -> tuple[float, int]:
    """Seconds until so many awaited tasks are told that the client ends, and what stays of them."""
    left: WeakSet[Task[Any]] = WeakSet()
    suno = _client()
    waiting = await _await_all(suno, count)
    left.update(suno.task(f"music:{number:032x}") for number in range(count))
    began = perf_counter()
    await suno.aclose()
    await asyncio.gather(*waiting, return_exceptions=True)
    seconds = perf_counter() - began
    del suno, waiting
    await asyncio.sleep(0)  # the loop itself holds on to what it does in this turn
    gc.collect()
    return seconds, len(left) + len(asyncio.all_tasks()) - 1


async def looks(url: str, rounds: int, calls: int) -> list[list[Cell]]:
    """What looks cost beyond a request by hand, in microseconds."""
    limiter = RateLimiter(100_000, 0.1, burst=100_000)
    async with (
        SunoClient(KEY, base_url=url, limiter=limiter) as suno,
        aiohttp.ClientSession() as own,
    ):
        raw = Raw(url, own)
        song = (await suno.submit(GenerateMusic(_IDEA))).id
        watcher = suno._engine.watcher  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
        known: Task[Any] = Task(id=song, kind=_MUSIC, watch=watcher)

        async def floor() -> None:
            await raw.get(_MUSIC.record_path, taskId=song)

        async def first() -> None:
            await watcher.look_now(Task(id=song, kind=_MUSIC, watch=watcher))

        async def again() -> None:
            known.seat.tried = -inf
            await watcher.look_now(known)

        ways = {"floor": floor, "that brings two tracks": first, "that tells nothing new": again}
        times: dict[str, list[float]] = {name: [] for name in ways}
        for _ in range(rounds + 1):
            for name, way in ways.items():
                times[name].append(1e6 * await _cpu(way, calls) / calls)
        del times["floor"][0]
        return [_look_row(name, times["floor"], times[name][1:]) for name in [*ways][1:]]


def _look_row(name: str, floor: list[float], ours: list[float]) -> list[Cell]:
    beyond = median(one - other for one, other in zip(ours, floor, strict=True))
    return [name, median(floor), median(ours), beyond, Target(beyond, _MOST_MICROSECONDS)]


async def _cpu(call: Callable[[], Awaitable[None]], calls: int) -> float:
    gc.collect()
    began = process_time()
    for _ in range(calls):
        await call()
    return process_time() - began
