"""The rows of the live view: a song each, as one line that fits the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import define
from rich.text import Text

from suno_async import Stage

from ._report import as_time

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

_GAP = "  "
_SIZE = len("123.4 MB")
_BARS = ((110, 30), (80, 12))  # from so many columns on, a bar of so many
_STYLES = {"text": "yellow", "first": "cyan", "complete": "green", "failed": "red"}
_MEGA = 1_000_000


@define
class Row:
    """A song, or whatever else a task makes."""

    task: str
    """The beginning of its task's id."""
    part: str
    """Which part of the task's result it is."""
    began: float
    """Since when it is followed, in seconds on the loop's clock."""
    key: str | None = None
    """What tells it from the other parts of the result, `None` while that is not known."""
    stage: str = Stage.PENDING
    """How far it is, or `failed`."""
    title: str = ""
    """The title, once it has one."""
    ended: float | None = None
    """When it was complete or had failed."""
    done: int = 0
    """Bytes of the file that are there."""
    total: int | None = None
    """Bytes of the file in all."""
    line: int = 0
    """The line of a batch that it comes from, by which rows are sorted."""


def fitting(rows: Sequence[Row], most: int) -> tuple[Sequence[Row], int]:
    """At most so many rows, those that still move first, and how many are left out."""
    if len(rows) <= most:
        return rows, 0
    moving = [row for row in rows if row.ended is None]
    chosen = [*moving, *(row for row in rows if row.ended is not None)][: max(1, most)]
    return chosen, len(rows) - len(chosen)


def as_lines(rows: Collection[Row], now: float, columns: int, *, ascii_only: bool) -> Text:
    """The rows as they are now, in so many columns."""
    several = len({row.task for row in rows}) > 1
    labels = [f"{row.task} {row.part}" if several else row.part for row in rows]
    label = max(map(len, labels))
    is_fetching = any(row.done for row in rows)
    bar = next((length for least, length in _BARS if is_fetching and columns >= least), 0)
    more = [*filter(None, [bar]), _SIZE] if is_fetching else []
    fixed = [label, len(Stage), len(Stage.COMPLETE), len("0:00"), *more]
    room = columns - sum(fixed) - len(_GAP) * len(fixed)
    title = max(0, min(room, max(Text(row.title).cell_len for row in rows)))
    lines: list[Text] = []
    for row, name in zip(rows, labels, strict=True):
        parts = [
            Text(name.ljust(label), "dim"),
            _dots(row, *("*." if ascii_only else "●○")),
            Text(row.stage.ljust(len(Stage.COMPLETE)), _STYLES.get(row.stage, "")),
            Text(as_time((row.ended or now) - row.began).rjust(len("0:00"))),
            _fitted(row.title, title),
            _bar(row, bar, *("#-" if ascii_only else "━─")),
            Text(_size(row.done).rjust(_SIZE) if row.done else ""),
        ]
        line = Text(_GAP).join(part for part in parts if part.cell_len)
        line.truncate(columns)
        lines.append(line)
    return Text("\n", no_wrap=True, overflow="ellipsis").join(lines)


def _fitted(title: str, columns: int) -> Text:
    text = Text(title)
    text.truncate(columns, overflow="ellipsis", pad=True)
    return text


def _dots(row: Row, full: str, empty: str) -> Text:
    """How far it is, for eyes without colour as well."""
    reached = [row.stage in set(Stage) and stage <= row.stage for stage in Stage]
    dots = "".join(full if one else empty for one in reached)
    return Text(dots, _STYLES.get(row.stage, ""))


def _bar(row: Row, columns: int, full: str, empty: str) -> Text:
    if not row.done or not columns:
        return Text()
    share = min(1.0, row.done / row.total) if row.total else 0.0
    length = round(share * columns)
    return Text(full * length, "green").append(empty * (columns - length), "dim")


def _size(done: int) -> str:
    return f"{done / _MEGA:.1f} MB" if done >= _MEGA else f"{done / 1000:.0f} kB"
