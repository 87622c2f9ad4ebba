"""What makes an object of fields a value, once for all classes.

attrs would write and compile `__eq__`, `__hash__` and `__repr__` for each class anew, which is much
of what importing the package costs. It makes none where a class has its own.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from attrs import fields

if TYPE_CHECKING:
    from attrs import Attribute


class ValueObject:
    """Base of attrs classes that compare, hash and show themselves by their fields."""

    __slots__ = ()

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        for name in ("__eq__", "__hash__", "__repr__"):
            if name not in vars(cls):  # attrs makes none where it finds one
                setattr(cls, name, vars(ValueObject)[name])

    def __eq__(self, other: object) -> bool:
        if other.__class__ is not self.__class__:
            return NotImplemented
        return _compared(self) == _compared(other)

    def __hash__(self) -> int:
        return hash((type(self), *_compared(self)))

    def __repr__(self) -> str:
        names = (one.name for one in _fields(type(self)) if one.repr)
        shown = ", ".join(f"{name}={getattr(self, name)!r}" for name in names)
        return f"{type(self).__qualname__}({shown})"


def _compared(value: Any) -> list[Any]:
    return [getattr(value, name) for name in _names(value.__class__)]


@cache
def _names(of: type) -> tuple[str, ...]:
    return tuple(one.name for one in _fields(of) if one.eq)


def _fields(of: Any) -> tuple[Attribute[Any], ...]:
    found: tuple[Attribute[Any], ...] = fields(of)
    return found
