"""The command line uses what a user of the package may use: no name with an underscore."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from suno_async import cli

ROOMS = sorted(Path(cli.__file__).parent.rglob("*.py"))


def is_private(name: str) -> bool:
    """Whether one part of a dotted name has an underscore, `__version__` and its like apart."""
    return any(part.startswith("_") and not part.endswith("__") for part in name.split("."))


def private_names(tree: ast.AST) -> Iterator[str]:
    """What is imported from private rooms of the package, and private attributes of others."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (one.name for one in node.names if is_private(one.name))
        elif isinstance(node, ast.ImportFrom) and not node.level:
            names = [f"{node.module}.{one.name}" for one in node.names]
            own = "suno_async.cli."
            yield from (name for name in names if is_private(name) and not name.startswith(own))
        elif isinstance(node, ast.Attribute) and is_private(node.attr):
            is_own = isinstance(node.value, ast.Name) and node.value.id in {"self", "cls"}
            yield from [] if is_own else [f".{node.attr} in line {node.lineno}"]


@pytest.mark.parametrize("room", ROOMS, ids=lambda room: room.stem)
def test_a_room_uses_public_names_only(room: Path) -> None:
    """Neither imports nor attributes reach for what only the package itself may use."""
    found = private_names(ast.parse(room.read_text("utf-8")))
    assert [one for one in found if not one.startswith("._exit ")] == []  # of the module `os`


def test_private_names_are_found() -> None:
    """What the test is for is found: a private room, a private name in a public one, a member."""
    source = "from suno_async._wire import x\nfrom suno_async.task import _y\na.b._c = self._d\n"
    found = list(private_names(ast.parse(source)))
    assert found == ["suno_async._wire.x", "suno_async.task._y", "._c in line 3"]
