"""What a trouble is: something that goes wrong with a request, and how that must end."""

from math import inf
from typing import TypeAlias

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
