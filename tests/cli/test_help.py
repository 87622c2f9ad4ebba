"""What is shown before anything is done: help, the version, completion; and how soon."""

import importlib
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from suno_async import __version__
from suno_async.cli import run
from suno_async.cli._app import _COMMANDS

from .conftest import Shell

COMMAND = (sys.executable, "-m", "suno_async")


def ended(*argv: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """A command in a process of its own."""
    return subprocess.run(  # noqa: S603 our own
        [*COMMAND, *argv], capture_output=True, text=True, env=os.environ | environ, check=False
    )


@pytest.mark.parametrize("argv", [("--version",), ("--help",), ("-h",)])
def test_it_is_quick(argv: tuple[str, ...]) -> None:
    """Neither loads the client, nor the server of the simulation, nor an event loop."""
    program = (
        "import sys\n"
        "from suno_async.cli import run\n"
        f"run({argv!r})\n"
        "late = {'aiohttp', 'asyncio', 'cattrs', 'suno_async.client'} & {*sys.modules}\n"
        "sys.exit(', '.join(sorted(late)) or 0)\n"
    )
    process = subprocess.run(  # noqa: S603 our own
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert (process.returncode, process.stderr) == (0, "")


def test_the_version(capsys: pytest.CaptureFixture[str]) -> None:
    """It is the package's."""
    assert run(["--version"]) == 0
    assert capsys.readouterr().out.strip() == __version__


@pytest.mark.parametrize("argv", [("--help",), ("generate", "--help")])
def test_a_reader_that_has_read_enough(argv: tuple[str, ...]) -> None:
    """As with `| head -1`: the code is 0, and nothing is on stderr."""
    with subprocess.Popen(  # noqa: S603 our own
        [*COMMAND, *argv], stdout=subprocess.PIPE, stderr=subprocess.PIPE, bufsize=0
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.read(1)
        process.stdout.close()
        assert (process.stderr.read(), process.wait()) == (b"", 0)


@pytest.mark.parametrize("name", _COMMANDS)
def test_the_list_says_what_the_commands_say(name: str) -> None:
    """The line of a command in the list, which is shown without loading it, is its first line."""
    room, _, summary = _COMMANDS[name]
    command = getattr(importlib.import_module(f"suno_async.cli._commands.{room}"), name)
    assert command.__doc__.partition("\n")[0] == summary


@pytest.mark.parametrize("name", _COMMANDS)
def test_a_command_tells_its_own_help(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """All of it, not the line of the list; each option has a text, and all fits 80 columns."""
    assert run([name, "--help"]) == 0
    shown = capsys.readouterr().out
    assert shown.startswith(f"Usage: suno-async {name} [OPTIONS]")
    assert _COMMANDS[name][2] in shown
    assert max(map(len, shown.splitlines())) <= 80
    assert not re.search(r"│ --[\w-]+( [A-Z]+)? +│", shown)


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_is_installed_by_one_option(tmp_path: Path, shell: str) -> None:
    """A script for the shell is below the home directory, and the way to use it is said."""
    process = ended(
        "--install-completion", "--shell", shell, HOME=str(tmp_path), SHELL=f"/bin/{shell}"
    )
    assert process.returncode == 0, process.stderr
    assert process.stdout
    scripts = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert any("retry-failed" in path.read_text() for path in scripts)


def test_a_dry_run_lists_what_would_be_submitted(shell: Shell) -> None:
    """A line each on stdout, with all that the request holds; for machines an object."""
    (shell.folder / "songs.csv").write_text(
        "operation,prompt,instrumental\n,dusk,true\nGenerateLyrics,the sea,\n,,\n"
    )
    listed = shell("batch", "songs.csv", "--dry-run")
    assert listed.out.splitlines() == [
        "line 2: GenerateMusic(instrumental=True, prompt='dusk')",
        "line 3: GenerateLyrics(prompt='the sea')",
    ]
    first, _, _ = shell("batch", "songs.csv", "--dry-run", "--json").objects
    assert first == {
        "line": 2,
        "operation": "GenerateMusic",
        "fields": {"prompt": "dusk", "instrumental": True},
        "fate": "sent",
    }
