"""Whose a journal is: the account's name, which is given, or made of host and key."""

from __future__ import annotations

from hashlib import pbkdf2_hmac
from ipaddress import ip_address
from urllib.parse import urlsplit

from suno_async.errors import ConfigurationError

DEFAULT = "default"
"""What stands for the name that is made of host and key."""
LOCAL = "local"
"""The host that all loopback hosts are: the embedded API has another port each time."""
_ROUNDS = 100_000  # about 30 ms, so that short keys are not soon guessed from a journal
_BYTES = 8
_LONGEST = 200


def check_account(given: object) -> None:
    """A name is a text of one line, which can be typed into a command.

    Raises:
        ConfigurationError: it is not.
    """
    if given is None:
        return
    sound = isinstance(given, str) and given == given.strip() and given.isprintable()
    if not sound or not 0 < len(str(given)) <= _LONGEST:
        raise ConfigurationError(
            f"account must be a printable text of 1 to {_LONGEST} characters, without blanks at "
            f"its ends, not {given!r}."
        )


def account_name(given: str | None, base_url: str, key: str) -> str:
    """A client's account: as given, or the host with a slow hash of the key, which takes 30 ms.

    The key is not to be had from it: PBKDF2 with SHA-256, salted with the host, cut to 64 bits.
    """
    if given is not None and given != DEFAULT:
        return given
    host = _host_of(base_url)
    salt = f"suno-async {host}".encode()
    return f"{host}#{pbkdf2_hmac('sha256', key.encode(), salt, _ROUNDS, _BYTES).hex()}"


def _host_of(base_url: str) -> str:
    parts = urlsplit(base_url)
    host = (parts.hostname or "").rstrip(".")
    if host == "localhost" or host.endswith(".localhost") or _is_loopback(host):
        return LOCAL
    usual = {"http": 80, "https": 443}.get(parts.scheme)
    return host if parts.port in {None, usual} else f"{host}:{parts.port}"


def _is_loopback(host: str) -> bool:
    try:
        address = ip_address(host)
    except ValueError:
        return False
    inner = getattr(address, "ipv4_mapped", None)
    return (inner or address).is_loopback
