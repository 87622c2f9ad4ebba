"""The order in which a user thinks of the arguments of an operation."""

import inspect

KEY = "idempotency_key"
"""The argument that is of the submission."""
TIMEOUT = "timeout"
"""The argument that is of the request."""

_FIRST = (
    "task_id",
    "upload_url",
    "audio_url",
    "verify_url",
    "name",
    "voice_name",
    "description",
    "continue_at",
    "infill_start_s",
    "infill_end_s",
    "prompt",
    "style",
    "tags",
    "title",
    "lyrics",
    "full_lyrics",
    "instrumental",
    "model",
    "duration",
    "negative_tags",
    "vocal_gender",
)
"""What a user thinks of first, after the one that goes without its name."""

_LAST = ("custom_mode", "default_param_flag", KEY, TIMEOUT, "callback_url", "extra")
"""What few give; all others stand between, in the order of the class."""


def is_positional(parameter: inspect.Parameter) -> bool:
    """Whether it can go without its name."""
    return parameter.kind is inspect.Parameter.POSITIONAL_OR_KEYWORD


def place(parameter: inspect.Parameter) -> tuple[int, int]:
    """Where a user expects it; `sorted` leaves what has the same place as it was."""
    name = parameter.name
    if is_positional(parameter):
        return 0, 0
    if name in _FIRST:
        return 1, _FIRST.index(name)
    return (3, _LAST.index(name)) if name in _LAST else (2, 0)
