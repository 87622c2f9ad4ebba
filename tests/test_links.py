"""Links that lead nowhere, that have to be renewed, and that are the only ones."""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING

import pytest
from file_host import SONG, hosting
from hostile import (
    FAR,
    NOWHERE,
    client,
    is_presentable,
    offline,
    track,
)
from hypothesis import given
from hypothesis import strategies as st
from yarl import URL

from suno_async import (
    ConfigurationError,
    CoverImages,
    DownloadFailed,
    SunoClient,
    SunoError,
    Track,
)
from suno_async._downloads.naming import shown
from suno_async._http.links import DeadLink, is_private_host, link_to
from suno_async.testing import FakeSuno, Fault

if TYPE_CHECKING:
    from pathlib import Path

    from callback_kit import Reception


@pytest.mark.parametrize("host", ["127%2e0.0.1", "%6cocalhost", "a.example%40127.0.0.1", "a\x00.b"])
def test_a_host_in_escapes(host: str) -> None:
    """It leads nowhere, before anybody is asked: a proxy might read it as another host."""
    with pytest.raises(DeadLink):
        link_to(f"http://{host}/x.mp3")


@pytest.mark.parametrize("name", NOWHERE)
async def test_a_link_that_leads_nowhere(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether an answer or a redirect gives it: a `DownloadFailed`, and no file is left."""
    url = NOWHERE[name]
    offline(monkeypatch)
    async with client() as near, client(FAR) as far:
        for suno in (near, far):
            for what in (track(url), [CoverImages(images=(url,))]):
                with pytest.raises(DownloadFailed) as caught:
                    await suno.download(what, tmp_path)
                assert is_presentable(caught.value)
        with pytest.raises(SunoError):  # of the caller's own, some are no URLs by their polls
            await far.download(url, tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("url", ["file:///etc/passwd", "data:,x", "ftp://a.example/x", "x", " "])
async def test_a_url_of_the_callers_is_of_the_web(tmp_path: Path, url: str) -> None:
    """Anything else is refused before anything is done."""
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
    playable = Track(id="a", source_stream_audio_url="https://a.example/s")
    assert (playable.is_ready, playable.playable_url) == (False, "https://a.example/s")


@pytest.mark.parametrize("has_callbacks", [False, True])
async def test_a_song_whose_source_alone_is_there(
    reception: Reception, tmp_path: Path, has_callbacks: bool
) -> None:
    """By poll or callback it is complete and ready, and its link is renewed through the record."""
    callbacks = reception.receiver if has_callbacks else None
    async with (
        FakeSuno() as fake,
        SunoClient("key", base_url=fake.url, callbacks=callbacks) as suno,
    ):
        fake.script(audio="source")
        task = await suno.generate_music("the sea")
        songs = await task
        assert [(one.audio_url, one.is_ready) for one in songs] == [(None, True)] * 2
        assert reception.answers == ([200] * 3 if has_callbacks else [])
        fake.expire(task.id)
        for path in await suno.download(songs, tmp_path):
            assert path.stat().st_size > 100_000
        assert [one.code for one in fake.ledger.downloads].count(403) == 2


def test_messages_are_of_a_fair_length() -> None:
    """However long a link is, and whatever it holds."""
    assert shown("http://a.example/" + "x" * 10**6).endswith("xx…")
    assert shown("http://a.example/\x1b[2J\ud83c\n?q") == "http://a.example/\ufffd[2J\ufffd"
    assert shown("//user:pw@a.example/x?q") == "//a.example/x"
