"""The asyncio SDK for the Suno API (sunoapi.org).

`SunoClient` is the way in; operations such as `GenerateMusic` say what can be asked, `Task` follows
what was paid for, and every error is a `SunoError`.
"""

from typing import TYPE_CHECKING

from suno_async._version import __version__ as __version__

if TYPE_CHECKING:
    from suno_async._face import *  # noqa: F403 its own __all__ says what
    from suno_async._face import __all__ as __all__
else:
    from importlib import import_module

    def __getattr__(name: str) -> object:
        """Load the package at the first name asked for: `suno-async --help` needs none of it."""
        face = import_module("suno_async._face")
        globals().update({one: getattr(face, one) for one in ("__all__", *face.__all__)})
        try:
            return globals()[name]  # what is offered, or a room that was loaded on the way
        except KeyError:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}") from None

    def __dir__() -> list[str]:
        return sorted({*globals(), *__getattr__("__all__")})
