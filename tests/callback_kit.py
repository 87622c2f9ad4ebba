"""A receiver of callbacks behind a server of its own; as a plugin, its fixtures."""

from __future__ import annotations

import json
import socket
from contextlib import asynccontextmanager
from io import BytesIO
from typing import TYPE_CHECKING, Any

import pytest
from aiohttp import ClientSession, web
from attrs import define, field

from suno_async import CallbackReceiver, CallbackRejected, UnhandledCallback
from suno_async.testing import FakeSuno

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator

SECRET = "c4llb4ck-secret-of-the-tests"
TRACKS = [
    {"id": "8551-1", "audio_url": "https://files.test/1.mp3", "title": "Sea", "duration": 198.44},
    {"id": "8551-2", "audio_url": "https://files.test/2.mp3", "title": "Sea", "duration": 228.28},
]


@define
class Reception:
    """A receiver, and what reached its server."""

    url: str
    receiver: CallbackReceiver = field(init=False)
    answers: list[int] = field(factory=list[int])
    """The HTTP status of each answer."""
    unhandled: list[UnhandledCallback] = field(factory=list[UnhandledCallback])
    """What the hook was called with."""

    def make(self, **settings: Any) -> CallbackReceiver:
        """A receiver for this server, as after a restart."""
        given: dict[str, Any] = {"secret": SECRET, "on_unhandled": self.unhandled.append}
        return CallbackReceiver(self.url, **given | settings)

    @web.middleware
    async def count(self, request: web.Request, handler: Any) -> web.StreamResponse:
        """Note each answer."""
        answer: web.StreamResponse = await handler(request)
        self.answers.append(answer.status)
        return answer


@asynccontextmanager
async def receiving(path: str = "/suno", **settings: Any) -> AsyncGenerator[Reception]:
    """A server with the routes of a receiver."""
    listening = socket.create_server(("127.0.0.1", 0))
    reception = Reception(f"http://127.0.0.1:{listening.getsockname()[1]}{path}")
    reception.receiver = reception.make(**settings)
    app = web.Application(middlewares=[reception.count])
    app.add_routes(reception.receiver.routes())
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.SockSite(runner, listening).start()
    try:
        yield reception
    finally:
        await reception.receiver.aclose()
        await runner.cleanup()


@pytest.fixture
async def reception() -> AsyncIterator[Reception]:
    """A receiver behind a server."""
    async with receiving() as running:
        yield running


@pytest.fixture
async def silent() -> AsyncIterator[FakeSuno]:
    """The service, which sends no callbacks by itself."""
    async with FakeSuno(send_callbacks=False) as fake:
        yield fake


def callback_url(fake: FakeSuno, at: int = -1) -> str:
    """The callback URL that came with a submission; by default the latest."""
    url = [entry.callback_url for entry in fake.ledger.entries if entry.callback_url][at]
    assert url is not None
    return url


def music(task_id: Any, stage: Any = "complete", /, **changes: Any) -> dict[str, Any]:
    """A callback for a song."""
    data = {"callbackType": stage, "task_id": task_id, "data": TRACKS}
    return {"code": 200, "msg": "All generated successfully.", "data": data | changes}


async def post(url: str, body: Any) -> int:
    """Post as the service does; the status of the answer."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    headers = {"Content-Type": "application/json"}
    async with (
        ClientSession() as session,
        session.post(url, data=BytesIO(raw), headers=headers) as answer,
    ):
        return answer.status


async def rejected(receiver: CallbackReceiver, url: str, body: Any) -> int | None:
    """The status with which a callback is rejected, `None` if it is accepted."""
    try:
        await receiver.handle(url, body)
    except CallbackRejected as error:
        return error.http_status
    return None
