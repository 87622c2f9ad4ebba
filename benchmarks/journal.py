"""What a journal's file survives: copied, moved, linked, on a full disk, killed; and what it costs.

Songs are asked for by keys, before something happens to the file, while it lasts, and with answers
that come meanwhile; then a new client asks for all keys again, on the file that is left, put back
where that can be done. What was paid for again is from the server's ledger. All on virtual time but
for what waits for real locks and disks.
"""

import asyncio
import logging
import shutil
import sqlite3
import sys
import tempfile
import threading
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

from attrs import define

from benchmarks._disturbances import Disturbance, disturbances
from benchmarks._tables import Cell, Table, Target
from suno_async import GenerateMusic, JournalError, SubmissionUnknown, SunoClient
from suno_async._journal.file import JournalFile
from suno_async.testing import FakeSuno, Fault, run_virtual

_SONGS = 5  # of what is killed, and of a file of the first version
_MUSIC = "generate-music"
_NAME = "songs.sqlite"
_COLUMNS = ("what happens", "accepted", "paid again", "", "in doubt", "logged", "not sent")
_FIRST_VERSION = """
CREATE TABLE submission (
    id TEXT PRIMARY KEY, operation TEXT NOT NULL, fields TEXT NOT NULL, kind TEXT, task TEXT,
    outcome TEXT, earlier TEXT, sent_at TEXT NOT NULL DEFAULT (datetime('now')), accepted_at TEXT,
    over_at TEXT
);
CREATE INDEX submission_task ON submission (task);
CREATE VIEW state AS SELECT id, operation, CASE
    WHEN outcome IS NOT NULL THEN 'over'
    WHEN task IS NOT NULL THEN 'being made'
    ELSE 'unknown'
END AS state, kind || ':' || task AS token, sent_at, accepted_at, over_at FROM submission;
PRAGMA application_id = 0x73756E6F;
PRAGMA user_version = 1;
"""


@define
class Seen:
    """What became of the songs."""

    accepted: int = 0
    """Songs that the service accepted."""
    again: int = 0
    """Times that one was accepted once more."""
    in_doubt: int = 0
    """Songs of which the file does not know whether they were accepted."""
    logged: int = 0
    """Accepted songs that could not be written down when they came, each logged and listed."""
    not_sent: int = 0
    """Requests that were refused here meanwhile, nothing sent."""

    def row(self, name: str) -> list[Cell]:
        """As it stands in the table."""
        again = Target(self.again, 0)
        return [name, self.accepted, self.again, again, self.in_doubt, self.logged, self.not_sent]


def run(*, full: bool) -> Iterator[Table]:
    """Each disturbance, then the cost of a write."""
    log = logging.getLogger("suno_async")
    log.addHandler(quiet := logging.NullHandler())
    rows = [_in_place(run_virtual, disturb, one) for one in disturbances()]
    rows.append(_in_place(asyncio.run, _kill).row("kill -9, then a copy of the file alone"))
    rows.append(_in_place(run_virtual, _first_version).row("a killed file of the first version"))
    log.removeHandler(quiet)
    yield Table(
        "What happens to the file while it is in use",
        _COLUMNS,
        rows,
        [
            "in doubt: asked for again, it is `SubmissionUnknown`; not paid again",
            "logged: accepted while it could not be written, so in the log and in `unclaimed`",
        ],
    )
    yield from _costs(2_000 if full else 400)


def _in_place(runner: Callable[..., Any], play: Callable[..., Awaitable[Any]], *given: Any) -> Any:
    with tempfile.TemporaryDirectory() as directory:
        return runner(play(Path(directory), *given))


def _client(fake: FakeSuno, path: Path) -> SunoClient:
    return SunoClient("key", base_url=fake.url, journal=path)


async def disturb(directory: Path, what: Disturbance) -> list[Cell]:
    """Play one disturbance: its row of the table."""
    seen, path = Seen(), directory / _NAME
    songs = what.before + what.on_their_way + what.after
    early, late = what.before, what.before + what.on_their_way
    async with FakeSuno(max_rate=None) as fake:
        async with _client(fake, path) as suno:
            await _ask(suno, seen, range(early))
            for _ in range(early, late):
                fake.fail(Fault.DELAY_AFTER_ACCEPT.lasting(10), on=_MUSIC)
            coming = asyncio.create_task(_ask(suno, seen, range(early, late)))
            await asyncio.sleep(5)
            with what.happening(path) as there:
                await coming
                seen.logged = len(suno.unclaimed)
                if what.has_second:
                    await asyncio.gather(
                        _ask(suno, seen, range(late, songs)), _second(fake, there, seen, songs)
                    )
                else:
                    await _ask(suno, seen, range(late, songs))
        seen.not_sent += seen.in_doubt  # as another client was sending them
        seen.in_doubt = 0
        await _second(fake, there if there.exists() else path, seen, songs)
        _count(fake, seen)
    return seen.row(what.name)


async def _second(fake: FakeSuno, path: Path, seen: Seen, songs: int) -> None:
    """Another client, while the first one is there or after it."""
    try:
        async with _client(fake, path) as suno:
            await _ask(suno, seen, range(songs))
    except JournalError:
        seen.not_sent += songs


async def _ask(suno: SunoClient, seen: Seen, numbers: range) -> None:
    """Ask for songs, all at once."""
    asking = (
        suno.submit(GenerateMusic(f"song {one}"), idempotency_key=f"key {one}") for one in numbers
    )
    for end in await asyncio.gather(*asking, return_exceptions=True):
        if isinstance(end, SubmissionUnknown):
            seen.in_doubt += 1
        elif isinstance(end, JournalError):
            seen.not_sent += 1
        elif isinstance(end, BaseException):
            raise end


def _count(fake: FakeSuno, seen: Seen) -> None:
    times = Counter(entry.body["prompt"] for entry in fake.ledger.accepted(_MUSIC))
    seen.accepted = len(times)
    seen.again = times.total() - len(times)


# --- killed, and old ---------------------------------------------------------------------------


async def _kill(directory: Path) -> Seen:
    """Killed with two songs on their way; a copy of the main file is gone on with."""
    seen = Seen()
    async with FakeSuno(max_rate=None) as fake:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "benchmarks.journal", fake.url, str(directory / _NAME)),
            stdout=asyncio.subprocess.PIPE,
        )
        if process.stdout is None:
            raise AssertionError
        await process.stdout.readline()
        for _ in range(2):
            fake.fail(Fault.DELAY_AFTER_ACCEPT, on=_MUSIC)
        while fake.ledger.count(_MUSIC) < _SONGS + 2:  # noqa: ASYNC110 another process sends them
            await asyncio.sleep(0.01)
        process.kill()
        await process.wait()
        copy = shutil.copy(directory / _NAME, directory / "copy.sqlite")
        async with _client(fake, Path(copy)) as suno:
            await _ask(suno, seen, range(_SONGS + 2))
        _count(fake, seen)
    return seen


async def _be_killed(url: str, path: Path) -> None:
    async with SunoClient("key", base_url=url, journal=path) as suno:
        await _ask(suno, Seen(), range(_SONGS))
        print("made", flush=True)
        await asyncio.sleep(1)
        await _ask(suno, Seen(), range(_SONGS, _SONGS + 2))


async def _first_version(directory: Path) -> Seen:
    """A file of the first version, the last songs still in its write-ahead log."""
    seen, path = Seen(), directory / _NAME
    async with FakeSuno(max_rate=None) as fake:
        async with SunoClient("key", base_url=fake.url) as suno:
            songs = [GenerateMusic(f"song {number}") for number in range(_SONGS)]
            tasks = [await suno.submit(song) for song in songs]
        (directory / "old").mkdir()
        with closing(sqlite3.connect(directory / "old" / _NAME)) as db:
            db.execute("PRAGMA journal_mode = WAL")
            db.executescript(_FIRST_VERSION)
            with db:
                db.executemany(
                    "INSERT INTO submission (id, operation, fields, kind, task) VALUES "
                    "('key ' || ?1, 'GenerateMusic', json_object('prompt', 'song ' || ?1), "
                    "'music', ?2)",
                    [(number, task.id) for number, task in enumerate(tasks)],
                )
            for file in (directory / "old").iterdir():  # as a kill leaves them
                shutil.copy(file, directory)
        async with _client(fake, path) as suno:
            await _ask(suno, seen, range(_SONGS))
        _count(fake, seen)
    return seen


# --- what a write costs ------------------------------------------------------------------------


def _costs(writes: int) -> Iterator[Table]:
    """A row written, ours and as the first version did, in turn; and other readers meanwhile."""
    with tempfile.TemporaryDirectory() as directory:
        ours, first = asyncio.run(_write_both(Path(directory), writes))
        readers = asyncio.run(_read_meanwhile(Path(directory) / "read.sqlite", writes // 4))
    now, before = 1e3 * median(ours), 1e3 * median(first)
    yield Table(
        f"What a write costs: {writes:,} rows, each waited for, both ways in turn",
        ["what", "median, ms", "ratio"],
        [
            ["rollback journal, all in the main file", now, now / before],
            ["write-ahead log, as the first version", before, 1.0],
        ],
        ["the disk decides: two or three waits for it in place of one"],
    )
    yield Table(
        "Other programs that read the file, some 10 writes a second meanwhile",
        ["their patience, s", "reads", "refused"],
        [[f"{patience:g}", reads, refused] for patience, reads, refused in readers],
    )


_ROW = (
    "INSERT INTO submission (id, operation, fields, kind) VALUES (?, 'GenerateMusic', ?, 'music')"
)
_FIELDS = '{"prompt": "' + 200 * "x" + '"}'


def _prepare(db: sqlite3.Connection, _: Path) -> None:
    db.executescript(_FIRST_VERSION)


async def _write_both(directory: Path, writes: int) -> tuple[list[float], list[float]]:
    file = JournalFile(given=directory / "ours.sqlite", prepare=_prepare)
    ours, first = list[float](), list[float]()
    with ThreadPoolExecutor(1) as thread:
        db = sqlite3.connect(directory / "first.sqlite", check_same_thread=False)
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = FULL")
        _prepare(db, directory)
        for number in range(writes):
            began = perf_counter()
            await file.change(_ROW, str(number), _FIELDS)
            between = perf_counter()
            await asyncio.get_running_loop().run_in_executor(thread, _write, db, str(number))
            ours.append(between - began)
            first.append(perf_counter() - between)
        db.close()
    await file.close()
    return ours[1:], first[1:]  # the file was opened with the first


def _write(db: sqlite3.Connection, key: str) -> None:
    with db:
        db.execute(_ROW, (key, _FIELDS))


async def _read_meanwhile(path: Path, writes: int) -> list[tuple[float, int, int]]:
    """By the patience of readers: how often they read, and were refused for a write's sake."""
    file = JournalFile(given=path, prepare=_prepare)
    await file.open()
    over = threading.Event()

    def read(patience: float) -> tuple[float, int, int]:
        reads = refused = 0
        with closing(sqlite3.connect(path, timeout=patience)) as db:
            while not over.wait(0.002):
                reads += 1
                try:
                    db.execute("SELECT count(*) FROM state").fetchall()
                except sqlite3.OperationalError:
                    refused += 1
        return patience, reads, refused

    reading = asyncio.gather(*(asyncio.to_thread(read, patience) for patience in (0.0, 1.0)))
    await asyncio.sleep(0)
    for number in range(writes // 10):
        await file.change(_ROW, str(number), _FIELDS)
        await asyncio.sleep(0.1)
    over.set()
    counts = await reading
    await file.close()
    return counts


if __name__ == "__main__":
    asyncio.run(_be_killed(sys.argv[1], Path(sys.argv[2])))
