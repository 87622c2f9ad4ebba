"""Attempts: from a slot of the limiter to what became of it, as often as the money allows.

What is sent and read is `_http`'s business; what an outcome means is decided in `_verdict`.

The log has each attempt at DEBUG, that another one follows at INFO, and a refusal for rate at
WARNING. No words of the caller's or the service's stand in a record above DEBUG, and the key in
none.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial

from attrs import define, field, frozen

from suno_async._http.exchange import Departure, Http
from suno_async._http.verdict import Body, Refusal, Reply, Request, in_brief, judge
from suno_async.errors import (
    ClientClosed,
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


@define
class Sending(Departure):
    """The course of one request, over all its attempts."""

    before: Callable[[], Awaitable[None]] | None = None
    """Awaited before each attempt, its slot being there; what it raises stops the request."""
    refused: Callable[[], asyncio.Future[bool]] | None = None
    """Called after each attempt that was certainly not accepted; its end is waited for."""
    parks: bool = False
    """Whether its caller waits out an outage: only a refusal for rate is tried again here."""


@frozen(kw_only=True)
class Attempt:
    """One attempt to send a request, as the hook `on_attempt` sees it after its end."""

    operation: str
    """The operation's name; `Look` for a look at a task."""
    submission_id: str
    """The submission's id, empty for what costs nothing."""
    token: str
    """The task's token for a look, else empty."""
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
    """Whether it was broken off by whoever had asked for it."""

    def __str__(self) -> str:
        about = f"{self.operation} {self.submission_id or self.token}".rstrip()
        end = "cancelled" if self.is_cancelled else "accepted" if self.submission_id else "answered"
        if self.error is not None:
            end = in_brief(self.error)
        spent = f"{self.seconds:.2f} s, and {self.queued_for:.2f} s for a slot"
        return f"{about}, attempt {self.attempt}: {end} ({spent})"


@define(eq=False)
class Transport:
    """Sends requests for one client."""

    http: Http
    """What speaks to the service."""
    retry: RetryPolicy
    """How often to try."""
    on_attempt: Callable[[Attempt], None] | None = None
    """Called after each attempt."""
    limiter: Limiter = field(init=False)
    """What grants leave to send; set at the first use, since it may belong to the loop."""
    _closing: asyncio.Event = field(factory=asyncio.Event, init=False)
    _waiting: set[asyncio.Timeout] = field(factory=set[asyncio.Timeout], init=False)

    async def send(self, request: Request, sending: Sending) -> Body:
        """Send until there is an answer, as often as the policy and the money allow.

        Raises:
            APIError: the service refused it.
            ConnectionFailed: no connection, or none that lasted.
            RequestTimeout: no answer in time.
            DecodeError: an answer that cannot be read.
            SubmissionUnknown: it may have been paid for, and no answer tells.
            ClientClosed: the client ended meanwhile.
        """
        loop = asyncio.get_running_loop()
        spent = 0.0  # on attempts and pauses; how long the limiter takes says nothing of faults
        number = 0
        while True:
            number += 1
            asked = loop.time()
            get_slot = self._slot_or_outage if sending.parks else self._slot
            slot = await get_slot(request)
            began = loop.time()
            result = await self.attempt(
                request, slot, sending, number=number, queued_for=began - asked
            )
            if not isinstance(result, Refusal):
                return result
            spent += loop.time() - began
            delay = self._delay(request, result, sending, number, spent)
            if delay is None:
                try:
                    raise result.error
                finally:
                    del result  # or error and traceback would hold each other
            spent += delay
            await self._pause(request, result, number, delay)

    async def probe(self, request: Request, delay: float) -> None:
        """Send once after so many seconds, for free, to see whether there is an answer.

        Raises:
            SunoError: what `send` raises; whatever the limiter raises is a `ConnectionFailed`.
        """
        await self._rest(delay)
        slot = await self._slot_or_outage(request)
        result = await self.attempt(request, slot, Sending())
        if isinstance(result, Refusal):
            try:
                raise result.error
            finally:
                del result  # or error and traceback would hold each other

    async def attempt(
        self,
        request: Request,
        slot: Slot,
        sending: Sending,
        *,
        number: int = 1,
        queued_for: float = 0.0,
    ) -> Body | Refusal:
        """Send once, in the slot given, which is given back whatever happens."""
        loop = asyncio.get_running_loop()
        use, resume_at = SlotResult.NO_RESPONSE, 0.0
        told = _attempt_of(request, number, queued_for)
        try:
            if sending.before is not None:
                await sending.before()
            began = loop.time()
            try:
                outcome = await self.http.exchange(request, sending)
            except asyncio.CancelledError:
                self._tell(partial(told, seconds=loop.time() - began, is_cancelled=True))
                raise
            result = judge(request, outcome)
            if request.form is not None:
                request.form.check()
            error = result.error if isinstance(result, Refusal) else None
            if isinstance(outcome, Reply):
                use = (
                    SlotResult.RATE_LIMITED
                    if isinstance(error, RateLimited)
                    else SlotResult.ANSWERED
                )
                resume_at = loop.time() + min(_LONGEST_PAUSE, _asked_to_wait(error) or 0.0)
        finally:
            give_back(slot, use if sending.has_left else SlotResult.NOT_SENT, resume_at=resume_at)
        is_refused = error is not None and not isinstance(error, SubmissionUnknown)
        sending.has_left = not is_refused
        status = outcome.status if isinstance(outcome, Reply) else None
        ended = partial(told, seconds=loop.time() - began, status=status, error=error)
        self._tell(ended, error)
        if is_refused and sending.refused is not None:
            await asyncio.wait([sending.refused()])  # it fails, and ends, by itself
        return result

    def _tell(self, ended: Callable[[], Attempt], error: SunoError | None = None) -> None:
        if error is None and self.on_attempt is None and not _log.isEnabledFor(logging.DEBUG):
            return  # nobody would see it: it need not be made
        attempt = ended()
        if _log.isEnabledFor(logging.DEBUG):
            _log.debug("%s", attempt, extra=_marks(attempt))
        if isinstance(attempt.error, RateLimited):
            _log.warning("%s; all pause", attempt, extra=_marks(attempt))
        elif isinstance(attempt.error, SubmissionUnknown):
            unsure = "%s; it may be paid for, and is not sent again"
            _log.warning(unsure, attempt, extra=_marks(attempt))
        if self.on_attempt is not None:
            try:
                self.on_attempt(attempt)
            except Exception:  # noqa: BLE001 a hook must not cost a song
                _log.exception("on_attempt failed")

    def _delay(
        self, request: Request, refusal: Refusal, sending: Sending, number: int, spent: float
    ) -> float | None:
        """Seconds until the next attempt, `None` where there is none."""
        error = refusal.error
        if not refusal.may_retry or (request.form is not None and request.form.is_spent):
            return None
        if sending.parks and not isinstance(error, RateLimited):
            return None
        # had it left, it were not known whether it is paid for
        never_left = request.costs and isinstance(error, ConnectionFailed | RequestTimeout)
        return self.retry.delay(number, spent, _asked_to_wait(error), never_left=never_left)

    async def _pause(self, request: Request, why: Refusal, number: int, delay: float) -> None:
        """Wait for the next attempt, but not in a client that is being closed."""
        marks = {"operation": request.name, "submission": request.submission, "attempt": number}
        _log.info(
            "%s: %s; attempt %d follows in %.1f s",
            request.title,
            in_brief(why.error),
            number + 1,
            delay,
            extra={**marks, "delay": delay},
        )
        await self._rest(delay)

    async def _rest(self, delay: float) -> None:
        """Let so many seconds pass, but not in a client that is being closed."""
        with suppress(TimeoutError):
            async with asyncio.timeout(delay):
                await self._closing.wait()
                raise ClientClosed("The client was closed before the request was sent again.")

    async def _slot(self, request: Request) -> Slot:
        """Wait for leave to send, but not in a client that is being closed."""
        limit = asyncio.timeout(0.0 if self._closing.is_set() else None)
        self._waiting.add(limit)
        try:
            async with limit:
                return await self._granted(request.priority)
        except TimeoutError:
            if not limit.expired():
                raise
        finally:
            self._waiting.discard(limit)
        raise ClientClosed("The client was closed before the request had left; nothing was paid.")

    async def _granted(self, priority: Priority) -> Slot:
        """Have a slot; a limiter of the caller's that is cancelled itself cancels nobody else."""
        try:
            return await self.limiter.acquire(priority)
        except asyncio.CancelledError:
            if is_cancelled():
                raise
        raise ConnectionFailed("The limiter broke off a wait for its slot; nothing was sent.")

    async def _slot_or_outage(self, request: Request) -> Slot:
        """As `_slot`, for who waits out outages: a limiter that raises anything is one."""
        try:
            return await self._slot(request)
        except SunoError:
            raise
        except Exception as error:
            what = type(error).__name__
            raise ConnectionFailed(
                f"The limiter gave no slot ({what}); nothing was sent."
            ) from error

    def stop(self) -> None:
        """Send nothing more; what is under way goes on."""
        self._closing.set()
        for limit in self._waiting:
            limit.reschedule(asyncio.get_running_loop().time())


def give_back(slot: Slot, use: SlotResult = SlotResult.NOT_SENT, *, resume_at: float = 0.0) -> None:
    """Give back a slot; a limiter of the caller's may raise anything, which must cost no answer."""
    try:
        slot.release(use, resume_at=resume_at)
    except Exception:  # noqa: BLE001 as above
        _log.exception("a slot could not be given back to the limiter")


def is_cancelled() -> bool:
    """Whether somebody has cancelled what runs here; a limiter may say so of its own accord."""
    running = asyncio.current_task()
    return running is not None and running.cancelling() > 0


def _attempt_of(request: Request, number: int, queued_for: float) -> partial[Attempt]:
    """What is known of an attempt before its end."""
    return partial(
        Attempt,
        operation=request.name,
        submission_id=request.submission,
        token=request.token,
        attempt=number,
        queued_for=queued_for,
    )


def _asked_to_wait(error: SunoError | None) -> float | None:
    """The seconds that the service asked for, where it did."""
    return getattr(error, "retry_after", None)


def _marks(attempt: Attempt) -> dict[str, object]:
    """What a handler of log records finds as attributes of them."""
    return {
        "operation": attempt.operation,
        "submission": attempt.submission_id,
        "token": attempt.token,
        "attempt": attempt.attempt,
        "queued_for": attempt.queued_for,
        "seconds": attempt.seconds,
        "status": attempt.status,
    }
