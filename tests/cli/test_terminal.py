"""On a terminal: rows that move, and nothing wider than the screen."""

import contextlib
import os
import re
import sys
import threading
from collections.abc import Callable
from io import StringIO

import pytest
from rich.console import Console

from suno_async import ConnectionFailed, SunoClient
from suno_async.cli._counts import Counts
from suno_async.cli._live import LiveReport
from suno_async.cli._report import Report
from suno_async.testing import Fault

from .conftest import Ended, Shell

IDEA = "A calm piano tune at dusk"
LINES = 24
CONTROL = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]")


def read_all(descriptor: int, into: bytearray) -> None:
    """Read until the other end is closed, which Linux reports as an error."""
    with contextlib.suppress(OSError):
        while data := os.read(descriptor, 65536):
            into += data


@pytest.fixture
def on_terminal(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[Ended, str]]:
    """Run a command with a terminal for stderr, and return what that was sent as well."""

    def run(columns: int, *argv: str) -> tuple[Ended, str]:
        reading, writing = os.openpty()
        sent = bytearray()
        reader = threading.Thread(target=read_all, args=(reading, sent))
        reader.start()
        with monkeypatch.context() as patch, os.fdopen(writing, "w", encoding="utf-8") as stderr:
            patch.setattr(sys, "stderr", stderr)
            patch.setenv("COLUMNS", str(columns))
            patch.setenv("LINES", str(LINES))
            patch.setenv("TERM", "xterm")
            ended = shell(*argv)
        reader.join()
        os.close(reading)
        return ended, sent.decode().replace("\r\n", "\n")

    return run


@pytest.mark.parametrize("columns", [50, 80, 200])
def test_two_rows_within_the_screen(
    on_terminal: Callable[..., tuple[Ended, str]], columns: int
) -> None:
    """There is a row a song with stage, age and title, and no line is wider than the terminal."""
    ended, sent = on_terminal(
        columns, "generate", "--instrumental", "--style", "jazz", "--title", "Rain" * 20
    )
    shown = CONTROL.sub("", sent).splitlines()
    last = shown[-2:]
    assert ended.code == 0
    assert max(map(len, shown)) <= columns
    for number, row in enumerate(last, 1):
        assert re.match(rf"song {number}  ●●●●  done         2:\d\d  Rain", row)
    assert len(ended.out.splitlines()) == 2


def test_the_cursor_comes_back(on_terminal: Callable[..., tuple[Ended, str]]) -> None:
    """The cursor is hidden while rows move, and shown again at the end."""
    _, sent = on_terminal(80, "generate", IDEA)
    assert sent.rindex("\x1b[?25h") > sent.rindex("\x1b[?25l")


def test_lyrics_come_after_the_rows(on_terminal: Callable[..., tuple[Ended, str]]) -> None:
    """Words go to stdout, whole."""
    ended, sent = on_terminal(80, "lyrics", IDEA)
    assert ended.out.count("[Verse]") == 2
    assert "[Verse]" not in sent


def test_errors_are_red(on_terminal: Callable[..., tuple[Ended, str]]) -> None:
    """An error stands out, in one line that the terminal itself breaks: it is copied whole."""
    ended, sent = on_terminal(40, "wait", "nonsense")
    assert ended.code == 2
    assert sent.startswith("\x1b[31mError: 'nonsense' is not the token")
    assert sent.count("\n") == 1


def test_no_color_is_respected(on_terminal: Callable[..., tuple[Ended, str]], shell: Shell) -> None:
    """With NO_COLOR set, nothing is coloured."""
    shell.setenv("NO_COLOR", "1")
    _, sent = on_terminal(60, "wait", "nonsense")
    assert "\x1b[31m" not in sent


def frames(sent: str) -> list[list[str]]:
    """What was on the screen, refresh by refresh: a batch's rows under its line of counts."""
    begins = [match.start() for match in re.finditer(r"(?m)^\d+:\d\d  \d+ waiting", sent)]
    ends = [*begins[1:], len(sent)]
    return [sent[one:end].splitlines() for one, end in zip(begins, ends, strict=True)]


def test_a_batchs_rows_are_sorted_by_line() -> None:
    """Answers come in any order; the rows stand as the lines do in the file."""
    suno = SunoClient("key")
    report = LiveReport(Console(width=80, height=24, file=StringIO()))
    for token, line in (("music:later", 2), ("music:sooner", 1)):
        report.lines[token] = line
        report.began(suno.task(token))
    assert re.findall(r"line \d", report._view().plain) == ["line 1", "line 2"]


def test_a_batch_shows_what_it_waits_for() -> None:
    """In an outage a line under the counts says so, and for how long, until it is over."""
    report = LiveReport(Console(width=80, height=24, file=StringIO()))
    report.count(Counts(2))
    report.stop()
    view = report._view
    report.retried("attempt 1", "No connection")
    report.parked(ConnectionFailed("No connection"))
    report.clock = lambda: 75.0
    assert view().plain.splitlines()[1:] == ["waiting for the network...  1:15"]
    report.parked(None)
    assert len(view().plain.splitlines()) == 1
    report.parked(ConnectionFailed("No connection"))
    report.gave_up(ConnectionFailed("No connection"), 3600.0)
    assert len(view().plain.splitlines()) == 1


@pytest.mark.parametrize("columns", [80, 200])
def test_a_batch_fits_the_screen(
    on_terminal: Callable[..., tuple[Ended, str]], shell: Shell, columns: int
) -> None:
    """With 60 songs there are counts, the rows that fit, and how many more; errors stand above."""
    prompts = [f"{'a long tune ' * 8}{number}\n" for number in range(60)]
    (shell.folder / "ideas.txt").write_text(
        "".join([*prompts[:30], "x" * 501 + "\n", *prompts[30:]])
    )
    ended, sent = on_terminal(columns, "batch", "ideas.txt")
    shown = CONTROL.sub("", sent.replace("\r", "\n"))
    rows = [line for line in shown.splitlines() if re.match(r"line \d+ ", line)]
    assert ended.code == 2
    assert max(map(len, rows)) <= columns
    assert rows
    assert all(re.match(r"line \d+ +[●○]{4}  (waiting|in progress|done) ", row) for row in rows)
    assert re.search(r"\.\.\. and \d+ more", shown)
    for frame in frames(shown):
        assert sum(line.startswith("line ") for line in frame) <= LINES - 5
    assert shown.count("Error: line 31: GenerateMusic cannot be sent") == 1
    assert shown.rstrip().endswith("61 lines: 60 done, 1 faulty; 120 files in songs.")
    assert len(ended.out.splitlines()) == 120


def test_many_tasks_fit_the_screen(
    on_terminal: Callable[..., tuple[Ended, str]], shell: Shell
) -> None:
    """`wait` for 15 tasks, which are 30 songs, shows those that fit."""
    (shell.folder / "ideas.txt").write_text("a tune\n" * 15)
    shell("batch", "ideas.txt", "--json", "--out", "first")
    tasks = {entry.task_id for entry in shell.fake.ledger.accepted("generate-music")}
    ended, sent = on_terminal(80, "wait", *(f"music:{task}" for task in tasks))
    assert ended.code == 0
    assert re.search(r"\.\.\. and \d+ more", CONTROL.sub("", sent))
    assert len(ended.out.splitlines()) == 30


def test_a_refused_attempt_names_its_line(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is shown under the counts says which line is tried again, and why."""
    shown: list[tuple[str, str]] = []

    def retried(_: Report, attempt: str, why: str) -> None:
        shown.append((attempt, why))

    monkeypatch.setattr(Report, "retried", retried)
    (shell.folder / "ideas.txt").write_text("one\n\ntwo\n")
    shell.fake.fail(Fault.envelope(430), on="generate_music", skip=1)
    assert shell("batch", "ideas.txt", "--journal", "songs.sqlite").code == 0
    ((attempt, why),) = shown
    assert attempt in {"line 1, attempt 1", "line 3, attempt 1"}
    assert "code 430" in why
