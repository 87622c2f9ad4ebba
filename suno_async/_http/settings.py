"""What a client is given, checked once and before anything is sent."""

from __future__ import annotations

import inspect
import logging
import os
from math import isfinite, nan
from typing import Any
from urllib.parse import urlsplit

import aiohttp
from aiolimiter import AsyncLimiter

from suno_async._version import __version__
from suno_async.errors import ConfigurationError
from suno_async.limiter import Priority
from suno_async.operations._base import Host
from suno_async.retry import RetryPolicy

_API = "https://api.sunoapi.org"
_UPLOADS = "https://sunoapiorg.redpandaai.co"


def hosts_of(base_url: str | None, upload_url: str | None) -> dict[Host, str]:
    """The addresses of both hosts: given, or the environment's, or the service's own.

    With an API address of one's own, uploads go there too unless said otherwise: the key shall not
    reach a host that nobody named.
    """
    base = _given("base_url", base_url, "SUNO_BASE_URL")
    uploads = _given("upload_url", upload_url, "SUNO_UPLOAD_URL") or base or _UPLOADS
    return {Host.API: base or _API, Host.UPLOAD: uploads}


def _given(name: str, argument: str | None, variable: str) -> str | None:
    """What is given by an argument or else by the environment, `None` for neither."""
    if not argument:
        name, argument = variable, os.environ.get(variable)
    if not argument:
        return None
    given = address(name, argument)
    if {"?", "#"} & {*given}:  # each request adds its path; and it may hold a secret
        raise ConfigurationError(f"{name} must be a URL without a query, such as {_API}.")
    return given.rstrip("/")


def key_of(given: object) -> str:
    """The API key: given, or the environment's."""
    if not isinstance(given, str | None):  # a secret's wrapper would be sent as asterisks
        raise ConfigurationError(f"api_key must be a text, not {type(given).__name__}.")
    key = (given if given is not None else os.environ.get("SUNO_API_KEY", "")).strip()
    if not key:
        where = "set SUNO_API_KEY" if given is None else "api_key is blank"
        raise ConfigurationError(f"No API key: {where}. https://sunoapi.org/api-key makes one.")
    if not key.isascii() or not key.isprintable() or " " in key:
        raise ConfigurationError(
            "The API key has characters that no key has: give the key alone, without 'Bearer'."
        )
    return key


def speed_of(given: object, base_url: str | None) -> float:
    """How many times faster than the service songs are made: given, or the environment's.

    At the service's own address it is refused: there, polls that come closer are wasted.
    """
    name, found = "speed", given
    if given is None:
        name, found = "SUNO_SPEED", os.environ.get("SUNO_SPEED") or 1.0
    try:
        speed = float(str(found))
    except ValueError:
        speed = nan
    if not (isfinite(speed) and speed > 0):
        raise ConfigurationError(f"{name} must be a number above 0, not {found!r}.")
    if speed != 1.0 and _given("base_url", base_url, "SUNO_BASE_URL") is None:
        raise ConfigurationError(
            f"{name} is for an embedded API, and this is the service's own address: leave it out, "
            "or give base_url."
        )
    return speed


def address(name: str, given: str) -> str:
    """An absolute http or https URL, as it was given under this name."""
    try:
        parts = urlsplit(given)
        sound = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
        has_secret = "@" in parts.netloc
    except (ValueError, AttributeError, TypeError):
        sound = has_secret = False
    if has_secret:
        raise ConfigurationError(f"{name} must not hold a user or a password: it is shown in logs.")
    if not sound:
        raise ConfigurationError(f"{name} must be a URL such as {_API}, not {given!r}.")
    return given


def check_timeout(given: Any) -> None:
    """Make sure that it is a number of seconds.

    Raises:
        ConfigurationError: it is not.
    """
    is_number = isinstance(given, int | float) and not isinstance(given, bool)
    if not (is_number and isfinite(given) and given > 0):
        raise ConfigurationError(f"timeout must be seconds above 0, not {given!r}.")


def check_flag(name: str, given: object) -> None:
    """Make sure that it is True or False: any text would pass as true.

    Raises:
        ConfigurationError: it is neither.
    """
    if not isinstance(given, bool):
        raise ConfigurationError(f"{name} must be True or False, not {given!r}.")


def check_priority(given: object) -> None:
    """Make sure that it is one of the two that callers have.

    Raises:
        ConfigurationError: it is anything else.
    """
    if given not in (Priority.INTERACTIVE, Priority.BACKGROUND):
        raise ConfigurationError(
            f"priority must be Priority.INTERACTIVE or Priority.BACKGROUND, not {given!r}."
        )


def check_hook(name: str, given: object, takes: str) -> None:
    """Make sure that it can be called, and that nobody has to await what it gives.

    Raises:
        ConfigurationError: it cannot.
    """
    if given is not None and (not callable(given) or inspect.iscoroutinefunction(given)):
        raise ConfigurationError(
            f"{name} must be a plain function that takes {takes}, not {given!r}."
        )


def check_parts(retry: object, session: object, on_attempt: object, **limiters: object) -> None:
    """Make sure that the parts given can do what they are for.

    Raises:
        ConfigurationError: one of them would fail later.
    """
    for name, limiter in limiters.items():
        if limiter is not None:
            _check_limiter(name, limiter)
    if not isinstance(retry, RetryPolicy):
        raise ConfigurationError(
            f"retry must be a RetryPolicy, such as RetryPolicy(max_attempts=3), not {retry!r}."
        )
    if not isinstance(session, aiohttp.ClientSession | None):
        what = type(session)
        raise ConfigurationError(
            f"session must be an aiohttp.ClientSession, not {what.__module__}.{what.__qualname__}."
        )
    check_hook("on_attempt", on_attempt, "an Attempt")


def _check_limiter(name: str, limiter: object) -> None:
    """Anything with the `acquire` of a `Limiter` will do; that of other libraries is another."""
    acquire = getattr(limiter, "acquire", None)
    sound = not isinstance(limiter, type | AsyncLimiter) and callable(acquire)
    if sound and acquire is not None:
        try:
            inspect.signature(acquire).bind(Priority.INTERACTIVE)
        except TypeError:
            sound = False
        except ValueError:  # it does not say what it takes
            pass
    if not sound:
        raise ConfigurationError(
            f"{name} must be a Limiter, such as RateLimiter(20, 10), whose acquire(priority) gives "
            f"a slot: not {limiter!r}."
        )


def show_log() -> None:
    """Show the log on the terminal, if `SUNO_LOG` asks for it.

    Once the program has handlers of its own, ours is silent, so that nothing is shown twice; the
    level stays, and the records reach them.

    Raises:
        ConfigurationError: the variable holds another word than the two.
    """
    wanted = os.environ.get("SUNO_LOG")
    if not wanted:
        return
    if wanted.lower() not in {"info", "debug"}:
        raise ConfigurationError(f"SUNO_LOG must be info or debug, not {wanted!r}.")
    log = logging.getLogger("suno_async")
    log.setLevel(wanted.upper())
    if not any(isinstance(one, _Terminal) for one in log.handlers):
        shown = _Terminal()
        shown.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
        log.addHandler(shown)


class _Terminal(logging.StreamHandler[Any]):
    """Writes to stderr, as long as the program has no handler of its own."""

    def emit(self, record: logging.LogRecord) -> None:
        others = (*logging.getLogger("suno_async").handlers, *logging.root.handlers)
        if all(isinstance(one, _Terminal | logging.NullHandler) for one in others):
            super().emit(record)


def user_agent() -> str:
    """What we call ourselves: gateways in front of the service want to see something."""
    return f"suno-async/{__version__} aiohttp/{aiohttp.__version__}"
