"""The only room that speaks HTTP to the API.

It takes a slot of the limiter for each attempt and gives it back with what became of it. What an
outcome means is not decided here, but in `_verdict`.

The key goes into a header of each request, never into a session, and redirects are not followed, so
it reaches no other host. aiohttp's own errors are never chained, for some print those headers.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, Mapping
from itertools import count
from typing import TYPE_CHECKING

import aiohttp
from attrs import define, field, frozen

from suno_async._verdict import Body, Refusal, Reply, Request, Silence, judge
from suno_async.errors import (
    ConnectionFailed,
    Host,
    RateLimited,
    RequestTimeout,
    SubmissionUnknown,
    SunoError,
)
from suno_async.limiter import Limiter, Slot, Use
from suno_async.retry import RetryPolicy

if TYPE_CHECKING:
    from types import SimpleNamespace


_log = logging.getLogger("suno_async")

_MOST_BYTES = 16 * 2**20  # of an answer; the largest known are some 100 KiB


@define
class Sending:
    """The course of one request, over all its attempts."""

    has_left: bool = False
    """Whether the service may have it: there was a connection for it, and no refusal came."""
    before: Callable[[], Awaitable[None]] | None = None
    """Awaited before each attempt, its slot being there; what it raises stops the request."""
    refused: Callable[[], Awaitable[None]] | None = None
    """Awaited after each attempt that was certainly not accepted."""


@frozen(kw_only=True)
class Attempt:
    """One attempt to send a request, as the hook `on_attempt` sees it after its end."""

    operation: str
    """The operation's name."""
    submission: str
    """The submission's id, empty for what costs nothing."""
    number: int
    """Which attempt it was, from 1."""
    waited: float
    """Seconds spent waiting for the limiter."""
    seconds: float
    """Seconds from leaving to the end."""
    status: int | None
    """The HTTP status, `None` where no answer came."""
    error: SunoError | None
    """What went wrong, `None` for an accepted request."""


@define(eq=False, kw_only=True)
class Transport:
    """Sends requests for one client: sessions, key, attempts."""

    key: str = field(repr=False)
    """The API key."""
    hosts: Mapping[Host, str]
    """The addresses of the two hosts."""
    limiter: Limiter = field(init=False)
    """What grants leave to send; set at the first use, since it may belong to the loop."""
    retry: RetryPolicy
    """How often to try."""
    timeout: float
    """Seconds for one attempt."""
    user_agent: str
    """What the gateways in front of the service want to see."""
    on_attempt: Callable[[Attempt], None] | None = None
    """Called after each attempt."""
    session: aiohttp.ClientSession | None = None
    """The caller's session; it is never closed here."""
    _free: aiohttp.ClientSession | None = None
    _paying: aiohttp.ClientSession | None = None

    async def send(self, request: Request, sending: Sending) -> Body:
        """Send until there is an answer, as often as the policy and the money allow.

        Raises:
            APIError: the service refused it.
            ConnectionFailed: no connection, or none that lasted.
            RequestTimeout: no answer in time.
            DecodeError: an answer that cannot be read.
            SubmissionUnknown: it may have been paid for, and no answer tells.
        """
        loop = asyncio.get_running_loop()
        began = loop.time()
        for number in count(1):
            slot = await self.limiter.acquire(request.priority)
            waited = loop.time() - began if number == 1 else 0.0
            result = await self.attempt(request, slot, sending, number=number, waited=waited)
            if not isinstance(result, Refusal):
                return result
            wait = None
            if result.may_retry:
                after = getattr(result.error, "retry_after", None)
                wait = self.retry.delay(number, loop.time() - began, after)
            if wait is None:
                raise result.error
            _log.info(
                "%s: attempt %d again in %.1f s: %s", request.name, number, wait, result.error
            )
            await asyncio.sleep(wait)
        raise AssertionError  # count() does not end

    async def attempt(
        self,
        request: Request,
        slot: Slot,
        sending: Sending,
        *,
        number: int = 1,
        waited: float = 0.0,
    ) -> Body | Refusal:
        """Send once, in the slot given, which is given back whatever happens."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        use, resume_at = Use.LOST, 0.0
        try:
            if sending.before is not None:
                await sending.before()
            sending.has_left = self.session is not None
            outcome = await self._exchange(request, sending)
            result = judge(request, outcome)
            error = result.error if isinstance(result, Refusal) else None
            if isinstance(outcome, Reply):
                use = Use.REFUSED if isinstance(error, RateLimited) else Use.ANSWERED
                resume_at = loop.time() + (getattr(error, "retry_after", None) or 0.0)
        finally:
            slot.release(use if sending.has_left else Use.UNUSED, resume_at=resume_at)
        if error is not None and not isinstance(error, SubmissionUnknown):
            sending.has_left = False
            if sending.refused is not None:
                await sending.refused()
        self._tell(
            Attempt(
                operation=request.name,
                submission=request.submission,
                number=number,
                waited=waited,
                seconds=loop.time() - began,
                status=outcome.status if isinstance(outcome, Reply) else None,
                error=error,
            )
        )
        return result

    def _tell(self, attempt: Attempt) -> None:
        _log.debug("%s", attempt)
        if self.on_attempt is not None:
            try:
                self.on_attempt(attempt)
            except Exception:  # noqa: BLE001 a hook must not cost a song
                _log.exception("on_attempt failed")

    async def _exchange(self, request: Request, sending: Sending) -> Reply | Silence:
        host = self.hosts[request.host]
        headers = {"Authorization": f"Bearer {self.key}", "User-Agent": self.user_agent}
        data = None
        if request.body is not None:
            headers["Content-Type"] = "application/json"
            data = json.dumps(request.body).encode()
        session = self._session_for(request)
        try:
            async with (
                asyncio.timeout(self.timeout),
                session.request(
                    request.method,
                    host + request.path,
                    params=request.params,
                    data=data,
                    headers=headers,
                    allow_redirects=False,
                    raise_for_status=False,
                    timeout=_NO_TIMEOUT,
                    trace_request_ctx=sending if self.session is None else None,
                ) as response,
            ):
                body = await _read(response)
                shown = body.replace(self.key.encode(), b"(key)")
                return Reply(response.status, response.headers.copy(), shown)
        except TimeoutError:
            error: ConnectionFailed | RequestTimeout = RequestTimeout(
                f"{host} did not answer within {self.timeout:g} s."
            )
            return Silence(error, sending.has_left)
        except aiohttp.ClientConnectorError as problem:
            sending.has_left = False
            why = problem.os_error.strerror or str(problem.os_error)
            error = ConnectionFailed(f"No connection to {host}: {why}. Check network and address.")
            return Silence(error, may_have_arrived=False)
        except (aiohttp.ClientError, OSError, ValueError) as problem:
            what = "broke off" if sending.has_left else "could not be made"
            error = ConnectionFailed(f"The connection to {host} {what} ({type(problem).__name__}).")
            return Silence(error, sending.has_left)

    def session_for_files(self) -> aiohttp.ClientSession:
        """A session for what costs nothing; it holds no key."""
        if self.session is not None:
            return self.session
        if self._free is None:
            self._free = _new_session(force_close=False)
        return self._free

    def _session_for(self, request: Request) -> aiohttp.ClientSession:
        if self.session is not None or not request.costs:
            return self.session_for_files()
        if self._paying is None:  # a fresh connection each: a stale one would leave us in doubt
            self._paying = _new_session(force_close=True)
        return self._paying

    async def close(self) -> None:
        """Close the sessions that were made here."""
        for session in (self._free, self._paying):
            if session is not None:
                await session.close()


_NO_TIMEOUT = aiohttp.ClientTimeout()  # each attempt has one of its own, on the loop's clock


def _new_session(*, force_close: bool) -> aiohttp.ClientSession:
    async def has_left(
        _session: aiohttp.ClientSession, context: SimpleNamespace, _params: object
    ) -> None:
        if context.trace_request_ctx is not None:
            context.trace_request_ctx.has_left = True

    trace = aiohttp.TraceConfig()
    trace.on_connection_create_end.append(has_left)
    trace.on_connection_reuseconn.append(has_left)
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(force_close=force_close, limit=0),
        trust_env=True,
        trace_configs=[trace],
        cookie_jar=aiohttp.DummyCookieJar(),
    )


async def _read(response: aiohttp.ClientResponse) -> bytes:
    """The body up to the cap: an endless one must not fill the memory."""
    body = bytearray()
    async for chunk in response.content.iter_any():
        body += chunk
        if len(body) > _MOST_BYTES:
            response.close()
            break
    return bytes(body)
