"""Tables of figures, with the targets beside them."""

import os
import platform
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from statistics import median
from typing import TypeAlias

from attrs import field, frozen

_DECIMALS = 2


@frozen
class Target:
    """A figure that must not be above, or not below, a limit."""

    value: float
    """What was measured."""
    limit: float
    """What is allowed."""
    at_least: bool = False
    """Whether the limit is a lower one."""

    @property
    def is_met(self) -> bool:
        """Whether the figure keeps the limit."""
        return self.value >= self.limit if self.at_least else self.value <= self.limit

    def __str__(self) -> str:
        sign = "≥" if self.at_least else "≤"
        return f"{sign} {self.limit:g} {'met' if self.is_met else 'MISSED'}"


Cell: TypeAlias = str | int | float | Target | None
"""What stands in a table; `None` is an empty place."""


@frozen
class Table:
    """One table of a benchmark."""

    title: str
    """What it shows, in one line."""
    columns: Sequence[str]
    """The heading of each column."""
    rows: Sequence[Sequence[Cell]]
    """The figures."""
    notes: Sequence[str] = field(default=())
    """What must be known to read them, one line each."""

    def targets(self) -> Iterator[Target]:
        """The targets that stand in it."""
        return (cell for row in self.rows for cell in row if isinstance(cell, Target))

    def __str__(self) -> str:
        texts = [list(self.columns), *([_text(cell) for cell in row] for row in self.rows)]
        widths = [max(map(len, column)) for column in zip(*texts, strict=True)]
        lines = [_line(row, widths) for row in texts]
        rule = "  ".join("-" * width for width in widths)
        return "\n".join([self.title, "", lines[0], rule, *lines[1:], *self.notes])

    def markdown(self) -> str:
        """The table as Markdown."""
        texts = [list(self.columns), *([_text(cell) for cell in row] for row in self.rows)]
        rows = [f"| {' | '.join(text.replace('|', '&#124;') for text in row)} |" for row in texts]
        rule = f"| --- |{' ---: |' * (len(self.columns) - 1)}"
        table = "\n".join([rows[0], rule, *rows[1:]])
        return "\n\n".join(filter(None, [f"**{self.title}**", table, "\n".join(self.notes)]))


def count(tables: Iterable[Table]) -> str:
    """How many of the targets are met, as the begin of a list; nothing where there are none."""
    targets = [target for table in tables for target in table.targets()]
    met = sum(target.is_met for target in targets)
    return f"{met} of {len(targets)} targets met, " if targets else ""


@frozen
class Spread:
    """The middle and the ends of some measurements of the same thing."""

    middle: float
    """The median."""
    low: float
    """The least."""
    high: float
    """The most."""

    @classmethod
    def of(cls, values: Iterable[float]) -> "Spread":
        """The spread of these values, of which there must be one at least."""
        some = list(values)
        return cls(median(some), min(some), max(some))

    @classmethod
    def of_ratios(cls, ones: Iterable[float], others: Iterable[float]) -> "Spread":
        """The spread of the ones over the others, each with its pair."""
        return cls.of(one / other for one, other in zip(ones, others, strict=True))


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which this share of the values lies."""
    return sorted(values)[round(share * (len(values) - 1))]


def machine() -> str:
    """The kind of machine and of Python that the figures come from."""
    python = f"{platform.python_implementation()} {platform.python_version()}"
    where = f"{platform.system()} {platform.machine()}"
    return f"{_processor()}, {os.cpu_count()} CPUs, {where}, {python}"


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or "unknown processor"
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else "unknown processor"


def _text(cell: Cell) -> str:
    if cell is None:
        return ""
    return f"{cell:,.{_DECIMALS}f}" if isinstance(cell, float) else str(cell)


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    first, *rest = zip(row, widths, strict=True)
    cells = [first[0].ljust(first[1]), *(text.rjust(width) for text, width in rest)]
    return "  ".join(cells).rstrip()
