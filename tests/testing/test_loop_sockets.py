"""The loops of our own with real sockets: no time passes while bytes are on their way."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncGenerator, Awaitable, Callable
from io import BytesIO

import aiohttp
import pytest
from aiohttp import web

from suno_async.testing import run_accelerated

Handler = Callable[[web.Request], Awaitable[web.Response]]


@contextlib.asynccontextmanager
async def serving(handler: Handler) -> AsyncGenerator[str]:
    """Serve one handler for POST on loopback, in the running loop; gives its URL."""
    app = web.Application(client_max_size=1 << 24)
    app.router.add_post("/", handler)
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0, backlog=1024).start()
        yield "http://{}:{}/".format(*runner.addresses[0])
    finally:
        await runner.cleanup()


async def post(session: aiohttp.ClientSession, url: str, body: bytes = b"") -> bytes:
    """Send one request and return the body of the answer."""
    async with session.post(url, data=BytesIO(body)) as response:
        return await response.read()


async def test_a_server_in_the_same_loop_may_take_its_time() -> None:
    """A request over a real socket whose answer takes a minute ends after that minute."""
    loop = asyncio.get_running_loop()

    async def slow(_: web.Request) -> web.Response:
        await asyncio.sleep(60)
        return web.Response(text="done")

    async with serving(slow) as url, aiohttp.ClientSession() as session:
        start = loop.time()
        assert await post(session, url) == b"done"
    assert loop.time() - start == pytest.approx(60, abs=0.01)


async def test_no_time_passes_while_bytes_are_on_their_way() -> None:
    """200 requests at once take no time, though a timer is due soon."""
    loop = asyncio.get_running_loop()

    async def echo(request: web.Request) -> web.Response:
        return web.Response(body=await request.read())

    loop.call_later(30, print)
    connector = aiohttp.TCPConnector(limit=0)
    async with (
        serving(echo) as url,
        aiohttp.ClientSession(connector=connector) as session,
    ):
        start = loop.time()
        bodies = [bytes([n]) * n**2 for n in range(200)]
        assert await asyncio.gather(*(post(session, url, body) for body in bodies)) == bodies
        assert loop.time() - start < 1


async def test_large_bodies_take_no_time() -> None:
    """Megabytes that fill every buffer on the way, both ways, arrive before the clock moves."""
    loop = asyncio.get_running_loop()

    async def echo(request: web.Request) -> web.Response:
        return web.Response(body=await request.read())

    loop.call_later(30, print)
    async with serving(echo) as url, aiohttp.ClientSession() as session:
        start = loop.time()
        assert len(await post(session, url, bytes(8_000_000))) == 8_000_000
        assert loop.time() - start < 1


async def test_a_sleeping_reader_does_not_stop_the_clock() -> None:
    """A writer whose buffer stays full waits for a reader that sleeps on the same clock."""
    size = 20_000_000
    read = asyncio.Event()

    async def late(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(60)
        await reader.readexactly(size)
        writer.close()
        read.set()

    server = await asyncio.start_server(late, "127.0.0.1", 0)
    async with server:
        _, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        writer.write(bytes(size))
        await writer.drain()
        await read.wait()
        writer.close()
        await writer.wait_closed()
    assert asyncio.get_running_loop().time() == pytest.approx(60, abs=1)


async def test_a_refused_connection_takes_no_time() -> None:
    """Where nothing listens, the refusal comes before any deadline."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
        async with asyncio.timeout(1):
            with pytest.raises(ConnectionRefusedError):
                await asyncio.open_connection("127.0.0.1", port)


async def test_a_connection_that_must_wait_takes_no_time() -> None:
    """A listener that is full leaves a connection unanswered for a real second; the clock waits."""
    loop = asyncio.get_running_loop()
    loop.call_later(30, print)
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listener:
        listener.setblocking(False)  # noqa: FBT003 - the standard library's own
        with socket.create_connection(listener.getsockname()), socket.socket() as late:
            late.setblocking(False)  # noqa: FBT003 - as above
            connecting = asyncio.create_task(loop.sock_connect(late, listener.getsockname()))
            await asyncio.sleep(0)
            accepted, _ = await loop.sock_accept(listener)
            with accepted:
                await connecting
    assert loop.time() < 1


async def test_looking_up_a_name_takes_no_time() -> None:
    """Host names are looked up in a thread, and the clock waits for it."""
    loop = asyncio.get_running_loop()
    loop.call_later(100, print)
    assert await loop.getaddrinfo("localhost", 80)
    assert loop.time() < 1


def test_a_sped_up_loop_serves_real_sockets() -> None:
    """A server that takes a minute answers within the sped-up minute."""

    async def slow(_: web.Request) -> web.Response:
        await asyncio.sleep(60)
        return web.Response(text="done")

    async def main() -> bytes:
        async with serving(slow) as url, aiohttp.ClientSession() as session:
            return await post(session, url)

    assert run_accelerated(main(), speed=600) == b"done"
