"""What may be tried again, and when: a pure calculation, without a clock."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from attrs import field, frozen, validators

if TYPE_CHECKING:
    from collections.abc import Callable


@frozen(kw_only=True)
class RetryPolicy:
    """How often and how long a request is tried, with exponential backoff and full jitter.

    It applies to requests that cost nothing. A paid request is tried again only if its connection
    was never made, or if it was refused for rate or maintenance; never after it may have arrived.

    Args:
        attempts: The most attempts, the first one counted.
        total: Seconds for all attempts and the pauses between; waiting for a slot is not counted.
        base: Mean seconds before the second attempt; twice that before the third, and so on.
        cap: The most seconds between two attempts, unless the service asks for more.

    Raises:
        ValueError: a number is below what makes sense.
    """

    attempts: int = field(default=5, validator=validators.ge(1))
    """The most attempts, the first one counted."""
    total: float = field(default=120.0, validator=validators.ge(0))
    """Seconds for all attempts and the pauses between; waiting for a slot is not counted."""
    base: float = field(default=0.5, validator=validators.gt(0))
    """Mean seconds before the second attempt; twice that before the third, and so on."""
    cap: float = field(default=20.0, validator=validators.gt(0))
    """The most seconds between two attempts, unless the service asks for more."""

    def delay(
        self,
        attempt: int,
        elapsed: float,
        retry_after: float | None = None,
        draw: Callable[[], float] = random.random,
    ) -> float | None:
        """Seconds to wait after the given attempt (from 1) has failed, `None` to give up.

        `elapsed` is what attempts and pauses have taken so far, `retry_after` what the service
        asked for, `draw` a random number from 0 to 1.
        """
        if attempt >= self.attempts:
            return None
        backoff = 2 * draw() * min(self.cap / 2, self.base * 2 ** min(attempt - 1, 60))
        wait = max(backoff, retry_after or 0.0)
        return wait if elapsed + wait <= self.total else None
