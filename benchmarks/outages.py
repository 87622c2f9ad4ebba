"""Batches in outages: how many go on, and what is left in doubt, lost, or paid twice.

A batch is under way when something goes wrong for a while; then it is right again. On virtual time,
over real sockets; the disturbances begin at different moments of the batch. What the service has
accepted is then held against the outcomes. A second table leaves the service as it is: it takes
requests, and never answers.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable
from typing import TYPE_CHECKING, Any, TypeAlias

from attrs import define, field

from benchmarks._tables import Table, Target
from suno_async import (
    ConnectionFailed,
    GenerateMusic,
    Outcome,
    Priority,
    RateLimiter,
    Slot,
    SubmissionUnknown,
    SunoClient,
    SunoError,
)
from suno_async.testing import FakeSuno, Fault, run_virtual

if TYPE_CHECKING:
    from pathlib import Path

    from benchmarks._tables import Cell

_MUSIC = "generate-music"
_LENGTHS = (5.0, 30.0, 600.0)
_MOST_DOUBTS = 8
_LATEST = 60.0  # seconds into the batch, at which a disturbance begins
_DAY = 86_400.0


class Away(RateLimiter):
    """A limiter whose store can be away: then it raises, before anything was sent."""

    error: BaseException | None = None
    """What it raises."""

    async def acquire(self, priority: Priority = Priority.INTERACTIVE) -> Slot:
        """A slot, or why there is none."""
        if self.error is not None:
            raise self.error
        return await super().acquire(priority)


Disturbance: TypeAlias = Callable[[FakeSuno, Away, float], Awaitable[None]]
"""Goes wrong for so many seconds."""


async def _no_network(fake: FakeSuno, _: Away, seconds: float) -> None:
    """Nothing listens at the address."""
    port = int(fake.url.rpartition(":")[2])
    await fake.close()
    await asyncio.sleep(seconds)
    await fake.start(port=port)


def _played(fault: Fault, on: str | None = None) -> Disturbance:
    async def play(fake: FakeSuno, _: Away, seconds: float) -> None:
        fake.fail(fault, on=on, times=None)
        await asyncio.sleep(seconds)
        fake.clear_faults()

    return play


def _raised(error: BaseException) -> Disturbance:
    async def play(_: FakeSuno, limiter: Away, seconds: float) -> None:
        limiter.error = error
        await asyncio.sleep(seconds)
        limiter.error = None

    return play


DISTURBANCES: dict[str, Disturbance] = {
    "no network": _no_network,
    "maintenance": _played(Fault.envelope(455)),
    "maintenance, submissions alone": _played(Fault.envelope(455), _MUSIC),
    "limiter away": _raised(ConnectionFailed("the store is away")),
    "limiter raises what it likes": _raised(OSError("the store is away")),
    "limiter cancels itself": _raised(asyncio.CancelledError()),
    "hung server": _played(Fault.NEVER),
    "hung, submissions alone": _played(Fault.NEVER, _MUSIC),
    "hung after accepting": _played(Fault.NEVER_AFTER_ACCEPT, _MUSIC),
    "resets": _played(Fault.RESET_AFTER_ACCEPT),
    "resets, submissions alone": _played(Fault.RESET_AFTER_ACCEPT, _MUSIC),
    "a gateway's 502": _played(Fault.HTML_502),
    "pages in place of answers": _played(Fault.HTML_200, _MUSIC),
}
"""What can go wrong, by name."""


@define
class Report:
    """What became of one batch."""

    outcomes: list[Outcome[Any]] = field(factory=list[Outcome[Any]])
    """What it delivered."""
    error: SunoError | None = None
    """What it raised at its end."""
    accepted: list[str] = field(factory=list[str])
    """The prompts that the service accepted, in order."""
    sent: int = 0
    """Paid requests that reached the service."""
    idle: float = 0.0
    """Seconds from the disturbance's end until the next paid request was accepted."""

    @property
    def doubts(self) -> int:
        """Outcomes of which nobody knows whether they were accepted."""
        return sum(isinstance(one.error, SubmissionUnknown) for one in self.outcomes)

    @property
    def failed(self) -> int:
        """Outcomes with another error."""
        return sum(one.error is not None for one in self.outcomes) - self.doubts

    @property
    def doubled(self) -> int:
        """Prompts that were accepted more than once."""
        return sum(count > 1 for count in Counter(self.accepted).values())

    @property
    def unreported(self) -> int:
        """Prompts that were accepted and have no outcome."""
        return len({*self.accepted} - {one.request.prompt for one in self.outcomes})

    def went_on(self, songs: int) -> bool:
        """Whether each song has its outcome, and none failed for the disturbance."""
        return self.error is None and len(self.outcomes) == songs and not self.failed


async def disturbed(
    name: str, seconds: float, *, songs: int, at: float, journal: Path | None = None
) -> Report:
    """Run a batch that is disturbed from this moment on, for so many seconds."""
    limiter, report = Away(), Report()
    async with (
        FakeSuno(credits=1e9) as fake,
        SunoClient("key", base_url=fake.url, limiter=limiter, journal=journal) as suno,
    ):
        running = asyncio.create_task(_run(suno, songs, report))
        await asyncio.sleep(at)
        await DISTURBANCES[name](fake, limiter, seconds)
        over = asyncio.get_running_loop().time()
        await running
        later = [entry.time for entry in fake.ledger.accepted(_MUSIC) if entry.time >= over]
        report.idle = min(later, default=over) - over
        _count(fake, report)
    return report


async def unanswered(fault: Fault, on: str | None, *, songs: int) -> Report:
    """Run a batch, without an end of its patience, on a server that never answers as it should."""
    report = Report()
    async with FakeSuno(credits=1e9) as fake, SunoClient("key", base_url=fake.url) as suno:
        fake.fail(fault, on=on, times=None)
        running = asyncio.create_task(_run(suno, songs, report, patience=None))
        await asyncio.wait([running], timeout=_DAY)
        running.cancel()
        await asyncio.wait([running])
        _count(fake, report)
    return report


async def _run(suno: SunoClient, songs: int, report: Report, **terms: Any) -> None:
    ideas = [GenerateMusic(f"song {number}") for number in range(songs)]
    try:
        async for outcome in suno.batch(ideas, **terms):
            report.outcomes.append(outcome)
    except SunoError as error:
        report.error = error


def _count(fake: FakeSuno, report: Report) -> None:
    report.accepted = [entry.body["prompt"] for entry in fake.ledger.accepted(_MUSIC)]
    report.sent = fake.ledger.count(_MUSIC)


def run(*, full: bool) -> Iterable[Table]:
    """Disturb batches, and hold the ledger against their outcomes."""
    songs, times = (120, 6) if full else (60, 2)
    yield Table(
        f"{times} batches of {songs} songs each, disturbed from different moments on",
        (
            *("disturbance", "for s", "went on", "of all", "doubts, the most", "target"),
            *("failed", "unreported", "paid twice", "idle after it, s"),
        ),
        [
            _row(name, seconds, songs, times)
            for name in DISTURBANCES
            for seconds in (_LENGTHS if full else _LENGTHS[::2])
        ],
        ["idle: from its end until the next song is accepted, the mean; 0 where all were already"],
    )
    yield Table(
        "A server that never answers, patience=None",
        ("what it does", "to", "songs", "doubts in a day", "target", "ended by itself"),
        [
            _row_of_doubts(fault, on, length)
            for fault in (Fault.NEVER, Fault.NEVER_AFTER_ACCEPT, Fault.RESET_AFTER_ACCEPT)
            for on in (None, _MUSIC)
            for length in ((60, 500, 10_000) if full else (60, 500))
        ],
        ["Where the free question is answered, 8 doubts end it; else it waits for an answer."],
    )


def _row(name: str, seconds: float, songs: int, times: int) -> list[Cell]:
    begins = [_LATEST * (number + 0.5) / times for number in range(times)]
    reports = [run_virtual(disturbed(name, seconds, songs=songs, at=at)) for at in begins]
    went_on = sum(report.went_on(songs) for report in reports)
    doubts = max(report.doubts for report in reports)
    failed, unreported, doubled = (
        sum(figures)
        for figures in zip(
            *((report.failed, report.unreported, report.doubled) for report in reports), strict=True
        )
    )
    return [
        name,
        f"{seconds:g}",
        went_on,
        Target(went_on, times, at_least=True),
        doubts,
        Target(doubts, _MOST_DOUBTS),
        failed,
        Target(unreported, 0),
        Target(doubled, 0),
        sum(report.idle for report in reports) / times,
    ]


def _row_of_doubts(fault: Fault, on: str | None, songs: int) -> list[Cell]:
    report = run_virtual(unanswered(fault, on, songs=songs))
    what = fault.name.replace("_", " ")
    ended = "no" if report.error is None else "yes"
    most = Target(report.sent, _MOST_DOUBTS)
    return [what, on or "everything", songs, report.sent, most, ended]
