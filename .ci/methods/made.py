"""What the command makes, file by file."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import methods
from docstrings import file_of, with_arguments

import suno_async
from suno_async import RateLimiter, RetryPolicy, testing
from suno_async.operations import OPERATIONS

if TYPE_CHECKING:
    from collections.abc import Iterator

_PACKAGE = Path(suno_async.__file__).parent
_BUILT: tuple[type, ...] = (
    *OPERATIONS.values(),
    RateLimiter,
    RetryPolicy,
    testing.FakeSuno,
    testing.Fault,
    testing.Plan,
    testing.CallbackFaults,
    testing.Timetable,
    testing.SlidingLog,
)


def _made() -> Iterator[tuple[Path, str]]:
    yield _PACKAGE / "_methods.py", methods.text()
    for file in sorted({file_of(cls) for cls in _BUILT}):
        yield file, with_arguments(file, [cls for cls in _BUILT if file_of(cls) == file])


def main() -> None:
    """Write what has changed, or with `--check` name it."""
    changed = [(file, text) for file, text in _made() if file.read_text("utf-8") != text]
    is_check = sys.argv[1:] == ["--check"]
    for file, text in changed:
        sys.stdout.write(f"{'not as made' if is_check else 'made'}: {file.name}\n")
        if not is_check:
            file.write_text(text, "utf-8")
    if is_check and changed:
        sys.exit("Run `python .ci/methods`.")
