"""What records of several kinds share: status, errors, the request as text."""

import json
from typing import Any

from suno_async.testing._api.jobs import Job, Moment

Record = dict[str, Any]
"""A JSON object."""


def status(job: Job, now: float, running: str) -> str | int:
    """The status word: a failure, a callback that was not delivered, or how far the task is."""
    moment = job.moment(now)
    if moment is Moment.FAILED:
        return job.failure
    if job.undelivered_from is not None and moment >= job.undelivered_from:
        return "CALLBACK_EXCEPTION"
    return "SUCCESS" if moment is Moment.COMPLETE else running


def errors(job: Job, now: float, *, fine: int | None = None) -> Record:
    """The fields of a failure; the envelope says success all the same."""
    if job.moment(now) is Moment.FAILED:
        return {"errorCode": job.error_code, "errorMessage": job.error_message}
    return {"errorCode": fine, "errorMessage": None if fine is None else ""}


def param(job: Job) -> str:
    """The request, as JSON in a text."""
    return json.dumps(dict(job.body), ensure_ascii=False, separators=(",", ":"))


def place(job: Job) -> int:
    """Which track of its task the task works on."""
    return job.source[1] if job.source else 0
