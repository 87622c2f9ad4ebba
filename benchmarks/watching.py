"""How soon songs are seen to be ready, and for how many requests, ours against timers.

The real client, limiter and watcher against the embedded API, over loopback sockets on virtual
time. Durations are drawn: text 15 s x e^N(0, 0.25), first 36.5 s x e^N(0, 0.1), complete 148 s x
e^N(0, 0.12), 2 % of them x 1.5 to 3, 1 % failed; delays of 50 to 500 ms. All policies have the
same songs and the same limiter. The seeds were not used for tuning.
"""

from collections.abc import Iterator
from statistics import mean, median
from typing import TypeAlias

from benchmarks._policies import Policy, batch, every, people
from benchmarks._songs import STAGES, Run, late, mean_and_95, run_of
from benchmarks._tables import Cell, Table, Target, percentile

_FIRST_SEED = 9_000
_POLICIES: dict[str, Policy] = {
    "ours, people": people,
    "ours, a batch": batch,
    "every 30 s": every(30.0),
    "every 5 s": every(5.0),
}
_LATE = {20: {"text": 6.5, "first": 6.5, "complete": 5.0}, 100: {"complete": 20.0}}
_PEOPLE = 5
_QUICK = ((1, 200), (20, 8), (100, 4), (1_000, 1))
_FULL = ((1, 400), (20, 16), (100, 8), (1_000, 8))
_MOST_PEOPLE = 100  # more than that nobody awaits one by one
_COLUMNS = (
    *("songs", "times", "policy", "makespan", "ready mean", "ready 99 %"),
    *(f"{stage} late mean 95 %" for stage in STAGES),
    *("requests a song", "refused", "given up"),
)

Courses: TypeAlias = dict[str, list[Run]]


def run(*, full: bool) -> Iterator[Table]:
    """The table for each number of songs, and the targets beside it."""
    for songs, seeds in _FULL if full else _QUICK:
        yield from _tables(songs, seeds, 1.0)
    if full:
        for scale in (0.5, 2.0):
            for songs, seeds in _FULL:
                yield from _tables(songs, seeds, scale)
    yield from _amid(1_000, 8 if full else 1)


def _tables(songs: int, seeds: int, scale: float) -> Iterator[Table]:
    courses: Courses = {
        name: [run_of(policy, songs, _FIRST_SEED + n, scale=scale) for n in range(seeds)]
        for name, policy in _POLICIES.items()
        if name != "ours, people" or songs <= _MOST_PEOPLE
    }
    rows = [[songs, f"x {scale:g}", name, *_figures(runs)] for name, runs in courses.items()]
    courses = {name: _seen(runs) for name, runs in courses.items()}
    said = f"seeds {_FIRST_SEED} to {_FIRST_SEED + seeds - 1}"
    yield Table(f"{songs:,} songs, times x {scale:g}: means over {said}", _COLUMNS, rows)
    if targets := list(_targets(courses, songs, scale)):
        yield Table(f"{songs:,} songs, times x {scale:g}", ("", "figure", "target"), targets)


def _seen(runs: list[Run]) -> list[Run]:
    """The runs of which any song's end was noticed."""
    return [one for one in runs if one.songs]


def _figures(runs: list[Run]) -> Iterator[Cell]:
    seen = _seen(runs)
    yield f"{_bound(seen):.2f} x bound"
    yield _ready(seen)
    yield mean(percentile(one.ready, 0.99) for one in seen)
    for stage in STAGES:
        yield mean_and_95(_late(seen, stage))
    yield mean(one.requests / len(one.songs) for one in seen)
    yield sum(one.refused for one in runs)
    yield sum(one.given_up for one in runs)


def _targets(courses: Courses, songs: int, scale: float) -> Iterator[list[Cell]]:
    """What is promised of polling alone."""
    ours, timer = courses["ours, a batch"], courses["every 30 s"]
    if songs == 1:
        yield from _of_one(courses["ours, people"], scale)
        return
    if scale != 1.0:
        yield _row("mean ready over that of every 30 s", _ready(ours) / _ready(timer), 1.0)
        yield _row("makespan over that of every 30 s", _bound(ours) / _bound(timer), 1.08)
        return
    for stage, limit in _LATE.get(songs, {}).items():
        yield _row(f"{stage} late, mean s", mean(_late(ours, stage)), limit)
    if songs >= 1_000:
        each = mean(one.requests / songs for one in ours)
        nearly_all = mean(percentile(one.ready, 0.99) / one.bound for one in ours)
        yield _row("requests a song", each, 2.15)
        yield _row("mean ready over that of every 30 s", _ready(ours) / _ready(timer), 0.85)
        yield _row("99 % ready over the bound", nearly_all, 1.10)
        yield _row("makespan over the bound", _bound(ours), 1.27)
        yield _row("complete late, worst s", max(_late(ours, "complete")), 350)


def _of_one(runs: list[Run], scale: float) -> Iterator[list[Cell]]:
    if scale != 1.0:
        yield _row("complete late, mean s", mean(_late(runs, "complete")), 7)
        return
    for stage in STAGES:
        yield _row(f"{stage} late, median s", median(_late(runs, stage)), 3)
    yield _row("requests", mean(one.requests for one in runs), 40)


def _amid(songs: int, seeds: int) -> Iterator[Table]:
    """Five people who each want a song while a batch runs."""
    rows: list[list[Cell]] = []
    courses: Courses = {}
    for name in ("ours, a batch", "every 30 s"):
        policy = _POLICIES[name]
        runs = [run_of(policy, songs, _FIRST_SEED + n, people=_PEOPLE) for n in range(seeds)]
        courses[name] = runs
        persons = [song for one in runs for song in one.persons]
        stages = [mean_and_95(late(persons, stage)) for stage in STAGES]
        waits = mean_and_95([song.waited for song in persons])
        rows.append([name, waits, *stages, mean(song.looks + 1 for song in persons), _ready(runs)])
    said = f"{_PEOPLE} people amid a batch of {songs:,}, seeds {_FIRST_SEED} and {seeds - 1} more"
    late_by = (f"{stage} late mean 95 %" for stage in STAGES)
    columns = ("policy", "POST after mean 95 %", *late_by, "requests", "batch ready mean")
    yield Table(said, columns, rows)
    persons = [song for one in courses["ours, a batch"] for song in one.persons]
    ready = _ready(courses["ours, a batch"]) / _ready(courses["every 30 s"])
    yield Table(
        said,
        ("", "figure", "target"),
        [
            _row("POST after, mean s", mean(song.waited for song in persons), 1),
            *(_row(f"{stage} late, mean s", mean(late(persons, stage)), 6) for stage in STAGES),
            _row("requests", mean(song.looks + 1 for song in persons), 30),
            _row("batch ready over that of every 30 s", ready, 0.92),
        ],
    )


def _ready(runs: list[Run]) -> float:
    return mean(mean(one.ready) for one in runs)


def _bound(runs: list[Run]) -> float:
    return mean(one.over_bound for one in runs)


def _late(runs: list[Run], stage: str) -> list[float]:
    return [seconds for one in runs for seconds in late(one.batch, stage)]


def _row(name: str, value: float, limit: float) -> list[Cell]:
    return [name, value, Target(value, limit)]
