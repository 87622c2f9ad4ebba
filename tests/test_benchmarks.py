"""The benchmarks run; what they find is not judged here."""

from __future__ import annotations

import pytest

from benchmarks.__main__ import main, names
from benchmarks._policies import batch, every
from benchmarks._rates import CONTENDERS, course, usual
from benchmarks._songs import run_of
from benchmarks._tables import Table, Target
from benchmarks.downloads import WAYS, cut_downloads
from suno_async.testing import SlidingLog


def test_the_list_names_each_benchmark(capsys: pytest.CaptureFixture[str]) -> None:
    """`--list` has one line for each, with what it measures."""
    assert main(["--list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == names()
    assert {"cpu", "imports", "limiter", "watching"} <= {*names()}


def test_an_unknown_name_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    """A misspelt name ends with what there is."""
    with pytest.raises(SystemExit):
        main(["nonsense"])
    assert "limiter" in capsys.readouterr().err


def test_a_table_shows_whether_its_targets_are_met() -> None:
    """Columns are aligned, and a missed target stands there as it is."""
    table = Table("Figures", ("what", "figure"), [["one", Target(1, 2)], ["two", Target(3, 2)]])
    assert str(table).splitlines() == [
        "Figures",
        "",
        "what      figure",
        "----  ----------",
        "one      ≤ 2 met",
        "two   ≤ 2 MISSED",
    ]


@pytest.mark.parametrize("name", CONTENDERS)
def test_a_run_against_a_counting_server_ends(name: str) -> None:
    """60 requests get through, in each way to keep to a rate."""
    ended = course(CONTENDERS[name], SlidingLog(), usual, 0, requests=60)
    assert len(ended.arrivals) == 60 + ended.refusals
    assert ended.makespan > 10


def test_a_run_of_songs_tells_when_each_was_noticed() -> None:
    """Three songs and a person's: all are seen to be complete, by a timer and by a batch."""
    for policy in (batch, every(30.0)):
        ended = run_of(policy, 3, 1, people=1)
        assert len(ended.batch) == 3
        assert len(ended.persons) == 1
        assert all(song.late["complete"] > 0 for song in ended.songs if "complete" in song.late)
        assert ended.refused == 0


def test_downloads_that_were_cut_are_the_files() -> None:
    """Cut in every way, each ends identical to the original, and for what was missing alone."""
    reports = cut_downloads(cuts=5 * len(WAYS), seed=2)
    for way, report in reports.items():
        assert (report.cuts, report.identical, report.leftovers) == (5, 5, 0)
        assert report.requests >= 2 * report.cuts
        if "changed" not in way:
            assert report.received == report.size
