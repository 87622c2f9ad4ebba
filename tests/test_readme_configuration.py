"""The README's chapter on configuration is what the code takes."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

from program_kit import README

import suno_async
from suno_async import RateLimiter, RetryPolicy, SunoClient

CHAPTER = README.partition("## Configuration\n")[2].partition("\n## ")[0]
ROWS = [
    [cell.strip().strip("`") for cell in line.strip("|").split("|")]
    for line in CHAPTER.splitlines()
    if line.startswith("| `")
]
PACKAGE = Path(suno_async.__file__).parent


def test_each_setting_has_its_row() -> None:
    """The table has every setting of the client, in its order, with its default."""
    taken = inspect.signature(SunoClient).parameters.values()
    assert [row[0] for row in ROWS] == [one.name for one in taken]
    for one, row in zip(taken, ROWS, strict=True):
        assert eval(row[1], {"RetryPolicy": RetryPolicy}) == one.default  # noqa: S307 our own README
        assert row[3]


def test_each_variable_has_its_row() -> None:
    """The variables of the environment that are read are those of the chapter, and no others."""
    text = "".join(file.read_text("utf-8") for file in PACKAGE.rglob("*.py"))
    read = set(re.findall(r"\"(SUNO_[A-Z_]+)\"", text))
    assert {*re.findall(r"`(SUNO_[A-Z_]+)`", CHAPTER)} == read


def test_the_figures_are_the_defaults() -> None:
    """What the chapter says that limiters and retries take is what they take."""
    words = " ".join(CHAPTER.split())
    for kind in (RateLimiter, RetryPolicy):
        taken = inspect.signature(kind).parameters.values()
        figures = ", ".join(f"{one.name}={one.default!r}" for one in taken)
        assert f"`{kind.__name__}({figures})`" in words
