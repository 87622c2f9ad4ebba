"""Names of files, and what files are: laws that hold for whatever a service may send."""

from __future__ import annotations

import ntpath
import unicodedata
from pathlib import PurePosixPath, PureWindowsPath
from urllib.parse import quote

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from suno_async._downloads.formats import HEAD, belies
from suno_async._downloads.naming import file_name, shown, stem_of, suffix_of
from suno_async.testing._api import media

TITLES = st.text(max_size=400) | st.text(alphabet="../\\ :CONcon\0\u202e\u200f", max_size=40)
ID = "5c79be8e-1234"


def is_reserved(name: str) -> bool:
    """Whether Windows keeps this name for itself; Python 3.13 has moved the question."""
    ask = getattr(ntpath, "isreserved", None)
    return bool(ask(name)) if ask is not None else PureWindowsPath(name).is_reserved()


@given(TITLES, st.none() | st.text(max_size=60))
@example("../../etc/passwd", ID)
@example("CON", None)
@example("com1.backup", ID)
@example("LPT¹", None)
@example("song.\u202e3pm", ID)
@example("\ud800", ID)
@example("ß" * 300, ID)
@example("a" * 184 + "💿", ID)
@example(" . ", "")
def test_a_name_is_safe_everywhere(title: str, mark: str | None) -> None:
    """One name, inside its directory, that every system takes and shows as it is."""
    name = file_name(title, mark, ".mp3")
    assert PurePosixPath(name).name == PureWindowsPath(name).name == name
    assert not set(name) & set('<>:"/\\|?*')
    assert {unicodedata.category(one)[0] for one in name}.isdisjoint("C")
    assert {unicodedata.category(one) for one in name}.isdisjoint({"Zl", "Zp"})
    assert len(f"{name}.part.json".encode()) <= 255
    assert name.endswith(".mp3")
    assert name[0] not in " ."
    assert PureWindowsPath(name).stem[-1] not in " ."
    assert not is_reserved(name)
    assert file_name(name.removesuffix(".mp3"), None, ".mp3") == name  # nothing more to be done


@given(TITLES)
def test_both_songs_of_a_task_have_names_of_their_own(title: str) -> None:
    """The begin of the id stands in every name, however long the title is."""
    assert file_name(title, ID, ".mp3").endswith(" [5c79be8e].mp3")


def test_a_title_stays_as_it_is() -> None:
    """What is safe is not touched, in any script; what is not becomes a space."""
    for title in ("Blue Hour", "夜明け", "Ça va, naïve café", "¿Qué? (no)".replace("?", "")):
        assert file_name(title, ID, ".wav") == f"{title} [5c79be8e].wav"
    assert file_name("AC/DC: live?", ID, ".mp3") == "AC DC live [5c79be8e].mp3"
    assert file_name(None, ID, ".mp3") == "Untitled [5c79be8e].mp3"
    assert file_name("CON", None, ".mp3") == "_CON.mp3"
    assert file_name("x", "../..", ".mp3") == "x.mp3"


EMOJI = (
    "\U0001f468\u200d\U0001f469\u200d\U0001f467",  # a family: three people and what joins them
    "\U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",  # a flag by its tags
    "\U0001f1e9\U0001f1ea",  # a flag of two letters
    "\U0001f44d\U0001f3fd",  # a thumb in a colour
    "1\ufe0f\u20e3",  # a digit on a key
    "\u2764\ufe0f\u200d\U0001f525",  # a heart on fire
)


@pytest.mark.parametrize("emoji", EMOJI)
def test_emoji_are_kept_whole(emoji: str) -> None:
    """Whatever holds one together stays in it, and no name ends within one."""
    assert file_name(f"a {emoji} b", None, ".mp3") == f"a {emoji} b.mp3"
    ends: set[str] = set()
    for length in range(150, 200):
        stem = file_name("a" * length + emoji + "b" * 99, None, "")
        ends.add(stem.strip("ab"))
        assert len(stem.encode()) <= 200
    assert ends == {emoji, ""}


def test_joiners_outside_of_emoji_are_not_kept() -> None:
    """What is invisible makes no two names that look the same."""
    assert file_name("a\u200db \U0001f44d\u200d", None, "") == "a b \U0001f44d"
    assert file_name("\u202e\u200d\u2764", None, "") == "\u2764"


@given(st.text(min_size=1, max_size=50).filter(lambda one: one < "\ud800" or one > "\udfff"))
def test_the_name_of_a_url_is_its_last_part(text: str) -> None:
    """However it is written there, and never with a directory."""
    clean = "".join(one for one in text if not "\ud800" <= one <= "\udfff").replace(".", "_")
    url = f"https://files.example/a/b/{quote(clean, safe='')}.MP3?signature=s"
    assert (stem_of(url), suffix_of(url)) == (clean, ".mp3")
    assert "/" not in file_name(stem_of(url), None, suffix_of(url))


def test_an_address_is_shown_without_its_secrets() -> None:
    """Neither a signature nor a password stands in a message."""
    assert shown("https://me:pass@files.example:8/a.mp3?sig=1#x") == "https://files.example:8/a.mp3"


WHOLE = {
    ".mp3": media.mp3("k", 1),
    ".wav": media.wav("k", 1),
    ".m4a": media.m4a("k", 1),
    ".mp4": media.mp4("k", 1),
    ".png": media.png("k"),
    ".jpeg": media.jpeg("k"),
}
WRONG = {
    "page": b"<!doctype html><html>",
    "page with spaces": b"\r\n \t<html><head>...",
    "json": b'{"code":404,"msg":"',
    "list": b'["code", 404, "msg"',
    "utf-16": b"\xff\xfe<\x00h\x00t\x00m\x00l\x00",
    "utf-8": b"\xef\xbb\xbf<html><body>",
    "xml": b'<?xml version="1.0"?>',
    "zeros": bytes(16),
    "text": b"Not Found, sorry!",
    "nothing": b"",
}


@pytest.mark.parametrize("suffix", WHOLE)
@pytest.mark.parametrize("is_made", [True, False])
def test_files_are_what_they_are(suffix: str, is_made: bool) -> None:
    """The first bytes of every sort of file are known, in capitals too."""
    head = WHOLE[suffix].read(0, HEAD)
    assert not belies(head, suffix, is_made=is_made)
    assert not belies(head, suffix.upper(), is_made=is_made)


@pytest.mark.parametrize("head", WRONG.values(), ids=WRONG)
@pytest.mark.parametrize("suffix", WHOLE)
def test_what_is_no_file_of_the_service_is_refused(suffix: str, head: bytes) -> None:
    """A page, a refusal, zeros or nothing at all is neither audio nor image nor video."""
    assert belies(head[:HEAD], suffix, is_made=True)


@pytest.mark.parametrize(
    ("head", "suffix"),
    [
        (b"ID3\x04\x00\x00\x00\x00\x00\x00\x00\x00", ".mp3"),
        (b"\xff\xfb\x90\x64\x00\x00", ".mp3"),
        (b"\xff\xf3\x40\xc4\x00\x00", ".mp3"),
        (b"\xff\xf1\x50\x80\x00\x00", ".mp3"),
        (b"\x00\x00\x00\x20ftypM4A \x00\x00\x00\x00", ".mp3"),
        (b"RIFF\x00\x00\x00\x00WAVEfmt ", ".wav"),
        (b"RIFF\x00\x00\x00\x00WEBPVP8 ", ".jpeg"),
        (b"\x00\x00\x00\x1cftypavif\x00\x00\x00\x00", ".png"),
        (b"OggS\x00\x02", ".mp3"),
        (b"fLaC\x00\x00", ".wav"),
        (b"MThd\x00\x00", ".mid"),
        (b"\x1a\x45\xdf\xa3", ".webm"),
    ],
)
def test_hosts_may_name_a_file_by_a_cousin(head: bytes, suffix: str) -> None:
    """Audio is audio: what was paid for is not refused for the suffix that it came with."""
    assert not belies(head, suffix, is_made=True)


@pytest.mark.parametrize(
    ("head", "suffix"),
    [
        (b"\x89PNG\r\n\x1a\n", ".mp3"),
        (b"RIFF\x00\x00\x00\x00WEBPVP8 ", ".wav"),
        (b"\x00\x00\x00\x1cftypavif\x00\x00\x00\x00", ".mp4"),
        (b"ID3\x04", ".png"),
        (b"\xff\xfb\x90\x64", ".mid"),
    ],
)
def test_another_sort_of_file_is_refused(head: bytes, suffix: str) -> None:
    """An image is no song, and a song no image."""
    assert belies(head, suffix, is_made=True)


def test_files_of_the_callers_may_be_anything_but_a_page() -> None:
    """A URL with the suffix of a song may hold what is not known here; a page is a page."""
    assert not belies(bytes(16), ".mp3", is_made=False)
    assert belies(b"<html>", ".mp3", is_made=False)
    assert belies(b"\xef\xbb\xbf {}", ".mp3", is_made=False)
    assert not belies(b"<html>", ".html", is_made=False)
    assert not belies(b"", ".txt", is_made=True)
