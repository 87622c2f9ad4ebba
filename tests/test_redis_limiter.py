"""The limiter over Redis, against a real server; several limiters are as many processes to it."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import subprocess
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest
from leaks import SECRET, leaks
from program_kit import PROGRAMS
from redis.asyncio import Redis, RedisCluster
from redis.asyncio.cluster import ClusterNode
from redis.exceptions import ConnectionError as BrokenConnection
from redis_kit import (
    Arrivals,
    Between,
    Client,
    leases,
    limiter_of,
    python,
    states,
    until_leases,
    write_state,
)

from benchmarks._fleet import Plan, race
from suno_async import (
    ClientClosed,
    ConfigurationError,
    ConnectionFailed,
    Priority,
    SlotResult,
)
from suno_async._rate.leases import Answer
from suno_async._rate.redis import RedisKeeper
from suno_async.redis_limiter import RedisRateLimiter
from suno_async.testing import FakeSuno

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from benchmarks._redis import RedisServer

pytestmark = pytest.mark.real_time


class Slow(Between):
    """Commands that are on their way for some time, or at least for a turn of the loop."""

    def __init__(self, redis: Client, seconds: float = 0.0) -> None:
        super().__init__(redis)
        self.seconds = seconds

    async def reach(self, send: Callable[[], Awaitable[Any]]) -> Any:
        """Wait, send, and wait again."""
        await asyncio.sleep(self.seconds)
        answer = await super().reach(send)
        await asyncio.sleep(self.seconds)
        return answer


async def test_together_they_keep_the_rate(redis_server: RedisServer) -> None:
    """Four limiters, stalls on both ways: never more than 20 arrive in any second."""
    rng, arrivals = random.Random(1), Arrivals()

    async def member(number: int) -> None:
        async with limiter_of(redis_server.url) as limiter:
            ways = [(rng.expovariate(20), rng.expovariate(20)) for _ in range(30)]
            await asyncio.gather(
                *(arrivals.request(limiter, up, down, number) for up, down in ways)
            )

    await asyncio.gather(*(member(number) for number in range(4)))
    assert len(arrivals.times) == 120
    assert arrivals.most_in(1.0) <= 20


async def test_processes_share_one_rate(redis_server: RedisServer) -> None:
    """Three processes, and one of them killed: the strict server refuses nobody."""
    plan = Plan("RedisRateLimiter", redis_server.url, requests=20, period=1.0, scale=0.1)
    run = await race(plan, 3, kill_after=1.5)
    assert run.refused == 0
    assert [run.accepted[number] for number in (1, 2)] == [20, 20]


async def test_the_first_20_leave_at_once(redis_server: RedisServer) -> None:
    """An idle key bursts, whichever process asks; the 21st waits for a slot."""
    async with (
        limiter_of(redis_server.url, time_period=60.0) as one,
        limiter_of(redis_server.url, time_period=60.0) as other,
    ):
        async with asyncio.timeout(10):
            for limiter in (one, other):
                await asyncio.gather(*(limiter.acquire() for _ in range(10)))
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.3):
                await other.acquire()


async def test_those_who_wait_are_served_in_turn(redis_server: RedisServer) -> None:
    """A process that is far from Redis gets its share as those do that are near."""
    arrivals = Arrivals()

    async def member(number: int) -> None:
        async with (
            Redis(unix_socket_path=str(redis_server.socket)) as mine,
            limiter_of(Slow(mine, 0.008 * (number == 0)), max_rate=5, time_period=0.4) as limiter,
        ):
            await asyncio.gather(*(arrivals.request(limiter, number=number) for _ in range(15)))

    await asyncio.gather(*(member(number) for number in range(4)))
    assert arrivals.by[5:45].count(0) >= 6


async def test_within_a_process_the_urgent_go_first(redis_server: RedisServer) -> None:
    """Of those who wait here, the best priority is served, and among equals the first."""
    served: list[str] = []
    async with limiter_of(redis_server.url, max_rate=1, time_period=0.1) as limiter:
        (await limiter.acquire()).release(SlotResult.ANSWERED)

        async def wait(name: str, priority: Priority) -> None:
            slot = await limiter.acquire(priority)
            served.append(name)
            slot.release(SlotResult.ANSWERED)

        order = [
            ("b1", Priority.BACKGROUND),
            ("b2", Priority.BACKGROUND),
            ("p1", Priority.INTERACTIVE),
        ]
        await asyncio.gather(*(wait(*one) for one in [*order, ("p2", Priority.INTERACTIVE)]))
    assert served == ["p1", "p2", "b1", "b2"]


async def test_an_unused_slot_is_free_at_once_for_all(redis_server: RedisServer) -> None:
    """A grant that finds nothing to do costs neither this process nor another anything."""
    given = {"max_rate": 1, "time_period": 60.0}
    async with (
        limiter_of(redis_server.url, **given) as one,
        limiter_of(redis_server.url, **given) as other,
        asyncio.timeout(30),
    ):
        for limiter in [one] * 20 + [other] * 20:
            (await limiter.acquire()).release(SlotResult.NOT_SENT)


async def test_how_long_a_lease_lasts(redis_server: RedisServer, redis_client: Client) -> None:
    """From an answer the period and the margin; longer if it was lost; gone if it was not used."""
    async with limiter_of(
        redis_server.url, time_period=10.0, margin=0.5, no_response_hold=7.0
    ) as limiter:
        assert limiter.lease_seconds == 35.0
        for result in SlotResult:
            slot = await limiter.acquire()
            if result is not SlotResult.RATE_LIMITED:
                slot.release(result)
                slot.release(SlotResult.NOT_SENT)
    left = sorted((await leases(redis_client)).values())
    assert len(left) == 3
    assert all(most - 5 < one <= most for one, most in zip(left, [10.5, 17.5, 35.0], strict=True))


async def test_a_slow_answer_keeps_its_lease(
    redis_server: RedisServer, redis_client: Client
) -> None:
    """A lease is renewed while its request is under way, for many times its length."""
    given = {"max_rate": 1, "time_period": 0.1, "margin": 0.0, "no_response_hold": 0.2}
    async with (
        limiter_of(redis_server.url, **given) as one,
        limiter_of(redis_server.url, **given) as other,
    ):
        slot = await one.acquire()
        waiting = asyncio.create_task(other.acquire())
        await asyncio.sleep(5 * one.lease_seconds)
        assert not waiting.done()
        assert len(await leases(redis_client)) == 1
        slot.release(SlotResult.ANSWERED)
        await waiting


async def test_the_leases_of_a_killed_process_expire(
    redis_server: RedisServer, redis_client: Client
) -> None:
    """It held all slots: the next one is granted when they expire, and not before."""
    process = await python(
        "import asyncio\n"
        "from redis_kit import limiter_of\n"
        "async def main():\n"
        f"    limiter = limiter_of({redis_server.url!r}, max_rate=2)\n"
        "    await limiter.acquire(), await limiter.acquire()\n"
        "    print('held', flush=True)\n"
        "    await asyncio.sleep(60)\n"
        "asyncio.run(main())\n"
    )
    assert process.stdout is not None
    await process.stdout.readline()
    process.send_signal(signal.SIGKILL)
    await process.wait()
    left = min((await leases(redis_client)).values())
    asked = asyncio.get_running_loop().time()
    async with limiter_of(redis_server.url, max_rate=2) as limiter, asyncio.timeout(20):
        assert left <= limiter.lease_seconds
        await limiter.acquire()
    assert asyncio.get_running_loop().time() >= asked + left - 0.05


async def test_a_refusal_stops_everyone_and_slows_them(
    redis_server: RedisServer, redis_client: Client
) -> None:
    """All wait until the time that was asked for, which only moves forward, then go on evenly."""
    loop = asyncio.get_running_loop()
    times: list[float] = []
    async with (
        limiter_of(redis_server.url) as one,
        limiter_of(redis_server.url) as other,
        limiter_of(redis_server.url) as third,
    ):
        slots = [await each.acquire() for each in (one, third, third)]
        began = loop.time()
        slots[0].release(SlotResult.RATE_LIMITED, resume_at=began + 1.8)
        await asyncio.sleep(0.1)
        slots[1].release(SlotResult.RATE_LIMITED, resume_at=began + 1.2)
        await until_leases(redis_client, 3)
        await asyncio.sleep(0.05)
        for _ in range(4):
            (await other.acquire()).release(SlotResult.ANSWERED)
            times.append(loop.time() - began)
        slots[2].release(SlotResult.ANSWERED)
    assert times[0] >= 1.8
    assert times[3] >= 1.8 + 3 * 0.9 * 1.5 / 19, "a busy machine only makes it later"


async def test_the_own_pause_only_moves_forward(
    redis_server: RedisServer, redis_client: Client
) -> None:
    """A second refusal that asks for less does not shorten it, though Redis is emptied."""
    loop = asyncio.get_running_loop()
    async with limiter_of(redis_server.url) as limiter:
        slots = [await limiter.acquire(), await limiter.acquire()]
        began = loop.time()
        slots[0].release(SlotResult.RATE_LIMITED, resume_at=began + 2.5)
        slots[1].release(SlotResult.RATE_LIMITED, resume_at=began + 0.5)
        await asyncio.sleep(0.1)
        await redis_client.flushall()
        await limiter.acquire()
        assert loop.time() >= began + 2.5


async def gap_after(refusals: int, *limiters: RedisRateLimiter) -> float:
    """The seconds between two requests after each of these refusals, by turns of the limiters."""
    for number in range(refusals):
        (await limiters[number % len(limiters)].acquire()).release(SlotResult.RATE_LIMITED)
    for limiter in limiters:
        (await limiter.acquire()).release(SlotResult.ANSWERED)
    began = asyncio.get_running_loop().time()
    for limiter in limiters:
        (await limiter.acquire()).release(SlotResult.ANSWERED)
    return (asyncio.get_running_loop().time() - began) / len(limiters)


@pytest.mark.parametrize(("refusals", "times"), [(1, 1.0), (2, 1.25), (4, 1.25**3), (7, 3.0)])
async def test_a_slow_pace_that_is_refused_too_gets_slower_for_all(
    redis_server: RedisServer, refusals: int, times: float
) -> None:
    """In the steps of `RateLimiter`, whichever process is refused, and never beyond three times."""
    given = {"max_rate": 5, "time_period": 0.2}
    async with (
        limiter_of(redis_server.url, **given) as one,
        limiter_of(redis_server.url, **given) as other,
    ):
        gap = await gap_after(refusals, one, other)
    even = (0.2 + 0.5) / 4
    assert 0.85 * times * even < gap < 1.15 * times * even + 0.1


async def test_what_is_refused_at_once_slows_one_step(
    redis_server: RedisServer, redis_client: Client
) -> None:
    """Requests that had left before the pause do not slow the pace further."""
    async with (
        limiter_of(redis_server.url) as one,
        limiter_of(redis_server.url) as other,
    ):
        (await one.acquire()).release(SlotResult.RATE_LIMITED)
        slots = [await limiter.acquire() for limiter in (one, one, other, other)]
        for slot in slots:
            slot.release(SlotResult.RATE_LIMITED)
        await until_leases(redis_client, 4)
        await other.acquire()
    (state,) = (await states(redis_client)).values()
    assert state["slowness"] == 1.25


@pytest.mark.parametrize("turns", range(12))
async def test_cancelled_at_any_moment_no_lease_is_left(
    turns: int, redis_server: RedisServer, redis_client: Client
) -> None:
    """However far the question has come: what nobody wants is given back."""
    slow = Slow(Redis(unix_socket_path=str(redis_server.socket)))
    async with slow.redis, limiter_of(slow, time_period=60.0) as limiter:
        (await limiter.acquire()).release(SlotResult.NOT_SENT)
        await until_leases(redis_client, 0)
        waiting = asyncio.create_task(limiter.acquire())
        for _ in range(turns):
            await asyncio.sleep(0)
        waiting.cancel()
        (granted,) = await asyncio.gather(waiting, return_exceptions=True)
        if not isinstance(granted, BaseException):
            granted.release(SlotResult.NOT_SENT)
        await asyncio.sleep(0.01)
        await until_leases(redis_client, 0)


async def test_a_grant_whose_answer_is_lost_is_not_lost(redis_server: RedisServer) -> None:
    """The connection breaks after the grant: asked again, the same slot is granted."""

    class Losing(Between):
        sent = 0

        async def reach(self, send: Callable[[], Awaitable[Any]]) -> Any:
            answer = await super().reach(send)
            self.sent += 1
            if self.sent == 2:  # the first one read, this one wrote
                raise BrokenConnection
            return answer

    async with (
        Redis(unix_socket_path=str(redis_server.socket)) as mine,
        limiter_of(mine, max_rate=1, time_period=60.0) as first,
    ):
        (await first.acquire()).release(SlotResult.NOT_SENT)
        losing = Losing(mine)
        async with limiter_of(losing, max_rate=1, time_period=60.0) as limiter, asyncio.timeout(10):
            await limiter.acquire()
        assert losing.sent >= 3


async def test_many_who_come_and_go_leave_no_lease(
    redis_server: RedisServer, redis_client: Client
) -> None:
    """200 requests, cancelled at random moments, before and after their grant."""
    rng = random.Random(2)
    async with limiter_of(
        redis_server.url, time_period=0.2, margin=0.0, no_response_hold=0.1
    ) as limiter:

        async def visit() -> None:
            async with asyncio.timeout(rng.uniform(0, 0.3)):
                slot = await limiter.acquire()
                try:
                    await asyncio.sleep(rng.uniform(0, 0.1))
                finally:
                    slot.release(SlotResult.ANSWERED)

        await asyncio.gather(*(visit() for _ in range(200)), return_exceptions=True)
        await until_leases(redis_client, 0)
        async with asyncio.timeout(5):
            await asyncio.gather(*(limiter.acquire() for _ in range(20)))


@pytest.mark.parametrize("garbage", ["", "nothing", '{"born": 1}', "[[1]]", "\0" * 9])
async def test_a_state_that_is_none_is_made_anew(
    redis_server: RedisServer, redis_client: Client, garbage: str
) -> None:
    """Whatever stands in its place: those who knew the old one pause, and all goes on."""
    loop = asyncio.get_running_loop()
    async with limiter_of(redis_server.url) as limiter:
        (await limiter.acquire()).release(SlotResult.ANSWERED)
        await until_leases(redis_client, 1)
        (name,) = await states(redis_client)
        await write_state(redis_client, name, garbage)
        began = loop.time()
        await limiter.acquire()
        assert loop.time() >= began + 0.8, "a period from when it was noticed"
    assert len(await leases(redis_client)) == 1


async def test_of_two_who_read_the_same_one_writes(redis_server: RedisServer) -> None:
    """The other one reads again: two processes in step have never the same slot."""
    in_step = asyncio.Barrier(2)

    class InStep(Between):
        async def reach(self, send: Callable[[], Awaitable[Any]]) -> Any:
            answer = await super().reach(send)
            with suppress(TimeoutError, asyncio.BrokenBarrierError):
                async with asyncio.timeout(0.05):
                    await in_step.wait()
            return answer

    async with (
        Redis(unix_socket_path=str(redis_server.socket)) as mine,
        limiter_of(InStep(mine), max_rate=1, time_period=60.0) as one,
        limiter_of(InStep(mine), max_rate=1, time_period=60.0) as other,
    ):
        waiting = [asyncio.create_task(limiter.acquire()) for limiter in (one, other)]
        done, _ = await asyncio.wait(waiting, timeout=1.0)
        assert len(done) == 1
        for task in waiting:
            task.cancel()


async def test_a_change_that_came_too_late_shortens_nothing(
    redis_server: RedisServer, redis_client: Client
) -> None:
    """Another process wrote first what counts for long: it stays that long, also unchanged."""

    class Overtaken(Between):
        sent = 0

        async def reach(self, send: Callable[[], Awaitable[Any]]) -> Any:
            self.sent += 1
            if self.sent == 2:  # the first one read
                await redis_client.xadd("k", {"state": "theirs"}, "0-1")
                await redis_client.pexpire("k", 100_000)
            return await super().reach(send)

    def rule(state: str, _now: float) -> Answer:
        return Answer(state or "mine", 100.0 if state else 1.0, 0.0, 0.0)

    async with Redis(unix_socket_path=str(redis_server.socket)) as mine:
        answer = await RedisKeeper(Overtaken(mine), "k", 5.0).change(rule)
    assert answer.state == "theirs"
    assert await redis_client.pttl("k") > 90_000


async def test_a_stream_of_another_kind(redis_server: RedisServer, redis_client: Client) -> None:
    """Entries with ids and fields that are not ours are passed over; another type is an error."""
    async with Redis(unix_socket_path=str(redis_server.socket)) as mine:
        keeper = RedisKeeper(mine, "k", 5.0)
        await redis_client.xadd("k", {"a": "b", "c": "d"}, "7-7")
        assert (await keeper.change(plus)).state == "b+"
        assert (await keeper.change(plus)).state == "b++"
        assert await redis_client.xlen("k") == 1
        await redis_client.set("k2", "text")
        with pytest.raises(ConnectionFailed, match="WRONGTYPE"):
            await RedisKeeper(mine, "k2", 5.0).change(plus)


async def test_a_process_that_is_always_too_late_gives_up(
    redis_server: RedisServer, redis_client: Client
) -> None:
    """After so many tries it is as if Redis were away, for this moment: nothing was sent."""

    class Late(Between):
        sent = 0

        async def reach(self, send: Callable[[], Awaitable[Any]]) -> Any:
            self.sent += 1
            if self.sent % 2 == 0:  # each second one writes
                await RedisKeeper(redis_client, "k", 5.0).change(plus)
            return await super().reach(send)

    async with Redis(unix_socket_path=str(redis_server.socket)) as mine:
        late = Late(mine)
        with pytest.raises(ConnectionFailed, match="another process was faster"):
            await RedisKeeper(late, "k", 30.0).change(plus)
    assert late.sent == 60


async def test_a_state_that_goes_away_is_not_brought_back(
    redis_server: RedisServer, redis_client: Client
) -> None:
    """Redis is emptied between reading and writing: what was read then counts for nothing."""

    class Emptied(Between):
        sent = 0

        async def reach(self, send: Callable[[], Awaitable[Any]]) -> Any:
            self.sent += 1
            if self.sent == 2:  # the first one read
                await redis_client.flushall()
            return await super().reach(send)

    async with Redis(unix_socket_path=str(redis_server.socket)) as mine:
        for _ in range(2):
            await RedisKeeper(mine, "k", 5.0).change(plus)
        assert (await RedisKeeper(Emptied(mine), "k", 5.0).change(plus)).state == "+"


def plus(state: str, _now: float) -> Answer:
    """Each change adds something."""
    return Answer(f"{state}+", 100.0, 0.0, 0.0)


async def test_each_key_and_each_host_has_its_own_rate(
    redis_server: RedisServer, redis_client: Client
) -> None:
    """They do not share slots, nor do other prefixes, and Redis never sees the key."""
    given = [
        {"api_key": SECRET},
        {"api_key": "another"},
        {"api_key": SECRET, "base_url": "https://a.test"},
        {"api_key": SECRET, "prefix": "polls"},
    ]
    for one in given:
        async with (
            RedisRateLimiter(redis_server.url, max_rate=1, **one) as limiter,  # type: ignore[arg-type]
            asyncio.timeout(5),
        ):
            await limiter.acquire()
            assert not leaks(limiter, vars(limiter))
    held = await states(redis_client)
    assert len(held) == 4
    assert not leaks([*held], held)


async def test_a_cluster_keeps_the_state(redis_server: RedisServer) -> None:
    """One key is all there is: a cluster's client finds its node, and asks that for the time."""
    redis_server.stop()
    port = 10000 + os.getpid() % 10000  # and its bus: the system gives out neither
    redis_server.options = ("--port", str(port), "--cluster-enabled", "yes")
    redis_server.start()
    node: Client
    async with Redis(port=port) as node:
        await node.execute_command("CLUSTER", "ADDSLOTSRANGE", 0, 16383)
        async with asyncio.timeout(10):
            while b"cluster_state:ok" not in await node.execute_command("CLUSTER", "INFO"):  # noqa: ASYNC110 it is another process
                await asyncio.sleep(0.05)
    async with (
        RedisCluster(startup_nodes=[ClusterNode("127.0.0.1", port)]) as cluster,
        limiter_of(cluster) as limiter,
    ):
        for _ in range(3):
            (await limiter.acquire()).release(SlotResult.ANSWERED)


async def test_a_client_of_ones_own_is_used_and_not_closed(redis_server: RedisServer) -> None:
    """Whatever it decodes its answers to."""
    mine: Client
    async with Redis(unix_socket_path=str(redis_server.socket), decode_responses=True) as mine:
        async with limiter_of(mine) as limiter:
            (await limiter.acquire()).release(SlotResult.ANSWERED)
        assert await mine.ping()


async def test_one_limiter_serves_one_loop(redis_server: RedisServer) -> None:
    """A limiter taken to another loop says what to do."""
    async with limiter_of(redis_server.url) as limiter:

        def elsewhere() -> None:
            asyncio.run(limiter.acquire())

        with pytest.raises(ConfigurationError, match="RedisRateLimiter serves another event loop"):
            await asyncio.to_thread(elsewhere)


async def test_closing_ends_those_who_wait(redis_server: RedisServer) -> None:
    """Their error says that nothing was sent, and no slot can be asked for any more."""
    limiter = limiter_of(redis_server.url, max_rate=1, time_period=60.0)
    await limiter.acquire()
    waiting = [asyncio.create_task(limiter.acquire()) for _ in range(3)]
    await asyncio.sleep(0.05)
    await limiter.aclose()
    await limiter.aclose()
    ends = await asyncio.gather(*waiting, return_exceptions=True)
    assert [type(one) for one in ends] == [ClientClosed] * 3
    with pytest.raises(ClientClosed):
        await limiter.acquire()


async def test_the_program_of_the_readme_runs(
    redis_server: RedisServer, redis_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As it stands, but for the address of Redis."""
    program = PROGRAMS["shared_rate.py"]
    async with FakeSuno(api_key=None) as fake:
        monkeypatch.setenv("SUNO_BASE_URL", fake.url)
        monkeypatch.setenv("SUNO_API_KEY", "key")
        running = await python(program.replace("redis://localhost:6379/0", redis_server.url))
        printed, _ = await running.communicate()
    assert printed == b"1000.0 credits left\n"
    assert len(await leases(redis_client)) == 1


@pytest.mark.parametrize(
    "given",
    [
        {"redis": "localhost:6379"},
        {"redis": "redis://:word@localhost?time_out=3"},
        {"redis": "redis://:word@localhost?protocol=9"},
        {"redis": "rediss://:word@localhost?ssl_cert_reqs=perhaps"},
        {"redis": 6379},
        {"api_key": ""},
        {"base_url": "nonsense"},
        {"timeout": 0},
        {"fallback_share": 0},
        {"fallback_share": 1.5},
    ],
    ids=str,
)
def test_what_cannot_work_is_refused_at_once(given: dict[str, object]) -> None:
    """Bad input is an error where it is given, and never with a password."""
    with pytest.raises(ConfigurationError) as caught:
        RedisRateLimiter(**({"redis": "redis://:word@localhost", "api_key": "k"} | given))  # type: ignore[arg-type]
    assert "word" not in str(caught.value).replace("password", "")


@pytest.mark.parametrize("given", [{"max_rate": 0}, {"time_period": 0}, {"margin": -1}], ids=str)
def test_numbers_below_what_makes_sense_are_refused(given: dict[str, int]) -> None:
    """As by `RateLimiter`."""
    with pytest.raises(ValueError, match=next(iter(given))):
        RedisRateLimiter("redis://localhost", "k", **given)  # type: ignore[arg-type]


def test_redis_is_imported_only_where_it_is_used() -> None:
    """The package does without it, and where it is needed the error names the extra."""
    program = (
        "import sys, suno_async\n"
        "assert 'redis' not in sys.modules\n"
        "sys.modules['redis'] = None\n"
        "import suno_async.redis_limiter\n"
    )
    ended = subprocess.run(  # noqa: S603 it is our own
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert ended.stderr.endswith("pip install 'suno-async[redis]'.\n")
