"""How soon songs are seen to be ready, and for how many requests, ours against timers.

The real client, limiter and poller against the embedded API on virtual time: over loopback sockets
up to 1,000 songs, by a pipe in memory beyond. Durations are drawn: text 15 s x e^N(0, 0.25), first
36.5 s x e^N(0, 0.1), complete 148 s x e^N(0, 0.12), 2 % of them x 1.5 to 3, 1 % failed; delays of
50 to 500 ms. All policies have the same songs and the same limiter. The seeds were not used for
tuning.

Then the loads of a service: people who want songs one by one, and wait for each stage. A timer's
polls and the submissions go in order of arrival; with `POSTs first`, submissions go before polls.
The clairvoyant knows all times, and polls what has news and nothing else. A second counts 0.3 for
text, 1 for first and 2 for complete.

Times are in seconds; two in one cell are the middle and what 95 % stay below. The bound is the
least time possible: two requests a song at the limiter's rate, or the song that ends last. A stage
is late by the time from its coming to its being noticed.
"""

from collections.abc import Iterator
from pathlib import Path

from attrs import frozen

from benchmarks._figures import AMID_COLUMNS, Courses, amid, amid_targets, columns, figures, targets
from benchmarks._lateness import COLUMNS, PLAIN, best_of, lateness, load_targets
from benchmarks._loads import CAPACITY_TAKEN, LOADS, run_of_load
from benchmarks._plot import svg
from benchmarks._policies import Policy, batch, clairvoyant, every, people
from benchmarks._songs import Run, run_of
from benchmarks._tables import Cell, Table

_FIRST_SEED = 9_000
_POLICIES: dict[str, Policy] = {
    "ours, people": people,
    "ours, a batch": batch,
    "every 30 s": every(30.0),
    "every 5 s": every(5.0),
}
_MOST_PEOPLE = 100  # more than that nobody awaits one by one
_PEOPLE = 5
PLOT = Path(__file__).parent / "plots" / "finished.svg"
"""The songs seen to be finished over time, by each policy."""
_PLOTTED = 1_000
LOAD_PLOT = PLOT.with_name("loads.svg")
"""The lateness of a service's songs against its load."""
_TIMERS = (5.0, 10.0, 20.0, 30.0)


@frozen
class Row:
    """How often to make so many songs in each way."""

    songs: int
    """How many songs."""
    seeds: int
    """With how many seeds in our way."""
    timer_seeds: int
    """With how many seeds in the other ways."""
    times: tuple[str, ...] = ("x 1",)
    """For which durations."""


_SCALED = ("x 0.5", "x 2")
_STRANGE = ("bimodal", "twice as wide", "x 2 from half-way")
_OTHER_TIMES = _SCALED + _STRANGE
_QUICK = (
    Row(1, 100, 100),
    Row(20, 8, 8),
    Row(100, 4, 4),
    Row(1_000, 1, 1),
    Row(10_000, 1, 0),
    Row(100, 2, 2, _OTHER_TIMES),
)
_FULL = (
    Row(1, 400, 400),
    Row(20, 16, 16),
    Row(100, 8, 8),
    Row(1_000, 8, 8),
    Row(10_000, 8, 1),
    Row(1, 50, 50, _OTHER_TIMES),
    Row(20, 8, 8, _OTHER_TIMES),
    Row(100, 4, 4, _OTHER_TIMES),
    Row(1_000, 8, 8, _SCALED),
    Row(1_000, 4, 4, _STRANGE),
    Row(10_000, 1, 1, _SCALED),
)


def run(*, full: bool) -> Iterator[Table]:
    """The tables for each number of songs, and the targets beside them."""
    for row in _FULL if full else _QUICK:
        for times in row.times:
            yield from tables(row, times)
    yield from _amid(1_000, 8 if full else 1)
    yield from loads(full=full)


def tables(row: Row, times: str) -> Iterator[Table]:
    """So many songs with such durations, in each way, and what is promised."""
    courses: Courses = {}
    for name, policy in _POLICIES.items():
        seeds = row.seeds if name.startswith("ours") else row.timer_seeds
        if seeds and _is_run(name, row.songs):
            courses[name] = _course(policy, row.songs, seeds, times)
    rows: list[list[Cell]] = [
        [f"{row.songs:,}", times, name, len(runs), *figures(runs)] for name, runs in courses.items()
    ]
    title = f"{row.songs:,} {'song' if row.songs == 1 else 'songs'}, times {times}"
    said = f"{title}: means over the seeds from {_FIRST_SEED} on"
    notes = [_draw(courses)] if (row.songs, times) == (_PLOTTED, "x 1") else []
    yield Table(said, columns(row.songs), rows, notes)
    if compared := list(targets(courses, row.songs, times)):
        yield Table(title, ("", "figure", "target"), compared)


def _is_run(name: str, songs: int) -> bool:
    """One song is no batch, and nobody awaits a thousand one by one."""
    return {"ours, people": songs <= _MOST_PEOPLE, "ours, a batch": songs > 1}.get(name, True)


def _course(
    policy: Policy, songs: int, seeds: int, times: str = "x 1", people: int = 0
) -> list[Run]:
    numbers = range(_FIRST_SEED, _FIRST_SEED + seeds)
    return [run_of(policy, songs, seed, times=times, people=people) for seed in numbers]


def _draw(courses: Courses) -> str:
    """Plot the songs seen to be finished over time, by the first seed."""
    lines = {name: _finished(runs[0].ready) for name, runs in courses.items()}
    title = f"{_PLOTTED:,} songs under one limiter of 20 requests in 10 s"
    across, up = "seconds since the first submission", "songs seen to be finished"
    PLOT.parent.mkdir(exist_ok=True)
    PLOT.write_text(svg(title, across, up, lines), encoding="utf-8")
    return f"Seed {_FIRST_SEED} is drawn in benchmarks/plots/{PLOT.name}."


def _finished(ready: list[float]) -> list[tuple[float, float]]:
    """How many songs were finished, each time that five more were."""
    after = sorted(ready)
    return [(0.0, 0.0), *((after[n - 1], float(n)) for n in range(5, len(after) + 1, 5))]


def _amid(songs: int, seeds: int) -> Iterator[Table]:
    """People who each want a song while a batch runs."""
    courses = {
        name: _course(_POLICIES[name], songs, seeds, people=_PEOPLE)
        for name in ("ours, a batch", "every 30 s")
    }
    said = f"{_PEOPLE} people amid a batch of {songs:,}"
    rows = [[name, seeds, *amid(runs)] for name, runs in courses.items()]
    yield Table(f"{said}: means over the seeds from {_FIRST_SEED} on", AMID_COLUMNS, rows)
    yield Table(said, ("", "figure", "target"), list(amid_targets(courses)))


def loads(*, full: bool) -> Iterator[Table]:
    """The loads of a service, in each way, and what is promised of ours."""
    seeds, seconds, timers = (3, 1_800.0, _TIMERS) if full else (1, 600.0, _TIMERS[:1])
    policies: dict[str, Policy] = {"ours": people}
    policies |= {f"{PLAIN} {one:.0f} s": every(one) for one in timers}
    policies |= {f"POSTs first, {one:.0f} s": every(one, posts_first=True) for one in timers}
    policies["clairvoyant"] = clairvoyant
    drawn: dict[str, list[tuple[float, float]]] = {}
    for load in LOADS:
        courses = {
            name: [
                run_of_load(policy, load, seed, seconds)
                for seed in range(_FIRST_SEED, _FIRST_SEED + seeds)
            ]
            for name, policy in policies.items()
        }
        rows: list[list[Cell]] = [[name, seeds, *lateness(runs)] for name, runs in courses.items()]
        said = f"A service, {load}: means over the seeds from {_FIRST_SEED} on"
        yield Table(said, COLUMNS, rows)
        yield Table(
            f"A service, {load}",
            ("", "figure", "target"),
            list(load_targets(courses, load, is_promised=full)),
        )
        if load in CAPACITY_TAKEN:
            for name, value in best_of(courses).items():
                drawn.setdefault(name, []).append((CAPACITY_TAKEN[load], value))
    yield _draw_loads(drawn)


def _draw_loads(drawn: dict[str, list[tuple[float, float]]]) -> Table:
    title = "A service's songs under one limiter of 20 requests in 10 s"
    across, up = "songs wanted in a minute", "weighted seconds late a song"
    LOAD_PLOT.write_text(svg(title, across, up, drawn), encoding="utf-8")
    rows: list[list[Cell]] = [
        [points[0][0], *(late for _, late in points)]
        for points in zip(*drawn.values(), strict=True)
    ]
    note = f"It is drawn in benchmarks/plots/{LOAD_PLOT.name}."
    return Table("Weighted lateness against the load", (across, *drawn), rows, [note])
