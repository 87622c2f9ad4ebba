"""A batch that is killed again and again: what is lost, what is paid twice.

A process makes songs from a list, with a journal, downloads them, and is killed with SIGKILL at
random instants, on a network that loses answers; then it is started again, until it ends by
itself. The service's ledger is then held against the journal. Both sides run 20 times faster than
their clocks say, so that many kills land while a paid request is on its way.
"""

from __future__ import annotations

import asyncio
import random
import signal
import sqlite3
import sys
import tempfile
from collections import Counter
from contextlib import closing
from filecmp import cmp
from pathlib import Path
from typing import TYPE_CHECKING
from unittest.mock import patch

from attrs import define

from benchmarks._tables import Table, Target
from suno_async import GenerateMusic, SubmissionUnknown, SunoClient, TaskFailed
from suno_async._batch_runner import outage
from suno_async.testing import FakeSuno, Fault, run_accelerated, run_virtual

if TYPE_CHECKING:
    from collections.abc import Coroutine, Iterable

    from benchmarks._tables import Cell

_SPEED = 20.0
_SHORT = 3.0  # seconds at most from the first paid request's arrival to a kill amid submitting
_MOSTLY = 0.9  # of the kills, as long as there is anything to submit
_LONG = 30.0  # seconds on average to a kill amid polling and downloading
_MUSIC = "generate-music"
_NO_SLOWER = 1.02  # of a batch's time: songs take what they take, and are drawn anew each time
_USUAL = 2.0  # seconds that an answer takes at most, as a rule
_LOSSES = (Fault.RESET_AFTER_READ, Fault.RESET_AFTER_ACCEPT, Fault.CUT_BODY, Fault.HTML_502)


@define
class Report:
    """What a run of kills has shown."""

    songs: int = 0
    """Requests in the list."""
    kills: int = 0
    """How often the process was killed."""
    inside: int = 0
    """Kills that landed while a paid request was on its way."""
    in_flight: int = 0
    """Paid requests that were on their way at kills."""
    most_in_flight: int = 0
    """The most of them at one kill; the limiter has 20 slots."""
    accepted: int = 0
    """Songs that the service accepted."""
    in_doubt: int = 0
    """Accepted songs that the journal has as unknown, for no answer came: their ids are missing."""
    doubled: int = 0
    """Requests that it accepted more than once."""
    lost: int = 0
    """Accepted songs that neither a task nor an unknown in the journal accounts for."""
    unknown: int = 0
    """Requests of which the journal says that it is unknown whether they were accepted."""
    by_faults: int = 0
    """Requests whose answer the network lost."""
    files: int = 0
    """Files that were written."""
    broken: int = 0
    """Files that are not whole."""
    missing: int = 0
    """Songs that were delivered and are not there as a file."""


def run(*, full: bool) -> Iterable[Table]:
    """Kill a batch, and count."""
    report = kill_a_batch(songs=200 if full else 60, kills=100 if full else 25, seed=1)
    doubts = report.in_flight / max(1, report.kills)
    yield Table(
        "A batch under SIGKILL, 5 % of all requests lost or broken",
        ["what", "figure", "target"],
        [
            ["songs asked for", report.songs, None],
            ["kills", report.kills, None],
            ["of them while a paid request was on its way", report.inside, None],
            ["paid requests on their way at kills", report.in_flight, None],
            [
                "the most of them at one kill",
                report.most_in_flight,
                Target(report.most_in_flight, 20),
            ],
            ["doubts a kill", doubts, Target(doubts, 2.0)],
            ["songs accepted by the service", report.accepted, None],
            ["of them known to be in doubt: no answer came", report.in_doubt, None],
            ["accepted songs lost", report.lost, Target(report.lost, 0)],
            ["requests accepted twice", report.doubled, Target(report.doubled, 0)],
            ["unknown", report.unknown, None],
            ["of them by a lost answer, not by a kill", report.by_faults, None],
            ["files written", report.files, None],
            ["files broken", report.broken, Target(report.broken, 0)],
            ["files missing", report.missing, Target(report.missing, 0)],
        ],
        ["on their way at a kill: what the journal says is unknown then, and did not before"],
    )
    yield Table(
        "What it costs that few requests of a batch are out without an answer",
        ("answers after, s", "songs", "done after, s", "with no such bound", "ratio", "target"),
        [
            _pace(seconds, songs, seeds=5 if full else 2)
            for seconds in (0.5, 1.0, 2.0, 4.0)
            for songs in ((20, 60, 120, 500) if full else (20, 120))
        ],
        ["on virtual time, the mean of the same seeds; no target for answers of 4 s"],
    )


def _pace(seconds: float, songs: int, seeds: int) -> list[Cell]:
    """How long a batch takes that nobody kills, on a server that answers so late."""

    def mean() -> float:
        return sum(run_virtual(_time(seconds, songs, seed)) for seed in range(seeds)) / seeds

    bounded = mean()
    with patch.multiple(outage, AT_FIRST=100, LEAST_OUT=100, MOST_OUT=100):
        unbounded = mean()
    ratio = bounded / unbounded
    target = Target(ratio, _NO_SLOWER) if seconds <= _USUAL else None
    return [seconds, songs, bounded, unbounded, ratio, target]


async def _time(seconds: float, songs: int, seed: int) -> float:
    late = (0.0, seconds)
    async with (
        FakeSuno(credits=1e9, delay=lambda _: late, seed=seed) as fake,
        SunoClient("key", base_url=fake.url) as suno,
    ):
        began = asyncio.get_running_loop().time()
        async for outcome in suno.batch([GenerateMusic(f"song {n}") for n in range(songs)]):
            del outcome
        return asyncio.get_running_loop().time() - began


def kill_a_batch(*, songs: int, kills: int, seed: int) -> Report:
    """Run the batch under kills until it ends, and hold the ledger against the journal."""
    with tempfile.TemporaryDirectory() as directory:
        scene = _Scene(Path(directory), songs, random.Random(seed), Report(songs=songs))
        return run_accelerated(scene.play(kills), speed=_SPEED)


@define
class _Scene:
    place: Path
    songs: int
    rng: random.Random
    report: Report

    @property
    def journal(self) -> Path:
        """Where the batch keeps its journal."""
        return self.place / "songs.sqlite"

    async def play(self, kills: int) -> Report:
        """Kill, restart, and at the end compare."""
        fake = FakeSuno(
            credits=1e9, delay=(0.2, 4.0), song_seconds=(2.0, 5.0), seed=self.rng.getrandbits(32)
        )
        async with fake:
            fake.faults(0.05, seed=self.rng.getrandbits(32), choices=_LOSSES)
            ended = False
            while not ended and self.report.kills < kills:
                ended = await self._live(fake, self._death(fake))
            fake.clear_faults()
            while not ended:
                ended = await self._live(fake, asyncio.sleep(1e9))
            await self._compare(fake)
        return self.report

    async def _death(self, fake: FakeSuno) -> None:
        """Wait for a good moment to kill."""
        sent = fake.ledger.count(_MUSIC)
        end = asyncio.get_running_loop().time() + self.rng.expovariate(1 / _LONG)
        is_short = len(self._tasks()) < self.songs and self.rng.random() < _MOSTLY
        while asyncio.get_running_loop().time() < end:
            if is_short and fake.ledger.count(_MUSIC) > sent:
                await asyncio.sleep(self.rng.uniform(0.0, _SHORT))
                return
            await asyncio.sleep(0.2)

    async def _live(self, fake: FakeSuno, death: Coroutine[None, None, None]) -> bool:
        """One life of the process, until then; whether it ended by itself."""
        before = self._unknown()
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", "benchmarks.kills", fake.url, str(self.place), str(self.songs)),
            stdout=asyncio.subprocess.PIPE,
        )
        if process.stdout is None:
            raise AssertionError
        await process.stdout.readline()  # it has begun
        life = asyncio.create_task(process.wait())
        dying = asyncio.create_task(death)
        await asyncio.wait([life, dying], return_when=asyncio.FIRST_COMPLETED)
        dying.cancel()
        ended = life.done()
        if not ended:
            process.send_signal(signal.SIGKILL)
        reported = {*(await process.stdout.read()).decode().splitlines()}
        code = await life
        new = self._unknown() - before
        on_their_way = new - reported
        self.report.by_faults += len(new & reported)
        if not ended:
            self.report.kills += 1
            self.report.inside += bool(on_their_way)
            self.report.in_flight += len(on_their_way)
            self.report.most_in_flight = max(self.report.most_in_flight, len(on_their_way))
        return ended and code == 0

    def _tasks(self) -> dict[str, str | None]:
        """The journal's prompts, each with the id of its task."""
        if not self.journal.exists():
            return {}
        with closing(sqlite3.connect(self.journal)) as db:
            try:
                rows = db.execute("SELECT json_extract(fields, '$.prompt'), task FROM submission")
            except sqlite3.OperationalError:  # killed before it had made its tables
                return {}
            return dict(rows.fetchall())

    def _unknown(self) -> set[str]:
        return {prompt for prompt, task in self._tasks().items() if task is None}

    async def _compare(self, fake: FakeSuno) -> None:
        report = self.report
        accepted = fake.ledger.accepted(_MUSIC)
        report.accepted = len(accepted)
        times = Counter(entry.body["prompt"] for entry in accepted)
        report.doubled = sum(count > 1 for count in times.values())
        rows = self._tasks()
        report.unknown = sum(task is None for task in rows.values())
        for entry in accepted:
            prompt = entry.body["prompt"]
            known = rows.get(prompt, "")
            report.in_doubt += known is None
            report.lost += known not in {entry.task_id, None}
        await self._compare_files(fake, {task for task in rows.values() if task is not None})

    async def _compare_files(self, fake: FakeSuno, made: set[str]) -> None:
        """Each file against the one that the service has; those of failed tasks are not there."""
        on_disk = {path.stem[-9:-1]: path for path in (self.place / "songs").iterdir()}
        self.report.files = len(on_disk)
        async with SunoClient("key", base_url=fake.url) as suno:
            for task_id in sorted(made):
                try:
                    tracks = await suno.task(task_id, GenerateMusic)
                except TaskFailed:
                    continue
                for track in tracks:
                    whole = await suno.download(track, self.place / "whole")
                    mine = on_disk.pop(track.id[:8], None)
                    self.report.missing += mine is None
                    self.report.broken += mine is not None and not cmp(mine, whole, shallow=False)
        self.report.broken += len(on_disk)


async def _be_killed(url: str, place: Path, songs: int) -> None:
    """The process that is killed: one batch with a journal, every song downloaded."""
    ideas = [GenerateMusic(f"song {number}") for number in range(songs)]
    async with SunoClient("key", base_url=url, journal=place / "songs.sqlite") as suno:
        print("begun", flush=True)
        async for outcome in suno.batch(ideas):
            if outcome.error is None:
                for track in outcome.result:
                    await suno.download(track, place / "songs")
            elif isinstance(outcome.error, SubmissionUnknown):
                print(outcome.request.prompt, flush=True)


if __name__ == "__main__":
    sys.exit(
        run_accelerated(_be_killed(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])), speed=_SPEED)
    )
