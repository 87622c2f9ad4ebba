"""What a notebook shows of a track: a player, whatever the service called it."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from suno_async import SunoClient, Track

Tags = list[tuple[str, dict[str, str | None]]]


class Reader(HTMLParser):
    """Reads the tags with their attributes, and the text."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: Tags = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a tag."""
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        """Note a text."""
        self.text += data


def shown(track: Track) -> Reader:
    """What a notebook makes of it."""
    reader = Reader()
    reader.feed(track._repr_html_())
    reader.close()
    return reader


def test_a_song_is_a_player() -> None:
    """The file is played by its address, under the title; nothing is fetched before."""
    track = Track(
        id="8551****662c", title="Sea & Sky", audio_url="https://cdn.example/a.mp3?x=1&y=2"
    )
    found = shown(track)
    assert [tag for tag, _ in found.tags] == ["figure", "figcaption", "audio"]
    assert found.tags[2][1] == {
        "controls": None,
        "preload": "none",
        "src": "https://cdn.example/a.mp3?x=1&y=2",
    }
    assert found.text == "Sea & Sky [8551****]"


async def test_what_streams_can_be_heard(suno: SunoClient) -> None:
    """From the first stage on there is a player; before, the words alone say so."""
    task = await suno.generate_music("the sea")
    async for event in task:
        has_player = [tag for tag, _ in shown(event.result[0]).tags][-1] == "audio"
        assert has_player is (event.result[0].playable_url is not None)


@pytest.mark.parametrize("url", ["javascript:alert(1)", "data:text/html,x", "//cdn/a.mp3", "a.mp3"])
def test_only_the_web_is_played(url: str) -> None:
    """An address that is none of http or https is not put into a page."""
    found = shown(Track(id="1", audio_url=url))
    assert [tag for tag, _ in found.tags] == ["figure", "figcaption", "em"]
    assert url not in found.text


@given(st.text(), st.text(), st.text())
def test_no_text_becomes_a_tag(title: str, name: str, end: str) -> None:
    """Whatever a title, an id or an address holds, the tags and their attributes are ours."""
    found = shown(Track(id=name, title=title, audio_url=f"https://{end}"))
    assert [tag for tag, _ in found.tags] == ["figure", "figcaption", "audio"]
    assert [*found.tags[2][1]] == ["controls", "preload", "src"]
