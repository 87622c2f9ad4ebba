"""Everything that can go wrong with a request: one table, for the tests and the benchmark."""

from collections.abc import Iterator
from math import inf
from typing import TypeAlias

import attrs
from attrs import frozen

from benchmarks import _stand_ins as stand_ins
from benchmarks._stand_ins import StandIn
from suno_async.testing import Fault

RESULT, CANCELLED = "result", "cancelled"
UNKNOWN = "SubmissionUnknown"

End: TypeAlias = str
"""`result`, `cancelled`, or the name of the error's class."""

ELSEWHERE = "{elsewhere}"
"""In a Location, the address of another host."""

_RATE = "Your call frequency is too high. Please try again later."


@frozen(kw_only=True)
class Stop:
    """What the caller does meanwhile."""

    leaves: bool = False
    """Whether the client is closed; else the request is cancelled."""
    after: float | None = None
    """After how many seconds; `None` is after its end."""
    waits: bool = False
    """Whether the limiter has no slot for the first seconds."""


@frozen(kw_only=True)
class Trouble:
    """One thing that goes wrong."""

    name: str
    """What it is, in a few words."""
    paid: End
    """How a request that costs ends."""
    free: End
    """How a request that costs nothing ends."""
    joined: End | None = None
    """How it ends for a caller that joined by its key, where that differs."""
    paid_in_session: End | None = None
    """How a request that costs ends in a session of the caller's, where that differs."""
    free_in_session: End | None = None
    """How a request that costs nothing ends there, where that differs."""
    accepted: int = 0
    """How often a request that costs is accepted."""
    fault: Fault | None = None
    """What the service does."""
    times: int | None = 1
    """How often it does so; `None` is always."""
    stand_in: StandIn = stand_ins.service
    """What stands at the address."""
    stop: Stop | None = None
    """What the caller does meanwhile."""
    lasts: float = 0.0
    """Seconds that it must take at least."""
    within: float = inf
    """Seconds that it may take at most."""


def troubles() -> Iterator[Trouble]:
    """Everything that can go wrong."""
    yield from _connections()
    yield from _lost()
    yield from _unreadable()
    yield from _refused()
    yield from _passing()
    yield from _redirects()
    yield from _cancelled()
    yield from _left()


def _each(fault: Fault, paid: tuple[End, End], free: tuple[End, End]) -> Iterator[Trouble]:
    """A fault that happens once, and one that happens always."""
    once, always = zip(paid, free, strict=True)
    yield _one(fault, *once)
    yield attrs.evolve(_one(fault, *always), name=f"{_name(fault)}, always", times=None)


def _one(fault: Fault, paid: End, free: End) -> Trouble:
    """A fault that happens once: were the request sent again, it would have a result."""
    accepts = fault.accepts or fault is Fault.DELAY_BEFORE_ACCEPT
    accepted = int(paid == RESULT or accepts)
    return Trouble(name=_name(fault), paid=paid, free=free, fault=fault, accepted=accepted)


def _name(fault: Fault) -> str:
    return fault.name.replace("_", " ")


def _connections() -> Iterator[Trouble]:
    failed = Trouble(name="", paid="ConnectionFailed", free="ConnectionFailed")
    yield attrs.evolve(failed, name="refused connection", stand_in=stand_ins.closed_port)
    yield Trouble(
        name="refused connection, once",
        stand_in=stand_ins.open_later,
        paid=RESULT,
        free=RESULT,
        accepted=1,
    )
    yield attrs.evolve(failed, name="DNS failure", stand_in=stand_ins.no_such_host)
    yield attrs.evolve(
        failed, name="TLS failure: no TLS there", stand_in=stand_ins.plain_where_tls_is_due
    )
    yield attrs.evolve(
        failed, name="TLS failure: unknown certificate", stand_in=stand_ins.own_certificate
    )
    yield Trouble(
        name="TLS failure: never answered",
        stand_in=stand_ins.silent_where_tls_is_due,
        paid="RequestTimeout",
        free="RequestTimeout",
        paid_in_session=UNKNOWN,
    )
    yield Trouble(
        name="stale keep-alive",
        stand_in=stand_ins.stale,
        paid=RESULT,
        free=RESULT,
        paid_in_session=UNKNOWN,
        accepted=1,
    )


def _lost() -> Iterator[Trouble]:
    """No answer, or one of a gateway: nobody knows."""
    for last, faults in {
        "ConnectionFailed": (
            Fault.RESET_BEFORE_READ,
            Fault.RESET_AFTER_READ,
            Fault.RESET_AFTER_ACCEPT,
            Fault.CLOSE_AFTER_READ,
            Fault.CLOSE_AFTER_ACCEPT,
            Fault.CUT_HEAD,
            Fault.CUT_BODY,
            attrs.evolve(Fault.CUT_BODY.cut_at(0), name="cut before body"),
        ),
        "RequestTimeout": (
            Fault.NEVER,
            Fault.NEVER_AFTER_ACCEPT,
            Fault.DELAY_BEFORE_ACCEPT,
            Fault.DELAY_AFTER_ACCEPT,
            Fault.SLOW_BODY,
        ),
        "ServerError": (
            Fault.HTML_502,
            Fault.HTML_502.after_accepting(),
            Fault.HTML_503,
            Fault.HTML_504,
            Fault.BARE_500,
            Fault.BARE_500.after_accepting(),
            Fault.BARE_503,
            *(Fault.envelope(code) for code in (502, 503, 504)),
            Fault.envelope(504).after_accepting(),
        ),
        "APIError": (Fault.envelope(408), Fault.bare(408)),
    }.items():
        for fault in faults:
            yield from _each(fault, (UNKNOWN, UNKNOWN), (RESULT, last))
    after = attrs.evolve(Fault.BARE_503.retry_after("45"), name="bare 503, retry after 45")
    yield from _each(after, (UNKNOWN, UNKNOWN), (RESULT, "ServerError"))


def _unreadable() -> Iterator[Trouble]:
    """An answer that says nothing."""
    for fault in (
        Fault.ENDLESS_BODY,
        Fault.HTML_200,
        Fault.HTML_200.after_accepting(),
        Fault.TRUNCATED_JSON,
        Fault.TRUNCATED_JSON.after_accepting(),
        Fault.WRONG_JSON,
        Fault.NOT_JSON,
        Fault.EMPTY_200,
        Fault.EMPTY_200.after_accepting(),
        Fault.BAD_GZIP,
        Fault.BAD_GZIP.after_accepting(),
        Fault.DATA_NULL,
        Fault.DATA_NULL.after_accepting(),
    ):
        yield _one(fault, UNKNOWN, "DecodeError")
    yield _one(Fault.WRONG_CONTENT_TYPE, RESULT, RESULT)


def _refused() -> Iterator[Trouble]:
    """The service, or a gateway, says no."""
    for code, name in {
        400: "BadRequest",
        401: "AuthenticationFailed",
        402: "InsufficientCredits",
        404: "NotFound",
        409: "Conflict",
        413: "TooLong",
        422: "BadRequest",
        429: "InsufficientCredits",
        433: "APIError",
        451: "BadRequest",
    }.items():
        yield _one(Fault.envelope(code), name, name)
    for status, name in {
        401: "AuthenticationFailed",
        404: "NotFound",
        413: "TooLong",
    }.items():
        yield _one(Fault.bare(status), name, name)
    yield _one(Fault.BARE_403, "APIError", "APIError")
    for fault in (
        *(Fault.envelope(code) for code in (500, 501, 505, 531)),
        attrs.evolve(Fault.ENVELOPE_500, name="envelope 500 with HTTP 500"),
    ):
        name = "ServerError"
        yield from _each(fault, (name, name), (RESULT, name))


def _passing() -> Iterator[Trouble]:
    """A refusal of the moment."""
    for fault, name in (
        (Fault.envelope(405), "RateLimited"),
        (Fault.envelope(430), "RateLimited"),
        (attrs.evolve(Fault.envelope(429, _RATE), name="envelope 429 for rate"), "RateLimited"),
        (Fault.BARE_429, "RateLimited"),
        (Fault.bare(405), "RateLimited"),
        (Fault.envelope(455), "Maintenance"),
    ):
        yield from _each(fault, (RESULT, name), (RESULT, name))
    date = {
        "Date": "Thu, 01 Jan 2026 00:00:00 GMT",
        "Retry-After": "Thu, 01 Jan 2026 00:00:45 GMT",
    }
    for fault, name in (
        (Fault.envelope(430).retry_after("45"), "retry after 45 s"),
        (attrs.evolve(Fault.envelope(430), headers=date), "retry after a date"),
    ):
        late = attrs.evolve(fault, name=f"envelope 430, {name}")
        for trouble in _each(late, (RESULT, "RateLimited"), (RESULT, "RateLimited")):
            yield attrs.evolve(trouble, lasts=45.0)
    late = attrs.evolve(Fault.envelope(430).retry_after("3600"), name="envelope 430, for an hour")
    yield _one(late, "RateLimited", "RateLimited")


def _redirects() -> Iterator[Trouble]:
    for status in (301, 302, 303, 307, 308):
        for to, where in (("{self}", "to itself"), (ELSEWHERE, "to another host")):
            fault = attrs.evolve(Fault.redirect(status, to), name=f"redirect {status} {where}")
            yield _one(fault, UNKNOWN, "APIError")


def _cancelled() -> Iterator[Trouble]:
    """The first caller does not wait any more; one that joined it does."""
    gone = Trouble(name="", paid=CANCELLED, free=CANCELLED)
    yield attrs.evolve(
        gone,
        name="cancelled before a slot was there",
        stop=Stop(after=1.0, waits=True),
        joined=RESULT,
    )
    yield attrs.evolve(
        gone,
        name="cancelled while connecting",
        stand_in=stand_ins.silent_where_tls_is_due,
        stop=Stop(after=5.0),
        joined="RequestTimeout",
    )
    for fault, when in (
        (Fault.DELAY_BEFORE_ACCEPT, "before it was accepted"),
        (Fault.DELAY_AFTER_ACCEPT, "after it was accepted"),
    ):
        yield attrs.evolve(
            gone,
            name=f"cancelled {when}",
            fault=fault.lasting(10.0),
            stop=Stop(after=5.0),
            joined=RESULT,
            accepted=1,
        )
    yield attrs.evolve(
        gone,
        name="cancelled between two attempts",
        fault=Fault.envelope(455).retry_after("45"),
        stop=Stop(after=20.0),
        joined=RESULT,
    )
    yield Trouble(name="cancelled after its end", stop=Stop(), paid=RESULT, free=RESULT, accepted=1)


def _left() -> Iterator[Trouble]:
    """The client is closed meanwhile."""
    closed = Trouble(name="", paid="ClientClosed", free="ClientClosed")
    yield attrs.evolve(
        closed, name="left before a slot was there", stop=Stop(leaves=True, after=1.0, waits=True)
    )
    yield attrs.evolve(
        closed,
        name="left while connecting",
        stand_in=stand_ins.silent_where_tls_is_due,
        stop=Stop(leaves=True, after=5.0),
        paid_in_session=UNKNOWN,
    )
    for fault, when, end in (
        (Fault.DELAY_BEFORE_ACCEPT.lasting(10.0), "before it was accepted", RESULT),
        (Fault.DELAY_AFTER_ACCEPT.lasting(10.0), "after it was accepted", RESULT),
        (Fault.NEVER_AFTER_ACCEPT, "and never answered", UNKNOWN),
    ):
        yield Trouble(
            name=f"left {when}",
            fault=fault,
            stop=Stop(leaves=True, after=5.0),
            paid=end,
            free="ClientClosed",
            free_in_session=RESULT if end == RESULT else None,
            accepted=1,
        )
    yield attrs.evolve(
        closed,
        name="left between two attempts",
        fault=Fault.envelope(455).retry_after("45"),
        stop=Stop(leaves=True, after=20.0),
        within=20.1,
    )
    yield Trouble(
        name="left after its end", stop=Stop(leaves=True), paid=RESULT, free=RESULT, accepted=1
    )
