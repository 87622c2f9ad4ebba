"""Songs by workers on many machines: `pip install 'celery[redis]' 'suno-async[postgres]'`.

    celery --app queue_celery worker

Order one anywhere by `queue_celery.song.delay("the sea")`. A job whose worker died is delivered
again, and its id is the key: what had been paid for is not paid again. In the environment, besides
`SUNO_API_KEY`: `BROKER`, such as `redis://redis.example`, and `JOURNAL`, the URL of a PostgreSQL
database.
"""

import asyncio
import os
from typing import Any

from celery import Celery  # pyright: ignore[reportMissingTypeStubs]

from suno_async import GenerateMusic, SunoClient

app: Any = Celery("songs", broker=os.environ["BROKER"])
app.conf.task_acks_late = True  # else a job is lost with its worker
app.conf.task_reject_on_worker_lost = True
app.conf.worker_prefetch_multiplier = 1
app.conf.broker_connection_retry_on_startup = True


@app.task(bind=True)  # type: ignore[untyped-decorator]
def song(self: Any, idea: str) -> None:
    asyncio.run(make(self.request.id, idea))


async def make(job: str, idea: str) -> None:
    async with SunoClient(journal=os.environ["JOURNAL"]) as suno:
        task = await suno.submit(GenerateMusic(idea), idempotency_key=job)
        for track in await task:
            await suno.download(track, "songs/")
