"""Plays a trouble on a request, in one of the ways to use a client, and reports what came of it."""

import asyncio
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import AsyncExitStack, closing
from pathlib import Path
from typing import Any

import attrs
from aiohttp import ClientSession
from attrs import frozen

from benchmarks import _stand_ins as stand_ins
from benchmarks._troubles import CANCELLED, ELSEWHERE, RESULT, UNKNOWN, End, Trouble, troubles
from suno_async import (
    Attempt,
    GenerateMusic,
    GetCredits,
    RateLimiter,
    SlotResult,
    SunoClient,
    Task,
)
from suno_async.testing import FakeSuno

_IDEA = GenerateMusic("A calm piano tune at dusk")
_MAY_BE_PAID = {RESULT, UNKNOWN, CANCELLED}
_AFTERWARDS = 120.0  # seconds, in which the service may still accept what nobody waits for

PAID, FREE = "paid", "free"
SETUPS = {
    PAID: ("plain", "session", "joined", "journal"),
    FREE: ("plain", "session"),
}
"""For each kind of request the ways to send it: `session` is one of the caller's, `joined` has a
second one that waits for the first by its key, and `journal` has such a one and a journal."""


@frozen
class Cell:
    """One cell of the matrix."""

    trouble: Trouble
    """What goes wrong."""
    request: str
    """Whether it costs: `paid` or `free`."""
    setup: str
    """How the client is used."""

    @property
    def end(self) -> End:
        """How it must end; where a second caller joined, for that one."""
        trouble = self.trouble
        if self.setup == "session":
            other = trouble.paid_in_session if self.request == PAID else trouble.free_in_session
        else:
            other = trouble.joined if self.is_joined else None
        return other or (trouble.paid if self.request == PAID else trouble.free)

    @property
    def is_joined(self) -> bool:
        """Whether a second one waits for the first."""
        return self.setup in {"joined", "journal"}

    @property
    def accepted(self) -> int:
        """How often it must be accepted, where it costs."""
        if self.end == self.trouble.paid:
            return self.trouble.accepted
        return int(self.end == RESULT)

    def __str__(self) -> str:
        return f"{self.trouble.name}: {self.request}, {self.setup}"


@frozen(kw_only=True)
class Seen:
    """What came of a cell."""

    ends: tuple[End, ...]
    """How it ended for each caller; the last one joined, if there are two."""
    requests: int
    """How many requests reached the service."""
    accepted: int
    """How many of them it accepted."""
    charged: int
    """How many of them it charged."""
    seconds: float
    """How long it took."""
    strays: int
    """Requests that reached another host."""
    unclaimed: list[str]
    """The tokens listed as accepted after their caller had gone."""
    rows: list[tuple[str, str | None]] | None
    """State and token of the journal's rows, `None` without a journal."""
    tokens: list[str]
    """The tokens of what was accepted."""
    emitted: tuple[Any, ...]
    """Whatever was handed out: errors, attempts, results, the client, the journal's bytes."""


def cells() -> Iterator[Cell]:
    """The whole matrix."""
    for trouble in troubles():
        for request, setups in SETUPS.items():
            for setup in setups:
                yield Cell(trouble, request, setup)


def objections(cell: Cell, seen: Seen) -> Iterator[str]:
    """What is not as it must be."""
    end = seen.ends[-1]
    if end != cell.end:
        yield f"ended in {end}, not in {cell.end}"
    if len({*seen.ends} - {CANCELLED}) > 1:
        yield f"the callers of one submission saw different ends: {seen.ends}"
    if seen.strays:
        yield f"{seen.strays} requests reached another host"
    if not cell.trouble.lasts <= seen.seconds <= cell.trouble.within:
        yield f"took {seen.seconds:.1f} s"
    if cell.request == FREE and seen.charged:
        yield f"charged {seen.charged} times"
    if cell.request == PAID and not seen.charged == seen.accepted == cell.accepted:
        yield f"accepted {seen.accepted}, charged {seen.charged} times, not {cell.accepted}"
    if cell.request == PAID and end not in _MAY_BE_PAID and seen.accepted:
        yield f"{end} says that nothing was paid"
    unclaimed = seen.tokens if cell.request == PAID and end == CANCELLED else []
    if seen.unclaimed != unclaimed:
        yield f"unclaimed are {seen.unclaimed}, not {unclaimed}"
    if seen.rows not in (None, _expected_rows(seen)):
        yield f"the journal says {seen.rows}, not {_expected_rows(seen)}"


def _expected_rows(seen: Seen) -> list[tuple[str, str | None]]:
    """Accepted: the task. Unknown: a row without one. Refused, or never sent: nothing."""
    if seen.ends[-1] == UNKNOWN:
        return [("in_doubt", None)]
    return [("in_progress", token) for token in seen.tokens]


async def play(cell: Cell, *, key: str = "key") -> Seen:
    """Play one cell, on the loop's own clock."""
    async with AsyncExitStack() as stack:
        scene = _Scene(cell, stack, key)
        if cell.setup == "journal":
            scene.folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        await scene.open()
        return await scene.play()


@attrs.define
class _Scene:
    cell: Cell
    stack: AsyncExitStack
    key: str = attrs.field(repr=False)
    folder: Path | None = None
    fake: FakeSuno = attrs.field(init=False)
    elsewhere: FakeSuno = attrs.field(factory=lambda: FakeSuno(api_key=None))
    suno: SunoClient = attrs.field(init=False)
    limiter: RateLimiter = attrs.field(factory=RateLimiter)
    attempts: list[Attempt] = attrs.field(factory=list[Attempt])
    raised: list[BaseException] = attrs.field(factory=list[BaseException])

    @property
    def journal(self) -> Path | None:
        return None if self.folder is None else self.folder / "songs.sqlite"

    @property
    def operation(self) -> str:
        return "generate-music" if self.cell.request == PAID else "get-remaining-credits"

    async def open(self) -> None:
        trouble = self.cell.trouble
        self.fake = await self.stack.enter_async_context(FakeSuno(api_key=self.key))
        url = await trouble.stand_in(self.stack, self.fake)
        session = None
        if self.cell.setup == "session":
            session = await self.stack.enter_async_context(ClientSession())
        self.suno = SunoClient(
            self.key,
            base_url=url,
            limiter=self.limiter,
            journal=self.journal,
            session=session,
            on_attempt=self.attempts.append,
        )
        self.stack.push_async_callback(self.suno.aclose)
        if trouble.stand_in is stand_ins.stale:
            await (
                self.suno.get_credits()
                if self.cell.request == FREE
                else self.suno.boost_style("Folk")
            )
        fault = trouble.fault
        if fault is not None:
            if ELSEWHERE in fault.headers.values():
                await self.stack.enter_async_context(self.elsewhere)
                fault = attrs.evolve(fault, headers={"Location": self.elsewhere.url})
            self.fake.fail(fault, on=self.operation, times=trouble.times)
        if trouble.stop is not None and trouble.stop.waits:
            for slot in [await self.limiter.acquire() for _ in range(20)]:
                slot.release(SlotResult.ANSWERED)

    async def play(self) -> Seen:
        loop = asyncio.get_running_loop()
        began, before = loop.time(), self.fake.ledger.count(self.operation)
        results = await self._outcomes()
        seconds = loop.time() - began
        await asyncio.sleep(_AFTERWARDS)
        await self.suno.aclose()
        ledger = self.fake.ledger
        accepted = ledger.accepted(self.operation)
        return Seen(
            ends=tuple(map(_end, results)),
            requests=ledger.count(self.operation) - before,
            accepted=len(accepted),
            charged=len(ledger.charged(self.operation)),
            seconds=seconds,
            strays=len(self.elsewhere.ledger),
            unclaimed=self.suno.unclaimed,
            rows=None if self.journal is None else _rows(self.journal),
            tokens=[f"music:{entry.task_id}" for entry in accepted],
            emitted=(*results, *self.raised, *self.attempts, self.suno, *_contents(self.folder)),
        )

    async def _outcomes(self) -> list[Any]:
        asking = [self._ask()]
        if self.cell.is_joined:
            asking.append(self._ask())
        stop = self.cell.trouble.stop
        if stop is not None:
            await asyncio.wait(asking, timeout=stop.after)
            if stop.leaves:
                await self.suno.aclose()
            else:
                asking[0].cancel()
        return await asyncio.gather(*asking, return_exceptions=True)

    def _ask(self) -> asyncio.Task[Any]:
        return asyncio.create_task(self._answer())

    async def _answer(self) -> Any:
        try:
            if self.cell.request == FREE:
                return await self.suno.call(GetCredits())
            key = "tg-4711" if self.cell.is_joined else None
            return await self.suno.submit(_IDEA, idempotency_key=key)
        except BaseException as error:
            self.raised.append(error)
            raise


def _end(result: Any) -> End:
    if isinstance(result, asyncio.CancelledError):
        return CANCELLED
    if isinstance(result, BaseException):
        return type(result).__name__
    return RESULT if isinstance(result, Task | int | float) else repr(result)


def _rows(journal: Path) -> list[tuple[str, str | None]]:
    if not journal.exists():  # nothing was ever about to be sent
        return []
    with closing(sqlite3.connect(journal)) as db:
        return db.execute("SELECT state, token FROM state WHERE done_at IS NULL").fetchall()


def _contents(folder: Path | None) -> Iterator[bytes]:
    return (path.read_bytes() for path in folder.iterdir()) if folder is not None else iter(())
