"""Hosts that answer as no host should."""

from __future__ import annotations

import json
import logging
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import aiohttp
import pytest
from aiohttp import ClientSession, web
from attrs import fields
from file_host import SONG, hosting, says
from hostile import (
    BODY,
    NEAR,
    NOWHERE,
    SECRET,
    answer,
    client,
    cut,
    is_presentable,
    moved,
    offline,
    speaking,
    track,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from suno_async import (
    DecodeError,
    DownloadFailed,
    RetryPolicy,
    SunoClient,
    Track,
)
from suno_async._downloads.naming import file_name, shown
from suno_async._downloads.places import suffix_for
from suno_async._wire.converter import camel
from suno_async._wire.records import Record, record_of
from suno_async.operations._kinds import KINDS
from suno_async.testing import run_virtual

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

    retry = RetryPolicy(max_attempts=5)
    async with hosting() as host, SunoClient("key", base_url=NEAR, retry=retry) as suno:
        host.answers = [half, absurd]
        assert (await suno.download(host.url, tmp_path)).read_bytes() == SONG


@pytest.mark.parametrize("tag", ['"\udcff"', '"\tx"', '"\N{PILE OF POO}"', '"', "x", 'W/"x"'])
async def test_a_tag_that_cannot_be_sent_back(tag: str, tmp_path: Path) -> None:
    """Then it cannot be known what the bytes are the beginning of, and the file is begun again."""
    async with speaking(cut(f"ETag: {tag}"), answer()) as url, client() as suno:
        assert (await suno.download(track(url), tmp_path)).read_bytes() == BODY


async def test_a_session_that_raises_anything(tmp_path: Path) -> None:
    """What the caller's session does by itself is raised as a download that failed."""

    async def breaks(_self: object, _context: object, _params: object) -> None:
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
