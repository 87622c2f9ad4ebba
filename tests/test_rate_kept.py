"""The rate survives a restart: what the last process sent, and the service counts, holds slots."""

from __future__ import annotations

import asyncio
import struct
import sys
from typing import TYPE_CHECKING

import pytest
from disks import full_disk

from suno_async import GenerateMusic, RateLimiter, SunoClient
from suno_async.limiter import _limiters
from suno_async.testing import FakeSuno, run_accelerated

if TYPE_CHECKING:
    from pathlib import Path

NAME = "songs.sqlite"
MOMENTS = [0.0, 0.5, 3.0, 6.0, 9.0, 9.9]


def client(fake: FakeSuno, tmp_path: Path, *, again: bool = False) -> SunoClient:
    """A client, which knows no limiter of an earlier one if it is as in a new process."""
    if again:
        _limiters.clear()
    return SunoClient("key", base_url=fake.url, journal=tmp_path / NAME)


async def ask(suno: SunoClient, times: int) -> float:
    """Send so many requests at once; the seconds until all are answered."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    await asyncio.gather(*(suno.get_credits() for _ in range(times)))
    return loop.time() - began


@pytest.mark.parametrize("seconds", MOMENTS)
async def test_a_restart_is_not_refused(
    fake_suno: FakeSuno, tmp_path: Path, seconds: float
) -> None:
    """However soon the next process starts, paid requests and polls of the last one count."""
    async with client(fake_suno, tmp_path) as suno:
        tasks = [await suno.submit(GenerateMusic("the sea")) for _ in range(10)]
        waits = (task.wait(timeout=3) for task in tasks)  # each ends with a poll
        await asyncio.gather(*waits, return_exceptions=True)
    assert len(fake_suno.ledger) >= 20
    await asyncio.sleep(seconds)
    async with client(fake_suno, tmp_path, again=True) as suno:
        await ask(suno, 30)
    assert not fake_suno.ledger.refused()


async def test_after_eleven_seconds_nothing_is_waited_for(
    fake_suno: FakeSuno, tmp_path: Path
) -> None:
    """What does not count any more holds nothing: twenty requests leave at once."""
    async with client(fake_suno, tmp_path) as suno:
        await ask(suno, 20)
    await asyncio.sleep(11)
    async with client(fake_suno, tmp_path, again=True) as suno:
        assert await ask(suno, 20) < 1
    assert not fake_suno.ledger.refused()


async def test_only_what_may_count_holds_slots(fake_suno: FakeSuno, tmp_path: Path) -> None:
    """Of twenty slots five are in use after a restart: fifteen requests leave at once."""
    async with client(fake_suno, tmp_path) as suno:
        await ask(suno, 5)
    await asyncio.sleep(3)
    async with client(fake_suno, tmp_path, again=True) as suno:
        assert await ask(suno, 15) < 1
        assert 5 < await ask(suno, 1) < 8
    assert not fake_suno.ledger.refused()


async def test_two_restarts_one_after_another(fake_suno: FakeSuno, tmp_path: Path) -> None:
    """What the last process but one sent counts for the third, too."""
    async with client(fake_suno, tmp_path) as suno:
        await ask(suno, 15)
    async with client(fake_suno, tmp_path, again=True) as suno:
        await ask(suno, 1)
    await asyncio.sleep(1)
    async with client(fake_suno, tmp_path, again=True) as suno:
        await ask(suno, 20)
    assert not fake_suno.ledger.refused()


async def test_a_client_that_comes_again_counts_nothing_twice(
    fake_suno: FakeSuno, tmp_path: Path
) -> None:
    """In one process the limiter knows what it sent: as many slots are free as were."""
    async with client(fake_suno, tmp_path) as suno:
        await ask(suno, 10)
    async with client(fake_suno, tmp_path) as suno:
        assert await ask(suno, 10) < 1


@pytest.mark.parametrize(
    "content",
    [
        struct.pack("<32d", *[1e15] * 32),
        struct.pack("<20d", *[60.0] * 20),
        struct.pack("<3d", float("nan"), float("inf"), float("-inf")),
        b"no times at all, and not a multiple of eight",
        b"",
    ],
)
async def test_times_that_cannot_be(fake_suno: FakeSuno, tmp_path: Path, content: bytes) -> None:
    """Of another clock, or of none: they hold for a period at the longest."""
    async with client(fake_suno, tmp_path):
        pass
    (tmp_path / f"{NAME}-rate").write_bytes(content)
    async with client(fake_suno, tmp_path) as suno:
        assert await ask(suno, 1) < 10.1


async def test_a_limiter_of_the_callers_keeps_its_own(fake_suno: FakeSuno, tmp_path: Path) -> None:
    """Where the caller brings a limiter, nothing is kept and nothing held."""
    async with client(fake_suno, tmp_path) as suno:
        await ask(suno, 20)
    kept = (tmp_path / f"{NAME}-rate").read_bytes()
    await asyncio.sleep(5)
    limiter = RateLimiter()
    async with SunoClient(
        "key", base_url=fake_suno.url, journal=tmp_path / NAME, limiter=limiter
    ) as suno:
        assert limiter._free == 20
        await asyncio.sleep(10)
        await ask(suno, 1)
    assert (tmp_path / f"{NAME}-rate").read_bytes() == kept


async def test_a_rate_that_cannot_be_kept(fake_suno: FakeSuno, tmp_path: Path) -> None:
    """A full disk costs the rate its memory, and nobody a request."""
    async with client(fake_suno, tmp_path) as suno:
        with full_disk():
            assert await ask(suno, 5) < 1


_PROGRAM = """
import asyncio, sys
from suno_async import SunoClient
from suno_async.testing import run_accelerated

async def main():
    async with SunoClient("key", base_url=sys.argv[1], journal=sys.argv[2]) as suno:
        asking = [asyncio.create_task(suno.get_credits()) for _ in range(40)]
        await asyncio.wait(asking[:18])
        print("sent", flush=True)
        await asyncio.wait(asking)

run_accelerated(main(), speed=4)
"""


@pytest.mark.real_time
def test_a_killed_process_leaves_its_rate(tmp_path: Path) -> None:
    """Real processes, each killed amid its requests, the next one started at once."""

    async def play() -> FakeSuno:
        async with FakeSuno(delay=(0.1, 0.4), seed=3) as fake:
            for _ in range(2):
                process = await asyncio.create_subprocess_exec(
                    *(sys.executable, "-c", _PROGRAM, fake.url, str(tmp_path / NAME)),
                    stdout=asyncio.subprocess.PIPE,
                )
                assert process.stdout is not None
                assert await process.stdout.readline() == b"sent\n"
                process.kill()
                await process.wait()
        return fake

    fake = run_accelerated(play(), speed=4)
    assert len(fake.ledger) >= 36
    assert not fake.ledger.refused()
