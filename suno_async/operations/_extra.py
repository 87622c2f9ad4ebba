"""Fields that the service knows and this release does not: plain data that cannot be changed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from collections.abc import Iterator


class Extra(Mapping[str, Any]):
    """Names and plain data, kept as the JSON text that they are sent as.

    So nobody can change them afterwards, they compare and hash as what they say, and what cannot be
    sent or kept in a journal is found out at once.
    """

    __slots__ = ("_text",)

    def __init__(self, given: Mapping[str, Any]) -> None:
        _check(given)
        self._text = json.dumps(dict(given), sort_keys=True, allow_nan=False, ensure_ascii=False)
        self._text.encode()  # half an emoji is no text that could be sent

    def __getitem__(self, name: str) -> Any:
        return self._read()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._read())

    def __len__(self) -> int:
        return len(self._read())

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Mapping):
            return NotImplemented
        same = extra_of(cast("Mapping[str, Any]", other))
        return isinstance(same, Extra) and same._text == self._text

    def __hash__(self) -> int:
        return hash(self._text)

    def __repr__(self) -> str:
        return repr(self._read())

    def _read(self) -> dict[str, Any]:
        return cast("dict[str, Any]", json.loads(self._text))


def extra_of(given: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    """The same, unchangeable; nothing for an empty one, and what is no plain data as it is."""
    if isinstance(given, Extra) or not isinstance(given, Mapping):
        return given
    try:
        return Extra(given) or None
    except (TypeError, ValueError, RecursionError):
        return given


def plain_data(given: Mapping[str, Any]) -> str | None:
    """What JSON can hold as it is."""
    if isinstance(given, Extra):
        return None
    try:
        Extra(given)
    except RecursionError:
        return "is nested too deeply"
    except (TypeError, ValueError) as error:
        return f"must be plain data, as JSON holds it: {error}"
    return None


def _check(value: Any) -> None:
    """Refuse what JSON would write, but as something else: names that are no text, and no names."""
    if isinstance(value, Mapping):
        for name, one in cast("Mapping[object, Any]", value).items():
            if not isinstance(name, str) or not name.strip():
                raise TypeError(f"a name must be text that is not empty, not {name!r}")
            _check(one)
    elif isinstance(value, list | tuple):
        for one in cast("list[Any]", value):
            _check(one)
