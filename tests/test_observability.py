"""What the log and the hook say of requests, and what they do not."""

from __future__ import annotations

import asyncio
import logging
from contextvars import ContextVar
from types import NoneType
from typing import TYPE_CHECKING, Any

import pytest
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from program_kit import PROGRAMS

from suno_async import (
    Attempt,
    GenerateMusic,
    RequestTimeout,
    SubmissionUnknown,
    SunoClient,
    SunoError,
)
from suno_async.errors import ServerError
from suno_async.testing import FakeSuno, Fault

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

IDEA = "A calm piano tune at dusk"


@pytest.fixture
def attempts() -> list[Attempt]:
    """What the hook was called with."""
    return []


@pytest.fixture
async def suno(fake_suno: FakeSuno, attempts: list[Attempt]) -> AsyncIterator[SunoClient]:
    """A client with a hook."""
    async with SunoClient("key", base_url=fake_suno.url, on_attempt=attempts.append) as client:
        yield client


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    """All that the package logs."""
    caplog.set_level(logging.DEBUG, logger="suno_async")
    return caplog


def logged(log: pytest.LogCaptureFixture, level: int = logging.DEBUG) -> list[str]:
    """The messages of this level and above."""
    ours = (record for record in log.records if record.name.startswith("suno_async"))
    return [record.getMessage() for record in ours if record.levelno >= level]


async def test_a_song_in_the_log(
    suno: SunoClient, fake_suno: FakeSuno, log: pytest.LogCaptureFixture
) -> None:
    """One line an attempt at DEBUG, one a payment at INFO, nothing above that."""
    task = await suno.submit(GenerateMusic(IDEA), idempotency_key="tg-4711")
    assert logged(log) == [
        "GenerateMusic tg-4711, attempt 1: accepted (0.00 s, and 0.00 s for a slot)",
        f"GenerateMusic tg-4711 was accepted as {task.token}",
    ]
    log.clear()
    await task
    polls = logged(log)
    assert polls
    assert {line.partition(",")[0] for line in polls} == {f"Poll {task.token}"}
    assert logged(log, logging.INFO) == []


async def test_a_record_has_fields(suno: SunoClient, log: pytest.LogCaptureFixture) -> None:
    """Handlers that write fields find them as attributes of the record."""
    task = await suno.submit(GenerateMusic(IDEA), idempotency_key="tg-4711")
    await task.wait("text")
    first, _, *_, poll = (record.__dict__ for record in log.records)
    names = ("operation", "submission_id", "token", "attempt", "status")
    assert [first[name] for name in names] == ["GenerateMusic", "tg-4711", "", 1, 200]
    assert [poll[name] for name in names] == ["Poll", "", task.token, 1, 200]
    assert (first["queued_for"], first["seconds"]) == pytest.approx((0, 0), abs=0.001)
    assert poll["queued_for"] == 0


async def test_a_retry_in_the_log(
    suno: SunoClient, fake_suno: FakeSuno, log: pytest.LogCaptureFixture
) -> None:
    """Why, which attempt follows, and in how many seconds."""
    fake_suno.fail(Fault.HTML_503.retry_after("7"), on="get-remaining-credits")
    await suno.get_credits()
    assert logged(log, logging.INFO) == [
        "GetCredits: ServerError, HTTP 503; attempt 2 follows in 7.0 s"
    ]
    (record,) = (record for record in log.records if record.levelno == logging.INFO)
    assert record.__dict__["delay"] == 7
    assert record.__dict__["operation"] == "GetCredits"


async def test_a_refusal_for_rate_in_the_log(
    suno: SunoClient, fake_suno: FakeSuno, log: pytest.LogCaptureFixture
) -> None:
    """Another program uses the key: that is a warning."""
    fake_suno.fail(Fault.envelope(430), on="get-remaining-credits")
    await suno.get_credits()
    assert logged(log, logging.WARNING) == [
        "GetCredits, attempt 1: RateLimited, code 430 (0.00 s, and 0.00 s for a slot); all pause"
    ]


async def test_an_unknown_in_the_log(
    suno: SunoClient, fake_suno: FakeSuno, log: pytest.LogCaptureFixture
) -> None:
    """What may be paid for is a warning with the submission's id."""
    fake_suno.fail(Fault.NEVER_AFTER_ACCEPT, on="generate-music")
    with pytest.raises(SubmissionUnknown):
        await suno.submit(GenerateMusic(IDEA), idempotency_key="tg-4711")
    (line,) = logged(log, logging.WARNING)
    assert line == (
        "GenerateMusic tg-4711, attempt 1: SubmissionUnknown after RequestTimeout (30.00 s, and "
        "0.00 s for a slot); it may be paid for, and is not sent again"
    )


async def test_what_nobody_waits_for_in_the_log(
    suno: SunoClient, fake_suno: FakeSuno, log: pytest.LogCaptureFixture
) -> None:
    """A task whose caller has gone is a warning with the way back, or with the error."""
    for fault in (Fault.DELAY_AFTER_ACCEPT.lasting(10), Fault.NEVER):
        fake_suno.fail(fault, on="generate-music")
        asking = asyncio.create_task(suno.generate_music(IDEA))
        await asyncio.sleep(1)
        asking.cancel()
        await asyncio.sleep(100)
    (token,) = suno.unclaimed
    accepted, _, unknown = logged(log, logging.WARNING)
    assert accepted.endswith(
        f" was accepted after its caller had gone: pick it up with task({token!r})"
    )
    assert unknown.endswith(", whose caller has gone: SubmissionUnknown after RequestTimeout")
    assert isinstance(log.records[-1].__dict__["unclaimed"], SubmissionUnknown)
    assert log.records[-1].__dict__["asked"] == ("GenerateMusic", {"prompt": IDEA})


async def test_a_paid_call_in_the_log(
    suno: SunoClient, attempts: list[Attempt], log: pytest.LogCaptureFixture
) -> None:
    """It is accepted, and that is all: there is no task to be named."""
    await suno.boost_style("folk")
    (attempt,) = attempts
    assert logged(log, logging.INFO) == [f"BoostStyle {attempt.submission_id} was accepted"]


@pytest.mark.parametrize(
    "fault",
    [
        Fault.envelope(400, f"The prompt {IDEA} is not allowed"),
        Fault.envelope(430, f"Too frequent: {IDEA}"),
        Fault.envelope(455, IDEA),
        Fault.envelope(504, IDEA),
        Fault.bare(200, f"<p>{IDEA}</p>".encode()),
        Fault.bare(502, IDEA.encode()),
        Fault.bare(200, f'{{"code": 200, "data": {{"prompt": "{IDEA}"}}}}'.encode()),
    ],
    ids=lambda fault: fault.name,
)
async def test_words_are_not_logged_above_debug(
    suno: SunoClient, fake_suno: FakeSuno, log: pytest.LogCaptureFixture, fault: Fault
) -> None:
    """What was asked for stands in no such record, even where the service repeats it."""
    fake_suno.fail(fault, on="generate-music", times=None)
    with pytest.raises(SunoError):
        await suno.generate_music(IDEA)
    fake_suno.clear_faults()
    task = await suno.generate_music(IDEA)
    fake_suno.fail(fault, on="get-music-generation-details", times=2)
    await task
    assert not any(IDEA in line for line in logged(log, logging.INFO))


async def test_the_hook_sees_each_attempt(
    suno: SunoClient, fake_suno: FakeSuno, attempts: list[Attempt]
) -> None:
    """Its number, its wait, its time, its status, its error."""
    for fault in (Fault.HTML_502, Fault.NEVER, Fault.DELAY_AFTER_ACCEPT.lasting(10)):
        fake_suno.fail(fault, on="get-remaining-credits")
    await suno.get_credits()
    seen = [(one.attempt, round(one.seconds), one.status, type(one.error)) for one in attempts]
    assert seen == [
        (1, 0, 502, ServerError),
        (2, 30, None, RequestTimeout),
        (3, 10, 200, NoneType),
    ]


async def test_the_hook_sees_the_wait_for_a_slot(suno: SunoClient, attempts: list[Attempt]) -> None:
    """The twenty-first request waits for ten seconds, and the hook is called."""
    await asyncio.gather(*(suno.get_credits() for _ in range(21)))
    assert [round(one.queued_for) for one in attempts] == [0] * 20 + [10]


async def test_the_hook_sees_what_is_cancelled(
    suno: SunoClient, fake_suno: FakeSuno, attempts: list[Attempt]
) -> None:
    """An attempt that its caller breaks off is one, too; one that never began is none."""
    fake_suno.fail(Fault.NEVER, on="get-remaining-credits")
    asking = asyncio.create_task(suno.get_credits())
    await asyncio.sleep(5)
    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)
    (attempt,) = attempts
    assert (attempt.is_cancelled, round(attempt.seconds), attempt.error) == (True, 5, None)
    assert str(attempt) == "GetCredits, attempt 1: cancelled (5.00 s, and 0.00 s for a slot)"
    await asyncio.gather(*(suno.get_credits() for _ in range(19)))
    asking = asyncio.create_task(suno.get_credits())
    await asyncio.sleep(1)
    asking.cancel()
    await asyncio.sleep(60)
    assert len(attempts) == 20


async def test_a_hook_that_fails_costs_no_song(
    fake_suno: FakeSuno, log: pytest.LogCaptureFixture
) -> None:
    """It is logged, and the request goes on."""

    def broken(_attempt: Attempt) -> None:
        raise ArithmeticError("a mistake")

    async with SunoClient("key", base_url=fake_suno.url, on_attempt=broken) as suno:
        assert (await suno.generate_music(IDEA)).id in fake_suno.tasks
    assert logged(log, logging.ERROR) == ["on_attempt failed"]


async def test_the_hook_is_called_where_the_request_was_made(fake_suno: FakeSuno) -> None:
    """In the caller's context, so that spans have a parent; polls belong to nobody."""
    caller: ContextVar[str] = ContextVar("caller", default="nobody")
    seen: list[tuple[str, str]] = []

    def hook(attempt: Attempt) -> None:
        seen.append((attempt.operation, caller.get()))

    async def song(client: SunoClient, name: str) -> None:
        caller.set(name)
        task = await client.generate_music(IDEA)
        await client.get_credits()
        await task.wait("text")

    async with SunoClient("key", base_url=fake_suno.url, on_attempt=hook) as client:
        await asyncio.gather(song(client, "one"), song(client, "two"))
    assert {("GenerateMusic", "one"), ("GenerateMusic", "two")} < {*seen}
    assert {("GetCredits", "one"), ("GetCredits", "two")} < {*seen}
    assert {name for operation, name in seen if operation == "Poll"} == {"nobody"}


async def test_the_readmes_spans(fake_suno: FakeSuno, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each attempt is a span under its caller's, with its true length; polls have no parent."""
    exporter = InMemorySpanExporter()
    monkeypatch.setattr("opentelemetry.sdk.trace.export.ConsoleSpanExporter", lambda: exporter)
    monkeypatch.setenv("SUNO_BASE_URL", fake_suno.url)
    monkeypatch.setenv("SUNO_API_KEY", "key")
    fake_suno.fail(Fault.envelope(455), on="generate-music")
    fake_suno.fail(Fault.DELAY_AFTER_ACCEPT.lasting(10), on="generate-music")
    program = PROGRAMS["tracing.py"].removesuffix("asyncio.run(main())\n")
    names: dict[str, Any] = {}
    exec(program, names)  # noqa: S102 our own program
    await names["main"]()
    spans = exporter.get_finished_spans()
    (parent,) = (span for span in spans if span.name == "a song for a listener")
    refused, accepted = (span for span in spans if span.name == "suno GenerateMusic")
    assert [span.status.description for span in (refused, accepted)] == ["Maintenance", None]
    for span in (refused, accepted):
        assert span.parent == parent.context
    assert (accepted.end_time or 0) - (accepted.start_time or 0) == pytest.approx(1e10, rel=1e-3)
    polls = [span for span in spans if span.name == "suno Poll"]
    assert polls
    assert all(span.parent is None for span in polls)
