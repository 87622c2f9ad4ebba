"""What a batch knows beforehand, and what it leaves said: journals in bulk, others, tokens."""

from __future__ import annotations

import asyncio
import gc
from shutil import copy
from typing import TYPE_CHECKING, Any

import pytest

from suno_async import ClientClosed, GenerateMusic, SubmissionUnknown, SunoClient
from suno_async._journal.sqlite import SqliteJournal
from suno_async.errors import Maintenance
from suno_async.testing import FakeSuno, Fault, Timetable, run_virtual

if TYPE_CHECKING:
    import logging
    from collections.abc import AsyncIterator, Iterable, Mapping
    from pathlib import Path

    from suno_async._journal.journal import Entry

MUSIC = "generate-music"


def songs(count: int) -> list[GenerateMusic]:
    """Some requests."""
    return [GenerateMusic(f"song {number}") for number in range(count)]


def client(fake: FakeSuno, tmp_path: Path) -> SunoClient:
    """A client with the test's journal."""
    return SunoClient("key", base_url=fake.url, journal=tmp_path / "songs.sqlite")


async def run(suno: SunoClient, items: Iterable[GenerateMusic], **given: Any) -> list[Any]:
    """All outcomes of a batch."""
    return [outcome async for outcome in suno.batch(items, **given)]


def warnings(caplog: pytest.LogCaptureFixture, words: str) -> list[logging.LogRecord]:
    """What was said at WARNING in these words."""
    return [
        one for one in caplog.records if one.levelname == "WARNING" and words in one.getMessage()
    ]


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A journal in which the first 250 songs are done; each test takes a copy."""
    folder = tmp_path_factory.mktemp("finished")

    async def make() -> None:
        at_once = Timetable(text=1, first=1, complete=1)
        async with FakeSuno(credits=1e6, timetable=at_once) as fake, client(fake, folder) as suno:
            await run(suno, songs(250))

    run_virtual(make())
    return folder / "songs.sqlite"


@pytest.mark.parametrize("has_length", [True, False])
async def test_run_again_it_asks_for_many_keys_at_once(
    fake_suno: FakeSuno,
    finished: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    *,
    has_length: bool,
) -> None:
    """A list of 250 that is done takes a few questions to the journal, not 250."""
    copy(finished, tmp_path)
    asked: list[int] = []
    find_many = SqliteJournal.find_many

    async def counted(self: SqliteJournal, submissions: Iterable[str]) -> Mapping[str, Entry]:
        keys = list(submissions)
        asked.append(len(keys))
        return await find_many(self, keys)

    monkeypatch.setattr(SqliteJournal, "find_many", counted)
    async with client(fake_suno, tmp_path) as suno:
        items = songs(250)
        outcomes = await run(suno, items if has_length else iter(items))
    assert [outcome.resumed for outcome in outcomes] == [True] * 250
    assert sum(asked) == 250
    assert max(asked) == 100
    assert len(asked) < 20
    assert fake_suno.ledger.entries == []


async def test_a_slow_input_is_not_waited_for(fake_suno: FakeSuno, tmp_path: Path) -> None:
    """The first item is submitted at once, not when a hundred have come."""

    async def slow() -> AsyncIterator[GenerateMusic]:
        for song in songs(3):
            yield song
            await asyncio.sleep(1000)

    async with client(fake_suno, tmp_path) as suno:
        loop = asyncio.get_running_loop()
        begun = loop.time()
        await anext(aiter(suno.batch(slow())))
        assert loop.time() - begun < 300


async def test_what_was_known_beforehand_sends_nothing_twice(
    fake_suno: FakeSuno, tmp_path: Path
) -> None:
    """Two batches of one list at once, new, failed or in doubt: what one sends the other finds."""
    async with client(fake_suno, tmp_path) as suno:
        await asyncio.gather(*(run(suno, songs(6)) for _ in range(2)))
        assert len(fake_suno.ledger.of(MUSIC)) == 6
    for number in range(6):
        fake_suno.script(fail_at=20, status="GENERATE_AUDIO_FAILED")
        async with client(fake_suno, tmp_path) as suno:
            await run(suno, [GenerateMusic(f"failed {number}")])
    failed = [GenerateMusic(f"failed {number}") for number in range(6)]
    async with client(fake_suno, tmp_path) as suno:
        ends = await asyncio.gather(
            *(run(suno, failed, retry_failed=True, max_in_flight=2) for _ in range(2))
        )
    assert len(fake_suno.ledger.of(MUSIC)) == 18
    assert {outcome.error for outcomes in ends for outcome in outcomes} == {None}


async def test_a_doubt_that_has_ended_meanwhile_is_none(
    fake_suno: FakeSuno, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the journal knew a moment before is asked again before a doubt is raised or resent."""
    fake_suno.fail(Fault.RESET_AFTER_ACCEPT, on=MUSIC)
    async with client(fake_suno, tmp_path) as suno:
        (lost,) = await run(suno, songs(1))
        assert isinstance(lost.error, SubmissionUnknown)
        key = lost.error.submission_id
    find_many = SqliteJournal.find_many
    (task_id,) = fake_suno.tasks

    async def outdated(self: SqliteJournal, submissions: Iterable[str]) -> Mapping[str, Entry]:
        known = await find_many(self, submissions)
        assert key is not None
        await self.recovered(key, task_id)
        return known

    monkeypatch.setattr(SqliteJournal, "find_many", outdated)
    async with client(fake_suno, tmp_path) as suno:
        (outcome,) = await run(suno, songs(1), resend_unknown=True)
    assert outcome.error is None
    assert len(fake_suno.ledger.of(MUSIC)) == 1


# --- what the list does not name ------------------------------------------------------------------


async def test_what_the_list_does_not_name_is_logged(
    fake_suno: FakeSuno, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Songs of other lists and of `submit` that are in progress or in doubt, counted at the end."""
    async with client(fake_suno, tmp_path) as suno:
        await (await suno.submit(GenerateMusic("done"), idempotency_key="done"))
        await suno.submit(GenerateMusic("mine"), idempotency_key="tg-1")
        fake_suno.fail(Fault.RESET_AFTER_ACCEPT, on=MUSIC)
        with pytest.raises(SubmissionUnknown):
            await suno.submit(GenerateMusic("lost"), idempotency_key="tg-2")
        async with suno.batch(songs(3)) as outcomes:
            async for _ in outcomes:
                break
        assert not warnings(caplog, "does not name"), "it was left: who knows what it would name"
    fake_suno.fail(Fault.RESET_AFTER_ACCEPT, on=MUSIC, skip=1)
    async with client(fake_suno, tmp_path) as suno:
        ends = await run(suno, [*songs(2), GenerateMusic("new"), GenerateMusic("new lost")])
        assert sum(isinstance(one.error, SubmissionUnknown) for one in ends) == 1
        open_ = [entry async for entry in suno.submissions("in_progress")]
    (logged,) = warnings(caplog, "does not name")
    assert f"has {len(open_)} submissions in progress and 1 in doubt" in logged.getMessage()
    assert "submissions(state='in_doubt')" in logged.getMessage()
    assert f"suno-async journal {tmp_path / 'songs.sqlite'}" in logged.getMessage()


async def test_what_the_list_names_is_not_logged(
    fake_suno: FakeSuno, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Its own doubts are outcomes, and what is over needs nobody; nor is it without a journal."""
    async with client(fake_suno, tmp_path) as suno:
        await (await suno.submit(GenerateMusic("done"), idempotency_key="done"))
        fake_suno.fail(Fault.RESET_AFTER_ACCEPT, on=MUSIC)
        await run(suno, songs(3))
    async with SunoClient("key", base_url=fake_suno.url) as suno:
        await suno.generate_music("another")
        await run(suno, songs(2))
    assert not warnings(caplog, "does not name")


# --- tokens, without a journal --------------------------------------------------------------------


async def test_a_body_that_raises_leaves_the_tokens_in_the_log(
    fake_suno: FakeSuno, caplog: pytest.LogCaptureFixture
) -> None:
    """15 songs are paid for when the loop's body raises: each is logged, by its token."""
    delivered: list[str] = []
    suno = SunoClient("key", base_url=fake_suno.url)
    with pytest.raises(ZeroDivisionError):
        async with suno:
            async for outcome in suno.batch(songs(15)):
                assert outcome.task is not None
                delivered.append(outcome.task.token)
                raise ZeroDivisionError
    tokens = {f"music:{task_id}" for task_id in fake_suno.tasks} - set(delivered)
    assert len(tokens) == 14
    assert set(suno.unclaimed) == tokens
    (record,) = warnings(caplog, "of a batch that was left")
    assert all(token in record.getMessage() for token in tokens)
    assert set(record.__dict__["tokens"]) == tokens


async def test_a_batch_still_held_at_closing_is_logged(
    fake_suno: FakeSuno, caplog: pytest.LogCaptureFixture
) -> None:
    """Its outcomes may be read yet, and then they are not unclaimed any more."""
    async with SunoClient("key", base_url=fake_suno.url) as suno:
        batch = suno.batch(songs(12))
        first = await anext(batch)
    tokens = {f"music:{task_id}" for task_id in fake_suno.tasks}
    assert first.task is not None
    assert set(suno.unclaimed) == tokens - {first.task.token}
    (record,) = warnings(caplog, "of a batch that was left")
    assert set(record.__dict__["tokens"]) == set(suno.unclaimed)
    second = await anext(batch)
    assert second.task is not None
    assert second.task.token not in suno.unclaimed
    assert len(suno.unclaimed) == 10
    del batch
    gc.collect()
    await asyncio.sleep(1)
    assert len(suno.unclaimed) == len(set(suno.unclaimed)) == 10
    assert len(warnings(caplog, "of a batch that was left")) == 1


async def test_what_is_delivered_is_not_warned_of(
    fake_suno: FakeSuno, caplog: pytest.LogCaptureFixture
) -> None:
    """Closed under a loop that reads all outcomes: each has its token there, none is unclaimed."""
    suno = SunoClient("key", base_url=fake_suno.url)
    running = asyncio.create_task(run(suno, songs(10)))
    await asyncio.sleep(20)
    await suno.aclose()
    outcomes = await running
    assert all(isinstance(one.error, ClientClosed) for one in outcomes if one.error)
    delivered = {one.task.token for one in outcomes if one.task is not None}
    assert delivered == {f"music:{task_id}" for task_id in fake_suno.tasks}
    assert suno.unclaimed == []
    assert not warnings(caplog, "unclaimed")


async def test_with_a_journal_the_tokens_are_there(fake_suno: FakeSuno, tmp_path: Path) -> None:
    """What the journal knows is not unclaimed: the same batch goes on with it."""
    suno = client(fake_suno, tmp_path)
    with pytest.raises(ZeroDivisionError):
        async with suno:
            async for _ in suno.batch(songs(5)):
                raise ZeroDivisionError
    assert suno.unclaimed == []


async def test_many_tokens_take_more_than_one_record(
    fake_suno: FakeSuno, caplog: pytest.LogCaptureFixture
) -> None:
    """A record of the log names a hundred at most, and none is left out."""
    fake_suno.balance = 1e6
    fake_suno.script(complete=5000)
    async with SunoClient("key", base_url=fake_suno.url) as suno:
        batch = suno.batch(songs(150))
        running = asyncio.create_task(anext(batch))
        await asyncio.sleep(120)
        running.cancel()
    named = [record.__dict__["tokens"] for record in warnings(caplog, "batch that was left")]
    assert max(map(len, named)) == 100
    assert sorted(token for tokens in named for token in tokens) == sorted(suno.unclaimed)
    assert len(suno.unclaimed) == len(fake_suno.tasks) > 100


async def test_a_caller_that_has_gone_has_its_token_in_the_record(
    fake_suno: FakeSuno, caplog: pytest.LogCaptureFixture
) -> None:
    """Cancelled after it had left: the token is in the record's text and in its `tokens`."""
    fake_suno.fail(Fault.DELAY_AFTER_ACCEPT.lasting(10), on=MUSIC)
    async with SunoClient("key", base_url=fake_suno.url) as suno:
        asking = asyncio.create_task(suno.generate_music("the sea"))
        await asyncio.sleep(5)
        asking.cancel()
    (token,) = suno.unclaimed
    (record,) = warnings(caplog, "after its caller had gone")
    assert token in record.getMessage()
    assert record.__dict__["tokens"] == [token]


@pytest.mark.parametrize("has_length", [True, False])
@pytest.mark.parametrize("patience", [0.0, 1000.0])
async def test_in_an_outage_what_is_known_is_delivered(
    fake_suno: FakeSuno, finished: Path, tmp_path: Path, patience: float, *, has_length: bool
) -> None:
    """Run again in an outage, songs of an earlier run do not wait behind those that are to come."""
    copy(finished, tmp_path)
    new = [GenerateMusic(f"another song {number}") for number in range(150)]
    items = [one for pair in zip(new, songs(150), strict=True) for one in pair]
    fake_suno.fail(Fault.envelope(455), on=MUSIC, times=None)
    loop = asyncio.get_running_loop()
    delivered: list[int] = []
    async with client(fake_suno, tmp_path) as suno:
        began = loop.time()
        with pytest.raises(Maintenance):
            async for one in suno.batch(items if has_length else iter(items), patience=patience):
                assert one.resumed
                assert loop.time() < began + 10
                delivered.append(one.index)
    assert delivered == [*range(1, 300, 2)]


async def test_in_an_outage_doubts_are_delivered_and_the_rest_goes_on(
    fake_suno: FakeSuno, tmp_path: Path
) -> None:
    """What an earlier run left in doubt is delivered meanwhile; what was set aside is sent once."""
    items = songs(60)
    fake_suno.fail(Fault.RESET_AFTER_ACCEPT, on=MUSIC, times=2)
    async with client(fake_suno, tmp_path) as suno:
        await run(suno, items[30:40])
    fake_suno.fail(Fault.envelope(455), on=MUSIC, times=None)
    before = len(fake_suno.ledger.accepted(MUSIC))
    async with client(fake_suno, tmp_path) as suno:
        batch = suno.batch(items, max_in_flight=4)
        early = [(await anext(batch)).index for _ in range(10)]
        fake_suno.clear_faults()
        late = [outcome async for outcome in batch]
    assert sorted(early) == [*range(30, 40)]
    assert sorted(one.index for one in late) == [*range(30), *range(40, 60)]
    sent = [entry.body["prompt"] for entry in fake_suno.ledger.accepted(MUSIC)[before:]]
    assert sorted(sent) == sorted(f"song {number}" for number in (*range(30), *range(40, 60)))


async def test_in_an_outage_an_endless_input_is_not_kept(
    fake_suno: FakeSuno, tmp_path: Path
) -> None:
    """Of an input whose end is not in sight, an outage sets nothing aside: memory is bounded."""
    read = 0

    def endless() -> Iterable[GenerateMusic]:
        nonlocal read
        while True:
            read += 1
            yield GenerateMusic(f"song {read}")

    fake_suno.fail(Fault.envelope(455), on=MUSIC, times=None)
    async with client(fake_suno, tmp_path) as suno:
        with pytest.raises(Maintenance):
            await run(suno, endless(), patience=5000)
    assert read < 520
