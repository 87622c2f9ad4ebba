"""One key for many processes: the slots of `RateLimiter`, kept as leases in Redis.

`SunoClient(limiter=RedisRateLimiter("redis://localhost", api_key))` uses it.

A process asks Redis for a slot, one round trip (and one every half second while none is free), and
says when it is given back, by Redis's clock. The processes that wait are served in turn; within
one, the most urgent request goes first, as with `RateLimiter`. Requests that wait are spread over
0.2 to 0.85 of each period, the wider the more there are, so that spreading costs a short backlog
little; an urgent request may then wait for the rest of the period.

A lease is long enough for a lost request, and is renewed while an answer is awaited. A process that
dies leaves its leases to expire: after at most `lease_seconds`, 30.1 with the usual figures. One
that stands still for half of that may lose leases whose requests are still under way.

Where Redis is away for longer than `timeout`, whoever waits gets `ConnectionFailed`, before
anything was sent or paid. Or this process goes on alone with `fallback_share` of the slots, after
one period in which what the others have sent grows old. That never exceeds the rate as long as all
processes lose Redis and their shares add up to 1; a process that alone cannot reach Redis comes on
top of the others. When Redis is back, leases that were taken meanwhile are told to it.

A Redis that was emptied, or restarted without its data, or whose clock goes back, is noticed by the
processes that knew it: they tell what they hold, and all pause for a period. Needs Redis 5 or newer
(or Valkey), a server or a cluster, that does not evict keys before they expire.
"""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Self

from attrs import evolve

from suno_async._http.settings import hosts_of, key_of
from suno_async._rate.leases import Commands, Leases, checked, connect, name_of
from suno_async._rate.queue import Queue
from suno_async._rate.redis import Book
from suno_async.errors import ClientClosed, ConfigurationError, ConnectionFailed
from suno_async.limiter import HeldSlot, Priority, RateLimiter, Slot, SlotResult
from suno_async.operations._base import Host

_AGAIN = 0.1  # seconds between attempts while Redis may be back in a moment
_LOOK_UP = 0.5  # seconds between looks whether Redis is back, while waiting for a slot of one's own
_TICK = 0.001  # seconds that a timer of the loop may be early


class RedisRateLimiter:
    """At most `max_rate` requests of all processes reach the server in any `time_period` seconds.

    Make one for each event loop, hand it to `SunoClient(limiter=...)`, and close it after the
    client; `async with` does. What was not told when the process ends waits for its expiry.

    Args:
        redis: A URL such as `redis://localhost:6379/0`, or a client from `redis.asyncio` of yours (`Redis`, `RedisCluster`), which is not closed.
        api_key: The key whose rate is shared; left out, the environment's `SUNO_API_KEY`. Redis only ever sees a hash of it.
        base_url: The API's address as for `SunoClient`; each has its own rate.
        max_rate: Requests per period, the same in all processes, as all figures.
        time_period: Seconds of the period.
        burst: Requests that may leave at once when the key was idle.
        margin: Seconds added to the period, for clocks that differ.
        no_response_hold: Seconds more for a request whose answer never came.
        cooldown: Seconds of slower, even pace after a refusal's pause; slower still if refused again, for all.
        fallback_share: The share of `max_rate` for this process while Redis is away, above 0 and up to 1, at least one slot; left out, requests fail instead.
        timeout: Seconds until a Redis that does not answer counts as away.
        prefix: How the names in Redis begin; another prefix is another rate.

    Raises:
        ValueError: a number is below what makes sense.
        ConfigurationError: there is no key, or what is given for `redis` cannot work.
    """  # noqa: E501 editors show the first line of an argument's text

    def __init__(  # noqa: PLR0913 all but the first have defaults
        self,
        redis: str | Commands,
        api_key: str | None = None,
        *,
        base_url: str | None = None,
        max_rate: int = 20,
        time_period: float = 10.0,
        burst: int = 20,
        margin: float = 0.05,
        no_response_hold: float = 5.0,
        cooldown: float = 120.0,
        fallback_share: float | None = None,
        timeout: float = 2.0,
        prefix: str = "suno-async",
    ) -> None:
        self._rule = RateLimiter(
            max_rate,
            time_period,
            burst=burst,
            margin=margin,
            no_response_hold=no_response_hold,
            cooldown=cooldown,
        )
        if not timeout > 0:
            raise ConfigurationError(f"timeout must be seconds above 0, not {timeout!r}.")
        self._fallback = None if fallback_share is None else _part_of(self._rule, fallback_share)
        self._own = connect(redis, timeout) if isinstance(redis, str) else None
        name = name_of(prefix, key_of(api_key), hosts_of(base_url, None)[Host.API])
        self._queue = Queue[Slot](
            "RedisRateLimiter", self._step, lambda slot: slot.release(SlotResult.NOT_SENT)
        )
        self._book = Book(
            Leases(checked(self._own or redis), name, timeout),
            self._rule,
            self._fallback is not None,
            self._queue.wake,
        )
        self._is_closed = False

    @property
    def lease_seconds(self) -> float:
        """For how long at most a process that died keeps its slots."""
        return self._book.length

    async def __aenter__(self) -> Self:
        self._queue.bound_loop()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Tell Redis what is left to tell, and end; whoever waits for a slot gets `ClientClosed`.

        Close the clients that use it first: what they release later is not told any more.
        """
        if self._is_closed:
            return
        self._is_closed = True
        self._queue.wake()
        try:
            await self._book.aclose()
        finally:
            if self._own is not None:
                await self._own.aclose()

    async def acquire(self, priority: Priority = Priority.INTERACTIVE) -> Slot:
        """Wait for a slot; whoever is cancelled while waiting has taken nothing.

        Raises:
            ConnectionFailed: Redis is away, and there is no `fallback_share`.
            ConfigurationError: Redis does not let us in, or this is another event loop.
            ClientClosed: the limiter was closed.
        """
        return await self._queue.wait(priority)

    async def _step(self) -> Slot | None:
        if self._is_closed:
            raise ClientClosed("The RedisRateLimiter was closed; nothing was sent.")
        book, loop = self._book, asyncio.get_running_loop()
        if loop.time() < book.resume_at:
            await self._queue.change(book.resume_at)
        elif book.is_away and self._fallback is not None:
            return await self._step_alone(self._fallback)
        elif (wait := await self._ask()) > 0:
            await self._queue.change(loop.time() + wait + _TICK)
        else:
            return self._slot(book.take())
        return None

    async def _ask(self) -> float:
        """Seconds until it is to be asked again, 0 for a grant."""
        try:
            return await self._book.ask(self._queue.waiters())
        except ConnectionFailed:
            if not self._book.is_away:
                return _AGAIN
            self._book.give_up()
            if self._fallback is None:
                raise
            return _AGAIN
        except ConfigurationError:
            self._book.give_up()
            raise

    async def _step_alone(self, fallback: RateLimiter) -> Slot | None:
        """Take a slot of our own share, once what the others have sent is old."""
        book, loop = self._book, asyncio.get_running_loop()
        book.deliver()
        begin = (book.failing_since or loop.time()) + book.hold
        if loop.time() < begin:
            await self._queue.change(begin)
            return None
        try:
            async with asyncio.timeout(_LOOK_UP):
                alone = await fallback.acquire()
        except TimeoutError:
            return None
        return self._slot(book.take_alone(), alone)

    def _slot(self, lease: str, alone: Slot | None = None) -> Slot:
        return HeldSlot(partial(self._release, lease, alone))

    def _release(self, lease: str, alone: Slot | None, use: SlotResult, resume_at: float) -> None:
        if alone is not None:
            alone.release(use, resume_at=resume_at)
        self._book.close(lease, use, resume_at, is_alone=alone is not None)


def _part_of(rule: RateLimiter, share: float) -> RateLimiter:
    if not 0 < share <= 1:
        raise ConfigurationError(f"fallback_share must be above 0 and up to 1, not {share!r}.")
    return evolve(rule, max_rate=max(1, int(rule.max_rate * share)))
