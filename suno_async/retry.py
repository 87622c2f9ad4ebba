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
    was never made, for as long as `max_elapsed` says, however many attempts that takes; or if it was
    refused for rate or maintenance; never after it may have arrived. A batch waits out an outage by
    itself, and asks less often.

    Args:
        max_attempts: The most attempts, the first one counted, but for a paid request without a connection.
        max_elapsed: Seconds for all attempts and the pauses between; waiting for a slot is not counted.
        initial_delay: Mean seconds before the second attempt; twice that before the third, and so on.
        max_delay: The most seconds between two attempts, unless the service asks for more.

    Raises:
        ValueError: a number is below what makes sense.
    """  # noqa: E501 editors show the first line of an argument's text

    max_attempts: int = field(default=5, validator=validators.ge(1))
    """The most attempts, the first one counted, but for a paid request without a connection."""
    max_elapsed: float = field(default=120.0, validator=validators.ge(0))
    """Seconds for all attempts and the pauses between; waiting for a slot is not counted."""
    initial_delay: float = field(default=0.5, validator=validators.gt(0))
    """Mean seconds before the second attempt; twice that before the third, and so on."""
    max_delay: float = field(default=20.0, validator=validators.gt(0))
    """The most seconds between two attempts, unless the service asks for more."""

    def delay(
        self,
        attempt: int,
        elapsed: float,
        retry_after: float | None = None,
        draw: Callable[[], float] = random.random,
        *,
        never_left: bool = False,
    ) -> float | None:
        """Seconds to wait after the given attempt (from 1) has failed, `None` to give up.

        `elapsed` is what attempts and pauses have taken so far, `retry_after` what the service
        asked for, `draw` a random number from 0 to 1. For a paid request that `never_left` only the
        time counts, and the last attempt comes at its end.
        """
        if attempt >= self.max_attempts and not never_left:
            return None
        backoff = (
            2 * draw() * min(self.max_delay / 2, self.initial_delay * 2 ** min(attempt - 1, 60))
        )
        wait: float = max(backoff, retry_after or 0.0)
        left = self.max_elapsed - elapsed
        if never_left:
            return min(wait, left) if left > 0 else None
        return wait if wait <= left else None
