"""What nobody wants any more costs nothing, and polls that hang leave slots to submissions."""

from __future__ import annotations

import asyncio
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest
from attrs import define, field
from task_kit import news

from suno_async import (
    ClientClosed,
    GenerateMusic,
    RateLimiter,
    Stage,
    SunoClient,
    SunoError,
    TaskTimeout,
)
from suno_async.limiter import SlotResult
from suno_async.testing import FakeSuno, Fault

if TYPE_CHECKING:
    from task_kit import StubPoller, Tracks

    from suno_async import Task

POLL = "get-music-generation-details"


async def some(suno: SunoClient, fake: FakeSuno, number: int) -> list[Task[Any]]:
    """So many songs of an earlier run, of which nothing is known here."""
    async with SunoClient(
        "key", base_url=fake.url, limiter=RateLimiter(10_000, 10.0, burst=10_000)
    ) as other:
        fake.script(times=number, complete=1e6)
        songs = [other.submit(GenerateMusic(f"song {one}")) for one in range(number)]
        return [suno.task(task.token) for task in await asyncio.gather(*songs)]


@pytest.mark.parametrize("way", ["timeout", "cancelled"])
async def test_short_waits_leave_no_polls(way: str) -> None:
    """After 150 waits of a second for 150 songs, only what is awaited is polled."""
    loop = asyncio.get_running_loop()
    async with (
        FakeSuno(delay=(0.05, 0.5), send_callbacks=False, credits=1e6, max_rate=None) as fake,
        SunoClient("key", base_url=fake.url, limiter=RateLimiter()) as suno,
    ):
        tasks = await some(suno, fake, 150)
        waits = [asyncio.ensure_future(task.wait(timeout=1)) for task in tasks]
        if way == "cancelled":
            await asyncio.sleep(5.0)
            for wait in waits:
                wait.cancel()
        await asyncio.wait(waits)
        await asyncio.sleep(1.0)
        polled, began = len(fake.ledger.of(POLL)), loop.time()
        song = await suno.generate_music("a person's")
        await song.wait(Stage.TEXT)
        assert loop.time() - began < 40
        assert {entry.task_id for entry in fake.ledger.of(POLL)[polled:]} == {song.id}


async def test_one_of_two_who_want_a_poll_goes(suno: SunoClient, fake_suno: FakeSuno) -> None:
    """The other one gets the poll all the same."""
    (task,) = await some(suno, fake_suno, 1)
    poller = suno._engine.tasks.poller
    one, two = (asyncio.ensure_future(poller.poll_now(task)) for _ in range(2))
    await asyncio.sleep(0)
    one.cancel()
    await two
    assert len(fake_suno.ledger.of(POLL)) == 1
    await poller.poll_now(task)
    assert len(fake_suno.ledger.of(POLL)) == 1, "it was polled just now"


async def test_a_poll_that_is_withdrawn_gives_the_task_its_turn_back() -> None:
    """A listener beside the one that goes is not forgotten."""
    async with (
        FakeSuno(send_callbacks=False) as fake,
        SunoClient("key", base_url=fake.url, limiter=RateLimiter()) as suno,
    ):
        task = await suno.generate_music("a")
        song = asyncio.ensure_future(task.wait())
        await asyncio.sleep(1.0)
        poller = suno._engine.tasks.poller
        poll = asyncio.ensure_future(poller.poll_now(task))
        await asyncio.sleep(0)
        poll.cancel()
        assert len(await song) == 2


async def test_a_client_that_ends_reaches_the_waiter_of_a_poll(fake_suno: FakeSuno) -> None:
    """It gets the end's error, and waits no longer."""
    async with SunoClient("key", base_url=fake_suno.url) as suno:
        (task,) = await some(suno, fake_suno, 1)
        fake_suno.fail(Fault.NEVER, on=POLL)
        poller = suno._engine.tasks.poller
        poll = asyncio.ensure_future(poller.poll_now(task))
        await asyncio.sleep(1.0)
    error = await poll
    assert isinstance(error, ClientClosed)
    assert task.id in str(error)


@define(eq=False)
class Counted:
    """A listener that counts how often it is compared."""

    compared: list[int] = field(factory=lambda: [0])

    def __call__(self, _: SunoError | None) -> None:
        """Hear."""

    def __eq__(self, other: object) -> bool:
        self.compared[0] += 1
        return self is other

    def __hash__(self) -> int:
        return id(self)


def test_many_listeners_cost_no_more_each(task: Task[Tracks]) -> None:
    """A thousand come, and go in any order: nobody is compared with all the others."""
    counted = [0]
    listeners = [Counted(counted) for _ in range(1_000)]
    for listener in listeners:
        task._listen(listener)
    for listener in [*listeners[::2], *listeners[1::2]]:
        task._unlisten(listener)
    assert not task._listeners
    assert counted[0] < 2_000


async def test_a_wait_is_woken_by_what_it_waits_for(task: Task[Tracks], poller: StubPoller) -> None:
    """Stages before its own do not make it listen anew."""
    waiting = asyncio.ensure_future(task.wait(Stage.COMPLETE))
    await asyncio.sleep(1)
    for stage in (Stage.TEXT, Stage.FIRST):
        task._observe(news(stage))
        await asyncio.sleep(1)
    assert poller.asked == ["person"]
    task._observe(news(Stage.COMPLETE))
    assert await waiting
    assert poller.asked == ["person", "no person"]


async def test_many_wait_for_one_task(suno: SunoClient, fake_suno: FakeSuno) -> None:
    """A thousand waits with an end of their own: one last poll for all of them."""
    fake_suno.script(complete=1_000)
    task = await suno.generate_music("a")
    waits = [asyncio.ensure_future(task.wait(timeout=20)) for _ in range(1_000)]
    await asyncio.wait(waits)
    assert {type(wait.exception()) for wait in waits} == {TaskTimeout}
    assert not task._listeners
    assert len(fake_suno.ledger.of(POLL)) < 8


@pytest.mark.parametrize(("people", "batch"), [(20, 0), (100, 0), (0, 150), (40, 150)], ids=str)
async def test_polls_that_hang_leave_room_for_a_submission(people: int, batch: int) -> None:
    """While no poll is answered, a person's request leaves within two seconds, always."""
    loop = asyncio.get_running_loop()
    async with (
        FakeSuno(delay=(0.05, 0.5), send_callbacks=False, credits=1e6) as fake,
        SunoClient("key", base_url=fake.url, limiter=RateLimiter()) as suno,
    ):
        tasks = [await suno.generate_music(f"song {number}") for number in range(people)]
        waits = [asyncio.ensure_future(task.wait(timeout=None)) for task in tasks]
        songs = suno.batch([GenerateMusic(f"item {number}") for number in range(batch)])
        waits.append(asyncio.ensure_future(anext(aiter(songs), None)))  # type: ignore[arg-type]
        fake.fail(Fault.NEVER, on=POLL, times=None)
        await asyncio.sleep(8.0)  # the first 20 at once leave nobody else a slot until 10.05 s
        took: list[float] = []
        for number in range(15):
            await asyncio.sleep(7.0 + number % 3)
            began = loop.time()
            await suno.generate_music("a person's")
            took.append(loop.time() - began)
        for wait in waits:
            wait.cancel()
        await asyncio.wait(waits)
        assert max(took) < 2.0
        fake.ledger.assert_within_rate()


async def test_polls_go_on_after_they_hung(suno: SunoClient, fake_suno: FakeSuno) -> None:
    """When the service answers again, all is seen."""
    fake_suno.fail(Fault.NEVER, on=POLL, times=12)
    tasks = [await suno.generate_music(f"song {number}") for number in range(12)]
    assert all(await asyncio.gather(*tasks))


async def test_slots_that_hang_spread_the_others() -> None:
    """With 12 of 20 slots hanging, the other 8 come round evenly: none waits for a whole period."""
    loop = asyncio.get_running_loop()
    limiter = RateLimiter()
    hanging = [await limiter.acquire() for _ in range(12)]
    await asyncio.sleep(5.0)
    times: list[float] = []
    for _ in range(40):
        slot = await limiter.acquire()
        times.append(loop.time())
        slot.release(SlotResult.ANSWERED)
    gaps = [later - earlier for earlier, later in pairwise(times[16:])]
    assert max(gaps) < 2.0
    assert sum(gaps) / len(gaps) == pytest.approx(10.05 / 8, rel=0.02)
    for slot in hanging:
        slot.release(SlotResult.ANSWERED)
    await asyncio.sleep(30.0)
    for _ in range(20):
        await limiter.acquire()
    assert loop.time() - times[-1] < 30.1, "an idle limiter has its burst again"
