"""Faults by name: the ways in which a network and a server can fail, played on chosen requests.

A `Fault` is a value. The named ones are attributes of the class (`Fault.RESET_AFTER_ACCEPT`), found
by `Fault.called("reset_after_accept")` and listed by `Fault.named()`; others are made by
`Fault.envelope(430)`, `Fault.redirect(307)`, `Fault.bare(418)` and `Fault.stall()`. Each says
whether the request is accepted, and charged, before the fault happens; `after_accepting()` makes
the kind that is.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import ClassVar

import attrs
from attrs import field, frozen

from suno_async.testing._api.facts import MESSAGES

_JSON = "application/json"
_HTML = b"<html><head><title>Error</title></head><body><h1>Something went wrong</h1></body></html>"
_BLOCKED = b"<html><body>Access denied | error code: 1010</body></html>"


class FaultKind(StrEnum):
    """What happens on the wire."""

    RESET = "reset"
    """The connection is reset."""
    CLOSE = "close"
    """The connection is closed politely, without an answer."""
    NEVER = "never"
    """Nothing is ever said."""
    DELAY = "delay"
    """The true answer comes late."""
    ANSWER = "answer"
    """Something else is answered."""
    CUT = "cut"
    """The true answer breaks off within its body, and the connection is closed."""
    STALL = "stall"
    """The true answer stops within its body, and the connection stays."""
    CUT_HEAD = "cut_head"
    """The true answer breaks off within its headers, and the connection is closed."""
    DRIP = "drip"
    """The true answer comes in small pieces with pauses."""
    ENDLESS = "endless"
    """A body that never ends."""


@frozen(kw_only=True)
class Fault:
    """One way to fail.

    Args:
        name: What it is called in the ledger.
        kind: What happens on the wire.
        accepts: Whether the request is accepted (and charged) first.
        reads: Whether the request's body is read first.
        status: The HTTP status, where something else is answered.
        headers: The headers of what is answered instead; `{self}` in a Location is the address asked for.
        body: What is answered instead; None with `ANSWER` is the true answer under other headers.
        seconds: How long a delay lasts, or the pause between two pieces.
        at: After how many bytes of the body the answer breaks off; None is half of it.
    """  # noqa: E501 editors show the first line of an argument's text

    name: str
    """What it is called in the ledger."""
    kind: FaultKind
    """What happens on the wire."""
    accepts: bool = False
    """Whether the request is accepted (and charged) first."""
    reads: bool = True
    """Whether the request's body is read first."""
    status: int = 200
    """The HTTP status, where something else is answered."""
    headers: Mapping[str, str] = field(factory=dict[str, str], hash=False)
    """The headers of what is answered instead; `{self}` in a Location is the address asked for."""
    body: bytes | None = None
    """What is answered instead; None with `ANSWER` is the true answer under other headers."""
    seconds: float = 0.0
    """How long a delay lasts, or the pause between two pieces."""
    at: int | None = None
    """After how many bytes of the body the answer breaks off; None is half of it."""

    RESET_BEFORE_READ: ClassVar["Fault"]
    """Reset before the request's body is read."""
    RESET_AFTER_READ: ClassVar["Fault"]
    """Reset after the request was read; it is not accepted."""
    RESET_AFTER_ACCEPT: ClassVar["Fault"]
    """Accepted and charged, then reset in place of an answer."""
    CLOSE_AFTER_READ: ClassVar["Fault"]
    """As `RESET_AFTER_READ`, with a polite close."""
    CLOSE_AFTER_ACCEPT: ClassVar["Fault"]
    """As `RESET_AFTER_ACCEPT`, with a polite close."""
    CUT_HEAD: ClassVar["Fault"]
    """Accepted; the answer breaks off amid its headers."""
    CUT_BODY: ClassVar["Fault"]
    """Accepted; the answer breaks off amid its body."""
    NEVER: ClassVar["Fault"]
    """Read, never accepted, never answered."""
    NEVER_AFTER_ACCEPT: ClassVar["Fault"]
    """Accepted, never answered."""
    DELAY_BEFORE_ACCEPT: ClassVar["Fault"]
    """Accepted only after a minute, whether or not the client is still there."""
    DELAY_AFTER_ACCEPT: ClassVar["Fault"]
    """Accepted at once, answered after a minute."""
    SLOW_BODY: ClassVar["Fault"]
    """Accepted; the answer comes byte by byte, one a second."""
    ENDLESS_BODY: ClassVar["Fault"]
    """A JSON text that never ends."""
    HTML_200: ClassVar["Fault"]
    """A page with HTTP 200."""
    HTML_502: ClassVar["Fault"]
    """A gateway's page with HTTP 502."""
    HTML_503: ClassVar["Fault"]
    """A gateway's page with HTTP 503."""
    HTML_504: ClassVar["Fault"]
    """A gateway's page with HTTP 504."""
    BARE_500: ClassVar["Fault"]
    """HTTP 500 with an empty body."""
    BARE_503: ClassVar["Fault"]
    """HTTP 503 with an empty body."""
    ENVELOPE_500: ClassVar["Fault"]
    """HTTP 500 with an envelope of code 500."""
    TRUNCATED_JSON: ClassVar["Fault"]
    """Half a JSON text, announced as whole."""
    WRONG_JSON: ClassVar["Fault"]
    """JSON of another type: a list."""
    NOT_JSON: ClassVar["Fault"]
    """Bytes that are neither JSON nor UTF-8."""
    EMPTY_200: ClassVar["Fault"]
    """HTTP 200 with an empty body."""
    WRONG_CONTENT_TYPE: ClassVar["Fault"]
    """Accepted; the true answer, called text/html."""
    BAD_GZIP: ClassVar["Fault"]
    """A body that claims to be gzip and is not."""
    BARE_403: ClassVar["Fault"]
    """A gateway's page: 403, error 1010."""
    BARE_429: ClassVar["Fault"]
    """HTTP 429 with an empty body."""
    DATA_NULL: ClassVar["Fault"]
    """Code 200 with `data: null`."""

    @classmethod
    def named(cls) -> tuple["Fault", ...]:
        """All faults that have a name here."""
        return tuple(_NAMED.values())

    @classmethod
    def called(cls, name: str) -> "Fault":
        """The fault of this name, for example `reset_after_accept`; raises ValueError."""
        try:
            return _NAMED[name.upper()]
        except KeyError:
            known = ", ".join(fault.name for fault in cls.named())
            raise ValueError(f"There is no fault {name!r}; known are {known}.") from None

    @classmethod
    def envelope(cls, code: int, message: str | None = None, *, status: int = 200) -> "Fault":
        """The API's own refusal with this code, and what the service says with it."""
        text = MESSAGES.get(code, "error") if message is None else message
        body = f'{{"code":{code},"msg":"{text}","data":null}}'.encode()
        return cls(name=f"envelope_{code}", kind=FaultKind.ANSWER, status=status, body=body)

    @classmethod
    def redirect(cls, status: int = 307, to: str = "{self}") -> "Fault":
        """A redirect (301, 302, 303, 307, 308) to the same address, or to another."""
        headers = {"Location": to}
        return cls(
            name=f"redirect_{status}",
            kind=FaultKind.ANSWER,
            status=status,
            headers=headers,
            body=b"",
        )

    @classmethod
    def bare(cls, status: int, body: bytes = b"", content_type: str = "text/html") -> "Fault":
        """An HTTP status without an envelope."""
        headers = {"Content-Type": content_type}
        return cls(
            name=f"bare_{status}", kind=FaultKind.ANSWER, status=status, headers=headers, body=body
        )

    @classmethod
    def stall(cls, at: int | None = None) -> "Fault":
        """The true answer, silent after so many bytes of its body; the connection stays."""
        return cls(name="stall", kind=FaultKind.STALL, accepts=True, at=at)

    def after_accepting(self) -> "Fault":
        """The same, but the request is accepted and charged first."""
        return attrs.evolve(self, name=f"{self.name}_after_accept", accepts=True, reads=True)

    def lasting(self, seconds: float) -> "Fault":
        """The same with this delay, or this pause between two pieces."""
        return attrs.evolve(self, seconds=seconds)

    def cut_at(self, at: int) -> "Fault":
        """The same, breaking off after so many bytes of the body."""
        return attrs.evolve(self, at=at)

    def retry_after(self, value: str) -> "Fault":
        """The same with a `Retry-After` header: seconds, or an HTTP date."""
        return attrs.evolve(self, headers={**self.headers, "Retry-After": value})


def _named() -> dict[str, Fault]:
    kinds = {
        "RESET_BEFORE_READ": Fault(name="", kind=FaultKind.RESET, reads=False),
        "RESET_AFTER_READ": Fault(name="", kind=FaultKind.RESET),
        "RESET_AFTER_ACCEPT": Fault(name="", kind=FaultKind.RESET, accepts=True),
        "CLOSE_AFTER_READ": Fault(name="", kind=FaultKind.CLOSE),
        "CLOSE_AFTER_ACCEPT": Fault(name="", kind=FaultKind.CLOSE, accepts=True),
        "CUT_HEAD": Fault(name="", kind=FaultKind.CUT_HEAD, accepts=True),
        "CUT_BODY": Fault(name="", kind=FaultKind.CUT, accepts=True),
        "NEVER": Fault(name="", kind=FaultKind.NEVER),
        "NEVER_AFTER_ACCEPT": Fault(name="", kind=FaultKind.NEVER, accepts=True),
        "DELAY_BEFORE_ACCEPT": Fault(name="", kind=FaultKind.DELAY, seconds=60.0),
        "DELAY_AFTER_ACCEPT": Fault(name="", kind=FaultKind.DELAY, seconds=60.0, accepts=True),
        "SLOW_BODY": Fault(name="", kind=FaultKind.DRIP, seconds=1.0, accepts=True),
        "ENDLESS_BODY": Fault(name="", kind=FaultKind.ENDLESS),
        "HTML_200": Fault.bare(200, _HTML),
        "HTML_502": Fault.bare(502, _HTML),
        "HTML_503": Fault.bare(503, _HTML),
        "HTML_504": Fault.bare(504, _HTML),
        "BARE_500": Fault.bare(500),
        "BARE_503": Fault.bare(503),
        "ENVELOPE_500": Fault.envelope(500, status=500),
        "TRUNCATED_JSON": Fault.bare(200, b'{"code":200,"msg":"success","da', _JSON),
        "WRONG_JSON": Fault.bare(200, b'["code", 200]', _JSON),
        "NOT_JSON": Fault.bare(200, b"\xff\xfe\x00{code", _JSON),
        "EMPTY_200": Fault.bare(200, b"", _JSON),
        "WRONG_CONTENT_TYPE": Fault(
            name="", kind=FaultKind.ANSWER, headers={"Content-Type": "text/html"}, accepts=True
        ),
        "BAD_GZIP": Fault(
            name="",
            kind=FaultKind.ANSWER,
            headers={"Content-Encoding": "gzip"},
            body=b"not gzip at all",
        ),
        "BARE_403": Fault.bare(403, _BLOCKED),
        "BARE_429": Fault.bare(429),
        "DATA_NULL": Fault.envelope(200, "success"),
    }
    # a fault's name is that of its attribute, written once
    return {name: attrs.evolve(fault, name=name.lower()) for name, fault in kinds.items()}


_NAMED = _named()
# attributes of the class that they are of, which is made by now: it cannot hold them itself
for _name, _fault in _NAMED.items():
    setattr(Fault, _name, _fault)

TRANSIENT: tuple[Fault, ...] = (
    Fault.RESET_BEFORE_READ,
    Fault.RESET_AFTER_READ,
    Fault.RESET_AFTER_ACCEPT,
    Fault.CLOSE_AFTER_ACCEPT,
    Fault.CUT_BODY,
    Fault.HTML_502,
    Fault.HTML_502.after_accepting(),
    Fault.BARE_503,
)
"""What a bad network and a tired gateway do: what `FakeSuno.faults` draws from by default."""
