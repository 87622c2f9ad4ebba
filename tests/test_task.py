"""Tasks: transitions as laws, listeners, waiting and failing, with a poller of the test's own."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from attrs import define, field
from hypothesis import given
from hypothesis import strategies as st
from task_kit import task_of

from suno_async import (
    ClientClosed,
    RequestTimeout,
    Stage,
    SunoError,
    Task,
    TaskEvent,
    TaskFailed,
    TaskTimeout,
    Track,
)
from suno_async._wire.records import Record

Tracks = tuple[Track, ...]
STAGES = (Stage.TEXT, Stage.FIRST, Stage.COMPLETE)


@define(eq=False)
class StubPoller:
    """Counts what the task asks of its poller."""

    watched: int = 0
    polls: int = 0
    finds: list[Record[Any]] = field(factory=list[Record[Any]])

    def check(self, task: Task[Any]) -> None:
        """It can always be polled."""

    def watch(self, task: Task[Any]) -> None:
        """The task has a listener."""
        self.watched += 1

    def unwatch(self, task: Task[Any]) -> None:
        """It has none any more."""
        self.watched -= 1

    async def poll_now(self, task: Task[Any]) -> SunoError | None:
        """One poll, which brings what the test has prepared."""
        self.polls += 1
        await asyncio.sleep(1)
        for record in self.finds:
            task._observe(record)
        return None


def new_task(kind: str = "music") -> tuple[Task[Tracks], StubPoller]:
    """A task and its poller."""
    poller = StubPoller()
    return task_of(poller, kind), poller


def news(stage: Stage, mark: str = "a") -> Record[Tracks]:
    """A record that says how far the task is."""
    return Record(task_id="t1", stage=stage, result=(Track(id=mark),))


def failure(message: str = "no") -> Record[Tracks]:
    """A record of a failed task."""
    failed = TaskFailed(message, "music:t1", "music", "GENERATE_AUDIO_FAILED", 500)
    return Record(task_id="t1", stage=Stage.PENDING, result=None, failure=failed)


async def listened(task: Task[Tracks]) -> list[TaskEvent[Tracks]]:
    """All events of the task."""
    return [event async for event in task]


@given(st.lists(st.sampled_from(list(Stage)), max_size=12))
def test_any_order_of_news_gives_each_stage_once_in_order(order: list[Stage]) -> None:
    """Polls and callbacks in any order, stale or repeated: each stage once, in order."""

    async def scenario() -> None:
        task, poller = new_task()
        listeners = [asyncio.create_task(listened(task)) for _ in range(2)]
        await asyncio.sleep(0)
        news_of_all = [*order, Stage.COMPLETE]
        furthest = Stage.PENDING
        for number, stage in enumerate(news_of_all):
            furthest = max(furthest, stage)
            task._observe(news(stage, str(number)))
            assert task.stage is furthest
        for events in await asyncio.gather(*listeners, listened(task)):
            assert [event.stage for event in events] == list(STAGES)
            for event in events:
                number = next(n for n, s in enumerate(news_of_all) if s >= event.stage)
                assert event.result[0].id == str(number), "the record that revealed it"
                assert event.implied == (news_of_all[number] is not event.stage)
        assert poller.watched == 0

    asyncio.run(scenario())


@given(st.lists(st.sampled_from(list(Stage)[:-1]), max_size=6), st.integers(0, 3))
def test_a_failure_ends_every_listener_after_what_had_happened(
    before: list[Stage], listeners: int
) -> None:
    """Events of what was reached come first, then TaskFailed; later news changes nothing."""

    async def scenario() -> None:
        task, _ = new_task()
        reached = max([Stage.PENDING, *before])
        for stage in before:
            task._observe(news(stage))
        task._observe(failure())
        task._observe(news(Stage.COMPLETE))
        for _ in range(listeners + 1):
            reached_first: list[Stage] = []
            with pytest.raises(TaskFailed):
                async for event in task:
                    reached_first.append(event.stage)  # noqa: PERF401 what precedes the error counts
            assert reached_first == [stage for stage in STAGES if stage <= reached]
            with pytest.raises(TaskFailed):
                await task

    asyncio.run(scenario())


async def test_kinds_without_stages_have_complete_only() -> None:
    """Lyrics and files have one event."""
    task, _ = new_task("lyrics")
    task._observe(news(Stage.COMPLETE))
    assert [event.stage for event in await listened(task)] == [Stage.COMPLETE]
    assert await task.wait(Stage.TEXT) == await task


async def test_awaiting_any_number_of_times_gives_the_same() -> None:
    """The result stays, for many at once and for those that come late."""
    task, poller = new_task()
    waiting = [asyncio.create_task(task.wait()) for _ in range(3)]
    await asyncio.sleep(0)
    assert poller.watched == 1
    task._observe(news(Stage.COMPLETE))
    results = [*await asyncio.gather(*waiting), await task, await task]
    assert all(result is results[0] for result in results)
    assert poller.watched == 0


async def test_waiting_for_a_stage_gives_its_result() -> None:
    """`wait(until=...)` returns at its stage, with that stage's record."""
    task, _ = new_task()
    first = asyncio.create_task(task.wait("first"))
    await asyncio.sleep(0)
    task._observe(news(Stage.TEXT, "text"))
    await asyncio.sleep(0)
    assert not first.done()
    task._observe(news(Stage.FIRST, "first"))
    assert (await first)[0].id == "first"
    assert (await task.wait(Stage.TEXT))[0].id == "text"


async def test_without_listeners_it_is_not_polled() -> None:
    """A task is polled while it has listeners, also two, and not after their cancellation."""
    task, poller = new_task()
    one, two = (asyncio.create_task(task.wait()) for _ in range(2))
    await asyncio.sleep(0)
    assert poller.watched == 1
    one.cancel()
    await asyncio.gather(one, return_exceptions=True)
    assert poller.watched == 1
    two.cancel()
    await asyncio.gather(two, return_exceptions=True)
    assert poller.watched == 0
    task._observe(news(Stage.COMPLETE))
    assert await task


async def test_a_wait_ends_with_one_last_poll_and_loses_nothing() -> None:
    """After `timeout` seconds one poll is made, then TaskTimeout; awaiting again works."""
    loop = asyncio.get_running_loop()
    task, poller = new_task()
    task._observe(news(Stage.TEXT))
    began = loop.time()
    with pytest.raises(TaskTimeout, match="music:t1 is still text after 100 s") as caught:
        await task.wait(timeout=100)
    assert isinstance(caught.value, TimeoutError)
    assert caught.value.token == "music:t1"
    assert loop.time() - began == pytest.approx(101, abs=0.1)
    assert poller.polls == 1
    task._observe(news(Stage.COMPLETE))
    assert await task


async def test_the_last_poll_can_save_the_wait() -> None:
    """What the last poll finds is returned; what falls short of it is a timeout all the same."""
    task, poller = new_task()
    poller.finds = [news(Stage.FIRST)]
    with pytest.raises(TaskTimeout):
        await task.wait(timeout=5)
    poller.finds = [news(Stage.COMPLETE)]
    assert await task.wait(timeout=5)
    assert poller.polls == 2


async def test_iterating_ends_after_ten_minutes_of_silence() -> None:
    """`async for` allows 600 seconds for each event, not for all of them."""
    loop = asyncio.get_running_loop()
    task, _ = new_task()
    loop.call_later(500, task._observe, news(Stage.TEXT))
    loop.call_later(1000, task._observe, news(Stage.FIRST))
    times: list[float] = []
    with pytest.raises(TaskTimeout):
        async for _ in task:
            times.append(loop.time())  # noqa: PERF401 what comes before the error counts
    assert loop.time() - times[-1] == pytest.approx(601, abs=0.1)
    assert len(times) == 2


async def test_errors_of_polls_are_raised_and_the_task_goes_on() -> None:
    """An error of polls reaches all listeners, each its own, also a TimeoutError."""
    task, _ = new_task()
    waiting = [asyncio.create_task(task.wait()) for _ in range(2)]
    await asyncio.sleep(0)
    task._notify(RequestTimeout("slow"))
    errors = await asyncio.gather(*waiting, return_exceptions=True)
    assert [type(error) for error in errors] == [RequestTimeout, RequestTimeout]
    assert errors[0] is not errors[1]
    later = asyncio.create_task(task.wait())
    await asyncio.sleep(0)
    task._observe(news(Stage.COMPLETE))
    assert await later


async def test_trouble_without_listeners_is_nothing() -> None:
    """Nobody there, nothing raised, now or later."""
    task, _ = new_task()
    task._notify(ClientClosed("closed"))
    task._observe(news(Stage.COMPLETE))
    assert await task


async def test_a_failure_is_a_new_error_each_time() -> None:
    """Raising the same object again would grow its traceback without end."""
    task, _ = new_task()
    task._observe(failure())
    errors: list[SunoError] = []
    for _ in range(2):
        with pytest.raises(TaskFailed) as caught:
            await task
        errors.append(caught.value)
    assert errors[0] is not errors[1]
    assert str(errors[0]) == str(errors[1])


def test_a_task_prints_its_token_and_state() -> None:
    """What is logged is enough to pick it up again."""
    task, _ = new_task()
    assert repr(task) == "<Task music:t1 pending>"
    task._observe(failure())
    assert repr(task) == "<Task music:t1 failed>"
