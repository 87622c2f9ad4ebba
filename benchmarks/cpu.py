"""CPU time a call, against raw aiohttp and `json` that do the same.

Both ask the same server, which runs in a process of its own, in interleaved rounds. Ours goes the
whole way: operation, limiter (wide open), attempt, envelope, and for a poll the poller, record,
task. Other clients poll finished songs in the same way, each in a process of its own and in turns
with the same floor.
"""

import asyncio
import json
import sys
from collections.abc import Iterator
from itertools import cycle
from pathlib import Path

import aiohttp
from attrs import frozen

from benchmarks._floor import KEY, Call, Raw, take_turns
from benchmarks._peers import LeftOut, interpreter, run_by, versions
from benchmarks._polls import CLIENTS, Course, as_argument
from benchmarks._server import serve_apart
from benchmarks._tables import Cell, Spread, Table, Target
from suno_async import GenerateMusic, RateLimiter, SunoClient

_LIMIT = 1.5  # times the floor, for each call
_IDEA = "A calm piano tune at dusk"
_COLUMNS = ("call", "at once", "floor µs", "ours µs", "ratio", "min", "max", "target")
_COLUMNS_OF_PEERS = ("client", "at once", "floor µs", "own µs", "ratio", "min", "max")
_CALLS = 40


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
    rounds = 101 if full else 25
    with serve_apart() as url:
        rows = asyncio.run(_measure(url, rounds, _CALLS))
    yield Table(
        f"CPU a call: medians of {rounds} interleaved rounds of {_CALLS} calls",
        _COLUMNS,
        rows,
        (
            "A poll is `await client.task(token)` of a finished song: its record has two tracks.",
            "A submission of ours has a fresh connection, lest a stale one leaves it in doubt; so",
            "has its floor, but for the row that says what that costs.",
        ),
    )
    with serve_apart() as url:
        yield _by_others(url, rounds)


async def _measure(url: str, rounds: int, calls: int) -> list[list[Cell]]:
    fresh = aiohttp.TCPConnector(force_close=True)
    async with (
        SunoClient(KEY, base_url=url, limiter=_wide_open()) as suno,
        aiohttp.ClientSession() as kept,
        aiohttp.ClientSession(connector=fresh) as once,
    ):
        pairs = await _pairs(suno, Raw(url, kept), Raw(url, once), 2 * (rounds + 1) * calls)
        return [
            await _compare(pair, rounds, calls, at_once) for at_once in (1, 20) for pair in pairs
        ]


async def _pairs(suno: SunoClient, raw: Raw, fresh: Raw, polls: int) -> list[Pair]:
    """What is asked; each of so many polls is of another song, for a known one costs none."""
    ids = [(await suno.generate_music(_IDEA)).id for _ in range(polls)]
    songs, again = iter(ids), cycle(ids)
    body: dict[str, object] = {
        "prompt": _IDEA,
        "customMode": False,
        "instrumental": False,
        "model": "V5",
        "callBackUrl": "https://callback.invalid/",
    }

    async def poll() -> object:
        return await suno.task(next(songs), GenerateMusic)

    async def submit() -> object:
        return await suno.generate_music(_IDEA)

    record = "/api/v1/generate/record-info"
    generate = "/api/v1/generate"
    return [
        Pair("get_credits", suno.get_credits, lambda: raw.get("/api/v1/generate/credit")),
        Pair("poll", poll, lambda: raw.get(record, taskId=next(again))),
        Pair("submission", submit, lambda: fresh.post(generate, body)),
        Pair(
            "  floor keeps connections", submit, lambda: raw.post(generate, body), has_target=False
        ),
    ]


async def _compare(pair: Pair, rounds: int, calls: int, at_once: int) -> list[Cell]:
    floor, ours = await take_turns(
        pair.floor, pair.ours, rounds=rounds, calls=calls, at_once=at_once
    )
    target = Target(Spread.of_ratios(ours, floor).middle, _LIMIT) if pair.has_target else None
    return [pair.name, at_once, *_over_floor(floor, ours, calls), target]


def _over_floor(floor: list[float], own: list[float], calls: int) -> list[Cell]:
    micro = [round(1e6 * Spread.of(times).middle / calls) for times in (floor, own)]
    ratio = Spread.of_ratios(own, floor)
    return [*micro, ratio.middle, ratio.low, ratio.high]


def _by_others(url: str, rounds: int) -> Table:
    """Polls by others, each in a process of its own; ours is measured in the same way."""
    songs, status = asyncio.run(_prepare(url))
    rows: list[list[Cell]] = []
    notes = [
        "A poll is one GET of the same record over a kept connection, read as far as the client",
        "goes: models of all fields, but plain JSON with fal-client and suno-easy. fal-client asks",
        "for a status first, and so does its floor. suno-easy blocks: it has one at a time.",
    ]
    pythons: dict[str, Path | str] = dict.fromkeys(["suno-async"], sys.executable)
    try:
        peers = interpreter()
        pythons |= dict.fromkeys(CLIENTS, peers) | pythons
        notes.append(f"Measured: {versions(peers)}.")
    except LeftOut as reason:
        notes.append(f"The peers were {reason}.")
    for name, python in pythons.items():
        for at_once in (1,) if name == "suno-easy" else (1, 20):
            course = Course(name, url, status, songs, rounds, _CALLS, at_once)
            try:
                floor, own = measured(python, course)
            except LeftOut as reason:
                notes.append(f"{name} was {reason}.")
            else:
                rows.append([name, at_once, *_over_floor(floor, own, _CALLS)])
    title = f"CPU a poll by each client: medians of {rounds} interleaved rounds of {_CALLS} polls"
    return Table(title, _COLUMNS_OF_PEERS, rows, notes)


def measured(python: Path | str, course: Course) -> tuple[list[float], list[float]]:
    """CPU seconds of each round, of the floor and of the client.

    Raises:
        LeftOut: the client failed.
    """
    floor, own = json.loads(run_by(python, "-m", "benchmarks._polls", as_argument(course)))
    return floor, own


async def _prepare(url: str) -> tuple[list[str], str]:
    """The ids of finished songs, and the path of a file that reads as a status of fal's."""
    said = json.dumps({"status": "COMPLETED", "logs": None, "metrics": {}}).encode()
    async with SunoClient(KEY, base_url=url, upload_url=url, limiter=_wide_open()) as suno:
        songs = [(await suno.generate_music(_IDEA)).id for _ in range(64)]
        file = await suno.upload_file(said, file_name="status.json")
    return songs, (file.download_url or "").removeprefix(url)


def _wide_open() -> RateLimiter:
    return RateLimiter(100_000, 0.1, burst=100_000)
