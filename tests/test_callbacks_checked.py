"""What is not the service's changes nothing: forged, foreign, malformed and oversized callbacks."""

from __future__ import annotations

import asyncio
import hmac
import json
import logging
import pickle
from base64 import urlsafe_b64decode
from io import BytesIO
from random import Random
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

import pytest
from aiohttp import ClientSession, web
from aiohttp.test_utils import TestServer
from callback_kit import SECRET, TRACKS, callback_url, music, post, rejected

from suno_async import (
    CallbackReceiver,
    ConfigurationError,
    GenerateLyrics,
    GenerateMusic,
    Stage,
    SunoClient,
    Task,
    UnhandledCallback,
)
from suno_async.operations._kinds import KINDS
from suno_async.testing import FakeSuno

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from callback_kit import Reception

SEA = GenerateMusic("the sea")
OTHER_SECRET = "another-secret-of-the-tests"


@pytest.fixture
async def suno(reception: Reception, silent: FakeSuno) -> AsyncIterator[SunoClient]:
    """A client whose tasks have callbacks."""
    async with SunoClient("key", base_url=silent.url, callbacks=reception.receiver) as client:
        yield client


async def settled() -> None:
    """Let what follows from callbacks happen."""
    await asyncio.sleep(0.5)


def path_of(url: str) -> str:
    """The last part of a URL."""
    return url.rpartition("/")[2]


def changed(path: str, at: int) -> str:
    """The same but for one character."""
    return path[:at] + ("A" if path[at] != "A" else "B") + path[at + 1 :]


# --- URLs --------------------------------------------------------------------------------------


async def test_each_submission_has_an_url_of_its_own(suno: SunoClient, silent: FakeSuno) -> None:
    """It names the submission and nothing of the account; its last part is a tag."""
    await suno.submit(SEA, idempotency_key="tg-4711")
    await suno.submit(SEA)
    first, second = callback_url(silent, 0), callback_url(silent, 1)
    mark, inside, tag = path_of(first).split(".")
    assert (mark, len(tag)) == ("suno1", 43)
    assert urlsafe_b64decode(inside + "==")[6:] == b"music:tg-4711"
    assert tag != path_of(second).split(".")[2]
    assert b"key" not in urlsafe_b64decode(inside + "==")[:6]


def test_a_restart_keeps_urls(reception: Reception) -> None:
    """The same secret makes the same URL; another secret another one."""
    made = [
        one._urls_for(b"account").of("tg-1", KINDS["music"].name)
        for one in (reception.make(), reception.make(), reception.make(secret=OTHER_SECRET))
    ]
    assert made[0] == made[1] != made[2]


async def test_forged_urls(suno: SunoClient, silent: FakeSuno, reception: Reception) -> None:
    """Any change to any character of the path, a cut, or another secret's is answered 404."""
    task = await suno.submit(SEA)
    url, body = callback_url(silent), music(task.id)
    path = path_of(url)
    forged = [
        *(
            path[:at] + ("A" if path[at] != "A" else "B") + path[at + 1 :]
            for at in range(len(path))
        ),
        *(path[:at] for at in range(len(path))),
        *(path[at:] for at in range(1, len(path))),
        path + "A",
        path + "=",
        path.upper(),
        path_of(reception.make(secret=OTHER_SECRET)._urls_for(b"").of("x", "music")),
        path_of(reception.make()._urls_for(b"").of("x", "music")[:-43]) + path[-43:],
        "suno1." + "A" * 2000 + "." + "A" * 43,
        "é" * 80,
        "\ud800",
        "",
        "/",
        "%",
        "%00",
    ]
    for one in forged:
        assert await rejected(reception.receiver, one, body) == 404, one
    await settled()
    assert task.stage is Stage.PENDING
    assert reception.unhandled == []
    assert await rejected(reception.receiver, url, body) is None


async def test_paths_are_compared_in_constant_time(
    suno: SunoClient, silent: FakeSuno, reception: Reception, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every comparison is `hmac.compare_digest` of all of it, for each secret, whatever differs."""
    await suno.submit(SEA)
    path, compared = path_of(callback_url(silent)), list[tuple[int, int]]()
    real = hmac.compare_digest

    def compare(one: bytes, other: bytes) -> bool:
        compared.append((len(one), len(other)))
        return real(one, other)

    monkeypatch.setattr(hmac, "compare_digest", compare)
    receiver = reception.make(old_secrets=[OTHER_SECRET])
    for at in (7, 30, len(path) - 20, len(path) - 2):
        compared.clear()
        assert await rejected(receiver, changed(path, at), b"{}") == 404
        assert compared == [(len(path), len(path))] * 2


async def test_secrets_are_changed_without_a_gap(silent: FakeSuno) -> None:
    """URLs of an old secret are accepted while it is named, and made with the new one only."""
    old = CallbackReceiver("http://127.0.0.1:9", OTHER_SECRET)
    new = CallbackReceiver("http://127.0.0.1:9", SECRET, old_secrets=[OTHER_SECRET])
    later = CallbackReceiver("http://127.0.0.1:9", SECRET)
    async with SunoClient("key", base_url=silent.url, callbacks=old) as suno:
        task = await suno.submit(SEA)
        url = callback_url(silent)
        assert await rejected(later, url, music(task.id)) == 404
        account = suno._engine.transport.http.account
        assert old._urls_for(account).of("x", "music") != new._urls_for(account).of(
            "x", KINDS["music"].name
        )
    async with SunoClient("key", base_url=silent.url, callbacks=new) as suno:
        fresh = await suno.submit(SEA)
        for receiver in (later, new):
            assert await rejected(receiver, callback_url(silent), music(fresh.id)) is None
        await settled()
        assert fresh.is_done
        assert await rejected(new, url, music(task.id)) is None
        assert await rejected(new, url, music(fresh.id)) == 409


@pytest.mark.parametrize(
    ("public", "at", "arrives"),
    [
        ("", (), ""),
        ("/", (), ""),
        ("/a/b/", (), "/a/b"),
        ("/a", ("",), ""),
        ("/a", ("/",), ""),
        ("/a", ("/inner/",), "/inner"),
    ],
)
async def test_paths_and_proxies(public: str, at: tuple[str, ...], arrives: str) -> None:
    """The public path may have a prefix, which a proxy may take away or change."""
    receiver = CallbackReceiver(f"https://bot.example{public}", SECRET)
    url = receiver._urls_for(b"").of("tg-1", KINDS["music"].name)
    assert url.startswith(f"https://bot.example{public.rstrip('/')}/suno1.")
    app = web.Application()
    app.add_routes(receiver.routes(*at))
    async with TestServer(app) as server, ClientSession() as session:
        where = str(server.make_url(f"{arrives}/{path_of(url)}"))
        for query in ("", "?from=proxy"):
            answer = await session.post(where + query, json=music("1"))
            assert (answer.status, await answer.json()) == (200, {"status": "received"})
        assert (await session.post(where[:-1] + "!", json=music("1"))).status == 404
        assert (await session.get(where)).status == 405
    await receiver.aclose()


async def test_any_framework_may_name_the_path(reception: Reception) -> None:
    """`handle` takes the whole URL, its path, or the end of it, as a proxy may have written it."""
    url = reception.receiver._urls_for(b"").of("tg-1", "music")
    path = path_of(url)
    escaped = quote(path).replace("-", "%2D").replace("_", "%5f").replace(".", "%2e")
    for given in (url, f"{url}/", f"{url}?x=1", quote(url), urlsplit(url).path, path, escaped):
        assert await rejected(reception.receiver, given, music("1")) is None, given


# --- bodies ------------------------------------------------------------------------------------


def nested(depth: int, *, lists: bool) -> bytes:
    """JSON in JSON in JSON."""
    opened, closed = (b"[", b"]") if lists else (b'{"a":', b"}")
    return b'{"data":' + opened * depth + b"1" + closed * depth + b"}"


MALFORMED: list[tuple[str, Any, int]] = [
    ("nothing", b"", 400),
    ("no JSON", b"hello", 400),
    ("half of it", json.dumps(music("T")).encode()[:-9], 400),
    ("a list", b"[]", 400),
    ("a number", b"1e999", 400),
    ("null", b"null", 400),
    ("not UTF-8", b'{"data": "\xff\xfe"}', 400),
    ("UTF-16", json.dumps(music("T")).encode("utf-16"), 400),
    ("too deep to parse", nested(200_000, lists=True), 400),
    ("too deep to parse, objects", nested(100_000, lists=False), 400),
    ("too deep to believe", music("T", more=json.loads(nested(100, lists=True))), 400),
    ("no id", music("T", task_id=None), 400),
    ("an empty id", music(" "), 400),
    ("an id that is none", music("a\nb"), 400),
    ("a lone surrogate for an id", music("\ud800"), 400),
    ("an endless id", music("a" * 300), 400),
    ("an id of thousands of digits", b'{"code":200,"task_id":' + b"9" * 5000 + b"}", 400),
    ("true for an id", music("T", task_id=True), 400),
    ("a list for an id", music("T", task_id=["T"]), 400),
    ("complete with nothing", music("T", data=[]), 400),
    ("complete without a list", music("T", data="soon"), 400),
    ("complete without data", {"code": 200, "task_id": "T", "data": None}, 400),
    ("a track that is none", music("T", data=[7]), 400),
    (
        "a link to a script",
        music("T", data=[TRACKS[0] | {"audio_url": "javascript:alert(1)"}]),
        400,
    ),
    ("a link to a file", music("T", data=[TRACKS[0] | {"imageUrl": " FILE:///etc/passwd"}]), 400),
    ("another task", music("elsewhere"), 409),
    ("larger than anything", b" " * 2**20 + b"{}", 413),
    ("a large text", music("T", msg="x" * 2**20), 413),
]


@pytest.mark.parametrize(
    ("body", "status"), [one[1:] for one in MALFORMED], ids=[one[0] for one in MALFORMED]
)
async def test_malformed_bodies(
    suno: SunoClient, silent: FakeSuno, reception: Reception, body: Any, status: int
) -> None:
    """With the right URL and the wrong contents, the answer says so, and nothing has changed."""
    task = await suno.submit(SEA)
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    raw = raw.replace(b'"T"', json.dumps(task.id).encode())
    assert await post(callback_url(silent), raw) == status
    assert await rejected(reception.receiver, callback_url(silent), raw) == status
    await settled()
    assert (task.stage, task.failure, reception.unhandled) == (Stage.PENDING, None, [])
    assert not task.is_done


@pytest.mark.parametrize(
    "body",
    [
        music("T", "queued", data=[{"id": "8551-1"}]),
        music("T", "text", data=None),
        music(
            "T", "first", data=[TRACKS[0] | {"duration": float("inf"), "createTime": float("nan")}]
        ),
        music("T", "first", data=[TRACKS[0] | {"title": "\ud800"}]),
        {"code": float("inf")} | music("T", "text"),
    ],
)
async def test_what_is_odd_but_the_services(
    suno: SunoClient, silent: FakeSuno, body: dict[str, Any]
) -> None:
    """Words and numbers that nobody knows are no reason to refuse the callback."""
    task = await suno.submit(SEA)
    raw = json.dumps(body).replace('"T"', json.dumps(task.id)).encode()
    assert await post(callback_url(silent), raw) == 200
    await settled()
    assert not task.is_done


async def test_what_is_parsed_already(
    suno: SunoClient, silent: FakeSuno, reception: Reception
) -> None:
    """Frameworks hand in bytes, text or an object; anything else is refused."""
    for written in (dict, json.dumps, lambda one: json.dumps(one).encode()):  # pyright: ignore[reportUnknownLambdaType, reportUnknownVariableType]
        task = await suno.submit(SEA)
        body: Any = written(music(task.id))  # pyright: ignore[reportUnknownVariableType]
        assert await rejected(reception.receiver, callback_url(silent), body) is None
        await settled()
        assert task.is_done
    for odd in (None, 7, [music("T")], {1: 2}, {"data": {7: 8}}):
        assert await rejected(reception.receiver, callback_url(silent), odd) == 400


async def test_a_body_that_never_comes(reception: Reception) -> None:
    """A sender that dawdles over its body is refused after fifteen seconds; others do not wait."""
    url = urlsplit(reception.receiver._urls_for(b"").of("tg-1", "music"))
    loop = asyncio.get_running_loop()
    reader, writer = await asyncio.open_connection(url.hostname, url.port)
    writer.write(f"POST {url.path} HTTP/1.1\r\nHost: x\r\nContent-Length: 99\r\n\r\n{{".encode())
    began = loop.time()
    assert await post(url.geturl(), music("1")) == 200
    assert (await reader.readline()).split()[1] == b"408"
    assert loop.time() - began == pytest.approx(15, abs=1)
    writer.close()
    await writer.wait_closed()


async def test_callbacks_of_another_submission(
    suno: SunoClient, silent: FakeSuno, reception: Reception
) -> None:
    """A true URL speaks for its own task alone, whatever other task and kind the body names."""
    one, two = await suno.submit(SEA), await suno.submit(SEA)
    words = await suno.submit(GenerateLyrics("rain"))
    urls = [callback_url(silent, at) for at in range(3)]
    for url, other in ((urls[0], two), (urls[1], one), (urls[0], words), (urls[2], one)):
        assert await rejected(reception.receiver, url, music(other.id)) == 409
    await settled()
    assert [task.stage for task in (one, two, words)] == [Stage.PENDING] * 3
    assert reception.unhandled == []


# --- ten thousand ------------------------------------------------------------------------------


class Storm:
    """Draws callbacks of all sorts against a few tasks."""

    def __init__(self, tasks: list[Task[Any]], urls: list[str], seed: int) -> None:
        self.tasks, self.urls, self.rng = tasks, urls, Random(seed)
        self.sent: list[tuple[str, bytes]] = []

    def draw(self) -> tuple[str, bytes, bool]:
        """A URL, a body, and whether it may change its task."""
        rng = self.rng
        at = rng.randrange(len(self.tasks))
        task_id: Any = self.tasks[at].id
        url, fair = self.urls[at], True
        if rng.random() < 0.4:
            url = self._forged(url)
            fair = url == self.urls[at]  # a sign may have been replaced by itself
        if rng.random() < 0.3:
            other = rng.choice([task.id for task in self.tasks if task.id != task_id])
            others: list[Any] = [other, "f" * 32, "", None, 7, {}, "\ud800"]
            task_id, fair = rng.choice(others), False
        body = self._body(task_id)
        if rng.random() < 0.2 and self.sent:
            return (*rng.choice(self.sent), False)
        if fair:
            self.sent.append((url, body))
        return url, body, fair

    def _forged(self, url: str) -> str:
        head, _, path = url.rpartition("/")
        rng, parts = self.rng, path.split(".")
        at = rng.randrange(len(path))
        return (
            head
            + "/"
            + rng.choice(
                [
                    path[:at],
                    path[:at] + rng.choice("AB-_9!%") + path[at + 1 :],
                    f"{parts[0]}.{parts[1]}.{'A' * 43}",
                    f"{parts[0]}.{parts[1]}.{rng.choice(self.urls).rpartition('.')[2][::-1]}",
                    "x" * rng.randrange(1, 5000),
                    "",
                ]
            )
        )

    def _body(self, task_id: Any) -> bytes:
        rng = self.rng
        odd: list[Any] = [
            None,
            True,
            -1,
            1e308,
            float("inf"),
            float("nan"),
            "",
            "\ud800",
            [],
            {},
            [[]],
            "x" * 99,
        ]
        stage = rng.choice(["text", "first", "complete", "error", "queued", *odd])
        body: Any = music(task_id, stage, data=rng.choice([TRACKS, TRACKS[:1], None, [], *odd]))
        if rng.random() < 0.3:
            body["code"] = rng.choice([200, 201, 400, 413, 500, 501, 531, *odd])
        if rng.random() < 0.2:
            body[rng.choice(["data", "code", "msg", "task_id"])] = rng.choice(odd)
        raw = json.dumps(body).encode()
        match rng.randrange(20):
            case 0:
                return raw[: rng.randrange(len(raw))]
            case 1:
                return nested(rng.choice([10, 40, 990, 5000]), lists=rng.random() < 0.5)
            case 2:
                return raw + b" " * rng.choice([10, 2**20])
            case 3:
                return rng.randbytes(rng.randrange(200))
            case 4:
                return bytes(byte ^ (rng.random() < 0.02) for byte in raw)
            case _:
                return raw


async def test_ten_thousand_callbacks(
    reception: Reception, caplog: pytest.LogCaptureFixture
) -> None:
    """All are answered, none crashes, and no task has an event that was not sent to its own URL."""
    caplog.set_level(logging.ERROR)
    events: dict[str, int] = {}
    async with (
        FakeSuno(send_callbacks=False, max_rate=None, credits=1e9) as fake,
        SunoClient("key", base_url=fake.url, callbacks=reception.receiver) as suno,
    ):
        for generation in range(10):
            tasks = [await suno.submit(SEA) for _ in range(5)]
            urls = [callback_url(fake, at) for at in range(-5, 0)]
            storm = Storm(tasks, urls, seed=generation)
            for _ in range(1000):
                states = {
                    task.token: (task.stage, task.failure, task.partial_result) for task in tasks
                }
                url, body, fair = storm.draw()
                status = await rejected(reception.receiver, url, body)
                assert status in {None, 400, 404, 409, 413}
                await reception.receiver.aclose()
                for at, task in enumerate(tasks):
                    changed = states[task.token] != (task.stage, task.failure, task.partial_result)
                    assert not changed or (url == urls[at] and status is None)
                    events[task.token] = events.get(task.token, 0) + changed
                    if changed and not fair:
                        assert (url, body) in storm.sent
        assert max(events.values()) >= 1
        assert len(fake.ledger.accepted("generate-music")) == 50
    assert reception.unhandled, "tasks that nobody listens to"
    assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []


async def test_callbacks_are_answered_over_sockets(
    suno: SunoClient, silent: FakeSuno, reception: Reception
) -> None:
    """A thousand of them, over a server: each has an answer that is one of ours."""
    tasks = [await suno.submit(SEA) for _ in range(3)]
    storm = Storm(tasks, [callback_url(silent, at) for at in range(-3, 0)], seed=7)
    async with ClientSession() as session:
        for _ in range(1000):
            url, body, _ = storm.draw()
            async with session.post(url, data=BytesIO(body)) as answer:
                assert answer.status in {200, 400, 404, 409, 413}
                if answer.content_type == "application/json":
                    assert (await answer.json())["status"] in {"received", "rejected"}


# --- the receiver ------------------------------------------------------------------------------


@pytest.mark.parametrize("secret", ["", "short", b"15 bytes only..", None, 4711, "é" * 7])
def test_a_secret_must_be_one(secret: Any) -> None:
    """What is too short says how to make a better one, and is not shown."""
    for given in ((secret, ()), (SECRET, [secret])):
        with pytest.raises(ConfigurationError, match="token_urlsafe") as caught:
            CallbackReceiver("https://bot.example", given[0], old_secrets=given[1])
        assert not secret or str(secret) not in str(caught.value)
    CallbackReceiver("https://bot.example", SECRET, old_secrets=OTHER_SECRET)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "bot.example",
        "ftp://bot.example",
        "https://bot.example/?a=1",
        "https://x/#a",
        "https://x/{a}",
        "https://x/a b",
        "https://x/%20",
        "https://me:pw@bot.example",
        None,
    ],
)
def test_a_public_url_must_be_one(url: Any) -> None:
    """What cannot be called with a path behind it is an error at once."""
    with pytest.raises(ConfigurationError, match="public_url"):
        CallbackReceiver(url, SECRET)


def test_a_size_must_be_one() -> None:
    """A receiver that takes nothing is a mistake."""
    with pytest.raises(ConfigurationError, match="max_bytes"):
        CallbackReceiver("https://bot.example", SECRET, max_bytes=0)


async def test_a_key_too_long_for_an_url(suno: SunoClient, silent: FakeSuno) -> None:
    """It is an error before anything is sent; the longest one is a URL that servers take."""
    with pytest.raises(ConfigurationError, match="512 bytes"):
        await suno.submit(SEA, idempotency_key="é" * 257)
    assert silent.ledger.entries == []
    task = await suno.submit(SEA, idempotency_key="é" * 256)
    assert await post(callback_url(silent), music(task.id)) == 200
    await settled()
    assert task.is_done


def test_a_receiver_keeps_its_secret() -> None:
    """It is not printed, not pickled, and not found in what it is made of."""
    receiver = CallbackReceiver("https://bot.example/suno", SECRET)
    assert repr(receiver) == "<CallbackReceiver at https://bot.example/suno>"
    with pytest.raises(TypeError, match="holds a secret"):
        pickle.dumps(receiver)


# --- hooks -------------------------------------------------------------------------------------


async def test_hooks_may_be_asynchronous_and_may_fail(
    silent: FakeSuno, caplog: pytest.LogCaptureFixture
) -> None:
    """What a hook raises is in the log, and it is called with the next callback all the same."""
    handled: list[UnhandledCallback] = []

    async def hook(callback: UnhandledCallback) -> None:
        await asyncio.sleep(1)
        handled.append(callback)
        raise ValueError(callback.stage)

    receiver = CallbackReceiver("http://127.0.0.1:9", SECRET, on_unhandled=hook)
    async with SunoClient("key", base_url=silent.url, callbacks=receiver) as suno:
        task = await suno.submit(SEA, idempotency_key="tg-1")
        for stage in ("text", "complete"):
            await receiver.handle(callback_url(silent), music(task.id, stage))
        error = music(task.id, "error", data=None) | {"code": 531, "msg": "sorry"}
        await receiver.handle(callback_url(silent), error)
        assert handled == []
        await receiver.aclose()
        handled.sort(key=lambda one: (one.failure is not None, one.stage))
        assert [(one.stage, one.kind, one.submission_id) for one in handled] == [
            (Stage.TEXT, "music", "tg-1"),
            (Stage.COMPLETE, "music", "tg-1"),
            (Stage.PENDING, "music", "tg-1"),
        ]
        assert handled[0].task is task
        assert [track.id for track in handled[1].result] == [one["id"] for one in TRACKS]
        assert handled[2].failure is not None
        assert handled[2].failure.refunded
    assert caplog.text.count("on_unhandled failed for music:") == 3


async def test_who_listens_hears_and_the_hook_does_not(
    suno: SunoClient, silent: FakeSuno, reception: Reception
) -> None:
    """A callback goes to one of the two."""
    task = await suno.submit(SEA)
    waiting = asyncio.create_task(task.wait())
    await asyncio.sleep(0)
    assert await post(callback_url(silent), music(task.id)) == 200
    assert len(await waiting) == 2
    assert reception.unhandled == []
    assert await post(callback_url(silent), music(task.id)) == 200
    await settled()
    assert [one.token for one in reception.unhandled] == [task.token]


async def test_a_task_made_by_its_token_is_polled(silent: FakeSuno, reception: Reception) -> None:
    """Its submission is not known here: the callback is not believed, but causes a poll."""
    silent.script(text=15.0)
    async with SunoClient("key", base_url=silent.url, callbacks=reception.receiver) as suno:
        token = (await suno.submit(SEA)).token
    async with SunoClient("key", base_url=silent.url, callbacks=reception.receiver) as suno:
        task = suno.task(token)
        waiting = asyncio.create_task(task.wait("text"))
        await asyncio.sleep(16)
        before = len(silent.ledger)
        assert await post(callback_url(silent), music(task.id)) == 200
        await waiting
        assert task.stage is Stage.TEXT
        assert len(silent.ledger) == before + 1
