"""Three replicas of a service over one journal in PostgreSQL: what is paid twice, late or lost.

A PostgreSQL server of its own, replicas in processes of their own behind a proxy that takes them in
turn, the embedded API with its rate of 20 in 10 s: all in real time, as the leases of dead clients
are. Songs are made faster than in life, the stages of each drawn.
"""

from __future__ import annotations

import asyncio
import contextlib
import tempfile
from collections import Counter
from functools import partial
from pathlib import Path
from random import Random
from statistics import median
from time import monotonic, perf_counter, sleep
from typing import TYPE_CHECKING

from attrs import define, field

from benchmarks import _postgres, _redis
from benchmarks._fleet import POSTGRES, REDIS, Plan, race
from benchmarks._postgres import PostgresServer, serve_postgres
from benchmarks._redis import serve_redis
from benchmarks._replicas import Replicas, serve_replicas
from benchmarks._server import serve_apart
from benchmarks._tables import Table, Target, percentile
from suno_async import GenerateMusic, RateLimiter, SunoClient
from suno_async.testing import FakeSuno, Timetable

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Generator, Iterator

    from benchmarks._replicas import Replica
    from benchmarks._tables import Cell

_MUSIC = "generate-music"
_KEYS = 30
_TAKEN_OVER = 25.0  # seconds from a kill to the last of its songs
_PATIENCE = 90.0  # seconds for the last file
_PROCESSES = 4
_OVER_OPTIMUM = 1.2
_EACH = 15  # songs that a client submits when that is timed: the rate lets them through at once


def run(*, full: bool) -> Iterator[Table]:
    """Keys, kills, the rate, the server's troubles and what a submission takes."""
    if not _postgres.is_installed():
        yield Table("Skipped: there is no PostgreSQL server on this machine", ("",), [])
        return
    yield asyncio.run(keys(_KEYS))
    yield asyncio.run(_kills(6 if full else 3))
    yield asyncio.run(_rate(50 if full else 25))
    yield asyncio.run(_troubles(full=full))
    yield asyncio.run(_submits(300 if full else 60))


@contextlib.contextmanager
def _server(*options: str) -> Generator[PostgresServer]:
    with tempfile.TemporaryDirectory() as place:
        Path(place).chmod(0o711)
        with serve_postgres(Path(place), *options) as server:
            yield server


@define(eq=False)
class _Scene:
    """The embedded API, and replicas that ask it."""

    fake: FakeSuno
    replicas: Replicas
    files: Path
    orders: list[asyncio.Task[str | None]] = field(factory=list["asyncio.Task[str | None]"])
    """What was ordered."""

    def order(self, key: str) -> None:
        """Order a song; it goes on by itself."""
        self.orders.append(asyncio.create_task(self.replicas.order(key)))

    @property
    def accepted(self) -> Counter[str]:
        """How often each key was accepted."""
        return Counter(entry.body["prompt"] for entry in self.fake.ledger.accepted(_MUSIC))

    @property
    def doubled(self) -> int:
        """Keys that were accepted more than once."""
        return sum(times > 1 for times in self.accepted.values())

    def missing(self) -> int:
        """Files that are not there, of all songs that were accepted."""
        there = {path.stem[-9:-1] for path in self.files.glob("*.mp3")}
        songs = (song for job in self.fake.tasks.values() for song in job.songs)
        return sum(song.id[:8] not in there for song in songs)


@contextlib.asynccontextmanager
async def _scene(fake: FakeSuno, journal: str) -> AsyncGenerator[_Scene]:
    with tempfile.TemporaryDirectory() as files:
        async with fake, serve_replicas(fake.url, journal, files) as replicas:
            yield _Scene(fake, replicas, Path(files))


def _fake(*scales: float, slowest: float = 0.5) -> FakeSuno:
    times = [Timetable.drawn(scale=scale) for scale in scales]
    return FakeSuno(
        credits=1e9,
        timetable=lambda kind, rng: rng.choice(times)(kind, rng),
        delay=(0.05, slowest),
        song_seconds=(2.0, 5.0),
        seed=1,
    )


# --- keys, and who sees what -------------------------------------------------------------------


async def keys(count: int, scale: float = 0.15) -> Table:
    """Each key at two replicas at once; each song followed at whichever replica."""
    late, lag = list[float](), _Lag()
    with _server() as server:
        async with _scene(_fake(scale), server.url()) as scene:
            for number in range(count):
                scene.order(f"song {number}")
                scene.order(f"song {number}")

            async def follow(order: asyncio.Task[str | None]) -> None:
                token = await order
                began = asyncio.get_running_loop().time()
                job = scene.fake.tasks[str(token).partition(":")[2]]
                seen = await scene.replicas.follow(str(token))
                for stage in ("text", "first", "complete"):
                    happened = job.accepted + (getattr(job.plan, stage) or 0.0)
                    if stage not in seen:
                        late.append(float("inf"))
                    elif happened > began:  # else nobody listened yet
                        late.append(seen[stage] - happened)

            async with lag:
                await asyncio.gather(*map(follow, scene.orders))
            tokens = {order.result() for order in scene.orders}
            charged = len(scene.fake.ledger.charged(_MUSIC))
            asked = scene.fake.ledger.count() - scene.fake.ledger.count(_MUSIC)
            return Table(
                f"{count} keys, each delivered to two of three replicas at once, with callbacks",
                ("what", "figure", "target"),
                [
                    ["tasks that callers were given", len(tokens), None],
                    ["charged", charged, Target(abs(charged - count), 0)],
                    ["stages followed at some replica", len(late), None],
                    [
                        "seen after they happened, median, s",
                        median(late),
                        Target(median(late), 0.1),
                    ],
                    ["at most, s", max(late), Target(max(late), 1.5)],
                    ["of that this machine's own delay, at most, s", lag.most, None],
                    ["polls and files asked for a song", asked / count, None],
                    ["refused", *_refused(scene.fake)],
                ],
                ["charged: the target is its distance from the number of keys"],
            )


def _refused(fake: FakeSuno) -> tuple[Cell, Cell]:
    refused = len(fake.ledger.limited())
    return refused, Target(refused, 0)


@define(eq=False)
class _Lag:
    """How late this very process is woken, which is in all that it measures."""

    most: float = 0.0
    _watching: asyncio.Task[None] | None = None

    async def __aenter__(self) -> None:
        self._watching = asyncio.create_task(self._watch())

    async def __aexit__(self, *_: object) -> None:
        if self._watching is not None:
            self._watching.cancel()

    async def _watch(self) -> None:
        while True:
            began = monotonic()
            await asyncio.sleep(0.02)
            self.most = max(self.most, monotonic() - began - 0.02)


# --- kills -------------------------------------------------------------------------------------


async def _kills(kills: int) -> Table:
    """A stream of orders, and one replica after the other killed amid some of them."""
    rng, amid, taken = Random(1), 0, list[float]()
    with _server() as server:
        async with _scene(_fake(0.1, 0.5, slowest=3.0), server.url()) as scene:
            ordering = asyncio.create_task(_order_on(scene))
            dead = list["Replica"]()
            for _ in range(kills):
                await asyncio.sleep(rng.uniform(6.0, 8.0))
                victim = await _amid_an_order(scene.replicas, rng)
                amid += victim.orders
                await scene.replicas.kill(victim)
                dead.append(victim)
                await scene.replicas.start_one()
            ordering.cancel()
            answers = await asyncio.gather(*scene.orders)
            in_time = True
            for replica in dead:
                in_time &= await _all_taken_over(scene, replica, taken)
            last = max(job.accepted + job.plan.complete for job in scene.fake.tasks.values())
            end = max(asyncio.get_running_loop().time(), last) + _PATIENCE
            while scene.missing() and asyncio.get_running_loop().time() < end:  # noqa: ASYNC110 files have no event
                await asyncio.sleep(0.5)
            late = max(taken) if in_time and taken else float("inf")
            return Table(
                f"{kills} times kill -9 of a replica that is amid orders, and a new one started",
                ("what", "figure", "target"),
                [
                    ["keys ordered", len(answers), None],
                    ["orders under way in the killed", amid, None],
                    ["keys charged", len(scene.accepted), None],
                    ["of them answered as in doubt, not with a task", answers.count(None), None],
                    ["doubled", scene.doubled, Target(scene.doubled, 0)],
                    ["files", 2 * len(scene.fake.tasks), None],
                    ["files missing", scene.missing(), Target(scene.missing(), 0)],
                    ["songs of the dead taken over", len(taken), None],
                    ["the last of them after, s", late, Target(late, _TAKEN_OVER)],
                    ["refused", *_refused(scene.fake)],
                ],
                ["half of the songs end sooner than the dead are known to be dead"],
            )


async def _order_on(scene: _Scene) -> None:
    while True:
        scene.order(f"song {len(scene.orders)}")
        await asyncio.sleep(0.75)  # well below the rate, for the polls need some of it


async def _amid_an_order(replicas: Replicas, rng: Random) -> Replica:
    """A replica with an order under way, at some moment of it."""
    while True:
        busy = [one for one in replicas.members if one.orders]
        if busy:
            victim = rng.choice(busy)
            await asyncio.sleep(rng.uniform(0.0, 1.0))
            if victim.orders:
                return victim
        await asyncio.sleep(0.02)


async def _all_taken_over(scene: _Scene, replica: Replica, taken: list[float]) -> bool:
    """Whether each song that it was making is somebody else's by now, and after how long."""
    killed_at = replica.killed_at or 0.0
    jobs = scene.fake.tasks
    for token in replica.songs:
        job = jobs[token.partition(":")[2]]
        if job.accepted + job.plan.complete <= killed_at + _TAKEN_OVER:
            continue  # it may be over before anybody misses it: its files tell
        while token not in scene.replicas.picked_up:
            if asyncio.get_running_loop().time() > killed_at + 2 * _TAKEN_OVER:
                return False
            await asyncio.sleep(0.1)
        taken.append(scene.replicas.picked_up[token] - killed_at)
    return True


# --- the rate ----------------------------------------------------------------------------------


async def _rate(each: int) -> Table:
    """Processes that begin at once, at PostgreSQL and at Redis beside it."""
    optimum = 10.0 * ((_PROCESSES * each - 1) // 20)
    with contextlib.ExitStack() as stack:
        plans = [Plan(POSTGRES, stack.enter_context(_server()).url(), each)]
        if _redis.is_installed():
            place = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            plans.append(Plan(REDIS, stack.enter_context(serve_redis(place)).url, each))
        runs = await asyncio.gather(*(race(plan, _PROCESSES) for plan in plans))
    rows: list[list[Cell]] = []
    for plan, one in zip(plans, runs, strict=True):
        over = max(one.ends.values()) / optimum
        late = max(one.ends.values()) / (sum(one.ends.values()) / _PROCESSES)
        rows.append([plan.limiter, one.refused, over, late])
        if plan.limiter == POSTGRES:
            targets = (Target(one.refused, 0), Target(over, _OVER_OPTIMUM))
            rows.append(["  its targets", *targets, None])
    return Table(
        f"The rate of {_PROCESSES} processes x {each} requests, 2 % stalled by 1 to 5 s",
        ("", "refused", "makespan / optimum", "latest / mean"),
        rows,
    )


# --- the server's troubles ---------------------------------------------------------------------


async def _troubles(*, full: bool) -> Table:
    """Orders come all the while, each key twice; the server is not always there."""
    rows: list[list[Cell]] = []
    with _server() as server:
        async with _scene(_fake(0.1, slowest=2.0), server.url()) as scene:
            for name, happening in _TROUBLES.items():
                rows.append(await _through(scene, name, partial(happening, server)))
    if full:
        with _server("synchronous_standby_names=*") as primary, _standby(primary) as standby:
            both = f"{primary.host},{standby.host}/postgres?target_session_attrs=read-write"
            async with _scene(
                _fake(0.1, slowest=2.0), primary.url().partition("@")[0] + f"@{both}"
            ) as one:
                fail_over = partial(_fail_over, primary, standby)
                rows.append(await _through(one, "failed over to a synchronous standby", fail_over))
    return Table(
        "The server is not always there; each key ordered twice until it is answered",
        ("", "keys", "charged", "paid twice", "", "in doubt", "no answer yet", "last answer, s"),
        rows,
        ["last answer: seconds after the server was back"],
    )


async def _through(scene: _Scene, name: str, happening: Callable[[], None]) -> list[Cell]:
    """Order before, while and after it happens."""
    before, first, loop = scene.accepted, len(scene.orders), asyncio.get_running_loop()
    happened = loop.run_in_executor(None, happening)
    for number in range(12):
        for _ in range(2):
            scene.order(f"{name} {number}")
        await asyncio.sleep(1.0)
    await happened
    back = loop.time()
    orders = scene.orders[first:]
    ended = await asyncio.gather(*orders, return_exceptions=True)
    unanswered = sum(isinstance(one, BaseException) for one in ended)
    accepted = scene.accepted - before
    doubled = sum(times > 1 for times in accepted.values())
    in_doubt = sum(one is None for one in ended)
    target = Target(doubled, 0)
    took = loop.time() - back
    return [name, len(orders) // 2, len(accepted), doubled, target, in_doubt, unanswered, took]


def _kill(server: PostgresServer) -> None:
    sleep(2.0)
    server.kill()
    sleep(4.0)
    server.start()


def _stand_still(server: PostgresServer) -> None:
    sleep(2.0)
    server.stand_still()
    sleep(12.0)
    server.go_on()


def _restart(server: PostgresServer) -> None:
    sleep(4.0)
    server.stop()
    server.start()


_TROUBLES = {"killed": _kill, "standing still for 12 s": _stand_still, "restarted": _restart}


def _fail_over(primary: PostgresServer, standby: PostgresServer) -> None:
    sleep(3.0)
    primary.kill()
    sleep(2.0)
    standby.promote()


@contextlib.contextmanager
def _standby(primary: PostgresServer) -> Generator[PostgresServer]:
    with tempfile.TemporaryDirectory() as place:
        Path(place).chmod(0o711)
        standby = PostgresServer(Path(place))
        standby.follow(primary)
        standby.start()
        try:
            yield standby
        finally:
            standby.stop()


# --- what a submission takes -------------------------------------------------------------------


async def _submits(songs: int) -> Table:
    """One after the other, in turn with each journal, to a service that answers at once."""
    took = {name: list[float]() for name in ("memory", "a file", "PostgreSQL")}
    # what is written must be there after a power cut, as it must be in a file
    options = ("fsync=on", "full_page_writes=on")
    with tempfile.TemporaryDirectory() as place, _server(*options) as server, serve_apart() as url:
        journals = {"memory": None, "a file": place, "PostgreSQL": server.url()}
        for number in range(-(-songs // _EACH)):
            for name, journal in journals.items():
                here = f"{place}/{number}.sqlite" if journal == place else journal
                # each client has a rate of its own, in a database by the name of its account
                limiter = None if name == "PostgreSQL" else RateLimiter()
                suno = SunoClient(
                    "key", base_url=url, journal=here, limiter=limiter, account=f"account {number}"
                )
                async with suno:
                    await suno.submit(GenerateMusic("x"))  # it is open now
                    for song in range(_EACH):
                        began = perf_counter()
                        await suno.submit(GenerateMusic("x"), idempotency_key=f"{song}")
                        took[name].append(perf_counter() - began)
    floor = median(took["memory"])
    return Table(
        f"One submission, from the call to its task: {len(took['memory'])} with each journal",
        ("journal", "p50, ms", "p99, ms", "p50 / memory"),
        [
            [name, 1e3 * median(one), 1e3 * percentile(one, 0.99), median(one) / floor]
            for name, one in took.items()
        ],
        ["in PostgreSQL the rate is kept, too; its server and that of the API are on this machine"],
    )
