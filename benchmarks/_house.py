"""The picture of the package's rooms in the README, from its rules: `python -m benchmarks._house`.

The rules are the layers that import-linter holds, the highest floor first; a room's line is the
first sentence of its docstring.
"""

import ast
import re
import tomllib
from collections.abc import Iterator
from html import escape
from pathlib import Path

ROOT = Path(__file__).parent.parent
PICTURE = ROOT / "benchmarks/plots/house.svg"
_WIDTH, _LINE, _PAD = 940, 21, 7
_FLOORS = ("#eef3f8", "#f8fafc")


def main() -> None:
    """Draw it."""
    PICTURE.write_text(drawn(), encoding="utf-8")
    print(PICTURE)


def drawn() -> str:
    """The picture: a band for each floor, a line for each room, with what is its job."""
    bands, y = list[str](), 0
    for number, rooms in enumerate(_floors()):
        height = len(rooms) * _LINE + 2 * _PAD
        bands.append(
            f'<rect y="{y}" width="{_WIDTH}" height="{height}" fill="{_FLOORS[number % 2]}"/>'
        )
        for line, room in enumerate(rooms):
            at = y + _PAD + line * _LINE + 15
            weight = "" if room.startswith("_") else ' font-weight="bold"'
            bands.append(f'<text class="room" x="14" y="{at}"{weight}>{escape(room)}</text>')
            bands.append(f'<text x="160" y="{at}">{escape(_job(room))}</text>')
        y += height
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {y}" font-size="13"'
        ' font-family="system-ui, sans-serif" fill="#1f2933">'
    )
    style = "<style>.room { font-family: ui-monospace, Menlo, Consolas, monospace }</style>"
    return "\n".join([head, style, *bands, "</svg>", ""])


def _floors() -> Iterator[list[str]]:
    """The rooms of each floor, the highest first."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    (rule,) = (
        one for one in project["tool"]["importlinter"]["contracts"] if one["type"] == "layers"
    )
    for layer in rule["layers"]:
        yield layer.split(" | ")


def _job(room: str) -> str:
    """The first sentence of its docstring, without the mark-up of names."""
    place = ROOT / "suno_async" / room
    file = place / "__init__.py" if place.is_dir() else place.with_suffix(".py")
    said = ast.get_docstring(ast.parse(file.read_text("utf-8"))) or ""
    sentence = re.split(r"(?<=\w)\.(?=\s|$)|\n\n", said, maxsplit=1)[0]
    return " ".join(sentence.replace("`", "").split()).removesuffix(".")


if __name__ == "__main__":
    main()
