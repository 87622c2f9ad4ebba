"""How the client's methods are made from the classes of operations.

`generate_music = submits(GenerateMusic)` is a method that takes the fields of the class, builds the
operation and submits it. Checkers and editors infer its signature from the class; `help()` reads
the same from what is set on the function.
"""

from __future__ import annotations

import inspect
from types import GenericAlias
from typing import (
    TYPE_CHECKING,
    Any,
    Concatenate,
    Generic,
    ParamSpec,
    Protocol,
    TypeVar,
    cast,
    get_args,
    overload,
)

from attrs import NOTHING

from suno_async.task import Task

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from suno_async.operations import CallOperation, TaskOperation

P = ParamSpec("P")
R = TypeVar("R")


class Caller(Protocol):
    """What the methods need of a client."""

    async def submit(self, operation: TaskOperation[R], /) -> Task[R]:
        """Start a task."""
        ...

    async def call(self, operation: CallOperation[R], /) -> R:
        """Ask for an answer."""
        ...


class _Shown(str):
    """An annotation as it is written, without quotes in `help()`."""

    __slots__ = ()
    __repr__ = str.__str__


class _Method(Generic[P, R]):
    """A method of the client; `R` is what awaiting it gives."""

    def __init__(self, function: Callable[..., Any], operation: Any, answer: Any) -> None:
        function.__doc__ = operation.__doc__
        self._function = function
        self._operation = operation
        self._answer = answer

    def __set_name__(self, owner: type, name: str) -> None:
        self._function.__name__ = name
        self._function.__qualname__ = f"{owner.__qualname__}.{name}"
        self._function.__module__ = owner.__module__

    @overload
    def __get__(
        self, client: None, owner: type
    ) -> Callable[Concatenate[Any, P], Coroutine[Any, Any, R]]: ...
    @overload
    def __get__(self, client: object, owner: type) -> Callable[P, Coroutine[Any, Any, R]]: ...
    def __get__(self, client: object, owner: type) -> Any:
        if not hasattr(self._function, "__signature__"):  # not on import, where all would be made
            # what inspect looks for, and the type of functions does not know
            self._function.__signature__ = self._signature()  # type: ignore[attr-defined]
        return self._function.__get__(client, owner)

    def _signature(self) -> inspect.Signature:
        signature = inspect.signature(self._operation)
        client = inspect.Parameter("self", inspect.Parameter.POSITIONAL_ONLY)
        given = signature.parameters.values()
        fields = [
            one.replace(
                annotation=_Shown(one.annotation),
                default=_Shown("...") if one.default is NOTHING else one.default,
            )
            for one in given
        ]
        return signature.replace(parameters=[client, *fields], return_annotation=self._answer)


def submits(operation: Callable[P, TaskOperation[R]]) -> _Method[P, Task[R]]:
    """A method that starts this operation's task."""

    async def method(client: Caller, /, *args: P.args, **fields: P.kwargs) -> Task[R]:
        return await client.submit(operation(*args, **fields))

    return _Method(method, operation, GenericAlias(Task, (_answer_of(operation),)))


def calls(operation: Callable[P, CallOperation[R]]) -> _Method[P, R]:
    """A method that returns this operation's answer."""

    async def method(client: Caller, /, *args: P.args, **fields: P.kwargs) -> R:
        return await client.call(operation(*args, **fields))

    return _Method(method, operation, _answer_of(operation))


def _answer_of(operation: Any) -> Any:
    """The `R` that an operation's class has filled in."""
    bases = cast("tuple[Any, ...]", operation.__orig_bases__)
    return next(arguments[0] for base in bases if (arguments := get_args(base)))
