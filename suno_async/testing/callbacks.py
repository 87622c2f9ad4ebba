"""Callbacks: what is to go wrong with them, and the list of what was sent."""

from typing import Any

from attrs import define, field, frozen


@frozen(kw_only=True)
class CallbackFaults:
    """What happens to callbacks on their way, as shares of them; drawn one after the other.

    Args:
        lost: The share that is never sent.
        late: The share that is sent late.
        late_by: Between how many seconds late.
        reordered: The share that is sent only after the task's next stage.
        duplicated: The share that is sent twice.
        seed: What the draws depend on.
    """

    lost: float = 0.0
    """The share that is never sent."""
    late: float = 0.0
    """The share that is sent late."""
    late_by: tuple[float, float] = (5.0, 60.0)
    """Between how many seconds late."""
    reordered: float = 0.0
    """The share that is sent only after the task's next stage."""
    duplicated: float = 0.0
    """The share that is sent twice."""
    seed: int = 0
    """What the draws depend on."""


@define(eq=False)
class Callback:
    """One callback, with all its tries."""

    task_id: str
    """The task that it is of."""
    stage: str
    """`text`, `first`, `complete` or `error`."""
    url: str
    """Where it goes."""
    due: float
    """The loop's time at which the stage came."""
    body: dict[str, Any] = field(factory=dict[str, Any])
    """What is posted."""
    fault: str | None = None
    """`lost`, `late`, `reordered` or `duplicated`, if any."""
    tries: list[float] = field(factory=list[float])
    """The loop's time of each try."""
    delivered: float | None = None
    """The loop's time at which it was answered with HTTP 200, if it was."""
