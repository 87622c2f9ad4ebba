"""What can be asked of the service: one frozen class an operation, checked when it is built."""

from collections.abc import Mapping
from typing import Any

from ._model import Model
from .account import GetCredits
from .audio import ConvertToWav
from .base import KINDS, SENT_AS, CallOperation, Kind, Operation, TaskOperation
from .lyrics import GenerateLyrics
from .music import GenerateMusic

OPERATIONS: Mapping[str, type[Operation[Any]]] = {
    cls.__name__: cls for cls in (ConvertToWav, GenerateLyrics, GenerateMusic, GetCredits)
}
"""Every operation by its name."""

__all__ = [
    "KINDS",
    "OPERATIONS",
    "SENT_AS",
    "CallOperation",
    "ConvertToWav",
    "GenerateLyrics",
    "GenerateMusic",
    "GetCredits",
    "Kind",
    "Model",
    "Operation",
    "TaskOperation",
]
