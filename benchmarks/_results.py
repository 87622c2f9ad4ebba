"""`RESULTS.md`: one section for each benchmark, which stays until that benchmark is run again."""

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from benchmarks._tables import Table, count, machine

PLACE = Path(__file__).with_name("RESULTS.md")
_HEAD = """\
# Results

Made by `python -m benchmarks --results`; each section says when and on what it was measured. CPU
times are compared within one run, in rounds that take turns; beside a middle stand the least and
the most. What runs on virtual time does not depend on the machine. A missed target says so.
"""
_PLOT = re.compile(r"benchmarks/(plots/[\w.-]+\.svg)")


def section(name: str, doc: str, tables: Sequence[Table], *, full: bool) -> str:
    """One benchmark's section, with the plots that its tables name."""
    heading, _, rest = doc.partition("\n")
    command = f"`python -m benchmarks {name}{' --full' if full else ''}`"
    when = f"{datetime.now(UTC):%Y-%m-%d}"
    said = f"{command} on {when}: {count(tables)}{machine()}."
    shown = [table.markdown() for table in tables]
    plots = dict.fromkeys(_PLOT.findall("\n".join(shown)))
    pictures = [f"![{Path(plot).stem}]({plot})" for plot in plots]
    parts = [f"## {name}", heading, rest.strip(), said, *shown, *pictures]
    return "\n\n".join(filter(None, parts)) + "\n"


def put(new: str, names: Iterable[str], place: Path = PLACE) -> None:
    """Write this section in place of its former one; those of no benchmark any more go."""
    former = place.read_text(encoding="utf-8") if place.exists() else ""
    sections = {_name(one): one for one in [*_sections(former), new]}
    kept = [sections[name].strip() + "\n" for name in names if name in sections]
    place.write_text("\n".join([_HEAD, *kept]), encoding="utf-8")


def _sections(text: str) -> list[str]:
    return [part for part in re.split(r"(?m)^(?=## )", text) if part.startswith("## ")]


def _name(section: str) -> str:
    return section.partition("\n")[0].removeprefix("## ")
