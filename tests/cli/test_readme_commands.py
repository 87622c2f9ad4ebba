"""The README's commands work as they stand, in a folder with the files that they name."""

import re
import shlex
from pathlib import Path

import pytest

from suno_async import SunoClient
from suno_async.cli._app import _COMMANDS

from .conftest import Shell

README = (Path(__file__).parents[2] / "README.md").read_text("utf-8")
COMMANDS = sorted(set(re.findall(r"suno-async ([\w-][^`\n]*)", README)))
KINDS = {*_COMMANDS}
SHORTENED = "music:5c79…"  # as the README shortens a task's token
FILES = {
    "songs.csv": README.partition("```csv\n")[2].partition("```")[0],
    "words.txt": "[Verse]\nThe road goes on",
}
"""What the commands are given."""


@pytest.fixture
def words(shell: Shell, request: pytest.FixtureRequest) -> list[str]:
    """A command's words, in a folder with its files, and with the token of a finished song."""
    for name, text in FILES.items():
        (shell.folder / name).write_text(text)

    async def order(suno: SunoClient) -> str:
        task = await suno.generate_music("an idea")
        await task
        return task.token

    command: str = request.param
    if command.startswith("journal"):
        shell.client(order, journal=shell.folder / "songs.sqlite")
    return shlex.split(command.replace(SHORTENED, shell.client(order)))


def commands(*, without: str) -> pytest.MarkDecorator:
    """Each command of the README, but those of one kind."""
    chosen = [command for command in COMMANDS if not command.startswith(without)]
    return pytest.mark.parametrize("words", chosen, indirect=True, ids=str)


def test_there_is_an_example_of_each_kind() -> None:
    """Each command that there is has an example, one of them with `--simulate`."""
    assert {command.split()[0] for command in COMMANDS} == {*KINDS, "--help"}
    assert any("--simulate" in command for command in COMMANDS)


@commands(without="serve")
def test_it_works(shell: Shell, words: list[str]) -> None:
    """A command ends well, and says what it did."""
    ended = shell(*words)
    assert ended.code == 0, ended.err
    assert ended.out or "--dry-run" in words


@commands(without="serve")
def test_it_can_be_simulated(shell: Shell, words: list[str]) -> None:
    """A command does as well with `--simulate`, without a key."""
    shell.setenv("SUNO_API_KEY", None)
    ended = shell.simulate(*(word for word in words if word != "--simulate"))
    assert ended.code == 0, ended.err


@pytest.mark.parametrize(
    "words", [one for one in COMMANDS if one.startswith("serve")], indirect=True
)
def test_it_serves(shell: Shell, words: list[str]) -> None:
    """`serve` says how to reach it, and ends with Ctrl-C."""
    shell.interrupt_at = 5.0
    ended = shell(*("0" if word == "8750" else word for word in words))  # any port that is free
    assert ended.code in {0, 130}, ended.err
    assert re.search(r"export SUNO_BASE_URL=http://127.0.0.1:\d+ SUNO_API_KEY=key", ended.out)
