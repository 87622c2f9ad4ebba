"""The README's whole programs: which they are, and how long."""

from __future__ import annotations

import pytest
from programs import PROGRAMS


def test_there_are_three() -> None:
    """The README has a service and two bots."""
    assert set(PROGRAMS) == {"service.py", "telegram_bot.py", "discord_bot.py"}


@pytest.mark.parametrize("name", PROGRAMS)
def test_each_is_short(name: str) -> None:
    """A whole program has less than 50 lines."""
    assert len(PROGRAMS[name].splitlines()) < 50
