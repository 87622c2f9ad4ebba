"""Which fault is played on which request: those ordered first, then by chance."""

from collections.abc import Sequence
from random import Random

from attrs import define, field

from suno_async.testing.faults import Fault


@define
class _Order:
    fault: Fault
    on: str | None
    left: int | None
    """How often it is still to be played, None for always."""
    skip: int
    was_played: bool = False

    def meant(self, path: str, operation: str) -> bool:
        on = self.on
        if on is None:
            return operation != ""  # files and unknown paths only where they are named
        return on in (path, operation) or (on.endswith("/") and path.startswith(on))


@define
class FaultPlan:
    """The faults that are to come."""

    _orders: list[_Order] = field(factory=list[_Order], init=False)
    _rate: float = field(default=0.0, init=False)
    _rng: Random = field(factory=Random, init=False)
    _choices: Sequence[Fault] = field(default=(), init=False)
    _on: tuple[str, ...] | None = field(default=None, init=False)

    def order(self, fault: Fault, on: str | None, times: int | None, skip: int) -> None:
        """Play it on the next `times` requests that are meant (None: all), after `skip` of them."""
        self._orders.append(_Order(fault, on, times, skip))

    def chance(
        self, rate: float, seed: int, choices: Sequence[Fault], on: tuple[str, ...] | None
    ) -> None:
        """Play one of `choices` on this share of the requests, of some operations or of all."""
        self._rate, self._rng, self._choices, self._on = rate, Random(seed), choices, on

    @property
    def waiting(self) -> list[str]:
        """The orders that have not been played, or not as often as they were given."""
        return [
            f"fault {order.fault.name} on {order.on or 'any operation'}"
            for order in self._orders
            if order.left is not None or not order.was_played
        ]

    def clear(self) -> None:
        """Play no more faults."""
        self._orders.clear()
        self._rate = 0.0

    def draw(self, path: str, operation: str) -> Fault | None:
        """The fault for this request, if any."""
        for order in self._orders:
            if not order.meant(path, operation):
                continue
            if order.skip:  # a request that is let pass counts for every order it is meant by
                order.skip -= 1
                continue
            order.was_played = True
            if order.left is not None:
                order.left -= 1
                if order.left == 0:
                    self._orders.remove(order)
            return order.fault
        if operation and self._rate and (self._on is None or operation in self._on):
            # drawn only for what may be hit, so that other requests do not shift the draws
            unlucky = self._rng.random() < self._rate
            return self._rng.choice(self._choices) if unlucky else None
        return None
