"""Links that lead where they should not, and hosts that answer as no host should."""

from __future__ import annotations

import asyncio
import errno
import json
import logging
import socket
from contextlib import asynccontextmanager, nullcontext, suppress
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest
from aiohttp import ClientSession, web
from aiohttp.test_utils import TestServer
from attrs import fields
from file_host import SONG, hosting, says
from hypothesis import given, settings
from hypothesis import strategies as st
from yarl import URL

from suno_async import (
    ConfigurationError,
    CoverImages,
    DecodeError,
    DownloadFailed,
    RetryPolicy,
    SunoClient,
    SunoError,
    Track,
)
from suno_async._links import DeadLink, is_private, is_private_host, link_to
from suno_async._names import file_name, shown
from suno_async._places import suffix_for
from suno_async._records import Record, record_of
from suno_async._values import camel
from suno_async.operations import KINDS
from suno_async.testing import FakeSuno, Fault, run_virtual

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from pushing import Reception

FAR = "https://api.example.com"
NEAR = "http://127.0.0.1:9"
SECRET = "hush"
PRIVATE = "leads to a private address"


def client(base_url: str = NEAR, **given: Any) -> SunoClient:
    """A client that needs no service and does not try for long."""
    return SunoClient("key", base_url=base_url, retry=RetryPolicy(attempts=2), **given)


def track(url: str) -> Track:
    """A song that lies there, of a task that nobody knows."""
    return Track(id="5c79be8e", title="Song", audio_url=url)


# --- links that lead nowhere -------------------------------------------------------------------

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


@pytest.mark.parametrize("name", NOWHERE)
async def test_a_link_that_leads_nowhere(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever gives it, the answer or a redirect: a `DownloadFailed`, and no file is left."""
    url = NOWHERE[name]
    offline(monkeypatch)
    async with client() as near, client(FAR) as far:
        for suno in (near, far):
            for what in (track(url), [CoverImages(images=(url,))]):
                with pytest.raises(DownloadFailed) as caught:
                    await suno.download(what, tmp_path)
                assert is_presentable(caught.value)
        with pytest.raises(SunoError):  # of the caller's own, some are no URLs by their looks
            await far.download(url, tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("url", ["file:///etc/passwd", "data:,x", "ftp://a.example/x", "x", " "])
async def test_a_url_of_the_callers_is_of_the_web(tmp_path: Path, url: str) -> None:
    """Anything else is told before anything is done."""
    async with client() as suno:
        with pytest.raises(ConfigurationError, match="http and https URLs"):
            await suno.download(url, tmp_path)
    assert list(tmp_path.iterdir()) == []


async def test_a_link_without_a_scheme_is_https(tmp_path: Path) -> None:
    """As a browser reads it, on a page that came safely."""
    assert str(link_to(" //files.example/x.mp3 ")) == "https://files.example/x.mp3"
    page = URL("http://files.example/a/b?c")
    assert str(link_to("//other.example/x", page)) == "http://other.example/x"
    assert str(link_to("x.mp3", page)) == "http://files.example/a/x.mp3"
    async with hosting() as host, client() as suno:
        for what in (host.url[5:], track(host.url[5:])):
            with pytest.raises(DownloadFailed, match="broke off"):  # it speaks no TLS
                await suno.download(what, tmp_path)


@given(st.text(), st.sampled_from(["http://", "https://", "//", "http://a.example/", ""]))
def test_any_text_is_a_link_or_none(text: str, begin: str) -> None:
    """Nothing else comes of it, alone or beside a page, and it can be shown."""
    for base in (None, URL("http://a.example/b")):
        try:
            found = link_to(begin + text, base)
        except DeadLink:
            continue
        assert found.scheme in {"http", "https"}
        is_private_host(found.raw_host or "")
    assert shown(begin + text).isprintable()


# --- hosts that answer as none should ----------------------------------------------------------

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


PAGE = f"<!doctype html>{SECRET}".encode()
CHUNKED = "Transfer-Encoding: chunked"
HOSTILE: dict[str, bytes] = {
    "nothing": b"",
    "noise": b"\0\1\2\3" * 1000,
    "half a line": b"HTTP/1.1 20",
    "no headers": b"HTTP/1.1 200 OK\r\n",
    "an older HTTP": b"HTTP/0.9 200 OK\r\n\r\n" + BODY,
    "no HTTP": b"ICY 200 OK\r\n\r\n" + BODY,
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    "status in letters": answer(status="abc OK"),
    "status below": answer(status="000 no"),
    "status above": answer(status="999 no"),
    "status of six digits": answer(status="200000 no"),
    "no content": answer(status="204 No Content", body=b"", length=False),
    "not modified": answer(status="304 Not Modified", body=b"", length=False),
    "several": answer(status="300 Multiple Choices", body=PAGE),
    "unasked for part": answer(f"Content-Range: bytes 0-9/{len(BODY)}", status="206 Partial"),
    "a part of nothing": answer(status="206 Partial"),
    "unsatisfiable": answer(status="416 no", body=PAGE),
    "proxy's password": answer(f'Proxy-Authenticate: Basic realm="{SECRET}"', status="407 no"),
    "password": answer(f'WWW-Authenticate: Basic realm="{SECRET}"', status="401 no", body=PAGE),
    "441": answer(status="441 no", body=PAGE),
    "451": answer(status="451 no", body=PAGE),
    "499": answer(status="499 no", body=PAGE),
    "wait not a number": answer("Retry-After: nan", status="503 no", body=PAGE),
    "wait for ever": answer("Retry-After: inf", status="503 no", body=PAGE),
    "wait too long": answer(f"Retry-After: {'9' * 400}", status="503 no", body=PAGE),
    "wait backwards": answer("Retry-After: -5", status="503 no", body=PAGE),
    "wait for a day that is none": answer("Retry-After: Mon, 99 Foo 0000 25:61", status="503 no"),
    "switching": answer("Upgrade: websocket", status="101 Switching Protocols"),
    "hints, then nothing": b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n",
    "a header without a name": answer(": x"),
    "a header without a colon": answer("nothing at all"),
    "a header with zero": answer("X-A: \0"),
    "a header that is no text": answer("X-A: \udcff\udcfe"),
    "a folded header": answer("X-A: a\r\n b"),
    "a huge header": answer(f"X-A: {'x' * 100_000}"),
    "many headers": answer(*(f"X-{number}: x" for number in range(20_000))),
    "length below zero": answer("Content-Length: -5", length=False),
    "length in letters": answer("Content-Length: ten", length=False),
    "length with a sign": answer("Content-Length: +10", length=False),
    "length beyond all": answer(f"Content-Length: {'9' * 30}", length=False),
    "length of many digits": answer(f"Content-Length: {'9' * 5000}", length=False),
    "two lengths": answer("Content-Length: 10"),
    "length and chunks": answer(CHUNKED),
    "no length at all": answer(length=False),
    "chunk in letters": answer(CHUNKED, body=b"zz\r\n" + BODY, length=False),
    "chunk beyond all": answer(CHUNKED, body=b"f" * 100 + b"\r\n" + BODY, length=False),
    "chunk below zero": answer(CHUNKED, body=b"-1\r\n" + BODY, length=False),
    "chunk that is short": answer(CHUNKED, body=b"ffff\r\nabc", length=False),
    "chunks without end": answer(CHUNKED, body=b"4\r\nID3\x04\r\n", length=False),
    "chunks of what is none": answer("Transfer-Encoding: gzip, chunked"),
    "compressed": answer("Content-Encoding: gzip"),
    "compressed in no way known": answer("Content-Encoding: \udcff"),
    "a page": answer(body=PAGE),
    "JSON": answer(body=f'{{"secret": "{SECRET}"}}'.encode()),
    "a program": answer(body=b"\x7fELF" + SECRET.encode() * 100),
    "empty": answer(body=b""),
    "short": cut(),
    "short, with a tag that is no text": cut('ETag: "\udcff"'),
    "short, with a tag of another sort": cut('ETag: "\tx"'),
    "short, with a huge tag": cut(f'ETag: "{"x" * 8_000}"'),
    "short, with an open tag": cut('ETag: "'),
    "long": answer(f"Content-Length: {len(BODY) - 10}", length=False),
    "moved to no place": answer(status="302 Found", body=PAGE),
    "moved to nothing": moved(""),
    "moved to itself": moved("{self}"),
    "moved to itself for ever": moved("{self}", "308 Permanent"),
    "moved to a file": moved("file:///etc/passwd?hush"),
    "moved to a script": moved("javascript:hush()"),
    "moved to data": moved("data:audio/mpeg,hush"),
    "moved to what is no text": moved("http://\udcff\udcfe/hush.mp3"),
    "moved to half a name": moved("http://[hush/x.mp3"),
    "moved to a huge place": moved(f"http://a.example/{'hush' * 1500}"),
    "moved to a port that is none": moved("http://a.example:99999/hush"),
    "moved to nobody": moved("http://nobody.example/hush?hush"),
    "moved with a password": moved("http://hush:hush@nobody.example/x"),
    "moved in another way": moved("http://nobody.example/hush", "307 Temporary"),
}


@asynccontextmanager
async def speaking(*raws: bytes) -> AsyncGenerator[str]:
    """A host that says these bytes to whoever comes, the last of them to all others."""
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


@pytest.mark.parametrize("is_own_session", [False, True], ids=["ours", "the caller's"])
@pytest.mark.parametrize("name", HOSTILE)
async def test_a_hostile_host(
    name: str,
    is_own_session: bool,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Whatever a host says: the file, or a `DownloadFailed` that quotes nothing of it."""
    caplog.set_level(logging.DEBUG, logger="suno_async")
    offline(monkeypatch)
    failed: DownloadFailed | None = None
    async with (
        speaking(HOSTILE[name]) as url,
        ClientSession() as session,
        client(session=session if is_own_session else None) as suno,
    ):
        try:
            path = await suno.download(track(url), tmp_path)
        except DownloadFailed as error:
            failed = error
        else:
            assert BODY.startswith(path.read_bytes())
    assert is_presentable(failed)
    left = {one.name.partition(".mp3")[2] for one in tmp_path.iterdir()}
    assert left in ((set(), {".part", ".part.json"}) if failed else ({""},))
    assert SECRET not in caplog.text


@given(
    st.lists(
        st.tuples(
            st.sampled_from(sorted(HOSTILE)),
            st.integers(0, 400),
            st.binary(max_size=3),
            st.integers(0, 120_000),
        ),
        min_size=1,
        max_size=4,
    )
)
@settings(max_examples=30)
def test_a_host_that_says_anything(said: list[tuple[str, int, bytes, int]]) -> None:
    """Answers with bytes put in or cut off, one after another: the file, or a `DownloadFailed`."""

    async def main(directory: Path) -> None:
        raws = [
            HOSTILE[name][:at] + noise + HOSTILE[name][at : at + rest]
            for name, at, noise, rest in said
        ]
        async with speaking(*raws, answer()) as url, client() as suno:
            with suppress(DownloadFailed):
                path = await suno.download(track(url), directory)
                assert path.stat().st_size

    with TemporaryDirectory() as directory:
        run_virtual(main(Path(directory)))


ODD = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from([*NOWHERE.values()][:20])
    | st.lists(st.text(max_size=3), max_size=2)
    | st.dictionaries(st.text(max_size=3), st.integers(), max_size=2)
)


@given(st.dictionaries(st.sampled_from(sorted(camel(one.name) for one in fields(Track))), ODD))
def test_a_track_of_anything_is_asked_for_its_files(item: dict[str, Any]) -> None:
    """Whatever a record holds: its files, its end and its plain data, or an error of ours."""
    found = {"id": "a"} | item
    body = {"code": 200, "data": {"status": "SUCCESS", "response": {"sunoData": [found]}}}
    read: Record[Any] | None = None
    with suppress(DecodeError):
        read = record_of(KINDS["music"], body, token="music:t")
    for one in read.result or () if read else ():
        json.dumps(one.to_dict())
        assert one.expires_at is None or one.expires_at > one.create_time
        for link in one.files:
            assert link.url is None or (link.url.strip() and shown(link.url).isprintable())
            assert file_name(link.title, link.id, suffix_for(link)).isprintable()


async def test_a_rest_of_absurd_size(tmp_path: Path) -> None:
    """Numbers that cannot be reckoned with are no part of the file, which begins again."""

    async def absurd(_host: object, request: web.Request) -> web.Response:
        assert request.headers["Range"]
        place = f"bytes {'9' * 4500}-1/1"
        return web.Response(status=206, body=b"x", headers={"Content-Range": place})

    async def half(host: Any, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers=host.headers())
        response.content_length = len(SONG)
        await response.prepare(request)
        await response.write(SONG[:100_000])
        assert request.transport is not None
        request.transport.close()
        return response

    retry = RetryPolicy(attempts=5)
    async with hosting() as host, SunoClient("key", base_url=NEAR, retry=retry) as suno:
        host.answers = [half, absurd]
        assert (await suno.download(host.url, tmp_path)).read_bytes() == SONG


@pytest.mark.parametrize("tag", ['"\udcff"', '"\tx"', '"\N{PILE OF POO}"', '"', "x", 'W/"x"'])
async def test_a_tag_that_cannot_be_sent_back(tag: str, tmp_path: Path) -> None:
    """Then nobody can tell what the bytes are the beginning of, and the file is begun again."""
    async with speaking(cut(f"ETag: {tag}"), answer()) as url, client() as suno:
        assert (await suno.download(track(url), tmp_path)).read_bytes() == BODY


async def test_a_session_that_raises_anything(tmp_path: Path) -> None:
    """What the caller's session does by itself is told as a download that failed."""

    async def breaks(_self: object, _context: object, _told: object) -> None:
        raise LookupError(SECRET)

    traces = aiohttp.TraceConfig()
    traces.on_request_start.append(breaks)
    async with ClientSession(trace_configs=[traces]) as session, client(session=session) as suno:
        with pytest.raises(DownloadFailed, match="LookupError") as caught:
            await suno.download(track("http://127.0.0.1:9/x.mp3"), tmp_path)
    assert is_presentable(caught.value)


async def test_a_sessions_secrets_stay_with_the_host_of_the_link(tmp_path: Path) -> None:
    """A redirect to another host gets none of what a session of the caller's always sends."""
    secrets = {"Authorization": SECRET, "Cookie": f"a={SECRET}", "X-Mine": "yes"}
    async with (
        hosting() as host,
        hosting() as another,
        ClientSession(headers=secrets) as session,
        client(session=session) as suno,
    ):
        host.answers = [
            says(status=302, headers={"Location": "/there.mp3"}),
            says(status=307, headers={"Location": another.url}),
        ]
        assert (await suno.download(track(host.url), tmp_path)).read_bytes() == SONG
    assert [one.headers["Authorization"] for one in host.asked] == [SECRET, SECRET]
    assert SECRET not in str(another.asked[0].headers)
    assert another.asked[0].headers["X-Mine"] == "yes"


# --- addresses that are none of the web's ------------------------------------------------------

NOT_PUBLIC = [
    *("0.0.0.0", "0.1.2.3", "10.0.0.1", "10.255.255.255", "127.0.0.1", "127.255.0.1"),  # noqa: S104
    *("169.254.169.254", "172.16.0.1", "172.31.255.255", "192.168.0.1", "192.168.255.255"),
    *("224.0.0.1", "239.255.255.255", "255.255.255.255"),
    *("::", "::1", "fe80::1", "fe80::1%eth0", "febf::1", "fec0::1", "fc00::1", "fd00:ec2::254"),
    *("ff02::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:a9fe:a9fe", "::127.0.0.1"),
    *(
        "::ffff:0:7f00:1",
        "64:ff9b::7f00:1",
        "64:ff9b::169.254.169.254",
        "2002:7f00:1::",
        "2002:c0a8:1::1",
    ),
]
PUBLIC = [
    *("1.1.1.1", "9.255.255.255", "11.0.0.0", "126.255.255.255", "128.0.0.1", "169.253.255.255"),
    *("172.15.255.255", "172.32.0.0", "192.167.255.255", "192.169.0.0", "223.255.255.255"),
    *("198.18.0.1", "198.19.255.255", "100.64.0.1", "100.127.255.255"),  # what proxies give
    *("2606:4700::1111", "2001:db8::1", "::ffff:1.1.1.1", "64:ff9b::1.1.1.1", "2002:101:101::"),
]
READ_BY_THE_SYSTEM = [
    *("2130706433", "0x7f000001", "0x7f.1", "0177.0.0.1", "017700000001", "127.1", "127.0.1"),
    *("10.1", "0xa000001", "0", "0x0", "2852039166", "0xA9FEA9FE", "0251.0376.0251.0376"),
    *("127.0.0.1.", "3232235521"),
]
NAMES = [
    *("localhost", "LOCALHOST", "localhost.", "a.localhost", "localhost.localdomain", "redis"),
    *("printer.local", "metadata.google.internal", "router.home.arpa", "kubernetes"),
]


@pytest.mark.parametrize("address", NOT_PUBLIC)
def test_what_is_private(address: str) -> None:
    """Loopback, link-local, RFC 1918, unique local, multicast, unspecified, and those in IPv6."""
    assert is_private(address)
    assert is_private_host(address)


@pytest.mark.parametrize("address", PUBLIC)
def test_what_is_public(address: str) -> None:
    """Their neighbours, and the ranges that tunnels and proxies give to public names."""
    assert not is_private(address)
    assert not is_private_host(address)


@pytest.mark.parametrize("host", [*READ_BY_THE_SYSTEM, *NAMES])
def test_other_ways_to_say_it(host: str) -> None:
    """Numbers as the system's resolver reads them, and names that stand for nothing public."""
    assert is_private_host(host)


@pytest.mark.parametrize("host", ["files.example", "127.0.0.1.example", "0x7f.1.example", "a.b.c"])
def test_names_are_asked_for(host: str) -> None:
    """What only looks like an address is a name."""
    assert not is_private_host(host)


def as_host(address: str) -> str:
    """The host of a URL."""
    return f"[{address.replace('%', '%25')}]" if ":" in address else address


@pytest.mark.parametrize("host", [*map(as_host, NOT_PUBLIC), *READ_BY_THE_SYSTEM, *NAMES])
async def test_a_private_link_is_refused(
    host: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a link, and where a public host redirects to; by our session and by the caller's."""
    offline(monkeypatch, files_example=["198.18.0.1"])
    reached = list[Any]()

    async def connect(_socket: object, address: Any) -> None:
        reached.append(address)
        raise OSError(errno.ENETUNREACH, "no network here")

    monkeypatch.setattr(asyncio.get_running_loop(), "sock_connect", connect)
    url = f"http://user:{SECRET}@{host}:8000/{SECRET[:1]}.mp3?{SECRET}"
    async with (
        ClientSession() as session,
        client(FAR) as ours,
        client(FAR, session=session) as theirs,
    ):
        for suno in (ours, theirs):
            for what in (track(url), url):
                with pytest.raises(DownloadFailed, match=PRIVATE) as caught:
                    await suno.download(what, tmp_path)
                assert is_presentable(caught.value)
    assert reached == []
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("host", "is_own_session"),
    [
        ("inside.example", False),  # which a caller's session resolves by itself
        *product(["127.0.0.1", "[::1]", "0x7f.1", "localhost"], [False, True]),
    ],
)
async def test_a_redirect_to_a_private_address(
    host: str, is_own_session: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The host that redirects is public; where it redirects to is never asked."""
    async with hosting() as goal:
        port = URL(goal.url).port
        async with speaking(moved(f"http://{host}:{port}/{SECRET}.mp3")) as url:
            offline(monkeypatch, inside_example=["127.0.0.1"], files_example=["203.0.113.7"])
            public_at(monkeypatch, {"203.0.113.7": "127.0.0.1"})
            link = str(URL(url).with_host("203.0.113.7" if is_own_session else "files.example"))
            async with ClientSession() as session:
                given = {"session": session} if is_own_session else {}
                async with client(FAR, **given) as suno:
                    with pytest.raises(DownloadFailed, match=PRIVATE) as caught:
                        await suno.download(track(link), tmp_path)
        assert is_presentable(caught.value)
        assert goal.asked == []


def public_at(monkeypatch: pytest.MonkeyPatch, places: dict[str, str]) -> None:
    """Let connections to public addresses end at hosts here, as routing would."""
    loop = asyncio.get_running_loop()
    connect = loop.sock_connect

    async def routed(sock: socket.socket, address: Any) -> None:
        await connect(sock, (places.get(address[0], address[0]), *address[1:]))

    monkeypatch.setattr(loop, "sock_connect", routed)


async def test_a_name_that_changes_is_checked_where_it_is_connected_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """DNS rebinding: public when it is first asked for, private a moment later."""
    async with hosting() as host:
        asked = offline(monkeypatch, files_example=["203.0.113.7", "127.0.0.1"])
        public_at(monkeypatch, {"203.0.113.7": "127.0.0.1"})
        host.answers = [says(SONG, headers={"Connection": "close"})]
        link = str(URL(host.url).with_host("files.example"))
        async with client(FAR) as suno:
            assert (await suno.download(link, tmp_path)).read_bytes() == SONG
            assert asked == ["files.example"]
            with pytest.raises(DownloadFailed, match=PRIVATE):
                await suno.download(link, tmp_path / "again")
        assert asked == ["files.example", "files.example", "api.example.com"]
        assert len(host.asked) == 1


async def test_of_several_addresses_the_public_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name that stands for both is fetched from where it is public."""
    async with hosting() as host:
        offline(monkeypatch, files_example=["10.0.0.1 ::1 203.0.113.7 fe80::1"])
        public_at(monkeypatch, {"203.0.113.7": "127.0.0.1", "10.0.0.1": "127.0.0.9"})
        link = str(URL(host.url).with_host("files.example"))
        async with client(FAR) as suno:
            assert (await suno.download(link, tmp_path)).read_bytes() == SONG


@pytest.mark.parametrize(
    "base", ["http://localhost:1", "http://[::1]:1", "http://10.0.0.7/suno", "http://suno:80"]
)
async def test_where_the_api_is_private_so_may_be_its_files(tmp_path: Path, base: str) -> None:
    """The embedded API, a gateway in one's own network: nothing has to be said."""
    async with hosting() as host, client(base) as suno:
        assert (await suno.download(track(host.url), tmp_path)).read_bytes() == SONG


async def test_where_the_apis_name_stands_for_a_private_address(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name in one's own network counts as what it stands for: all of it."""
    offline(
        monkeypatch,
        api_corp_example=["10.0.0.7 fd00::7"],
        api_example_com=["203.0.113.9"],
        both_example=["10.0.0.7 203.0.113.9"],
    )
    async with hosting() as host:
        async with client("https://api.corp.example") as suno:
            assert (await suno.download(track(host.url), tmp_path)).read_bytes() == SONG
        for base in (FAR, "https://both.example", "https://nobody.example"):
            async with client(base) as suno:
                with pytest.raises(DownloadFailed, match=PRIVATE):
                    await suno.download(track(host.url), tmp_path / "other")


async def test_the_caller_may_allow_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`allow_private` holds for links, names and redirects, on either session."""
    async with hosting() as host, ClientSession() as session:
        offline(monkeypatch, files_example=["127.0.0.1"])
        for number, given in enumerate(({}, {"session": session})):
            async with client(FAR, allow_private=True, **given) as suno:
                host.answers = [says(status=302, headers={"Location": host.url})]
                path = await suno.download(track(host.url), tmp_path / str(number))
                assert path.read_bytes() == SONG
        async with client(FAR, allow_private=True) as suno:
            link = str(URL(host.url).with_host("files.example"))
            assert (await suno.download(link, tmp_path / "name")).read_bytes() == SONG


# --- behind a proxy ----------------------------------------------------------------------------


@asynccontextmanager
async def proxy() -> AsyncGenerator[tuple[str, list[str]]]:
    """A proxy that has every file, and the addresses that it was asked for."""
    asked: list[str] = []

    async def serve(request: web.Request) -> web.Response:
        asked.append(str(request.url))
        return web.Response(body=SONG, content_type="audio/mpeg")

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", serve)
    async with TestServer(app) as server:
        yield str(server.make_url("/")), asked


async def test_a_proxy_is_the_callers_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It may be anywhere, and resolves names; hosts that say that they are private are refused."""
    async with proxy() as (address, asked):
        offline(monkeypatch)
        monkeypatch.delenv("no_proxy", raising=False)
        monkeypatch.delenv("NO_PROXY", raising=False)
        monkeypatch.setenv("http_proxy", address.replace("127.0.0.1", "localhost"))
        offline(monkeypatch, localhost=["127.0.0.1"])
        async with client(FAR) as suno:
            link = "http://files.example/song.mp3"
            assert (await suno.download(track(link), tmp_path)).read_bytes() == SONG
            assert asked == [link]
            for host in ("10.0.0.1", "[::1]", "0x7f.1", "localhost", "metadata.google.internal"):
                with pytest.raises(DownloadFailed, match=PRIVATE):
                    await suno.download(track(f"http://{host}/song.mp3"), tmp_path / "other")
        assert asked == [link]


async def test_beside_a_proxy_names_are_checked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the environment keeps from the proxy is connected to from here, and so is checked."""
    async with proxy() as (address, asked), hosting() as host:
        monkeypatch.setenv("http_proxy", address)
        monkeypatch.setenv("no_proxy", "files.example")
        offline(monkeypatch, files_example=["127.0.0.1"])
        link = str(URL(host.url).with_host("files.example"))
        async with client(FAR) as suno:
            with pytest.raises(DownloadFailed, match=PRIVATE):
                await suno.download(track(link), tmp_path)
        assert asked == []
        assert host.asked == []


# --- links that are renewed --------------------------------------------------------------------

PASSING = {408, 416, 425, 429}


@pytest.mark.parametrize("status", sorted({*range(400, 431), 440, 441, 451, 460, 498, 499}))
async def test_what_is_renewed(
    suno: SunoClient, fake_suno: FakeSuno, tmp_path: Path, status: int
) -> None:
    """Any 4xx asks the record once, but for those that are about this one request."""
    task = await suno.generate_music("the sea")
    (track, *_) = await task
    polls = fake_suno.ledger.count("get-music-generation-details")
    fake_suno.fail(Fault.bare(status), on="/files/")
    with pytest.raises(DownloadFailed, match="HTTP 416") if status == 416 else nullcontext():
        await suno.download(track, tmp_path)
    renewed = fake_suno.ledger.count("get-music-generation-details") - polls
    assert renewed == (0 if status in PASSING else 1)
    if status not in PASSING:
        fake_suno.fail(Fault.bare(status), on="/files/", times=None)
        with pytest.raises(DownloadFailed, match=f"HTTP {status}, though it was just renewed"):
            await suno.download(track, tmp_path / "again")
        assert fake_suno.ledger.count("get-music-generation-details") - polls == 2


async def test_the_source_where_nothing_else_is_there(tmp_path: Path) -> None:
    """A track whose own links are empty is fetched from where the service has it from."""
    async with hosting() as host, client() as suno:
        found = Track(id="a", title="Song", source_audio_url=host.url)
        assert found.is_ready
        assert found.playable_url == host.url
        assert (await suno.download(found, tmp_path)).read_bytes() == SONG
    own = Track(id="a", audio_url="https://a.example/a", source_audio_url="https://b.example/b")
    assert own.files[0].url == own.playable_url == "https://a.example/a"
    pictured = Track(id="a", source_image_url="https://a.example/a.jpeg")
    assert [link.url for link in pictured.files] == [None, "https://a.example/a.jpeg"]
    heard = Track(id="a", source_stream_audio_url="https://a.example/s")
    assert (heard.is_ready, heard.playable_url) == (False, "https://a.example/s")


@pytest.mark.parametrize("is_pushed", [False, True])
async def test_a_song_whose_source_alone_is_there(
    reception: Reception, tmp_path: Path, is_pushed: bool
) -> None:
    """Polled or pushed it is complete and ready, and its link is renewed through the record."""
    callbacks = reception.receiver if is_pushed else None
    async with (
        FakeSuno() as fake,
        SunoClient("key", base_url=fake.url, callbacks=callbacks) as suno,
    ):
        fake.script(audio="source")
        task = await suno.generate_music("the sea")
        songs = await task
        assert [(one.audio_url, one.is_ready) for one in songs] == [(None, True)] * 2
        assert reception.answers == ([200] * 3 if is_pushed else [])
        fake.expire(task.id)
        for path in await suno.download(songs, tmp_path):
            assert path.stat().st_size > 100_000
        assert [one.code for one in fake.ledger.downloads].count(403) == 2


def test_messages_are_of_a_fair_length() -> None:
    """However long a link is, and whatever it holds."""
    assert shown("http://a.example/" + "x" * 10**6).endswith("xx…")
    assert shown("http://a.example/\x1b[2J\ud83c\n?q") == "http://a.example/\ufffd[2J\ufffd"
    assert shown("//user:pw@a.example/x?q") == "//a.example/x"


@given(st.ip_addresses())
def test_any_address_is_private_or_not(address: Any) -> None:
    """By itself, mapped into IPv6, as a number, and as the host of a link, it is the same."""
    verdict = is_private(str(address))
    assert is_private_host(str(address)) is verdict
    if address.version == 4:
        assert is_private(f"::ffff:{address}") is verdict
        assert is_private_host(str(int(address))) is verdict
        assert is_private_host(hex(int(address))) is verdict
    assert is_private_host(link_to(f"http://{as_host(str(address))}/").raw_host or "") is verdict


def test_no_link_outlives_its_loop(tmp_path: Path) -> None:
    """A refused link leaves nothing open behind."""

    async def main() -> None:
        async with client(FAR) as suno:
            with pytest.raises(DownloadFailed, match=PRIVATE):
                await suno.download("http://127.0.0.1/x.mp3", tmp_path)

    run_virtual(main())
