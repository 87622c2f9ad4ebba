"""The text of `suno_async/_methods.py`: a method for each operation that is no upload."""

from __future__ import annotations

import ast
import builtins
import collections.abc
import inspect
import re
import textwrap
import typing
from enum import Enum
from typing import TYPE_CHECKING, Any, get_args, get_origin

import attrs
from docstrings import arguments, entries, listed, sections, written
from examples import EXAMPLES
from order import KEY, TIMEOUT, is_positional, place

from suno_async import SunoClient, operations, results
from suno_async.operations import OPERATIONS, CallOperation, Operation, TaskOperation
from suno_async.operations._files import Upload

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_WIDTH = 100
_HOMES: tuple[Any, ...] = (collections.abc, typing, results, operations)
"""Where a user can import what an annotation names."""

_HEADER = '''\
# ruff: noqa: A002, E501, PLR0913, TC001, TC003
# The API's own names; one line an argument, for editors show no more; all but a few have defaults;
# and the types are to be found at run time.
"""The client's methods, one an operation: made by `python .ci/methods`, never by hand.

Each takes the fields of its operation, in the order in which a user thinks of them, builds it, and
submits or calls it. What they say is what `operations` says.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
{imports}

from attrs import NOTHING

{ours}

R = TypeVar("R")

LEFT_OUT: Any = NOTHING
"""In place of an argument: what the operation makes of it when it is not given."""


class OperationMethods(ABC):
    """The operations as methods; the client says how to submit and to call."""

    @abstractmethod
    async def submit(
        self,
        operation: TaskOperation[R],
        *,
        idempotency_key: str | None = None,
        timeout: float | None = None,
    ) -> Task[R]:
        """Start a task."""

    @abstractmethod
    async def call(self, operation: CallOperation[R], *, timeout: float | None = None) -> R:
        """Ask for an answer that comes at once."""
'''


def operations_of_methods() -> dict[str, type[Operation[Any]]]:
    """Each method's name with its operation."""
    named = {re.sub(r"(?<=.)(?=[A-Z])", "_", name).lower(): cls for name, cls in OPERATIONS.items()}
    return {name: cls for name, cls in named.items() if not issubclass(cls, Upload)}


def text() -> str:
    """The whole file."""
    methods = [_Method(name, cls) for name, cls in operations_of_methods().items()]
    imported = {"Any", "TypeVar", "TaskOperation", "CallOperation"}
    imported = imported.union(*(one.names() for one in methods))
    homes: dict[str, list[str]] = {}
    for name in sorted(imported, key=_as_sorted):
        homes.setdefault(_home(name), []).append(name)
    homes["suno_async.task"] = ["Task"]
    lines = {home: _import(home, names) for home, names in sorted(homes.items())}
    ours = [line for home, line in lines.items() if home.startswith("suno_async")]
    others = [line for home, line in lines.items() if not home.startswith("suno_async")]
    header = _HEADER.replace("{imports}", "\n".join(others)).replace("{ours}", "\n".join(ours))
    return "\n".join([header.rstrip(), *(f"\n{one.text()}" for one in methods)]) + "\n"


def _home(name: str) -> str:
    for module in _HOMES:
        if name in module.__all__:
            return str(module.__name__)
    raise LookupError(f"{name}: put it into `operations.__all__`, so that users can import it")


def _as_sorted(name: str) -> tuple[int, str]:
    """As ruff sorts what is imported: constants, classes, all else."""
    return (0 if name.isupper() and len(name) > 1 else 1 if name[0].isupper() else 2), name


def _import(home: str, names: list[str]) -> str:
    line = f"from {home} import {', '.join(names)}"
    if len(line) <= _WIDTH:
        return line
    return "\n".join([f"from {home} import (", *(f"    {name}," for name in names), ")"])


@attrs.frozen
class _Method:
    name: str
    operation: type[Operation[Any]]

    @property
    def starts_task(self) -> bool:
        return issubclass(self.operation, TaskOperation)

    @property
    def returned(self) -> str:
        answer = _name_of(_answer(self.operation))
        return f"Task[{answer}]" if self.starts_task else answer

    def names(self) -> set[str]:
        """What its annotations name."""
        annotations = [self.returned, *(one.annotation for one in self._parameters())]
        named = {
            node.id
            for annotation in annotations
            for node in ast.walk(ast.parse(annotation))
            if isinstance(node, ast.Name)
        } | {self.operation.__name__}
        defaults = {str(one.default).partition(".")[0] for one in self._parameters()}
        named |= {one for one in defaults if one in operations.__all__}
        return {one for one in named if not hasattr(builtins, one)} - {"Task"}

    def _parameters(self) -> list[inspect.Parameter]:
        """Those of the constructor as they are written, in a user's order."""
        made = [*inspect.signature(self.operation).parameters.values()]
        keyword = inspect.Parameter.KEYWORD_ONLY
        if self.starts_task:
            made.append(inspect.Parameter(KEY, keyword, default=None, annotation="str | None"))
        made.append(inspect.Parameter(TIMEOUT, keyword, default=None, annotation="float | None"))
        return sorted((_as_written(one) for one in made), key=place)

    def text(self) -> str:
        """The method."""
        parameters = self._parameters()
        fields = [one for one in parameters if one.name not in {KEY, TIMEOUT}]
        made = _call(
            self.operation.__name__,
            [one.name if is_positional(one) else f"{one.name}={one.name}" for one in fields],
        )
        if self.starts_task:
            of_request = [f"{KEY}={KEY}", f"{TIMEOUT}={TIMEOUT}"]
            body = _call("return await self.submit", [made, *of_request])
        else:
            body = _call("return await self.call", [made, f"{TIMEOUT}={TIMEOUT}"])
        lines = [*self._head(parameters), *written(self._doc(parameters), "    ")]
        lines += textwrap.indent(body, "    ").splitlines()
        return textwrap.indent("\n".join(lines), "    ")

    def _head(self, parameters: list[inspect.Parameter]) -> Iterator[str]:
        if not parameters:
            yield f"async def {self.name}(self) -> {self.returned}:"
            return
        yield f"async def {self.name}("
        yield "    self,"
        named_only = False
        for one in parameters:
            if not named_only and not is_positional(one):
                yield "    *,"
                named_only = True
            default = "" if one.default is one.empty else f" = {one.default}"
            yield from _parameter(f"    {one.name}: {one.annotation}{default},")
        yield f") -> {self.returned}:"

    def _doc(self, parameters: Iterable[inspect.Parameter]) -> dict[str, str]:
        own = sections(self.operation.__doc__ or "")
        of_request = entries(sections(SunoClient.submit.__doc__ or "")["Args"])
        told = arguments(self.operation) | {one: of_request[one] for one in (KEY, TIMEOUT)}
        returned = _name_of(_answer(self.operation))
        parts = {
            "": _wrapped(own[""].replace(f"{self.operation.__name__}(", f"{self.name}(")),
            "Args": listed({one.name: told[one.name] for one in parameters}),
            "Returns": f"The task, accepted and paid for; `await` it for its `{returned}`."
            if self.starts_task
            else f"The answer, `{returned}`.",
            "Raises": self._raised(entries(own.get("Raises", ""))),
        }
        if self.name in EXAMPLES:
            parts["Example"] = _prompted(EXAMPLES[self.name].strip())
        return parts

    def _raised(self, own: dict[str, str]) -> str:
        """What the operation raises when it is built, and what matters of what follows."""
        known = entries(sections(SunoClient.submit.__doc__ or "")["Raises"])
        known |= entries(sections(SunoClient.call.__doc__ or "")["Raises"])
        if self.starts_task:
            names = ("APIError", "SubmissionUnknown", "ConnectionFailed", "ConfigurationError")
        elif self.operation._costs:
            names = ("APIError", "SubmissionUnknown", "ConnectionFailed", "DecodeError")
        else:
            names = ("APIError", "ConnectionFailed", "RequestTimeout", "DecodeError")
        told = own | {name: known[name] for name in names}
        return _wrapped(listed(told), between="\n", width=_WIDTH - 12, subsequent_indent="    ")


def _as_written(parameter: inspect.Parameter) -> inspect.Parameter:
    """With its annotation and its default as they stand in source."""
    default = parameter.default
    if default is attrs.NOTHING:
        default = "LEFT_OUT"
    elif isinstance(default, Enum):
        default = f"{type(default).__name__}.{default.name}"
    elif default is not parameter.empty:
        default = _quoted(repr(default))
    return parameter.replace(annotation=_quoted(parameter.annotation), default=default)


def _quoted(source: str) -> str:
    return source.replace("'", '"')


def _parameter(line: str) -> list[str]:
    """As ruff lays it out."""
    fits = len(line) + 4 <= _WIDTH
    return [line] if fits else line.replace(" | ", "\n    | ").splitlines()


def _call(function: str, given: list[str]) -> str:
    if not given:
        return f"{function}()"
    return "\n".join([f"{function}(", *(textwrap.indent(f"{one},", "    ") for one in given), ")"])


def _wrapped(
    text: str, *, between: str = "\n\n", width: int = _WIDTH - 8, subsequent_indent: str = ""
) -> str:
    """Each paragraph in lines of this width."""
    wrap = textwrap.TextWrapper(
        width, subsequent_indent=subsequent_indent, break_on_hyphens=False, break_long_words=False
    )
    return between.join(wrap.fill(one) for one in text.split(between))


def _prompted(code: str) -> str:
    """As a session at the prompt shows it."""
    return "\n".join(
        f"{'...' if line.startswith((' ', ')')) else '>>>'} {line}" for line in code.splitlines()
    )


def _answer(operation: type[Operation[Any]]) -> Any:
    """What the nearest of its bases has filled in as the type of its answer."""
    for cls in operation.__mro__:
        for base in getattr(cls, "__orig_bases__", ()):
            origin = get_origin(base)
            if isinstance(origin, type) and issubclass(origin, (TaskOperation, CallOperation)):
                return get_args(base)[0]
    raise TypeError(f"{operation.__name__} does not say what it answers")


def _name_of(answer: Any) -> str:
    return re.sub(r"\w+\.(?=\w)", "", str(answer)) if get_args(answer) else str(answer.__name__)
