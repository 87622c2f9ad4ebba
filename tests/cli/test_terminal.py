"""On a terminal: rows that move, and nothing wider than the screen."""

import contextlib
import os
import re
import sys
import threading
from collections.abc import Callable

import pytest

from .conftest import Ended, Shell

IDEA = "A calm piano tune at dusk"
CONTROL = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]")


def read_all(descriptor: int, into: bytearray) -> None:
    """Read until the other end is closed, which Linux tells as an error."""
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
        assert re.match(rf"song {number}  ●●●●  complete  2:\d\d  Rain", row)
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
    """An error stands out, in one sentence, broken between words."""
    ended, sent = on_terminal(60, "wait", "nonsense")
    assert ended.code == 2
    assert sent.startswith("\x1b[31mError: 'nonsense' is not the token")


def test_no_color_is_respected(on_terminal: Callable[..., tuple[Ended, str]], shell: Shell) -> None:
    """With NO_COLOR set, nothing is coloured."""
    shell.setenv("NO_COLOR", "1")
    _, sent = on_terminal(60, "wait", "nonsense")
    assert "\x1b[31m" not in sent
