"""What only a process of its own can show: the way in, signals, real seconds."""

import asyncio
import json
import os
import re
import signal
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest

from suno_async.testing import FakeSuno, Fault, Timetable

pytestmark = pytest.mark.real_time

IDEA = "A calm piano tune at dusk"


async def start(
    folder: Path, *argv: str, stdin: int = asyncio.subprocess.DEVNULL, **environ: str
) -> asyncio.subprocess.Process:
    """Start a command in a folder."""
    env = {name: value for name, value in os.environ.items() if not name.startswith("SUNO_")}
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "suno_async", *argv),
        cwd=folder,
        env=env | environ,
        stdin=stdin,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


async def line_with(stream: asyncio.StreamReader | None, word: str) -> str:
    """Wait for a line with this word."""
    assert stream is not None
    async with asyncio.timeout(60):
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
        while not len(fake.ledger):  # noqa: ASYNC110 the ledger has no event
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


@pytest.mark.parametrize("after", [0.0, 0.005, 0.02, 0.05])
async def test_a_second_press_amid_the_end_spoils_nothing(tmp_path: Path, after: float) -> None:
    """Ctrl-C that comes when all is said ends the program as the first would have."""
    async with FakeSuno() as fake:
        process = await start(
            tmp_path, "generate", IDEA, SUNO_API_KEY="key", SUNO_BASE_URL=fake.url
        )
        await line_with(process.stderr, "accepted")
        process.send_signal(signal.SIGINT)
        await line_with(process.stderr, "suno-async wait music:")
        await asyncio.sleep(after)
        with suppress(ProcessLookupError):
            process.send_signal(signal.SIGINT)
        _, err = await process.communicate()
    assert (process.returncode, err) == (130, b"")


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


async def test_a_closed_terminal_loses_nothing(tmp_path: Path) -> None:
    """What is paid for is in a file when the terminal is gone, which two signals say."""
    async with FakeSuno() as fake:
        terminal, theirs = os.openpty()
        env = os.environ | {"SUNO_API_KEY": "key", "SUNO_BASE_URL": fake.url}
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "suno_async", "batch", write_ideas(tmp_path, 2)),
            cwd=tmp_path,
            env=env,
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
        )
        os.close(theirs)
        await until_accepted(fake, 2)
        await asyncio.sleep(0.5)  # the answers are in
        os.close(terminal)
        process.send_signal(signal.SIGHUP)
        process.send_signal(signal.SIGHUP)
        assert await process.wait() == 130
        (kept,) = tmp_path.glob("unfinished-*.txt")
        paid = {f"music:{entry.task_id}" for entry in fake.ledger.accepted("generate-music")}
    assert set(kept.read_text().split()) == paid


async def test_sigterm_ends_a_batch_that_goes_on_later(tmp_path: Path) -> None:
    """SIGTERM amid a batch says how to go on, and the same command pays for nothing twice."""
    timetable = Timetable(complete=4.0, text=1.0, first=2.0)
    async with FakeSuno(timetable=timetable, song_seconds=(2.0, 3.0)) as fake:
        argv = ("batch", write_ideas(tmp_path, 3), "--journal", "songs.sqlite")
        process = await start(tmp_path, *argv, SUNO_API_KEY="key", SUNO_BASE_URL=fake.url)
        await until_accepted(fake, 2)
        process.send_signal(signal.SIGTERM)
        _, err = await process.communicate()
        assert process.returncode == 130
        assert err.decode().splitlines()[-1] == f"  suno-async {' '.join(argv)}"
        process = await start(tmp_path, *argv, SUNO_API_KEY="key", SUNO_BASE_URL=fake.url)
        out, err = await process.communicate()
        assert process.returncode == 0, err.decode()
        assert len(fake.ledger.accepted("generate-music")) == 3
    assert len(out.splitlines()) == 6


async def test_serve(tmp_path: Path) -> None:
    """`serve` says how to use it, answers other commands, and ends with Ctrl-C as it should."""
    server = await start(tmp_path, "serve", "--port", "0")
    said = await line_with(server.stdout, "export")
    address = re.search(r"SUNO_BASE_URL=(\S+) SUNO_API_KEY=(\S+)", said)
    assert address is not None
    credits_ = await start(tmp_path, "credits", SUNO_BASE_URL=address[1], SUNO_API_KEY=address[2])
    assert await credits_.communicate() == (b"1000\n", b"")
    server.send_signal(signal.SIGINT)
    log = (await server.communicate())[1].decode()
    assert re.fullmatch(r"[\d:]{8}  get-remaining-credits: accepted\n", log)
    assert server.returncode == 0


def write_ideas(folder: Path, number: int) -> str:
    """A file with so many prompts."""
    (folder / "ideas.txt").write_text("".join(f"idea {one}\n" for one in range(1, number + 1)))
    return "ideas.txt"


async def until_accepted(fake: FakeSuno, number: int) -> None:
    """Wait until so many songs are paid for."""
    while len(fake.ledger.accepted("generate-music")) < number:  # noqa: ASYNC110 the ledger has no event
        await asyncio.sleep(0.05)


async def test_a_killed_batch_goes_on(tmp_path: Path) -> None:
    """After SIGKILL the same command pays for nothing twice, and ends in all files."""
    timetable = Timetable(complete=6.0, text=1.0, first=3.0)
    async with FakeSuno(timetable=timetable, song_seconds=(2.0, 3.0)) as fake:
        argv = ("batch", write_ideas(tmp_path, 12), "--journal", "songs.sqlite", "--json")
        for number in (3, 9):
            process = await start(tmp_path, *argv, SUNO_API_KEY="key", SUNO_BASE_URL=fake.url)
            await until_accepted(fake, number)
            process.kill()
            await process.communicate()
        process = await start(tmp_path, *argv, SUNO_API_KEY="key", SUNO_BASE_URL=fake.url)
        out, err = await process.communicate()
        sent = [entry.body["prompt"] for entry in fake.ledger.accepted("generate-music")]
    counts = json.loads(out.splitlines()[-1])["summary"]
    assert counts["done"] + counts["unknown"] == 12, err.decode()
    assert len(set(sent)) == len(sent) >= counts["done"]
    assert len(list((tmp_path / "songs").glob("*.mp3"))) == 2 * counts["done"]
    assert process.returncode == (6 if counts["unknown"] else 0)


async def test_twice_names_each_line_in_flight(tmp_path: Path) -> None:
    """The second Ctrl-C amid a batch ends it at once and names each request in doubt."""
    async with FakeSuno() as fake:
        fake.fail(Fault.NEVER_AFTER_ACCEPT, times=3)
        process = await start(
            *(tmp_path, "batch", write_ideas(tmp_path, 3), "--json"),
            SUNO_API_KEY="key",
            SUNO_BASE_URL=fake.url,
        )
        await until_accepted(fake, 3)
        process.send_signal(signal.SIGINT)
        await line_with(process.stderr, "Waiting for the answer")
        process.send_signal(signal.SIGINT)
        began = time.monotonic()
        out, err = await process.communicate()
    objects = [json.loads(line) for line in out.splitlines()]
    assert process.returncode == 130
    assert time.monotonic() - began < 5
    assert sorted(one["line"] for one in objects if one.get("error") == "SubmissionUnknown") == [
        *(1, 2, 3)
    ]
    assert "Traceback" not in err.decode()


async def test_a_pipe_is_read_as_it_comes(tmp_path: Path) -> None:
    """A line is sent before the next one is written; a pipe that stays open stops no Ctrl-C."""
    async with FakeSuno() as fake:
        process = await start(
            *(tmp_path, "batch", "-", "--format", "txt"),
            stdin=asyncio.subprocess.PIPE,
            SUNO_API_KEY="key",
            SUNO_BASE_URL=fake.url,
        )
        assert process.stdin is not None
        for number in (1, 2):
            process.stdin.write(f"idea {number}\n".encode())
            await process.stdin.drain()
            await line_with(process.stderr, f"line {number}: music:")
        process.send_signal(signal.SIGINT)
        await process.wait()
        assert process.stderr is not None
        err = (await process.stderr.read()).decode()
    assert process.returncode == 130
    assert "suno-async wait music:" in err
    assert "Fatal Python error" not in err


async def test_a_disk_without_space(tmp_path: Path) -> None:
    """Where not even a small file can be written, nothing is paid."""
    async with FakeSuno() as fake:
        process = await asyncio.create_subprocess_shell(
            f"ulimit -f 100; exec {sys.executable} -m suno_async generate x",
            cwd=tmp_path,
            env=os.environ | {"SUNO_API_KEY": "key", "SUNO_BASE_URL": fake.url},
            stderr=asyncio.subprocess.PIPE,
        )
        _, err = await process.communicate()
        assert process.returncode == 2, err.decode()
        assert b"songs cannot be written to: File too large" in err
        assert not len(fake.ledger)


@pytest.mark.parametrize(
    "command", ["credits --simulate >&- 2>&-", "batch - --format txt --dry-run <&- 2>&-"]
)
async def test_closed_streams(tmp_path: Path, command: str) -> None:
    """Who closes stdin, stdout or stderr has closed that, and nothing else."""
    process = await asyncio.create_subprocess_shell(
        f"{sys.executable} -m suno_async {command}", cwd=tmp_path
    )
    assert await process.wait() == 0


async def test_a_reader_that_has_enough(tmp_path: Path) -> None:
    """`| head -1` ends neither the batch nor the writing of its files."""
    name = write_ideas(tmp_path, 3)
    command = f"{sys.executable} -m suno_async batch {name} --simulate | head -1"
    process = await asyncio.create_subprocess_shell(
        command, cwd=tmp_path, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    out, err = await process.communicate()
    assert len(out.splitlines()) == 1
    assert len(list((tmp_path / "songs").glob("*.mp3"))) == 6
    assert "3 lines: 3 done; 6 files in songs." in err.decode()
    assert "Broken" not in err.decode()
