"""The report for a terminal: one row a song that moves, under the lines that stay."""

from __future__ import annotations

from itertools import chain
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from attrs import define, field
from rich.live import Live
from rich.text import Text

from suno_async import Stage, Track

from ._report import Report, as_time, clean, items, key_of, stage_of
from ._rows import Row, as_lines, fitting

if TYPE_CHECKING:
    from pathlib import Path

    from suno_async import Task, TaskEvent

    from ._counts import Counts

_PER_SECOND = 8
_AT_ONCE = 0.5  # seconds: what is answered sooner needs no line
_SONGS = 2  # of each task
_ABOVE = 6  # lines that stay visible above the rows, where the terminal has many


@define(eq=False)
class LiveReport(Report):
    """Rows with stage, age, title and the download's bar."""

    _rows: dict[str, list[Row]] = field(factory=dict[str, list[Row]], init=False)
    _asking: str | None = field(default=None, init=False)
    _asked: float = field(default=0.0, init=False)
    _held: list[str] = field(factory=list[str], init=False)
    """Results for the end: what is printed before would tear the rows."""
    _live: Live | None = field(default=None, init=False)

    def for_many(self, counts: Counts) -> Report:
        """A view that stays readable with any number of songs."""
        from ._live_batch import LiveBatch  # noqa: PLC0415 it is made of this one

        many = LiveBatch(self.console, counts=counts)
        many.clock = self.clock
        many.start()
        return many

    def asking(self, *, done: bool = False) -> None:
        """Show how long the service has been asked."""
        self._asking, self._asked = None if done else "", self.clock()
        self._start()

    def retried(self, attempt: int, why: str) -> None:
        """Show why it takes so long."""
        if self._asking is not None:
            self._asking = clean(f"attempt {attempt}: {why}")

    def began(self, task: Task[Any]) -> None:
        """Give the task its rows."""
        super().began(task)
        songs = [f"song {number}" for number in range(1, _SONGS + 1)]
        labels = songs if task.kind == "music" else [task.kind]
        self._rows[task.token] = [Row(task.id[:8], label, self.clock()) for label in labels]
        self._asking = None
        self._start()

    def reached(self, task: Task[Any], event: TaskEvent[Any]) -> None:
        """Move the task's rows on."""
        for item in items(event.result):
            row = self._row(task, item)
            row.stage = stage_of(item, event)
            row.title = clean(item.title or "") if isinstance(item, Track) else ""
            if event.stage is Stage.COMPLETE:
                row.ended = row.ended or self.clock()

    def fetching(self, task: Task[Any], item: Any, done: int, total: int | None) -> None:
        """Move the bar."""
        row = self._row(task, item)
        row.done, row.total = done, total

    def written(self, task: Task[Any], item: Any, path: Path) -> None:
        """Fill the bar."""
        row = self._row(task, item)
        row.total = row.done
        super().written(task, item, path)

    def failed(self, task: Task[Any]) -> None:
        """Mark the rows that will not be complete."""
        for row in self._rows.get(task.token, ()):
            if row.ended is None:
                row.stage, row.ended = "failed", self.clock()

    def stop(self) -> None:
        """Leave the rows as they are, and put out the results."""
        self._asking = None
        if self._live is not None:
            self._live.stop()
            self._live = None
        while self._held:
            self._put_out(self._held.pop(0))

    def result(self, text: str) -> None:
        """Put it out once nothing moves any more."""
        if self._live is not None:
            self._held.append(text)
        else:
            self._put_out(text)

    def _put_out(self, text: str) -> None:
        super().result(text)

    def _start(self) -> None:
        if self._live is None:
            self._live = Live(
                console=self.console,
                get_renderable=self._view,
                refresh_per_second=_PER_SECOND,
                redirect_stdout=False,
            )
            self._live.start()

    def _row(self, task: Task[Any], item: Any) -> Row:
        """The row of a part of the result: its own, else the first that is free."""
        rows, key = self._rows[task.token], key_of(item)
        for row in rows:
            if row.key in {key, None}:
                row.key = key
                return row
        rows.append(Row(task.id[:8], f"song {len(rows) + 1}", rows[0].began, key))
        return rows[-1]

    def _view(self) -> Text:
        """All of it as it is now; called from the refreshing thread, so it only reads."""
        now = self.clock()
        if self._asking is not None:
            took = as_time(now - self._asked)
            slow = now - self._asked >= _AT_ONCE
            return line_of(f"asking the service  {took}  {self._asking}" if slow else "")
        lines = self._head(now)
        columns, height = self.console.size
        room = height - len(lines) - 1 - min(_ABOVE, height // 4)
        known = chain.from_iterable(list(self._rows.values()))
        rows, more = fitting(sorted(known, key=attrgetter("line")), room)
        if rows:
            ascii_only = "utf" not in self.console.encoding.lower()
            lines.append(as_lines(rows, now, columns, ascii_only=ascii_only))
        if more:
            lines.append(line_of(f"... and {more} more"))
        return line_of("\n").join(lines)

    def _head(self, now: float) -> list[Text]:  # noqa: ARG002 for others
        return []


def line_of(text: str) -> Text:
    """A line that is cut where the terminal ends."""
    return Text(text, no_wrap=True, overflow="ellipsis")
