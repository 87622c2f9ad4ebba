"""A doubt that is sent again stays a doubt, unless the second sending is accepted."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

import pytest

from suno_async import (
    ClientClosed,
    GenerateMusic,
    InsufficientCredits,
    RateLimiter,
    SubmissionUnknown,
    SunoClient,
)
from suno_async.testing import FakeSuno, Fault

if TYPE_CHECKING:
    from pathlib import Path

    from postgres_kit import Database

SEA = GenerateMusic("the sea")
MUSIC = "generate-music"
ENDS = ("refused", "cancelled while it waits", "cancelled in the rest", "closed in the rest")


@pytest.fixture(params=["memory", "sqlite", "postgres"])
def journal(request: pytest.FixtureRequest, tmp_path: Path) -> str | Path | None:
    """Where each sort of journal is kept."""
    match request.param:
        case "memory":
            return None
        case "sqlite":
            return tmp_path / "songs.sqlite"
        case _:
            database: Database = request.getfixturevalue("database")
            return database.url


@pytest.mark.parametrize("end", ENDS)
async def test_a_doubt_outlives_its_resending(
    fake_suno: FakeSuno, journal: str | Path | None, end: str
) -> None:
    """It is raised again for its key, also by the next client; only an acceptance ends it."""
    async with AsyncExitStack() as stack:

        async def client() -> SunoClient:
            suno = SunoClient("key", base_url=fake_suno.url, journal=journal, limiter=RateLimiter())
            return await stack.enter_async_context(suno)

        suno = await client()
        fake_suno.fail(Fault.RESET_AFTER_READ, on=MUSIC)
        with pytest.raises(SubmissionUnknown):
            await suno.submit(SEA, idempotency_key="k")
        again = asyncio.create_task(suno.submit(SEA, idempotency_key="k", resend_unknown=True))
        code = 402 if end == "refused" else 430
        fake_suno.fail(Fault.envelope(code), on=MUSIC, times=None)
        await asyncio.sleep(0.0 if "waits" in end else 1.0)
        if end.startswith("cancelled"):
            again.cancel()
        if journal is not None or end.startswith("closed"):
            await suno.aclose()
        (error,) = await asyncio.gather(again, return_exceptions=True)
        assert isinstance(error, InsufficientCredits | asyncio.CancelledError | ClientClosed)
        if journal is not None:
            suno = await client()
        elif end.startswith("closed"):
            return
        fake_suno.clear_faults()
        sent = len(fake_suno.ledger.of(MUSIC))
        with pytest.raises(SubmissionUnknown):
            await suno.submit(SEA, idempotency_key="k")
        assert len(fake_suno.ledger.of(MUSIC)) == sent
        await asyncio.sleep(300)
        task = await suno.submit(SEA, idempotency_key="k", resend_unknown=True)
        assert await suno.submit(SEA, idempotency_key="k") is task
        assert len(fake_suno.ledger.accepted(MUSIC)) == 1
