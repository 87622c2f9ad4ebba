"""Downloads cut at random bytes: how many end identical to the original, and what it costs.

Every download is cut once at a byte drawn from the whole file, in one of five ways, and then goes
on, by itself or by being asked for again. A killed process is what lies on the disk at that byte:
the directory is copied there and then, and another client goes on in the copy. What is in the end
is compared with what the host has then. All on virtual time, over real sockets and a real disk.
"""

import asyncio
import shutil
import tempfile
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from random import Random
from typing import TypeAlias

import aiohttp
from attrs import define

from benchmarks._tables import Table, Target
from suno_async import SunoClient, Track
from suno_async.testing import FakeSuno, Fault, run_virtual

_FILES = "/files/"


@define
class Report:
    """What became of the downloads that were cut in one way."""

    cuts: int = 0
    """How many there were."""
    identical: int = 0
    """How many ended as the file is on the host."""
    leftovers: int = 0
    """How many left anything else in their directory."""
    size: int = 0
    """The bytes of all these files."""
    received: int = 0
    """The bytes that were written for them."""
    requests: int = 0
    """How many requests the host got."""

    @property
    def cost(self) -> float:
        """The bytes received, in percent of the files' size."""
        return 100 * self.received / self.size


@define
class _Scene:
    fake: FakeSuno
    suno: SunoClient
    track: Track
    place: Path
    at: int
    """The byte at which it is cut."""
    rest: int
    """A byte of what is left then."""
    report: Report
    known: int = 0
    """The bytes that are there, as far as the host still has the same file."""

    async def fetch(self, suno: SunoClient, place: Path, reached: Callable[[], None]) -> Path:
        """Download it; `reached` is called once, at the byte of the cut."""
        was_reached = False

        def progress(done: int, _total: int | None) -> None:
            nonlocal was_reached
            self.report.received += done - (self.known if done > self.known else 0)
            self.known = done
            if not was_reached and done >= self.at:
                was_reached = True
                reached()

        return await suno.download(self.track, place, progress)


_Cut: TypeAlias = Callable[[_Scene], Awaitable[Path]]


async def _closed(scene: _Scene) -> Path:
    scene.fake.fail(Fault.CUT_BODY.cut_at(scene.at), on=_FILES)
    return await scene.fetch(scene.suno, scene.place, _nothing)


async def _reset(scene: _Scene) -> Path:
    for fault in (
        Fault.CUT_BODY.cut_at(scene.at),
        Fault.RESET_AFTER_READ,
        Fault.CUT_BODY.cut_at(scene.rest),
    ):
        scene.fake.fail(fault, on=_FILES)
    return await scene.fetch(scene.suno, scene.place, _nothing)


async def _changed(scene: _Scene) -> Path:
    scene.fake.fail(Fault.CUT_BODY.cut_at(scene.at), on=_FILES)

    def change() -> None:
        scene.fake.replace_files(str(scene.track.task_id))
        scene.known = 0

    return await scene.fetch(scene.suno, scene.place, change)


async def _cancelled(scene: _Scene) -> Path:
    scene.fake.fail(Fault.stall(scene.at), on=_FILES)
    await _until_the_cut(scene, scene.suno, scene.place)
    return await scene.fetch(scene.suno, scene.place, _nothing)


async def _killed(scene: _Scene) -> Path:
    scene.fake.fail(Fault.stall(scene.at), on=_FILES)
    alive = scene.place / "alive"
    async with SunoClient("key", base_url=scene.fake.url) as other:
        await _until_the_cut(
            scene, other, alive, lambda: shutil.copytree(alive, scene.place, dirs_exist_ok=True)
        )
    shutil.rmtree(alive)
    return await scene.fetch(scene.suno, scene.place, _nothing)


async def _until_the_cut(
    scene: _Scene, suno: SunoClient, place: Path, deed: Callable[[], object] | None = None
) -> None:
    reached = asyncio.Event()
    loading = asyncio.create_task(scene.fetch(suno, place, reached.set))
    await reached.wait()
    if deed is not None:
        deed()
    loading.cancel()
    await asyncio.wait([loading])


def _nothing() -> None:
    pass


WAYS: dict[str, _Cut] = {
    "closed by the host": _closed,
    "closed, reset, closed again": _reset,
    "cancelled by the caller": _cancelled,
    "killed": _killed,
    "closed, and the file changed": _changed,
}


def run(*, full: bool) -> Iterator[Table]:
    """Cut, go on, and compare."""
    reports = cut_downloads(cuts=5_000 if full else 1_000, seed=1)
    cuts = sum(one.cuts for one in reports.values())
    identical = sum(one.identical for one in reports.values())
    leftovers = sum(one.leftovers for one in reports.values())
    yield Table(
        "Downloads cut at random bytes",
        ["cut", "downloads", "identical", "bytes, % of size", "requests a file"],
        [
            [way, one.cuts, one.identical, one.cost, one.requests / one.cuts]
            for way, one in reports.items()
        ],
        ["where the file changed, what was fetched is worth nothing: half of it more on average"],
    )
    yield Table(
        "In all",
        ["what", "figure", "target"],
        [
            ["downloads cut", cuts, None],
            ["identical to the original", identical, Target(identical, cuts, at_least=True)],
            ["with anything left beside the file", leftovers, Target(leftovers, 0)],
        ],
    )


def cut_downloads(*, cuts: int, seed: int) -> dict[str, Report]:
    """Cut so many downloads, in all ways in turn."""
    return run_virtual(_play(cuts, Random(seed)))


async def _play(cuts: int, rng: Random) -> dict[str, Report]:
    reports = {way: Report() for way in WAYS}
    async with (
        FakeSuno(max_rate=None, song_seconds=(10.0, 60.0), seed=rng.getrandbits(32)) as fake,
        SunoClient("key", base_url=fake.url) as suno,
        aiohttp.ClientSession() as session,
    ):
        songs = [await suno.generate_music(f"song {number}") for number in range(10)]
        tracks = [track for song in songs for track in await song]
        ways = list(WAYS)
        for number in range(cuts):
            track, way = rng.choice(tracks), ways[number % len(ways)]
            original = await _original(session, track)
            at = rng.randrange(1, len(original))
            report = reports[way]
            report.cuts += 1
            report.size += len(original)
            before = len(fake.ledger.downloads)
            with tempfile.TemporaryDirectory() as place:
                rest = rng.randrange(len(original) - at)
                scene = _Scene(fake, suno, track, Path(place), at, rest, report)
                path = await WAYS[way](scene)
                report.requests += len(fake.ledger.downloads) - before
                content, names = path.read_bytes(), [one.name for one in path.parent.iterdir()]
            report.identical += content == await _original(session, track)
            report.leftovers += names != [path.name]
    return reports


async def _original(session: aiohttp.ClientSession, track: Track) -> bytes:
    async with session.get(str(track.audio_url)) as response:
        return await response.read()
