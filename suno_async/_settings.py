"""What a client is given: key and addresses, checked once."""

from __future__ import annotations

import os
from importlib.metadata import PackageNotFoundError, version
from urllib.parse import urlsplit

import aiohttp

from suno_async.errors import ConfigurationError, Host

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
    if argument:
        return address(name, argument).rstrip("/")
    found = os.environ.get(variable)
    return address(variable, found).rstrip("/") if found else None


def key_of(given: str | None) -> str:
    """The API key: given, or the environment's."""
    key = str(given if given is not None else os.environ.get("SUNO_API_KEY", "")).strip()
    if not key:
        where = "set SUNO_API_KEY" if given is None else "api_key is blank"
        raise ConfigurationError(f"No API key: {where}. https://sunoapi.org/api-key makes one.")
    if not key.isascii() or not key.isprintable() or " " in key:
        raise ConfigurationError(
            "The API key has characters that no key has: give the key alone, without 'Bearer'."
        )
    return key


def address(name: str, given: str) -> str:
    """An absolute http or https URL, as it was given under this name."""
    try:
        parts = urlsplit(given)
        sound = parts.scheme in {"http", "https"} and bool(parts.hostname)
        has_secret = "@" in parts.netloc
    except (ValueError, AttributeError, TypeError):
        sound = has_secret = False
    if has_secret:
        raise ConfigurationError(f"{name} must not hold a user or a password: it is shown in logs.")
    if not sound:
        raise ConfigurationError(f"{name} must be a URL such as {_API}, not {given!r}.")
    return given


def user_agent() -> str:
    """What we call ourselves: gateways in front of the service want to see something."""
    try:
        ours = version("suno-async")
    except PackageNotFoundError:  # used from a bare checkout
        ours = "0"
    return f"suno-async/{ours} aiohttp/{aiohttp.__version__}"
