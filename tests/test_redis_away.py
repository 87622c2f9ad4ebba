"""Redis away, back again, emptied or full: nothing is lost, and the rate is kept."""

from __future__ import annotations

import asyncio
import json
import logging
import signal
from typing import TYPE_CHECKING, Any

import pytest
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

from suno_async import (
    ConfigurationError,
    ConnectionFailed,
    GenerateMusic,
    SlotResult,
    SunoClient,
)
from suno_async.testing import FakeSuno

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from benchmarks._redis import RedisServer

pytestmark = pytest.mark.real_time


class Behind(Between):
    """A client that can be cut off from Redis."""

    is_cut_off = False

    async def reach(self, send: Callable[[], Awaitable[Any]]) -> Any:
        """Send, if there is a way."""
        if self.is_cut_off:
            raise BrokenConnection("no way")
        return await super().reach(send)


async def test_without_redis_nothing_is_sent_or_paid(tmp_path: Path) -> None:
    """A submission fails with a sentence that says so, and the journal knows of none."""
    async with (
        FakeSuno() as fake,
        limiter_of("redis://127.0.0.1:9", timeout=0.2) as limiter,
        SunoClient(
            "key", base_url=fake.url, limiter=limiter, journal=tmp_path / "songs.sqlite"
        ) as suno,
    ):
        with pytest.raises(ConnectionFailed, match=r"Redis.* connecting to .*Nothing was sent"):
            await suno.generate_music("A calm piano tune")
        outcomes = await asyncio.gather(
            *(suno.submit(GenerateMusic("the sea"), idempotency_key=str(n)) for n in range(3)),
            return_exceptions=True,
        )
        assert [type(one) for one in outcomes] == [ConnectionFailed] * 3
        assert len({id(one) for one in outcomes}) == 3
        assert not fake.ledger.count("generate-music")
        assert not suno.unclaimed
        assert not await suno.unfinished()


async def test_without_a_cluster_nothing_is_sent() -> None:
    """Its client has errors of its own kind: the caller gets ours, within the timeout."""
    cluster = RedisCluster(startup_nodes=[ClusterNode("127.0.0.1", 9)])
    async with limiter_of(cluster, timeout=0.5) as limiter:
        with pytest.raises(ConnectionFailed, match=r"Redis.*Nothing was sent"):
            await limiter.acquire()
    await cluster.aclose()


async def test_a_wrong_password_is_told(redis_server: RedisServer) -> None:
    """It is a matter of the setup, also where an outage would be lived through."""
    redis_server.stop()
    redis_server.options = ("--requirepass", "right")
    redis_server.start()
    wrong = f"unix://:wrong@{redis_server.socket}"
    for url in (redis_server.url, wrong):
        for share in (None, 0.5):
            async with limiter_of(url, fallback_share=share) as limiter:
                with pytest.raises(ConfigurationError, match="user and password") as caught:
                    await limiter.acquire()
                assert ":wrong" not in f"{caught.value} {limiter!r} {caught.value.__cause__}"


async def test_a_user_who_may_not_write_is_told(
    redis_server: RedisServer, redis_client: Client
) -> None:
    """An ACL without XADD is a matter of the setup, too."""
    await redis_client.execute_command(
        "ACL", "SETUSER", "u", "on", "nopass", "~*", "+@all", "-xadd"
    )
    async with (
        Redis(unix_socket_path=str(redis_server.socket), username="u", password="p") as mine,
        limiter_of(mine) as limiter,
    ):
        with pytest.raises(ConfigurationError, match=r"XADD.*are allowed"):
            await limiter.acquire()


@pytest.mark.parametrize(
    ("ill", "well", "says"),
    [
        ("CONFIG SET maxmemory 1", "CONFIG SET maxmemory 0", "memory"),
        ("REPLICAOF 127.0.0.1 9", "REPLICAOF NO ONE", "read only|MASTERDOWN"),
    ],
    ids=["full", "a replica now"],
)
async def test_a_redis_that_cannot_write_is_away(
    ill: str, well: str, says: str, redis_server: RedisServer, redis_client: Client
) -> None:
    """Out of memory, or in the middle of a failover: an error for now, and then it goes on."""
    async with limiter_of(redis_server.url, timeout=0.2) as limiter:
        (await limiter.acquire()).release(SlotResult.ANSWERED)
        await until_leases(redis_client, 1)
        await redis_client.execute_command(*ill.split())
        with pytest.raises(ConnectionFailed, match=says):
            await limiter.acquire()
        await redis_client.execute_command(*well.split())
        (await limiter.acquire()).release(SlotResult.ANSWERED)


async def test_a_short_restart_is_not_noticed(redis_server: RedisServer) -> None:
    """Within the timeout callers go on waiting."""
    async with limiter_of(redis_server.url, timeout=20.0) as limiter:
        (await limiter.acquire()).release(SlotResult.ANSWERED)
        redis_server.stop()
        waiting = asyncio.create_task(limiter.acquire())
        await asyncio.sleep(0.3)
        assert not waiting.done()
        redis_server.start()
        (await waiting).release(SlotResult.ANSWERED)


async def test_a_redis_that_stands_still_leaves_no_lease(
    redis_server: RedisServer, redis_client: Client
) -> None:
    """What it was asked for before it stood still, and granted after, is given back."""
    assert redis_server.process is not None
    async with limiter_of(redis_server.url, time_period=60.0, timeout=0.2) as limiter:
        (await limiter.acquire()).release(SlotResult.NOT_SENT)
        await until_leases(redis_client, 0)
        redis_server.process.send_signal(signal.SIGSTOP)
        with pytest.raises(ConnectionFailed, match=r"did not answer in 0\.2 s"):
            await limiter.acquire()
        redis_server.process.send_signal(signal.SIGCONT)
        async with asyncio.timeout(10):
            slot = await limiter.acquire()
        await until_leases(redis_client, 1)
        slot.release(SlotResult.NOT_SENT)
        await until_leases(redis_client, 0)


async def test_a_grant_whose_answer_never_came_is_given_back(
    redis_server: RedisServer, redis_client: Client
) -> None:
    """Redis goes away in the moment of the grant: once it is back, the lease is, too."""

    class Silent(Behind):
        sent = 0

        async def reach(self, send: Callable[[], Awaitable[Any]]) -> Any:
            answer = await super().reach(send)
            self.sent += 1
            self.is_cut_off = self.sent == 2  # the first one read
            return answer if not self.is_cut_off else await super().reach(send)

    async with Redis(unix_socket_path=str(redis_server.socket)) as mine:
        silent = Silent(mine)
        async with limiter_of(silent, timeout=0.1, time_period=60.0) as limiter:
            with pytest.raises(ConnectionFailed):
                await limiter.acquire()
            assert len(await leases(redis_client)) == 1
            silent.is_cut_off = False
            await until_leases(redis_client, 0)


async def test_a_batch_waits_for_a_redis_that_stands_still(redis_server: RedisServer) -> None:
    """Parked, it loses no request, and goes on once Redis does."""
    assert redis_server.process is not None
    async with (
        FakeSuno(max_rate=None) as fake,
        limiter_of(redis_server.url, timeout=0.2) as limiter,
        SunoClient("key", base_url=fake.url, limiter=limiter) as suno,
        suno.batch(GenerateMusic(f"song {number}") for number in range(40)) as outcomes,
    ):
        waiting = asyncio.ensure_future(anext(outcomes))
        await _until(lambda: fake.ledger.count("generate-music") >= 10)
        redis_server.process.send_signal(signal.SIGSTOP)
        await asyncio.sleep(1.0)
        before = fake.ledger.count("generate-music")
        redis_server.process.send_signal(signal.SIGCONT)
        assert before < 40
        await _until(lambda: len(fake.ledger.accepted("generate-music")) == 40)
        assert not waiting.done()
        waiting.cancel()


async def _until(is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not is_so():  # noqa: ASYNC110 the service tells nobody
            await asyncio.sleep(0.02)


async def test_alone_it_keeps_to_its_share(
    redis_server: RedisServer, caplog: pytest.LogCaptureFixture
) -> None:
    """After a period, a quarter of the slots; and the log tells of it once, without the key."""
    arrivals = Arrivals()
    async with limiter_of(redis_server.url, fallback_share=0.25, timeout=0.1) as limiter:
        (await limiter.acquire()).release(SlotResult.ANSWERED)
        redis_server.stop()
        began = asyncio.get_running_loop().time()
        await asyncio.gather(*(arrivals.request(limiter) for _ in range(12)))
    assert arrivals.times[0] >= began + 1.0
    assert arrivals.most_in(1.0) <= 5
    warnings = [one.getMessage() for one in caplog.records if one.levelno >= logging.WARNING]
    assert len(warnings) == 1
    assert "this process goes on alone" in warnings[0]


async def test_back_again_redis_gets_what_was_sent(
    redis_server: RedisServer, caplog: pytest.LogCaptureFixture
) -> None:
    """A Redis that knows nothing gets the slots that are held, and serves again."""
    given = {"time_period": 10.0, "no_response_hold": 1.0, "fallback_share": 0.25, "timeout": 0.1}
    async with limiter_of(redis_server.url, **given | {"time_period": 0.3}) as quick:
        await quick.acquire()
        redis_server.stop()
        await quick.acquire()
        redis_server.start()
        async with Redis(
            unix_socket_path=str(redis_server.socket), decode_responses=True
        ) as client:
            assert len(await until_leases(client, 2)) == 2
            async with asyncio.timeout(10):
                await quick.acquire()
            assert len(await leases(client)) == 3
    assert "Redis, which keeps the rate, is back." in caplog.text


@pytest.mark.parametrize("share", [None, 0.25])
async def test_the_rate_is_kept_through_an_outage(
    share: float | None, redis_server: RedisServer
) -> None:
    """Four limiters under load lose Redis and all that it knew: never more than 20 in a second."""
    arrivals = Arrivals()

    async def member(number: int) -> None:
        async with limiter_of(redis_server.url, fallback_share=share, timeout=0.3) as limiter:
            for _ in range(4):
                requests = (arrivals.request(limiter, 0.02, 0.02, number) for _ in range(8))
                await asyncio.gather(*requests, return_exceptions=True)
                await asyncio.sleep(0.01)

    members = [asyncio.create_task(member(number)) for number in range(4)]
    await asyncio.sleep(1.3)
    redis_server.stop()
    await asyncio.sleep(2.2)
    redis_server.start()
    await asyncio.gather(*members)
    assert arrivals.most_in(1.0) <= 20
    assert len(arrivals.times) >= (20 if share is None else 128)


async def test_a_redis_that_was_emptied_gets_the_leases_again(
    redis_server: RedisServer, redis_client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    """FLUSHALL under load: those who knew it pause a period, so that the rate is kept."""
    arrivals = Arrivals()

    async def member(number: int) -> None:
        async with limiter_of(redis_server.url) as limiter:
            await asyncio.gather(
                *(arrivals.request(limiter, 0.05, 0.05, number) for _ in range(30))
            )

    members = [asyncio.create_task(member(number)) for number in range(3)]
    await asyncio.sleep(1.5)
    await redis_client.flushall()
    await asyncio.gather(*members)
    assert arrivals.most_in(1.0) <= 20
    assert "had forgotten" in caplog.text


async def test_back_again_no_slot_is_granted_before_all_could_report(
    redis_server: RedisServer,
) -> None:
    """The first to see that Redis is back waits until the others have reported what they sent."""
    given = {"max_rate": 4, "fallback_share": 0.5, "timeout": 0.1}
    async with (
        Redis(unix_socket_path=str(redis_server.socket), decode_responses=True) as client,
        limiter_of(redis_server.url, **given) as first,
        limiter_of(behind := Behind(client), **given) as late,
    ):
        redis_server.stop()
        behind.is_cut_off = True
        async with asyncio.timeout(10):
            await asyncio.gather(*(limiter.acquire() for limiter in (first, first, late, late)))
        redis_server.start()
        await until_leases(client, 2)
        waiting = asyncio.create_task(first.acquire())
        await asyncio.sleep(1.5)
        assert not waiting.done()
        behind.is_cut_off = False
        await until_leases(client, 4)
        await asyncio.sleep(1.5)
        assert not waiting.done()
        waiting.cancel()


async def test_what_could_not_be_reported_is_reported_later(
    redis_server: RedisServer, redis_client: Client
) -> None:
    """A slot that was not used, and a refusal: Redis gets both when it can be reached again."""

    async def state() -> dict[str, Any]:
        (found,) = (await states(redis_client)).values()
        return found

    async with (
        Redis(unix_socket_path=str(redis_server.socket)) as mine,
        limiter_of(behind := Behind(mine), timeout=0.1, time_period=0.2) as limiter,
    ):
        (await limiter.acquire()).release(SlotResult.RATE_LIMITED)
        granted = 0
        for result in (SlotResult.RATE_LIMITED, SlotResult.NOT_SENT):
            slot = await limiter.acquire()
            granted = len((await state())["recent"])
            behind.is_cut_off = True
            slot.release(result)
            await asyncio.sleep(0.05)
            behind.is_cut_off = False
            await until_leases(redis_client, 0)
        assert (await state())["slowness"] == 1.25
        assert len((await state())["recent"]) == granted - 1


async def test_a_replica_that_lacks_the_last_leases_gets_them(
    redis_server: RedisServer, redis_client: Client
) -> None:
    """After an outage all that is known is reported, though the state looks like the old one."""
    given = {"timeout": 0.1, "fallback_share": 0.1, "time_period": 60.0}
    async with (
        Redis(unix_socket_path=str(redis_server.socket)) as mine,
        limiter_of(behind := Behind(mine), **given) as limiter,
    ):
        await limiter.acquire()
        ((name, before),) = (await states(redis_client)).items()
        (await limiter.acquire()).release(SlotResult.ANSWERED)
        await limiter.acquire()
        await until_leases(redis_client, 3)
        behind.is_cut_off = True
        waiting = asyncio.create_task(limiter.acquire())
        await asyncio.sleep(0.5)
        await write_state(redis_client, name, json.dumps(before))
        behind.is_cut_off = False
        assert len(await until_leases(redis_client, 3)) == 3
        waiting.cancel()


async def test_a_clock_that_goes_back_stops_nobody(
    redis_server: RedisServer, redis_client: Client
) -> None:
    """All times in Redis lie an hour ahead: leases are reported again, and all pause a period."""
    loop = asyncio.get_running_loop()
    given = {"max_rate": 2, "time_period": 0.5}
    async with (
        limiter_of(redis_server.url, **given) as one,
        limiter_of(redis_server.url, **given) as other,
    ):
        for limiter in (one, other, one, other):
            (await limiter.acquire()).release(SlotResult.ANSWERED)
        held = await one.acquire()
        await until_leases(redis_client, 1)
        began = loop.time()
        ((name, state),) = (await states(redis_client)).items()
        for what in ("born", "seen", "next", "resume", "slow"):
            state[what] += 3600
        for what in ("leases", "queue"):
            state[what] = {key: at + 3600 for key, at in state[what].items()}
        state["recent"] = [at + 3600 for at in state["recent"]]
        await write_state(redis_client, name, json.dumps(state))
        async with asyncio.timeout(5):
            await other.acquire()
        assert loop.time() >= began + 0.5
        assert len(await leases(redis_client)) == 2, "also the one that is under way is known again"
        held.release(SlotResult.ANSWERED)


async def test_an_emptied_redis_forgets_no_lost_request(
    redis_server: RedisServer, redis_client: Client
) -> None:
    """What one process knows to be under way keeps its slots, whichever process asks next."""
    given = {"max_rate": 2, "no_response_hold": 1.5}
    async with (
        limiter_of(redis_server.url, **given) as one,
        limiter_of(redis_server.url, **given) as other,
    ):
        (await other.acquire()).release(SlotResult.NOT_SENT)
        await until_leases(redis_client, 0)
        for slot in [await one.acquire(), await one.acquire()]:
            slot.release(SlotResult.NO_RESPONSE)
        began = asyncio.get_running_loop().time()
        await asyncio.sleep(0.1)
        await redis_client.flushall()
        asked = [asyncio.create_task(each.acquire()) for each in (other, one)]
        await asyncio.wait(asked, return_when=asyncio.FIRST_COMPLETED)
        assert asyncio.get_running_loop().time() >= began + 2.5
        await asyncio.gather(*asked)


async def test_a_loop_that_ends_leaves_leases_that_expire(
    redis_server: RedisServer, redis_client: Client
) -> None:
    """A program that ends without closing takes its slots with it for one lease at most."""
    program = await python(
        "import asyncio\n"
        "from redis_kit import limiter_of\n"
        "from suno_async import SlotResult\n"
        "async def main():\n"
        f"    limiter = limiter_of({redis_server.url!r}, time_period=30.0)\n"
        "    for _ in range(3):\n"
        "        (await limiter.acquire()).release(SlotResult.ANSWERED)\n"
        "    waiting = [asyncio.create_task(limiter.acquire()) for _ in range(30)]\n"
        "    await asyncio.sleep(0.05)\n"
        "    return limiter.lease_seconds\n"
        "print(asyncio.run(main()))\n"
    )
    longest = float((await program.communicate())[0])
    left = (await leases(redis_client)).values()
    assert 0 < len(left) <= 20
    assert max(left) <= longest
    names = [name async for name in redis_client.scan_iter()]
    assert max([await redis_client.pttl(name) for name in names]) <= longest * 1000
    assert -1 not in [await redis_client.pttl(name) for name in names]
