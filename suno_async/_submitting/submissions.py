"""Paid requests: never sent twice, and finished even when their callers have gone.

A paid request is made by an asyncio task of ours, for which its callers wait. Cancelling them
before the request has left cancels it; after that it goes on by itself, and what it brings is
logged, listed in `unclaimed`, and in the journal.

A caller's key names one submission for ever. While one is under way, a second caller with its key
waits for it, too, and gets the same task or error. After that the journal knows the key. A key is
free again when its request ended unpaid.
"""

from __future__ import annotations

import asyncio
import logging
import uuid
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import suppress
from copy import copy
from functools import partial
from typing import Any, TypeVar, cast

from attrs import define, field, frozen

from suno_async._deadline import Deadline
from suno_async._http.attempts import Sending, Transport, give_back, is_cancelled
from suno_async._http.requests import Body, request_for
from suno_async._http.verdict import Refusal, in_brief
from suno_async._journal.digest import digest_of
from suno_async._journal.journal import Entry, SubmissionState, WrittenLater
from suno_async._submitting.recovery import Recoveries
from suno_async._submitting.tasks import Tasks
from suno_async._wire.bodies import written_of
from suno_async._wire.callback_urls import CallbackUrls
from suno_async._wire.records import answer_of, task_id_of
from suno_async.errors import (
    ClientClosed,
    ConfigurationError,
    ConnectionFailed,
    JournalError,
    SubmissionUnknown,
    SunoError,
)
from suno_async.limiter import Priority
from suno_async.operations import CallOperation, GetCredits, Operation, TaskOperation
from suno_async.operations._groups import warning_for
from suno_async.operations._model import SHORT_BY_DEFAULT
from suno_async.task import Task

R = TypeVar("R")

_log = logging.getLogger("suno_async")
_TOKENS = 100  # that one record of the log names


@frozen(kw_only=True)
class Terms:
    """How a submission stands to earlier ones of the same key, and to its caller."""

    key: str | None = None
    """What names it for ever, `None` where nothing shall."""
    resend_unknown: bool = False
    """Whether to send it again where an earlier one may have been accepted."""
    retry_failed: bool = False
    """Whether to send it again where an earlier one was accepted and has failed."""
    known: Entry | None = None
    """What the journal knew of it a moment before, when many were asked for at once."""
    on_slot: Callable[[], bool] | None = None
    """Called when it has its slot: whether it is wanted still, for from then on it leaves."""
    parks: bool = False
    """Whether its caller waits out an outage, and submits it again."""
    timeout: float | None = None
    """Seconds for one attempt, `None` for the client's."""

    def sends(self, earlier: Entry | None) -> bool:
        """Whether it is sent, by what is known of an earlier one."""
        if earlier is None:
            return True
        if earlier.is_unknown:
            return self.resend_unknown
        return self.retry_failed and earlier.state is SubmissionState.FAILED


@define(eq=False)
class _Submission:
    id: str
    operation: Operation[Any]
    asked: tuple[str, dict[str, Any]]
    terms: Terms
    sending: Sending
    earlier: asyncio.Task[Any] | None
    """The request of an earlier one with the same key, which is being cancelled."""
    waiters: int = 1
    is_delivered: bool = False
    """Whether a caller has got what it brought."""
    is_cancelled: bool = False
    """Whether it was cancelled before it had left, since no caller waited any more."""
    is_noted: bool = False
    """Whether the journal has a claim or a row of it, to be taken back if it never leaves."""
    request: asyncio.Task[Any] = field(init=False)
    """What makes the request, and ends with what its callers get."""

    @property
    def title(self) -> str:
        return self.sending.request.title

    def check_same(self, operation: str, digest: str) -> None:
        """A key is for one request."""
        if digest != digest_of(*self.asked):
            raise ConfigurationError(
                f"The key {self.id!r} belongs to another request, {operation}: a key names one "
                "request for ever."
            )


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
    tasks: Tasks
    """The tasks that they start, and the journal."""
    recoveries: Recoveries
    """Where the callers of those whose answer was lost may wait."""
    callback_urls: CallbackUrls | str
    """Where the service shall post, unless an operation says otherwise; a text is for all."""
    _by_id: dict[str, _Submission] = field(factory=dict[str, _Submission], init=False)
    _out: set[_Submission] = field(factory=set[_Submission], init=False)
    _is_closing: bool = field(default=False, init=False)

    async def pay(
        self, operation: Operation[R], priority: Priority, terms: Terms
    ) -> tuple[Any, bool]:
        """Send a paid request, or join the one that has this key.

        It gives the task, or the answer of a call, and whether the journal knew it already.

        Raises:
            SubmissionUnknown: it may have been paid for, and no answer tells.
            ClientClosed: the client ended before the request had left.
            ConfigurationError: the key belongs to another request.
            JournalError: it could not be written down first, so it was not sent.
            SunoError: it was refused, or could not be sent.
        """
        self._transport.ready()
        asked = written_of(operation)
        known = None if terms.key is None else self._by_id.get(terms.key)
        if known is not None and not known.is_cancelled and not known.request.done():
            known.check_same(asked[0], digest_of(*asked))
            known.waiters += 1
            try:
                return await self._result(known)
            except SunoError as error:
                own = copy(error)  # each caller raises one of its own: a traceback grows with it
            try:
                raise own
            finally:
                del own
        submission_id = terms.key or uuid.uuid4().hex
        request = request_for(
            operation,
            priority,
            submission=submission_id,
            # in no variable of its own: it holds a secret, and some tracebacks show variables
            callback_url=self._callback_url(operation, submission_id),
            timeout=terms.timeout,
        )
        new = _Submission(
            submission_id,
            operation,
            asked,
            terms,
            Sending(self._transport, request, terms.parks),
            None if known is None else known.request,
        )
        self._out.add(new)
        self._by_id[new.id] = new
        new.request = asyncio.create_task(self._request(new))
        new.request.add_done_callback(lambda _: self._ended(new))
        return await self._result(new)

    async def probe(self, delay: float) -> None:
        """Ask once after so many seconds, for free, to see whether the service answers."""
        self._transport.ready()
        await self._transport.probe(request_for(GetCredits(), Priority._FINISHING), delay)

    async def find_many(self, keys: list[str]) -> Mapping[str, Entry]:
        """What the journal knows of these."""
        self._transport.ready()  # in a fork, nobody would answer
        return await self.tasks.journal.find_many(keys)

    async def entries(self, state: SubmissionState | None) -> AsyncIterator[Entry]:
        """What the journal knows, as long as the client is open."""
        self._transport.ready()
        async for entry in self.tasks.journal.entries(state):
            yield entry
            self._transport.ready()

    async def answered(self, submission: str) -> bool:
        """Wait for the answer of a submission whose request is under way; whether it was."""
        under_way = [one.request for one in self._out if one.id == submission]
        if under_way:
            await asyncio.wait(under_way)
        return bool(under_way)

    async def close(self) -> None:
        """Cancel what has not left, and wait for the rest, as long as an answer may take."""
        self._is_closing = True
        self._transport.stop()
        for submission in self._out:
            if not submission.sending.has_left:
                submission.request.cancel()
        seconds_for = self._transport.http.seconds_for
        try:
            await self._quiet(
                max((seconds_for(one.sending.request) for one in self._out), default=0.0)
            )
        finally:  # also if the closing itself is cancelled
            for submission in self._out:
                submission.request.cancel()
            await self._quiet(None)

    async def _quiet(self, timeout: float | None) -> None:
        if self._out:
            with suppress(TimeoutError):
                async with Deadline(timeout):
                    await asyncio.wait([one.request for one in self._out])

    def _callback_url(self, operation: Operation[Any], submission: str) -> str:
        if isinstance(self.callback_urls, str):
            return self.callback_urls
        if not self._has_callbacks(operation):
            return ""  # it is not sent
        return self.callback_urls.of(submission, cast("TaskOperation[Any]", operation)._kind.name)

    def _has_callbacks(self, operation: Operation[Any]) -> bool:
        """Whether the service posts to us what happens to its task."""
        return (
            not isinstance(self.callback_urls, str)
            and isinstance(operation, TaskOperation)
            and operation.callback_url is None
        )

    # --- the callers ---------------------------------------------------------------------------

    async def _result(self, submission: _Submission) -> tuple[Any, bool]:
        """Wait for the request, as one of its callers."""
        try:
            result: tuple[Any, bool] = await asyncio.shield(submission.request)
            submission.is_delivered = True
        except asyncio.CancelledError:
            if submission.waiters == 1:
                self._abandon(submission)
            # here, for a request that is cancelled before its first step cannot say it
            if self._is_closing and not is_cancelled():
                raise ClientClosed(
                    "The client was closed before the request had left; nothing was paid."
                ) from None
            raise
        finally:
            submission.waiters -= 1
            if submission.waiters == 0 and submission not in self._out:
                _let_go(submission)
        return result

    def _abandon(self, submission: _Submission) -> None:
        """No caller waits any more."""
        if submission not in self._out:
            if not submission.is_delivered:  # the caller of another `submit` with its key has it
                self._report(submission)
        elif not submission.sending.has_left:
            submission.is_cancelled = True
            submission.request.cancel()

    def _ended(self, submission: _Submission) -> None:
        self._out.discard(submission)
        if self._by_id.get(submission.id) is submission:
            del self._by_id[submission.id]
        if not submission.request.cancelled():
            submission.request.exception()  # seen: its callers get it, else `_report` logs it
        if submission.waiters == 0:
            self._report(submission)
            _let_go(submission)

    def _report(self, submission: _Submission) -> None:
        """Its callers have gone: log what became of it, and list what was accepted."""
        request, title = submission.request, submission.title
        if not submission.sending.has_left:
            return
        error = request.exception()
        if error is None:
            result, _ = request.result()
            what = f"{title} was accepted after its caller had gone"
            if isinstance(result, Task):
                token = result.token
                self.tasks.unclaimed.append(token)
                _log.warning("%s: pick it up with task(%r)", what, token, extra={"tokens": [token]})
            else:
                _log.warning("%s: %r", what, result)
        else:
            why = in_brief(error) if isinstance(error, SunoError) else repr(error)
            known = {"unclaimed": error, "asked": submission.asked}
            _log.warning("%s, whose caller has gone: %s", title, why, extra=known)

    # --- the request ---------------------------------------------------------------------------

    async def _request(self, submission: _Submission) -> tuple[Any, bool]:
        """Make it; where the answer is lost, say where to wait for what tells."""
        operation = submission.operation
        try:
            return await self._unless_closed(submission)
        except SubmissionUnknown as error:
            candidate = None if error.token is None else error.token.partition(":")[2]
            if error.cause is not None:  # it is news to the journal
                self.tasks.journal.in_doubt(submission.id, candidate)
            if isinstance(operation, TaskOperation):
                has_callbacks = self._has_callbacks(operation)
                if has_callbacks or candidate is not None:
                    error._recovery = self.recoveries.lost(
                        submission.id, operation, candidate, has_callbacks=has_callbacks
                    )
            raise

    async def _find_or_send(self, submission: _Submission) -> tuple[Any, bool]:
        """Make it, or find it; a server of the journal that is away parks whoever can wait."""
        try:
            return await self._claim_and_send(submission)
        except JournalError as error:
            may_come_back = self.tasks.journal.is_shared and submission.terms.parks
            if submission.sending.has_left or not may_come_back:
                raise
            raise ConnectionFailed(error.message) from error

    async def _unless_closed(self, submission: _Submission) -> tuple[Any, bool]:
        """Make it, and say what an end of the client means for it."""
        try:
            return await self._find_or_send(submission)
        except asyncio.CancelledError:
            if not submission.sending.has_left:
                raise
            cause = ClientClosed("the client was closed before the answer was in.")
        raise SubmissionUnknown(submission_id=submission.id, cause=cause)

    async def _claim_and_send(self, submission: _Submission) -> tuple[Any, bool]:
        if submission.earlier is not None:
            await asyncio.wait([submission.earlier])
        terms, journal = submission.terms, self.tasks.journal
        known = terms.known  # to send anything, or to leave it in doubt, the journal is asked anew
        if known is not None and not known.is_unknown and not _must_send(submission, known):
            return self._restored(submission, known), True
        body: Body | None = None
        while body is None:
            if terms.key is not None and (entry := await self._claim(submission)) is not None:
                return self._restored(submission, entry), True
            if not submission.sending.number:
                _remark(submission)
            try:
                body = await self._send(submission)
            except BaseException as error:
                # what could not be noted is not there, but the key's claim is; it is given back in
                # its turn, for a cancelled task should not wait
                is_there = journal.is_shared or not isinstance(error, JournalError)
                if submission.is_noted and is_there and not submission.sending.has_left:
                    journal.take_back(submission.id)
                raise
        task_id = task_id_of(body) if isinstance(submission.operation, TaskOperation) else None
        _log.info("%s", _accepted_as(submission, task_id))
        writing = asyncio.create_task(self._write_down(submission, task_id, body))
        with suppress(asyncio.CancelledError):  # what is paid for cannot be called back
            await asyncio.shield(writing)
        return self._accepted(submission, task_id, body), False

    async def _claim(self, submission: _Submission) -> Entry | None:
        """Take the key, before any wait: `None` if it is ours, else what stands in its way."""
        journal = self.tasks.journal
        claim = partial(
            journal.claim,
            submission.id,
            *submission.asked,
            submission.sending.request.kind or None,
            has_callback=self._has_callbacks(submission.operation),
        )
        entry = await claim()
        while entry is not None:
            if entry.is_elsewhere:
                submission.check_same(entry.operation, entry.digest)
                await journal.settled(submission.id)
                entry = await claim()
            elif _must_send(submission, entry):
                entry = await claim(after=entry)
            else:
                break
        submission.is_noted = entry is None and journal.is_shared
        return entry

    async def _send(self, submission: _Submission) -> Body | None:
        """Send it once; `None` where that must begin anew, with the key."""
        sending, journal = submission.sending, self.tasks.journal
        slot = await sending.slot()
        try:
            self._check_wanted(submission)
            # not before the slot is there, or a kill in a long wait would leave a doubt; not after
            # the first byte, or a kill between the two would be forgotten
            submission.is_noted = True
            is_ours = await journal.about_to_send(
                submission.id,
                *submission.asked,
                sending.request.kind or None,
                has_callback=self._has_callbacks(submission.operation),
                timeout=self._transport.http.seconds_for(sending.request),
            )
        except BaseException:
            give_back(slot)
            raise
        if not is_ours:  # another client was faster, while this one was taken for dead
            give_back(slot)
            return None
        result = await sending.attempt(slot)
        if not isinstance(result, Refusal):
            return result
        if not sending.has_left:  # before the rest, in which others may have the key
            submission.is_noted = False
            taking_back = journal.take_back(submission.id)
            await asyncio.wait([taking_back])  # what goes wrong there is logged there
        try:
            await sending.rest(result)
        finally:
            del result  # or its error and the traceback would hold each other
        return None

    def _check_wanted(self, submission: _Submission) -> None:
        """Cancel what no caller wants any more, for now it leaves."""
        on_slot = submission.terms.on_slot
        is_wanted = on_slot is None or on_slot()
        # its caller went during an attempt, which was then refused, or goes in this very moment
        if submission.waiters == 0 or (submission.waiters == 1 and not is_wanted):
            submission.is_cancelled = True
            raise asyncio.CancelledError

    def _accepted(self, submission: _Submission, task_id: str | None, body: Body) -> Any:
        operation = submission.operation
        if not isinstance(operation, TaskOperation):
            return answer_of(cast("CallOperation[Any]", operation), body)
        task: Task[Any] = self.tasks.accepted(
            operation,
            task_id or "",  # its being there is what made it accepted
            submission.id,
            at=asyncio.get_running_loop().time(),
            has_callbacks=self._has_callbacks(operation),
        )
        return task

    def _restored(self, submission: _Submission, entry: Entry) -> Any:
        operation = submission.operation
        if not isinstance(operation, TaskOperation):
            return answer_of(cast("CallOperation[Any]", operation), entry.outcome or {})
        return self.tasks.restored(operation, entry)

    async def _write_down(self, submission: _Submission, task_id: str | None, body: Body) -> None:
        """Have it in the journal; where that fails, it is paid, and its caller must have it."""
        journal = self.tasks.journal
        try:
            if task_id is not None:
                await journal.accepted(submission.id, task_id)
            else:
                await journal.answered(submission.id, body)
        except JournalError as error:
            _log.error("%s, but: %s", _accepted_as(submission, task_id), error)
            if task_id is not None:
                self._list_unwritten(f"{submission.sending.request.kind}:{task_id}", error)

    def _list_unwritten(self, token: str, error: JournalError) -> None:
        """List what was accepted and the journal does not have, as long as it does not."""
        unclaimed = self.tasks.unclaimed
        unclaimed.append(token)

        def take_off(written: asyncio.Future[None]) -> None:
            if not written.cancelled():
                with suppress(ValueError):  # somebody took care of it
                    unclaimed.remove(token)

        if isinstance(error.__cause__, WrittenLater):
            error.__cause__.written.add_done_callback(take_off)


def _let_go(submission: _Submission) -> None:
    """It is over, and its callers have it: leave nothing to the garbage collector."""
    del submission.request  # its error's traceback knows of this


def _accepted_as(submission: _Submission, task_id: str | None) -> str:
    """For the log, that it was accepted."""
    token = "" if task_id is None else f" as {submission.sending.request.kind}:{task_id}"
    return f"{submission.title} was accepted{token}"


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
    if getattr(submission.operation, "model", None) not in SHORT_BY_DEFAULT:
        return
    remark = warning_for(submission.operation)
    if remark is not None:
        marks = {
            "operation": submission.sending.request.name,
            "submission_id": submission.id,
            "hint": remark,
        }
        _log.warning("%s: %s", submission.title, remark, extra=marks)
