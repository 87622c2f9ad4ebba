"""The only room that speaks HTTP to the API: one request out, one answer or silence in.

The key goes into a header of each request, never into a session, and redirects are not followed, so
it reaches no other host. What comes back is stripped of it, should a server echo what it was sent,
and of the secret part of callback URLs, which records repeat.
aiohttp's own errors are never chained, for some print those headers.

The environment's proxies are asked for once a host, by us. aiohttp's `trust_env` would ask in two
threads a request, and let an entry of ~/.netrc forbid our own `Authorization`.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import socket
import ssl
import zlib
from collections.abc import Mapping
from contextvars import ContextVar
from hashlib import sha256
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit
from urllib.request import getproxies, proxy_bypass

import aiohttp
from attrs import define, field

from suno_async._deadline import Deadline
from suno_async._http.links import Links
from suno_async._http.verdict import Reply, Silence
from suno_async._wire.callback_urls import CALLBACK_MARK, without_signatures
from suno_async.errors import (
    ClientClosed,
    ConfigurationError,
    ConnectionFailed,
    RequestTimeout,
    SunoError,
)
from suno_async.operations._base import Host

if TYPE_CHECKING:
    from suno_async._http.requests import Request

_MOST_BYTES = 16 * 2**20  # of an answer; the largest known are some 100 KiB
_LEAST_KEY = 8  # characters; a shorter key, as in tests, may be part of any word
_EITHER_HEADER = 32  # zlib's own mark: tell gzip and zlib apart by themselves
_ESCAPES = b"\\u00", b"\\/"  # how JSON may spell a key's characters
_NO_TIMEOUT = aiohttp.ClientTimeout()  # each attempt has one of its own, on the loop's clock


@define
class Departure:
    """Whether a request is on its way."""

    has_left: bool = field(default=False, init=False)
    """Whether the service may have it: there was a connection for it, and no refusal came."""


@define(eq=False, kw_only=True)
class Http:
    """Speaks HTTP for one client: addresses, key and sessions."""

    key: str = field(repr=False)
    """The API key."""
    hosts: Mapping[Host, str]
    """The addresses of the two hosts."""
    timeout: float
    """Seconds for one exchange."""
    user_agent: str
    """What the gateways in front of the service want to see."""
    session: aiohttp.ClientSession | None = None
    """The caller's session; it is never closed here."""
    allow_private: bool = False
    """Whether files may be fetched from private addresses."""
    links: Links = field(init=False)
    """Where links may lead."""
    _echoes: tuple[bytes, ...] = field(init=False, repr=False)
    _spelt: re.Pattern[bytes] | None = field(default=None, init=False, repr=False)
    _proxies: dict[Host, str | None] = field(factory=dict[Host, "str | None"], init=False)
    _files: aiohttp.ClientSession | None = field(default=None, init=False)
    _free: aiohttp.ClientSession | None = field(default=None, init=False)
    _paying: aiohttp.ClientSession | None = field(default=None, init=False)
    _is_closed: bool = field(default=False, init=False)

    def __attrs_post_init__(self) -> None:
        self.links = Links(self.hosts[Host.API], self.allow_private)
        quoted = quote(self.key, safe="")
        forms = {self.key, quoted, _in_small_hex(quoted)}
        self._echoes = tuple(form.encode() for form in forms if len(self.key) >= _LEAST_KEY)
        if self._echoes:
            self._spelt = re.compile(b"".join(map(_spellings, self.key)))

    @property
    def account(self) -> bytes:
        """A mark of the account that does not show its key."""
        return sha256(f"{self.hosts[Host.API]} {self.key}".encode()).digest()

    def seconds_for(self, request: Request) -> float:
        """The time limit of one exchange."""
        if request.timeout is not None:
            return request.timeout
        return max(self.timeout, request.least_timeout)

    async def exchange(self, request: Request, departure: Departure) -> Reply | Silence:
        """Send once; `departure` says at any moment whether the service may have the request."""
        leaving = _leaving.set(departure)
        try:
            session = self._session_for(request)
            # which of a caller's connections it takes, and when, is not known
            departure.has_left = self.session is not None
            seconds = self.seconds_for(request)
            limit = Deadline(seconds)
            url, arguments = self._arguments(request)
            if request.form is not None:
                headers, arguments["data"] = await request.form.open(limit, seconds)
                arguments["headers"] |= headers
            asking = session.request(request.method, url, **arguments)
            del arguments  # tracebacks may show what is in variables
            async with limit, asking as response:
                body = _inflated(await _read(response), response.headers)
                return Reply(response.status, response.headers, self._without_key(body))
        except asyncio.CancelledError as error:
            error.__traceback__ = error.__context__ = None  # aiohttp's variables hold the headers
            raise
        except SunoError as error:
            return Silence(error, may_have_arrived=False)
        except Exception as problem:  # noqa: BLE001 a session that was given may raise anything
            return self._silence(request, departure, problem)
        finally:
            _leaving.reset(leaving)

    def _arguments(self, request: Request) -> tuple[str, dict[str, Any]]:
        """The address, what aiohttp is to send there, and what it is not to do by itself."""
        headers = {
            "Authorization": f"Bearer {self.key}",
            "User-Agent": self.user_agent,
            "Accept-Encoding": "gzip",
        }
        data = None
        if request.method == "GET":
            headers["Cache-Control"] = "no-cache"  # what lies between us shall ask, too
        if request.body is not None:
            headers["Content-Type"] = "application/json"
            data = json.dumps(request.body).encode()
        return self.hosts[request.host] + request.path, {
            "params": request.params,
            "data": data,
            "headers": headers,
            "allow_redirects": False,
            "auto_decompress": False,
            "raise_for_status": False,
            "timeout": _NO_TIMEOUT,
            "proxy": self._proxy_for(request.host),
        }

    def _silence(self, request: Request, departure: Departure, problem: Exception) -> Silence:
        """What it means that no answer came."""
        host, what = self.hosts[request.host], type(problem).__name__
        if isinstance(problem, aiohttp.ClientConnectorError | aiohttp.ClientHttpProxyError):
            if self.session is not None:
                departure.has_left = False
            error: SunoError = ConnectionFailed(
                f"No connection to {host}: {_reason(problem) or what}. "
                "Check the network and the address."
            )
        elif isinstance(problem, TimeoutError):
            seconds = self.seconds_for(request)
            error = RequestTimeout(f"{host} did not answer within {seconds:g} s.")
        elif isinstance(problem, ValueError) and not departure.has_left:
            error = ConfigurationError(f"A request to {host} cannot be made: {problem}")
        else:
            how = "broke off" if departure.has_left else "could not be made"
            error = ConnectionFailed(f"The connection to {host} {how} ({what}).")
        return Silence(error, departure.has_left)

    def _without_key(self, body: bytes) -> bytes:
        for form in self._echoes:
            body = body.replace(form, b"(key)")
        if self._spelt is not None and any(one in body for one in _ESCAPES):  # it takes its time
            body = self._spelt.sub(b"(key)", body)
        return without_signatures(body) if CALLBACK_MARK in body else body

    # --- sessions ------------------------------------------------------------------------------

    def session_for_files(self) -> aiohttp.ClientSession:
        """A session for downloads, from any host; it holds no key."""
        self._check()
        if self.session is not None:
            return self.session
        if self._files is None:
            self._files = _new_session(self.links.connector(), trust_env=True)
        return self._files

    def _session_for(self, request: Request) -> aiohttp.ClientSession:
        self._check()
        if self.session is not None:
            return self.session
        if request.costs or request.form is not None:
            if self._paying is None:  # a fresh connection each: a stale one would leave us in doubt
                self._paying = _new_session(force_close=True)
            return self._paying
        if self._free is None:
            self._free = _new_session()
        return self._free

    def _check(self) -> None:
        if self._is_closed:
            raise ClientClosed("The client was closed meanwhile.")
        if self.session is not None and self.session.closed:
            raise ConfigurationError("The session that the client was given is closed.")
        if self.session is not None and self.session.auth is not None:
            raise ConfigurationError(
                "The session that the client was given has an `auth`, which takes the key's place."
            )

    def _proxy_for(self, host: Host) -> str | None:
        """The environment's proxy for a host; a caller's session knows of its own."""
        if self.session is None and host not in self._proxies:
            parts = urlsplit(self.hosts[host])
            is_direct = proxy_bypass(parts.hostname or "")
            self._proxies[host] = None if is_direct else getproxies().get(parts.scheme)
        return self._proxies.get(host)

    async def close(self) -> None:
        """Close the sessions that were made here; what is still under way breaks off."""
        self._is_closed = True
        for session in (self._files, self._free, self._paying):
            if session is not None:
                await session.close()


_leaving: ContextVar[Departure | None] = ContextVar("_leaving", default=None)


class _Connector(aiohttp.TCPConnector):
    """Notes that a request has a connection to leave on; aiohttp's traces would cost far more."""

    async def connect(self, *args: Any, **kwargs: Any) -> Any:
        departure = _leaving.get()
        if departure is not None and departure.has_left:
            # aiohttp repeats a GET by itself; a second request needs a slot of its own
            raise aiohttp.ServerDisconnectedError
        connection = await super().connect(*args, **kwargs)
        if departure is not None:
            departure.has_left = True
        return connection


def _new_session(
    connector: aiohttp.TCPConnector | None = None,
    *,
    force_close: bool = False,
    trust_env: bool = False,
) -> aiohttp.ClientSession:
    return aiohttp.ClientSession(
        connector=connector or _Connector(force_close=force_close, limit=0),
        trust_env=trust_env,
        cookie_jar=aiohttp.DummyCookieJar(),
    )


def _in_small_hex(quoted: str) -> str:
    return re.sub("%..", lambda found: found[0].lower(), quoted)


def _spellings(character: str) -> bytes:
    """A pattern for a character as JSON may spell it, also in a JSON text within another."""
    plain = re.escape(character.encode())
    if character in '/"\\':
        plain = rb"\\*" + plain
    return rb"(?:%b|\\+u00(?i:%02x))" % (plain, ord(character))


def _reason(problem: Exception) -> str | None:
    """What the system says: asyncio's own words for it repeat the address as a tuple."""
    error = getattr(problem, "os_error", None)
    if not isinstance(error, OSError):
        return None
    has_own_numbers = isinstance(error, socket.gaierror | ssl.SSLError)
    return error.strerror if has_own_numbers or not error.errno else os.strerror(error.errno)


async def _read(response: aiohttp.ClientResponse) -> bytes:
    """The body up to the cap: an endless one must not fill the memory."""
    body = bytearray()
    while chunk := await response.content.readany():
        body += chunk
        if len(body) > _MOST_BYTES:
            response.close()  # the connection, too: its rest would be read before the next request
            break
    return bytes(body)


def _inflated(body: bytes, headers: Mapping[str, str]) -> bytes:
    """The body as it was before it was compressed, up to the cap; what is broken stays as it is."""
    if headers.get("Content-Encoding", "").strip().lower() not in {"gzip", "x-gzip", "deflate"}:
        return body
    inflating = zlib.decompressobj(_EITHER_HEADER + zlib.MAX_WBITS)
    try:
        return inflating.decompress(body, _MOST_BYTES)
    except zlib.error:
        return body
