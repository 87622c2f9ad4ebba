"""Fixtures for pytest, at hand wherever this package is installed beside pytest-asyncio.

`fake_suno` is a started `FakeSuno`, `suno` a client of it. Each test gets new ones::

    async def test_a_song(fake_suno, suno):
        task = await suno.generate_music("A calm piano tune at dusk")
        assert len(await task) == 2
        fake_suno.ledger.assert_charged(1, "generate_music")

To set the fake up otherwise, define a fixture `fake_suno` of your own; `suno` then uses that.

Both run on the event loop that your tests have. For songs that take milliseconds, give the tests
a virtual clock, with the hook that pytest-asyncio 1.4 has for it, in ``conftest.py``::

    from suno_async.testing import VirtualTimeLoop

    def pytest_asyncio_loop_factories(config, item):
        return {"virtual": VirtualTimeLoop}

With tests that share a loop (``loop_scope="module"``), set ``asyncio_default_fixture_loop_scope``
to the same scope: a server on a loop that does not run never answers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

import pytest

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable

    from suno_async.client import SunoClient
    from suno_async.testing.fake import FakeSuno


def _fixture(function: Callable[..., AsyncGenerator[Any]]) -> Any:
    """Make an asynchronous fixture; without pytest-asyncio, one that says what is missing."""
    try:
        import pytest_asyncio
    except ImportError:
        name = function.__name__

        def unavailable() -> NoReturn:
            pytest.fail(f"The fixture {name!r} needs pytest-asyncio.", pytrace=False)

        return pytest.fixture(unavailable, name=name)
    return pytest_asyncio.fixture(function)


@_fixture
async def fake_suno() -> AsyncGenerator[FakeSuno]:
    """The Suno API, embedded and listening."""
    from suno_async.testing.fake import FakeSuno

    async with FakeSuno() as fake:
        yield fake


@_fixture
async def suno(fake_suno: FakeSuno) -> AsyncGenerator[SunoClient]:
    """A client of `fake_suno`."""
    from suno_async.client import SunoClient

    async with SunoClient("key", base_url=fake_suno.url, upload_url=fake_suno.upload_url) as client:
        yield client
