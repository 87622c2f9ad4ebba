"""Import time of the package, over that of its four dependencies.

Each import has a fresh interpreter; the two take turns. What is timed is the CPU time of the import
statement, with bytecode at hand and without the start of the interpreter; ours is `from suno_async
import SunoClient`, for the package's face alone loads nothing. Other clients are imported in an
environment of their own, in turns with aiohttp there.
"""

import os
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from benchmarks._peers import LeftOut, interpreter, run_by, versions
from benchmarks._tables import Cell, Spread, Table, Target

_DEPENDENCIES = "aiohttp, attrs, cattrs, aiolimiter"
_LIMIT = 1.30
_TIMED = "from time import process_time as now; began = now(); {}; print(now() - began)"
_OURS = "from suno_async import SunoClient"
_SLOWEST = 15
_OTHERS = ("httpx, pydantic", "openai", "fal_client", "suno_easy")


def run(*, full: bool) -> Iterator[Table]:
    """The ratio, and which modules of ours take longest."""
    rounds = 60 if full else 15
    _seconds(f"import {_DEPENDENCIES}; {_OURS}")  # leaves the bytecode
    theirs: list[float] = []
    ours: list[float] = []
    for _ in range(rounds):
        theirs.append(_seconds(f"import {_DEPENDENCIES}"))
        ours.append(_seconds(_OURS))
    ratio = Spread.of_ratios(ours, theirs)
    rows: list[list[Cell]] = [
        [_DEPENDENCIES, *_milliseconds(theirs), None],
        ["suno_async", *_milliseconds(ours), None],
        ["ratio", ratio.middle, ratio.low, ratio.high, Target(ratio.middle, _LIMIT)],
    ]
    columns = ("imported", "median", "min", "max", "target")
    title = f"CPU time of an import in ms, {rounds} interleaved rounds of fresh interpreters"
    yield Table(title, columns, rows)
    yield _over(9 if full else 5)
    yield _by_others(rounds)


def _over(rounds: int) -> Table:
    """What is imported on top of the dependencies, each module with its own time."""
    times: dict[str, list[float]] = defaultdict(list)
    for _ in range(rounds):
        for name, seconds in _own_times():
            times[name].append(seconds)
    middles = {name: Spread.of(some).low for name, some in times.items()}
    slowest = sorted(middles.items(), key=lambda one: -one[1])[:_SLOWEST]
    rows: list[list[Cell]] = [[name, 1e3 * seconds] for name, seconds in slowest]
    rows.append([f"all {len(middles)}", 1e3 * sum(middles.values())])
    title = f"On top of the dependencies: the slowest modules, own time, the least of {rounds}"
    return Table(title, ("module", "ms"), rows)


def _own_times() -> Iterator[tuple[str, float]]:
    """The modules that only we import, and seconds for each without what it imports itself."""
    code = f"import sys, {_DEPENDENCIES}; sys.stderr.write('-- ours\\n'); {_OURS}"
    report = _run("-X", "importtime", "-c", code).stderr
    for line in report.partition("-- ours\n")[2].splitlines():
        own, _, name = line.removeprefix("import time:").split("|")
        yield name.strip(), float(own) / 1e6


def _seconds(statement: str) -> float:
    return float(_run("-c", _TIMED.format(statement)).stdout)


def _run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, *arguments]
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    return subprocess.run(  # noqa: S603 it is ourselves
        command, check=True, capture_output=True, text=True, env=environment
    )


def _milliseconds(seconds: list[float]) -> tuple[float, float, float]:
    spread = Spread.of(1e3 * one for one in seconds)
    return spread.middle, spread.low, spread.high


def _by_others(rounds: int) -> Table:
    """Each import over that of aiohttp in the same environment."""
    rows: list[list[Cell]] = []
    notes: list[str] = []
    imported: list[tuple[str, str, Path | str]] = [("suno_async", _OURS, sys.executable)]
    try:
        peers = interpreter()
        imported += [(names, f"import {names}", peers) for names in _OTHERS]
        notes.append(f"Measured: {versions(peers)}.")
    except LeftOut as reason:
        notes.append(f"The peers were {reason}.")
    for names, statement, python in imported:
        try:
            rows.append([names, *_over_aiohttp(statement, python, rounds)])
        except LeftOut as reason:
            notes.append(f"{names} was {reason}.")
    title = f"CPU time of an import over that of aiohttp alone, {rounds} interleaved rounds"
    return Table(title, ("imported", "aiohttp ms", "own ms", "ratio", "min", "max"), rows, notes)


def _over_aiohttp(statement: str, python: Path | str, rounds: int) -> list[Cell]:
    floor: list[float] = []
    own: list[float] = []
    for _ in range(rounds):
        floor.append(float(run_by(python, "-c", _TIMED.format("import aiohttp"))))
        own.append(float(run_by(python, "-c", _TIMED.format(statement))))
    ratio = Spread.of_ratios(own, floor)
    middles = [_milliseconds(some)[0] for some in (floor, own)]
    return [*middles, ratio.middle, ratio.low, ratio.high]
