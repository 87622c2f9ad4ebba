"""The rooms of the package, who imports whom, and how many lines of code each has."""

import ast
import tokenize
from collections import Counter
from collections.abc import Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from importlib import import_module
from pathlib import Path
from typing import Any

import suno_async
from benchmarks._tables import Cell, Table

PACKAGE = Path(suno_async.__file__ or "").parent
_NAME = "suno_async"
_FACE = "__init__"
_MADE = "_methods"  # by a command, from the operations
_NO_CODE = {
    tokenize.ENCODING,
    tokenize.COMMENT,
    tokenize.NL,
    tokenize.NEWLINE,
    tokenize.INDENT,
    tokenize.DEDENT,
    tokenize.ENDMARKER,
}
_MISSING = "No arrows: grimp is missing, which `pip install import-linter` brings."


def tables() -> Iterator[Table]:
    """Each room, and all of them."""
    lines, files = _lines(), _files()
    try:
        arrows = _arrows()
    except ImportError:
        yield _overview(files, lines, None)
        return
    yield _overview(files, lines, arrows)
    floors, _ = _floors(arrows)
    rows: list[list[Cell]] = [
        [room, files[room], lines[room], floors.get(room), ", ".join(sorted(arrows[room]))]
        for room in sorted(files, key=lambda room: (-floors.get(room, 0), room))
    ]
    columns = ("room", "files", "lines of code", "floor", "imports from")
    yield Table("The rooms, the highest first", columns, rows)


def _overview(
    files: Mapping[str, int], lines: Mapping[str, int], arrows: Mapping[str, set[str]] | None
) -> Table:
    private = sum(room.startswith("_") and room != _FACE for room in files)
    rows: list[list[Cell]] = [
        ["rooms", len(files)],
        ["  with an underscore", private],
        ["files", sum(files.values())],
        ["lines of code", sum(lines.values())],
    ]
    if arrows is None:
        return Table("The house", ("", "number"), rows, [_MISSING])
    floors, cycle = _floors(arrows)
    rows.insert(2, ["arrows", sum(map(len, arrows.values()))])
    rows.insert(3, ["floors", max(floors.values(), default=None)])
    notes = [f"In a circle: {' → '.join(cycle)}; so there are no floors."] if cycle else []
    return Table("The house", ("", "number"), rows, notes)


def _arrows() -> dict[str, set[str]]:
    """The rooms from which each room imports, imports for type checkers alone left out.

    Raises:
        ImportError: there is no grimp.
    """
    graph: Any = import_module("grimp").build_graph(
        _NAME, exclude_type_checking_imports=True, cache_dir=None
    )
    arrows: dict[str, set[str]] = {_room_of(module): set() for module in graph.modules}
    for module in graph.modules:
        imported: set[str] = graph.find_modules_directly_imported_by(module)
        arrows[_room_of(module)] |= {_room_of(one) for one in imported}
    return {room: others - {room} for room, others in arrows.items()}


def _room_of(module: str) -> str:
    """The room that a module is in."""
    return module.removeprefix(_NAME).removeprefix(".").partition(".")[0] or _FACE


def _floors(arrows: Mapping[str, set[str]]) -> tuple[dict[str, int], list[str]]:
    """The floor of each room, the lowest being 1; none, but the circle, if rooms import in one."""
    try:
        order = [*TopologicalSorter(arrows).static_order()]
    except CycleError as error:
        return {}, error.args[1]
    floors: dict[str, int] = {}
    for room in order:
        floors[room] = 1 + max((floors[one] for one in arrows[room]), default=0)
    return floors, []


def _files() -> Counter[str]:
    """How many files each room has."""
    return Counter(_room_in(path) for path in PACKAGE.rglob("*.py"))


def _lines() -> Counter[str]:
    """How many lines of code each room has."""
    lines = Counter[str]()
    for path in PACKAGE.rglob("*.py"):
        lines[_room_in(path)] += 0 if path.stem == _MADE else _code_in(path)
    return lines


def _room_in(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def _code_in(path: Path) -> int:
    """The lines of a file that are no docstring, no comment and not empty."""
    code: set[int] = set()
    with path.open("rb") as file:
        for token in tokenize.tokenize(file.readline):
            if token.type not in _NO_CODE:
                code.update(range(token.start[0], token.end[0] + 1))
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        match node:
            case ast.Expr(ast.Constant(str())):
                code.difference_update(range(node.lineno, (node.end_lineno or 0) + 1))
            case _:
                pass
    return len(code)
