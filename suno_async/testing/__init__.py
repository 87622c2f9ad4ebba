"""What tests need: the embedded API, its ledger, judges and faults, and time that flies.

`FakeSuno` is the service: `script` says how its tasks go, `fail` what breaks, `ledger` what was
paid. `run_virtual` runs a coroutine on a clock that jumps; the pytest plugin offers fixtures.
"""

from suno_async.testing.fake import FakeSuno
from suno_async.testing.faults import PASSING, Fault, Way
from suno_async.testing.judges import (
    ApproximateCounter,
    FixedWindow,
    Judge,
    SlidingLog,
    Smooth,
    TokenBucket,
    judge,
)
from suno_async.testing.ledger import Entry, Ledger, Outcome
from suno_async.testing.loop import SpedUpLoop, VirtualTimeLoop, run_sped_up, run_virtual
from suno_async.testing.pushes import Push, PushFaults
from suno_async.testing.timetable import Kind, Plan, Timetable

__all__ = [
    "PASSING",
    "ApproximateCounter",
    "Entry",
    "FakeSuno",
    "Fault",
    "FixedWindow",
    "Judge",
    "Kind",
    "Ledger",
    "Outcome",
    "Plan",
    "Push",
    "PushFaults",
    "SlidingLog",
    "Smooth",
    "SpedUpLoop",
    "Timetable",
    "TokenBucket",
    "VirtualTimeLoop",
    "Way",
    "judge",
    "run_sped_up",
    "run_virtual",
]
