"""Every public name says what it is: classes, functions, constants, and all that a class has."""

import ast
import builtins
import inspect
import re
import sys
from collections.abc import Iterator
from functools import cache
from types import FunctionType
from typing import Any

import pytest

import suno_async
from suno_async import errors, redis_limiter, testing
from suno_async.operations import Operation
from suno_async.testing import Plan, PlanChanges

SECTION = re.compile(r"^(Args|Raises):\n((?: +.*\n?|\n)+)", re.MULTILINE)
ENTRY = re.compile(r"^ {4}(\w+): \S", re.MULTILINE)


def _public() -> Iterator[tuple[str, Any]]:
    for module in (suno_async, testing):
        for name in module.__all__:
            yield f"{module.__name__}.{name}", getattr(module, name)
    for module in (errors, redis_limiter):
        for name, value in vars(module).items():
            if not name.startswith("_") and getattr(value, "__module__", "") == module.__name__:
                yield f"{module.__name__}.{name}", value


def _is_ours(thing: Any) -> bool:
    return str(thing.__module__).startswith("suno_async")


PUBLIC = dict(_public())
CLASSES = {name: value for name, value in PUBLIC.items() if inspect.isclass(value)}


@cache
def _tree(module: str) -> ast.Module:
    return ast.parse(inspect.getsource(sys.modules[module]))


@cache
def _documented(module: str, cls: str | None = None) -> dict[str, str]:
    """What is said of each name in a body: its docstring, or the text under its assignment."""
    documented: dict[str, str] = {}
    body = _tree(module).body
    if cls is not None:
        body = next(one.body for one in body if isinstance(one, ast.ClassDef) and one.name == cls)
    for node, after in zip(body, [*body[1:], ast.Pass()], strict=True):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            documented[node.name] = documented.get(node.name) or ast.get_docstring(node) or ""
        for target in getattr(node, "targets", [getattr(node, "target", None)]):
            if isinstance(target, ast.Name):
                documented[target.id] = _text(after)
    return documented


def _text(node: ast.stmt) -> str:
    match node:
        case ast.Expr(value=ast.Constant(value=str(text))):
            return text
        case _:
            return ""


def _members(cls: type) -> dict[str, str]:
    """What is said of all that a class has of ours, by the nearest of its bases that says it."""
    members: dict[str, str] = {}
    for base in filter(_is_ours, cls.__mro__):
        for name, text in _documented(base.__module__, base.__name__).items():
            if not name.startswith("_"):
                value = getattr(cls, name, None)
                made = value.__doc__ if isinstance(value, FunctionType) else ""
                members[name] = members.get(name) or text or made or ""
    return members


def _signed() -> Iterator[tuple[str, Any]]:
    """All that has a docstring with sections: classes, functions and methods."""
    for name, value in PUBLIC.items():
        if inspect.isclass(value) or inspect.isfunction(value):
            yield name, value
        for member in _members(value) if inspect.isclass(value) else ():
            method = getattr(value, member, None)
            if inspect.isfunction(method) or inspect.ismethod(method):
                yield f"{name}.{member}", method


def _entries(thing: Any, section: str) -> list[str]:
    found = dict(SECTION.findall(inspect.cleandoc(thing.__doc__ or "")))
    return ENTRY.findall(found.get(section, ""))


@pytest.mark.parametrize("name", CLASSES)
def test_a_class_is_documented_with_all_that_it_has(name: str) -> None:
    """A public class has a docstring of its own, and each of its public names has one, too."""
    cls = CLASSES[name]
    assert vars(cls).get("__doc__"), f"{name} has no docstring"
    # what a dictionary's keys mean is said where they are attributes
    said = _members(Plan) if cls is PlanChanges else {}
    members = _members(cls)
    assert [f"{name}.{one}" for one, text in members.items() if not (text or said.get(one))] == []


def test_functions_and_constants_are_documented() -> None:
    """A public function has a docstring; a constant has its text under the assignment."""
    modules = {name: one for name, one in sys.modules.items() if name.startswith("suno_async")}
    for name, value in PUBLIC.items():
        last = name.rpartition(".")[2]
        if inspect.isfunction(value):
            assert value.__doc__, f"{name} has no docstring"
        elif name not in CLASSES:
            homes = [home for home, one in modules.items() if getattr(one, last, None) is value]
            assert any(_documented(home).get(last) for home in homes), (
                f"{name} has no text under it"
            )


def test_arguments_that_are_documented_are_all_of_them() -> None:
    """Where a docstring lists arguments, it lists those of the signature, in their order.

    Those of operations come in a user's order, while the signature has the inherited ones first.
    """
    documented = {name: thing for name, thing in _signed() if _entries(thing, "Args")}
    assert "suno_async.SunoClient" in documented
    for name, thing in documented.items():
        taken = [one for one in inspect.signature(thing).parameters if one != "self"]
        entries = _entries(thing, "Args")
        is_operation = inspect.isclass(thing) and issubclass(thing, Operation)
        assert (sorted(entries) if is_operation else entries) == (
            sorted(taken) if is_operation else taken
        ), name


def test_errors_that_are_documented_exist() -> None:
    """Each name under `Raises` is one of our errors, or a built-in one."""
    documented = {
        name: entries for name, thing in _signed() if (entries := _entries(thing, "Raises"))
    }
    assert "suno_async.SunoClient.submit" in documented
    for name, entries in documented.items():
        for entry in entries:
            error = getattr(errors, entry, getattr(builtins, entry, None))
            assert isinstance(error, type), f"{name}: there is no error {entry}"
            assert issubclass(error, Exception), f"{name}: {entry} is no error"
