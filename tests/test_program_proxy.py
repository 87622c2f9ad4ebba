"""Behind a proxy with a certificate authority of its own: by two variables, and by a program."""

from __future__ import annotations

import asyncio
import os
import ssl
import sys
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from attrs import define, field
from yarl import URL

from suno_async.testing import FakeSuno

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

PROGRAM = Path(__file__).parent / "programs" / "behind_a_proxy.py"
CERTIFICATE = Path(__file__).parent.parent / "benchmarks" / "_certificate.pem"
SHORT = "import asyncio, suno_async as s; print(asyncio.run(s.SunoClient().get_credits()))"

pytestmark = pytest.mark.real_time


@define
class Company:
    """A network whose only way out is a proxy."""

    base_url: str
    """The service's address, under a certificate that the company's authority has signed."""
    proxy: str
    """The proxy's address."""
    asked: list[str] = field(factory=list[str])
    """What the proxy was asked to connect to."""


async def pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Pass on all that comes, to the end."""
    with suppress(ConnectionError):
        while piece := await reader.read(2**16):
            writer.write(piece)
            await writer.drain()
    writer.close()


@asynccontextmanager
async def company(fake: FakeSuno) -> AsyncGenerator[Company]:
    """A proxy, and behind it the service, which speaks TLS."""
    found = Company("", "")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(CERTIFICATE)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, to_service = await asyncio.open_connection("127.0.0.1", URL(fake.url).port)
        await asyncio.gather(pass_on(reader, to_service), pass_on(there, writer))

    async def connect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        found.asked.append(head.partition(" HTTP")[0])
        there, to_service = await asyncio.open_connection("127.0.0.1", URL(found.base_url).port)
        writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        await asyncio.gather(pass_on(reader, to_service), pass_on(there, writer))

    async with AsyncExitStack() as stack:
        service = await stack.enter_async_context(
            await asyncio.start_server(serve, "127.0.0.1", ssl=context)
        )
        proxy = await stack.enter_async_context(await asyncio.start_server(connect, "127.0.0.1"))
        found.base_url = f"https://localhost:{service.sockets[0].getsockname()[1]}"
        found.proxy = f"http://127.0.0.1:{proxy.sockets[0].getsockname()[1]}"
        yield found


async def output_of(program: str, **environ: str) -> str:
    """What a program prints, in an environment without proxies of its own."""
    env = {name: one for name, one in os.environ.items() if "proxy" not in name.lower()}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", program),
        env=env | {"SUNO_API_KEY": "key"} | environ,
        stdout=asyncio.subprocess.PIPE,
    )
    out, _ = await process.communicate()
    return out.decode().strip()


async def test_two_variables_are_enough() -> None:
    """`HTTPS_PROXY` and `SSL_CERT_FILE` lead any program through, without a line of code."""
    async with FakeSuno(credits=4711) as fake, company(fake) as found:
        out = await output_of(
            SHORT,
            SUNO_BASE_URL=found.base_url,
            HTTPS_PROXY=found.proxy,
            SSL_CERT_FILE=str(CERTIFICATE),
        )
    assert out == "4711.0"
    assert found.asked == [f"CONNECT {found.base_url.removeprefix('https://')}"]


async def test_a_session_of_ones_own_knows_the_way() -> None:
    """The program with a session that has the proxy and the authority runs as it stands."""
    program = PROGRAM.read_text("utf-8")
    async with FakeSuno(credits=4711) as fake, company(fake) as found:
        for placeholder, true in (
            ("http://proxy.example:3128", found.proxy),
            ("company.pem", str(CERTIFICATE)),
        ):
            assert f'"{placeholder}"' in program
            program = program.replace(f'"{placeholder}"', repr(true), 1)
        out = await output_of(program, SUNO_BASE_URL=found.base_url)
    assert out == "4711.0"
    assert found.asked == [f"CONNECT {found.base_url.removeprefix('https://')}"]
