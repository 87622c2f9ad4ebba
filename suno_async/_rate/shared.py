"""The slots of one key for many processes, in whatever keeper: asked for in turn, one by one."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Self

from attrs import define

from suno_async._rate.process import Keeper, Leases
from suno_async._rate.queue import Queue
from suno_async._rate.slots import Limiter, Priority, Slot, SlotResult
from suno_async.errors import ClientClosed, ConfigurationError, ConnectionFailed

if TYPE_CHECKING:
    from suno_async._rate.rule import Rule

_AGAIN = 0.1  # seconds between attempts while the keeper may be back in a moment
_CHECK = 0.5  # seconds between checks whether it is back, while waiting for a slot of one's own
_TICK = 0.001  # seconds that a timer of the loop may be early


@define(eq=False)
class _Lease:
    """A slot that is a lease."""

    _leases: Leases | None
    _name: str
    _alone: Slot | None = None
    """The slot of one's own that it needs besides, while the keeper is away."""

    def release(self, result: SlotResult, *, resume_at: float = 0.0) -> None:
        """Say what became of it; more often than once does nothing."""
        leases, self._leases = self._leases, None
        if leases is not None:
            if self._alone is not None:
                self._alone.release(result, resume_at=resume_at)
            leases.close(self._name, result, resume_at, is_alone=self._alone is not None)


class SharedLimiter:
    """Slots as leases that a keeper keeps; with a `fallback`, requests go on while it is away."""

    # without a docstring of its own, or editors would show that in place of a subclass's `Args:`
    def __init__(self, keeper: Keeper, rule: Rule, fallback: Limiter | None = None) -> None:
        self._rule = rule
        self._fallback = fallback
        self._queue = Queue[Slot](
            type(self).__name__, self._step, lambda slot: slot.release(SlotResult.NOT_SENT)
        )
        self._leases = Leases(keeper, rule, fallback is not None, self._queue.wake)
        self._is_closed = False

    @property
    def lease_seconds(self) -> float:
        """For how long at most a process that died keeps its slots."""
        return self._rule.lease

    async def __aenter__(self) -> Self:
        self._queue.bound_loop()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Report what is left to report, and end; callers that wait for a slot get `ClientClosed`.

        Close the clients that use it first: what they release later is not reported any more.
        """
        if not self._is_closed:
            self._is_closed = True
            self._queue.wake()
            await self._leases.aclose()

    async def acquire(self, priority: Priority = Priority.INTERACTIVE) -> Slot:
        """Wait for a slot; a caller that is cancelled while waiting has taken nothing.

        Raises:
            ConnectionFailed: what keeps the slots is away, and there is no `fallback_share`.
            ConfigurationError: it does not let us in, or this is another event loop.
            ClientClosed: the limiter was closed.
        """
        return await self._queue.wait(priority)

    async def _step(self) -> Slot | None:
        """Take a slot for the dispatcher, or wait for whatever is missing and take none."""
        if self._is_closed:
            raise ClientClosed(f"The {type(self).__name__} was closed; nothing was sent.")
        leases, loop = self._leases, asyncio.get_running_loop()
        if loop.time() < leases.resume_at:
            await self._queue.change(leases.resume_at)
        elif leases.is_away and self._fallback is not None:
            return await self._step_alone(self._fallback)
        elif (wait := await self._ask()) > 0:
            await self._queue.change(loop.time() + wait + _TICK)
        else:
            return _Lease(leases, leases.take())
        return None

    async def _ask(self) -> float:
        """Seconds until it is to be asked again, 0 for a grant."""
        try:
            return await self._leases.ask(self._queue.waiters())
        except ConnectionFailed:
            if not self._leases.is_away:
                return _AGAIN
            self._leases.give_up()
            if self._fallback is None:
                raise
            return _AGAIN
        except ConfigurationError:
            self._leases.give_up()
            raise

    async def _step_alone(self, fallback: Limiter) -> Slot | None:
        """Take a slot of our own share, once what the others have sent is old."""
        leases, loop = self._leases, asyncio.get_running_loop()
        leases.report()
        begin = (leases.failing_since or loop.time()) + self._rule.hold
        if loop.time() < begin:
            await self._queue.change(begin)
            return None
        try:
            async with asyncio.timeout(_CHECK):
                alone = await fallback.acquire()
        except TimeoutError:
            return None
        return _Lease(leases, leases.take_alone(), alone)
