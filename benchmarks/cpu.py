"""CPU time a call, against raw aiohttp and `json` that do the same.

Both ask the same server, which runs in a process of its own, in interleaved rounds. Ours goes the
whole way: operation, limiter (wide open), attempt, envelope, and for a look watcher, record, task.
"""

import asyncio
import gc
from collections.abc import Awaitable, Callable, Iterator
from itertools import cycle
from time import process_time

import aiohttp
from attrs import frozen

from benchmarks._raw import KEY, Raw
from benchmarks._server import serve_apart
from benchmarks._tables import Cell, Spread, Table, Target
from suno_async import GenerateMusic, RateLimiter, SunoClient

_LIMIT = 1.5  # times the floor, for each call
_IDEA = "A calm piano tune at dusk"
_COLUMNS = ("call", "at once", "floor µs", "ours µs", "ratio", "min", "max", "target")

Call = Callable[[], Awaitable[object]]


@frozen
class Pair:
    """The same request, made by us and by hand."""

    name: str
    """What is asked."""
    ours: Call
    """With the client."""
    floor: Call
    """With aiohttp and `json` alone."""
    has_target: bool = True
    """Whether both do the same."""


def run(*, full: bool) -> Iterator[Table]:
    """The ratio for each kind of call, one at a time and 20 at once."""
    rounds, calls = (101, 40) if full else (25, 40)
    with serve_apart() as url:
        rows = asyncio.run(_measure(url, rounds, calls))
    yield Table(
        f"CPU a call: medians of {rounds} interleaved rounds of {calls} calls",
        _COLUMNS,
        rows,
        (
            "A look is `await client.task(token)` on a finished song: its record has two tracks.",
            "A submission of ours has a fresh connection, lest a stale one leaves it in doubt; so",
            "has its floor, but for the row that says what that costs.",
        ),
    )


async def _measure(url: str, rounds: int, calls: int) -> list[list[Cell]]:
    limiter = RateLimiter(100_000, 0.1, burst=100_000)
    fresh = aiohttp.TCPConnector(force_close=True)
    async with (
        SunoClient(KEY, base_url=url, limiter=limiter) as suno,
        aiohttp.ClientSession() as kept,
        aiohttp.ClientSession(connector=fresh) as once,
    ):
        pairs = await _pairs(suno, Raw(url, kept), Raw(url, once), 2 * (rounds + 1) * calls)
        return [
            await _compare(pair, rounds, calls, at_once) for at_once in (1, 20) for pair in pairs
        ]


async def _pairs(suno: SunoClient, raw: Raw, fresh: Raw, looks: int) -> list[Pair]:
    """What is asked; each of so many looks is at another song, for a known one costs none."""
    ids = [(await suno.generate_music(_IDEA)).id for _ in range(looks)]
    songs, again = iter(ids), cycle(ids)
    body: dict[str, object] = {
        "prompt": _IDEA,
        "customMode": False,
        "instrumental": False,
        "model": "V5",
        "callBackUrl": "https://callback.invalid/",
    }

    async def look() -> object:
        return await suno.task(next(songs), GenerateMusic)

    async def submit() -> object:
        return await suno.generate_music(_IDEA)

    record = "/api/v1/generate/record-info"
    generate = "/api/v1/generate"
    return [
        Pair("get_credits", suno.get_credits, lambda: raw.get("/api/v1/generate/credit")),
        Pair("look", look, lambda: raw.get(record, taskId=next(again))),
        Pair("submission", submit, lambda: fresh.post(generate, body)),
        Pair(
            "  floor keeps connections", submit, lambda: raw.post(generate, body), has_target=False
        ),
    ]


async def _compare(pair: Pair, rounds: int, calls: int, at_once: int) -> list[Cell]:
    ours: list[float] = []
    floor: list[float] = []
    for number in range(rounds + 1):
        order = [(pair.ours, ours), (pair.floor, floor)]
        for call, times in order if number % 2 else reversed(order):
            times.append(await _seconds(call, calls, at_once))
    del ours[0], floor[0]  # the first round warms up
    ratio = Spread.of(one / other for one, other in zip(ours, floor, strict=True))
    micro = [round(1e6 * Spread.of(times).middle / calls) for times in (floor, ours)]
    spread = (ratio.middle, ratio.low, ratio.high)
    target = Target(ratio.middle, _LIMIT) if pair.has_target else None
    return [pair.name, at_once, *micro, *spread, target]


async def _seconds(call: Call, calls: int, at_once: int) -> float:
    """The CPU time of this process for so many calls."""

    async def caller() -> None:
        for _ in range(calls // at_once):
            await call()

    gc.collect()
    began = process_time()
    await asyncio.gather(*(caller() for _ in range(at_once)))
    return process_time() - began
