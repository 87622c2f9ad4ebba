"""What all commands share: common options, the client, and the account of what is paid for."""

import asyncio
import json
import logging
import os
import shlex
import sys
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias, TypeVar

from attrs import asdict, define, field
from cyclopts import Parameter

from suno_async import (
    Attempt,
    CallOperation,
    ConfigurationError,
    ConnectionFailed,
    DownloadFailed,
    RateLimited,
    RequestTimeout,
    SubmissionUnknown,
    SunoClient,
    SunoError,
    Task,
    TaskFailed,
    TaskOperation,
    operation_to_dict,
)
from suno_async.errors import Maintenance, ServerError

from ._exits import Exit, exit_for, graver
from ._inputs import FLAG, SONGS, Beside, Kept
from ._report import Report, go_nowhere, is_device

if TYPE_CHECKING:
    from suno_async.testing import FakeSuno

R = TypeVar("R")
_Opening: TypeAlias = AbstractAsyncContextManager[SunoClient]

PASSING = (ConnectionFailed, RequestTimeout, RateLimited, Maintenance, ServerError)
"""Errors that are tried again."""
_QUIET = Parameter(name=["--quiet", "-q"])
_VERBOSE = Parameter(name=["--verbose", "-v"])
_SOON = 0.3  # seconds: an end that takes no longer needs no explanation
_DIGEST = 24  # characters: a key that fits a line, and is met twice by no account
_FEW = 10  # tokens that a command line shows


@Parameter(name="*")
@define(eq=False, kw_only=True)
class Desk:
    """Where a command works: it opens the client and keeps account of what is paid for."""

    json: Annotated[bool, FLAG] = False
    """For machines: one JSON object a line on stdout for each event, file and error."""
    simulate: Annotated[bool, FLAG] = False
    """Try it out, sped up: no key is needed, and nothing is sent or paid."""
    quiet: Annotated[bool, FLAG, _QUIET] = False
    """Say nothing on stderr but what went wrong, and how to go on."""
    verbose: Annotated[bool, FLAG, _VERBOSE] = False
    """Log each request on stderr."""

    report: Report = field(factory=Report, init=False)
    """Where the command reports what happens."""
    new_fake: "Callable[[], FakeSuno] | None" = field(default=None, init=False)
    """What makes the service of a simulation, in place of the usual."""
    argv: Sequence[str] = field(default=(), init=False)
    """The command's arguments."""
    code: Exit = field(default=Exit.DONE, init=False)
    """How the command ends, as far as is known."""
    folder: Path = field(default=SONGS, init=False)
    """Where files go."""
    beside: Beside = field(factory=Beside, init=False)
    """What is written beside the audio of a song."""
    unfinished: dict[str, None] = field(factory=dict[str, None], init=False)
    """Tokens of what is paid for and not all here yet."""
    without_record: set[str] = field(factory=set[str], init=False)
    """Those of them of which the service has no record."""
    kept: Kept = field(factory=Kept, init=False)
    """How what is paid for is remembered."""
    line_of: Callable[[str], int | None] = field(default=lambda _: None, init=False)
    """Finds the line of a batch's input that a submission is for."""
    is_resumable: bool = field(default=False, init=False)
    """Whether the same command, given again, goes on with all of it."""
    is_partial: bool = field(default=False, init=False)
    """Whether there is more to do that is not paid for yet."""
    unknown: list[tuple[SubmissionUnknown, object]] = field(
        factory=list[tuple[SubmissionUnknown, object]], init=False
    )
    """Requests in doubt whose caller has gone, as the log says; each with what was asked for."""
    about: Callable[[object], dict[str, object]] = field(default=lambda _: {}, init=False)
    """Finds what to report of a request beside its error."""
    parked_by: SunoError | None = field(default=None, init=False)
    """The outage that a batch waits for the end of, as the log says."""
    is_submitting: bool = field(default=False, init=False)
    """Whether a paid request is on its way."""
    is_unseen: bool = field(default=False, init=False)
    """Whether the terminal is gone, so that tokens must be kept in a file."""
    _advised: bool = field(default=False, init=False)
    _has_failed: bool = field(default=False, init=False)
    _attempts: set[str] = field(factory=set[str], init=False)
    """The submissions that this run has sent, or tried to."""
    _suno: SunoClient | None = field(default=None, init=False)

    @asynccontextmanager
    async def suno(
        self, journal: str | Path | None = None, account: str | None = None
    ) -> AsyncGenerator[SunoClient]:
        """Open the client: of the service, or of what stands for it."""
        loop = asyncio.get_running_loop()
        self.report.clock = loop.time
        saying: asyncio.TimerHandle | None = None
        try:
            async with AsyncExitStack() as stack:
                self._suno = await stack.enter_async_context(self._opening(journal, account))
                try:
                    yield self._suno
                except asyncio.CancelledError:
                    # closing waits for answers to what was paid for, which can take a while
                    saying = loop.call_later(_SOON, self._still_waiting)
                    raise
        finally:
            if saying is not None:
                saying.cancel()

    def _opening(self, journal: str | Path | None, account: str | None) -> _Opening:
        if self.simulate:
            from . import _simulation as simulation  # noqa: PLC0415 brings a server along

            self.report.say(simulation.SENTENCE)
            fake = (self.new_fake or simulation.new_fake)()
            # without a journal, which would believe in songs that end with the simulation
            return simulation.simulated(fake, self._attempted)
        try:
            return SunoClient(account=account, journal=journal, on_attempt=self._attempted)
        except ConfigurationError as error:
            if os.environ.get("SUNO_API_KEY", "").strip():
                raise
            raise ConfigurationError(f"{error} To try it out, --simulate needs no key.") from None

    @asynccontextmanager
    async def keeping(self, kept: Kept) -> AsyncGenerator[SunoClient]:
        """Open the client with its journal, from which the same command goes on."""
        self.kept = kept
        self.is_resumable = kept.journal is not None and not self.simulate
        async with self.suno(kept.place(), kept.account) as suno:
            yield suno

    async def submit(self, operation: TaskOperation[R]) -> Task[R]:
        """Start a task and note it as paid for; raises what the client's `submit` does.

        With a journal, the same request is the same task in every run.
        """
        # stays set if this is cancelled: then it is not known whether the request had left
        self.is_submitting = True
        self.report.asking()
        try:
            task, is_new = await self._sent(operation)
        except SunoError as error:
            self.is_submitting = False
            self.is_partial = not isinstance(error, SubmissionUnknown)  # which would be the same
            self.report.asking(done=True)
            raise
        self.is_submitting = False
        self.unfinished[task.token] = None
        (self.report.accepted if is_new else self.report.resumed)(task)
        return task

    async def _sent(self, operation: TaskOperation[R]) -> tuple[Task[R], bool]:
        """The request's task, and whether this run has sent it."""
        if not self.is_resumable:
            return await self._client.submit(operation), True
        asked = json.dumps([type(operation).__name__, operation_to_dict(operation)], sort_keys=True)
        digest = sha256(asked.encode()).hexdigest()[:_DIGEST]
        number = 1  # of the times that it was to be sent again after a failure
        while True:
            key = f"command:{digest}:{number}"
            task = await self._client.submit(
                operation, idempotency_key=key, resend_unknown=self.kept.resend_unknown
            )
            is_new = key in self._attempts
            if is_new or task.failure is None or not self.kept.retry_failed:
                return task, is_new
            number += 1

    async def call(self, operation: CallOperation[R]) -> R:
        """Ask for an answer that comes at once; raises what the client's `call` does."""
        self.report.asking()
        try:
            return await self._client.call(operation)
        finally:
            self.report.asking(done=True)

    def pick_up(self, task: Task[Any]) -> None:
        """Note a task that was paid for before."""
        self.unfinished[task.token] = None
        self.report.began(task)

    def finished(self, task: Task[Any]) -> None:
        """Forget a task of which all is here, unless that could not be put out."""
        if self.report.lost is None:
            self.unfinished.pop(task.token, None)

    def problem(self, error: SunoError, **facts: object) -> None:
        """Report an error; the gravest one decides how the command ends."""
        code = exit_for(error)
        self.code = graver(self.code, code)
        self.report.problem(error, code, **facts)
        self._has_failed |= isinstance(error, TaskFailed)
        if isinstance(error, SubmissionUnknown) and not self._advised:
            self._advised = True
            again = "; --resend-unknown sends it again" if self.is_resumable else ""
            self.report.advise(
                "Whether it was shows in the credits (suno-async credits) and on your account's "
                f"page; look there before you ask for it again{again}."
            )

    def park(self, outage: SunoError | None) -> None:
        """Report what a batch waits for from now on, or that it goes on."""
        self.parked_by = outage
        self.report.parked(outage)

    def hang_up(self) -> None:
        """The terminal is gone: from now on say nothing to it, which would fail."""
        self.is_unseen = True
        go_nowhere(stream for stream in (sys.stdout, sys.stderr) if is_device(stream))

    def close(self, *, interrupted: bool = False, at_once: bool = False) -> None:
        """Say what there is to pick up again."""
        self.report.stop()  # first, for what follows is to stay on the screen
        if self._suno is not None:
            self.unfinished |= dict.fromkeys(self._suno.unclaimed)
        for error, asked in self.unknown:
            self.problem(error, **self.about(asked))
        if self.report.lost is not None:
            self.problem(DownloadFailed(self.report.lost))
        # a simulation's tasks end with it: there is nothing to pick up
        tokens = [] if self.simulate else list(self.unfinished)
        if interrupted:
            self.code = Exit.INTERRUPTED
            self.report.stopped(self._how_it_stands(tokens, at_once=at_once), tokens)
        elif tokens and self.without_record.issuperset(tokens):
            self.report.advise("If the token is right, it can be asked for again in a moment:")
        elif tokens:
            self.report.advise("What is paid for is not lost. To pick it up again:")
        elif self._goes_on:
            self.report.advise("There is more to do. To go on:")
        if tokens or self._goes_on:
            self.report.advise(f"  {self._again(tokens)}")
        self._offer_more()

    def _offer_more(self) -> None:
        if self._has_failed and not self.kept.retry_failed:
            self._offer("To send again what has failed:", "--retry-failed")
        if self._advised and not self.kept.resend_unknown:
            self._offer("To send again what is in doubt, which may pay twice:", "--resend-unknown")

    def _offer(self, sentence: str, option: str) -> None:
        """Print this command with one option more, where a journal knows what it is about."""
        if self.is_resumable:
            self.report.advise(sentence)
            end = self.argv.index("--") if "--" in self.argv else len(self.argv)
            words = ["suno-async", *self.argv[:end], option, *self.argv[end:]]
            self.report.advise(f"  {shlex.join(words)}")

    @property
    def _client(self) -> SunoClient:
        assert self._suno is not None  # noqa: S101 commands ask inside of `suno()`
        return self._suno

    @property
    def _goes_on(self) -> bool:
        return self.is_resumable and self.is_partial

    def _how_it_stands(self, tokens: list[str], *, at_once: bool) -> str:
        if self.simulate:
            return "Stopped: the simulation ends with this command, and nothing was paid."
        if tokens:
            many = f"the {len(tokens)} tasks that are" if len(tokens) > 1 else "what is"
            return f"Stopped, while the service goes on with {many} paid for. To pick it up again:"
        if self._goes_on:
            return "Stopped. To go on:"
        if self.unknown or not self.is_submitting:
            return "Stopped."
        if at_once:
            return "Stopped. Whether a request had left is not known: suno-async credits may tell."
        return "Stopped: nothing was paid."

    def _again(self, tokens: list[str]) -> str:
        if self.is_resumable:  # the journal knows the tasks, and the lines that come after them
            return shlex.join(["suno-async", *self.argv])
        where = [f"--{name}" for name, is_asked in asdict(self.beside).items() if is_asked]
        where += [] if self.folder == SONGS else ["--out", str(self.folder)]
        return shlex.join(["suno-async", "wait", *self._kept(tokens), *where])

    def _kept(self, tokens: list[str]) -> list[str]:
        """The arguments that name these tasks: if they are not few, a file that holds them."""
        if len(tokens) <= (0 if self.is_unseen else _FEW):
            return tokens
        path = Path(f"unfinished-{datetime.now():%Y%m%d-%H%M%S-%f}.txt")  # noqa: DTZ005 people's time
        try:
            path.write_text("".join(f"{token}\n" for token in tokens), "utf-8")
        except OSError:  # a long command is better than none
            return tokens
        return [f"@{path}"]

    def _still_waiting(self) -> None:
        if not self.simulate:
            self.report.say(
                "Waiting for the answer to what has left, at most 30 s; Ctrl-C leaves at once."
            )

    def _attempted(self, attempt: Attempt) -> None:
        self._attempts.add(attempt.submission_id)
        if isinstance(attempt.error, PASSING):
            line = self.report.lines.get(attempt.token) or self.line_of(attempt.submission_id)
            where = "" if line is None else f"line {line}, "
            self.report.retried(f"{where}attempt {attempt.attempt}", str(attempt.error))


class Unknowns(logging.Handler):
    """Takes from the log what is said nowhere else: doubts without a caller, outages, hints."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(logging.WARNING)
        self._desk = desk
        self._hints: set[str] = set()

    def emit(self, record: logging.LogRecord) -> None:
        """Note the error, if the record is about one; say a hint once, however many it is for."""
        marks = vars(record)
        if "hint" in marks and marks["hint"] not in self._hints:
            self._hints.add(marks["hint"])
            self._desk.report.say(f"Note: {marks['hint']}.")
        if "journal" in marks:
            self._desk.report.say(f"Note: {record.getMessage()}.".replace("..", "."))
        if "parked" in marks:
            self._desk.park(marks["parked"])
        outage = self._desk.parked_by
        ended_by: object = marks.get("ended_by")
        if outage is not None and ended_by is outage:
            self._desk.report.gave_up(outage, marks["patience"])
        error = getattr(record, "unclaimed", None)
        if isinstance(error, SubmissionUnknown):
            self._desk.unknown.append((error, getattr(record, "asked", None)))
