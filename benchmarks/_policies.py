"""Ways to make many songs and to see when they are complete, all under the same limiter."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import nullcontext, suppress
from typing import Any, TypeAlias

import aiohttp
from attrs import frozen

from suno_async import (
    CallbackReceiver,
    GenerateMusic,
    Priority,
    RateLimiter,
    SlotResult,
    SunoClient,
    TaskFailed,
)


@frozen
class Server:
    """Where the server is, and what leads there."""

    url: str
    """Its address."""
    session: aiohttp.ClientSession | None = None
    """What leads there; `None` for connections of one's own, over sockets."""
    callbacks: CallbackReceiver | None = None
    """What takes in callbacks, where there are any."""


Policy: TypeAlias = Callable[[Server, int, list[float]], Awaitable[None]]
"""Makes so many songs by a server, and one more for a person at each of these times."""

PERSON = "A person's song"
"""How the prompt of a person's song begins."""

_RUNNING = {"PENDING", "TEXT_SUCCESS", "FIRST_SUCCESS"}
_LONG = 36_000.0  # seconds; a simulated song ends by itself


async def people(server: Server, songs: int, asked_at: list[float]) -> None:
    """Ours, each song awaited by itself."""
    async with _client(server) as suno:
        batch = (_awaited(suno, f"Song {number}", 0.0) for number in range(songs))
        await asyncio.gather(*batch, *_people(suno, asked_at))


async def batch(server: Server, songs: int, asked_at: list[float]) -> None:
    """Ours, all songs in one batch."""

    async def all_of_it() -> None:
        ideas = [GenerateMusic(f"Song {number}") for number in range(songs)]
        async for _ in suno.batch(ideas):
            pass

    async with _client(server) as suno:
        await asyncio.gather(all_of_it(), *_people(suno, asked_at))


def _client(server: Server) -> SunoClient:
    return SunoClient(
        "key",
        base_url=server.url,
        limiter=RateLimiter(),
        session=server.session,
        callbacks=server.callbacks,
    )


def _people(suno: SunoClient, asked_at: list[float]) -> list[Awaitable[None]]:
    return [_awaited(suno, f"{PERSON} {number}", at) for number, at in enumerate(asked_at)]


async def _awaited(suno: SunoClient, prompt: str, at: float) -> None:
    await asyncio.sleep(at)
    task = await suno.generate_music(prompt)
    with suppress(TaskFailed):
        await task.wait(timeout=_LONG)


def every(seconds: float) -> Policy:
    """Each song asked for by itself, so often, in order of arrival."""

    async def policy(server: Server, songs: int, asked_at: list[float]) -> None:
        given = nullcontext(server.session) if server.session is not None else None
        async with given or aiohttp.ClientSession() as session:
            polled = _Polled(server.url, session, RateLimiter(), seconds)
            prompts = [(f"Song {number}", 0.0) for number in range(songs)]
            prompts += [(f"{PERSON} {number}", at) for number, at in enumerate(asked_at)]
            await asyncio.gather(*(polled.song(*one) for one in prompts))

    return policy


@frozen
class _Polled:
    url: str
    session: aiohttp.ClientSession
    limiter: RateLimiter
    seconds: float

    async def song(self, prompt: str, at: float) -> None:
        await asyncio.sleep(at)
        idea = {"prompt": prompt, "customMode": False, "instrumental": False, "model": "V5"}
        path = "/api/v1/generate"
        made = await self._ask("POST", path, json=idea | {"callBackUrl": "https://x.invalid/"})
        status = "PENDING"
        while status in _RUNNING:
            await asyncio.sleep(self.seconds)
            query = {"taskId": made["taskId"]}
            status = (await self._ask("GET", f"{path}/record-info", params=query))["status"]

    async def _ask(self, method: str, path: str, **given: Any) -> Any:
        slot = await self.limiter.acquire(Priority.BACKGROUND)
        headers = {"Authorization": "Bearer key"}
        url = self.url + path
        async with self.session.request(method, url, headers=headers, **given) as response:
            answer = await response.json()
        slot.release(SlotResult.ANSWERED)
        return answer["data"]
