"""Fixtures for pytest, at hand wherever this package is installed.

`fake_suno` is a started `FakeSuno`, `suno` a client of it. Each test gets new ones::

    async def test_a_song(fake_suno, suno):
        task = await suno.generate_music("A calm piano tune at dusk")
        assert len(await task) == 2
        fake_suno.ledger.assert_charged(1, "generate_music")

To set the fake up otherwise, define a fixture `fake_suno` of your own; `suno` then uses that.

Tests that use one of them run on a virtual clock, where songs take milliseconds: under
pytest-asyncio (1.4 or newer) on a `VirtualTimeLoop` of their own, under anyio's plugin on its loop,
whose clock is made virtual for so long. Other tests keep the loop they have. What the virtual clock
cannot know of, such as other processes or a real Redis, it does not wait for: there, and to measure
real time, mark the test with ``@pytest.mark.suno_clock("real")``, or set ``suno_clock = real`` in
pytest's configuration.

A test that is no coroutine has no loop to serve on: it uses `FakeSuno.in_thread`.
"""

from __future__ import annotations

import asyncio
import inspect
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, get_args

import pytest

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Collection, Generator, Mapping

    from suno_async.client import SunoClient
    from suno_async.testing.fake import FakeSuno

_Scope: TypeAlias = Literal["function", "class", "module", "package", "session"]
_CLOCKS = ("virtual", "real")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Read `suno_clock` from pytest's configuration."""
    parser.addini(
        "suno_clock",
        "the clock of tests that use fake_suno or suno: virtual, or real",
        default="virtual",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Make the marker known."""
    marker = "suno_clock(name): the clock of a test that uses fake_suno or suno, virtual or real"
    config.addinivalue_line("markers", marker)
    _check_clock(config.getini("suno_clock"), "suno_clock")


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_generate_tests(metafunc: pytest.Metafunc) -> Generator[None]:
    """Give a test that uses the fixtures a virtual loop, under pytest-asyncio.

    Its hook for loops holds for all tests, and must then give each of them one. So it is in place
    only while the loops of such a test are asked for, and no other test notices.
    """
    with ExitStack() as stack:
        if _is_virtual(metafunc.definition, metafunc.fixturenames):
            plugins, loops = metafunc.config.pluginmanager, _Loops()
            plugins.register(loops)
            stack.callback(plugins.unregister, loops)
        return (yield)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Where no loop could be given, let the clock of the loop that is there be changed first."""
    if not isinstance(item, pytest.Function) or not _is_coroutine(item):
        return  # a fixture of the project's own may well serve such a test, from a thread
    names = item.fixturenames
    if "_suno_clock" not in names and _is_virtual(item, names):
        names.insert(0, "_suno_clock")


class _Loops:
    """The hook of pytest-asyncio, 1.4 or newer."""

    @pytest.hookimpl(tryfirst=True, optionalhook=True)
    def pytest_asyncio_loop_factories(self) -> Mapping[str, Callable[[], Any]]:
        """The virtual loop alone, whatever a conftest.py says of all tests."""
        from suno_async.testing.loop import VirtualTimeLoop

        return {"virtual": VirtualTimeLoop}


def _is_virtual(item: pytest.Item, fixtures: Collection[str]) -> bool:
    if not {"fake_suno", "suno"}.intersection(fixtures):
        return False
    marker = item.get_closest_marker("suno_clock")
    if marker is None:
        return bool(item.config.getini("suno_clock") == "virtual")
    name = marker.args[0] if marker.args else None
    _check_clock(name, f"{item.name}: mark.suno_clock")
    return bool(name == "virtual")


def _check_clock(name: object, what: str) -> None:
    if name not in _CLOCKS:
        raise pytest.UsageError(f"{what} must be virtual or real, not {name!r}.")


@pytest.fixture
def fake_suno(request: pytest.FixtureRequest) -> FakeSuno:
    """The Suno API, embedded and listening."""
    fake: FakeSuno = request.getfixturevalue(_of_the_tests_loop("_fake_suno", request))
    return fake


@pytest.fixture
def suno(request: pytest.FixtureRequest, fake_suno: FakeSuno) -> SunoClient:  # noqa: ARG001 it starts first
    """A client of `fake_suno`."""
    client: SunoClient = request.getfixturevalue(_of_the_tests_loop("_suno", request))
    return client


@pytest.fixture
def _suno_clock(request: pytest.FixtureRequest) -> None:
    request.getfixturevalue(_of_the_tests_loop("_suno_clock", request))


def _of_the_tests_loop(name: str, request: pytest.FixtureRequest) -> str:
    """The asynchronous fixture that runs under the plugin, and on the loop, that the test does."""
    item, config = request.node, request.config
    if not _is_coroutine(item):
        raise _failed(
            f"fake_suno serves on a test's event loop, and {item.name} is no coroutine: use "
            "`with FakeSuno.in_thread() as fake:` there."
        )
    marker = item.get_closest_marker("asyncio")
    if marker is not None and config.pluginmanager.hasplugin("asyncio"):
        usual = config.getini("asyncio_default_test_loop_scope")
        scope = marker.kwargs.get("loop_scope") or marker.kwargs.get("scope") or usual
        return f"{name}_on_{scope}_loop"
    if "anyio_backend" in request.fixturenames:
        return f"{name}_on_any_loop"
    raise _failed(
        f"fake_suno needs a plugin that runs {item.name} on asyncio: pip install pytest-asyncio, "
        "and mark the test with @pytest.mark.asyncio or set asyncio_mode = auto."
    )


def _is_coroutine(item: pytest.Function) -> bool:
    of_hypothesis = getattr(item.obj, "hypothesis", None)
    function = item.obj if of_hypothesis is None else of_hypothesis.inner_test
    return inspect.iscoroutinefunction(function)


def _failed(sentence: str) -> BaseException:
    return pytest.fail.Exception(sentence, pytrace=False)


def _functions() -> dict[str, Callable[..., AsyncGenerator[Any]]]:
    """What the fixtures do, by name: new functions each time, for plugins leave marks on them."""

    async def clock() -> AsyncGenerator[None]:
        from suno_async.testing.loop import _virtual_time

        with ExitStack() as stack:
            try:
                stack.enter_context(_virtual_time(asyncio.get_running_loop()))
            except RuntimeError:  # no loop of asyncio's runs
                raise _failed(
                    "fake_suno needs asyncio, and this test runs on trio: pip install "
                    "pytest-asyncio, or let the fixture anyio_backend return 'asyncio'."
                ) from None
            except TypeError as error:
                raise _failed(
                    f"{error} For this test let anyio_backend return 'asyncio' without options, or "
                    'mark it with @pytest.mark.suno_clock("real").'
                ) from None
            yield

    async def fake() -> AsyncGenerator[FakeSuno]:
        from suno_async.testing.fake import FakeSuno

        async with FakeSuno() as fake:
            yield fake

    async def client(fake_suno: FakeSuno) -> AsyncGenerator[SunoClient]:
        from suno_async.client import SunoClient

        async with SunoClient("key", base_url=fake_suno.url) as client:
            yield client

    return {"_suno_clock": clock, "_fake_suno": fake, "_suno": client}


def _define_fixtures() -> None:
    """Define each asynchronous fixture for anyio, and for each loop that pytest-asyncio may have.

    Which loop a fixture of pytest-asyncio is on is decided where it is defined; and a server on
    another loop than the test's, which does not run meanwhile, would never answer.
    """
    for name, function in _functions().items():
        full_name = f"{name}_on_any_loop"
        globals()[full_name] = pytest.fixture(name=full_name)(function)
    try:
        from pytest_asyncio import fixture
    except ImportError:  # anyio's plugin may be there
        return
    scopes: tuple[_Scope, ...] = get_args(_Scope)
    for scope in scopes:
        for name, function in _functions().items():
            full_name = f"{name}_on_{scope}_loop"
            globals()[full_name] = fixture(function, loop_scope=scope, name=full_name)


_define_fixtures()
