"""Polls that fail, and what the poller makes of them, against the embedded API."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from itertools import pairwise
from threading import Thread

import pytest
from attrs import define, field

from suno_async import (
    ClientClosed,
    ConfigurationError,
    GenerateMusic,
    RateLimiter,
    SunoClient,
    SunoError,
    TaskTimeout,
)
from suno_async._polling.failures import PollErrors
from suno_async._polling.schedule import PollState, Queue, Schedule
from suno_async.errors import AuthenticationFailed, DecodeError, NotFound
from suno_async.limiter import Priority, Slot, SlotResult
from suno_async.operations._kinds import KINDS
from suno_async.results import Stage
from suno_async.testing import FakeSuno, Fault

POLL = "get-music-generation-details"
UNREADABLE = Fault.bare(
    200,
    b'{"code": 200, "data": {"status": "SUCCESS", "response": {"sunoData": [{"title": "a"}]}}}',
    "application/json",
)


MUSIC = KINDS["music"]


@pytest.mark.parametrize(
    ("fault", "error"),
    [(Fault.envelope(404), NotFound), (Fault.DATA_NULL, NotFound), (UNREADABLE, DecodeError)],
)
async def test_a_batch_ends_when_its_records_are_gone(
    suno: SunoClient, fake_suno: FakeSuno, fault: Fault, error: type[SunoError]
) -> None:
    """Five polls after the first minute that find nothing to read give a song up, with its task."""
    fake_suno.fail(fault, on=POLL, times=None)
    async with asyncio.timeout(3600):
        outcomes = [one async for one in suno.batch([GenerateMusic("a"), GenerateMusic("b")])]
    assert [type(one.error) for one in outcomes] == [error, error]
    for one in outcomes:
        assert one.task is not None
        assert one.error is not None
        assert one.error.token == one.task.token
    assert len(fake_suno.ledger.of(POLL)) <= 2 * 12


async def test_a_batch_outlives_servers_that_fail(suno: SunoClient, fake_suno: FakeSuno) -> None:
    """Half an hour of server errors on polls costs no song, and few polls."""
    fake_suno.fail(Fault.BARE_500, on=POLL, times=None)
    loop = asyncio.get_running_loop()
    loop.call_later(1800, fake_suno.clear_faults)
    (outcome,) = [one async for one in suno.batch([GenerateMusic("a")])]
    assert outcome.error is None
    assert len(fake_suno.ledger.of(POLL)) < 30


@pytest.mark.parametrize(
    "fault",
    [
        Fault.HTML_200,
        Fault.EMPTY_200,
        Fault.WRONG_JSON,
        Fault.bare(200, b'{"login": "required"}', "application/json"),
        Fault.bare(404),
    ],
)
async def test_a_batch_outlives_what_is_not_the_services(
    suno: SunoClient, fake_suno: FakeSuno, fault: Fault
) -> None:
    """Half an hour of a proxy's or a login page in place of records gives up no song."""
    fake_suno.fail(fault, on=POLL, times=None)
    loop = asyncio.get_running_loop()
    loop.call_later(1800, fake_suno.clear_faults)
    (outcome,) = [one async for one in suno.batch([GenerateMusic("a")])]
    assert outcome.error is None
    assert len(fake_suno.ledger.of(POLL)) < 30


@pytest.mark.parametrize(("times", "is_final"), [(1, False), (None, True)])
async def test_a_refused_key_is_final_when_seen_twice(
    suno: SunoClient, fake_suno: FakeSuno, times: int | None, *, is_final: bool
) -> None:
    """One 401 amid a batch's polls is passed over, two in a row end the song."""
    fake_suno.fail(Fault.envelope(401), on=POLL, times=times)
    (outcome,) = [one async for one in suno.batch([GenerateMusic("a")])]
    assert isinstance(outcome.error, AuthenticationFailed) is is_final


async def test_failing_polls_leave_the_rate_to_others(
    suno: SunoClient, fake_suno: FakeSuno
) -> None:
    """A caller that waits in a tight loop while polls fail gets a poll every four seconds."""
    task = await suno.generate_music("a")
    fake_suno.fail(Fault.BARE_500, on=POLL, times=None)
    with suppress(TimeoutError):
        async with asyncio.timeout(100):
            while True:
                with suppress(SunoError):
                    await task.wait(timeout=0.2)
    assert 10 <= len(fake_suno.ledger.of(POLL)) <= 30


async def test_closing_reaches_the_waiter_of_the_last_poll(fake_suno: FakeSuno) -> None:
    """A client that ends during the last poll of a wait raises `ClientClosed`."""
    async with SunoClient("key", base_url=fake_suno.url) as suno:
        task = await suno.generate_music("a")
        fake_suno.fail(Fault.NEVER, on=POLL, times=None)
        waiting = asyncio.ensure_future(task.wait(timeout=1))
        await asyncio.sleep(5)
        assert not waiting.done()
    with pytest.raises(ClientClosed):
        await waiting


async def test_a_slow_song_is_given_up_late(suno: SunoClient, fake_suno: FakeSuno) -> None:
    """A song of 1,150 s is not given up; one that never ends is, soon after 1,200 s."""
    loop = asyncio.get_running_loop()
    fake_suno.script(text=10, first=20, complete=1150)
    (slow,) = [one async for one in suno.batch([GenerateMusic("a")])]
    assert slow.error is None
    fake_suno.script(text=10, first=20, complete=1e9)
    began = loop.time()
    (endless,) = [one async for one in suno.batch([GenerateMusic("a")])]
    assert isinstance(endless.error, TaskTimeout)
    assert 1190 < loop.time() - began < 1500


def test_an_age_that_is_made_up_teaches_nothing() -> None:
    """A task from elsewhere says nothing of how long such tasks take, one from here does."""
    elsewhere, here = Schedule(), Schedule()
    state = PollState(MUSIC)
    elsewhere.enter(state, 1000.0)
    elsewhere.polled(state, 1000.0, Stage.FIRST, is_done=False)
    assert not elsewhere.p95
    here.polled(PollState(MUSIC, accepted=1000.0), 1195.0, Stage.FIRST, is_done=False)
    assert here.p95["music"] > 190.0


async def test_ages_are_learned_by_model(suno: SunoClient, fake_suno: FakeSuno) -> None:
    """What a song's polls show is learned for its own model: each stage between two polls."""
    fake_suno.script(text=10, first=20, complete=60)
    await (await suno.generate_music("A calm piano tune", model="V4"))
    learned = suno._engine.tasks.poller._schedule._learned
    ages = [one._learned[-1] for one in learned.after(MUSIC, "V4", Stage.PENDING)]
    assert ages == pytest.approx([10, 20, 60], abs=5)
    others = [len(one) for one in learned.after(MUSIC, "V5", Stage.PENDING)]
    assert others == [10, 10, 10]


async def test_failures_do_not_teach_patience(suno: SunoClient, fake_suno: FakeSuno) -> None:
    """Songs that failed are over: they do not make the poller poll later."""
    fake_suno.script(times=20, fail_at=185, complete=1000, status="GENERATE_AUDIO_FAILED")
    outcomes = [one async for one in suno.batch([GenerateMusic(str(n)) for n in range(20)])]
    assert all(one.error for one in outcomes)
    schedule: Schedule = suno._engine.tasks.poller._schedule
    assert schedule.p95["music"] <= 190.0


@pytest.mark.parametrize("failures", [1, 3, 6, 50])
def test_gaps_grow(failures: int) -> None:
    """After each failed poll the next is later: 20 s at most for a person, 120 s for a batch."""
    least: dict[bool, float] = {}
    for is_interactive in (True, False):
        schedule, errors = Schedule(), PollErrors(failures=failures)
        state = PollState(
            MUSIC, accepted=0.0, tried=100.0, is_interactive=is_interactive, errors=errors
        )
        due = schedule.enter(state, 100.0)
        least[is_interactive] = min(due) - 100.0
        if not is_interactive:
            assert due[Queue.OVERDUE] >= 220.0
    assert least == {
        True: min(20.0, 4.0 * 2 ** (failures - 1)),
        False: min(120.0, 4.0 * 2 ** (failures - 1)),
    }


async def test_a_slow_answer_does_not_put_off_the_next_poll() -> None:
    """Polls come every 4 s by when they were sent, though each answer takes three."""
    async with (
        FakeSuno(delay=(3.0, 3.0), send_callbacks=False) as fake,
        SunoClient("key", base_url=fake.url, limiter=RateLimiter()) as suno,
    ):
        task = await suno.generate_music("a")
        await task.wait("first")
        answers = [entry.answered or 0.0 for entry in fake.ledger.of(POLL)]
    gaps = [later - earlier for earlier, later in pairwise(answers)]
    assert sum(gaps) / len(gaps) < 5


def test_people_share_the_rate_in_an_outage_too() -> None:
    """Failing polls of 600 people's tasks take no more of the wanted slots than others."""
    state = PollState(MUSIC, accepted=0.0, tried=100.0, errors=PollErrors(failures=3))
    due = Schedule(people=600).enter(state, 100.0)
    assert (due[Queue.INTERACTIVE], due[Queue.SPARE]) == (700.0, 116.0)


class Stubborn:
    """A slot that cannot be given back."""

    def release(self, result: SlotResult, *, resume_at: float = 0.0) -> None:
        """Fail, whatever has become of it."""
        raise RuntimeError(result)


@define
class Broken:
    """A limiter that fails for a minute in one way, and is a good one before and after."""

    grant: Callable[[], Slot]
    good: RateLimiter = field(factory=RateLimiter)

    async def acquire(self, priority: Priority = Priority.INTERACTIVE) -> Slot:
        """Wait for the slot."""
        slot = await self.good.acquire(priority)
        if not 20 < asyncio.get_running_loop().time() % 1000 < 80:
            return slot
        slot.release(SlotResult.NOT_SENT)
        return self.grant()


def raises(error: BaseException) -> Callable[[], Slot]:
    """What raises this."""

    def grant() -> Slot:
        raise error

    return grant


@pytest.mark.parametrize("is_batch", [False, True])
@pytest.mark.parametrize(
    "grant",
    [
        raises(RuntimeError("no limiter")),
        raises(asyncio.CancelledError()),
        Stubborn,
        lambda: None,
    ],
    ids=["raises", "cancels itself", "slot that cannot be released", "no slot"],
)
async def test_no_lane_ends_by_a_limiter(
    fake_suno: FakeSuno,
    grant: Callable[[], Slot],
    *,
    is_batch: bool,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Whatever a limiter of the caller's does, the songs are seen when it works again."""
    async with SunoClient("key", base_url=fake_suno.url, poll_limiter=Broken(grant)) as suno:
        if is_batch:
            songs = [GenerateMusic("a"), GenerateMusic("b")]
            outcomes = [one async for one in suno.batch(songs)]
            assert [one.error for one in outcomes] == [None, None]
        else:
            task = await suno.generate_music("a")
            tracks = None
            while tracks is None:
                with suppress(SunoError):
                    tracks = await task
    assert "Traceback" in caplog.text


@pytest.mark.parametrize("max_rate", [20, 1], ids=["being polled", "waiting for a slot"])
async def test_a_shutdown_that_cancels_all_tasks_leaves_the_listeners_theirs(max_rate: int) -> None:
    """A shutdown that cancels polls may still wait for its songs, and sees them."""
    async with (
        FakeSuno(delay=(0.5, 0.5), send_callbacks=False) as fake,
        SunoClient("key", base_url=fake.url, limiter=RateLimiter(max_rate)) as suno,
    ):
        task = await suno.generate_music("a")
        batch = suno.batch([GenerateMusic("b")])
        song, outcome = asyncio.ensure_future(task.wait()), asyncio.ensure_future(anext(batch))
        await asyncio.sleep(8.7)
        ours = [one for one in asyncio.all_tasks() if "coro=<Poller." in repr(one)]
        assert ours
        for one in ours:
            one.cancel()
        async with asyncio.timeout(400):
            await asyncio.gather(song, outcome)


LEFT_OPEN = """
import asyncio
from suno_async import GenerateMusic, SunoClient
from suno_async.testing import FakeSuno, run_virtual

async def main():
    fake = FakeSuno()
    await fake.start()
    batch = SunoClient("key", base_url=fake.url).batch([GenerateMusic("a")])
    asyncio.create_task(anext(batch))
    await asyncio.sleep(5)

run_virtual(main())
"""


async def test_a_loop_that_ends_leaves_no_lane_pending() -> None:
    """Where the client was not closed, the end of the loop is the end of its polling."""
    command = [sys.executable, "-W", "ignore", "-c", LEFT_OPEN]
    ended = await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True)
    assert ended.returncode == 0
    assert "pending" not in ended.stderr


async def test_a_client_that_is_being_closed_names_the_token(fake_suno: FakeSuno) -> None:
    """A listener that begins while a payment is awaited gets the token to pick the task up with."""
    fake_suno.fail(Fault.NEVER, on="generate-lyrics")
    async with SunoClient("key", base_url=fake_suno.url) as suno:
        task = await suno.generate_music("a")
        paying = asyncio.ensure_future(suno.generate_lyrics("b"))
        await asyncio.sleep(1)
        closing = asyncio.create_task(suno.aclose())
        await asyncio.sleep(1)
        with pytest.raises(ClientClosed) as raised:
            await task
        assert not closing.done()
        assert raised.value.token == task.token
        with pytest.raises(SunoError):
            await paying


async def test_a_task_is_not_listened_to_from_another_loop(suno: SunoClient) -> None:
    """Another loop is refused, though the task is polled here, and goes on here."""
    task, raised = await suno.generate_music("a"), list[BaseException]()

    def elsewhere() -> None:
        try:
            asyncio.run(task.wait())
        except ConfigurationError as error:
            raised.append(error)

    waiting = asyncio.ensure_future(task.wait())
    await asyncio.sleep(1)
    thread = Thread(target=elsewhere)
    thread.start()
    await asyncio.to_thread(thread.join)
    assert "another event loop" in str(raised)
    assert len(await waiting) == 2
