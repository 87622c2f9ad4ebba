"""What a request is known by, of which the keys of batches are made: this never changes.

A digest that came out otherwise would have everything paid for again that journals hold under it.
So it is made of the names that a class and its fields had when they were new (`WRITTEN_AS`), and
of texts as people see them: in NFC, without blanks at the ends of lines and of the whole.
"""

from __future__ import annotations

import json
from hashlib import sha256
from typing import TYPE_CHECKING, Any, cast
from unicodedata import normalize

if TYPE_CHECKING:
    from collections.abc import Mapping

BATCH_KEYS = "batch:"
"""How the keys of batches begin; the keys of `submit` are apart."""
_LENGTH = 32  # hexadecimal digits, which is 128 bits


def digest_of(operation: str, fields: Mapping[str, Any]) -> str:
    """The digest of what was asked for: an operation's name, and its fields as plain data."""
    asked = json.dumps([operation, _as_seen(dict(fields))], sort_keys=True)
    return sha256(asked.encode()).hexdigest()[:_LENGTH]


def batch_key(digest: str, number: int) -> str:
    """What names a request of a batch: what was asked for, and its number among its like."""
    return f"{BATCH_KEYS}{digest}:{number}"


def _as_seen(value: Any) -> Any:
    if isinstance(value, str):
        lines = normalize("NFC", value).split("\n")
        return "\n".join(line.rstrip() for line in lines).rstrip()
    if isinstance(value, list):
        return [_as_seen(one) for one in cast("list[Any]", value)]  # type: ignore[redundant-cast]  # pyright needs it
    if isinstance(value, dict):
        return {name: _as_seen(one) for name, one in cast("dict[str, Any]", value).items()}
    return value
