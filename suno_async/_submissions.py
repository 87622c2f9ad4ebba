"""Paid requests: once one has left, it is finished and its answer kept, whoever has gone meanwhile.

The request runs as a task of ours, and the caller waits for it. Cancelling the caller before the
request has left cancels the request; after that it goes on by itself, and what it brings is
unclaimed: told in the log, and listed.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, TypeVar

from attrs import define, field

from suno_async._transport import Sending, Transport
from suno_async.errors import ClientClosed, SubmissionUnknown, SunoError

if TYPE_CHECKING:
    from collections.abc import Callable

    from suno_async._verdict import Body, Request
    from suno_async.limiter import Priority

R = TypeVar("R")

_log = logging.getLogger("suno_async")


@define(eq=False)
class Submissions:
    """The paid requests of one client."""

    unclaimed: list[str] = field(factory=list[str], init=False)
    """Tokens of tasks that were accepted after their caller had gone."""
    _out: dict[asyncio.Task[object], Sending] = field(
        factory=dict["asyncio.Task[object]", Sending], init=False
    )
    _is_closed: bool = field(default=False, init=False)

    async def pay(
        self,
        transport: Transport,
        request: Request,
        priority: Priority,
        read: Callable[[Body], R],
        told: Callable[[R], str],
    ) -> R:
        """Send a paid request and read its answer.

        `told` names the answer for the log when nobody is left to take it, and lists it.

        Raises:
            SubmissionUnknown: it may have been paid for, and no answer tells.
            ClientClosed: the client ended before the request had left.
            SunoError: it was refused, or could not be sent.
        """
        sending = Sending()

        async def post() -> R:
            try:
                return read(await transport.send(request, priority, sending))
            except asyncio.CancelledError:
                if not sending.has_left:
                    raise
                cause = ClientClosed("the client was closed before the answer was in.")
            raise SubmissionUnknown(submission=request.submission, cause=cause)

        posting = asyncio.create_task(post())
        self._out[posting] = sending
        posting.add_done_callback(self._done)
        try:
            return await asyncio.shield(posting)
        except asyncio.CancelledError:
            if posting.cancelled() and self._is_closed:
                raise ClientClosed(
                    "The client was closed before the request had left; nothing was paid."
                ) from None
            if not sending.has_left and not posting.done():
                posting.cancel()
            else:
                posting.add_done_callback(lambda done: self._keep(done, request, told))
            raise

    async def close(self, timeout: float) -> None:  # noqa: ASYNC109 bounds many waits at once
        """Call back what has not left, and wait for the rest, at most `timeout` seconds."""
        self._is_closed = True
        for posting, sending in list(self._out.items()):
            if not sending.has_left:
                posting.cancel()
        if self._out:
            await asyncio.wait(list(self._out), timeout=timeout)
        for posting in list(self._out):
            posting.cancel()
        if self._out:
            await asyncio.wait(list(self._out))

    def _done(self, posting: asyncio.Task[object]) -> None:
        self._out.pop(posting, None)
        if not posting.cancelled():
            posting.exception()  # seen: where the caller has gone, `_keep` tells of it

    def _keep(self, posting: asyncio.Task[R], request: Request, told: Callable[[R], str]) -> None:
        if posting.cancelled():
            return
        error = posting.exception()
        if error is None:
            _log.warning(
                "%s (submission %s) was accepted after its caller had gone: %s",
                request.name,
                request.submission,
                told(posting.result()),
            )
        elif not isinstance(error, SunoError) or isinstance(error, SubmissionUnknown):
            _log.warning("%s, whose caller has gone: %s", request.name, error)
