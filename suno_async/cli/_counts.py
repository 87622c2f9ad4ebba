"""How a batch stands, in numbers."""

from __future__ import annotations

from collections import Counter
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from attrs import define, field

from suno_async import InvalidRequest, Outcome, SubmissionUnknown, TaskFailed

if TYPE_CHECKING:
    from collections.abc import Mapping


class End(StrEnum):
    """How a line can end."""

    DONE = "done"
    FAILED = "failed"
    FAULTY = "faulty"
    UNKNOWN = "unknown"
    REFUSED = "not accepted"
    LEFT = "not seen to its end"


def end_of(outcome: Outcome[Any]) -> End:
    """How a line has ended."""
    match outcome.error:
        case None:
            return End.DONE
        case InvalidRequest():
            return End.FAULTY
        case SubmissionUnknown():
            return End.UNKNOWN
        case TaskFailed():
            return End.FAILED
        case _:
            return End.REFUSED if outcome.task is None else End.LEFT


def number_of(count: int, word: str) -> str:
    """So many of them."""
    return f"{count} {word}" if count == 1 else f"{count} {word}s"


@define
class Counts:
    """How many lines there are, and how far they are."""

    lines: int | None = None
    """Lines in all, where that is known."""
    making: int = 0
    """Tasks that are being made."""
    ends: Counter[End] = field(factory=Counter[End])
    """How many lines have ended in each way."""
    resumed: int = 0
    """Of the songs that are done, those that an earlier run had paid for."""
    files: int = 0
    """Files that are there."""
    missing: int = 0
    """Files that could not be fetched."""

    @property
    def left(self) -> int | None:
        """Lines of which nothing is known yet, `None` where their number is not known."""
        return None if self.lines is None else max(0, self.lines - self.making - self.ends.total())

    def standing(self) -> list[tuple[int, str]]:
        """The counts that are worth showing while the batch runs: numbers and words."""
        always = [(self.making, "in progress"), (self.ends[End.DONE], "done")]
        others = [(self.ends[end], str(end)) for end in End if end is not End.DONE]
        left = [] if self.left is None else [(self.left, "waiting")]
        more = [*others, (self.files, "files"), (self.missing, "files missing")]
        return [*left, *always, *((count, words) for count, words in more if count)]

    def sentence(self, folder: object) -> str:
        """The end of the batch, in words."""
        total = self.ends.total() + self.making + (self.left or 0)
        parts = [f"{self.ends[end]} {end}" for end in End if self.ends[end]]
        if self.ends[End.DONE] and self.resumed:
            parts[0] += f" ({self.resumed} of them paid for in an earlier run)"
        parts += [f"{self.making} still in progress"] * bool(self.making)
        parts += [f"{self.left} not submitted"] * bool(self.left)
        files = [f"{number_of(self.files, 'file')} in {folder}"] * bool(self.files)
        files += [f"{number_of(self.missing, 'file')} missing"] * bool(self.missing)
        return (
            "; ".join([f"{number_of(total, 'line')}: {', '.join(parts) or 'nothing done'}", *files])
            + "."
        )

    def to_dict(self) -> Mapping[str, object]:
        """The numbers for machines."""
        ends: dict[str, object] = {end.replace(" ", "_"): self.ends[end] for end in End}
        rest = {"being_made": self.making, "left": self.left, "resumed": self.resumed}
        return {"lines": self.lines} | ends | rest | {"files": self.files, "missing": self.missing}
