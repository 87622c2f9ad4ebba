"""The acceptance suite is known to work: it is run against the embedded API, straight and bent."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from attrs import frozen
from live.contract import RECORDS, differences
from live.exchanges import (
    FREE,
    Budget,
    BudgetSpentError,
    Exchange,
    Pace,
    new_session,
    without_secrets,
)
from live.plugin import is_asked_for, whole_number

from suno_async import SunoClient, SunoError
from suno_async.operations import OPERATIONS
from suno_async.operations._kinds import KINDS
from suno_async.testing import FakeSuno, Timetable, run_accelerated

ROOT = Path(__file__).parent.parent
KEY = "a-key/that-nobody-sees"
ONCE = "import sys, pytest; sys.exit(pytest.main())"
UNASKED = """
import os, sys, pytest
print("without -m live:", pytest.main(sys.argv[1:]))
os.environ["SUNO_API_KEY"] = " "
print("without a key:", pytest.main([*sys.argv[1:], "-m", "live"]))
"""
SPEED = 10.0
TIMETABLE = Timetable(
    text=3.0, first=20.0, complete=30.0, lyrics=2.0, wav=2.0, images=2.0, video=2.0, stems=2.0
)
Change = Callable[[str, dict[str, Any]], None]


@frozen
class Ended:
    """How a run of the suite ended."""

    code: int | None
    out: str


async def run_suite(*arguments: str, folder: Path, program: str = ONCE, **environ: str) -> Ended:
    """Run the suite in a process of its own."""
    env = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("SUNO_", "PYTEST_"))
    }
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", program, "tests/live", "-q", "-p", "no:cacheprovider"),
        "--assert=plain",  # a test that fails need not say why: rewriting takes half of the time
        *(f"--basetemp={folder / 'temporary'}", f"--live-speed={SPEED}", *arguments),
        cwd=ROOT,
        env=env | environ,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    out, _ = await process.communicate()
    return Ended(process.returncode, out.decode())


def against(fake: FakeSuno, *arguments: str, folder: Path, change: Change | None = None) -> Ended:
    """Run it with a key against this API, whose answers may be changed."""
    if change is not None:
        fake.app.middlewares.append(changed(change))

    async def run() -> Ended:
        async with fake:
            asked = {"SUNO_API_KEY": KEY, "SUNO_BASE_URL": fake.url}
            return await run_suite("-m", "live", *arguments, folder=folder, **asked)

    return run_accelerated(run(), speed=SPEED)


def changed(change: Change) -> Any:
    """A middleware that changes the JSON of answers."""

    @web.middleware
    async def middleware(
        request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        response = await handler(request)
        if isinstance(response, web.Response) and response.content_type == "application/json":
            answer = json.loads(response.text or "")
            change(request.path, answer)
            return web.json_response(answer, status=response.status)
        return response

    return middleware


def new_fake() -> FakeSuno:
    """The embedded API, for this key."""
    return FakeSuno(api_key=KEY, timetable=TIMETABLE, song_seconds=(2.0, 3.0))


def test_against_the_embedded_api(tmp_path: Path) -> None:
    """All of it passes, no answer differs from what is known, and what was asked is kept.

    The answers are kept where it is asked to, without the key and the callback URL.
    """
    fake, kept = new_fake(), tmp_path / "kept"
    ended = against(fake, "--live-budget=7", f"--live-record={kept}", folder=tmp_path)
    assert ended.code == 0, ended.out
    assert "no answer differs from what is known" in ended.out
    assert "7 paid requests were made, 7 allowed" in ended.out
    assert f"the song is music:{fake.ledger.accepted('generate-music')[0].task_id}" in ended.out
    assert "music: text" in ended.out
    assert (kept / "report.txt").read_text().splitlines()[0] in ended.out
    assert len([*(kept / "songs").glob("*.mp3")]) == 2
    texts = [path.read_text() for path in kept.glob("*.json")]
    assert len(texts) > len(RECORDS)
    assert any("sunoData" in text for text in texts)
    for text in [*texts, ended.out]:
        assert KEY not in text
        assert "callback.invalid" not in text


def deviate(path: str, answer: dict[str, Any]) -> None:
    """Answer otherwise than is known, in ways that a client should get over."""
    if path == "/api/v1/generate/record-info" and answer["data"]:
        data = answer["data"]
        data["mood"] = "calm"
        data["createTime"] = str(data["createTime"])
        if data["status"] == "TEXT_SUCCESS":
            data["status"] = "COOKING"
        tracks: list[dict[str, Any]] = data["response"]["sunoData"] if data["response"] else []
        for track in tracks:
            track["bpm"] = 120
            del track["tags"]
    elif path == "/api/v1/voice/check-voice":
        del answer["msg"]
        answer["data"]["isAvailable"] = 0
    elif path == "/api/v1/generate/nothing":
        answer["code"] = 404
        answer["trace"] = "5c"
    elif path == "/api/v1/lyrics/record-info":
        answer["code"] = 422
    elif path == "/api/v1/wav/record-info":
        answer["code"] = 404


def test_it_finds_what_deviates(tmp_path: Path) -> None:
    """Unknown and missing fields, unknown words and other types are reported, each once.

    Two workers that take the tests as they come find them together, and pay once, if once is
    allowed.
    """
    fake = new_fake()
    ended = against(fake, "-n2", "--live-budget=1", folder=tmp_path, change=deviate)
    record = "GET /api/v1/generate/record-info"
    reported = {line.strip() for line in ended.out.splitlines() if line.startswith("  ")}
    assert ended.code == 0, ended.out
    assert reported == {
        f"{record}: data.mood is an unknown field (text)",
        f"{record}: data.createTime is text, not number",
        f"{record}: status COOKING is not known",
        f"{record}: data.response.sunoData[].bpm is an unknown field (number)",
        f"{record}: data.response.sunoData[].tags is missing",
        "POST /api/v1/voice/check-voice: msg is missing",
        "POST /api/v1/voice/check-voice: data.isAvailable is number, not flag",
        "GET /api/v1/generate/nothing: trace is an unknown field (text)",
    }
    assert f"{len(reported)} differences from what is known:" in ended.out
    assert "1 paid requests were made, 1 allowed" in ended.out
    assert len(fake.ledger.accepted("generate-music")) == 1
    fake.ledger.assert_charged(1)
    fake.ledger.assert_within_rate()


def test_without_a_budget(tmp_path: Path) -> None:
    """Nothing is paid; where the client cannot get over an answer, a test fails, others go on."""

    def break_it(path: str, answer: dict[str, Any]) -> None:
        if path == "/api/v1/generate/credit":
            answer.update(code=299, data="many")

    fake = new_fake()
    ended = against(fake, folder=tmp_path, change=break_it)
    assert ended.code == pytest.ExitCode.TESTS_FAILED
    assert "FAILED tests/live/test_service.py::test_credits" in ended.out
    assert "2 failed, 13 passed, 1 skipped" in ended.out
    assert "GET /api/v1/generate/credit: code 299 is not known" in ended.out
    assert "0 paid requests were made, 0 allowed" in ended.out
    fake.ledger.assert_charged(0)


async def test_it_does_not_run_unasked(tmp_path: Path) -> None:
    """Without `-m live`, or without a key, none of it runs."""
    environ = {"SUNO_API_KEY": KEY, "SUNO_BASE_URL": "http://127.0.0.1:1"}
    ended = await run_suite(folder=tmp_path, program=UNASKED, **environ)
    unasked, _, keyless = ended.out.partition("without -m live: 5")
    assert "16 deselected" in unasked
    assert "nothing was asked: SUNO_API_KEY is not set" in keyless
    assert "without a key: 5" in keyless


@pytest.mark.parametrize(
    ("expression", "is_asked"),
    [("", False), ("live", True), ("not real_time", False), ("real_time or live", True)],
)
def test_who_asks_for_it(pytestconfig: pytest.Config, expression: str, is_asked: bool) -> None:
    """Only an expression that names it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pytestconfig.option, "markexpr", expression)
        assert is_asked_for(pytestconfig) == is_asked


@pytest.mark.parametrize("given", ["-1", "1.5", "all", ""])
def test_a_budget_is_a_whole_number(given: str) -> None:
    """What is no number from 0 on is refused."""
    with pytest.raises(ValueError):  # noqa: PT011 pytest words it
        whole_number(given)


async def test_nothing_paid_leaves_beyond_the_budget(fake_suno: FakeSuno, tmp_path: Path) -> None:
    """The session itself refuses it, whatever sends it; what is free is sent."""
    exchanges: list[Exchange] = []
    async with (
        new_session(Budget(1, tmp_path), Pace(tmp_path, 100.0), "key", exchanges.append) as session,
        SunoClient("key", base_url=fake_suno.url, session=session) as suno,
    ):
        await suno.generate_music("allowed")
        for paid in (suno.generate_music("too much"), suno.boost_style("too much")):
            with pytest.raises(SunoError):
                await paid
        await suno.get_credits()
        await suno.upload_file(b"free")
    assert len(fake_suno.ledger.of("generate-music")) == 1
    fake_suno.ledger.assert_charged(1)
    assert [exchange.path for exchange in exchanges] == [
        "/api/v1/generate",
        "/api/v1/generate/credit",
        "/api/file-base64-upload",
    ]


async def test_what_cannot_be_kept_is_not_lost(fake_suno: FakeSuno, tmp_path: Path) -> None:
    """An answer that makes trouble here reaches the client all the same."""

    def fail(_: Exchange) -> None:
        raise OSError("no space")

    async with (
        new_session(Budget(1, tmp_path), Pace(tmp_path), "key", fail) as session,
        SunoClient("key", base_url=fake_suno.url, session=session) as suno,
    ):
        assert await (await suno.generate_music("paid"))


def test_a_budget_is_drawn_once_each(tmp_path: Path) -> None:
    """Of 40 that draw at once, as many get one as there are."""
    budget = Budget(7, tmp_path)

    def is_granted(_: int) -> bool:
        try:
            budget.draw()
        except BudgetSpentError:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(is_granted, range(40))) == 7
    assert budget.left == 0


async def test_the_pace_is_that_of_all_processes(fake_suno: FakeSuno, tmp_path: Path) -> None:
    """Two sessions that ask 30 times each, as two processes might, are not refused."""
    exchanges: list[Exchange] = []

    async def ask() -> None:
        async with new_session(
            Budget(0, tmp_path), Pace(tmp_path), "key", exchanges.append
        ) as session:
            await asyncio.gather(*(get(session) for _ in range(30)))

    async def get(session: aiohttp.ClientSession) -> None:
        headers = {"Authorization": "Bearer key"}
        async with session.get(f"{fake_suno.url}/api/v1/generate/credit", headers=headers) as one:
            await one.content.read()

    await asyncio.gather(ask(), ask())
    assert [exchange.answer["code"] for exchange in exchanges] == [200] * 60
    fake_suno.ledger.assert_within_rate()


def test_what_is_free_is_what_the_operations_say() -> None:
    """Each operation that costs counts as paid, and no other that is posted does."""
    posted = [one for one in OPERATIONS.values() if one._method == "POST"]
    assert {one._path for one in posted if not one._costs} == {*FREE}
    assert not any(one._path.endswith(FREE) for one in posted if one._costs)


@pytest.mark.parametrize("name", RECORDS)
def test_the_client_knows_the_words(name: str) -> None:
    """What the suite takes for known is where the client asks for it, and what it understands."""
    record, kind = RECORDS[name], KINDS[name]
    assert {*RECORDS} == {*KINDS}
    assert (record.path, record.id_param) == (kind.record_path, kind.id_param)
    assert {*record.words.all} <= {*kind.words, *kind.failures, "CALLBACK_EXCEPTION"}
    assert all(
        record.words.is_complete(word) == (str(kind.words.get(word)) == "complete")
        for word in record.words.all
    )


def test_secrets_are_left_out() -> None:
    """The key is left out however it is written, and callback URLs in whatever field."""
    given = {
        "callBackUrl": "https://mine/1",
        "param": '{"calBackUrl":"https://mine/1","prompt":"x"}',
        "callback_url": "https://mine/1",
        "msg": ["no a-key/that-nobody-sees, a-key%2Fthat-nobody-sees"],
    }
    text = json.dumps(without_secrets(given, KEY))
    assert "mine" not in text
    assert "nobody" not in text
    assert '\\"prompt\\": \\"x\\"' in text


def test_what_is_no_answer_at_all() -> None:
    """A page in place of JSON is one difference."""
    page = Exchange(method="GET", path="/x", query={}, status=403, answer="<html>")
    assert [*differences(page)] == [
        "GET /x: HTTP 403 is not known",
        "GET /x: the answer is text, not an object",
    ]
