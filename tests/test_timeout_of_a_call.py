"""`timeout=` of one call: it goes before the client's, longer or shorter."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias

import pytest

from suno_async import (
    ConfigurationError,
    GenerateMusic,
    GetCredits,
    RequestTimeout,
    RetryPolicy,
    SubmissionUnknown,
    SunoClient,
)
from suno_async.testing import FakeSuno, Fault

SEA = GenerateMusic("the sea")
ONCE = RetryPolicy(max_attempts=1)
STUCK = Fault.NEVER
Call: TypeAlias = Callable[[SunoClient, float], Awaitable[Any]]
PAID: dict[str, Call] = {
    "submit": lambda suno, timeout: suno.submit(SEA, timeout=timeout),
    "paid method": lambda suno, timeout: suno.generate_music("the sea", timeout=timeout),
    "paid call": lambda suno, timeout: suno.boost_style("Folk", timeout=timeout),
}
FREE: dict[str, Call] = {
    "call": lambda suno, timeout: suno.call(GetCredits(), timeout=timeout),
    "free method": lambda suno, timeout: suno.get_credits(timeout=timeout),
    "upload": lambda suno, timeout: suno.upload_file(b"\0" * 100_000, timeout=timeout),
    "upload of a URL": lambda suno, timeout: suno.upload_file(
        "https://example.com/a.mp3", timeout=timeout
    ),
}


def client(fake_suno: FakeSuno, timeout: float) -> SunoClient:
    """One whose own timeout is another one."""
    return SunoClient("key", base_url=fake_suno.url, timeout=timeout, retry=ONCE)


@pytest.mark.parametrize("name", PAID)
async def test_a_paid_request_is_unknown_after_it(name: str, fake_suno: FakeSuno) -> None:
    """A shorter one ends the attempt earlier than the client's would."""
    loop = asyncio.get_running_loop()
    fake_suno.fail(STUCK)
    async with client(fake_suno, 30) as suno:
        began = loop.time()
        with pytest.raises(SubmissionUnknown, match="within 5 s"):
            await PAID[name](suno, 5)
        assert loop.time() - began == pytest.approx(5, abs=0.5)


@pytest.mark.parametrize("name", FREE)
async def test_a_free_request_ends_after_it(name: str, fake_suno: FakeSuno) -> None:
    """What costs nothing times out after it, also where the class allows for more."""
    loop = asyncio.get_running_loop()
    fake_suno.fail(STUCK)
    async with client(fake_suno, 30) as suno:
        began = loop.time()
        with pytest.raises(RequestTimeout, match="within 5 s"):
            await FREE[name](suno, 5)
        assert loop.time() - began == pytest.approx(5, abs=0.5)


@pytest.mark.parametrize("name", [*PAID, *FREE])
async def test_a_longer_one_waits_longer(name: str, fake_suno: FakeSuno) -> None:
    """An answer that comes after the client's timeout, and within the call's, is the answer."""
    fake_suno.fail(Fault.DELAY_AFTER_ACCEPT.lasting(10))
    async with client(fake_suno, 2) as suno:
        assert await (PAID | FREE)[name](suno, 20) is not None


async def test_closing_waits_as_long(fake_suno: FakeSuno) -> None:
    """A paid request that has left with a longer timeout is awaited for as long at the end."""
    fake_suno.fail(Fault.DELAY_AFTER_ACCEPT.lasting(10))
    async with client(fake_suno, 2) as suno:
        submitting = asyncio.create_task(suno.submit(SEA, timeout=20))
        await asyncio.sleep(1)
    assert (await submitting).id in fake_suno.tasks
    fake_suno.ledger.assert_charged(1)


@pytest.mark.parametrize("timeout", [0, -1, float("nan"), float("inf"), "5", True])
@pytest.mark.parametrize("name", ["submit", "call", "upload"])
async def test_what_is_no_time_is_refused(name: str, timeout: Any, fake_suno: FakeSuno) -> None:
    """What is no number of seconds above 0 is refused, and nothing is sent."""
    async with client(fake_suno, 30) as suno:
        with pytest.raises(ConfigurationError, match="timeout must be seconds above 0"):
            await (PAID | FREE)[name](suno, timeout)
    assert fake_suno.ledger.entries == []
