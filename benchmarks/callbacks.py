"""How soon songs are seen to be ready where the service calls back, and for how many requests.

As `polling`, with a `CallbackReceiver`: none, 2 % and 20 % of the callbacks are lost on their way,
each with all its tries. The bound is that of polling, two requests a song: one is enough here, so
a makespan may lie below it.
"""

from collections.abc import Iterator
from statistics import mean

from benchmarks._figures import columns, figures
from benchmarks._policies import Policy, batch, people
from benchmarks._songs import Run, run_of
from benchmarks._tables import Cell, Table, Target

_FIRST_SEED = 9_000
_LOST = (0.0, 0.02, 0.2)
_MOST_REQUESTS = {("x 1", 0.02): 1.1, ("x 1", 0.2): 1.3, ("x 2", 0.02): 1.2}
_TARGETED = 1_000


def run(*, full: bool) -> Iterator[Table]:
    """A table for each number of songs, and the targets beside that of 1,000."""
    yield from _called_back(1, people, "ours, people", 100 if full else 40)
    yield from _called_back(100, batch, "ours, a batch", 8 if full else 3)
    for times in ("x 1", "x 2"):
        yield from _called_back(_TARGETED, batch, "ours, a batch", 8 if full else 1, times)


def _called_back(
    songs: int, policy: Policy, name: str, seeds: int, times: str = "x 1"
) -> Iterator[Table]:
    numbers = range(_FIRST_SEED, _FIRST_SEED + seeds)
    courses = {
        lost: [run_of(policy, songs, seed, times=times, lost=lost) for seed in numbers]
        for lost in _LOST
    }
    rows: list[list[Cell]] = [
        [f"{songs:,}", times, f"{name}, {lost:.0%} lost", seeds, *figures(runs)]
        for lost, runs in courses.items()
    ]
    title = f"{songs:,} {'song' if songs == 1 else 'songs'} with callbacks, times {times}"
    said = f"{title}: means over the seeds from {_FIRST_SEED} on"
    yield Table(said, columns(songs), rows)
    if compared := [row for row in _targets(courses, times) if songs == _TARGETED]:
        yield Table(title, ("", "figure", "target"), compared)


def _targets(courses: dict[float, list[Run]], times: str) -> Iterator[list[Cell]]:
    for lost, runs in courses.items():
        limit = _MOST_REQUESTS.get((times, lost))
        if limit is not None:
            each = mean(one.requests / len(one.songs) for one in runs)
            yield [f"requests a song, {lost:.0%} of callbacks lost", each, Target(each, limit)]
