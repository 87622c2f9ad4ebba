"""The README's programs run as they stand, against the embedded API on virtual time."""

from __future__ import annotations

import ast
import asyncio
import contextlib
import inspect
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from program_kit import BLOCKS, EXCERPTS, PROGRAMS, README

import suno_async
from suno_async import SunoClient, TaskTimeout
from suno_async.testing import FakeSuno, run_virtual

if TYPE_CHECKING:
    from collections.abc import Coroutine

SHOWN = {block for block in BLOCKS if block.startswith("# tests/programs/")}
EXAMPLES = [
    *(block for block in BLOCKS if block not in SHOWN),
    PROGRAMS["lyrics_to_cover.py"],
    PROGRAMS["callbacks.py"],
]
"""What is run here: excerpts are of programs, which have tests of their own."""
PROSE = re.sub(r"(?ms)^```.*?^```$", "", README)
SNIPPETS = sorted(
    {
        code
        for code in re.findall(r"`([^`]+)`", PROSE)
        if re.match(r"(\w+ = )?await (suno\.|task)|async for|task\.subscribe|SunoClient\(", code)
    }
)
"""Code amid the text that can be run by itself."""
IDEAS = ("rain on a tin roof", "a city waking up", "two trains at night")


def run(source: str, names: dict[str, Any]) -> Any:
    """Run a program; what awaits at its top is for a notebook, whose loop runs already."""
    code = compile(source, "README.md", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    ended = eval(code, names)  # noqa: S307 our own README
    if inspect.iscoroutine(ended):
        asyncio.run(ended)


@pytest.fixture
def shown(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> pytest.CaptureFixture[str]:
    """What a program prints, in an empty directory, and an API for `asyncio.run`."""

    def run_with_the_service(main: Coroutine[Any, Any, Any]) -> Any:
        async def with_the_service() -> Any:
            async with FakeSuno(api_key=None) as fake:
                monkeypatch.setenv("SUNO_BASE_URL", fake.url)
                return await main

        return run_virtual(with_the_service())

    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SUNO_API_KEY", "key")
    monkeypatch.setenv("PUBLIC_URL", "http://127.0.0.1:8717/suno")
    monkeypatch.setenv("CALLBACK_SECRET", "a secret of the tests alone")
    monkeypatch.setattr(asyncio, "run", run_with_the_service)
    return capsys


def test_there_are_programs() -> None:
    """The pattern finds all of the README's programs: none is marked as not to be run."""
    assert len(EXAMPLES) >= 7
    assert len(SNIPPETS) > 15
    assert len(SHOWN) == len(EXCERPTS)
    assert len(BLOCKS) + 2 == len(re.findall(r"(?m)^```\s*py", README)), "two are of others"


@pytest.mark.parametrize("program", EXAMPLES, ids=range(len(EXAMPLES)))
def test_program_runs(program: str, shown: pytest.CaptureFixture[str]) -> None:
    """A program copied from the README works."""
    with contextlib.suppress(SystemExit):
        run(program, {"__name__": "__main__"})
    if "print(" in program:
        assert shown.readouterr().out


def test_the_first_program(shown: pytest.CaptureFixture[str]) -> None:
    """It prints each stage, writes both files, and makes a song from each line of the list."""
    run(EXAMPLES[0], {"__name__": "__main__"})
    lines = shown.readouterr().out.splitlines()
    assert [line.partition(" ")[0] for line in lines[:3]] == ["text", "first", "complete"]
    assert sorted(line.partition(" http")[0] for line in lines[3:]) == sorted(IDEAS)
    assert len([*Path("songs").glob("*.mp3")]) == 2


@pytest.mark.parametrize("snippet", SNIPPETS)
async def test_each_snippet_in_the_text_works(
    snippet: str, fake_suno: FakeSuno, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Code amid the text works, given a client, a song, and files of the names that it uses."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SUNO_API_KEY", "key")
    Path("melody.mp3").write_bytes(b"\xff\xfb" + bytes(1000))
    async with SunoClient(base_url=fake_suno.url, journal="a.sqlite") as suno:
        task = await suno.generate_music("an idea")
        file = await suno.upload_file("melody.mp3")
        error = TaskTimeout("", task.token)
        names = {"suno": suno, "task": task, "track": (await task)[0], "file": file, "error": error}
        line = f"{snippet} pass" if snippet.endswith(":") else snippet
        code = compile(line, "README.md", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
        ended = eval(code, vars(suno_async) | names)  # noqa: S307 our own README
        if inspect.iscoroutine(ended):
            await ended
