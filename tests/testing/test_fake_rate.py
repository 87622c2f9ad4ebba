"""The rate limit as the fake enforces it, the ledger, and the network's delay."""

import asyncio
from random import Random

from raw_client import IDEA, fake_suno, raw

from benchmarks._judges import FixedWindow
from suno_async.testing import Decision, Entry, Ledger


async def test_the_twenty_first_is_refused_and_waits_ten_seconds() -> None:
    """Twenty requests pass in ten seconds, one more is refused, and the next period is free."""
    async with raw(fake_suno(max_rate=20)) as api:
        codes = [(await api.get("/generate/credit"))["code"] for _ in range(21)]
        assert codes == [200] * 20 + [430]
        refusal = await api.post("/generate", IDEA)
        assert refusal["msg"] == "Your call frequency is too high. Please try again later."
        await asyncio.sleep(10)
        assert (await api.get("/generate/credit"))["code"] == 200
        ledger = api.fake.ledger
        assert [entry.operation for entry in ledger.limited()] == [
            "get-remaining-credits",
            "generate-music",
        ]
        assert ledger.charged() == []


async def test_only_submissions_count_where_so_set() -> None:
    """With `count="submissions"` polls and questions are free of the limit."""
    fake = fake_suno(max_rate=2, count="submissions")
    async with raw(fake) as api:
        for _ in range(30):
            assert (await api.get("/generate/credit"))["code"] == 200
        assert [(await api.post("/generate", IDEA))["code"] for _ in range(3)] == [200, 200, 430]


async def test_another_way_to_count() -> None:
    """With `judge` requests are counted another way, and `max_rate` says nothing more."""
    async with raw(fake_suno(judge=FixedWindow(1), max_rate=5)) as api:
        assert [(await api.get("/generate/credit"))["code"] for _ in range(2)] == [200, 430]
        await asyncio.sleep(10)
        assert (await api.get("/generate/credit"))["code"] == 200


async def test_a_stranger_uses_up_nothing() -> None:
    """A request with a wrong key does not count towards the key's rate."""
    async with raw(fake_suno(max_rate=1)) as api:
        wrong = {"Authorization": "Bearer other"}
        for _ in range(3):
            async with api.session.get(
                f"{api.fake.url}/api/v1/generate/credit", headers=wrong
            ) as response:
                assert (await response.json())["code"] == 401
        assert (await api.get("/generate/credit"))["code"] == 200


async def test_requests_are_counted_when_they_arrive() -> None:
    """The delay before the count can change the order of requests; that after delays answers."""

    def delay(rng: Random) -> tuple[float, float]:
        return rng.uniform(0, 5), 2.0

    async with raw(fake_suno(delay=delay, seed=3)) as api:
        loop = asyncio.get_running_loop()
        start = loop.time()
        await asyncio.gather(*(api.song(prompt=str(index)) for index in range(10)))
        entries = api.fake.ledger.entries
        order = [int(entry.body["prompt"]) for entry in entries]
        assert sorted(order) == list(range(10))
        assert order != list(range(10))
        times = [entry.time for entry in entries]
        assert times == sorted(times)
        assert all(start <= entry.time <= start + 5.1 for entry in entries)
        assert all((entry.answered or 0) - entry.time >= 2 for entry in entries)


async def test_a_range_of_delays_is_kept() -> None:
    """A delay given as a range takes that long in all, there and back."""
    async with raw(fake_suno(delay=(1.0, 2.0))) as api:
        loop = asyncio.get_running_loop()
        for _ in range(5):
            start = loop.time()
            await api.get("/generate/credit")
            assert 1.0 <= loop.time() - start <= 2.01


def entry(time: float, operation: str = "generate-music", **fields: object) -> Entry:
    """A line of a ledger."""
    return Entry(time, "POST", "/", operation, **fields)  # type: ignore[arg-type]  # of its kind


def test_the_ledger_counts_the_fullest_window() -> None:
    """`max_in_window` finds the fullest window, and leaves out what comes a whole period later."""
    ledger = Ledger([entry(time) for time in (0.0, 1.0, 9.99, 10.0, 10.5, 30.0)])
    assert ledger.max_in_window(10.0) == 4
    assert ledger.max_in_window(0.5) == 2
    assert ledger.max_in_window(1000.0) == 6
    assert Ledger().max_in_window(10.0) == 0


def test_the_ledger_finds_its_entries() -> None:
    """Entries can be asked for by what became of them and by operation."""
    paid = entry(0, decision=Decision.ACCEPTED, code=200, cost=12.0)
    bad = entry(1, decision=Decision.REFUSED, code=400)
    fast = entry(2, "generate-lyrics", decision=Decision.LIMITED, code=430)
    lost = entry(3, "generate-lyrics", fault="reset_after_read")
    ledger = Ledger([paid, bad, fast, lost])
    assert ledger.accepted() == ledger.charged() == [paid]
    assert ledger.accepted("generate-lyrics") == []
    assert ledger.refused() == [bad, fast]
    assert ledger.refused(code=400) == [bad]
    assert ledger.limited("generate-lyrics") == [fast]
    assert (ledger.count(), ledger.count("generate-lyrics"), len(ledger)) == (4, 2, 4)
    assert ledger.of("generate-music") == [paid, bad]
    assert (list(ledger)[-1], ledger.spent) == (lost, 12.0)
