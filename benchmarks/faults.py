"""What becomes of a request that meets a fault: accepted, charged and outcome, for every fault.

Each meets a request that costs (`GenerateMusic`) and one that does not (`GetCredits`), in each way
to use a client: plainly, in a session of the caller's, joined by a second one with the same key,
and so with a journal, which must agree. What was sent, accepted and charged is from the server's
ledger. All on virtual time, over real sockets; `--full` prints every way.
"""

import logging
from collections.abc import Iterator, Sequence
from typing import TypeAlias

from benchmarks import _tables as tables
from benchmarks._scenes import FREE, PAID, SETUPS, Cell, Seen, cells, objections, play
from benchmarks._tables import Table, Target
from suno_async.testing import run_virtual

_Played: TypeAlias = Sequence[tuple[Cell, Seen]]

_COLUMNS = ("fault", "costs: sent", "accepted", "charged", "outcome", "free: sent", "outcome")


def run(*, full: bool) -> Iterator[Table]:
    """How many cells are not as they must be, then the matrix."""
    log = logging.getLogger("suno_async")
    log.addHandler(quiet := logging.NullHandler())
    played = run_virtual(_play())
    log.removeHandler(quiet)
    yield _summary(played)
    for setup in SETUPS[PAID] if full else SETUPS[PAID][:1]:
        yield _matrix([one for one in played if one[0].setup == setup], setup)


async def _play() -> _Played:
    return [(cell, await play(cell)) for cell in cells()]


def _summary(played: _Played) -> Table:
    paid = [seen for cell, seen in played if cell.request == PAID]
    wrong = [f"{cell}: {what}" for cell, seen in played for what in objections(cell, seen)]
    accepted, charged = (
        sum(number > 1 for number in numbers)
        for numbers in ([seen.accepted for seen in paid], [seen.charged for seen in paid])
    )
    rows: list[list[tables.Cell]] = [
        ["faults", len({cell.trouble.name for cell, _ in played}), None],
        ["cells", len(played), None],
        ["cells of a request that costs", len(paid), None],
        ["accepted more than once", accepted, Target(accepted, 0)],
        ["charged more than once", charged, Target(charged, 0)],
        ["not as they must be", len(wrong), Target(len(wrong), 0)],
    ]
    return Table("All cells", ("", "number", "target"), rows, wrong)


def _matrix(played: _Played, setup: str) -> Table:
    by_fault: dict[str, dict[str, Seen]] = {}
    for cell, seen in played:
        by_fault.setdefault(cell.trouble.name, {})[cell.request] = seen
    rows = [[name, *_figures(found[PAID], found.get(FREE))] for name, found in by_fault.items()]
    return Table(f"The matrix: {setup}", _COLUMNS[: len(rows[0])], rows)


def _figures(paid: Seen, free: Seen | None) -> list[tables.Cell]:
    figures: list[tables.Cell] = [paid.requests, paid.accepted, paid.charged, paid.ends[-1]]
    return figures if free is None else [*figures, free.requests, free.ends[-1]]
