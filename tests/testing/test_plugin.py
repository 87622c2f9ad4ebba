"""The pytest plugin in projects of others: each runs here as its owner would run it."""

from __future__ import annotations

import sys
from time import perf_counter

import pytest

A_SONG = """
import asyncio, time
import pytest

{mark}
async def test_a_song(fake_suno, suno):
    began = time.monotonic()
    task = await suno.generate_music("A calm piano tune at dusk")
    assert [event.stage async for event in task] == ["text", "first", "complete"]
    fake_suno.ledger.assert_charged(1, "generate_music")
    assert time.monotonic() - began < 20  # it takes 148 seconds

{mark}
async def test_without_our_fixtures():
    loop = asyncio.get_running_loop()
    assert "Virtual" not in type(loop).__name__
    assert type(loop).__module__.split(".")[0] == "{loops}"
"""
MARK = "@pytest.mark.asyncio"
ANYIO = "@pytest.mark.anyio"
ON_ASYNCIO = """
import pytest

@pytest.fixture
def anyio_backend():
    return "asyncio"
"""
ON_UVLOOP = """
import uvloop

def pytest_asyncio_loop_factories(config, item):
    return {"uvloop": uvloop.new_event_loop}
"""
UVLOOP_POLICY = """
import pytest, uvloop

@pytest.fixture(scope="session")
def event_loop_policy():
    return uvloop.EventLoopPolicy()
"""


def ini(pytester: pytest.Pytester, *lines: str) -> None:
    """The project's configuration."""
    usual = ("filterwarnings = error", "asyncio_default_fixture_loop_scope = function")
    pytester.makeini("\n".join(("[pytest]", *usual, *lines)))


def run(pytester: pytest.Pytester, *options: str, **outcomes: int) -> pytest.RunResult:
    """Run the project's tests; none may take as long as a song does."""
    began = perf_counter()
    result = pytester.runpytest("-p", "no:randomly", *options)
    result.assert_outcomes(**outcomes)
    assert perf_counter() - began < 60.0
    return result


@pytest.mark.parametrize("mode", ["strict", "auto"])
@pytest.mark.parametrize("version", ["1.4", "older"])
def test_pytest_asyncio(pytester: pytest.Pytester, mode: str, version: str) -> None:
    """In either mode a test with our fixtures is in virtual time, and others keep their loop."""
    ini(pytester, f"asyncio_mode = {mode}")
    pytester.makepyfile(A_SONG.format(mark=MARK if mode == "strict" else "", loops="asyncio"))
    if version == "older":  # which has no hook for loops
        pytester.makeconftest(
            "from suno_async.testing import plugin\n"
            "plugin._Loops.pytest_asyncio_loop_factories = None\n"
        )
        result = pytester.runpytest_subprocess("-p", "no:randomly")
        result.assert_outcomes(passed=2)
    else:
        run(pytester, passed=2)


@pytest.mark.parametrize("where", ["tests", "."])
def test_pytest_asyncio_on_uvloop(pytester: pytest.Pytester, where: str) -> None:
    """Where a conftest.py gives all tests uvloop, those without our fixtures keep it."""
    ini(pytester, "asyncio_mode = auto")
    folder = pytester.path / where
    folder.mkdir(exist_ok=True)
    (folder / "conftest.py").write_text(ON_UVLOOP)
    (folder / "test_songs.py").write_text(A_SONG.format(mark="", loops="uvloop"))
    run(pytester, passed=2)


@pytest.mark.skipif(sys.version_info >= (3, 14), reason="uvloop has no policy there")
def test_pytest_asyncio_with_a_policy(pytester: pytest.Pytester) -> None:
    """The older way to uvloop, a policy, holds for the others as well."""
    pytester.makeini(  # warnings of pytest-asyncio's, that policies go
        "[pytest]\nasyncio_mode = auto\nasyncio_default_fixture_loop_scope = function\n"
    )
    pytester.makeconftest(UVLOOP_POLICY)
    pytester.makepyfile(A_SONG.format(mark="", loops="uvloop"))
    run(pytester, passed=2)


@pytest.mark.parametrize("scope", ["class", "module", "package", "session"])
def test_pytest_asyncio_with_a_shared_loop(pytester: pytest.Pytester, scope: str) -> None:
    """Tests that share a loop find the server on it, though fixtures have another by default."""
    ini(pytester)
    mark = f"@pytest.mark.asyncio(loop_scope={scope!r})"
    pytester.makepyfile(A_SONG.format(mark=mark, loops="asyncio"))
    run(pytester, passed=2)


@pytest.mark.parametrize("options", [(), ("-p", "no:asyncio")], ids=["beside", "alone"])
@pytest.mark.parametrize("mode", ["strict", "auto"])
def test_anyio(pytester: pytest.Pytester, options: tuple[str, ...], mode: str) -> None:
    """Under anyio's plugin, fixtures and test are on its loop, which keeps virtual time so long."""
    if options:
        pytester.makeini(f"[pytest]\nfilterwarnings = error\nanyio_mode = {mode}\n")
    else:
        ini(pytester, f"anyio_mode = {mode}")
    pytester.makeconftest(ON_ASYNCIO)
    pytester.makepyfile(A_SONG.format(mark=ANYIO if mode == "strict" else "", loops="asyncio"))
    run(pytester, *options, passed=2)


def test_anyio_on_one_loop(pytester: pytest.Pytester) -> None:
    """A loop that a fixture of the module keeps has its own clock back after each test of ours."""
    ini(pytester)
    pytester.makeconftest(ON_ASYNCIO.replace("@pytest.fixture", '@pytest.fixture(scope="module")'))
    pytester.makepyfile(
        """
        import asyncio, time
        import pytest

        pytestmark = pytest.mark.anyio

        @pytest.fixture(scope="module")
        async def loop(anyio_backend):
            return asyncio.get_running_loop()

        @pytest.mark.parametrize("number", [1, 2])
        async def test_a_song(loop, suno, number):
            assert asyncio.get_running_loop() is loop
            await asyncio.to_thread(time.sleep, 0.01)
            assert len(await (await suno.generate_music("dusk"))) == 2

        async def test_real_time(loop):
            began = time.monotonic()
            await asyncio.sleep(0.05)
            assert abs(loop.time() - time.monotonic()) < 1
            assert time.monotonic() - began >= 0.05
        """
    )
    run(pytester, passed=3)


def test_anyio_on_uvloop(pytester: pytest.Pytester) -> None:
    """Where anyio runs uvloop, whose clock nobody can change, a sentence says what to do."""
    ini(pytester)
    pytester.makeconftest(ON_ASYNCIO.replace('"asyncio"', '("asyncio", {"use_uvloop": True})'))
    pytester.makepyfile(A_SONG.format(mark=ANYIO, loops="uvloop"))
    run(pytester, passed=1, errors=1).stdout.fnmatch_lines(
        ["The clock of * cannot be made virtual. For this test let anyio_backend return 'asyncio'*"]
    )


def test_trio(pytester: pytest.Pytester) -> None:
    """On trio, which cannot run it, one sentence says so; the test's turn on asyncio is fine."""
    ini(pytester)
    pytester.makepyfile(A_SONG.partition("{mark}\nasync def test_without")[0].format(mark=ANYIO))
    run(pytester, passed=1, errors=1).stdout.fnmatch_lines(
        ["fake_suno needs asyncio, and this test runs on trio: pip install pytest-asyncio*"]
    )


@pytest.mark.parametrize(
    ("options", "mark"),
    [(("-p", "no:asyncio", "-p", "no:anyio"), ""), ((), ""), ((), "@pytest.mark.trio")],
    ids=["no plugin", "no mark", "another mark"],
)
def test_nothing_that_runs_it(
    pytester: pytest.Pytester, options: tuple[str, ...], mark: str
) -> None:
    """Without a plugin, or a mark for it, one sentence says what to install and how to mark."""
    pytester.makeini("[pytest]\nmarkers = trio\n")
    pytester.makepyfile(A_SONG.partition("{mark}\nasync def test_without")[0].format(mark=mark))
    run(pytester, *options, errors=1).stdout.fnmatch_lines(
        ["fake_suno needs a plugin that runs test_a_song on asyncio: pip install pytest-asyncio*"]
    )


def test_pytest_asyncio_is_not_installed(pytester: pytest.Pytester) -> None:
    """The plugin loads all the same, and says what to install."""
    pytester.makepyfile(
        test_it="async def test_a_song(suno): pass",
        pytest_asyncio="raise ImportError",
    )
    result = pytester.run(sys.executable, "-m", "pytest", "-p", "no:asyncio")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*fake_suno needs a plugin that runs test_a_song on asyncio*"])


def test_a_test_that_is_no_coroutine(pytester: pytest.Pytester) -> None:
    """It is told of the fake in a thread, in place of a server that would never answer."""
    ini(pytester, "asyncio_mode = auto")
    pytester.makepyfile("def test_a_song(fake_suno): pass")
    run(pytester, errors=1).stdout.fnmatch_lines(
        ["*and test_a_song is no coroutine: use `with FakeSuno.in_thread() as fake:` there."]
    )


REAL = """
import asyncio
import pytest

{mark}
async def test_a_song(suno):
    assert "Virtual" not in type(asyncio.get_running_loop()).__name__
    assert await suno.get_credits() == 1000
"""


@pytest.mark.parametrize("by", ["ini", "mark"])
@pytest.mark.parametrize("runner", [MARK, ANYIO], ids=["asyncio", "anyio"])
def test_real_time_if_asked_for(pytester: pytest.Pytester, by: str, runner: str) -> None:
    """`suno_clock = real` for all tests, or the marker for one, leaves the loop as it is."""
    ini(pytester, *(["suno_clock = real"] if by == "ini" else []))
    pytester.makeconftest(ON_ASYNCIO)
    mark = '\n@pytest.mark.suno_clock("real")' if by == "mark" else ""
    pytester.makepyfile(REAL.format(mark=runner + mark))
    run(pytester, "--strict-markers", passed=1)


def test_virtual_time_for_one(pytester: pytest.Pytester) -> None:
    """Where all tests are in real time, the marker makes an exception."""
    ini(pytester, "suno_clock = real")
    mark = f'{MARK}\n@pytest.mark.suno_clock("virtual")'
    pytester.makepyfile(A_SONG.partition("{mark}\nasync def test_without")[0].format(mark=mark))
    run(pytester, passed=1)


@pytest.mark.parametrize("by", ["ini", "mark"])
def test_a_clock_that_is_none(pytester: pytest.Pytester, by: str) -> None:
    """Another word is wrong usage, and says which there are."""
    ini(pytester, *(["suno_clock = fast"] if by == "ini" else []))
    mark = '@pytest.mark.suno_clock("fast")' if by == "mark" else ""
    pytester.makepyfile(REAL.format(mark=mark))
    result = pytester.runpytest()
    assert result.ret != pytest.ExitCode.OK
    assert "must be virtual or real, not 'fast'" in f"{result.stdout}{result.stderr}"


OWN_FAKE = """
import time
import pytest
{imports}
from suno_async import SunoClient
from suno_async.testing import FakeSuno

{fixture}
async def fake_suno():
    async with FakeSuno(credits=24) as fake:
        yield fake

{fixture}
async def song(suno):
    return await suno.generate_music("dusk")

{mark}
async def test_a_song_of_another_fake(song, suno):
    assert len(await song) == 2
    assert await suno.get_credits() == 12

{mark}
async def test_no_client_of_ours(fake_suno):
    began = time.monotonic()
    async with SunoClient("key", base_url=fake_suno.url) as client:
        assert len(await (await client.generate_music("dusk"))) == 2
    assert time.monotonic() - began < 20
"""


@pytest.mark.parametrize("runner", ["asyncio", "anyio"])
def test_fixtures_of_the_projects_own(pytester: pytest.Pytester, runner: str) -> None:
    """A fake of the project's own is what `suno` talks to, and its fixtures can use either."""
    ini(pytester)
    pytester.makeconftest(ON_ASYNCIO)
    is_asyncio = runner == "asyncio"
    program = OWN_FAKE.format(
        imports="import pytest_asyncio" if is_asyncio else "",
        fixture="@pytest_asyncio.fixture" if is_asyncio else "@pytest.fixture",
        mark=MARK if is_asyncio else ANYIO,
    )
    pytester.makepyfile(program)
    run(pytester, passed=2)


def test_a_fake_in_a_thread_as_a_fixture(pytester: pytest.Pytester) -> None:
    """A project may call a fixture of its own `fake_suno` that serves its synchronous tests."""
    ini(pytester)
    pytester.makepyfile(
        """
        from urllib.error import HTTPError
        from urllib.request import urlopen
        import pytest
        from suno_async.testing import FakeSuno

        @pytest.fixture
        def fake_suno():
            with FakeSuno.in_thread() as fake:
                yield fake

        def test_a_request(fake_suno):
            with pytest.raises(HTTPError) as caught:
                urlopen(fake_suno.url)
            caught.value.close()
            fake_suno.ledger.assert_asked(1)
        """
    )
    run(pytester, passed=1)


def test_a_property_of_songs(pytester: pytest.Pytester) -> None:
    """Hypothesis wraps a test in a function that is no coroutine; it is one all the same."""
    ini(pytester, "asyncio_mode = auto")
    pytester.makepyfile(
        """
        from hypothesis import HealthCheck, given, settings, strategies

        @settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=3,
                  deadline=None, database=None)
        @given(prompt=strategies.sampled_from(["dusk", "dawn"]))
        async def test_a_song(suno, prompt):
            assert len(await (await suno.generate_music(prompt))) == 2
        """
    )
    run(pytester, passed=1)


def test_the_fixtures_are_documented(pytester: pytest.Pytester) -> None:
    """`pytest --fixtures` shows the two, and what they are."""
    ini(pytester)
    result = pytester.runpytest("--fixtures")
    result.stdout.fnmatch_lines(["fake_suno*", "*The Suno API, embedded*", "suno*", "*A client*"])
    assert "_suno_clock" not in str(result.stdout)
