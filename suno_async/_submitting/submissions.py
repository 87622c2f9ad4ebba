"""Paid requests: never sent twice, and finished whoever has gone meanwhile.

A paid request runs as a task of ours, its posting, and its caller waits for it. Cancelling the
caller before the request has left cancels the posting; after that it goes on by itself, and what it
brings is told in the log, listed, and in the journal if there is one.

A caller's key names one submission for ever. While one is under way, whoever comes with its key
waits for it too, and gets the same task or error. After that the journal knows the key, or without
one a memory as long as the client's life. A key is free again when its request ended unpaid.
"""

from __future__ import annotations

import asyncio
import logging
import uuid
from collections.abc import Callable, Sequence
from contextlib import suppress
from copy import copy
from typing import Any, Generic, TypeVar, cast

from attrs import define, field, frozen

from suno_async._deadline import Deadline
from suno_async._http.attempts import Sending, Transport
from suno_async._http.verdict import Body, Request, in_brief
from suno_async._journal.digest import digest_of
from suno_async._journal.journal import Entry, Journal, SubmissionState, WrittenLater
from suno_async._wire.bodies import written_of
from suno_async._wire.records import task_id_of
from suno_async.errors import (
    ClientClosed,
    ConfigurationError,
    JournalError,
    SubmissionUnknown,
    SunoError,
)
from suno_async.operations import Operation, TaskOperation
from suno_async.operations._groups import warning_for

R = TypeVar("R")

_log = logging.getLogger("suno_async")
_TOKENS = 100  # that one record of the log names


@frozen
class Reading(Generic[R]):
    """How an answer becomes what the caller gets."""

    read: Callable[[Body, str], R]
    """From the answer's body, and the submission's id."""
    restore: Callable[[Entry], R]
    """From what is known of an accepted submission."""
    unclaimed: Callable[[R], str | None]
    """List what nobody is left to take: its token, where it has one."""


@frozen(kw_only=True)
class Terms:
    """How a submission stands to earlier ones of the same name."""

    key: str | None = None
    """What names it for ever, `None` where nothing shall."""
    resend_unknown: bool = False
    """Whether to send it again where an earlier one may have been accepted."""
    retry_failed: bool = False
    """Whether to send it again where an earlier one was accepted and has failed."""
    known: Entry | None = None
    """What the journal knew of it a moment before, when many were asked for at once."""
    granted: Callable[[], bool] | None = None
    """Called when it has its slot: whether it is wanted still, for from then on it leaves."""
    parks: bool = False
    """Whether its caller waits out an outage, and submits it again."""

    def sends(self, earlier: Entry | None) -> bool:
        """Whether it is sent, by what is known of an earlier one."""
        if earlier is None:
            return True
        if earlier.is_unknown:
            return self.resend_unknown
        return self.retry_failed and earlier.state is SubmissionState.FAILED


@define(eq=False, kw_only=True)
class _Submission:
    id: str
    operation: Operation[Any]
    asked: tuple[str, dict[str, Any]]
    kind: str | None
    request: Request
    reading: Reading[Any]
    terms: Terms
    book: Journal
    after: asyncio.Task[Any] | None
    """The posting of an earlier one with the same key, which is being called back."""
    sending: Sending
    waiters: int = 1
    is_called_back: bool = False
    """Whether it was cancelled before it had left, since nobody waited any more."""
    posting: asyncio.Task[Any] = field(init=False)

    def check_same(self, operation: str, digest: str) -> None:
        """A key is for one request."""
        if digest != digest_of(*self.asked):
            raise ConfigurationError(
                f"The key {self.id!r} belongs to another request, {operation}: a key names one "
                "request for ever."
            )

    def let_go(self) -> None:
        """It is over, and everybody was told: leave nothing to the garbage collector."""
        self.sending.before = self.sending.refused = None  # both know of this
        del self.posting  # its error's traceback knows of this

    def accepted_as(self, task_id: str | None) -> str:
        """For the log, that it was accepted."""
        token = "" if task_id is None else f" as {self.kind}:{task_id}"
        return f"{self.request.title} was accepted{token}"


def warn_of_tokens(what: str, tokens: Sequence[str]) -> None:
    """Say in the log which tasks are paid for, each by the token that it is picked up with."""
    for first in range(0, len(tokens), _TOKENS):
        some = list(tokens[first : first + _TOKENS])
        _log.warning(
            "%d %s, to be picked up with task(token) and listed in the client's `unclaimed`: %s",
            len(some),
            what,
            " ".join(some),
            extra={"tokens": some},
        )


@define(eq=False)
class Submissions:
    """The paid requests of one client."""

    _transport: Transport
    book: Journal
    """What is known of earlier submissions."""
    unclaimed: list[str] = field(factory=list[str], init=False)
    """Tokens of tasks that were accepted, and nobody was told."""
    recovery: Callable[[str, TaskOperation[Any], str | None], Any] = field(init=False)
    """Says where to wait for a task whose answer was lost, given the id that an answer named."""
    _by_id: dict[str, _Submission] = field(factory=dict[str, _Submission], init=False)
    _out: set[_Submission] = field(factory=set[_Submission], init=False)
    _is_closing: bool = field(default=False, init=False)

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
        asked = written_of(operation)
        known = None if terms.key is None else self._by_id.get(terms.key)
        if known is not None and not known.is_called_back and not known.posting.done():
            known.check_same(asked[0], digest_of(*asked))
            known.waiters += 1
            try:
                return cast("R", await self._claim(known))
            except SunoError as error:
                own = copy(error)
            try:
                raise own
            finally:
                del own
        submission_id = terms.key or uuid.uuid4().hex
        new = _Submission(
            id=submission_id,
            operation=operation,
            asked=asked,
            kind=operation._kind.name if isinstance(operation, TaskOperation) else None,
            request=request_for(submission_id),
            reading=reading,
            terms=terms,
            book=self.book,
            after=None if known is None else known.posting,
            sending=Sending(parks=terms.parks),
        )
        self._begin(new)
        return cast("R", await self._claim(new))

    def posting_of(self, submission: str) -> asyncio.Task[Any] | None:
        """The posting of a submission that is still under way."""
        out = (one.posting for one in self._out if one.id == submission)
        return next((posting for posting in out if not posting.done()), None)

    async def close(self, timeout: float) -> None:  # noqa: ASYNC109 bounds many waits at once
        """Call back what has not left, and wait for the rest, at most `timeout` seconds."""
        self._is_closing = True
        self._transport.stop()
        for submission in self._out:
            if not submission.sending.has_left:
                submission.posting.cancel()
        try:
            await self._quiet(timeout)
        finally:  # also if the closing itself is cancelled
            for submission in self._out:
                submission.posting.cancel()
            await self._quiet(None)

    async def _quiet(self, timeout: float | None) -> None:  # noqa: ASYNC109 as above
        if self._out:
            with suppress(TimeoutError):
                async with Deadline(timeout):
                    await asyncio.wait([one.posting for one in self._out])

    # --- those who wait ------------------------------------------------------------------------

    def _begin(self, new: _Submission) -> None:
        self._out.add(new)
        self._by_id[new.id] = new
        new.posting = asyncio.create_task(self._post(new))
        new.posting.add_done_callback(lambda _: self._ended(new))

    async def _claim(self, submission: _Submission) -> Any:
        """Wait for a posting, as one of its waiters."""
        try:
            return await asyncio.shield(submission.posting)
        except asyncio.CancelledError:
            if submission.waiters == 1:
                self._abandon(submission)
            raise
        finally:
            submission.waiters -= 1
            if submission.waiters == 0 and submission not in self._out:
                submission.let_go()

    def _abandon(self, submission: _Submission) -> None:
        """Nobody waits any more."""
        if submission not in self._out:
            self._keep(submission)
        elif not submission.sending.has_left:
            submission.is_called_back = True
            submission.posting.cancel()

    def _ended(self, submission: _Submission) -> None:
        self._out.discard(submission)
        if self._by_id.get(submission.id) is submission:
            del self._by_id[submission.id]
        if not submission.posting.cancelled():
            submission.posting.exception()  # seen: whoever waits gets it, else `_keep` tells of it
        if submission.waiters == 0:
            self._keep(submission)
            submission.let_go()

    def _keep(self, submission: _Submission) -> None:
        """Whoever asked has gone: tell what became of it, and list what was accepted."""
        posting, title = submission.posting, submission.request.title
        if not submission.sending.has_left:
            return
        error = posting.exception()
        if error is None:
            token = submission.reading.unclaimed(posting.result())
            if token is None:
                what = f"{title} was accepted after its caller had gone: {posting.result()!r}"
                _log.warning("%s", what)
            else:
                what = f"{title} was accepted after its caller had gone"
                _log.warning("%s: pick it up with task(%r)", what, token, extra={"tokens": [token]})
        else:
            why = in_brief(error) if isinstance(error, SunoError) else repr(error)
            known = {"unclaimed": error, "asked": submission.asked}
            _log.warning("%s, whose caller has gone: %s", title, why, extra=known)

    # --- the posting ---------------------------------------------------------------------------

    async def _post(self, submission: _Submission) -> Any:
        """Send it; where the answer is lost, say where to wait for what tells."""
        try:
            return await self._send(submission)
        except SubmissionUnknown as error:
            if isinstance(submission.operation, TaskOperation):
                candidate = None if error.token is None else error.token.partition(":")[2]
                if candidate is not None and error.cause is not None:  # it is news to the journal
                    self.book.named(submission.id, candidate)
                recovery = self.recovery(submission.id, submission.operation, candidate)
                error._recovery = recovery
            raise

    async def _send(self, submission: _Submission) -> Any:
        """Send it, and say what an end of the client means for it."""
        sending = submission.sending
        try:
            return await self._find_or_send(submission)
        except asyncio.CancelledError:
            error: SunoError = ClientClosed(
                "The client was closed before the request had left; nothing was paid."
            )
            if sending.has_left:
                cause = ClientClosed("the client was closed before the answer was in.")
                error = SubmissionUnknown(submission_id=submission.id, cause=cause)
            elif sending.refused is not None:
                sending.refused()  # in its turn; a cancelled task should not wait
            if not sending.has_left and not self._is_closing:
                raise
        raise error

    async def _find_or_send(self, submission: _Submission) -> Any:
        if submission.after is not None:
            await asyncio.wait([submission.after])
        book, entry = submission.book, None
        known = submission.terms.known  # to send anything, or to leave it in doubt, asks anew
        if known is not None and not known.is_unknown and not _must_send(submission, known):
            return submission.reading.restore(known)
        if submission.terms.key is not None:
            entry = await book.find(submission.id)
            if entry is not None and not _must_send(submission, entry):
                return submission.reading.restore(entry)
        _prepare(submission, may_be_paid=entry is not None and entry.is_unknown)
        _remark(submission)
        body = await self._transport.send(submission.request, submission.sending)
        task_id = task_id_of(body) if submission.request.starts_task else None
        _log.info("%s", submission.accepted_as(task_id))
        writing = asyncio.create_task(self._write_down(submission, task_id, body))
        with suppress(asyncio.CancelledError):  # what is paid for cannot be called back
            await asyncio.shield(writing)
        return submission.reading.read(body, submission.id)

    async def _write_down(self, submission: _Submission, task_id: str | None, body: Body) -> None:
        """Have it in the journal; where that fails, it is paid, and its caller must have it."""
        try:
            if task_id is not None:
                await self.book.accepted(submission.id, task_id)
            else:
                await self.book.answered(submission.id, body)
        except JournalError as error:
            _log.error("%s, but: %s", submission.accepted_as(task_id), error)
            if task_id is not None:
                self.list_unwritten(f"{submission.kind}:{task_id}", error)

    def list_unwritten(self, token: str, error: JournalError) -> None:
        """List what was accepted and the journal does not have, as long as it does not."""
        self.unclaimed.append(token)

        def take_off(written: asyncio.Future[None]) -> None:
            if not written.cancelled():
                with suppress(ValueError):  # somebody took care of it
                    self.unclaimed.remove(token)

        if isinstance(error.__cause__, WrittenLater):
            error.__cause__.written.add_done_callback(take_off)


def _must_send(submission: _Submission, entry: Entry) -> bool:
    """Whether what is known of an earlier one leaves this one to be sent."""
    submission.check_same(entry.operation, entry.digest)
    must_send = submission.terms.sends(entry)
    if entry.is_unknown and not must_send:
        raise SubmissionUnknown(
            "its answer never came, in this run or an earlier run."
            if entry.candidate is None
            else "its answer, in this run or an earlier run, was none.",
            None if entry.candidate is None else f"{entry.kind}:{entry.candidate}",
            entry.kind,
            submission_id=submission.id,
        )
    return must_send


def _remark(submission: _Submission) -> None:
    """Say once, before it is paid for, what its caller may not have meant."""
    remark = warning_for(submission.operation)
    if remark is not None:
        marks = {"operation": submission.request.name, "submission": submission.id, "hint": remark}
        _log.warning("%s: %s", submission.request.title, remark, extra=marks)


def _prepare(submission: _Submission, *, may_be_paid: bool) -> None:
    """Have it written down before each attempt, and taken back after each refusal."""
    book, granted = submission.book, submission.terms.granted

    async def before() -> None:
        is_wanted = granted is None or granted()
        # its caller went during an attempt, which was then refused, or goes in this very moment
        if submission.waiters == 0 or (submission.waiters == 1 and not is_wanted):
            submission.is_called_back = True
            raise asyncio.CancelledError
        await book.about_to_send(submission.id, *submission.asked, submission.kind)

    submission.sending.before = before
    if not may_be_paid:
        submission.sending.refused = lambda: book.take_back(submission.id)
