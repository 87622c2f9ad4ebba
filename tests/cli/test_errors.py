"""What goes wrong: one sentence on stderr, an exit code from the table, no traceback."""

import pytest

from suno_async.testing import FakeSuno, Fault

from .conftest import Ended, Shell

IDEA = "A calm piano tune at dusk"


def check(ended: Ended, code: int, *words: str) -> None:
    """It ended with this code and one sentence that holds these words."""
    errors = [line for line in ended.err.splitlines() if line.startswith("Error: ")]
    assert ended.code == code, ended
    assert len(errors) == 1, ended.err
    for word in words:
        assert word in errors[0]
    assert "Traceback" not in ended.err
    assert ended.out == ""


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (["generate"], ["Say what the song shall be", "--style"]),
        (["generate", ""], ["PROMPT must not be empty"]),
        (["generate", "x" * 501], ["PROMPT has 501 characters, at most 500", "V5"]),
        (["generate", IDEA, "--style", "jazz", "--title", "Dusk"], ["PROMPT", "--lyrics"]),
        (["generate", IDEA, "--style", "jazz"], ["PROMPT is an idea", "leave it out"]),
        (["generate", "--style", "jazz", "--title", "Dusk"], ["--lyrics or --instrumental is"]),
        (["generate", "--lyrics", "La", "--style", "jazz"], ["--title is required"]),
        (["generate", "--lyrics", "@nowhere.txt"], ["nowhere.txt cannot be read"]),
        (["generate", "A", "calm", "tune"], ["'calm tune'", "quotes"]),
        (["generate", IDEA, "--styl", "jazz"], ["--styl", "--style"]),
        (["genrate", IDEA], ["genrate", "generate"]),
        (["wait"], ["wait music:"]),
        (["download"], ["download music:"]),
        (["download", "@nowhere.txt"], ["nowhere.txt cannot be read"]),
        (["wait", "a song"], ["'a song' is not the token of a task"]),
        (["lyrics", " "], ["PROMPT must not be empty"]),
        (["serve", "--port", "100000"], ["Port 100000"]),
        (["serve", "--speed", "0"], ["--speed must be above 0"]),
        (["serve", "--fault", "reset"], ["--fault: There is no fault 'reset'; known are"]),
        (["serve", "--host", "203.0.113.9"], ["at 203.0.113.9 cannot be used", "--host"]),
        (["serve", "--host", "no.such.host.invalid"], ["is no address of this machine"]),
    ],
)
def test_wrong_usage(shell: Shell, fake: FakeSuno, argv: list[str], words: list[str]) -> None:
    """What cannot work is refused with code 2 before anything is sent."""
    check(shell(*argv), 2, *words)
    assert not len(fake.ledger)


def test_no_key(shell: Shell) -> None:
    """Without a key it says how to set one, and that a simulation needs none."""
    shell.setenv("SUNO_API_KEY", None)
    check(shell("generate", IDEA), 2, "SUNO_API_KEY", "--simulate")
    assert not (shell.folder / "songs").exists()


@pytest.mark.parametrize("command", [["credits"], ["generate", IDEA]])
def test_wrong_key(shell: Shell, command: list[str]) -> None:
    """A key that the service does not know is a refusal."""
    shell.setenv("SUNO_API_KEY", "wrong")
    check(shell(*command), 3, "401", "Check the key")


def test_no_credits(shell: Shell, fake: FakeSuno) -> None:
    """An empty account is a refusal."""
    fake.balance = 0
    check(shell("generate", IDEA), 3, "Top up")


@pytest.mark.parametrize("command", [["credits"], ["generate", IDEA]])
def test_no_network(shell: Shell, command: list[str]) -> None:
    """Where nothing listens, code 4 comes after a few attempts."""
    shell.setenv("SUNO_BASE_URL", "http://127.0.0.1:1")
    check(shell.offline(*command), 4, "No connection to http://127.0.0.1:1")


def test_html_in_place_of_credits(shell: Shell, fake: FakeSuno) -> None:
    """A page is not an answer."""
    fake.fail(Fault.HTML_200, times=None)
    check(shell("credits"), 4, "cannot be read", "<html>")


def test_html_in_place_of_acceptance(shell: Shell, fake: FakeSuno) -> None:
    """A page after a paid request leaves it in doubt: code 6, and a word on what to do."""
    fake.fail(Fault.HTML_200, times=None)
    ended = shell("generate", IDEA)
    check(ended, 6, "It is not known whether")
    assert "suno-async credits" in ended.err
    assert len(fake.ledger.of("generate-music")) == 1


@pytest.mark.parametrize("out", ["in-the-way", "in-the-way/songs", "/proc/nothing"])
def test_a_folder_that_cannot_be_written(shell: Shell, fake: FakeSuno, out: str) -> None:
    """It is found out before anything is paid."""
    (shell.folder / "in-the-way").touch()
    check(shell("generate", IDEA, "--out", out), 2, f"{out} cannot be written to", "--out")
    assert not len(fake.ledger)


def test_a_rejected_song(shell: Shell, fake: FakeSuno) -> None:
    """What the service gives up ends with code 5 and nothing to pick up."""
    fake.script(fail_at=20.0, status="SENSITIVE_WORD_ERROR")
    ended = shell("generate", IDEA)
    check(ended, 5, "SENSITIVE_WORD_ERROR")
    assert "suno-async wait" not in ended.err


def test_half_a_success(shell: Shell, fake: FakeSuno) -> None:
    """When one song is ready and the other fails, the one is fetched all the same."""
    fake.script(fail_at=60.0, status="GENERATE_AUDIO_FAILED", partial=1)
    ended = shell("generate", IDEA)
    assert ended.code == 5
    assert len(shell.songs) == 1
    assert ended.out == f"songs/{shell.songs[0]}\n"


def test_a_download_that_fails(shell: Shell, fake: FakeSuno) -> None:
    """The error says where the song is, and the command that fetches it later; that one works."""
    fake.fail(Fault.bare(400), on="/files/", times=2)
    ended = shell("generate", IDEA, "--out", "my songs")
    assert ended.code == 7
    assert "HTTP 400" in ended.err
    assert f"The song itself is at {fake.url}/files/" in ended.err
    command = ended.err.splitlines()[-1].strip()
    token = fake.ledger.accepted("generate-music")[0].task_id
    assert command == f"suno-async wait music:{token} --out 'my songs'"
    assert shell("wait", f"music:{token}").code == 0
    assert len(shell.songs) == 2


def test_a_song_that_does_not_come(shell: Shell, fake: FakeSuno) -> None:
    """After ten minutes without news it gives up waiting, and says how to wait again."""
    fake.script(complete=5000.0)
    ended = shell("generate", IDEA)
    token = fake.ledger.accepted("generate-music")[0].task_id
    assert ended.code == 4
    assert "is still first after 600 s" in ended.err
    assert ended.err.splitlines()[-1] == f"  suno-async wait music:{token}"
    assert len(shell.songs) == 1


def test_errors_for_machines(shell: Shell, fake: FakeSuno) -> None:
    """With `--json` an error is an object on stdout, as well as a sentence on stderr."""
    fake.script(fail_at=20.0, status="CREATE_TASK_FAILED")
    ended = shell("generate", IDEA, "--json")
    error = ended.objects[-1]
    assert (error["error"], error["kind"], error["exit"]) == ("TaskFailed", "music", ended.code)
    assert error["message"] in ended.err
    assert error["task"] == ended.objects[0]["task"]


def test_wrong_usage_for_machines(shell: Shell) -> None:
    """Arguments that cannot be parsed are an object, too."""
    ended = shell("generate", "--json", "--bogus")
    assert ended.code == 2
    assert ended.objects[0]["error"] == "ConfigurationError"


def test_titles_cannot_play_with_the_terminal(shell: Shell) -> None:
    """Control codes in what the service says do not reach the terminal."""
    ended = shell("generate", "--instrumental", "--style", "jazz", "--title", "A\x1b[2Jbomb")
    assert ended.code == 0
    assert "\x1b" not in ended.err + ended.out


@pytest.mark.parametrize("argv", [[], ["--help"]])
def test_help_has_the_exit_codes(shell: Shell, argv: list[str]) -> None:
    """Help goes to stdout and lists what the exit codes mean."""
    ended = shell(*argv)
    assert ended.code == 0
    for code in (0, 2, 3, 4, 5, 6, 7, 130):
        assert f"{code:>3}  " in ended.out
