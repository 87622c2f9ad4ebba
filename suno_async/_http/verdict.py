"""What the outcome of an exchange means: pure, without a network.

A request that costs nothing has its answer, or an error and whether to try again. A request that
may cost has exactly three ends: accepted; refused, and nothing was paid; or `SubmissionUnknown`.
Only what was certainly not accepted may be sent again.
"""

from __future__ import annotations

import json
from codecs import BOM_UTF8
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from math import isfinite
from typing import TYPE_CHECKING, Any, cast

from attrs import frozen

from suno_async._wire.records import code_of, other_task_in, task_id_of
from suno_async._wire.refusals import RECORD, api_error
from suno_async.errors import (
    APIError,
    ConnectionFailed,
    DecodeError,
    Maintenance,
    NotFound,
    RateLimited,
    RequestTimeout,
    ServerError,
    SubmissionUnknown,
    SunoError,
)

if TYPE_CHECKING:
    from suno_async._http.requests import Body, Request

_ERRORS = 300
_MOST_RAW = 2**16  # bytes of what is no JSON that an error keeps
_UNSURE_CODES = {408, 502, 503, 504}  # a gateway between gave up waiting, not the service
_SURE_STATUSES = {401, 403, 404, 405, 413, 429}  # without an envelope: refused before any work


@frozen
class Reply:
    """An answer, as it came."""

    status: int
    """The HTTP status."""
    headers: Mapping[str, str]
    """The headers."""
    body: bytes
    """The body, up to 16 MiB of it."""


@frozen
class Silence:
    """No answer came."""

    error: SunoError
    """What happened instead."""
    may_have_arrived: bool
    """Whether the service may have received the request all the same."""


@frozen
class Refusal:
    """Why a request has no result."""

    error: SunoError
    """What to raise."""
    may_retry: bool
    """Whether sending it again can neither pay twice nor be pointless."""


def judge(request: Request, outcome: Reply | Silence) -> Body | Refusal:
    """What the outcome of an exchange means."""
    if isinstance(outcome, Silence):
        return _judge_silence(request, outcome)
    parsed = _parsed(outcome.body)
    body = cast("dict[str, Any]", parsed) if isinstance(parsed, dict) else {}
    code, task_id = code_of(body), task_id_of(body)
    if code in request.answers and (code < _ERRORS or task_id):
        other = other_task_in(body, request.token.partition(":")[2]) if request.token else None
        if other is not None:  # of a cache on the way, say
            problem = DecodeError(f"this is the record of another task, {other}", raw=body)
            return Refusal(problem, may_retry=True)
        if request.costs and (task_id if request.starts_task else body.get("data")) is None:
            missing = "the id of a task" if request.starts_task else "data"
            problem = DecodeError(f"accepted, but without {missing}", path="$.data", raw=body)
            return _unknown(request, problem)
        return body
    error = _error_in(outcome, request, parsed, code)
    if request.kind and task_id:
        error.token, error.kind = f"{request.kind}:{task_id}", request.kind
    if request.costs and not _is_sure(error):  # an error, and it may have been accepted
        return _unknown(request, error)
    return Refusal(error, may_retry=_is_passing(error, request))


def _judge_silence(request: Request, silence: Silence) -> Refusal:
    if request.costs and silence.may_have_arrived:
        return _unknown(request, silence.error)
    passing = isinstance(silence.error, ConnectionFailed | RequestTimeout)
    return Refusal(silence.error, may_retry=passing)


def _parsed(raw: bytes) -> Any:
    """The JSON of a body, or else the beginning of its bytes."""
    try:
        return json.loads(raw.removeprefix(BOM_UTF8).decode())
    except (ValueError, RecursionError):
        return raw[:_MOST_RAW]


def _error_in(
    reply: Reply, request: Request, parsed: Any, code: int | None
) -> APIError | DecodeError:
    """What an answer says that is none: the body's code decides, then the status."""
    where = RECORD if request.token else request.host
    retry_after = asked_to_wait(reply.headers)
    if code is not None:
        message = str(parsed.get("msg") or parsed.get("message") or "")
        if code in request.answers:  # the id that would make it an answer is missing
            return NotFound(message, code=code, http_status=reply.status, retry_after=retry_after)
        return api_error(where, code, message, http_status=reply.status, retry_after=retry_after)
    if reply.status < _ERRORS:
        what = "it is not the service's JSON (is base_url the API's address?)"
        return DecodeError(what, raw=parsed)
    message = "an answer without the service's envelope"
    if "location" in {name.lower() for name in reply.headers}:
        message = "a redirect, which is never followed: check the address"
    elif reply.status == 403:  # noqa: PLR2004 Forbidden
        message = "a gateway in front of the service did not let it pass (not about the key)"
    return api_error(where, None, message, http_status=reply.status, retry_after=retry_after)


def in_brief(error: SunoError) -> str:
    """What went wrong, without the service's own words: they may quote what was asked for."""
    what = type(error).__name__
    if isinstance(error, APIError):
        number = f"code {error.code}" if error.code is not None else f"HTTP {error.http_status}"
        return f"{what}, {number}"
    if isinstance(error, SubmissionUnknown) and error.cause is not None:
        return f"{what} after {in_brief(error.cause)}"
    return what


def _is_sure(error: APIError | DecodeError) -> bool:
    """Whether it was certainly not accepted."""
    if isinstance(error, DecodeError):
        return False
    if error.code is None:
        return error.http_status in _SURE_STATUSES
    return error.code >= _ERRORS and error.code not in _UNSURE_CODES


def _is_passing(error: APIError | DecodeError, request: Request) -> bool:
    """Whether the same request may do better a little later."""
    if isinstance(error, RateLimited | Maintenance):
        return True
    if request.costs or isinstance(error, DecodeError):
        return False
    number = error.http_status if error.code is None else error.code
    return isinstance(error, ServerError) or number in _UNSURE_CODES


def _unknown(request: Request, cause: SunoError) -> Refusal:
    error = SubmissionUnknown(
        token=cause.token,
        kind=request.kind or None,
        submission_id=request.submission,
        cause=cause,
    )
    return Refusal(error, may_retry=False)


def asked_to_wait(headers: Mapping[str, str]) -> float | None:
    """Seconds that the service asks to wait, from either form of the header."""
    given = headers.get("Retry-After", "")
    try:
        seconds = float(given)
    except ValueError:
        try:  # by the service's own clock
            then, sent = map(parsedate_to_datetime, (given, headers.get("Date", "")))
            seconds = (then - sent).total_seconds()
        except (ValueError, TypeError, OverflowError):
            return None
    return max(0.0, seconds) if isfinite(seconds) else None
