"""Sending a reply, whole or spoilt."""

import asyncio
import contextlib
import json
import socket
import struct
from collections.abc import Mapping
from typing import Any

from aiohttp import web
from attrs import field, frozen

from suno_async.testing._api.media import Blob, of_bytes
from suno_async.testing.faults import Fault, FaultKind

_PIECE = 65_536
_PAUSE = 0.01  # between the pieces of an endless body: were there none, no virtual time would pass
_JSON = "application/json; charset=utf-8"
_STAND_IN = b'{"code":200,"msg":"success","data":{"taskId":"00000000000000000000000000000000"}}'


@frozen
class Reply:
    """What is sent: a status, headers, and a blob or a part of it."""

    blob: Blob
    status: int = 200
    headers: Mapping[str, str] = field(factory=dict[str, str])
    span: tuple[int, int] | None = None
    """From which byte of the blob up to which; None is all of it."""

    @property
    def length(self) -> int:
        """How many bytes the body has."""
        start, stop = self.span or (0, self.blob.size)
        return stop - start

    def piece(self, start: int, stop: int) -> bytes:
        """Bytes of the body, counted from its own begin."""
        offset = self.span[0] if self.span else 0
        return self.blob.read(offset + start, offset + min(stop, self.length))


def json_reply(body: Any, status: int = 200) -> Reply:
    """A reply that carries JSON."""
    text = json.dumps(body, ensure_ascii=False)
    return bytes_reply(text.encode(errors="replace"), status, _JSON)  # half a character, say


def bytes_reply(content: bytes, status: int, content_type: str) -> Reply:
    """A reply that carries these bytes."""
    return Reply(of_bytes(content, content_type), status)


async def send(request: web.Request, reply: Reply) -> web.StreamResponse:
    """Send a reply as it should be."""
    # what is small goes out whole, in one write: most answers, and the cheapest way
    if reply.length <= _PIECE and request.method != "HEAD":
        body, headers = reply.piece(0, reply.length), _headers(reply)
        return web.Response(body=body, status=reply.status, headers=headers)
    response = _opened(reply)
    await response.prepare(request)
    if request.method != "HEAD":
        await _write(response, reply, reply.length)
    return response


async def spoil(
    request: web.Request, fault: Fault, reply: Reply | None, closing: asyncio.Event
) -> web.StreamResponse:
    """Play a fault, on the true reply where there is one."""
    true = reply or bytes_reply(_STAND_IN, 200, _JSON)
    response: web.StreamResponse
    match fault.kind:
        case FaultKind.RESET | FaultKind.CLOSE:
            response = _hang_up(request, reset=fault.kind is FaultKind.RESET)
        case FaultKind.NEVER:
            await closing.wait()  # a handler that never ended would hold the fake's own end
            response = _hang_up(request, reset=True)
        case FaultKind.ANSWER:
            response = _instead(request, fault, true)
        case FaultKind.CUT_HEAD:
            if request.transport is not None:
                request.transport.write(b"HTTP/1.1 200 OK\r\nContent-Type: applic")
            response = _hang_up(request, reset=False)
        case FaultKind.CUT | FaultKind.STALL:
            until = closing if fault.kind is FaultKind.STALL else None
            response = await _cut(request, true, fault.at, until)
        case FaultKind.DRIP:
            response = await _drip(request, true, fault.seconds, closing)
        case FaultKind.ENDLESS:
            response = await _endless(request, closing)
        case FaultKind.DELAY:
            await asyncio.sleep(fault.seconds)
            response = await send(request, true)
    return response


def _instead(request: web.Request, fault: Fault, true: Reply) -> web.Response:
    # no body of its own: the true answer, under other headers
    body = true.piece(0, true.length) if fault.body is None else fault.body
    headers = {"Content-Type": _JSON, **fault.headers}
    if "Location" in headers:
        headers["Location"] = headers["Location"].replace("{self}", str(request.url))
    return web.Response(body=body, status=fault.status, headers=headers)


async def _cut(
    request: web.Request, true: Reply, at: int | None, until: asyncio.Event | None
) -> web.StreamResponse:
    response = _opened(true)
    await response.prepare(request)
    await _write(response, true, true.length // 2 if at is None else min(at, true.length))
    if until is not None:
        await until.wait()
    return _hang_up(request, reset=False)  # a reset could overtake the bytes before it


async def _drip(
    request: web.Request, true: Reply, pause: float, closing: asyncio.Event
) -> web.StreamResponse:
    response = _opened(true)
    await response.prepare(request)
    with contextlib.suppress(ConnectionResetError):  # the client has gone
        for start in range(true.length):
            if closing.is_set():
                return _hang_up(request, reset=True)
            await response.write(true.piece(start, start + 1))
            await asyncio.sleep(pause)
    return response


async def _endless(request: web.Request, closing: asyncio.Event) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": _JSON})
    await response.prepare(request)
    with contextlib.suppress(ConnectionResetError):  # as above
        await response.write(b'{"code":200,"msg":"')
        while not closing.is_set():
            await response.write(b"a" * _PIECE)
            await asyncio.sleep(_PAUSE)
    return _hang_up(request, reset=True)


async def _write(response: web.StreamResponse, reply: Reply, length: int) -> None:
    for start in range(0, length, _PIECE):
        await response.write(reply.piece(start, min(length, start + _PIECE)))


def _headers(reply: Reply) -> dict[str, str]:
    return {"Content-Type": reply.blob.content_type, **reply.headers}


def _opened(reply: Reply) -> web.StreamResponse:
    response = web.StreamResponse(status=reply.status, headers=_headers(reply))
    response.content_length = reply.length
    return response


def _hang_up(request: web.Request, *, reset: bool) -> web.Response:
    # the response that is returned is never sent: its connection is gone by then
    transport = request.transport
    if transport is None:  # the client was quicker
        return web.Response()
    if reset:
        connection = transport.get_extra_info("socket")
        linger = struct.pack("ii", 1, 0)  # closing then sends RST
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        transport.abort()
    else:
        transport.close()
    return web.Response()
