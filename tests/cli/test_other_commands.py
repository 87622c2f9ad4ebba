"""`credits`, `wait`, `download` and `lyrics`."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from suno_async import GenerateMusic, SunoClient, Task
from suno_async.testing import FakeSuno, Fault

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
    """Of several tasks one that is not there does not stop the others; the exit code says so."""
    token = shell("generate", IDEA, "--json").objects[0]["task"]
    ended = shell("wait", "music:" + "0" * 32, token, "--json", "--out", "later")
    assert ended.code == 3
    assert [one["error"] for one in ended.objects if "error" in one] == ["NotFound"]
    assert len([one for one in ended.objects if "file" in one]) == 2
    assert f"suno-async wait music:{'0' * 32} --out later" in ended.err


@pytest.mark.parametrize("command", ["wait", "download"])
def test_whatever_has_files_is_fetched(shell: Shell, fake: FakeSuno, command: str) -> None:
    """A WAV, stems, a video, images and recovered songs are files, and all of them come."""
    song = shell("generate", IDEA, "--json").objects[0]["task"].partition(":")[2]

    async def make(suno: SunoClient) -> list[str]:
        tracks = await suno.task(song, GenerateMusic)
        made: list[Task[Any]] = [
            await suno.convert_to_wav(tracks[0]),
            await suno.separate_vocals(tracks[0]),
            await suno.create_music_video(tracks[0]),
            await suno.generate_cover_images(song),
            await suno.recover_audio(song),
        ]
        for task in made:
            await task
        return [task.token for task in made]

    tokens = shell.client(make)
    ended = shell(command, *tokens, "--out", "made")
    assert ended.code == 0, ended.err
    assert len(ended.out.splitlines()) == len(set(ended.out.splitlines()))
    assert {(shell.folder / line).exists() for line in ended.out.splitlines()} == {True}
    written = sorted(path.suffix for path in (shell.folder / "made").iterdir())
    assert written == sorted([".wav", ".mp3", ".mp3", ".mp4", ".png", ".png", ".m4a", ".m4a"])
    objects = shell(command, *tokens, "--json").objects
    assert len([one for one in objects if "file" in one]) == len(written)


def test_of_several_files_some_are_missing(shell: Shell, fake: FakeSuno) -> None:
    """Each that could not be fetched is reported, and the next run fetches them."""
    song = shell("generate", IDEA, "--json").objects[0]["task"].partition(":")[2]

    async def make(suno: SunoClient) -> str:
        task = await suno.generate_cover_images(song)
        await task
        return task.token

    token = shell.client(make)
    fake.fail(Fault.HTML_502, on="/files/", times=None)
    ended = shell("wait", token)
    assert ended.code == 7
    assert ended.err.count("answered with HTTP 502") == 2
    fake.clear_faults()
    assert len(shell("wait", token).out.splitlines()) == 2


def test_wait_prints_what_has_no_files(shell: Shell) -> None:
    """The notes of a song are printed as JSON."""
    song = shell("generate", IDEA, "--json").objects[0]["task"].partition(":")[2]

    async def make(suno: SunoClient) -> str:
        stems = await suno.separate_vocals((await suno.task(song, GenerateMusic))[0])
        return (await suno.generate_midi(await stems)).token

    ended = shell("wait", shell.client(make))
    assert ended.code == 0
    assert json.loads(ended.out)["instruments"]


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


def test_download_fetches_what_is_complete(shell: Shell) -> None:
    """The files of several tasks at once, by token, by plain id and from a file of tokens."""
    tokens = [shell("generate", IDEA, "--json").objects[0]["task"] for _ in range(3)]
    (shell.folder / "tokens.txt").write_text(f"{tokens[2]}\n{tokens[0]}\n")
    ended = shell("download", tokens[0], tokens[1][6:], "@tokens.txt", "--out", "again")
    assert ended.code == 0, ended.err
    names = sorted(path.name for path in (shell.folder / "again").iterdir())
    assert names == shell.songs
    assert sorted(ended.out.splitlines()) == [f"again/{name}" for name in names]


def test_download_does_not_wait(shell: Shell, fake: FakeSuno) -> None:
    """What is not complete is reported, with the command that waits; the others are fetched."""
    done = shell("generate", IDEA, "--json").objects[0]["task"]
    shell.interrupt_at = 40
    making = shell("generate", IDEA, "--json").objects[0]["task"]
    shell.interrupt_at = None
    ended = shell("download", making, done, "--json", "--out", "again")
    (error,) = [one for one in ended.objects if "error" in one]
    assert ended.code == error["exit"] == 7
    assert error["task"] == making
    assert f"{making} is not complete yet" in error["message"]
    assert len([one for one in ended.objects if "file" in one]) == 2
    assert ended.err.splitlines()[-1] == f"  suno-async wait {making} --out again"


def test_download_of_what_the_service_does_not_know(shell: Shell) -> None:
    """A token that is not right is not said to be on its way."""
    ended = shell("download", "music:" + "0" * 32)
    assert ended.code == 3
    assert "the service has no record of this task" in ended.err
    assert "not complete yet" not in ended.err
    assert "paid for" not in ended.err
    assert "If the token is right" in ended.err


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a Linux device")
def test_lyrics_that_cannot_be_printed(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error names the command that prints them later; that one works."""
    with monkeypatch.context() as patch, Path("/dev/full").open("w") as full:
        patch.setattr(sys, "stdout", full)
        ended = shell("lyrics", IDEA)
    assert ended.code == 7
    again = ended.err.splitlines()[-1].split()
    assert again[:2] == ["suno-async", "wait"]
    assert shell(*again[1:]).out.count("[Verse]") == 2


def test_download_reports_a_failure(shell: Shell, fake: FakeSuno) -> None:
    """What the service gave up is code 5, a wrong key 3, no network 4 after some polls."""
    fake.script(fail_at=20.0, status="CREATE_TASK_FAILED")
    token = shell("generate", IDEA, "--json").objects[0]["task"]
    assert shell("download", token).code == 5
    shell.setenv("SUNO_API_KEY", "wrong")
    assert shell("download", token).code == 3
    shell.setenv("SUNO_API_KEY", "key")
    fake.fail(Fault.RESET_BEFORE_READ, times=None)
    assert shell("download", token).code == 4


def test_download_gets_over_a_fault(shell: Shell, fake: FakeSuno) -> None:
    """One poll that fails does not matter."""
    token = shell("generate", IDEA, "--json").objects[0]["task"]
    fake.fail(Fault.HTML_502, times=1)
    assert shell("download", token, "--out", "again").code == 0


def test_download_can_be_tried_out(shell: Shell) -> None:
    """In a simulation, tasks made on the spot stand for those named."""
    assert shell.simulate("download", "music:5c79be8e").code == 0
    assert len(shell.songs) == 2


def test_a_token_is_read_before_the_key(shell: Shell) -> None:
    """What is no token is reported as such, key or not."""
    shell.setenv("SUNO_API_KEY", None)
    for command in ("wait", "download"):
        assert "'foo' is not the token of a task" in shell(command, "foo").err


def test_many_credits(shell: Shell, fake: FakeSuno) -> None:
    """A million is written as such."""
    fake.balance = 1234567.5
    assert shell("credits").out == "1234567.5\n"


@pytest.mark.parametrize("command", ["download", "wait"])
def test_what_is_written_beside(shell: Shell, command: str) -> None:
    """With --image, --lyrics and --sidecar each song has its cover, its words and its JSON."""
    token = shell("generate", IDEA, "--json").objects[0]["task"]
    ended = shell(command, token, "--image", "--lyrics", "--sidecar", "--out", "again")
    assert ended.code == 0, ended.err
    written = [path.suffix for path in (shell.folder / "again").iterdir()]
    assert sorted(written)[2:4] == [".json", ".json"]
    assert written.count(".mp3") == written.count(".txt") == 2
    assert len(written) == 8


def test_what_is_here_is_not_fetched_again(shell: Shell, fake: FakeSuno) -> None:
    """A second download of the same tasks leaves whole files as they are."""
    token = shell("generate", IDEA, "--json").objects[0]["task"]
    before = {path: path.stat().st_mtime_ns for path in (shell.folder / "songs").iterdir()}
    assert shell("download", token).code == 0
    assert before == {path: path.stat().st_mtime_ns for path in (shell.folder / "songs").iterdir()}
