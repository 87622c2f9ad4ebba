"""The fault matrix: never accepted or charged twice, an end as documented, no key in any text."""

from __future__ import annotations

import logging
from collections import Counter
from typing import TYPE_CHECKING

import pytest
from leaks import SECRET, leaks

from benchmarks._scenes import SETUPS, Cell, cells, objections, play
from benchmarks._troubles import troubles
from suno_async._http import exchange
from suno_async.testing import Fault

if TYPE_CHECKING:
    from benchmarks._troubles import Trouble

TROUBLES = list(troubles())
IDEA = "A calm piano tune at dusk"


@pytest.mark.parametrize("trouble", TROUBLES, ids=lambda trouble: trouble.name)
async def test_ends_as_it_must(
    trouble: Trouble, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each way to use a client ends as documented, is paid for once at most, and shows no key."""
    caplog.set_level(logging.DEBUG)
    monkeypatch.setattr(exchange, "_MOST_BYTES", 2**20)  # an endless body need not take that long
    for request, setups in SETUPS.items():
        for setup in setups:
            cell = Cell(trouble, request, setup)
            seen = await play(cell, key=SECRET)
            assert list(objections(cell, seen)) == [], str(cell)
            assert leaks(*seen.emitted) == [], str(cell)
    assert leaks(caplog.text) == []
    logged = [record for record in caplog.records if record.name == "suno_async"]
    assert not any(
        IDEA in record.getMessage() for record in logged if record.levelno > logging.DEBUG
    )


def test_the_matrix_is_whole() -> None:
    """So many cells there are, no two alike, with each fault that the embedded API can name."""
    counts = Counter((cell.request, cell.setup) for cell in cells())
    assert set(counts.values()) == {139}
    assert len(counts) * 139 == 834
    assert len({trouble.name for trouble in TROUBLES}) == len(TROUBLES)
    played = {trouble.fault.name for trouble in TROUBLES if trouble.fault is not None}
    assert {fault.name for fault in Fault.named()} - played == set()
