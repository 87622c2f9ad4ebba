"""The parts of one call: the operation, what was sent, and the two ways to answer it."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from attrs import frozen

from suno_async.testing._api.facts import MESSAGES, PRICES, Body
from suno_async.testing.ledger import Entry
from suno_async.testing.timetable import Kind

if TYPE_CHECKING:
    from suno_async.testing._api.service import Service

Rule = Callable[[Body], None]
"""Checks one field of a body; raises `Refusal`."""


class Refusal(Exception):
    """The request is answered with this code, and nothing is done or charged."""

    def __init__(self, code: int, message: str | None = None, data: Any = None) -> None:
        super().__init__(code, message)
        self.code = code
        self.message = MESSAGES[code] if message is None else message
        self.data = data


@frozen
class Answer:
    """What the server says: a JSON body, and the HTTP status it comes with."""

    body: Mapping[str, Any]
    status: int = 200

    @property
    def code(self) -> int:
        """The code in the body."""
        code: int = self.body["code"]
        return code


@frozen
class Call:
    """One request for one operation, with the fields it brought."""

    operation: "Operation"
    body: Body
    """The JSON body, or the query parameters of a GET."""
    origin: str
    """The address by which the client reached the fake; links in answers begin with it."""
    entry: Entry

    def text(self, name: str) -> str:
        """A field that is a text, empty where it is left out."""
        value = self.body.get(name)
        return value if isinstance(value, str) else ""


Act = Callable[["Service", Call], Answer]
"""Does what was asked, and answers; raises `Refusal`."""
Check = Callable[["Service", Body], None]
"""Checks what must fit together in a body; raises `Refusal`."""


@frozen(kw_only=True)
class Operation:
    """One row of the table: an operation, how its request is judged, and who answers it."""

    name: str
    path: str
    act: Act
    method: str = "POST"
    kind: Kind | None = None
    """The kind of task it makes or, of a record, shows."""
    submits: bool = False
    """Whether it makes a task."""
    rules: tuple[Rule, ...] = ()
    check: Check | None = None
    callback: str = "callBackUrl"
    """The field that carries the callback URL."""
    type: str = ""
    """The operationType in a music record."""
    upload: bool = False
    """Whether it belongs to the upload host, which answers in an envelope of its own."""
    multipart: bool = False
    """Whether its body is a form with a file in place of JSON."""

    def validate(self, service: "Service", body: Body) -> None:
        """Judge a body as the service would; raises `Refusal`."""
        for rule in self.rules:
            rule(body)
        if self.check is not None:
            self.check(service, body)

    def refused(self, refusal: Refusal, status: int) -> Answer:
        """The envelope of a refusal; that of the upload host has no data."""
        if self.upload:
            body = {"success": False, "code": refusal.code, "msg": refusal.message}
            return Answer(body, status)
        return Answer({"code": refusal.code, "msg": refusal.message, "data": refusal.data}, status)

    @property
    def price(self) -> float:
        """The price in credits, where it does not depend on the request."""
        return PRICES.get(self.name, 0.0)


def ok(data: Any, message: str = "success") -> Answer:
    """The envelope of a success."""
    return Answer({"code": 200, "msg": message, "data": data})
