"""What a submission leaves behind: nothing that only the garbage collector could free."""

from __future__ import annotations

import asyncio
import gc
import logging
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

import pytest

from suno_async import GenerateMusic, RateLimiter, RetryPolicy, SunoClient, SunoError
from suno_async.testing import FakeSuno, Fault

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

    from callback_kit import Reception


@pytest.fixture(autouse=True)
def unlogged() -> Generator[None]:
    """What is logged is kept by pytest, and so are the errors in it."""
    logging.disable()
    yield
    logging.disable(logging.NOTSET)


@contextmanager
def garbage() -> Generator[list[Any]]:
    """What of this package could not be freed meanwhile without the collector."""
    found: list[Any] = []
    gc.freeze()  # what is there already, all modules and other tests' garbage, is not examined
    gc.disable()
    try:
        yield found
        gc.set_debug(gc.DEBUG_SAVEALL)
        gc.collect()
        found += [one for one in gc.garbage if _is_ours(one)]
    finally:
        gc.set_debug(0)
        gc.garbage.clear()
        gc.unfreeze()
        gc.enable()


def _is_ours(one: Any) -> bool:
    """Sockets and their transports are asyncio's."""
    names = type(one).__module__, str(getattr(one, "__module__", ""))
    return any(name.startswith("suno_async.") for name in names) or type(one).__name__ in {
        "coroutine",
        "frame",
        "traceback",
    }


FAULTS = {
    "accepted": None,
    "refused": Fault.envelope(402),
    "refused for rate": Fault.envelope(430),
    "lost": Fault.RESET_AFTER_ACCEPT,
    "no answer": Fault.NEVER,
    "unreadable": Fault.HTML_200,
}


@pytest.mark.parametrize("way", ["plain", "key", "journal", "callbacks"])
@pytest.mark.parametrize("fault", FAULTS)
async def test_a_submission_leaves_no_cycle(
    reception: Reception, tmp_path: Path, fault: str, way: str
) -> None:
    """However it ends: what it knew is freed with the last reference to its task or its error."""
    given: dict[str, Any] = {"journal": tmp_path / "songs.sqlite"} if way == "journal" else {}
    given |= {"callbacks": reception.receiver} if way == "callbacks" else {}
    async with (
        FakeSuno(max_rate=None, send_callbacks=False) as fake,
        SunoClient(
            "key",
            base_url=fake.url,
            limiter=RateLimiter(1_000),
            retry=RetryPolicy(max_attempts=2),
            **given,
        ) as suno,
    ):

        async def submit(number: int) -> None:
            if (played := FAULTS[fault]) is not None:
                fake.fail(played, times=2 if fault == "refused for rate" else 1)
            key = f"song {number}" if way == "key" else None
            with suppress(SunoError):
                await suno.submit(GenerateMusic("a"), idempotency_key=key)

        await submit(-1)
        await asyncio.sleep(60)
        with garbage() as found:
            for number in range(3):
                await submit(number)
            await asyncio.sleep(60)
        assert found == []


async def test_two_with_one_key_leave_no_cycle(suno: SunoClient, fake_suno: FakeSuno) -> None:
    """Both have an error of their own, and neither holds the other's."""
    with garbage() as found:
        fake_suno.fail(Fault.envelope(402))
        twice = [suno.submit(GenerateMusic("a"), idempotency_key="a") for _ in range(2)]
        ends = await asyncio.gather(*twice, return_exceptions=True)
        assert [type(end).__name__ for end in ends] == ["InsufficientCredits"] * 2
        del ends, twice
        await asyncio.sleep(1)
    assert found == []


async def test_whoever_goes_leaves_no_cycle(suno: SunoClient, fake_suno: FakeSuno) -> None:
    """Before it has left, and after."""
    fake_suno.fail(Fault.DELAY_AFTER_ACCEPT.lasting(5), times=None, on="generate-music")
    with garbage() as found:
        for seconds in (0.0, 1.0):
            asking = asyncio.create_task(suno.submit(GenerateMusic("a")))
            await asyncio.sleep(seconds)
            asking.cancel()
            with suppress(asyncio.CancelledError):
                await asking
            del asking
            await asyncio.sleep(60)
    assert found == []
    assert len(suno.unclaimed) == 1


async def test_polls_leave_no_cycle(suno: SunoClient, fake_suno: FakeSuno) -> None:
    """Those that fail, and waits that end before the task."""
    fake_suno.fail(Fault.envelope(500), on="get-music-generation-details", times=4)
    with garbage() as found:
        task = await suno.generate_music("a")
        with suppress(SunoError):
            await task.wait(timeout=1)
        await task.wait("text")
        del task
        await asyncio.sleep(60)
    assert found == []


async def test_a_single_poll_that_fails_leaves_no_cycle(
    suno: SunoClient, fake_suno: FakeSuno
) -> None:
    """The error is its caller's alone."""
    task = await suno.generate_music("a")
    fake_suno.fail(Fault.envelope(500), on="get-music-generation-details", times=None)
    with garbage() as found:
        with suppress(SunoError):
            await task.poll()
        await asyncio.sleep(60)
    assert found == []


async def test_a_subscription_ends_with_its_client(fake_suno: FakeSuno) -> None:
    """Nothing comes after that, so nothing holds the task."""
    suno = SunoClient("key", base_url=fake_suno.url)
    task = await suno.generate_music("a")
    with garbage() as found:
        task.subscribe(lambda _: None)
        await asyncio.sleep(1)
        await suno.aclose()
        del task
    assert found == []
