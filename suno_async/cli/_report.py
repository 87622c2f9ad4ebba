"""What a command reports: results on stdout; progress, notes and errors for people on stderr."""

from __future__ import annotations

import json
import os
import stat
import sys
from collections.abc import Callable, Iterable, Mapping
from typing import IO, TYPE_CHECKING, Any, TypeGuard

from attrs import define, field
from rich.console import Console
from rich.text import Text

from suno_async import (
    Lyrics,
    RateLimited,
    RecoveredAudio,
    Stage,
    SubmissionUnknown,
    TaskEvent,
    Track,
    operation_to_dict,
)
from suno_async.errors import Maintenance

if TYPE_CHECKING:
    from pathlib import Path

    from suno_async import SunoError, Task, TaskOperation
    from suno_async.results import Result

    from ._counts import Counts


class _Stderr(Console):
    """Goes silent when its reader has gone, for what is paid for shall be fetched all the same."""

    def __init__(self) -> None:
        super().__init__(stderr=True, markup=False, emoji=False, highlight=False)

    def on_broken_pipe(self) -> None:
        self.quiet = True
        go_nowhere([self.file])


@define(eq=False)
class Report:
    """Plain lines, for pipes and logs; the base of other reports."""

    console: Console = field(factory=_Stderr)
    """Where people read."""
    clock: Callable[[], float] = field(default=lambda: 0.0, init=False)
    """The time in seconds, the service's own in a simulation."""
    lost: str | None = field(default=None, init=False)
    """Why results could not be put out."""
    lines: dict[str, int] = field(factory=dict[str, int], init=False)
    """Of a batch's tasks, by token, the lines that they come from."""
    is_quiet: bool = field(default=False, init=False)
    """Whether only what went wrong is reported to people."""
    _began: dict[str, float] = field(factory=dict[str, float], init=False)

    def count(self, counts: Counts) -> None:
        """Show how a batch stands from now on."""

    def say(self, sentence: str) -> None:
        """Tell people something, unless they want quiet."""
        if not self.is_quiet:
            self._print(sentence, "")

    def advise(self, sentence: str) -> None:
        """Tell people how to go on, in any case."""
        self._print(sentence, "")

    def asking(self, *, done: bool = False) -> None:
        """A request is on its way, or is answered."""

    def retried(self, attempt: str, why: str) -> None:
        """An attempt to ask has failed."""

    def parked(self, outage: SunoError | None) -> None:
        """A batch waits for the end of this outage, or goes on."""
        if outage is None:
            self.say("The service answers again: it goes on.")
        else:
            why = "" if isinstance(outage, SubmissionUnknown) else f" {outage}"  # reported already
            self.say(f"Waiting for {awaited(outage)}... Nothing is submitted meanwhile.{why}")

    def gave_up(self, outage: SunoError, patience: float) -> None:
        """A batch has ended, for the outage lasted too long."""
        is_bounded = not isinstance(outage, SubmissionUnknown)
        how_long = f" after {patience:g} s (--patience)" if is_bounded else ""
        self.say_badly(f"Gave up waiting for {awaited(outage)}{how_long}.")

    def planned(self, line: int, operation: TaskOperation[Any], fate: str) -> None:
        """A dry run has found what a batch would do with a line."""
        if fate == "sent":
            fields = operation_to_dict(operation)
            asked = ", ".join(f"{name}={value!r}" for name, value in fields.items())
            self.result(f"line {line}: {type(operation).__name__}({asked})")

    def accepted(self, task: Task[Any]) -> None:
        """A task is paid for."""
        self.began(task)
        self.say(f"{self._name(task)}: accepted")

    def began(self, task: Task[Any]) -> None:
        """A task is being followed from now on."""
        self._began[task.token] = self.clock()

    def resumed(self, task: Task[Any]) -> None:
        """A task of an earlier run is being followed from now on."""
        self.began(task)
        self.say(f"{self._name(task)}: goes on since an earlier run")

    def known(self, task: Task[Any], event: TaskEvent[Any]) -> None:
        """A task was complete in an earlier run."""

    def ended(self, task: Task[Any]) -> None:
        """Nothing more will be reported of a task."""
        self._began.pop(task.token, None)
        self.lines.pop(task.token, None)

    def reached(self, task: Task[Any], event: TaskEvent[Any]) -> None:
        """A task has reached a stage."""
        if task.token in self.lines and event.stage is not Stage.COMPLETE:
            return  # a batch's log is long enough
        songs = [item for item in items(event.result) if isinstance(item, Track)]
        more = ""
        if event.stage is Stage.TEXT and songs and songs[0].title:
            more = f", {songs[0].title!r}"
        if event.stage is Stage.FIRST:
            more = f", {sum(song.is_ready for song in songs)} of {len(songs)} songs"
        self.say(f"{self._name(task)}: {in_words(event.stage)} after {self.age(task)}{more}")

    def fetching(self, task: Task[Any], item: Any, done: int, total: int | None) -> None:
        """So many bytes of a file are there."""

    def written(self, task: Task[Any], item: Any, path: Path) -> None:  # noqa: ARG002 for others
        """A file is whole."""
        self.result(str(path))

    def words(self, lyrics: Lyrics) -> None:
        """Lyrics are there."""
        if lyrics.is_ready:
            self.result(f"{lyrics.title or 'Untitled'}\n\n{(lyrics.text or '').strip()}\n")

    def data(self, made: Result) -> None:
        """Something is there that is no file and no text."""
        self.result(json.dumps(made.to_dict(), indent=2, ensure_ascii=False))

    def answer(self, name: str, value: float) -> None:  # noqa: ARG002 for others
        """A question is answered."""
        self.result(f"{value:.15g}")

    def failed(self, task: Task[Any]) -> None:
        """A task will not go further."""

    def problem(self, error: SunoError, code: int, **facts: object) -> None:  # noqa: ARG002 for others
        """Something went wrong, by this error and exit code."""
        # of a refusal the caller names the line, of a task it is known
        line = facts.get("line", self.lines.get(str(facts.get("task"))))
        where = "" if line is None else f"line {line}: "
        if not facts.get("is_repeated"):
            self.say_badly(f"Error: {where}{error}")

    def summary(self, counts: Mapping[str, object], sentence: str) -> None:  # noqa: ARG002 for others
        """A batch, or what it would be, as counts and in words."""
        self.say(sentence)

    def say_badly(self, sentence: str) -> None:
        """Tell people that something went wrong."""
        self._print(sentence, "red")

    def stopped(self, sentence: str, tokens: list[str]) -> None:  # noqa: ARG002 for others
        """The command was interrupted while these were being made."""
        self.advise(sentence)

    def stop(self) -> None:
        """Nothing moves any more."""

    def result(self, text: str) -> None:
        """Put out what the command is for."""
        try:
            print("\n".join(map(clean, text.split("\n"))), flush=True)  # noqa: T201 its purpose
        except OSError as error:
            if not isinstance(error, BrokenPipeError):  # as of `| head -1`, which has read enough
                self.lost = f"stdout cannot be written to: {error.strerror}."
            go_nowhere([sys.stdout])

    def _print(self, sentence: str, style: str) -> None:
        """Print a line, which only the terminal itself breaks, so that it is copied whole."""
        text = Text(clean(sentence), style=style, overflow="ignore")
        self.console.print(text, soft_wrap=True, crop=False)

    def _name(self, task: Task[Any]) -> str:
        line = self.lines.get(task.token)
        return task.token if line is None else f"line {line}: {task.token}"

    def age(self, task: Task[Any]) -> str:
        """How long a task has been followed, as m:ss."""
        return as_time(self.clock() - self._began[task.token])


def awaited(outage: SunoError) -> str:
    """The thing whose return ends this outage, in words."""
    match outage:
        case Maintenance():
            return "the end of the service's maintenance"
        case RateLimited():
            return "the service's rate, which others use up"
        case SubmissionUnknown():
            return "the service, which does not answer"
        case _:
            return "the network"


def items(result: Any) -> tuple[Any, ...]:
    """The parts of a task's result; most kinds have one."""
    return result if _is_many(result) else (result,)


def _is_many(result: object) -> TypeGuard[tuple[Any, ...]]:
    return isinstance(result, tuple)


def key_of(item: Any) -> str:
    """The id of a part of a result; empty where the result has one part."""
    return item.id if isinstance(item, Track | RecoveredAudio) else ""


def stage_of(item: Any, event: TaskEvent[Any]) -> Stage:
    """How far a part of a result is: of two songs, one can be heard before the other."""
    if event.stage is Stage.FIRST and isinstance(item, Track) and not item.is_ready:
        return Stage.TEXT
    return event.stage


def in_words(stage: str) -> str:
    """A stage, or `failed`, as people call it."""
    return {Stage.PENDING: "waiting", Stage.COMPLETE: "done", "failed": "failed"}.get(
        stage, "in progress"
    )


def as_time(seconds: float) -> str:
    """Seconds as m:ss or h:mm:ss."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def clean(text: str) -> str:
    """Text without what could move the cursor or end the line: not all of it is ours."""
    return "".join(letter if letter.isprintable() else " " for letter in text)


def is_device(stream: IO[str]) -> bool:
    """Whether a stream is a terminal, or was one: `isatty` says no of one that is gone."""
    return stat.S_ISCHR(os.fstat(stream.fileno()).st_mode)


def go_nowhere(streams: Iterable[IO[str]]) -> None:
    """Let what is written to these go nowhere from now on."""
    # the descriptor itself, not the stream: Python flushes its streams once more at the end
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in streams:
        os.dup2(nowhere, stream.fileno())
    os.close(nowhere)
