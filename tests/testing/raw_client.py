"""A client of a few lines for tests of the fake: it sends what it is given and reads JSON."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from random import Random
from typing import Any

import aiohttp
from attrs import frozen

from suno_async.testing import FakeSuno, Timetable

HOOK = "https://callback.invalid/"
TIMES = Timetable()
IDEA: dict[str, Any] = {
    "prompt": "A calm piano tune",
    "customMode": False,
    "instrumental": False,
    "model": "V5",
    "callBackUrl": HOOK,
}
RECORDS = {
    "/generate": "/generate/record-info",
    "/lyrics": "/lyrics/record-info",
    "/wav/generate": "/wav/record-info",
    "/vocal-removal/generate": "/vocal-removal/record-info",
    "/midi/generate": "/midi/record-info",
    "/mp4/generate": "/mp4/record-info",
    "/suno/cover/generate": "/suno/cover/record-info",
    "/voice/validate": "/voice/validate-info",
    "/voice/regenerate": "/voice/validate-info",
    "/voice/generate": "/voice/record-info",
}


@frozen
class Raw:
    """Requests to a fake."""

    fake: FakeSuno
    session: aiohttp.ClientSession

    async def post(self, path: str, body: Any) -> dict[str, Any]:
        """The body of the answer to a POST under `/api/v1`."""
        async with self.session.post(f"{self.fake.url}/api/v1{path}", json=body) as response:
            answer: dict[str, Any] = await response.json()
            return answer

    async def get(self, path: str, **query: str) -> dict[str, Any]:
        """The body of the answer to a GET under `/api/v1`."""
        async with self.session.get(f"{self.fake.url}/api/v1{path}", params=query) as response:
            answer: dict[str, Any] = await response.json()
            return answer

    async def submit(self, path: str, body: dict[str, Any]) -> str:
        """The id of a task that is accepted."""
        answer = await self.post(path, body)
        assert answer["code"] == 200, answer
        data: dict[str, str] = answer["data"]
        return data.get("taskId") or data["task_id"]

    async def song(self, **changes: Any) -> str:
        """The id of a music task."""
        return await self.submit("/generate", IDEA | changes)

    async def record(self, task_id: str, path: str = "/generate") -> dict[str, Any]:
        """The record of a task that was submitted to this path."""
        answer = await self.get(RECORDS[path], taskId=task_id)
        assert answer["code"] == 200
        assert answer["msg"] == "success"
        record: dict[str, Any] = answer["data"]
        return record

    async def tracks(self, task_id: str) -> list[dict[str, Any]]:
        """The tracks in a music record."""
        tracks: list[dict[str, Any]] = (await self.record(task_id))["response"]["sunoData"]
        return tracks


@asynccontextmanager
async def raw(fake: FakeSuno, key: str = "key") -> AsyncGenerator[Raw]:
    """A raw client of a fake that is started, and ended, with it."""
    headers = {"Authorization": f"Bearer {key}"}
    async with fake, aiohttp.ClientSession(headers=headers) as session:
        yield Raw(fake, session)


def fake_suno(**settings: Any) -> FakeSuno:
    """A fake with fixed times and, unless it is asked for, no rate limit."""
    usual: dict[str, Any] = {"timetable": TIMES, "max_rate": None}
    return FakeSuno(**usual | settings)


def drawn(seed: int) -> Random:
    """A random generator."""
    return Random(seed)


async def finished(api: Raw) -> tuple[str, dict[str, Any]]:
    """A music task that is complete, and its second track."""
    task_id = await api.song()
    await asyncio.sleep(150)
    return task_id, (await api.tracks(task_id))[1]


async def file(api: Raw, url: str) -> bytes:
    """The bytes behind a link."""
    async with api.session.get(url) as response:
        assert response.status == 200
        return await response.read()
