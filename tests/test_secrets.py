"""The key goes to the API and nowhere else, whatever servers do with it."""

from __future__ import annotations

import asyncio
import gzip
import json
import logging
import pickle
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest
from aiohttp import ClientSession, web
from aiohttp.test_utils import TestServer
from leaks import SECRET, leaks

from suno_async import (
    Attempt,
    CallbackReceiver,
    GenerateMusic,
    RetryPolicy,
    SubmissionUnknown,
    SunoClient,
    SunoError,
)
from suno_async.testing import FakeSuno, Fault

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable
    from pathlib import Path

ONCE = RetryPolicy(max_attempts=1)
TASK = "5c79be8e" * 4
TRACK = {"id": "e231----", "audio_url": "https://files.test/a.mp3", "title": "Sea"}

Answer = web.StreamResponse


def plain(status: int, text: str, **headers: str) -> web.Response:
    """An answer as it is."""
    return web.Response(body=text, status=status, headers=headers)


def spelt(said: str, upper: bool, every: int, backslash: str = "\\") -> str:
    """A text as JSON may spell it: each so-manyth character by its number, slashes escaped."""
    number = "{:04X}" if upper else "{:04x}"
    return "".join(
        f"{backslash}u{number.format(ord(one))}"
        if at % every == 0
        else one.replace("/", f"{backslash}/")
        for at, one in enumerate(said)
    )


def refusal(spelling: str) -> web.Response:
    """A refusal that says it so."""
    return plain(200, f'{{"code": 400, "msg": "{spelling}"}}')


ECHOES: dict[str, Callable[[str], web.Response]] = {
    "refusal": lambda said: web.json_response({"code": 400, "msg": said}),
    "refusal for rate": lambda said: web.json_response({"code": 430, "msg": said}),
    "no envelope": lambda said: web.json_response({"headers": {"Authorization": said}}),
    "list": lambda said: web.json_response([said]),
    "page": lambda said: plain(200, f"<pre>Authorization: {said}</pre>"),
    "gateway's page": lambda said: plain(502, f"<pre>Authorization: {said}</pre>"),
    "slashes escaped": lambda said: plain(200, json.dumps([said]).replace("/", "\\/")),
    "escaped whole": lambda said: refusal(spelt(said, upper=False, every=1)),
    "escaped in part": lambda said: refusal(spelt(said, upper=True, every=2)),
    "escaped here and there": lambda said: refusal(spelt(said, upper=False, every=5)),
    "escaped and cut": lambda said: plain(
        200, f'{{"code": 400, "msg": "{spelt(said, upper=True, every=3)}'
    ),
    "escaped twice": lambda said: web.json_response(
        {"code": 200, "data": {"param": f'{{"auth": "{spelt(said, upper=False, every=3)}"}}'}}
    ),
    "escaped in a result": lambda said: plain(
        200, f'{{"code": 200, "data": {{"auth": "{spelt(said, upper=True, every=1)}"}}}}'
    ),
    "as in a URL": lambda said: plain(404, f"/?auth={quote(said, safe='')}"),
    "as in a URL in small letters": lambda said: plain(404, quote(said, safe="").lower()),
    "cut": lambda said: plain(200, f'{{"code": 400, "msg": "{said}'),
    "data": lambda said: web.json_response({"code": 200, "data": {"auth": said}}),
    "no data": lambda said: web.json_response({"code": 200, "data": None, "auth": said}),
    "location": lambda said: plain(307, "", Location=f"http://127.0.0.1:9/?{quote(said)}"),
    "header": lambda said: plain(500, "", **{"X-Echo": said, "Retry-After": said}),
    "cookie": lambda said: plain(500, "", **{"Set-Cookie": f"auth={quote(said)}"}),
    "compressed": lambda said: web.Response(
        body=gzip.compress(json.dumps({"code": 413, "msg": said}).encode()),
        headers={"Content-Encoding": "gzip"},
    ),
    "in another encoding": lambda said: web.Response(
        body=json.dumps({"code": 400, "msg": said}, ensure_ascii=False).encode("utf-16")
    ),
}


@asynccontextmanager
async def server(
    answer: Callable[[web.Request], Awaitable[web.StreamResponse]],
) -> AsyncGenerator[str]:
    """A server of our own; its address."""
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    async with TestServer(app) as running:
        yield str(running.make_url("/")).rstrip("/")


@pytest.fixture
def everything(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    """All that is logged by anybody."""
    caplog.set_level(logging.DEBUG)
    return caplog


@pytest.mark.parametrize("own_session", [False, True], ids=["ours", "a session of the caller's"])
@pytest.mark.parametrize("echo", ECHOES)
async def test_a_server_that_repeats_what_it_was_sent(
    echo: str, own_session: bool, tmp_path: Path, everything: pytest.LogCaptureFixture
) -> None:
    """No error, record, attempt or file says the key that a server sends back."""

    async def answer(request: web.Request) -> web.StreamResponse:
        return ECHOES[echo](request.headers["Authorization"])

    attempts: list[Attempt] = []
    session = ClientSession() if own_session else None
    async with server(answer) as url:
        suno = SunoClient(
            SECRET,
            base_url=url,
            retry=ONCE,
            session=session,
            journal=tmp_path / "songs.sqlite",
            on_attempt=attempts.append,
        )
        asked = (suno.get_credits, lambda: suno.generate_music("the sea"), suno.task("music:5c79"))
        errors = await asyncio.gather(
            *(one() if callable(one) else one.wait(timeout=1) for one in asked),
            return_exceptions=True,
        )
        await suno.aclose()
        if session is not None:
            await session.close()
    assert all(isinstance(error, SunoError) for error in errors), errors
    files = [path.read_bytes() for path in tmp_path.iterdir()]
    assert leaks(*errors, *attempts, *files, suno, everything.text) == []


async def test_an_answer_that_repeats_it_is_kept_without(
    tmp_path: Path, everything: pytest.LogCaptureFixture
) -> None:
    """A record is kept as it came, in the result and in the journal, but for the key."""

    async def answer(request: web.Request) -> web.StreamResponse:
        said = request.headers["Authorization"]
        data: dict[str, Any] = {"taskId": TASK, "status": "SUCCESS", "auth": said}
        data["response"] = {"sunoData": [{**TRACK, "auth": said}]}
        return web.json_response({"code": 200, "msg": said, "data": data})

    async with (
        server(answer) as url,
        SunoClient(SECRET, base_url=url, journal=tmp_path / "songs.sqlite") as suno,
    ):
        task = await suno.generate_music("the sea")
        tracks = await task
    assert tracks[0].raw["auth"] == "Bearer (key)"
    files = [path.read_bytes() for path in tmp_path.iterdir()]
    assert any(b"Bearer (key)" in content for content in files)
    assert leaks(task, *tracks, *files, everything.text) == []


@pytest.mark.parametrize(
    "echo", [one for one in ECHOES if not one.startswith(("in another encoding", "escaped "))]
)
async def test_a_server_that_repeats_callback_urls(
    echo: str, tmp_path: Path, everything: pytest.LogCaptureFixture
) -> None:
    """The part of a callback URL that is secret, and what it is made with, is said nowhere."""
    urls: list[str] = []

    async def answer(request: web.Request) -> web.StreamResponse:
        if request.method == "POST":
            urls.append((await request.json())["callBackUrl"])
        return ECHOES[echo](urls[-1])

    secret = "a-callback-secret-of-the-tests"
    receiver = CallbackReceiver("http://127.0.0.1:9/suno", secret)
    attempts: list[Attempt] = []
    async with server(answer) as url:
        suno = SunoClient(
            SECRET,
            base_url=url,
            retry=ONCE,
            callbacks=receiver,
            journal=tmp_path / "songs.sqlite",
            on_attempt=attempts.append,
        )
        asked = suno.generate_music("the sea"), suno.task("music:5c79").wait(timeout=1)
        errors = await asyncio.gather(*asked, return_exceptions=True)
        rejections = await asyncio.gather(
            receiver.handle(urls[0], b"[]"),
            receiver.handle(urls[0][:-1], b""),
            return_exceptions=True,
        )
        await suno.aclose()
    assert all(isinstance(error, SunoError) for error in (*errors, *rejections)), errors
    files = [path.read_bytes() for path in tmp_path.iterdir()]
    said = [str(one) + repr(one) for one in rejections]  # their tracebacks begin with the URL
    parts = (secret, urls[0].rpartition(".")[2])
    assert leaks(*errors, *attempts, *files, *said, suno, receiver, everything.text, of=parts) == []


async def test_a_record_repeats_the_callback_url(
    tmp_path: Path, everything: pytest.LogCaptureFixture
) -> None:
    """Records hold the request: it is kept, in results and journal, but for the secret part."""
    receiver = CallbackReceiver("http://127.0.0.1:9/suno", "a-callback-secret-of-the-tests")
    async with (
        FakeSuno(api_key=SECRET) as fake,
        SunoClient(SECRET, base_url=fake.url, callbacks=receiver, journal=tmp_path / "s") as suno,
    ):
        task = await suno.generate_music("the sea")
        tracks = await task
        url = fake.ledger.entries[0].callback_url or ""
    files = [path.read_bytes() for path in tmp_path.iterdir()]
    head, _, tag = url.rpartition(".")
    assert any(head.rpartition("/")[2].encode() in content for content in files)
    assert leaks(task, *tracks, *files, everything.text, of=(tag,)) == []


async def test_a_file_server_gets_no_key(
    tmp_path: Path, everything: pytest.LogCaptureFixture
) -> None:
    """A download sends no `Authorization` and no cookie, not even to the API's own host."""
    asked: list[str] = []

    async def answer(request: web.Request) -> web.StreamResponse:
        asked.append(f"{request.raw_path} {dict(request.headers)}")
        if request.path.endswith("moved.mp3"):
            return plain(302, "", Location=f"{elsewhere}/there.mp3")
        if "generate" in request.path:
            return plain(200, '{"code": 200, "data": 7}', **{"Set-Cookie": "session=1"})
        return plain(200, "ID3 and so on")

    async with server(answer) as elsewhere, server(answer) as url:
        for session in (None, ClientSession()):
            async with SunoClient(SECRET, base_url=url, session=session) as suno:
                assert await suno.get_credits() == 7
                asked.clear()
                await suno.download(f"{url}/here.mp3", tmp_path)
                await suno.download(f"{url}/moved.mp3", tmp_path)
            assert [line.partition(" ")[0] for line in asked] == [
                "/here.mp3",
                "/moved.mp3",
                "/there.mp3",
            ]
            assert leaks(*asked, everything.text) == []
            assert not any("Authorization" in line for line in asked)
            if session is not None:
                await session.close()


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_nobody_else_gets_what_is_redirected(status: int) -> None:
    """The other host gets nothing at all, in a session of ours or of the caller's."""
    asked: list[web.Request] = []

    async def answer(request: web.Request) -> web.StreamResponse:
        asked.append(request)
        return web.json_response({"code": 200, "data": 7})

    async with server(answer) as elsewhere, FakeSuno(api_key=SECRET) as fake:
        fake.fail(Fault.redirect(status, f"{elsewhere}/api/v1/generate"), times=None)
        for session in (None, ClientSession()):
            async with SunoClient(SECRET, base_url=fake.url, session=session) as suno:
                with pytest.raises(SunoError, match="redirect"):
                    await suno.get_credits()
                with pytest.raises(SubmissionUnknown):
                    await suno.generate_music("the sea")
            if session is not None:
                await session.close()
    assert asked == []


async def test_a_loop_that_watches_itself(everything: pytest.LogCaptureFixture) -> None:
    """In debug mode asyncio logs what takes long: it says no key."""
    loop = asyncio.get_running_loop()
    loop.set_debug(enabled=True)
    loop.slow_callback_duration = 0.0
    async with FakeSuno(api_key=SECRET) as fake, SunoClient(SECRET, base_url=fake.url) as suno:
        fake.fail(Fault.DELAY_AFTER_ACCEPT.lasting(5), on="generate-music")
        asking = asyncio.create_task(suno.submit(GenerateMusic("the sea")))
        await asyncio.sleep(1)
        asking.cancel()
        await asyncio.sleep(10)
    loop.set_debug(enabled=False)
    assert "took" in everything.text
    assert leaks(everything.text) == []


def test_a_client_cannot_be_pickled() -> None:
    """It says so, rather than writing its key somewhere."""
    with pytest.raises(TypeError, match="holds a key"):
        pickle.dumps(SunoClient(SECRET))


def test_a_client_prints_no_key() -> None:
    """Neither the client nor anything inside of it."""
    suno = SunoClient(SECRET)
    assert leaks(suno, *vars(suno).values()) == []


@pytest.mark.parametrize("key", [f"Bearer {SECRET}", f"{SECRET}\n.", f"{SECRET}é"])
def test_a_key_that_is_none_is_not_shown(key: str) -> None:
    """What is refused as a key may still be one."""
    with pytest.raises(SunoError) as caught:
        SunoClient(key)
    assert leaks(str(caught.value), repr(caught.value), pickle.dumps(caught.value)) == []
