"""What is written lands in plain files of its own, whatever lies there under their names."""

from __future__ import annotations

import json
import os
import socket
import stat
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from file_host import SONG, cut_after, hosting

from suno_async import DownloadFailed, GenerateMusic, RetryPolicy, SunoClient, Track, UploadedFile
from suno_async._downloads.files import hold, write_whole
from suno_async.testing import FakeSuno, Fault

if TYPE_CHECKING:
    from collections.abc import Callable

OURS = b"what another owner has"


def client(attempts: int = 2) -> SunoClient:
    """A client that needs no service."""
    return SunoClient(
        "key", base_url="http://127.0.0.1:9", retry=RetryPolicy(max_attempts=attempts)
    )


def linked(place: Path, other: Path) -> None:
    """A link to another file."""
    place.symlink_to(other)


def dangling(place: Path, other: Path) -> None:
    """A link to a file that would be made."""
    place.symlink_to(other.with_name("new"))


def hard_linked(place: Path, other: Path) -> None:
    """Another name of a file."""
    place.hardlink_to(other)


def to_a_directory(place: Path, other: Path) -> None:
    """A link to a directory."""
    place.symlink_to(other.parent)


def to_itself(place: Path, _other: Path) -> None:
    """A link that leads round."""
    place.symlink_to(place)


def a_pipe(place: Path, _other: Path) -> None:
    """A pipe that nobody reads."""
    os.mkfifo(place)


def a_socket(place: Path, _other: Path) -> None:
    """A socket of the file system."""
    with socket.socket(socket.AF_UNIX) as one:
        here = Path.cwd()
        os.chdir(place.parent)  # its path must be short
        try:
            one.bind(place.name)
        finally:
            os.chdir(here)


def a_device(place: Path, _other: Path) -> None:
    """A link to a device, which takes anything."""
    place.symlink_to("/dev/null")


TRAPS = [linked, dangling, hard_linked, to_a_directory, to_itself, a_pipe, a_socket, a_device]


@pytest.fixture
def other(tmp_path: Path) -> Path:
    """A file of another owner's, in a directory apart."""
    apart = tmp_path / "apart"
    apart.mkdir()
    (apart / "other").write_bytes(OURS)
    return apart / "other"


@pytest.mark.parametrize("trap", TRAPS)
@pytest.mark.parametrize("suffix", [".part", ".part.json"])
async def test_no_part_is_opened_through_a_link(
    trap: Callable[[Path, Path], None], suffix: str, tmp_path: Path, other: Path
) -> None:
    """The error says which file to remove; what it leads to stays as it is."""
    songs = tmp_path / "songs"
    songs.mkdir()
    trap(songs / f"song.mp3{suffix}", other)
    async with hosting() as host, client() as suno:
        with pytest.raises(DownloadFailed, match=rf"song\.mp3{suffix} is a link or no plain file"):
            await suno.download(host.url, songs)
        (songs / f"song.mp3{suffix}").unlink(missing_ok=True)
        assert (await suno.download(host.url, songs)).read_bytes() == SONG
    assert other.read_bytes() == OURS
    assert [one.name for one in other.parent.iterdir()] == ["other"]


@pytest.mark.parametrize("trap", [linked, dangling, hard_linked, a_pipe])
@pytest.mark.parametrize("beside", [".txt", ".json", ".jpeg"])
async def test_what_lies_beside_a_song_neither(
    trap: Callable[[Path, Path], None], beside: str, tmp_path: Path, other: Path
) -> None:
    """Words, sidecar and cover are written with the same care."""
    songs = tmp_path / "songs"
    songs.mkdir()
    async with hosting() as host, client() as suno:
        image = host.url.replace("song.mp3", "x.jpeg")
        host.content = b"ID3\x04" + SONG
        song = Track(id="a", title="Song", prompt="la", audio_url=host.url, image_url=image)
        trap(songs / f"Song [a]{beside}.part", other)
        with pytest.raises(DownloadFailed, match="is a link or no plain file"):
            await suno.download(
                song,
                songs,
                image=beside == ".jpeg",
                lyrics=beside == ".txt",
                sidecar=beside == ".json",
            )
        assert (songs / "Song [a].mp3").read_bytes() == host.content
    assert other.read_bytes() == OURS


async def test_a_link_under_the_final_name_is_replaced(tmp_path: Path, other: Path) -> None:
    """The file takes the link's place, and what it led to stays as it is."""
    (tmp_path / "mine.mp3").symlink_to(other)
    async with hosting() as host, client() as suno:
        path = await suno.download(host.url, tmp_path / "mine.mp3")
    assert (path.is_symlink(), path.read_bytes()) == (False, SONG)
    assert other.read_bytes() == OURS
    write_whole(tmp_path / "words.txt", b"la")
    assert stat.S_ISREG((tmp_path / "words.txt").lstat().st_mode)


def test_a_part_that_was_made_the_file_meanwhile_is_not_ours(tmp_path: Path) -> None:
    """Its name is gone, or is another file's: the next download begins with what lies there."""
    part = hold(tmp_path / "a.mp3")
    assert part is not None
    assert hold(tmp_path / "a.mp3") is None
    part.write(b"ID3")
    part.finish()
    again = hold(tmp_path / "a.mp3")
    assert again is not None
    again.close()


NOTES = {
    "deep": "[" * 60_000,
    "a list": "[]",
    "a huge time": json.dumps({"url": "x", "etag": '"x"', "total": 1, "booted": 10**400}),
    "a huge number": "9" * 5_000,
    "not text": "\udcff",
    "endless": json.dumps({"url": "x" * 10**6, "etag": '"x"', "total": 1, "booted": 0}),
}


@pytest.mark.parametrize("name", NOTES)
async def test_a_note_that_is_none(name: str, tmp_path: Path) -> None:
    """Whatever stands in the note beside a part, the file comes."""
    (tmp_path / "song.mp3.part").write_bytes(SONG[:1000])
    (tmp_path / "song.mp3.part.json").write_bytes(NOTES[name].encode(errors="surrogateescape"))
    async with hosting() as host, client() as suno:
        assert (await suno.download(host.url, tmp_path)).read_bytes() == SONG
    assert host.ranges == [None]


@pytest.mark.parametrize("trap", TRAPS)
async def test_a_note_that_is_no_file(
    trap: Callable[[Path, Path], None], tmp_path: Path, other: Path
) -> None:
    """It is not read, nor waited for; without its words the part is begun anew, or an error."""
    songs = tmp_path / "songs"
    songs.mkdir()
    (songs / "song.mp3.part").write_bytes(SONG[:1000])
    trap(songs / "song.mp3.part.json", other)
    async with hosting() as host, client() as suno:
        with pytest.raises(DownloadFailed, match="is a link or no plain file"):
            await suno.download(host.url, songs)
    assert host.ranges == [None]
    assert other.read_bytes() == OURS


# --- half a character --------------------------------------------------------------------------

HALF = "ocean \ud83c wave"


async def test_texts_with_half_a_character_are_written(tmp_path: Path) -> None:
    """Title, words and request: each is written as far as it is text."""
    async with hosting() as host, client() as suno:
        song = Track(id="a", title=HALF, prompt=f"{HALF}\n", tags="\udfff", audio_url=host.url)
        path = await suno.download(song, tmp_path, lyrics=True, sidecar=True)
    assert path.name == "ocean wave [a].mp3"
    assert path.with_suffix(".txt").read_text(encoding="utf-8") == "ocean ? wave\n"
    written = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
    assert (written["track"]["title"], written["track"]["tags"]) == (HALF, "\udfff")


async def test_a_sidecar_keeps_words_and_hides_signatures(tmp_path: Path) -> None:
    """A link without a scheme is a link, too; words that begin with slashes are none."""
    async with hosting() as host, client() as suno:
        signed = f"{host.url[5:]}?signature=hush"
        song = Track(
            id="a",
            prompt="//who?goes@there",
            audio_url=host.url,
            image_url="//files.example/a.jpeg?signature=hush",
            source_audio_url=signed,
        )
        path = await suno.download(song, tmp_path, sidecar=True)
    written = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))["track"]
    assert written["prompt"] == "//who?goes@there"
    assert written["image_url"] == "//files.example/a.jpeg"
    assert "hush" not in json.dumps(written)


async def test_a_request_with_half_a_character(
    suno: SunoClient, fake_suno: FakeSuno, tmp_path: Path
) -> None:
    """It is made, paid for once and fetched, with the request beside it."""
    fake_suno.fail(Fault.bare(403), on="/files/")
    (song, *_) = await (await suno.submit(GenerateMusic(HALF)))
    path = await suno.download(song, tmp_path, lyrics=True, sidecar=True)
    written = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
    assert written["request"]["prompt"] == HALF
    fake_suno.ledger.assert_charged(1)


@pytest.mark.parametrize("name", ["x.\ud83c", "x.\0", "x.mp3\n", f"x.{'y' * 300}", "x.\\..\\y"])
async def test_names_of_uploads_are_cleaned(name: str, tmp_path: Path) -> None:
    """The upload host's name may end in anything; what is no suffix is left out."""
    async with hosting() as host, client() as suno:
        path = await suno.download(
            UploadedFile(download_url=host.url.removesuffix(".mp3"), file_name=name), tmp_path
        )
    assert path.parent == tmp_path
    assert path.name.isprintable()
    assert path.read_bytes() == SONG


async def test_a_link_with_half_a_character_beside_a_part(tmp_path: Path) -> None:
    """A part that was begun from another link is begun again by its own."""
    async with hosting() as host, client(attempts=1) as suno:
        host.answers = [cut_after(100_000)]
        with pytest.raises(DownloadFailed, match="broke off"):
            await suno.download(Track(id="a", title="S", audio_url=host.url), tmp_path)
        odd = Track(id="a", title="S", audio_url=f"{host.url}?\ud83c")
        assert (await suno.download(odd, tmp_path)).read_bytes() == SONG
    assert host.ranges == [None, None]
