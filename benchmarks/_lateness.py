"""The figures of a service's songs: how late each stage was seen, and what is promised of that."""

from collections.abc import Iterator
from statistics import mean

from benchmarks._figures import Courses, late
from benchmarks._songs import STAGES, Run, Song
from benchmarks._tables import Cell, Target, percentile

PLAIN = "every"
"""How the names of plain timers begin."""
COLUMNS = (
    *("policy", "seeds", "POST after", *(f"{stage} late" for stage in STAGES)),
    *("weighted", "complete late 95 %", "worst", "weighted, from submit", "requests a song"),
)
_OURS, _KNOWING = "ours", "clairvoyant"
_WEIGHTS = {"text": 0.3, "first": 1.0, "complete": 2.0}
_LOW = ("0.1 ", "0.25 ", "0.5 ", "durations", "two models")


def lateness(runs: list[Run]) -> Iterator[Cell]:
    """What a policy came to; times are seconds, and means but where it is said."""
    songs = _songs(runs)
    yield mean(song.waited for song in songs)
    for stage in STAGES:
        yield mean(late(songs, stage))
    yield _weighted(runs)
    yield _complete_95(runs)
    yield _worst(runs)
    yield _from_submit(runs)
    yield mean(one.requests / len(one.songs) for one in runs)


def best_of(courses: Courses) -> dict[str, float]:
    """The weighted lateness of ours, of the best plain timer and of the one who knows it all."""
    return {
        _OURS: _weighted(courses[_OURS]),
        "best timer": _weighted(_best(courses)),
        _KNOWING: _weighted(courses[_KNOWING]),
    }


def load_targets(courses: Courses, load: str, *, is_promised: bool) -> Iterator[list[Cell]]:
    """How ours compares to the best plain timer, and to the best where POSTs go first."""
    ours, timer = courses[_OURS], _best(courses)
    at_most = 0.7 if load.startswith(_LOW) else 1.0
    compared = (
        ("weighted lateness over the best timer's", _weighted, at_most),
        ("complete late, 95 %, over its", _complete_95, 1.0),
        ("complete late, worst, over its", _worst, 1.3),
        ("weighted lateness from submit over its", _from_submit, 1.0),
    )
    for name, figure, limit in compared:
        value = figure(ours) / figure(timer)
        yield [name, value, Target(value, limit) if is_promised else None]
    first = min(map(_weighted, (runs for name, runs in courses.items() if name.startswith("POST"))))
    yield ["weighted lateness over the best timer's, POSTs first", _weighted(ours) / first, None]


def _best(courses: Courses) -> list[Run]:
    timers = (runs for name, runs in courses.items() if name.startswith(PLAIN))
    return min(timers, key=_weighted)


def _songs(runs: list[Run]) -> list[Song]:
    return [song for one in runs for song in one.songs]


def _weighted(runs: list[Run]) -> float:
    songs = _songs(runs)
    return sum(weight * mean(late(songs, stage)) for stage, weight in _WEIGHTS.items())


def _from_submit(runs: list[Run]) -> float:
    """The same, where the time until the submission reached the service counts, too."""
    waited = mean(song.waited for song in _songs(runs))
    return _weighted(runs) + sum(_WEIGHTS.values()) * waited


def _complete_95(runs: list[Run]) -> float:
    return percentile(late(_songs(runs), "complete"), 0.95)


def _worst(runs: list[Run]) -> float:
    return max(late(_songs(runs), "complete"))
