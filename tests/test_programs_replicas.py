"""The README's web service as two processes with one journal in PostgreSQL."""

from __future__ import annotations

import asyncio
import os
import sys
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest
from program_kit import free_port, needed

from suno_async.testing import FakeSuno, run_accelerated

needed("uvicorn")
needed("fastapi.sse")

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from postgres_kit import Database

_SPEED = 15.0
_PROCESS = Path(__file__).with_name("program_process.py")


@asynccontextmanager
async def replica(port: int, folder: Path, **environment: str) -> AsyncGenerator[str]:
    """A process of the service: its address, once it can be reached."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, str(_PROCESS), "service.py", str(_SPEED), str(port)),
        env=os.environ | environment | {"PYTHONPATH": os.pathsep.join(sys.path)},
        cwd=folder,
    )
    try:
        async with asyncio.timeout(60 * _SPEED):
            while True:
                try:
                    _, writer = await asyncio.open_connection("127.0.0.1", port)
                except OSError:
                    await asyncio.sleep(0.1 * _SPEED)
                else:
                    writer.close()
                    break
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        await process.wait()


async def order(session: aiohttp.ClientSession, service: str, key: str) -> str:
    """Ask for a song: its token."""
    given: dict[str, Any] = {"json": {"idea": "the sea"}, "headers": {"Idempotency-Key": key}}
    async with session.post(f"{service}/songs", **given) as answer:
        assert answer.status == 202, await answer.text()
        return str((await answer.json())["song"])


async def stages(session: aiohttp.ClientSession, service: str, song: str) -> list[str]:
    """The events of a song's stream."""
    async with session.get(f"{service}/songs/{song}") as answer:
        lines = [line.decode().strip() async for line in answer.content]
    return [line.partition(": ")[2] for line in lines if line.startswith("event: ")]


@pytest.mark.real_time
def test_two_replicas_make_a_song_once(database: Database, tmp_path: Path) -> None:
    """An order that reaches both is one song; both stream all its stages, and it is fetched."""
    ports = free_port(), free_port()

    async def play() -> None:
        async with FakeSuno() as fake, AsyncExitStack() as stack:
            environment = {
                "JOURNAL": database.url,
                "PUBLIC_URL": f"http://127.0.0.1:{ports[0]}",  # of the proxy, which chose this one
                "CALLBACK_SECRET": "a secret of the tests alone",
                "SUNO_API_KEY": "key",
                "SUNO_BASE_URL": fake.url,
            }
            session = await stack.enter_async_context(aiohttp.ClientSession())
            one, two = [
                await stack.enter_async_context(replica(port, tmp_path, **environment))
                for port in ports
            ]
            songs = await asyncio.gather(*(order(session, at, "4711") for at in (one, two)))
            assert songs[0] == songs[1]
            for seen in await asyncio.gather(*(stages(session, at, songs[0]) for at in (one, two))):
                assert seen == ["text", "first", "complete"]
            assert len(fake.ledger.accepted("generate-music")) == 1
        assert len(list((tmp_path / "songs").glob("*.mp3"))) == 2

    run_accelerated(play(), speed=_SPEED)
