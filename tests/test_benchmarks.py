"""The benchmarks run; what they find is not judged here."""

from __future__ import annotations

import asyncio
import json
import shutil
import sys
from random import Random
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest

from benchmarks import (
    _peers,
    _postgres,
    _results,
    _rooms,
    callbacks,
    flows,
    journal,
    polling,
    replicas,
    scale,
)
from benchmarks.__main__ import main, names
from benchmarks._disturbances import disturbances
from benchmarks._plot import svg
from benchmarks._policies import Policy, batch, every, people
from benchmarks._polls import CLIENTS, Course, as_argument
from benchmarks._rates import CONTENDERS, course, usual
from benchmarks._server import serve_apart
from benchmarks._songs import run_of
from benchmarks._tables import Table, Target
from benchmarks._times import TIMES
from benchmarks.downloads import WAYS, cut_downloads
from benchmarks.polling import Row
from suno_async import SunoClient
from suno_async.testing import FakeSuno, Kind, SlidingLog, Timetable

if TYPE_CHECKING:
    from pathlib import Path


def test_the_list_names_each_benchmark(capsys: pytest.CaptureFixture[str]) -> None:
    """`--list` has one line for each, with what it measures."""
    assert main(["--list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == names()
    assert {"cpu", "imports", "limiter", "polling", "scale"} <= {*names()}


def test_an_unknown_name_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    """A misspelt name ends with what there is."""
    with pytest.raises(SystemExit):
        main(["nonsense"])
    assert "limiter" in capsys.readouterr().err


def test_peers_are_somewhere_or_nowhere(capsys: pytest.CaptureFixture[str]) -> None:
    """A directory for the other clients, and none of them, are not wanted at once."""
    with pytest.raises(SystemExit):
        main(["--list", "--peers", "somewhere", "--no-peers"])
    assert "not allowed with" in capsys.readouterr().err


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


def test_polling_with_callbacks_is_a_benchmark_of_its_own(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """`polling --callbacks` runs the songs with callbacks, once, and nothing else."""

    def run(*, full: bool) -> list[Table]:
        return [] if full else [Table("called back", ("songs",), [[1]])]

    monkeypatch.setattr(callbacks, "run", run)
    assert main(["polling", "callbacks", "--callbacks"]) == 0
    assert (out := capsys.readouterr().out).count("# callbacks:") == 1

    assert "# polling:" not in out


def test_callbacks_spare_nearly_all_polls() -> None:
    """A batch of ten whose callbacks all come costs a request a song; without any, two or more."""
    called_back, lost, polled = (run_of(batch, 10, 3, lost=share) for share in (0.0, 1.0, None))
    assert called_back.requests == 10
    assert max(called_back.songs[0].late.values()) < 1
    assert lost.requests >= 20
    assert len(called_back.songs) == len(lost.songs) == len(polled.songs) == 10


def test_a_run_of_songs_knows_when_each_was_noticed() -> None:
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


@pytest.mark.parametrize("policy", [people, batch, every(30.0)])
def test_a_pipe_in_memory_changes_nothing(policy: Policy) -> None:
    """A run is the same over sockets and in memory, to the hundredth of a second."""
    one, other = (run_of(policy, 5, 3, sockets=sockets) for sockets in (True, False))
    assert other.ready == pytest.approx(one.ready, abs=0.01)
    assert other.requests == one.requests
    assert len(other.songs) == 5


@pytest.mark.parametrize("times", TIMES)
def test_songs_end_by_each_timetable(times: str) -> None:
    """Four songs are seen to their end, however their durations are drawn."""
    assert len(run_of(batch, 4, 5, times=times, sockets=False).songs) == 4


def test_the_second_half_of_songs_may_take_twice_as_long() -> None:
    """Times that turn half-way are the drawn ones up to there, and twice those after it."""
    plan = [TIMES["x 2 from half-way"](4)] * 4
    drawn_of = Timetable.drawn(failed=0.01, slow=0.02)
    ends = [one(Kind.MUSIC, Random(n)).complete for n, one in enumerate(plan)]
    drawn = [drawn_of(Kind.MUSIC, Random(n)).complete for n in range(4)]
    assert ends == pytest.approx([drawn[0], drawn[1], 2 * drawn[2], 2 * drawn[3]])


def test_a_row_of_the_table_has_figures_and_targets() -> None:
    """One song by ourselves and by timers: a row each, and what is promised beside it."""
    row = Row(1, 2, 1)
    table, compared = polling.tables(row, "x 1")
    assert [line[2] for line in table.rows] == ["ours, people", "every 30 s", "every 5 s"]
    assert [line[3] for line in table.rows] == [2, 1, 1]
    assert len(table.columns) == len(table.rows[0])
    assert len(list(compared.targets())) == 4


def test_a_plot_has_axes_a_legend_and_each_line() -> None:
    """It is well-formed SVG, the same each time, and names what it shows."""
    lines = {"one <way>": [(0.0, 0.0), (90.0, 950.0)], "another": [(0.0, 0.0), (120.0, 1000.0)]}
    drawn = svg("Songs", "seconds", "songs", lines)
    texts = [one.text for one in ET.fromstring(drawn).iter() if one.text]  # noqa: S314 ours
    assert {"Songs", "seconds", "songs", "one <way>", "another", "1,000"} <= {*texts}
    assert drawn.count("<polyline") == 2
    assert drawn == svg("Songs", "seconds", "songs", lines)


def test_the_committed_plot_is_well_formed() -> None:
    """The plot that the README shows is there, with a line for each policy."""
    drawn = polling.PLOT.read_text(encoding="utf-8")
    ET.fromstring(drawn)  # noqa: S314 ours
    assert drawn.count("<polyline") == 3


def test_a_live_task_takes_little_memory() -> None:
    """500 awaited tasks take at most 3 KiB each; it is bytes that are counted, not time."""
    assert 500 < asyncio.run(scale.memory(500)) <= 3 * 1024


def test_closing_leaves_nothing_of_the_tasks_that_were_awaited() -> None:
    """500 tasks that are awaited when the client ends get its error, and then are gone."""
    _, left = asyncio.run(scale.closing(500))
    assert left == 0


def test_a_decision_is_timed_amid_live_tasks() -> None:
    """What comes out is a time."""
    assert scale.decision(50, decisions=20) > 0


def test_polls_are_timed_beside_their_floor() -> None:
    """A poll that brings something, and one that does not, alone and with others."""
    with serve_apart() as url:
        rows = asyncio.run(scale.polls(url, 1, 2))
    for row in rows:
        beyond, least, most = (figure for figure in row[4:7] if isinstance(figure, float))
        assert least <= beyond <= most
    kinds = ("that brings nothing new", "that brings two tracks")
    assert [(row[0], row[1]) for row in rows] == [(kind, n) for n in (1, 20) for kind in kinds]


def test_a_table_is_markdown_too() -> None:
    """Figures stand to the right, a bar in a text does not end its cell, notes come below."""
    table = Table("Figures", ("what", "figure"), [["a|b", Target(3, 2)], ["c", None]], ["A note."])
    assert table.markdown().splitlines() == [
        "**Figures**",
        "",
        "| what | figure |",
        "| --- | ---: |",
        "| a&#124;b | ≤ 2 MISSED |",
        "| c |  |",
        "",
        "A note.",
    ]


def test_results_keep_the_sections_of_other_benchmarks(tmp_path: Path) -> None:
    """A section takes the place of its former one; that of a benchmark that is gone goes."""
    place = tmp_path / "RESULTS.md"
    table = Table("Figures", ("what", "figure"), [["one", Target(1, 2)]])
    for name in ("one", "gone", "two"):
        _results.put(_results.section(name, "Said.", [table], full=False), [name, "one"], place)
    newer = Table("Newer", ("what",), [["drawn"]], ["See benchmarks/plots/some.svg."])
    _results.put(_results.section("one", "Said.\n\nMore.\n", [newer], full=True), names(), place)
    assert "## gone" not in place.read_text("utf-8")
    _results.put(_results.section("one", "Said.", [newer], full=True), ["zero", "one"], place)
    _results.put(_results.section("zero", "Said.", [table], full=False), ["zero", "one"], place)
    text = place.read_text("utf-8")
    assert [line for line in text.splitlines() if line.startswith("#")] == [
        "# Results",
        "## zero",
        "## one",
    ]
    assert "1 of 1 targets met" in text
    assert "**Newer**" in text
    assert "![some](plots/some.svg)" in text


@pytest.mark.skipif(sys.platform == "win32", reason="stands in for Python by a script")
def test_peers_that_cannot_be_installed_are_left_out(tmp_path: Path) -> None:
    """Without a network the reason is said; what was installed once is not installed again."""
    python = tmp_path / "bin" / "python"
    python.parent.mkdir()
    false, true = shutil.which("false"), shutil.which("true")
    assert false is not None
    assert true is not None
    token = _peers.PLACE.set(tmp_path)
    try:
        python.symlink_to(false)
        with pytest.raises(_peers.LeftOut, match="could not be installed"):
            _peers.interpreter()
        python.unlink()
        python.symlink_to(true)
        assert _peers.interpreter() == python
        python.unlink()
        python.symlink_to(false)
        assert _peers.interpreter() == python
        with pytest.raises(_peers.LeftOut, match="failed"):
            _peers.versions(python)
        _peers.PLACE.set(None)
        with pytest.raises(_peers.LeftOut, match="as asked"):
            _peers.interpreter()
    finally:
        _peers.PLACE.reset(token)


@pytest.mark.real_time
async def test_our_own_polls_are_measured_like_those_of_peers() -> None:
    """A process of its own makes as many polls as it was asked for, and its floor as many."""
    assert next(iter(CLIENTS)) == "suno-async"
    at_once = Timetable(text=0.0, first=0.0, complete=0.0)
    async with FakeSuno(max_rate=None, timetable=at_once) as fake:
        async with SunoClient("key", base_url=fake.url) as suno:
            songs = [(await suno.generate_music("x")).id for _ in range(8)]
        before = fake.ledger.count()
        course = Course("suno-async", fake.url, "", songs, rounds=2, calls=4, at_once=2)
        arguments = ("-m", "benchmarks._polls", as_argument(course))
        printed = await asyncio.to_thread(_peers.run_by, sys.executable, *arguments)
    floor, own = json.loads(printed)
    assert len(floor) == len(own) == 2
    assert fake.ledger.count() - before == 2 * 3 * 4  # a round more warms up


async def test_what_happens_to_a_journal(tmp_path: Path) -> None:
    """A disturbance is a row: the songs, those paid for again, in doubt, logged and not sent."""
    (moved,) = (one for one in disturbances() if one.name == "moved, and back")
    row = await journal.disturb(tmp_path, moved)
    assert row == ["moved, and back", 8, 0, Target(0, 0), 0, 2, 3]


@pytest.mark.real_time
@pytest.mark.skipif(not _postgres.is_installed(), reason="there is no PostgreSQL server")
def test_replicas_pay_once_for_a_key_that_two_are_given() -> None:
    """Three processes behind a proxy: two keys are two tasks, and all their stages are seen."""
    table = asyncio.run(replicas.keys(2, scale=0.02))
    figures = {str(row[0]): row[1] for row in table.rows}
    assert (figures["tasks that callers were given"], figures["charged"]) == (2, 2)
    assert figures["seen after they happened, median, s"] != float("inf")


def test_a_song_is_followed_through_the_files(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each flow has its files and targets; without grimp the rooms are counted all the same."""
    monkeypatch.setitem(sys.modules, "grimp", None)
    far, files, house = flows.run(full=False)
    assert [row[0] for row in far.rows] == [flow.name for flow in flows.FLOWS]
    assert len(list(far.targets())) == 2 * len(flows.FLOWS)
    entered = {row[0]: row[1:] for row in files.rows}
    for name, counted in {"client.py": (0, 2), "task.py": (0, 1, 2), "callbacks.py": (1,)}.items():
        assert [n for n, calls in enumerate(entered[name]) if calls] == [*counted]
    assert not any(str(name).startswith(("testing", "/")) for name in entered)
    assert "import-linter" in house.notes[0]


def test_the_rooms_are_counted_with_their_arrows() -> None:
    """The face imports the client, which nobody below it does; a made file has no lines."""
    pytest.importorskip("grimp")
    overview, rooms = _rooms.tables()
    numbers = {row[0]: row[1] for row in overview.rows}
    of_room = {row[0]: row[1:] for row in rooms.rows}
    assert numbers["rooms"] == len(of_room)
    assert "client" in str(of_room["_face"][-1])
    assert of_room["_methods"][1] == 0
    assert "client" not in str(of_room["operations"][-1])
    lines = [row[2] for row in rooms.rows if isinstance(row[2], int)]
    assert sum(lines) == numbers["lines of code"]
