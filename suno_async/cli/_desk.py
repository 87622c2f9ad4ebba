"""What all commands share: their common options, the client, and the books of what is paid for."""

import asyncio
import logging
import os
import shlex
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias, TypeVar

from attrs import define, field
from cyclopts import Parameter

from suno_async import (
    Attempt,
    CallOperation,
    ConfigurationError,
    DownloadFailed,
    SubmissionUnknown,
    SunoClient,
    SunoError,
    Task,
    TaskOperation,
)

from ._exits import Exit, exit_for
from ._report import Report

if TYPE_CHECKING:
    from suno_async.testing import FakeSuno

R = TypeVar("R")
_Opening: TypeAlias = AbstractAsyncContextManager[SunoClient]

_FLAG = Parameter(negative="", show_default=False)
_VERBOSE = Parameter(name=["--verbose", "-v"], negative="", show_default=False)


@Parameter(name="*")
@define(eq=False, kw_only=True)
class Desk:
    """Where a command works: it opens the client and keeps the books."""

    json: Annotated[bool, _FLAG] = False
    """For machines: one JSON object a line on stdout for each event, file and error."""
    simulate: Annotated[bool, _FLAG] = False
    """Try it out, sped up: no key is needed, nothing is sent anywhere and nothing is paid."""
    verbose: Annotated[bool, _VERBOSE] = False
    """Log each request on stderr."""

    report: Report = field(factory=Report, init=False)
    """Where it tells what happens."""
    new_fake: "Callable[[], FakeSuno] | None" = field(default=None, init=False)
    """What makes the service of a simulation, in place of the usual."""
    code: Exit = field(default=Exit.DONE, init=False)
    """How the command ends, as far as is known."""
    folder: Path | None = field(default=None, init=False)
    """Where files go, if not where they go by default."""
    unfinished: list[str] = field(factory=list[str], init=False)
    """Tokens of what is paid for and not all here yet."""
    unknown: list[SubmissionUnknown] = field(factory=list[SubmissionUnknown], init=False)
    """Requests of which nobody knows whether they were accepted, told by the log alone."""
    is_submitting: bool = field(default=False, init=False)
    """Whether a paid request is on its way."""
    _suno: SunoClient | None = field(default=None, init=False)

    @asynccontextmanager
    async def suno(self) -> AsyncGenerator[SunoClient]:
        """Open the client: of the service, or of what stands for it."""
        self.report.clock = asyncio.get_running_loop().time
        async with AsyncExitStack() as stack:
            if self.simulate:
                from . import _simulation as simulation  # noqa: PLC0415 brings a server along

                self.report.say(simulation.SENTENCE)
                fake = (self.new_fake or simulation.new_fake)()
                client: _Opening = simulation.simulated(fake, self._attempted)
            else:
                _check_key()
                client = SunoClient(on_attempt=self._attempted)
            self._suno = await stack.enter_async_context(client)
            try:
                yield self._suno
            except asyncio.CancelledError:
                self._stopping()
                raise

    async def submit(self, operation: TaskOperation[R]) -> Task[R]:
        """Start a task and book it as paid for; what it raises is as of the client's `submit`."""
        self.is_submitting = True
        self.report.asking()
        try:
            task = await self._client.submit(operation)
        except SunoError:
            self.is_submitting = False
            self.report.asking(done=True)
            raise
        self.is_submitting = False
        self.unfinished.append(task.token)
        self.report.accepted(task)
        return task

    async def call(self, operation: CallOperation[R]) -> R:
        """Ask for an answer that comes at once; what it raises is as of the client's `call`."""
        self.report.asking()
        try:
            return await self._client.call(operation)
        finally:
            self.report.asking(done=True)

    def pick_up(self, task: Task[Any]) -> None:
        """Book a task that was paid for before."""
        self.unfinished.append(task.token)
        self.report.began(task)

    def finished(self, task: Task[Any]) -> None:
        """Book a task as over, with all that it made at hand."""
        self.unfinished.remove(task.token)

    def problem(self, error: SunoError, **facts: object) -> None:
        """Tell of an error; the first one decides how the command ends."""
        code = exit_for(error)
        self.code = self.code or code
        self.report.problem(error, code, **facts)
        if isinstance(error, SubmissionUnknown):
            self.report.say(
                "Whether it was shows in the credits (suno-async credits) and on your account's "
                "page; look there before you ask for it again."
            )

    def close(self, *, interrupted: bool = False, at_once: bool = False) -> None:
        """Say what there is to pick up again."""
        self.report.stop()
        if self._suno is not None:
            self.unfinished += self._suno.unclaimed
        for error in self.unknown:
            self.problem(error)
        if self.report.lost is not None:
            self.problem(DownloadFailed(self.report.lost))
        again = [] if self.simulate else self.unfinished
        if interrupted:
            self.code = Exit.INTERRUPTED
            self.report.stopped(self._how_it_stands(at_once=at_once), again)
        elif again:
            self.report.say("What is paid for is not lost. To pick it up again:")
        if again:
            self.report.say(f"  {self._pick_up(again)}")

    @property
    def _client(self) -> SunoClient:
        assert self._suno is not None  # noqa: S101 commands ask inside of `suno()`
        return self._suno

    def _how_it_stands(self, *, at_once: bool) -> str:
        if self.simulate:
            return "Stopped: the simulation ends with this command, and nothing was paid."
        if self.unfinished:
            return "Stopped, while the service goes on with what is paid for. To pick it up again:"
        if self.unknown or not self.is_submitting:
            return "Stopped."
        if at_once:
            return "Stopped. Whether a request had left is not known: suno-async credits may tell."
        return "Stopped: nothing was paid."

    def _pick_up(self, tokens: list[str]) -> str:
        where = [] if self.folder is None else ["--out", str(self.folder)]
        return shlex.join(["suno-async", "wait", *tokens, *where])

    def _stopping(self) -> None:
        if self.is_submitting and not self.simulate:
            self.report.say(
                "Waiting for the answer to what has left, at most 30 s; Ctrl-C leaves at once."
            )

    def _attempted(self, attempt: Attempt) -> None:
        if attempt.error is not None:
            self.report.retried(attempt.number, str(attempt.error))


class Unknowns(logging.Handler):
    """Takes from the log what nobody else is told: requests in doubt whose caller has gone."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(logging.WARNING)
        self._desk = desk

    def emit(self, record: logging.LogRecord) -> None:
        """Book the error, if the record is about one."""
        error = getattr(record, "unclaimed", None)
        if isinstance(error, SubmissionUnknown):
            self._desk.unknown.append(error)


def _check_key() -> None:
    if not os.environ.get("SUNO_API_KEY", "").strip():
        raise ConfigurationError(
            "No API key: set SUNO_API_KEY (https://sunoapi.org/api-key makes one), "
            "or try --simulate, which needs none."
        )
