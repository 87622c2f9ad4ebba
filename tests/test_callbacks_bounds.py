"""What one URL can do to us is bounded: time, memory, and other clients' callbacks."""

from __future__ import annotations

import asyncio
import json
import traceback
from typing import TYPE_CHECKING, Any

import pytest
from callback_kit import SECRET, TRACKS, callback_url, music, rejected

from suno_async import (
    CallbackReceiver,
    CallbackRejected,
    GenerateMusic,
    SunoClient,
    UnhandledCallback,
)
from suno_async.operations._kinds import KINDS

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from callback_kit import Reception

    from suno_async.testing import FakeSuno

SEA = GenerateMusic("the sea")


def notes(number: int) -> dict[str, Any]:
    """A callback of a song's notes."""
    note = {"pitch": 60, "start": "1.25", "end": 1.5, "velocity": 0.5}
    instruments = [{"name": "piano", "notes": [note] * number}]
    return {"code": 200, "task_id": "T", "data": {"state": "complete", "instruments": instruments}}


@pytest.mark.parametrize(
    ("kind", "body", "status"),
    [
        ("music", music("T", "text", data=[{}] * 2_600), 413),
        ("music", music("T", "text", more=dict.fromkeys(map(str, range(2_600)))), 413),
        ("music", music("T", data=TRACKS * 20), None),
        ("lyrics", music("T", more=[[0] * 100] * 100), 413),
        ("midi", notes(9_000), None),
        ("midi", notes(11_000), 413),
    ],
)
async def test_what_takes_long_to_read(
    reception: Reception, kind: str, body: dict[str, Any], status: int | None
) -> None:
    """A body of many values would hold up the event loop: it is refused before it is read."""
    url = reception.receiver._urls_for(b"").of("x", KINDS[kind].name)
    for given in (body, json.dumps(body)):
        assert await rejected(reception.receiver, url, given) == status


async def test_a_stream_is_read_as_far_as_it_is_wanted() -> None:
    """Not at all for a forged URL, no further than the limit, and no longer than the patience."""
    receiver = CallbackReceiver("http://127.0.0.1:9", SECRET, max_bytes=1000)
    url = receiver._urls_for(b"").of("x", KINDS["music"].name)
    read: list[bytes] = []

    async def stream(*chunks: bytes, pause: float = 0.0) -> AsyncIterator[bytes]:
        for chunk in chunks:
            await asyncio.sleep(pause)
            read.append(chunk)
            yield chunk

    whole = json.dumps(music("T")).encode()
    assert await rejected(receiver, url[:-1] + "!", stream(whole)) == 404
    assert read == []
    assert await rejected(receiver, url, stream(whole[:9], b"", whole[9:])) is None
    read.clear()
    assert await rejected(receiver, url, stream(*[b" " * 400] * 9)) == 413
    assert len(read) == 3
    began = asyncio.get_running_loop().time()
    assert await rejected(receiver, url, stream(whole, pause=60)) == 408
    assert asyncio.get_running_loop().time() - began == pytest.approx(15)


async def test_callbacks_of_one_submission_at_once_are_bounded(
    reception: Reception, silent: FakeSuno
) -> None:
    """Repeating one URL gets 429 while we are busy with it; other URLs do not."""
    gate, handled = asyncio.Event(), list[UnhandledCallback]()

    async def hook(callback: UnhandledCallback) -> None:
        await gate.wait()
        handled.append(callback)

    receiver = reception.make(on_unhandled=hook)
    async with SunoClient("key", base_url=silent.url, callbacks=receiver) as suno:
        tasks = [await suno.submit(SEA) for _ in range(2)]
        urls = [callback_url(silent, at) for at in range(2)]
        body = music(tasks[0].id, "text")
        answers = [await rejected(receiver, urls[0], body) for _ in range(100)]
        assert answers == [None] * 16 + [429] * 84
        assert await rejected(receiver, urls[1], music(tasks[1].id)) is None
        await asyncio.sleep(0.1)
        assert tasks[1].is_done
        gate.set()
        await receiver.aclose()
        assert len(handled) == 17
        assert await rejected(receiver, urls[0], b"") == 400
        assert await rejected(receiver, urls[0], body) is None
        await receiver.aclose()
    assert not receiver._under_way


async def test_clients_of_one_account_with_the_same_keys(
    reception: Reception, silent: FakeSuno
) -> None:
    """A callback goes to the client whose task it is, whatever another one has under this key."""
    settings: dict[str, Any] = {"base_url": silent.url, "callbacks": reception.receiver}
    async with SunoClient("key", **settings) as one, SunoClient("key", **settings) as two:
        tasks = [await suno.submit(SEA, idempotency_key="1") for suno in (one, two)]
        for task in tasks:
            assert await rejected(reception.receiver, callback_url(silent), music(task.id)) is None
        await asyncio.sleep(0.1)
        assert all(task.is_done for task in tasks)
        assert await rejected(reception.receiver, callback_url(silent), music("other")) == 409


async def test_a_receiver_on_two_loops(reception: Reception) -> None:
    """Each loop waits for its own work alone."""
    gate = asyncio.Event()

    async def hook(_: UnhandledCallback) -> None:
        await gate.wait()

    receiver = reception.make(on_unhandled=hook)
    url = receiver._urls_for(b"").of("x", KINDS["music"].name)
    await receiver.handle(url, music("T"))
    await asyncio.to_thread(lambda: asyncio.run(receiver.aclose()))
    gate.set()
    await receiver.aclose()


async def test_no_traceback_shows_the_secret(reception: Reception, silent: FakeSuno) -> None:
    """Neither with the values of variables, as some services for errors collect them."""
    errors: list[Exception] = []
    receiver = reception.receiver
    url = receiver._urls_for(b"").of("x", KINDS["music"].name)
    for path, body in ((url[:-1] + "!", b""), (url, b"{"), (url, b" " * 2**21)):
        with pytest.raises(CallbackRejected) as caught:
            await receiver.handle(path, body)
        errors.append(caught.value)
    async with SunoClient("key", base_url=silent.url, callbacks=receiver) as suno:
        with pytest.raises(Exception, match="512 bytes") as long:
            await suno.submit(SEA, idempotency_key="k" * 600)
        errors.append(long.value)
    for error in errors:
        trace = traceback.TracebackException.from_exception(error, capture_locals=True)
        ours = [frame for frame in trace.stack if "/suno_async/" in frame.filename]
        assert ours
        for frame in ours:
            assert SECRET not in str(frame.locals), frame
