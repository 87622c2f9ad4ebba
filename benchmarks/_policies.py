"""Ways to make many songs and to see when they are complete, all under the same limiter."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, nullcontext, suppress
from typing import Any, TypeAlias

import aiohttp
from attrs import define, field, frozen

from suno_async import (
    CallbackReceiver,
    GenerateMusic,
    Priority,
    RateLimiter,
    Slot,
    SlotResult,
    SunoClient,
    TaskFailed,
)
from suno_async.testing import Plan


@frozen
class Server:
    """Where the server is, and what leads there."""

    url: str
    """Its address."""
    session: aiohttp.ClientSession | None = None
    """What leads there; `None` for connections of one's own, over sockets."""
    callbacks: CallbackReceiver | None = None
    """What takes in callbacks, where there are any."""
    models: Sequence[str] = ()
    """The model for each person's song; V5 where none is given."""
    plans: Sequence[Plan] = ()
    """The course of each person's song, where that is fixed; it is for who knows it all."""

    def model(self, number: int) -> str:
        """The model for this person's song."""
        return self.models[number] if self.models else "V5"


Policy: TypeAlias = Callable[[Server, int, list[float]], Awaitable[None]]
"""Makes so many songs by a server, and one more for a person at each of these times."""

PERSON = "A person's song"
"""How the prompt of a person's song begins."""

_RUNNING = {"PENDING", "TEXT_SUCCESS", "FIRST_SUCCESS"}
_PATH = "/api/v1/generate"
_LOOK = 0.05  # seconds until one who knows it all looks again whether there is news
_LONG = 36_000.0  # seconds; a simulated song ends by itself


async def people(server: Server, songs: int, asked_at: list[float]) -> None:
    """Ours, each song awaited by itself."""
    async with _client(server) as suno:
        batch = (_awaited(suno, f"Song {number}", 0.0) for number in range(songs))
        await asyncio.gather(*batch, *_people(suno, server, asked_at))


async def batch(server: Server, songs: int, asked_at: list[float]) -> None:
    """Ours, all songs in one batch."""

    async def all_of_it() -> None:
        ideas = [GenerateMusic(f"Song {number}") for number in range(songs)]
        async for _ in suno.batch(ideas):
            pass

    async with _client(server) as suno:
        await asyncio.gather(all_of_it(), *_people(suno, server, asked_at))


def _client(server: Server) -> SunoClient:
    return SunoClient(
        "key",
        base_url=server.url,
        limiter=RateLimiter(),
        session=server.session,
        callbacks=server.callbacks,
    )


def _people(suno: SunoClient, server: Server, asked_at: list[float]) -> list[Awaitable[None]]:
    return [
        _awaited(suno, f"{PERSON} {number}", at, server.model(number))
        for number, at in enumerate(asked_at)
    ]


async def _awaited(suno: SunoClient, prompt: str, at: float, model: str = "V5") -> None:
    await asyncio.sleep(at)
    task = await suno.generate_music(prompt, model=model)
    with suppress(TaskFailed):
        await task.wait(timeout=_LONG)


def every(seconds: float, *, posts_first: bool = False) -> Policy:
    """Each song asked for by itself, so often, in order of arrival."""

    async def policy(server: Server, songs: int, asked_at: list[float]) -> None:
        async with _Polled.by(server) as polled:
            polled.posts_first = posts_first
            wanted = [(f"Song {number}", 0.0, "V5") for number in range(songs)]
            wanted += [
                (f"{PERSON} {number}", at, server.model(number))
                for number, at in enumerate(asked_at)
            ]
            await asyncio.gather(*(polled.song(*one, seconds) for one in wanted))

    return policy


async def clairvoyant(server: Server, songs: int, asked_at: list[float]) -> None:
    """Each person's song asked for when there is news, as only somebody who knows it all can."""
    assert not songs  # noqa: S101 their courses are not known
    async with _Polled.by(server) as polled:
        polled.posts_first = True
        known = _AllKnown(polled, server)
        asking = asyncio.create_task(known.ask(len(asked_at)))
        await asyncio.gather(*(known.song(*one) for one in enumerate(asked_at)))
        await asking


@define
class _Polled:
    url: str
    session: aiohttp.ClientSession
    limiter: RateLimiter = field(factory=RateLimiter)
    posts_first: bool = False

    @classmethod
    @asynccontextmanager
    async def by(cls, server: Server) -> AsyncGenerator["_Polled"]:
        given = nullcontext(server.session) if server.session is not None else None
        async with given or aiohttp.ClientSession() as session:
            yield cls(server.url, session)

    async def song(self, prompt: str, at: float, model: str, seconds: float) -> None:
        task_id = await self.submit(prompt, at, model)
        status = "PENDING"
        while status in _RUNNING:
            await asyncio.sleep(seconds)
            status = await self.status(task_id)

    async def submit(self, prompt: str, at: float, model: str) -> str:
        await asyncio.sleep(at)
        idea = {"prompt": prompt, "customMode": False, "instrumental": False, "model": model}
        made = await self._ask("POST", _PATH, json=idea | {"callBackUrl": "https://x.invalid/"})
        task_id: str = made["taskId"]
        return task_id

    async def status(self, task_id: str, slot: Slot | None = None) -> str:
        record = await self._ask("GET", f"{_PATH}/record-info", slot, params={"taskId": task_id})
        status: str = record["status"]
        return status

    async def _ask(self, method: str, path: str, slot: Slot | None = None, **given: Any) -> Any:
        is_first = self.posts_first and method == "POST"
        priority = Priority.INTERACTIVE if is_first else Priority.BACKGROUND
        slot = slot or await self.limiter.acquire(priority)
        headers = {"Authorization": "Bearer key"}
        url = self.url + path
        async with self.session.request(method, url, headers=headers, **given) as response:
            answer = await response.json()
        slot.release(SlotResult.ANSWERED)
        return answer["data"]


@define
class _AllKnown:
    """Polls the song of which a poll cuts most, once it has news."""

    polled: _Polled
    server: Server
    accepted: dict[int, tuple[str, float]] = field(factory=dict[int, "tuple[str, float]"])
    shown: dict[int, float] = field(factory=dict[int, float])
    """The age at the last poll of each song that is not over."""

    async def song(self, number: int, at: float) -> None:
        task_id = await self.polled.submit(f"{PERSON} {number}", at, self.server.model(number))
        self.accepted[number] = task_id, asyncio.get_running_loop().time()
        self.shown[number] = 0.0

    async def ask(self, songs: int) -> None:
        loop, polls, ended = asyncio.get_running_loop(), set[asyncio.Task[str]](), 0
        while ended < songs:
            if self._best(loop.time()) is None:
                await asyncio.sleep(_LOOK)
                continue
            slot = await self.polled.limiter.acquire(Priority.BACKGROUND)
            now = loop.time()
            number = self._best(now)  # by now it may be another one
            assert number is not None  # noqa: S101 news stay until they are seen
            task_id, accepted = self.accepted[number]
            self.shown[number] = now - accepted
            if now - accepted >= self.server.plans[number].end:
                del self.shown[number]
                ended += 1
            polls.add(asyncio.create_task(self.polled.status(task_id, slot)))
        await asyncio.gather(*polls)

    def _best(self, now: float) -> int | None:
        gain, number = max(((self._gain(one, now), one) for one in self.shown), default=(0.0, 0))
        return number if gain > 0.0 else None

    def _gain(self, number: int, now: float) -> float:
        plan, since = self.server.plans[number], self.shown[number]
        age = now - self.accepted[number][1]
        if age >= plan.end:
            return 1e6 + age
        news = ((plan.text, 0.3), (plan.first, 1.0))
        weight = sum(share for at, share in news if at is not None and since < at <= age)
        return weight * (plan.end - age)
