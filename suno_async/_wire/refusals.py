"""What a refusal means: the error for each code, as the host or the record uses it."""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import TYPE_CHECKING

from suno_async.errors import (
    APIError,
    AuthenticationFailed,
    BadRequest,
    Conflict,
    ContentRejected,
    InsufficientCredits,
    Maintenance,
    NotFound,
    RateLimited,
    ServerError,
    TaskFailed,
    TooLong,
)
from suno_async.operations._base import Host

if TYPE_CHECKING:
    from collections.abc import Mapping

RECORD = "record"
"""Where a code was seen that is no host's: in the place of a task's record."""

_CODES: Mapping[str, Mapping[int, type[APIError]]] = {
    Host.API: {
        400: BadRequest,
        401: AuthenticationFailed,
        402: InsufficientCredits,
        404: NotFound,
        405: RateLimited,
        409: Conflict,
        413: TooLong,
        422: BadRequest,
        429: InsufficientCredits,
        430: RateLimited,
        451: BadRequest,
        455: Maintenance,
    },
    Host.UPLOAD: {405: BadRequest, 429: RateLimited},  # else as API; 405 is a wrong method here
    RECORD: {422: NotFound},  # else as API; there is only an id to complain of
}
_MATCHES_A_WORK = 413  # of a task, while of a request it is a text that is too long
_CREDITS_OR_RATE = 429
_RATE = re.compile(
    r"frequen|too many|\b(rate|limit)|[频頻][率繁]|限[流速]|速率|[请請]求(次[数數]|[过過太])",
    re.IGNORECASE,
)
_CREDITS = re.compile(
    r"credit|insufficient|top.?up|balance|[积積]分|[余餘][额額]|[额額]度|[点點][数數]|充值|不足|欠[费費]",
    re.IGNORECASE,
)


def api_error(
    where: str,
    code: int | None,
    message: str,
    *,
    http_status: int,
    retry_after: float | None = None,
) -> APIError:
    """The error for a refusal by a host, or in place of a `RECORD`.

    `code` is `None` where the answer had no envelope.
    """
    number = http_status if code is None else code
    chosen = _CODES[where].get(number) or _CODES[Host.API].get(number)
    if number == _CREDITS_OR_RATE and (code is None or _is_about_rate(message)):
        chosen = RateLimited
    if chosen is None:
        chosen = ServerError if number >= HTTPStatus.INTERNAL_SERVER_ERROR else APIError
    return chosen(message, code=code, http_status=http_status, retry_after=retry_after)


def failure_class(status: str | None, code: int | None) -> type[TaskFailed]:
    """The error for a task that the service gave up with this word and code."""
    rejected = status == "SENSITIVE_WORD_ERROR" or code == _MATCHES_A_WORK
    return ContentRejected if rejected else TaskFailed


def _is_about_rate(message: str) -> bool:
    return bool(_RATE.search(message)) and not _CREDITS.search(message)
