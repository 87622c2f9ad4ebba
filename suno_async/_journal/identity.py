"""Whether files are still the ones that were opened, and go by one name only.

Only `stat` is asked: a process that opens and closes a database's file loses SQLite's locks on
it.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from attrs import define, field

from suno_async.errors import JournalError

if TYPE_CHECKING:
    from os import stat_result


@define(eq=False)
class Identity:
    """Files by their names, as they were when they were opened."""

    _opened: dict[Path, tuple[int, int]] = field(factory=dict[Path, tuple[int, int]], init=False)

    def note(self, path: Path) -> None:
        """Remember which file has this name, once it is open to be written.

        Not before that: a container's overlay puts another file in the place of its image's then.

        Raises:
            JournalError: it has other names, too.
            OSError: there is none.
        """
        found = path.stat()
        _check_links(path, found)
        self._opened[path] = found.st_dev, found.st_ino

    def check(self) -> None:
        """Make sure that each name still leads to the same file, which has no other name.

        Raises:
            JournalError: it is not so; it says what to do.
        """
        for path, opened in self._opened.items():
            try:
                found = path.stat()
            except OSError as error:
                raise JournalError(
                    f"{path} was deleted or moved while it was in use. Nothing more is sent: put "
                    "it back as it was, or close this client and name another file."
                ) from error
            if (found.st_dev, found.st_ino) != opened:
                raise JournalError(
                    f"Another file was put in the place of {path} while it was in use. Nothing "
                    "more is sent: put back the one that was there, or close this client and open "
                    "the journal anew."
                )
            _check_links(path, found)


def _check_links(path: Path, found: stat_result) -> None:
    if found.st_nlink > 1:
        raise JournalError(
            f"{path} has {found.st_nlink} names (hard links), so that another process could use it "
            "at the same time: remove the other names; to keep a copy, copy the file."
        )
