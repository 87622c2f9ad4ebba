"""Receiving the service's pushes: whether they are true, and to which client they go.

The service signs nothing. What makes a push believable is that nobody else knows its URL: each
submission has one of its own, with a ticket in it (`_tickets`), which is checked before the body is
read. The push is read before it is answered; what follows from it (news to listeners, a line in the
journal, a look, a hook) happens after the answer, in tasks of the receiver.
"""

from __future__ import annotations

import asyncio
import inspect
import logging
from collections import Counter
from collections.abc import AsyncIterable, Awaitable, Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, TypeAlias
from urllib.parse import unquote, urlsplit
from weakref import WeakSet

from attrs import frozen

from suno_async._callbacks.subscribers import Subscriber, Taken, takers
from suno_async._http.settings import address
from suno_async._http.verdict import in_brief
from suno_async._wire.callback_bodies import Callback, read_callback
from suno_async._wire.callback_urls import CallbackPath, account_mark, check_length, genuine_path
from suno_async.errors import (
    CallbackRejected,
    ConfigurationError,
    SunoError,
    TaskFailed,
)
from suno_async.operations._kinds import KINDS, Kind
from suno_async.results import Stage
from suno_async.task import Task

if TYPE_CHECKING:
    from typing import NoReturn

    from aiohttp import web

_log = logging.getLogger("suno_async")

_LEAST_SECRET = 16  # bytes that nobody can try out
_MOST_BYTES = 2**20  # what aiohttp.web and nginx let through by themselves, too
_PATIENCE = 15.0  # seconds for a body: the service does not wait longer for its answer
_AT_ONCE = 16  # pushes of one submission: three stages, each tried four times, and some


@frozen(kw_only=True)
class UnhandledCallback:
    """A push for a task that nobody in this process listens to."""

    submission: str
    """The submission's id: your `key`, where you gave one."""
    token: str
    """The task's token."""
    kind: str
    """The task's kind, for example `music`."""
    stage: Stage
    """How far the task is; `pending` for one that has failed."""
    result: Any
    """What is there, as in a `TaskEvent`; `None` for nothing."""
    failure: TaskFailed | None
    """Why the task has failed, `None` where it has not."""
    task: Task[Any] | None
    """The task, where a client of this process knows it."""


UnwatchedHook: TypeAlias = Callable[[UnhandledCallback], Awaitable[None] | None]
"""Called with each push of a task that nobody in this process listens to."""
Body: TypeAlias = bytes | str | Mapping[str, Any] | AsyncIterable[bytes]


class CallbackReceiver:
    """Gives each submission a callback URL of its own, and takes in what is posted there.

    It may serve several clients of a process, and be made before the event loop runs. It keeps
    nothing: with the same secret it knows its URLs again after a restart.

    Args:
        public_url: Where the service reaches you, for example `https://bot.example/suno`; it posts to `<public_url>/<ticket>`.
        secret: At least 16 random bytes, or that much text, which only you know.
        old_secrets: Earlier secrets whose URLs are still taken, for the time of a change.
        on_unhandled: Called with an `UnhandledCallback` for each push of a task that nobody in this process listens to: after a restart, or in another replica. It may be asynchronous. Pushes may come more than once. What it raises is logged.
        max_bytes: The most that is read of a body. 1 MiB is what aiohttp.web and nginx let through by themselves; a larger one is refused, and what it told is found by a look.

    Raises:
        ConfigurationError: the URL cannot be one, or a secret is too short.
    """  # noqa: E501 editors show the first line of an argument's text

    def __init__(
        self,
        public_url: str,
        secret: str | bytes,
        *,
        old_secrets: Iterable[str | bytes] = (),
        on_unhandled: UnwatchedHook | None = None,
        max_bytes: int = _MOST_BYTES,
    ) -> None:
        if max_bytes < 1:
            raise ConfigurationError(f"max_bytes must be 1 or more, not {max_bytes!r}.")
        old = (old_secrets,) if isinstance(old_secrets, str | bytes) else old_secrets
        self._url = _public(public_url)
        self._secrets = tuple(_sound(one) for one in (secret, *old))
        self._on_unwatched = on_unhandled
        self._max_bytes = max_bytes
        self._subscribers = WeakSet[Subscriber]()
        self._work = set[asyncio.Task[None]]()
        self._under_way = Counter[CallbackPath]()

    def __repr__(self) -> str:
        return f"<CallbackReceiver at {self._url}>"

    def __reduce__(self) -> NoReturn:
        raise TypeError("A receiver cannot be pickled, for it holds a secret: make one anew.")

    def url_for(self, submission: str, kind: Kind, account: bytes) -> str:
        """The URL for what the service has to tell of a submission."""
        check_length(submission)
        secret = self._secrets[0]
        ticket = CallbackPath(account_mark(secret, account), kind.name, submission)
        return f"{self._url}/{ticket.written(secret)}"

    def attach(self, client: Subscriber) -> None:
        """Hand pushes to this client, as long as it lives."""
        self._subscribers.add(client)

    async def handle(self, secret_path: str, body: Body) -> None:
        """Take in what was posted, by any web framework; when this returns, answer with 200.

        Args:
            secret_path: The URL's path, or the last part of it.
            body: Best the stream of its bytes, which is read only where the URL is true, as far as `max_bytes`, and for 15 seconds; or it is raw, or parsed already.

        Raises:
            CallbackRejected: it is not the service's or cannot be read, and nothing has changed:
                answer with its `http_status`.
            ConfigurationError: this is another event loop than the client's.
        """  # noqa: E501 editors show the first line of an argument's text
        ticket, clients = self._opened(secret_path)
        self._under_way[ticket] += 1
        try:
            push = await self._push(ticket, body)
            work = asyncio.create_task(self._take(push, takers(clients, push)))
        except BaseException as error:
            self._ended(ticket)
            if isinstance(error, CallbackRejected):
                _not_believed(ticket, error)
            raise
        self._work.add(work)
        work.add_done_callback(self._work.discard)
        work.add_done_callback(lambda _: self._ended(ticket))

    def routes(self, path: str | None = None) -> list[web.RouteDef]:
        """The routes for aiohttp.web: `app.add_routes(receiver.routes())`.

        Args:
            path: Where the application sees the pushes arrive; left out, the path of `public_url`. Give it where a proxy changes the path, and in a sub-application.
        """  # noqa: E501 editors show the first line of an argument's text
        from aiohttp import web  # noqa: PLC0415 who receives nothing need not load a server

        where = urlsplit(self._url).path if path is None else path.rstrip("/")

        async def receive(request: web.Request) -> web.Response:
            try:
                await self.handle(request.match_info["ticket"], request.content.iter_any())
            except CallbackRejected as error:
                told = {"status": "rejected", "reason": error.message}
                return web.json_response(told, status=error.http_status)
            return web.json_response({"status": "received"})

        return [web.post(f"{where}/{{ticket}}", receive)]

    async def aclose(self) -> None:
        """Wait for what still follows from pushes on this event loop, your hook included."""
        loop = asyncio.get_running_loop()
        while work := [one for one in self._work if one.get_loop() is loop]:
            await asyncio.wait(work)

    async def _push(self, ticket: CallbackPath, body: Body) -> Callback:
        if self._under_way[ticket] > _AT_ONCE:
            raise CallbackRejected("there are too many at once", http_status=429)
        read = await self._read(body) if isinstance(body, AsyncIterable) else body
        return read_callback(ticket, read, self._max_bytes)

    async def _read(self, stream: AsyncIterable[bytes]) -> bytes:
        """A body, as far as it is wanted."""
        body = bytearray()
        try:
            async with asyncio.timeout(_PATIENCE):
                async for chunk in stream:
                    body += chunk
                    if len(body) > self._max_bytes:
                        break
        except TimeoutError:
            raise CallbackRejected("the body did not come in time", http_status=408) from None
        return bytes(body)

    def _opened(self, path: str) -> tuple[CallbackPath, list[Subscriber]]:
        """The ticket at the end of a path, and the clients with its account."""
        last = unquote(str(path).partition("?")[0]).rstrip("/").rpartition("/")[2]
        found = genuine_path(last, self._secrets)
        if found is None or found[0].kind not in KINDS:
            raise CallbackRejected("there is nothing here", http_status=404)
        ticket, secret = found
        clients = list(self._subscribers)
        return ticket, [c for c in clients if account_mark(secret, c.account) == ticket.account]

    def _ended(self, ticket: CallbackPath) -> None:
        self._under_way[ticket] -= 1
        if not self._under_way[ticket]:
            del self._under_way[ticket]

    async def _take(self, push: Callback, clients: list[Subscriber]) -> None:
        """Hand a push to its client; what nobody listens to goes to the hook."""
        taken, rejected = Taken(), False
        for client in clients:
            try:
                taken = await client.take(push)
            except CallbackRejected as error:
                _not_believed(push.path, error)
                rejected = True
            except SunoError as error:
                _log.info("A push for %s was not taken in: %s", push.token, in_brief(error))
            except Exception:  # noqa: BLE001 it must be told, and the hook called
                _log.exception("a push for %s failed in a way that it should not", push.token)
            if taken.task is not None:
                break
        if rejected and taken.task is None:
            return
        if self._on_unwatched is not None and not taken.is_heard:
            await self._call(self._on_unwatched, _unwatched(push, taken.task))

    async def _call(self, hook: UnwatchedHook, told: UnhandledCallback) -> None:
        try:
            answer = hook(told)
            if inspect.isawaitable(answer):
                await answer
        except Exception:  # noqa: BLE001 a hook may raise anything
            _log.exception("on_unhandled failed for %s", told.token)


def _not_believed(ticket: CallbackPath, error: CallbackRejected) -> None:
    _log.warning("A push for submission %s: %s", ticket.submission_id, error)


def _unwatched(push: Callback, task: Task[Any] | None) -> UnhandledCallback:
    record = push.record(None if task is None else task.operation)
    return UnhandledCallback(
        submission=push.submission_id,
        token=push.token,
        kind=push.kind.name,
        stage=record.stage,
        result=record.result,
        failure=record.failure,
        task=task,
    )


def _public(given: str) -> str:
    """The URL that tickets are put behind."""
    url = address("public_url", given)
    if any(sign in url for sign in "?#{}%") or not url.isprintable() or " " in url:
        raise ConfigurationError(
            "public_url must be an address to which a ticket can be added, as in "
            f"https://bot.example/suno, not {given!r}."
        )
    return url.rstrip("/")


def _sound(secret: object) -> bytes:
    """A secret that cannot be tried out."""
    raw = secret.encode() if isinstance(secret, str) else secret
    if not isinstance(raw, bytes) or len(raw) < _LEAST_SECRET:
        raise ConfigurationError(
            f"A callback secret must be a text or bytes of at least {_LEAST_SECRET} bytes: make "
            "one with python -c 'import secrets; print(secrets.token_urlsafe(32))', and keep it."
        )
    return raw
