"""`serve`: the embedded API on a port, with an account, faults and a log of requests."""

import asyncio
import re
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import pytest

from suno_async import ConnectionFailed, InsufficientCredits, SubmissionUnknown, SunoClient
from suno_async.cli._commands.serve import serve

Capture = pytest.CaptureFixture[str]
Serving = Callable[..., AbstractAsyncContextManager[str]]


@pytest.fixture
def serving(capsys: Capture) -> Serving:
    """Serve for as long as a block lasts, and give what it says."""

    @asynccontextmanager
    async def served(**options: object) -> AsyncGenerator[str]:
        task = asyncio.create_task(serve(port=0, **options))  # type: ignore[arg-type]  # its own
        said = ""
        while not said:
            await asyncio.sleep(0.01)
            said = capsys.readouterr().out
        yield said
        task.cancel()
        await task

    return served


def client(said: str) -> SunoClient:
    """A client as the export line sets it up."""
    given = dict(re.findall(r"SUNO_(\w+)=(\S+)", said))
    speed = float(given.get("SPEED", 1))
    return SunoClient(given["API_KEY"], base_url=given["BASE_URL"], speed=speed)


async def test_it_prints_what_a_client_needs(serving: Serving) -> None:
    """Address, key and speed: with them stages come one by one, at 20 times the pace."""
    async with serving(speed=20.0, api_key="mine", credits=24.0) as said, client(said) as suno:
        assert "SUNO_API_KEY=mine SUNO_SPEED=20\n" in said
        task = await suno.generate_music("dusk")
        assert [event.implied async for event in task] == [False, False, False]
        assert await suno.get_credits() == 12
        await suno.generate_music("dawn")
        with pytest.raises(InsufficientCredits):
            await suno.generate_music("noon")


async def test_at_its_own_pace_there_is_no_speed(serving: Serving) -> None:
    """A client of the usual pace needs no setting."""
    async with serving() as said:
        assert "SUNO_SPEED" not in said


async def test_faults_are_played_in_order(serving: Serving) -> None:
    """Each once, on the next request; after them all is well."""
    faults = ("reset_after_accept", "reset_after_accept")
    async with serving(fault=faults) as said, client(said) as suno:
        for _ in range(2):
            with pytest.raises(SubmissionUnknown):
                await suno.generate_music("dusk")
        await suno.generate_music("dusk")


async def test_requests_are_logged(serving: Serving, capsys: Capture) -> None:
    """A line each on stderr: when, what, what became of it, and what it cost; nothing if quiet."""
    async with serving() as said, client(said) as suno:
        await suno.get_credits()
        task = await suno.generate_music("dusk")
    assert re.fullmatch(
        r"\d\d:\d\d:\d\d  get-remaining-credits: accepted\n"
        rf"\d\d:\d\d:\d\d  generate-music: accepted, 12 credits, task {task.id}\n",
        capsys.readouterr().err,
    )
    async with serving(quiet=True) as said, client(said) as suno:
        await suno.get_credits()
    assert capsys.readouterr().err == ""


async def test_another_address(serving: Serving) -> None:
    """With `--host` it listens there, and says so."""
    async with serving(host="127.0.0.2") as said, client(said) as suno:
        assert "http://127.0.0.2:" in said
        assert await suno.get_credits() == 1000
        other = said.replace("127.0.0.2", "127.0.0.3")
        async with client(other) as nobody:
            with pytest.raises(ConnectionFailed):
                await nobody.get_credits()
