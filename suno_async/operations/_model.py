"""The models and what each of them takes."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Any

from attrs import frozen

from suno_async.errors import FieldProblem

from ._rules import too_long

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


class Model(StrEnum):
    """The models known at this release; any other name is passed on as it is."""

    V3_5 = "V3_5"
    """Songs of up to 4 minutes; gone from the newer lists."""
    V4 = "V4"
    """Songs of up to 4 minutes."""
    V4_5 = "V4_5"
    """Songs of up to 8 minutes."""
    V4_5PLUS = "V4_5PLUS"
    """Songs of up to 8 minutes; richer sound."""
    V4_5ALL = "V4_5ALL"
    """Songs of up to 8 minutes; better structure."""
    V5 = "V5"
    """The default here: faster, with better musical expression."""
    V5_5 = "V5_5"
    """Takes `duration`."""
    V6 = "V6"
    """Takes `lyrics`, `variety`, `duration` and attachments; without `duration` it makes 20 s."""
    V6_WILD = "V6_WILD"
    """As V6."""
    V6_MINI = "V6_MINI"
    """As V6, but for `duration`, which it ignores."""


@frozen
class Limits:
    """The most characters that a model takes; `None` is not known, and not checked."""

    idea: int | None = None
    """The prompt of the simple mode."""
    lyrics: int | None = None
    """The words to be sung."""
    style: int | None = None
    """The style."""
    title: int | None = None
    """The title."""


V6_FAMILY = frozenset({Model.V6, Model.V6_WILD, Model.V6_MINI})
SHORT_BY_DEFAULT = frozenset({Model.V6, Model.V6_WILD})
"""The models that make 20 seconds where nothing else is asked for."""
_V4 = Limits(idea=500, lyrics=3000, style=200, title=80)
_V4_5 = Limits(idea=500, lyrics=5000, style=1000, title=100)
_V6 = Limits(idea=3000, lyrics=5000, style=1000, title=80)
_LIMITS = {  # the reference page of generate; V3_5: the quick start; V5_5 and V6: newer pages
    Model.V3_5: _V4,
    Model.V4: _V4,
    Model.V4_5: _V4_5,
    Model.V4_5PLUS: _V4_5,
    Model.V4_5ALL: Limits(idea=500, lyrics=5000, style=1000, title=80),
    Model.V5: _V4_5,
    Model.V5_5: Limits(lyrics=5000, style=1000, title=100),
    Model.V6: _V6,
    Model.V6_WILD: _V6,
    Model.V6_MINI: _V6,
}


def limits_of(model: Model | str) -> Limits:
    """The model's limits; a model that is not known here has none."""
    return _LIMITS.get(Model(model), Limits()) if is_known(model) else Limits()


def is_known(model: Model | str) -> bool:
    """Whether the model was known at this release."""
    return model in Model.__members__


def is_before_v6(model: Model | str) -> bool:
    """Whether the model is known to follow the rules of the reference page: lyrics are a prompt."""
    return is_known(model) and model not in V6_FAMILY


def length_problems(
    operation: Any, model: Model | str | None, limited: Mapping[str, str], where: str = ""
) -> Iterator[FieldProblem]:
    """Hold texts against what the model takes: `limited` says which limit each field has."""
    limits = Limits() if model is None else limits_of(model)
    for name, limit in limited.items():
        value = getattr(operation, name)
        if problem := too_long(value or "", getattr(limits, limit), f"{where} with {model}"):
            yield FieldProblem(name, problem, value)
