"""Editors and `help()` explain each argument of the client's methods, and of what users build.

pyright's language server, which is also what Pylance is made of, shows of the argument that is
being typed the first line of its entry in the `Args:` of that very method or class; jedi shows the
whole docstring.
"""

from __future__ import annotations

import inspect
import pydoc
import re
from enum import Enum
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import pytest
from language_server import LanguageServer
from program_kit import needed

import suno_async
from suno_async import (
    CallbackReceiver,
    SubmissionUnknown,
    SunoClient,
    Task,
    redis_limiter,
    testing,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MADE_FOR_USERS = {
    *("Attempt", "Batch", "CallOperation", "FieldProblem", "JournalEntry", "Outcome"),
    *("Task", "TaskOperation", "UnhandledCallback"),
    *("testing.Entry", "testing.Ledger", "testing.Callback", "testing.PlanChanges"),
}
OBJECTS: dict[str, type] = {
    "suno": SunoClient,
    "task": Task,
    "receiver": CallbackReceiver,
    "fake": testing.FakeSuno,
    "unknown": SubmissionUnknown,
}
"""What a user calls methods of, as the program names it."""
FOR_THE_PACKAGE = {
    *("task.disturb", "task.listen", "task.observe", "task.told", "task.unlisten"),
    *("receiver.attach", "receiver.url_for"),
}
ENTRY = re.compile(r"^ {4}(\w+): (\S.*)$", re.MULTILINE)


def _built() -> Iterator[tuple[str, Any]]:
    """The classes that users build, as a program names them."""
    for prefix, module in (("", suno_async), ("testing.", testing)):
        for name in module.__all__:
            cls = getattr(module, name)
            is_data = inspect.isclass(cls) and not issubclass(cls, (Exception, Enum))
            if is_data and not getattr(cls, "_is_protocol", False):
                yield prefix + name, cls
    yield "redis_limiter.RedisRateLimiter", redis_limiter.RedisRateLimiter


def _explained() -> Iterator[tuple[str, Any]]:
    """All that takes arguments."""
    for name, cls in _built():
        if name not in MADE_FOR_USERS and not cls.__module__.startswith("suno_async.results"):
            yield name, cls
    for name, cls in OBJECTS.items():
        for member, method in inspect.getmembers(cls, inspect.isfunction):
            if not member.startswith("_") and f"{name}.{member}" not in FOR_THE_PACKAGE:
                yield f"{name}.{member}", method


def _arguments(thing: Any) -> list[str]:
    return [name for name in inspect.signature(thing).parameters if name != "self"]


EXPLAINED = {name: thing for name, thing in _explained() if _arguments(thing)}


def _entries(docstring: str) -> dict[str, str]:
    """The entries of `Args:`; one that goes on in a second line is cut, as editors cut it."""
    section = docstring.partition("Args:\n")[2]
    return dict(ENTRY.findall(re.split(r"\n(?! {4})", section)[0]))


@pytest.fixture(scope="module")
def typed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A program that calls everything, each with all its arguments by name, one call a line."""
    file = tmp_path_factory.mktemp("typed") / "typed.py"
    calls = [
        f"    {name}({','.join(f' {one}=0' for one in _arguments(thing))})"
        for name, thing in EXPLAINED.items()
    ]
    imports = "from suno_async import *; from suno_async import redis_limiter, testing"
    name_of = {cls: name for name, cls in _built()} | {SubmissionUnknown: "SubmissionUnknown"}
    given = ", ".join(f"{name}: {name_of[cls]}" for name, cls in OBJECTS.items())
    file.write_text("\n".join([imports, f"def program({given}) -> None:", *calls]))
    return file


def _line(typed: Path, name: str) -> tuple[int, str]:
    """The place of a call in the program, and its text."""
    return next(
        (number, line)
        for number, line in enumerate(typed.read_text().splitlines())
        if line.startswith(f"    {name}(")
    )


def test_there_is_something_to_explain() -> None:
    """Methods of both sorts, operations, limiters, the receiver and the fake are among them."""
    assert {"suno.generate_music", "suno.submit", "suno.download", "GenerateMusic"} <= {*EXPLAINED}
    assert {"SunoClient", "RateLimiter", "CallbackReceiver", "testing.FakeSuno"} <= {*EXPLAINED}
    assert {name for name, _ in _built()} >= MADE_FOR_USERS


@pytest.mark.parametrize("name", EXPLAINED)
def test_help_explains_each_argument(name: str) -> None:
    """`help()` has a whole sentence for each argument, in one line."""
    thing = EXPLAINED[name]
    explained = _entries(inspect.getdoc(thing) or "")
    assert sorted(explained) == sorted(_arguments(thing))
    cut = [one for one, text in explained.items() if not text.endswith(".")]
    assert not cut, "write each entry in one line with a stop: editors show no more of it"
    shown = re.sub(".\b", "", pydoc.render_doc(thing))  # on a terminal it is bold by overstriking
    assert all(f"{one}: {text}" in shown for one, text in explained.items())


@pytest.fixture(scope="module")
def script(typed: Path) -> Any:
    """Give the program as jedi has read it."""
    return needed("jedi").Script(path=typed)


@pytest.mark.parametrize("name", EXPLAINED)
def test_jedi_explains_each_argument(name: str, typed: Path, script: Any) -> None:
    """The signature that jedi finds explains each argument; of a method it has them all.

    Of attrs classes it knows too little: arguments inherited from generic ones are missing.
    """
    number, line = _line(typed, name)
    signatures = script.get_signatures(number + 1, line.index("(") + 1)
    assert signatures
    expected = _entries(inspect.getdoc(EXPLAINED[name]) or "")
    assert _entries(signatures[0].docstring(raw=True)) == expected
    if name.partition(".")[0] in OBJECTS:
        overloads = {one.name for signature in signatures for one in signature.params}
        assert overloads == {*expected}


@pytest.fixture(scope="module")
def server(typed: Path) -> Iterator[LanguageServer]:
    """Give pyright's language server with the program open; the gate has it, a user may not."""
    if find_spec("pyright") is None:
        pytest.skip("no pyright (group lint)")
    with LanguageServer(typed) as running:
        yield running


@pytest.mark.parametrize("name", EXPLAINED)
def test_pyright_explains_the_argument_that_is_typed(
    name: str, typed: Path, server: LanguageServer
) -> None:
    """Signature help shows of the argument at the cursor all that there is to say."""
    number, line = _line(typed, name)
    explained = _entries(inspect.getdoc(EXPLAINED[name]) or "")
    explained.pop("changes", None)  # it stands for the names that may follow
    for one, text in explained.items():
        column = line.index(f" {one}=0", line.index("(")) + len(f" {one}=")
        assert server.argument(number, column) == {one: f"{one}: {text}"}


@pytest.mark.parametrize("name", EXPLAINED)
def test_pyright_explains_what_is_hovered(name: str, typed: Path, server: LanguageServer) -> None:
    """Hovering a method or a class shows the text of each of its arguments."""
    number, line = _line(typed, name)
    shown = server.hover(number, line.index("(") - 1)
    for text in _entries(inspect.getdoc(EXPLAINED[name]) or "").values():
        assert text in shown
