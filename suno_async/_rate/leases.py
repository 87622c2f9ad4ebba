"""The slots of one key as leases in Redis: one script, and what its failures mean.

The script runs undivided, by Redis's own clock, so neither the clocks of the processes nor their
order matter. Its five keys share one hash tag, so that a cluster keeps them on one node:

    leases    each slot that is taken, by the time at which it is free again
    queue     each process that wants a slot, by the time at which it began to
    promises  the same processes, by the time at which they lose their turn if they do not ask again
    recent    when the last slots were granted, newest first: whether a burst is due
    state     `resume`, `slow` and `slowness` after a refusal, `next` for the pace, `born` for the
              whole, and `seen`, the time of the last call

A call tells what has become of leases, and may ask for one. Either it is granted, or the answer is
in how many seconds to ask again. Asking for the same lease twice gets it once.
"""

from __future__ import annotations

import asyncio
import json
from hashlib import sha1, sha256
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
        NoScriptError,
        RedisError,
    )
except ImportError as missing:
    raise ImportError(
        "RedisRateLimiter needs the package redis: pip install 'suno-async[redis]'."
    ) from missing

if TYPE_CHECKING:
    from collections.abc import Callable

_SCRIPT = """
local leases, queue, promises, recent, state = unpack(KEYS)
local told = cjson.decode(ARGV[1])
local time = redis.call('TIME')
local now = time[1] + time[2] / 1000000

local function text(at) return string.format('%.6f', at) end
local function get(name) return tonumber(redis.call('HGET', state, name)) or 0 end
local function set(name, at) redis.call('HSET', state, name, text(at)) end
local function forward(name, at) if at > get(name) then set(name, at) end end
local function put(key, member, at) redis.call('ZADD', key, text(at), member) end

if now < get('seen') - told.hold / 10 then  -- the clock went back: no time here means anything
  redis.call('DEL', unpack(KEYS))
end
set('seen', now)
local born = redis.call('HGET', state, 'born')
if not born then
  born = text(now)
  redis.call('HSET', state, 'born', born)
end
if told.born ~= '' and told.born ~= born then  -- Redis has forgotten leases that were known
  forward('resume', tonumber(born) + told.hold)
end

for lease, left in pairs(told.leases) do
  if left > 0 then put(leases, lease, now + left) else redis.call('ZREM', leases, lease) end
end
for _ = 1, told.unused do
  redis.call('LPOP', recent)
  set('next', now)
end
if told.refused then
  local slowness = math.max(1, get('slowness'))
  if now >= get('slow') then
    set('slowness', math.max(1, slowness / told.slower))
  elseif now >= get('resume') then  -- else it had left before the pause
    set('slowness', math.min(told.slowest, slowness * told.slower))
  end
end
if told.pause > 0 then forward('resume', now + told.pause) end
if told.slow > 0 then forward('slow', now + told.slow) end

local function grant()
  put(leases, told.ask, now + told.length)
  redis.call('ZREM', queue, told.process)
  redis.call('ZREM', promises, told.process)
end

local function ask()
  redis.call('ZREMRANGEBYSCORE', leases, '-inf', text(now))
  for _, gone in ipairs(redis.call('ZRANGEBYSCORE', promises, '-inf', text(now))) do
    redis.call('ZREM', queue, gone)
    redis.call('ZREM', promises, gone)
  end
  if redis.call('ZSCORE', leases, told.ask) then  -- granted before, and the answer was lost
    grant()
    return 0
  end
  redis.call('ZADD', queue, 'NX', text(now), told.process)
  local ahead = redis.call('ZRANK', queue, told.process)
  local resume, slow, next_at = get('resume'), get('slow'), get('next')
  local at = resume

  local taken = redis.call('ZCARD', leases)
  local before_me = math.min(taken - told.rate + ahead, taken - 1)
  if before_me >= 0 then
    at = math.max(at, tonumber(redis.call('ZRANGE', leases, before_me, before_me, 'WITHSCORES')[2]))
  end

  local backlog = told.waiting * redis.call('ZCARD', queue)
  local gap = told.gap * math.max(told.tight, math.min(told.wide, told.spread * backlog))
  if now < slow then gap = told.even_gap * math.max(1, get('slowness')) end
  local oldest = told.burst > 1 and redis.call('LINDEX', recent, told.burst - 1)
  local is_quiet = told.burst > 1 and now >= math.max(resume, slow)
    and (not oldest or tonumber(oldest) <= now - told.quiet)
  if not is_quiet then at = math.max(at, next_at + ahead * gap) end

  if at <= now then
    grant()
    redis.call('LPUSH', recent, text(now))
    redis.call('LTRIM', recent, 0, told.burst - 1)
    local due = math.max(next_at, now >= slow and now - 2 * gap or now)  -- may catch up a little
    set('next', is_quiet and now or due + gap)
    return 0
  end
  local wait = at - now
  if now >= resume then wait = math.min(wait, told.gap) end  -- a slot may come back unused
  put(promises, told.process, now + wait + told.patience)
  return wait
end

local wait = told.ask ~= '' and ask() or 0
local keep = math.max(told.length, get('resume') - now, get('slow') - now)
for _, key in ipairs(KEYS) do redis.call('PEXPIRE', key, math.ceil(keep * 1000)) end
return {text(wait), born}
"""
_SHA = sha1(_SCRIPT.encode()).hexdigest()  # noqa: S324 it is how Redis names scripts
_PARTS = ("leases", "queue", "promises", "recent", "state")
_SETUP = (AuthenticationError, AuthorizationError, NoPermissionError)


class Commands(Protocol):
    """What is used of `redis.asyncio.Redis` and of `redis.asyncio.RedisCluster`."""

    def evalsha(self, sha: str, numkeys: int, /, *keys_and_args: Any) -> Any:
        """Run a script that Redis has."""
        ...

    def eval(self, script: str, numkeys: int, /, *keys_and_args: Any) -> Any:
        """Run a script."""
        ...


@frozen
class Leases:
    """The leases of one key at one address."""

    commands: Commands = field(repr=False)
    """Who speaks to Redis."""
    name: str
    """How the names of all keys in Redis begin."""
    timeout: float
    """Seconds for one call."""

    async def call(self, told: dict[str, Any]) -> tuple[float, str]:
        """Tell and ask: the seconds until it is to be asked again, 0 for a grant, and `born`.

        Raises:
            ConnectionFailed: Redis does not answer, or cannot do its work now.
            ConfigurationError: Redis does not let us in.
        """
        keys = [f"{self.name}:{part}" for part in _PARTS]
        news = json.dumps(told)
        try:
            async with asyncio.timeout(self.timeout):
                try:
                    wait, born = await self.commands.evalsha(_SHA, len(keys), *keys, news)
                except NoScriptError:
                    wait, born = await self.commands.eval(_SCRIPT, len(keys), *keys, news)
        except TimeoutError as error:
            raise ConnectionFailed(
                f"Redis, which keeps the rate, did not answer in {self.timeout:g} s. "
                "Nothing was sent."
            ) from error
        except (RedisError, OSError) as error:
            raise _ours(error) from error
        return float(wait), born if isinstance(born, str) else born.decode()


def _ours(error: Exception) -> SunoError:
    said = str(error).strip().rstrip(".")
    if isinstance(error, _SETUP) or isinstance(error.__cause__ or error.__context__, _SETUP):
        return ConfigurationError(
            f"Redis does not let the rate limiter in: {said}. Check its user and password, and "
            "that EVAL and EVALSHA are allowed. Nothing was sent."
        )
    return ConnectionFailed(
        f"Redis, which keeps the rate, cannot be used: {said}. Nothing was sent."
    )


def name_of(prefix: str, key: str, host: str) -> str:
    """How the keys of this API key at this host are named; nobody can tell the API key from it."""
    digest = sha256(f"{host} {key}".encode()).hexdigest()[:20]
    return f"{prefix}:{{{digest}}}"


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
    if not (hasattr(redis, "evalsha") and hasattr(redis, "aclose")):
        raise ConfigurationError(
            "redis must be a URL or a client from redis.asyncio (Redis or RedisCluster)."
        )
    commands: Commands = redis
    return commands
