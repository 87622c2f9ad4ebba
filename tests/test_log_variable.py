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


def test_it_is_shown() -> None:
    """At `debug` each attempt is a line with time and level, until the program logs by itself."""
    ended = subprocess.run(  # noqa: S603 ours
        [sys.executable, "-c", PROGRAM],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "SUNO_LOG": "debug"},
    )
    before, _, after = ended.stderr.partition("-- own\n")
    assert before.count(" DEBUG GenerateMusic k, attempt 1: accepted") == 1
    assert before.count(" INFO GenerateMusic k was accepted as music:") == 1
    assert after.partition(" (")[0] == "own: GetCredits, attempt 1: answered"
    assert len(after.splitlines()) == 1


def test_its_words_are_levels(monkeypatch: pytest.MonkeyPatch) -> None:
    """`INFO`, in any letters, shows what was paid and not each attempt."""
    monkeypatch.setenv("SUNO_LOG", "Info")
    SunoClient("key")
    assert LOG.level == logging.INFO


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
