"""A batch while it runs: lines go in, tasks and outcomes come out, files are fetched."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import aclosing
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from attrs import asdict, define, field

from suno_async import (
    InvalidRequest,
    Outcome,
    SubmissionUnknown,
    SunoClient,
    SunoError,
    Task,
    TaskEvent,
    TaskOperation,
    operation_to_dict,
)
from suno_async.batch import Keys

from ._counts import Counts, End, end_of
from ._delivery import Delivery
from ._desk import Desk
from ._inputs import Terms
from ._requests import Line, Request, Requests

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from ._report import Report

_FEW = 8  # line numbers that a sentence names
_MOST_WAITING = 100  # songs whose files are waited for before more outcomes are taken


@define(eq=False)
class BatchRun:
    """One run of a batch."""

    _desk: Desk
    _suno: SunoClient
    _folder: Path
    _terms: Terms
    _counts: Counts
    _open: dict[int, Line] = field(factory=dict[int, Line], init=False)
    """By their index, the lines that were read and have not ended."""
    _followed: dict[int, Callable[[], None]] = field(
        factory=dict[int, Callable[[], None]], init=False
    )
    """By their index, what ends following a task that is being made."""
    _refused: dict[str, list[int]] = field(factory=dict[str, list[int]], init=False)
    """The lines that were not accepted, by what was said."""
    _keys: dict[str, int] = field(factory=dict[str, int], init=False)
    """The lines by the keys under which a journal knows them."""
    _files: set[asyncio.Task[None]] = field(factory=set["asyncio.Task[None]"], init=False)

    async def run(self, requests: Requests) -> None:
        """Make all of it; problems are reported, not raised."""
        self._desk.report.count(self._counts)
        self._desk.about, self._desk.line_of = self._about, self._keys.get
        try:
            async with asyncio.TaskGroup() as group:
                await self._take_all(requests, group)
        finally:
            self._close()

    async def _take_all(self, requests: Requests, group: asyncio.TaskGroup) -> None:
        batch = self._suno.batch(
            self._items(requests),
            **asdict(self._terms),
            retry_failed=self._desk.kept.retry_failed,
            resend_unknown=self._desk.kept.resend_unknown,
            on_accepted=self._accepted,
        )
        try:
            async with batch as outcomes:
                async for outcome in outcomes:
                    self._ended(outcome, group)
                    # downloads that lag behind hold the batch back, or a thousand would pile up
                    while len(self._files) >= _MOST_WAITING:
                        await asyncio.wait(self._files, return_when=asyncio.FIRST_COMPLETED)
        except SunoError as error:  # of the input, or an outage that lasted too long
            if not isinstance(error, SubmissionUnknown):  # which was reported with its line
                self._desk.problem(error)

    async def _items(self, requests: Requests) -> AsyncGenerator[Request]:
        # closed here, when the batch is: a generator left to itself is closed at some later time
        async with aclosing(requests.as_they_come()) as lines:
            index, keys = 0, Keys()
            async for line in lines:
                if self._desk.is_resumable and not isinstance(line.item, InvalidRequest):
                    self._keys[keys.of(line.item)] = line.number
                self._open[index] = line  # before the batch has it, which may report at once
                index += 1
                yield line.item

    @property
    def _report(self) -> Report:
        return self._desk.report

    def _accepted(self, index: int, task: Task[Any], is_resumed: bool) -> None:
        """Tell of a task, and of all that becomes of it."""
        self._counts.making += 1
        # noted before anything else can fail: from here on it is paid for
        self._desk.unfinished[task.token] = None
        self._report.lines[task.token] = self._open[index].number
        if is_resumed:
            self._report.resumed(task)
        else:
            self._report.accepted(task)
        self._followed[index] = task.subscribe(partial(self._event, task))

    def _event(self, task: Task[Any], event: TaskEvent[Any] | SunoError) -> None:
        if isinstance(event, TaskEvent):  # errors come with the outcome
            self._report.reached(task, event)

    def _ended(self, outcome: Outcome[Any], group: asyncio.TaskGroup) -> None:
        """Tell how a line has ended, and fetch its files."""
        line, task = self._open.pop(outcome.index), outcome.task
        end = end_of(outcome)
        self._counts.ends[end] += 1
        self._counts.resumed += outcome.resumed and end is End.DONE
        if task is None:
            self._refuse(outcome.error, end, line.number)
            return
        unsubscribe = self._followed.pop(outcome.index, None)
        if unsubscribe is not None:
            self._counts.making -= 1
            unsubscribe()
        else:
            self._desk.unfinished[task.token] = None
            self._report.lines[task.token] = line.number
            for event in task.events[-1:]:
                self._report.known(task, event)
        job = group.create_task(self._deliver(outcome, task))
        self._files.add(job)
        job.add_done_callback(self._files.discard)

    def _refuse(self, error: SunoError | None, end: End, number: int) -> None:
        """Report why nothing was accepted; a network that is gone once, not 500 times."""
        if error is None:
            return
        alike = self._refused.setdefault(str(error), []) if end is End.REFUSED else []
        self._desk.problem(error, line=number, is_repeated=bool(alike))
        alike.append(number)

    async def _deliver(self, outcome: Outcome[Any], task: Task[Any]) -> None:
        async with asyncio.TaskGroup() as group:
            delivery = Delivery(self._desk, self._suno, task, self._folder, group)
            if outcome.error is None:
                delivery.complete(outcome.result)
            else:
                delivery.failed(outcome.error)
        delivery.close()
        self._counts.files += delivery.written
        self._counts.missing += delivery.missing
        self._report.ended(task)

    def _about(self, asked: object) -> dict[str, object]:
        """The line that a request in doubt comes from."""
        for index, line in self._open.items():
            item = line.item
            if isinstance(item, TaskOperation) and asked == (
                type(item).__name__,
                operation_to_dict(item),
            ):
                del self._open[index]
                return {"line": line.number}
        return {}

    def _close(self) -> None:
        """Say what came out of it, and whether there is more to do."""
        counts, desk = self._counts, self._desk
        # read, but neither ended nor accepted: what a second run of this file should begin with
        waiting = [line.number for index, line in self._open.items() if index not in self._followed]
        desk.is_partial = bool(counts.ends[End.REFUSED] or counts.left or waiting)
        self._report.stop()
        for sentence, (_, *more) in self._refused.items():
            if more:
                self._report.say(f"The same for {_listed(more)}: {sentence}")
        self._report.summary(counts.to_dict(), counts.sentence(self._folder))
        if waiting and not (desk.is_resumable or desk.simulate):
            desk.report.say(
                f"The first line without an answer is line {min(waiting)}. A batch that is begun "
                "with --journal goes on from there by itself."
            )


def _listed(numbers: list[int]) -> str:
    """Lines by their numbers, of which a few are named."""
    shown = ", ".join(map(str, sorted(numbers)[:_FEW]))
    more = len(numbers) - _FEW
    return (
        f"line {shown}"
        if len(numbers) == 1
        else f"lines {shown}" + (f" and {more} more" if more > 0 else "")
    )
