"""What the source says of a class and its fields, and the `Args:` that is made of it.

The text under a field is the only place where its sentence is written. Editors show nothing of it
where an argument is typed: they read the `Args:` of that very class or method, and of an entry only
its first line. So each entry is one line, however long.
"""

from __future__ import annotations

import ast
import inspect
import re
import textwrap
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs
from order import place

from suno_async.operations import Operation

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

SECTIONS = ("Args", "Returns", "Raises", "Example")
_HEAD = re.compile(rf"({'|'.join(SECTIONS)}):")
_LONGEST = 100
_LONG = "  # noqa: E501 editors show the first line of an argument's text"


@cache
def _tree(file: Path) -> ast.Module:
    return ast.parse(file.read_text("utf-8"))


def file_of(cls: type) -> Path:
    """Where a class is written."""
    return Path(inspect.getfile(cls))


def _node(cls: type) -> ast.ClassDef:
    body = _tree(file_of(cls)).body
    return next(one for one in body if isinstance(one, ast.ClassDef) and one.name == cls.__name__)


def _told(cls: type) -> Iterator[tuple[str, str]]:
    """Each field of a class's own body with the text under it."""
    body = _node(cls).body
    for node, after in pairwise(body):
        match node, after:
            case (
                ast.AnnAssign(target=ast.Name(id=name)),
                ast.Expr(value=ast.Constant(value=str(text))),
            ):
                yield name, " ".join(text.split())
            case _:
                pass


def arguments(cls: type) -> dict[str, str]:
    """Each argument of an attrs class with its sentence, those of operations in a user's order."""
    told: dict[str, str] = {}
    for base in cls.__mro__:
        if attrs.has(base):
            told = dict(_told(base)) | told
    names = {one.alias: one.name for one in attrs.fields(cls)}
    given = [*inspect.signature(cls).parameters.values()]
    if issubclass(cls, Operation):
        given.sort(key=place)
    return {one.name: told[names[one.name]] for one in given}


def sections(docstring: str) -> dict[str, str]:
    """The parts of a docstring by their heads; what stands before the first is called ''."""
    parts: dict[str, list[str]] = {"": []}
    name = ""
    for line in inspect.cleandoc(docstring).splitlines():
        if found := _HEAD.fullmatch(line):
            name = found[1]
            parts[name] = []
        else:
            parts[name].append(line[4:] if name else line)
    return {name: "\n".join(lines).strip("\n") for name, lines in parts.items()}


def entries(section: str) -> dict[str, str]:
    """The entries of a section, each in one line."""
    found: dict[str, str] = {}
    name = ""
    for line in section.splitlines():
        if line.startswith(" "):
            found[name] += f" {line.strip()}"
        else:
            name, _, text = line.partition(": ")
            found[name] = text
    return found


def listed(told: dict[str, str]) -> str:
    """A section of these entries."""
    return "\n".join(f"{name}: {text}" for name, text in told.items())


def written(parts: dict[str, str], indent: str) -> list[str]:
    """The lines of a docstring of these parts, quotes and all."""
    told = [(name, textwrap.indent(parts[name], "    ")) for name in SECTIONS if parts.get(name)]
    lines = "\n\n".join([parts[""], *(f"{name}:\n{text}" for name, text in told)]).splitlines()
    quoted = [f'"""{lines[0]}', *lines[1:]]
    if len(lines) == 1:
        quoted[0] += '"""'
    else:
        quoted.append('"""')
    return [(indent + one).rstrip() for one in quoted]


def with_arguments(file: Path, classes: Iterable[type]) -> str:
    """The text of a file whose classes tell their arguments."""
    lines = file.read_text("utf-8").splitlines()
    for cls in sorted(classes, key=lambda one: -_node(one).lineno):
        docstring: Any = _node(cls).body[0]
        parts = sections(docstring.value.value) | {"Args": listed(arguments(cls))}
        made = written(parts, " " * docstring.col_offset)
        if any(len(line) > _LONGEST for line in made):
            made[-1] += _LONG
        lines[docstring.lineno - 1 : docstring.end_lineno] = made
    return "\n".join(lines) + "\n"
