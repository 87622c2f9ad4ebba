"""The README's programs as real processes, killed while they make a song, and run again."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import aiohttp
import pytest
from discord_stub import Discord
from program_kit import free_port, needed, until

from suno_async.testing import FakeSuno, Fault, Timetable

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator

pytestmark = [
    pytest.mark.real_time,  # a virtual clock knows nothing of other processes
    pytest.mark.suno_clock("real"),
    pytest.mark.filterwarnings("ignore:'audioop' is deprecated:DeprecationWarning"),  # discord.py's
]

MUSIC = "generate-music"
SPEED = 30  # seconds that pass in a process, and in the fake, in a real one
PROCESS = Path(__file__).with_name("program_process.py")


@pytest.fixture
async def fake_suno() -> AsyncIterator[FakeSuno]:
    """The fake, whose songs are made as fast as time flies in the processes."""
    async with FakeSuno(timetable=Timetable(scale=1 / SPEED), max_rate=None) as fake:
        yield fake


@contextlib.asynccontextmanager
async def process(
    name: str, fake: FakeSuno, directory: Path, *port: str, **environment: str
) -> AsyncGenerator[asyncio.subprocess.Process]:
    """A program's process, killed at the end at the latest."""
    given = {"DISCORD_TOKEN": "token", "SUNO_API_KEY": "key", "SUNO_BASE_URL": fake.url}
    running = await asyncio.create_subprocess_exec(
        *(sys.executable, "-W", "ignore", str(PROCESS), name, str(SPEED), *port),
        cwd=directory,
        env={**os.environ, **given, **environment},
    )
    try:
        yield running
        assert running.returncode in (None, -signal.SIGKILL), "the process ended by itself"
    finally:
        with contextlib.suppress(ProcessLookupError):
            running.kill()
        await running.wait()


@pytest.mark.parametrize("moment", [1, 3, 5])
async def test_a_killed_bot_delivers_its_song_once(
    fake_suno: FakeSuno, tmp_path: Path, moment: int
) -> None:
    """Killed while any of its messages and edits is on its way, the next process goes on."""
    needed("discord")
    name = "discord_bot.py"
    async with Discord(quiet=0.5) as discord:
        async with process(name, fake_suno, tmp_path, DISCORD=discord.base) as first:

            def kill() -> None:
                if len(discord.shown_at) == moment:
                    first.kill()

            discord.before = kill
            await discord.say("!song the sea")
            await until(lambda: first.returncode is not None, 60)
        discord.before = lambda: None
        async with process(name, fake_suno, tmp_path, DISCORD=discord.base):
            await until(lambda: any(shown.is_song for shown in discord.shown), 60)
            await asyncio.sleep(0.5)
    assert sum(shown.is_song for shown in discord.shown) == 1
    assert len(discord.shown) == (2 if moment == 1 else 1), "the first may not know of its own"
    assert len(fake_suno.ledger.charged()) == 1


async def test_a_bot_that_is_killed_while_it_pays_says_so(
    fake_suno: FakeSuno, tmp_path: Path
) -> None:
    """What was accepted without its answer is not paid again: the next process says what it is."""
    needed("discord")
    name = "discord_bot.py"
    fake_suno.fail(Fault.NEVER_AFTER_ACCEPT, on=MUSIC)
    async with Discord(quiet=0.5) as discord:
        async with process(name, fake_suno, tmp_path, DISCORD=discord.base):
            await discord.say("!song the sea")
            await until(fake_suno.ledger.charged, 60)
        async with process(name, fake_suno, tmp_path, DISCORD=discord.base):
            await until(lambda: len(discord.shown[0].texts) == 2, 60)
    (shown,) = discord.shown
    assert shown.texts[-1].startswith("Sorry: It is not known whether the service accepted ")
    assert len(fake_suno.ledger.charged()) == 1


async def test_a_killed_service_keeps_the_song_once(fake_suno: FakeSuno, tmp_path: Path) -> None:
    """Killed after an order, the next process keeps its song though nobody asks any more."""
    needed("uvicorn")
    needed("fastapi.sse")
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    order = partial(_order, f"{address}/songs")
    given = {"PUBLIC_URL": address, "CALLBACK_SECRET": "a secret of the tests alone"}
    async with process("service.py", fake_suno, tmp_path, str(port), **given):
        song = await order()
    async with process("service.py", fake_suno, tmp_path, str(port), **given):
        await until(lambda: len([*tmp_path.glob("songs/*.mp3")]) == 2, 60)
        assert await order() == song
    assert len(fake_suno.ledger.charged()) == 1


async def _order(address: str) -> str:
    """Order a song, as soon as the service listens."""
    idea, key = {"idea": "the sea"}, {"Idempotency-Key": "k1"}
    async with aiohttp.ClientSession() as session, asyncio.timeout(60):
        while True:
            with contextlib.suppress(aiohttp.ClientConnectorError):
                async with session.post(address, json=idea, headers=key) as answer:
                    song: str = (await answer.json())["song"]
                    return song
            await asyncio.sleep(0.1)
