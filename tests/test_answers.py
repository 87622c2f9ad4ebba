"""Answers as they were recorded: styles that fail, records that are not there, words in Chinese."""

from __future__ import annotations

import asyncio
import json
import pickle
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from examples import example
from hypothesis import given
from hypothesis import strategies as st

from suno_async import (
    InsufficientCredits,
    RateLimited,
    RateLimiter,
    SunoClient,
    TaskFailed,
    TaskTimeout,
    Track,
    WavFile,
)
from suno_async._http.requests import Request
from suno_async._http.verdict import Refusal, Reply, judge
from suno_async._wire.records import Record, answer_of, record_of
from suno_async._wire.refusals import api_error
from suno_async.errors import BadRequest, NotFound, ServerError
from suno_async.operations import OPERATIONS, BoostStyle
from suno_async.operations._base import Host
from suno_async.operations._kinds import KINDS
from suno_async.testing import FakeSuno, Fault

UNKNOWN = "0" * 32


# --- a style that fails ------------------------------------------------------------------------


@pytest.mark.parametrize("result", [None, "", " \n", {}])
@pytest.mark.parametrize("flag", ["生成失败", "2", "0", None])
def test_a_style_without_a_result_has_failed(result: Any, flag: str | None) -> None:
    """Whatever the flag says, no style is a failure, with the reason where one is given."""
    data = {"successFlag": flag, "result": result, "createTime": 1777777777000}
    for reason in ({"errorMsg": "内容违规"}, {"errorMessage": "内容违规"}):
        with pytest.raises(TaskFailed, match="The style task failed: 内容违规") as caught:
            answer_of(BoostStyle("pop"), {"code": 200, "data": data | reason})
        assert (caught.value.kind, caught.value.status) == ("style", flag)
    with pytest.raises(TaskFailed, match="came without a style"):
        answer_of(BoostStyle("pop"), {"code": 200, "data": data})


def test_a_style_with_a_result_is_one() -> None:
    """A flag in words nobody knows does not take away the rest of the answer."""
    data = {"successFlag": "生成成功", "result": "Folk, warm", "errorMsg": ""}
    assert answer_of(BoostStyle("pop"), {"code": 200, "data": data}).result == "Folk, warm"


async def test_a_boost_that_comes_without_a_style(suno: SunoClient, fake_suno: FakeSuno) -> None:
    """The client raises it, typed, and a key gives the same again without paying again."""
    body = '{"code":200,"msg":"success","data":{"successFlag":"失败","errorMsg":"no luck"}}'
    fault = Fault(name="empty_style", kind=Fault.WRONG_JSON.kind, body=body.encode())
    fake_suno.fail(fault, on="boost_style")
    with pytest.raises(TaskFailed, match="no luck"):
        await suno.boost_style("pop")
    assert fake_suno.ledger.count("boost_style") == 1


# --- no record (yet) ---------------------------------------------------------------------------


def polled(kind: str, body: Any, status: int = 200) -> Any:
    """What a poll of this kind makes of an answer; an error is raised."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    request = Request(
        name="Poll", method="GET", path="", token=f"{kind}:t", answers=KINDS[kind].codes
    )
    verdict = judge(request, Reply(status, {}, raw))
    if isinstance(verdict, Refusal):
        raise verdict.error
    found: Record[Any] = record_of(KINDS[kind], verdict, token=f"{kind}:t")
    return found


@pytest.mark.parametrize("kind", sorted(KINDS))
@pytest.mark.parametrize(
    "body",
    [
        {"code": 422, "msg": "record does not exist", "data": None},
        {"code": 422, "msg": "recordInfo is null"},
        {"code": 404, "msg": "no such task"},
        {"code": 200, "msg": "success", "data": None},
        {"code": 200, "msg": "success"},
    ],
    ids=["422", "422-null", "404", "null", "absent"],
)
def test_no_record_is_not_found(kind: str, body: dict[str, Any]) -> None:
    """For every kind, each of the ways in which the service says that there is no record."""
    with pytest.raises(NotFound):
        polled(kind, body)


def test_a_recovery_that_is_not_there() -> None:
    """Code 500 with the id is a recovery that failed; without it there is none."""
    with pytest.raises(NotFound):
        polled("recovery", {"code": 500, "msg": "not found", "data": None})
    found = polled("recovery", {"code": 500, "msg": "feed_failed", "task_id": "t", "data": None})
    assert isinstance(found.failure, TaskFailed)
    assert polled("recovery", {"code": 201, "task_id": "t", "data": None}).failure is None


@pytest.mark.parametrize("kind", sorted(KINDS.keys() - {"recovery"}))
def test_a_server_that_fails_is_no_missing_record(kind: str) -> None:
    """Only a recovery's code is its word; elsewhere 500 is the server's failure."""
    with pytest.raises(ServerError):
        polled(kind, {"code": 500, "msg": "Internal Error", "data": None})
    with pytest.raises(ServerError):
        polled("recovery", b"<html>", status=500)


def test_a_submission_with_a_wrong_field_is_a_bad_request() -> None:
    """The same number under a request is about its fields."""
    request = Request(name="Extend", method="POST", path="", costs=True, starts_task=True)
    body = b'{"code":422,"msg":"record does not exist"}'
    verdict = judge(request, Reply(200, {}, body))
    assert isinstance(verdict, Refusal)
    assert type(verdict.error) is BadRequest


@pytest.mark.parametrize("kind", sorted(KINDS))
async def test_a_task_that_the_service_does_not_know(suno: SunoClient, kind: str) -> None:
    """The error of a wait calls it by its name, whatever sort of task it should be."""
    with pytest.raises(NotFound) as caught:
        await suno.task(f"{kind}:{UNKNOWN}")
    assert (caught.value.kind, caught.value.token) == (kind, f"{kind}:{UNKNOWN}")


@pytest.mark.parametrize(
    "fault", [Fault.envelope(422, "record does not exist"), Fault.DATA_NULL], ids=["422", "null"]
)
async def test_a_record_that_comes_late_costs_nothing(
    suno: SunoClient, fake_suno: FakeSuno, fault: Fault
) -> None:
    """In the first minute a missing record is no news, and the song comes."""
    fake_suno.fail(fault, on="get-music-generation-details", times=4)
    assert len(await (await suno.generate_music("the sea"))) == 2


# --- refused, and nothing paid -----------------------------------------------------------------


async def test_a_request_that_was_given_back(suno: SunoClient, fake_suno: FakeSuno) -> None:
    """Code 531 to a submission is a refusal that says what became of the credits."""
    fake_suno.fail(Fault.envelope(531), on="generate_music")
    with pytest.raises(
        ServerError, match=r"\(code 531\)\. .*credits were returned.* paid"
    ) as caught:
        await suno.generate_music("hm")
    assert caught.value.refunded
    assert pickle.loads(pickle.dumps(caught.value)).refunded  # noqa: S301 our own pickle
    assert fake_suno.ledger.count("generate_music") == 1
    fake_suno.ledger.assert_charged(0)


def test_another_failure_tells_nothing_of_credits() -> None:
    """Only 531 is said to give credits back."""
    error = api_error(Host.API, 500, "Internal Error", http_status=200)
    assert not error.refunded
    assert "returned" not in str(error)


# --- words -------------------------------------------------------------------------------------

RATE = [
    "您的请求频率过高, 请稍后再试",
    "请求过于频繁, 请稍后再试。",
    "调用频率超限",
    "操作太频繁",
    "请求过快",
    "请求过多",
    "请求次数超过限制",
    "接口限流",
    "触发限速策略",
    "請求過於頻繁",
    "頻率過高",
]
CREDITS = [
    "积分不足, 请充值",
    "余额不足",
    "您的账户额度已用完",
    "点数不足",
    "請充值, 積分不足",
    "餘額不足",
    "当前积分不足, 请勿频繁请求",
    "次数不足",
    "账户已欠费",
    "服务异常",
]


@pytest.mark.parametrize("message", RATE)
def test_rate_in_chinese(message: str) -> None:
    """A 429 that speaks of the rate is about the rate."""
    assert type(api_error(Host.API, 429, message, http_status=200)) is RateLimited


@pytest.mark.parametrize("message", CREDITS)
def test_credits_in_chinese(message: str) -> None:
    """A 429 that speaks of credits, or of nothing known, is about credits."""
    assert type(api_error(Host.API, 429, message, http_status=200)) is InsufficientCredits


async def test_a_rate_in_chinese_is_waited_for(suno: SunoClient, fake_suno: FakeSuno) -> None:
    """It is tried again, and the song is paid for once."""
    fake_suno.fail(Fault.envelope(429, RATE[0]), on="generate_music")
    await (await suno.generate_music("the sea"))
    fake_suno.ledger.assert_charged(1, "generate_music")


# --- the first poll ----------------------------------------------------------------------------


@pytest.mark.parametrize("kind", sorted(KINDS))
async def test_short_kinds_are_polled_soon(kind: str) -> None:
    """What may be done in seconds is asked for after 2 to 3 s, a song after 8 as ever."""
    names = (name for name, one in OPERATIONS.items() if getattr(one, "_kind", None) is KINDS[kind])
    async with (
        FakeSuno(strict_ids=False, send_callbacks=False) as fake,
        SunoClient("key", base_url=fake.url, limiter=RateLimiter()) as suno,
    ):
        operation: Any = example(next(names))
        task = await suno.submit(operation)
        accepted = asyncio.get_running_loop().time()
        with suppress(TaskTimeout):
            await task.wait(timeout=9.0)
        polls = [one.time - accepted for one in fake.ledger if one.task_id and one.method == "GET"]
    low, high = (8.0, 8.5) if kind in {"music", "stems", "video"} else (2.0, 3.0)
    assert low <= polls[0] <= high


# --- odd times ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given_time", "expected"),
    [
        ("9999-12-31 23:59:59", None),
        ("9999-12-20T00:00:00Z", None),
        ("0001-01-01 00:00:00", datetime(1, 1, 16, tzinfo=UTC)),
        ("0001-01-01T00:00:00+14:00", None),
        ("9999-12-31T23:59:59-12:00", None),
        (253402300799000, None),
        (-62135596800000, datetime(1, 1, 16, tzinfo=UTC)),
        (-1735689600000, datetime(1915, 1, 16, tzinfo=UTC)),
        ("-1735689600000", datetime(1915, 1, 16, tzinfo=UTC)),
        (-1, datetime(1970, 1, 15, 23, 59, 59, tzinfo=UTC)),
        (10**40, None),
        ("never", None),
        (True, None),
    ],
)
def test_no_creation_time_breaks_its_end(given_time: Any, expected: datetime | None) -> None:
    """Where 15 days later is no time, nobody knows when the file is deleted."""
    item = {"id": "a", "audioUrl": "https://x/a.mp3", "createTime": given_time}
    data = {"taskId": "t", "status": "SUCCESS", "response": {"sunoData": [item]}}
    (track,) = polled("music", {"code": 200, "data": data}).result
    assert track.expires_at == expected
    data = {"successFlag": "SUCCESS", "response": {"audioWavUrl": "https://x/a.wav"}}
    wav = polled("wav", {"code": 200, "data": data | {"completeTime": given_time}}).result
    assert wav.expires_at == expected


@given(st.datetimes(timezones=st.just(UTC)))
def test_an_end_is_15_days_later_or_unknown(made: datetime) -> None:
    """For any creation time at all."""
    for one in (Track(id="a", create_time=made), WavFile(create_time=made)):
        end = one.expires_at
        assert end == made + timedelta(days=15) if end else made.year == 9999
