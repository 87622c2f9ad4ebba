"""A web service that makes songs.

    uvicorn service:app --timeout-graceful-shutdown 5

In the environment, besides `SUNO_API_KEY`: `PUBLIC_URL`, where Suno reaches it; `CALLBACK_SECRET`,
at least 16 random bytes that only you know; and for several processes `JOURNAL`, the URL of a
PostgreSQL database.
"""

import asyncio
import os
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Annotated, Any

from fastapi import BackgroundTasks, Body, FastAPI, Header, Request, Response
from fastapi.sse import EventSourceResponse, ServerSentEvent

from suno_async import (
    CallbackReceiver,
    CallbackRejected,
    ClientClosed,
    ConfigurationError,
    GenerateMusic,
    InvalidRequest,
    Stage,
    SunoClient,
    SunoError,
    Task,
)

receiver = CallbackReceiver(os.environ["PUBLIC_URL"] + "/suno", os.environ["CALLBACK_SECRET"])
journal = os.environ.get("JOURNAL", "songs.sqlite")


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncGenerator[None]:
    async with SunoClient(journal=journal, callbacks=receiver) as app.state.suno:
        picking_up = asyncio.create_task(pick_up())
        yield
    await picking_up


app = FastAPI(lifespan=lifespan)


async def pick_up() -> None:
    async with asyncio.TaskGroup() as group:
        with suppress(ClientClosed):
            async for task in app.state.suno.pick_up():  # what no process takes care of any more
                group.create_task(keep(task))


async def keep(task: Task[Any]) -> None:
    with suppress(SunoError):  # shown to those who follow the song
        for track in await task:
            await app.state.suno.download(track, "songs/")


@app.exception_handler(SunoError)
async def refuse(_: Request, error: SunoError) -> Response:
    is_theirs = isinstance(error, InvalidRequest | ConfigurationError)
    status = error.http_status if isinstance(error, CallbackRejected) else 422 if is_theirs else 503
    return Response(str(error), status)


@app.post("/songs", status_code=202)
async def order(
    idea: Annotated[str, Body(embed=True)],
    idempotency_key: Annotated[str, Header()],
    after: BackgroundTasks,
) -> dict[str, str]:
    task = await app.state.suno.submit(GenerateMusic(idea), idempotency_key=idempotency_key)
    after.add_task(keep, task)
    return {"song": task.token}


@app.post("/suno/{path}")
async def callback(path: str, request: Request) -> None:
    await receiver.handle(path, request.stream())


@app.get("/songs/{token}", response_class=EventSourceResponse)
async def follow(
    token: str, last_event_id: Annotated[Stage, Header()] = Stage.PENDING
) -> AsyncIterator[ServerSentEvent]:
    try:
        async for event in app.state.suno.task(token):
            if event.stage > last_event_id:
                songs = [t.to_dict() | {"playable_url": t.playable_url} for t in event.result]
                yield ServerSentEvent(id=event.stage, event=event.stage, data=songs)
    except SunoError as error:
        if not isinstance(error, ClientClosed):  # else the browser comes back, and says its last
            yield ServerSentEvent(event="failed", data=str(error))
