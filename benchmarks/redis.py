"""One key in four processes, over Redis: refusals, makespan, fairness, and a process that dies.

Real time, separate processes, a redis-server of its own, and a server that counts with a sliding
log. Each process wants 50 requests at once; delays of 50 to 500 ms, 2 % stalled by 1 to 5 s more.
The optimum is 20 at once, and again every 10 s. All runs of a round share the machine.
"""

import asyncio
import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks._fleet import LIMITERS, POSTGRES, REDIS, Plan, Run, race
from benchmarks._redis import is_installed, serve_redis
from benchmarks._tables import Cell, Table, Target
from suno_async.redis_limiter import RedisRateLimiter

_PROCESSES = 4
_EACH = 50
_KILLED_AFTER = 45.0  # seconds, half-way


def run(*, full: bool) -> Iterator[Table]:
    """All ways to share at once, and ours again with a process killed; three rounds in full."""
    if not is_installed():
        yield Table("Skipped: there is no redis-server on this machine", ("",), [])
        return
    for number in range(1, 4 if full else 2):
        runs, killed = asyncio.run(_round())
        yield _shared(runs, number)
        yield _killed(killed, number)


async def _round() -> tuple[dict[str, Run], Run]:
    with tempfile.TemporaryDirectory() as directory:
        one, other = Path(directory) / "one", Path(directory) / "other"
        one.mkdir()
        other.mkdir()
        with serve_redis(one) as redis, serve_redis(other) as apart:
            plans = {name: Plan(name, redis.url, _EACH) for name in LIMITERS if name != POSTGRES}
            ours = Plan(REDIS, apart.url, _EACH)
            *runs, killed = await asyncio.gather(
                *(race(plan, _PROCESSES) for plan in plans.values()),
                race(ours, _PROCESSES, kill_after=_KILLED_AFTER),
            )
    return dict(zip(plans, runs, strict=True)), killed


def _optimum(requests: int) -> float:
    return 10.0 * ((requests - 1) // 20)


def _shared(runs: dict[str, Run], number: int) -> Table:
    rows: list[list[Cell]] = []
    for name, one in runs.items():
        makespan = max(one.ends.values()) / _optimum(_PROCESSES * _EACH)
        late = max(one.ends.values()) / (sum(one.ends.values()) / _PROCESSES)
        rows.append([name, one.refused, makespan, late])
        if name == REDIS:
            targets = (Target(one.refused, 0), Target(makespan, 1.10), Target(late, 1.15))
            rows.append(["  its targets", *targets])
    columns = ("", "refused", "makespan / optimum", "latest / mean")
    return Table(f"{_PROCESSES} processes x {_EACH} requests, round {number}", columns, rows)


def _killed(run: Run, number: int) -> Table:
    sent = sum(run.accepted.values())
    end = max(end for process, end in run.ends.items() if process != 0)
    optimum = _optimum(sent)
    with_lease = 1.10 * optimum + RedisRateLimiter("redis://", "key").lease_seconds
    rows: list[list[Cell]] = [
        ["requests of the dead that were let through", run.accepted[0], None],
        [
            "requests of the others",
            sent - run.accepted[0],
            Target(sent - run.accepted[0], 150, at_least=True),
        ],
        ["refused", run.refused, Target(run.refused, 0)],
        ["last one of the others, s", end, Target(end, round(with_lease, 1))],
        ["over the optimum of what was sent", end / optimum, None],
        ["longest time in which none was let through, s", run.longest_gap, None],
    ]
    title = f"One of {_PROCESSES} processes killed after {_KILLED_AFTER:g} s, round {number}"
    notes = ["the target is 1.10 x the optimum and one lease of a dead process"]
    return Table(title, ("", "figure", "target"), rows, notes)
