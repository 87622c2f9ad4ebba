"""Uploads: sent the way that suits the source, streamed, tried again while that can be done."""

from __future__ import annotations

import asyncio
import os
import tracemalloc
from typing import TYPE_CHECKING, Any

import pytest

from suno_async import (
    Attempt,
    AuthenticationFailed,
    ConnectionFailed,
    InvalidRequest,
    RequestTimeout,
    SunoClient,
    SunoError,
    UploadedFile,
)
from suno_async._deadline import Deadline
from suno_async._http.multipart import Form
from suno_async.errors import ServerError
from suno_async.testing import FakeSuno, Fault

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

pytestmark = pytest.mark.filterwarnings(  # aiohttp's own reading of forms, in the embedded API
    "ignore:unread_data:DeprecationWarning"
)
MUCH = bytes(range(256)) * 1024  # 256 KiB: more than one piece
STREAM, TEXT, FETCH = "upload-file-stream", "upload-file-base64", "upload-file-url"


async def pieces(*given: Any, pause: float = 0.0) -> AsyncIterator[Any]:
    """An iterator of one's own."""
    for one in given:
        yield one
        await asyncio.sleep(pause)


async def content(suno: SunoClient, file: UploadedFile, directory: Path) -> bytes:
    """What lies behind the link."""
    return (await suno.download(file.url, directory / "back.bin")).read_bytes()


def used(fake: FakeSuno) -> list[str]:
    """The operations that reached the service."""
    return [entry.operation for entry in fake.ledger.entries]


async def test_each_source_goes_the_way_that_suits_it(
    suno: SunoClient, fake_suno: FakeSuno, tmp_path: Path
) -> None:
    """A path, bytes few and many, and an iterator arrive byte by byte as they were."""
    path = tmp_path / "song.mp3"
    path.write_bytes(MUCH)
    for source, expected, way in (
        (path, MUCH, STREAM),
        (str(path), MUCH, STREAM),
        (MUCH, MUCH, STREAM),
        (memoryview(MUCH), MUCH, STREAM),
        (b"a" * 65_536, b"a" * 65_536, TEXT),
        (bytearray(b"abc"), b"abc", TEXT),
        (pieces(MUCH, b"", bytearray(b"abc"), memoryview(MUCH)), MUCH + b"abc" + MUCH, STREAM),
    ):
        file = await suno.upload_file(source)
        assert await content(suno, file, tmp_path) == expected
        assert (used(fake_suno)[-1], file.file_size) == (way, len(expected))
    assert fake_suno.balance == fake_suno.credits


async def test_a_url_is_fetched_by_the_service(suno: SunoClient, fake_suno: FakeSuno) -> None:
    """Of a URL only the address is sent; what cannot be fetched is the service's error."""
    file = await suno.upload_file("https://example.com/a.mp3", file_name="b.mp3")
    assert file.file_name == "b.mp3"
    assert fake_suno.ledger.of(FETCH)[0].body == {
        "fileUrl": "https://example.com/a.mp3",
        "uploadPath": "suno-async",
        "fileName": "b.mp3",
    }
    with pytest.raises(ServerError):
        await suno.upload_file("http://nowhere.invalid/a.mp3")
    sent = len(fake_suno.ledger)
    fake_suno.fail(Fault.DELAY_AFTER_ACCEPT.lasting(45), on=FETCH)  # it may take so long to fetch
    await suno.upload_file("https://example.com/a.mp3")
    assert len(fake_suno.ledger) == sent + 1


@pytest.mark.parametrize("source", [b"abc", MUCH])
async def test_name_and_place(suno: SunoClient, fake_suno: FakeSuno, source: bytes) -> None:
    """Name and folder are the caller's, in any script; else a folder of ours and a random name."""
    file = await suno.upload_file(source, upload_path="a/b c", file_name='Füße "1".mp3')
    assert (file.file_name, file.file_path) == ('Füße "1".mp3', 'a/b c/Füße "1".mp3')
    assert file.mime_type == "audio/mpeg"
    other = await suno.upload_file(source)
    assert (other.file_path or "").startswith("suno-async/")
    for wrong in ("/a", "a/", "", " "):
        with pytest.raises(InvalidRequest, match="upload_path"):
            await suno.upload_file(source, upload_path=wrong)
    with pytest.raises(InvalidRequest, match="file_name"):
        await suno.upload_file(source, file_name="")
    assert len(fake_suno.ledger) == 2


async def test_uploads_go_to_their_own_host(fake_suno: FakeSuno) -> None:
    """The upload host gets the uploads and nothing else."""
    async with (
        FakeSuno() as files,
        SunoClient("key", base_url=fake_suno.url, upload_url=files.url) as suno,
    ):
        await suno.upload_file(b"abc")
        await suno.upload_file(MUCH)
        await suno.get_credits()
    assert used(files) == [TEXT, STREAM]
    assert used(fake_suno) == ["get-remaining-credits"]


async def test_what_is_no_file_is_refused_before_anything_is_sent(
    suno: SunoClient, fake_suno: FakeSuno, tmp_path: Path
) -> None:
    """A missing file, a directory, an empty one, and what is no source at all."""
    (tmp_path / "empty").touch()
    os.mkfifo(tmp_path / "pipe")
    wrong: list[tuple[Any, str]] = [
        (tmp_path / "missing.mp3", "cannot be read: No such file"),
        ("missing.mp3", "cannot be read: No such file"),
        (tmp_path, "is not a file"),
        (tmp_path / "pipe", "is not a file"),
        (tmp_path / "empty", "must not be empty"),
        (tmp_path / "empty" / "x", "cannot be read: Not a directory"),
        ("a\0b", "is not a path"),
        ("x" * 5000, "cannot be read: File name too long"),
        (b"", "must not be empty"),
        (7, "must be a path or bytes or an async iterator of bytes"),
        (None, "must be a path or bytes or an async iterator of bytes"),
        ([b"abc"], "must be a path or bytes or an async iterator of bytes"),
    ]
    for source, said in wrong:
        with pytest.raises(InvalidRequest, match=said):
            await suno.upload_file(source)
    assert not fake_suno.ledger


async def test_an_unreadable_file_is_refused(suno: SunoClient, tmp_path: Path) -> None:
    """A file that the process may not read is refused before anything is sent."""
    path = tmp_path / "secret.mp3"
    path.write_bytes(MUCH)
    path.chmod(0)
    user = os.geteuid()
    if user == 0:
        os.seteuid(65_534)
    try:
        with pytest.raises(InvalidRequest, match="cannot be read: Permission denied"):
            await suno.upload_file(path)
    finally:
        os.seteuid(user)


FAULTS = [Fault.RESET_AFTER_READ, Fault.HTML_502, Fault.NEVER, Fault.envelope(455)]


@pytest.mark.parametrize("as_path", [True, False])
async def test_what_can_be_read_again_is_sent_again(
    suno: SunoClient, fake_suno: FakeSuno, tmp_path: Path, *, as_path: bool
) -> None:
    """Uploads cost nothing: a file and bytes survive passing faults, from the beginning."""
    path = tmp_path / "song.mp3"
    path.write_bytes(MUCH)
    for fault in FAULTS:
        fake_suno.fail(fault, on=STREAM)
    file = await suno.upload_file(path if as_path else MUCH)
    assert await content(suno, file, tmp_path) == MUCH
    assert used(fake_suno) == [STREAM] * 5


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
async def test_an_iterator_is_a_single_attempt(
    suno: SunoClient, fake_suno: FakeSuno, fault: Fault
) -> None:
    """Once its first piece was read, an iterator cannot be sent again, and the error says so."""
    fake_suno.fail(fault, on=STREAM)
    with pytest.raises(SunoError):
        await suno.upload_file(pieces(MUCH, MUCH))
    assert used(fake_suno) == [STREAM]


async def test_an_iterator_that_was_not_read_is_tried_again() -> None:
    """Without a connection nothing is read, and so nothing is lost by trying again."""
    attempts: list[Attempt] = []
    async with SunoClient("k", base_url="http://127.0.0.1:9", on_attempt=attempts.append) as suno:
        with pytest.raises(ConnectionFailed):
            await suno.upload_file(pieces(MUCH))
    assert len(attempts) == 5


class OutOfTapeError(Exception):
    """A source's own error."""


@pytest.mark.parametrize("error", [OutOfTapeError("x"), OSError("x"), RuntimeError("x")])
async def test_what_a_source_raises_is_raised(
    suno: SunoClient, fake_suno: FakeSuno, error: Exception
) -> None:
    """The source's own error is the caller's, as it is, and is no reason to try again."""

    async def tape() -> AsyncIterator[bytes]:
        yield MUCH
        raise error

    with pytest.raises(type(error)) as caught:
        await suno.upload_file(tape())
    assert caught.value is error
    assert len(fake_suno.ledger) <= 1
    assert not fake_suno.ledger.accepted()


async def test_a_source_of_something_else_is_refused(suno: SunoClient) -> None:
    """An iterator that gives no bytes is an `InvalidRequest` of the field."""
    with pytest.raises(InvalidRequest, match="file gave str, must give bytes"):
        await suno.upload_file(pieces(b"abc", "abc"))


async def test_a_slow_source_is_no_silence(suno: SunoClient, tmp_path: Path) -> None:
    """What takes ten minutes in all is not broken off, as long as the service takes it."""
    began = asyncio.get_running_loop().time()
    file = await suno.upload_file(pieces(*[b"abc"] * 10, pause=60.0))
    assert asyncio.get_running_loop().time() - began >= 600
    assert await content(suno, file, tmp_path) == b"abc" * 10


async def test_a_service_that_stops_reading_is_silent() -> None:
    """A service that takes nothing more is given up after the client's `timeout`."""
    released = asyncio.Event()

    async def deaf(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        await released.wait()
        writer.close()

    server = await asyncio.start_server(deaf, "127.0.0.1", 0, limit=1024)
    port = server.sockets[0].getsockname()[1]
    async with SunoClient("k", base_url=f"http://127.0.0.1:{port}", timeout=5) as suno:
        with pytest.raises(RequestTimeout, match="within 5 s"):
            await suno.upload_file(pieces(*[MUCH] * 200))
    released.set()
    server.close()
    await server.wait_closed()


async def test_a_refusal_is_heard_before_the_source_ends(fake_suno: FakeSuno) -> None:
    """A wrong key is an error at once, though the source would never end."""

    async def endless() -> AsyncIterator[bytes]:
        while True:
            yield MUCH
            await asyncio.sleep(1)

    async with SunoClient("wrong-secret", base_url=fake_suno.url) as suno:
        with pytest.raises(AuthenticationFailed):
            await suno.upload_file(endless())


async def test_nothing_is_held_as_a_whole(suno: SunoClient, fake_suno: FakeSuno) -> None:
    """64 MiB pass through with a few MiB of memory."""
    tracemalloc.start()
    try:
        file = await suno.upload_file(pieces(*[MUCH] * 256))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert file.file_size == 64 * 2**20
    assert peak < 8 * 2**20


async def test_a_file_that_changes_on_its_way_is_refused(tmp_path: Path) -> None:
    """A file that shrinks, or goes, while it is sent is not sent as if it were whole."""
    path = tmp_path / "song.mp3"
    path.write_bytes(MUCH)
    form = Form({"uploadPath": "x"}, path, "song.mp3")
    async with Deadline(10) as limit:
        headers, body = await form.open(limit, 10)
        assert int(headers["Content-Length"]) > len(MUCH)
        with pytest.raises(InvalidRequest, match="changed while it was sent, from 262144"):
            async for piece in body:
                if len(piece) > 1000:
                    os.truncate(path, 70_000)
    with pytest.raises(InvalidRequest, match="changed while it was sent"):
        form.check()
    path.unlink()
    async with Deadline(10) as limit:
        with pytest.raises(InvalidRequest, match="cannot be read: No such file"):
            await form.open(limit, 10)
    with pytest.raises(InvalidRequest, match="cannot be read: No such file"):
        form.check()
