"""Delivers callbacks: up to three tries each, fifteen seconds for an answer."""

import asyncio
from collections.abc import Coroutine
from random import Random

import aiohttp
from attrs import define, field

from suno_async.testing._api.callback_bodies import callback_body, stages
from suno_async.testing._api.facts import OK
from suno_async.testing._api.jobs import Job
from suno_async.testing._api.service import Service
from suno_async.testing.callbacks import Callback, CallbackFaults

_TRIES = 3
_PATIENCE = 15.0
_BEHIND = 1.0  # how long after the next stage a reordered callback is sent, in seconds


@define(eq=False, kw_only=True)
class Courier:
    """Posts what happens to tasks, each stage at its time."""

    service: Service
    faults: CallbackFaults = field(factory=CallbackFaults, init=False)
    callbacks: list[Callback] = field(factory=list[Callback], init=False)
    """Every callback that was due, in order."""
    _rng: Random | None = field(default=None, init=False)
    _timers: set[asyncio.TimerHandle] = field(factory=set[asyncio.TimerHandle], init=False)
    _walks: set[asyncio.Task[None]] = field(factory=set[asyncio.Task[None]], init=False)
    _session: aiohttp.ClientSession | None = field(default=None, init=False)

    def change(self, faults: CallbackFaults) -> None:
        """From now on let this go wrong."""
        self.faults, self._rng = faults, None

    def watch(self, job: Job) -> None:
        """Post the stages of this task when they come."""
        due = stages(job)
        if due:
            self._wait_for(job, due, 0)

    async def close(self) -> None:
        """Send nothing more."""
        for timer in self._timers:
            timer.cancel()
        self._timers.clear()
        for walk in self._walks:
            walk.cancel()
        await asyncio.gather(*self._walks, return_exceptions=True)
        if self._session is not None:
            await self._session.close()
            self._session = None

    def _wait_for(self, job: Job, due: list[tuple[str, float]], index: int) -> None:
        loop = asyncio.get_running_loop()

        def come() -> None:
            self._timers.discard(timer)
            # the next stage's timer first: what is delivered now may take long, or fail
            if index + 1 < len(due):
                self._wait_for(job, due, index + 1)
            self._come(job, due, index)

        timer = loop.call_at(due[index][1], come)
        self._timers.add(timer)

    def _come(self, job: Job, due: list[tuple[str, float]], index: int) -> None:
        stage, at = due[index]
        for _ in range(job.plan.repeat):
            body = callback_body(self.service, job, stage)
            callback = Callback(job.id, stage, job.callback_url, at, body)
            self.callbacks.append(callback)
            following = due[index + 1][1] if index + 1 < len(due) else None
            callback.fault, delay = self._draw(at, following)
            if callback.fault == "lost":
                continue
            self._walk(self._deliver(job, callback, delay))
            if callback.fault == "duplicated":
                self._walk(self._deliver(job, callback, delay))

    def _draw(self, at: float, following: float | None) -> tuple[str | None, float]:
        # the draws begin with the first callback after a change, so that they depend on the seed
        faults, rng = self.faults, self._rng or Random(self.faults.seed)
        self._rng = rng
        chance = rng.random()
        if chance < faults.lost:
            return "lost", 0.0
        chance -= faults.lost
        if chance < faults.late:
            return "late", rng.uniform(*faults.late_by)
        chance -= faults.late
        if chance < faults.reordered and following is not None:
            return "reordered", following - at + _BEHIND
        chance -= faults.reordered  # below 0 where it was to be reordered, but has no next stage
        return ("duplicated", 0.0) if 0.0 <= chance < faults.duplicated else (None, 0.0)

    def _walk(self, way: Coroutine[None, None, None]) -> None:
        walk = asyncio.get_running_loop().create_task(way)
        self._walks.add(walk)
        walk.add_done_callback(self._walks.discard)

    async def _deliver(self, job: Job, callback: Callback, delay: float) -> None:
        if delay > 0:
            await asyncio.sleep(delay)
        for attempt in range(_TRIES):
            if attempt:
                await asyncio.sleep(self.service.settings.callback_spacing)
            callback.tries.append(self.service.now())
            if await self._try(callback):
                callback.delivered = self.service.now()
                return
        self.service.undelivered(job)

    async def _try(self, callback: Callback) -> bool:
        if self._session is None:
            # a connection each, as the service has it, and no queue in front of a slow receiver
            connector = aiohttp.TCPConnector(force_close=True, limit=0)
            limit = aiohttp.ClientTimeout(total=None)  # its own is rounded up to whole seconds
            self._session = aiohttp.ClientSession(connector=connector, timeout=limit)
        try:
            async with (
                asyncio.timeout(_PATIENCE),
                self._session.post(
                    callback.url, json=callback.body, allow_redirects=False
                ) as response,
            ):
                return response.status == OK
        except (aiohttp.ClientError, TimeoutError, ValueError):  # a ValueError: no URL at all
            return False
