"""Whatever happens to a download, it ends in the file as it is on the host, or in no file."""

from __future__ import annotations

import asyncio
import errno
import json
import logging
import resource
import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

import pytest
from aiohttp import ClientSession, web
from file_host import OTHER, PAGE, SONG, Answer, FileHost, cut_after, hosting, says
from hypothesis import given
from hypothesis import strategies as st

from suno_async import (
    ClientClosed,
    ConfigurationError,
    DownloadFailed,
    MusicVideo,
    RetryPolicy,
    SunoClient,
    Track,
)
from suno_async.testing import FakeSuno, Fault, run_virtual

if TYPE_CHECKING:
    from collections.abc import Generator

PIECE = 64 * 1024
SIZE = len(SONG)
NOWHERE = "http://127.0.0.1:9"


def client(**given: RetryPolicy | float | ClientSession) -> SunoClient:
    """A client that needs no service."""
    return SunoClient("key", base_url=NOWHERE, **given)  # type: ignore[arg-type]


def in_it(directory: Path) -> list[str]:
    """The names of the files there."""
    return sorted(path.name for path in directory.iterdir())


async def fetched(host: FileHost, directory: Path, **given: RetryPolicy | float) -> bytes:
    """The file as one client gets it; nothing else may be left of it."""
    async with client(**given) as suno:
        path = await suno.download(host.url, directory)
    assert in_it(directory) == ["song.mp3"]
    return path.read_bytes()


# --- breaks ------------------------------------------------------------------------------------


@given(st.lists(st.integers(0, SIZE), max_size=4), st.booleans(), st.booleans(), st.booleans())
def test_a_download_cut_anywhere_is_the_file(
    cuts: list[int], reset: bool, has_ranges: bool, is_tagged: bool
) -> None:
    """Cut at any bytes, on any sort of host, it ends identical to the original."""

    async def main(directory: Path) -> None:
        async with hosting() as host:
            host.has_ranges, host.etag = has_ranges, '"one"' if is_tagged else None
            host.answers = [cut_after(at, reset=reset) for at in cuts]
            assert await fetched(host, directory) == SONG

    with tempfile.TemporaryDirectory() as directory:
        run_virtual(main(Path(directory)))


async def test_only_what_is_missing_is_fetched(tmp_path: Path) -> None:
    """After a break it goes on from the byte that is next, if the file is still the same."""
    async with hosting() as host:
        host.answers = [cut_after(100_000), cut_after(70_000)]
        assert await fetched(host, tmp_path) == SONG
    assert host.ranges == [None, "bytes=100000-", "bytes=170000-"]
    assert [one.headers.get("If-Range") for one in host.asked] == [None, '"one"', '"one"']


@pytest.mark.parametrize("etag", [None, 'W/"one"'])
async def test_without_a_strong_validator_it_begins_again(tmp_path: Path, etag: str | None) -> None:
    """It cannot be known whether the rest belongs to the same file."""
    async with hosting() as host:
        host.etag = etag
        host.answers = [cut_after(100_000)]
        assert await fetched(host, tmp_path) == SONG
    assert host.ranges == [None, None]


async def test_a_host_that_knows_no_ranges(tmp_path: Path) -> None:
    """Asked for the rest it sends the whole, which begins the part again."""
    async with hosting() as host:
        host.has_ranges = False
        host.answers = [cut_after(100_000)]
        assert await fetched(host, tmp_path) == SONG
    assert host.ranges == [None, "bytes=100000-"]


@pytest.mark.parametrize(
    ("size", "keeps_tag"),
    [(SIZE, False), (150_000, False), (90_000, False), (150_000, True), (90_000, True)],
)
async def test_a_file_that_changed_meanwhile(tmp_path: Path, size: int, keeps_tag: bool) -> None:
    """It is the new file as a whole; by its size also where a host forgets to change the tag."""
    async with hosting() as host:
        host.answers = [cut_after(100_000)]

        async def change(host: FileHost, request: web.Request) -> web.StreamResponse:
            host.content = OTHER[:size]
            host.etag = host.etag if keeps_tag else '"two"'
            return host.right(request)

        host.answers.append(change)
        assert await fetched(host, tmp_path) == OTHER[:size]


WRONG_RESTS: dict[str, tuple[int, int, str, int, str | None]] = {
    # first byte by what was asked for, last byte, size, bytes sent too many, tag
    "one byte early": (-1, SIZE - 1, f"{SIZE}", 0, '"one"'),
    "one byte late": (1, SIZE - 1, f"{SIZE}", 0, '"one"'),
    "not to the end": (0, SIZE - 2, f"{SIZE}", 0, '"one"'),
    "another size": (0, SIZE, f"{SIZE + 1}", 0, '"one"'),
    "size unknown": (0, SIZE - 1, "*", 0, '"one"'),
    "shorter than it says": (0, SIZE - 1, f"{SIZE}", -5, '"one"'),
    "longer than it says": (0, SIZE - 1, f"{SIZE}", 1, '"one"'),
    "another tag": (0, SIZE - 1, f"{SIZE}", 0, '"two"'),
    "no tag": (0, SIZE - 1, f"{SIZE}", 0, None),
    "weak tag": (0, SIZE - 1, f"{SIZE}", 0, 'W/"one"'),
    "no place": (0, SIZE - 1, "", 0, '"one"'),
}


def wrong_rest(first: int, last: int, total: str, too_many: int, tag: str | None) -> Answer:
    """A 206 that is not what was asked for, with bytes that must not show."""

    async def answer(_host: FileHost, request: web.Request) -> web.StreamResponse:
        start = int(request.headers["Range"].strip("bytes=-")) + first
        headers = {"ETag": tag} if tag else {}
        if total:
            headers["Content-Range"] = f"bytes {start}-{last}/{total}"
        body = (OTHER * 2)[start : last + 1 + too_many]
        return web.Response(status=206, body=body, headers=headers)

    return answer


@pytest.mark.parametrize("rest", WRONG_RESTS.values(), ids=WRONG_RESTS)
async def test_a_rest_that_is_not_the_rest_is_not_taken(
    tmp_path: Path, rest: tuple[int, int, str, int, str | None]
) -> None:
    """Not a byte of a 206 is used that is not exactly the rest of the same file."""
    async with hosting() as host:
        host.answers = [cut_after(100_000), wrong_rest(*rest)]
        assert await fetched(host, tmp_path) == SONG
    assert len(host.asked) == 3


async def test_a_part_that_nobody_asked_for(tmp_path: Path) -> None:
    """A 206 in answer to a request for the whole is refused."""
    place = {"Content-Range": f"bytes 0-{SIZE - 1}/{SIZE}", "ETag": '"one"'}
    async with hosting() as host:
        host.answers = [says(OTHER, 206, headers=place)]
        assert await fetched(host, tmp_path) == SONG


async def test_a_range_that_cannot_be_satisfied(tmp_path: Path) -> None:
    """416: the part is not the beginning of what the host has, and is thrown away."""
    async with hosting() as host:
        host.answers = [cut_after(100_000), says(status=416)]
        assert await fetched(host, tmp_path) == SONG
    assert host.ranges == [None, "bytes=100000-", None]


async def test_a_body_of_unknown_length_ends_where_its_last_piece_says(tmp_path: Path) -> None:
    """Chunks end with a mark; when that is missing, the rest is fetched."""

    async def chunks(host: FileHost, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers=host.headers())
        response.enable_chunked_encoding()
        await response.prepare(request)
        await response.write(SONG[:100_000])
        if len(host.asked) == 1:
            assert request.transport is not None
            request.transport.close()
        else:
            await response.write(SONG[100_000:])
        return response

    for answers in ([chunks], [chunks, chunks]):
        directory = tmp_path / str(len(answers))
        async with hosting() as host:
            host.answers = [*answers]
            assert await fetched(host, directory) == SONG
        assert len(host.asked) == 2


async def test_a_body_that_ends_with_the_connection_is_not_trusted(tmp_path: Path) -> None:
    """Without length and chunks a half cannot be told from a whole."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + SONG[:1000])
        writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with client() as suno, server:
        with pytest.raises(DownloadFailed, match="does not say its length"):
            await suno.download(f"http://127.0.0.1:{port}/a.mp3", tmp_path)
    assert in_it(tmp_path) == []


@pytest.mark.parametrize("fault", Fault.named(), ids=lambda fault: fault.name)
async def test_every_fault_by_name(tmp_path: Path, fault: Fault) -> None:
    """Whatever the network and the server do once, the file comes; links are renewed meanwhile."""
    async with (
        FakeSuno(song_seconds=(1.0, 1.0)) as fake,
        SunoClient("key", base_url=fake.url) as suno,
    ):
        (track, *_) = await (await suno.generate_music("the sea"))
        original = (await suno.download(track, tmp_path / "first")).read_bytes()
        fake.fail(fault, on="/files/")
        path = await suno.download(track, tmp_path / "second")
        assert path.read_bytes() == original
        assert in_it(path.parent) == [path.name]
        assert fake.ledger.downloads[1].fault == fault.name


# --- giving up ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (says(PAGE), "is no .mp3 file but a page"),
        (says(b'{"code": 500}'), "is no .mp3 file but a page"),
        (says(b""), "is empty: the file is not ready yet"),
        (says(status=503), "answered with HTTP 503"),
        (says(SONG, headers={"Content-Encoding": "gzip"}), "compressed"),
        (cut_after(10), "broke off"),
    ],
    ids=["page", "json", "empty", "503", "gzip", "cut"],
)
async def test_a_fault_that_stays(tmp_path: Path, answer: Answer, why: str) -> None:
    """It is tried as often as the policy says, and then raised; no file is left that is none."""
    async with hosting() as host:
        host.etag = None
        host.answers = [answer] * 9
        async with client(retry=RetryPolicy(max_attempts=3)) as suno:
            with pytest.raises(DownloadFailed, match=why):
                await suno.download(host.url, tmp_path)
        assert len(host.asked) == 3
    assert in_it(tmp_path) == []


@pytest.mark.parametrize("status", [400, 402, 405, 409, 418, 451])
async def test_a_refusal_is_final(tmp_path: Path, status: int) -> None:
    """What will not change is not asked again."""
    async with hosting() as host:
        host.answers = [says(status=status)]
        async with client() as suno:
            with pytest.raises(DownloadFailed, match=f"HTTP {status}"):
                await suno.download(host.url, tmp_path)
        assert len(host.asked) == 1
    assert in_it(tmp_path) == []


async def test_attempts_count_from_the_last_one_that_got_on(tmp_path: Path) -> None:
    """Thirty breaks do not matter while each brings a piece; a few in a row without do."""
    content = SONG * 10
    async with hosting(content) as host:
        host.answers = [cut_after(PIECE + 100) for _ in range(30)]
        assert await fetched(host, tmp_path, retry=RetryPolicy(max_attempts=2)) == content
    assert len(host.asked) == 31


async def test_an_unlucky_host_without_ranges_is_given_up(tmp_path: Path) -> None:
    """Cuts after more and after less, again and again, are no getting on."""
    async with hosting() as host:
        host.has_ranges = False
        host.answers = [cut_after(at) for at in [200_000, 70_000, 150_000] * 10]
        async with client() as suno:
            with pytest.raises(DownloadFailed, match="broke off"):
                await suno.download(host.url, tmp_path)
    assert len(host.asked) < 10


async def test_silence_alone_is_bounded(tmp_path: Path) -> None:
    """A slow file may take hours; a host that is silent for `timeout` seconds is asked again."""

    async def slow(host: FileHost, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers=host.headers())
        response.content_length = SIZE
        await response.prepare(request)
        for start in range(0, SIZE, 1000):
            await response.write(SONG[start : start + 1000])
            await asyncio.sleep(25.0)
        return response

    async def silent(host: FileHost, request: web.Request) -> web.StreamResponse:
        await asyncio.sleep(1e6)
        return host.right(request)

    loop = asyncio.get_running_loop()
    async with hosting() as host:
        host.answers = [slow]
        assert await fetched(host, tmp_path / "slow") == SONG
        assert len(host.asked) == 1
        assert loop.time() > 7000
        host.answers = [silent] * 9
        began = loop.time()
        async with client(timeout=5, retry=RetryPolicy(max_attempts=2)) as suno:
            with pytest.raises(DownloadFailed, match="silent for 5 s"):
                await suno.download(host.url, tmp_path)
        assert 10 < loop.time() - began < 12


async def test_a_host_may_ask_to_wait(tmp_path: Path) -> None:
    """`Retry-After` is kept."""
    async with hosting() as host:
        host.answers = [says(status=429, headers={"Retry-After": "40"})]
        began = asyncio.get_running_loop().time()
        assert await fetched(host, tmp_path) == SONG
        assert asyncio.get_running_loop().time() - began >= 40


async def test_redirects_have_an_end(tmp_path: Path) -> None:
    """Some are followed, to http and https; a ring of them, and other places, lead nowhere."""
    async with hosting() as host, client(retry=RetryPolicy(max_attempts=2)) as suno:
        host.answers = [says(status=302, headers={"Location": "/other.mp3"})] * 5
        assert (await suno.download(host.url, tmp_path)).read_bytes() == SONG
        for place in ("/round", "file:///etc/passwd", "ftp://files.example/a.mp3"):
            host.answers = [says(status=302, headers={"Location": place})] * 20
            with pytest.raises(DownloadFailed, match="leads nowhere"):
                await suno.download(host.url, tmp_path / "other")
    assert in_it(tmp_path / "other") == []


@pytest.mark.parametrize(
    "url",
    ["http://[x/song.mp3", f"http://{'a' * 80}.invalid/song.mp3", "http://1.2.3.4:99999/song.mp3"],
)
async def test_an_address_that_is_none(tmp_path: Path, url: str) -> None:
    """The error says so, whether given by the caller, named by the service or redirected to."""

    async def elsewhere(_host: FileHost, _request: web.Request) -> web.Response:
        return web.Response(status=302, headers={"Location": url})

    async with hosting() as host, client() as suno:
        host.answers = [elsewhere]
        for what in (url, MusicVideo(video_url=url, task_id="5c79be8e"), host.url):
            with pytest.raises(DownloadFailed, match="leads nowhere"):
                await suno.download(what, tmp_path)
    assert in_it(tmp_path) == []


async def test_messages_hold_no_secrets(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Neither errors, nor the log, nor the note beside a part say what a link is signed with."""
    caplog.set_level(logging.DEBUG, logger="suno_async")
    async with hosting() as host:
        host.answers = [cut_after(100_000), *[cut_after(10)] * 9]
        url = host.url.replace("http://", "http://me:hush@") + "?signature=hush"
        async with client(retry=RetryPolicy(max_attempts=2)) as suno:
            with pytest.raises(DownloadFailed) as caught:
                await suno.download(url, tmp_path)
    assert "hush" not in f"{caught.value!r} {caplog.text}"
    assert in_it(tmp_path) == ["song.mp3.part", "song.mp3.part.json"]
    assert b"hush" not in (tmp_path / "song.mp3.part.json").read_bytes()


# --- from one process to the next -------------------------------------------------------------


async def part_of(host: FileHost, directory: Path, at: int = 100_000) -> None:
    """What a process leaves that gave up, or was killed, after so many bytes."""
    host.answers = [cut_after(at)]
    async with client(retry=RetryPolicy(max_attempts=1)) as suno:
        with pytest.raises(DownloadFailed, match=f"{at} of {SIZE}|broke off"):
            await suno.download(host.url, directory)
    assert in_it(directory) == ["song.mp3.part", "song.mp3.part.json"]
    host.asked.clear()


async def test_another_process_goes_on(tmp_path: Path) -> None:
    """What one client has left is continued by the next."""
    async with hosting() as host:
        await part_of(host, tmp_path)
        assert await fetched(host, tmp_path) == SONG
    assert host.ranges == ["bytes=100000-"]


async def test_a_part_that_was_all_needs_nothing_more(tmp_path: Path) -> None:
    """Killed between the last byte and the name: no request is needed."""
    async with hosting() as host:
        await part_of(host, tmp_path)
        with (tmp_path / "song.mp3.part").open("ab") as part:
            part.write(SONG[100_000:])
        assert await fetched(host, tmp_path) == SONG
    assert host.ranges == []


def spoilt(note: Path, **changes: object) -> None:
    """Change what lies beside a part."""
    note.write_text(json.dumps(json.loads(note.read_text()) | changes))


@pytest.mark.parametrize(
    "change",
    [
        "no note",
        "empty note",
        "list",
        "no tag",
        "wrong size",
        "text for a size",
        "other url",
        "before the machine's start",
        "longer than the file",
    ],
)
async def test_a_part_that_cannot_be_trusted_is_begun_again(tmp_path: Path, change: str) -> None:
    """Without a sound note of this address, from this run of the machine, no byte is kept."""
    async with hosting() as host:
        await part_of(host, tmp_path)
        part, note = tmp_path / "song.mp3.part", tmp_path / "song.mp3.part.json"
        part.write_bytes(OTHER[:100_000])  # what must not show
        match change:
            case "no note":
                note.unlink()
            case "empty note":
                note.write_text("")
            case "list":
                note.write_text("[]")
            case "no tag":
                spoilt(note, etag=None)
            case "wrong size":
                spoilt(note, total=SIZE + 1)
            case "text for a size":
                spoilt(note, total=str(SIZE))
            case "other url":
                spoilt(note, url="0" * 64)
            case "before the machine's start":
                spoilt(note, booted=json.loads(note.read_text())["booted"] - 60)
            case _:  # longer than the file
                part.write_bytes(OTHER + b"x")
        assert await fetched(host, tmp_path) == SONG


async def test_a_part_of_another_link_is_not_continued(tmp_path: Path) -> None:
    """A validator speaks of its own address only, of its query too."""
    async with hosting() as host:
        await part_of(host, tmp_path)
        host.url += "?v=2"
        assert await fetched(host, tmp_path) == SONG
    assert host.ranges == [None]


async def test_a_killed_process_can_be_followed_at_any_byte(tmp_path: Path) -> None:
    """What lies on the disk at any instant, as SIGKILL leaves it, is continued rightly."""
    rng = Random(1)
    async with hosting() as host, client() as suno:
        for number in range(12):
            at, killed = rng.randrange(SIZE), tmp_path / f"killed {number}"

            def snapshot(done: int, _total: int | None, at: int = at, to: Path = killed) -> None:
                if done >= at and not to.exists():
                    shutil.copytree(tmp_path / "alive", to)

            (tmp_path / "alive").mkdir(exist_ok=True)
            await suno.download(host.url, tmp_path / "alive", snapshot)
            (tmp_path / "alive" / "song.mp3").unlink()
            assert "song.mp3" not in in_it(killed)
            host.asked.clear()
            assert await fetched(host, killed) == SONG
            assert host.ranges == [] or host.ranges[0] is not None


# --- being cancelled ---------------------------------------------------------------------------


@pytest.mark.parametrize("at", [*range(1, 12), 20, 40])
async def test_cancelled_at_any_wait(tmp_path: Path, at: int) -> None:
    """Cancelled at its n-th turn it leaves the whole or a part, and the next one ends well."""
    async with hosting() as host, client() as suno:
        loading = asyncio.create_task(suno.download(host.url, tmp_path))
        for _ in range(at):
            await asyncio.sleep(0)
        loading.cancel()
        await asyncio.wait([loading])
        left = set(in_it(tmp_path)) if tmp_path.exists() else set[str]()
        assert left in (set(), {"song.mp3"}, {"song.mp3.part", "song.mp3.part.json"})
        assert await fetched(host, tmp_path) == SONG
        assert not [one for one in asyncio.all_tasks() if "Downloads" in repr(one)]


async def test_cancelled_amid_a_file_leaves_what_can_be_continued(tmp_path: Path) -> None:
    """And gives its connection and its lock back at once."""
    reached = asyncio.Event()

    def progress(done: int, _total: int | None) -> None:
        if done > PIECE:
            reached.set()

    async with hosting() as host, client() as suno:
        host.answers = [stalls_at(2 * PIECE)]
        loading = asyncio.create_task(suno.download(host.url, tmp_path, progress))
        await reached.wait()
        loading.cancel()
        with pytest.raises(asyncio.CancelledError):
            await loading
        assert in_it(tmp_path) == ["song.mp3.part", "song.mp3.part.json"]
        host.asked.clear()
        assert await fetched(host, tmp_path) == SONG
        assert host.ranges == [f"bytes={2 * PIECE}-"]


def stalls_at(at: int) -> Answer:
    """A right answer that stops amid its body, and says nothing more."""

    async def answer(host: FileHost, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers=host.headers())
        response.content_length = SIZE
        await response.prepare(request)
        await response.write(SONG[:at])
        await asyncio.sleep(1e6)
        return response

    return answer


async def test_closing_the_client_ends_downloads(tmp_path: Path) -> None:
    """It is raised to those who wait for a file; the part is continued next time."""
    async with hosting() as host:
        host.answers = [stalls_at(100_000)]
        suno = client()
        loading = asyncio.create_task(suno.download(host.url, tmp_path))
        await asyncio.sleep(1)
        await suno.aclose()
        with pytest.raises(ClientClosed, match="fetch it again"):
            await loading
        with pytest.raises(ClientClosed):
            await suno.download(host.url, tmp_path)
        assert await fetched(host, tmp_path) == SONG
        assert host.ranges == [None, "bytes=100000-"]


# --- the disk ----------------------------------------------------------------------------------


@contextmanager
def little_space(size: int) -> Generator[None]:
    """No file may become larger."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


async def test_no_space(tmp_path: Path) -> None:
    """The error says so, no file of that name is left; with space again the rest is fetched."""
    async with hosting() as host, client() as suno:
        with (
            little_space(130_000),
            pytest.raises(DownloadFailed, match=r"no space left for .*song\.mp3") as caught,
        ):
            await suno.download(host.url, tmp_path)
        assert isinstance(caught.value.__cause__, OSError)
        assert caught.value.__cause__.errno == errno.EFBIG
        assert in_it(tmp_path) == ["song.mp3.part", "song.mp3.part.json"]
        host.asked.clear()
        assert await fetched(host, tmp_path) == SONG
        assert host.ranges == ["bytes=130000-"]


async def test_places_that_cannot_be_written(tmp_path: Path) -> None:
    """A directory in the way, a file for a directory, and a name that is too long, each say so."""
    (tmp_path / "song.mp3").mkdir()
    (tmp_path / "file").write_text("")
    async with hosting() as host, client() as suno:
        for target, why in [
            (tmp_path, "song.mp3 cannot be written: a directory of that name"),
            (tmp_path / "file" / "x.mp3", "cannot be written: File exists"),
            (tmp_path / "file" / "deeper" / "x.mp3", "cannot be written: Not a directory"),
            (tmp_path / f"{'x' * 300}.mp3", "cannot be written: File name too long"),
            (tmp_path / "file", "cannot be written: (Not a directory|File exists)"),
        ]:
            with pytest.raises(DownloadFailed, match=why):
                await suno.download(host.url, target)
    assert in_it(tmp_path) == ["file", "song.mp3"]
    assert host.asked == []


async def test_targets_that_are_no_path(tmp_path: Path) -> None:
    """What cannot be a path is refused before anything is fetched, or cannot be written."""
    async with hosting() as host, client() as suno:
        for target in (None, 3, b"songs"):
            with pytest.raises(ConfigurationError, match="a directory or a path"):
                await suno.download(host.url, target)  # type: ignore[call-overload]
        with pytest.raises(DownloadFailed, match=r"null (byte|character)"):
            await suno.download(host.url, f"{tmp_path}/so\0ngs/")
    assert host.asked == []


async def test_a_directory_that_is_read_only(tmp_path: Path) -> None:
    """The error says so; a user who may write everywhere has nothing to see here."""
    (tmp_path / "locked").mkdir(mode=0o500)
    try:
        (tmp_path / "locked" / "x").touch()
    except PermissionError:
        async with hosting() as host, client() as suno:
            with pytest.raises(DownloadFailed, match="cannot be written: Permission denied"):
                await suno.download(host.url, tmp_path / "locked")
    else:
        pytest.skip("this user may write everywhere")


async def test_two_clients_do_not_share_a_part(tmp_path: Path) -> None:
    """The second one waits for the first; each writes the whole file."""
    async with hosting() as host, client() as one, client() as two:
        host.answers = [stalls_at(100_000)]
        first = asyncio.create_task(one.download(host.url, tmp_path))
        await asyncio.sleep(1)
        second = asyncio.create_task(two.download(host.url, tmp_path))
        await asyncio.sleep(5)
        assert len(host.asked) == 1
        assert not second.done()
        paths = await asyncio.gather(first, second)
        assert [path.read_bytes() for path in paths] == [SONG, SONG]
    assert in_it(tmp_path) == ["song.mp3"]


async def test_a_part_held_by_somebody_who_does_not_get_on(tmp_path: Path) -> None:
    """After the client's `timeout` without a byte it is an error, and nothing was touched."""
    async with hosting() as host, client(timeout=60) as one, client(timeout=5) as two:
        host.answers = [stalls_at(100_000)]
        first = asyncio.create_task(one.download(host.url, tmp_path))
        await asyncio.sleep(1)
        with pytest.raises(DownloadFailed, match="held by another process"):
            await two.download(host.url, tmp_path)
        assert (await first).read_bytes() == SONG


# --- links that expire -------------------------------------------------------------------------


async def test_an_expired_link_is_renewed_by_its_record(
    suno: SunoClient, fake_suno: FakeSuno, tmp_path: Path
) -> None:
    """One poll finds the new link, also of a task that is over."""
    task = await suno.generate_music("the sea")
    (track, *_) = await task
    fake_suno.expire(task.id)
    polls = fake_suno.ledger.count("get-music-generation-details")
    path = await suno.download(track, tmp_path)
    assert path.stat().st_size > 100_000
    assert fake_suno.ledger.count("get-music-generation-details") == polls + 1
    assert [entry.code for entry in fake_suno.ledger.downloads] == [403, 200]


async def test_a_link_that_expires_amid_a_file(
    suno: SunoClient, fake_suno: FakeSuno, tmp_path: Path
) -> None:
    """The new link begins the file again."""
    task = await suno.generate_music("the sea")
    (track, *_) = await task
    original = (await suno.download(track, tmp_path / "first")).read_bytes()
    fake_suno.fail(Fault.CUT_BODY.cut_at(50_000), on="/files/")

    def progress(_done: int, _total: int | None) -> None:
        if not fake_suno.tasks[task.id].links:
            fake_suno.expire(task.id)

    path = await suno.download(track, tmp_path / "second", progress)
    assert path.read_bytes() == original
    assert [entry.code for entry in fake_suno.ledger.downloads[1:]] == [200, 403, 200]


async def test_what_is_not_kept_any_more(
    suno: SunoClient, fake_suno: FakeSuno, tmp_path: Path
) -> None:
    """A record that knows no better is asked once, and the error carries the task's token."""
    task = await suno.generate_music("the sea")
    (track, *_) = await task
    fake_suno.expire(task.id, renewed=False)
    polls = fake_suno.ledger.count("get-music-generation-details")
    with pytest.raises(DownloadFailed, match="HTTP 404, though it was just renewed") as caught:
        await suno.download(track, tmp_path)
    assert (caught.value.token, caught.value.kind) == (task.token, "music")
    assert fake_suno.ledger.count("get-music-generation-details") == polls + 1


async def test_a_record_that_cannot_be_had(
    suno: SunoClient, fake_suno: FakeSuno, tmp_path: Path
) -> None:
    """What went wrong with the poll is said with it."""
    task = await suno.generate_music("the sea")
    (track, *_) = await task
    fake_suno.expire(task.id)
    fake_suno.fail(Fault.envelope(401), on="get-music-generation-details")
    with pytest.raises(DownloadFailed, match=r"asking for a new link failed.*code 401.*[^.]\.$"):
        await suno.download(track, tmp_path)


@pytest.mark.parametrize("status", [401, 403, 404, 410])
async def test_without_a_task_a_link_cannot_be_renewed(tmp_path: Path, status: int) -> None:
    """A URL, and a track that does not name its task, say so."""
    async with hosting() as host, client() as suno:
        for what in (host.url, Track(id="t", audio_url=host.url)):
            host.answers = [says(status=status)]
            with pytest.raises(DownloadFailed, match=f"HTTP {status}: .*no task is known"):
                await suno.download(what, tmp_path)


async def test_a_session_of_the_callers(tmp_path: Path) -> None:
    """It is used as it is, whatever it does with errors; a closed one is an error."""
    async with hosting() as host:
        async with (
            ClientSession(raise_for_status=True, auto_decompress=True) as session,
            client(session=session) as suno,
        ):
            host.answers = [says(status=503), cut_after(100_000)]
            assert (await suno.download(host.url, tmp_path)).read_bytes() == SONG
        async with client(session=session) as suno:
            with pytest.raises(ConfigurationError, match="closed"):
                await suno.download(host.url, tmp_path / "again")
