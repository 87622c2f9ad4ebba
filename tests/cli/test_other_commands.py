"""`credits`, `wait` and `lyrics`."""

import json

from suno_async import GenerateMusic, SunoClient
from suno_async.testing import FakeSuno

from .conftest import Shell

IDEA = "A calm piano tune at dusk"


def test_credits(shell: Shell, fake: FakeSuno) -> None:
    """The number alone, or an object."""
    fake.balance = 87.5
    assert shell("credits").out == "87.5\n"
    assert shell("credits", "--json").objects == [{"credits": 87.5}]
    assert shell.simulate("credits").out == "1000\n"


def test_wait_picks_up_what_was_left(shell: Shell) -> None:
    """What an interrupted `generate` left is fetched by the command that it printed."""
    shell.interrupt_at = 60
    token = next(one["task"] for one in shell("generate", IDEA, "--json").objects)
    shell.interrupt_at = None
    ended = shell("wait", token, token.partition(":")[2], "--out", "later")
    assert ended.code == 0
    assert len(list((shell.folder / "later").iterdir())) == 2


def test_wait_goes_on_with_the_others(shell: Shell) -> None:
    """Of several tasks one that is not there does not stop the others; the exit code tells."""
    token = shell("generate", IDEA, "--json").objects[0]["task"]
    ended = shell("wait", "music:" + "0" * 32, token, "--json", "--out", "later")
    assert ended.code == 3
    assert [one["error"] for one in ended.objects if "error" in one] == ["NotFound"]
    assert len([one for one in ended.objects if "file" in one]) == 2
    assert f"suno-async wait music:{'0' * 32} --out later" in ended.err


def test_wait_fetches_and_prints_other_kinds(shell: Shell) -> None:
    """A WAV is a file; what is neither a song nor lyrics is printed as JSON."""
    song = shell("generate", IDEA, "--json").objects[0]["task"].partition(":")[2]

    async def make(suno: SunoClient) -> tuple[str, str]:
        tracks = await suno.task(song, GenerateMusic)
        wav = await suno.convert_to_wav(tracks[0])
        return wav.token, (await suno.generate_cover_images(song)).token

    wav, images = shell.client(make)
    ended = shell("wait", wav)
    assert ended.code == 0
    assert (shell.folder / ended.out.strip()).read_bytes().startswith(b"RIFF")
    assert len(json.loads(shell("wait", images).out)["images"]) == 2
    assert shell("wait", images, "--json").objects[-1]["stage"] == "complete"


def test_wait_can_be_tried_out(shell: Shell) -> None:
    """In a simulation, tasks made on the spot stand for those named."""
    ended = shell.simulate("wait", "music:5c79be8e", "lyrics:5c79be8e", "--json")
    assert ended.code == 0
    assert len([one for one in ended.objects if "file" in one]) == 2
    assert next(one for one in ended.objects if "lyrics" in one)["lyrics"][0]["text"]


def test_lyrics_are_printed(shell: Shell) -> None:
    """Stdout holds the words with their titles, and nothing else; `--json` has them in an event."""
    printed = shell("lyrics", IDEA).out
    last = shell("lyrics", IDEA, "--json").objects[-1]
    assert printed.count("[Verse]") == 2
    assert "accepted" not in printed
    assert last["stage"] == "complete"
    assert len(last["lyrics"]) == 2
