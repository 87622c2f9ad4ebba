"""A service that is faster than the real one: the client is told, and polls so much closer."""

import asyncio

import pytest

from suno_async import ConfigurationError, SunoClient
from suno_async.testing import FakeSuno, Timetable

RUNS = 13


async def seen(fake: FakeSuno, speed: float | None = None) -> list[tuple[str, bool, float]]:
    """Each stage of a song, whether it is implied, and when it was seen."""
    loop = asyncio.get_running_loop()
    async with SunoClient("key", base_url=fake.url, speed=speed) as suno:
        task = await suno.generate_music("dusk")
        began = loop.time()
        return [(event.stage, event.implied, loop.time() - began) async for event in task]


@pytest.mark.parametrize("speed", [5, 20])
@pytest.mark.parametrize("by", ["argument", "environment"])
async def test_stages_come_one_by_one(monkeypatch: pytest.MonkeyPatch, speed: int, by: str) -> None:
    """Of 13 songs none passes a stage unseen, and the first is seen as it goes."""
    if by == "environment":
        monkeypatch.setenv("SUNO_SPEED", str(speed))
    given = speed if by == "argument" else None
    times = Timetable(text=15, first=36.5, complete=148, scale=1 / speed)
    async with FakeSuno(timetable=times) as fake:
        for number in range(RUNS):
            stages = await seen(fake, given)
            assert [stage for stage, _, _ in stages] == ["text", "first", "complete"]
            assert not any(implied for _, implied, _ in stages)
            # what comes later may wait for the rate, which is not faster
            for (_, _, at), expected in zip(stages[: 0 if number else 2], (15, 36.5), strict=False):
                assert expected / speed <= at <= (expected + 12) / speed + 0.5
        fake.ledger.assert_within_rate()


async def test_without_it_stages_are_missed() -> None:
    """At the usual pace all three are seen at once: which is why the client has to be told."""
    async with FakeSuno(timetable=Timetable(scale=1 / 20)) as fake:
        stages = await seen(fake)
    assert [implied for _, implied, _ in stages] == [True, True, False]


@pytest.mark.parametrize("speed", [0, -1, float("nan"), float("inf"), "fast", True])
async def test_it_must_be_a_number(speed: float) -> None:
    """Anything else is refused by its name."""
    with pytest.raises(ConfigurationError, match="speed must be a number above 0"):
        SunoClient("key", base_url="http://localhost", speed=speed)


async def test_it_is_not_for_the_service(monkeypatch: pytest.MonkeyPatch) -> None:
    """At the service's own address polls that come closer are wasted: it is refused, but for 1."""
    monkeypatch.delenv("SUNO_BASE_URL", raising=False)
    SunoClient("key", speed=1)
    with pytest.raises(ConfigurationError, match="speed is for an embedded API"):
        SunoClient("key", speed=20)
    monkeypatch.setenv("SUNO_SPEED", "20")
    with pytest.raises(ConfigurationError, match="SUNO_SPEED is for an embedded API"):
        SunoClient("key")
    monkeypatch.setenv("SUNO_BASE_URL", "http://localhost:1")
    SunoClient("key")
