"""A span for each attempt, by OpenTelemetry: `pip install opentelemetry-sdk`."""

import asyncio
import time

from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import ConsoleSpanExporter, SimpleSpanProcessor

from suno_async import Attempt, SunoClient

provider = TracerProvider()
provider.add_span_processor(SimpleSpanProcessor(ConsoleSpanExporter()))
tracer = provider.get_tracer("suno")


def make_span(attempt: Attempt) -> None:
    end = time.time_ns()
    span = tracer.start_span(
        f"suno {attempt.operation}",
        kind=trace.SpanKind.CLIENT,
        start_time=end - int(attempt.seconds * 1e9),
        attributes={
            "suno.submission_id": attempt.submission_id or "",
            "suno.task": attempt.token or "",
            "suno.attempt": attempt.attempt,
            "suno.queued_for": attempt.queued_for,
            "http.response.status_code": attempt.status or 0,
        },
    )
    if attempt.error is not None:
        span.set_status(trace.StatusCode.ERROR, type(attempt.error).__name__)
    span.end(end)


async def main() -> None:
    async with SunoClient(on_attempt=make_span) as suno:
        with tracer.start_as_current_span("a song for a listener"):  # the parent of its attempts
            task = await suno.generate_music("A calm piano tune at dusk")
        await task  # polls are shared by all listeners, and have spans of their own


asyncio.run(main())
