"""The report for a terminal: rows that move, under the lines that stay.

There is a row a song, or in a batch a row a line of its input, below a line of counts; what is over
in a batch has no row any more. Rows are drawn by a thread of rich's, several times a second.
"""

from __future__ import annotations

import sys
from itertools import chain
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from attrs import define, field
from rich.live import Live
from rich.text import Text

from suno_async import Stage

from ._counts import Counts
from ._report import Report, as_time, awaited, clean, in_words, items, key_of, stage_of

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from pathlib import Path

    from suno_async import SunoError, Task, TaskEvent


_PER_SECOND = 8
_AT_ONCE = 0.5  # seconds: what is answered sooner needs no line
_ABOVE = 6  # lines that stay visible above the rows, where the terminal has many
_RETRY_SHOWN = 10.0  # seconds
_GAP = "  "
_SIZE = len("123.4 MB")
_BARS = ((110, 30), (80, 12))  # from so many columns on, a bar of so many
_STYLES = {"text": "yellow", "first": "cyan", "complete": "green", "failed": "red"}
_COUNT_STYLES = {"done": "green", "failed": "red"}
_WORDS = len("in progress")
_MEGA = 1_000_000


@define
class _Row:
    """A song, another thing that a task makes, or a line of a batch with all it makes."""

    part: str
    """What it is called."""
    began: float
    """Since when it is followed, in seconds on the loop's clock."""
    task: str = ""
    """The beginning of its task's id, shown where rows are of several tasks."""
    line: int = 0
    """The line of a batch, by which rows are sorted."""
    title: str = ""
    """The title, or until there is one what was asked for."""
    key: str | None = None
    """The id of its part of the result, `None` while that is not known."""
    stage: str = Stage.PENDING
    """How far it is, or `failed`."""
    ended: float | None = None
    """When it was complete or had failed."""
    files: dict[str, tuple[int, int | None]] = field(factory=dict[str, tuple[int, int | None]])
    """Of each file that is fetched, the bytes that are here and those in all."""

    @property
    def fetched(self) -> int:
        """Bytes that are here."""
        return sum(done for done, _ in self.files.values())

    @property
    def share(self) -> float:
        """How much of the files is here, 0 while the length of one is not known."""
        totals = [total for _, total in self.files.values()]
        whole = sum(filter(None, totals))
        return 0.0 if None in totals or not whole else min(1.0, self.fetched / whole)


@define(eq=False)
class LiveReport(Report):
    """Rows with stage, age, title and the download's bar."""

    _rows: dict[str, list[_Row]] = field(factory=dict[str, list[_Row]], init=False)
    _counts: Counts | None = field(default=None, init=False)
    _since: float = field(default=0.0, init=False)
    """When the batch began, or the service was asked."""
    _is_asking: bool = field(default=False, init=False)
    _waiting_for: str | None = field(default=None, init=False)
    _parked_at: float = field(default=0.0, init=False)
    _retry: str = field(default="", init=False)
    _retried_at: float = field(default=0.0, init=False)
    _live: Live | None = field(default=None, init=False)

    def count(self, counts: Counts) -> None:
        """Show the counts above the rows."""
        self._counts, self._since = counts, self.clock()
        self._start()

    def asking(self, *, done: bool = False) -> None:
        """Show how long the service has been asked."""
        self._is_asking, self._since = not done, self.clock()
        self._start()

    def retried(self, attempt: str, why: str) -> None:
        """Show why it takes so long."""
        self._retry, self._retried_at = clean(f"{attempt}: {why}"), self.clock()

    def parked(self, outage: SunoError | None) -> None:
        """Show what is waited for, as long as it is."""
        self._waiting_for = None if outage is None else clean(awaited(outage))
        self._parked_at, self._retry = self.clock(), ""

    def gave_up(self, outage: SunoError, patience: float) -> None:
        """Wait no more, though songs may still be made."""
        self._waiting_for = None
        super().gave_up(outage, patience)

    def accepted(self, task: Task[Any]) -> None:
        """Give the task its rows."""
        self.began(task)

    def resumed(self, task: Task[Any]) -> None:
        """Give the task its rows."""
        self.began(task)

    def began(self, task: Task[Any]) -> None:
        """Give the task a row for each song, or in a batch one for its line."""
        super().began(task)
        self._is_asking = False
        now, line = self.clock(), self.lines.get(task.token)
        if line is not None:
            asked = (getattr(task.operation, name, None) for name in ("title", "prompt"))
            title = clean(next(filter(None, asked), ""))
            rows = [_Row(f"line {line}", now, line=line, title=title)]
        else:
            labels = ("song 1", "song 2") if task.kind == "music" else (task.kind,)
            rows = [_Row(label, now, task.id[:8]) for label in labels]
        self._rows[task.token] = rows
        self._start()

    def reached(self, task: Task[Any], event: TaskEvent[Any]) -> None:
        """Move the task's rows on."""
        for item in items(event.result):
            row = self._row(task, item)
            row.stage = event.stage if row.line else stage_of(item, event)
            row.title = clean(getattr(item, "title", None) or "") or row.title
            if event.stage is Stage.COMPLETE:
                row.ended = row.ended or self.clock()

    def fetching(self, task: Task[Any], item: Any, done: int, total: int | None) -> None:
        """Move the bar."""
        self._row(task, item).files[key_of(item)] = (done, total)

    def written(self, task: Task[Any], item: Any, path: Path) -> None:
        """Fill the bar."""
        files = self._row(task, item).files
        done, _ = files.get(key_of(item), (0, 0))
        files[key_of(item)] = (done, done)
        super().written(task, item, path)

    def failed(self, task: Task[Any]) -> None:
        """Mark the rows that will not be complete."""
        for row in self._rows.get(task.token, ()):
            if row.ended is None:
                row.stage, row.ended = "failed", self.clock()

    def ended(self, task: Task[Any]) -> None:
        """Take the row of a batch's line away."""
        super().ended(task)
        self._rows.pop(task.token, None)

    def stop(self) -> None:
        """Leave the rows as they are."""
        self._is_asking = False
        if self._live is not None:
            self._live.stop()
            self._live = None

    def result(self, text: str) -> None:
        """Put it out at once: above the rows, where they share the screen with it."""
        if self._live is not None and sys.stdout.isatty():
            self._print(text, "")
        else:
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

    def _row(self, task: Task[Any], item: Any) -> _Row:
        """The row of a part of the result: its own, else the first that is free."""
        key, known = key_of(item), self._rows.get(task.token)
        if known is None:  # of a line that was done in an earlier run: nothing moves
            return _Row("", self.clock())
        # songs come in any order, and one may have no id at first: a row is taken when one is seen
        for row in known:
            if row.line or row.key in {key, None}:
                row.key = key
                return row
        known.append(_Row(f"song {len(known) + 1}", known[0].began, task.id[:8], key=key))
        return known[-1]

    def _view(self) -> Text:
        """All of it as it is now; called from the refreshing thread, so it only reads."""
        now = self.clock()
        columns, height = self.console.size
        lines = [*self._head(now), *self._news(now)]
        # rich can only redraw what is on the screen: what scrolled off would stay there for ever
        room = height - len(lines) - 1 - min(_ABOVE, height // 4)
        # a copy, made in one step of the interpreter: the loop's thread adds and takes away rows
        known = chain.from_iterable(list(self._rows.values()))
        rows, more = _fitting(sorted(known, key=attrgetter("line")), room)
        if rows:
            ascii_only = "utf" not in self.console.encoding.lower()
            lines += _as_lines(rows, now, columns, ascii_only=ascii_only)
        if more:
            lines.append(_cut(f"... and {more} more"))
        return _cut("\n").join(lines)

    def _head(self, now: float) -> list[Text]:
        if self._counts is None:
            return []
        head = Text(as_time(now - self._since), "bold", no_wrap=True, overflow="ellipsis")
        for number, words in self._counts.standing():
            style = _COUNT_STYLES.get(words, "not bold") if number else "dim"
            head.append(f"  {number} {words}", style)
        return [head]

    def _news(self, now: float) -> list[Text]:
        """Lines for what takes longer than usual: an answer, an outage, another attempt."""
        lines: list[Text] = []
        if self._is_asking and now - self._since >= _AT_ONCE:
            lines.append(_cut(f"asking the service  {as_time(now - self._since)}"))
        if self._waiting_for is not None:
            took = as_time(now - self._parked_at)
            lines.append(_cut(f"waiting for {self._waiting_for}...  {took}"))
        elif self._retry and now - self._retried_at < _RETRY_SHOWN:
            lines.append(_cut(self._retry))
        return lines


def _cut(text: str) -> Text:
    """A line that is cut where the terminal ends."""
    return Text(text, no_wrap=True, overflow="ellipsis")


def _fitting(rows: Sequence[_Row], most: int) -> tuple[Sequence[_Row], int]:
    """At most so many rows, those that still move first, and how many are left out."""
    if len(rows) <= most:
        return rows, 0
    moving = [row for row in rows if row.ended is None]
    chosen = [*moving, *(row for row in rows if row.ended is not None)][: max(1, most)]
    return chosen, len(rows) - len(chosen)


def _as_lines(rows: Collection[_Row], now: float, columns: int, *, ascii_only: bool) -> list[Text]:
    """The rows as they are now, each in so many columns."""
    several = len({row.task for row in rows}) > 1
    labels = [f"{row.task} {row.part}" if several else row.part for row in rows]
    label = max(map(len, labels))
    is_fetching = any(row.fetched for row in rows)
    bar = next((length for least, length in _BARS if is_fetching and columns >= least), 0)
    # all but the title has a width of its own; the title gets what is left, and may vanish
    more = [*filter(None, [bar]), _SIZE] if is_fetching else []
    fixed = [label, len(Stage), _WORDS, len("0:00"), *more]
    room = columns - sum(fixed) - len(_GAP) * len(fixed)
    width = max(0, min(room, max(Text(row.title).cell_len for row in rows)))
    lines: list[Text] = []
    for row, name in zip(rows, labels, strict=True):
        title = Text(row.title)
        title.truncate(width, overflow="ellipsis", pad=True)
        parts = [
            Text(name.ljust(label), "dim"),
            _dots(row, *("*." if ascii_only else "●○")),
            Text(in_words(row.stage).ljust(_WORDS), _STYLES.get(row.stage, "")),
            Text(as_time((row.ended or now) - row.began).rjust(len("0:00"))),
            title,
            _bar(row, bar, *("#-" if ascii_only else "━─")),
            Text(_size(row.fetched).rjust(_SIZE) if row.fetched else ""),
        ]
        line = Text(_GAP, no_wrap=True).join(part for part in parts if part.cell_len)
        line.truncate(columns)
        lines.append(line)
    return lines


def _dots(row: _Row, full: str, empty: str) -> Text:
    """How far it is, for eyes without colour as well."""
    reached = [row.stage in set(Stage) and stage <= row.stage for stage in Stage]
    dots = "".join(full if one else empty for one in reached)
    return Text(dots, _STYLES.get(row.stage, ""))


def _bar(row: _Row, columns: int, full: str, empty: str) -> Text:
    if not row.fetched or not columns:
        return Text()
    length = round(row.share * columns)
    return Text(full * length, "green").append(empty * (columns - length), "dim")


def _size(done: int) -> str:
    return f"{done / _MEGA:.1f} MB" if done >= _MEGA else f"{done / 1000:.0f} kB"
