"""The asyncio SDK for the Suno API (sunoapi.org).

`SunoClient` is the way in; operations such as `GenerateMusic` say what can be asked, `Task` follows
what was paid for, and every error is a `SunoError`.
"""

from suno_async._transport import Attempt
from suno_async.batch import Batch, Outcome
from suno_async.client import SunoClient
from suno_async.errors import (
    APIError,
    AuthenticationFailed,
    CallbackRejected,
    ClientClosed,
    ConfigurationError,
    ConnectionFailed,
    ContentRejected,
    DecodeError,
    DownloadFailed,
    Fault,
    InsufficientCredits,
    InvalidRequest,
    JournalError,
    RateLimited,
    RequestTimeout,
    SubmissionUnknown,
    SunoError,
    TaskError,
    TaskFailed,
    TaskTimeout,
)
from suno_async.limiter import Limiter, Priority, RateLimiter, Slot, Use
from suno_async.operations import (
    CallOperation,
    ConvertToWav,
    GenerateLyrics,
    GenerateMusic,
    GetCredits,
    Model,
    TaskOperation,
)
from suno_async.results import Lyrics, Stage, TaskEvent, Track, WavFile
from suno_async.retry import RetryPolicy
from suno_async.task import Task

__all__ = [
    "APIError",
    "Attempt",
    "AuthenticationFailed",
    "Batch",
    "CallOperation",
    "CallbackRejected",
    "ClientClosed",
    "ConfigurationError",
    "ConnectionFailed",
    "ContentRejected",
    "ConvertToWav",
    "DecodeError",
    "DownloadFailed",
    "Fault",
    "GenerateLyrics",
    "GenerateMusic",
    "GetCredits",
    "InsufficientCredits",
    "InvalidRequest",
    "JournalError",
    "Limiter",
    "Lyrics",
    "Model",
    "Outcome",
    "Priority",
    "RateLimited",
    "RateLimiter",
    "RequestTimeout",
    "RetryPolicy",
    "Slot",
    "Stage",
    "SubmissionUnknown",
    "SunoClient",
    "SunoError",
    "Task",
    "TaskError",
    "TaskEvent",
    "TaskFailed",
    "TaskOperation",
    "TaskTimeout",
    "Track",
    "Use",
    "WavFile",
]
