"""A poller of the test's own, and news of tasks, for the tests of tasks alone."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from attrs import define, field

from suno_async import Stage, SunoError, Task, TaskFailed, Track
from suno_async._wire.records import Record
from suno_async.operations._kinds import KINDS

Tracks = tuple[Track, ...]


@define(eq=False)
class StubPoller:
    """Notes what a task asks of its poller, and polls as the test says."""

    asked: list[str] = field(factory=list[str])
    refuses: SunoError | None = None
    takes: float = 1.0
    """Seconds that a poll takes."""
    finds: Callable[[Task[Any]], object] = lambda _: None

    def check(self, task: Task[Any]) -> None:
        """Refuse if the test says so."""
        if self.refuses is not None:
            raise self.refuses

    def watch(self, task: Task[Any]) -> None:
        """The task has a listener."""
        self.asked.append("person" if task._is_interactive else "batch")

    def unwatch(self, task: Task[Any]) -> None:
        """It has none any more, or other ones."""
        self.asked.append("no " + ("person" if task._is_interactive else "batch"))

    async def poll_now(self, task: Task[Any]) -> SunoError | None:
        """Take the time of a poll, then do what the test wants."""
        self.asked.append("poll")
        await asyncio.sleep(self.takes)
        self.finds(task)
        return None


def task_of(poller: object, kind: str = "music") -> Task[Any]:
    """A task that such a poller polls."""
    return Task(id="t1", kind=KINDS[kind], poller=poller)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


def news(stage: Stage) -> Record[Tracks]:
    """A record that says how far the task is."""
    return Record(task_id="t1", stage=stage, result=(Track(id=stage.name),))


def failure() -> Record[Tracks]:
    """A record of a failed task."""
    failed = TaskFailed("no", "music:t1", "music")
    return Record(task_id="t1", stage=Stage.PENDING, result=None, failure=failed)


@pytest.fixture
def poller() -> StubPoller:
    """The poller."""
    return StubPoller()


@pytest.fixture
def task(poller: StubPoller) -> Task[Tracks]:
    """A task of it."""
    return task_of(poller)
