"""Questions about the account."""

from __future__ import annotations

from typing import Any, ClassVar

from attrs import frozen

from ._base import CallOperation


@frozen(kw_only=True)
class GetCredits(CallOperation[float]):
    """How many credits are left; fractions occur.

    Args:
        extra: Fields of the API that have no attribute here, by their names there, as plain data; they are sent unchecked, and are part of what a key names.
    """  # noqa: E501 editors show the first line of an argument's text

    _path: ClassVar[str] = "/api/v1/generate/credit"
    _fallback_path: ClassVar[str | None] = "/api/v1/get-credits"
    _method: ClassVar[str] = "GET"
    _costs: ClassVar[bool] = False
    _answer: ClassVar[Any] = float
    _answer_at: ClassVar[tuple[str, ...]] = ("data.credits", "data")
