"""What lies beside a song as JSON: what it is, and what made it."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, cast

from suno_async._downloads.naming import bare
from suno_async._wire.bodies import operation_to_dict

if TYPE_CHECKING:
    from suno_async.operations import TaskOperation
    from suno_async.results import Track

_URL = re.compile(r"https?://\S+|//[\w.-]+\.\w+(:\d+)?/\S+")


def sidecar_of(
    track: Track, file: str, token: str | None, operation: TaskOperation[Any] | None
) -> bytes:
    """The content of the sidecar; URLs are without their queries, which may be signatures."""
    made_by = None
    if operation is not None:
        made_by = {"operation": type(operation).__name__, **operation_to_dict(operation)}
    content = {"file": file, "task": token, "request": made_by, "track": track.to_dict()}
    text = json.dumps(_plain(content), indent=2, ensure_ascii=False) + "\n"
    return text.encode(errors="backslashreplace")  # half a character, as JSON writes it


def _plain(value: Any) -> Any:
    if isinstance(value, str):
        return bare(value) if _URL.fullmatch(value) else value
    if isinstance(value, dict):
        given = cast("dict[str, Any]", value)
        return {name: _plain(one) for name, one in given.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in cast("list[Any]", value)]
    return value
