"""The state of shared leases in Redis, changed by compare-and-swap, and what its failures mean.

The state is the one entry of a stream. Its id is the number of the change, and Redis adds no entry
whose id is not above the last one's. So of two processes that have read the same state one writes
the next, and the other reads again. That is a single command on a single key: unlike WATCH it needs
no transaction, which redis-py repeats without its WATCH where a cluster's connection breaks.
"""

from __future__ import annotations

import asyncio
from hashlib import sha256
from random import uniform
from typing import TYPE_CHECKING, Any, Protocol

from attrs import field, frozen

from suno_async.errors import ConfigurationError, ConnectionFailed, SunoError

try:
    from redis.asyncio import Redis
    from redis.asyncio.retry import Retry
    from redis.backoff import NoBackoff
    from redis.exceptions import (
        AuthenticationError,
        AuthorizationError,
        NoPermissionError,
        RedisClusterException,
        RedisError,
        ResponseError,
    )
except ImportError as missing:
    raise ImportError(
        "RedisRateLimiter needs the package redis: pip install 'suno-async[redis]'."
    ) from missing

if TYPE_CHECKING:
    from collections.abc import Callable

    from suno_async._rate.leases import Answer

_SETUP = (AuthenticationError, AuthorizationError, NoPermissionError)
_LOST = "equal or smaller"  # what Redis says of an id that another process has used meanwhile
_FIRST = "0-1"  # the id of the first change
_TRIES = 30
_SHORTEST, _LONGEST = 0.002, 0.05  # seconds to wait at most after another process was faster


class Commands(Protocol):
    """What is used of `redis.asyncio.Redis`; of `redis.asyncio.RedisCluster` a little more."""

    def pipeline(self, *, transaction: bool) -> Any:
        """Commands that are sent together."""
        ...


@frozen
class RedisKeeper:
    """The state of one key at one address."""

    client: Any = field(repr=False)
    """The client of redis-py."""
    key: str
    """The name of the stream."""
    timeout: float
    """Seconds for one change."""
    name: str = field(default="Redis", init=False)
    """What errors and the log call it."""

    async def change(self, rule: Callable[[str, float], Answer]) -> Answer:
        """Give the state and Redis's time to the rule, and keep what it says.

        Raises:
            ConnectionFailed: Redis does not answer, or cannot do its work now.
            ConfigurationError: Redis does not let us in.
        """
        try:
            async with asyncio.timeout(self.timeout):
                return await self._swap(rule)
        except TimeoutError as error:
            raise ConnectionFailed(
                f"Redis, which keeps the rate, did not answer in {self.timeout:g} s. "
                "Nothing was sent."
            ) from error
        except (RedisError, RedisClusterException, OSError) as error:
            raise _ours(error) from error

    async def _swap(self, rule: Callable[[str, float], Answer]) -> Answer:
        for number in range(_TRIES):
            following, state, now = await self._read()
            answer = rule(state, now)
            if answer.state == state and number == 0:
                return answer
            # after a change that came too late it is written in any case, for Redis has taken the
            # time that it should be kept, which may be shorter than what is there needs
            if await self._write(following, answer):
                return answer
            # by chance, or two that are as far from Redis would meet again and again
            await asyncio.sleep(uniform(0.0, min(_LONGEST, _SHORTEST * 2**number)))  # noqa: S311
        raise RedisError(f"{_TRIES} times another process was faster")

    async def _read(self) -> tuple[str, str, float]:
        """The id of the next change, the state, and the time of the server that has it."""
        where: dict[str, Any] = {}
        if hasattr(self.client, "get_node_from_key"):
            # TIME has no key by which a cluster's client could find the node
            await self.client.initialize()
            where = {"target_nodes": self.client.get_node_from_key(self.key)}
        pipe = self.client.pipeline(transaction=False)
        # the time after the state, or it could lie before that of a change in it
        pipe.execute_command("XREVRANGE", self.key, "+", "-", "COUNT", 1)
        pipe.execute_command("TIME", **where)
        entries, (seconds, micro) = await _results(pipe)
        now = int(seconds) + int(micro) / 1e6
        if not entries:
            return _FIRST, "", now
        ((last, fields),) = entries
        first, _, second = _text(last).partition("-")
        return f"{first}-{int(second) + 1}", _text(next(iter(fields.values()))), now

    async def _write(self, number: str, answer: Answer) -> bool:
        """Whether this was the next change, and no other process's."""
        pipe = self.client.pipeline(transaction=False)
        # of a stream that is gone since it was read, nothing is brought back: it is read again
        new = () if number == _FIRST else ("NOMKSTREAM",)
        pipe.execute_command("XADD", self.key, *new, "MAXLEN", 1, number, "state", answer.state)
        pipe.execute_command("PEXPIRE", self.key, int(answer.expires_in * 1000) + 1)
        try:
            added, _ = await _results(pipe)
        except ResponseError as error:
            if _LOST in str(error):
                return False
            raise
        return added is not None


async def _results(pipe: Any) -> list[Any]:
    """What came of the commands; the first error as it is, without the whole command in it."""
    results: list[Any] = await pipe.execute(raise_on_error=False)
    for result in results:
        if isinstance(result, Exception):
            raise result
    return results


def _text(given: str | bytes) -> str:
    return given if isinstance(given, str) else given.decode(errors="replace")


def _ours(error: Exception) -> SunoError:
    said = str(error).strip().rstrip(".")
    if isinstance(error, _SETUP) or isinstance(error.__cause__ or error.__context__, _SETUP):
        return ConfigurationError(
            f"Redis does not let the rate limiter in: {said}. Check its user and password, and "
            "that XREVRANGE, XADD, PEXPIRE and TIME are allowed. Nothing was sent."
        )
    return ConnectionFailed(
        f"Redis, which keeps the rate, cannot be used: {said}. Nothing was sent."
    )


def name_of(prefix: str, key: str, host: str) -> str:
    """How the state of this API key at this host is named; the API key cannot be read from it."""
    digest = sha256(f"{host} {key}".encode()).hexdigest()[:20]
    return f"{prefix}:{{{digest}}}:rate"


def connect(url: str, timeout: float) -> Redis:
    """A client for this URL, which tries nothing twice: when Redis counts as away is ours to say.

    Raises:
        ConfigurationError: it is not such a URL.
    """
    from_url: Callable[..., Any] = getattr(Redis, "from_url")  # noqa: B009 its types are unknown
    try:
        client: Any = from_url(url, retry=Retry(NoBackoff(), 0), socket_connect_timeout=timeout)
        client.connection_pool.make_connection()  # not used: it sees what the URL's options are
    except (ValueError, TypeError, RedisError):
        raise ConfigurationError(  # without the URL: it may hold a password
            "redis must be a URL such as redis://localhost:6379/0 (or rediss://, unix://), with "
            "options that redis-py knows."
        ) from None
    mine: Redis = client
    return mine


def checked(redis: Any) -> Commands:
    """What was given as a client, if it looks like one of `redis.asyncio`."""
    if not (hasattr(redis, "pipeline") and hasattr(redis, "aclose")):
        raise ConfigurationError(
            "redis must be a URL or a client from redis.asyncio (Redis or RedisCluster)."
        )
    commands: Commands = redis
    return commands
