"""How a command ends: the exit codes, in the one table that help and errors are read from."""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING

from suno_async.errors import (
    APIError,
    ConfigurationError,
    ConnectionFailed,
    DecodeError,
    DownloadFailed,
    InvalidRequest,
    JournalError,
    RequestTimeout,
    SubmissionUnknown,
    SunoError,
    TaskFailed,
    TaskTimeout,
)

if TYPE_CHECKING:
    from collections.abc import Mapping


class Exit(IntEnum):
    """The exit codes."""

    DONE = 0
    BUG = 1
    USAGE = 2
    REFUSED = 3
    CONNECTION = 4
    FAILED = 5
    UNKNOWN = 6
    FILES = 7
    INTERRUPTED = 130


_TABLE: Mapping[Exit, tuple[str, tuple[type[SunoError], ...]]] = {
    Exit.DONE: ("done", ()),
    Exit.BUG: ("an error of this program, with a traceback", ()),
    Exit.USAGE: (
        "wrong usage; nothing was sent",
        (InvalidRequest, ConfigurationError),
    ),
    Exit.REFUSED: (
        "refused by the service (key, credits, rate, words); not charged",
        (APIError,),
    ),
    Exit.CONNECTION: (
        "no connection, no answer in time, or none that can be read",
        (ConnectionFailed, RequestTimeout, DecodeError, TaskTimeout),
    ),
    Exit.FAILED: (
        "accepted, but the service could not make it",
        (TaskFailed,),
    ),
    Exit.UNKNOWN: (
        "not known whether it was accepted and charged; it was not sent again",
        (SubmissionUnknown,),
    ),
    Exit.FILES: (
        "a file or the journal cannot be read or written; what was made is not lost",
        (DownloadFailed, JournalError),
    ),
    Exit.INTERRUPTED: ("stopped by Ctrl-C, SIGTERM or a closed terminal", ()),
}


def exit_for(error: SunoError) -> Exit:
    """The code with which a command ends after this error."""
    return next(
        (code for code, (_, errors) in _TABLE.items() if isinstance(error, errors)), Exit.BUG
    )


def graver(one: Exit, other: Exit) -> Exit:
    """The graver of two ends of one command."""
    return min(one, other, key=_GRAVITY.index)


_GRAVITY = (
    Exit.INTERRUPTED,
    Exit.BUG,
    Exit.UNKNOWN,
    Exit.REFUSED,
    Exit.CONNECTION,
    Exit.FAILED,
    Exit.FILES,
    Exit.USAGE,
    Exit.DONE,
)


def table() -> str:
    """The exit codes and what they mean, a line each."""
    lines = [f"{code:>3}  {meaning}" for code, (meaning, _) in _TABLE.items()]
    graver_first = " ".join(str(code.value) for code in _GRAVITY[2:-1])
    last = f"If several things went wrong, the first of these counts: {graver_first}."
    return "\n".join([*lines, last])
