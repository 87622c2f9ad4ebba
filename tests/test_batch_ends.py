"""Batches that end early, at any moment and in any way, and what the next run makes of them."""

from __future__ import annotations

import asyncio
import gc
import weakref
from collections import Counter
from random import Random
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest

from suno_async import (
    ConnectionFailed,
    GenerateMusic,
    InsufficientCredits,
    Priority,
    RateLimiter,
    Slot,
    SubmissionUnknown,
    SunoClient,
    Task,
)
from suno_async._batch_runner.submitter import Submitter
from suno_async._polling.poller import Poller
from suno_async.testing import FakeSuno, Fault

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator
    from pathlib import Path

MUSIC = "generate-music"


def songs(count: int) -> list[GenerateMusic]:
    """Some requests."""
    return [GenerateMusic(f"song {number}") for number in range(count)]


def prompts_of(fake: FakeSuno) -> Counter[str]:
    """How often the service accepted each."""
    return Counter(entry.body["prompt"] for entry in fake.ledger.accepted(MUSIC))


async def cancelled(suno: SunoClient, seconds: float) -> None:
    """Iterate, and be cancelled."""

    async def run() -> None:
        async for _ in suno.batch(songs(8), max_in_flight=5):
            pass

    running = asyncio.create_task(run())
    await asyncio.sleep(seconds)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def left(suno: SunoClient, seconds: float) -> None:
    """Leave the `async with` by an error of one's own."""
    with pytest.raises(TimeoutError):
        async with suno.batch(songs(8), max_in_flight=5) as outcomes, asyncio.timeout(seconds):
            async for _ in outcomes:
                pass
            await asyncio.sleep(1_000)


async def closed(suno: SunoClient, seconds: float) -> None:
    """Close the client under it."""

    async def run() -> None:
        async for _ in suno.batch(songs(8), max_in_flight=5):
            pass

    running = asyncio.create_task(run())
    await asyncio.sleep(seconds)
    await suno.aclose()
    await running


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("end", [cancelled, left, closed])
async def test_ended_at_any_moment_it_goes_on_where_it_was(
    end: Callable[[SunoClient, float], Awaitable[None]],
    seed: int,
    fake_suno: FakeSuno,
    tmp_path: Path,
) -> None:
    """Ended again and again while answers are slow: each line is one song, and none is lost."""
    rng = Random(seed)
    fake_suno.fail(Fault.DELAY_AFTER_ACCEPT.lasting(0.7), on=MUSIC, times=None)

    def client() -> SunoClient:
        return SunoClient("key", base_url=fake_suno.url, journal=tmp_path / "songs.sqlite")

    for _ in range(4):
        async with client() as suno:
            await end(suno, rng.choice([rng.uniform(0, 1.5), rng.uniform(0, 60)]))
    async with client() as suno:
        outcomes = [outcome async for outcome in suno.batch(songs(8))]
    errors = [outcome.error for outcome in outcomes if outcome.error is not None]
    assert all(isinstance(error, SubmissionUnknown) for error in errors)
    assert sorted(outcome.index for outcome in outcomes) == list(range(8))
    assert max(prompts_of(fake_suno).values()) == 1
    assert len(prompts_of(fake_suno)) == 8
    assert errors == [], "each client was given the time to read its answers"


async def test_an_account_that_runs_dry_and_is_filled_again(
    fake_suno: FakeSuno, tmp_path: Path
) -> None:
    """What was paid for is delivered, the rest is not read; with credits, the next run does it."""
    fake_suno.balance = 5 * 12.0
    read: list[int] = []

    def lines() -> Iterator[GenerateMusic]:
        for number, song in enumerate(songs(600)):
            read.append(number)
            yield song

    journal = tmp_path / "songs.sqlite"
    limiter = RateLimiter(burst=1)
    async with SunoClient("key", base_url=fake_suno.url, journal=journal, limiter=limiter) as suno:
        first = [outcome async for outcome in suno.batch(lines())]
    made = [outcome.index for outcome in first if outcome.error is None]
    assert sorted(made) == [0, 1, 2, 3, 4]
    assert {type(outcome.error) for outcome in first} == {type(None), InsufficientCredits}
    assert len(read) < 600
    fake_suno.balance = 1_000.0
    async with SunoClient("key", base_url=fake_suno.url, journal=journal) as suno:
        again = [outcome async for outcome in suno.batch(songs(12))]
    assert [outcome.error for outcome in again] == [None] * 12
    assert sum(outcome.resumed for outcome in again) == 5
    assert set(prompts_of(fake_suno).values()) == {1}


async def test_no_network_that_lasts_is_raised_at_the_end() -> None:
    """Out of reach for longer than `patience`: no outcome, and the reason as an error."""
    async with FakeSuno() as fake:
        base_url = fake.url
    delivered: list[int] = []
    async with SunoClient("key", base_url=base_url) as suno:
        with pytest.raises(ConnectionFailed):
            async for outcome in suno.batch(songs(300), patience=100):
                delivered.append(outcome.index)  # noqa: PERF401 what comes before the error counts
    assert delivered == []


class Lines:
    """As many songs as asked for, each made when it is read."""

    def __init__(self, count: int) -> None:
        self.count = count
        self.alive: weakref.WeakSet[GenerateMusic] = weakref.WeakSet()

    def __len__(self) -> int:
        return self.count

    def __iter__(self) -> Iterator[GenerateMusic]:
        for number in range(self.count):
            song = GenerateMusic(f"song {number}")
            self.alive.add(song)
            yield song


async def test_memory_is_bounded_by_what_is_in_flight(
    suno: SunoClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of 60 songs, no more are alive than may be in flight, but for the last tasks' operations."""
    monkeypatch.setattr("suno_async._submitting.tasks._REMEMBERED", 5)
    lines = Lines(60)
    tasks: weakref.WeakSet[Task[Any]] = weakref.WeakSet()
    most = 0
    async for outcome in suno.batch(lines, max_in_flight=10):
        assert outcome.task is not None
        tasks.add(outcome.task)
        is_third = outcome.index % 20 == 19
        del outcome
        if is_third:
            gc.collect()
            most = max(most, len(tasks), len(lines.alive))
    assert 0 < most <= 20


async def test_called_back_in_the_moment_of_its_grant_it_does_not_leave(
    fake_suno: FakeSuno, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The end of a batch comes near as its waiting request gets its slot: it is paid for once.

    With a session of the caller's, a request counts as sent from the attempt's first step.
    """
    waiting: list[asyncio.Future[None]] = []
    submitters: list[Any] = []
    is_near = False
    run = Submitter[Any].run  # the moment is rare, so it is made by hand

    async def noted(self: Any) -> None:
        submitters.append(self)
        await run(self)

    def near_end(*_: object) -> bool:
        return is_near

    class Held(RateLimiter):
        async def acquire(self, priority: Priority = Priority.INTERACTIVE) -> Slot:
            if priority is Priority.BACKGROUND:
                waiting.append(asyncio.get_running_loop().create_future())
                await waiting[-1]
            return await super().acquire(priority)

    monkeypatch.setattr(Submitter, "run", noted)
    monkeypatch.setattr(Poller, "is_near_end", near_end)
    async with (
        aiohttp.ClientSession() as session,
        SunoClient("key", base_url=fake_suno.url, limiter=Held(), session=session) as suno,
    ):
        batch = suno.batch(songs(1))
        outcomes = asyncio.create_task(anext(batch))
        await asyncio.sleep(1)
        is_near = True
        submitters[0]._changed.set()
        waiting[0].set_result(None)
        assert (await outcomes).error is None
    assert len(fake_suno.ledger.accepted(MUSIC)) == 1
