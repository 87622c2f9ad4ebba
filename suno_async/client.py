"""The client: its life from the first use to the end, and what is no operation."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar, cast, overload

from suno_async._batch_runner.reader import check_batch
from suno_async._batch_runner.runner import outcomes_of
from suno_async._downloads.downloads import Extras
from suno_async._engine import Engine
from suno_async._http.exchange import Http
from suno_async._http.settings import (
    address,
    check_flag,
    check_hook,
    check_parts,
    check_priority,
    check_timeout,
    hosts_of,
    key_of,
    show_log,
    speed_of,
    user_agent,
)
from suno_async._journal.account import account_name, check_account
from suno_async._journal.digest import BATCH_KEYS
from suno_async._journal.entry import JournalEntry
from suno_async._journal.journal import Journal, SubmissionState, state_named
from suno_async._journal.opening import journal_of
from suno_async._methods import OperationMethods
from suno_async._submitting.submissions import Terms
from suno_async._submitting.tasks import read_token
from suno_async.batch import Batch, Outcome
from suno_async.callbacks import CallbackReceiver
from suno_async.errors import ConfigurationError
from suno_async.limiter import Limiter, Priority
from suno_async.operations import CallOperation, Operation, TaskOperation, Uploadable
from suno_async.operations._base import Host
from suno_async.operations._files import UPLOAD_PATH, upload_of
from suno_async.results import OneFile
from suno_async.retry import RetryPolicy

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping
    from os import PathLike
    from pathlib import Path
    from typing import NoReturn, Self

    import aiohttp

    from suno_async._downloads.fetch import Progress
    from suno_async._downloads.places import D
    from suno_async._http.attempts import Attempt
    from suno_async.batch import Items, OnAccepted, Op
    from suno_async.results import Downloadable, SomeFiles, UploadedFile
    from suno_async.task import Task

R = TypeVar("R")

_LONGEST_AGE = timedelta(days=50 * 366)
_NOBODY = "https://callback.invalid/"  # the API insists on a URL; nobody else should get the songs


class SunoClient(OperationMethods):
    """The Suno API, asynchronously: make one, share it, close it.

    Args:
        api_key: The key; left out, the environment's `SUNO_API_KEY`.
        account: Whose the journal is: a name of yours, for which the key may change; left out, a name made of the API's host and a hash of the key. All loopback hosts are one.
        base_url: The API's address; left out, `SUNO_BASE_URL` or the service's own.
        upload_url: The upload host's address; left out, `SUNO_UPLOAD_URL`, or the service's own, or with a `base_url` of your own that one, so that the key goes nowhere else.
        callbacks: A `CallbackReceiver`, whose callbacks then take the place of most polls, or a URL for the service to post to; left out, nobody gets the posts.
        journal: What survives any crash and remembers what is paid for: a file, made if need be, for one client at a time; or `postgresql://…`, the URL of a database, for any number of clients.
        limiter: What grants leave to send; left out, all clients with the same key and address on one event loop share a `RateLimiter()` of 20 requests per 10 seconds.
        poll_limiter: Another limiter for polls alone, where they are known not to count.
        timeout: Seconds for one attempt, waiting for the limiter not counted.
        retry: What is tried again, and how often.
        session: An aiohttp session of yours to use; it is not closed.
        on_attempt: Called with an `Attempt` after each attempt.
        allow_private: Whether `download` may fetch from private addresses (loopback, link-local, RFC 1918, unique local, multicast); left out, only if `base_url` is such a one.
        speed: How many times faster than the service songs are made at your `base_url`, as by `suno-async serve --speed 20`: polls come so much closer; left out, `SUNO_SPEED`, or 1.

    Raises:
        ConfigurationError: there is no key, or something given cannot work.
    """  # noqa: E501 editors show the first line of an argument's text

    def __init__(  # noqa: PLR0913 all but the key have defaults
        self,
        api_key: str | None = None,
        *,
        account: str | None = None,
        base_url: str | None = None,
        upload_url: str | None = None,
        callbacks: str | CallbackReceiver | None = None,
        journal: str | PathLike[str] | None = None,
        limiter: Limiter | None = None,
        poll_limiter: Limiter | None = None,
        timeout: float = 30.0,
        retry: RetryPolicy = RetryPolicy(),  # noqa: B008 it is frozen
        session: aiohttp.ClientSession | None = None,
        on_attempt: Callable[[Attempt], None] | None = None,
        allow_private: bool = False,
        speed: float | None = None,
    ) -> None:
        show_log()
        check_timeout(timeout)
        check_flag("allow_private", allow_private)
        check_parts(retry, session, on_attempt, limiter=limiter, poll_limiter=poll_limiter)
        http = Http(
            key=key_of(api_key),
            hosts=hosts_of(base_url, upload_url),
            timeout=timeout,
            user_agent=user_agent(),
            session=session,
            allow_private=allow_private,
        )
        check_account(account)
        self._engine = Engine(
            http=http,
            journal=journal_of(
                journal, lambda: account_name(account, http.hosts[Host.API], http.key)
            ),
            retry=retry,
            on_attempt=on_attempt,
            callbacks=_callbacks(callbacks),
            limiter=limiter,
            poll_limiter=poll_limiter,
            speed=speed_of(speed, base_url),
        )

    def __repr__(self) -> str:
        state = "closed" if self._engine.transport.is_closed else "open"
        return f"<SunoClient {self._engine.http.hosts[Host.API]} {state}>"

    def __reduce__(self) -> NoReturn:
        raise TypeError("A client cannot be pickled, for it holds a key: make one in each process.")

    async def __aenter__(self) -> Self:
        self._engine.transport.ready()
        await self._engine.journal.open()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """End the client; more often does nothing.

        Paid requests that have left are awaited first, for their `timeout` at most. Listeners of a
        task get `ClientClosed` with the task's token.
        """
        try:
            await self._engine.downloads.close()
        finally:
            await self._engine.close()

    @property
    def unclaimed(self) -> list[str]:
        """Tokens of accepted tasks that no caller got, or that are not in the journal.

        Either the caller had been cancelled; or the answer was lost, and nobody was waiting in
        `SubmissionUnknown.recovered`, which takes a token off the list, when a
        callback named the task;
        or the journal could not be written, which takes the token off the list once it can be.
        """
        return self._engine.tasks.unclaimed

    async def submit(
        self,
        operation: TaskOperation[R],
        *,
        idempotency_key: str | None = None,
        resend_unknown: bool = False,
        priority: Priority = Priority.INTERACTIVE,
        timeout: float | None = None,
    ) -> Task[R]:
        """Start a task; it is paid for when this returns.

        Cancelling this before the request has left sends nothing. After that the request is
        finished all the same, and the task's token is found in `unclaimed`.

        Args:
            operation: What shall be made, for example `GenerateMusic("an idea")`.
            idempotency_key: A text of yours that names this submission for ever: submitting with it again, at the same time or later, gives the same task or error, and nothing is paid again; with a journal even after a restart. It is free again once the submission ended unpaid.
            resend_unknown: Whether to send again, under the same key, what may have been paid for, which may pay twice; otherwise that raises `SubmissionUnknown` again.
            priority: `Priority.INTERACTIVE` where somebody waits for it, `Priority.BACKGROUND` where it may give way.
            timeout: Seconds for one attempt, waiting for a slot not counted; left out, the client's.

        Raises:
            APIError: the service refused it, nothing was paid; `InsufficientCredits`,
                `AuthenticationFailed`, `RateLimited` and `Maintenance` among them.
            SubmissionUnknown: it may have been paid for, and no answer tells; with a
                `CallbackReceiver`, its `recovered` gives the task when a callback names it.
            ConnectionFailed: no connection could be made, nothing was paid.
            ConfigurationError: the key belongs to another request.
            JournalError: it could not be written down first; nothing was sent.
            ClientClosed: the client has ended.
        """  # noqa: E501 editors show the first line of an argument's text
        _check(operation, TaskOperation, "submit", "call")
        if idempotency_key is not None:
            _check_key(idempotency_key)
        check_flag("resend_unknown", resend_unknown)
        check_priority(priority)
        if timeout is not None:
            check_timeout(timeout)
        terms = Terms(key=idempotency_key, resend_unknown=resend_unknown, timeout=timeout)
        task: Task[R]
        task, _ = await self._engine.submissions.pay(operation, priority, terms)
        return task

    def batch(  # noqa: PLR0913 all but the first have defaults
        self,
        operations: Items[Op],
        *,
        max_in_flight: int | None = None,
        patience: float | None = 3600.0,
        resend_unknown: bool = False,
        retry_failed: bool = False,
        on_accepted: OnAccepted | None = None,
    ) -> Batch[Op]:
        """Make many songs: iterate over their outcomes, each as it finishes.

        One failure never stops the rest; a wrong key and no credits end the submitting, while
        outcomes of what was accepted follow.

        An outage parks it: no network, maintenance, a rate that is used up by others, a limiter
        that is away, or three requests in a row without an answer. What was not accepted is kept,
        and submitted once a free question, asked from time to time, and then one request have been
        answered; meanwhile outcomes of what was accepted, or is known by the journal, follow, and
        the log says so at WARNING. An outage that outlasts `patience` ends the submitting, as do 8
        requests in a row without an answer, each of which may have been paid for.

        With a journal the batch can be run again after any end: finished songs come from the
        journal, unfinished ones are picked up, and what failed after acceptance is sent again only
        with `retry_failed`. If it is unknown whether a request was accepted, its outcome says so,
        and it is sent again only with `resend_unknown`, which may pay twice.

        Args:
            operations: Any iterable, also an asynchronous one, read lazily: up to 500 items ahead where it has no length. An item may be an `InvalidRequest` instead, and becomes an outcome.
            max_in_flight: The most tasks being made at once; left out, as many as the rate allows.
            patience: Seconds that an outage may last, 0 or more; `None` for any length.
            resend_unknown: Whether to send again what may have been accepted, which may pay twice.
            retry_failed: Whether to send again what failed after it was accepted.
            on_accepted: Called with an item's index, its task and whether the journal knew it, as soon as it is being made, for showing the progress of a batch.

        Raises:
            ConfigurationError: `operations` is no iterable, `max_in_flight` is not 1 or more, or
                `patience` is below 0; a flag is neither True nor False, or `on_accepted` is no
                plain function.
            SunoError: the outage that has outlasted `patience`, after the outcomes of all paid
                work: `ConnectionFailed`, `Maintenance`, `RateLimited` or `SubmissionUnknown`.
            Exception: what the iterable itself raised, after the outcomes of all paid work.
        """  # noqa: E501 editors show the first line of an argument's text
        check_batch(operations, max_in_flight, patience)
        check_flag("resend_unknown", resend_unknown)
        check_flag("retry_failed", retry_failed)
        check_hook("on_accepted", on_accepted, "an index, a task and a flag")
        terms = Terms(resend_unknown=resend_unknown, retry_failed=retry_failed, parks=True)

        return Batch(
            outcomes_of(
                operations,
                self._engine.submissions,
                terms,
                max_in_flight,
                patience=patience,
                undelivered=self._engine.undelivered,
                on_accepted=on_accepted,
            )
        )

    async def unfinished(self) -> list[Task[Any]]:
        """The journal's tasks that are not over, oldest first, whichever client submitted them.

        To take up after a restart what was being made, `pick_up` gives each task to one client.

        Raises:
            ConfigurationError: the client has no journal.
            JournalError: the journal cannot be read.
        """
        _check_durable(self._engine.journal)
        found = self._engine.submissions.entries(SubmissionState.IN_PROGRESS)
        return [self._engine.tasks.restored(None, entry) async for entry in found]

    async def pick_up(self) -> AsyncIterator[Task[Any]]:
        """Tasks of which no client takes care any more; each is given once, to one client.

        `async for task in suno.pick_up()`: with a file these are the tasks that the last run left
        unfinished, and then it ends. With a journal of many clients it goes on for as long as this
        client is open: what another client leaves is given about 15 to 21 seconds after it was
        killed, or sooner when it was closed, and so is what ended in the meantime or shortly before
        a kill. What had been sent without an answer is given once a callback, or another client,
        finds out which task it is.

        Raises:
            ConfigurationError: the client has no journal.
            JournalError: the file cannot be read; a server that is away is waited for.
            ClientClosed: the client has ended.
        """
        _check_durable(self._engine.journal)
        async for task in self._engine.following.pick_up():
            yield task

    def submissions(
        self, state: SubmissionState | str | None = None
    ) -> AsyncIterator[JournalEntry]:
        """What the journal knows, oldest first: all of it, or what is in one state.

        `async for entry in suno.submissions(state="in_doubt")`: a state is `in_progress`,
        `in_doubt`, `done` or `failed`. However many there are, a hundred are held at a time, and
        others submit meanwhile; what they add may be told or not. Without a journal these are the
        last 10,000 of this client, of which what is over is the first to go.

        Args:
            state: Which of the states; left out, all of them.

        Raises:
            ConfigurationError: `state` is none, or the client belongs to another event loop.
            JournalError: the journal cannot be read.
            ClientClosed: the client has ended.
        """
        return self._submissions(state_named(state))

    async def _submissions(self, state: SubmissionState | None) -> AsyncIterator[JournalEntry]:
        async for entry in self._engine.submissions.entries(state):
            yield JournalEntry(entry)

    async def prune(self, *, older_than: timedelta | float, forget: bool = False) -> int:
        """Empty the journal's records of what was over so long ago; how many submissions it were.

        Key, token, state and times are kept, so that nothing is paid again; what it brought, and
        what was asked for, are gone from the journal, whose file shrinks. Asked for again, it is
        the same task, and the service is asked for its result, which it keeps for 15 days. What is
        in progress or in doubt is never touched.

        Others submit meanwhile. At its end the file is written anew, for which they wait, about
        5 seconds at a million songs, and for which the disk needs room.

        Args:
            older_than: How long ago it was done or had failed: a `timedelta`, or seconds.
            forget: Whether to delete all of it: its key is free then, and a batch that is run again pays for it again.

        Raises:
            ConfigurationError: `older_than` is no time, or `forget` no flag.
            JournalError: the journal cannot be written.
            ClientClosed: the client has ended.
        """  # noqa: E501 editors show the first line of an argument's text
        before = datetime.now(UTC) - _age(older_than)
        check_flag("forget", forget)
        self._engine.transport.ready()
        return await self._engine.journal.prune(before, forget=forget)

    async def call(
        self,
        operation: CallOperation[R],
        *,
        priority: Priority = Priority.INTERACTIVE,
        timeout: float | None = None,
    ) -> R:
        """Ask for an answer that comes at once; it raises what `submit` does, and more.

        Args:
            operation: What shall be asked, for example `GetCredits()`.
            priority: `Priority.INTERACTIVE` where somebody waits for it, `Priority.BACKGROUND` where it may give way.
            timeout: Seconds for one attempt, waiting for a slot not counted; left out, the client's.

        Raises:
            RequestTimeout: no answer in time to a question that costs nothing.
            DecodeError: the answer cannot be read.
        """  # noqa: E501 editors show the first line of an argument's text
        _check(operation, CallOperation, "call", "submit")
        check_priority(priority)
        if timeout is not None:
            check_timeout(timeout)
        return await self._engine.call(operation, priority, timeout)

    @overload
    def task(self, token: str) -> Task[Any]: ...
    @overload
    def task(self, token: str, operation: type[TaskOperation[R]]) -> Task[R]: ...
    def task(self, token: str, operation: type[TaskOperation[Any]] | None = None) -> Task[Any]:
        """The task with this token, from this process or another one; nothing is asked.

        For one token the same object is given each time, as long as somebody holds it.

        Args:
            token: A task's `token`, or with an `operation` also the service's plain id.
            operation: The class of what was submitted, such as `GenerateMusic`, which tells the type of the result.

        Raises:
            ConfigurationError: the token is not one.
        """  # noqa: E501 editors show the first line of an argument's text
        kind, task_id = read_token(token, operation)
        return self._engine.tasks.task(kind, task_id)

    async def upload_file(
        self,
        source: Uploadable,
        *,
        upload_path: str = UPLOAD_PATH,
        file_name: str | None = None,
        timeout: float | None = None,
        extra: Mapping[str, Any] | None = None,
    ) -> UploadedFile:
        """Put a file where operations can fetch it; it costs nothing and is kept for 3 days.

        Args:
            source: A path, bytes, an async iterator of bytes (streamed, and sent only once), or a URL that the service fetches itself, for 30 seconds at most.
            upload_path: The folder it is stored in there, without a slash at either end.
            file_name: Its name there, which replaces a file of that name; left out, a random one.
            timeout: Seconds that the service may be silent; left out, the client's, and at least 60 for a URL.
            extra: More fields for the service, by its own names, as plain data; in a form as text.

        Raises:
            InvalidRequest: the file is not there or cannot be read; nothing was sent.
            ConnectionFailed: it could not be sent.
            RequestTimeout: the service was silent for longer than the `timeout`.
            DecodeError: the answer cannot be read.
        """  # noqa: E501 editors show the first line of an argument's text
        self._engine.transport.ready()
        read = partial(upload_of, source, upload_path=upload_path, file_name=file_name, extra=extra)
        return await self.call(await asyncio.to_thread(read), timeout=timeout)

    @overload
    async def download(
        self,
        what: OneFile,
        target: str | PathLike[str] = ".",
        progress: Progress | None = None,
        *,
        image: bool = False,
        lyrics: bool = False,
        sidecar: bool = False,
    ) -> Path: ...
    @overload
    async def download(
        self,
        what: SomeFiles | tuple[Downloadable, ...] | list[D] | Outcome[Any],
        target: str | PathLike[str] = ".",
        progress: Progress | None = None,
        *,
        image: bool = False,
        lyrics: bool = False,
        sidecar: bool = False,
    ) -> tuple[Path, ...]: ...
    async def download(  # noqa: PLR0913 all but the first have defaults
        self,
        what: Any,
        target: str | PathLike[str] = ".",
        progress: Progress | None = None,
        *,
        image: bool = False,
        lyrics: bool = False,
        sidecar: bool = False,
    ) -> Path | tuple[Path, ...]:
        """Fetch files into a directory, or one file to a path that has a suffix.

        Of many, 8 are fetched at one time by a client, and when one fails the others are finished
        before that is raised.

        A file appears under its name only when it is whole and of the right kind. An interrupted
        one lies beside it as `.part`, and is continued if the server can tell that the file is
        still the same. A file whose name holds its id (`Title [first 8 of id].mp3`) is not fetched
        again; one that was given a path is. Only silence is bounded, by the client's `timeout`. A
        link that is refused (4xx, but for 408, 416, 425 and 429) is renewed once through the record
        of its task. Links and redirects to private addresses are refused, unless the client's
        `base_url` or `allow_private` allows them. The key is not sent along.

        Args:
            what: A track, another result with files or a URL, or many of them: a tuple such as `await task` gives, a list, or an outcome of a batch.
            target: A directory, which is made if need be, or for one file a path with a suffix.
            progress: Called with the bytes so far and the bytes in all (`None` if not known).
            image: Whether a track's cover image is put beside the audio, under the same name.
            lyrics: Whether a track's words are put beside the audio, as text.
            sidecar: Whether what made a track is put beside the audio, as JSON.

        Raises:
            DownloadFailed: there is no file yet, it could not be fetched, is not what it should
                be, or could not be written; its link leads nowhere or to a private address.
            ConfigurationError: `what` is nothing that has files.
            ClientClosed: the client has ended; what was fetched so far is continued next time.
        """  # noqa: E501 editors show the first line of an argument's text
        self._engine.transport.ready()
        extras = Extras(image=image, lyrics=lyrics, sidecar=sidecar)
        if isinstance(what, OneFile):
            return await self._engine.downloads.one(what, target, progress, extras)
        if isinstance(what, Outcome):
            what = cast("Outcome[TaskOperation[Any]]", what).result
        things: list[Any] = [*what] if isinstance(what, tuple | list) else [what]
        return await self._engine.downloads.many(things, target, progress, extras)


def _callbacks(given: str | CallbackReceiver | None) -> str | CallbackReceiver:
    if isinstance(given, CallbackReceiver):
        return given
    return _NOBODY if given is None or given == "" else address("callbacks", given)


def _check_durable(journal: Journal) -> None:
    if not journal.is_durable:
        raise ConfigurationError("This client keeps no journal: give it journal='songs.sqlite'.")


def _check_key(key: object) -> None:
    sound = isinstance(key, str) and bool(key.strip()) and key.isprintable()
    if not sound or str(key).startswith(BATCH_KEYS):
        raise ConfigurationError(
            f"key must be a printable text that names the submission, and not begin with "
            f"{BATCH_KEYS!r}: {key!r}."
        )


def _age(given: object) -> timedelta:
    """A time that is not below 0, and not before there were computers."""
    age = given
    if isinstance(given, int | float) and not isinstance(given, bool):
        with suppress(ValueError, OverflowError):
            age = timedelta(seconds=given)
    if not isinstance(age, timedelta) or not timedelta(0) <= age <= _LONGEST_AGE:
        raise ConfigurationError(
            "older_than must be a timedelta or seconds, 0 or more and at most 50 years, "
            f"not {given!r}."
        )
    return age


def _check(operation: object, wanted: type, used: str, right: str) -> None:
    if isinstance(operation, wanted):
        return
    what = type(operation).__name__
    if isinstance(operation, Operation):
        raise ConfigurationError(f"{what} is not for {used}(): use {right}() instead.")
    raise ConfigurationError(f"{used}() takes an operation such as GenerateMusic(…), not {what}.")
