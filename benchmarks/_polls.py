"""Polls of finished songs by one client, in turns with raw aiohttp: the CPU times, as JSON.

It runs in a process of its own, with an interpreter that has that client; so a client is imported
only where it is used. Every poll is one GET of the same record, over connections that are kept, and
is read as far as the client goes; fal-client asks for a status first, and so does its floor.
"""

import asyncio
import json
import sys
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import datetime
from importlib import import_module
from itertools import cycle
from types import GenericAlias
from typing import Any, TypeAlias

import aiohttp
from attrs import asdict, frozen

from benchmarks._floor import KEY, Raw, take_turns

_RECORD = "/api/v1/generate/record-info"
_HEADERS = {"Authorization": f"Bearer {KEY}"}
_TRACKS = 2

Poll: TypeAlias = Callable[[str], Awaitable[int]]
"""Polls a song, and returns how many tracks it has."""
Polling: TypeAlias = AsyncGenerator[Poll]


@frozen
class Course:
    """What is asked, and how often."""

    client: str
    """The client's name."""
    url: str
    """The server's address."""
    status: str
    """The path of a status as fal-client reads it."""
    songs: list[str]
    """The ids of finished songs."""
    rounds: int
    """How many rounds each has."""
    calls: int
    """How many polls a round has."""
    at_once: int
    """How many of them go on at a time."""


@asynccontextmanager
async def _suno_async(course: Course) -> Polling:
    suno_async: Any = import_module("suno_async")
    limiter = suno_async.RateLimiter(100_000, 0.1, burst=100_000)  # wide open
    async with suno_async.SunoClient(KEY, base_url=course.url, limiter=limiter) as suno:

        async def poll(song: str) -> int:
            return len(await suno.task(song, suno_async.GenerateMusic))

        yield poll


@asynccontextmanager
async def _openai(course: Course) -> Polling:
    openai: Any = import_module("openai")
    record = _model_of_a_record(openai.BaseModel)
    async with openai.AsyncOpenAI(api_key=KEY, base_url=course.url) as client:

        async def poll(song: str) -> int:
            options = {"params": {"taskId": song}}
            answer = await client.get(_RECORD, cast_to=record, options=options)
            return len(answer.data.response.sunoData)

        yield poll


@asynccontextmanager
async def _httpx_pydantic(course: Course) -> Polling:
    httpx: Any = import_module("httpx")
    record = _model_of_a_record(import_module("pydantic").BaseModel)
    async with httpx.AsyncClient(base_url=course.url, headers=_HEADERS) as client:

        async def poll(song: str) -> int:
            response = await client.get(_RECORD, params={"taskId": song})
            response.raise_for_status()
            answer = record.model_validate_json(response.content)
            return len(answer.data.response.sunoData)

        yield poll


@asynccontextmanager
async def _fal_client(course: Course) -> Polling:
    httpx: Any = import_module("httpx")
    fal: Any = import_module("fal_client.client")
    async with httpx.AsyncClient(headers=_HEADERS) as client:

        async def poll(song: str) -> int:
            handle = fal.AsyncRequestHandle(
                request_id=song,
                response_url=f"{course.url}{_RECORD}?taskId={song}",
                status_url=course.url + course.status,
                cancel_url="",
                client=client,
            )
            return len((await handle.get())["data"]["response"]["sunoData"])

        yield poll


@asynccontextmanager
async def _suno_easy(course: Course) -> Polling:
    client: Any = import_module("suno_easy").SunoClient(KEY)
    client.BASE_URL = course.url

    async def poll(song: str) -> int:  # it blocks, so there is never more than one
        return len(client.music.get_task(song)["response"]["sunoData"])

    yield poll


CLIENTS: dict[str, Callable[[Course], AbstractAsyncContextManager[Poll]]] = {
    "suno-async": _suno_async,
    "httpx + pydantic": _httpx_pydantic,
    "openai": _openai,
    "fal-client": _fal_client,
    "suno-easy": _suno_easy,
}
"""How each client polls; ours first."""


def _model_of_a_record(base: Any) -> Any:
    """The fields that we read, as a pydantic model."""
    create: Any = import_module("pydantic").create_model
    text, time = (str | None, None), (datetime | None, None)
    urls = ("audioUrl", "streamAudioUrl", "imageUrl", "sourceAudioUrl", "sourceStreamAudioUrl")
    others = ("sourceImageUrl", "prompt", "modelName", "title", "tags")
    texts = dict.fromkeys((*urls, *others), text)
    number = (float | None, None)
    track = create("Track", __base__=base, id=(str, ...), **texts, createTime=time, duration=number)
    songs = create(
        "Songs", __base__=base, taskId=text, sunoData=(GenericAlias(list, (track,)), ...)
    )
    names = ("taskId", "parentMusicId", "param", "status", "type", "operationType", "errorMessage")
    texts = dict.fromkeys(names, text)
    data = create("Data", __base__=base, **texts, response=(songs, ...), createTime=time)
    return create("Record", __base__=base, code=(int, ...), msg=text, data=(data, ...))


async def _measure(course: Course) -> tuple[list[float], list[float]]:
    songs = cycle(course.songs)
    async with aiohttp.ClientSession() as session, CLIENTS[course.client](course) as poll:
        raw = Raw(course.url, session)

        async def floor() -> None:
            if course.client == "fal-client":
                await raw.get(course.status)
            await raw.get(_RECORD, taskId=next(songs))

        async def own() -> None:
            if await poll(next(songs)) != _TRACKS:
                raise AssertionError

        return await take_turns(
            floor, own, rounds=course.rounds, calls=course.calls, at_once=course.at_once
        )


def as_argument(course: Course) -> str:
    """The course as this module's own argument."""
    return json.dumps(asdict(course))


if __name__ == "__main__":
    print(json.dumps(asyncio.run(_measure(Course(**json.loads(sys.argv[1]))))))
