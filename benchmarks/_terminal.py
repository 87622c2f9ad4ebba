"""The picture of the terminal in the README, from real runs: `python -m benchmarks._terminal`."""

import io
import os
import re
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import chdir, redirect_stderr, redirect_stdout, suppress
from html import escape, unescape
from pathlib import Path
from unittest.mock import patch

from rich.console import Console
from rich.text import Text

from suno_async.cli import run
from suno_async.testing import FakeSuno

PICTURE = Path(__file__).parent / "plots" / "terminal.svg"
_COLUMNS, _LINES = 98, 24
_IDEAS = (
    "rain on a tin roof",
    "a city waking up",
    "two trains at night",
    "the last bus home",
    "a kite over the bay",
    "snow on the harbour",
)
_SPLIT = re.compile(r"(\r\n|\r\x1b\[2K|\x1b\[1A\x1b\[2K|\x1b\[\?25[lh])")
_ONLINE_FONTS = re.compile(r"@font-face \{.*?\}\s*", re.DOTALL)
_TEXT = re.compile(
    r'<text (class="terminal-r[^>]*?)x="([^"]*)"([^>]*?) textLength="[^"]*"[^>]*>([^<]*)</text>'
)
_CELL = 12.2  # the width of a letter, as Rich draws it
_FONTS = "font-family: ui-monospace, Menlo, Consolas, monospace"


def main() -> None:
    """Run the commands, and draw the end of the first and the middle of the second."""
    with tempfile.TemporaryDirectory() as folder, chdir(folder):
        Path("ideas.txt").write_text("\n".join(_IDEAS), encoding="utf-8")
        *_, one = _screens("generate", "A calm piano tune at dusk", "--simulate")
        many = next(filter(_is_telling, _screens("batch", "ideas.txt", "--simulate")))
    PICTURE.write_text(_svg(f"{one}\n\n{many}"), encoding="utf-8")
    print(PICTURE)


def _is_telling(screen: str) -> bool:
    """Whether songs are at more than one stage."""
    return "text " in screen and "first " in screen


def _screens(*argv: str) -> Iterator[str]:
    """What a terminal shows at each refresh while a command runs in it, and in the end."""
    command = " ".join(f'"{one}"' if " " in one else one for one in argv)
    lines = [f"\x1b[1m$ suno-async {command}\x1b[0m", ""]
    for part in _SPLIT.split(_sent(argv)):
        match part:
            case "\r\n":
                lines.append("")
            case "\r\x1b[2K":
                yield "\n".join(lines)
                lines[-1] = ""
            case "\x1b[1A\x1b[2K":
                lines.pop()
                lines[-1] = ""
            case "\x1b[?25l" | "\x1b[?25h":
                pass
            case _:
                lines[-1] += part
    yield "\n".join(lines).rstrip()


def _sent(argv: tuple[str, ...]) -> str:
    """All that a command sends to its terminal."""
    reading, writing = os.openpty()
    sent = bytearray()
    reader = threading.Thread(target=_read_all, args=(reading, sent.extend))
    reader.start()
    surroundings = {"COLUMNS": str(_COLUMNS), "LINES": str(_LINES), "TERM": "xterm-256color"}
    with os.fdopen(writing, "w", encoding="utf-8") as terminal:
        given = patch.dict(os.environ, surroundings)
        with given, redirect_stdout(terminal), redirect_stderr(terminal):
            code = run(argv, new_fake=lambda: FakeSuno(seed="picture"))
    reader.join()
    os.close(reading)
    if code:
        sys.exit(f"suno-async ended with {code}:\n{sent.decode()}")
    return sent.decode()


def _read_all(descriptor: int, keep: Callable[[bytes], None]) -> None:
    """Read until the other end is closed, which Linux reports as an error."""
    with suppress(OSError):
        while data := os.read(descriptor, 65536):
            keep(data)


def _svg(screen: str) -> str:
    """The screen as a picture that loads nothing from the net."""
    console = Console(record=True, width=_COLUMNS, file=io.StringIO(), highlight=False)
    console.print(Text.from_ansi(screen), crop=False, soft_wrap=True)
    drawn = console.export_svg(title="suno-async", unique_id="terminal")
    drawn = _TEXT.sub(_in_words, drawn)
    return re.sub(r"font-family: [^;]*", _FONTS, _ONLINE_FONTS.sub("", drawn))


def _in_words(drawn: re.Match[str]) -> str:
    """A text as its words between gaps, each at its place: gaps made of blanks may be lost."""
    before, x, after, text = drawn.groups()
    found = re.finditer(r"\S+(?: \S+)*", unescape(text).replace("\xa0", " "))
    return "\n".join(
        f'<text {before}x="{float(x) + one.start() * _CELL:g}"{after}'
        f' textLength="{len(one[0]) * _CELL:g}">{escape(one[0])}</text>'
        for one in found
    )


if __name__ == "__main__":
    main()
