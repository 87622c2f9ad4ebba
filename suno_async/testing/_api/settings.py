"""What a fake is set to: the arguments of `FakeSuno`, read wherever they matter."""

from collections.abc import Callable, Collection
from random import Random
from typing import Literal, TypeAlias

from attrs import define, field

from suno_async.testing._api.facts import MODELS
from suno_async.testing.judges import Judge
from suno_async.testing.ledger import Entry
from suno_async.testing.timetable import Timetable, TimetableLike

Delay: TypeAlias = tuple[float, float] | Callable[[Random], tuple[float, float]]
"""A range of seconds, or a callable for the seconds before and after a request is counted."""
Unreachable: TypeAlias = Literal["ignore", "CALLBACK_EXCEPTION", "CALLBACK_EXCEPTION_FROM_TEXT"]
"""What an undeliverable callback does: nothing, or the status of a finished task, or of any."""


@define(eq=False, kw_only=True, repr=False)
class Settings:
    """The arguments of `FakeSuno`."""

    api_key: str | None = "key"
    """The key that is accepted; None accepts any."""
    credits: float = 1000.0
    """What the account holds at first; what it holds now is `balance`."""
    max_rate: int | None = 20
    """How many requests are let through in one period; None for no limit."""
    time_period: float = 10.0
    """The period of the rate limit in seconds."""
    judge: Judge | None = None
    """Another way to count requests against a rate; left out, one by one over the last period."""
    count: Literal["all", "submissions"] = "all"
    """Which requests count: all to the API, or only those that make a task."""
    seed: int | str = 0
    """What all random draws depend on."""
    timetable: TimetableLike = field(factory=Timetable.drawn)
    """When the stages of tasks come."""
    send_callbacks: bool = True
    """Whether stages are posted to callback URLs; nothing is ever sent to a `.invalid` host."""
    unreachable: Unreachable = "ignore"
    """What a callback URL that cannot be reached does to a task's status."""
    callback_spacing: float = 5.0
    """Seconds between the three tries of a callback."""
    delay: Delay | None = None
    """The network's delay: a range of seconds, or a callable that draws the way there and back."""
    song_seconds: tuple[float, float] = (120.0, 240.0)
    """The range of song lengths, in seconds."""
    models: Collection[str] = tuple(MODELS)
    """The models that are known; others are refused."""
    strict_ids: bool = True
    """Whether ids of tasks and tracks in requests must exist."""
    epoch: float = 1_767_225_600.0
    """The wall-clock time at the start, in seconds since 1970: 2026-01-01."""
    on_request: Callable[[Entry], None] | None = None
    """Called with the ledger's entry of each request, files included, once that is answered."""
