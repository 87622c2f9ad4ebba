"""Callbacks in the stream of a task: the same events, whether by callback or by poll."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from attrs import evolve
from callback_kit import SECRET, TRACKS, callback_url, music, post, rejected
from examples import example
from test_kinds import payload

from suno_async import (
    CallbackReceiver,
    ContentRejected,
    GenerateLyrics,
    GenerateMusic,
    Stage,
    SunoClient,
    SunoError,
    Task,
    TaskFailed,
    TaskOperation,
)
from suno_async.testing import CallbackFaults, FakeSuno, Fault, Timetable

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from callback_kit import Reception

SEA = GenerateMusic("the sea")
STAGES = [Stage.TEXT, Stage.FIRST, Stage.COMPLETE]
POLL = "get-music-generation-details"


@pytest.fixture
async def fake() -> AsyncIterator[FakeSuno]:
    """The service, with the usual times exactly."""
    async with FakeSuno(timetable=Timetable()) as fake:
        yield fake


@pytest.fixture
async def suno(reception: Reception, fake: FakeSuno) -> AsyncIterator[SunoClient]:
    """A client whose tasks have callbacks."""
    async with SunoClient("key", base_url=fake.url, callbacks=reception.receiver) as client:
        yield client


def polls(fake: FakeSuno) -> int:
    """How many polls reached the service."""
    return sum(entry.operation.endswith(("-details", "-info")) for entry in fake.ledger)


async def events_of(task: Task[Any]) -> list[tuple[Stage, bool, float]]:
    """Each event: its stage, whether it was implied, and when it came."""
    loop = asyncio.get_running_loop()
    return [(event.stage, event.implied, loop.time()) async for event in task]


async def test_a_song_is_followed_by_callbacks(
    suno: SunoClient, fake: FakeSuno, reception: Reception
) -> None:
    """Each stage comes in the moment of its callback, and a song costs one request."""
    began = asyncio.get_running_loop().time()
    events = await events_of(await suno.submit(SEA))
    assert [(stage, implied) for stage, implied, _ in events] == [(one, False) for one in STAGES]
    assert [at - began for *_, at in events] == pytest.approx([15, 36.5, 148], abs=0.5)
    assert reception.answers == [200, 200, 200]
    outcomes = [one async for one in suno.batch([SEA] * 20)]
    assert all(one.error is None for one in outcomes)
    assert polls(fake) == 0


@pytest.mark.parametrize(
    ("faults", "implied"),
    [
        (CallbackFaults(lost=1.0), None),
        (CallbackFaults(duplicated=1.0), [False, False, False]),
        (CallbackFaults(late=1.0, late_by=(5.0, 60.0)), None),
        (CallbackFaults(reordered=1.0), None),
        (CallbackFaults(lost=0.3, late=0.2, reordered=0.2, duplicated=0.2, seed=3), None),
    ],
)
@pytest.mark.parametrize("batch", [False, True], ids=["a person's", "a batch's"])
async def test_whatever_happens_to_callbacks(
    suno: SunoClient,
    fake: FakeSuno,
    faults: CallbackFaults,
    implied: list[bool] | None,
    *,
    batch: bool,
) -> None:
    """Each stage once, in order, and the whole result; lost callbacks are made up for by polls."""
    fake.callback_faults(faults)
    began = asyncio.get_running_loop().time()
    if batch:
        outcomes = [one async for one in suno.batch([SEA] * 5)]
        tasks = [one.task for one in outcomes if one.task is not None]
        assert len(tasks) == 5
    else:
        tasks = [await suno.submit(SEA)]
    for task in tasks:
        events = await events_of(task)
        assert [stage for stage, *_ in events] == STAGES
        assert implied is None or [one for _, one, _ in events] == implied
        async with SunoClient("key", base_url=fake.url) as plain:
            by_poll = await plain.task(task.token, GenerateMusic)
        assert [evolve(one, operation_type=None) for one in by_poll] == [
            evolve(one, operation_type=None) for one in await task
        ]
    assert asyncio.get_running_loop().time() - began < 1.4 * 190


KINDS = [
    ("GenerateMusic", "callback-music-complete", "callback-music-error"),
    ("GenerateLyrics", "callback-lyrics-complete", "callback-lyrics-error"),
    ("ConvertToWav", "callback-wav-ok", "callback-wav-error"),
    ("SeparateVocals", "callback-vocal-separate", "callback-vocal-error"),
    ("SeparateVocals", "callback-vocal-separate-sister", "callback-vocal-error"),
    ("SeparateVocals", "callback-vocal-split-stem", "callback-vocal-error"),
    ("CreateMusicVideo", "callback-mp4-ok", "callback-mp4-error"),
    ("GenerateCoverImages", "callback-cover-ok", "callback-cover-error"),
    ("GenerateMidi", "callback-midi-ok", None),
    ("ValidateVoice", "voice-validate-record-ready", None),
    ("GenerateVoice", "voice-generate-callback-ok", "voice-generate-callback-fail"),
    ("RecoverAudio", "recovery-record-ok", None),
]


@pytest.mark.parametrize(("name", "fine", "failed"), KINDS)
async def test_each_kind_is_read_as_documented(
    reception: Reception, name: str, fine: str, failed: str | None
) -> None:
    """The documented callback ends the task, well or badly, without a poll that succeeds."""
    async with (
        FakeSuno(send_callbacks=False, strict_ids=False) as fake,
        SunoClient("key", base_url=fake.url, callbacks=reception.receiver) as suno,
    ):
        for number, shape in enumerate(filter(None, (fine, failed))):
            operation = example(name)
            assert isinstance(operation, TaskOperation)
            for name_of_id in ("task_id", "audio_id"):  # some are made only once
                if getattr(operation, name_of_id, None):
                    other: dict[str, Any] = {name_of_id: f"t{number}"}
                    operation = evolve(operation, **other)
            task: Task[Any] = await suno.submit(operation)
            fake.fail(Fault.BARE_500, times=None)
            body = _about(payload(shape), task.id)
            assert await post(callback_url(fake), body) == 200
            if shape == failed:
                with pytest.raises(TaskFailed):
                    await task.wait(timeout=1)
            else:
                assert await task.wait(timeout=1)
            fake.clear_faults()


def _about(body: dict[str, Any], task_id: str) -> dict[str, Any]:
    """The same callback about another task."""
    data: Any = body.get("data")
    holders: list[dict[str, Any]] = [body, *([data] if isinstance(data, dict) else [])]
    for holder in holders:
        for field in ("task_id", "taskId"):
            if field in holder:
                holder[field] = task_id
    return body


@pytest.mark.parametrize(
    ("status", "code"),
    [
        ("SENSITIVE_WORD_ERROR", 400),
        *(("GENERATE_AUDIO_FAILED", code) for code in (400, 408, 413, 451, 500, 501, 531)),
    ],
)
async def test_failures_are_the_same_as_by_polls(
    reception: Reception, fake: FakeSuno, code: int, status: str
) -> None:
    """Each code ends in the class of error, the code and the refund that polls would find."""
    fake.script(fail_at=60, status=status, error_code=code, error_message="no", times=2)
    errors: list[TaskFailed] = []
    for receiver in (reception.receiver, None):
        async with SunoClient("key", base_url=fake.url, callbacks=receiver) as suno:
            with pytest.raises(TaskFailed) as caught:
                await (await suno.submit(SEA)).wait(timeout=100)
            errors.append(caught.value)
    by_callback, by_poll = errors
    assert type(by_callback) is type(by_poll)
    assert (by_callback.code, by_callback.refunded) == (by_poll.code, by_poll.refunded)
    assert isinstance(by_callback, ContentRejected) == (code == 413 or "WORD" in status)


async def test_what_was_ready_is_in_the_failure(
    suno: SunoClient, fake: FakeSuno, reception: Reception
) -> None:
    """A callback of a failure has no tracks; those of earlier events are not lost."""
    fake.script(fail_at=60, error_code=500)
    task = await suno.submit(SEA)
    with pytest.raises(TaskFailed) as caught:
        await task
    assert len(caught.value.partial_result) == 2
    assert caught.value.partial_result[0].is_ready


async def test_any_order_of_all_callbacks(suno: SunoClient, fake: FakeSuno) -> None:
    """Whatever comes first, no event comes twice, and nothing that is over changes."""
    fake.callback_faults(CallbackFaults(lost=1.0))
    orders = (["complete", "text", "first"], ["first", "text", "complete"], ["error", "complete"])
    for order in orders:
        task = await suno.submit(SEA)
        for stage in order * 2:
            failed = {"data": None} if stage == "error" else {}
            body = music(task.id, stage, **failed) | ({"code": 500} if failed else {})
            assert await post(callback_url(fake), body) == 200
        await asyncio.sleep(0.1)
        assert task.is_done
        assert (task.failure is None) == ("error" not in order)
        if task.failure is None:
            assert [stage for stage, *_ in await events_of(task)] == STAGES


async def test_an_operation_with_an_own_url_has_no_callbacks_here(
    suno: SunoClient, fake: FakeSuno, reception: Reception
) -> None:
    """Its callbacks go elsewhere, so it is polled as often as without a receiver."""
    task = await suno.submit(GenerateMusic("the sea", callback_url="http://127.0.0.1:9/mine"))
    assert callback_url(fake) == "http://127.0.0.1:9/mine"
    events = await events_of(task)
    assert not any(implied for _, implied, _ in events)
    assert reception.answers == []
    assert polls(fake) > 10


@pytest.mark.parametrize("unreachable", ["ignore", "CALLBACK_EXCEPTION", "any CALLBACK_EXCEPTION"])
async def test_nobody_reaches_the_receiver(unreachable: Any) -> None:
    """With a wrong public URL all is found by polls, whatever word the service has for it."""
    receiver = CallbackReceiver("http://127.0.0.1:9/suno", SECRET)
    if unreachable.startswith("any"):
        unreachable = "CALLBACK_EXCEPTION"
    async with (
        FakeSuno(timetable=Timetable(), unreachable=unreachable) as fake,
        SunoClient("key", base_url=fake.url, callbacks=receiver) as suno,
    ):
        events = await events_of(await suno.submit(SEA))
        assert [stage for stage, *_ in events] == STAGES
        outcomes = [one async for one in suno.batch([SEA, GenerateLyrics("rain")])]
        assert [one.error for one in outcomes] == [None, None]
        p95 = suno._engine.tasks.poller._schedule.p95
        assert p95.get("music", 190) <= 190


@pytest.mark.parametrize("fault", [Fault.DELAY_AFTER_ACCEPT.lasting(5), Fault.NEVER])
async def test_a_callback_overtakes_a_poll(
    fake: FakeSuno, reception: Reception, fault: Fault
) -> None:
    """A poll in flight when the callback completes the task changes nothing, nor if it fails."""
    fake.callback_faults(CallbackFaults(lost=1.0))
    settings: dict[str, Any] = {"callbacks": reception.receiver, "timeout": 10.0}
    async with SunoClient("key", base_url=fake.url, **settings) as suno:
        task = await suno.submit(SEA)
        waiting = asyncio.create_task(task.wait(timeout=57))
        await asyncio.sleep(56)
        fake.fail(fault, on=POLL)
        before = polls(fake)
        await asyncio.sleep(2)
        assert polls(fake) == before + 1
        assert await post(callback_url(fake), music(task.id)) == 200
        assert [track.id for track in await waiting] == [one["id"] for one in TRACKS]
        await asyncio.sleep(60)
        assert [track.id for track in await task] == [one["id"] for one in TRACKS]


async def test_a_callback_overtakes_the_last_poll(
    suno: SunoClient, fake: FakeSuno, reception: Reception
) -> None:
    """A wait whose time is over polls once more; a callback meanwhile is an event at once."""
    fake.callback_faults(CallbackFaults(lost=1.0))
    task = await suno.submit(SEA)
    loop = asyncio.get_running_loop()
    waiting = asyncio.create_task(task.wait(timeout=58))
    await asyncio.sleep(57.5)
    fake.fail(Fault.DELAY_AFTER_ACCEPT.lasting(25), on=POLL)
    await asyncio.sleep(2.5)
    began = loop.time()
    assert await post(callback_url(fake), music(task.id, "first")) == 200
    await asyncio.sleep(1)
    assert not waiting.done()
    assert await post(callback_url(fake), music(task.id)) == 200
    assert len(await waiting) == 2
    assert loop.time() - began < 2
    assert reception.unhandled == []


async def test_a_callback_overtakes_the_answer(
    suno: SunoClient, fake: FakeSuno, reception: Reception
) -> None:
    """A callback that comes before the submission's answer waits for it, and is an event then."""
    fake.fail(Fault.DELAY_AFTER_ACCEPT.lasting(20), on="generate-music")
    asking = asyncio.create_task(suno.submit(SEA))
    await asyncio.sleep(18)
    assert reception.answers == [200]
    task = await asking
    event = await anext(aiter(task))
    assert (event.stage, event.implied) == (Stage.TEXT, False)
    assert polls(fake) == 0


async def test_callbacks_teach_how_long_tasks_take(suno: SunoClient, fake: FakeSuno) -> None:
    """The callback of an end counts, once; a poll long after it should have come does not."""
    schedule = suno._engine.tasks.poller._schedule
    fake.callback_faults(CallbackFaults(duplicated=1.0))
    await (await suno.submit(SEA))
    assert schedule.p95["music"] == pytest.approx(190 * 0.9975)
    fake.callback_faults(CallbackFaults(lost=1.0))
    assert [one.error async for one in suno.batch([SEA])] == [None]
    assert schedule.p95["music"] == pytest.approx(190 * 0.9975)
    fake.clear_faults()
    fake.script(complete=300.0)
    assert [one.error async for one in suno.batch([SEA])] == [None]
    assert schedule.p95["music"] == pytest.approx(190 * 0.9975 * 1.05)
    assert schedule.people == 0
    assert schedule.due_times() == (float("inf"),) * 3


async def test_clients_share_a_receiver(reception: Reception) -> None:
    """Two accounts with the same keys for their submissions each get their own songs."""
    async with (
        FakeSuno(api_key="one", timetable=Timetable()) as first,
        FakeSuno(api_key="two", timetable=Timetable(), seed=1) as second,
        SunoClient("one", base_url=first.url, callbacks=reception.receiver) as suno,
        SunoClient("two", base_url=second.url, callbacks=reception.receiver) as other,
    ):
        tasks = [await one.submit(SEA, idempotency_key="tg-1") for one in (suno, other)]
        results = await asyncio.gather(*tasks)
        assert results[0] != results[1]
        assert reception.answers == [200] * 6
        crossed = callback_url(first, 0), music(tasks[1].id)
        assert await rejected(reception.receiver, *crossed) == 409


async def test_a_client_that_has_ended_takes_nothing(fake: FakeSuno, reception: Reception) -> None:
    """Callbacks after the end are answered, and go to the hook."""
    async with SunoClient("key", base_url=fake.url, callbacks=reception.receiver) as suno:
        task = await suno.submit(SEA, idempotency_key="tg-1")
    await asyncio.sleep(200)
    assert reception.answers == [200] * 3
    assert [one.token for one in reception.unhandled] == [task.token] * 3
    assert [one.stage for one in reception.unhandled] == STAGES
    assert reception.unhandled[-1].submission_id == "tg-1"
    assert not task.is_done


async def test_errors_are_all_ours(suno: SunoClient, fake: FakeSuno) -> None:
    """A receiver on another event loop gets an error that says so."""
    await suno.submit(SEA)
    url, task_id = callback_url(fake), next(iter(fake.tasks))
    receiver = suno._engine.callbacks
    assert isinstance(receiver, CallbackReceiver)

    def elsewhere() -> None:
        asyncio.run(receiver.handle(url, music(task_id)))

    with pytest.raises(SunoError, match="another event loop"):
        await asyncio.to_thread(elsewhere)
