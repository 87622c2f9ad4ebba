"""Tasks: what is known of them, who is told what, and how they are watched meanwhile."""

from __future__ import annotations

import asyncio
import inspect
from typing import Any

import pytest
from task_kit import Tracks, Watch, failure, news

from suno_async import (
    ClientClosed,
    ConfigurationError,
    GenerateLyrics,
    GenerateMusic,
    RequestTimeout,
    Stage,
    SunoError,
    Task,
    Track,
)
from suno_async._wire.records import Record
from suno_async.operations._kinds import KINDS
from suno_async.task import PollState, read_token


def nobody(error: SunoError | None) -> None:
    """A listener that does nothing."""


@pytest.mark.parametrize(
    ("token", "operation", "kind", "task_id"),
    [
        ("music:t1", None, "music", "t1"),
        (" lyrics:t1\n", None, "lyrics", "t1"),
        ("music:a:b", GenerateMusic, "music", "a:b"),
        ("t1", GenerateLyrics, "lyrics", "t1"),
    ],
)
def test_a_token_is_read(token: str, operation: Any, kind: str, task_id: str) -> None:
    """Kind and id, in any space; a plain id where the operation is known."""
    assert read_token(token, operation) == (KINDS[kind], task_id)


@pytest.mark.parametrize(
    ("token", "operation", "expected"),
    [
        ("t1", None, "music"),
        ("", None, "music"),
        ("", GenerateLyrics, "lyrics"),
        ("music:", None, "music"),
        (":t1", GenerateMusic, "music"),
        ("song:t1", None, "music"),
        ("music:t1", GenerateLyrics, "lyrics"),
        ("song:t1", GenerateLyrics, "lyrics"),
    ],
)
def test_what_is_no_token(token: str, operation: Any, expected: str) -> None:
    """The error shows how one reads, of the kind that was wanted."""
    with pytest.raises(ConfigurationError, match=f"one reads like '{expected}:"):
        read_token(token, operation)


def test_a_task_begins_with_nothing_known(task: Task[Tracks]) -> None:
    """No stage, no event, no failure, no notes, and nobody there."""
    assert (task.stage, task.is_done, task.failure) == (Stage.PENDING, False, None)
    assert (task.events, task.partial_result, task.is_listened_to) == ((), None, False)
    assert (task.operation, task.is_persons) == (None, True)
    assert (task.kind, task.typical_duration, task.token) == ("music", 190.0, "music:t1")
    seat = task.seat
    assert (seat.accepted, seat.watched_since, seat.submission) == (None, None, None)
    assert (seat.looked, seat.turn, seat.late_looks) == (0, 0, 0)
    assert (seat.tried, seat.late_at) == (float("-inf"), float("-inf"))
    flags = (seat.has_voted, seat.is_pushed, seat.has_heard, seat.is_hopeless)
    assert flags == (False, False, False, False)
    assert seat.trouble is None
    assert PollState() == seat


def test_what_a_task_is_made_of() -> None:
    """By name only, and what happens to it is not to be given."""
    taken = inspect.signature(Task).parameters
    assert " ".join(taken) == "id operation is_persons stage kind watch on_over seat"
    assert {one.kind for one in taken.values()} == {inspect.Parameter.KEYWORD_ONLY}


def test_two_tasks_are_two_though_they_have_one_id(watch: Watch) -> None:
    """Each has its own listeners, so they are told apart."""
    one, two = (Task[Any](id="t1", kind=KINDS["music"], watch=watch) for _ in range(2))
    assert len({one, two}) == 2


def test_the_stages_are_told_with_what_is_there(task: Task[Tracks]) -> None:
    """The events so far, and the last result of them."""
    task.observe(news(Stage.FIRST))
    assert [(event.stage, event.implied) for event in task.events] == [
        (Stage.TEXT, True),
        (Stage.FIRST, False),
    ]
    assert task.partial_result == (Track(id="FIRST"),)
    assert not task.is_done
    task.observe(Record(task_id="t1", stage=Stage.COMPLETE, result=None))
    assert task.is_done
    assert len(task.events) == 2


async def test_a_task_that_is_complete_with_nothing_has_no_event(task: Task[Tracks]) -> None:
    """Iterating ends then, and raises nothing."""
    task.observe(Record(task_id="t1", stage=Stage.COMPLETE, result=None))
    assert [event async for event in task] == []


@pytest.mark.parametrize("end", [news(Stage.COMPLETE), failure()], ids=["complete", "failed"])
def test_the_end_is_told_once(watch: Watch, end: Record[Tracks]) -> None:
    """To whoever made the task, with the record that told it, and after the listeners."""
    told: list[object] = []
    task = Task[Tracks](
        id="t1",
        kind=KINDS["music"],
        watch=watch,
        on_over=lambda task, record: told.append((task, record)),
    )
    task.listen(lambda _: told.append("news"))
    task.observe(news(Stage.TEXT))
    task.observe(news(Stage.TEXT))
    assert told == ["news"]
    for _ in range(2):
        task.observe(end)
    assert told == ["news", "news", (task, end)]
    assert task.failure is end.failure


def test_one_listener_costs_the_others_nothing(
    task: Task[Tracks], caplog: pytest.LogCaptureFixture
) -> None:
    """What a listener raises is logged, with the task, and the next one is told."""

    def broken(_: SunoError | None) -> None:
        raise ArithmeticError("a mistake")

    heard: list[SunoError | None] = []
    task.listen(broken)
    task.listen(heard.append)
    trouble = RequestTimeout("slow")
    task.observe(news(Stage.TEXT))
    task.disturb(trouble)
    assert heard == [None, trouble]
    assert [record.message for record in caplog.records] == ["a listener of music:t1 failed"] * 2
    assert {record.name for record in caplog.records} == {"suno_async"}


def test_a_task_is_a_persons_as_long_as_one_listens(task: Task[Tracks], watch: Watch) -> None:
    """Watched once for all; as a batch's only while none but batches listen."""
    listeners: list[list[SunoError | None]] = [[], [], []]
    task.listen(listeners[0].append, of_batch=True)
    task.listen(listeners[1].append, of_batch=True)
    task.unlisten(nobody, of_batch=True)
    assert watch.asked == ["batch"]
    task.listen(listeners[2].append)
    assert watch.asked == ["batch", "no batch", "person"]
    task.unlisten(listeners[0].append, of_batch=True)
    assert watch.asked == ["batch", "no batch", "person"]
    task.unlisten(listeners[2].append)
    assert watch.asked[3:] == ["no person", "batch"]
    task.unlisten(listeners[2].append)
    assert watch.asked[5:] == []
    assert task.is_listened_to
    task.unlisten(listeners[1].append, of_batch=True)
    assert watch.asked[5:] == ["no batch"]
    assert not task.is_listened_to
    assert not task.is_persons, "as whoever listened last had it"
    task.listen(nobody)
    task.unlisten(nobody)
    assert task.is_persons


def test_a_task_that_cannot_be_watched_is_not_listened_to(task: Task[Tracks], watch: Watch) -> None:
    """The watcher is asked first, and its refusal leaves nothing behind."""
    watch.refuses = ClientClosed("closed")
    with pytest.raises(ClientClosed):
        task.listen(nobody)
    assert (task.is_listened_to, watch.asked) == (False, [])


async def test_an_iterator_goes_on_where_it_was(task: Task[Tracks]) -> None:
    """It is its own iterator, what is there it tells at once, and another one begins anew."""
    loop = asyncio.get_running_loop()
    task.observe(news(Stage.TEXT))
    going = aiter(task)
    assert aiter(going) is going
    assert (await anext(going)).stage is Stage.TEXT
    task.observe(news(Stage.FIRST))
    assert (await anext(going)).stage is Stage.FIRST
    assert (await anext(aiter(task))).stage is Stage.TEXT
    assert loop.time() == pytest.approx(0, abs=0.1)


def test_a_task_prints_how_far_it_is(task: Task[Tracks]) -> None:
    """The last stage told."""
    task.observe(news(Stage.FIRST))
    assert repr(task) == "<Task music:t1 first>"
