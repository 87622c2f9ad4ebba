"""One client's parts put together, opened and closed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from attrs import define, evolve, field

from suno_async._batch_runner.runner import Undelivered
from suno_async._callbacks.inbox import Inbox
from suno_async._downloads.downloads import Downloads
from suno_async._http.attempts import Attempt, Transport, closed
from suno_async._http.exchange import Http
from suno_async._http.requests import request_for
from suno_async._journal.journal import Journal
from suno_async._polling.poller import Poller
from suno_async._submitting.following import Following
from suno_async._submitting.recovery import Recoveries
from suno_async._submitting.submissions import Submissions, Terms
from suno_async._submitting.tasks import Tasks
from suno_async._wire.records import answer_of
from suno_async.callbacks import CallbackReceiver
from suno_async.errors import NotFound, SunoError
from suno_async.limiter import Limiter, Priority, RateLimiter
from suno_async.operations._base import Host
from suno_async.retry import RetryPolicy

if TYPE_CHECKING:
    from suno_async.operations import CallOperation

R = TypeVar("R")


@define(eq=False, kw_only=True)
class Engine:
    """One client's insides, and its life."""

    http: Http
    journal: Journal
    retry: RetryPolicy
    on_attempt: Callable[[Attempt], None] | None
    callbacks: str | CallbackReceiver
    limiter: Limiter | None
    """What the caller brought to grant slots."""
    poll_limiter: Limiter | None
    speed: float = 1.0
    """How many times faster than the service songs are made."""
    transport: Transport = field(init=False)
    tasks: Tasks = field(init=False)
    submissions: Submissions = field(init=False)
    downloads: Downloads = field(init=False)
    undelivered: Undelivered | None = field(default=None, init=False)
    following: Following = field(init=False)
    _inbox: Inbox | None = field(default=None, init=False)
    _has_ended: asyncio.Event = field(factory=asyncio.Event, init=False)

    def __attrs_post_init__(self) -> None:
        self.transport = transport = Transport(
            http=self.http,
            retry=self.retry,
            first_limiter=self._first_limiter,
            poll_limiter=self.poll_limiter,
            on_attempt=self.on_attempt,
        )
        self.tasks = Tasks(Poller(transport, self.journal, self.speed), self.journal)
        recoveries = Recoveries(transport, self.tasks)
        self.following = Following(transport, self.tasks, recoveries)
        self.journal.listen(self.following.ask)
        receiver = self.callbacks if isinstance(self.callbacks, CallbackReceiver) else None
        urls = str(self.callbacks) if receiver is None else receiver._urls_for(self.http.account)
        self.submissions = Submissions(transport, self.tasks, recoveries, urls)
        self.downloads = Downloads(self.http, self.retry, transport, self.tasks)
        if not self.journal.is_durable:
            self.undelivered = Undelivered(self.tasks.unclaimed)
        if receiver is not None:
            self._inbox = Inbox(self.http.account, transport, self.tasks, self.submissions)
            receiver._attach(self._inbox)  # it holds it weakly, as long as this client lives

    def _first_limiter(self) -> Limiter:
        """The caller's, or the one of this key and host, as the journal keeps it."""
        if self.limiter is not None:
            return self.limiter
        limiter = RateLimiter._shared_by(self.http.key, self.http.hosts[Host.API])
        return self.journal.keep_rate(limiter)

    async def call(
        self, operation: CallOperation[R], priority: Priority, timeout: float | None
    ) -> R:
        """Ask, and read the answer."""
        if operation._costs:
            answer: R
            answer, _ = await self.submissions.pay(operation, priority, Terms(timeout=timeout))
            return answer
        self.transport.ready()
        try:
            request = request_for(operation, priority, timeout=timeout)
            try:
                body = await self.transport.send(request)
            except NotFound:
                if operation._fallback_path is None:
                    raise
                older = evolve(request, path=operation._fallback_path)
                body = await self.transport.send(older)
        except SunoError:
            if self.transport.is_closed:
                raise closed() from None
            raise
        return answer_of(operation, body)

    async def close(self) -> None:
        """End; a second caller waits for the same end."""
        self.transport.check_process()
        if self.transport.is_closed:
            await self._has_ended.wait()
            return
        self.transport.is_closed = True
        try:
            await self.submissions.close()
        finally:  # also if the caller does not want to wait
            ending = asyncio.create_task(self._end())
            mine = asyncio.shield(ending)  # before the callback: this caller is woken first
            ending.add_done_callback(lambda _: self._has_ended.set())
            try:
                await mine
            except asyncio.CancelledError:
                await asyncio.wait([ending])  # soon over, and nothing is left open
                raise

    async def _end(self) -> None:
        """Close all that is left once nothing paid is out."""
        await self.following.close()
        await self.submissions.recoveries.close()
        await self.tasks.poller.close()
        if self.undelivered is not None:
            self.undelivered.list_all()
        await self.http.close()
        await self.journal.close()
