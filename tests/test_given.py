"""What a client is given: what cannot work is refused when it is made, not by a later request."""

from __future__ import annotations

import asyncio
import re
from math import inf, nan
from typing import TYPE_CHECKING, Any

import pytest
from aiohttp import ClientSession, ClientTimeout
from aiolimiter import AsyncLimiter

from suno_async import (
    CallbackReceiver,
    ConfigurationError,
    GenerateMusic,
    Priority,
    RateLimiter,
    RetryPolicy,
    Slot,
    SunoClient,
)

if TYPE_CHECKING:
    from suno_async import Attempt
    from suno_async.testing import FakeSuno


class Foreign:
    """A session of another library."""

    async def request(self, *_: object) -> None:
        """As such a session has it."""


async def later(_: Attempt) -> None:
    """A hook that nobody would await."""


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("limiter", AsyncLimiter(20, 10)),
        ("limiter", asyncio.Semaphore(20)),
        ("limiter", RateLimiter),
        ("limiter", 20),
        ("limiter", False),
        ("poll_limiter", AsyncLimiter(20, 10)),
        ("allow_private", "no"),
        ("allow_private", 0),
        ("base_url", "http://localhost:99999"),
        ("base_url", "http://localhost:0"),
        ("base_url", "https://api.sunoapi.org?key=1"),
        ("upload_url", "https://api.sunoapi.org/#top"),
        ("retry", 3),
        ("retry", None),
        ("retry", RetryPolicy),
        ("session", Foreign()),
        ("session", ClientSession),
        ("session", "https://api.sunoapi.org"),
        ("timeout", ClientTimeout(total=30)),
        ("timeout", nan),
        ("timeout", inf),
        ("timeout", -inf),
        ("timeout", 0),
        ("timeout", True),
        ("timeout", "30"),
        ("timeout", None),
        ("callbacks", 5),
        ("callbacks", b"https://bot.example/suno"),
        ("callbacks", False),
        ("callbacks", CallbackReceiver),
        ("journal", 5),
        ("journal", b"songs.sqlite"),
        ("journal", ""),
        ("journal", "."),
        ("journal", True),
        ("on_attempt", "print"),
        ("on_attempt", later),
        ("api_key", 123),
        ("api_key", b"key"),
    ],
)
def test_what_cannot_work_is_refused_at_once(name: str, given: Any) -> None:
    """The error names what was given wrongly, and says what it must be."""
    arguments: dict[str, Any] = {"api_key": "key", name: given}
    with pytest.raises(ConfigurationError, match=rf"^{re.escape(name)} must be"):
        SunoClient(**arguments)


class Own:
    """A limiter of the caller's, which is one by its `acquire` alone."""

    def __init__(self) -> None:
        self.inner = RateLimiter()
        self.asked: list[Priority] = []

    async def acquire(self, priority: Priority = Priority.INTERACTIVE) -> Slot:
        """Wait one's turn."""
        self.asked.append(priority)
        return await self.inner.acquire(priority)


class Nameless(Own):
    """A limiter that has a `max_rate` of its own meaning."""

    max_rate = "20/10s"


class Wordless:
    """A limiter whose `acquire` does not say what it takes."""

    def __init__(self) -> None:
        self.inner = RateLimiter()

    async def acquire(self, *given: Any, **named: Any) -> Slot:
        """Wait one's turn."""
        return await self.inner.acquire(*given, **named)


@pytest.mark.parametrize("limiter", [Own, Nameless, Wordless])
async def test_a_limiter_of_the_callers_is_welcome(fake_suno: FakeSuno, limiter: Any) -> None:
    """It need not be one of ours, and is asked for each request and each poll."""
    async with SunoClient(
        "key", base_url=fake_suno.url, limiter=limiter(), poll_limiter=limiter()
    ) as suno:
        assert len(await (await suno.generate_music("a"))) == 2


async def test_what_can_work_is_taken(fake_suno: FakeSuno) -> None:
    """Whole seconds, a session of one's own, a hook that is an object, and no callbacks."""
    attempts: list[Attempt] = []

    class Hook:
        def __call__(self, attempt: Attempt) -> None:
            attempts.append(attempt)

    async with (
        ClientSession() as session,
        SunoClient(
            "key",
            base_url=fake_suno.url,
            timeout=5,
            session=session,
            on_attempt=Hook(),
            callbacks="",
            limiter=None,
        ) as suno,
    ):
        await suno.get_credits()
    assert len(attempts) == 1


@pytest.mark.parametrize("given", ["no", 0, None])
async def test_what_may_pay_twice_is_asked_for_plainly(suno: SunoClient, given: Any) -> None:
    """Any text is true: a flag that is none is refused before anything is sent."""
    one = GenerateMusic("a")
    with pytest.raises(ConfigurationError, match="resend_unknown must be True or False"):
        await suno.submit(one, resend_unknown=given)
    with pytest.raises(ConfigurationError, match="resend_unknown must be True or False"):
        suno.batch([one], resend_unknown=given)
    with pytest.raises(ConfigurationError, match="retry_failed must be True or False"):
        suno.batch([one], retry_failed=given)


@pytest.mark.parametrize("given", [later, "print", 5])
async def test_a_batchs_hook_is_a_plain_function(suno: SunoClient, given: Any) -> None:
    """What cannot be called, or would have to be awaited, is refused before anything is paid."""
    with pytest.raises(ConfigurationError, match="on_accepted must be a plain function"):
        suno.batch([GenerateMusic("a")], on_accepted=given)


async def test_a_batchs_hook_that_raises_costs_nothing(
    suno: SunoClient, caplog: pytest.LogCaptureFixture
) -> None:
    """It is in the log, and all songs are made and delivered."""

    def broken(*_: object) -> None:
        raise KeyError("a bar of no song")

    batch = suno.batch([GenerateMusic(str(number)) for number in range(5)], on_accepted=broken)
    assert [outcome.error for outcome in [one async for one in batch]] == [None] * 5
    assert [one.message for one in caplog.records].count("on_accepted failed") == 5
