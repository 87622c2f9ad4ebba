"""What a journal is asked for: its submissions by state, and to be pruned."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from suno_async import (
    ClientClosed,
    ConfigurationError,
    GenerateMusic,
    JournalEntry,
    SubmissionState,
    SubmissionUnknown,
    SunoClient,
    TaskFailed,
)
from suno_async._journal import memory, sqlite
from suno_async._journal.memory import MemoryJournal
from suno_async._journal.sqlite import SqliteJournal
from suno_async.errors import NotFound
from suno_async.testing import FakeSuno, Fault

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from suno_async._journal.journal import Journal

MUSIC = "generate-music"
SEA = GenerateMusic("the sea")
DAY = timedelta(days=1)


@pytest.fixture(params=["with a journal", "without"])
async def suno(
    request: pytest.FixtureRequest, fake_suno: FakeSuno, tmp_path: Path
) -> AsyncIterator[SunoClient]:
    """A client that keeps a journal, and one that keeps none."""
    journal = tmp_path / "songs.sqlite" if request.param == "with a journal" else None
    async with SunoClient("key", base_url=fake_suno.url, journal=journal) as client:
        yield client


@pytest.fixture
async def journal(tmp_path: Path) -> AsyncIterator[SqliteJournal]:
    """A journal alone."""
    journal = SqliteJournal(tmp_path / "songs.sqlite")
    yield journal
    await journal.close()


def client(fake: FakeSuno, tmp_path: Path) -> SunoClient:
    """A client with the test's journal."""
    return SunoClient("key", base_url=fake.url, journal=tmp_path / "songs.sqlite")


async def all_states(suno: SunoClient, fake: FakeSuno) -> dict[str, str]:
    """Bring about a submission in each state; what each is called, by key."""
    done = await suno.submit(SEA, idempotency_key="its done")
    await done
    fake.script(fail_at=20, status="GENERATE_AUDIO_FAILED")
    with pytest.raises(TaskFailed):
        await (await suno.submit(SEA, idempotency_key="its failed"))
    fake.fail(Fault.RESET_AFTER_ACCEPT, on=MUSIC)
    with pytest.raises(SubmissionUnknown):
        await suno.submit(SEA, idempotency_key="its doubt")
    await suno.submit(SEA, idempotency_key="its progress")
    return {
        "its done": "done",
        "its failed": "failed",
        "its doubt": "in_doubt",
        "its progress": "in_progress",
    }


async def listed(suno: SunoClient, state: Any = None) -> dict[str, JournalEntry]:
    """The entries, by key."""
    return {entry.key: entry async for entry in suno.submissions(state)}


async def test_each_state_is_listed(suno: SunoClient, fake_suno: FakeSuno) -> None:
    """All of them in their order, and those of one state, by its name or its member."""
    expected = await all_states(suno, fake_suno)
    known = await listed(suno)
    assert {key: entry.state for key, entry in known.items()} == expected
    assert list(known) == list(expected)
    for key, state in expected.items():
        assert list(await listed(suno, state)) == [key]
        assert list(await listed(suno, SubmissionState(state))) == [key]


async def test_what_an_entry_says_of_each(suno: SunoClient, fake_suno: FakeSuno) -> None:
    """Token, operation, kind and aware times, as far as each has come."""
    before = datetime.now(UTC) - timedelta(seconds=2)
    await all_states(suno, fake_suno)
    known = await listed(suno)
    for entry in known.values():
        assert (entry.operation_name, entry.kind) == ("GenerateMusic", "music")
        assert before <= entry.sent_at <= datetime.now(UTC)
        assert json.loads(json.dumps(entry.to_dict()))["state"] == entry.state
        assert entry.key in repr(entry)
    doubt, progress = known["its doubt"], known["its progress"]
    assert (doubt.token, doubt.accepted_at, doubt.done_at) == (None, None, None)
    assert (progress.operation, doubt.operation) == (SEA, SEA)
    assert progress.token is not None
    assert suno.task(progress.token).id in fake_suno.tasks
    assert progress.accepted_at is not None
    assert progress.done_at is None
    for name in ("its done", "its failed"):
        assert known[name].done_at is not None
        assert known[name].token is not None


async def test_what_it_brought_is_in_its_entry(fake_suno: FakeSuno, tmp_path: Path) -> None:
    """Of what is in a file, also the result or why there is none."""
    async with client(fake_suno, tmp_path) as suno:
        await all_states(suno, fake_suno)
        style = await suno.boost_style("folk")
        known = await listed(suno)
        assert [len(track.id) > 0 for track in known["its done"].result] == [True, True]
        assert known["its done"].failure is None
        failure = known["its failed"].failure
        assert failure is not None
        assert failure.status == "GENERATE_AUDIO_FAILED"
        for name in ("its failed", "its doubt", "its progress"):
            assert known[name].result is None
        assert known["its progress"].failure is None
        (call,) = [entry for entry in known.values() if entry.operation_name == "BoostStyle"]
        assert (call.result, call.failure, call.token, call.kind) == (style, None, None, None)


@pytest.mark.parametrize("state", ["over", "DONE", "", 1, b"done"])
async def test_what_is_no_state(suno: SunoClient, state: object) -> None:
    """A misspelt state is an error when it is asked for, not an empty list."""
    with pytest.raises(ConfigurationError, match="state must be one of in_progress, in_doubt"):
        suno.submissions(state)  # type: ignore[arg-type]


async def test_a_closed_client_lists_no_more(suno: SunoClient, fake_suno: FakeSuno) -> None:
    """Closed before or amid the list, it says so."""
    await all_states(suno, fake_suno)
    listing = suno.submissions()
    await anext(listing)
    await suno.aclose()
    with pytest.raises(ClientClosed):
        await anext(listing)
    with pytest.raises(ClientClosed):
        await anext(suno.submissions())


async def filled(journal: SqliteJournal, count: int) -> None:
    """Put many songs into a journal: nine of ten done, then in progress, in doubt, failed."""
    await journal.open()
    fields, outcome = json.dumps({"prompt": "x"}), json.dumps({"data": {"x": "y" * 3000}})
    states = [("t", 0, 1)] * 37 + [("t", 0, 0), (None, 0, 0), ("t", 1, 1)]

    def write() -> None:
        db = journal._file._open_db
        with db:
            for number in range(count):
                task, failed, is_done = states[number % len(states)]
                db.execute(
                    "INSERT INTO submission (id, operation, digest, kind, task, has_failed, "
                    "done_at, fields, outcome) VALUES (?, 'GenerateMusic', '', 'music', ?, ?, ?, "
                    "?, ?)",
                    (
                        f"k{number}",
                        task and f"t{number}",
                        failed,
                        "2026-01-01 00:00:00" if is_done else None,
                        fields,
                        outcome if is_done else None,
                    ),
                )

    await journal._file.do(write)


async def test_many_are_listed_a_page_at_a_time(
    journal: SqliteJournal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each once and in order, however they lie; in between others write."""
    monkeypatch.setattr(sqlite, "_WINDOW", 150)
    await filled(journal, 2000)
    for state in (None, *SubmissionState):
        listed: list[str] = []
        async for entry in journal.entries(state):
            listed.append(entry.id)
            if len(listed) % 100 == 1:
                await journal.about_to_send(f"new {state}", "GenerateMusic", {}, "music")
                await journal.take_back(f"new {state}")
        share = {None: 2000, SubmissionState.DONE: 1850}.get(state, 50)
        assert len(listed) == len(set(listed)) == share
        assert listed == sorted(listed, key=lambda key: int(key[1:]))


async def test_gaps_are_no_ends(journal: SqliteJournal, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where many in a row were forgotten, the rest is listed all the same."""
    monkeypatch.setattr(sqlite, "_WINDOW", 100)
    await filled(journal, 1200)
    await journal._file.change("DELETE FROM submission WHERE number BETWEEN 50 AND 900")
    for state in (None, *SubmissionState):
        listed = [entry.id async for entry in journal.entries(state)]
        assert listed[-1] > "k1100"


async def test_what_is_open_is_found_by_its_index(journal: SqliteJournal) -> None:
    """What is in progress or in doubt is not searched for among all that is over."""
    await filled(journal, 40)

    def plans() -> list[str]:
        queries: list[str] = []
        db = journal._file._open_db
        db.set_trace_callback(queries.append)
        for state in ("in_progress", "in_doubt"):
            journal._page(SubmissionState(state), 0)
        db.set_trace_callback(None)
        return [
            str(row[-1])
            for query in queries
            for row in db.execute(f"EXPLAIN QUERY PLAN {query}").fetchall()
        ]

    found = await journal._file.do(plans)
    used = "SEARCH submission USING INDEX submission_open (done_at=? AND rowid>?)"
    assert found == [used, used], "and there is nothing to sort"


async def test_many_keys_are_asked_for_at_once(journal: SqliteJournal) -> None:
    """A hundred at a time, in one query each; what is not known is left out."""
    await filled(journal, 400)
    queries: list[str] = []

    def trace() -> None:
        journal._file._open_db.set_trace_callback(queries.append)

    await journal._file.do(trace)
    found = await journal.find_many(f"k{number}" for number in range(390, 640))
    assert sorted(found) == [f"k{number}" for number in range(390, 400)]
    assert sum(query.startswith("SELECT") for query in queries) == 3


# --- pruning --------------------------------------------------------------------------------------


def outcomes(tmp_path: Path) -> dict[str, tuple[bool, bool]]:
    """By key, whether the file has what was asked for and what it brought."""
    with closing(sqlite3.connect(tmp_path / "songs.sqlite")) as db:
        said = "SELECT id, fields IS NOT NULL, outcome IS NOT NULL FROM submission"
        return {key: (bool(fields), bool(outcome)) for key, fields, outcome in db.execute(said)}


async def test_pruned_is_what_is_over(fake_suno: FakeSuno, tmp_path: Path) -> None:
    """Done and failed are emptied, once; in progress and in doubt stay as they are."""
    async with client(fake_suno, tmp_path) as suno:
        expected = await all_states(suno, fake_suno)
        assert await suno.prune(older_than=DAY) == 0
        assert await suno.prune(older_than=0) == 2
        assert await suno.prune(older_than=timedelta(0)) == 0
        known = await listed(suno)
    assert {key: entry.state for key, entry in known.items()} == expected
    assert all(entry.token for key, entry in known.items() if key != "its doubt")
    assert (known["its done"].operation, known["its done"].result) == (None, None)
    assert known["its failed"].failure is None
    assert known["its done"].done_at is not None
    assert outcomes(tmp_path) == {
        "its done": (False, False),
        "its failed": (False, False),
        "its doubt": (True, False),
        "its progress": (True, False),
    }


async def test_pruned_is_what_is_old(fake_suno: FakeSuno, tmp_path: Path) -> None:
    """By the time at which it was over, not that at which it was sent."""
    async with client(fake_suno, tmp_path) as suno:
        for key in ("old", "new"):
            await (await suno.submit(SEA, idempotency_key=key))
        with closing(sqlite3.connect(tmp_path / "songs.sqlite")) as db:
            db.execute("UPDATE submission SET sent_at = datetime('now', '-9 days')")
            ago = "UPDATE submission SET done_at = datetime('now', '-8 days') WHERE id = 'old'"
            db.execute(ago)
            db.commit()
        assert await suno.prune(older_than=7 * DAY.total_seconds()) == 1
    assert outcomes(tmp_path) == {"old": (False, False), "new": (True, True)}


async def test_a_pruned_song_is_not_paid_again(fake_suno: FakeSuno, tmp_path: Path) -> None:
    """Its key gives its task, whose result the service still keeps; another request is refused."""
    async with client(fake_suno, tmp_path) as suno:
        token = (await suno.submit(SEA, idempotency_key="k")).token
        title = (await suno.task(token))[0].title
        assert await suno.prune(older_than=0) == 1
    async with client(fake_suno, tmp_path) as suno:
        task = await suno.submit(GenerateMusic("the sea\r"), idempotency_key="k")
        assert task.token == token
        assert (await task)[0].title == title
        with pytest.raises(ConfigurationError, match="belongs to another request, GenerateMusic"):
            await suno.submit(GenerateMusic("the hills"), idempotency_key="k")
        assert (await listed(suno))["k"].state == "done"
        assert await suno.unfinished() == []
        assert await suno.prune(older_than=0) == 0, "it stays empty"
    assert len(fake_suno.ledger.of(MUSIC)) == 1


async def test_a_pruned_batch_is_not_paid_again(fake_suno: FakeSuno, tmp_path: Path) -> None:
    """Run again, each line is its song; what had failed is raised again, or sent again if asked."""
    songs = [GenerateMusic(f"song {number}") for number in range(4)]
    fake_suno.script(fail_at=20, status="GENERATE_AUDIO_FAILED")
    async with client(fake_suno, tmp_path) as suno:
        first = {one.index: str(one.error) async for one in suno.batch(songs)}
        assert await suno.prune(older_than=0) == 4
    async with client(fake_suno, tmp_path) as suno:
        again = [one async for one in suno.batch(songs)]
    assert {one.index: str(one.error) for one in again} == first
    assert all(one.resumed for one in again)
    assert len(fake_suno.ledger.of(MUSIC)) == 4
    async with client(fake_suno, tmp_path) as suno:
        errors = [one.error async for one in suno.batch(songs, retry_failed=True)]
        assert errors == [None] * 4
        assert len(await listed(suno, "done")) == 4
    assert len(fake_suno.ledger.of(MUSIC)) == 5


async def test_a_pruned_song_that_the_service_has_forgotten(
    fake_suno: FakeSuno, tmp_path: Path
) -> None:
    """It is known as paid: its outcome says that there is no record, and nothing is paid."""
    async with client(fake_suno, tmp_path) as suno:
        async for _ in suno.batch([SEA]):
            pass
        await suno.prune(older_than=0)
    fake_suno.tasks.clear()
    async with client(fake_suno, tmp_path) as suno:
        (outcome,) = [one async for one in suno.batch([SEA])]
    assert isinstance(outcome.error, NotFound)
    assert outcome.task is not None
    assert len(fake_suno.ledger.of(MUSIC)) == 1


async def test_a_refused_retry_of_a_pruned_failure(fake_suno: FakeSuno, tmp_path: Path) -> None:
    """Sent again and refused, the failed one is there as before: failed, with its token."""
    fake_suno.script(fail_at=20, status="GENERATE_AUDIO_FAILED")
    async with client(fake_suno, tmp_path) as suno:
        async for _ in suno.batch([SEA]):
            pass
        await suno.prune(older_than=0)
        (before,) = (await listed(suno)).values()
        fake_suno.balance = 0
        async for _ in suno.batch([SEA], retry_failed=True):
            pass
        (after,) = (await listed(suno)).values()
    kept = ("state", "token", "accepted_at", "done_at")
    assert [getattr(after, one) for one in kept] == [getattr(before, one) for one in kept]


async def test_forgotten_its_key_is_free(suno: SunoClient, fake_suno: FakeSuno) -> None:
    """What was over is gone, and is paid for when asked for again; the rest is never forgotten."""
    expected = await all_states(suno, fake_suno)
    assert await suno.prune(older_than=DAY, forget=True) == 0
    assert await suno.prune(older_than=0, forget=True) == 2
    assert sorted(await listed(suno)) == ["its doubt", "its progress"]
    sent = len(fake_suno.ledger.of(MUSIC))
    for key in ("its done", "its progress"):
        await suno.submit(SEA, idempotency_key=key)
    assert len(fake_suno.ledger.of(MUSIC)) == sent + 1
    with pytest.raises(SubmissionUnknown):
        await suno.submit(SEA, idempotency_key="its doubt")
    assert sorted(expected) == ["its done", "its doubt", "its failed", "its progress"]


@pytest.mark.parametrize(
    "given",
    [
        {"older_than": -1},
        {"older_than": timedelta(seconds=-1)},
        {"older_than": float("nan")},
        {"older_than": float("inf")},
        {"older_than": 1e12},
        {"older_than": "7 days"},
        {"older_than": None},
        {"older_than": True},
        {"older_than": datetime(2026, 1, 1, tzinfo=UTC)},
        {"older_than": 0, "forget": "no"},
    ],
)
async def test_what_cannot_be_pruned_by(suno: SunoClient, given: dict[str, Any]) -> None:
    """A wrong argument deletes nothing and says what is right."""
    with pytest.raises(ConfigurationError, match=r"older_than must be|forget must be"):
        await suno.prune(**given)


def size(tmp_path: Path) -> int:
    """Bytes of the journal on the disk."""
    return sum(file.stat().st_size for file in tmp_path.glob("songs.sqlite*"))


async def test_the_file_shrinks(journal: SqliteJournal, tmp_path: Path) -> None:
    """3.3 KB a song become less than a tenth; forgotten, they take nothing."""
    await filled(journal, 2000)
    before = size(tmp_path)
    assert await journal.prune(datetime.now(UTC), forget=False) == 1900
    assert size(tmp_path) < before / 10
    await filled_more(journal)
    assert await journal.prune(datetime.now(UTC), forget=True) == 2100
    assert size(tmp_path) < 150_000


async def test_a_file_that_cannot_shrink_is_pruned_all_the_same(
    journal: SqliteJournal, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Without the room for a second copy the records are emptied, and the log says the rest."""

    def full(*_: object) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    await filled(journal, 80)
    monkeypatch.setattr(SqliteJournal, "_shrink", full)
    assert await journal.prune(datetime.now(UTC), forget=False) == 76
    assert "not smaller on the disk yet" in caplog.text
    assert "disk is full" in caplog.text


async def filled_more(journal: SqliteJournal) -> None:
    """Make it large again."""
    for number in range(200):
        await journal.about_to_send(f"m{number}", "GenerateMusic", {"prompt": "x" * 3000}, "music")
        await journal.accepted(f"m{number}", f"m{number}")
        await journal.over("music", f"m{number}", {"data": 1})


async def test_others_submit_while_it_is_pruned(journal: SqliteJournal) -> None:
    """A journal of thousands is pruned a page at a time: a write in between waits for one page."""
    await filled(journal, 5000)
    pruning = asyncio.create_task(journal.prune(datetime.now(UTC), forget=False))
    await asyncio.sleep(0)
    written = 0
    while not pruning.done():
        await journal.about_to_send(f"n{written}", "GenerateMusic", {}, "music")
        written += 1
    assert await pruning == 4750
    assert written > 10


async def test_others_submit_while_nothing_is_due(
    journal: SqliteJournal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is too young to be pruned is gone through bit by bit, too."""
    monkeypatch.setattr(sqlite, "_WINDOW", 200)
    await filled(journal, 5000)
    pruning = asyncio.create_task(journal.prune(datetime(2020, 1, 1, tzinfo=UTC), forget=False))
    await asyncio.sleep(0)
    written = 0
    while not pruning.done():
        await journal.about_to_send(f"n{written}", "GenerateMusic", {}, "music")
        written += 1
    assert await pruning == 0
    assert written > 10
    assert await journal.prune(datetime.now(UTC), forget=True) == 4750


@pytest.mark.parametrize("ask", ["unfinished", "prune"])
async def test_a_client_that_closes_amid_a_long_question(
    fake_suno: FakeSuno, tmp_path: Path, ask: str
) -> None:
    """Asked page by page, it says that the client has ended, not that the file is gone."""
    path = tmp_path / "songs.sqlite"
    async with SunoClient("key", base_url=fake_suno.url, journal=path) as suno:
        journal = suno._engine.journal
        assert isinstance(journal, SqliteJournal)
        await filled(journal, 5000)
        question = suno.unfinished() if ask == "unfinished" else suno.prune(older_than=0)
        asking = asyncio.ensure_future(question)
        await asyncio.sleep(0)
        await suno.aclose()
        with pytest.raises(ClientClosed):
            await asking


# --- without a journal ----------------------------------------------------------------------------


async def fill(journal: Journal, count: int, state: str) -> None:
    """Note songs in this state."""
    for number in range(count):
        key = f"{state} {number}"
        await journal.about_to_send(key, "GenerateMusic", {"prompt": "x"}, "music")
        if state != "in_doubt":
            await journal.accepted(key, key)
        if state == "done":
            await journal.over("music", key, {})


async def test_memory_is_bounded(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """What is over goes first, oldest first; then what is not, which is logged."""
    monkeypatch.setattr(memory, "MOST", 30)
    journal = MemoryJournal()
    await fill(journal, 10, "in_doubt")
    await fill(journal, 40, "done")
    kept = [entry.id async for entry in journal.entries()]
    assert kept == [
        *(f"in_doubt {number}" for number in range(10)),
        *(f"done {number}" for number in range(20, 40)),
    ]
    assert not caplog.records
    await fill(journal, 50, "in_progress")
    kept = [entry.id async for entry in journal.entries()]
    assert kept == [f"in_progress {number}" for number in range(20, 50)]
    (logged,) = caplog.records
    assert logged.levelname == "WARNING"
    assert len(journal._by_task) == 30
    assert await journal.of_task("music", "in_progress 49") is not None
    assert await journal.of_task("music", "in_progress 1") is None


async def test_memory_keeps_no_words_of_what_is_over() -> None:
    """The digest is enough to know another request; what it brought is asked for again."""
    journal = MemoryJournal()
    await fill(journal, 1, "done")
    found = await journal.find("done 0")
    assert found is not None
    assert (found.fields, found.outcome, found.state) == (None, None, "done")
    assert found.digest


async def test_without_a_journal_what_was_not_named_is_known(fake_suno: FakeSuno) -> None:
    """Submissions without a key are listed as well."""
    async with SunoClient("key", base_url=fake_suno.url) as suno:
        task = await suno.generate_music("the sea")
        assert [entry.token async for entry in suno.submissions()] == [task.token]
        assert [entry.token async for entry in suno.submissions("done")] == []
        await task
        assert [entry.token async for entry in suno.submissions("done")] == [task.token]
