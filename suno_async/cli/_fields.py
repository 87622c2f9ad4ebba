"""What a batch's input may name: the operations that start a task, and their fields."""

from __future__ import annotations

from difflib import get_close_matches
from functools import cache
from typing import TYPE_CHECKING, Any

from attrs import Attribute, fields_dict, resolve_types

from suno_async import TaskOperation
from suno_async.operations import OPERATIONS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

OPERATION = "operation"
"""The column or member that names another operation than the default."""
DEFAULT = "GenerateMusic"
"""The operation of lines that name none."""
TASKS = {name.lower(): name for name, cls in OPERATIONS.items() if issubclass(cls, TaskOperation)}
"""The operations that start a task, by their names in small letters."""


@cache
def fields_of(name: str | None) -> Mapping[str, Attribute[Any]]:
    """The fields of an operation, or of all that start a task."""
    found: dict[str, Attribute[Any]] = {}
    for one in TASKS.values() if name is None else (name,):
        found |= fields_dict(resolve_types(OPERATIONS[one]))
    return found


def like(name: str, known: Iterable[str]) -> str:
    """A guess at the name that was meant, as the end of a sentence; empty without one."""
    near = get_close_matches(name, known, n=1)
    return f" (did you mean {near[0]!r}?)" if near else ""
