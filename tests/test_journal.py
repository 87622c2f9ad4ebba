"""The journal: keys, restarts, crashes at every instant, and files that are not journals."""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest

from suno_async import (
    APIError,
    ClientClosed,
    ConfigurationError,
    GenerateLyrics,
    GenerateMusic,
    InsufficientCredits,
    JournalError,
    Stage,
    SubmissionUnknown,
    SunoClient,
    TaskFailed,
)
from suno_async._journal.digest import digest_of
from suno_async._wire.bodies import written_of
from suno_async.testing import FakeSuno, Fault

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

SEA = GenerateMusic("the sea")


@pytest.fixture(params=["with a journal", "without"])
async def suno(
    request: pytest.FixtureRequest, fake_suno: FakeSuno, tmp_path: Path
) -> AsyncIterator[SunoClient]:
    """A client that keeps a journal, and one that keeps none."""
    journal = tmp_path / "songs.sqlite" if request.param == "with a journal" else None
    async with SunoClient("key", base_url=fake_suno.url, journal=journal) as client:
        yield client


def client(fake: FakeSuno, tmp_path: Path) -> SunoClient:
    """A client with the test's journal."""
    return SunoClient("key", base_url=fake.url, journal=tmp_path / "songs.sqlite")


def rows(tmp_path: Path, what: str = "id, state, token") -> list[tuple[Any, ...]]:
    """The journal as the sqlite3 shell shows it."""
    with sqlite3.connect(tmp_path / "songs.sqlite") as db:
        found = db.execute(f"SELECT {what} FROM state").fetchall()  # noqa: S608 the test's own
    db.close()
    return found


async def test_one_key_is_one_payment(suno: SunoClient, fake_suno: FakeSuno) -> None:
    """A message that is delivered again, at once or later, gets the same task."""
    tasks = await asyncio.gather(*(suno.submit(SEA, idempotency_key="tg-1") for _ in range(5)))
    later = await suno.submit(GenerateMusic("the sea"), idempotency_key="tg-1")
    assert {task.token for task in (*tasks, later)} == {tasks[0].token}
    assert await later is await tasks[0]
    assert len(fake_suno.ledger.of("generate-music")) == 1
    await suno.submit(SEA, idempotency_key="tg-2")
    assert len(fake_suno.ledger.accepted("generate-music")) == 2


async def test_a_key_is_taken_before_any_wait(suno: SunoClient, fake_suno: FakeSuno) -> None:
    """While the first one waits for the limiter, the second one joins it."""
    await asyncio.gather(*(suno.get_credits() for _ in range(20)))
    one, two = (asyncio.create_task(suno.submit(SEA, idempotency_key="k")) for _ in range(2))
    await asyncio.sleep(1)
    assert not fake_suno.ledger.of("generate-music")
    assert (await one).token == (await two).token
    assert len(fake_suno.ledger.of("generate-music")) == 1


async def test_a_key_names_one_request(suno: SunoClient) -> None:
    """Another operation under the same key is a mistake, and an error."""
    await suno.submit(SEA, idempotency_key="k")
    with pytest.raises(ConfigurationError, match="'k' belongs to another request, GenerateMusic:"):
        await suno.submit(GenerateMusic("the hills"), idempotency_key="k")
    with pytest.raises(ConfigurationError, match="'k' belongs to another request, GenerateMusic:"):
        await suno.submit(GenerateLyrics("the sea"), idempotency_key="k")
    with pytest.raises(ConfigurationError, match="key"):
        await suno.submit(SEA, idempotency_key=" ")


async def test_a_key_names_one_request_while_it_is_on_its_way(suno: SunoClient) -> None:
    """A caller with another request meanwhile gets an error, and not the first one's task."""
    one = asyncio.create_task(suno.submit(SEA, idempotency_key="k"))
    await asyncio.sleep(0)
    with pytest.raises(ConfigurationError, match="'k' belongs to another request, GenerateLyrics:"):
        await suno.submit(GenerateLyrics("the sea"), idempotency_key="k")
    assert (await one).operation == SEA


async def test_a_refusal_frees_the_key(suno: SunoClient, fake_suno: FakeSuno) -> None:
    """Nothing was paid, so the same key may try again."""
    fake_suno.balance = 0
    for _ in range(2):
        with pytest.raises(InsufficientCredits):
            await suno.submit(SEA, idempotency_key="k")
    fake_suno.balance = 100
    assert (await suno.submit(SEA, idempotency_key="k")).id in fake_suno.tasks


async def test_two_that_wait_share_the_refusal(suno: SunoClient, fake_suno: FakeSuno) -> None:
    """The second one gets the first one's error, as an object of its own."""
    fake_suno.balance = 0
    both = (suno.submit(SEA, idempotency_key="k"), suno.submit(SEA, idempotency_key="k"))
    one, two = await asyncio.gather(*both, return_exceptions=True)
    assert isinstance(one, InsufficientCredits)
    assert isinstance(two, InsufficientCredits)
    assert one is not two
    assert len(fake_suno.ledger) == 1


async def test_an_unknown_stays_unknown_until_sent_again_on_request(
    suno: SunoClient, fake_suno: FakeSuno
) -> None:
    """A lost answer is raised again for its key; only `resend_unknown` sends again."""
    fake_suno.fail(Fault.RESET_AFTER_ACCEPT, on="generate-music")
    for _ in range(3):
        with pytest.raises(SubmissionUnknown) as caught:
            await suno.submit(SEA, idempotency_key="k")
        assert caught.value.submission_id == "k"
    assert len(fake_suno.ledger.of("generate-music")) == 1
    task = await suno.submit(SEA, idempotency_key="k", resend_unknown=True)
    assert (await suno.submit(SEA, idempotency_key="k")).token == task.token
    assert len(fake_suno.ledger.accepted("generate-music")) == 2


async def test_a_refused_second_try_leaves_the_unknown(
    suno: SunoClient, fake_suno: FakeSuno
) -> None:
    """The first one may have been paid, whatever became of the second."""
    fake_suno.fail(Fault.RESET_AFTER_ACCEPT, on="generate-music")
    with pytest.raises(SubmissionUnknown):
        await suno.submit(SEA, idempotency_key="k")
    fake_suno.balance = 0
    with pytest.raises(InsufficientCredits):
        await suno.submit(SEA, idempotency_key="k", resend_unknown=True)
    fake_suno.balance = 100
    with pytest.raises(SubmissionUnknown):
        await suno.submit(SEA, idempotency_key="k")
    assert len(fake_suno.ledger.accepted("generate-music")) == 1


async def test_who_is_cancelled_first_does_not_take_the_other_along(
    suno: SunoClient, fake_suno: FakeSuno
) -> None:
    """Of two that wait for one key, one may go."""
    await asyncio.gather(*(suno.get_credits() for _ in range(20)))
    one, two = (asyncio.create_task(suno.submit(SEA, idempotency_key="k")) for _ in range(2))
    await asyncio.sleep(1)
    one.cancel()
    assert (await two).id in fake_suno.tasks
    assert one.cancelled()
    assert suno.unclaimed == []


async def test_the_next_takes_the_place_of_who_ended_unsent(
    suno: SunoClient, fake_suno: FakeSuno
) -> None:
    """A submission called back before it left frees its key in the same moment."""
    await asyncio.gather(*(suno.get_credits() for _ in range(20)))
    one = asyncio.create_task(suno.submit(SEA, idempotency_key="k"))
    await asyncio.sleep(1)
    one.cancel()
    await asyncio.sleep(0)
    assert (await suno.submit(SEA, idempotency_key="k")).id in fake_suno.tasks
    assert len(fake_suno.ledger.of("generate-music")) == 1


async def test_a_later_submission_keeps_the_key(suno: SunoClient, fake_suno: FakeSuno) -> None:
    """The end of one that was cancelled does not free the key of the next."""
    await asyncio.gather(*(suno.get_credits() for _ in range(20)))
    one = asyncio.create_task(suno.submit(SEA, idempotency_key="k"))
    await asyncio.sleep(1)
    one.cancel()
    await asyncio.sleep(0)
    two = asyncio.create_task(suno.submit(SEA, idempotency_key="k"))
    await asyncio.sleep(1)
    assert await suno.submit(SEA, idempotency_key="k") is await two
    assert len(fake_suno.ledger.of("generate-music")) == 1


async def test_a_restart_finds_what_was_being_made(fake_suno: FakeSuno, tmp_path: Path) -> None:
    """After a restart `unfinished` gives the tasks and what was asked; the key still holds."""
    async with client(fake_suno, tmp_path) as suno:
        token = (await suno.submit(SEA, idempotency_key="k")).token
    async with client(fake_suno, tmp_path) as suno:
        (task,) = await suno.unfinished()
        assert task.token == token
        assert task.operation == SEA
        assert (await suno.submit(SEA, idempotency_key="k")) is task
        assert len(await task) == 2
    async with client(fake_suno, tmp_path) as suno:
        assert await suno.unfinished() == []
        requests = len(fake_suno.ledger)
        task = await suno.submit(SEA, idempotency_key="k")
        assert [event.stage async for event in task] == [Stage.TEXT, Stage.FIRST, Stage.COMPLETE]
        assert (await task)[0].model == "V5"
        assert len(fake_suno.ledger) == requests, "the result is in the journal"


async def test_a_failure_is_remembered(fake_suno: FakeSuno, tmp_path: Path) -> None:
    """A failed task is over: it is raised again from the journal."""
    fake_suno.script(fail_at=20, status="SENSITIVE_WORD_ERROR")
    async with client(fake_suno, tmp_path) as suno:
        with pytest.raises(TaskFailed):
            await (await suno.submit(SEA, idempotency_key="k"))
    async with client(fake_suno, tmp_path) as suno:
        with pytest.raises(TaskFailed) as caught:
            await (await suno.submit(SEA, idempotency_key="k"))
        assert caught.value.status == "SENSITIVE_WORD_ERROR"


async def test_the_journal_agrees_with_the_ledger(fake_suno: FakeSuno, tmp_path: Path) -> None:
    """Refused: no row. Accepted: the task. Lost: a row without one. Over: said so."""
    async with client(fake_suno, tmp_path) as suno:
        done = await suno.submit(SEA, idempotency_key="done")
        await done
        made = await suno.submit(SEA, idempotency_key="made")
        fake_suno.fail(Fault.RESET_AFTER_ACCEPT, on="generate-music")
        with pytest.raises(SubmissionUnknown):
            await suno.submit(SEA, idempotency_key="lost")
        fake_suno.fail(Fault.envelope(400), on="generate-music")
        with pytest.raises(APIError):
            await suno.submit(SEA, idempotency_key="refused")
        assert rows(tmp_path) == [
            ("done", "done", done.token),
            ("made", "in_progress", made.token),
            ("lost", "in_doubt", None),
        ], "readable while it is open"


async def test_cancelled_before_it_left_is_not_in_the_journal(
    fake_suno: FakeSuno, tmp_path: Path
) -> None:
    """What was never sent is not unknown after a restart."""
    async with client(fake_suno, tmp_path) as suno:
        await asyncio.gather(*(suno.get_credits() for _ in range(20)))
        asking = asyncio.create_task(suno.submit(SEA, idempotency_key="k"))
        await asyncio.sleep(1)
        asking.cancel()
    assert rows(tmp_path) == []


async def test_cancelled_after_it_left_is_in_the_journal(
    fake_suno: FakeSuno, tmp_path: Path
) -> None:
    """What was paid for is found again, though its caller had gone."""
    fake_suno.fail(Fault.DELAY_AFTER_ACCEPT.lasting(10), on="generate-music")
    async with client(fake_suno, tmp_path) as suno:
        asking = asyncio.create_task(suno.submit(SEA, idempotency_key="k"))
        await asyncio.sleep(5)
        asking.cancel()
    async with client(fake_suno, tmp_path) as suno:
        (task,) = await suno.unfinished()
        assert task.id in fake_suno.tasks


async def test_a_row_without_an_answer_is_unknown_after_a_crash(
    fake_suno: FakeSuno, tmp_path: Path
) -> None:
    """A process that died between the first byte and the answer leaves an unknown."""
    async with client(fake_suno, tmp_path) as suno:
        await suno.unfinished()
    with sqlite3.connect(tmp_path / "songs.sqlite") as db:
        db.execute(
            "INSERT INTO submission (id, operation, digest, fields, kind) VALUES (?, ?, ?, ?, ?)",
            ("k", "GenerateMusic", digest_of(*written_of(SEA)), '{"prompt": "the sea"}', "music"),
        )
    db.close()
    async with client(fake_suno, tmp_path) as suno:
        with pytest.raises(SubmissionUnknown, match="earlier run"):
            await suno.submit(SEA, idempotency_key="k")
        assert not fake_suno.ledger.entries
        assert (
            await suno.submit(SEA, idempotency_key="k", resend_unknown=True)
        ).id in fake_suno.tasks
    assert [row[1] for row in rows(tmp_path)] == ["in_progress"]


async def test_one_journal_one_client(fake_suno: FakeSuno, tmp_path: Path) -> None:
    """A second client on the same file gets an error, and the first one goes on."""
    async with client(fake_suno, tmp_path) as suno:
        second = client(fake_suno, tmp_path)
        with pytest.raises(JournalError, match="in use"):
            await second.submit(SEA)
        await second.aclose()
        assert (await suno.submit(SEA)).id in fake_suno.tasks
    assert len(fake_suno.ledger.accepted()) == 1


@pytest.mark.parametrize("content", [b"no database, but long enough to look at" * 20, b"short"])
async def test_a_broken_file_is_left_alone(
    fake_suno: FakeSuno, tmp_path: Path, content: bytes
) -> None:
    """What is no journal is named and not touched; nothing is sent."""
    path = tmp_path / "songs.sqlite"
    path.write_bytes(content)
    suno = client(fake_suno, tmp_path)
    with pytest.raises(JournalError, match="was left as it is"):
        await suno.submit(SEA)
    await suno.aclose()
    assert path.read_bytes() == content
    assert not fake_suno.ledger.entries


@pytest.mark.parametrize(
    ("statement", "match"),
    [
        ("PRAGMA user_version = 99", "newer version"),
        ("PRAGMA application_id = 7", "something else"),
    ],
)
async def test_a_newer_or_foreign_file_is_left_alone(
    fake_suno: FakeSuno, tmp_path: Path, statement: str, match: str
) -> None:
    """A journal of a later version, or another program's database, is not touched."""
    async with client(fake_suno, tmp_path) as suno:
        await suno.submit(SEA)
    path = tmp_path / "songs.sqlite"
    with sqlite3.connect(path) as db:
        db.execute(statement)
    db.close()
    before = path.read_bytes()
    suno = client(fake_suno, tmp_path)
    with pytest.raises(JournalError, match=match):
        await suno.unfinished()
    await suno.aclose()
    assert path.read_bytes() == before


async def test_a_journal_needs_its_directory(fake_suno: FakeSuno, tmp_path: Path) -> None:
    """A path that cannot be is an error of one sentence."""
    suno = SunoClient("key", base_url=fake_suno.url, journal=tmp_path / "nowhere" / "x.sqlite")
    with pytest.raises(JournalError, match="no directory"):
        await suno.submit(SEA)
    await suno.aclose()


@pytest.mark.parametrize("name", ["a\0b", "ring", "ring/x", "\ud800", "y" * 300, "y" * 300 + "/x"])
async def test_a_name_that_no_file_can_have(fake_suno: FakeSuno, tmp_path: Path, name: str) -> None:
    """It is a journal's error like any other, and nobody is said to have the file open."""
    (tmp_path / "ring").symlink_to(tmp_path / "gnir")
    (tmp_path / "gnir").symlink_to(tmp_path / "ring")
    with pytest.raises(JournalError) as caught:
        async with SunoClient("key", base_url=fake_suno.url, journal=tmp_path / name):
            pass
    assert "in use" not in str(caught.value)
    assert not fake_suno.ledger.entries


async def test_the_journal_takes_no_chances(fake_suno: FakeSuno, tmp_path: Path) -> None:
    """Each write is on the disk, in the main file, before the next step: synchronous EXTRA (3)."""
    async with client(fake_suno, tmp_path) as suno:
        await suno.unfinished()
        journal: Any = suno._engine.journal
        db = journal._file._open_db
        assert db.execute("PRAGMA synchronous").fetchone() == (3,)
        assert db.execute("PRAGMA journal_mode").fetchone() == ("delete",)


async def test_a_call_that_costs_is_over_with_its_answer(
    fake_suno: FakeSuno, tmp_path: Path
) -> None:
    """What was paid for can be read in the journal, also where it is no task."""
    async with client(fake_suno, tmp_path) as suno:
        style = await suno.boost_style("folk")
    assert [row[1:] for row in rows(tmp_path)] == [("done", None)]
    with closing(sqlite3.connect(tmp_path / "songs.sqlite")) as db:
        ((answer,),) = db.execute("SELECT json_extract(outcome, '$.data.result') FROM submission")
    assert answer == style.result


async def test_without_a_journal_there_is_no_list(fake_suno: FakeSuno) -> None:
    """`unfinished` says what it needs."""
    async with SunoClient("key", base_url=fake_suno.url) as suno:
        with pytest.raises(ConfigurationError, match="journal="):
            await suno.unfinished()


async def test_a_song_is_not_lost_to_a_full_disk(
    fake_suno: FakeSuno, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Where the id cannot be written down, the caller has the task, and the log says so."""
    async with client(fake_suno, tmp_path) as suno:
        await suno.submit(SEA, idempotency_key="first")
        with sqlite3.connect(tmp_path / "songs.sqlite") as db:
            db.execute(
                "CREATE TRIGGER full BEFORE UPDATE OF task ON submission "
                "BEGIN SELECT RAISE(ABORT, 'disk full'); END"
            )
        db.close()
        task = await suno.submit(SEA, idempotency_key="second")
        assert task.id in fake_suno.tasks
        assert task.id in caplog.text
        assert "disk full" in caplog.text


async def test_a_refused_retry_leaves_the_failed_one_paid(
    fake_suno: FakeSuno, tmp_path: Path
) -> None:
    """Sent again after a failure and refused: the first one stays accepted and failed."""
    fake_suno.script(fail_at=20, status="GENERATE_AUDIO_FAILED")
    async with client(fake_suno, tmp_path) as suno:
        await anext(aiter(suno.batch([SEA])))
    before = rows(tmp_path, "*")
    fake_suno.balance = 0
    async with client(fake_suno, tmp_path) as suno:
        (refused,) = [outcome async for outcome in suno.batch([SEA], retry_failed=True)]
        assert isinstance(refused.error, InsufficientCredits)
    kept = rows(tmp_path, "id, state, token, accepted_at, done_at")
    assert kept == [(row[0], row[2], row[3], row[5], row[6]) for row in before]
    fake_suno.balance = 100
    async with client(fake_suno, tmp_path) as suno:
        (delivered,) = [outcome async for outcome in suno.batch([SEA])]
        assert isinstance(delivered.error, TaskFailed)
    assert len(fake_suno.ledger.accepted("generate-music")) == 1


async def test_only_what_has_failed_is_sent_again(fake_suno: FakeSuno, tmp_path: Path) -> None:
    """With `retry_failed` too, what is complete comes from the journal and is not paid again."""
    for _ in range(2):
        async with client(fake_suno, tmp_path) as suno:
            (delivered,) = [outcome async for outcome in suno.batch([SEA], retry_failed=True)]
            assert delivered.error is None
    assert len(fake_suno.ledger.accepted("generate-music")) == 1


async def test_a_retry_in_doubt_shows_no_times_of_the_failed_one(
    fake_suno: FakeSuno, tmp_path: Path
) -> None:
    """Sent again after a failure, and no answer: the row is unknown, neither accepted nor over."""
    fake_suno.script(fail_at=20, status="GENERATE_AUDIO_FAILED")
    async with client(fake_suno, tmp_path) as suno:
        await anext(aiter(suno.batch([SEA])))
        fake_suno.fail(Fault.RESET_AFTER_READ, on="generate-music")
        (lost,) = [outcome async for outcome in suno.batch([SEA], retry_failed=True)]
        assert isinstance(lost.error, SubmissionUnknown)
    assert rows(tmp_path, "state, token, accepted_at, done_at") == [("in_doubt", None, None, None)]


async def test_a_journal_by_two_names_is_one(fake_suno: FakeSuno, tmp_path: Path) -> None:
    """A symbolic link does not get around the lock."""
    (tmp_path / "link.sqlite").symlink_to(tmp_path / "songs.sqlite")
    async with client(fake_suno, tmp_path) as suno:
        await suno.submit(SEA, idempotency_key="k")
        other = SunoClient("key", base_url=fake_suno.url, journal=tmp_path / "link.sqlite")
        with pytest.raises(JournalError, match="in use"):
            await other.submit(SEA, idempotency_key="k")
        await other.aclose()
    assert len(fake_suno.ledger.accepted("generate-music")) == 1


@pytest.mark.parametrize("key", [4711, "a\ud800", "a\nb", "", "batch:1"])
async def test_what_is_no_key(suno: SunoClient, fake_suno: FakeSuno, key: object) -> None:
    """A key must be a text that can be written down."""
    with pytest.raises(ConfigurationError, match="key must be"):
        await suno.submit(SEA, idempotency_key=key)  # type: ignore[arg-type]
    assert not fake_suno.ledger.entries


async def test_a_task_that_ends_first_opens_the_journal(
    fake_suno: FakeSuno, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A client used without `async with` records an outcome all the same."""
    async with client(fake_suno, tmp_path) as suno:
        token = (await suno.submit(SEA, idempotency_key="k")).token
    suno = client(fake_suno, tmp_path)
    await suno.task(token)
    await suno.aclose()
    assert rows(tmp_path) == [("k", "done", token)]
    assert not [record for record in caplog.records if record.levelname == "ERROR"]


async def test_closing_frees_those_that_wait_for_a_slot_to_ask(fake_suno: FakeSuno) -> None:
    """A free call that waits for the limiter ends with its client, not a pause later."""
    loop = asyncio.get_running_loop()
    suno = SunoClient("key", base_url=fake_suno.url)
    await asyncio.gather(*(suno.get_credits() for _ in range(20)))
    asking = asyncio.create_task(suno.get_credits())
    await asyncio.sleep(1)
    closed = loop.time()
    await suno.aclose()
    with pytest.raises(ClientClosed):
        await asking
    assert loop.time() - closed < 1


async def test_whenever_it_dies_what_was_accepted_is_written_down(tmp_path: Path) -> None:
    """Copies of the file, taken at many instants: each song accepted by then has its row."""
    copies: list[tuple[Path, dict[str, str | None]]] = []
    songs = [GenerateMusic(f"song {number}") for number in range(30)]
    async with FakeSuno(delay=(0.05, 3.0), seed=4) as fake:
        fake.faults(0.1, seed=2)
        async with client(fake, tmp_path) as suno:
            await suno.unfinished()
            submits = (suno.submit(song) for song in songs)
            running = asyncio.gather(*submits, return_exceptions=True)
            while not running.done():
                await asyncio.sleep(0.1)
                copy = tmp_path / f"copy{len(copies)}"
                copy.mkdir()
                for file in tmp_path.glob("songs.sqlite*"):
                    shutil.copy(file, copy)
                accepted = fake.ledger.accepted("generate-music")
                copies.append((copy, {entry.body["prompt"]: entry.task_id for entry in accepted}))
            await running
    assert len(copies) > 50
    for copy, accepted_then in copies:
        with closing(sqlite3.connect(copy / "songs.sqlite")) as db:
            statement = "SELECT json_extract(fields, '$.prompt'), task FROM submission"
            written = dict(db.execute(statement).fetchall())
        for prompt, task_id in accepted_then.items():
            assert written[prompt] in {None, task_id}
        assert all(accepted_then[prompt] == task for prompt, task in written.items() if task)
