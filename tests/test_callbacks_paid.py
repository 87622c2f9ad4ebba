"""All that was paid for is reported: callbacks of songs that are not known, or not awaited."""

from __future__ import annotations

import asyncio
import gc
import json
from typing import TYPE_CHECKING, Any

import pytest
from callback_kit import callback_url, music, post, rejected
from program_kit import BLOCKS
from test_callbacks_recovery import POLL, SEA, client, lose, rows

from suno_async import ClientClosed, GenerateLyrics, GenerateMusic, SubmissionUnknown
from suno_async._wire.callback_bodies import path_in_record
from suno_async.testing import CallbackFaults, FakeSuno, Fault, Timetable

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from callback_kit import Reception


@pytest.fixture
async def fake() -> AsyncIterator[FakeSuno]:
    """The service, with the usual times exactly."""
    async with FakeSuno(timetable=Timetable(), max_rate=None) as running:
        yield running


@pytest.mark.parametrize("setup", ["plain", "key", "journal and key"])
async def test_a_song_that_nobody_waits_for_is_listed(
    fake: FakeSuno,
    reception: Reception,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    setup: str,
) -> None:
    """Once its first callback has come, whether or not the error is still held."""
    folder = tmp_path if "journal" in setup else None
    async with client(fake, reception.receiver, folder) as suno:
        await lose(suno, fake, "tg-1" if "key" in setup else None)
        gc.collect()
        await asyncio.sleep(200)
        (token,) = (f"music:{one}" for one in fake.tasks)
        assert suno.unclaimed == [token]
        assert f"pick it up with task('{token}')" in caplog.text
        assert [one.stage for one in reception.unhandled] == ["text", "first", "complete"]
        assert all(one.task is not None for one in reception.unhandled)
        assert len(fake.ledger.of(POLL)) == 1
        assert len(await suno.task(token)) == 2


async def test_who_comes_later_takes_it_off_the_list(fake: FakeSuno, reception: Reception) -> None:
    """A task that `recovered` has given is not unclaimed any more."""
    async with client(fake, reception.receiver) as suno:
        error = await lose(suno, fake)
        await asyncio.sleep(20)
        assert len(suno.unclaimed) == 1
        task = await error.recovered(timeout=0)
        assert task.token == f"music:{next(iter(fake.tasks))}"
        assert suno.unclaimed == []


@pytest.mark.parametrize("setup", ["key", "journal and key"])
async def test_sent_again_all_the_same(
    fake: FakeSuno, reception: Reception, tmp_path: Path, setup: str
) -> None:
    """After `resend_unknown` the key is the second task's; the error's task is the first."""
    folder = tmp_path if "journal" in setup else None
    async with client(fake, reception.receiver, folder) as suno:
        error = await lose(suno, fake, "tg-1")
        second = await suno.submit(SEA, idempotency_key="tg-1", resend_unknown=True)
        waiting = asyncio.create_task(second.wait())
        first = await error.recovered()
        assert [first.id, second.id] == list(fake.tasks)
        assert len(await first) == len(await waiting) == 2
        assert await suno.submit(SEA, idempotency_key="tg-1") is second
        assert (suno.unclaimed, reception.unhandled) == ([], [])
        if folder is not None:
            assert rows(folder) == [("done", second.token)]


@pytest.mark.parametrize("restart", [False, True])
async def test_sent_again_and_nobody_waits_for_the_first(
    fake: FakeSuno, reception: Reception, tmp_path: Path, *, restart: bool
) -> None:
    """It is paid for: it is listed, and the hook is called, in this process or the next."""
    async with client(fake, reception.receiver, tmp_path) as suno:
        await lose(suno, fake, "tg-1")
        second = await suno.submit(SEA, idempotency_key="tg-1", resend_unknown=True)
        if not restart:
            assert len(await second) == 2
            await asyncio.sleep(10)
            seen = suno
        else:
            await suno.aclose()
            seen = client(fake, reception.receiver, tmp_path)
            async with seen:
                await asyncio.sleep(200)
        first = f"music:{next(iter(fake.tasks))}"
        assert seen.unclaimed == [first]
        handled = [one for one in reception.unhandled if one.token == first]
        assert [one.stage for one in handled] == ["text", "first", "complete"]
        assert {one.submission_id for one in handled} == {"tg-1"}
        assert [poll.task_id for poll in fake.ledger.of(POLL)].count(first[6:]) == 1
    assert rows(tmp_path) == [("done", second.token)]


async def test_both_answers_lost(fake: FakeSuno, reception: Reception, tmp_path: Path) -> None:
    """A key that was sent twice, with no answer: one song is its task, and the other is listed."""
    async with client(fake, reception.receiver, tmp_path) as suno:
        await lose(suno, fake, "tg-1")
        fake.fail(Fault.RESET_AFTER_ACCEPT, on="generate-music")
        with pytest.raises(SubmissionUnknown) as caught:
            await suno.submit(SEA, idempotency_key="tg-1", resend_unknown=True)
        task = await caught.value.recovered()
        await asyncio.sleep(200)
        (other,) = {f"music:{one}" for one in fake.tasks} - {task.token}
        assert suno.unclaimed == [other]
        assert [one.token for one in reception.unhandled].count(other) == 3
        assert rows(tmp_path) == [("done", task.token)]


async def test_a_failure_that_was_sent_again_is_not_its_task(
    fake: FakeSuno, reception: Reception, tmp_path: Path
) -> None:
    """A late callback of the failed task does not answer for the new one, whose answer was lost."""
    fake.script(fail_at=60, error_code=500)
    async with client(fake, reception.receiver, tmp_path) as suno:
        (failed,) = [one async for one in suno.batch([SEA])]
        assert failed.task is not None
        old, url = failed.task.id, callback_url(fake)
        del failed
        fake.callback_faults(CallbackFaults(lost=1.0))
        fake.fail(Fault.RESET_AFTER_ACCEPT, on="generate-music")
        (lost,) = [one async for one in suno.batch([SEA], retry_failed=True)]
        assert isinstance(lost.error, SubmissionUnknown)
        late = music(old, "error", data=None) | {"code": 500}
        assert await post(url, late) in {200, 409}
        await asyncio.sleep(10)
        assert rows(tmp_path) == [("in_doubt", None)]
        assert suno.unclaimed == []
        assert await post(url, music(list(fake.tasks)[-1])) == 200
        assert (await lost.error.recovered(timeout=10)).id == list(fake.tasks)[-1]


async def test_the_end_of_the_client_amid_a_poll(fake: FakeSuno, reception: Reception) -> None:
    """What could not be confirmed before the end still reaches the hook."""
    fake.script(callbacks=("text",))
    async with client(fake, reception.receiver) as suno:
        error = await lose(suno, fake)
        fake.fail(Fault.DATA_NULL, on=POLL, times=None)
        await asyncio.sleep(16)
        assert reception.answers == [200]
    await reception.receiver.aclose()
    assert [one.token for one in reception.unhandled] == [f"music:{one}" for one in fake.tasks]
    with pytest.raises(ClientClosed):
        await error.recovered()


async def test_a_foreign_claim_costs_one_poll(fake: FakeSuno, reception: Reception) -> None:
    """Repeating what is not true, to a true URL, cannot spend our rate."""
    fake.callback_faults(CallbackFaults(lost=1.0))
    async with client(fake, reception.receiver) as forgetful:
        other = (await forgetful.submit(SEA)).id
    async with client(fake, reception.receiver) as suno:
        await lose(suno, fake)
        for _ in range(20):
            await rejected(reception.receiver, callback_url(fake), music(other))
            await asyncio.sleep(1)
        assert len(fake.ledger.of(POLL)) == 1
        assert suno.unclaimed == []


async def test_an_operation_with_an_own_url_is_not_waited_for(
    fake: FakeSuno, reception: Reception
) -> None:
    """Its callbacks go elsewhere, so nothing can come: it raises itself at once."""
    fake.fail(Fault.RESET_AFTER_ACCEPT, on="generate-music")
    async with client(fake, reception.receiver) as suno:
        with pytest.raises(SubmissionUnknown) as caught:
            await suno.submit(GenerateMusic("the sea", callback_url="http://127.0.0.1:9/mine"))
        began = asyncio.get_running_loop().time()
        with pytest.raises(SubmissionUnknown):
            await caught.value.recovered()
        assert asyncio.get_running_loop().time() == began


def test_words_are_not_taken_for_a_ticket(reception: Reception) -> None:
    """A prompt that holds another's callback URL does not make the song theirs."""
    ours, theirs = (reception.receiver._urls_for(b"").of(one, "music") for one in "ab")
    asked = {"prompt": f"sing {theirs}", "callBackUrl": ours}
    path = path_in_record({"data": {"param": json.dumps(asked)}})
    assert path is not None
    assert path.submission_id == "a"
    del asked["callBackUrl"]
    assert path_in_record({"data": {"param": json.dumps(asked)}}) is None


async def test_the_readmes_way(
    fake: FakeSuno, reception: Reception, caplog: pytest.LogCaptureFixture
) -> None:
    """The README's function gives the song, whether or not its answer is lost."""
    (program,) = (one for one in BLOCKS if "error.recovered()" in one)
    names: dict[str, Any] = {}
    exec(compile(program, "README.md", "exec"), names)  # noqa: S102 our own README
    async with client(fake, reception.receiver) as suno:
        for fault in (None, Fault.RESET_AFTER_ACCEPT):
            if fault is not None:
                fake.fail(fault, on="generate-music")
            task = await names["song"](suno, "the sea", f"tg-{fault}")
            assert task.id == list(fake.tasks)[-1]
    assert "may be paid for" in caplog.text


async def test_lists_of_claims_do_not_grow(fake: FakeSuno, reception: Reception) -> None:
    """What is remembered of lost answers is bounded, however many there are."""
    async with client(fake, reception.receiver) as suno:
        recoveries: Any = suno._engine.submissions.recoveries
        for number in range(1500):
            recoveries.lost(f"{number}", GenerateLyrics("rain"))
        assert len(recoveries._doubtful) == 1000
        assert not recoveries._lost
        assert not recoveries.has_lost("1")
        assert recoveries.has_lost("1499")
