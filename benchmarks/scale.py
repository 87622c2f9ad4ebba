"""What ten thousand live tasks cost: memory each, CPU a decision and a poll, and the client's end.

A live task is one that is awaited by a coroutine of its own. Its memory is counted without its
operation and its last record.
"""

import asyncio
import gc
import tracemalloc
from collections.abc import Awaitable, Callable, Iterator
from functools import partial
from math import inf
from random import Random
from statistics import median
from time import perf_counter, process_time
from typing import Any
from weakref import WeakSet

import aiohttp
from attrs import define, field

from benchmarks._floor import KEY, Raw
from benchmarks._server import serve_apart
from benchmarks._tables import Cell, Spread, Table, Target
from suno_async import GenerateMusic, Priority, RateLimiter, SunoClient, Task
from suno_async._polling.poller import Poller
from suno_async._polling.schedule import PollState, Queue, Schedule
from suno_async.limiter import Slot
from suno_async.operations._kinds import KINDS
from suno_async.results import Stage

_MOST_BYTES = 3 * 1024
_MOST_MICROSECONDS = 100
_MOST_DECISION = 1_000  # microseconds, amid so many people's tasks:
_MANY = 10_000
_MUSIC = KINDS["music"]
_SLOT = 0.5  # seconds from one slot of the limiter to the next
_IDEA = "A calm piano tune at dusk"
_AT_ONCE = (1, 20)


def run(*, full: bool) -> Iterator[Table]:
    """Memory, decisions, the end of a client, and polls."""
    most = (1_000, 10_000, 100_000) if full else (1_000, 10_000)
    yield Table(
        "A live awaited task",
        ("tasks", "bytes each", "target"),
        [_memory_row(count) for count in most],
    )
    yield Table(
        "Which task is next: one decision, its poll and its next ticket in the queues",
        ("tasks", "CPU µs, a batch's", "CPU µs, people's", "target"),
        [_decision_row(count) for count in (1_000, 10_000, 100_000)],
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
        rows = asyncio.run(polls(url, rounds, calls))
    yield Table(
        f"CPU a poll: medians of {rounds} interleaved rounds of {calls}",
        ("poll", "at once", "floor µs", "ours µs", "beyond µs", "min", "max", "target"),
        rows,
        (
            "Ours is all that a poll takes from the moment when a listener comes: queues, limiter,",
            "attempt, record and events. The floor is as many GETs of the same record with aiohttp",
            "and `json`, each in a task of its own.",
        ),
    )


class _Closed:
    """A limiter that grants nothing: tasks wait, and nothing is asked."""

    async def acquire(self, priority: Priority = Priority.INTERACTIVE) -> Slot:  # noqa: ARG002 a protocol
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


def _decision_row(count: int) -> list[Cell]:
    people = decision(count, 500, is_interactive=True)
    target = Target(people, _MOST_DECISION) if count == _MANY else None
    return [f"{count:,}", decision(count), people, target]


def decision(count: int, decisions: int = 5_000, *, is_interactive: bool = False) -> float:
    """The CPU time of one decision amid so many live tasks of a batch, or of people, in us."""
    rng, schedule, now = Random(count), Schedule(), 0.0
    for _ in range(count):
        accepted = -rng.uniform(0.0, 600.0)
        schedule.enter(PollState(_MUSIC, accepted=accepted, is_interactive=is_interactive), now)
    gc.collect()
    began = process_time()
    for _ in range(decisions):
        now += _SLOT
        chosen = schedule.take(Queue.SPARE, now)
        if chosen is not None:
            schedule.polled(chosen, now, Stage.PENDING, is_done=False)
            schedule.enter(chosen, now)
    return 1e6 * (process_time() - began) / decisions


async def closing(count: int) -> tuple[float, int]:
    """Seconds until the waits of so many tasks end with the client, and what stays of them."""
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


@define(eq=False)
class _Counting(Poller):
    """A poller that polls a batch's tasks as soon as they have listeners, and counts the polls."""

    _left: int = field(default=0, init=False)
    _all_polled: asyncio.Event = field(factory=asyncio.Event, init=False)

    async def _poll(self, state: PollState, task: Task[Any], slot: Slot) -> None:
        await super()._poll(state, task, slot)
        self._left -= 1
        if not self._left:
            self._all_polled.set()

    def new(self, song: str) -> Task[Any]:
        """A task of which nothing is known yet, with the id of a song that is complete."""
        return Task(id=song, kind=_MUSIC, poller=self, operation=GenerateMusic(_IDEA))

    async def poll_all(self, tasks: list[Task[Any]]) -> None:
        """Have each polled once, and wait for the last one."""
        self._left = len(tasks)
        self._all_polled.clear()
        for task in tasks:
            self._states[task] = PollState(_MUSIC, accepted=-inf)  # long overdue
            task._listen(_nothing, of_batch=True)
        await self._all_polled.wait()
        for task in tasks:
            task._unlisten(_nothing, of_batch=True)


def _nothing(_: object) -> None:
    pass


async def polls(url: str, rounds: int, calls: int) -> list[list[Cell]]:
    """What polls cost beyond as many requests by hand, in microseconds."""
    limiter = RateLimiter(100_000, 0.1, burst=100_000)
    async with (
        SunoClient(KEY, base_url=url, limiter=limiter) as suno,
        aiohttp.ClientSession() as own,
    ):
        raw, song = Raw(url, own), (await suno.submit(GenerateMusic(_IDEA))).id
        engine = suno._engine
        poller = _Counting(engine.transport, engine.journal)
        known = [poller.new(song) for _ in range(max(_AT_ONCE))]
        fresh = [
            poller.new(song) for _ in range((rounds + 1) * (calls + max(_AT_ONCE)) * len(_AT_ONCE))
        ]

        async def floor(count: int) -> None:
            asking = (raw.get(_MUSIC.record_path, taskId=song) for _ in range(count))
            await asyncio.gather(*asking)

        async def again(count: int) -> None:
            await poller.poll_all(known[:count])

        async def first(count: int) -> None:
            await poller.poll_all([fresh.pop() for _ in range(count)])

        ways = {"floor": floor, "that brings nothing new": again, "that brings two tracks": first}
        times: dict[tuple[str, int], list[float]] = {
            (name, count): [] for count in _AT_ONCE for name in ways
        }
        for _ in range(rounds + 1):
            for (name, count), spent in times.items():
                way, times_over = partial(ways[name], count), max(1, calls // count)
                spent.append(await _cpu(way, times_over) / count)
        await poller.close()
    return [
        _poll_row(name, count, times["floor", count][1:], spent[1:])
        for (name, count), spent in times.items()
        if name != "floor"
    ]


def _poll_row(name: str, count: int, floor: list[float], ours: list[float]) -> list[Cell]:
    beyond = Spread.of(one - other for one, other in zip(ours, floor, strict=True))
    target = Target(beyond.middle, _MOST_MICROSECONDS)
    between = (beyond.middle, beyond.low, beyond.high)
    return [name, count, median(floor), median(ours), *between, target]


async def _cpu(call: Callable[[], Awaitable[None]], calls: int) -> float:
    """The CPU time of a call, in microseconds."""
    gc.collect()
    began = process_time()
    for _ in range(calls):
        await call()
    return 1e6 * (process_time() - began) / calls
