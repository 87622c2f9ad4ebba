"""What attrs would write for each class is shared by them, and behaves the same."""

from __future__ import annotations

import pickle
from typing import Any

import pytest
from attrs import evolve, field, frozen

from suno_async import GenerateMusic, Stage, TaskEvent, Track
from suno_async._value_object import ValueObject


@frozen
class _By:
    """As attrs has it."""

    one: int
    other: str = field(default="", repr=False)
    unseen: object = field(factory=object, eq=False)


@frozen
class _Shared(ValueObject):
    """The same by the shared base."""

    one: int
    other: str = field(default="", repr=False)
    unseen: object = field(factory=object, eq=False)


@frozen
class _More(_Shared):
    """The same fields, another class."""


@pytest.mark.parametrize("other", [_By, _Shared])
def test_values_compare_and_hash_by_their_fields(other: type[_By | _Shared]) -> None:
    """Equal are the same class and the same compared fields; equal ones have one hash."""
    assert other(1, "x") == other(1, "x")
    assert hash(other(1, "x")) == hash(other(1, "x"))
    assert other(1, "x") != other(1, "y")
    assert other(1, "x") != (1, "x")


def test_a_subclass_is_never_equal() -> None:
    """Two classes with the same fields are two things."""
    assert _Shared(1) != _More(1)
    assert len({_Shared(1), _More(1), _Shared(1)}) == 2


def test_a_value_shows_the_fields_that_may_be_shown() -> None:
    """As attrs shows them, without those that are not to be shown."""
    assert repr(_Shared(1, "secret", 3)) == repr(_By(1, "secret", 3)).replace("_By", "_Shared")
    assert repr(_More(1, "x", 3)) == "_More(one=1, unseen=3)"


@pytest.mark.parametrize(
    "value", [GenerateMusic("x"), Track(id="a"), TaskEvent(Stage.TEXT, (Track(id="a"),))]
)
def test_public_values_keep_what_they_were(value: Any) -> None:
    """Operations, results and events have a hash, and copies that are equal."""
    assert pickle.loads(pickle.dumps(value)) == value  # noqa: S301 our own
    assert hash(evolve(value)) == hash(value)
    assert repr(value).startswith(f"{type(value).__name__}(")
