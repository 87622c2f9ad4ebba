"""The journal in a file: what stands in it, its thread, its lock and its opening."""

from __future__ import annotations

import asyncio
import gc
import sqlite3
import threading
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from suno_async import JournalError
from suno_async._journal.sqlite import SqliteJournal

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

SEA = ("GenerateMusic", {"prompt": "the sea"})


@pytest.fixture
async def journal(tmp_path: Path) -> AsyncIterator[SqliteJournal]:
    """A journal in a file of its own."""
    journal = SqliteJournal(tmp_path / "songs.sqlite")
    yield journal
    await journal.close()


def rows(tmp_path: Path, statement: str = "SELECT * FROM submission") -> list[tuple[Any, ...]]:
    """What the sqlite3 shell shows of the file."""
    with closing(sqlite3.connect(tmp_path / "songs.sqlite")) as db:
        return db.execute(statement).fetchall()


async def test_the_file_of_version_2(journal: SqliteJournal, tmp_path: Path) -> None:
    """What is in the file is read by later versions and by other programs: it does not change."""
    await journal.open()
    (header,) = rows(tmp_path, "SELECT * FROM pragma_application_id, pragma_user_version")
    assert header == (int.from_bytes(b"suno"), 2)
    columns = "SELECT name, type, \"notnull\", dflt_value, pk FROM pragma_table_info('submission')"
    assert rows(tmp_path, columns) == [
        ("number", "INTEGER", 0, None, 1),
        ("id", "TEXT", 1, None, 0),
        ("operation", "TEXT", 1, None, 0),
        ("digest", "TEXT", 1, None, 0),
        ("kind", "TEXT", 0, None, 0),
        ("task", "TEXT", 0, None, 0),
        ("candidate", "TEXT", 0, None, 0),
        ("has_failed", "INTEGER", 1, "0", 0),
        ("sent_at", "TEXT", 1, "datetime('now')", 0),
        ("accepted_at", "TEXT", 0, None, 0),
        ("done_at", "TEXT", 0, None, 0),
        ("fields", "TEXT", 0, None, 0),
        ("outcome", "TEXT", 0, None, 0),
        ("earlier", "TEXT", 0, None, 0),
    ]
    plan = "EXPLAIN QUERY PLAN SELECT * FROM submission WHERE task = 't'"
    assert "submission_task" in rows(tmp_path, plan)[0][-1]
    shown = "SELECT name FROM pragma_table_info('state')"
    names = ["id", "operation", "state", "token", "sent_at", "accepted_at", "done_at"]
    assert [name for (name,) in rows(tmp_path, shown)] == names


async def test_one_write_after_the_other(journal: SqliteJournal) -> None:
    """No write begins before the one before it has ended, for each builds upon it."""
    await journal.open()
    has_begun = threading.Event()
    first = journal._file._submit(has_begun.wait, 0.2)
    second = journal._file._submit(has_begun.set)
    assert await first is False
    await second


@pytest.mark.real_time
async def test_a_write_waits_for_whoever_looks_after_the_file(
    journal: SqliteJournal, tmp_path: Path
) -> None:
    """A user who changes the journal by hand for a moment does not make a song fail."""
    await journal.open()
    with closing(sqlite3.connect(tmp_path / "songs.sqlite", check_same_thread=False)) as by_hand:
        by_hand.execute("BEGIN IMMEDIATE")
        timer = threading.Timer(0.2, by_hand.rollback)
        timer.start()
        await journal.about_to_send("k", *SEA, "music")
        timer.join()
    assert await journal.find("k") is not None


async def test_a_journal_that_was_in_use_is_opened_the_next_time(
    journal: SqliteJournal, tmp_path: Path
) -> None:
    """A client that found it in use may ask again."""
    other = SqliteJournal(tmp_path / "songs.sqlite")
    await other.open()
    for _ in range(2):
        with pytest.raises(JournalError) as caught:
            await journal.find("k")
        assert caught.value.message == (
            f"The journal {tmp_path / 'songs.sqlite'} is in use: one client, in one process, may "
            "have it open. Several processes share a database: journal='postgresql://…' (in the "
            "README, More than one process)."
        )
        assert journal._file._lock is None
    await other.close()
    assert await journal.find("k") is None


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            "no database, but long enough to look at" * 20,
            "cannot be read as a journal and was left as it is: file is not a database.",
        ),
        (
            None,
            "is a database of something else and was left as it is: name another file.",
        ),
    ],
)
async def test_a_journal_that_cannot_be_opened_keeps_nobody_out(
    journal: SqliteJournal, tmp_path: Path, content: str | None, message: str
) -> None:
    """The next client's error says what is wrong with the file, not that it is in use."""
    path = tmp_path / "songs.sqlite"
    if content is None:
        with closing(sqlite3.connect(path)) as db:
            db.execute("CREATE TABLE song (title)")
    else:
        path.write_text(content)
    other = SqliteJournal(path)
    for one in (journal, other, journal):
        with pytest.raises(JournalError) as caught:
            await one.open()
        assert caught.value.message == f"{path} {message}"
    await other.close()


async def test_a_lock_that_cannot_be_had_is_not_taken_for_held(
    journal: SqliteJournal, tmp_path: Path
) -> None:
    """Only another's lock is one; what else is wrong with the lock's file is raised as it is."""
    (tmp_path / "songs.sqlite-lock").mkdir()
    with pytest.raises(JournalError, match="cannot be used: unable to open database file"):
        await journal.open()
    assert not (tmp_path / "songs.sqlite").exists()


async def test_a_write_in_passing_to_a_journal_in_use(
    journal: SqliteJournal, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """It fails and is logged, and so is that it was closed without; there is no loose end."""
    other = SqliteJournal(tmp_path / "songs.sqlite")
    await other.open()
    (writing,) = await asyncio.gather(journal.take_back("k"), return_exceptions=True)
    assert isinstance(writing, JournalError)
    assert "is not open" in writing.message
    await journal.close()
    journal._file._opening = None
    gc.collect()

    logged, closed = {record.message: None for record in caplog.records}
    assert logged == writing.message
    assert "It was closed without: submission 'k' was not accepted" in closed
    await other.close()


async def test_a_write_that_nobody_waits_for_any_more(journal: SqliteJournal) -> None:
    """A cancelled wait for a write breaks nothing."""
    await journal.open()
    complaints: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: complaints.append(context))
    writing = journal.take_back("k")
    writing.cancel()
    assert await journal.find("k") is None
    assert complaints == []


async def test_the_thread_ends_with_the_journal(tmp_path: Path) -> None:
    """A program may open and close any number of journals."""
    before = set(threading.enumerate())
    journal = SqliteJournal(tmp_path / "songs.sqlite")
    await journal.open()
    (thread,) = set(threading.enumerate()) - before
    await journal.close()
    thread.join(10)
    assert not thread.is_alive()


def test_a_path_that_cannot_be_followed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A name with a null in it, or a path relative to a directory that is gone, is refused."""
    with pytest.raises(JournalError, match="No journal can be at"):
        SqliteJournal(Path("a\0b"))
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    with pytest.raises(JournalError, match="No journal can be at 'songs"):
        SqliteJournal(Path("songs.sqlite"))


async def test_what_cannot_be_written_in_passing_is_logged_once(
    journal: SqliteJournal, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """An outcome that the disk does not take is logged, and made up for."""
    await journal.about_to_send("k", *SEA, "music")
    await journal.accepted("k", "t1")
    with closing(sqlite3.connect(tmp_path / "songs.sqlite")) as db:
        db.execute(
            "CREATE TRIGGER full BEFORE UPDATE OF outcome ON submission "
            "BEGIN SELECT RAISE(ABORT, 'disk full'); END"
        )
    with pytest.raises(JournalError, match="disk full"):
        await journal.over("music", "t1", {"data": 1})

    (logged,) = [record.message for record in caplog.records if record.name == "suno_async"]
    assert logged == (
        f"The journal {tmp_path / 'songs.sqlite'} cannot be used: disk full. It is kept, and "
        "written as soon as that can be: task music:t1 is over."
    )
    with closing(sqlite3.connect(tmp_path / "songs.sqlite")) as db:
        db.execute("DROP TRIGGER full")
    await journal.over("music", "t2", {"data": 1})
    assert len([record for record in caplog.records if record.levelname == "ERROR"]) == 1
    found = await journal.find("k")
    assert found is not None
    assert found.outcome == {"data": 1}


async def test_who_goes_while_the_file_is_opened_does_not_take_it_along(
    journal: SqliteJournal,
) -> None:
    """Of two that wait for the file, one may go."""
    may_go_on = threading.Event()
    before = journal._file._submit(may_go_on.wait, 10)
    one, two = (asyncio.create_task(journal.find("k")) for _ in range(2))
    await asyncio.sleep(0)
    one.cancel()
    await asyncio.sleep(0)
    may_go_on.set()
    assert await two is None
    assert one.cancelled()
    assert await before


async def test_who_asks_again_at_once_has_the_file(journal: SqliteJournal, tmp_path: Path) -> None:
    """A caller that gets the same failure a moment later does not undo that; it can be closed."""
    held = sqlite3.connect(tmp_path / "songs.sqlite-lock")
    held.execute("BEGIN EXCLUSIVE")

    async def ask_again() -> None:
        with pytest.raises(JournalError, match="in use"):
            await journal.open()
        held.close()
        await journal.open()

    ends = await asyncio.gather(ask_again(), journal.open(), return_exceptions=True)
    assert ends[0] is None
    assert isinstance(ends[1], JournalError)
    await journal.close()
    other = SqliteJournal(tmp_path / "songs.sqlite")
    await other.open()
    await other.close()
    journal._file._opening = None
