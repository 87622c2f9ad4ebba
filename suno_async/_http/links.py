"""Where links may lead: to the web, and not into the network that this runs in.

A link comes from an answer, a callback or a redirect, so others say where it leads. What
is not public is refused, unless the API itself is there or the caller allows it: loopback,
link-local (where clouds keep their keys), RFC 1918, unique local, multicast and unspecified
addresses. 198.18/15 and 100.64/10 pass, for tunnels and proxies give them to public names.

A host that is an address, in any of the forms that the system reads, and a name that is never
public are refused before anything is asked. What a name stands for is checked where it is resolved
for the connection: what was checked is then what is connected to, whatever the name stands for a
moment later. A proxy resolves names itself, and so does a session that the caller brings: there
the host alone is checked. The address of the environment's proxy is the caller's own business.
"""

from __future__ import annotations

import asyncio
import re
import socket
from contextvars import ContextVar
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Any

import aiohttp
from attrs import frozen
from yarl import URL  # aiohttp's own, and what it connects to

_PRIVATE = tuple(
    map(
        ip_network,
        (
            *("0.0.0.0/8", "10.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12"),
            *("192.168.0.0/16", "224.0.0.0/4", "255.255.255.255/32"),
            *("::/128", "::1/128", "fc00::/7", "fe80::/10", "fec0::/10", "ff00::/8"),
        ),
    )
)
_HOLDS_IPV4 = tuple(
    map(
        ip_network,
        ("::/96", "::ffff:0:0/96", "::ffff:0:0:0/96", "64:ff9b::/96", "64:ff9b:1::/48"),
    )
)
"""Networks whose addresses end with one of IPv4: compatible, mapped, and three ways translated."""
_LOCAL_NAMES = {"localhost", "localdomain", "local", "internal", "arpa"}
"""Last parts of names that are never public; neither is a name of one part."""
_WEB = {"http", "https"}
_HOST = re.compile(r"[\w.-]+|[\da-f]*:[\da-f:.]+(%.*)?", re.ASCII | re.IGNORECASE)
"""A name, or an address of IPv6 with its zone: a proxy might read escapes in a name otherwise."""

_is_for_proxy: ContextVar[bool] = ContextVar("_is_for_proxy", default=False)


class PrivateLink(Exception):
    """A link leads to a private address."""


class DeadLink(Exception):
    """A link leads nowhere."""


@frozen
class Links:
    """Where the links of one client may lead."""

    base_url: str
    """The API's address; where it is private, so may be the files."""
    allow_private: bool
    """Whether the caller allows private addresses."""

    async def check(self, url: URL) -> None:
        """See that the host is public, as far as it says so itself.

        Raises:
            PrivateLink: it is not.
        """
        if is_private_host(url.raw_host or "") and not await self.may_be_private():
            raise PrivateLink

    async def may_be_private(self) -> bool:
        """Whether links may lead to private addresses; asked only where one does."""
        host = URL(self.base_url).raw_host or ""
        return self.allow_private or is_private_host(host) or await _is_inside(host)

    def connector(self) -> aiohttp.TCPConnector:
        """What connects to public addresses, or to those that are allowed."""
        return _Connector(resolver=_Resolver(self), use_dns_cache=False, limit=0)


def link_to(text: str, base: URL | None = None) -> URL:
    """The address that a link leads to; without a scheme it is https, or what its page has.

    Raises:
        DeadLink: it leads nowhere.
    """
    text = text.strip()
    try:
        url = URL(f"https:{text}" if base is None and text.startswith("//") else text)
        url = url if base is None else base.join(url)
        if url.scheme in _WEB and url.port and _HOST.fullmatch(url.raw_host or ""):
            return url
    except (ValueError, TypeError):  # brackets amid the host, half a character, and so on
        pass
    raise DeadLink


def is_private(address: str) -> bool:
    """Whether an address is none of the web's."""
    found = ip_address(address)
    if any(found in network for network in _PRIVATE):
        return True
    if not isinstance(found, IPv6Address):
        return False
    within = found.sixtofour
    if any(found in network for network in _HOLDS_IPV4):
        return is_private(socket.inet_ntoa(found.packed[-4:]))
    return within is not None and is_private(str(within))


def is_private_host(host: str) -> bool:
    """Whether a host is a private address, in any form, or has a name that is never public."""
    host = host.rstrip(".").lower()
    address = _address_of(host)
    if address is not None:
        return is_private(address)
    return "." not in host or host.rpartition(".")[2] in _LOCAL_NAMES


def _address_of(host: str) -> str | None:
    """The address that a host is, read as the system does: 2130706433 and 0x7f.1 are 127.0.0.1."""
    try:
        return str(ip_address(host))
    except ValueError:
        pass
    try:
        return socket.inet_ntoa(socket.inet_aton(host))
    except (OSError, ValueError):
        return None


async def _is_inside(host: str) -> bool:
    """Whether a name stands for private addresses alone."""
    loop = asyncio.get_running_loop()
    try:
        found = await loop.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, ValueError):  # a proxy may know it
        return False
    return bool(found) and all(is_private(str(one[4][0])) for one in found)


class _Resolver(aiohttp.ThreadedResolver):
    """Gives the addresses that may be connected to."""

    def __init__(self, links: Links) -> None:
        super().__init__()
        self._links = links

    async def resolve(self, host: str, *args: Any, **kwargs: Any) -> Any:
        found = await super().resolve(host, *args, **kwargs)
        public = [one for one in found if not is_private(one["host"])]
        if len(public) == len(found) or _is_for_proxy.get() or await self._links.may_be_private():
            return found
        if not public:
            raise PrivateLink
        return public


class _Connector(aiohttp.TCPConnector):
    """Lets the resolver know whether it is asked for a proxy."""

    async def connect(self, req: Any, *args: Any, **kwargs: Any) -> Any:
        mark = _is_for_proxy.set(req.proxy is not None)
        try:
            return await super().connect(req, *args, **kwargs)
        finally:
            _is_for_proxy.reset(mark)
