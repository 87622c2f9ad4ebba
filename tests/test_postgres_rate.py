"""The rate that a journal in PostgreSQL keeps for all its clients."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from suno_async import ConnectionFailed, GenerateMusic, RateLimiter, SlotResult, SunoClient
from suno_async._journal import connection, postgres
from suno_async._journal.postgres import PostgresJournal
from suno_async._rate.rule import Rule
from suno_async.testing import FakeSuno

if TYPE_CHECKING:
    from postgres_kit import Database

    from benchmarks._postgres import PostgresServer
    from suno_async import Limiter


@pytest.fixture(autouse=True)
def _short_period(monkeypatch: pytest.MonkeyPatch) -> None:
    """The rate's period is a second."""
    monkeypatch.setattr(postgres, "_RATE", Rule(20, 1.0, 20, 0.02, 0.3, 3.0))


def limiter_of(journal: PostgresJournal) -> Limiter:
    """The limiter that a client of this journal has."""
    return journal.keep_rate(RateLimiter())


@pytest.mark.real_time
async def test_many_processes_share_the_rate(database: Database) -> None:
    """Four clients with 15 requests each: never more than 20 in a second, and hardly later."""
    journals = [PostgresJournal(database.url, lambda: "mine") for _ in range(4)]
    loop, sent = asyncio.get_running_loop(), list[float]()

    async def send(limiter: Limiter, number: int) -> None:
        slot = await limiter.acquire()
        await asyncio.sleep(0.05 * (number % 3))
        sent.append(loop.time())
        await asyncio.sleep(0.02)
        slot.release(SlotResult.ANSWERED)

    limiters = [limiter_of(journal) for journal in journals]
    began = loop.time()
    await asyncio.gather(*(send(limiter, one) for limiter in limiters for one in range(15)))
    assert len(sent) == 60
    assert max(sum(time <= one < time + 1.0 for one in sent) for time in sent) <= 20
    assert max(sent) - began < 1.2 * 3
    await asyncio.gather(*(journal.close() for journal in journals))


@pytest.mark.real_time
async def test_accounts_have_rates_of_their_own(database: Database) -> None:
    """Twenty of one leave twenty to another."""
    journals = [PostgresJournal(database.url, lambda name=name: name) for name in ("a", "b")]  # type: ignore[misc]
    loop = asyncio.get_running_loop()
    began = loop.time()
    for journal in journals:
        limiter = limiter_of(journal)
        for _ in range(20):
            (await limiter.acquire()).release(SlotResult.ANSWERED)
    assert loop.time() - began < 1
    await asyncio.gather(*(journal.close() for journal in journals))


@pytest.mark.real_time
async def test_a_database_away_gives_no_slot(
    own_postgres_server: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is said before anything is sent, and it goes on by itself when it is back."""
    monkeypatch.setattr(connection, "PATIENCE", 1.0)
    journal = PostgresJournal(own_postgres_server.url(), lambda: "mine")
    limiter = limiter_of(journal)
    (await limiter.acquire()).release(SlotResult.ANSWERED)
    own_postgres_server.stop()
    with pytest.raises(ConnectionFailed, match="nothing was sent"):
        await limiter.acquire()
    own_postgres_server.start()
    async with asyncio.timeout(10):
        while True:
            try:
                (await limiter.acquire()).release(SlotResult.ANSWERED)
                break
            except ConnectionFailed:
                await asyncio.sleep(0.1)
    await journal.close()


@pytest.mark.real_time
async def test_clients_are_not_refused(database: Database) -> None:
    """Two clients with a journal in one database, which together would be far too fast."""
    async with FakeSuno(max_rate=20, time_period=1.0) as fake:
        two = [SunoClient("key", base_url=fake.url, journal=database.url) for _ in range(2)]
        await asyncio.gather(
            *(suno.submit(GenerateMusic(f"song {one}")) for one in range(25) for suno in two)
        )
        await asyncio.gather(*(suno.aclose() for suno in two))
        assert len(fake.ledger.accepted()) == 50
        assert not fake.ledger.refused()
