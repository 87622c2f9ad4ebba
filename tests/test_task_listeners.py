"""Tasks: what is known of them, what their listeners get, and how they are polled meanwhile."""

from __future__ import annotations

import asyncio
import inspect
from typing import Any

import pytest
from task_kit import StubPoller, Tracks, failure, news, task_of

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
from suno_async._polling.schedule import PollState
from suno_async._submitting.tasks import read_token
from suno_async._wire.records import Record
from suno_async.operations._kinds import KINDS


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
    """No stage, no event, no failure, no notes, and no listener."""
    assert (task.stage, task.is_done, task.failure) == (Stage.PENDING, False, None)
    assert (task.events, task.partial_result, task._listeners) == ((), None, {})
    assert (task.operation, task._is_interactive, task._submission_id) == (None, True, None)
    assert (task.kind, task.typical_duration, task.token) == ("music", 190.0, "music:t1")


def test_a_poller_begins_with_nothing_known() -> None:
    """Of a task that comes from elsewhere: no age, no poll, no callback, no failure."""
    state = PollState(KINDS["music"])
    assert (state.accepted, state.watched_since, state.errors) == (None, None, None)
    assert (state.polled, state.ticket, state.late_polls) == (0, 0, 0)
    assert (state.tried, state.late_at) == (float("-inf"), float("-inf"))
    flags = (state.has_updated, state.has_callbacks, state.has_had_callback, state.is_hopeless)
    assert flags == (False, False, False, False)
    assert state.needs_polls


def test_what_a_task_is_made_of() -> None:
    """By name only, and what happens to it is not to be given."""
    taken = inspect.signature(Task).parameters
    assert " ".join(taken) == "id operation kind poller"
    assert {one.kind for one in taken.values()} == {inspect.Parameter.KEYWORD_ONLY}


def test_two_tasks_are_two_though_they_have_one_id(poller: StubPoller) -> None:
    """Each has its own listeners, so they differ."""
    one, two = (task_of(poller) for _ in range(2))
    assert len({one, two}) == 2


def test_the_events_come_with_their_results(task: Task[Tracks]) -> None:
    """The events so far, and the last result of them."""
    task._observe(news(Stage.FIRST))
    assert [(event.stage, event.implied) for event in task.events] == [
        (Stage.TEXT, True),
        (Stage.FIRST, False),
    ]
    assert task.partial_result == (Track(id="FIRST"),)
    assert not task.is_done
    task._observe(Record(task_id="t1", stage=Stage.COMPLETE, result=None))
    assert task.is_done
    assert len(task.events) == 2


async def test_a_task_that_is_complete_with_nothing_has_no_event(task: Task[Tracks]) -> None:
    """Iterating ends then, and raises nothing."""
    task._observe(Record(task_id="t1", stage=Stage.COMPLETE, result=None))
    assert [event async for event in task] == []


@pytest.mark.parametrize("end", [news(Stage.COMPLETE), failure()], ids=["complete", "failed"])
def test_the_end_comes_once(task: Task[Tracks], end: Record[Tracks]) -> None:
    """What is known already is no news, and after the end there is none."""
    notes: list[bool] = []
    task._listen(lambda _: notes.append(task.is_done))
    task._observe(news(Stage.TEXT))
    task._observe(news(Stage.TEXT))
    assert notes == [False]
    for _ in range(2):
        task._observe(end)
    assert notes == [False, True]
    assert task.failure is end.failure


def test_one_listener_costs_the_others_nothing(
    task: Task[Tracks], caplog: pytest.LogCaptureFixture
) -> None:
    """What a listener raises is logged, with the task, and the next one is notified."""

    def broken(_: SunoError | None) -> None:
        raise ArithmeticError("a mistake")

    notes: list[SunoError | None] = []
    task._listen(broken)
    task._listen(notes.append)
    error = RequestTimeout("slow")
    task._observe(news(Stage.TEXT))
    task._notify(error)
    assert notes == [None, error]
    assert [record.message for record in caplog.records] == ["a listener of music:t1 failed"] * 2
    assert {record.name for record in caplog.records} == {"suno_async"}


def test_a_task_is_interactive_as_long_as_a_person_listens(
    task: Task[Tracks], poller: StubPoller
) -> None:
    """Polled once for all; as a batch's only while none but batches listen."""
    listeners: list[list[SunoError | None]] = [[], [], []]
    task._listen(listeners[0].append, of_batch=True)
    task._listen(listeners[1].append, of_batch=True)
    task._unlisten(nobody, of_batch=True)
    assert poller.asked == ["batch"]
    task._listen(listeners[2].append)
    assert poller.asked == ["batch", "no batch", "person"]
    task._unlisten(listeners[0].append, of_batch=True)
    assert poller.asked == ["batch", "no batch", "person"]
    task._unlisten(listeners[2].append)
    assert poller.asked[3:] == ["no person", "batch"]
    task._unlisten(listeners[2].append)
    assert poller.asked[5:] == []
    assert task._listeners
    task._unlisten(listeners[1].append, of_batch=True)
    assert poller.asked[5:] == ["no batch"]
    assert not task._listeners
    assert not task._is_interactive, "as the last listener had it"
    task._listen(nobody)
    task._unlisten(nobody)
    assert task._is_interactive


def test_a_task_that_cannot_be_polled_is_not_listened_to(
    task: Task[Tracks], poller: StubPoller
) -> None:
    """The poller is asked first, and its refusal leaves nothing behind."""
    poller.refuses = ClientClosed("closed")
    with pytest.raises(ClientClosed):
        task._listen(nobody)
    assert (task._listeners, poller.asked) == ({}, [])


async def test_an_iterator_goes_on_where_it_was(task: Task[Tracks]) -> None:
    """It is its own iterator, what has happened it gives at once, and another one begins anew."""
    loop = asyncio.get_running_loop()
    task._observe(news(Stage.TEXT))
    going = aiter(task)
    assert aiter(going) is going
    assert (await anext(going)).stage is Stage.TEXT
    task._observe(news(Stage.FIRST))
    assert (await anext(going)).stage is Stage.FIRST
    assert (await anext(aiter(task))).stage is Stage.TEXT
    assert loop.time() == pytest.approx(0, abs=0.1)


def test_a_task_prints_how_far_it_is(task: Task[Tracks]) -> None:
    """The last stage of its events."""
    task._observe(news(Stage.FIRST))
    assert repr(task) == "<Task music:t1 first>"
