"""The embedded API in a process of its own, so that its CPU time does not count."""

import asyncio
import contextlib
import subprocess
import sys
from collections.abc import Generator

from suno_async.testing import FakeSuno, Timetable


@contextlib.contextmanager
def serve_apart() -> Generator[str]:
    """The address of a fake in another process, without a rate limit and without delays."""
    command = [sys.executable, "-m", "benchmarks._server"]
    with subprocess.Popen(  # noqa: S603 it is ourselves
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None  # noqa: S101 for the checkers
        assert process.stdout is not None  # noqa: S101 for the checkers
        try:
            yield process.stdout.readline().strip()
        finally:
            process.stdin.close()  # which ends it


async def _serve() -> None:
    times = Timetable(text=0.0, first=0.0, complete=0.0)
    async with FakeSuno(max_rate=None, credits=1e9, timetable=times, send_callbacks=False) as fake:
        print(fake.url, flush=True)
        await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(_serve())
