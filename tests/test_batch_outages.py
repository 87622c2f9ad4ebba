"""Outages under a batch: the submitting is parked, and goes on; nothing is lost, doubts are few."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from itertools import pairwise
from math import inf, nan
from typing import TYPE_CHECKING, Any

import pytest
from moments import running_in

from benchmarks.outages import DISTURBANCES, disturbed
from suno_async import (
    AuthenticationFailed,
    ClientClosed,
    ConfigurationError,
    ConnectionFailed,
    GenerateMusic,
    InsufficientCredits,
    InvalidRequest,
    Outcome,
    RateLimited,
    RateLimiter,
    RetryPolicy,
    SubmissionUnknown,
    SunoClient,
)
from suno_async.errors import BadRequest, Maintenance
from suno_async.testing import FakeSuno, Fault

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

MUSIC = "generate-music"
CREDITS = "get_credits"


def songs(count: int) -> list[GenerateMusic]:
    """Some requests."""
    return [GenerateMusic(f"song {number}") for number in range(count)]


def doubles(fake: FakeSuno) -> list[str]:
    """The prompts that the service accepted more than once."""
    prompts = Counter(entry.body["prompt"] for entry in fake.ledger.accepted(MUSIC))
    return [prompt for prompt, count in prompts.items() if count > 1]


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    """What batches said at WARNING."""
    records = [one for one in caplog.records if one.levelno >= logging.WARNING]
    return [one.message for one in records if one.message.startswith("A batch ")]


@pytest.mark.parametrize("seconds", [5.0, 600.0])
@pytest.mark.parametrize("name", DISTURBANCES)
async def test_an_outage_amid_a_batch_loses_nothing(
    name: str, seconds: float, tmp_path: Path
) -> None:
    """All of 60 songs are delivered, at most 8 of them as doubts, and none is paid for twice."""
    journal = tmp_path / "songs.sqlite"
    report = await disturbed(name, seconds, songs=60, at=20, journal=journal)
    assert sorted(one.index for one in report.outcomes) == [*range(60)]
    assert report.went_on(60)
    assert report.doubts <= 8
    assert (report.unreported, report.doubled) == (0, 0)


@pytest.mark.parametrize("on", [None, MUSIC])
@pytest.mark.parametrize("fault", [Fault.NEVER, Fault.NEVER_AFTER_ACCEPT, Fault.RESET_AFTER_READ])
async def test_a_server_that_never_answers_costs_8_doubts_at_most(
    fake_suno: FakeSuno, caplog: pytest.LogCaptureFixture, fault: Fault, on: str | None
) -> None:
    """Whatever the list and the patience; where the free question is answered, the batch ends."""
    fake_suno.fail(fault, on=on, times=None)
    delivered: list[Outcome[Any]] = []
    async with SunoClient("key", base_url=fake_suno.url) as suno:
        batch = suno.batch(songs(500), patience=None)
        if on is None:
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(6 * 3600):
                    delivered.extend([one async for one in batch])
        else:
            with pytest.raises(SubmissionUnknown):
                async for one in batch:
                    delivered.append(one)  # noqa: PERF401 what comes before the error counts
            assert len(delivered) == 8
            assert warnings(caplog)[-1].endswith("requests that were not submitted: 492")
    assert len(fake_suno.ledger.of(MUSIC)) == (3 if on is None else 8)


async def test_trials_come_at_growing_distances(fake_suno: FakeSuno) -> None:
    """With answers to the free question alone, each trial waits four times as long."""
    fake_suno.fail(Fault.RESET_AFTER_READ, on=MUSIC, times=None)
    async with SunoClient("key", base_url=fake_suno.url) as suno:
        with pytest.raises(SubmissionUnknown):
            [_ async for _ in suno.batch(songs(20), patience=None)]
    times = [entry.time for entry in fake_suno.ledger.of(MUSIC)]
    gaps = [later - earlier for earlier, later in pairwise(times[3:])]
    for gap, least in zip(gaps, (30, 120, 480, 1920), strict=True):
        assert least <= gap <= least + 75


async def test_probes_come_at_growing_distances(fake_suno: FakeSuno) -> None:
    """Without a network the free question is asked after 1, 2, 4 … seconds, up to a minute."""
    limiter = RateLimiter()
    asked: list[float] = []

    async with SunoClient("key", base_url=fake_suno.url, limiter=limiter) as suno:
        fake_suno.fail(Fault.envelope(455), times=None)
        with pytest.raises(Maintenance):
            [_ async for _ in suno.batch(songs(3), patience=600)]
        asked = [entry.time for entry in fake_suno.ledger.of(CREDITS)]
    gaps = [later - earlier for earlier, later in pairwise(asked)]
    assert 0.5 < asked[0] < 2
    assert all(0.7 * 2**n <= gap <= 1.3 * 2**n for n, gap in enumerate(gaps[:5], 1))
    assert all(gap <= 75 for gap in gaps)
    assert asked[-1] == pytest.approx(600, abs=1)
    assert len(fake_suno.ledger.of(MUSIC)) <= 4


@pytest.mark.parametrize("asked", ["300", "1e9"])
async def test_a_probe_is_put_off_as_asked_within_reason(
    suno: SunoClient, fake_suno: FakeSuno, asked: str
) -> None:
    """`Retry-After` is obeyed, but a batch is not put off for years by a strange one."""
    fake_suno.fail(Fault.envelope(455).retry_after(asked), times=None)
    running = asyncio.create_task(_all(suno.batch(songs(5), patience=None)))
    await asyncio.sleep(100)
    assert not fake_suno.ledger.of(CREDITS)
    fake_suno.clear_faults()
    async with asyncio.timeout(1200):
        assert [outcome.error for outcome in await running] == [None] * 5


async def test_one_goes_out_before_the_rest() -> None:
    """After an outage, the second request leaves when the first one is answered."""
    late = (0.0, 1.0)
    async with FakeSuno(delay=lambda _: late) as slow, SunoClient("key", base_url=slow.url) as suno:
        slow.fail(Fault.envelope(455), times=None)
        running = asyncio.create_task(anext(suno.batch(songs(8))))
        await asyncio.sleep(20)
        slow.clear_faults()
        before = len(slow.ledger.of(MUSIC))
        await asyncio.sleep(60)
        first, second, *_ = [entry.time for entry in slow.ledger.of(MUSIC)[before:]]
        assert second >= first + 1.0
        assert len(slow.ledger.accepted(MUSIC)) == 8
        running.cancel()


async def test_what_is_accepted_is_delivered_meanwhile(
    suno: SunoClient, fake_suno: FakeSuno
) -> None:
    """While submissions are in maintenance, songs that were accepted are polled to their end."""
    fake_suno.fail(Fault.envelope(455), on=MUSIC, times=None, skip=5)
    delivered: list[int] = []

    async def take() -> None:
        async for outcome in suno.batch(songs(50)):
            assert outcome.error is None
            delivered.append(outcome.index)

    taking = asyncio.create_task(take())
    await asyncio.sleep(900)
    assert len(delivered) == 5
    fake_suno.clear_faults()
    await taking
    assert sorted(delivered) == [*range(50)]


async def test_it_says_when_it_parks_and_when_it_goes_on(
    suno: SunoClient, fake_suno: FakeSuno, caplog: pytest.LogCaptureFixture
) -> None:
    """One warning says what happened and how many wait, and another one that it is over."""
    fake_suno.fail(Fault.envelope(455), times=None)
    running = asyncio.create_task(anext(suno.batch(songs(30))))
    await asyncio.sleep(100)
    assert len(warnings(caplog)) == 1
    assert "Maintenance, code 455" in warnings(caplog)[0]
    assert "requests that wait: 30" in warnings(caplog)[0]
    fake_suno.clear_faults()
    await running
    assert len(warnings(caplog)) == 2
    assert warnings(caplog)[1].startswith("A batch goes on after 1")


@pytest.mark.parametrize("patience", [0, 0.0, 60, 3600.0])
async def test_patience_ends_it_aloud(
    fake_suno: FakeSuno, caplog: pytest.LogCaptureFixture, patience: float
) -> None:
    """What was paid for is delivered, then the outage is raised; a warning counts what is left."""
    loop = asyncio.get_running_loop()
    limiter = RateLimiter(burst=1)
    fake_suno.fail(Fault.envelope(455), on=MUSIC, times=None, skip=5)
    delivered: list[Outcome[Any]] = []
    async with SunoClient("key", base_url=fake_suno.url, limiter=limiter) as suno:
        with pytest.raises(Maintenance):
            async for outcome in suno.batch(songs(400), patience=patience):
                delivered.append(outcome)  # noqa: PERF401 what comes before the error counts
    assert [outcome.error for outcome in delivered] == [None] * 5
    assert warnings(caplog)[-1] == (
        "A batch ends (Maintenance, code 455); requests that were not submitted: 395"
    )
    assert loop.time() >= patience


async def test_an_input_of_unknown_length_is_counted_as_far_as_it_was_read(
    fake_suno: FakeSuno, caplog: pytest.LogCaptureFixture
) -> None:
    """An endless input has no count; the warning says how many are there at least."""

    def endless() -> Iterator[GenerateMusic]:
        while True:
            yield GenerateMusic("a song")

    fake_suno.fail(Fault.envelope(455), times=None)
    async with SunoClient("key", base_url=fake_suno.url) as suno:
        with pytest.raises(Maintenance):
            [_ async for _ in suno.batch(endless(), patience=5)]
    assert "not submitted: 50" in warnings(caplog)[-1]
    assert warnings(caplog)[-1].endswith(" or more")


@pytest.mark.parametrize("patience", [-1, nan, "60", True])
def test_patience_is_a_time(patience: Any) -> None:
    """Anything else is refused at once, with what it must be."""
    suno = SunoClient("key")
    with pytest.raises(ConfigurationError, match="patience must be seconds"):
        suno.batch(songs(1), patience=patience)
    for good in (None, 0, 1.5, inf):
        suno.batch(songs(1), patience=good)


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (Fault.envelope(401), AuthenticationFailed),
        (Fault.envelope(429, "The current credits are insufficient."), InsufficientCredits),
    ],
)
async def test_what_waiting_does_not_help_ends_it_aloud(
    fake_suno: FakeSuno,
    caplog: pytest.LogCaptureFixture,
    fault: Fault,
    error: type[Exception],
) -> None:
    """A wrong key and no credits: that request's outcome says so, a warning counts the rest."""
    fake_suno.fail(fault, on=MUSIC, times=None, skip=5)
    limiter = RateLimiter(burst=1)
    async with SunoClient("key", base_url=fake_suno.url, limiter=limiter) as suno:
        delivered = [outcome async for outcome in suno.batch(songs(100))]
    ended = [outcome.error for outcome in delivered if outcome.error is not None]
    assert len(ended) == len(delivered) - 5 >= 1
    assert all(isinstance(one, error) for one in ended)
    (said,) = warnings(caplog)
    assert error.__name__ in said
    assert said.endswith(f"not submitted: {100 - len(delivered)}")


async def test_a_refusal_is_no_outage(suno: SunoClient, fake_suno: FakeSuno) -> None:
    """Requests that the service finds wrong are outcomes, and hold up nobody."""
    fake_suno.fail(Fault.envelope(400), on=MUSIC, times=10)
    delivered = [outcome async for outcome in suno.batch(songs(20))]
    assert sum(isinstance(outcome.error, BadRequest) for outcome in delivered) == 10
    assert not fake_suno.ledger.of(CREDITS)


async def test_two_doubts_are_no_outage(in_order: SunoClient, fake_suno: FakeSuno) -> None:
    """Only three in a row park it: an answer between them begins the count anew."""
    for _ in range(3):
        fake_suno.fail(Fault.RESET_AFTER_READ, on=MUSIC, times=2)
        fake_suno.fail(Fault.envelope(400), on=MUSIC)
    delivered = [outcome async for outcome in in_order.batch(songs(12))]
    assert sum(isinstance(outcome.error, SubmissionUnknown) for outcome in delivered) == 6
    assert not fake_suno.ledger.of(CREDITS)


@pytest.fixture
async def in_order(fake_suno: FakeSuno) -> AsyncIterator[SunoClient]:
    """A client whose requests arrive one after the other, for slow ones have their answers."""
    limiter = RateLimiter(burst=1)
    async with SunoClient("key", base_url=fake_suno.url, limiter=limiter) as suno:
        yield suno


async def test_doubts_of_an_earlier_run_are_none_of_this_one(
    fake_suno: FakeSuno, tmp_path: Path
) -> None:
    """The journal's unknowns are delivered, and say nothing of the service now."""
    journal = tmp_path / "songs.sqlite"
    fake_suno.fail(Fault.RESET_AFTER_READ, on=MUSIC, times=None)
    async with SunoClient("key", base_url=fake_suno.url, journal=journal) as suno:
        with pytest.raises(SubmissionUnknown):
            [_ async for _ in suno.batch(songs(20), patience=0)]
    fake_suno.clear_faults()
    before = len(fake_suno.ledger.of(CREDITS))
    async with SunoClient("key", base_url=fake_suno.url, journal=journal) as suno:
        delivered = [outcome async for outcome in suno.batch(songs(20))]
    assert 3 <= sum(outcome.error is not None for outcome in delivered) <= 8
    assert len(delivered) == 20
    assert len(fake_suno.ledger.of(CREDITS)) == before


async def test_what_the_journal_knows_is_no_trial(fake_suno: FakeSuno, tmp_path: Path) -> None:
    """Run again in an outage: songs of an earlier run come out, and the rest waits for its end."""
    journal = tmp_path / "songs.sqlite"
    async with SunoClient("key", base_url=fake_suno.url, journal=journal) as suno:
        assert len([_ async for _ in suno.batch(songs(30)[10:])]) == 20
    fake_suno.fail(Fault.envelope(455), on=MUSIC, times=None)
    async with SunoClient("key", base_url=fake_suno.url, journal=journal) as suno:
        batch = suno.batch(songs(30))
        running = asyncio.create_task(_all(batch))
        await asyncio.sleep(120)
        fake_suno.clear_faults()
        delivered = await running
    assert [outcome.index for outcome in delivered if outcome.resumed] == [*range(10, 30)]
    assert len(delivered) == 30
    assert doubles(fake_suno) == []


async def _all(batch: Any) -> list[Outcome[Any]]:
    return [outcome async for outcome in batch]


async def test_indices_and_keys_stay_as_they_were(fake_suno: FakeSuno, tmp_path: Path) -> None:
    """The same line thrice through an outage: three songs, each known again by the next run."""
    line, other = songs(2)
    lines = [line, other, line, InvalidRequest("none"), line]
    journal = tmp_path / "songs.sqlite"
    fake_suno.fail(Fault.envelope(455), times=None)
    async with SunoClient("key", base_url=fake_suno.url, journal=journal) as suno:
        running = asyncio.create_task(_all(suno.batch(lines)))
        await asyncio.sleep(50)
        fake_suno.clear_faults()
        first = {one.index: one.task and one.task.id for one in await running}
    async with SunoClient("key", base_url=fake_suno.url, journal=journal) as suno:
        again = {one.index: one.task and one.task.id for one in await _all(suno.batch(lines))}
    assert first == again
    assert len(fake_suno.ledger.accepted(MUSIC)) == 4


async def test_refusals_for_rate_that_last_park_it(fake_suno: FakeSuno) -> None:
    """Another program uses up the rate for an hour: nothing is paid, and nothing is lost."""
    fake_suno.fail(Fault.envelope(430), on=MUSIC, times=None)
    retry = RetryPolicy(max_attempts=2)
    async with SunoClient("key", base_url=fake_suno.url, retry=retry) as suno:
        with pytest.raises(RateLimited):
            await suno.submit(songs(1)[0])
        running = asyncio.create_task(_all(suno.batch(songs(10))))
        await asyncio.sleep(1800)
        asked = len(fake_suno.ledger.of(MUSIC))
        fake_suno.clear_faults()
        delivered = await running
    assert asked < 120
    assert [outcome.error for outcome in delivered] == [None] * 10


async def test_a_black_hole_is_no_network(
    fake_suno: FakeSuno, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Connecting that never ends leaves no doubt, and nothing is lost."""
    is_open = asyncio.Event()
    create = asyncio.get_running_loop().create_connection

    async def swallowed(*args: Any, **kwargs: Any) -> Any:
        await is_open.wait()
        return await create(*args, **kwargs)

    async with SunoClient("key", base_url=fake_suno.url) as suno:
        with monkeypatch.context() as patch:
            patch.setattr(asyncio.get_running_loop(), "create_connection", swallowed)
            patch.setattr("aiohttp.connector.aiohappyeyeballs.start_connection", swallowed)
            running = asyncio.create_task(_all(suno.batch(songs(10))))
            await asyncio.sleep(300)
        is_open.set()
        delivered = await running
    assert [outcome.error for outcome in delivered] == [None] * 10


async def test_a_closed_client_ends_a_parked_batch(fake_suno: FakeSuno) -> None:
    """Closed while it is parked, it ends at once, with `ClientClosed`."""
    fake_suno.fail(Fault.envelope(455), times=None)
    loop = asyncio.get_running_loop()
    async with SunoClient("key", base_url=fake_suno.url) as suno:
        running = asyncio.create_task(_all(suno.batch(songs(100), patience=None)))
        await asyncio.sleep(500)
    closed = loop.time()
    (outcome,) = await running
    assert isinstance(outcome.error, ClientClosed)
    assert loop.time() < closed + 1


async def test_a_closed_client_ends_a_batch_parked_by_doubts(fake_suno: FakeSuno) -> None:
    """Closed while it waits for the time of its next trial, it does not ask for ever at once."""
    fake_suno.fail(Fault.RESET_AFTER_READ, on=MUSIC, times=None)
    async with SunoClient("key", base_url=fake_suno.url) as suno:
        running = asyncio.create_task(_all(suno.batch(songs(100), patience=None)))
        await asyncio.sleep(500)
    delivered = await running
    assert [type(one.error) for one in delivered[:-1]] == [SubmissionUnknown] * (len(delivered) - 1)
    assert isinstance(delivered[-1].error, ClientClosed)


@pytest.mark.parametrize("seconds", [0.5, 20.0, 31.0, 45.0, 500.0])
@pytest.mark.parametrize("fault", [Fault.NEVER, Fault.envelope(455)])
async def test_left_while_parked_nothing_runs_on(
    suno: SunoClient, fake_suno: FakeSuno, fault: Fault, seconds: float
) -> None:
    """Left early, no task of the batch is there, and nothing more is asked."""
    before = asyncio.all_tasks()
    fake_suno.fail(fault, times=None)
    with pytest.raises(TimeoutError):
        async with suno.batch(songs(100)) as outcomes, asyncio.timeout(seconds):
            async for outcome in outcomes:
                assert isinstance(outcome.error, SubmissionUnknown)
                assert running_in("_batch_runner", but=before)
            await asyncio.sleep(1e4)
    assert not running_in("_batch_runner", but=before)
    asked = len(fake_suno.ledger)
    await asyncio.sleep(300)
    assert len(fake_suno.ledger) == asked


async def test_a_wait_while_parked_may_be_begun_again(
    suno: SunoClient, fake_suno: FakeSuno
) -> None:
    """Timeouts around the next outcome end no batch; while nobody waits, nothing is paid."""
    fake_suno.fail(Fault.envelope(455), times=None)
    batch = suno.batch(songs(6))
    for _ in range(20):
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(anext(batch), 3)
    fake_suno.clear_faults()
    await asyncio.sleep(1000)
    assert len(fake_suno.ledger.accepted(MUSIC)) <= 1
    assert len(await _all(batch)) == 6


async def test_workers_share_a_parked_batch(suno: SunoClient, fake_suno: FakeSuno) -> None:
    """Several readers share it through an outage, one of which is cancelled: each outcome once."""
    delivered: list[int] = []
    batch = suno.batch(songs(20), max_in_flight=5)

    async def work() -> None:
        async for outcome in batch:
            assert outcome.error is None
            delivered.append(outcome.index)

    fake_suno.fail(Fault.envelope(455), times=None, skip=6)
    workers = [asyncio.create_task(work()) for _ in range(3)]
    await asyncio.sleep(40)
    workers[0].cancel()
    await asyncio.sleep(400)
    fake_suno.clear_faults()
    ends = await asyncio.gather(*workers, return_exceptions=True)
    assert ends[1:] == [None, None]
    assert sorted(delivered) == [*range(20)]


async def test_what_patience_raises_comes_once(suno: SunoClient, fake_suno: FakeSuno) -> None:
    """One of several workers gets the error, and the others an end."""
    fake_suno.fail(Fault.envelope(455), times=None)
    batch = suno.batch(songs(20), patience=10)
    ends = await asyncio.gather(*(_all(batch) for _ in range(3)), return_exceptions=True)
    assert sorted(str(type(one).__name__) for one in ends) == ["Maintenance", "list", "list"]


async def test_the_last_of_a_list_may_be_in_doubt(suno: SunoClient, fake_suno: FakeSuno) -> None:
    """With nothing left to submit, doubts at the end of a list wait for nothing."""
    fake_suno.fail(Fault.NEVER, on=MUSIC, times=None)
    delivered = await _all(suno.batch(songs(3), patience=None))
    assert len(delivered) == 3
    assert not fake_suno.ledger.of(CREDITS)


async def test_an_outage_begins_while_a_request_waits_for_its_slot() -> None:
    """It is called back before it leaves, and goes first afterwards."""
    late = (0.0, 2.0)
    async with FakeSuno(delay=lambda _: late) as slow:
        limiter = RateLimiter(burst=1)
        async with SunoClient("key", base_url=slow.url, limiter=limiter) as suno:
            slow.fail(Fault.envelope(455), times=None, skip=2)
            running = asyncio.create_task(_all(suno.batch(songs(10))))
            await asyncio.sleep(200)
            slow.clear_faults()
            delivered = await running
        assert sorted(one.index for one in delivered) == [*range(10)]
        accepted = [entry.body["prompt"] for entry in slow.ledger.accepted(MUSIC)]
        assert accepted == [f"song {number}" for number in range(10)]


async def test_without_a_connection_only_the_time_counts() -> None:
    """A paid request goes on until the policy's time is over, and the last attempt is then."""
    async with FakeSuno() as fake:
        base_url, port = fake.url, int(fake.url.rpartition(":")[2])
    loop = asyncio.get_running_loop()
    async with SunoClient("key", base_url=base_url) as suno:
        with pytest.raises(ConnectionFailed):
            await suno.submit(songs(1)[0])
        assert loop.time() == pytest.approx(120, abs=1)
        asking = asyncio.create_task(suno.submit(songs(1)[0]))
        await asyncio.sleep(60)
        assert not asking.done()
        async with FakeSuno() as other:
            await other.close()
            await other.start(port=port)
            assert (await asking).id in other.tasks
        with pytest.raises(ConnectionFailed):
            await suno.get_credits()
