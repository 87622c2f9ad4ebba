"""One key for many processes: the slots of `RateLimiter`, kept as leases in Redis.

`SunoClient(limiter=RedisRateLimiter("redis://localhost", api_key))` uses it.

A process asks Redis for a slot and reports when it is given back, by Redis's clock: two round trips
each, and one every half second while no slot is free. The processes that wait are served in turn;
within one, the most urgent request goes first, as with `RateLimiter`. Requests that wait are spread
over 0.2 to 0.85 of each period, the wider the more there are, so that spreading costs a short
backlog little; an urgent request may then wait for the rest of the period.

A lease is long enough for a request without an answer, and is renewed while one is awaited. A
process that dies leaves its leases to expire: after at most `lease_seconds`, 30.1 with the usual
figures. One that stands still for half of that may lose leases whose requests are still under way.

Where Redis is away for longer than `timeout`, callers that wait get `ConnectionFailed`, before
anything was sent or paid. Or this process goes on alone with `fallback_share` of the slots, after
one period in which what the others have sent grows old. That never exceeds the rate as long as all
processes lose Redis and their shares add up to 1; a process that alone cannot reach Redis comes on
top of the others. When Redis is back, leases that were taken meanwhile are reported to it.

A Redis that was emptied, or restarted without its data, or whose clock goes back, is noticed by the
processes that knew it: they report what they hold, and all pause for a period. Needs Redis 6.2
or newer (or Valkey), a server or a cluster, that does not evict keys before they expire, and of its
commands XREVRANGE, TIME, XADD and PEXPIRE.
"""

from __future__ import annotations

from suno_async._http.settings import hosts_of, key_of
from suno_async._rate.redis import Commands, RedisKeeper, checked, connect, name_of
from suno_async._rate.rule import Rule
from suno_async._rate.shared import SharedLimiter
from suno_async.errors import ConfigurationError
from suno_async.limiter import RateLimiter
from suno_async.operations._base import Host


class RedisRateLimiter(SharedLimiter):
    """At most `max_rate` requests of all processes reach the server in any `time_period` seconds.

    Make one for each event loop, hand it to `SunoClient(limiter=...)`, and close it after the
    client; `async with` does. What was not reported when the process ends waits for its expiry.

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
        rule = Rule(max_rate, time_period, burst, margin, no_response_hold, cooldown)
        if not timeout > 0:
            raise ConfigurationError(f"timeout must be seconds above 0, not {timeout!r}.")
        fallback = None if fallback_share is None else _part_of(rule, fallback_share)
        self._own = connect(redis, timeout) if isinstance(redis, str) else None
        name = name_of(prefix, key_of(api_key), hosts_of(base_url, None)[Host.API])
        keeper = RedisKeeper(checked(self._own or redis), name, timeout)
        super().__init__(keeper, rule, fallback)

    async def aclose(self) -> None:
        """Report what is left to report, and end; callers that wait for a slot get `ClientClosed`.

        Close the clients that use it first: what they release later is not reported any more.
        """
        try:
            await super().aclose()
        finally:
            if self._own is not None:
                await self._own.aclose()


def _part_of(rule: Rule, share: float) -> RateLimiter:
    if not 0 < share <= 1:
        raise ConfigurationError(f"fallback_share must be above 0 and up to 1, not {share!r}.")
    return RateLimiter(
        max(1, int(rule.max_rate * share)),
        rule.time_period,
        burst=rule.burst,
        margin=rule.margin,
        no_response_hold=rule.no_response_hold,
        cooldown=rule.cooldown,
    )
