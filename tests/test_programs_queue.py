"""A queue's worker that is killed while it pays for a song: the job comes again, and pays not."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from program_kit import needed, until

from suno_async.testing import FakeSuno, Fault, Timetable

if TYPE_CHECKING:
    from postgres_kit import Database

    from benchmarks._redis import RedisServer

_PROGRAMS = Path(__file__).with_name("programs")
_MUSIC = "generate-music"
_ORDER = (
    "import queue_celery, sys; queue_celery.song.apply_async(sys.argv[1:2], task_id=sys.argv[2])"
)


def _children(pid: int) -> list[int]:
    return [*map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split())]


@pytest.mark.real_time
@pytest.mark.suno_clock("real")
@pytest.mark.skipif(sys.platform != "linux", reason="finds the worker among the processes of Linux")
async def test_a_job_whose_worker_was_killed_amid_its_post_is_charged_once(
    redis_server: RedisServer, database: Database, tmp_path: Path
) -> None:
    """Celery delivers it again under the same id: it is in doubt then; the next one is made."""
    needed("celery")
    async with FakeSuno(timetable=Timetable(scale=0.01), max_rate=None) as fake:
        given = {
            "BROKER": f"redis+socket://{redis_server.socket}",
            "JOURNAL": database.url,
            "PYTHONPATH": os.pathsep.join([str(_PROGRAMS), *sys.path]),
            "SUNO_API_KEY": "key",
            "SUNO_BASE_URL": fake.url,
        }

        async def python(*arguments: str) -> asyncio.subprocess.Process:
            return await asyncio.create_subprocess_exec(
                *(sys.executable, "-W", "ignore", *arguments),
                cwd=tmp_path,
                env=os.environ | given,
                stderr=asyncio.subprocess.PIPE,
            )

        async def order(idea: str, job: str) -> None:
            assert await (await python("-c", _ORDER, idea, job)).wait() == 0

        fake.fail(Fault.NEVER_AFTER_ACCEPT, on=_MUSIC)
        worker = await python(
            *("-m", "celery", "--app", "queue_celery", "worker", "--concurrency", "1")
        )
        try:
            await order("the sea", "4711")
            await until(lambda: fake.ledger.accepted(_MUSIC), 60)
            (paying,) = _children(worker.pid)
            os.kill(paying, signal.SIGKILL)
            assert worker.stderr is not None
            async with asyncio.timeout(120):  # the job comes again, once the client counts as dead
                while b"SubmissionUnknown" not in (line := await worker.stderr.readline()):
                    assert line, "the worker ended"
            await order("a city", "4712")
            await until(lambda: len([*tmp_path.glob("songs/*.mp3")]) == 2, 120)
        finally:
            with contextlib.suppress(ProcessLookupError):
                worker.terminate()
            await worker.communicate()
        prompts = [entry.body["prompt"] for entry in fake.ledger.accepted(_MUSIC)]
        assert prompts == ["the sea", "a city"], "each once"
