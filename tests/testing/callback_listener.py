"""A listener for the callbacks of a fake."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web
from attrs import define, field
from raw_client import Raw, fake_suno, raw


@define
class Listener:
    """A server that takes callbacks, and how it answers them."""

    url: str = ""
    got: list[dict[str, Any]] = field(factory=list[dict[str, Any]])
    times: list[float] = field(factory=list[float])
    answer: Callable[[int], int] = lambda _count: 200
    pause: float = 0.0

    async def take(self, request: web.Request) -> web.Response:
        """Take one callback."""
        assert request.content_type == "application/json"
        self.got.append(await request.json())
        self.times.append(asyncio.get_running_loop().time())
        await asyncio.sleep(self.pause)
        return web.json_response({"status": "received"}, status=self.answer(len(self.got)))

    def stages(self) -> list[str]:
        """The stages that came, in order."""
        return [callback["data"]["callbackType"] for callback in self.got]


@asynccontextmanager
async def listening(**settings: Any) -> AsyncGenerator[tuple[Raw, Listener]]:
    """A fake and a listener for its callbacks."""
    listener, app = Listener(), web.Application()
    app.router.add_post("/callback", listener.take)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    listener.url = f"http://127.0.0.1:{runner.addresses[0][1]}/callback"
    async with raw(fake_suno(**settings)) as api:
        yield api, listener
    await runner.cleanup()
