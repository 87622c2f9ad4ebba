"""Texts from files and pipes: read, and found wanting, before anything is paid."""

import os
from pathlib import Path

import pytest

from suno_async.testing import FakeSuno

from .conftest import Ended, Shell

IDEA = "A calm piano tune at dusk"
SONG = ("--style", "jazz", "--title", "Rain")
COMMANDS = {"generate": "generate-music", "lyrics": "generate-lyrics"}


def prompts(fake: FakeSuno, operation: str = "generate-music") -> list[str]:
    """What was accepted, in order."""
    return [entry.body["prompt"] for entry in fake.ledger.accepted(operation)]


@pytest.fixture
def piped(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> "Piped":
    """A shell whose commands have something on stdin."""
    return Piped(shell, monkeypatch)


class Piped:
    """Runs a command with these bytes on stdin."""

    def __init__(self, shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
        self._shell = shell
        self._monkeypatch = monkeypatch

    def __call__(self, content: bytes, *argv: str) -> Ended:
        """Run it."""
        reading, writing = os.pipe()
        os.write(writing, content)
        os.close(writing)
        with self._monkeypatch.context() as patch, os.fdopen(reading) as stdin:
            patch.setattr("sys.stdin", stdin)
            return self._shell(*argv)


def refused(ended: Ended, fake: FakeSuno, *words: str) -> None:
    """It ended with the code for wrong arguments and one sentence; nothing was sent."""
    errors = [line for line in ended.err.splitlines() if line.startswith("Error: ")]
    assert ended.code == 2, ended
    assert len(errors) == 1, ended.err
    for word in words:
        assert word in errors[0]
    assert not len(fake.ledger)


@pytest.mark.parametrize("command", COMMANDS)
def test_an_idea_from_a_file(shell: Shell, fake: FakeSuno, command: str) -> None:
    """`@FILE` is what is in the file, without a byte order mark and blanks at the ends."""
    (shell.folder / "idea.txt").write_bytes(f"\ufeff{IDEA}\r\n".encode())
    assert shell(command, "@idea.txt").code == 0
    assert prompts(fake, COMMANDS[command]) == [IDEA]


@pytest.mark.parametrize("dash", ["-", "@-"])
@pytest.mark.parametrize("command", COMMANDS)
def test_an_idea_from_stdin(piped: Piped, fake: FakeSuno, command: str, dash: str) -> None:
    """`-` is what comes through a pipe."""
    assert piped(f"{IDEA}\n".encode(), command, dash, "--json").code == 0
    assert prompts(fake, COMMANDS[command]) == [IDEA]


def test_lyrics_from_stdin(piped: Piped, fake: FakeSuno) -> None:
    """`-` stays with the option that it follows, and lines stay lines."""
    assert piped(b"[Verse]\r\nLa\r\n", "generate", "--lyrics", "-", *SONG).code == 0
    assert prompts(fake) == ["[Verse]\nLa"]


def test_style_and_title_from_files(shell: Shell, fake: FakeSuno) -> None:
    """Each text of a song can be in a file, also one at home."""
    shell.setenv("HOME", str(shell.folder))
    (shell.folder / "style.txt").write_text("slow jazz\n")
    (shell.folder / "title.txt").write_text("Rain\n")
    texts = ("--style", "@style.txt", "--title", "@~/title.txt")
    assert shell("generate", "--instrumental", *texts).code == 0
    body = fake.ledger.entries[0].body
    assert (body["style"], body["title"]) == ("slow jazz", "Rain")


@pytest.mark.parametrize(
    ("argv", "prompt"),
    [
        (("generate", "@@home"), "@home"),
        (("generate", "--", "-5 degrees"), "-5 degrees"),
        (("generate", "--", "--help"), "--help"),
        (("generate", *SONG, "--lyrics=-5 degrees"), "-5 degrees"),
        (("generate", *SONG, "--lyrics", "@@home"), "@home"),
        (("generate", "at @home - alone"), "at @home - alone"),
        (("generate", "songs"), "songs"),
    ],
)
def test_texts_that_look_like_something_else(
    shell: Shell, fake: FakeSuno, argv: tuple[str, ...], prompt: str
) -> None:
    """A text may begin with an @ or a -, and a word may be the name of a folder."""
    (shell.folder / "songs").mkdir()
    assert shell(*argv).code == 0
    assert prompts(fake) == [prompt]


def test_an_idea_with_a_style(shell: Shell, fake: FakeSuno) -> None:
    """V6 takes both; before V6 the idea would be sung word for word."""
    assert shell("generate", IDEA, "--style", "jazz", "--model", "V6").code == 0
    body = fake.ledger.entries[0].body
    assert (body["prompt"], body["style"], body["customMode"]) == (IDEA, "jazz", False)


@pytest.mark.parametrize("model", ["V5", "V6", "V9"])
def test_an_idea_beside_words_of_your_own(shell: Shell, fake: FakeSuno, model: str) -> None:
    """It is refused in the command's own terms, whatever the model."""
    for more in (["--lyrics", "la"], ["--title", "Home", "--style", "jazz"]):
        ended = shell("generate", IDEA, *more, "--model", model)
        assert ended.code == 2
        assert "PROMPT is an idea" in ended.err
        assert "custom_mode" not in ended.err
    assert prompts(fake) == []


def test_the_help_tells_it(shell: Shell) -> None:
    """The help says how to name files and stdin, and what then to do with an @ or a -."""
    for command in COMMANDS:
        shown = " ".join(shell(command, "--help").out.split())
        assert "@FILE" in shown
        assert "@@" in shown
        assert '-- "-' in shown


UNREADABLE = {
    "nowhere.txt": (None, "nowhere.txt cannot be read: No such file"),
    "folder": (None, "folder cannot be read: Is a directory"),
    "empty.txt": (b"\n \r\n", "empty.txt is empty"),
    "latin.txt": (b"caf\xe9", "latin.txt cannot be read: it is not text in UTF-8"),
    "sound.mp3": (b"a\0b", "sound.mp3 cannot be read: it is not text"),
    "wide.txt": ("La".encode("utf-16"), "wide.txt cannot be read: it is in UTF-16"),
    "long.txt": (b"a" * 16_000_001, "long.txt cannot be read: it has more than 16,000,000"),
    "": (None, "@ names no file"),
}


@pytest.mark.parametrize("argv", [("generate",), ("lyrics",), ("generate", *SONG, "--lyrics")])
@pytest.mark.parametrize("name", UNREADABLE)
def test_a_file_that_is_no_text(
    shell: Shell, fake: FakeSuno, argv: tuple[str, ...], name: str
) -> None:
    """What cannot be the text is reported in one sentence, before anything is paid."""
    content, words = UNREADABLE[name]
    (shell.folder / "folder").mkdir()
    if content is not None:
        (shell.folder / name).write_bytes(content)
    refused(shell(*argv, f"@{name}"), fake, words, "@@")


@pytest.mark.parametrize(
    ("content", "words"),
    [(b"", "stdin is empty"), (b"\n", "stdin is empty"), (b"\xff\xd8", "stdin cannot be read")],
)
def test_stdin_that_is_no_text(piped: Piped, fake: FakeSuno, content: bytes, words: str) -> None:
    """What comes through the pipe is held to the same."""
    refused(piped(content, "generate", "-"), fake, words)


@pytest.mark.parametrize("argv", [("generate", "-"), ("lyrics", "-"), ("wait", "-")])
def test_stdin_that_is_a_terminal(
    shell: Shell, fake: FakeSuno, monkeypatch: pytest.MonkeyPatch, argv: tuple[str, ...]
) -> None:
    """Where nothing is piped in, no command is left waiting for it."""
    ours, theirs = os.openpty()
    with monkeypatch.context() as patch, os.fdopen(theirs) as stdin:
        patch.setattr("sys.stdin", stdin)
        refused(shell(*argv), fake, "stdin is a terminal", "pipe")
    os.close(ours)


def test_stdin_can_be_read_once(piped: Piped, fake: FakeSuno) -> None:
    """Two texts cannot both come through it."""
    ended = piped(b"La", "generate", "--lyrics", "-", "--style", "jazz", "--title", "-")
    refused(ended, fake, "--lyrics and --title", "stdin")


def test_a_pipe_that_stays_silent(
    shell: Shell, fake: FakeSuno, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-C ends the waiting for a text that does not come."""
    reading, writing = os.pipe()
    shell.interrupt_at = 1.0
    with monkeypatch.context() as patch, os.fdopen(reading) as stdin:
        patch.setattr("sys.stdin", stdin)
        ended = shell("generate", "-")
        os.close(writing)
    assert (ended.code, ended.err) == (130, "Stopped.\n")
    assert not len(fake.ledger)


def test_tokens_from_stdin(piped: Piped, shell: Shell) -> None:
    """`wait -` reads tokens as `wait @-` does."""
    token = shell("generate", IDEA, "--json").objects[0]["task"]
    assert piped(f"{token}\n".encode(), "wait", "-").code == 0


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (("generate", "idea.txt"), ("idea.txt is a file", "@idea.txt")),
        (("lyrics", "idea.txt"), ("idea.txt is a file", "@idea.txt")),
        (("generate", *SONG, "--lyrics", "idea.txt"), ("idea.txt is a file", "@idea.txt")),
        (("generate", "music:" + "5c" * 16), ("token of a task", "suno-async wait music:5c5c")),
        (("lyrics", "5c" * 16), ("token of a task", "suno-async wait 5c5c")),
        (("generate", "-5 degrees"), ('-- "-5 degrees"',)),
        (("generate", *SONG, "--lyrics", "-5 degrees"), ('--lyrics="-5 degrees"',)),
        (("generate", *SONG, "--lyrics", "La", "--instrumental"), ("--lyrics", "--instrumental")),
    ],
)
def test_what_is_hardly_meant(
    shell: Shell, fake: FakeSuno, argv: tuple[str, ...], words: tuple[str, ...]
) -> None:
    """What would be paid for as something else is refused, with what may have been meant."""
    (shell.folder / "idea.txt").write_text(IDEA)
    refused(shell(*argv), fake, *words)


def test_what_is_hardly_meant_can_be_said(piped: Piped, shell: Shell, fake: FakeSuno) -> None:
    """What comes from a file or a pipe is sent as it is."""
    (shell.folder / "idea.txt").write_text(IDEA)
    assert piped(b"idea.txt", "generate", "-").code == 0
    assert prompts(fake) == ["idea.txt"]


def test_a_batch_from_a_pipe(piped: Piped, fake: FakeSuno) -> None:
    """`batch -` reads it, wherever the - stands."""
    assert piped(b"one\ntwo\n", "batch", "-", "--format", "txt").code == 0
    assert prompts(fake) == ["one", "two"]
    assert Path("songs").is_dir()


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ('{"prompt": "a tune"}', "--format jsonl"),
        ("music:" + "5c" * 16, "suno-async wait @a.txt"),
        ("prompt,style,title", "--format csv"),
        ("prompt;instrumental", "--format csv"),
        ("idea.txt", "idea.txt is one"),
        ("@idea.txt", "idea.txt is one"),
    ],
)
def test_a_batch_of_what_is_no_prompt(shell: Shell, fake: FakeSuno, line: str, words: str) -> None:
    """A table, objects or tokens in a file of prompts are not paid for as prompts."""
    (shell.folder / "a.txt").write_text(f"{line}\n")
    (shell.folder / "idea.txt").write_text(IDEA)
    ended = shell("batch", "a.txt")
    assert ended.code == 2
    assert words in ended.err
    assert not len(fake.ledger)


@pytest.mark.parametrize(
    ("field", "text"), [("lyrics", "@words.txt"), ("lyrics", "words.txt"), ("prompt", "@words.txt")]
)
def test_a_cell_that_names_a_file(shell: Shell, fake: FakeSuno, field: str, text: str) -> None:
    """A batch reads no files for its fields: their names are not paid for as their texts."""
    (shell.folder / "words.txt").write_text("La")
    (shell.folder / "a.csv").write_text(f"{field},style,title\n{text},jazz,Rain\n")
    ended = shell("batch", "a.csv")
    assert ended.code == 2
    assert f"{field} is not read from a file, and words.txt is one" in ended.err
    assert not len(fake.ledger)


def test_a_text_that_only_begins_with_an_at_sign(shell: Shell, fake: FakeSuno) -> None:
    """In a batch a line is the text itself, where no file has that name."""
    (shell.folder / "a.txt").write_text("@home at last\n@mention\n")
    assert shell("batch", "a.txt").code == 0
    assert prompts(fake) == ["@home at last", "@mention"]


def test_a_batch_from_the_keyboard(
    shell: Shell, fake: FakeSuno, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It says what it waits for."""
    ours, theirs = os.openpty()
    os.write(ours, b"one\n\x04")
    with monkeypatch.context() as patch, os.fdopen(theirs) as stdin:
        patch.setattr("sys.stdin", stdin)
        ended = shell("batch", "-", "--format", "txt")
    os.close(ours)
    assert ended.code == 0
    assert "Reading lines from the terminal; Ctrl-D ends them." in ended.err
    assert prompts(fake) == ["one"]
