"""The README's named programs: which they are, how long, and that its tests of a bot pass."""

from __future__ import annotations

import pytest
from programs import PROGRAMS

WHOLE = ("service.py", "telegram_bot.py", "discord_bot.py")
TESTED = ("bot.py", "test_bot.py")
SETTINGS = """
[pytest]
asyncio_mode = auto
asyncio_default_fixture_loop_scope = function
filterwarnings = error
"""


def test_all_are_known() -> None:
    """The README has a service, two bots, and the tests of a bot; each is run somewhere."""
    assert tuple(PROGRAMS) == (*WHOLE, *TESTED)


@pytest.mark.parametrize("name", PROGRAMS)
def test_each_is_short(name: str) -> None:
    """A whole program has less than 50 lines."""
    assert len(PROGRAMS[name].splitlines()) < 50


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
