"""Callbacks beside a program of any kind, with aiohttp.web.

In the environment: `PUBLIC_URL`, where the service reaches this program (through a proxy, say), and
`CALLBACK_SECRET`, 16 random bytes or more, kept over restarts, for the URLs outlive one.
"""

import asyncio
import os

from aiohttp import web

from suno_async import CallbackReceiver, SunoClient


async def main() -> None:
    receiver = CallbackReceiver(os.environ["PUBLIC_URL"], os.environ["CALLBACK_SECRET"])
    app = web.Application()
    app.add_routes(receiver.routes())
    runner = web.AppRunner(app, access_log=None)  # no URLs in a log
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 8717).start()
    async with SunoClient(callbacks=receiver) as suno:
        async for event in await suno.generate_music("A calm piano tune at dusk"):
            print(event.stage, len(event.result))
    await runner.cleanup()


asyncio.run(main())
