"""An answer to a paid request that is none, and names a task: in doubt, but not lost."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest
from aiohttp import web
from between import Go, said_in, stand_between

from suno_async import ClientClosed, GenerateMusic, Outcome, Stage, SubmissionUnknown, SunoClient
from suno_async.testing import FakeSuno, Timetable

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from callback_kit import Reception

SEA = GenerateMusic("the sea")
POLL = "get-music-generation-details"


def with_code(code: object) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """The true answer, but for its code; `None` for none."""

    def change(said: dict[str, Any]) -> dict[str, Any]:
        changed = {**said, "code": code}
        return {name: value for name, value in changed.items() if value is not None}

    return change


ODD = {"201": with_code(201), "0": with_code(0), "none": with_code(None), "503": with_code(503)}


def odd(change: Callable[[dict[str, Any]], dict[str, Any]] = ODD["201"], **more: Any) -> FakeSuno:
    """The service, which accepts as ever, and says so in another way."""

    async def pass_on(request: web.Request, go: Go) -> web.StreamResponse:
        response = await go()
        if request.path != "/api/v1/generate" or said_in(response).get("code") != 200:
            return response
        return web.json_response(change(said_in(response)))

    fake = FakeSuno(timetable=Timetable(), max_rate=None, **more)
    stand_between(fake, pass_on)
    return fake


async def submit(suno: SunoClient, key: str | None = None) -> SubmissionUnknown:
    """A submission that is accepted, and whose answer is odd."""
    with pytest.raises(SubmissionUnknown) as caught:
        await suno.submit(SEA, idempotency_key=key)
    return caught.value


def tokens(fake: FakeSuno) -> list[str]:
    """Those of the accepted tasks."""
    return [f"music:{task}" for task in fake.tasks]


@pytest.mark.parametrize("way", ODD)
async def test_the_error_names_the_task(tmp_path: Path, way: str) -> None:
    """Its token, its text and the journal do, and a poll confirms it, without callbacks."""
    journal = tmp_path / "songs.sqlite"
    async with (
        odd(ODD[way]) as fake,
        SunoClient("key", base_url=fake.url, journal=journal) as suno,
    ):
        error = await submit(suno)
        assert [error.token] == tokens(fake)
        assert str(error.token) in str(error)
        assert error.kind == "music"
        await asyncio.sleep(1)
        with closing(sqlite3.connect(journal)) as db:
            assert db.execute("SELECT state, token FROM state").fetchall() == [
                ("in_doubt", error.token)
            ]
        assert fake.ledger.of(POLL) == []
        task = await error.recovered()
        assert task.token == error.token
        assert task.operation == SEA
        assert await error.recovered() is task
        assert len(fake.ledger.of(POLL)) == 1
        assert suno.unclaimed == []
        assert [event.stage async for event in task] == [Stage.TEXT, Stage.FIRST, Stage.COMPLETE]
    with closing(sqlite3.connect(journal)) as db:
        assert db.execute("SELECT state, token FROM state").fetchall() == [("done", error.token)]
    fake.ledger.assert_charged(1)


@pytest.mark.parametrize("is_kept", [False, True], ids=["memory", "journal"])
async def test_its_key_says_it_again(tmp_path: Path, *, is_kept: bool) -> None:
    """Later, and with a journal in a later run: the error names the task, and it is found."""
    journal = tmp_path / "songs.sqlite" if is_kept else None
    async with odd() as fake:
        suno = SunoClient("key", base_url=fake.url, journal=journal)
        first = await submit(suno, "tg-1")
        if is_kept:
            await suno.aclose()
            suno = SunoClient("key", base_url=fake.url, journal=journal)
        again = await submit(suno, "tg-1")
        assert again.token == first.token
        assert str(again.token) in str(again)
        task = await again.recovered()
        assert await suno.submit(SEA, idempotency_key="tg-1") is task
        assert len(await task) == 2
        await suno.aclose()
        fake.ledger.assert_charged(1)


async def test_a_batch_says_it_too(tmp_path: Path) -> None:
    """Its outcome carries the error, and so does that of the next run, until it is found."""
    journal = tmp_path / "songs.sqlite"
    async with odd() as fake:
        outcome: Outcome[GenerateMusic] | None = None
        for run in range(3):
            async with SunoClient("key", base_url=fake.url, journal=journal) as suno:
                (outcome,) = [one async for one in suno.batch([SEA])]
                if run < 2:
                    assert isinstance(outcome.error, SubmissionUnknown)
                    assert [outcome.error.token] == tokens(fake)
                    if run == 1:
                        await outcome.error.recovered()
        assert outcome is not None
        assert outcome.task is not None
        assert [outcome.task.token] == tokens(fake)
        assert outcome.result
        fake.ledger.assert_charged(1)


async def test_a_task_that_is_not_there_stays_in_doubt() -> None:
    """The named task has no record: the error is raised, and may be asked again."""
    nowhere = "0123456789abcdef" * 2
    async with (
        odd(lambda said: {**said, "code": 201, "data": {"taskId": nowhere}}) as fake,
        SunoClient("key", base_url=fake.url) as suno,
    ):
        error = await submit(suno, "tg-1")
        for _ in range(2):
            with pytest.raises(SubmissionUnknown) as caught:
                await error.recovered()
            assert caught.value is error
        with pytest.raises(SubmissionUnknown):
            await error.recovered(timeout=1)
        assert (await submit(suno, "tg-1")).token == f"music:{nowhere}"


async def test_anothers_task_is_not_taken(tmp_path: Path) -> None:
    """An answer that names a task of another submission, as a cache may, does not give it away."""
    first: list[Any] = []

    def stale(said: dict[str, Any]) -> dict[str, Any]:
        first.append(said["data"])
        return said if len(first) == 1 else {**said, "code": 0, "data": first[0]}

    async with (
        odd(stale) as fake,
        SunoClient("key", base_url=fake.url, journal=tmp_path / "s.sqlite") as suno,
    ):
        task = await suno.submit(SEA)
        error = await submit(suno)
        assert error.token == task.token
        with pytest.raises(SubmissionUnknown):
            await error.recovered()


async def test_a_callback_may_name_it_first(reception: Reception) -> None:
    """With callbacks either of both ends the doubt; the task has its callbacks as any other."""
    async with (
        odd() as fake,
        SunoClient("key", base_url=fake.url, callbacks=reception.receiver) as suno,
    ):
        error = await submit(suno)
        await asyncio.sleep(20)
        task = await error.recovered()
        assert [task.token] == tokens(fake)
        assert len(await task) == 2
        other = await submit(suno)
        found = await other.recovered()
        assert tokens(fake) == [task.token, found.token]
        assert len(await found) == 2


async def test_without_callbacks_it_is_polled_as_any_other() -> None:
    """A task that a poll has found belongs to no callback: its stages are seen soon."""
    loop = asyncio.get_running_loop()
    async with odd() as fake, SunoClient("key", base_url=fake.url) as suno:
        task = await (await submit(suno)).recovered()
        began = loop.time()
        await task.wait("text")
        assert loop.time() - began < 30


async def test_a_client_that_ends_reaches_the_waiters() -> None:
    """Nobody waits for a poll that does not come any more."""
    async with odd() as fake:
        suno = SunoClient("key", base_url=fake.url)
        error = await submit(suno)
        fake.fail("never", on=POLL)
        waiting = asyncio.ensure_future(error.recovered(timeout=None))
        await asyncio.sleep(1)
        await suno.aclose()
        with pytest.raises(ClientClosed):
            await waiting
