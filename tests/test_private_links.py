"""Links that lead where they should not: into the network that this runs in."""

from __future__ import annotations

import asyncio
import errno
from contextlib import asynccontextmanager
from itertools import product
from typing import TYPE_CHECKING, Any

import pytest
from aiohttp import ClientSession, web
from aiohttp.test_utils import TestServer
from file_host import SONG, hosting, says
from hostile import (
    FAR,
    PRIVATE,
    SECRET,
    as_host,
    client,
    is_presentable,
    moved,
    offline,
    public_at,
    speaking,
    track,
)
from hypothesis import given
from hypothesis import strategies as st
from yarl import URL

from suno_async import (
    DownloadFailed,
)
from suno_async._http.links import is_private, is_private_host, link_to
from suno_async.testing import run_virtual

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator
    from pathlib import Path


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
        "64:ff9b:1::7f00:1",
        "64:ff9b:1:fffe::10.0.0.1",
        "2002:7f00:1::",
        "2002:c0a8:1::1",
    ),
]
PUBLIC = [
    *("1.1.1.1", "9.255.255.255", "11.0.0.0", "126.255.255.255", "128.0.0.1", "169.253.255.255"),
    *("172.15.255.255", "172.32.0.0", "192.167.255.255", "192.169.0.0", "223.255.255.255"),
    *("198.18.0.1", "198.19.255.255", "100.64.0.1", "100.127.255.255"),  # what proxies give
    *("2606:4700::1111", "2001:db8::1", "::ffff:1.1.1.1", "64:ff9b::1.1.1.1", "2002:101:101::"),
    "64:ff9b:1::1.1.1.1",
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
