"""A command on its loop: signals are heeded, errors reported, and the exit code is found."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, NoReturn

from suno_async import SunoError

from ._desk import Desk, Unknowns
from ._exits import Exit
from ._json_report import JsonReport
from ._report import Report
from ._signals import Presses, heeded

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Generator, Sequence
    from inspect import BoundArguments

    from suno_async.testing import FakeSuno

_LAST_MOMENT = 1.0  # seconds for what is cancelled at the second Ctrl-C


def run_command(
    command: Callable[..., Coroutine[Any, Any, None]],
    bound: BoundArguments,
    argv: Sequence[str],
    new_loop: Callable[[], asyncio.AbstractEventLoop] | None,
    new_fake: Callable[[], FakeSuno] | None,
) -> int:
    """Run a command with its arguments, and return its exit code."""
    desk = _set_up(bound.arguments.get("desk") or Desk())
    desk.new_fake = new_fake
    desk.argv = argv
    if "desk" in bound.signature.parameters:
        bound.arguments["desk"] = desk
    with _logging(desk):
        return _run(partial(command, *bound.args, **bound.kwargs), desk, new_loop)


def refuse(error: SunoError, *, as_json: bool) -> int:
    """Report what was wrong with the arguments, and return the exit code for it."""
    desk = _set_up(Desk(json=as_json))
    desk.problem(error)
    return desk.code


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
            if not presses.is_done:
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


def _set_up(desk: Desk) -> Desk:
    """Choose how to report: to a machine, to a log or to a terminal."""
    if desk.json:
        desk.report = JsonReport()
    elif desk.quiet:
        desk.report = Report()
    else:
        desk.report = Report()
        console = desk.report.console
        if sys.stderr.isatty() and not console.is_dumb_terminal and not desk.verbose:
            from ._live import LiveReport  # noqa: PLC0415 for terminals only

            desk.report = LiveReport(console)
    desk.report.is_quiet = desk.quiet
    return desk


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
