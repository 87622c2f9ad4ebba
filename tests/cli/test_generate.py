"""`generate`: from words to two files, reported as it happens."""

import os
import re
import sys
from pathlib import Path

import pytest

from suno_async.testing import FakeSuno

from .conftest import Shell

PROMPT = "A calm piano tune at dusk"


def test_two_files_are_written_and_named(shell: Shell) -> None:
    """Two MP3 files are there at the end, and stdout names them and nothing else."""
    ended = shell("generate", PROMPT)
    assert ended.code == 0
    assert sorted(ended.out.splitlines()) == [f"songs/{name}" for name in shell.songs]
    assert len(shell.songs) == 2
    for name in shell.songs:
        assert re.fullmatch(r".+ \[[0-9a-f]{8}\]\.mp3", name)
        content = (shell.folder / "songs" / name).read_bytes()
        assert content[:2] == b"\xff\xfb"  # an MPEG frame begins
        assert len(content) % 144 == 0  # and all of them are whole


def test_a_log_gets_one_line_for_each_stage(shell: Shell) -> None:
    """Where stderr is no terminal, each stage is a plain line with the age of the song."""
    ended = shell("generate", PROMPT)
    said = [line.split(": ", 1)[1] for line in ended.err.splitlines()]
    assert [words.split(" after")[0] for words in said] == [
        "accepted",
        "in progress",
        "in progress",
        "done",
    ]
    assert re.fullmatch(r"in progress after 0:(1[5-9]|2\d), '.+'", said[1])
    assert re.fullmatch(r"in progress after 0:(3[6-9]|4\d), 1 of 2 songs", said[2])
    assert re.fullmatch(r"done after 2:(2[89]|3\d|4\d)", said[3])
    assert "\x1b" not in ended.err + ended.out


def test_json_is_one_object_a_line(shell: Shell) -> None:
    """`--json` puts out each stage with its tracks, and each file, the first before the end."""
    ended = shell("generate", PROMPT, "--json")
    stages = [one for one in ended.objects if "stage" in one]
    files = [one for one in ended.objects if "file" in one]
    assert [one["stage"] for one in stages] == ["pending", "text", "first", "complete"]
    assert len({one["task"] for one in ended.objects}) == 1
    assert len(stages) + len(files) == len(ended.objects) == 6
    assert {one["file"] for one in files} == {f"songs/{name}" for name in shell.songs}
    assert {one["track"] for one in files} == {track["id"] for track in stages[-1]["tracks"]}
    assert ended.objects.index(files[0]) < ended.objects.index(stages[-1])
    assert ended.err == ""


def test_how_long_a_song_is(shell: Shell, fake: FakeSuno) -> None:
    """`--duration` is sent; without it, the 20 seconds of V6 are announced before anything else."""
    own = ("generate", "--lyrics", "la", "--style", "jazz", "--model", "v6")
    assert shell(*own, "--duration", "60").code == 0
    assert fake.ledger.accepted("generate-music")[-1].body["duration"] == 60
    ended = shell(*own)
    assert ended.err.splitlines()[0] == (
        "Note: duration is left out, which means 20 seconds with V6: duration takes 10 to 360."
    )
    refused = shell(*own, "--duration", "5")
    assert (refused.code, "--duration must lie between 10 and 360" in refused.err) == (2, True)
    fake.ledger.assert_charged(2)


def test_a_song_of_ones_own(shell: Shell, fake: FakeSuno) -> None:
    """Lyrics from a file, style and title are sent as the custom mode; `out` is made."""
    (shell.folder / "words.txt").write_text("\ufeff[Verse]\nRain", encoding="utf-8")
    ended = shell(
        *("generate", "--lyrics", "@words.txt", "--style", "jazz", "--title", "Rain"),
        *("--model", "v4_5", "--out", "deep/er"),
    )
    assert ended.code == 0
    sent = fake.ledger.entries[0].body
    assert sent["customMode"] is True
    assert (sent["prompt"], sent["style"], sent["title"]) == ("[Verse]\nRain", "jazz", "Rain")
    assert sent["model"] == "V4_5"
    assert len(list((shell.folder / "deep/er").glob("Rain [[]*.mp3"))) == 2


def test_an_instrumental_needs_no_words(shell: Shell, fake: FakeSuno) -> None:
    """Style and title with `--instrumental` are enough."""
    ended = shell("generate", "--instrumental", "--style", "jazz", "--title", "Rain")
    assert ended.code == 0
    assert fake.ledger.entries[0].body["instrumental"] is True


def test_a_simulation_spends_nothing(shell: Shell) -> None:
    """`--simulate` needs no key, asks no address, says what it is, and writes two files."""
    shell.setenv("SUNO_API_KEY", None)
    shell.setenv("SUNO_BASE_URL", "http://127.0.0.1:1")
    shell.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    ended = shell.simulate("generate", PROMPT)
    assert ended.code == 0
    assert "20 times as fast as the service: nothing is sent, nothing is paid." in ended.err
    assert len(shell.songs) == 2


def test_a_reader_that_leaves_costs_no_song(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """When stdout has no reader any more, as with `| head -1`, the files are still written."""
    reader, writer = os.pipe()
    os.close(reader)
    with monkeypatch.context() as patch, os.fdopen(writer, "w") as broken:
        patch.setattr(sys, "stdout", broken)
        ended = shell("generate", PROMPT, "--json")
    assert ended.code == 0
    assert len(shell.songs) == 2


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a Linux device")
def test_a_full_disk_behind_stdout(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where stdout cannot be written to, the songs are there and the exit code says 7."""
    with monkeypatch.context() as patch, Path("/dev/full").open("w") as full:
        patch.setattr(sys, "stdout", full)
        ended = shell("generate", PROMPT)
    assert ended.code == 7
    assert "stdout cannot be written to: No space left on device." in ended.err
    assert len(shell.songs) == 2


def test_with_a_journal_it_is_resumed(shell: Shell, fake: FakeSuno) -> None:
    """Ctrl-C names the same command; run again, it follows the song that was paid for."""
    argv = ("generate", PROMPT, "--journal", "songs.sqlite", "--image", "--sidecar")
    shell.interrupt_at = 60
    stopped = shell(*argv)
    assert stopped.code == 130
    assert stopped.err.splitlines()[-1] == (
        f"  suno-async generate '{PROMPT}' --journal songs.sqlite --image --sidecar"
    )
    shell.interrupt_at = None
    ended = shell(*argv)
    assert ended.code == 0, ended.err
    assert "goes on since an earlier run" in ended.err
    suffixes = [Path(name).suffix for name in shell.songs]
    assert sorted(suffixes) == [".jpeg", ".jpeg", ".json", ".json", ".mp3", ".mp3"]
    fake.ledger.assert_charged(1)


def test_a_failure_names_the_option_that_tries_again(shell: Shell, fake: FakeSuno) -> None:
    """The same command tells the failure again, and pays anew only with --retry-failed."""
    argv = ("generate", PROMPT, "--journal", "songs.sqlite")
    fake.script(fail_at=20.0, status="CREATE_TASK_FAILED")
    for _ in range(2):
        ended = shell(*argv)
        assert ended.code == 5
        assert ended.err.splitlines()[-2:] == [
            "To send again what has failed:",
            f"  suno-async generate '{PROMPT}' --journal songs.sqlite --retry-failed",
        ]
    fake.ledger.assert_charged(1)
    ended = shell(*argv, "--retry-failed")
    assert ended.code == 0, ended.err
    fake.ledger.assert_charged(2)
    assert shell(*argv, "--retry-failed").code == 0
    fake.ledger.assert_charged(2)


def test_a_doubt_is_sent_again_only_if_asked(shell: Shell, fake: FakeSuno) -> None:
    """A lost answer stays in doubt under the journal until --resend-unknown."""
    argv = ("generate", PROMPT, "--journal", "songs.sqlite")
    fake.fail("reset_after_accept", on="generate_music")
    assert shell(*argv).code == 6
    ended = shell(*argv)
    assert ended.code == 6
    assert "--resend-unknown sends it again" in ended.err
    assert "There is more to do" not in ended.err
    assert ended.err.splitlines()[-2:] == [
        "To send again what is in doubt, which may pay twice:",
        f"  suno-async generate '{PROMPT}' --journal songs.sqlite --resend-unknown",
    ]
    assert shell(*argv, "--resend-unknown").code == 0
    fake.ledger.assert_charged(2)


def test_quiet(shell: Shell, fake: FakeSuno) -> None:
    """With --quiet there are the paths alone; errors, and how to go on, are printed still."""
    ended = shell("generate", PROMPT, "--quiet")
    assert (ended.code, ended.err) == (0, "")
    assert len(ended.out.splitlines()) == 2
    fake.fail("html_502", on="/files/", times=None)
    ended = shell("generate", PROMPT, "-q")
    assert ended.code == 7
    assert ended.err.count("Error: ") == 2
    assert ended.err.splitlines()[-1].startswith("  suno-async wait music:")


def test_an_option_is_offered_where_it_is_one(shell: Shell, fake: FakeSuno) -> None:
    """Behind -- it would be a text."""
    fake.script(fail_at=20.0, status="CREATE_TASK_FAILED")
    ended = shell("generate", "--journal", "songs.sqlite", "--", "-5 degrees")
    assert ended.err.splitlines()[-1] == (
        "  suno-async generate --journal songs.sqlite --retry-failed -- '-5 degrees'"
    )


def test_quiet_says_how_to_go_on_after_ctrl_c(shell: Shell) -> None:
    """What is paid for is named also where nothing else is said."""
    shell.interrupt_at = 60
    ended = shell("generate", PROMPT, "--quiet")
    first, last = ended.err.splitlines()
    assert first.startswith("Stopped, while the service goes on with what is paid for.")
    assert last.startswith("  suno-async wait music:")
