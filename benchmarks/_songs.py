"""What the embedded API has seen of a run: when each song was ready, and when that was noticed.

It is read from the server's side, so it is the same for every policy: a stage is noticed with the
answer to the first poll that came after it, or with the first callback of it or of a later one.
"""

import contextlib
import socket
from collections import defaultdict
from collections.abc import AsyncGenerator
from math import ceil
from random import Random
from typing import Any

from aiohttp import web
from attrs import evolve, frozen

from benchmarks._inprocess import in_process
from benchmarks._policies import PERSON, Policy, Server
from benchmarks._times import TIMES
from suno_async import CallbackReceiver
from suno_async.testing import CallbackFaults, FakeSuno, run_virtual

_MOST_BY_SOCKETS = 1_000
STAGES = ("text", "first", "complete")
_PER_WAVE = 20
_PERIOD = 10.0


@frozen
class Song:
    """One song's course, in seconds since the begin of the run."""

    is_persons: bool
    """Whether it was a person's, amid others."""
    number: int
    """Which of those accepted it was, from 0."""
    waited: float
    """Seconds from its being wanted to the submission's reaching the server."""
    lasts: float
    """Seconds from acceptance to its end."""
    noticed: float
    """When its end was noticed."""
    late: dict[str, float]
    """Seconds from each stage to its being noticed; a stage may be left out by a failure."""

    polls: int
    """Requests spent on it besides the submission."""


@frozen
class Run:
    """All that came of one run."""

    songs: list[Song]
    """The songs whose end was noticed, in order of acceptance."""
    requests: int
    """How many requests came to the server."""
    refused: int
    """How many of them it refused for their rate."""
    given_up: int
    """Songs that were not polled any more before they ended; they are not in `songs`."""

    @property
    def batch(self) -> list[Song]:
        """The songs that were no person's amid others."""
        return [song for song in self.songs if not song.is_persons]

    @property
    def persons(self) -> list[Song]:
        """The songs of people amid the others."""
        return [song for song in self.songs if song.is_persons]

    @property
    def makespan(self) -> float:
        """When the last song's end was noticed."""
        return max(song.noticed for song in self.batch)

    @property
    def bound(self) -> float:
        """What is possible: two requests a song, or the time of the song that ends last."""
        songs = self.batch
        by_rate = _PERIOD * (ceil(2 * len(songs) / _PER_WAVE) - 1)
        by_length = max(_PERIOD * (song.number // _PER_WAVE) + song.lasts for song in songs)
        return max(by_rate, by_length)

    @property
    def over_bound(self) -> float:
        """The makespan over what is possible."""
        return self.makespan / self.bound

    @property
    def ready(self) -> list[float]:
        """When each song's end was noticed."""
        return [song.noticed for song in self.batch]


def run_of(  # noqa: PLR0913 what may be left out has a default
    policy: Policy,
    songs: int,
    seed: int,
    *,
    times: str = "x 1",
    people: int = 0,
    sockets: bool | None = None,
    lost: float | None = None,
) -> Run:
    """Make so many songs on virtual time, with so many people amid them.

    Left out, `sockets` is true up to 1,000 songs; beyond, a pipe in memory leads to the server.
    With callbacks, `lost` is the share of them that never come; left out, there are none.
    """
    by_sockets = songs <= _MOST_BY_SOCKETS if sockets is None else sockets
    rng = Random(f"{seed}:people")
    asked_at = [rng.uniform(30.0, max(60.0, 0.9 * songs)) for _ in range(people)]

    async def scenario() -> Run:
        fake = FakeSuno(
            timetable=TIMES[times](songs + people),
            seed=seed,
            delay=(0.05, 0.5),
            credits=1e9,
            send_callbacks=lost is not None,
        )
        async with (
            _receiving(fake, lost, seed) as callbacks,
            _over_sockets(fake) if by_sockets else in_process(fake) as server,
        ):
            await policy(evolve(server, callbacks=callbacks), songs, asked_at)
        return seen(fake, asked_at)

    return run_virtual(scenario())


@contextlib.asynccontextmanager
async def _over_sockets(fake: FakeSuno) -> AsyncGenerator[Server]:
    """Serve the fake on the loopback interface."""
    async with fake:
        yield Server(fake.url)


@contextlib.asynccontextmanager
async def _receiving(
    fake: FakeSuno, lost: float | None, seed: int
) -> AsyncGenerator[CallbackReceiver | None]:
    """A receiver behind a server of its own, if there are to be callbacks."""
    if lost is None:
        yield None
        return
    fake.callback_faults(CallbackFaults(lost=lost, seed=seed))
    listening = socket.create_server(("127.0.0.1", 0))
    url = f"http://127.0.0.1:{listening.getsockname()[1]}"
    receiver = CallbackReceiver(url, "a secret of the benchmarks")
    app = web.Application()
    app.add_routes(receiver.routes())
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.SockSite(runner, listening).start()
    yield receiver
    await receiver.aclose()
    await runner.cleanup()


def seen(fake: FakeSuno, wanted: list[float]) -> Run:
    """What came of it; `wanted` says when each person wanted a song."""
    polls: dict[str | None, list[tuple[float, float]]] = defaultdict(list)
    asked: dict[str | None, float] = {}
    for entry in fake.ledger.entries:
        if entry.method == "POST":
            asked[entry.task_id] = entry.time
        elif entry.accepted:
            polls[entry.query.get("taskId")].append((entry.time, entry.answered or entry.time))
    callbacks: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for one in fake.callbacks:
        if one.delivered is not None:
            callbacks[one.task_id].append((one.due, one.delivered))
    songs = [
        _song(number, job, polls[job.id], callbacks[job.id], asked[job.id], wanted)
        for number, job in enumerate(fake.tasks.values())
        if any(at >= job.accepted + job.plan.end for at, _ in polls[job.id] + callbacks[job.id])
    ]
    given_up = len(fake.tasks) - len(songs)
    return Run(songs, fake.ledger.count(), len(fake.ledger.limited()), given_up)


def _song(  # noqa: PLR0913, PLR0917 it brings together what is known of it
    number: int,
    job: Any,
    polls: list[tuple[float, float]],
    callbacks: list[tuple[float, float]],
    asked: float,
    wanted: list[float],
) -> Song:
    plan = job.plan
    stages = {"text": plan.text, "first": plan.first, "complete": plan.end}
    due = {s: job.accepted + t for s, t in stages.items() if t is not None and t <= plan.end}
    news = polls + callbacks
    noticed = {s: min(came for at, came in news if at >= t) for s, t in due.items()}
    prompt = str(job.body["prompt"])
    is_persons = prompt.startswith(PERSON)
    return Song(
        is_persons=is_persons,
        number=number,
        waited=asked - (wanted[int(prompt.removeprefix(PERSON))] if is_persons else 0.0),
        lasts=plan.end,
        noticed=noticed["complete"],
        late={s: noticed[s] - t for s, t in due.items()},
        polls=len(polls),
    )
