"""Batches against the embedded API: outcomes, failures, ends of every kind, and running again."""

from __future__ import annotations

import asyncio
import gc
from collections import Counter
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest
from attrs import define
from moments import running_in

from suno_async import (
    AuthenticationFailed,
    ClientClosed,
    ConfigurationError,
    ContentRejected,
    GenerateLyrics,
    GenerateMusic,
    InsufficientCredits,
    InvalidRequest,
    Outcome,
    Priority,
    RateLimiter,
    Slot,
    SubmissionUnknown,
    SunoClient,
    Task,
    TaskFailed,
    TaskTimeout,
)
from suno_async._journal.sqlite import SqliteJournal
from suno_async.errors import BadRequest, JournalError
from suno_async.testing import FakeSuno, Fault

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

MUSIC = "generate-music"


def songs(count: int) -> list[GenerateMusic]:
    """Some requests."""
    return [GenerateMusic(f"song {number}") for number in range(count)]


def client(fake: FakeSuno, tmp_path: Path) -> SunoClient:
    """A client with the test's journal; one request after the other, so that faults meet theirs."""
    journal, limiter = tmp_path / "songs.sqlite", RateLimiter(burst=1)
    return SunoClient("key", base_url=fake.url, journal=journal, limiter=limiter)


@pytest.fixture
async def in_order(fake_suno: FakeSuno) -> AsyncIterator[SunoClient]:
    """A client whose requests arrive one after the other."""
    limiter = RateLimiter(burst=1)
    async with SunoClient("key", base_url=fake_suno.url, limiter=limiter) as suno:
        yield suno


async def outcomes_of(suno: SunoClient, *given: Any, **terms: Any) -> list[Outcome[Any]]:
    """All outcomes, in the order of the input."""
    outcomes = [outcome async for outcome in suno.batch(*given, **terms)]
    return sorted(outcomes, key=lambda outcome: outcome.index)


@define
class Endless:
    """Ideas without an end."""

    read: int = 0
    """How many were read."""

    def __iter__(self) -> Iterator[GenerateMusic]:
        while True:
            self.read += 1
            yield GenerateMusic(f"song {self.read}")


async def test_every_request_has_its_outcome(suno: SunoClient, fake_suno: FakeSuno) -> None:
    """40 songs: each delivered once, with its request and its tracks, and no request refused."""
    outcomes = await outcomes_of(suno, songs(40))
    assert [outcome.index for outcome in outcomes] == list(range(40))
    for number, outcome in enumerate(outcomes):
        assert outcome.request.prompt == f"song {number}"
        assert len(outcome.result) == 2
        assert outcome.error is None
        assert not outcome.resumed
    assert not fake_suno.ledger.limited()


async def test_outcomes_come_as_they_finish(suno: SunoClient, fake_suno: FakeSuno) -> None:
    """A slow song holds up nobody else."""
    fake_suno.script(text=10, first=20, complete=400)
    tasks = [outcome.task async for outcome in suno.batch(songs(3))]
    slow = [task is not None and fake_suno.tasks[task.id].plan.complete == 400 for task in tasks]
    assert slow == [False, False, True]


async def test_any_iterable_will_do(suno: SunoClient) -> None:
    """A generator and an async generator are read lazily, kinds may be mixed."""

    async def mixed() -> AsyncIterator[GenerateMusic | GenerateLyrics]:
        yield GenerateMusic("the sea")
        await asyncio.sleep(100)
        yield GenerateLyrics("the sea")

    one, two = await outcomes_of(suno, mixed())
    assert len(one.result) == 2
    assert two.result[0].text
    assert len(await outcomes_of(suno, (song for song in songs(2)))) == 2
    assert await outcomes_of(suno, []) == []


async def test_what_is_no_iterable_is_refused_at_once(suno: SunoClient) -> None:
    """An operation alone, a text or nothing is a mistake of the caller's, and named as such."""
    for what in (GenerateMusic("idea"), "idea", None):
        with pytest.raises(ConfigurationError, match=r"an iterable of operations such as \["):
            suno.batch(what)  # type: ignore[arg-type]


async def test_a_failure_is_an_outcome(in_order: SunoClient, fake_suno: FakeSuno) -> None:
    """Tasks that fail, requests that are refused or lost, and lines that are no request."""
    fake_suno.script(fail_at=30, status="SENSITIVE_WORD_ERROR")
    fake_suno.fail(Fault.envelope(400), on=MUSIC, skip=1)
    fake_suno.fail(Fault.RESET_AFTER_ACCEPT, on=MUSIC, skip=1)
    line = InvalidRequest("line 5 is empty")
    outcomes = await outcomes_of(in_order, [*songs(3), line, "no operation", *songs(1)])
    kinds = [ContentRejected, BadRequest, SubmissionUnknown, InvalidRequest, InvalidRequest]
    assert [type(outcome.error) for outcome in outcomes[:5]] == kinds
    assert outcomes[3].error is line
    assert len(outcomes[5].result) == 2
    with pytest.raises(ContentRejected):
        _ = outcomes[0].result
    with pytest.raises(InvalidRequest):
        _ = outcomes[3].request
    assert len(fake_suno.ledger.of(MUSIC)) == 4


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (Fault.envelope(401), AuthenticationFailed),
        (Fault.envelope(429, "The current credits are insufficient."), InsufficientCredits),
    ],
)
async def test_what_makes_no_sense_to_go_on_ends_the_submitting(
    in_order: SunoClient, fake_suno: FakeSuno, fault: Fault, error: type[Exception]
) -> None:
    """A wrong key, no credits: the rest is not sent, what is paid for is delivered."""
    fake_suno.fail(fault, on=MUSIC, times=None, skip=5)
    outcomes = await outcomes_of(in_order, songs(400))
    made = [outcome for outcome in outcomes if outcome.error is None]
    assert len(made) == 5
    ended = [outcome.error for outcome in outcomes[5:]]
    assert ended
    assert all(isinstance(one, error) for one in ended)
    assert len(fake_suno.ledger.of(MUSIC)) < 150


async def test_what_the_input_raises_comes_last(suno: SunoClient) -> None:
    """An input that breaks off costs nothing that was paid for."""

    def broken() -> Iterator[GenerateMusic]:
        yield from songs(3)
        raise OSError("the disk is gone")

    delivered: list[int] = []
    with pytest.raises(OSError, match="the disk is gone"):
        async for outcome in suno.batch(broken()):
            delivered.append(outcome.index)  # noqa: PERF401 what comes before the error counts
    assert sorted(delivered) == [0, 1, 2]


async def test_leaving_early_stops_the_submitting(suno: SunoClient, fake_suno: FakeSuno) -> None:
    """Left with `async with`, nothing more is sent, and what had left is accounted for."""
    async with suno.batch(songs(500)) as outcomes:
        async for _ in outcomes:
            break
    sent = len(fake_suno.ledger.of(MUSIC))
    await asyncio.sleep(100)
    assert len(fake_suno.ledger.of(MUSIC)) == sent < 500


@pytest.mark.parametrize(("seconds", "most"), [(0.5, 3), (1.0, 3), (2.0, 5), (5.0, 6)])
async def test_few_are_out_without_an_answer(seconds: float, most: int) -> None:
    """Two at first, then what the answers' time asks for: a kill would leave each in doubt."""
    late = (0.0, seconds)
    async with (
        FakeSuno(delay=lambda _: late) as slow,
        SunoClient("key", base_url=slow.url) as suno,
    ):
        asking = asyncio.create_task(outcomes_of(suno, songs(18)))
        await asyncio.sleep(0.9 * seconds)
        assert len(slow.ledger.of(MUSIC)) == 2
        assert len(await asking) == 18
    times = [entry.time for entry in slow.ledger.accepted(MUSIC)]
    out = [sum(begun <= at < begun + seconds for begun in times) for at in times]
    assert max(out) == most


@pytest.mark.parametrize("seconds", [0.5, 1.0])
async def test_few_out_at_one_time_waste_none_of_the_rate(seconds: float) -> None:
    """With answers of up to a second, 40 songs are submitted as soon as the rate lets them."""
    late = (0.0, seconds)
    async with (
        FakeSuno(delay=lambda _: late, count="submissions") as slow,
        SunoClient("key", base_url=slow.url, poll_limiter=RateLimiter(1_000)) as suno,
    ):
        await outcomes_of(suno, songs(40))
    times = [entry.time for entry in slow.ledger.accepted(MUSIC)]
    assert times[-1] - times[0] <= 10.05 + seconds + 20 * 0.5 + 1


@pytest.mark.parametrize("has_journal", [False, True])
async def test_near_the_end_no_submission_is_stuck_behind_polls(
    fake_suno: FakeSuno, tmp_path: Path, has_journal: bool
) -> None:
    """One that waits behind overdue polls goes first once the end is near, and is paid once."""
    journal = tmp_path / "songs.sqlite" if has_journal else None
    limiter = RateLimiter(burst=1)
    async with SunoClient("key", base_url=fake_suno.url, journal=journal, limiter=limiter) as suno:
        words = [GenerateLyrics(f"words {number}") for number in range(130)]
        delivered = await outcomes_of(suno, words)
    assert [outcome.error for outcome in delivered] == [None] * 130
    times = [entry.time for entry in fake_suno.ledger.accepted("generate-lyrics")]
    assert len(times) == 130
    assert max(later - earlier for earlier, later in pairwise(times)) < 30  # behind all polls: 41


async def test_many_small_batches_are_together_as_a_large_one(
    suno: SunoClient, fake_suno: FakeSuno
) -> None:
    """Each would be near its end if it were alone; all the same, songs are seen meanwhile."""
    words = [[GenerateLyrics(f"{batch} {number}") for number in range(100)] for batch in range(5)]
    started: list[int] = []

    async def run(batch: list[GenerateLyrics]) -> None:
        started.extend(
            [len(fake_suno.ledger.accepted("generate-lyrics")) async for _ in suno.batch(batch)]
        )

    await asyncio.gather(*map(run, words))
    assert len(started) == 500
    assert min(started) < 250  # when the first was seen; at most 500, which is after all others


async def test_left_means_that_nothing_of_it_runs_on() -> None:
    """Once it is left, no task of the batch is there, though a request is on its way."""
    async with FakeSuno(delay=(1.0, 1.0)) as slow, SunoClient("key", base_url=slow.url) as suno:
        before = asyncio.all_tasks()
        items: list[GenerateMusic | InvalidRequest] = [*songs(6)]
        items.insert(1, InvalidRequest("none"))
        async with suno.batch(items) as outcomes:
            await anext(aiter(outcomes))
            await asyncio.sleep(0.5)  # all is submitted, and no answer is in
            assert running_in("_batch_runner", but=before)
        assert not running_in("_batch_runner", but=before)


async def test_what_nobody_takes_is_not_fed(suno: SunoClient) -> None:
    """With 200 outcomes untaken the input is not read on, but for a little ahead."""
    read = 0

    def items() -> Iterator[GenerateMusic | InvalidRequest]:
        nonlocal read
        while read < 10_000:
            read += 1
            yield InvalidRequest("none")

    async with suno.batch(items()) as outcomes:
        await anext(aiter(outcomes))
        await asyncio.sleep(100)
        assert 200 <= read <= 800
        async for _ in outcomes:
            pass
    assert read == 10_000


async def test_breaking_out_of_the_loop_stops_the_submitting_too(
    suno: SunoClient, fake_suno: FakeSuno
) -> None:
    """A plain `break` pays for no more songs."""
    async for _ in suno.batch(songs(500)):
        break
    gc.collect()
    await asyncio.sleep(5)
    sent = len(fake_suno.ledger.of(MUSIC))
    polls = len(fake_suno.ledger)
    await asyncio.sleep(100)
    assert len(fake_suno.ledger.of(MUSIC)) == sent < 500
    assert len(fake_suno.ledger) == polls


async def test_a_wait_for_an_outcome_may_be_begun_again(suno: SunoClient) -> None:
    """A timeout around `anext` ends the wait, not the batch."""
    batch = suno.batch(songs(3))
    delivered: list[int] = []
    timeouts = 0
    while len(delivered) < 3:
        try:
            async with asyncio.timeout(20):
                delivered.append((await anext(batch)).index)
        except TimeoutError:
            timeouts += 1
    assert sorted(delivered) == [0, 1, 2]
    assert timeouts > 3
    with pytest.raises(StopAsyncIteration):
        await anext(batch)


async def test_a_cancelled_wait_pays_for_no_more_songs(
    suno: SunoClient, fake_suno: FakeSuno
) -> None:
    """Until the next outcome is wanted, at most the request goes that has its slot already."""
    batch = suno.batch(songs(60))
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(12):
            await anext(batch)
    sent = len(fake_suno.ledger.of(MUSIC))
    await asyncio.sleep(100)
    assert len(fake_suno.ledger.of(MUSIC)) <= sent + 1 < 40
    assert len([outcome async for outcome in batch]) == 60


async def test_a_batch_may_be_shared_by_workers(suno: SunoClient) -> None:
    """Each outcome goes to one of them; one that is cancelled takes none from the others."""
    delivered: list[list[int]] = [[], [], []]

    async def slowly() -> AsyncIterator[GenerateMusic]:
        for song in songs(9):
            await asyncio.sleep(60)
            yield song

    batch = suno.batch(slowly())

    async def work(number: int) -> None:
        async for outcome in batch:
            delivered[number].append(outcome.index)

    workers = [asyncio.create_task(work(number)) for number in range(3)]
    await asyncio.sleep(30)  # nothing is being made yet, so no outcome wakes anybody
    workers[0].cancel()
    async with asyncio.timeout(3600):
        ends = await asyncio.gather(*workers, return_exceptions=True)
    assert ends[1:] == [None, None]
    assert sorted(delivered[1] + delivered[2]) == [*range(9)]
    assert all(delivered[1:])


async def test_a_limiter_that_cancels_itself_costs_nothing(fake_suno: FakeSuno) -> None:
    """The request was not sent, so it is submitted again."""

    class Cancelled(RateLimiter):
        asked = 0

        async def acquire(self, priority: Priority = Priority.INTERACTIVE) -> Slot:
            self.asked += 1
            if self.asked == 2:
                raise asyncio.CancelledError
            return await super().acquire(priority)

    async with SunoClient("key", base_url=fake_suno.url, limiter=Cancelled()) as suno:
        delivered = await outcomes_of(suno, songs(3))
    assert [outcome.error for outcome in delivered] == [None] * 3
    assert len(fake_suno.ledger.accepted(MUSIC)) == 3


async def test_a_person_who_waits_for_a_song_of_a_batch_is_served_as_a_person(
    suno: SunoClient, fake_suno: FakeSuno
) -> None:
    """A task is a person's while a person listens to it, and a batch's before and after."""
    batch = suno.batch(songs(40))
    first = asyncio.ensure_future(anext(batch))
    await asyncio.sleep(2)
    task = suno.task(next(iter(fake_suno.tasks)), GenerateMusic)
    schedule = suno._engine.tasks.poller._schedule
    assert (task._is_interactive, schedule.people) == (False, 0)
    waiting = asyncio.ensure_future(task.wait("text"))
    await asyncio.sleep(0)
    assert (task._is_interactive, schedule.people) == (True, 1)
    await waiting
    assert (task._is_interactive, schedule.people) == (False, 0)
    await first
    assert len([outcome async for outcome in batch]) == 39
    assert schedule.people == 0


async def test_cancelling_loses_nothing(fake_suno: FakeSuno, tmp_path: Path) -> None:
    """Cancelled at any moment, every accepted song is in the journal."""
    for seconds in (0.1, 9.0, 35.0):
        async with client(fake_suno, tmp_path) as suno:
            running = asyncio.create_task(outcomes_of(suno, songs(60)))
            await asyncio.sleep(seconds)
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
    async with client(fake_suno, tmp_path) as suno:
        outcomes = await outcomes_of(suno, songs(60))
    assert not any(outcome.error for outcome in outcomes)
    prompts = Counter(entry.body["prompt"] for entry in fake_suno.ledger.accepted(MUSIC))
    assert len(prompts) == 60
    assert set(prompts.values()) == {1}


async def test_at_most_so_many_at_once(suno: SunoClient, fake_suno: FakeSuno) -> None:
    """`max_in_flight` bounds the tasks being made."""
    running = asyncio.create_task(outcomes_of(suno, songs(12), max_in_flight=4))
    most = 0
    while not running.done():
        await asyncio.sleep(1)
        now = asyncio.get_running_loop().time()
        jobs = fake_suno.tasks.values()
        most = max(most, sum(job.accepted + job.plan.complete > now for job in jobs))
    assert most == 4
    for bound in (0, -1, "4", 1.5):
        with pytest.raises(ConfigurationError, match="max_in_flight"):
            suno.batch(songs(1), max_in_flight=bound)  # type: ignore[arg-type]


async def test_run_again_it_pays_for_nothing_twice(fake_suno: FakeSuno, tmp_path: Path) -> None:
    """Done: delivered again. Same line twice: two songs. Added, reordered, removed: still known."""
    line, other, new = songs(3)
    async with client(fake_suno, tmp_path) as suno:
        first = await outcomes_of(suno, [line, line, other])
    assert len({outcome.task.id for outcome in first if outcome.task}) == 3
    async with client(fake_suno, tmp_path) as suno:
        requests = len(fake_suno.ledger)
        again = await outcomes_of(suno, [other, line])
        assert all(outcome.resumed for outcome in again)
        assert len(fake_suno.ledger) == requests
        assert again[0].task is not None
        assert again[0].task.id == (first[2].task and first[2].task.id)
        assert [track.id for track in again[0].result] == [t.id for t in first[2].result]
        more = await outcomes_of(suno, [new, other, line, line, line])
    assert [outcome.resumed for outcome in more] == [False, True, True, True, False]
    assert len(fake_suno.ledger.accepted(MUSIC)) == 5


async def test_what_is_done_with_each_former_end(fake_suno: FakeSuno, tmp_path: Path) -> None:
    """Failed, refused, unknown: each is delivered, and sent again only on its terms."""
    failed, refused, lost = songs(3)
    fake_suno.script(fail_at=30, status="GENERATE_AUDIO_FAILED")
    fake_suno.fail(Fault.envelope(413), on=MUSIC, skip=1)
    fake_suno.fail(Fault.RESET_AFTER_ACCEPT, on=MUSIC, skip=1)
    async with client(fake_suno, tmp_path) as suno:
        await outcomes_of(suno, [failed, refused, lost])
    async with client(fake_suno, tmp_path) as suno:
        again = await outcomes_of(suno, [failed, refused, lost])
        errors = [type(outcome.error) for outcome in again]
        assert errors == [TaskFailed, type(None), SubmissionUnknown]
        assert [outcome.resumed for outcome in again] == [True, False, False]
        assert len(fake_suno.ledger.accepted(MUSIC)) == 3
    async with client(fake_suno, tmp_path) as suno:
        terms = {"retry_failed": True, "resend_unknown": True}
        last = await outcomes_of(suno, [failed, refused, lost], **terms)
    assert [outcome.error for outcome in last] == [None, None, None]
    assert [outcome.resumed for outcome in last] == [False, True, False]


async def test_what_was_being_made_is_picked_up(fake_suno: FakeSuno, tmp_path: Path) -> None:
    """A batch that ended half-way goes on with the tasks it had."""
    async with client(fake_suno, tmp_path) as suno:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(20):
                await outcomes_of(suno, songs(10))
    async with client(fake_suno, tmp_path) as suno:
        outcomes = await outcomes_of(suno, songs(10))
    assert all(outcome.resumed for outcome in outcomes)
    assert len(fake_suno.ledger.accepted(MUSIC)) == 10


async def test_keys_of_submit_are_apart(suno: SunoClient) -> None:
    """Nobody takes a batch's key by accident."""
    with pytest.raises(ConfigurationError, match="batch:"):
        await suno.submit(GenerateMusic("x"), idempotency_key="batch:1")


async def test_a_task_that_never_ends_is_given_up(suno: SunoClient, fake_suno: FakeSuno) -> None:
    """Long after all others are done, polling ends with the token, not for ever."""
    loop = asyncio.get_running_loop()
    fake_suno.script(text=10, first=20, complete=1e9)
    (given_up,) = (one for one in await outcomes_of(suno, songs(2)) if one.error)
    assert isinstance(given_up.error, TaskTimeout)
    assert given_up.task is not None
    assert given_up.error.token == given_up.task.token
    assert 760 < loop.time() < 3600


async def test_memory_is_bounded_by_what_is_in_flight(
    suno: SunoClient, fake_suno: FakeSuno
) -> None:
    """An endless input is read a little ahead, and no further than what is wanted."""
    ideas = Endless()
    async with suno.batch(ideas, max_in_flight=5) as outcomes:
        async for outcome in outcomes:
            if outcome.index >= 20:
                break
    assert ideas.read <= 20 + 5 + 502
    assert len(fake_suno.ledger.of(MUSIC)) <= 40


async def test_people_amid_a_batch_are_served_first(suno: SunoClient, fake_suno: FakeSuno) -> None:
    """While 300 songs are made, a person's song is accepted and seen as if nothing else was."""
    fake_suno.balance = 1e6
    loop = asyncio.get_running_loop()
    running = asyncio.create_task(outcomes_of(suno, songs(300)))
    await asyncio.sleep(60)
    asked = loop.time()
    fake_suno.script(text=15, first=36.5, complete=148)
    task = await suno.generate_music("a person's")
    accepted = loop.time()
    assert accepted - asked < 2
    seen = [loop.time() - accepted async for _ in task]
    for at, expected in zip(seen, (15, 36.5, 148), strict=True):
        assert at - expected < 12
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


@pytest.mark.parametrize("seconds", [0.05, 0.5, 9.0, 35.0, 150.0, 171.0])
@pytest.mark.parametrize("is_cancelled", [True, False])
async def test_without_a_journal_what_is_undelivered_is_listed(
    suno: SunoClient,
    fake_suno: FakeSuno,
    caplog: pytest.LogCaptureFixture,
    seconds: float,
    *,
    is_cancelled: bool,
) -> None:
    """Left early, what was paid for is delivered or unclaimed, each once."""
    delivered: list[str] = []

    async def take() -> None:
        async with suno.batch(songs(60)) as outcomes:
            async for outcome in outcomes:
                assert outcome.task is not None
                delivered.append(outcome.task.id)
                if not is_cancelled:
                    break

    running = asyncio.create_task(take())
    await asyncio.wait([running], timeout=seconds if is_cancelled else None)
    running.cancel()
    await asyncio.wait([running])
    await asyncio.sleep(30)  # answers that are on their way
    unclaimed = [token.partition(":")[2] for token in suno.unclaimed]
    assert sorted(delivered + unclaimed) == sorted(fake_suno.tasks)
    left = [record for record in caplog.records if "batch that was left" in record.message]
    assert len(left) <= 1
    assert left or not unclaimed or seconds < 1


async def test_an_input_may_wait_for_its_outcomes() -> None:
    """An async generator that yields a song after each outcome gets each outcome."""
    async with FakeSuno() as fake, SunoClient("key", base_url=fake.url) as suno:
        is_delivered = asyncio.Event()

        async def one_by_one() -> AsyncIterator[GenerateMusic]:
            for number in range(3):
                yield GenerateMusic(f"song {number}")
                await is_delivered.wait()
                is_delivered.clear()

        delivered: list[int] = []
        async with asyncio.timeout(3600):
            async for outcome in suno.batch(one_by_one()):
                delivered.append(outcome.index)
                is_delivered.set()
        assert delivered == [0, 1, 2]


async def test_an_input_that_never_ends_is_left_when_it_is_of_no_use(
    suno: SunoClient, fake_suno: FakeSuno
) -> None:
    """After a wrong key the batch ends although its input would wait for ever."""
    closed = asyncio.Event()

    async def silent() -> AsyncIterator[GenerateMusic]:
        try:
            yield GenerateMusic("a song")
            await asyncio.Event().wait()
        finally:
            closed.set()

    fake_suno.fail(Fault.envelope(401), on=MUSIC)
    (outcome,) = await outcomes_of(suno, silent())
    assert isinstance(outcome.error, AuthenticationFailed)
    assert closed.is_set()


async def test_a_closed_client_ends_the_submitting(suno: SunoClient, fake_suno: FakeSuno) -> None:
    """Closed amid a batch, the rest of the input is not read."""
    ideas = Endless()
    running = asyncio.create_task(outcomes_of(suno, ideas))
    await asyncio.sleep(30)
    await suno.aclose()
    async with asyncio.timeout(60):
        outcomes = await running
    assert any(isinstance(outcome.error, ClientClosed) for outcome in outcomes)
    assert ideas.read < 1000


async def test_a_broken_journal_ends_the_submitting(
    fake_suno: FakeSuno, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What cannot be written down is not sent, nor is the rest."""

    async def full(*_: object, **__: object) -> None:
        raise JournalError("the disk is full")

    async with client(fake_suno, tmp_path) as suno:
        monkeypatch.setattr(SqliteJournal, "about_to_send", full)
        outcomes = await outcomes_of(suno, songs(50))
    assert 1 <= len(outcomes) < 5
    assert all(isinstance(outcome.error, JournalError) for outcome in outcomes)
    assert not fake_suno.ledger.of(MUSIC)


async def test_it_reports_what_is_being_made(fake_suno: FakeSuno, tmp_path: Path) -> None:
    """Each task is reported once it is accepted, or found in the journal still being made."""
    reported: dict[int, tuple[str, bool]] = {}

    def on_accepted(index: int, task: Task[Any], resumed: bool) -> None:
        assert not task.is_done
        reported[index] = (task.token, resumed)

    async with client(fake_suno, tmp_path) as suno:
        running = asyncio.create_task(outcomes_of(suno, songs(3), on_accepted=on_accepted))
        await asyncio.sleep(5)
        running.cancel()
        await asyncio.wait([running])
    first = {index: (token, True) for index, (token, _) in reported.items()}
    assert not any(resumed for _, resumed in reported.values())
    assert sorted(reported) == [0, 1, 2]
    reported.clear()
    async with client(fake_suno, tmp_path) as suno:
        outcomes = await outcomes_of(suno, songs(3), on_accepted=on_accepted)

    assert reported == first == {one.index: (one.task.token, True) for one in outcomes if one.task}
