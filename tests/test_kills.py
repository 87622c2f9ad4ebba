"""Proof by force: a real process, killed again and again."""

from __future__ import annotations

import pytest

from benchmarks.kills import kill_a_batch


@pytest.mark.real_time
def test_a_killed_batch_loses_nothing_and_pays_nothing_twice() -> None:
    """Killed at random instants, some of them while paid requests are on their way."""
    report = kill_a_batch(songs=40, kills=6, seed=5)
    assert (report.lost, report.doubled, report.broken, report.missing) == (0, 0, 0, 0)
    assert report.kills == 6
    assert report.inside >= 1, "enough kills must land inside a paid request"
    assert report.most_in_flight <= 20
    assert report.accepted >= 40 - report.unknown
    assert report.in_doubt == report.accepted - (40 - report.unknown)
