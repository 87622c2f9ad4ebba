"""The judges: each counts in its own way, and none lets more through than it says."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks._judges import ApproximateCounter, FixedWindow, RefusedCount, Smooth, TokenBucket
from suno_async.testing import Judge, SlidingLog

JUDGES: tuple[type[Judge], ...] = (
    SlidingLog,
    RefusedCount,
    FixedWindow,
    TokenBucket,
    ApproximateCounter,
    Smooth,
)
gaps = st.lists(st.floats(0, 3), min_size=1, max_size=200)


def let_through(judged_by: Judge, times: Sequence[float]) -> list[float]:
    """The times at which a judge says yes."""
    return [time for time in times if judged_by.allow(time)]


def most_within(times: Sequence[float], seconds: float) -> int:
    """The largest number of times within any window of this length, its end left out."""
    return max((sum(a <= b < a + seconds for b in times) for a in times), default=0)


def running(steps: Sequence[float]) -> list[float]:
    """The times that lie so far apart."""
    times, now = list[float](), 0.0
    for step in steps:
        now += step
        times.append(now)
    return times


@given(gaps, st.sampled_from([SlidingLog, RefusedCount]))
def test_sliding_log_holds_in_any_window(
    steps: list[float], log: type[SlidingLog | RefusedCount]
) -> None:
    """A sliding log lets at most its rate through in any window, wherever that begins."""
    times = let_through(log(5, 10.0), running(steps))
    assert most_within(times, 10.0) <= 5


@given(gaps)
def test_sliding_log_wastes_nothing(steps: list[float]) -> None:
    """A sliding log refuses only when the window before is full."""
    log, passed = SlidingLog(5, 10.0), list[float]()
    for time in running(steps):
        full = sum(time - 10.0 < one <= time for one in passed) >= 5
        assert log.allow(time) is not full
        if not full:
            passed.append(time)


def test_refused_requests_keep_the_door_shut() -> None:
    """Where refused requests count, a client that hammers gets nothing more."""
    hammering = [index * 0.5 for index in range(100)]
    assert len(let_through(SlidingLog(5, 10.0), hammering)) == 25
    assert len(let_through(RefusedCount(5, 10.0), hammering)) == 5


def test_fixed_window_lets_double_through_at_its_edge() -> None:
    """A fixed window starts afresh at each whole period from its phase."""
    window = FixedWindow(20, 10.0, phase=3.0)
    assert len(let_through(window, [12.9] * 30 + [13.0] * 30)) == 40
    assert FixedWindow(20, 10.0).allow(12.9)


def test_token_bucket_lets_forty_through_in_ten_seconds() -> None:
    """A token bucket is full at first and refills evenly, so that 20 and 20 pass at once."""
    times = [0.0] * 30 + [index * 0.1 for index in range(1, 100)]
    assert len(let_through(TokenBucket(20, 10.0), times)) == 39
    assert len(let_through(TokenBucket(20, 10.0), [0.0] * 25 + [100.0] * 25)) == 40


def test_approximate_counter_weighs_the_window_before() -> None:
    """Half of a full window before counts as ten, so that ten more are let through."""
    counter = ApproximateCounter(20, 10.0)
    assert len(let_through(counter, [9.0] * 20)) == 20
    assert len(let_through(counter, [15.0] * 20)) == 10
    assert len(let_through(counter, [100.0] * 25)) == 20


def test_smooth_wants_them_one_by_one() -> None:
    """Without a burst, one request passes every half second; with one of 3, three at once."""
    assert len(let_through(Smooth(20, 10.0), [0.0, 0.0, 0.4, 0.5, 0.9, 1.0])) == 3
    assert len(let_through(Smooth(20, 10.0, burst=3), [0.0] * 5 + [0.5] * 5)) == 4


@pytest.mark.parametrize("judge", JUDGES)
def test_even_requests_pass_every_judge(judge: type[Judge]) -> None:
    """Who sends a little slower than the rate is refused by none of them."""
    times = [index * 0.53 for index in range(400)]
    assert len(let_through(judge(), times)) == 400
