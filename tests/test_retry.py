"""The policy of attempts: a pure calculation."""

from __future__ import annotations

import pytest

from suno_async import RetryPolicy


@pytest.mark.parametrize(
    ("attempt", "drawn", "delay"),
    [(1, 0.5, 0.5), (2, 0.5, 1.0), (3, 0.5, 2.0), (4, 0.25, 2.0), (3, 0.0, 0.0), (3, 1.0, 4.0)],
)
def test_the_mean_doubles_with_each_attempt(attempt: int, drawn: float, delay: float) -> None:
    """Full jitter: from nothing to twice the mean, which starts at `base`."""
    assert RetryPolicy().delay(attempt, 0.0, draw=lambda: drawn) == pytest.approx(delay)


@pytest.mark.parametrize("attempt", [7, 100, 10**6])
def test_no_pause_is_longer_than_the_cap(attempt: int) -> None:
    """However many attempts there were; and no number overflows."""
    assert RetryPolicy(max_attempts=10**9).delay(attempt, 0.0, draw=lambda: 1.0) == 20.0


def test_the_last_attempt_is_the_last() -> None:
    """`attempts` counts the first one too."""
    assert RetryPolicy().delay(4, 0.0) is not None
    assert RetryPolicy().delay(5, 0.0) is None
    assert RetryPolicy(max_attempts=3).delay(2, 0.0) is not None
    assert RetryPolicy(max_attempts=3).delay(3, 0.0) is None
    assert RetryPolicy(max_attempts=1).delay(1, 0.0) is None


def test_a_wish_is_obeyed_where_it_is_longer() -> None:
    """`Retry-After` may be longer than the cap, and never makes a pause shorter."""
    policy = RetryPolicy()
    assert policy.delay(1, 0.0, 30.0, lambda: 1.0) == 30.0
    assert policy.delay(1, 0.0, 0.1, lambda: 1.0) == 1.0


def test_a_pause_that_ends_too_late_is_not_made() -> None:
    """Attempts and pauses together take no longer than `max_elapsed`."""
    for policy, seconds in ((RetryPolicy(max_elapsed=60.0), 60.0), (RetryPolicy(), 120.0)):
        assert policy.delay(1, seconds - 30.0, 30.0, lambda: 0.0) == 30.0
        assert policy.delay(1, seconds - 29.9, 30.0, lambda: 0.0) is None


@pytest.mark.parametrize(
    ("name", "least", "too_little"),
    [
        ("max_attempts", 1, 0),
        ("max_elapsed", 0, -0.1),
        ("initial_delay", 0.1, 0),
        ("max_delay", 0.1, 0),
    ],
)
def test_a_number_below_what_makes_sense(name: str, least: float, too_little: float) -> None:
    """The least that makes sense is taken, and what is less is refused by its name."""
    RetryPolicy(**{name: least})  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=name):
        RetryPolicy(**{name: too_little})  # type: ignore[arg-type]


def test_numbers_are_given_by_name() -> None:
    """Four bare numbers in a row would say nothing to a reader."""
    with pytest.raises(TypeError):
        RetryPolicy(3)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
