"""Links and hosts as nobody wants them, and a network in which names stand for what is said."""

from __future__ import annotations

import asyncio
import socket
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from file_host import SONG

from suno_async import (
    DownloadFailed,
    RetryPolicy,
    SunoClient,
    Track,
)

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    import pytest


FAR = "https://api.example.com"
NEAR = "http://127.0.0.1:9"
SECRET = "hush"
PRIVATE = "leads to a private address"


def client(base_url: str = NEAR, **given: Any) -> SunoClient:
    """A client that needs no service and does not try for long."""
    return SunoClient("key", base_url=base_url, retry=RetryPolicy(max_attempts=2), **given)


def track(url: str) -> Track:
    """A song that lies there, of a task that nobody knows."""
    return Track(id="5c79be8e", title="Song", audio_url=url)


NOWHERE = {
    "a word": "x",
    "a path": "/x.mp3",
    "no host": "http://",
    "no slashes": "http:",
    "no host but a path": "http:///x.mp3",
    "no host but a query": "https://?x",
    "a port alone": "http://:80/x.mp3",
    "a user alone": "http://user:pw@/x.mp3",
    "slashes alone": "//",
    "open bracket": "http://[",
    "no address in brackets": "http://[x/y.mp3",
    "closing bracket": "http://]/x.mp3",
    "half an address": "http://[::1/x.mp3",
    "letters in an address": "http://[::g]/x.mp3",
    "an address in escapes": "http://127%2e0.0.1/x.mp3",
    "a name in escapes": "http://%6cocalhost/x.mp3",
    "a user in escapes": "http://files.example%40127.0.0.1/x.mp3",
    "a zero in a host": "http://127.0.0.1\x00.example/x.mp3",
    "port too large": "http://files.example:99999/x.mp3",
    "port below zero": "http://files.example:-1/x.mp3",
    "port in letters": "http://files.example:http/x.mp3",
    "port zero": "http://files.example:0/x.mp3",
    "ftp": "ftp://files.example/x.mp3",
    "a file": "file:///etc/passwd",
    "a file of a host": "file://localhost/etc/passwd",
    "data": "data:audio/mpeg;base64,SUQzBAAA",
    "a script": "javascript:alert(1)",
    "a blank page": "about:blank",
    "a socket": "http+unix://%2Fvar%2Frun%2Fdocker.sock/x.mp3",
    "a share": r"\\files.example\share\x.mp3",
    "a drive": r"C:\x.mp3",
    "slashes the other way": r"http:\\files.example\x.mp3",
    "half a character for a host": "http://\ud83c.example/x.mp3",
    "half a character in a path": "http://files.example/\ud83c.mp3",
    "half a character in a query": "http://files.example/x.mp3?q=\udfff",
    "half a character alone": "\ud83c",
    "half a character behind slashes": "//\ud83c",
    "a blank in a host": "http://fi les.example/x.mp3",
    "zero in a host": "http://files\0.example/x.mp3",
    "zero in a path": "http://files.example/\0.mp3",
    "a line's end in a host": "http://files.exa\r\nHost: x\r\n/x.mp3",
    "a line's end in a path": "http://files.example/x\r\nHost: x\r\n.mp3",
    "an escape": "http://files.example/\x1b[2J.mp3",
    "percent zero for a host": "http://%00/x.mp3",
    "a label too long": f"http://{'a' * 64}.example/x.mp3",
    "a name too long": f"http://{'a.' * 200}example/x.mp3",
    "a huge host": f"http://{'x' * 100_000}/x.mp3",
    "a huge path": f"http://files.example/{'x' * 1_000_000}.mp3",
    "a huge port": f"http://files.example:{'9' * 5_000}/x.mp3",
    "not ASCII": "http://файлы.example/пёс.mp3",
    "a picture for a host": "http://\N{PILE OF POO}.example/x.mp3",
    "no punycode": "http://xn--/x.mp3",
    "wrong punycode": "http://xn--\N{LATIN SMALL LETTER A WITH DIAERESIS}.example/x.mp3",
    "a hyphen": "http://-/x.mp3",
    "two dots": "http://../x.mp3",
    "a dot": "http://./x.mp3",
    "a star": "http://*.example/x.mp3",
    "right to left": "http://\N{RIGHT-TO-LEFT OVERRIDE}files.example/x.mp3",
    "a user that cannot be sent": "http://\N{PILE OF POO}:\ud83c@files.example/x.mp3",
}


def offline(monkeypatch: pytest.MonkeyPatch, **names: list[str]) -> list[str]:
    """Let names stand for these addresses, one after the other, and others for none; who asked."""
    loop = asyncio.get_running_loop()
    asked: list[str] = []

    async def getaddrinfo(host: Any, port: Any, **given: Any) -> list[Any]:
        asked.append(host)
        host.encode("idna")
        try:
            socket.inet_pton(socket.AF_INET6 if ":" in host else socket.AF_INET, host)
            address = host
        except OSError:
            try:
                address = socket.inet_ntoa(socket.inet_aton(host))
            except OSError:
                left = names.get(host.rstrip(".").replace(".", "_"))
                if not left:
                    raise socket.gaierror(socket.EAI_NONAME, "Name or service not known") from None
                address = left.pop(0) if len(left) > 1 else left[0]
        addresses = address.split()
        return [
            (
                socket.AF_INET6 if ":" in one else socket.AF_INET,
                socket.SOCK_STREAM,
                6,
                "",
                (one, port or 0, 0, 0) if ":" in one else (one, port or 0),
            )
            for one in addresses
        ]

    monkeypatch.setattr(loop, "getaddrinfo", getaddrinfo)
    return asked


def is_presentable(error: BaseException | None) -> bool:
    """Whether an error, and all that hangs on it, is ours, printable, and of a fair length."""
    if error is None:
        return True
    said = str(error)
    is_clean = said.isprintable() and bool(said.encode()) and SECRET not in repr(error)
    is_ours = isinstance(error, DownloadFailed) and len(said) < 600
    return is_clean and is_ours and all(map(is_presentable, (error.__context__, error.__cause__)))


BODY = SONG[:100_000]


def answer(*headers: str, status: str = "200 OK", body: bytes = BODY, length: bool = True) -> bytes:
    """The bytes of an answer; headers may hold bytes that are no text."""
    lines = [f"HTTP/1.1 {status}", *headers]
    lines += [f"Content-Length: {len(body)}"] if length else []
    head = "\r\n".join([*lines, "Connection: close", "", ""])
    return head.encode("utf-8", "surrogateescape") + body


def cut(*headers: str) -> bytes:
    """An answer that ends amid its body, with these headers."""
    return answer(*headers, f"Content-Length: {len(BODY)}", body=BODY[:70_000], length=False)


def moved(place: str, status: str = "302 Found") -> bytes:
    """A redirect to there."""
    return answer(f"Location: {place}", status=status, body=SECRET.encode())


@asynccontextmanager
async def speaking(*raws: bytes) -> AsyncGenerator[str]:
    """A host that answers with these bytes in turn, the last of them to all others."""
    left = list(raws)

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await reader.readuntil(b"\r\n\r\n")
            raw = left.pop(0) if len(left) > 1 else left[0]
            writer.write(raw.replace(b"{self}", url.encode()))
            await writer.drain()
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/song.mp3"
    async with server:
        yield url


def as_host(address: str) -> str:
    """The host of a URL."""
    return f"[{address.replace('%', '%25')}]" if ":" in address else address


def public_at(monkeypatch: pytest.MonkeyPatch, places: dict[str, str]) -> None:
    """Let connections to public addresses end at hosts here, as routing would."""
    loop = asyncio.get_running_loop()
    connect = loop.sock_connect

    async def routed(sock: socket.socket, address: Any) -> None:
        await connect(sock, (places.get(address[0], address[0]), *address[1:]))

    monkeypatch.setattr(loop, "sock_connect", routed)
