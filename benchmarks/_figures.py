"""The figures of runs of songs, and what is promised of them."""

from collections.abc import Callable, Iterable, Iterator
from statistics import mean, median
from typing import TypeAlias

from benchmarks._songs import STAGES, Run, Song
from benchmarks._tables import Cell, Target, percentile

Courses: TypeAlias = dict[str, list[Run]]
"""The runs of each policy."""

AMID_COLUMNS = (
    *("policy", "seeds", "POST after mean 95 %"),
    *(f"{stage} late mean 95 %" for stage in STAGES),
    *("requests", "batch ready mean"),
)
_OURS, _TIMER = "ours, a batch", "every 30 s"
_LATE = {20: {"text": 6.5, "first": 6.5, "complete": 5.0}, 100: {"complete": 20.0}}
_BOUND = {1_000: 1.27, 10_000: 1.11}
_PROMISED = {"x 0.5", "x 2"}  # of other durations nothing is


def columns(songs: int) -> tuple[str, ...]:
    """The headings above `figures`; all but the lateness of a single song are means."""
    middle = "median" if songs == 1 else "mean"
    return (
        *("songs", "times", "policy", "seeds", "makespan", "ready mean", "ready 99 %"),
        *(f"{stage} late {middle} 95 %" for stage in STAGES),
        *("requests a song", "refused", "given up"),
    )


def figures(runs: list[Run]) -> Iterator[Cell]:
    """What a policy came to; times are seconds."""
    seen = _seen(runs)
    yield f"{_bound(seen):.2f} x bound"
    yield _ready(seen)
    yield mean(percentile(one.ready, 0.99) for one in seen)
    for stage in STAGES:
        middle = median if len(seen[0].songs) == 1 else mean
        yield _middle_and_95(middle, _late(seen, stage))
    yield mean(one.requests / len(one.songs) for one in seen)
    yield sum(one.refused for one in runs)
    yield sum(one.given_up for one in runs)


def amid(runs: list[Run]) -> Iterator[Cell]:
    """What came to people amid a batch, and to the batch."""
    persons = [song for one in runs for song in one.persons]
    yield _middle_and_95(mean, [song.waited for song in persons])
    for stage in STAGES:
        yield _middle_and_95(mean, late(persons, stage))
    yield mean(song.polls + 1 for song in persons)
    yield _ready(runs)


def targets(courses: Courses, songs: int, times: str) -> Iterator[list[Cell]]:
    """What is promised of polling alone, and how it compares."""
    courses = {name: _seen(runs) for name, runs in courses.items()}
    if songs == 1:
        yield from _of_one(courses["ours, people"], times)
    elif times != "x 1":
        ours, timer = courses[_OURS], courses[_TIMER]
        limits = (1.0, 1.08) if times in _PROMISED else (None, None)
        yield _row("mean ready over that of every 30 s", _ready(ours) / _ready(timer), limits[0])
        yield _row("makespan over that of every 30 s", _bound(ours) / _bound(timer), limits[1])
    else:
        yield from _of_many(courses, songs)


def _of_one(runs: list[Run], times: str) -> Iterator[list[Cell]]:
    if times != "x 1":
        limit = 7.0 if times in _PROMISED else None
        yield _row("complete late, mean s", mean(_late(runs, "complete")), limit)
        return
    for stage in STAGES:
        yield _row(f"{stage} late, median s", median(_late(runs, stage)), 3)
    yield _row("requests", mean(one.requests for one in runs), 40)


def _of_many(courses: Courses, songs: int) -> Iterator[list[Cell]]:
    ours = courses[_OURS]
    for stage, limit in _LATE.get(songs, {}).items():
        yield _row(f"{stage} late, mean s", mean(_late(ours, stage)), limit)
    if songs == 1_000:
        each = mean(one.requests / songs for one in ours)
        nearly_all = mean(percentile(one.ready, 0.99) / one.bound for one in ours)
        yield _row("requests a song", each, 2.15)
        ready = _ready(ours) / _ready(courses[_TIMER])
        yield _row("mean ready over that of every 30 s", ready, 0.85)
        yield _row("99 % ready over the bound", nearly_all, 1.10)
        yield _row("complete late, worst s", max(_late(ours, "complete")), 350)
    if songs in _BOUND:
        yield _row("makespan over the bound", _bound(ours), _BOUND[songs])
    if songs == 10_000:
        yield _row("complete late, mean s", mean(_late(ours, "complete")), 60)


def amid_targets(courses: Courses) -> Iterator[list[Cell]]:
    """What is promised to people amid a batch, and to the batch."""
    ours = courses[_OURS]
    persons = [song for one in ours for song in one.persons]
    yield _row("POST after, mean s", mean(song.waited for song in persons), 1)
    for stage in STAGES:
        yield _row(f"{stage} late, mean s", mean(late(persons, stage)), 6)
    yield _row("requests", mean(song.polls + 1 for song in persons), 30)
    ready = _ready(ours) / _ready(courses[_TIMER])
    yield _row("batch ready over that of every 30 s", ready, 0.92)


def late(songs: Iterable[Song], stage: str) -> list[float]:
    """How late this stage was noticed, for each song that came to it."""
    return [song.late[stage] for song in songs if stage in song.late]


def _seen(runs: list[Run]) -> list[Run]:
    """The runs of which any song's end was noticed."""
    return [one for one in runs if one.songs]


def _ready(runs: list[Run]) -> float:
    return mean(mean(one.ready) for one in runs)


def _bound(runs: list[Run]) -> float:
    return mean(one.over_bound for one in runs)


def _late(runs: list[Run], stage: str) -> list[float]:
    return [seconds for one in runs for seconds in late(one.batch, stage)]


def _middle_and_95(middle: Callable[[list[float]], float], values: list[float]) -> str:
    """The mean or the median, and the value below which 95 % lie."""
    return f"{middle(values):6.1f} {percentile(values, 0.95):6.1f}"


def _row(name: str, value: float, limit: float | None) -> list[Cell]:
    return [name, value, None if limit is None else Target(value, limit)]
