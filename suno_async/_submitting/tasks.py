"""The tasks of one client: one object a token, and which submission each is of."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, TypeVar, cast
from weakref import WeakValueDictionary

from attrs import define, field

from suno_async._journal.entry import JournalEntry
from suno_async._journal.journal import Journal
from suno_async._polling.poller import Poller
from suno_async._wire.records import other_task_in, record_of
from suno_async.errors import ConfigurationError
from suno_async.operations import TaskOperation
from suno_async.operations._kinds import KINDS, Kind
from suno_async.task import Task

if TYPE_CHECKING:
    from suno_async._journal.journal import Entry

R = TypeVar("R")

_REMEMBERED = 1_000  # operations: a sidecar may be wanted when its task is let go of


@define(eq=False)
class Tasks:
    """The registry: as long as somebody holds a task, it is the same object for all."""

    poller: Poller
    """Polls them."""
    journal: Journal
    """What is known of those that nobody holds."""
    unclaimed: list[str] = field(factory=list[str], init=False)
    """Tokens of tasks that were accepted, and no caller got."""
    by_token: WeakValueDictionary[str, Task[Any]] = field(
        factory=WeakValueDictionary[str, Task[Any]], init=False
    )
    """The tasks that somebody holds."""
    by_submission: WeakValueDictionary[str, Task[Any]] = field(
        factory=WeakValueDictionary[str, Task[Any]], init=False
    )
    """The same, by the submission's id, where that is known."""
    _operations: dict[str, TaskOperation[Any]] = field(
        factory=dict[str, TaskOperation[Any]], init=False
    )
    """What the last tasks came from, by token, also of those that nobody holds."""

    def task(self, kind: Kind, task_id: str, operation: TaskOperation[R] | None = None) -> Task[R]:
        """The task with this id."""
        task = self.by_token.get(f"{kind.name}:{task_id}")
        if task is None:
            task = Task(id=task_id, operation=operation, kind=kind, poller=self.poller)
            self.by_token[task.token] = task
            if operation is not None:
                self._operations[task.token] = operation
                if len(self._operations) > _REMEMBERED:
                    del self._operations[next(iter(self._operations))]
        return task

    def accepted(
        self,
        operation: TaskOperation[R],
        task_id: str,
        submission: str,
        *,
        at: float,
        has_callbacks: bool,
    ) -> Task[R]:
        """The task of a submission that has been accepted at this time, on the loop's clock."""
        task = self.task(operation._kind, task_id, operation)
        self.poller.accepted(task, at, has_callbacks=has_callbacks)
        self.started(task, submission)
        return task

    def restored(self, operation: TaskOperation[R] | None, entry: Entry) -> Task[R]:
        """The task of a submission that the journal knows as accepted."""
        kind = KINDS[entry.kind or ""]
        operation = operation or operation_in(entry)
        task = self.task(kind, entry.task_id or "", operation)
        self.started(task, entry.id)
        if entry.age is not None:
            at = asyncio.get_running_loop().time() - entry.age
            self.poller.accepted(task, at, has_callbacks=entry.has_callback)
        known = entry.outcome or entry.latest
        if known is not None and not task.is_done and other_task_in(known, task.id) is None:
            task._observe(record_of(kind, known, token=task.token, operation=operation))
        return task

    def started(self, task: Task[Any], submission: str) -> None:
        """Take note of which submission a task is of."""
        task._submission_id = submission
        self.by_submission[submission] = task

    async def operation_of(self, token: str) -> TaskOperation[Any] | None:
        """The operation that a task came from, where this client or its journal knows it."""
        if token not in self._operations:
            kind, _, task_id = token.partition(":")
            entry = await self.journal.of_task(kind, task_id)
            return None if entry is None else operation_in(entry)
        return self._operations[token]


def operation_in(entry: Entry) -> TaskOperation[Any] | None:
    """The operation of a submission that the journal knows, where it can be made still."""
    return cast("TaskOperation[Any] | None", JournalEntry(entry).operation)


def read_token(token: str, operation: type[TaskOperation[Any]] | None) -> tuple[Kind, str]:
    """The kind and the id in a task's token, or in a plain id of what `operation` starts.

    Raises:
        ConfigurationError: it is not one.
    """
    name, colon, task_id = str(token).strip().partition(":")
    if not colon and operation is not None:
        name, task_id = operation._kind.name, name
    kind = KINDS.get(name)
    if kind is None or not task_id or (operation is not None and operation._kind is not kind):
        expected = operation._kind.name if operation is not None else "music"
        raise ConfigurationError(
            f"{token!r} is not the token of a task: one reads like "
            f"'{expected}:5c79be8e…'; a plain id needs its operation, as in "
            "task(id, GenerateMusic)."
        )
    return kind, task_id
