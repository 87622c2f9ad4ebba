"""Receiving the service's callbacks: whether they are true, and to which client they go.

The service signs nothing. What makes a callback believable is that nobody else knows its URL: each
submission has one of its own (`_wire.callback_urls`), which is checked before the body is read. The
callback is read before it is answered; what follows from it (news to listeners, a line in the
journal, a poll, a hook) happens after the answer, in tasks of the receiver.
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

from suno_async._callbacks.inbox import Handled, Inbox
from suno_async._http.settings import address
from suno_async._http.verdict import in_brief
from suno_async._wire.callback_bodies import Callback, read_callback
from suno_async._wire.callback_urls import CallbackPath, CallbackUrls, account_mark, genuine_path
from suno_async.errors import (
    CallbackRejected,
    ClientClosed,
    ConfigurationError,
    SunoError,
    TaskFailed,
)
from suno_async.operations._kinds import KINDS
from suno_async.results import Stage
from suno_async.task import Task

if TYPE_CHECKING:
    from typing import NoReturn

    from aiohttp import web

_log = logging.getLogger("suno_async")

_LEAST_SECRET = 16  # bytes that nobody can try out
_MOST_BYTES = 2**20  # what aiohttp.web and nginx let through by themselves, too
_PATIENCE = 15.0  # seconds for a body: the service does not wait longer for its answer
_AT_ONCE = 16  # callbacks of one submission: three stages, each tried four times, and some


@frozen(kw_only=True)
class UnhandledCallback:
    """A callback of a task that nobody in this process listens to."""

    submission_id: str
    """The submission's id: your `idempotency_key`, where you gave one."""
    token: str
    """The task's token."""
    kind: str
    """The task's kind, for example `music`."""
    stage: Stage
    """How far the task is; `pending` for one that has failed."""
    result: Any
    """The result so far, as in a `TaskEvent`; `None` for nothing."""
    failure: TaskFailed | None
    """Why the task has failed, `None` where it has not."""
    task: Task[Any] | None
    """The task, where a client of this process knows it."""


_Hook: TypeAlias = Callable[[UnhandledCallback], Awaitable[None] | None]
Body: TypeAlias = bytes | str | Mapping[str, Any] | AsyncIterable[bytes]
"""What was posted: whole, parsed, or as it comes in."""


class CallbackReceiver:
    """Gives each submission a callback URL of its own, and takes in what is posted there.

    It may serve several clients of a process, and be made before the event loop runs. It keeps
    nothing: with the same secret it knows its URLs again after a restart.

    Args:
        public_url: Where the service reaches you, for example `https://bot.example/suno`; it posts to `<public_url>/<secret path>`.
        secret: At least 16 random bytes, or that much text, which only you know.
        old_secrets: Earlier secrets whose URLs are still taken, for the time of a change.
        on_unhandled: Called with an `UnhandledCallback` for each callback of a task that nobody in this process listens to: after a restart, or in another replica. It may be asynchronous. Callbacks may come more than once. What it raises is logged.
        max_bytes: The most that is read of a body. 1 MiB is what aiohttp.web and nginx let through by themselves; a larger one is refused, and its news is found by a poll.

    Raises:
        ConfigurationError: the URL cannot be one, or a secret is too short.
    """  # noqa: E501 editors show the first line of an argument's text

    def __init__(
        self,
        public_url: str,
        secret: str | bytes,
        *,
        old_secrets: Iterable[str | bytes] = (),
        on_unhandled: _Hook | None = None,
        max_bytes: int = _MOST_BYTES,
    ) -> None:
        if max_bytes < 1:
            raise ConfigurationError(f"max_bytes must be 1 or more, not {max_bytes!r}.")
        old = (old_secrets,) if isinstance(old_secrets, str | bytes) else old_secrets
        self._url = _public(public_url)
        self._secrets = tuple(_sound(one) for one in (secret, *old))
        self._on_unhandled = on_unhandled
        self._max_bytes = max_bytes
        self._inboxes = WeakSet[Inbox]()
        self._work = set[asyncio.Task[None]]()
        self._under_way = Counter[CallbackPath]()

    def __repr__(self) -> str:
        return f"<CallbackReceiver at {self._url}>"

    def __reduce__(self) -> NoReturn:
        raise TypeError("A receiver cannot be pickled, for it holds a secret: make one anew.")

    def _attach(self, inbox: Inbox) -> None:
        """Hand callbacks to this client, as long as it lives."""
        self._inboxes.add(inbox)

    def _urls_for(self, account: bytes) -> CallbackUrls:
        """The URLs of one account's submissions."""
        return CallbackUrls(self._url, self._secrets[0], account)

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
        path, clients = self._opened(secret_path)
        self._under_way[path] += 1
        try:
            callback = await self._callback(path, body)
            work = asyncio.create_task(self._hand_on(callback, _concerned(clients, callback)))
        except BaseException as error:
            self._ended(path)
            if isinstance(error, CallbackRejected):
                _not_believed(path, error)
            raise
        self._work.add(work)
        work.add_done_callback(self._work.discard)
        work.add_done_callback(lambda _: self._ended(path))

    def routes(self, path: str | None = None) -> list[web.RouteDef]:
        """The routes for aiohttp.web: `app.add_routes(receiver.routes())`.

        Args:
            path: Where the application sees the callbacks arrive; left out, the path of `public_url`. Give it where a proxy changes the path, and in a sub-application.
        """  # noqa: E501 editors show the first line of an argument's text
        from aiohttp import web  # noqa: PLC0415 who receives nothing need not load a server

        where = urlsplit(self._url).path if path is None else path.rstrip("/")

        async def receive(request: web.Request) -> web.Response:
            try:
                await self.handle(request.match_info["path"], request.content.iter_any())
            except CallbackRejected as error:
                answer = {"status": "rejected", "reason": error.message}
                return web.json_response(answer, status=error.http_status)
            return web.json_response({"status": "received"})

        return [web.post(f"{where}/{{path}}", receive)]

    async def aclose(self) -> None:
        """Wait for what still follows from callbacks on this event loop, your hook included."""
        loop = asyncio.get_running_loop()
        while work := [one for one in self._work if one.get_loop() is loop]:
            await asyncio.wait(work)

    async def _callback(self, path: CallbackPath, body: Body) -> Callback:
        if self._under_way[path] > _AT_ONCE:
            raise CallbackRejected("there are too many at once", http_status=429)
        read = await self._read(body) if isinstance(body, AsyncIterable) else body
        return read_callback(path, read, self._max_bytes)

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

    def _opened(self, given: str) -> tuple[CallbackPath, list[Inbox]]:
        """The genuine path at the end of an address, and the clients with its account."""
        last = unquote(str(given).partition("?")[0]).rstrip("/").rpartition("/")[2]
        found = genuine_path(last, self._secrets)
        if found is None or found[0].kind not in KINDS:
            raise CallbackRejected("there is nothing here", http_status=404)
        path, secret = found
        clients = list(self._inboxes)
        return path, [c for c in clients if account_mark(secret, c.account) == path.account]

    def _ended(self, path: CallbackPath) -> None:
        self._under_way[path] -= 1
        if not self._under_way[path]:
            del self._under_way[path]

    async def _hand_on(self, callback: Callback, clients: list[Inbox]) -> None:
        """Hand a callback to its client; what nobody listens to goes to the hook."""
        handled, rejected = Handled(), False
        for client in clients:
            try:
                handled = await client.handle(callback)
            except CallbackRejected as error:
                _not_believed(callback.path, error)
                rejected = True
            except SunoError as error:
                _log.info("A callback of %s was not taken in: %s", callback.token, in_brief(error))
            except Exception:  # noqa: BLE001 it must be logged, and the hook called
                what = "a callback of %s failed in a way that it should not"
                _log.exception(what, callback.token)
            if handled.task is not None:
                break
        if rejected and handled.task is None:
            return
        if self._on_unhandled is not None and not handled.has_listeners:
            await self._call(self._on_unhandled, _unhandled(callback, handled.task))

    async def _call(self, hook: _Hook, unhandled: UnhandledCallback) -> None:
        try:
            answer = hook(unhandled)
            if inspect.isawaitable(answer):
                await answer
        except Exception:  # noqa: BLE001 a hook may raise anything
            _log.exception("on_unhandled failed for %s", unhandled.token)


def _concerned(clients: list[Inbox], callback: Callback) -> list[Inbox]:
    """The client whose task it is; where none says so, those that are open and of this loop.

    Raises:
        CallbackRejected: it contradicts what one of them knows.
        ConfigurationError: they are all of another event loop.
    """
    found: list[Inbox] = []
    rejected: CallbackRejected | None = None
    elsewhere: ConfigurationError | None = None
    for client in clients:
        try:
            if client.check(callback):
                return [client]
        except ClientClosed:
            continue
        except CallbackRejected as error:
            rejected = error
        except ConfigurationError as error:
            elsewhere = error
        else:
            found.append(client)
    if rejected is not None:
        raise rejected
    if elsewhere is not None and not found:
        raise elsewhere
    return found


def _not_believed(path: CallbackPath, error: CallbackRejected) -> None:
    _log.warning("A callback for submission %s: %s", path.submission_id, error)


def _unhandled(callback: Callback, task: Task[Any] | None) -> UnhandledCallback:
    record = callback.record(None if task is None else task.operation)
    return UnhandledCallback(
        submission_id=callback.submission_id,
        token=callback.token,
        kind=callback.kind.name,
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
            "public_url must be an address to which a path can be added, as in "
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
