"""What a client tells of a submission that its journal knows."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any, cast

from attrs import field, frozen

from suno_async._journal.journal import Entry
from suno_async._wire.bodies import operation_written
from suno_async._wire.records import Record, answer_of, other_task_in, record_of
from suno_async.errors import InvalidRequest
from suno_async.operations import CallOperation, TaskOperation
from suno_async.operations._kinds import KINDS

if TYPE_CHECKING:
    from datetime import datetime

    from suno_async._journal.journal import SubmissionState
    from suno_async.errors import TaskFailed


@frozen(eq=False, repr=False)
class JournalEntry:
    """A submission, as the journal knows it: what was asked for, and what became of it."""

    _entry: Entry = field()

    def __repr__(self) -> str:
        return f"<JournalEntry {self.key} {self.token or self.operation_name} {self.state}>"

    @property
    def key(self) -> str:
        """What names it: the idempotency key, a batch's own, or one that was made up."""
        return self._entry.id

    @property
    def state(self) -> SubmissionState:
        """How it stands."""
        return self._entry.state

    @property
    def operation_name(self) -> str:
        """The name of the operation's class."""
        return self._entry.operation

    @property
    def operation(self) -> TaskOperation[Any] | CallOperation[Any] | None:
        """What was asked for, `None` once pruned, and for a class of your own."""
        if self._entry.fields is None:
            return None
        with suppress(InvalidRequest):
            return cast(
                "TaskOperation[Any] | CallOperation[Any]",
                operation_written(self._entry.operation, self._entry.fields),
            )
        return None

    @property
    def kind(self) -> str | None:
        """What sort of task it starts, for example `music`; `None` for a call."""
        return self._entry.kind

    @property
    def token(self) -> str | None:
        """The token of its task, as `suno.task` takes it; `None` for a call.

        While it is in doubt, that of a task which an odd answer named, else `None`.
        """
        task_id = self._entry.task_id or self._entry.candidate
        return None if task_id is None else f"{self._entry.kind}:{task_id}"

    @property
    def sent_at(self) -> datetime:
        """When it was sent last, by the clock of the machine that sent it, in UTC."""
        assert self._entry.sent_at is not None  # noqa: S101 each journal notes it
        return self._entry.sent_at

    @property
    def accepted_at(self) -> datetime | None:
        """When it was accepted, `None` while in doubt."""
        return self._entry.accepted_at

    @property
    def done_at(self) -> datetime | None:
        """When it was known to be complete or failed, `None` before."""
        return self._entry.done_at

    @property
    def result(self) -> Any:
        """What it brought, as the task or the call gave it; `None` before, and once pruned.

        Raises:
            DecodeError: it cannot be read.
            TaskFailed: it is the answer to a call, which says that the service could not do it.
        """
        record = self._record()
        if record is not None:
            return None if record.failure is not None else record.result
        operation = self.operation
        if isinstance(operation, CallOperation) and self._entry.outcome is not None:
            return answer_of(operation, self._entry.outcome)
        return None

    @property
    def failure(self) -> TaskFailed | None:
        """Why the task has failed, `None` where it has not, and once pruned."""
        record = self._record()
        return None if record is None else record.failure

    def to_dict(self) -> dict[str, Any]:
        """All but the result as plain data, times in ISO format."""
        times = {name: getattr(self, name) for name in ("sent_at", "accepted_at", "done_at")}
        return {
            "key": self.key,
            "state": str(self.state),
            "task": self.token,
            "kind": self.kind,
            "operation": self.operation_name,
            "fields": None if self._entry.fields is None else dict(self._entry.fields),
            **{name: None if time is None else time.isoformat() for name, time in times.items()},
        }

    def _record(self) -> Record[Any] | None:
        kind, outcome = KINDS.get(self.kind or ""), self._entry.outcome
        if outcome is None or kind is None or other_task_in(outcome, self._entry.task_id or ""):
            return None
        return record_of(kind, outcome, token=self.token or self.key)
