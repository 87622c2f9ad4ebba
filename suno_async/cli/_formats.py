"""How a batch's input is written: lines of text, rows under a header, or JSON objects."""

from __future__ import annotations

import csv
import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeAlias

from attrs import define, field

from suno_async import InvalidRequest

from ._fields import DEFAULT, OPERATION, fields_of, like
from ._source import STDIN, unreadable
from ._texts import is_token

Lines: TypeAlias = Iterator[tuple[int, str | InvalidRequest]]
"""Numbered lines, or what is wrong with them."""
Row: TypeAlias = tuple[int, dict[str, Any] | InvalidRequest]
"""The number of a line, and the fields that it holds, or what is wrong with it."""


def _txt(file: str, lines: Lines) -> Iterator[Row]:
    is_first = True
    for number, line in lines:
        if isinstance(line, InvalidRequest):
            yield number, line
        elif prompt := line.strip():
            if is_first:
                _check_no_table(file, prompt)
            is_first = False
            yield number, _no_prompt(file, prompt) or {"prompt": prompt}


def _check_no_table(file: str, line: str) -> None:
    """Refuse a table that is said to be lines of text: each row would be paid for as a prompt."""
    names = [cell.strip() for cell in re.split(r"[,;\t]", line)]
    if len(names) > 1 and {OPERATION, *fields_of(None)}.issuperset(names):
        raise unreadable(file, "it is a table, not a prompt a line: say --format csv")


def _no_prompt(file: str, line: str) -> InvalidRequest | None:
    """Why a line is hardly meant as a prompt, though it is text."""
    if is_token(line):
        what = f"wait @{file}" if file != STDIN else "wait -"
        return InvalidRequest(f"the line is the token of a task: suno-async {what} picks it up")
    if re.match(r'\{\s*"', line):
        return InvalidRequest("the line is a JSON object, not a prompt: say --format jsonl")
    return None


def _jsonl(_file: str, lines: Lines) -> Iterator[Row]:
    for number, line in lines:
        if isinstance(line, InvalidRequest):
            yield number, line
        elif line.strip():
            yield number, _object(line)


def _object(line: str) -> dict[str, Any] | InvalidRequest:
    try:
        found = json.loads(line, object_pairs_hook=_once_each)
    except json.JSONDecodeError as error:
        return InvalidRequest(f"the line is not JSON: {error.msg} at character {error.colno}")
    except (ValueError, RecursionError) as error:
        return InvalidRequest(f"the line is no JSON that can be used: {error}")
    if not isinstance(found, _Object):
        return InvalidRequest(
            f'the line must be a JSON object such as {{"prompt": "..."}}, not {line.strip():.40}'
        )
    return {name: value for name, value in found.items() if value is not None}


class _Object(dict[str, Any]):
    """A JSON object."""


def _once_each(pairs: list[tuple[str, Any]]) -> _Object:
    twice = [name for name, times in Counter(name for name, _ in pairs).items() if times > 1]
    if twice:
        raise ValueError(f"{', '.join(map(repr, twice))} is there more than once")
    return _Object(pairs)


def _csv(file: str, lines: Lines) -> Iterator[Row]:
    """Rows under a header; a row may span lines, and cells may be apart by `;` or tabs."""
    tape = _Tape(lines)
    first = next((line for line in tape if line.strip() or tape.wrong), None)
    if first is None:
        return
    if tape.wrong is not None:
        raise unreadable(file, f"of its header, {tape.wrong.message}")
    delimiter = next((one for one in ",;\t" if one in first), ",")
    header = _header(file, next(csv.reader([first], delimiter=delimiter)))
    rows = csv.reader(tape, delimiter=delimiter, strict=True)
    while True:
        # a row begins with the line after the last one read, and may take several
        begin, tape.wrong = tape.number + 1, None
        try:
            cells = next(rows, None)
        except csv.Error as error:
            where = f" (lines {begin} to {tape.number})" if tape.number > begin else ""
            yield begin, InvalidRequest(f"the row's quotes do not match{where}: {error}")
            continue
        if cells is None:
            return
        if tape.wrong is not None:
            yield begin, tape.wrong
        elif any(cell.strip() for cell in cells):
            yield begin, _named(header, cells)


@define
class _Tape:
    """The lines as the `csv` module wants them, and what it need not know."""

    _lines: Lines
    number: int = 0
    """Of the line read last."""
    wrong: InvalidRequest | None = field(default=None)
    """What is wrong with one of the lines read."""

    def __iter__(self) -> Iterator[str]:
        for number, line in self._lines:
            self.number = number
            if isinstance(line, InvalidRequest):
                self.wrong = line
                yield "\n"  # ends the row, whose place the fault takes
            else:
                yield f"{line}\n"


def _header(file: str, cells: Iterable[str]) -> list[str]:
    names = [cell.strip() for cell in cells]
    known = {OPERATION: None, **fields_of(None if OPERATION in names else DEFAULT)}
    for name in filter(None, names):
        if name not in known:
            what = f"no operation has a field for its column {name!r}"
            raise unreadable(file, f"{what}{like(name, known)}")
        if names.count(name) > 1:
            raise unreadable(file, f"its header has {name!r} more than once")
    return names


def _named(header: list[str], cells: list[str]) -> dict[str, Any] | InvalidRequest:
    names = header + [""] * (len(cells) - len(header))
    filled = [(name, cell) for name, cell in zip(names, cells, strict=False) if cell.strip()]
    extra = [cell for name, cell in filled if not name]
    if extra:
        return InvalidRequest(
            f"the row has a cell under no column: {extra[0]!r:.60}; text with a comma needs quotes"
        )
    return dict(filled)


FORMATS: dict[str, Callable[[str, Lines], Iterator[Row]]] = {
    "txt": _txt,
    "csv": _csv,
    "jsonl": _jsonl,
}
"""What reads each format's rows."""
