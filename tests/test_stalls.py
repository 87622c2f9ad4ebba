"""A loop that stood still for longer than any patience: what has come meanwhile is read."""

from __future__ import annotations

import asyncio
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest
from attrs import define, field

from suno_async import (
    GenerateLyrics,
    GenerateMusic,
    RateLimiter,
    RequestTimeout,
    RetryPolicy,
    SubmissionUnknown,
    SunoClient,
)
from suno_async._deadline import Deadline
from suno_async.testing import FakeSuno, Fault, VirtualTimeLoop

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

POLL = "get-lyrics-generation-details"
ONCE = RetryPolicy(max_attempts=1)


def stand_still(seconds: float) -> None:
    """Let the virtual clock go on, and nothing else."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, VirtualTimeLoop)
    loop._clock.now += seconds


@pytest.mark.parametrize("at", [0.5, 0.99, 1.0, 1.01, 20.0])
async def test_ten_songs_amid_a_stall(at: float) -> None:
    """Paid for before or after nothing ran: each has its task, whenever the stall began."""
    async with (
        FakeSuno(delay=lambda _: (0.4, 0.6), send_callbacks=False) as fake,
        SunoClient("key", base_url=fake.url, limiter=RateLimiter()) as suno,
    ):
        if at > 1.1:
            fake.fail(Fault.DELAY_AFTER_ACCEPT.lasting(20.0), times=None)
        asyncio.get_running_loop().call_later(at, stand_still, 60.0)
        asked = (suno.generate_music(f"song {number}") for number in range(10))
        tasks = await asyncio.gather(*asked)
        assert {task.id for task in tasks} == set(fake.tasks)


async def test_a_poll_amid_a_stall() -> None:
    """Its answer is read; nobody polls twice."""
    async with (
        FakeSuno(delay=(1.0, 1.0), send_callbacks=False) as fake,
        SunoClient("key", base_url=fake.url, limiter=RateLimiter()) as suno,
    ):
        fake.script(complete=1.0)
        task = await suno.submit(GenerateLyrics("rain"))
        waiting = asyncio.ensure_future(task.wait())
        while not fake.ledger.of(POLL):  # noqa: ASYNC110 no event says that a poll is under way
            await asyncio.sleep(0.05)
        stand_still(60.0)
        assert await waiting
        assert len(fake.ledger.of(POLL)) == 1


async def test_an_upload_amid_a_stall() -> None:
    """The file is there, and is not sent twice."""
    async with (
        FakeSuno(delay=(1.0, 1.0)) as fake,
        SunoClient("key", base_url=fake.url, upload_url=fake.url, retry=ONCE) as suno,
    ):
        asyncio.get_running_loop().call_later(0.5, stand_still, 60.0)
        assert (await suno.upload_file(b"abc")).download_url


async def test_a_client_that_is_closed_amid_a_stall() -> None:
    """What left before is awaited, though the patience of closing is over."""
    async with FakeSuno(delay=(2.0, 2.0), send_callbacks=False) as fake:
        suno = SunoClient("key", base_url=fake.url, limiter=RateLimiter())
        submitting = asyncio.create_task(suno.generate_music("a"))
        await asyncio.sleep(1.0)
        asyncio.get_running_loop().call_later(0.5, stand_still, 60.0)
        await suno.aclose()
        assert (await submitting).id in fake.tasks


async def test_an_answer_that_does_not_come_is_given_up_all_the_same() -> None:
    """A second after the stall, and no sooner."""
    loop = asyncio.get_running_loop()
    async with FakeSuno() as fake, SunoClient("key", base_url=fake.url, retry=ONCE) as suno:
        fake.fail(Fault.NEVER, times=None)
        began = loop.time()
        loop.call_later(1.0, stand_still, 60.0)
        with pytest.raises(RequestTimeout):
            await suno.get_credits()
        assert loop.time() - began == pytest.approx(62.0, abs=0.1)
        began = loop.time()
        with pytest.raises(SubmissionUnknown):
            await suno.generate_music("a")
        assert loop.time() - began == pytest.approx(30.0, abs=0.1)


async def test_a_loop_that_always_stands_still_ends_it_too() -> None:
    """After some seconds of grace what does not come is given up."""
    loop = asyncio.get_running_loop()

    def again() -> None:
        stand_still(2.0)
        loop.call_later(0.3, again)

    loop.call_later(0.1, again)
    limit = Deadline(1.0)
    with pytest.raises(TimeoutError):
        async with limit:
            await asyncio.sleep(1e6)
    assert limit.expired
    assert 5 < loop.time() < 20


async def test_a_deadline_is_a_timeout() -> None:
    """It ends what lasts too long, and nothing else; put off, it ends later, or never."""
    loop = asyncio.get_running_loop()
    async with Deadline(1.0) as limit:
        limit.set(5.0)
        await asyncio.sleep(3.0)
    await asyncio.sleep(10.0)
    assert not limit.expired
    limit.set(1.0)  # it is over, and nothing comes of it
    await asyncio.sleep(3.0)
    async with Deadline(None):
        await asyncio.sleep(1e4)
    began = loop.time()
    with pytest.raises(TimeoutError):
        async with Deadline(2.0):
            await asyncio.sleep(1e4)
    assert loop.time() - began == pytest.approx(2.0, abs=0.01)
    with pytest.raises(TimeoutError, match="its own"):
        async with Deadline(2.0) as limit:
            raise TimeoutError("its own")
    assert not limit.expired


@pytest.mark.parametrize("late", [0.0, 0.01, 0.04, 0.06])
async def test_a_stall_that_ends_with_the_limit(late: float) -> None:
    """What lies in the socket is read, though the limit is hardly late."""
    ours, theirs = socket.socketpair()

    def answered_meanwhile() -> None:
        theirs.sendall(b"answer")
        stand_still(0.1 + late)

    with theirs:
        reader, writer = await asyncio.open_connection(sock=ours)
        asyncio.get_running_loop().call_later(0.9, answered_meanwhile)
        async with Deadline(1.0):
            assert await reader.readexactly(6) == b"answer"
        writer.close()
        await writer.wait_closed()


@define
class Elsewhere:
    """The service on a loop and a thread of its own, so that it goes on while ours stands still."""

    fake: FakeSuno
    url: str = field(default="", init=False)

    def run(self, is_up: asyncio.Future[None], loop: asyncio.AbstractEventLoop) -> None:
        """Serve until it is asked to stop."""
        asyncio.run(self._serve(is_up, loop))

    async def _serve(self, is_up: asyncio.Future[None], loop: asyncio.AbstractEventLoop) -> None:
        self.stop, self.loop = asyncio.Event(), asyncio.get_running_loop()
        async with self.fake as fake:
            self.url = fake.url
            loop.call_soon_threadsafe(is_up.set_result, None)
            await self.stop.wait()

    stop: asyncio.Event = field(init=False)
    loop: asyncio.AbstractEventLoop = field(init=False)


@asynccontextmanager
async def elsewhere(**more: Any) -> AsyncGenerator[Elsewhere]:
    """The service elsewhere."""
    loop, service = asyncio.get_running_loop(), Elsewhere(FakeSuno(**more))
    is_up = loop.create_future()
    with ThreadPoolExecutor(1) as pool:
        serving = loop.run_in_executor(pool, service.run, is_up, loop)
        await is_up
        try:
            yield service
        finally:
            service.loop.call_soon_threadsafe(service.stop.set)
            await serving


@pytest.mark.real_time
async def test_ten_songs_whose_answers_lie_in_the_socket() -> None:
    """The service answers while our loop sleeps: none of what was paid for is in doubt."""
    async with (
        elsewhere(delay=(0.15, 0.2), max_rate=None) as service,
        SunoClient(
            "key", base_url=service.url, timeout=0.4, limiter=RateLimiter(100, 1.0, burst=100)
        ) as suno,
    ):
        asyncio.get_running_loop().call_later(0.1, time.sleep, 0.7)
        asked = (suno.submit(GenerateMusic(f"song {number}")) for number in range(10))
        ends = await asyncio.gather(*asked, return_exceptions=True)
        assert [end for end in ends if isinstance(end, BaseException)] == []
        assert len(service.fake.tasks) == 10
