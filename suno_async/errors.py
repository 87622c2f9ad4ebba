"""What can go wrong, as one tree.

::

    SunoError
    ├── InvalidRequest          (a ValueError)    refused here, before anything was sent or paid
    ├── ConfigurationError                        the client was set up or used wrongly
    ├── ClientClosed                              the client has ended; the task has not
    ├── ConnectionFailed                          no answer, and nothing was paid
    ├── RequestTimeout          (a TimeoutError)  no answer in time, and nothing was paid
    ├── SubmissionUnknown                         no answer, and it may have been paid
    ├── DecodeError                               an answer that cannot be read
    ├── JournalError                              the journal's file cannot be used
    ├── APIError                                  the service said no
    │   ├── BadRequest                            400, 422, 451
    │   ├── AuthenticationFailed                  401
    │   ├── InsufficientCredits                   402, 429 by its documented meaning
    │   ├── NotFound                              404, and a task without a record
    │   ├── RateLimited                           430, 405 (API host), 429 for rate
    │   ├── Conflict                              409
    │   ├── TooLong                               413
    │   ├── Maintenance                           455
    │   └── ServerError                           500 and above
    ├── TaskError
    │   ├── TaskFailed                            the service could not make it
    │   │   └── ContentRejected                   ... because of its words or its likeness
    │   └── TaskTimeout         (a TimeoutError)  waited long enough; the task goes on
    ├── DownloadFailed                            a file could not be fetched or written
    └── CallbackRejected                          a callback that is forged or cannot be read

Every error prints as one sentence, pickles, and carries the `token` and the `kind` of the task it
is about, where there is one. All fields are positional with defaults, because exceptions with
keyword-only fields cannot be unpickled.
"""

from __future__ import annotations

import pickle
from typing import TYPE_CHECKING, Any

import attrs
from attrs import define, field, frozen

if TYPE_CHECKING:
    from suno_async.task import Task

_REFUNDED = 531
_GIVEN_BACK = " The credits were returned"


def _short(value: Any, limit: int = 80) -> str:
    if isinstance(value, str) and len(value) > limit:
        return f"{value[:limit]!r}… of {len(value)} characters"
    try:
        text = repr(value)
    except RecursionError:  # Python reads deeper nests than it shows
        return "nested too deeply to be shown"
    except Exception:  # noqa: BLE001 whatever a caller's object does
        return f"{type(value).__name__}, which cannot be shown"
    return text if len(text) <= limit else f"{text[:limit]}…"


@frozen
class FieldProblem:
    """One thing that is wrong with a request."""

    field: str
    """The name of the operation's attribute."""
    problem: str
    """What is wrong with it and what is allowed, as the end of a sentence that begins with it."""
    given: Any = attrs.field(default=None, repr=_short)  # `field` is a name here
    """What was given; of an object that another process cannot have, there the text."""

    def __reduce__(self) -> tuple[type[FieldProblem], tuple[Any, ...]]:
        given = self.given
        try:  # pickle itself would find out in the midst of the error, and lose it
            pickle.dumps(given)
        except Exception:  # noqa: BLE001 it may be anything
            given = _short(given)
        return FieldProblem, (self.field, self.problem, given)

    def __str__(self) -> str:
        given = "" if self.given is None else f" (given: {_short(self.given)})"
        return f"{self.field} {self.problem}{given}"


@define(slots=False, str=False)
class SunoError(Exception):
    """Anything that this package raises on purpose."""

    message: str = ""
    """What happened and what to do, as one sentence."""
    token: str | None = None
    """The token of the task it is about: `suno.task(token)` picks the task up again."""
    kind: str | None = None
    """The kind of that task, for example `music`."""

    def __str__(self) -> str:
        return self.message


@define(slots=False, str=False)
class InvalidRequest(SunoError, ValueError):
    """The operation breaks a documented rule; nothing was sent and nothing was paid."""

    operation: str = ""
    """The name of the operation's class."""
    problems: tuple[FieldProblem, ...] = ()
    """Everything that is wrong with it, at once."""

    def __str__(self) -> str:
        problems = "; ".join(map(str, self.problems)) or self.message
        return f"{self.operation or 'The request'} cannot be sent: {problems}."


class ConfigurationError(SunoError):
    """The client was set up or used in a way that cannot work."""


class ClientClosed(SunoError):
    """The client has ended; a listener can pick the task up again by its token."""


class ConnectionFailed(SunoError):
    """No answer came, and nothing was paid."""


class RequestTimeout(SunoError, TimeoutError):
    """No answer came in time, and nothing was paid."""


@define(slots=False, str=False)
class SubmissionUnknown(SunoError):
    """A paid request left, and nobody knows whether the service accepted it.

    It is never sent again by itself, for that could pay twice. With a `CallbackReceiver`,
    `recovered` gives the task when its first callback arrives. Where an answer came that is none,
    but names a task, that is the error's `token`, and `recovered` asks whether the service has it.
    Else, whether it was accepted shows in the credits and on the account's page.
    """

    submission_id: str = ""
    """The submission's id, as in the log and in the callback URL."""
    cause: SunoError | None = None
    """What became of the answer."""
    _recovery: Any = field(default=None, init=False, repr=False)
    """A `LostAnswer`: what waits for that callback, or polls; it stays in this process."""

    async def recovered(self, timeout: float | None = 180.0) -> Task[Any]:
        """The task, once a callback or a poll shows that the service accepted it after all.

        Needs a `CallbackReceiver`, unless the error has a `token`. It may be called before or after
        the callback comes, and again. A callback is believed when one poll of the task has
        confirmed it. If nobody waits then, the client's `unclaimed` lists the task until this gives
        it.

        Args:
            timeout: Seconds from now, `None` for no limit.

        Raises:
            SubmissionUnknown: this error itself: nothing has come in time, or nothing can come,
                since the error is from another process, or has no token and the client no
                receiver, or the operation a callback URL of its own.
            ClientClosed: the client has ended.
        """
        waiting = None if self._recovery is None else self._recovery.wait(timeout)
        task: Task[Any] | None = waiting and await waiting
        if task is None:
            raise self
        return task

    def __str__(self) -> str:
        named = f" The answer named {self.token}: recovered() asks for it." if self.token else ""
        return (
            f"It is not known whether the service accepted (and charged) submission "
            f"{self.submission_id}: {self.cause or self.message} It was not sent again.{named}"
        )


@define(slots=False, str=False)
class DecodeError(SunoError):
    """An answer of the service that cannot be read."""

    path: str = "$"
    """Where in the JSON the problem lies, for example `$.data.taskId`."""
    raw: Any = None
    """The body as it came: parsed as far as possible, else its bytes."""

    def __str__(self) -> str:
        shown = self.raw.decode(errors="replace") if isinstance(self.raw, bytes) else self.raw
        return (
            f"The service's answer cannot be read: {self.message} at {self.path}: {_short(shown)}."
        )


class JournalError(SunoError):
    """The journal cannot be used: its file, or its database."""


@define(slots=False, str=False)
class APIError(SunoError):
    """The service refused the request; nothing was paid.

    `message` is what the service said.
    """

    code: int | None = None
    """The number in the answer's body, `None` where there was no envelope."""
    http_status: int | None = None
    """The HTTP status, which is 200 for most refusals."""
    retry_after: float | None = None
    """Seconds that the service asks to wait, where it does."""

    _advice = ""
    """What to do, as the sentence that the error ends with."""

    @property
    def refunded(self) -> bool:
        """Whether the service said that the credits were returned."""
        return self.code == _REFUNDED

    def __str__(self) -> str:
        number = f"code {self.code}" if self.code is not None else f"HTTP {self.http_status}"
        said = self.message.strip().rstrip(".") or "no reason given"
        refund = f"{_GIVEN_BACK}: nothing was paid." if self.refunded else ""
        return f"The service refused the request: {said} ({number}).{refund}{self._advice}"


class BadRequest(APIError):
    """Codes 400, 422 and 451: a field is missing or wrong, or a file could not be fetched."""


class AuthenticationFailed(APIError):
    """Code 401: the key is missing or wrong."""

    _advice = " Check the key: https://sunoapi.org/api-key lists the valid ones."


class InsufficientCredits(APIError):
    """Code 402, and 429 by its documented meaning: the account is empty."""

    _advice = " Top up the account; waiting does not help."


class NotFound(APIError):
    """Code 404: no such path, or nothing with that id.

    That there is no record of a task (yet) is also said with 422, with 200 and no data, and of a
    recovery with 500 and no id.
    """


class RateLimited(APIError):
    """Codes 430 and 405, and 429 where it means the rate: more than 20 requests in 10 seconds."""

    _advice = " Someone else may be using the key's rate: share one limiter between processes."


class Conflict(APIError):
    """Code 409: it exists already, as a WAV, a cover or a persona can only be made once."""


class TooLong(APIError):
    """Code 413: a text is longer than the service takes."""


class Maintenance(APIError):
    """Code 455: the service is being maintained."""

    _advice = " Try again later."


class ServerError(APIError):
    """Codes and statuses from 500 on: the service failed; with 531 it returned the credits."""


class TaskError(SunoError):
    """Something about a task that was accepted and paid for."""


@define(slots=False, str=False)
class TaskFailed(TaskError):
    """The service could not make it; awaiting the task again raises the same."""

    status: str | None = None
    """The service's own word, for example `GENERATE_AUDIO_FAILED`."""
    code: int | None = None
    """The service's error code, where it gave one."""
    partial_result: Any = None
    """The result when it failed: for songs a tuple of tracks, `None` for nothing."""

    @property
    def refunded(self) -> bool:
        """Whether the service said that the credits were returned."""
        return self.code == _REFUNDED

    def __str__(self) -> str:
        said = self.message.strip().rstrip(".") or "the service gave no reason"
        marks = [self.status, f"code {self.code}" if self.code is not None else None]
        what = ", ".join(filter(None, marks))
        refund = f"{_GIVEN_BACK}." if self.refunded else ""
        task = f"Task {self.token}" if self.token else f"The {self.kind} task"
        return f"{task} failed: {said}{f' ({what})' if what else ''}.{refund}"


class ContentRejected(TaskFailed):
    """The words or the audio were rejected; the same request will be rejected again."""


class TaskTimeout(TaskError, TimeoutError):
    """The wait was over before the task was; nothing is lost, await it again."""


class DownloadFailed(SunoError):
    """A file could not be fetched, is not what it claims to be, or could not be written."""


@define(slots=False, str=False)
class CallbackRejected(SunoError):
    """A callback that is not from the service, or that cannot be read; it changed nothing."""

    http_status: int = 400
    """What to answer: 404 forged, 408 slow, 413 too large, 400 not readable, 429 too many at once,
    409 about another's task."""

    def __str__(self) -> str:
        return f"A callback was rejected: {self.message}."
