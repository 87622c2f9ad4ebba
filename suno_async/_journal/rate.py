"""Until when the slots of the rate may count, kept for the next process.

A few times in a file beside the journal, written with every request and never synced: the system
has them through a `kill -9`, and after a power cut more than their period has passed. They are
read before the first request and need no lock for that; they are written while the journal is open.
What cannot be read or written is left, for the worst that comes of it is one refusal.
"""

from __future__ import annotations

import struct
from contextlib import suppress
from math import isfinite
from pathlib import Path
from typing import IO, TYPE_CHECKING

from attrs import define, field

if TYPE_CHECKING:
    from collections.abc import Iterable

_MOST = 32  # times; a limiter of ours has 20 slots


@define(eq=False)
class RateFile:
    """The times, in no order."""

    path: Path
    """Where they are."""
    _file: IO[bytes] | None = field(default=None, init=False)

    def read(self) -> list[float]:
        """What the last process has left."""
        try:
            with self.path.open("rb") as file:
                raw = file.read(8 * _MOST)
        except OSError:
            return []
        times = struct.unpack(f"<{len(raw) // 8}d", raw[: len(raw) // 8 * 8])
        return [time for time in times if isfinite(time)]

    def open(self) -> None:
        """From now on write; the file is there."""
        with suppress(OSError):
            self._file = self.path.open("r+b", buffering=0)

    def write(self, times: Iterable[float]) -> None:
        """Keep these times; nothing is kept while it is not open."""
        if self._file is not None:
            some = [*times][:_MOST]
            some += [0.0] * (_MOST - len(some))
            with suppress(OSError):
                self._file.seek(0)
                self._file.write(struct.pack(f"<{_MOST}d", *some))

    def close(self) -> None:
        """Write no more."""
        if self._file is not None:
            self._file.close()
        self._file = None
