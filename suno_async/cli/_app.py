"""The way in: the arguments are parsed, and only what their command needs is loaded."""

from __future__ import annotations

import inspect
import io
import os
import re
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, cast

from cyclopts import App, CycloptsError
from cyclopts.exceptions import UnusedCliTokensError

from suno_async import __version__

from ._exits import Exit, table

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Sequence

    from suno_async import ConfigurationError
    from suno_async.testing import FakeSuno

_STDIN = "-"

_COMMANDS = {
    "generate": (
        "generate",
        " [PROMPT]",
        "Make two songs, and write their files.",
    ),
    "batch": ("batch", " FILE", "Make everything a file asks for, and write the files."),
    "wait": (
        "tasks",
        " TOKEN...",
        "Follow tasks to their end, and write their files.",
    ),
    "download": ("tasks", " TOKEN...", "Write the files of tasks that are complete."),
    "extend": ("made_from", " TOKEN", "Carry a song on: two songs that begin as it does."),
    "stems": ("made_from", " TOKEN", "Take a song apart into stems, and write each as a file."),
    "wav": ("made_from", " TOKEN", "Convert a song to WAV."),
    "video": ("made_from", " TOKEN", "Make a music video of a song."),
    "cover": ("made_from", " TOKEN", "Make two cover images for the songs of a task."),
    "lyrics": ("lyrics", " PROMPT", "Write lyrics, in two versions or more, and print them."),
    "journal": ("journal", " FILE", "Show what was submitted with a journal, and how it stands."),
    "credits": ("credits", "", "Show how many credits are left."),
    "serve": ("serve", "", "Run an imitation of the service, for trying out programs."),
}
"""The commands in the order of the help: the room each is in, what it takes beside options, and its
first line, which is written again here so that the list is shown without loading them."""


def _app_for(argv: Sequence[str]) -> App:
    """The commands; the one that is asked for tells its own help, in full."""
    app = App(
        name="suno-async",
        help=(
            "Songs from the Suno API (sunoapi.org).\n\n"
            "SUNO_API_KEY holds the key; SUNO_BASE_URL may name another address. "
            "Results go to stdout, progress and errors to stderr."
        ),
        help_epilogue=f"Exit codes:\n\n{table()}",
        help_format="plaintext",
        version=__version__,
        group_parameters="Options",
    )
    for place, (name, (room, arguments, summary)) in enumerate(_COMMANDS.items()):
        app.command(
            f"suno_async.cli._commands.{room}:{name}",
            help=None if name in argv else summary,
            sort_key=place,
            usage=f"Usage: suno-async {name} [OPTIONS]{arguments}",
            help_epilogue="suno-async --help lists the exit codes.",
        )
    help_text = "Install completion for this shell, and say where."
    cast("Any", app).register_install_completion_command(help=help_text, show=True)  # is half typed
    return app


def app(argv: Sequence[str] | None = None) -> NoReturn:
    """Run a command and end the program with its exit code."""
    _open_streams()
    try:  # Ctrl-C while modules load, or after all is done
        code = run(sys.argv[1:] if argv is None else argv)
    except KeyboardInterrupt:
        code = Exit.INTERRUPTED
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # all is said: a late one would bring a traceback
    sys.exit(code)


def _open_streams() -> None:
    """Give a place to what was closed before the program began, as by `2>&-`."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            nowhere = Path(os.devnull).open(mode)  # noqa: SIM115 for as long as the program runs
            setattr(sys, name, nowhere)


def run(
    argv: Sequence[str],
    *,
    new_loop: Callable[[], asyncio.AbstractEventLoop] | None = None,
    new_fake: Callable[[], FakeSuno] | None = None,
) -> int:
    """Run a command and return its exit code.

    `new_loop` makes the loop it runs on, and `new_fake` the service of a simulation, if not the
    usual ones.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a title in any script, a terminal in few
    try:
        command, bound, _ = _app_for(argv).parse_args(
            _dashes_as_files(argv), exit_on_error=False, print_error=False
        )
    except CycloptsError as error:
        from ._run import refuse  # noqa: PLC0415 brings the whole package along

        return refuse(_misuse(error, argv), as_json="--json" in argv)
    if not inspect.iscoroutinefunction(command):  # --help, --version
        return _show(lambda: command(*bound.args, **bound.kwargs))
    from ._run import run_command  # noqa: PLC0415 as above

    return run_command(command, bound, argv, new_loop, new_fake)


def _show(text: Callable[[], object]) -> int:
    """Print a help text; a reader that has read enough, as `| head -1`, is no error."""
    try:
        text()
        sys.stdout.flush()
    except (BrokenPipeError, SystemExit):  # rich makes the one of the other
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # flushed again at the end
    return Exit.DONE


def _dashes_as_files(argv: Sequence[str]) -> list[str]:
    """A `-` is stdin, not an option: said in the way that the parser understands."""
    end = argv.index("--") if "--" in argv else len(argv)
    return [f"@{_STDIN}" if one == _STDIN else one for one in argv[:end]] + list(argv[end:])


def _misuse(error: CycloptsError, argv: Sequence[str]) -> ConfigurationError:
    what = str(error)
    if isinstance(error, UnusedCliTokensError):
        words = " ".join(error.unused_tokens or ())
        what = f"One argument too many: {words!r}. A text of several words needs quotes."
    what += _hint(argv)
    command = " ".join(["suno-async", *(error.command_chain or ()), "--help"])
    from suno_async import ConfigurationError  # noqa: PLC0415 brings the whole package along

    return ConfigurationError(f"{what} See {command}.")


def _hint(argv: Sequence[str]) -> str:
    """How to give a text that begins with a -, if that may be what went wrong."""
    # the parser took a text for an option: which one shows by its blanks
    for before, word in zip(["", *argv], argv, strict=False):
        if re.match(r"-\S*\s", word):  # no option holds a blank
            is_value = before.startswith("--") and "=" not in before
            how = f'behind =, as in {before}="{word}"' if is_value else f'behind --: -- "{word}"'
            return f" A text that begins with - is given {how}."
    return ""
