"""Public is what has no underscore: it is on a page of the reference, and says what it is."""

from __future__ import annotations

import ast
import importlib
import inspect
import pkgutil
import re
import textwrap
from itertools import pairwise
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, TypeVar, is_typeddict

import pytest

import suno_async
from suno_async import errors

if TYPE_CHECKING:
    from collections.abc import Iterator

PAGES = Path(__file__).parent.parent / ".ci" / "reference"
PROGRAMS = ("suno_async.cli", "suno_async.__main__", "suno_async.testing.plugin")
"""What is not for importing: pytest calls what is in the plugin."""


MODULES = [
    suno_async,
    *(
        importlib.import_module(found.name)
        for found in pkgutil.walk_packages(suno_async.__path__, "suno_async.")
        if "._" not in found.name and not found.name.startswith(PROGRAMS)
    ),
]
"""Every module that can be reached without an underscore."""

of_each_module = pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__)


def body_of(module: ModuleType) -> list[ast.stmt]:
    """What a module's file says."""
    return ast.parse(Path(module.__file__ or "").read_text("utf-8")).body


def names_of(module: ModuleType) -> set[str]:
    """What a module defines or exports without an underscore; type variables are for checkers."""
    names: set[str] = set(getattr(module, "__all__", ()))
    for node in body_of(module):
        match node:
            case (
                ast.ClassDef(name=name)
                | ast.FunctionDef(name=name)
                | ast.AsyncFunctionDef(name=name)
            ):
                names.add(name)
            case ast.AnnAssign(target=ast.Name(id=name)) | ast.Assign(targets=[ast.Name(id=name)]):
                names.add(name)
            case _:
                pass
    return {
        name
        for name in names
        if not name.startswith("_") and not isinstance(vars(module)[name], TypeVar | ModuleType)
    }


def documented() -> tuple[set[str], set[str]]:
    """The last parts of the names on the pages, and the modules that are there as a whole."""
    names, wholes = set[str](), set[str]()
    for page in PAGES.glob("*.rst"):
        text = page.read_text("utf-8")
        wholes |= {
            *re.findall(r"^\.\. automodule:: ([\w.]+)\n(?! +:no-members:)", text, re.MULTILINE)
        }
        shown = re.findall(r"^\.\. auto(?!module)\w+:: ([\w.]+)", text, re.MULTILINE)
        names |= {name.rpartition(".")[2] for name in shown}
    return names, wholes


@of_each_module
def test_what_has_no_underscore_is_documented(module: ModuleType) -> None:
    """Each name of a public module is in the reference: other names have an underscore."""
    names, wholes = documented()
    is_whole = module.__name__ in wholes
    assert is_whole or names_of(module) - names - {*dir(errors)} == set()


@of_each_module
def test_what_has_no_underscore_says_what_it_is(module: ModuleType) -> None:
    """Each public class and function has a docstring, and so has each public member of a class."""
    silent: list[str] = []
    for name in sorted(names_of(module)):
        one: Any = vars(module)[name]
        if inspect.isclass(one) or inspect.isroutine(one):
            silent += [name] * (not inspect.getdoc(one))
        if inspect.isclass(one) and not is_typeddict(
            one
        ):  # a dict's keys are the class's it is for
            silent += [f"{name}.{member}" for member in silent_members(one)]
    assert silent == []


def silent_members(cls: type) -> Iterator[str]:
    """The public methods, properties and attributes of a class that say nothing of themselves."""
    for name, member in vars(cls).items():
        is_function = inspect.isroutine(member) or isinstance(member, property)
        if not name.startswith("_") and is_function and not inspect.getdoc(getattr(cls, name)):
            yield name
    node = ast.parse(textwrap.dedent(inspect.getsource(cls))).body[0]
    assert isinstance(node, ast.ClassDef)
    for one, after in pairwise([*node.body, ast.Pass()]):
        match one, after:
            case _, ast.Expr(value=ast.Constant(value=str())):
                pass
            case ast.AnnAssign(target=ast.Name(id=name)), _ if not name.startswith("_"):
                yield name
            case _:
                pass
