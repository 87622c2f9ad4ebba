"""A lost answer is found again by its callbacks: at once, later, and after a restart."""

from __future__ import annotations

import asyncio
import copy
import gc
import logging
import pickle
import sqlite3
from contextlib import closing
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from callback_kit import SECRET, callback_url, music, post, rejected
from moments import Watched

from suno_async import (
    CallbackReceiver,
    ClientClosed,
    GenerateMusic,
    Stage,
    SubmissionUnknown,
    SunoClient,
)
from suno_async._submitting.recovery import Recoveries
from suno_async.testing import CallbackFaults, FakeSuno, Fault, Timetable

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from callback_kit import Reception

SEA = GenerateMusic("the sea")
POLL = "get-music-generation-details"
SETUPS = ("plain", "key", "journal", "journal and key")


@pytest.fixture
async def fake() -> AsyncIterator[FakeSuno]:
    """The service, with the usual times exactly."""
    async with FakeSuno(timetable=Timetable(), max_rate=None) as running:
        yield running


def client(
    fake: FakeSuno, receiver: CallbackReceiver | None, folder: Path | None = None, **more: Any
) -> SunoClient:
    """A client of the service."""
    journal = None if folder is None else folder / "songs.sqlite"
    return SunoClient("key", base_url=fake.url, callbacks=receiver, journal=journal, **more)


def rows(folder: Path) -> list[tuple[Any, ...]]:
    """The journal as the sqlite3 shell shows it."""
    with closing(sqlite3.connect(folder / "songs.sqlite")) as db:
        return db.execute("SELECT state, token FROM state").fetchall()


async def lose(suno: SunoClient, fake: FakeSuno, key: str | None = None) -> SubmissionUnknown:
    """A submission that is accepted, and whose answer is lost."""
    fake.fail(Fault.RESET_AFTER_ACCEPT, on="generate-music")
    with pytest.raises(SubmissionUnknown) as caught:
        await suno.submit(SEA, idempotency_key=key)
    return caught.value


@pytest.mark.parametrize("wait", [0, 20, 300], ids=["before", "amid", "after"])
@pytest.mark.parametrize("setup", SETUPS)
async def test_a_lost_answer_is_recovered(
    fake: FakeSuno, reception: Reception, tmp_path: Path, setup: str, wait: int
) -> None:
    """Before, amid or after its callbacks: the task, confirmed by one poll, and paid for once."""
    folder = tmp_path if "journal" in setup else None
    key = "tg-1" if "key" in setup else None
    async with client(fake, reception.receiver, folder) as suno:
        error = await lose(suno, fake, key)
        await asyncio.sleep(wait)
        task = await error.recovered()
        (token,) = (f"music:{one}" for one in fake.tasks)
        assert task.token == token
        assert task.operation == SEA
        assert len(fake.ledger.of(POLL)) == 1
        assert await error.recovered() is task
        if folder is not None:
            assert rows(folder) == [("done" if task.is_done else "in_progress", token)]
        if key is not None:
            assert await suno.submit(SEA, idempotency_key=key) is task
        stages = [event.stage async for event in task]
        assert stages == [Stage.TEXT, Stage.FIRST, Stage.COMPLETE]
        assert (await task)[0].model == "V5"
    assert len(fake.ledger.of("generate-music")) == 1
    if folder is not None:
        assert rows(folder) == [("done", token)]


@pytest.mark.parametrize("setup", SETUPS)
async def test_a_callback_overtakes_an_answer_that_never_comes(
    fake: FakeSuno, reception: Reception, tmp_path: Path, setup: str
) -> None:
    """A callback that came while the request was in flight counts when its answer is given up."""
    folder = tmp_path if "journal" in setup else None
    fake.script(callbacks=("text",))
    fake.fail(Fault.NEVER_AFTER_ACCEPT, on="generate-music")
    async with client(fake, reception.receiver, folder) as suno:
        loop = asyncio.get_running_loop()
        with pytest.raises(SubmissionUnknown) as caught:
            await suno.submit(SEA, idempotency_key="tg-1" if "key" in setup else None)
        assert reception.answers == [200]
        began = loop.time()
        task = await caught.value.recovered()
        assert loop.time() - began < 1
        assert task.id in fake.tasks


async def test_a_restart_recovers_it_too(
    fake: FakeSuno, reception: Reception, tmp_path: Path
) -> None:
    """A callback for what the journal knows as unknown: accepted, handled, and not sent again."""
    async with client(fake, reception.receiver, tmp_path) as suno:
        await lose(suno, fake, "tg-1")
        assert await suno.unfinished() == []
    assert rows(tmp_path) == [("in_doubt", None)]
    async with client(fake, reception.make(), tmp_path) as suno:
        receiver = suno._engine.callbacks
        assert isinstance(receiver, CallbackReceiver)
        with pytest.raises(SubmissionUnknown, match="earlier run") as caught:
            await suno.submit(SEA, idempotency_key="tg-1")
        waiting = asyncio.create_task(caught.value.recovered())
        await asyncio.sleep(20)
        (task_id,) = fake.tasks
        await receiver.handle(callback_url(fake), music(task_id, "text"))
        task = await waiting
        assert task.id == task_id
        assert await suno.unfinished() == [task]
        assert await suno.submit(SEA, idempotency_key="tg-1") is task
        assert len(await task) == 2
    assert len(fake.ledger.of("generate-music")) == 1


async def test_nobody_need_wait_for_it(
    fake: FakeSuno, reception: Reception, tmp_path: Path
) -> None:
    """With a journal, callbacks alone settle what was unknown, and the hook gets the task."""
    async with client(fake, reception.receiver, tmp_path) as suno:
        await lose(suno, fake)
        gc.collect()
        await asyncio.sleep(20)
        (task_id,) = fake.tasks
        assert rows(tmp_path) == [("in_progress", f"music:{task_id}")]
        (handled,) = reception.unhandled
        assert handled.task is not None
        assert handled.task.id == task_id
        await asyncio.sleep(180)
        assert rows(tmp_path) == [("done", f"music:{task_id}")]
        assert await suno.unfinished() == []
        assert [one.stage for one in reception.unhandled] == ["text", "first", "complete"]


async def test_an_accepted_task_is_settled_after_a_restart(
    fake: FakeSuno, reception: Reception, tmp_path: Path
) -> None:
    """Callbacks for what the journal knows as accepted end it there, without a poll."""
    async with client(fake, reception.receiver, tmp_path) as suno:
        token = (await suno.submit(SEA, idempotency_key="tg-1")).token
    async with client(fake, reception.receiver, tmp_path) as suno:
        await asyncio.sleep(200)
        assert rows(tmp_path) == [("done", token)]
        assert await suno.unfinished() == []
        unhandled = [(one.token, one.submission_id) for one in reception.unhandled]
        assert unhandled == [(token, "tg-1")] * 3
        assert reception.unhandled[0].result[0].model == "V5"
    async with client(fake, None, tmp_path) as suno:
        assert len(await (await suno.submit(SEA, idempotency_key="tg-1"))) == 2
    assert len(fake.ledger) == 1


async def test_a_batch_run_again_resumes_it(
    fake: FakeSuno, reception: Reception, tmp_path: Path
) -> None:
    """An unknown outcome can be recovered, and the next run has its song without paying."""
    async with client(fake, reception.receiver, tmp_path) as suno:
        fake.fail(Fault.RESET_AFTER_ACCEPT, on="generate-music")
        outcomes = [one async for one in suno.batch([SEA, GenerateMusic("the hills")])]
        (lost,) = (one.error for one in outcomes if one.error is not None)
        assert isinstance(lost, SubmissionUnknown)
        task = await lost.recovered()
        assert task.operation in {SEA, GenerateMusic("the hills")}
    async with client(fake, reception.receiver, tmp_path) as suno:
        again = [one async for one in suno.batch([SEA, GenerateMusic("the hills")])]
    assert [(one.error, one.resumed) for one in again] == [(None, True)] * 2
    assert len(fake.ledger.of("generate-music")) == 2


async def test_without_a_receiver_it_raises_itself(fake: FakeSuno) -> None:
    """Nothing can come, so nothing is waited for; so too in another process, and for a call."""
    async with client(fake, None) as suno:
        error = await lose(suno, fake)
        pickled: SubmissionUnknown = pickle.loads(pickle.dumps(error))  # noqa: S301 our own
        for one in (error, pickled, SubmissionUnknown("x")):
            with pytest.raises(SubmissionUnknown) as caught:
                await one.recovered()
            assert caught.value is one


async def test_the_error_travels(fake: FakeSuno, reception: Reception) -> None:
    """A copy waits as the error does; from a pickle it says that it is unknown, as before."""
    async with client(fake, reception.receiver) as suno:
        error = await lose(suno, fake)
        assert (str(error), error._recovery is not None) == (str(copy.copy(error)), True)
        for strange in (pickle.loads(pickle.dumps(error)), copy.deepcopy(error)):  # noqa: S301 our own
            assert str(strange) == str(error)
            with pytest.raises(SubmissionUnknown):
                await strange.recovered()
        assert (await copy.copy(error).recovered()).id in fake.tasks
        assert SECRET not in repr(error._recovery)


async def test_all_who_wait_get_it(fake: FakeSuno, reception: Reception) -> None:
    """Callers that joined a submission by its key, and one that asks again later."""
    fake.fail(Fault.RESET_AFTER_ACCEPT, on="generate-music")
    async with client(fake, reception.receiver) as suno:
        errors = await asyncio.gather(
            *(suno.submit(SEA, idempotency_key="k") for _ in range(3)), return_exceptions=True
        )
        with pytest.raises(SubmissionUnknown) as again:
            await suno.submit(SEA, idempotency_key="k")
        unknown = [one for one in errors if isinstance(one, SubmissionUnknown)]
        unknown.append(again.value)
        assert len(unknown) == 4
        tasks = await asyncio.gather(*(one.recovered() for one in unknown))
        assert {task.id for task in tasks} == {*fake.tasks}
        assert len(fake.ledger.of(POLL)) == 1
        assert reception.unhandled == []


async def test_in_time_or_not(fake: FakeSuno, reception: Reception) -> None:
    """When the time is over it raises itself, and can be awaited again."""
    fake.callback_faults(CallbackFaults(lost=1.0))
    async with client(fake, reception.receiver) as suno:
        error = await lose(suno, fake)
        loop = asyncio.get_running_loop()
        for timeout, least in ((None, 180), (5.0, 5)):
            began = loop.time()
            given = {} if timeout is None else {"timeout": timeout}
            with pytest.raises(SubmissionUnknown) as caught:
                await error.recovered(**given)
            assert caught.value is error
            assert loop.time() - began == pytest.approx(least, abs=0.1)
        (task_id,) = fake.tasks
        assert await post(callback_url(fake), music(task_id)) == 200
        assert (await error.recovered(timeout=5)).is_done


async def test_an_unsent_request_is_not_waited_for(fake: FakeSuno, reception: Reception) -> None:
    """Where the service never had it, no callback comes."""
    fake.fail(Fault.NEVER, on="generate-music")
    async with client(fake, reception.receiver) as suno:
        with pytest.raises(SubmissionUnknown) as caught:
            await suno.submit(SEA)
        with pytest.raises(SubmissionUnknown):
            await caught.value.recovered(timeout=300)
        assert reception.unhandled == []


async def test_closing_ends_the_waiting(fake: FakeSuno, reception: Reception) -> None:
    """At any moment of a recovery: its caller gets `ClientClosed`, or the task."""
    ends: list[str] = []
    for at in (1.0, 14.9, 15.0, 15.0001, 15.001, 15.01, 16.0):
        async with client(fake, reception.receiver) as suno:
            error = await lose(suno, fake)
            began = asyncio.get_running_loop().time()
            waiting = asyncio.create_task(error.recovered())
            await asyncio.sleep(at)
            await suno.aclose()
            end: Any = (await asyncio.gather(waiting, return_exceptions=True))[0]
            ends.append(type(end).__name__)
            assert asyncio.get_running_loop().time() - began < at + 1
            if isinstance(end, ClientClosed):
                with pytest.raises(ClientClosed):
                    await error.recovered()
    assert ends[0] == "ClientClosed"
    assert ends[-1] == "Task"


async def awaited(one: Watched) -> Any:
    """What it gives."""
    return await one


def _watching(
    watched: list[Watched],
    moment: int,
    loop: asyncio.AbstractEventLoop,
    coroutine: Any,
    **given: Any,
) -> asyncio.Task[Any]:
    """Make tasks; those that handle the first callback are cancelled at this moment."""
    names = {one.__qualname__ for one in (CallbackReceiver._hand_on, Recoveries._confirm)}
    if getattr(coroutine, "__qualname__", "") not in names or len(watched) == 2:
        return asyncio.Task(coroutine, loop=loop, **given)
    one = Watched(coroutine, moment, lambda: None)
    watched.append(one)
    task = asyncio.Task(awaited(one), loop=loop, **given)
    one.deed = task.cancel
    return task


@pytest.mark.parametrize("setup", ["plain", "journal and key"])
async def test_a_caller_is_cancelled_at_every_moment(
    fake: FakeSuno, reception: Reception, tmp_path: Path, setup: str
) -> None:
    """The recovery goes on without, and the next caller gets the task."""
    for moment in range(1, 10):
        folder = tmp_path / str(moment) if "journal" in setup else None
        if folder is not None:
            folder.mkdir()
        async with client(fake, reception.receiver, folder) as suno:
            error = await lose(suno, fake, f"tg-{moment}")
            watched = Watched(error.recovered(), moment, lambda: None)
            waiting = asyncio.create_task(awaited(watched))
            watched.deed = waiting.cancel
            end: Any = (await asyncio.gather(waiting, return_exceptions=True))[0]
            assert isinstance(end, asyncio.CancelledError) == (watched.waits >= moment)
            task = await error.recovered()
            assert task.token == f"music:{list(fake.tasks)[-1]}"
        if watched.waits < moment:
            return
    raise AssertionError


async def test_the_callback_itself_is_given_up_at_every_moment(
    fake: FakeSuno, reception: Reception, tmp_path: Path
) -> None:
    """Whatever becomes of one callback, the next one recovers the song, and pays nothing."""
    fake.callback_faults(CallbackFaults(lost=1.0))
    loop = asyncio.get_running_loop()
    for moment in range(1, 40):
        watched: list[Watched] = []
        make = partial(_watching, watched, moment)
        folder = tmp_path / str(moment)
        folder.mkdir()
        async with client(fake, reception.receiver, folder) as suno:
            error = await lose(suno, fake)
            url, task_id = callback_url(fake), list(fake.tasks)[-1]
            loop.set_task_factory(make)
            await reception.receiver.handle(url, music(task_id, "text"))
            await asyncio.sleep(1)
            loop.set_task_factory(None)
            await reception.receiver.handle(url, music(task_id))
            task = await error.recovered(timeout=5)
            await asyncio.sleep(0.1)
            assert (task.id, task.is_done) == (task_id, True)
        assert rows(folder) == [("done", task.token)]
        if all(one.waits < moment for one in watched):
            assert moment > 5
            assert len(watched) == 2, "the work of the callback, and the confirmation"
            return
    raise AssertionError


async def test_a_claim_must_be_true(
    fake: FakeSuno, reception: Reception, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Another submission's task, or one that is not there, does not count; the true one does."""
    caplog.set_level(logging.WARNING)
    fake.callback_faults(CallbackFaults(lost=1.0))
    async with client(fake, None) as stranger, client(fake, reception.receiver) as forgetful:
        elsewhere = await stranger.submit(SEA)
        ours = (await forgetful.submit(SEA)).token.partition(":")[2]
    async with client(fake, reception.receiver, tmp_path) as suno:
        listed = await suno.submit(SEA)
        error = await lose(suno, fake, "tg-1")
        url, task_id = callback_url(fake), list(fake.tasks)[-1]
        assert await post(url, music(listed.id)) == 409, "known at once"
        assert await post(url, music(ours)) == 200, "known after a poll: its record names its URL"
        assert await post(url, music("f" * 32)) == 200, "there is no such task"
        with pytest.raises(SubmissionUnknown):
            await error.recovered(timeout=300)
        assert rows(tmp_path) == [("in_progress", listed.token), ("in_doubt", None)]
        assert f"A callback was rejected: music:{ours}, which it names" in caplog.text
        assert reception.unhandled == []
        assert await post(url, music(task_id)) == 200
        assert (await error.recovered(timeout=5)).id == task_id
        assert elsewhere.id in fake.tasks


async def test_claims_are_bounded(fake: FakeSuno, reception: Reception) -> None:
    """One true URL is not enough to make us poll everything."""
    fake.callback_faults(CallbackFaults(lost=1.0))
    async with client(fake, reception.receiver) as suno:
        error = await lose(suno, fake)
        for number in range(100):
            await rejected(reception.receiver, callback_url(fake), music(f"{number:032x}"))
        with pytest.raises(SubmissionUnknown):
            await error.recovered(timeout=600)
        assert len(fake.ledger.of(POLL)) <= 3 * 6


async def test_polls_that_fail_are_repeated(fake: FakeSuno, reception: Reception) -> None:
    """A callback that cannot be confirmed at once is confirmed a little later."""
    fake.script(callbacks=("text",))
    async with client(fake, reception.receiver) as suno:
        error = await lose(suno, fake)
        for fault in (Fault.BARE_500, Fault.DATA_NULL, Fault.BARE_503):
            fake.fail(fault, on=POLL)
        task = await error.recovered()
        assert task.id in fake.tasks
        assert len(fake.ledger.of(POLL)) == 4


async def test_a_song_is_not_lost_to_a_full_disk(
    fake: FakeSuno, reception: Reception, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """If it cannot be written down, the caller has the task, and the log says so."""
    async with client(fake, reception.receiver, tmp_path) as suno:
        error = await lose(suno, fake)
        with closing(sqlite3.connect(tmp_path / "songs.sqlite")) as db:
            db.execute(
                "CREATE TRIGGER full BEFORE UPDATE OF task ON submission "
                "BEGIN SELECT RAISE(ABORT, 'disk full'); END"
            )
        task = await error.recovered()
        assert task.id in fake.tasks
        assert "disk full" in caplog.text


async def test_what_nobody_remembers(fake: FakeSuno, reception: Reception) -> None:
    """In another process without a journal, the hook has the token and the songs."""
    async with client(fake, reception.receiver) as suno:
        await lose(suno, fake)
        token = (await suno.submit(SEA)).token
    gc.collect()
    async with client(fake, reception.receiver):
        await asyncio.sleep(200)
        assert {one.token for one in reception.unhandled} == {f"music:{one}" for one in fake.tasks}
        handled = [one for one in reception.unhandled if one.token == token]
        assert [(one.task, len(one.result)) for one in handled] == [(None, 2)] * 3
        assert len(fake.ledger) == 2
