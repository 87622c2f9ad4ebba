"""What can be asked of the service: one frozen class an operation, checked when it is built."""

from ._model import Model
from .account import GetCredits
from .audio import ConvertToWav
from .base import KINDS, SENT_AS, CallOperation, Kind, Operation, TaskOperation
from .lyrics import GenerateLyrics
from .music import GenerateMusic

__all__ = [
    "KINDS",
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
