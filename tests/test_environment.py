"""What the environment says about the network is obeyed, and does no harm."""

from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from suno_async import ConnectionFailed, RetryPolicy, SunoClient
from suno_async.testing import FakeSuno

ONCE = RetryPolicy(max_attempts=1)


async def test_an_entry_in_netrc_does_not_stop_us(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A `default` entry in ~/.netrc is for others: the key is sent, and nothing else."""
    entry = tmp_path / "netrc"
    entry.write_text("default login me password secret\n")
    monkeypatch.setenv("NETRC", str(entry))
    async with FakeSuno() as fake, SunoClient("key", base_url=fake.url) as suno:
        assert await suno.get_credits() == 1000
        await suno.generate_music("A calm piano tune")


async def test_a_proxy_of_the_environment_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """`http_proxy` gets what is asked, but not what is asked of a host in `no_proxy`."""
    asked: list[str] = []

    async def forward(request: web.Request) -> web.Response:
        asked.append(str(request.url))
        return web.json_response({"code": 200, "data": 7})

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", forward)
    async with TestServer(app) as proxy:
        monkeypatch.setenv("http_proxy", str(proxy.make_url("/")))
        monkeypatch.setenv("no_proxy", "localhost")
        async with SunoClient("key", base_url="http://suno.test") as suno:
            assert await suno.get_credits() == 7
        async with SunoClient("key", base_url="http://localhost:9", retry=ONCE) as suno:
            with pytest.raises(ConnectionFailed):
                await suno.get_credits()
    assert asked == ["http://suno.test/api/v1/generate/credit"]
