"""What is sent: the requests of operations, and the polls of tasks; pure, without a network."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

from attrs import field, frozen

from suno_async._http.multipart import Form, form_of
from suno_async._wire.bodies import body_of, texts_of
from suno_async.limiter import Priority
from suno_async.operations import Operation, TaskOperation, UploadStream
from suno_async.operations._base import Host

if TYPE_CHECKING:
    from suno_async.operations._kinds import Kind

Body: TypeAlias = Mapping[str, Any]


@frozen(kw_only=True)
class Request:
    """One request to the service, whatever it is for."""

    name: str
    """The operation, for logs."""
    method: str
    """The HTTP method."""
    path: str
    """The path, below the host."""
    host: Host = Host.API
    """Which of the two hosts takes it."""
    params: Mapping[str, str] | None = None
    """The query."""
    body: Body | None = field(default=None, repr=False)
    """What is sent as JSON; the callback URL in it is a secret."""
    costs: bool = False
    """Whether it may be charged."""
    starts_task: bool = False
    """Whether the answer must carry the id of a task."""
    submission: str = ""
    """The id of what is paid for: made by us, or the caller's key."""
    token: str = ""
    """The token of the task that is polled."""
    priority: Priority = Priority.INTERACTIVE
    """The priority in the limiter."""
    kind: str = ""
    """The kind of the task that it starts."""
    answers: frozenset[int] = frozenset({200})
    """The codes of an answer; those of an error only with the id of a task."""
    form: Form | None = None
    """What is sent in place of JSON."""
    timeout: float | None = None
    """Seconds for one attempt; `None` is the client's, or `least_timeout` where that is more."""
    least_timeout: float = 0.0
    """Seconds that an answer may well take, where the caller has not said for how long to wait."""

    @property
    def title(self) -> str:
        """What it is called in the log."""
        return f"{self.name} {self.submission or self.token}".rstrip()


def request_for(
    operation: Operation[Any],
    priority: Priority,
    *,
    submission: str = "",
    callback_url: str = "",
    timeout: float | None = None,
) -> Request:
    """The request of an operation; `callback_url` is for one that has none of its own."""
    fields = body_of(operation, callback_url)
    posts = operation._method == "POST"
    kind = operation._kind.name if isinstance(operation, TaskOperation) else ""
    return Request(
        name=type(operation).__name__,
        method=operation._method,
        path=operation._path,
        host=operation._host,
        body=fields if posts else None,
        params=None if posts else texts_of(fields),
        costs=operation._costs,
        starts_task=bool(kind),
        submission=submission,
        priority=priority,
        kind=kind,
        form=form_of(operation) if isinstance(operation, UploadStream) else None,
        timeout=timeout,
        least_timeout=operation._least_timeout,
    )


def poll_of(kind: Kind, task_id: str) -> Request:
    """The poll of a task: the question for its record."""
    return Request(
        name="Poll",
        token=f"{kind.name}:{task_id}",
        method="GET",
        path=kind.record_path,
        params={kind.id_param: task_id},
        answers=kind.codes,
    )
