"""What a package index shows: README with links that are whole, and the project's addresses."""

from __future__ import annotations

import re
import runpy
import tomllib
from pathlib import Path

import pytest
from program_kit import README

pytest.importorskip("hatchling", reason="no hatchling (group dev)")

ROOT = Path(__file__).parent.parent
HOOK = runpy.run_path(str(ROOT / ".ci/metadata.py"))
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
REPOSITORY: str = PROJECT["tool"]["hatch"]["metadata"]["hooks"]["custom"]["repository"]


def test_links_are_absolute() -> None:
    """Each link and each picture of the page is an address, and code is as it was."""
    page: str = HOOK["with_whole_links"](README, REPOSITORY)
    links = re.findall(r"\]\(([^)\s]+)\)", re.sub(r"(?ms)^```.*?^```$", "", page))
    assert len(links) > 30
    assert all(link.startswith("https://") for link in links)
    assert f"({REPOSITORY}/raw/HEAD/benchmarks/plots/terminal.svg)" in page
    assert f"({REPOSITORY}#one-song)" in page
    assert re.findall(r"(?ms)^```.*?^```$", page) == re.findall(r"(?ms)^```.*?^```$", README)


def test_addresses_are_of_one_place() -> None:
    """All of the project's addresses lead to the repository that pyproject.toml names once."""
    addresses: dict[str, str] = HOOK["urls"](REPOSITORY)
    assert {"Source", "Changelog", "Issues", "Security"} <= {*addresses}
    assert all(address.startswith(REPOSITORY) for address in addresses.values())
    assert REPOSITORY not in README
    assert (ROOT / "pyproject.toml").read_text("utf-8").count(REPOSITORY) == 1
