"""The programs as files: README links each, its excerpts are of them, and its bot's tests pass."""

from __future__ import annotations

import re

import pytest
from program_kit import EXCERPTS, PROGRAMS, README

TESTED = ("bot.py", "test_bot.py")
SETTINGS = """
[pytest]
asyncio_mode = auto
asyncio_default_fixture_loop_scope = function
filterwarnings = error
"""


def test_the_page_links_each() -> None:
    """Each program is linked by the README."""
    linked = re.findall(r"\[([\w.]+)\]\(tests/programs/([\w.]+)\)", README)
    assert all(text == name for text, name in linked)
    assert {name for _, name in linked} == {*PROGRAMS}


@pytest.mark.parametrize(("name", "excerpt"), EXCERPTS, ids=[name for name, _ in EXCERPTS])
def test_an_excerpt_is_of_its_program(name: str, excerpt: str) -> None:
    """What the README shows of a program stands in its file, line by line."""
    assert excerpt.strip()
    assert f"\n{excerpt}" in PROGRAMS[name]


@pytest.mark.parametrize("name", PROGRAMS)
def test_each_is_short(name: str) -> None:
    """A whole program fits on two screens, and says at its head what it is."""
    assert len(PROGRAMS[name].splitlines()) < 100
    assert PROGRAMS[name].startswith('"""')


def test_the_tests_of_a_bot_pass(pytester: pytest.Pytester) -> None:
    """What the README shows for testing one's own bot works as it stands, in an empty directory."""
    pytester.makeini(SETTINGS)
    for name in TESTED:
        pytester.makepyfile(**{name.removesuffix(".py"): PROGRAMS[name]})
    pytester.runpytest("-p", "no:cacheprovider").assert_outcomes(passed=3)


@pytest.mark.parametrize(
    ("mistake", "reported"),
    [
        ((", idempotency_key=message", ""), "3 requests for generate_music were charged, not 1"),
        (("except SunoError", "except ZeroDivisionError"), "It is not known"),
        (('await show(f"{event.stage}', 'print(f"{event.stage}'), "assert"),
    ],
    ids=["no key", "no failure reported", "no stage shown"],
)
def test_the_tests_of_a_bot_can_fail(
    pytester: pytest.Pytester, mistake: tuple[str, str], reported: str
) -> None:
    """A bot that pays twice, reports no failure or shows no stage fails one, with the reason."""
    pytester.makeini(SETTINGS)
    assert mistake[0] in PROGRAMS["bot.py"]
    programs = PROGRAMS | {"bot.py": PROGRAMS["bot.py"].replace(*mistake)}
    for name in TESTED:
        pytester.makepyfile(**{name.removesuffix(".py"): programs[name]})
    result = pytester.runpytest("-p", "no:cacheprovider", "-p", "no:randomly")
    result.assert_outcomes(passed=2, failed=1)
    assert reported in result.stdout.str()
