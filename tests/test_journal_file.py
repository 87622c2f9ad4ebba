"""One file is one file: copies, links, moves, full disks, foreign locks, forks."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import shutil
import sqlite3
import stat
import sys
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from disks import full_disk

from suno_async import (
    ConfigurationError,
    GenerateMusic,
    InsufficientCredits,
    JournalError,
    SubmissionUnknown,
    SunoClient,
    Task,
)
from suno_async._journal import file as journal_file
from suno_async._journal.journal import WrittenLater
from suno_async._journal.sqlite import SqliteJournal
from suno_async.testing import FakeSuno, Fault

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

SEA = GenerateMusic("the sea")
NAME = "songs.sqlite"


@pytest.fixture(autouse=True)
def _brief_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Locks of others are given up after a moment of real time."""
    monkeypatch.setattr(journal_file, "PATIENCE", 0.3)


def client(fake: FakeSuno, path: Path) -> SunoClient:
    """A client with this journal."""
    return SunoClient("key", base_url=fake.url, journal=path)


def tokens(path: Path) -> dict[str, str | None]:
    """What the file says of each submission."""
    with closing(sqlite3.connect(path)) as db:
        return dict(db.execute("SELECT id, token FROM state").fetchall())


def _copied(path: Path, name: str) -> Path:
    """A copy of the file alone, under this name."""
    return Path(shutil.copy(path, path.with_name(name)))


@contextmanager
def foreign(path: Path, *statements: str) -> Generator[None]:
    """Another program has done this, and not ended its transaction."""
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        for statement in statements:
            other.execute(statement).fetchall()
        yield


def accepted(fake: FakeSuno) -> list[str]:
    """The tokens of all songs that were paid for."""
    return [f"music:{entry.task_id}" for entry in fake.ledger.accepted("generate-music")]


async def in_flight(fake: FakeSuno, suno: SunoClient, *keys: str) -> list[asyncio.Task[Task[Any]]]:
    """Songs that were sent, and whose answers come ten seconds after they were paid for."""
    for _ in keys:
        fake.fail(Fault.DELAY_AFTER_ACCEPT.lasting(10), on="generate-music")
    asking = [asyncio.create_task(suno.submit(SEA, idempotency_key=key)) for key in keys]
    await asyncio.sleep(5)
    assert len(accepted(fake)) == len(keys)
    return asking


# --- copies ------------------------------------------------------------------------------------


async def test_a_copy_of_the_file_alone_is_whole(fake_suno: FakeSuno, tmp_path: Path) -> None:
    """Taken while in use, after any number of songs, it pays for nothing again."""
    copies: list[Path] = []
    async with client(fake_suno, tmp_path / NAME) as suno:
        for number in range(5):
            await suno.submit(SEA, idempotency_key=f"k{number}")
            copies.append(_copied(tmp_path / NAME, f"copy{number}.sqlite"))
    for number, copy in enumerate(copies):
        async with client(fake_suno, copy) as suno:
            for known in range(number + 1):
                assert (await suno.submit(SEA, idempotency_key=f"k{known}")).token == accepted(
                    fake_suno
                )[known]
    assert len(accepted(fake_suno)) == 5


@pytest.mark.real_time
async def test_a_copy_of_the_file_alone_after_a_kill(tmp_path: Path) -> None:
    """After `kill -9`, too, the main file alone knows all that was accepted."""
    program = (
        "import asyncio, sys\n"
        "from suno_async import GenerateMusic, SunoClient\n"
        "async def main():\n"
        "    async with SunoClient('key', base_url=sys.argv[1], journal=sys.argv[2]) as suno:\n"
        "        for number in range(5):\n"
        "            await suno.submit(GenerateMusic('the sea'), idempotency_key=f'k{number}')\n"
        "        print('made', flush=True)\n"
        "        await asyncio.sleep(60)\n"
        "asyncio.run(main())\n"
    )
    async with FakeSuno() as fake:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", program, fake.url, str(tmp_path / NAME)),
            stdout=asyncio.subprocess.PIPE,
        )
        assert process.stdout is not None
        assert await process.stdout.readline() == b"made\n"
        process.kill()
        await process.wait()
        copy = _copied(tmp_path / NAME, "copy.sqlite")
        async with client(fake, copy) as suno:
            again = [await suno.submit(SEA, idempotency_key=f"k{number}") for number in range(5)]
        assert [task.token for task in again] == accepted(fake)


async def test_nothing_stays_beside_the_file(fake_suno: FakeSuno, tmp_path: Path) -> None:
    """Between two writes there is no log beside the file that could be played into another one."""
    async with client(fake_suno, tmp_path / NAME) as suno:
        await suno.submit(SEA, idempotency_key="k")
        assert sorted(os.listdir(tmp_path)) == [NAME, f"{NAME}-lock", f"{NAME}-rate"]  # noqa: PTH208 names


async def test_a_reader_is_waited_for(fake_suno: FakeSuno, tmp_path: Path) -> None:
    """While a reader keeps its transaction open nothing is sent; after it all goes on."""
    async with client(fake_suno, tmp_path / NAME) as suno:
        await suno.submit(SEA, idempotency_key="one")
        with foreign(tmp_path / NAME, "BEGIN", "SELECT * FROM state"):
            with pytest.raises(JournalError, match="another program"):
                await suno.submit(SEA, idempotency_key="two")
            assert len(accepted(fake_suno)) == 1
        assert (await suno.submit(SEA, idempotency_key="two")).token == accepted(fake_suno)[1]


async def test_what_is_accepted_while_somebody_reads(fake_suno: FakeSuno, tmp_path: Path) -> None:
    """The caller has its task, and the file has it once the reader has gone."""
    async with client(fake_suno, tmp_path / NAME) as suno:
        (asking,) = await in_flight(fake_suno, suno, "k")
        with foreign(tmp_path / NAME, "BEGIN", "SELECT * FROM state"):
            task = await asking
            assert tokens(tmp_path / NAME) == {"k": None}
        assert await suno.submit(SEA, idempotency_key="k") is task
        assert tokens(tmp_path / NAME) == {"k": task.token}


async def test_a_file_of_the_first_version_becomes_one_file(
    fake_suno: FakeSuno, tmp_path: Path
) -> None:
    """What a killed process left in its write-ahead log is in the main file from then on."""
    path = tmp_path / "old" / NAME
    path.parent.mkdir()
    async with client(fake_suno, path) as suno:
        await suno.submit(SEA, idempotency_key="old")
    with closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA journal_mode = WAL")
        with db:
            db.execute(
                "INSERT INTO submission (id, operation, digest, fields, kind) "
                "SELECT 'logged', operation, digest, fields, kind FROM submission"
            )
        for file in path.parent.glob(f"{NAME}*"):  # as a kill would leave them
            shutil.copy(file, tmp_path)
    assert (tmp_path / f"{NAME}-wal").stat().st_size
    with foreign(tmp_path / NAME, "BEGIN", "SELECT * FROM state"), pytest.raises(JournalError):
        async with client(fake_suno, tmp_path / NAME):
            pass
    async with client(fake_suno, tmp_path / NAME) as suno:
        copy = _copied(tmp_path / NAME, "copy.sqlite")
        assert tokens(copy).keys() == {"old", "logged"}
        with pytest.raises(SubmissionUnknown):
            await suno.submit(SEA, idempotency_key="logged")


# --- names -------------------------------------------------------------------------------------


def _delete(path: Path) -> None:
    path.unlink()


def _move(path: Path) -> None:
    path.rename(path.with_name("moved.sqlite"))


def _move_directory(path: Path) -> None:
    path.parent.rename(path.parent.with_name("moved"))


def _replace(path: Path) -> None:
    _copied(path, "copy.sqlite").replace(path)


def _link(path: Path) -> None:
    path.with_name("link.sqlite").hardlink_to(path)


def _delete_lock(path: Path) -> None:
    path.with_name(f"{NAME}-lock").unlink()


def _replace_lock(path: Path) -> None:
    _delete_lock(path)
    path.with_name(f"{NAME}-lock").touch()


def _link_lock(path: Path) -> None:
    path.with_name("other-lock").hardlink_to(path.with_name(f"{NAME}-lock"))


@pytest.mark.parametrize("tamper", [_delete, _move, _move_directory, _replace])
async def test_a_file_that_is_not_where_it_was(
    fake_suno: FakeSuno, tmp_path: Path, tamper: Callable[[Path], None], caplog: Any
) -> None:
    """Nothing more is sent; what is accepted meanwhile is returned, logged and listed."""
    path = tmp_path / "place" / NAME
    path.parent.mkdir()
    async with client(fake_suno, path) as suno:
        (asking,) = await in_flight(fake_suno, suno, "meanwhile")
        tamper(path)
        task = await asking
        assert suno.unclaimed == [task.token]
        assert f"accepted as {task.token}, but:" in caplog.text
        for _ in range(2):
            with pytest.raises(JournalError, match=r"put back|put it back"):
                await suno.submit(SEA, idempotency_key="after")
        assert len(accepted(fake_suno)) == 1
        await task  # its end cannot be written either
    (closing_words,) = (line for line in caplog.text.splitlines() if "closed without: " in line)
    assert f"was accepted as task '{task.id}'; task {task.token} is over" in closing_words
    assert suno.unclaimed == [task.token]


@pytest.mark.parametrize("tamper", [_delete, _move])
async def test_a_journal_that_is_gone_is_not_taken_for_a_new_one(
    fake_suno: FakeSuno, tmp_path: Path, tamper: Callable[[Path], None]
) -> None:
    """What it knew would be paid for again: it must be put back, or all of it deleted."""
    path = tmp_path / NAME
    keys = [f"song {number}" for number in range(5)]
    async with client(fake_suno, path) as suno:
        for key in keys:
            await suno.submit(SEA, idempotency_key=key)
        tamper(path)
    async with client(fake_suno, tmp_path / "other.sqlite") as suno:
        await suno.unfinished()  # other journals in the same place are none of its business
    for _ in range(2):
        with pytest.raises(JournalError, match=f"delete {NAME}-rate as well"):
            async with client(fake_suno, path):
                pass
    assert not path.exists()
    assert len(accepted(fake_suno)) == 5
    path.with_name(f"{NAME}-rate").unlink()
    async with client(fake_suno, path) as suno:
        await suno.submit(SEA, idempotency_key=keys[0])
    assert len(accepted(fake_suno)) == 6


@pytest.mark.parametrize("tamper", [_link, _delete_lock, _replace_lock, _link_lock])
async def test_a_file_that_others_may_open(
    fake_suno: FakeSuno, tmp_path: Path, tamper: Callable[[Path], None]
) -> None:
    """Nothing more is sent; what is accepted meanwhile is written all the same."""
    async with client(fake_suno, tmp_path / NAME) as suno:
        (asking,) = await in_flight(fake_suno, suno, "meanwhile")
        tamper(tmp_path / NAME)
        task = await asking
        assert suno.unclaimed == []
        for _ in range(2):
            with pytest.raises(JournalError, match=r"put back|put it back|other names"):
                await suno.submit(SEA, idempotency_key="after")
        assert len(accepted(fake_suno)) == 1
    assert tokens(tmp_path / NAME) == {"meanwhile": task.token}


async def test_what_comes_after_another_client_has_opened_the_file(
    fake_suno: FakeSuno, tmp_path: Path
) -> None:
    """It is not written into what is another's by now, but returned and listed."""
    async with client(fake_suno, tmp_path / NAME) as suno:
        (asking,) = await in_flight(fake_suno, suno, "k")
        _delete_lock(tmp_path / NAME)
        async with client(fake_suno, tmp_path / NAME) as second:
            task = await asking
            assert suno.unclaimed == [task.token]
            with pytest.raises(SubmissionUnknown):
                await second.submit(SEA, idempotency_key="k")
    assert len(accepted(fake_suno)) == 1


async def test_a_file_that_is_put_back_is_gone_on_with(fake_suno: FakeSuno, tmp_path: Path) -> None:
    """What could not be written meanwhile is, and no longer listed."""
    path = tmp_path / NAME
    async with client(fake_suno, path) as suno:
        (asking,) = await in_flight(fake_suno, suno, "meanwhile")
        moved = path.rename(tmp_path / "moved.sqlite")
        task = await asking
        moved.rename(path)
        other = await suno.submit(SEA, idempotency_key="after")
        assert tokens(path) == {"meanwhile": task.token, "after": other.token}
        assert suno.unclaimed == []


async def test_a_link_that_leads_elsewhere(fake_suno: FakeSuno, tmp_path: Path) -> None:
    """A journal given as a symbolic link must go on leading to the file that was opened."""
    link = tmp_path / "link.sqlite"
    link.symlink_to(tmp_path / NAME)
    async with client(fake_suno, link) as suno:
        await suno.submit(SEA, idempotency_key="k")
        link.unlink()
        link.symlink_to(tmp_path / "other.sqlite")
        async with client(fake_suno, link):
            with pytest.raises(JournalError, match="Another file"):
                await suno.submit(SEA, idempotency_key="k2")
    assert len(accepted(fake_suno)) == 1


@pytest.mark.parametrize("name", [NAME, "link.sqlite"])
async def test_a_file_with_two_names_is_refused(
    fake_suno: FakeSuno, tmp_path: Path, name: str
) -> None:
    """By either of them, in use or not, and nothing is changed or sent."""
    async with client(fake_suno, tmp_path / NAME) as suno:
        await suno.submit(SEA, idempotency_key="k")
    _link(tmp_path / NAME)
    before = (tmp_path / NAME).read_bytes()
    with pytest.raises(JournalError, match="2 names"):
        async with client(fake_suno, tmp_path / name) as suno:
            await suno.submit(SEA, idempotency_key="k")
    assert (tmp_path / NAME).read_bytes() == before
    assert len(accepted(fake_suno)) == 1


async def test_a_lost_lock_lets_only_the_second_client_go_on(
    fake_suno: FakeSuno, tmp_path: Path
) -> None:
    """Where the lock file was deleted, one key is still accepted once."""
    async with client(fake_suno, tmp_path / NAME) as first:
        _delete_lock(tmp_path / NAME)
        async with client(fake_suno, tmp_path / NAME) as second:
            ends = await asyncio.gather(
                *(suno.submit(SEA, idempotency_key="k") for suno in (first, second)),
                return_exceptions=True,
            )
            assert isinstance(ends[0], JournalError | SubmissionUnknown)
            assert ends[1] is await second.submit(SEA, idempotency_key="k")
            with pytest.raises(JournalError, match="Another client"):
                await first.submit(SEA, idempotency_key="k2")
    assert len(accepted(fake_suno)) == 1


async def test_another_path_that_no_name_shows(fake_suno: FakeSuno, tmp_path: Path) -> None:
    """A second client with a lock of its own, as by a mount of the file alone, stops the first."""
    lock = tmp_path / f"{NAME}-lock"
    async with client(fake_suno, tmp_path / NAME) as first:
        await first.submit(SEA, idempotency_key="before")
        kept = lock.rename(tmp_path / "kept-lock")
        async with client(fake_suno, tmp_path / NAME) as second:
            lock.rename(tmp_path / "other-lock")
            kept.rename(lock)  # the first one finds all as it was
            with pytest.raises(JournalError, match="Another client has opened"):
                await first.submit(SEA, idempotency_key="k")
            lock.rename(kept)
            (tmp_path / "other-lock").rename(lock)
            await second.submit(SEA, idempotency_key="k")
            with pytest.raises(JournalError):
                await first.submit(SEA, idempotency_key="k2")
    assert len(accepted(fake_suno)) == 2


# --- what cannot be written --------------------------------------------------------------------


async def test_a_full_disk_is_made_up_for(
    fake_suno: FakeSuno, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Ids that came while nothing could be written are in the file before the next song."""
    path, keys = tmp_path / NAME, ("a", "b", "c")
    async with client(fake_suno, path) as suno:
        asking = await in_flight(fake_suno, suno, *keys)
        with full_disk():
            tasks = await asyncio.gather(*asking)
            for task in tasks:
                assert f"accepted as {task.token}, but:" in caplog.text
            with pytest.raises(JournalError):
                await suno.submit(SEA, idempotency_key="d")
            with pytest.raises(JournalError):
                await suno.submit(SEA, idempotency_key="a")
        assert sorted(suno.unclaimed) == sorted(task.token for task in tasks)
        assert len(accepted(fake_suno)) == 3
        tasks.append(await suno.submit(SEA, idempotency_key="d"))
        assert tokens(path) == dict(zip((*keys, "d"), (task.token for task in tasks), strict=True))
        assert suno.unclaimed == []


async def test_a_full_disk_is_made_up_for_at_closing(fake_suno: FakeSuno, tmp_path: Path) -> None:
    """A disk that has room again by then has all when the client has closed."""
    async with client(fake_suno, tmp_path / NAME) as suno:
        (asking,) = await in_flight(fake_suno, suno, "k")
        with full_disk():
            task = await asking
    assert tokens(tmp_path / NAME) == {"k": task.token}
    await asyncio.sleep(0)
    assert suno.unclaimed == []


async def test_a_disk_that_stays_full_is_logged(
    fake_suno: FakeSuno, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """What could not be written at all is listed, and named in the log at the end."""
    async with client(fake_suno, tmp_path / NAME) as suno:
        (asking,) = await in_flight(fake_suno, suno, "k")
        with full_disk():
            task = await asking
            await suno.aclose()
    assert suno.unclaimed == [task.token]
    assert f"closed without: submission 'k' was accepted as task '{task.id}'" in caplog.text
    async with client(fake_suno, tmp_path / NAME) as suno:
        with pytest.raises(SubmissionUnknown):
            await suno.submit(SEA, idempotency_key="k")


async def test_outcomes_and_refusals_are_made_up_for_in_order(
    fake_suno: FakeSuno, tmp_path: Path
) -> None:
    """What ended and what was refused while the disk was full is so in the file afterwards."""
    async with client(fake_suno, tmp_path / NAME) as suno:
        task = await suno.submit(SEA, idempotency_key="done")
        fake_suno.balance = 0
        fake_suno.fail(Fault.DELAY_BEFORE_ACCEPT.lasting(10), on="generate-music")
        asking = asyncio.create_task(suno.submit(SEA, idempotency_key="refused"))
        await asyncio.sleep(5)
        with full_disk():
            with pytest.raises(InsufficientCredits):
                await asking
            await task
        fake_suno.balance = 100
        again = await suno.submit(SEA, idempotency_key="refused")
    with closing(sqlite3.connect(tmp_path / NAME)) as db:
        rows = db.execute("SELECT id, token FROM state WHERE state = 'done'").fetchall()
    assert rows == [("done", task.token)]
    assert tokens(tmp_path / NAME) == {"done": task.token, "refused": again.token}


async def test_what_has_happened_is_written_though_nobody_waits(tmp_path: Path) -> None:
    """A fact in the queue outlives the task that wrote it, as at the end of a program."""
    journal = SqliteJournal(tmp_path / NAME)
    await journal.about_to_send("k", "GenerateMusic", {"prompt": "the sea"}, "music")
    writing = [asyncio.create_task(journal.accepted("k", f"t{number}")) for number in range(20)]
    await asyncio.sleep(0)
    for task in writing:
        task.cancel()
    await asyncio.wait(writing)
    await journal.close()
    assert tokens(tmp_path / NAME) == {"k": "music:t19"}


async def test_a_foreign_lock_is_made_up_for(fake_suno: FakeSuno, tmp_path: Path) -> None:
    """A song accepted while another program held the file is no doubt afterwards."""
    async with client(fake_suno, tmp_path / NAME) as suno:
        (asking,) = await in_flight(fake_suno, suno, "k")
        with foreign(tmp_path / NAME, "BEGIN IMMEDIATE"):
            task = await asking
            with pytest.raises(JournalError, match="another program"):
                await suno.submit(SEA, idempotency_key="k2")
        assert await suno.submit(SEA, idempotency_key="k") is task
    assert len(accepted(fake_suno)) == 1


async def test_what_can_never_be_written_stops_nothing_else(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A fact that no file can hold is logged as an error and put aside; all after it is written."""
    path, half, ends = tmp_path / NAME, "half \ud800", dict[str, asyncio.Future[None]]()
    journal = SqliteJournal(path)
    for key in ("a", "b", "c"):
        await journal.about_to_send(key, "GenerateMusic", {"prompt": "the sea"}, "music")
    with foreign(path, "BEGIN IMMEDIATE"):
        for key, task_id in (("a", half), ("b", "t2")):
            with pytest.raises(JournalError, match="is kept") as caught:
                await journal.accepted(key, task_id)
            kept = caught.value.__cause__
            assert isinstance(kept, WrittenLater)
            ends[key] = kept.written
    await journal.accepted("c", "t3")
    assert tokens(path) == {"a": None, "b": "music:t2", "c": "music:t3"}
    assert {key: end.cancelled() for key, end in ends.items()} == {"a": True, "b": False}
    (logged,) = [record for record in caplog.records if record.levelname == "ERROR"]
    assert f"never be written: submission 'a' was accepted as task {half!r}" in logged.getMessage()
    await journal.close()


async def test_a_journal_is_closed_whatever_cannot_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """An end that goes wrong in a way that nobody thought of leaves no lock behind."""
    journal = SqliteJournal(tmp_path / NAME)
    await journal.open()

    def fail(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr(journal_file.JournalFile, "_up_to_date", fail)
    await journal.close()
    assert "cannot be used: MemoryError. It was closed without" in caplog.text
    monkeypatch.undo()
    second = SqliteJournal(tmp_path / NAME)
    await second.open()
    await second.close()


async def test_all_who_wait_for_a_lock_wait_together(fake_suno: FakeSuno, tmp_path: Path) -> None:
    """SQLite's patience is for the queue: five submissions have hardly more of it than one."""
    statements: list[str] = []
    async with client(fake_suno, tmp_path / NAME) as suno:
        await suno.submit(SEA)
        journal: Any = suno._engine.journal
        db = journal._file._open_db
        with foreign(tmp_path / NAME, "BEGIN IMMEDIATE"):
            db.set_trace_callback(statements.append)
            ends = await asyncio.gather(
                *(suno.submit(SEA) for _ in range(5)), return_exceptions=True
            )
            db.set_trace_callback(None)
    assert all(isinstance(end, JournalError) for end in ends)
    waits = [float(one.rpartition("=")[2]) for one in statements if "busy_timeout" in one]
    assert len(waits) == 5
    assert sum(waits) <= 1.1 * 300
    assert len(accepted(fake_suno)) == 1


# --- modes and forks ---------------------------------------------------------------------------


async def test_new_files_are_their_owners_alone(fake_suno: FakeSuno, tmp_path: Path) -> None:
    """The journal, its lock and what SQLite puts beside it have mode 0600, whatever the umask."""
    seen: dict[str, int] = {}
    umask = os.umask(0)
    try:
        async with client(fake_suno, tmp_path / NAME) as suno:
            journal: Any = suno._engine.journal
            db = journal._file._open_db

            def note() -> None:
                for file in tmp_path.iterdir():
                    seen[file.name] = stat.S_IMODE(file.stat().st_mode)

            db.create_function("note", 0, note)
            db.execute(
                "CREATE TEMP TRIGGER note AFTER INSERT ON submission BEGIN SELECT note(); END"
            )
            await suno.submit(SEA, idempotency_key="k")
            note()
    finally:
        os.umask(umask)
    assert seen == dict.fromkeys([NAME, f"{NAME}-lock", f"{NAME}-rate", f"{NAME}-journal"], 0o600)


async def test_modes_that_were_given_are_left(fake_suno: FakeSuno, tmp_path: Path) -> None:
    """A journal that a group may read stays so."""
    async with client(fake_suno, tmp_path / NAME):
        pass
    (tmp_path / NAME).chmod(0o640)
    async with client(fake_suno, tmp_path / NAME) as suno:
        await suno.submit(SEA)
    assert stat.S_IMODE((tmp_path / NAME).stat().st_mode) == 0o640


def _in_child(suno: SunoClient, token: str, pipe: Any) -> None:
    """Try everything in a fork."""

    async def use(work: Callable[[], Any]) -> str:
        try:
            await work()
        except ConfigurationError as error:
            return str(error)
        return "no error"

    async def batch() -> None:
        async for outcome in suno.batch([SEA]):
            assert outcome.error is not None
            raise outcome.error

    async def wait() -> None:
        await suno.task(token)

    works: list[Callable[[], Any]] = [
        lambda: suno.submit(SEA, idempotency_key="k"),
        suno.get_credits,
        suno.unfinished,
        batch,
        wait,
        lambda: suno.download("http://127.0.0.1:1/a.mp3"),
        suno.aclose,
        suno.__aenter__,
    ]
    pipe.send([asyncio.run(use(work)) for work in works])


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
async def test_a_fork_cannot_use_the_client(fake_suno: FakeSuno, tmp_path: Path) -> None:
    """Any use in the child says to make a client there; the parent goes on undisturbed."""
    fork = multiprocessing.get_context("fork")
    async with client(fake_suno, tmp_path / NAME) as suno:
        token = (await suno.submit(SEA, idempotency_key="one")).token
        mine, its = fork.Pipe()
        child = fork.Process(target=_in_child, args=(suno, token, its))
        child.start()
        its.close()
        try:
            assert await asyncio.to_thread(mine.poll, 30), "something in the child never ends"
            ends = mine.recv()
            await asyncio.to_thread(child.join)
        finally:
            child.kill()
        assert child.exitcode == 0
        assert [end for end in ends if "make a SunoClient in each process" not in end] == []
        with pytest.raises(JournalError, match="in use"):
            await client(fake_suno, tmp_path / NAME).unfinished()
        await suno.submit(SEA, idempotency_key="two")
    assert [*tokens(tmp_path / NAME).values()] == accepted(fake_suno)
    assert len(accepted(fake_suno)) == 2


def _let_go(suno: SunoClient) -> None:
    """Close in a fork what the client had open."""
    journal: Any = suno._engine.journal
    file = journal._file
    for name in ("_db", "_lock"):
        setattr(file, name, None)


@pytest.mark.real_time
@pytest.mark.suno_clock("real")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
async def test_a_fork_amid_a_write(fake_suno: FakeSuno, tmp_path: Path) -> None:
    """A process that forks while a commit waits gives the child nothing to roll back."""
    fork = multiprocessing.get_context("fork")
    async with client(fake_suno, tmp_path / NAME) as suno:
        await suno.submit(SEA, idempotency_key="one")
        with foreign(tmp_path / NAME, "BEGIN", "SELECT * FROM state"):
            asking = asyncio.create_task(suno.submit(SEA, idempotency_key="two"))
            async with asyncio.timeout(10):
                while not (tmp_path / f"{NAME}-journal").exists():  # noqa: ASYNC110 no event says so
                    await asyncio.sleep(0.01)
            child = fork.Process(target=_let_go, args=(suno,))
            child.start()
            await asyncio.to_thread(child.join, 5)
            assert child.exitcode == 0
            with pytest.raises(JournalError, match="another program"):
                await asking
        await suno.submit(SEA, idempotency_key="two")
        with pytest.raises(JournalError, match="in use"):
            await client(fake_suno, tmp_path / NAME).unfinished()
    assert [*tokens(tmp_path / NAME).values()] == accepted(fake_suno)
