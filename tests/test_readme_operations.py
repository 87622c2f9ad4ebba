"""The README's list of operations is what the code says."""

from __future__ import annotations

import re
from typing import Any, get_args, get_type_hints

from program_kit import README

import suno_async
from suno_async import SunoClient, Task
from suno_async.operations import OPERATIONS, Operation, TaskOperation

SECTION = README.partition("## All operations\n")[2].partition("\n## ")[0]
LISTS = re.findall(r"(?ms)^- \*\*([\w, ]+)\*\* → (.*?)(?=^- |\n\n|\Z)", SECTION)
"""The stages of each list, and the list."""
UPLOADS = ("UploadBase64", "UploadStream", "UploadUrl")  # one method for all


def _named(answer: Any) -> str:
    """A type as it is written."""
    return re.sub(r"\w+\.(?=\w)", "", str(answer)) if get_args(answer) else answer.__name__


def _row(name: str, cls: type[Operation[Any]]) -> tuple[str, str, str]:
    method = re.sub(r"(?<=.)(?=[A-Z])", "_", name).lower()
    answer = get_type_hints(getattr(SunoClient, method))["return"]
    stages = "at once"
    if issubclass(cls, TaskOperation):
        assert answer.__origin__ is Task
        (answer,) = get_args(answer)
        stages = ", ".join(cls._kind.stages)
    return stages, method, _named(answer)


def _listed(stages: str, text: str) -> list[tuple[str, str, str]]:
    """Each method of a list, with its result, which one list has in common."""
    common = re.match(r"`(tuple[^`]+)`:", text)
    if common is not None:
        return [(stages, method, common[1]) for method in re.findall(r"`(\w+)`", text)]
    return [(stages, *pair) for pair in re.findall(r"`(\w+)`:\s+`([^`]+)`", text)]


def test_the_lists_are_what_the_code_says() -> None:
    """Each operation is listed once: by its stages, with its method and its result."""
    expected = [_row(name, cls) for name, cls in OPERATIONS.items() if name not in UPLOADS]
    expected.append(("at once", "upload_file", "UploadedFile"))
    assert len(LISTS) == 3
    listed = [row for stages, text in LISTS for row in _listed(stages, text)]
    assert sorted(listed) == sorted(expected)


def test_everything_in_the_lists_can_be_imported() -> None:
    """Each result that a list names is public."""
    names = set(re.findall(r"\b[A-Z]\w+", " ".join(text for _, text in LISTS)))
    assert names
    assert {name for name in names if not hasattr(suno_async, name)} == set()
