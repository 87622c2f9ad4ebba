"""What `--simulate` puts in the service's place; imported only then, with the server it needs."""

from __future__ import annotations

import uuid
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import aiohttp

from suno_async import SunoClient
from suno_async.testing import AcceleratedLoop, FakeSuno

if TYPE_CHECKING:
    import asyncio
    from collections.abc import AsyncGenerator, Callable

    from suno_async import Attempt

SPEED = 20
"""How many of the service's seconds pass in one."""
_CREDITS = 100_000.0
SENTENCE = f"Simulation, {SPEED} times as fast as the service: nothing is sent, nothing is paid."
"""What is said on screen."""


def new_loop() -> asyncio.AbstractEventLoop:
    """A loop on which the service's minutes pass as seconds."""
    return AcceleratedLoop(SPEED)


def new_fake() -> FakeSuno:
    """A service that makes other songs each time, for an account that is not soon empty."""
    return FakeSuno(seed=uuid.uuid4().hex, credits=_CREDITS)


@asynccontextmanager
async def simulated(
    fake: FakeSuno, on_attempt: Callable[[Attempt], None]
) -> AsyncGenerator[SunoClient]:
    """A client of an embedded service; its session knows of no proxy, so that nothing leaves."""
    async with (
        fake,
        aiohttp.ClientSession(trust_env=False) as session,
        SunoClient(
            "key",
            base_url=fake.url,
            upload_url=fake.upload_url,
            session=session,
            on_attempt=on_attempt,
            speed=1.0,  # the loop is fast already, whatever the environment says
        ) as suno,
    ):
        yield suno
