"""Three things that a bot should hold."""

import asyncio

from bot import answer

from suno_async import SunoClient
from suno_async.testing import FakeSuno


async def test_each_stage_is_shown_in_time(suno: SunoClient, fake_suno: FakeSuno) -> None:
    """The person sees something at once, and can listen within 45 seconds."""
    fake_suno.script(text=15, first=36.5, complete=148)
    shown: list[tuple[str, float]] = []

    async def show(text: str) -> None:
        shown.append((text.partition(":")[0], asyncio.get_running_loop().time()))

    await answer(suno, "4711", "the sea", show)
    stages, times = zip(*shown, strict=True)
    assert stages == ("On its way.", "text", "first", "complete")
    assert times[0] < 1
    assert times[2] < 45


async def test_nothing_is_paid_twice(suno: SunoClient, fake_suno: FakeSuno) -> None:
    """A message that is delivered three times is one song."""

    async def show(_: str) -> None: ...

    await asyncio.gather(*(answer(suno, "4711", "the sea", show) for _ in range(3)))
    fake_suno.ledger.assert_charged(1, "generate_music")
    fake_suno.ledger.assert_within_rate()


async def test_a_lost_answer_is_reported(suno: SunoClient, fake_suno: FakeSuno) -> None:
    """A person hears that it is not known whether there will be a song."""
    fake_suno.fail("reset_after_accept", on="generate_music")
    shown: list[str] = []

    async def show(text: str) -> None:
        shown.append(text)

    await answer(suno, "4711", "the sea", show)
    assert shown[-1].startswith("Sorry: It is not known")
    fake_suno.assert_all_played()
    fake_suno.ledger.assert_charged(1)
