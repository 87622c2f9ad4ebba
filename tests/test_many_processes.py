"""Real processes that share a journal: killed, or stopped for longer than their lease."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections import Counter
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING

import pytest
from attrs import define, field

from suno_async.testing import FakeSuno

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from postgres_kit import Database

_KEYS = 12
_PROGRAM = f"""
import asyncio, sys
from suno_async import GenerateMusic, RateLimiter, SubmissionUnknown, SunoClient
from suno_async._journal import follower
from suno_async._submitting import following

follower.LEASE, follower.BEAT, following._ROUND = 2.0, 0.4, 0.3

async def main():
    limiter = RateLimiter(max_rate=1000, time_period=1.0, burst=1000)
    url, journal = sys.argv[1:]
    async with SunoClient("key", base_url=url, journal=journal, limiter=limiter) as suno:
        async def submit(number):
            key = f"k{{number}}"
            try:
                task = await suno.submit(GenerateMusic(f"song {{number}}"), idempotency_key=key)
                print("task", key, task.token, flush=True)
            except SubmissionUnknown:
                print("unknown", key, "-", flush=True)
        await asyncio.gather(*(submit(number) for number in range({_KEYS})))
        print("end - -", flush=True)
        async for task in suno.pick_up():
            print("picked", "-", task.token, flush=True)

asyncio.run(main())
"""


_ITS_TASKS = """SELECT kind || ':' || task FROM suno_async.submission s
    JOIN suno_async.client c ON c.id = s.owner WHERE task IS NOT NULL AND pid = %s"""


@define
class Replica:
    """A process, and what it has said."""

    process: asyncio.subprocess.Process
    said: list[tuple[str, str, str]] = field(factory=list[tuple[str, str, str]])

    async def listen(self) -> None:
        """Note its lines until it ends."""
        assert self.process.stdout is not None
        async for line in self.process.stdout:
            words = line.decode().split()
            if len(words) == 3:  # else it was killed amid its last line
                self.said.append((words[0], words[1], words[2]))

    def tokens(self, what: str) -> list[str]:
        """The tokens of such lines."""
        return [token for word, _, token in self.said if word == what]


@asynccontextmanager
async def replicas(fake: FakeSuno, database: Database, count: int) -> AsyncGenerator[list[Replica]]:
    """So many of them."""
    running = [
        Replica(
            await asyncio.create_subprocess_exec(
                *(sys.executable, "-c", _PROGRAM, fake.url, database.url),
                stdout=asyncio.subprocess.PIPE,
            )
        )
        for _ in range(count)
    ]
    listening = [asyncio.create_task(one.listen()) for one in running]
    try:
        yield running
    finally:
        for one in running:
            with suppress(ProcessLookupError):
                one.process.kill()
            await one.process.wait()
        await asyncio.gather(*listening)


async def until(is_so: object, seconds: float = 60.0) -> None:
    """Wait for something that only looking can tell."""
    assert callable(is_so)
    async with asyncio.timeout(seconds):
        while not is_so():  # noqa: ASYNC110 it is another process
            await asyncio.sleep(0.02)


def charged(fake: FakeSuno) -> Counter[str]:
    """How often each song was paid for."""
    return Counter(entry.body["prompt"] for entry in fake.ledger.accepted() if entry.body)


@pytest.mark.real_time
async def test_one_of_three_is_killed_amid_its_requests(database: Database) -> None:
    """No song is paid for twice, and what it had is taken over by one of the others, once."""
    async with FakeSuno(delay=(0.2, 0.8), max_rate=None) as fake:
        async with replicas(fake, database, 3) as (first, *others):
            await until(lambda: len(first.tokens("task")) >= 2)
            first.process.kill()
            left = {token for (token,) in database.ask(_ITS_TASKS, first.process.pid)}
            await until(lambda: all("end" in {one[0] for one in other.said} for other in others))
            picked = Counter[str]()

            def is_all_picked_up() -> bool:
                nonlocal picked
                picked = Counter(token for other in others for token in other.tokens("picked"))
                return left <= set(picked)

            await until(is_all_picked_up)
        assert set(charged(fake).values()) == {1}
        assert max(picked.values(), default=1) == 1
        known = {key for one in others for word, key, _ in one.said if word in {"task", "unknown"}}
        assert known == {f"k{number}" for number in range(_KEYS)}


@pytest.mark.real_time
async def test_one_of_three_stands_still_for_longer_than_its_lease(database: Database) -> None:
    """Taken for dead and back to life, it sends nothing that another one has sent."""
    async with FakeSuno(delay=(0.2, 0.8), max_rate=None) as fake:
        async with replicas(fake, database, 3) as (first, *others):
            await until(lambda: len(first.tokens("task")) >= 1)
            os.kill(first.process.pid, signal.SIGSTOP)
            await until(lambda: all("end" in {one[0] for one in other.said} for other in others))
            os.kill(first.process.pid, signal.SIGCONT)
            await until(lambda: "end" in {one[0] for one in first.said})
        assert set(charged(fake).values()) == {1}
