"""The README's programs run as they stand, against the embedded API on virtual time."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Any

import pytest
from programs import BLOCKS, PROGRAMS

from suno_async.testing import FakeSuno, run_virtual

if TYPE_CHECKING:
    from collections.abc import Coroutine
    from pathlib import Path

EXAMPLES = [
    block
    for block in BLOCKS
    if block not in PROGRAMS.values() and "redis://" not in block  # those run beside a Redis
]
"""The programs with a name have tests of their own."""


def test_there_are_programs() -> None:
    """The pattern finds the README's programs."""
    assert len(EXAMPLES) >= 3


@pytest.mark.parametrize("program", EXAMPLES, ids=range(len(EXAMPLES)))
def test_program_runs(
    program: str,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A program copied from the README works."""

    def run(main: Coroutine[Any, Any, Any]) -> None:
        async def with_the_service() -> None:
            async with FakeSuno(api_key=None) as fake:
                monkeypatch.setenv("SUNO_BASE_URL", fake.url)
                await main

        run_virtual(with_the_service())

    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SUNO_API_KEY", "key")
    monkeypatch.setattr(asyncio, "run", run)
    with contextlib.suppress(SystemExit):
        exec(compile(program, "README.md", "exec"), {"__name__": "__main__"})  # noqa: S102 our own README
    if "print(" in program:
        assert capsys.readouterr().out
