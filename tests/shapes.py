"""Other shapes of the service's answers, put around a fake: printed ones, older ones, late ones."""

import asyncio
import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, TypeAlias

from aiohttp import web
from aiohttp.typedefs import Handler

from suno_async.testing import FakeSuno, Kind
from suno_async.testing._api.acts import RECORDS
from suno_async.testing._api.callback_bodies import callback_body
from suno_async.testing._api.jobs import Job, Moment

Fields: TypeAlias = dict[str, Any]
Reshape: TypeAlias = Callable[[web.Request, Fields], tuple[Fields, int]]
"""Makes another body, and its HTTP status, of the one that would be answered."""
_API = "/api/v1"
_LIVE_KEYS = ("sourceAudioUrl", "sourceStreamAudioUrl", "sourceImageUrl")
_QUICK_KEYS = ("id", "audio_url", "title", "tags", "duration")


def reshaped(fake: FakeSuno, reshape: Reshape) -> FakeSuno:
    """The fake, with each of its JSON answers changed."""

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        response = await handler(request)
        if not isinstance(response, web.Response) or "json" not in response.content_type:
            return response
        body, status = reshape(request, json.loads(response.text or "{}"))
        return web.json_response(body, status=status)

    fake.app.middlewares.append(middleware)
    return fake


def with_http_errors(fake: FakeSuno) -> FakeSuno:
    """The HTTP status follows the code; the service answers errors with HTTP 200."""
    return reshaped(fake, lambda _, body: (body, body["code"] if body["code"] >= 400 else 200))


def with_late_records(fake: FakeSuno, seconds: float) -> FakeSuno:
    """For so many seconds after its submission a task's record has `data: null`."""

    def late(request: web.Request, body: Fields) -> tuple[Fields, int]:
        job = fake.tasks.get(request.query.get("taskId", ""))
        now = asyncio.get_running_loop().time()
        is_late = job is not None and now - job.accepted < seconds
        return (body | {"data": None} if is_late else body), 200

    return reshaped(fake, late)


def as_printed(fake: FakeSuno) -> FakeSuno:
    """Music records have the reference's shape: times as text, no source URLs."""

    def printed(request: web.Request, body: Fields) -> tuple[Fields, int]:
        record = body["data"]
        if request.path == f"{_API}/generate/record-info" and record is not None:
            del record["createTime"]
            record["type"] = "GENERATE"
            tracks: list[Fields] = record["response"]["sunoData"] if record["response"] else []
            for track in tracks:
                made = datetime.fromtimestamp(track["createTime"] / 1000, UTC)
                track["createTime"] = f"{made:%Y-%m-%d %H:%M:%S}"
                track.setdefault("audioUrl", "")
                track.setdefault("duration", None)
                for key in _LIVE_KEYS:
                    track.pop(key, None)
        return body, 200

    return reshaped(fake, printed)


def as_in_the_quick_start(fake: FakeSuno) -> FakeSuno:
    """Credits lie elsewhere, and every record has one shape and is read at one path."""

    def quick(request: web.Request, body: Fields) -> tuple[Fields, int]:
        if request.path == f"{_API}/get-credits":
            return _answer({"credits": fake.balance}), 200
        if request.path == f"{_API}/generate/credit":
            return {"code": 404, "msg": "No such path", "data": None}, 200
        job = fake.tasks.get(request.query.get("taskId", ""))
        if job is None or job.kind in (Kind.MIDI, Kind.RECOVERY):  # newer than the quick start
            return body, 200
        return _answer(_record(fake, job)), 200

    return reshaped(fake, quick)


def _answer(data: Any) -> Fields:
    return {"code": 200, "msg": "success", "data": data}


def _record(fake: FakeSuno, job: Job) -> Fields:
    now = asyncio.get_running_loop().time()
    words = {Moment.PENDING: "PENDING", Moment.COMPLETE: "SUCCESS", Moment.FAILED: "FAILED"}
    status = words.get(job.moment(now), "GENERATING")
    response = _response(fake, job, now) if job.has_result(now) else None
    failed = {"errorMessage": job.error_message} if status == "FAILED" else {}
    return {"taskId": job.id, "status": status, "response": response, **failed}


def _response(fake: FakeSuno, job: Job, now: float) -> Fields:
    service = fake._service
    if job.kind in (Kind.MUSIC, Kind.STEMS):
        data = callback_body(service, job, "complete")["data"]
        if job.kind is Kind.STEMS:
            return {"vocal_removal_info": data["vocal_removal_info"]}
        return {"data": [{key: track[key] for key in _QUICK_KEYS} for track in data["data"]]}
    response: Fields = RECORDS[job.kind](service, job, now).get("response") or {}
    return response
