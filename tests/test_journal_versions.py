"""Journals of version 1: each row as it was, nothing paid again, and all of it or nothing."""

from __future__ import annotations

import asyncio
import json
import shutil
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest
import version_1

from suno_async import GenerateMusic, JournalError, SubmissionState, SubmissionUnknown, SunoClient
from suno_async._journal import schema
from suno_async._journal.sqlite import SqliteJournal

if TYPE_CHECKING:
    from pathlib import Path

    from suno_async.testing import FakeSuno

MUSIC = "generate-music"
SENT, ACCEPTED, OVER = "2026-11-20 10:00:00", "2026-11-20 10:00:01", "2026-11-20 10:03:00"
DONE = {
    "code": 200,
    "data": {
        "taskId": "t-done",
        "status": "SUCCESS",
        "response": {"sunoData": [{"id": "a", "audioUrl": "https://a.b/c.mp3", "title": "Sea"}]},
    },
}
FAILED = {"code": 200, "data": {"taskId": "t-failed", "status": "SENSITIVE_WORD_ERROR"}}
FAILED_CALLBACK = {
    "code": 531,
    "msg": "no",
    "data": {"task_id": "t-called-back", "callbackType": "error"},
}
EARLIER = {"task": "t-0", "outcome": json.dumps(FAILED), "at": ACCEPTED, "over": OVER}


def row(key: str, **given: Any) -> version_1.Row:
    """A row of version 1."""
    row = {
        "operation": "GenerateMusic",
        "fields": {"prompt": "the sea"},
        "kind": "music",
        "task": None,
        "outcome": None,
        "earlier": None,
        "sent_at": SENT,
        "accepted_at": None,
        "over_at": None,
        **given,
    }
    as_json = {"fields", "outcome", "earlier"}
    values = (
        json.dumps(value) if name in as_json and value is not None else value
        for name, value in row.items()
    )
    return key, *values


def over(task: str, outcome: dict[str, Any], **given: Any) -> dict[str, Any]:
    """What is in the row of a task that is over."""
    ended = {"task": task, "outcome": outcome, "accepted_at": ACCEPTED, "over_at": OVER}
    return ended | given


ROWS = [
    row("done", **over("t-done", DONE)),
    row("failed", **over("t-failed", FAILED)),
    row("called-back", **over("t-called-back", FAILED_CALLBACK)),
    row("doubt"),
    row("making", task="t-making", accepted_at=ACCEPTED),
    row(
        "call",
        operation="BoostStyle",
        fields={"content": "x"},
        kind=None,
        outcome={"code": 200, "data": {"result": "y", "successFlag": "1"}},
        over_at=OVER,
    ),
    row("again", task="t-1", accepted_at=ACCEPTED, earlier=EARLIER),
    row("again, in doubt", earlier=EARLIER),
    row("own", operation="TheirOwn", fields={"x": [1]}, kind="music", task="t-own"),
]
STATES = {
    "done": "done",
    "failed": "failed",
    "called-back": "failed",
    "doubt": "in_doubt",
    "making": "in_progress",
    "call": "done",
    "again": "in_progress",
    "again, in doubt": "in_doubt",
    "own": "in_progress",
}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the journal is."""
    return tmp_path / "songs.sqlite"


def rows(path: Path, statement: str) -> list[tuple[Any, ...]]:
    """What the sqlite3 shell shows."""
    with closing(sqlite3.connect(path)) as db:
        return db.execute(statement).fetchall()


def client(fake: FakeSuno, path: Path, **given: Any) -> SunoClient:
    """A client with the journal."""
    return SunoClient("key", base_url=fake.url, journal=path, **given)


async def test_each_row_is_what_it_was(
    fake_suno: FakeSuno, path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """State, task, times, what was asked for and what it brought; taken with a warning."""
    version_1.write(path, ROWS)
    async with client(fake_suno, path, account="mine") as suno:
        known = {entry.key: entry async for entry in suno.submissions()}
        unfinished = {task.id for task in await suno.unfinished()}
    assert {key: entry.state for key, entry in known.items()} == STATES
    assert list(known) == list(STATES), "in their order"
    assert known["done"].token == "music:t-done"
    assert known["done"].operation == GenerateMusic("the sea")
    assert [track.title for track in known["done"].result] == ["Sea"]
    times = known["done"].sent_at, known["done"].accepted_at, known["done"].done_at
    assert [f"{time:%F %T %Z}" for time in times if time] == [
        f"{time} UTC" for time in (SENT, ACCEPTED, OVER)
    ]
    assert str(known["failed"].failure) != str(known["called-back"].failure)
    assert known["call"].result.result == "y"
    assert known["call"].done_at is not None
    assert (known["own"].operation, known["own"].operation_name) == (None, "TheirOwn")
    assert unfinished == {"t-making", "t-1", "t-own"}
    (logged,) = [record for record in caplog.records if record.levelname == "WARNING"]
    assert (
        "was of version 1 and is upgraded; from now on it is the account's 'mine'" in logged.message
    )
    assert not fake_suno.ledger.entries


async def test_it_is_a_file_like_a_new_one(fake_suno: FakeSuno, path: Path, tmp_path: Path) -> None:
    """Tables, indexes and view are those of a file that was begun today."""
    version_1.write(path, ROWS)
    new = tmp_path / "new.sqlite"
    for one in (path, new):
        async with client(fake_suno, one):
            pass
    said = "SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL"
    assert sorted(rows(path, said)) == sorted(rows(new, said))
    assert rows(path, "PRAGMA user_version") == rows(new, "PRAGMA user_version") == [(2,)]


async def test_its_keys_hold(fake_suno: FakeSuno, path: Path) -> None:
    """What was asked for under a key of version 1 is not paid for again, whatever became of it."""
    version_1.write(path, ROWS)
    sea = GenerateMusic("the sea")
    async with client(fake_suno, path) as suno:
        tasks = [
            await suno.submit(sea, idempotency_key=key)
            for key in ("done", "failed", "making", "again")
        ]
        with pytest.raises(SubmissionUnknown):
            await suno.submit(sea, idempotency_key="doubt")
        assert [task.id for task in tasks] == ["t-done", "t-failed", "t-making", "t-1"]
        assert (tasks[0].is_done, tasks[1].failure is not None) == (True, True)
    assert not fake_suno.ledger.of(MUSIC)


async def test_what_was_sent_again_is_taken_back_to_the_first(path: Path) -> None:
    """A refused second sending leaves the failed one, with what version 1 kept of it."""
    version_1.write(path, ROWS)
    journal = SqliteJournal(path)
    await journal.take_back("again, in doubt")
    found = await journal.find("again, in doubt")
    await journal.close()
    assert found is not None
    assert (found.state, found.task_id, found.outcome) == (SubmissionState.FAILED, "t-0", FAILED)


LISTS = {
    "the same list": (["a", "b", "a"], ["a", "b", "a"]),
    "the same list with blanks": (["a\r", "b ", "a\r"], ["a\r", "b ", "a\r"]),
    "blanks are gone": (["a\r", "b ", "a\r", "a "], ["a", "b", "a", "a"]),
    "blanks have come": (["a", "b", "a"], ["a\r", "b\r", "a\r"]),
    "both in one list": (["a\r", "a", "a ", "b"], ["a", "a\r", "b", "a"]),
    "composed otherwise": (["Cafe\u0301", "Caf\u00e9"], ["Caf\u00e9", "Caf\u00e9"]),
}


@pytest.mark.parametrize("name", LISTS)
async def test_a_list_is_paid_for_once(fake_suno: FakeSuno, path: Path, name: str) -> None:
    """A batch of version 1, run again: each line is a song of its own, and none is made again."""
    before, after = LISTS[name]
    async with client(fake_suno, path) as suno:
        async for _ in suno.batch([GenerateMusic(prompt) for prompt in before]):
            pass
    version_1.written_back(path, before)
    async with client(fake_suno, path) as suno:
        again = [outcome async for outcome in suno.batch([GenerateMusic(one) for one in after])]
    assert len(fake_suno.ledger.of(MUSIC)) == len(before)
    assert len({outcome.task.token for outcome in again if outcome.task}) == len(before)
    assert all(outcome.resumed and outcome.error is None for outcome in again)


async def test_keys_of_others_stay_as_they_are(path: Path) -> None:
    """Only the requests of batches have new keys, and only where they need one."""
    fields = {"prompt": "a\r"}
    old = version_1.key_of("GenerateMusic", fields)
    plain = version_1.key_of("GenerateMusic", {"prompt": "a"})
    keys = [plain, old, "a\r", "batch", "tg-1"]
    version_1.write(path, [row(key, fields=fields) for key in keys])
    journal = SqliteJournal(path)
    found = [entry.id async for entry in journal.entries()]
    await journal.close()
    assert found == [plain, f"{plain[:-1]}2", "a\r", "batch", "tg-1"]


async def test_a_crash_amid_the_upgrade_leaves_version_1(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Copies of all files, taken at each step: each is of one version, with all its rows."""
    version_1.write(path, ROWS)
    copies: list[Path] = []
    run = schema._run

    def run_and_copy(db: sqlite3.Connection, statements: tuple[str, ...]) -> None:
        for statement in statements:
            run(db, (statement,))
            copy = tmp_path / f"copy{len(copies)}"
            copy.mkdir()
            for file in tmp_path.glob("songs.sqlite*"):
                shutil.copy(file, copy)
            copies.append(copy / path.name)

    monkeypatch.setattr(schema, "_run", run_and_copy)
    journal = SqliteJournal(path)
    await journal.open()
    await journal.close()
    monkeypatch.undo()
    assert len(copies) > 8
    for copy in copies:
        assert rows(copy, "PRAGMA user_version") == [(1,)]
        assert sorted(rows(copy, "SELECT * FROM submission")) == sorted(ROWS)
        later = SqliteJournal(copy)
        assert len([entry async for entry in later.entries()]) == len(ROWS)
        await later.close()


async def test_an_upgrade_that_fails_changes_nothing(fake_suno: FakeSuno, path: Path) -> None:
    """A row that cannot be read is an error; the file is as it was, and nothing is sent."""
    version_1.write(path, [*ROWS, ("x", "GenerateMusic", "no JSON", *ROWS[0][3:])])
    suno = client(fake_suno, path)
    for _ in range(2):
        with pytest.raises(JournalError, match="was left as it is"):
            await suno.submit(GenerateMusic("the sea"))
    await suno.aclose()
    assert rows(path, "PRAGMA user_version") == [(1,)]
    assert len(rows(path, "SELECT * FROM submission")) == len(ROWS) + 1
    assert not fake_suno.ledger.entries


async def test_the_first_account_that_opens_it_takes_it(fake_suno: FakeSuno, path: Path) -> None:
    """Version 1 knew of no accounts: whose it becomes is settled once."""
    version_1.write(path, ROWS)
    async with client(fake_suno, path, account="mine"):
        pass
    with pytest.raises(JournalError, match="belongs to the account 'mine'"):
        async with client(fake_suno, path, account="yours"):
            pass


async def test_what_failed_before_the_upgrade_is_sent_again_when_asked(
    fake_suno: FakeSuno, path: Path
) -> None:
    """`retry_failed` knows the failed ones of version 1, and only them."""
    fake_suno.script(fail_at=20, status="GENERATE_AUDIO_FAILED")
    prompts = ["a\r", "b\r"]
    songs = [GenerateMusic(prompt) for prompt in prompts]
    async with client(fake_suno, path) as suno:
        first = [outcome.error async for outcome in suno.batch(songs, max_in_flight=1)]
    assert sum(error is not None for error in first) == 1
    version_1.written_back(path, prompts)
    async with client(fake_suno, path) as suno:
        again = [outcome.error async for outcome in suno.batch(songs, retry_failed=True)]
    assert again == [None, None]
    assert len(fake_suno.ledger.of(MUSIC)) == 3


async def test_the_sea_of_rows_is_upgraded_while_others_wait(path: Path) -> None:
    """The loop goes on while a thread rewrites the file."""
    version_1.write(path, [row(f"k{number}", **over(f"t{number}", DONE)) for number in range(3000)])
    journal = SqliteJournal(path)
    opening = asyncio.create_task(journal.open())
    turns = 0
    while not opening.done():
        turns += 1
        await asyncio.sleep(0)
    await journal.close()
    assert turns > 3
