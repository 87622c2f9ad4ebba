"""The embedded API without sockets: the same server and client, joined by a pipe in memory.

Both ends are aiohttp's own protocols, so a request is written, parsed and answered as ever. Only
the transport between them is ours: what is written at one end arrives at the other in the loop's
next turn. So nothing but the clock of a virtual loop decides when something happens.
"""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Callable, Iterable
from typing import Any

import aiohttp
from aiohttp import web

from benchmarks._policies import Server
from suno_async.testing import FakeSuno

_URL = "http://suno.invalid"  # leads nowhere: there is no network


@contextlib.asynccontextmanager
async def in_process(fake: FakeSuno) -> AsyncGenerator[Server]:
    """Serve the fake to one session alone."""
    runner = web.AppRunner(fake.app, handle_signals=False, access_log=None, shutdown_timeout=0.5)
    await runner.setup()
    server = runner.server
    assert server is not None  # noqa: S101 for the checkers
    async with aiohttp.ClientSession(connector=_Connector(server)) as session:
        yield Server(_URL, session)
    await runner.cleanup()


class _Connector(aiohttp.BaseConnector):
    """Makes each connection to the same server."""

    def __init__(self, server: Callable[[], asyncio.BaseProtocol]) -> None:
        super().__init__(limit=0)
        self._server = server

    async def _create_connection(self, req: Any, traces: Any, timeout: Any) -> Any:  # noqa: ARG002 aiohttp's signature
        client = self._factory()
        _End.join(client, self._server())
        return client


class _End(asyncio.Transport):
    """One end of a pipe between two protocols of the running loop."""

    _other: "_End"

    def __init__(self, protocol: Any) -> None:
        super().__init__()
        self._protocol = protocol
        self._is_closed = False
        self._loop = asyncio.get_running_loop()

    @classmethod
    def join(cls, one: asyncio.BaseProtocol, other: asyncio.BaseProtocol) -> None:
        """Connect two protocols."""
        near, far = cls(one), cls(other)
        near._other, far._other = far, near
        other.connection_made(far)
        one.connection_made(near)

    def write(self, data: bytes | bytearray | memoryview) -> None:
        if not self._is_closed:
            self._loop.call_soon(self._other.arrive, bytes(data))

    def writelines(self, list_of_data: Iterable[bytes | bytearray | memoryview]) -> None:
        self.write(b"".join(list_of_data))

    def is_closing(self) -> bool:
        return self._is_closed

    def close(self) -> None:
        if not self._is_closed:
            self._is_closed = True
            self._loop.call_soon(self._protocol.connection_lost, None)
            self._loop.call_soon(self._other.close)  # after all that was written

    def abort(self) -> None:
        self.close()

    def arrive(self, data: bytes) -> None:
        """Take what was written at the other end."""
        if not self._is_closed:
            self._protocol.data_received(data)
