"""The README's table of operations is what the code says."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, get_args, get_type_hints

import suno_async
from suno_async import SunoClient, Task
from suno_async.operations import OPERATIONS, Operation, TaskOperation

README = (Path(__file__).parent.parent / "README.md").read_text()
SECTION = README.partition("## All operations\n")[2].partition("\n## ")[0]
UPLOADS = ("UploadBase64", "UploadStream", "UploadUrl")


def _named(answer: Any) -> str:
    """A type as it is written."""
    return re.sub(r"\w+\.(?=\w)", "", str(answer)) if get_args(answer) else answer.__name__


def _row(name: str, cls: type[Operation[Any]]) -> tuple[str, str, str, str]:
    method = re.sub(r"(?<=.)(?=[A-Z])", "_", name).lower()
    answer = get_type_hints(getattr(SunoClient, method))["return"]
    stages = "at once"
    if issubclass(cls, TaskOperation):
        assert answer.__origin__ is Task
        (answer,) = get_args(answer)
        stages = ", ".join(cls._kind.stages)
    return f"`{method}`", f"`{name}`", f"`{_named(answer)}`", stages


def test_the_table_is_what_the_code_says() -> None:
    """Each operation has its row: method, class, answer and stages, in the order of the code."""
    expected = [_row(name, cls) for name, cls in OPERATIONS.items() if name not in UPLOADS]
    files = ", ".join(f"`{name}`" for name in UPLOADS)
    expected.append(("`upload_file`", files, "`UploadedFile`", "at once"))
    rows = [line.strip("|").split("|") for line in SECTION.splitlines() if line.startswith("|")]
    table = [tuple(cell.strip() for cell in row) for row in rows]
    assert table[0] == ("method", "operation", "answer", "stages")
    assert table[2:] == expected


def test_everything_in_the_table_can_be_imported() -> None:
    """Each class and each answer that the table names is public."""
    table = SECTION.partition("|---")[2]
    names = set(re.findall(r"\b[A-Z]\w+", table))
    assert names
    assert {name for name in names if not hasattr(suno_async, name)} == set()
