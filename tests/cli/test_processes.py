"""What only a process of its own can show: the way in, signals, real seconds."""

import asyncio
import os
import re
import signal
import sys
import time
from pathlib import Path

import pytest

from suno_async.testing import FakeSuno, Fault

pytestmark = pytest.mark.real_time

IDEA = "A calm piano tune at dusk"


async def start(folder: Path, *argv: str, **environ: str) -> asyncio.subprocess.Process:
    """Start a command in a folder."""
    env = {name: value for name, value in os.environ.items() if not name.startswith("SUNO_")}
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "suno_async", *argv),
        cwd=folder,
        env=env | environ,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


async def line_with(stream: asyncio.StreamReader | None, word: str) -> str:
    """Wait for a line with this word."""
    assert stream is not None
    async for line in stream:
        if word in line.decode():
            return line.decode()
    raise AssertionError(f"no line with {word!r}")


async def test_the_readme_command(tmp_path: Path) -> None:
    """`generate --simulate` writes two files within seconds, without a key."""
    began = time.monotonic()
    process = await start(tmp_path, "generate", IDEA, "--simulate")
    out, err = await process.communicate()
    assert process.returncode == 0, err.decode()
    assert len(out.decode().splitlines()) == 2
    assert all((tmp_path / name).stat().st_size > 100_000 for name in out.decode().splitlines())
    assert time.monotonic() - began < 30


async def test_twice_leaves_at_once(tmp_path: Path) -> None:
    """The second Ctrl-C does not wait for the answer, and says what is in doubt."""
    async with FakeSuno() as fake:
        fake.fail(Fault.NEVER_AFTER_ACCEPT)
        process = await start(
            tmp_path, "generate", IDEA, SUNO_API_KEY="key", SUNO_BASE_URL=fake.url
        )
        while not len(fake.ledger):  # noqa: ASYNC110 the ledger tells nobody
            await asyncio.sleep(0.05)
        process.send_signal(signal.SIGINT)
        await line_with(process.stderr, "Waiting for the answer")
        process.send_signal(signal.SIGINT)
        began = time.monotonic()
        _, err = await process.communicate()
    assert process.returncode == 130
    assert time.monotonic() - began < 5
    assert "It is not known whether" in err.decode()
    assert "Traceback" not in err.decode()


async def test_sigterm_is_heeded(tmp_path: Path) -> None:
    """SIGTERM ends it as Ctrl-C does, with the way back to what is paid for."""
    async with FakeSuno() as fake:
        process = await start(
            tmp_path, "generate", IDEA, SUNO_API_KEY="key", SUNO_BASE_URL=fake.url
        )
        token = (await line_with(process.stderr, "accepted")).split(": ")[0]
        process.send_signal(signal.SIGTERM)
        _, err = await process.communicate()
    assert process.returncode == 130
    assert f"suno-async wait {token}" in err.decode()


async def test_serve(tmp_path: Path) -> None:
    """`serve` says how to use it, answers other commands, and ends with Ctrl-C as it should."""
    server = await start(tmp_path, "serve", "--port", "0")
    said = await line_with(server.stdout, "export")
    address = re.search(r"SUNO_BASE_URL=(\S+) SUNO_API_KEY=(\S+)", said)
    assert address is not None
    credits_ = await start(tmp_path, "credits", SUNO_BASE_URL=address[1], SUNO_API_KEY=address[2])
    assert await credits_.communicate() == (b"1000\n", b"")
    server.send_signal(signal.SIGINT)
    assert (await server.communicate())[1] == b""
    assert server.returncode == 0
