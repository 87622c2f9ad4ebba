"""What may stand at the service's address in its place: nobody, or something that is not it."""

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import TypeAlias
from urllib.parse import urlsplit

from suno_async.testing import FakeSuno

StandIn: TypeAlias = Callable[[AsyncExitStack, FakeSuno], Awaitable[str]]
"""Opens it for as long as the stack lasts, and gives the address."""

_Talk: TypeAlias = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]

_CERTIFICATE = Path(__file__).with_name("_certificate.pem")  # signed by itself, for this only
_LATER = 0.01  # seconds
_HEAD_END = b"\r\n\r\n"


async def service(_stack: AsyncExitStack, fake: FakeSuno) -> str:
    """The service itself."""
    return fake.url


async def closed_port(stack: AsyncExitStack, _fake: FakeSuno) -> str:
    """A port that nobody listens on."""
    return f"http://127.0.0.1:{_reserved(stack)}"


async def open_later(stack: AsyncExitStack, fake: FakeSuno) -> str:
    """A port on which the service begins to listen when it was asked in vain."""
    port = urlsplit(fake.url).port
    await fake.close()

    async def reopen() -> None:
        await asyncio.sleep(_LATER)
        await fake.start(port=port or 0)

    opening = asyncio.create_task(reopen())
    stack.callback(opening.cancel)
    return f"http://127.0.0.1:{port}"


async def no_such_host(_stack: AsyncExitStack, _fake: FakeSuno) -> str:
    """A name that no server has, and none is asked for: it is too long."""
    return "http://" + ".".join(["suno" * 15] * 5)


async def plain_where_tls_is_due(stack: AsyncExitStack, _fake: FakeSuno) -> str:
    """A server that speaks HTTP where TLS is expected."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")

    return "https" + (await _serve(stack, talk)).removeprefix("http")


async def silent_where_tls_is_due(stack: AsyncExitStack, _fake: FakeSuno) -> str:
    """A server that takes connections, and never says a word."""

    async def talk(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        await reader.read()

    return "https" + (await _serve(stack, talk)).removeprefix("http")


async def own_certificate(stack: AsyncExitStack, _fake: FakeSuno) -> str:
    """A server whose certificate nobody vouches for."""

    async def talk(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        await reader.read()

    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(_CERTIFICATE)
    return "https" + (await _serve(stack, talk, context)).removeprefix("http")


async def stale(stack: AsyncExitStack, fake: FakeSuno) -> str:
    """The service behind a proxy that hangs up when a connection is used a second time."""
    port = urlsplit(fake.url).port

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, to_service = await asyncio.open_connection("127.0.0.1", port)
        try:
            to_service.write(await reader.readuntil(_HEAD_END))
            answers = asyncio.create_task(_pass_on(there, writer))
            while (piece := await reader.read(2**16)) and not piece.startswith((b"GET", b"POST")):
                to_service.write(piece)
            answers.cancel()
        finally:
            to_service.close()

    return await _serve(stack, talk)


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while piece := await reader.read(2**16):
        writer.write(piece)


async def _serve(stack: AsyncExitStack, talk: _Talk, context: ssl.SSLContext | None = None) -> str:
    talking: set[asyncio.Task[None]] = set()

    async def to_the_end(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        me = asyncio.current_task()
        assert me is not None  # noqa: S101 for the checkers
        talking.add(me)
        try:
            await talk(reader, writer)
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            talking.discard(me)
            writer.close()

    server = await asyncio.start_server(to_the_end, "127.0.0.1", 0, ssl=context)

    async def stop() -> None:
        server.close()
        for one in talking:
            one.cancel()
        await asyncio.sleep(0.1)

    stack.push_async_callback(stop)
    return f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


def _reserved(stack: AsyncExitStack) -> int:
    """A port that is taken, so that nobody else listens on it, and on which nobody does."""
    holder = stack.enter_context(socket.socket())
    holder.bind(("127.0.0.1", 0))
    port: int = holder.getsockname()[1]
    return port
