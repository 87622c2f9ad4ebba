"""What an outcome means, judged without a network: never paid twice, never lost."""

from __future__ import annotations

import json
from typing import Any

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from suno_async import (
    APIError,
    ConnectionFailed,
    DecodeError,
    RequestTimeout,
    SubmissionUnknown,
    SunoError,
)
from suno_async._http.requests import Body, Request
from suno_async._http.verdict import (
    Refusal,
    Reply,
    Silence,
    asked_to_wait,
    in_brief,
    judge,
)
from suno_async.errors import (
    BadRequest,
    Conflict,
    InsufficientCredits,
    Maintenance,
    RateLimited,
    ServerError,
)

FREE = Request(name="Poll", method="GET", path="", token="music:t")
PAID = Request(
    name="Generate", method="POST", path="", costs=True, starts_task=True, submission="s", kind="m"
)
CALL = Request(name="Boost", method="POST", path="", costs=True, submission="s")
WAITED_FOR = [408, 502, 503, 504]  # a gateway's words for: nobody knows


def reply(body: Any, status: int = 200, **headers: str) -> Reply:
    """An answer with this JSON, or with these bytes."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Reply(status, {name.replace("_", "-"): value for name, value in headers.items()}, raw)


def refused(request: Request, outcome: Reply | Silence) -> Refusal:
    """The refusal that it must be."""
    verdict = judge(request, outcome)
    assert isinstance(verdict, Refusal)
    return verdict


def unknown(request: Request, outcome: Reply | Silence) -> SubmissionUnknown:
    """The submission that may be paid for, which is never sent again."""
    refusal = refused(request, outcome)
    assert isinstance(refusal.error, SubmissionUnknown)
    assert not refusal.may_retry
    return refusal.error


@pytest.mark.parametrize(
    ("error", "passes"),
    [(ConnectionFailed("x"), True), (RequestTimeout("x"), True), (SunoError("x"), False)],
    ids=["connection", "timeout", "other"],
)
@pytest.mark.parametrize("request_", [FREE, PAID], ids=["free", "paid"])
def test_silence_is_tried_again_where_the_network_was_at_fault(
    request_: Request, error: SunoError, passes: bool
) -> None:
    """What never left may be sent again, also when it costs; bad settings do not mend."""
    refusal = refused(request_, Silence(error, may_have_arrived=False))
    assert (refusal.error, refusal.may_retry) == (error, passes)


def test_silence_after_leaving_is_unknown_only_where_it_costs() -> None:
    """A poll may be repeated; a submission may have been paid for, and says whose it was."""
    gone = Silence(RequestTimeout("x"), may_have_arrived=True)
    assert refused(FREE, gone) == Refusal(gone.error, may_retry=True)
    error = unknown(PAID, gone)
    assert (error.kind, error.submission_id, error.cause) == ("m", "s", gone.error)
    assert unknown(CALL, gone).kind is None


@pytest.mark.parametrize("code", [200, "200", 200.0])
def test_a_code_may_come_as_text(code: object) -> None:
    """As a number, in digits, or with a point: it is the same code."""
    body = {"code": code, "data": {"taskId": "t"}}
    assert judge(PAID, reply(body)) == body
    assert judge(PAID, reply(b"\xef\xbb\xbf" + json.dumps(body).encode())) == body


@pytest.mark.parametrize("code", [True, None, "two", [200], {}, float("inf"), "9" * 5_000])
def test_what_is_no_number_is_no_code(code: object) -> None:
    """Then the body is not the service's, and a submission is in doubt."""
    answer = reply({"code": code, "data": {"taskId": "t"}})
    refusal = refused(FREE, answer)
    assert isinstance(refusal.error, DecodeError)
    assert not refusal.may_retry
    assert isinstance(unknown(PAID, answer).cause, DecodeError)


@pytest.mark.parametrize("data", [None, {}, {"taskId": None}, {"taskId": ""}, {"taskId": True}])
def test_accepted_without_an_id_is_unknown(data: object) -> None:
    """The service said yes, so the error says what is missing, with all that was said."""
    body = {"code": 200, "data": data}
    cause = unknown(PAID, reply(body)).cause
    assert isinstance(cause, DecodeError)
    assert (cause.path, cause.raw) == ("$.data", body)
    assert "the id of a task" in cause.message


def test_a_paid_call_must_bring_its_data() -> None:
    """Whatever it is, but something; a free one is read as it comes."""
    body: Body = {"code": 200, "data": None}
    cause = unknown(CALL, reply(body)).cause
    assert isinstance(cause, DecodeError)
    assert cause.message == "accepted, but without data"
    assert judge(FREE, reply(body)) == body
    assert judge(CALL, reply({"code": 200, "data": 0})) == {"code": 200, "data": 0}


@pytest.mark.parametrize("task_id", ["t", None])
def test_an_errors_code_is_an_answer_only_with_the_id_of_a_task(task_id: str | None) -> None:
    """Records of failed tasks come with codes of errors, and so do refusals to poll."""
    poll = evolve(FREE, answers=frozenset({200, 300, 400}))
    for code in (300, 400):
        body = {"code": code, "data": {"taskId": task_id}}
        verdict = judge(poll, reply(body))
        if task_id is None:
            assert isinstance(verdict, Refusal)
        else:
            assert verdict == body
    low = evolve(FREE, answers=frozenset({200, 299}))
    assert judge(low, reply({"code": 299, "data": None})) == {"code": 299, "data": None}


@pytest.mark.parametrize(("code", "is_sure"), [(-1, False), (299, False), (300, True), (433, True)])
def test_only_an_errors_code_is_surely_no_payment(code: int, is_sure: bool) -> None:
    """From 300 on it is refused; what is below is neither yes nor no."""
    answer = reply({"code": code, "msg": "no"})
    if is_sure:
        assert isinstance(refused(PAID, answer).error, APIError)
    else:
        assert isinstance(unknown(PAID, answer).cause, APIError)


@pytest.mark.parametrize("number", WAITED_FOR)
@pytest.mark.parametrize("inside", [True, False], ids=["code", "status"])
def test_who_gave_up_waiting_knows_of_no_payment(number: int, inside: bool) -> None:
    """A gateway's word leaves a submission in doubt, and a poll may do better later."""
    answer = reply({"code": number} if inside else b"", status=200 if inside else number)
    cause = unknown(PAID, answer).cause
    assert isinstance(cause, APIError)
    assert cause.code == (number if inside else None)
    assert refused(FREE, answer).may_retry


def test_a_bare_status_is_sure_only_before_any_work() -> None:
    """The key, the path, the method, the size and the rate are judged before anything is done."""
    for status in range(300, 600):
        refusal = refused(PAID, reply(b"", status=status))
        is_sure = status in {401, 403, 404, 405, 413, 429}
        assert isinstance(refusal.error, SubmissionUnknown) is not is_sure
        assert refusal.may_retry is (status in {405, 429})


@pytest.mark.parametrize(
    ("code", "error", "free", "paid"),
    [
        (400, BadRequest, False, False),
        (402, InsufficientCredits, False, False),
        (430, RateLimited, True, True),
        (455, Maintenance, True, True),
        (500, ServerError, True, False),
        (531, ServerError, True, False),
    ],
)
def test_what_may_do_better_later(code: int, error: type[APIError], free: bool, paid: bool) -> None:
    """Rate and maintenance pass for all; the service's own errors for what costs nothing."""
    answer = reply({"code": code, "msg": "no"})
    for request, may_retry in ((FREE, free), (PAID, paid)):
        refusal = refused(request, answer)
        assert type(refusal.error) is error
        assert refusal.may_retry is may_retry


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ({"msg": "a", "message": "b"}, "a"),
        ({"msg": "", "message": "b"}, "b"),
        ({"message": "b"}, "b"),
        ({"msg": 5}, "5"),
        ({}, ""),
    ],
)
def test_what_the_service_said(words: dict[str, Any], message: str) -> None:
    """Under either name, as text, with the code, the status and the wish beside it."""
    error = refused(FREE, reply({"code": 430, **words}, 418, Retry_After="7")).error
    assert isinstance(error, APIError)
    assert (error.message, error.code, error.http_status) == (message, 430, 418)
    assert error.retry_after == 7


def test_a_task_that_exists_already_is_named() -> None:
    """A conflict names its task; a request for no task has none."""
    answer = reply({"code": 409, "data": {"taskId": "t"}})
    error = refused(PAID, answer).error
    assert isinstance(error, Conflict)
    assert (error.token, error.kind) == ("m:t", "m")
    for request, other in ((CALL, answer), (PAID, reply({"code": 409}))):
        bare = refused(request, other).error
        assert isinstance(bare, Conflict)
        assert (bare.token, bare.kind) == (None, None)


@pytest.mark.parametrize("raw", [b"<html>", b"\xff", b'"text"', b"[1]", b"{}", b"[" * 100_000])
def test_what_is_not_the_services(raw: bytes) -> None:
    """With a good status it cannot be read, and the error holds it: parsed, or its beginning."""
    error = refused(FREE, reply(raw)).error
    assert isinstance(error, DecodeError)
    assert "base_url" in error.message
    try:
        parsed = json.loads(raw)
    except (ValueError, RecursionError):
        parsed = raw[: 2**16]
    assert error.raw == parsed


@pytest.mark.parametrize(
    ("status", "headers", "words"),
    [
        (300, {}, "without the service's envelope"),
        (404, {}, "without the service's envelope"),
        (402, {}, "without the service's envelope"),
        (403, {}, "gateway"),
        (302, {"LOCATION": "https://elsewhere.example"}, "redirect"),
        (403, {"location": "https://elsewhere.example"}, "redirect"),
    ],
)
def test_an_error_without_an_envelope(status: int, headers: dict[str, str], words: str) -> None:
    """It says who may have sent it, and what was asked for in the header."""
    error = refused(FREE, reply(b"", status, **headers, Retry_After="3")).error
    assert isinstance(error, APIError)
    assert words in error.message
    assert (error.code, error.http_status, error.retry_after) == (None, status, 3)
    assert isinstance(refused(FREE, reply(b"", 299)).error, DecodeError)


NOON = "Fri, 20 Nov 2026 12:00:00 GMT"


@pytest.mark.parametrize(
    ("wish", "sent", "seconds"),
    [
        ("0", None, 0.0),
        ("1.5", None, 1.5),
        ("-5", None, 0.0),
        ("inf", None, None),
        ("nan", None, None),
        ("", None, None),
        ("soon", NOON, None),
        ("Fri, 20 Nov 2026 12:01:30 GMT", NOON, 90.0),
        ("Fri, 20 Nov 2026 11:00:00 GMT", NOON, 0.0),
        (NOON, None, None),
        (NOON, "soon", None),
        ("Fri, 20 Nov 2026 12:00:00 -0000", NOON, None),
        (f"1 Jan {'9' * 40} 00:00:00 GMT", NOON, None),
    ],
)
def test_both_forms_of_a_wish(wish: str, sent: str | None, seconds: float | None) -> None:
    """Seconds, or a time by the service's own clock; what makes no sense is no wish."""
    headers = {"Retry-After": wish} | ({"Date": sent} if sent else {})
    assert asked_to_wait(headers) == seconds


def test_no_header_is_no_wish() -> None:
    """Also where the answer has a date."""
    assert asked_to_wait({"Date": NOON}) is None


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (RateLimited("secret", code=430, http_status=200), "RateLimited, code 430"),
        (ServerError("secret", http_status=502), "ServerError, HTTP 502"),
        (RequestTimeout("secret"), "RequestTimeout"),
        (SubmissionUnknown(cause=RequestTimeout("x")), "SubmissionUnknown after RequestTimeout"),
        (SubmissionUnknown(), "SubmissionUnknown"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_an_error_in_brief(error: SunoError, words: str) -> None:
    """The class and the number, and none of the service's words."""
    assert in_brief(error) == words


@pytest.mark.parametrize(
    ("request_", "title"),
    [(FREE, "Poll music:t"), (PAID, "Generate s"), (evolve(PAID, submission=""), "Generate")],
)
def test_a_request_has_a_title(request_: Request, title: str) -> None:
    """Its name, and what it is about."""
    assert request_.title == title


def test_a_request_shows_no_body() -> None:
    """The callback URL in it is a secret."""
    assert "secret" not in repr(evolve(PAID, body={"callBackUrl": "https://example/secret"}))


answers = st.builds(
    reply,
    st.binary(max_size=20)
    | st.fixed_dictionaries(
        {"code": st.integers(-1, 600) | st.sampled_from([200, "200", None])},
        optional={"data": st.sampled_from([None, {}, {"taskId": "t"}, {"task_id": 7}, "text"])},
    ),
    st.integers(200, 599),
)


@given(answers, st.sampled_from([PAID, CALL]))
def test_a_submission_has_three_ends(answer: Reply, request_: Request) -> None:
    """Accepted with what was paid for, surely refused, or unknown: nothing else, whatever comes."""
    verdict = judge(request_, answer)
    if not isinstance(verdict, Refusal):
        assert verdict["data"] is not None
    elif isinstance(verdict.error, SubmissionUnknown):
        assert not verdict.may_retry
    else:
        assert isinstance(verdict.error, APIError)
        if verdict.may_retry:
            assert isinstance(verdict.error, RateLimited | Maintenance)
