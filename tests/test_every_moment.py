"""A submission called back, or its client closed, at every moment at which it waits."""

from __future__ import annotations

import asyncio
import sqlite3
import sys
from contextlib import AsyncExitStack, closing
from typing import TYPE_CHECKING, Any, Self

import pytest
from aiohttp import ClientSession
from moments import at_moment

from suno_async import (
    ClientClosed,
    GenerateMusic,
    Priority,
    RateLimiter,
    Slot,
    SlotResult,
    SubmissionUnknown,
    SunoClient,
    Task,
)
from suno_async.testing import FakeSuno, Fault

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SEA = GenerateMusic("the sea")
SETUPS = ("plain", "key", "journal", "journal and key", "session", "refused at first")
FEWEST = {"plain": 3, "journal": 6}  # moments at which it waits

Asking = asyncio.Task[Task[Any]]


class Scene:
    """A client in one of the setups, whose limiter has its only slot in ten seconds."""

    def __init__(self, setup: str, folder: Path, number: int) -> None:
        self.setup = setup
        self.journal = folder / f"{number}.sqlite" if "journal" in setup else None
        self.key = "tg-1" if "key" in setup else None
        self.limiter = RateLimiter(1, 10.0)
        self.fake = FakeSuno(max_rate=None)
        self.stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        await self.stack.enter_async_context(self.fake)
        if self.setup == "refused at first":
            self.fake.fail(Fault.envelope(430), on="generate-music")
        own = ClientSession() if self.setup == "session" else None
        if own is not None:
            await self.stack.enter_async_context(own)
        suno = SunoClient(
            "key", base_url=self.fake.url, limiter=self.limiter, journal=self.journal, session=own
        )
        self.suno = await self.stack.enter_async_context(suno)
        (await self.limiter.acquire()).release(SlotResult.ANSWERED)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stack.aclose()

    def submit(self) -> Asking:
        """Ask for a song in this setup's way."""
        return asyncio.create_task(self.suno.submit(SEA, idempotency_key=self.key))

    @property
    def accepted(self) -> list[str]:
        """The tokens of what the service accepted."""
        return [f"music:{entry.task_id}" for entry in self.fake.ledger.accepted("generate-music")]

    def check_journal(self, *expected: tuple[str, str | None]) -> None:
        """The journal, if there is one, has these rows."""
        if self.journal is not None:
            with closing(sqlite3.connect(self.journal)) as db:
                assert db.execute("SELECT state, token FROM state").fetchall() == [*expected]

    async def check_slots(self) -> None:
        """The limiter has its slot again."""
        await asyncio.sleep(300)
        async with asyncio.timeout(0.001):
            (await self.limiter.acquire()).release(SlotResult.NOT_SENT)


async def at_every_moment(setup: str, folder: Path, play: Callable[[Scene, int], Any]) -> int:
    """Play one scene for each moment, until there are no more; how many there were."""
    for number in range(1, 100):
        async with Scene(setup, folder, number) as scene:
            if not await play(scene, number):
                assert number > FEWEST.get(setup, 1)
                return number - 1
            await scene.check_slots()
    raise AssertionError


@pytest.mark.parametrize("setup", SETUPS)
async def test_its_only_caller_is_cancelled(setup: str, tmp_path: Path) -> None:
    """Nothing was sent; or it is finished, listed, and in the journal."""

    async def play(scene: Scene, number: int) -> bool:
        asking = scene.submit()
        with at_moment(number, asking.cancel) as requests:
            (end,) = await asyncio.gather(asking, return_exceptions=True)
            await asyncio.sleep(100)
        if requests[0].waits < number:
            return False
        assert isinstance(end, asyncio.CancelledError)
        assert len(scene.accepted) <= 1
        assert scene.suno.unclaimed == scene.accepted
        scene.check_journal(*(("in_progress", token) for token in scene.accepted))
        if scene.key is not None:
            task = await scene.submit()
            assert scene.accepted == [task.token]
        return True

    await at_every_moment(setup, tmp_path, play)


@pytest.mark.parametrize("setup", ["key", "journal and key"])
async def test_the_first_of_two_callers_is_cancelled(setup: str, tmp_path: Path) -> None:
    """The second one gets the task as if nothing had happened."""

    async def play(scene: Scene, number: int) -> bool:
        one, two = scene.submit(), scene.submit()
        with at_moment(number, one.cancel) as requests:
            first, task = await asyncio.gather(one, two, return_exceptions=True)
        if requests[0].waits < number:
            return False
        assert isinstance(first, asyncio.CancelledError)
        assert isinstance(task, Task)
        assert scene.accepted == [task.token]
        assert scene.suno.unclaimed == []
        assert len(requests) == 1
        return True

    await at_every_moment(setup, tmp_path, play)


@pytest.mark.parametrize("setup", ["key", "journal and key"])
async def test_both_callers_are_cancelled(setup: str, tmp_path: Path) -> None:
    """It is called back or finished once, and listed once."""

    async def play(scene: Scene, number: int) -> bool:
        both = scene.submit(), scene.submit()
        with at_moment(number, lambda: [one.cancel() for one in both]) as requests:
            await asyncio.gather(*both, return_exceptions=True)
            await asyncio.sleep(100)
        if requests[0].waits < number:
            return False
        assert all(one.cancelled() for one in both)
        assert len(scene.accepted) <= 1
        assert scene.suno.unclaimed == scene.accepted
        return True

    await at_every_moment(setup, tmp_path, play)


@pytest.mark.parametrize("setup", ["key", "journal and key"])
async def test_another_comes_when_the_first_is_cancelled(setup: str, tmp_path: Path) -> None:
    """A caller with the key in the same moment submits itself, or gets what is on its way."""

    async def play(scene: Scene, number: int) -> bool:
        one = scene.submit()
        others: list[Asking] = []

        def redeliver() -> None:
            one.cancel()
            others.append(scene.submit())

        with at_moment(number, redeliver) as requests:
            await asyncio.gather(one, return_exceptions=True)
            tasks = await asyncio.gather(*others)
        if requests[0].waits < number:
            return False
        assert scene.accepted == [task.token for task in tasks]
        assert scene.suno.unclaimed == []
        return True

    await at_every_moment(setup, tmp_path, play)


@pytest.mark.parametrize("setup", SETUPS)
async def test_the_client_is_closed(setup: str, tmp_path: Path) -> None:
    """The caller has the task, or an error by which nothing was paid; the journal agrees."""

    async def play(scene: Scene, number: int) -> bool:
        asking = scene.submit()
        closing: list[asyncio.Task[None]] = []
        with at_moment(
            number, lambda: closing.append(asyncio.create_task(scene.suno.aclose()))
        ) as requests:
            (end,) = await asyncio.gather(asking, return_exceptions=True)
            await asyncio.gather(*closing)
        if requests[0].waits < number:
            return False
        assert isinstance(end, Task | ClientClosed)
        assert scene.accepted == ([end.token] if isinstance(end, Task) else [])
        scene.check_journal(*(("in_progress", token) for token in scene.accepted))
        return True

    await at_every_moment(setup, tmp_path, play)


@pytest.mark.parametrize("setup", SETUPS)
async def test_the_client_is_closed_without_patience(setup: str, tmp_path: Path) -> None:
    """A cancelled closing ends at once: what is on its way is unknown, and its error says so."""

    async def play(scene: Scene, number: int) -> bool:
        asking = scene.submit()
        closing: list[asyncio.Task[None]] = []

        def close() -> None:
            closing.append(asyncio.create_task(scene.suno.aclose()))
            asyncio.get_running_loop().call_soon(closing[0].cancel)

        with at_moment(number, close) as requests:
            (end,) = await asyncio.gather(asking, return_exceptions=True)
            await asyncio.gather(*closing, return_exceptions=True)
        if requests[0].waits < number:
            return False
        if isinstance(end, ClientClosed):
            assert scene.accepted == []
            scene.check_journal()
        elif isinstance(end, Task):
            scene.check_journal(("in_progress", end.token))
        else:
            assert isinstance(end, SubmissionUnknown)
            scene.check_journal(("in_doubt", None))
        return True

    await at_every_moment(setup, tmp_path, play)


async def test_a_poll_that_never_began() -> None:
    """A client closed between a poll's grant and its first step gives the slot back."""
    slots: list[Slot] = []
    closing: list[asyncio.Task[None]] = []

    class Closing(RateLimiter):
        async def acquire(self, priority: Priority = Priority.INTERACTIVE) -> Slot:
            slots.append(slot := await super().acquire(priority))
            if priority is not Priority.INTERACTIVE:
                closing.append(asyncio.create_task(suno.aclose()))
            return slot

    limiter = Closing(1, 10.0)
    async with FakeSuno() as fake:
        suno = SunoClient("key", base_url=fake.url, limiter=limiter)
        task = await suno.submit(SEA)
        with pytest.raises(ClientClosed):
            await task
        await asyncio.gather(*closing)
        assert len(slots) == 2
        assert fake.ledger.count() == 1
    async with asyncio.timeout(0.001):
        await RateLimiter.acquire(limiter)


@pytest.mark.skipif(sys.version_info < (3, 12), reason="eager tasks came with Python 3.12")
@pytest.mark.parametrize("setup", SETUPS)
async def test_tasks_that_start_at_once(setup: str, tmp_path: Path) -> None:
    """With an eager task factory a request may be on its way before its caller waits."""
    asyncio.get_running_loop().set_task_factory(getattr(asyncio, "eager_task_factory", None))
    async with Scene(setup, tmp_path, 0) as scene:
        await asyncio.sleep(300)
        task = await scene.submit()
        assert scene.accepted == [task.token]
        scene.check_journal(("in_progress", task.token))


@pytest.mark.skipif(sys.version_info < (3, 12), reason="eager tasks came with Python 3.12")
@pytest.mark.parametrize("setup", ["plain", "journal"])
async def test_a_batch_whose_tasks_start_at_once(setup: str, tmp_path: Path) -> None:
    """A request that has its slot before it has a name is made like any other."""
    asyncio.get_running_loop().set_task_factory(getattr(asyncio, "eager_task_factory", None))
    async with Scene(setup, tmp_path, 0) as scene:
        await asyncio.sleep(300)
        outcomes = [outcome async for outcome in scene.suno.batch([SEA, SEA])]
        assert [outcome.error for outcome in outcomes] == [None, None]
        assert len(scene.accepted) == 2
