"""The file that the checkers read in the gate goes over every method."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from suno_async.operations import OPERATIONS

CHECKED = (Path(__file__).parent / "typing" / "check_operations.py").read_text()
UPLOADS = {"UploadBase64", "UploadStream", "UploadUrl"}
METHODS = {re.sub(r"(?<=.)(?=[A-Z])", "_", name).lower() for name in OPERATIONS.keys() - UPLOADS}


def called(inside: ast.AST) -> set[str]:
    """The client's methods that are called in a piece of code."""
    return {
        node.func.attr
        for node in ast.walk(inside)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id == "suno"
    }


@pytest.mark.parametrize("method", sorted(METHODS | {"upload_file", "download"}))
def test_every_method_is_held_to_its_types(method: str) -> None:
    """The type of each method's answer is asserted, and a wrong call of it is refused."""
    asserted = {
        name
        for node in ast.walk(ast.parse(CHECKED))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "assert_type"
        for name in called(node)
    }
    assert method in asserted
    assert re.search(rf"suno\.{method}\(.*\)  # type: ignore", CHECKED)
