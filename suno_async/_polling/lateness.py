"""What a poll is worth: the lateness that it is expected to cut; pure.

A stage that is there and not seen is late, by the second; `first` counts more than `text`, and
`complete` more than both. When it came nobody knows, but the last hundred tasks of the same kind
and model tell how old they were. Given the age at the last poll, when it was not there, the ages
above that one are the likely ones: from them come the chance that it is there by now, and the
lateness to be expected. Both are found by bisection and sums over the first so many ages.

The end must be seen by some poll, so a poll for it is worth the lateness expected by now, over the
chance that the poll finds nothing and must be repeated. It is small as long as the quickest are
not complete, and grows fast when nearly all are. Long lateness is worth more than its seconds.

The stages before need no poll of their own, for a later one shows them, too. So a poll for such a
stage cannot be worth more than it saves: the chance that it is there, times the seconds until the
next stage would show it. Under a high load these polls go to the tasks that just came so far, and
for the others it is better to wait for the end.

An age is learned from the two polls between which the stage came: the middle, where they are close.
Where they are not, as under a high load, it is drawn from the known ages between them and taken to
be a little sooner. So the ages keep their spread, and go down until a poll comes too early, which
says what they are.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections import deque
from itertools import accumulate
from math import inf
from typing import TYPE_CHECKING, TypeAlias

from attrs import define, field

from suno_async.results import Stage

if TYPE_CHECKING:
    from suno_async.operations._kinds import Kind

_MOST_AGES = 100
_MOST_MODELS = 100
_WEIGHTS = {Stage.TEXT: 0.3, Stage.FIRST: 1.0, Stage.COMPLETE: 2.0}  # of a second's lateness
_SHARES = {Stage.TEXT: 0.08, Stage.FIRST: 0.19, Stage.COMPLETE: 0.78}  # of the documented time
_SPREAD = (0.6, 0.75, 0.85, 0.92, 1.0, 1.0, 1.08, 1.15, 1.25, 1.6)  # before anything is learned
_CLOSE = 12.0  # seconds between two polls
_SOONER = 0.98
_GOLDEN = 0.618034  # its multiples, without whole numbers, lie evenly between 0 and 1
_DOUBLE = 30.0  # seconds of lateness that count twice
_STRANGE = (1.02, 1.08)  # times the age at the last poll: what is like none of the known may come
_STRANGERS = len(_STRANGE) + 1  # one more: it may never come
_REPEATED = 0.3  # added to the chance to find nothing: no lateness counts more than some 3 times


@define(eq=False)
class Ages:
    """The ages at which one stage came; at first what is documented, spread a little."""

    expected: float
    """The age to begin with, in seconds."""
    weight: float = 1.0
    """What a second of its lateness counts."""
    _learned: deque[float] = field(init=False)
    _sorted: list[float] = field(init=False)
    _sums: list[float] = field(init=False)
    """Of the first so many of them."""
    _squares: list[float] = field(init=False)
    _drawn: float = field(default=0.0, init=False)

    def __attrs_post_init__(self) -> None:
        self._learned = deque(self.expected * share for share in _SPREAD)
        self._sorted = [*self._learned]
        self._sum()

    def _sum(self) -> None:
        self._sums = [*accumulate(self._sorted, initial=0.0)]
        self._squares = [*accumulate((age * age for age in self._sorted), initial=0.0)]

    def __len__(self) -> int:
        return len(self._sorted)

    def learn(self, since: float, by: float) -> None:
        """It came after the one age, and by the other."""
        age = (since + by) / 2 if by - since <= _CLOSE else self._likely(since, by)
        self._learned.append(age)
        insort(self._sorted, age)
        if len(self._learned) > _MOST_AGES:
            del self._sorted[bisect_left(self._sorted, self._learned.popleft())]
        self._sum()

    def _likely(self, since: float, by: float) -> float:
        first, last = bisect_right(self._sorted, since), bisect_right(self._sorted, by)
        if first == last:  # unlike all that is known: it is as late as it can be, or sooner
            return max(since, 0.9 * by)
        self._drawn = (self._drawn + _GOLDEN) % 1.0
        return max(since, _SOONER * self._sorted[first + int(self._drawn * (last - first))])

    def usually_by(self) -> float:
        """The age by which it is there for three of four tasks."""
        return self._sorted[len(self._sorted) * 3 // 4]

    def hidden(self, since: float, age: float) -> tuple[float, float]:
        """The chance that it is there by now, and the worth of a poll if that must be repeated."""
        ages, sums, squares = self._sorted, self._sums, self._squares
        first, last = bisect_right(ages, since), bisect_right(ages, age)
        there, total = last - first, sums[last] - sums[first]
        late = there * age - total
        square = there * age * age - 2.0 * age * total + squares[last] - squares[first]
        for times in _STRANGE:
            seconds = age - times * since
            if since and seconds > 0.0:
                there += 1
                late += seconds
                square += seconds * seconds
        possible = len(ages) - first + _STRANGERS
        worth = (late + square / _DOUBLE) / (possible * (1.0 + _REPEATED) - there)
        return there / possible, self.weight * worth

    def when(self, since: float, lateness: float) -> float:
        """The age from which so many seconds are to be expected, `inf` for none that is known."""
        ages, sums = self._sorted, self._sums
        first = low = bisect_right(ages, since)
        high = len(ages)
        most = (high - first + _STRANGERS) * (1.0 + _REPEATED)
        while low < high:
            middle = (low + high) // 2
            late = (middle - first) * ages[middle] - sums[middle] + sums[first]
            if late < lateness * (most - middle + first):
                low = middle + 1
            else:
                high = middle
        if low == first:
            return inf
        there = low - first
        return (lateness * (most - there) + sums[low] - sums[first]) / there


Stages: TypeAlias = tuple[Ages, ...]
"""For each of the stages that may be to come, in their order, when it comes."""


@define(eq=False)
class Learned:
    """What was learned of each kind and model."""

    _stages: dict[tuple[str, str | None], dict[Stage, Stages]] = field(
        factory=dict[tuple[str, "str | None"], "dict[Stage, Stages]"], init=False
    )

    def after(self, kind: Kind, model: str | None, seen: Stage) -> Stages:
        """When the stages after this one come; one and the same for all such tasks."""
        key = kind.name, model
        after = self._stages.get(key)
        if after is None:
            if len(self._stages) >= _MOST_MODELS:  # a model may be any text
                del self._stages[next(iter(self._stages))]
            ages = {
                stage: Ages(_SHARES[stage] * kind.typical_duration, _WEIGHTS[stage])
                for stage in kind.stages
            }
            after = self._stages[key] = {
                known: tuple(one for stage, one in ages.items() if known < stage) for known in Stage
            }
        return after[seen]


def worth(stages: Stages, since: float, age: float) -> float:
    """What a poll is worth at this age, where these stages were not there at the age before."""
    total, end = 0.0, len(stages) - 1
    for number, ages in enumerate(stages):
        chance, late = ages.hidden(since, age)
        if number < end:
            left = stages[number + 1].usually_by() - age
            late = min(late, ages.weight * chance * left) if left > 0.0 else 0.0
        total += late
    return total


def when_worth(stages: Stages, since: float, lateness: float) -> float:
    """The age from which a poll is worth about so many seconds, `inf` for none that is known."""
    return min((ages.when(since, lateness / ages.weight) for ages in stages), default=inf)
