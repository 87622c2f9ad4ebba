"""Requests as they were written down and sent before the V6 family was spoken whole.

What is written names the request in a journal, and what is sent has been paid for so: neither may
change under those who have written it. `recorded/requests.json` was made by the release before.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from suno_async import Track
from suno_async._wire.bodies import body_of, operation_from_dict, operation_to_dict
from suno_async.operations import OPERATIONS, Operation

RECORDED: list[dict[str, Any]] = json.loads(
    (Path(__file__).parent / "recorded" / "requests.json").read_text()
)
CALLBACK = "https://callback.invalid/"


def built(recorded: dict[str, Any]) -> Operation[Any]:
    """The operation, made of its fields, and of a track where there was one."""
    fields = dict(recorded["fields"])
    if "track" in recorded:
        fields["audio_id"] = Track(**recorded["track"])
    return OPERATIONS[recorded["operation"]](**fields)


def label(recorded: dict[str, Any]) -> str:
    """What a request is called in a report."""
    return f"{recorded['operation']}-{recorded['fields'].get('model', '')}"


def test_each_model_before_v6_and_each_operation_is_recorded() -> None:
    """The record is of all seven older models and of every operation that is sent as JSON."""
    models = {one["fields"].get("model") for one in RECORDED}
    assert models >= {"V3_5", "V4", "V4_5", "V4_5PLUS", "V4_5ALL", "V5", "V5_5", "V6"}
    assert {one["operation"] for one in RECORDED} == OPERATIONS.keys() - {"UploadStream"}


@pytest.mark.parametrize("recorded", RECORDED, ids=label)
def test_a_request_is_byte_for_byte_what_it_was(recorded: dict[str, Any]) -> None:
    """The same fields are sent as the same bytes, and written down as the same bytes."""
    operation = built(recorded)
    assert json.dumps(body_of(operation, CALLBACK)) == recorded["sent"]
    assert json.dumps(operation_to_dict(operation)) == recorded["written"]
    again = operation_from_dict(recorded["operation"], json.loads(recorded["written"]))
    assert json.dumps(operation_to_dict(again)) == recorded["written"]
