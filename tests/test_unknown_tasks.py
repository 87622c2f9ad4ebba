"""A token that nobody here saw accepted, and of which the service has no record."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from shapes import with_late_records

from suno_async import GenerateMusic, RecoverAudio, SunoClient, TaskTimeout
from suno_async.errors import NotFound
from suno_async.testing import FakeSuno, Fault

if TYPE_CHECKING:
    from pathlib import Path

NOWHERE = "0123456789abcdef" * 2
POLL = "get-music-generation-details"


@pytest.mark.parametrize("kind", ["music", "lyrics", "wav", "midi", "recovery", "phrase"])
async def test_a_token_of_no_task_is_not_found_soon(
    suno: SunoClient, fake_suno: FakeSuno, kind: str
) -> None:
    """Within ten seconds, in words that claim no payment; each time that it is awaited."""
    loop, task = asyncio.get_running_loop(), suno.task(f"{kind}:{NOWHERE}")
    for _ in range(2):
        began = loop.time()
        with pytest.raises(NotFound, match="neither this client nor its journal saw it") as raised:
            await task
        assert loop.time() - began < 10
        assert (raised.value.token, raised.value.kind) == (task.token, kind)
        assert "paid" not in str(raised.value)
    assert fake_suno.tasks == {}


@pytest.mark.parametrize(
    "fault", [Fault.envelope(422, "record does not exist"), Fault.envelope(404, "not found")]
)
async def test_other_words_for_no_record(
    suno: SunoClient, fake_suno: FakeSuno, fault: Fault
) -> None:
    """Refusals of a poll that say so are the same."""
    fake_suno.fail(fault, times=None)
    with pytest.raises(NotFound):
        await suno.task(NOWHERE, GenerateMusic)
    assert asyncio.get_running_loop().time() < 10


@pytest.mark.parametrize("seconds", [1, 5])
async def test_a_short_wait_ends_so_too(suno: SunoClient, seconds: float) -> None:
    """Its last poll is the one that finds it; before that, it cannot be known."""
    loop = asyncio.get_running_loop()
    with pytest.raises((NotFound, TaskTimeout)):
        await suno.task(NOWHERE, GenerateMusic).wait(timeout=seconds)
    assert loop.time() < 10


@pytest.mark.parametrize("seen_by", ["client", "journal", "token with a journal"])
async def test_of_what_was_seen_accepted_it_is_no_news(tmp_path: Path, seen_by: str) -> None:
    """What the client or its journal saw accepted may have no record for most of a minute."""
    journal = tmp_path / "songs.sqlite"
    async with with_late_records(FakeSuno(), 70.0) as fake:
        async with SunoClient("key", base_url=fake.url, journal=journal) as suno:
            task = await suno.submit(GenerateMusic("a"), idempotency_key="a")
            if seen_by == "client":
                assert len(await task) == 2
        if seen_by == "client":
            return
        await asyncio.sleep(20)
        async with SunoClient("key", base_url=fake.url, journal=journal) as suno:
            if seen_by == "journal":
                (again,) = await suno.unfinished()
            else:
                again = suno.task(task.token)
            assert len(await again) == 2


async def test_a_token_from_elsewhere_that_has_a_record() -> None:
    """Another process submitted it: it is awaited as ever, also if the first poll was too early."""
    async with (
        with_late_records(FakeSuno(), 2.0) as fake,
        SunoClient("key", base_url=fake.url) as one,
    ):
        token = (await one.generate_music("a")).token
        async with SunoClient("key", base_url=fake.url) as two:
            assert len(await two.task(token)) == 2


async def test_one_that_vanished_is_not_found_after_a_minute(
    suno: SunoClient, fake_suno: FakeSuno
) -> None:
    """What was seen accepted and has no record later is an error as before."""
    task = await suno.generate_music("a")
    fake_suno.fail(Fault.DATA_NULL, on=POLL, times=None)
    with pytest.raises(NotFound, match="no record of this task"):
        await task
    assert 60 < asyncio.get_running_loop().time() < 100


async def test_recovery_knows_no_such_task(suno: SunoClient) -> None:
    """Its record is the whole body, and a code of 500 without a task is none."""
    with pytest.raises(NotFound):
        await suno.task(NOWHERE, RecoverAudio)
    assert asyncio.get_running_loop().time() < 10
