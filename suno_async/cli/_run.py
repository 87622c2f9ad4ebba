"""The way in: the arguments are parsed, the command is run on a loop, and its exit code found."""

from __future__ import annotations

import asyncio
import inspect
import io
import logging
import os
import re
import signal
import sys
from contextlib import contextmanager
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from cyclopts import App, CycloptsError
from cyclopts.exceptions import UnusedCliTokensError

from suno_async import ConfigurationError, SunoError

from ._commands.batch import batch
from ._commands.credits import credits as credits_
from ._commands.generate import generate
from ._commands.journal import journal
from ._commands.lyrics import lyrics
from ._commands.serve import serve
from ._commands.tasks import download, wait
from ._desk import Desk, Unknowns
from ._exits import Exit, table
from ._json_report import JsonReport
from ._report import Report
from ._signals import Presses, heeded
from ._source import STDIN

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Generator, Mapping, Sequence

    from suno_async.testing import FakeSuno

_LAST_MOMENT = 1.0  # seconds for what is cancelled at the second Ctrl-C

_commands = App(
    name="suno-async",
    help=(
        "Songs from the Suno API (sunoapi.org).\n\n"
        "SUNO_API_KEY holds the key; SUNO_BASE_URL may name another address. "
        "Results go to stdout, progress and errors to stderr."
    ),
    help_epilogue=f"Exit codes:\n\n{table()}",
    help_format="plaintext",
    version=lambda: version("suno-async"),
    group_parameters="Options",
)
_ARGUMENTS: Mapping[Callable[..., Coroutine[Any, Any, None]], str] = {
    generate: " [PROMPT]",
    batch: " FILE",
    wait: " TOKEN...",
    download: " TOKEN...",
    lyrics: " PROMPT",
    journal: " FILE",
    credits_: "",
    serve: "",
}
"""The commands in the order of the help, and what each takes beside options."""
for _place, (_command, _arguments) in enumerate(_ARGUMENTS.items()):
    _commands.command(
        _command,
        sort_key=_place,
        usage=f"Usage: suno-async {_command.__name__} [OPTIONS]{_arguments}",
        help_epilogue="suno-async --help lists the exit codes.",
    )


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
        command, bound, _ = _commands.parse_args(
            _dashes_as_files(argv), exit_on_error=False, print_error=False
        )
    except CycloptsError as error:
        desk = _set_up(Desk(json="--json" in argv))
        desk.problem(_misuse(error, argv))
        return desk.code
    if not inspect.iscoroutinefunction(command):  # --help, --version
        command(*bound.args, **bound.kwargs)
        return Exit.DONE
    desk = _set_up(bound.arguments.get("desk") or Desk())
    desk.new_fake = new_fake
    desk.argv = argv
    if "desk" in bound.signature.parameters:
        bound.arguments["desk"] = desk
    with _logging(desk):
        return _run(partial(command, *bound.args, **bound.kwargs), desk, new_loop)


def _run(
    work: Callable[[], Coroutine[Any, Any, None]],
    desk: Desk,
    new_loop: Callable[[], asyncio.AbstractEventLoop] | None,
) -> int:
    if new_loop is None and desk.simulate:
        from ._simulation import new_loop  # noqa: PLC0415 brings a server along

    async def to_its_end(presses: Presses) -> None:
        with presses.end_this_task():
            try:
                await work()
            except SunoError as error:
                desk.problem(error)

    interrupted = False
    # the signals outermost: one that comes while the loop closes must not break that off
    with heeded(desk.hang_up) as presses, asyncio.Runner(loop_factory=new_loop) as runner:
        try:
            runner.run(to_its_end(presses))
        except (KeyboardInterrupt, asyncio.CancelledError):
            interrupted = True
            if not presses.is_over:
                _leave_at_once(runner.get_loop(), desk)
        finally:  # also before the traceback of a bug: what is paid for must be named
            desk.close(interrupted=interrupted)
            presses.is_said = True
    return desk.code


def _leave_at_once(loop: asyncio.AbstractEventLoop, desk: Desk) -> NoReturn:
    """At the second Ctrl-C: say what is in doubt, and end, whatever threads may wait for."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        left = asyncio.all_tasks(loop)
        for one in left:
            one.cancel()
        if left:
            loop.run_until_complete(asyncio.wait(left, timeout=_LAST_MOMENT))
        desk.close(interrupted=True, at_once=True)
        sys.stdout.flush()
    finally:
        os._exit(Exit.INTERRUPTED)  # a thread that hangs would hold a plain exit


def _dashes_as_files(argv: Sequence[str]) -> list[str]:
    """A `-` is stdin, not an option: said in the way that the parser understands."""
    end = argv.index("--") if "--" in argv else len(argv)
    return [f"@{STDIN}" if one == STDIN else one for one in argv[:end]] + list(argv[end:])


def _set_up(desk: Desk) -> Desk:
    """Choose how to report: to a machine, to a log or to a terminal."""
    if desk.json:
        desk.report = JsonReport()
    else:
        desk.report = Report()
        console = desk.report.console
        if sys.stderr.isatty() and not console.is_dumb_terminal and not desk.verbose:
            from ._live import LiveReport  # noqa: PLC0415 for terminals only

            desk.report = LiveReport(console)
    return desk


def _misuse(error: CycloptsError, argv: Sequence[str]) -> ConfigurationError:
    what = str(error)
    if isinstance(error, UnusedCliTokensError):
        words = " ".join(error.unused_tokens or ())
        what = f"One argument too many: {words!r}. A text of several words needs quotes."
    what += _hint(argv)
    command = " ".join(["suno-async", *(error.command_chain or ()), "--help"])
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


@contextmanager
def _logging(desk: Desk) -> Generator[None]:
    """Log to stderr if asked to, else keep the log quiet but for what the desk must know."""
    log = logging.getLogger("suno_async")
    handlers: list[logging.Handler] = [Unknowns(desk)]
    level = log.level
    if desk.verbose:
        shown = logging.StreamHandler()
        shown.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
        handlers.append(shown)
        log.setLevel(logging.DEBUG)
    for handler in handlers:
        log.addHandler(handler)
    try:
        yield
    finally:
        log.setLevel(level)
        for handler in handlers:
            log.removeHandler(handler)
