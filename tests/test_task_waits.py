"""Waits for tasks: how long they are, what ends them, and the last poll."""

from __future__ import annotations

import asyncio
from math import nan
from typing import Any

import pytest
from task_kit import StubPoller, Tracks, failure, news

from suno_async import (
    ClientClosed,
    ConfigurationError,
    RequestTimeout,
    Stage,
    Task,
    TaskFailed,
    TaskTimeout,
    Track,
)
from suno_async.task import _PATIENCE


async def test_much_may_happen_in_one_moment(
    task: Task[Tracks], caplog: pytest.LogCaptureFixture
) -> None:
    """An error and two stages before anybody wakes: the first of them is what the wait ends by."""
    waiting = asyncio.create_task(task.wait())
    await asyncio.sleep(1)
    task._notify(RequestTimeout("slow"))
    task._observe(news(Stage.TEXT))
    task._observe(news(Stage.COMPLETE))
    with pytest.raises(RequestTimeout):
        await waiting
    assert await task
    assert caplog.records == []


@pytest.mark.parametrize("index", [0, 1, 2])
async def test_each_wait_has_the_event_of_its_number(task: Task[Tracks], index: int) -> None:
    """From 0 on, and none beyond the last."""
    waiting = asyncio.create_task(task._event(index, _PATIENCE))
    await asyncio.sleep(1)
    for stage in (Stage.TEXT, Stage.FIRST, Stage.COMPLETE):
        task._observe(news(stage))
    event = await waiting
    assert event is task.events[index]
    assert await task._event(3, _PATIENCE) is None


@pytest.mark.parametrize("patience", [None, 10.0**6])
async def test_patience_without_end(task: Task[Tracks], patience: float | None) -> None:
    """`None` is for ever, and a long time is a long time."""
    loop = asyncio.get_running_loop()
    loop.call_later(10.0**5, task._observe, news(Stage.COMPLETE))
    assert await task.wait(timeout=patience)
    assert loop.time() == pytest.approx(10.0**5)


async def test_a_wait_is_ten_minutes_long(task: Task[Tracks], poller: StubPoller) -> None:
    """By default, and a last poll of a second."""
    loop = asyncio.get_running_loop()
    for waiting in (task.wait(), task._event(0, _PATIENCE)):
        began = loop.time()
        with pytest.raises(TaskTimeout, match="still pending after 600 s") as caught:
            await waiting
        assert loop.time() - began == pytest.approx(601, abs=0.1)
        assert caught.value.kind == "music"
    assert poller.asked == ["person", "no person", "person", "poll", "no person"] * 2


async def test_a_last_poll_has_half_a_minute(task: Task[Tracks], poller: StubPoller) -> None:
    """A slow one is not waited for any longer."""
    loop = asyncio.get_running_loop()
    poller.takes = 1_000.0
    with pytest.raises(TaskTimeout):
        await task.wait(timeout=5)
    assert loop.time() == pytest.approx(35, abs=0.1)
    assert not task._listeners
    await asyncio.sleep(1)
    assert len(asyncio.all_tasks()) == 1


@pytest.mark.parametrize(
    ("until", "stage", "seconds"),
    [
        (Stage.COMPLETE, Stage.COMPLETE, 7),
        (Stage.TEXT, Stage.TEXT, 7),
        (Stage.TEXT, Stage.FIRST, 7),
        (Stage.COMPLETE, Stage.FIRST, 35),
    ],
)
async def test_a_callback_may_be_faster_than_the_last_poll(
    task: Task[Tracks], poller: StubPoller, until: Stage, stage: Stage, seconds: float
) -> None:
    """What comes meanwhile ends the wait at once, if it is what the wait was for."""
    loop = asyncio.get_running_loop()
    poller.takes = 1_000.0
    loop.call_later(7, task._observe, news(stage))
    waiting = task.wait(until, timeout=5)
    if stage < until:
        with pytest.raises(TaskTimeout):
            await waiting
    else:
        assert await waiting == (Track(id=stage.name),)
    assert loop.time() == pytest.approx(seconds, abs=0.1)


async def test_a_failure_ends_the_last_poll_too(task: Task[Tracks], poller: StubPoller) -> None:
    """Nothing more can come then."""
    loop = asyncio.get_running_loop()
    poller.takes = 1_000.0
    loop.call_later(7, task._observe, failure())
    with pytest.raises(TaskFailed):
        await task.wait(timeout=5)
    assert loop.time() == pytest.approx(7, abs=0.1)


@pytest.mark.parametrize("has_come", [True, False])
async def test_a_last_poll_that_fails(
    task: Task[Tracks], poller: StubPoller, has_come: bool
) -> None:
    """Its error is raised, unless what was waited for has come all the same."""

    def fail(task: Task[Any]) -> None:
        if has_come:
            task._observe(news(Stage.COMPLETE))
        raise RequestTimeout("slow")

    poller.finds = fail
    if has_come:
        assert await task.wait(timeout=5)
    else:
        with pytest.raises(RequestTimeout):
            await task.wait(timeout=5)
        assert not task._listeners


async def test_a_client_that_ends_before_the_last_poll(
    task: Task[Tracks], poller: StubPoller
) -> None:
    """Its error is raised, and nothing is left behind."""
    loop = asyncio.get_running_loop()
    loop.call_later(1, setattr, poller, "refuses", ClientClosed("closed"))
    with pytest.raises(ClientClosed):
        await task.wait(timeout=5)
    await asyncio.sleep(1)
    assert len(asyncio.all_tasks()) == 1


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"until": "done"}, "until must be one of text, first, complete, not 'done'"),
        ({"until": Stage.PENDING}, "until must be one of text"),
        ({"until": None}, "until must be one of text"),
        ({"timeout": "5"}, "timeout must be seconds, or None for no limit, not '5'"),
        ({"timeout": nan}, "timeout must be seconds"),
    ],
)
async def test_what_is_no_wait_is_refused_at_once(
    task: Task[Tracks], poller: StubPoller, given: dict[str, Any], said: str
) -> None:
    """A stage that there is not, or a time that is none, is refused before anything is polled."""
    with pytest.raises(ConfigurationError, match=said):
        await task.wait(**given)
    assert poller.asked == []
