"""`SUNO_LOG=info` and `SUNO_LOG=debug`: the log on the terminal, without a line of code."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from suno_async import ConfigurationError, SunoClient

if TYPE_CHECKING:
    from collections.abc import Iterator

LOG = logging.getLogger("suno_async")
PROGRAM = """
import logging, sys
from suno_async import SunoClient
from suno_async.testing import FakeSuno, run_virtual

async def main():
    async with FakeSuno() as fake, SunoClient("key", base_url=fake.url) as suno:
        SunoClient("key", base_url=fake.url)  # another client shows nothing twice
        await (await suno.generate_music("the sea", idempotency_key="k")).wait(until="text")
        print("-- own", file=sys.stderr)
        logging.basicConfig(format="own: %(message)s")
        await suno.get_credits()

run_virtual(main())
"""


@pytest.fixture(autouse=True)
def own_logger() -> Iterator[None]:
    """The logger is put back as it was."""
    level, handlers = LOG.level, [*LOG.handlers]
    yield
    LOG.setLevel(level)
    LOG.handlers[:] = handlers


def shown(level: str | None) -> tuple[list[str], list[str]]:
    """What a program writes to its terminal, before and after it has set up its own logging."""
    environment = {name: one for name, one in os.environ.items() if name != "SUNO_LOG"}
    ended = subprocess.run(  # noqa: S603 ours
        [sys.executable, "-c", PROGRAM],
        capture_output=True,
        text=True,
        check=True,
        env=environment | ({} if level is None else {"SUNO_LOG": level}),
    )
    before, _, after = ended.stderr.partition("-- own\n")
    return before.splitlines(), after.splitlines()


def test_it_is_shown() -> None:
    """At `debug` each attempt is a line with time and level; where the program logs, it does."""
    before, after = shown("debug")
    assert [line for line in before if "GenerateMusic k, attempt 1: accepted" in line] == [
        line for line in before if " DEBUG GenerateMusic" in line
    ]
    assert sum(" INFO GenerateMusic k was accepted as music:" in line for line in before) == 1
    assert [line.partition(" (")[0] for line in after] == ["own: GetCredits, attempt 1: answered"]


def test_at_info_attempts_are_not_shown() -> None:
    """`INFO`, in any letters, shows what was paid and not each attempt."""
    before, after = shown("INFO")
    assert [line.partition(" INFO ")[2].partition(" as ")[0] for line in before] == [
        "GenerateMusic k was accepted"
    ]
    assert after == []


def test_without_it_nothing_is_shown() -> None:
    """A program that asks for nothing has a quiet terminal."""
    assert shown(None) == ([], [])


@pytest.mark.parametrize("level", ["trace", "10", " ", "info,debug"])
def test_another_word_is_refused(level: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is neither of the two is refused by name, when a client is made."""
    monkeypatch.setenv("SUNO_LOG", level)
    with pytest.raises(ConfigurationError, match="SUNO_LOG must be info or debug"):
        SunoClient("key")


def test_an_empty_one_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """A variable that is set to nothing asks for nothing."""
    monkeypatch.setenv("SUNO_LOG", "")
    SunoClient("key")
    assert not any(type(one).__module__.startswith("suno") for one in LOG.handlers)
