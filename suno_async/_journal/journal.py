"""What a journal keeps of a submission, whichever way it is kept."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from attrs import frozen


@frozen(kw_only=True)
class Entry:
    """One submission, as the journal knows it."""

    id: str
    """Its id: made by us, or the caller's key."""
    operation: str
    """The name of the operation's class."""
    fields: Mapping[str, Any]
    """What was asked for."""
    kind: str | None
    """The sort of task that it starts, `None` for a call."""
    task_id: str | None
    """The service's id of the task, once accepted."""
    outcome: Mapping[str, Any] | None
    """The last record or answer, once it is over."""
    earlier_id: str | None = None
    """The service's id of the failed task in whose place this was sent."""

    @property
    def is_unknown(self) -> bool:
        """Whether nobody knows if it was accepted."""
        return self.task_id is None and self.outcome is None
