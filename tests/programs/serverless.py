"""Songs behind a function that lives for one request, such as one of AWS Lambda.

`POST` with `{"idea": ..., "order": ...}` answers at once with the song's token, and `GET` with
`?song=TOKEN` says how far it is: one poll each time, while the service goes on by itself. There is
no disk to keep, so the journal is a database: `JOURNAL=postgresql://...`.
"""

import asyncio
import json
import os
from typing import Any

from suno_async import GenerateMusic, InvalidRequest, SunoClient, SunoError


async def order(suno: SunoClient, idea: str, order: str) -> dict[str, Any]:
    task = await suno.submit(GenerateMusic(idea), idempotency_key=order)
    return {"song": task.token}


async def song(suno: SunoClient, token: str) -> dict[str, Any]:
    task = suno.task(token, GenerateMusic)
    stage = await task.poll()
    if task.failure is not None:
        raise task.failure
    tracks = task.partial_result or ()
    return {"stage": stage, "links": [one.playable_url for one in tracks if one.is_ready]}


async def answer(event: dict[str, Any]) -> dict[str, Any]:
    async with SunoClient(journal=os.environ["JOURNAL"]) as suno:
        try:
            if event["httpMethod"] == "POST":
                status, body = 202, await order(suno, **json.loads(event["body"]))
            else:
                status, body = 200, await song(suno, event["queryStringParameters"]["song"])
        except SunoError as error:
            status, body = 422 if isinstance(error, InvalidRequest) else 503, {"error": str(error)}
    return {"statusCode": status, "body": json.dumps(body)}


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    return asyncio.run(answer(event))
