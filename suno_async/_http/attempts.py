"""Attempts: from a slot of the limiter to what became of it, as often as the money allows.

What goes over the wire is the business of `exchange`, what an outcome means that of `verdict`.

The log has each attempt at DEBUG, that another one follows at INFO, and a refusal for rate at
WARNING. No words of the caller's or the service's stand in a record above DEBUG, and the key in
none.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any, cast

from attrs import define, field, frozen

from suno_async._http.exchange import Departure, Http
from suno_async._http.requests import Body, Request
from suno_async._http.verdict import Refusal, Reply, in_brief, judge
from suno_async.errors import (
    ClientClosed,
    ConfigurationError,
    ConnectionFailed,
    RateLimited,
    RequestTimeout,
    SubmissionUnknown,
    SunoError,
)
from suno_async.limiter import Limiter, Priority, Slot, SlotResult
from suno_async.retry import RetryPolicy

_log = logging.getLogger("suno_async")

_LONGEST_PAUSE = 3600.0  # seconds for everyone; who is refused is told of longer ones


@frozen(kw_only=True)
class Attempt:
    """One attempt to send a request, as the hook `on_attempt` sees it after its end."""

    operation: str
    """The operation's name; `Poll` for a poll of a task."""
    submission_id: str
    """The submission's id, empty for what costs nothing."""
    token: str
    """The token of the task that is polled, else empty."""
    attempt: int
    """Which attempt it was, from 1."""
    queued_for: float
    """Seconds spent waiting for the limiter."""
    seconds: float
    """Seconds from leaving to the end."""
    status: int | None = None
    """The HTTP status, `None` where no answer came."""
    error: SunoError | None = None
    """What went wrong, `None` for an accepted request."""
    is_cancelled: bool = False
    """Whether its caller broke it off."""

    def __str__(self) -> str:
        about = f"{self.operation} {self.submission_id or self.token}".rstrip()
        end = "cancelled" if self.is_cancelled else "accepted" if self.submission_id else "answered"
        if self.error is not None:
            end = in_brief(self.error)
        spent = f"{self.seconds:.2f} s, and {self.queued_for:.2f} s for a slot"
        return f"{about}, attempt {self.attempt}: {end} ({spent})"


@define(eq=False, kw_only=True)
class Transport:
    """Sends requests for one client, as long as it is open."""

    http: Http
    """What speaks to the service."""
    retry: RetryPolicy
    """How often to try."""
    first_limiter: Callable[[], Limiter]
    """Gives the limiter at the first use, since it may belong to the event loop."""
    poll_limiter: Limiter | None = None
    """What grants slots for polls; at first use the limiter of all else, where none was given."""
    on_attempt: Callable[[Attempt], None] | None = None
    """Called after each attempt."""
    limiter: Limiter = field(init=False)
    """What grants slots; there from the first use on."""
    is_closed: bool = field(default=False, init=False)
    """Whether the client has ended, so that nothing new is begun."""
    _loop: asyncio.AbstractEventLoop | None = field(default=None, init=False)
    _process: int | None = field(default=None, init=False)
    _closing: asyncio.Event = field(factory=asyncio.Event, init=False)
    _waiting: set[asyncio.Timeout] = field(factory=set[asyncio.Timeout], init=False)

    def ready(self) -> None:
        """Make sure that the client can be used here and now.

        Raises:
            ClientClosed: it has ended.
            ConfigurationError: it belongs to another event loop, or to another process; or no event
                loop runs.
        """
        self.check_process()
        if self.is_closed:
            raise closed()
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            raise ConfigurationError(
                "A client works in a running event loop: call this from a coroutine or a callback."
            ) from None
        if self._loop is None:
            self._loop, self._process = loop, os.getpid()
            self.limiter = self.first_limiter()
            if self.poll_limiter is None:
                self.poll_limiter = self.limiter
        elif self._loop is not loop:
            raise ConfigurationError(
                "This client belongs to another event loop: make one for each loop."
            )

    def check_process(self) -> None:
        """The file, the threads and the connections of a client stay in its process.

        Raises:
            ConfigurationError: this is a fork of that process.
        """
        if self._process not in {None, os.getpid()}:
            raise ConfigurationError(
                "This client was opened in another process, of which this one is a fork: make a "
                "SunoClient in each process, after the fork."
            )

    async def send(self, request: Request) -> Body:
        """Send what costs nothing until there is an answer, as often as the policy allows.

        Raises:
            APIError: the service refused it.
            ConnectionFailed: no connection, or none that lasted.
            RequestTimeout: no answer in time.
            DecodeError: an answer that cannot be read.
            ClientClosed: the client ended meanwhile.
        """
        sending = Sending(self, request)
        while True:
            result = await sending.attempt(await sending.slot())
            if not isinstance(result, Refusal):
                return result
            try:
                await sending.rest(result)
            finally:
                del result  # or its error and the traceback would hold each other

    async def poll_slot(self, priority: Priority) -> Slot:
        """Wait for the slot of a poll; a client that ends cancels its polls by itself."""
        self.ready()
        slot: Slot = await cast("Limiter", self.poll_limiter).acquire(priority)
        return slot

    async def poll(self, request: Request, slot: Slot) -> Body:
        """Send a poll once, in this slot; the poller is what repeats it.

        Raises:
            SunoError: as `send`.
        """
        return _body_in(await Sending(self, request).attempt(slot))

    async def probe(self, request: Request, delay: float) -> None:
        """Send once after so many seconds, for free, to see whether there is an answer.

        Raises:
            SunoError: what `send` raises; whatever the limiter raises is a `ConnectionFailed`.
        """
        await self.rest(delay)
        sending = Sending(self, request, parks=True)
        _body_in(await sending.attempt(await sending.slot()))

    def stop(self) -> None:
        """Send nothing more; what is under way goes on."""
        self._closing.set()
        for limit in self._waiting:
            limit.reschedule(asyncio.get_running_loop().time())

    async def rest(self, delay: float) -> None:
        """Let so many seconds pass, but not in a client that is being closed."""
        with suppress(TimeoutError):
            async with asyncio.timeout(delay):
                await self._closing.wait()
                raise ClientClosed("The client was closed before the request was sent again.")

    async def slot(self, priority: Priority) -> Slot:
        """Wait for a slot, but not in a client that is being closed."""
        limit = asyncio.timeout(0.0 if self._closing.is_set() else None)
        self._waiting.add(limit)
        try:
            async with limit:
                return await self.limiter.acquire(priority)
        except TimeoutError:
            if not limit.expired():
                raise
        except asyncio.CancelledError:
            if is_cancelled():
                raise
            # a limiter of the caller's that is cancelled itself cancels nobody else
            broke_off = "The limiter broke off a wait for its slot; nothing was sent."
            raise ConnectionFailed(broke_off) from None
        finally:
            self._waiting.discard(limit)
        raise ClientClosed("The client was closed before the request had left; nothing was paid.")

    def report(
        self, attempt: Callable[..., Attempt], error: SunoError | None = None, **more: Any
    ) -> None:
        """Tell the log and the hook of an attempt that is over."""
        if error is None and self.on_attempt is None and not _log.isEnabledFor(logging.DEBUG):
            return  # nobody would see it: it need not be made
        made = attempt(error=error, **more)
        if _log.isEnabledFor(logging.DEBUG):
            _log.debug("%s", made, extra=_marks(made))
        if isinstance(error, RateLimited):
            _log.warning("%s; all pause", made, extra=_marks(made))
        elif isinstance(error, SubmissionUnknown):
            unsure = "%s; it may be paid for, and is not sent again"
            _log.warning(unsure, made, extra=_marks(made))
        if self.on_attempt is not None:
            try:
                self.on_attempt(made)
            except (Exception, asyncio.CancelledError):  # noqa: BLE001 it must not cost a song
                _log.exception("on_attempt failed")


@define(eq=False)
class Sending(Departure):
    """The course of one request over its attempts: a slot, an attempt, a rest, and again."""

    _transport: Transport
    request: Request
    """What is sent."""
    parks: bool = False
    """Whether its caller waits out an outage: only a refusal for rate is tried again here."""
    number: int = field(default=0, init=False)
    """How many attempts there were."""
    _spent: float = field(default=0.0, init=False)
    """Seconds of attempts and rests; how long the limiter takes says nothing of faults."""
    _queued_for: float = field(default=0.0, init=False)

    async def slot(self) -> Slot:
        """Wait for the slot of the next attempt.

        Raises:
            ClientClosed: the client ended before.
            ConnectionFailed: the limiter gave none, where that counts as an outage.
            Exception: what else a limiter of the caller's raises.
        """
        loop = asyncio.get_running_loop()
        asked = loop.time()
        try:
            slot = await self._transport.slot(self.request.priority)
        except SunoError:
            raise
        except Exception as error:
            if not self.parks:
                raise
            what = type(error).__name__
            raise ConnectionFailed(
                f"The limiter gave no slot ({what}); nothing was sent."
            ) from error
        self._queued_for = loop.time() - asked
        return slot

    async def attempt(self, slot: Slot) -> Body | Refusal:
        """Send once, in this slot, which is given back whatever happens."""
        request, transport = self.request, self._transport
        loop = asyncio.get_running_loop()
        began = loop.time()
        self.number += 1
        use, resume_at = SlotResult.NO_RESPONSE, 0.0
        known = partial(
            Attempt,
            operation=request.name,
            submission_id=request.submission,
            token=request.token,
            attempt=self.number,
            queued_for=self._queued_for,
        )
        try:
            outcome = await transport.http.exchange(request, self)
            result = judge(request, outcome)
            if request.form is not None:
                request.form.check()
            error = result.error if isinstance(result, Refusal) else None
            if isinstance(outcome, Reply):
                is_for_rate = isinstance(error, RateLimited)
                use = SlotResult.RATE_LIMITED if is_for_rate else SlotResult.ANSWERED
                resume_at = loop.time() + min(_LONGEST_PAUSE, _asked_to_wait(error) or 0.0)
        except asyncio.CancelledError:
            transport.report(known, seconds=loop.time() - began, is_cancelled=True)
            raise
        finally:
            # before anything else is awaited: the next one may have its slot meanwhile
            give_back(slot, use if self.has_left else SlotResult.NOT_SENT, resume_at=resume_at)
        self.has_left = error is None or isinstance(error, SubmissionUnknown)
        seconds = loop.time() - began
        self._spent += seconds
        status = outcome.status if isinstance(outcome, Reply) else None
        transport.report(known, error, seconds=seconds, status=status)
        return result

    async def rest(self, refusal: Refusal) -> None:
        """Let the time until the next attempt pass, or raise why there is none."""
        delay = self._delay(refusal)
        if delay is None:
            try:
                raise refusal.error
            finally:
                del refusal  # as in `_body_in`
        self._spent += delay
        request = self.request
        marks = {"operation": request.name, "submission_id": request.submission}
        _log.info(
            "%s: %s; attempt %d follows in %.1f s",
            request.title,
            in_brief(refusal.error),
            self.number + 1,
            delay,
            extra={**marks, "attempt": self.number, "delay": delay},
        )
        await self._transport.rest(delay)

    def _delay(self, refusal: Refusal) -> float | None:
        """Seconds until the next attempt, `None` where there is none."""
        error, form = refusal.error, self.request.form
        if not refusal.may_retry or (form is not None and form.is_spent):
            return None
        if self.parks and not isinstance(error, RateLimited):
            return None
        # had it left, it were not known whether it is paid for
        never_left = self.request.costs and isinstance(error, ConnectionFailed | RequestTimeout)
        return self._transport.retry.delay(
            self.number, self._spent, _asked_to_wait(error), never_left=never_left
        )


def closed() -> ClientClosed:
    """What is raised where a client is used that has ended."""
    return ClientClosed("This client is closed: make a new SunoClient.")


def _body_in(result: Body | Refusal) -> Body:
    """The answer, or the error raised."""
    if not isinstance(result, Refusal):
        return result
    try:
        raise result.error
    finally:
        del result  # or error and traceback would hold each other


def give_back(slot: Slot, use: SlotResult = SlotResult.NOT_SENT, *, resume_at: float = 0.0) -> None:
    """Give back a slot; a limiter of the caller's may raise anything, which must cost no answer."""
    try:
        slot.release(use, resume_at=resume_at)
    except (Exception, asyncio.CancelledError):  # noqa: BLE001 as above
        _log.exception("a slot could not be given back to the limiter")


def is_cancelled() -> bool:
    """Whether somebody has cancelled what runs here; a limiter may say so of its own accord."""
    running = asyncio.current_task()
    return running is not None and running.cancelling() > 0


def _asked_to_wait(error: SunoError | None) -> float | None:
    """The seconds that the service asked for, where it did."""
    return getattr(error, "retry_after", None)


def _marks(attempt: Attempt) -> dict[str, object]:
    """What a handler of log records finds as attributes of them."""
    return {
        "operation": attempt.operation,
        "submission_id": attempt.submission_id,
        "token": attempt.token,
        "attempt": attempt.attempt,
        "queued_for": attempt.queued_for,
        "seconds": attempt.seconds,
        "status": attempt.status,
    }
