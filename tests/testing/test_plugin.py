"""The pytest plugin: fixtures that work in anybody's tests."""

import sys

import pytest

SETTINGS = """
[pytest]
asyncio_mode = {mode}
asyncio_default_fixture_loop_scope = function
filterwarnings = error
"""

A_SONG = """
import time
import pytest

@pytest.mark.asyncio
async def test_a_song(fake_suno, suno):
    start = time.monotonic()
    task = await suno.generate_music("A calm piano tune at dusk")
    assert len(await task) == 2
    assert fake_suno.balance < 1000
    assert time.monotonic() - start < 30
"""

AN_ANSWER = """
import asyncio
import aiohttp, pytest

@pytest.mark.asyncio
async def test_an_answer(fake_suno):
    assert type(asyncio.get_running_loop()).__name__ != "VirtualTimeLoop"
    async with aiohttp.ClientSession() as session:
        async with session.get(fake_suno.url) as response:
            await response.read()
"""

VIRTUAL = """
from suno_async.testing import VirtualTimeLoop

def pytest_asyncio_loop_factories(config, item):
    return {"virtual": VirtualTimeLoop}
"""


@pytest.mark.parametrize("mode", ["strict", "auto"])
def test_a_fake_in_either_mode(pytester: pytest.Pytester, mode: str) -> None:
    """`fake_suno` is started in pytest-asyncio's strict and auto modes, on the usual loop."""
    pytester.makeini(SETTINGS.format(mode=mode))
    pytester.makepyfile(AN_ANSWER)
    pytester.runpytest().assert_outcomes(passed=1)


@pytest.mark.parametrize("mode", ["strict", "auto"])
def test_a_song_on_the_virtual_clock(pytester: pytest.Pytester, mode: str) -> None:
    """With the hook in their conftest, a user's tests make a song in no time."""
    pytester.makeini(SETTINGS.format(mode=mode))
    pytester.makeconftest(VIRTUAL)
    pytester.makepyfile(A_SONG)
    pytester.runpytest().assert_outcomes(passed=1)


def test_without_pytest_asyncio_it_says_so(pytester: pytest.Pytester) -> None:
    """Where pytest-asyncio is missing, a test that asks for it says so."""
    pytester.makepyfile("def test_a_song(suno): pass", pytest_asyncio="raise ImportError")
    result = pytester.run(sys.executable, "-m", "pytest", "-p", "no:asyncio")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*The fixture 'suno' needs pytest-asyncio.*"])


def test_the_fixtures_are_documented(pytester: pytest.Pytester) -> None:
    """`pytest --fixtures` says what the fixtures are."""
    pytester.makeini(SETTINGS.format(mode="strict"))
    result = pytester.runpytest("--fixtures")
    result.stdout.fnmatch_lines(["fake_suno*", "*The Suno API, embedded*", "suno*", "*A client*"])
