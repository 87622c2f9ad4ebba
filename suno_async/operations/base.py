"""What an operation is, and the table of the kinds of task.

An operation is declared once, as a frozen class of its fields that carries its path, its cost and
the type of its answer. Its fields are the API's in snake case; `_wire` writes them as the API does.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar, cast

from attrs import field, frozen

from suno_async.errors import Fault, Host, InvalidRequest
from suno_async.results import Lyrics, Stage, Track, WavFile

from ._rules import field_faults, must, url

if TYPE_CHECKING:
    from typing import Self

R = TypeVar("R")

SENT_AS = "sent_as"
"""Metadata of a field that the API spells in a way of its own."""


@frozen(kw_only=True)
class Operation(Generic[R]):
    """Anything that can be asked of the service; checked when it is built."""

    path: ClassVar[str]
    """Where it is sent, below the host."""
    fallback_path: ClassVar[str | None] = None
    """Where else to ask when the path is not found: an older page names another."""
    method: ClassVar[str] = "POST"
    """The HTTP method."""
    costs: ClassVar[bool] = True
    """Whether it may be charged, and so must never be sent twice by itself."""
    host: ClassVar[Host] = Host.API
    """Which of the two hosts takes it."""

    def __attrs_post_init__(self) -> None:
        faults = tuple(field_faults(self)) or tuple(self.faults())
        if faults:
            raise InvalidRequest(operation=type(self).__name__, faults=faults)

    def faults(self) -> Iterable[Fault]:
        """What is wrong between the fields, each of them being sound by itself."""
        return ()

    def as_sent(self) -> Self:
        """The same request in the API's own terms, all that was left open decided."""
        return self


@frozen(kw_only=True)
class CallOperation(Operation[R]):
    """An operation that is answered at once."""

    answer: ClassVar[Any]
    """The type of the answer."""
    answer_at: ClassVar[tuple[str, ...]] = ("data",)
    """Where the answer lies in the body; of several the first that is there."""


@frozen(kw_only=True)
class TaskOperation(Operation[R]):
    """An operation that starts a task, paid for when it is accepted."""

    kind: ClassVar[Kind]
    """What sort of task it starts."""

    callback_url: str | None = field(default=None, metadata=must(url) | {SENT_AS: "callBackUrl"})
    """Where the service shall post what happens; left out, the client's."""


def as_tuple(values: Iterable[str] | None) -> tuple[str, ...] | None:
    """A list as a tuple; what is no list stays as it is, for the check to name the field."""
    return tuple(values) if isinstance(values, list) else cast("tuple[str, ...] | None", values)


@frozen(kw_only=True)
class Kind:
    """A sort of task: where its record lies and how that is read.

    Paths such as `data.response.suno_data` lead through a whole body, record or push, in snake
    case; of several the first that is there counts.
    """

    name: str
    """The name, as in tokens and logs."""
    record_path: str
    """Where its record is asked for."""
    id_param: str = "taskId"
    """The query parameter that carries the task's id."""
    id_at: tuple[str, ...] = ("data.task_id", "task_id")
    """Where a body says which task it is about."""
    status_at: tuple[str, ...]
    """Where a body has its word for the state."""
    words: Mapping[str, Stage]
    """The stage that each word means; an unknown word leaves it to the contents."""
    failures: frozenset[str]
    """The words that mean that it failed."""
    result_at: tuple[str, ...]
    """Where the result lies."""
    result: Any
    """Its type."""
    stages: tuple[Stage, ...] = (Stage.COMPLETE,)
    """The stages that are told."""
    usual: float
    """Seconds in which nearly all such tasks are complete, as documented or, failing that, seen."""


MUSIC = Kind(
    name="music",
    record_path="/api/v1/generate/record-info",
    status_at=("data.status", "data.callback_type"),
    words={
        "PENDING": Stage.PENDING,
        "GENERATING": Stage.PENDING,
        "TEXT_SUCCESS": Stage.TEXT,
        "FIRST_SUCCESS": Stage.FIRST,
        "SUCCESS": Stage.COMPLETE,
        "text": Stage.TEXT,
        "first": Stage.FIRST,
        "complete": Stage.COMPLETE,
    },
    failures=frozenset(
        {
            "CREATE_TASK_FAILED",
            "GENERATE_AUDIO_FAILED",
            "SENSITIVE_WORD_ERROR",
            "FAILED",
            "error",
        }
    ),
    result_at=("data.response.suno_data", "data.response.data", "data.data"),
    result=tuple[Track, ...],
    stages=(Stage.TEXT, Stage.FIRST, Stage.COMPLETE),
    usual=190.0,
)
LYRICS = Kind(
    name="lyrics",
    record_path="/api/v1/lyrics/record-info",
    status_at=("data.status", "data.callback_type"),
    words={"PENDING": Stage.PENDING, "SUCCESS": Stage.COMPLETE, "complete": Stage.COMPLETE},
    failures=frozenset(
        {"CREATE_TASK_FAILED", "GENERATE_LYRICS_FAILED", "SENSITIVE_WORD_ERROR", "error"}
    ),
    result_at=("data.response.data", "data.data"),
    result=tuple[Lyrics, ...],
    usual=40.0,
)
WAV = Kind(
    name="wav",
    record_path="/api/v1/wav/record-info",
    status_at=("data.success_flag",),
    words={"PENDING": Stage.PENDING, "SUCCESS": Stage.COMPLETE},
    failures=frozenset({"CREATE_TASK_FAILED", "GENERATE_WAV_FAILED"}),
    result_at=("data.response", "data"),
    result=WavFile,
    usual=60.0,
)

KINDS: Mapping[str, Kind] = {kind.name: kind for kind in (MUSIC, LYRICS, WAV)}
"""Every kind by its name."""
