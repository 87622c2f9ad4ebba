"""What tests need: the embedded API, its ledger and faults, and time that flies.

`FakeSuno` is the service: `script` says how its tasks go, `fail` what breaks, `ledger` what was
paid. `run_virtual` runs a coroutine on a clock that jumps; the pytest plugin offers fixtures.
"""

from suno_async.testing.callbacks import Callback, CallbackFaults
from suno_async.testing.fake import FakeSuno
from suno_async.testing.faults import TRANSIENT, Fault, FaultKind
from suno_async.testing.judges import Judge, SlidingLog
from suno_async.testing.ledger import Decision, Entry, Ledger
from suno_async.testing.loop import AcceleratedLoop, VirtualTimeLoop, run_accelerated, run_virtual
from suno_async.testing.timetable import Kind, Plan, PlanChanges, Timetable, TimetableLike

__all__ = [
    "TRANSIENT",
    "AcceleratedLoop",
    "Callback",
    "CallbackFaults",
    "Decision",
    "Entry",
    "FakeSuno",
    "Fault",
    "FaultKind",
    "Judge",
    "Kind",
    "Ledger",
    "Plan",
    "PlanChanges",
    "SlidingLog",
    "Timetable",
    "TimetableLike",
    "VirtualTimeLoop",
    "run_accelerated",
    "run_virtual",
]
