"""The README as a page: its links lead somewhere, and what it names is there."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from program_kit import README

from benchmarks import _house
from benchmarks.__main__ import names

ROOT = Path(__file__).parent.parent
PROSE = re.sub(r"(?ms)^```.*?^```$", "", README)
HEADINGS = re.findall(r"(?m)^## (.+)$", PROSE)
LINKS = re.findall(r"\]\(([^)\s]+)\)", PROSE)
PICTURES = re.findall(r"!\[[^\]]+\]\(([^)]+)\)", PROSE)


def anchor(heading: str) -> str:
    """What GitHub calls a heading in an address."""
    return "#" + re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def test_the_contents_are_complete() -> None:
    """Each chapter is listed on the first screen, in its order."""
    contents = PROSE.partition("**Read on.**")[2].partition("\n\n")[0]
    assert len(HEADINGS) > 10
    listed = re.findall(r"\[(.+?)\]\((.+?)\)", contents)
    assert listed == [(chapter, anchor(chapter)) for chapter in HEADINGS]


def test_the_page_is_short() -> None:
    """A reader has a page before them, and no book."""
    assert len(README.splitlines()) <= 450
    assert len(README) <= 30_000


def test_links_within_the_project_lead_somewhere() -> None:
    """Each chapter and each file that the page links to exists."""
    local = [link for link in LINKS if not link.startswith("https://")]
    assert local
    anchors = {anchor(heading) for heading in HEADINGS}
    for link in local:
        assert link in anchors if link.startswith("#") else (ROOT / link).is_file(), link


def promises() -> list[tuple[str, list[str]]]:
    """What was measured for each promise, and the benchmarks that print it."""
    found = re.findall(r"(?ms)^- \*\*It .*?\*\*(.*?)\(((?:`\w+`(?:, )?)+)\)$", PROSE)
    return [(measured, re.findall(r"\w+", named)) for measured, named in found]


def figures(text: str) -> list[str]:
    """The numbers in a text, without the commas between their thousands."""
    found = re.findall(r"(?<![\w.])\d[\d,]*(?:\.\d+)?", text)
    return [one.replace(",", "") for one in found]


def test_all_benchmarks_that_it_names_exist() -> None:
    """Each figure says which command prints it, and there is such a command."""
    assert len(promises()) == 3
    named = [name for _, some in promises() for name in some]
    named += re.findall(r"`python -m benchmarks (\w+)", PROSE)
    assert {*named} - {"NAME"} <= {*names()}


@pytest.mark.parametrize(("measured", "printed_by"), promises())
def test_promises_are_what_was_measured(measured: str, printed_by: list[str]) -> None:
    """Each figure of a promise stands in the results of its benchmark, rounded at most."""
    results = (ROOT / "benchmarks/RESULTS.md").read_text(encoding="utf-8")
    sections = [results.partition(f"\n## {name}\n")[2].partition("\n## ")[0] for name in printed_by]
    printed = [float(one) for section in sections for one in figures(section)]
    for figure in figures(measured):
        digits = len(figure.partition(".")[2])
        unit = 1024 if f"{figure} KiB" in measured else 1
        assert any(round(one / unit, digits) == float(figure) for one in printed), figure


@pytest.mark.parametrize("picture", PICTURES)
def test_pictures_need_nothing_from_the_net(picture: str) -> None:
    """A picture is well-formed, and loads neither fonts nor anything else."""
    drawn = (ROOT / picture).read_text(encoding="utf-8")
    ET.fromstring(drawn)  # noqa: S314 ours
    assert not re.search(r"@font-face|@import|url\((?!#)|href=[\"'](?!#)", drawn)


def test_the_picture_shows_the_first_command() -> None:
    """The terminal shows what the page tells a reader to type."""
    (command,) = re.findall(r"suno-async generate .*--simulate", README.partition("```sh\n")[2])[:1]
    drawn = ET.parse(ROOT / PICTURES[0])  # noqa: S314 ours
    texts = ["".join(one.itertext()) for one in drawn.iter() if one.tag.endswith("text")]
    shown = " ".join(texts).replace("\xa0", " ")
    assert f"$ {command}" in shown
    assert all(word in shown for word in ("text", "first", "complete"))


def test_the_house_is_drawn_from_its_rules() -> None:
    """The picture of the rooms is what the import contracts and the docstrings say."""
    drawn = _house.PICTURE.read_text("utf-8")
    assert drawn == _house.drawn(), "python -m benchmarks._house draws it anew"
