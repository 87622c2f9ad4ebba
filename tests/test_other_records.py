"""The record of another task is no news: a cache on the way may ignore what was asked for."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing, suppress
from typing import TYPE_CHECKING, Any

import pytest
from aiohttp import web
from attrs import define, field
from between import Go, said_in, stand_between

from suno_async import (
    DecodeError,
    DownloadFailed,
    GenerateMusic,
    SubmissionUnknown,
    SunoClient,
    Task,
    TaskTimeout,
    Track,
)
from suno_async.operations._kinds import KINDS
from suno_async.testing import FakeSuno, Fault

if TYPE_CHECKING:
    from pathlib import Path

    from callback_kit import Reception

SONGS = [GenerateMusic(f"song {number}") for number in range(5)]


@define
class Cache:
    """Answers each poll as the first one was answered, whatever the query, for some seconds."""

    lasts: float
    is_on: bool = True
    kept: Any = None
    since: float = field(default=0.0, init=False)

    async def pass_on(self, request: web.Request, go: Go) -> web.StreamResponse:
        """Answer from what is kept, or keep what is answered."""
        if "record-info" not in request.path:
            return await go()
        now = asyncio.get_running_loop().time()
        if self.is_on and self.kept is not None and now < self.since + self.lasts:
            return web.json_response(self.kept)
        response = await go()
        self.kept, self.since = said_in(response), now
        return response

    def show(self, kept: Any, lasts: float) -> None:
        """From now on, for so long."""
        self.kept, self.lasts, self.is_on = kept, lasts, True
        self.since = asyncio.get_running_loop().time()


def behind(cache: Cache, **more: Any) -> FakeSuno:
    """The service, behind a cache."""
    fake = FakeSuno(**more)
    stand_between(fake, cache.pass_on)
    return fake


def makers(fake: FakeSuno, tracks: tuple[Track, ...]) -> set[str]:
    """The tasks that made these tracks."""
    ids = {track.id for track in tracks}
    return {job.id for job in fake.tasks.values() if ids & {song.id for song in job.songs}}


async def tracks_of(task: Task[tuple[Track, ...]]) -> tuple[Track, ...]:
    """Await it, and again each time that polling it has failed for a minute."""
    while True:
        with suppress(DecodeError):
            return await task


@pytest.mark.parametrize("lasts", [1.0, 3.0, 10.0])
async def test_nobody_gets_the_tracks_of_another(tmp_path: Path, lasts: float) -> None:
    """Five songs behind a cache that ignores the query: each has its own, also in the journal."""
    journal = tmp_path / "songs.sqlite"
    async with (
        behind(Cache(lasts)) as fake,
        SunoClient("key", base_url=fake.url, journal=journal) as suno,
    ):
        tasks = [await suno.submit(song) for song in SONGS]
        for task, tracks in zip(tasks, await asyncio.gather(*map(tracks_of, tasks)), strict=True):
            assert makers(fake, tracks) == {task.id}
    with closing(sqlite3.connect(journal)) as db:
        kept = db.execute("SELECT task, json_extract(outcome, '$.data.taskId') FROM submission")
        assert all(task == of for task, of in kept)


async def test_a_cache_is_asked_to_ask() -> None:
    """What is polled is wanted as it is now, and polls say so."""
    asked: list[str | None] = []

    async def pass_on(request: web.Request, go: Go) -> web.StreamResponse:
        if request.method == "GET":
            asked.append(request.headers.get("Cache-Control"))
        return await go()

    fake = FakeSuno()
    stand_between(fake, pass_on)
    async with fake, SunoClient("key", base_url=fake.url) as suno:
        await (await suno.generate_music("a"))
    assert set(asked) == {"no-cache"}


async def test_a_cache_that_never_forgets_is_an_error() -> None:
    """The listeners get it within some minutes; the task itself goes on."""
    cache = Cache(lasts=1e9)
    async with behind(cache) as fake, SunoClient("key", base_url=fake.url) as suno:
        first, second = await suno.submit(SONGS[0]), await suno.submit(SONGS[1])
        with pytest.raises(TaskTimeout):
            await first.wait("text", timeout=5)
        with pytest.raises(DecodeError, match="this is the record of another task") as caught:
            await second
        assert 60 < asyncio.get_running_loop().time() < 200
        assert caught.value.token == second.token
        cache.is_on = False
        assert makers(fake, await second) == {second.id}


async def test_a_batch_gives_up_on_a_cache_that_never_forgets(tmp_path: Path) -> None:
    """Its songs are not lost: the next run has them, and pays for nothing again."""
    cache, journal = Cache(lasts=1e9), tmp_path / "songs.sqlite"
    async with behind(cache) as fake:
        for is_on in (True, False):
            cache.is_on = is_on
            async with SunoClient("key", base_url=fake.url, journal=journal) as suno:
                outcomes = [one async for one in suno.batch(SONGS)]
            failed = [one for one in outcomes if isinstance(one.error, DecodeError)]
            assert len(failed) == (4 if is_on else 0)
            for one in outcomes:
                assert one.error or (one.task and makers(fake, one.result) == {one.task.id})
        assert len(fake.tasks) == len(SONGS)


async def test_a_journal_that_kept_anothers_record_is_not_believed(tmp_path: Path) -> None:
    """What was written down of another task is asked for anew."""
    journal = tmp_path / "songs.sqlite"
    async with FakeSuno() as fake:
        async with SunoClient("key", base_url=fake.url, journal=journal) as suno:
            tasks = [
                await suno.submit(song, idempotency_key=str(song.prompt)) for song in SONGS[:2]
            ]
            await asyncio.gather(*tasks)
        with closing(sqlite3.connect(journal)) as db, db:
            db.execute("UPDATE submission SET outcome = (SELECT outcome FROM submission LIMIT 1)")
        async with SunoClient("key", base_url=fake.url, journal=journal) as suno:
            for song, task in zip(SONGS, tasks, strict=False):
                again = await suno.submit(song, idempotency_key=str(song.prompt))
                assert makers(fake, await again) == {task.id}
        assert len(fake.tasks) == 2


async def test_a_record_that_names_no_task_is_believed() -> None:
    """It is what was asked for, as far as can be known."""

    async def pass_on(_: web.Request, go: Go) -> web.StreamResponse:
        response = await go()
        body = said_in(response)
        if isinstance(body.get("data"), dict) and "status" in body["data"]:
            del body["data"]["taskId"]
            return web.json_response(body)
        return response

    fake = FakeSuno()
    stand_between(fake, pass_on)
    async with fake, SunoClient("key", base_url=fake.url) as suno:
        assert len(await (await suno.generate_music("a"))) == 2


async def test_capitals_make_no_other_task() -> None:
    """An id of hexadecimal digits may be written in either way."""

    async def pass_on(_: web.Request, go: Go) -> web.StreamResponse:
        response = await go()
        body = said_in(response)
        if isinstance(body.get("data"), dict) and "status" in body["data"]:
            body["data"]["taskId"] = body["data"]["taskId"].upper()
            return web.json_response(body)
        return response

    fake = FakeSuno()
    stand_between(fake, pass_on)
    async with fake, SunoClient("key", base_url=fake.url) as suno:
        assert len(await (await suno.generate_music("a"))) == 2


async def test_a_link_is_renewed_by_the_record_of_its_own_task(tmp_path: Path) -> None:
    """It is asked for again while a cache shows another's, and what is wrong is raised at last."""
    cache = Cache(lasts=0.0)
    async with behind(cache) as fake, SunoClient("key", base_url=fake.url) as suno:
        one, two = await suno.submit(SONGS[0]), await suno.submit(SONGS[1])
        tracks = await one
        await two
        shown = await suno.task(two.token).wait()
        assert shown
        cache.kept = None
        await suno._engine.tasks.poller.record_body(KINDS["music"], two.id)
        others = cache.kept
        fake.expire(one.id)
        cache.show(others, lasts=0.2)
        assert (await suno.download(tracks[0], tmp_path)).stat().st_size > 0
        fake.expire(one.id)
        cache.show(others, lasts=1e9)
        with pytest.raises(DownloadFailed, match="this is the record of another task"):
            await suno.download(tracks[1], tmp_path)


async def test_a_callback_is_confirmed_by_the_record_of_its_own_task(reception: Reception) -> None:
    """A lost song is not given up because a cache shows another's record for half a minute."""
    cache = Cache(lasts=0.0)
    async with (
        behind(cache) as fake,
        SunoClient("key", base_url=fake.url, callbacks=reception.receiver) as suno,
    ):
        other = await suno.submit(SONGS[0])
        await other
        fake.fail(Fault.RESET_AFTER_ACCEPT, on="generate-music")
        with pytest.raises(SubmissionUnknown) as caught:
            await suno.submit(SONGS[1])
        cache.show({"code": 200, "data": {"taskId": other.id, "status": "PENDING"}}, lasts=45.0)
        task = await caught.value.recovered()
        assert [other.id, task.id] == [*fake.tasks]
        assert makers(fake, await task) == {task.id}
