"""The README's web service, with FastAPI and uvicorn, over a real socket."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest
from attrs import frozen
from program_kit import Process, free_port, loaded, needed, never_blocked, running, until

from suno_async.testing import Fault

uvicorn = needed("uvicorn")
needed("fastapi.sse")

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator

    from suno_async.testing import FakeSuno

MUSIC = "generate-music"


@frozen
class Told:
    """One event of a stream."""

    name: str
    data: Any
    at: float
    """The loop's time."""


@frozen
class Browser:
    """A user of the service."""

    session: aiohttp.ClientSession
    service: str
    """The address of the service."""
    process: Process
    """The service."""

    async def order(self, idea: str, key: str) -> tuple[int, Any]:
        """Ask for a song: the HTTP status, and its token or why there is none."""
        asked = self.session.post(
            f"{self.service}/songs", json={"idea": idea}, headers={"Idempotency-Key": key}
        )
        async with asked as answer:
            song = (await answer.json())["song"] if answer.status == 202 else await answer.text()
            return answer.status, song

    async def follow(self, song: str, last: str | None = None) -> AsyncIterator[Told]:
        """Each event of a song, from after the last one known."""
        headers = {} if last is None else {"Last-Event-ID": last}
        async with self.session.get(f"{self.service}/songs/{song}", headers=headers) as answer:
            assert answer.status == 200
            fields: dict[str, str] = {}
            async for line in answer.content:
                name, _, value = line.decode().rstrip("\n").partition(": ")
                if name:
                    fields[name] = value
                elif "event" in fields:
                    now = asyncio.get_running_loop().time()
                    yield Told(fields["event"], json.loads(fields["data"]), now)
                    fields = {}


@pytest.fixture(autouse=True)
def surroundings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fake_suno: FakeSuno) -> None:
    """What the program finds: a directory and an address of its own, a key, and the fake."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PUBLIC_URL", f"http://127.0.0.1:{free_port()}")
    monkeypatch.setenv("CALLBACK_SECRET", "a secret of the tests alone")
    monkeypatch.setenv("SUNO_API_KEY", "key")
    monkeypatch.setenv("SUNO_BASE_URL", fake_suno.url)


@contextlib.asynccontextmanager
async def service() -> AsyncGenerator[Browser]:
    """The program under uvicorn, as a new process has it, and a browser."""
    names, _ = loaded("service.py")
    address = os.environ["PUBLIC_URL"]
    config = uvicorn.Config(
        names["app"],
        port=int(address.rpartition(":")[2]),
        log_config=None,
        loop="none",
        timeout_graceful_shutdown=5,
    )
    server = uvicorn.Server(config)

    def stop() -> None:
        server.should_exit = True

    async with aiohttp.ClientSession() as session, running(server.serve(), stop) as process:
        await until(lambda: server.started)
        yield Browser(session, address, process)


def kept() -> list[Path]:
    """The files that the service has fetched."""
    return sorted(Path("songs").glob("*.mp3"))


async def test_each_stage_is_sent_as_it_comes(fake_suno: FakeSuno) -> None:
    """An order is answered at once with a token; its stages follow; the first song can be heard."""
    fake_suno.script(text=15, first=36.5, complete=148)
    async with service() as browser:
        status, song = await browser.order("the sea", "k1")
        began = asyncio.get_running_loop().time()
        assert (status, song.partition(":")[0]) == (202, "music")
        events = [event async for event in browser.follow(song)]
        assert [event.name for event in events] == ["text", "first", "complete"]
        for event, due, patience in zip(events, (15, 36.5, 148), (5, 5, 10), strict=True):
            assert due - 1 <= event.at - began <= due + patience
        assert [len(event.data) for event in events] == [2, 2, 2]
        first = events[1].data[0]
        async with browser.session.get(first["playable_url"]) as answer:
            assert (await answer.read())[:2] == b"\xff\xfb"
        await until(lambda: len(kept()) == 2)


async def test_ten_people_at_once(fake_suno: FakeSuno) -> None:
    """Each of ten people is answered at once, and follows their own song; the loop is free."""

    async def person(browser: Browser, number: int) -> tuple[str, list[str]]:
        async with asyncio.timeout(1.0):
            _, song = await browser.order(f"idea {number}", f"k{number}")
        return song, [event.name async for event in browser.follow(song)]

    async def run() -> Process:
        async with service() as browser:
            followed = await asyncio.gather(*(person(browser, n) for n in range(10)))
            await until(lambda: len(kept()) == 20)
        assert len({song for song, _ in followed}) == 10
        assert all(names == ["text", "first", "complete"] for _, names in followed)
        shutil.rmtree("songs")
        for file in Path().glob("songs.sqlite*"):  # its rate, too, or it is taken for lost
            file.unlink()
        return browser.process

    await never_blocked(run)
    assert fake_suno.ledger.limited() == []


async def test_an_order_that_comes_again_is_not_paid_again(fake_suno: FakeSuno) -> None:
    """The same key gets the same song: at once, meanwhile, when it is done, after a restart."""
    async with service() as browser:
        orders = await asyncio.gather(*(browser.order("the sea", "k1") for _ in range(3)))
        await asyncio.sleep(60)
        orders.append(await browser.order("the sea", "k1"))
        await asyncio.sleep(200)
        orders.append(await browser.order("the sea", "k1"))
    async with service() as browser:
        orders.append(await browser.order("the sea", "k1"))
        await asyncio.sleep(10)
    assert len(set(orders)) == 1
    assert len(fake_suno.ledger.charged()) == 1
    assert len(kept()) == 2


@pytest.mark.parametrize(
    ("fault", "idea", "status", "sentence"),
    [
        (Fault.envelope(402), "the sea", 503, "The service refused the request: "),
        (Fault.RESET_AFTER_ACCEPT, "the sea", 503, "It is not known whether the service accepted "),
        (None, "the sea" * 100, 422, "GenerateMusic cannot be sent: "),
    ],
    ids=["refused", "unknown", "too long"],
)
async def test_a_refusal_is_one_sentence(
    fake_suno: FakeSuno, fault: Fault | None, idea: str, status: int, sentence: str
) -> None:
    """A refusal says why there is no song, and whose fault it is."""
    if fault is not None:
        fake_suno.fail(fault, on=MUSIC)
    async with service() as browser:
        got, answer = await browser.order(idea, "k1")
    assert got == status
    assert answer.startswith(sentence)
    assert "\n" not in answer


async def test_another_order_under_the_same_key_is_refused(fake_suno: FakeSuno) -> None:
    """A key is for one request; the second idea is the client's mistake, and costs nothing."""
    async with service() as browser:
        await browser.order("the sea", "k1")
        status, answer = await browser.order("the moon", "k1")
    assert status == 422
    assert "belongs to another request" in answer
    assert len(fake_suno.ledger.charged()) == 1


async def test_the_failure_of_a_song_is_one_sentence(fake_suno: FakeSuno) -> None:
    """The stream of a song that fails ends with the reason; so does that of no song at all."""
    fake_suno.script(text=15, first=36.5, fail_at=60, error_message="no luck")
    async with service() as browser:
        _, song = await browser.order("the sea", "k1")
        events = [event async for event in browser.follow(song)]
        (nothing,) = [event async for event in browser.follow("nothing")]
    assert [event.name for event in events] == ["text", "first", "failed"]
    assert events[-1].data.startswith(f"Task {song} failed: no luck")
    assert "is not the token of a task" in nothing.data


@pytest.mark.parametrize("stages", [0, 1, 2])
async def test_each_stage_is_sent_once_over_a_restart(fake_suno: FakeSuno, stages: int) -> None:
    """The next process sends the events that this one did not; the files come once."""
    events: list[str] = []
    async with service() as browser:
        _, song = await browser.order("the sea", "k1")
        if stages:
            async for event in browser.follow(song):
                events.append(event.name)
                if len(events) == stages:
                    break
    async with service() as browser:
        last = events[-1] if events else None
        events += [event.name async for event in browser.follow(song, last)]
        await until(lambda: len(kept()) == 2)
    assert events == ["text", "first", "complete"]
    assert len(fake_suno.ledger.charged()) == 1
    assert len({entry.path for entry in fake_suno.ledger.downloads}) == 2


async def test_a_restart_breaks_off_the_stream(fake_suno: FakeSuno) -> None:
    """A stream that is open when the service stops just ends: there is no event of a failure."""
    events: list[str] = []

    async def follow(browser: Browser, song: str) -> None:
        with contextlib.suppress(aiohttp.ClientError):
            async for event in browser.follow(song):
                events.append(event.name)  # noqa: PERF401 what came before it breaks off

    async with service() as browser:
        _, song = await browser.order("the sea", "k1")
        following = asyncio.create_task(follow(browser, song))
        await until(lambda: events)
    await following
    assert events == ["text"]


async def test_nobody_needs_to_follow(fake_suno: FakeSuno) -> None:
    """What the process before was making is kept, though nobody asks for it any more."""
    async with service() as browser:
        await browser.order("the sea", "k1")
    async with service():
        await until(lambda: len(kept()) == 2)
    assert len(fake_suno.ledger.charged()) == 1


async def test_callbacks_come_to_the_same_application(fake_suno: FakeSuno) -> None:
    """Each stage is sent when its callback comes, and each callback is answered well."""
    fake_suno.script(text=15, first=36.5, complete=148)
    async with service() as browser:
        _, song = await browser.order("the sea", "k1")
        began = asyncio.get_running_loop().time()
        events = [event async for event in browser.follow(song)]
        for event, due in zip(events, (15, 36.5, 148), strict=True):
            assert due - 1 <= event.at - began <= due + 1
    assert [callback.delivered is not None for callback in fake_suno.callbacks] == [
        True,
        True,
        True,
    ]


async def test_a_forged_callback_is_refused(fake_suno: FakeSuno) -> None:
    """A sender that does not know the secret gets a 4xx, and changes nothing."""
    async with service() as browser:
        forged: dict[str, Any] = {
            "code": 200,
            "data": {"callbackType": "complete", "task_id": "x", "data": []},
        }
        async with browser.session.post(f"{browser.service}/suno/forged", json=forged) as answer:
            assert 400 <= answer.status < 500
            assert "\n" not in await answer.text()
