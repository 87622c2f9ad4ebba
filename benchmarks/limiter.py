"""Refusals, makespan and an urgent request's wait, for each way in which a server may count.

1,000 requests are asked for at once; a refused one is asked for again, by `RetryPolicy`. The
optimum is 490 s: 20 at once, and again every 10 s. All on virtual time, seeds as stated; a figure
is the worst of its seeds. The judges share no code with the limiter.
"""

import asyncio
from collections.abc import Callable, Iterator
from random import Random
from statistics import median

from benchmarks._judges import ApproximateCounter, FixedWindow, RefusedCount, Smooth, TokenBucket
from benchmarks._rates import (
    CONTENDERS,
    OPTIMUM,
    REQUESTS,
    Course,
    Delay,
    Service,
    course,
    none,
    slow,
    stalled,
    usual,
)
from benchmarks._tables import Cell, Table, Target, percentile
from suno_async import Limiter, Priority, RateLimiter
from suno_async.testing import Judge, SlidingLog, run_virtual

_JUDGES: dict[str, Callable[[], Judge]] = {
    "sliding log": SlidingLog,
    "log + refused": RefusedCount,
    "window": FixedWindow,
    "window 3.3": lambda: FixedWindow(phase=3.3),
    "window 6.7": lambda: FixedWindow(phase=6.7),
    "bucket": TokenBucket,
    "approximate": ApproximateCounter,
    "smooth, burst 5": lambda: Smooth(burst=5),
    "smooth, burst 1": Smooth,
}
_PROMISED = tuple(name for name in _JUDGES if name.startswith(("sliding", "log", "window", "buck")))
_DELAYS: dict[str, Delay] = {
    "no delay": none,
    "50 to 500 ms": usual,
    "50 to 500 ms, 2 % stalled by 1 to 5 s": stalled,
    "answers take 1 s more": slow(1.0),
    "answers take 2 s more": slow(2.0),
    "answers take 4 s more": slow(4.0),
}
_TARGETED = tuple(_DELAYS)[1:3]
_QUICK = tuple(_DELAYS)[:3]
_MOST_OVER = 1.07
_PATIENCE = 10 * OPTIMUM  # seconds for a run that may never end


def run(*, full: bool) -> Iterator[Table]:
    """The targets, then a table for each delay, the foreign client and the urgent request."""
    seeds = range(5) if full else range(2)
    yield _targets(seeds)
    for name in _DELAYS if full else _QUICK:
        yield _by_judge(name, seeds)
    yield _slow_answers(seeds)
    yield _foreign(seeds)
    yield _urgent(seeds)


def _worst(make: Callable[[], Limiter], judge: str, delay: Delay, seeds: range) -> Course:
    """Of some seeds, the course with most refusals, then with the longest makespan."""
    courses = [course(make, _JUDGES[judge](), delay, seed) for seed in seeds]
    return max(courses, key=lambda one: (one.refusals, one.makespan))


def _targets(seeds: range) -> Table:
    rows: list[list[Cell]] = []
    for delay in _TARGETED:
        worst = [_worst(RateLimiter, judge, _DELAYS[delay], seeds) for judge in _PROMISED]
        refusals = max(one.refusals for one in worst)
        over = max(one.over_optimum for one in worst)
        most = max(one.most_in(10.0) for one in worst)
        rows.append([f"refusals, {delay}", refusals, Target(refusals, 0)])
        rows.append([f"makespan over optimum, {delay}", over, Target(over, _MOST_OVER)])
        rows.append([f"most arrivals in any 10 s, {delay}", most, Target(most, 20)])
    first = course(RateLimiter, SlidingLog(), none, 0).arrivals[19]
    rows.append(["20th request leaves, s", first, Target(round(first, 3), 0)])
    waits = _waits(RateLimiter, usual, seeds)
    rows.append(["urgent among 1,000, median s", median(waits), Target(median(waits), 0.5)])
    counting = "sliding log, also with refused ones, fixed window at 3 phases, token bucket"
    return Table(f"Ours: worst over {counting}; {_said(seeds)}", ("", "figure", "target"), rows)


def _by_judge(delay: str, seeds: range) -> Table:
    rows: list[list[Cell]] = []
    for name, make in CONTENDERS.items():
        worst = [_worst(make, judge, _DELAYS[delay], seeds) for judge in _JUDGES]
        cells = [f"{one.refusals:,} {one.over_optimum:6.2f}" for one in worst]
        rows.append([name, *cells])
    title = f"Refusals in 1,000 requests, and makespan over the optimum: {delay}; {_said(seeds)}"
    return Table(title, ("", *_JUDGES), rows)


def _slow_answers(seeds: range) -> Table:
    """Slots are held until the answer is in: the guarantee costs that, and this is how much."""
    rows: list[list[Cell]] = []
    for name, delay in _DELAYS.items():
        worst = _worst(RateLimiter, "sliding log", delay, seeds)
        rows.append([name, worst.refusals, worst.over_optimum])
    title = f"Ours on a sliding log, by delay: a slot is held to the answer; {_said(seeds)}"
    return Table(title, ("delay", "refusals", "over optimum"), rows)


def _foreign(seeds: range) -> Table:
    """Another client sends a request a second with the same key."""
    rows: list[list[Cell]] = []
    for name, make in CONTENDERS.items():
        for judge in ("sliding log", "log + refused", "bucket"):
            runs = [run_virtual(_shared(make, _JUDGES[judge](), seed)) for seed in seeds]
            done, refusals, others, makespan = min(runs, key=lambda one: (one[0], -one[1]))
            over = makespan / (2 * OPTIMUM)
            rows.append([name, judge, done, refusals, others, over if done == REQUESTS else None])
    title = f"A foreign client uses half of the rate, 50 to 500 ms; {_said(seeds)}"
    columns = ("", "judge", "let through", "refusals", "of the other's", "over 980 s")
    return Table(title, columns, rows, (f"Given up after {_PATIENCE:,.0f} s.",))


async def _shared(
    make: Callable[[], Limiter], judge: Judge, seed: int
) -> tuple[int, int, int, float]:
    """Let through, refusals, refusals of the foreign client, and makespan."""
    rng = Random(seed)
    service = Service(make(), judge, usual, rng)
    refused = 0

    async def other() -> None:
        nonlocal refused
        while True:
            refused += not judge.allow(asyncio.get_running_loop().time())
            await asyncio.sleep(rng.uniform(0.5, 1.5))

    foreign = asyncio.create_task(other())
    asking = [asyncio.create_task(service.ask()) for _ in range(REQUESTS)]
    await asyncio.wait(asking, timeout=_PATIENCE)
    for one in (foreign, *asking):
        one.cancel()
    done = len(service.accepted)
    return done, len(service.arrivals) - done, refused, service.accepted[-1]


def _urgent(seeds: range) -> Table:
    rows: list[list[Cell]] = []
    for name, make in CONTENDERS.items():
        for delay in ("50 to 500 ms", "50 to 500 ms, 2 % stalled by 1 to 5 s"):
            waits = _waits(make, _DELAYS[delay], seeds)
            rows.append([name, delay, median(waits), percentile(waits, 0.95), max(waits)])
    title = f"Seconds that an urgent request among 1,000 waits for its slot; {_said(seeds)}"
    return Table(title, ("", "delay", "median", "95 %", "max"), rows)


def _waits(make: Callable[[], Limiter], delay: Delay, seeds: range) -> list[float]:
    """The waits of 40 urgent requests in each run, asked for at any time while others wait."""

    async def scenario(seed: int) -> list[float]:
        rng = Random(seed)
        service = Service(make(), SlidingLog(), delay, rng)
        batch = [asyncio.create_task(service.ask()) for _ in range(REQUESTS)]

        async def urgent(at: float) -> float:
            await asyncio.sleep(at)
            return await service.ask(Priority.INTERACTIVE)

        waits = await asyncio.gather(*(urgent(rng.uniform(1, 450)) for _ in range(40)))
        await asyncio.gather(*batch)
        return waits

    return [wait for seed in seeds for wait in run_virtual(scenario(seed))]


def _said(seeds: range) -> str:
    return f"seeds {seeds[0]} to {seeds[-1]}"
