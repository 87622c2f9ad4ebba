"""What an operation is.

An operation is declared once, as a frozen class of its fields that carries its path, its cost and
the type of its answer. Its fields are the API's in snake case; `_wire` writes them as the API does.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

from attrs import field, fields, frozen

from suno_async._value_object import ValueObject
from suno_async.errors import FieldProblem, InvalidRequest

from ._extra import Extra, extra_of, plain_data
from ._kinds import Kind
from ._rules import must, problems_of, url

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from attrs import Attribute

    from suno_async.errors import SunoError

R_co = TypeVar("R_co", covariant=True)

SENT_AS = "sent_as"
"""Metadata of a field that the API spells in a way of its own."""
SENT_APART = "sent_apart"
"""Metadata of a field that is not in the JSON under its name: a file, or more fields."""
WRITTEN_AS = "written_as"
"""Metadata of a renamed field: the name that it had when it was new, which journals keep."""


class Host(StrEnum):
    """The two hosts, for the same code means different things on them."""

    API = "api"
    """The host that makes songs."""
    UPLOAD = "upload"
    """The host that files are sent to."""


class _Prepared:
    """Room beside the fields: what follows from them is no part of an operation's value."""

    __slots__ = ("_sent",)
    _sent: Mapping[str, Any]


@frozen(kw_only=True)
class Operation(_Prepared, ValueObject, Generic[R_co]):
    """Anything that can be asked of the service; checked when it is built."""

    _path: ClassVar[str]
    """Where it is sent, below the host."""
    _fallback_path: ClassVar[str | None] = None
    """Where else to ask when the path is not found: an older page names another."""
    _method: ClassVar[str] = "POST"
    """The HTTP method."""
    _costs: ClassVar[bool] = True
    """Whether it may be charged, and so must never be sent twice by itself."""
    _host: ClassVar[Host] = Host.API
    """Which of the two hosts takes it."""
    _least_timeout: ClassVar[float] = 0.0
    """Seconds that its answer may take, where that is more than the client's `timeout`."""
    _written_as: ClassVar[str | None] = None
    """Of a renamed class, the name that it had when it was new, which journals keep."""

    extra: Mapping[str, Any] | None = field(
        default=None, converter=extra_of, metadata=must(plain_data) | {SENT_APART: True}
    )
    """Fields of the API that have no attribute here, by their names there, as plain data; they are
    sent unchecked, and are part of what a key names."""

    def __attrs_post_init__(self) -> None:
        # the source's fields first: they are checked with the rest
        for name, value in self._inherited().items():
            object.__setattr__(self, name, value)
        if problems := (*problems_of(self), *_extra_problems(self)):
            raise InvalidRequest(operation=type(self).__name__, problems=problems)
        # once, and not at each submit: deciding it asks half of what was just checked
        object.__setattr__(self, "_sent", self._decided())

    def _inherited(self) -> Mapping[str, Any]:
        """Fields that were left out and are the source's."""
        return {}

    def _problems(self) -> Iterable[FieldProblem]:
        """What is wrong between the fields, each of them being of its type."""
        return ()

    def _decided(self) -> Mapping[str, Any]:
        """What was left open, or is sent under another field, in the API's own terms."""
        return {}


@frozen(kw_only=True)
class CallOperation(Operation[R_co]):
    """An operation that is answered at once."""

    _answer: ClassVar[Any]
    """The type of the answer."""
    _answer_at: ClassVar[tuple[str, ...]] = ("data",)
    """Where the answer lies in the body; of several the first that is there."""

    def _failure(self, _answer: Any) -> SunoError | None:
        """What to raise where the answer says that it failed."""
        return None


@frozen(kw_only=True)
class TaskOperation(Operation[R_co]):
    """An operation that starts a task, paid for when it is accepted."""

    _kind: ClassVar[Kind]
    """What sort of task it starts."""

    callback_url: str | None = field(default=None, metadata=must(url) | {SENT_AS: "callBackUrl"})
    """Where the service shall post what happens; left out, the client's."""


def _extra_problems(operation: Operation[Any]) -> Iterator[FieldProblem]:
    """A name that the operation has a field for: there it is checked, and sent once."""
    if not isinstance(operation.extra, Extra):
        return
    for name in operation.extra:
        for one in fields(type(operation)):
            if _is_name_of(one, name):
                yield FieldProblem(
                    "extra", f"holds {name!r}, which is the field {one.name}: use that"
                )


def _is_name_of(attribute: Attribute[Any], name: str) -> bool:
    """Whether this is a field's name, here or in what is sent."""
    spelt = attribute.metadata.get(SENT_AS)
    if spelt is not None:  # the other spelling is free, should the API mend its own
        return name in {attribute.name, spelt}
    return name.replace("_", "").lower() == attribute.name.replace("_", "")
