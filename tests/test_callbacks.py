"""Pushes in the stream of a task: the same events, whether news came by push or by look."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from attrs import evolve
from examples import example
from pushing import SECRET, TRACKS, callback_url, music, post, rejected
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
from suno_async._polling.schedule import Lane
from suno_async.testing import CallbackFaults, FakeSuno, Fault, Timetable

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from pushing import Reception

SEA = GenerateMusic("the sea")
STAGES = [Stage.TEXT, Stage.FIRST, Stage.COMPLETE]
LOOK = "get-music-generation-details"


@pytest.fixture
async def pushing() -> AsyncIterator[FakeSuno]:
    """The service, with the usual times exactly."""
    async with FakeSuno(timetable=Timetable()) as fake:
        yield fake


@pytest.fixture
async def suno(reception: Reception, pushing: FakeSuno) -> AsyncIterator[SunoClient]:
    """A client whose tasks are pushed."""
    async with SunoClient("key", base_url=pushing.url, callbacks=reception.receiver) as client:
        yield client


def looks(fake: FakeSuno) -> int:
    """How many looks reached the service."""
    return sum(entry.operation.endswith(("-details", "-info")) for entry in fake.ledger)


async def told(task: Task[Any]) -> list[tuple[Stage, bool, float]]:
    """Each event: its stage, whether it was implied, and when it came."""
    loop = asyncio.get_running_loop()
    return [(event.stage, event.implied, loop.time()) async for event in task]


async def test_a_song_is_told_by_pushes(
    suno: SunoClient, pushing: FakeSuno, reception: Reception
) -> None:
    """Each stage comes in the moment it is pushed, and a song costs one request."""
    began = asyncio.get_running_loop().time()
    events = await told(await suno.submit(SEA))
    assert [(stage, implied) for stage, implied, _ in events] == [(one, False) for one in STAGES]
    assert [at - began for *_, at in events] == pytest.approx([15, 36.5, 148], abs=0.5)
    assert reception.answers == [200, 200, 200]
    outcomes = [one async for one in suno.batch([SEA] * 20)]
    assert all(one.error is None for one in outcomes)
    assert looks(pushing) == 0


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
async def test_whatever_happens_to_pushes(
    suno: SunoClient,
    pushing: FakeSuno,
    faults: CallbackFaults,
    implied: list[bool] | None,
    *,
    batch: bool,
) -> None:
    """Each stage once, in order, and the whole result; lost pushes are made up for by looks."""
    pushing.callback_faults(faults)
    began = asyncio.get_running_loop().time()
    if batch:
        outcomes = [one async for one in suno.batch([SEA] * 5)]
        tasks = [one.task for one in outcomes if one.task is not None]
        assert len(tasks) == 5
    else:
        tasks = [await suno.submit(SEA)]
    for task in tasks:
        events = await told(task)
        assert [stage for stage, *_ in events] == STAGES
        assert implied is None or [one for _, one, _ in events] == implied
        async with SunoClient("key", base_url=pushing.url) as plain:
            by_look = await plain.task(task.token, GenerateMusic)
        assert [evolve(one, operation_type=None) for one in by_look] == [
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
async def test_each_kind_is_told_as_documented(
    reception: Reception, name: str, fine: str, failed: str | None
) -> None:
    """The documented push ends the task, well or badly, without a look that succeeds."""
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
    """The same push about another task."""
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
async def test_failures_are_the_same_as_by_looks(
    reception: Reception, pushing: FakeSuno, code: int, status: str
) -> None:
    """Each code ends in the class of error, the code and the refund that looks would find."""
    pushing.script(fail_at=60, status=status, error_code=code, error_message="no", times=2)
    errors: list[TaskFailed] = []
    for receiver in (reception.receiver, None):
        async with SunoClient("key", base_url=pushing.url, callbacks=receiver) as suno:
            with pytest.raises(TaskFailed) as caught:
                await (await suno.submit(SEA)).wait(timeout=100)
            errors.append(caught.value)
    pushed, looked_up = errors
    assert type(pushed) is type(looked_up)
    assert (pushed.code, pushed.refunded) == (looked_up.code, looked_up.refunded)
    assert isinstance(pushed, ContentRejected) == (code == 413 or "WORD" in status)


async def test_what_was_ready_is_in_the_failure(
    suno: SunoClient, pushing: FakeSuno, reception: Reception
) -> None:
    """A push of a failure has no tracks; those told before are not lost."""
    pushing.script(fail_at=60, error_code=500)
    task = await suno.submit(SEA)
    with pytest.raises(TaskFailed) as caught:
        await task
    assert len(caught.value.partial_result) == 2
    assert caught.value.partial_result[0].is_ready


async def test_any_order_of_all_pushes(suno: SunoClient, pushing: FakeSuno) -> None:
    """Whatever comes first, nothing is told twice, and nothing that is over changes."""
    pushing.callback_faults(CallbackFaults(lost=1.0))
    orders = (["complete", "text", "first"], ["first", "text", "complete"], ["error", "complete"])
    for order in orders:
        task = await suno.submit(SEA)
        for stage in order * 2:
            failed = {"data": None} if stage == "error" else {}
            body = music(task.id, stage, **failed) | ({"code": 500} if failed else {})
            assert await post(callback_url(pushing), body) == 200
        await asyncio.sleep(0.1)
        assert task.is_done
        assert (task.failure is None) == ("error" not in order)
        if task.failure is None:
            assert [stage for stage, *_ in await told(task)] == STAGES


async def test_an_operation_with_an_own_url_is_not_pushed(
    suno: SunoClient, pushing: FakeSuno, reception: Reception
) -> None:
    """Its pushes go elsewhere, so it is looked at as often as without a receiver."""
    task = await suno.submit(GenerateMusic("the sea", callback_url="http://127.0.0.1:9/mine"))
    assert callback_url(pushing) == "http://127.0.0.1:9/mine"
    events = await told(task)
    assert not any(implied for _, implied, _ in events)
    assert reception.answers == []
    assert looks(pushing) > 10


@pytest.mark.parametrize("unreachable", ["ignore", "CALLBACK_EXCEPTION", "any CALLBACK_EXCEPTION"])
async def test_nobody_reaches_the_receiver(unreachable: Any) -> None:
    """With a wrong public URL all is found by looks, whatever word the service has for it."""
    receiver = CallbackReceiver("http://127.0.0.1:9/suno", SECRET)
    if unreachable.startswith("any"):
        unreachable = "CALLBACK_EXCEPTION"
    async with (
        FakeSuno(timetable=Timetable(), unreachable=unreachable) as fake,
        SunoClient("key", base_url=fake.url, callbacks=receiver) as suno,
    ):
        events = await told(await suno.submit(SEA))
        assert [stage for stage, *_ in events] == STAGES
        outcomes = [one async for one in suno.batch([SEA, GenerateLyrics("rain")])]
        assert [one.error for one in outcomes] == [None, None]
        usual = suno._engine.watcher._turns.usual
        assert usual.get("music", 190) <= 190


@pytest.mark.parametrize("fault", [Fault.DELAY_AFTER_ACCEPT.lasting(5), Fault.NEVER])
async def test_a_push_overtakes_a_look(
    pushing: FakeSuno, reception: Reception, fault: Fault
) -> None:
    """A look in flight when the push completes the task changes nothing, nor does its failure."""
    pushing.callback_faults(CallbackFaults(lost=1.0))
    settings: dict[str, Any] = {"callbacks": reception.receiver, "timeout": 10.0}
    async with SunoClient("key", base_url=pushing.url, **settings) as suno:
        task = await suno.submit(SEA)
        waiting = asyncio.create_task(task.wait(timeout=57))
        await asyncio.sleep(56)
        pushing.fail(fault, on=LOOK)
        before = looks(pushing)
        await asyncio.sleep(2)
        assert looks(pushing) == before + 1
        assert await post(callback_url(pushing), music(task.id)) == 200
        assert [track.id for track in await waiting] == [one["id"] for one in TRACKS]
        await asyncio.sleep(60)
        assert [track.id for track in await task] == [one["id"] for one in TRACKS]


async def test_a_push_overtakes_the_last_look(
    suno: SunoClient, pushing: FakeSuno, reception: Reception
) -> None:
    """A wait whose time is over looks once more; what is pushed meanwhile is told at once."""
    pushing.callback_faults(CallbackFaults(lost=1.0))
    task = await suno.submit(SEA)
    loop = asyncio.get_running_loop()
    waiting = asyncio.create_task(task.wait(timeout=58))
    await asyncio.sleep(57.5)
    pushing.fail(Fault.DELAY_AFTER_ACCEPT.lasting(25), on=LOOK)
    await asyncio.sleep(2.5)
    began = loop.time()
    assert await post(callback_url(pushing), music(task.id, "first")) == 200
    await asyncio.sleep(1)
    assert not waiting.done()
    assert await post(callback_url(pushing), music(task.id)) == 200
    assert len(await waiting) == 2
    assert loop.time() - began < 2
    assert reception.unwatched == []


async def test_a_push_overtakes_the_answer(
    suno: SunoClient, pushing: FakeSuno, reception: Reception
) -> None:
    """What is pushed before the submission's answer is in waits for it, and is told then."""
    pushing.fail(Fault.DELAY_AFTER_ACCEPT.lasting(20), on="generate-music")
    asking = asyncio.create_task(suno.submit(SEA))
    await asyncio.sleep(18)
    assert reception.answers == [200]
    task = await asking
    event = await anext(aiter(task))
    assert (event.stage, event.implied) == (Stage.TEXT, False)
    assert looks(pushing) == 0


async def test_pushes_teach_how_long_tasks_take(suno: SunoClient, pushing: FakeSuno) -> None:
    """The push of an end votes, once; a look long after the push should have come does not."""
    turns = suno._engine.watcher._turns
    pushing.callback_faults(CallbackFaults(duplicated=1.0))
    await (await suno.submit(SEA))
    assert turns.usual["music"] == pytest.approx(190 * 0.9975)
    pushing.callback_faults(CallbackFaults(lost=1.0))
    assert [one.error async for one in suno.batch([SEA])] == [None]
    assert turns.usual["music"] == pytest.approx(190 * 0.9975)
    pushing.clear_faults()
    pushing.script(complete=300.0)
    assert [one.error async for one in suno.batch([SEA])] == [None]
    assert turns.usual["music"] == pytest.approx(190 * 0.9975 * 1.05)
    assert turns.people == 0
    assert [turns.due(lane) for lane in Lane] == [float("inf")] * 3


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


async def test_a_client_that_has_ended_takes_nothing(
    pushing: FakeSuno, reception: Reception
) -> None:
    """Pushes after the end are answered, and go to the hook."""
    async with SunoClient("key", base_url=pushing.url, callbacks=reception.receiver) as suno:
        task = await suno.submit(SEA, idempotency_key="tg-1")
    await asyncio.sleep(200)
    assert reception.answers == [200] * 3
    assert [one.token for one in reception.unwatched] == [task.token] * 3
    assert [one.stage for one in reception.unwatched] == STAGES
    assert reception.unwatched[-1].submission == "tg-1"
    assert not task.is_done


async def test_errors_are_all_ours(suno: SunoClient, pushing: FakeSuno) -> None:
    """A receiver on another event loop is told so, not left in the dark."""
    await suno.submit(SEA)
    url, task_id = callback_url(pushing), next(iter(pushing.tasks))
    receiver = suno._engine.callbacks
    assert isinstance(receiver, CallbackReceiver)

    def elsewhere() -> None:
        asyncio.run(receiver.handle(url, music(task_id)))

    with pytest.raises(SunoError, match="another event loop"):
        await asyncio.to_thread(elsewhere)
