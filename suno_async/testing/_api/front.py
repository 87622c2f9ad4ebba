"""The way of a request through the fake: delay, ledger, rate, fault, key, operation, answer."""

import asyncio
import json
from random import Random
from typing import Any, cast

from aiohttp import web
from attrs import define, field

from suno_async.testing._api.calls import Answer, Call, Operation, Refusal
from suno_async.testing._api.catalogue import OPERATIONS, ROUTES
from suno_async.testing._api.facts import (
    BAD,
    NOT_FOUND,
    OK,
    RATE_LIMITED,
    RATE_MESSAGE,
    UNAUTHORIZED,
    WRONG_METHOD,
)
from suno_async.testing._api.fault_plan import FaultPlan
from suno_async.testing._api.files import FOLDERS, file_reply
from suno_async.testing._api.replies import Reply, json_reply, send, spoil
from suno_async.testing._api.service import Service
from suno_async.testing._api.uploads import read_form
from suno_async.testing.faults import Fault, FaultKind
from suno_async.testing.judges import Judge, SlidingLog
from suno_async.testing.ledger import Decision, Entry, Ledger


@define(eq=False, kw_only=True)
class Front:
    """What stands between the network and the service."""

    service: Service
    ledger: Ledger
    faults: FaultPlan = field(factory=FaultPlan, init=False)
    closing: asyncio.Event = field(factory=asyncio.Event, init=False)
    _judge: Judge | None = field(init=False)
    _delays: Random = field(init=False)

    def __attrs_post_init__(self) -> None:
        settings = self.service.settings
        self._delays = Random(f"{settings.seed}:delays")
        self._judge = settings.judge
        if settings.judge is None and settings.max_rate is not None:
            self._judge = SlidingLog(settings.max_rate, settings.time_period)

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Answer one request."""
        path = "/" + request.match_info["path"]
        operation = ROUTES.get((request.method, path))
        is_file = path.startswith(FOLDERS)
        up, down = self._drawn_delays()
        await _wait(up)
        # counted now, after the way here: requests may overtake each other, as on a real network
        entry = Entry(self.service.now(), request.method, path, operation.name if operation else "")
        entry.query = dict(request.query)
        (self.ledger.downloads if is_file else self.ledger.entries).append(entry)
        try:
            if is_file:
                return await self._file(request, entry, down)
            return await self._api(request, entry, operation, down)
        except ConnectionError:  # the client has gone, so there is no one to answer
            return web.Response()
        finally:
            entry.answered = self.service.now()
            if self.service.settings.on_request is not None:
                self.service.settings.on_request(entry)

    async def _api(
        self, request: web.Request, entry: Entry, operation: Operation | None, down: float
    ) -> web.StreamResponse:
        # the rate comes before any fault: a gateway refuses without looking at what it refuses
        if self._limited(request, entry, operation):
            await _wait(down)
            return await send(request, self._too_fast(entry))
        fault = self._fault(entry)
        if fault is not None and not fault.accepts:
            if fault.kind is not FaultKind.DELAY:
                if fault.reads:  # else the client may still be sending when the connection ends
                    await _drain(request)
                await _wait(down)
                return await spoil(request, fault, None, self.closing)
            if operation is None or not operation.multipart:
                await request.read()  # by then the client may have gone, and the body with it
            await _wait(fault.seconds)
            fault = None  # from here on it is a request like any other, only later
        # accepted and charged before anything is said of it, as faults after that need
        answer = await self._answer(request, entry, operation)
        entry.code = answer.code
        entry.decision = Decision.ACCEPTED if answer.code < BAD else Decision.REFUSED
        await _wait(down)
        reply = json_reply(answer.body, answer.status)
        if fault is None:
            return await send(request, reply)
        return await spoil(request, fault, reply, self.closing)

    async def _file(self, request: web.Request, entry: Entry, down: float) -> web.StreamResponse:
        fault = self._fault(entry)
        reply = file_reply(self.service, request, entry.path)
        entry.decision = Decision.ACCEPTED if reply.status < BAD else Decision.REFUSED
        entry.code = reply.status
        await _wait(down)
        if fault is None:
            return await send(request, reply)
        return await spoil(request, fault, reply, self.closing)

    async def _answer(
        self, request: web.Request, entry: Entry, operation: Operation | None
    ) -> Answer:
        if operation is None:
            return self._lost(request, entry.path)
        try:
            self._need_key(request, operation)
            body = await self._read(request, entry, operation)
            call = Call(operation, body, _origin(request, entry.path), entry)
            entry.callback_url = call.text(operation.callback) or None
            operation.validate(self.service, body)
            return operation.act(self.service, call)
        except Refusal as refusal:
            return operation.refused(refusal, OK)

    def _lost(self, request: web.Request, path: str) -> Answer:
        known = {operation.path: operation for operation in OPERATIONS}.get(path)
        if known is not None and known.upload:
            return known.refused(Refusal(WRONG_METHOD, "Method not allowed"), WRONG_METHOD)
        refusal = Refusal(NOT_FOUND, f"No {request.method} at {path}")
        return Answer({"code": NOT_FOUND, "msg": refusal.message, "data": None}, NOT_FOUND)

    async def _read(
        self, request: web.Request, entry: Entry, operation: Operation
    ) -> dict[str, Any]:
        if operation.method == "GET":
            return dict(entry.query)
        if operation.multipart:
            form = await read_form(request, self.service.uploads)
            entry.body = {name: value for name, value in form.items() if isinstance(value, str)}
            return form
        try:
            body: Any = json.loads(await request.read())
        except ValueError:
            raise Refusal(BAD) from None
        entry.body = body
        if not isinstance(body, dict):
            raise Refusal(BAD)
        return cast("dict[str, Any]", body)

    def _need_key(self, request: web.Request, operation: Operation) -> None:
        if not self._knows(request):
            why = "Authentication failed: Invalid API Key" if operation.upload else None
            raise Refusal(UNAUTHORIZED, why)

    def _knows(self, request: web.Request) -> bool:
        scheme, _, key = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not key.strip():
            return False
        return self.service.settings.api_key in (None, key.strip())

    def _limited(self, request: web.Request, entry: Entry, operation: Operation | None) -> bool:
        # a stranger's requests do not count towards the key's rate
        if self._judge is None or operation is None or not self._knows(request):
            return False
        if self.service.settings.count == "submissions" and not operation.submits:
            return False
        return not self._judge.allow(entry.time)

    def _too_fast(self, entry: Entry) -> Reply:
        entry.decision, entry.code = Decision.LIMITED, RATE_LIMITED
        return json_reply({"code": RATE_LIMITED, "msg": RATE_MESSAGE, "data": None})

    def _fault(self, entry: Entry) -> Fault | None:
        fault = self.faults.draw(entry.path, entry.operation)
        if fault is not None:
            entry.fault = fault.name
        return fault

    def _drawn_delays(self) -> tuple[float, float]:
        delay = self.service.settings.delay
        if delay is None:
            return 0.0, 0.0
        if callable(delay):
            return delay(self._delays)
        # the total is in the range, and any part of it is the way there
        total = self._delays.uniform(*delay)
        up = self._delays.uniform(0.0, total)
        return up, total - up


async def _wait(seconds: float) -> None:
    if seconds > 0:
        await asyncio.sleep(seconds)


async def _drain(request: web.Request) -> None:
    async for _ in request.content.iter_any():
        pass


def _origin(request: web.Request, path: str) -> str:
    """The address by which the client came, with the prefix under which the fake is mounted."""
    return f"{request.scheme}://{request.host}{request.path.removesuffix(path)}"
