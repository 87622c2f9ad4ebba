"""From the lines of a file to requests: what cannot be built says all that is wrong with it."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeAlias, TypeGuard, cast, get_args, get_origin

from attrs import frozen

from suno_async import (
    ConfigurationError,
    InvalidRequest,
    TaskOperation,
    operation_from_dict,
)
from suno_async.errors import FieldProblem

from ._fields import DEFAULT, OPERATION, TASKS, fields_of, like
from ._formats import FORMATS, Row
from ._source import STDIN, in_thread, is_pipe, lines_of, name_of, opened
from ._texts import file_named

Request: TypeAlias = TaskOperation[Any] | InvalidRequest

_MOST_COUNTED = 64_000_000  # bytes, which take about a second
_SUFFIXES = {".txt": "txt", ".csv": "csv", ".tsv": "csv", ".jsonl": "jsonl", ".ndjson": "jsonl"}


@frozen
class Line:
    """A line of the input, or a row of several."""

    number: int
    """Which it is, or where the row begins, from 1."""
    item: Request
    """The request, or why it is none."""


@frozen
class Requests:
    """The requests of a file, read as they are asked for."""

    file: str
    """Its path, or `-` for stdin."""
    format: str
    """How it is written: `txt`, `csv` or `jsonl`."""
    defaults: Mapping[str, Any]
    """Fields for lines that say nothing of them, where their operation has such."""

    @property
    def name(self) -> str:
        """The name of the file, for sentences."""
        return name_of(self.file)

    def __iter__(self) -> Iterator[Line]:
        """Each line that is not blank.

        Raises:
            ConfigurationError: the file, or its header, cannot be read.
        """
        for number, given in self._rows():
            if isinstance(given, InvalidRequest):
                yield Line(number, given)
            else:
                yield Line(number, _built(given, self.defaults))

    def count(self) -> int | None:
        """How many there are, `None` where counting would take the input away, or long.

        Raises:
            ConfigurationError: as of iterating.
        """
        if is_pipe(self.file):
            return None
        if Path(self.file).is_file() and Path(self.file).stat().st_size > _MOST_COUNTED:
            next(self._rows(), None)
            return None
        return sum(1 for _ in self._rows())

    async def as_they_come(self) -> AsyncGenerator[Line]:
        """Each line that is not blank; a pipe, which may keep its reader waiting, in a thread."""
        if is_pipe(self.file):
            async for line in in_thread(lambda: self):
                yield line
        else:
            for line in self:
                yield line

    def _rows(self) -> Iterator[Row]:
        with opened(self.file) as file:
            yield from FORMATS[self.format](self.file, lines_of(self.file, file))


def format_of(file: str, given: str | None) -> str:
    """How a file is written: as is said, or as its name says.

    Raises:
        ConfigurationError: neither says it.
    """
    found = given or _SUFFIXES.get(Path(file).suffix.lower())
    if found is None:
        if not is_pipe(file):
            opened(file).close()  # rather say first that it is not there
        what = "stdin holds" if file == STDIN else f"{file} is"
        raise ConfigurationError(f"Say what {what}: --format txt, csv or jsonl.")
    return found


def _built(given: Mapping[str, Any], defaults: Mapping[str, Any]) -> Request:
    """The request, or all that is wrong with it."""
    asked = given.get(OPERATION, DEFAULT)
    name = TASKS.get(str(asked).strip().replace("_", "").lower())
    if name is None:
        near = like(str(asked), TASKS.values())
        return InvalidRequest(f"no operation that starts a task is called {asked!r}{near}")
    known = fields_of(name)
    faults = tuple(
        FieldProblem(one, f"is not a field of {name}{like(one, known)}")
        for one in given
        if one not in known and one != OPERATION
    )
    faults += tuple(
        FieldProblem(one, f"is not read from a file, and {file} is one: give the text itself")
        for one, value in given.items()
        if isinstance(value, str) and (file := file_named(value)) is not None
    )
    # options fill in only what the line's own operation knows, so that they suit mixed files
    filled = {one: value for one, value in defaults.items() if one in known} | {
        one: _listed(value, known[one].type) for one, value in given.items() if one in known
    }
    try:
        operation = cast("TaskOperation[Any]", operation_from_dict(name, filled))
    except InvalidRequest as error:
        return InvalidRequest(operation=name, problems=(*faults, *error.problems))
    return InvalidRequest(operation=name, problems=faults) if faults else operation


def _listed(value: Any, annotation: Any) -> Any:
    """A list that came as text: as JSON, or apart by blanks."""
    kinds = get_args(annotation) or (annotation,)
    is_list = any(get_origin(kind) is tuple for kind in (annotation, *kinds))
    if not is_list or not isinstance(value, str):
        return value
    try:
        found = json.loads(value)
    except ValueError:
        return value.split()
    return found if _is_list(found) else value.split()


def _is_list(value: Any) -> TypeGuard[list[Any]]:
    return isinstance(value, list)
