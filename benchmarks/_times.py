"""How long songs take: as the design has it, and in ways it was not made for."""

from collections.abc import Callable
from functools import partial
from random import Random

from attrs import define

from suno_async.testing import Kind, Plan, Timetable

_drawn = partial(Timetable.drawn, failed=0.01, slow=0.02)


@define
class _Mixed:
    """Half of the songs by one timetable, half by another."""

    one: Timetable
    other: Timetable

    def __call__(self, kind: Kind, rng: Random) -> Plan:
        return (self.one if rng.random() < 0.5 else self.other)(kind, rng)


@define
class _Turning:
    """So many songs by one timetable, all others by another."""

    left: int
    one: Timetable
    other: Timetable

    def __call__(self, kind: Kind, rng: Random) -> Plan:
        self.left -= 1
        return (self.one if self.left >= 0 else self.other)(kind, rng)


TIMES: dict[str, Callable[[int], Callable[[Kind, Random], Plan]]] = {
    "x 1": lambda _: _drawn(),
    "x 0.5": lambda _: _drawn(scale=0.5),
    "x 2": lambda _: _drawn(scale=2.0),
    "bimodal": lambda _: _Mixed(_drawn(scale=0.6), _drawn(scale=1.4)),
    "twice as wide": lambda _: _drawn(spread=2.0),
    "x 2 from half-way": lambda songs: _Turning(songs // 2, _drawn(), _drawn(scale=2.0)),
}
"""Timetables for so many songs, by name; a new one each time, for one run."""
