"""The fake in a thread of its own, for what is on no event loop of the test's."""

import asyncio
import os
import subprocess
import sys
import threading
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from suno_async import (
    ConnectionFailed,
    RequestTimeout,
    RetryPolicy,
    SubmissionUnknown,
    SunoClient,
)
from suno_async.testing import FakeSuno, Timetable

ONCE = RetryPolicy(max_attempts=1)
QUICK = Timetable(text=0.1, first=0.2, complete=0.3)


def test_a_synchronous_test() -> None:
    """A program that runs a loop of its own makes a song; the fake is used from the test's side."""

    async def program(url: str) -> float:
        async with SunoClient("key", base_url=url) as suno:
            await suno.generate_music("dusk")
            return await suno.get_credits()

    with FakeSuno.in_thread(credits=20, timetable=QUICK) as fake:
        assert asyncio.run(program(fake.url)) == 8
        assert fake.balance == 8
        fake.ledger.assert_charged(1, "generate_music")
        fake.balance = 100
        fake.fail("reset_after_accept", on="generate_music")
        with pytest.raises(SubmissionUnknown):
            asyncio.run(program(fake.url))
        fake.assert_all_played()


def test_a_web_frameworks_test_client() -> None:
    """FastAPI's client runs the app on a loop in a thread; the app finds the fake all the same."""
    with FakeSuno.in_thread() as fake:

        @asynccontextmanager
        async def lifespan(app: FastAPI) -> AsyncGenerator[None]:
            async with SunoClient("key", base_url=fake.url) as app.state.suno:
                yield

        app = FastAPI(lifespan=lifespan)

        @app.post("/songs")
        async def make(prompt: str) -> str:
            suno: SunoClient = app.state.suno
            return (await suno.generate_music(prompt)).token

        with TestClient(app) as client:
            token = client.post("/songs", params={"prompt": "dusk"}).json()
        assert token == f"music:{next(iter(fake.tasks))}"


def test_another_process() -> None:
    """A worker of any kind needs the address alone."""
    program = (
        "import asyncio\n"
        "from suno_async import SunoClient\n"
        "async def main():\n"
        "    async with SunoClient() as suno:\n"
        "        print(await suno.get_credits())\n"
        "asyncio.run(main())\n"
    )
    with FakeSuno.in_thread(credits=7) as fake:
        env = os.environ | {"SUNO_BASE_URL": fake.url, "SUNO_API_KEY": "key"}
        ended = subprocess.run(  # noqa: S603 our own
            [sys.executable, "-c", program], env=env, check=True, capture_output=True, timeout=60
        )
    assert ended.stdout.split() == [b"7.0"]


def test_its_clock_can_be_fast() -> None:
    """With `speed` all its times pass sooner: a song is complete within the second."""

    async def program(url: str) -> bool:
        async with SunoClient("key", base_url=url) as suno:
            task = await suno.generate_music("dusk")
            await asyncio.sleep(0.5)
            await task.poll()
            return task.is_done

    with FakeSuno.in_thread(speed=1000, timetable=Timetable()) as fake:
        assert asyncio.run(program(fake.url))


def test_it_ends_with_its_block() -> None:
    """Whatever the test does, the thread is over afterwards; requests that hang end with it."""

    async def hang(url: str) -> None:
        async with SunoClient("key", base_url=url, timeout=0.2, retry=ONCE) as suno:
            await suno.get_credits()

    urls: list[str] = []
    before = threading.active_count()
    with pytest.raises(ZeroDivisionError), FakeSuno.in_thread() as fake:
        urls.append(fake.url)
        fake.fail("never", times=None)
        with pytest.raises(RequestTimeout):
            asyncio.run(hang(fake.url))
        raise ZeroDivisionError
    assert threading.active_count() == before
    with pytest.raises(ConnectionFailed):
        asyncio.run(hang(urls[0]))
