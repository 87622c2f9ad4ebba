"""Paid requests: never sent twice, and finished whoever has gone meanwhile.

A paid request runs as a task of ours, and its caller waits for it. Cancelling the caller before the
request has left cancels the request; after that it goes on by itself, and what it brings is told in
the log, listed, and in the journal if there is one.

A caller's key names one submission for ever: whoever comes with the same key waits for the same
request and gets the same task or error. A key is free again when its request ended unpaid.
"""

from __future__ import annotations

import asyncio
import logging
import uuid
from collections.abc import Callable, Mapping
from copy import copy
from typing import Any, Generic, TypeVar

from attrs import define, field, frozen

from suno_async._journal import Entry, Journal
from suno_async._transport import Sending, Transport
from suno_async._verdict import Body, Request
from suno_async._wire import operation_to_dict, task_id_of
from suno_async.errors import (
    ClientClosed,
    ConfigurationError,
    JournalError,
    SubmissionUnknown,
    SunoError,
)
from suno_async.operations import Operation, TaskOperation

R = TypeVar("R")

_log = logging.getLogger("suno_async")


@frozen
class Reading(Generic[R]):
    """How an answer becomes what the caller gets."""

    read: Callable[[Body], R]
    """From the answer's body."""
    restore: Callable[[Entry], R]
    """From the journal's entry of an accepted submission."""
    unclaimed: Callable[[R], str]
    """List what nobody is left to take, and describe it for the log."""
    has_failed: Callable[[R], bool] = lambda _: False
    """Whether what was restored is a failure."""


@frozen(kw_only=True)
class Terms:
    """How a submission stands to earlier ones of the same name."""

    key: str | None = None
    """What names it for ever, `None` where nothing shall."""
    resend_unknown: bool = False
    """Whether to send it again where an earlier one may have been accepted."""
    retry_failed: bool = False
    """Whether to send it again where an earlier one was accepted and has failed."""
    granted: Callable[[], None] | None = None
    """Called when it has its slot, and may not be called back in its place any more."""


@define(eq=False, kw_only=True)
class _Submission:
    id: str
    operation: Operation[Any]
    asked: tuple[str, dict[str, Any]]
    request: Request
    terms: Terms
    after: _Submission | None
    """An earlier one with the same key: being called back, or unknown."""
    is_abandoned: bool = False
    """Whether it was called back, since nobody waited any more."""
    sending: Sending = field(factory=Sending)
    waiters: int = 0
    posting: asyncio.Task[Any] = field(init=False)

    @property
    def kind(self) -> str | None:
        """The sort of task that it starts."""
        return self.operation.kind.name if isinstance(self.operation, TaskOperation) else None

    @property
    def is_unknown(self) -> bool:
        """Whether nobody knows if it was accepted."""
        done = self.posting.done() and not self.posting.cancelled()
        return done and isinstance(self.posting.exception(), SubmissionUnknown)

    @property
    def is_unpaid(self) -> bool:
        """Whether it ended, and certainly nothing was paid."""
        failed = self.posting.cancelled() or self.posting.exception() is not None
        return failed and not self.is_unknown

    def check_same(self, asked: tuple[str, Mapping[str, Any]]) -> None:
        """A key is for one request."""
        if asked != self.asked:
            raise ConfigurationError(
                f"The key {self.id!r} belongs to another request, {asked[0]}: a key names one "
                "request for ever."
            )


@define(eq=False)
class Submissions:
    """The paid requests of one client."""

    _transport: Transport
    _journal: Journal | None
    unclaimed: list[str] = field(factory=list[str], init=False)
    """Tokens of tasks that were accepted after their caller had gone."""
    _by_key: dict[str, _Submission] = field(factory=dict[str, _Submission], init=False)
    _out: set[_Submission] = field(factory=set[_Submission], init=False)

    async def pay(
        self,
        operation: Operation[Any],
        request_for: Callable[[str], Request],
        reading: Reading[R],
        terms: Terms,
    ) -> R:
        """Send a paid request, or join the one that has this key.

        Raises:
            SubmissionUnknown: it may have been paid for, and no answer tells.
            ClientClosed: the client ended before the request had left.
            ConfigurationError: the key belongs to another request.
            JournalError: it could not be written down first, so it was not sent.
            SunoError: it was refused, or could not be sent.
        """
        asked = type(operation).__name__, operation_to_dict(operation)
        known = None if terms.key is None else self._by_key.get(terms.key)
        if known is not None:
            known.check_same(asked)
            if not (known.is_abandoned or (terms.resend_unknown and known.is_unknown)):
                return await self._claim(known, reading, joined=True)
        submission_id = terms.key or uuid.uuid4().hex
        new = _Submission(
            id=submission_id,
            operation=operation,
            asked=asked,
            request=request_for(submission_id),
            terms=terms,
            after=known,
        )
        return await self._begin(new, reading)

    async def close(self, timeout: float) -> None:  # noqa: ASYNC109 bounds many waits at once
        """Call back what has not left, and wait for the rest, at most `timeout` seconds."""
        for submission in self._out:
            if not submission.sending.has_left:
                submission.posting.cancel()
        for patience in (timeout, None):
            postings = [submission.posting for submission in self._out]
            if postings:
                _, late = await asyncio.wait(postings, timeout=patience)
                for posting in late:
                    posting.cancel()

    async def _begin(self, new: _Submission, reading: Reading[R]) -> R:
        new.posting = asyncio.create_task(self._post(new, reading))
        self._out.add(new)
        if new.terms.key is not None:
            self._by_key[new.id] = new
        new.posting.add_done_callback(lambda _: self._ended(new))
        return await self._claim(new, reading, joined=False)

    async def _claim(self, submission: _Submission, reading: Reading[R], *, joined: bool) -> R:
        """Wait for a request that others may wait for too."""
        posting: asyncio.Task[R] = submission.posting
        submission.waiters += 1
        try:
            return await asyncio.shield(posting)
        except asyncio.CancelledError:
            if posting.cancelled() and not _is_being_cancelled():
                raise ClientClosed(
                    "The client was closed before the request had left; nothing was paid."
                ) from None
            if submission.waiters == 1:
                self._abandon(submission, reading)
            raise
        except SunoError as error:
            if joined:
                raise copy(error) from None
            raise
        finally:
            submission.waiters -= 1

    def _abandon(self, submission: _Submission, reading: Reading[Any]) -> None:
        """Nobody waits any more."""
        posting = submission.posting
        if submission.sending.has_left or posting.done():
            posting.add_done_callback(lambda _: self._keep(submission, reading))
            return
        submission.is_abandoned = True
        posting.cancel()

    def _ended(self, submission: _Submission) -> None:
        self._out.discard(submission)
        if not submission.posting.cancelled():
            submission.posting.exception()  # seen: whoever waits gets it, else `_keep` tells of it
        if self._by_key.get(submission.id) is not submission:
            return
        earlier = submission.after
        if self._journal is not None:  # which remembers it from here on
            del self._by_key[submission.id]
        elif submission.is_unpaid and earlier is not None and earlier.is_unknown:
            self._by_key[submission.id] = earlier
        elif submission.is_unpaid:
            del self._by_key[submission.id]

    def _keep(self, submission: _Submission, reading: Reading[Any]) -> None:
        """Its caller has gone: tell what became of it, and list what was accepted."""
        posting, what = submission.posting, f"{submission.request.name} {submission.id}"
        if posting.cancelled():
            return
        error = posting.exception()
        if error is None:
            told = reading.unclaimed(posting.result())
            _log.warning("%s was accepted after its caller had gone: %s", what, told)
        else:
            _log.warning("%s, whose caller has gone: %s", what, error)

    async def _post(self, submission: _Submission, reading: Reading[R]) -> R:
        """Send it, unless an earlier run has."""
        if submission.after is not None and not submission.after.posting.done():
            await asyncio.wait([submission.after.posting])
        entry = None
        if self._journal is not None and submission.terms.key is not None:
            entry = await self._journal.find(submission.id)
            if entry is not None and not _must_send(submission, entry, reading):
                return reading.restore(entry)
        self._prepare(submission, may_be_paid=entry is not None and entry.is_unknown)
        sending = submission.sending
        try:
            body = await self._transport.send(submission.request, sending)
        except asyncio.CancelledError:
            if not sending.has_left:
                if sending.refused is not None:
                    sending.refused()  # written in its turn; a cancelled task should not wait
                raise
            cause = ClientClosed("the client was closed before the answer was in.")
        else:
            if self._journal is not None:
                await self._write_down(self._journal, submission, body)
            return reading.read(body)
        raise SubmissionUnknown(submission=submission.id, cause=cause)

    def _prepare(self, submission: _Submission, *, may_be_paid: bool) -> None:
        """Have it written down before each attempt, and taken back after each refusal."""
        journal, granted = self._journal, submission.terms.granted

        async def before() -> None:
            if granted is not None:
                granted()
            if journal is not None:
                await journal.about_to_send(submission.id, *submission.asked, submission.kind)

        submission.sending.before = before
        if journal is not None and not may_be_paid:
            submission.sending.refused = lambda: journal.take_back(submission.id)

    async def _write_down(self, journal: Journal, submission: _Submission, body: Body) -> None:
        task_id = task_id_of(body) if submission.request.starts_task else None
        try:
            if task_id is not None:
                await journal.accepted(submission.id, task_id)
            else:
                await journal.answered(submission.id, body)
        except JournalError as error:  # it is paid: the caller must have it all the same
            _log.error("%s was accepted (%s), but: %s", submission.id, task_id, error)


def _must_send(submission: _Submission, entry: Entry, reading: Reading[Any]) -> bool:
    """Whether what an earlier run left of this submission is to be sent again."""
    submission.check_same((entry.operation, entry.fields))
    if not entry.is_unknown:
        failed = entry.outcome is not None and reading.has_failed(reading.restore(entry))
        return failed and submission.terms.retry_failed
    if not submission.terms.resend_unknown:
        raise SubmissionUnknown(
            "the answer had not arrived when an earlier run ended.", submission=submission.id
        )
    return True


def _is_being_cancelled() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
