"""The report of a batch for a terminal: a line of counts, and what is being made as far as it fits.

What is over has no row any more: errors stand above, where they stay, and the rest is counted.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from attrs import define, field
from rich.text import Text

from suno_async import Stage, Track

from ._counts import Counts
from ._live import LiveReport, line_of
from ._report import as_time, awaited, clean, items, key_of
from ._rows import Row

if TYPE_CHECKING:
    from pathlib import Path

    from suno_async import SunoError, Task, TaskEvent

_TROUBLE_SHOWN = 10.0  # seconds
_STYLES = {"done": "green", "failed": "red"}


@define(eq=False)
class LiveBatch(LiveReport):
    """Counts, and a row for each line that is being made."""

    counts: Counts = field(kw_only=True)
    """What is counted."""
    _since: float = field(default=0.0, init=False)
    _sizes: dict[str, dict[str, tuple[int, int | None]]] = field(
        factory=dict[str, dict[str, tuple[int, int | None]]], init=False
    )
    """Of each task's files, the bytes that are there and those in all."""
    _trouble: str = field(default="", init=False)
    _troubled: float = field(default=0.0, init=False)
    _waiting_for: str | None = field(default=None, init=False)
    _parked: float = field(default=0.0, init=False)

    def __attrs_post_init__(self) -> None:
        self._since = self.clock()

    def start(self) -> None:
        """Show the counts."""
        self._since = self.clock()
        self._start()

    def parked(self, outage: SunoError | None) -> None:
        """Show what is waited for, as long as it is."""
        self._waiting_for = None if outage is None else clean(awaited(outage))
        self._parked, self._trouble = self.clock(), ""

    def gave_up(self, outage: SunoError, patience: float) -> None:
        """Wait no more, though songs may still be made."""
        self._waiting_for = None
        super().gave_up(outage, patience)

    def retried(self, attempt: int, why: str) -> None:
        """Show why it takes so long."""
        self._trouble, self._troubled = clean(f"attempt {attempt}: {why}"), self.clock()

    def accepted(self, task: Task[Any]) -> None:
        """Give the task its row."""
        self.began(task)

    def resumed(self, task: Task[Any]) -> None:
        """Give the task its row."""
        self.began(task)

    def began(self, task: Task[Any]) -> None:
        """Give the task its row, with what was asked for until it has a title."""
        asked = [getattr(task.operation, name, None) for name in ("title", "prompt")]
        title = next((text for text in asked if text), "")
        line = self.lines[task.token]
        row = Row("", f"line {line}", self.clock(), title=clean(title), line=line)
        self._rows[task.token] = [row]

    def reached(self, task: Task[Any], event: TaskEvent[Any]) -> None:
        """Move the task's row on."""
        for row in self._rows.get(task.token, ()):
            row.stage = event.stage
            row.ended = self.clock() if event.stage is Stage.COMPLETE else None
            titles = [item.title for item in items(event.result) if isinstance(item, Track)]
            row.title = clean(next(filter(None, titles), row.title))

    def fetching(self, task: Task[Any], item: Any, done: int, total: int | None) -> None:
        """Move the bar, which is for all files of the task."""
        sizes = self._sizes.setdefault(task.token, {})
        sizes[key_of(item)] = (done, total)
        for row in self._rows.get(task.token, ()):
            row.done = sum(here for here, _ in sizes.values())
            totals = [whole for _, whole in sizes.values()]
            row.total = None if None in totals else sum(filter(None, totals))

    def written(self, task: Task[Any], item: Any, path: Path) -> None:  # noqa: ARG002 as of Report
        """Name the file to whoever reads stdout; on the screen, the folder is enough."""
        if not sys.stdout.isatty():
            self.result(str(path))

    def ended(self, task: Task[Any]) -> None:
        """Take the row away."""
        super().ended(task)
        self._rows.pop(task.token, None)
        self._sizes.pop(task.token, None)

    def result(self, text: str) -> None:
        """Put it out at once: above the rows, or where no rows are."""
        if self._live is not None and sys.stdout.isatty():
            self._print(text, "")
        else:
            self._put_out(text)

    def _head(self, now: float) -> list[Text]:
        head = Text(as_time(now - self._since), "bold", no_wrap=True, overflow="ellipsis")
        for number, words in self.counts.standing():
            head.append(f"  {number} {words}", _STYLES.get(words, "not bold") if number else "dim")
        if self._waiting_for is not None:
            took = as_time(now - self._parked)
            return [head, line_of(f"waiting for {self._waiting_for}...  {took}")]
        if self._trouble and now - self._troubled < _TROUBLE_SHOWN:
            return [head, line_of(self._trouble)]
        return [head]
