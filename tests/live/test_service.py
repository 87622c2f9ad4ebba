"""The real service, asked for what is free, and as far as the budget goes for what is not."""

from __future__ import annotations

import asyncio
import uuid
from typing import TYPE_CHECKING, Any, TypeGuard, TypeVar

import pytest

from suno_async import AuthenticationFailed, SunoError, Task, Track

from .contract import NO_RECORD, RECORDS

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from .plugin import Live

R = TypeVar("R")

pytestmark = pytest.mark.live

MP3 = b"\xff\xfb\x90\x00" + bytes(413)  # one frame of silence


async def test_credits(live: Live) -> None:
    """The account has credits, as a number."""
    assert await live.suno.get_credits() >= 0


async def test_a_wrong_key(live: Live) -> None:
    """A key that nobody has is refused as such."""
    async with live.stranger() as suno:
        with pytest.raises(AuthenticationFailed):
            await suno.get_credits()


@pytest.mark.parametrize("kind", RECORDS)
async def test_a_task_that_is_not_there(live: Live, kind: str) -> None:
    """It has no record, which is said in one of the ways that are known."""
    record = RECORDS[kind]
    exchange = await live.get(record.path, **{record.id_param: uuid.uuid4().hex})
    answer = exchange.answer
    assert answer["code"] in NO_RECORD, answer
    assert answer.get("data") is None, answer


async def test_a_path_that_is_not_there(live: Live) -> None:
    """It is refused with a code of its own."""
    assert (await live.get("/api/v1/generate/nothing")).answer["code"] == 404


async def test_a_voice_that_is_not_there(live: Live) -> None:
    """It is not available, or refused."""
    try:
        assert not await live.suno.check_voice(uuid.uuid4().hex)
    except SunoError as error:
        live.note("fact", f"a voice that is not there: {type(error).__name__}, {error}")


async def test_uploads(live: Live) -> None:
    """A file can be sent in each of the three ways."""
    from_bytes = await live.suno.upload_file(MP3)

    async def pieces() -> AsyncIterator[bytes]:
        yield MP3

    streamed = await live.suno.upload_file(pieces())
    assert from_bytes.url
    assert streamed.url
    fetched = await live.suno.upload_file(from_bytes.url)
    assert fetched.url


async def test_what_is_paid(live: Live) -> None:
    """A song, then other things of that song, for as long as the budget lasts; all in one test.

    The song is waited for stage by stage, and its files are fetched. Each record is compared once
    more when it is complete.
    """
    if not live.budget.left:
        pytest.skip("--live-budget 0: nothing is paid")
    before = await live.suno.get_credits()
    song = await live.suno.generate_music("A calm piano tune at dusk", instrumental=True)
    live.note("fact", f"the song is {song.token}")
    tracks = await followed(live, song)
    paths = await live.suno.download(tracks, live.folder / "songs")
    assert all(path.stat().st_size > 10_000 for path in paths)
    live.note("fact", f"the song cost {before - await live.suno.get_credits():g} credits")
    failed: list[str] = []
    for name, order in orders(live, tracks[0]).items():
        if not live.budget.left:
            break
        try:
            made = await order()
            if _is_task(made):
                await followed(live, made)
        except SunoError as error:
            failed.append(f"{name}: {error}")
    assert not failed


def orders(live: Live, track: Track) -> dict[str, Callable[[], Awaitable[Any]]]:
    """What may be paid for beside a song, the cheapest first."""
    return {
        "lyrics": lambda: live.suno.generate_lyrics("A lighthouse keeper's winter"),
        "timestamped lyrics": lambda: live.suno.get_timestamped_lyrics(track),
        "wav": lambda: live.suno.convert_to_wav(track),
        "images": lambda: live.suno.generate_cover_images(track.task_id or ""),
        "video": lambda: live.suno.create_music_video(track),
        "stems": lambda: live.suno.separate_vocals(track),
    }


async def followed(live: Live, task: Task[R]) -> R:
    """Wait for its end, report when each stage was seen, and compare the whole record."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    stages: list[str] = []
    async for event in task:
        how = " (passed)" if event.implied else ""
        stages.append(f"{event.stage}{how} {loop.time() - began:.0f} s")
    live.note("time", f"{task.kind}: {', '.join(stages)}")
    record = RECORDS[task.kind]
    answer = (await live.get(record.path, **{record.id_param: task.id})).answer
    assert record.words.is_complete(record.word_in(answer))
    return await task


def _is_task(made: object) -> TypeGuard[Task[Any]]:
    return isinstance(made, Task)
