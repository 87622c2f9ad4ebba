"""`extend`, `stems`, `wav`, `video` and `cover`: what is made from a song, by its token."""

import pytest

from suno_async import GenerateMusic, SunoClient
from suno_async.testing import FakeSuno

from .conftest import Shell

MADE: dict[tuple[str, ...], tuple[str, list[str]]] = {
    ("extend", "--continue-at", "60", "--lyrics", "Outro"): ("extend-music", [".mp3", ".mp3"]),
    ("stems",): ("separate-vocals-from-music", [".mp3", ".mp3"]),
    ("wav", "--song", "2"): ("convert-to-wav-format", [".wav"]),
    ("video", "--author", "The Keepers"): ("create-music-video", [".mp4"]),
    ("cover",): ("cover-suno", [".png", ".png"]),
}


def song(shell: Shell) -> str:
    """The token of a song that is done."""

    async def order(suno: SunoClient) -> str:
        task = await suno.generate_music("dusk")
        await task
        return task.token

    return shell.client(order)


@pytest.mark.parametrize("words", MADE, ids=lambda words: words[0])
def test_files_are_made_from_a_song(shell: Shell, fake: FakeSuno, words: tuple[str, ...]) -> None:
    """The track that was asked for is sent, and what is made of it is written."""
    token = song(shell)
    ended = shell(words[0], token, *words[1:], "--out", "made")
    operation, suffixes = MADE[words]
    assert ended.code == 0, ended.err
    assert sorted(path.suffix for path in (shell.folder / "made").iterdir()) == suffixes
    assert len(ended.out.splitlines()) == len(suffixes)
    (entry,) = fake.ledger.accepted(operation)
    tracks = fake.tasks[token.removeprefix("music:")].songs
    if "audioId" in entry.body:
        assert entry.body["audioId"] == tracks["--song" in words].id
    if words[0] == "extend":
        assert (entry.body["continueAt"], entry.body["title"]) == (60, tracks[0].title)


@pytest.mark.parametrize("words", MADE, ids=lambda words: words[0])
def test_it_can_be_tried_out(shell: Shell, words: tuple[str, ...]) -> None:
    """In a simulation a song that is made on the spot stands for the one that is named."""
    ended = shell.simulate(words[0], "music:5c79be8e", *words[1:])
    assert ended.code == 0, ended.err
    assert len(shell.songs) == len(MADE[words][1])


@pytest.mark.parametrize(
    ("argv", "code", "words"),
    [
        (["wav", "nonsense"], 2, "'nonsense' is not the token of a task"),
        (["wav", "lyrics:5c79be8e"], 2, "lyrics:5c79be8e made no song"),
        (["wav", "music:" + "0" * 32], 3, "no record"),
        (["extend", "TOKEN", "--continue-at", "-5"], 2, "--continue-at must be"),
        (["video", "TOKEN", "--author", "x" * 60], 2, "--author has 60 characters"),
        (["stems", "TOKEN", "--type", "split_stem_advanced"], 2, "--stem-name"),
        (["wav", "TOKEN", "--song", "3"], 2, "--song"),
    ],
)
def test_what_cannot_be_made(
    shell: Shell, fake: FakeSuno, argv: list[str], code: int, words: str
) -> None:
    """It is refused by the names that the options have, and nothing more is paid."""
    token = song(shell)
    ended = shell(*(token if one == "TOKEN" else one for one in argv))
    assert ended.code == code, ended.err
    assert words in ended.err
    fake.ledger.assert_charged(1)


def test_a_song_that_is_still_being_made_is_waited_for(shell: Shell, fake: FakeSuno) -> None:
    """The command follows it to its end, and then goes on."""

    async def order(suno: SunoClient) -> str:
        return (await suno.submit(GenerateMusic("dusk"))).token

    ended = shell("wav", shell.client(order))
    assert ended.code == 0, ended.err
    fake.ledger.assert_charged(2)


def test_with_a_journal_it_is_paid_for_once(shell: Shell, fake: FakeSuno) -> None:
    """The same command, run again, writes the same files and sends nothing that costs."""
    argv = ("stems", song(shell), "--journal", "songs.sqlite")
    first, again = shell(*argv), shell(*argv)
    assert (first.code, again.code) == (0, 0), again.err
    assert first.out == again.out
    assert "goes on since an earlier run" in again.err
    fake.ledger.assert_charged(1, "separate_vocals")
