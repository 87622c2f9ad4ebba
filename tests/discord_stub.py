"""Discord on loopback, its HTTP and its gateway, as far as the README's bot needs them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from aiohttp import BodyPartReader, WSMsgType, web
from aiohttp.test_utils import TestServer
from attrs import define, field

if TYPE_CHECKING:
    from typing import Self

Json = dict[str, Any]

_BOT = {"id": "1", "username": "songs", "discriminator": "0", "avatar": None, "bot": True}
_DISPATCH, _HEARTBEAT, _IDENTIFY, _HELLO, _HEARTBEAT_ACK = 0, 1, 2, 10, 11


@define(eq=False)
class Shown:
    """One message of the bot, with all that it showed so far."""

    chat: int
    id: int
    answers: int
    """The message that it replies to."""
    texts: list[str]
    """Its texts, the newest last."""
    files: list[list[tuple[str, int]]] = field(factory=list[list[tuple[str, int]]])
    """The names and sizes of its attachments, whenever they were set."""

    @property
    def is_song(self) -> bool:
        """Whether both songs are attached to it."""
        return bool(self.files) and len([size for _, size in self.files[-1] if size > 0]) == 2


@define(eq=False)
class Discord:
    """The service: people say something to the bot, and see what it shows."""

    shown: list[Shown] = field(factory=list[Shown], init=False)
    """The bot's messages, in order."""

    shown_at: list[float] = field(factory=list[float], init=False)
    """The loop's time of each message sent, and of each edit."""
    before: Callable[[], None] = lambda: None
    """Called before each of them has any effect."""
    takes_files: bool = True
    """Whether it takes attachments."""
    quiet: float = 20.0
    """Seconds between two signs of life, for the library's own beat keeps the real time."""
    _numbers: int = field(default=100, init=False)
    _sockets: list[web.WebSocketResponse] = field(factory=list[web.WebSocketResponse], init=False)
    ready: asyncio.Event = field(factory=asyncio.Event, init=False)
    """Whether a bot listens."""
    _server: TestServer = field(init=False)

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_get("/gateway", self._gateway)
        app.router.add_get("/users/@me", self._me)
        app.router.add_get("/oauth2/applications/@me", self._application)
        app.router.add_post("/channels/{chat}/messages", self._send)
        app.router.add_patch("/channels/{chat}/messages/{id}", self._edit)
        self._server = TestServer(app)
        await self._server.start_server(shutdown_timeout=0.1)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._server.close()

    @property
    def base(self) -> str:
        """The address of its HTTP."""
        return str(self._server.make_url("/")).rstrip("/")

    @property
    def gateway(self) -> str:
        """The address of its gateway."""
        return f"ws{self.base.removeprefix('http')}/gateway"

    async def say(self, text: str, chat: int = 7) -> Json:
        """Write a message to the bot, once it listens."""
        async with asyncio.timeout(30.0):
            await self.ready.wait()
        person = {"id": str(chat), "username": "ada", "discriminator": "0", "avatar": None}
        message = self._message(chat, self._next(), text) | {"author": person}
        await self.deliver(message)
        return message

    async def deliver(self, message: Json) -> None:
        """Deliver a message, possibly once more."""
        for socket in self._sockets:
            await self._send_event(socket, "MESSAGE_CREATE", message)

    def _take_note(self) -> None:
        self.shown_at.append(asyncio.get_running_loop().time())
        self.before()

    def _next(self) -> int:
        self._numbers += 1
        return self._numbers

    def _message(self, chat: int, number: int, text: str) -> Json:
        empty: Json = {"mentions": [], "mention_roles": [], "attachments": [], "embeds": []}
        return empty | {
            "id": str(number),
            "channel_id": str(chat),
            "author": _BOT,
            "content": text,
            "timestamp": "2026-11-20T12:00:00+00:00",
            "edited_timestamp": None,
            "tts": False,
            "mention_everyone": False,
            "pinned": False,
            "type": 0,
        }

    async def _me(self, _: web.Request) -> web.Response:
        return _reply(_BOT)

    async def _application(self, _: web.Request) -> web.Response:
        return _reply(
            {
                "id": "1",
                "name": "songs",
                "icon": None,
                "description": "",
                "bot_public": True,
                "bot_require_code_grant": False,
                "verify_key": "",
                "flags": 0,
                "owner": _BOT,
            }
        )

    # --- messages --------------------------------------------------------------------------------

    async def _send(self, request: web.Request) -> web.Response:
        self._take_note()
        given = await request.json()
        answers = int(given["message_reference"]["message_id"])
        shown = Shown(int(request.match_info["chat"]), self._next(), answers, [given["content"]])
        self.shown.append(shown)
        return _reply(self._message(shown.chat, shown.id, given["content"]))

    async def _edit(self, request: web.Request) -> web.Response:
        self._take_note()
        wanted = int(request.match_info["chat"]), int(request.match_info["id"])
        (shown,) = [one for one in self.shown if (one.chat, one.id) == wanted]
        given, files = await _read(request)
        if files and not self.takes_files:
            refusal = {"message": "Request entity too large", "code": 40005}
            return _reply(refusal, web.HTTPRequestEntityTooLarge.status_code)
        if "content" in given:
            shown.texts.append(given["content"])
        if "attachments" in given:
            shown.files.append(files)
        return _reply(self._message(shown.chat, shown.id, shown.texts[-1]))

    # --- the gateway -----------------------------------------------------------------------------

    async def _gateway(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse(timeout=0.1)
        await socket.prepare(request)
        await socket.send_json({"op": _HELLO, "d": {"heartbeat_interval": 41_250}, "s": None})
        alive = asyncio.create_task(self._stay_alive(socket))
        self._sockets.append(socket)
        try:
            async for said in socket:
                if said.type is WSMsgType.TEXT and json.loads(said.data)["op"] == _IDENTIFY:
                    ready: Json = {"v": 10, "user": _BOT, "guilds": [], "session_id": "s"}
                    ready |= {
                        "resume_gateway_url": self.gateway,
                        "application": {"id": "1", "flags": 0},
                    }
                    await self._send_event(socket, "READY", ready)
                    self.ready.set()
        finally:
            self._sockets.remove(socket)
            self.ready.clear()
            alive.cancel()
        return socket

    async def _stay_alive(self, socket: web.WebSocketResponse) -> None:
        while True:
            await asyncio.sleep(self.quiet)
            await socket.send_json({"op": _HEARTBEAT_ACK, "d": None, "s": None})

    async def _send_event(self, socket: web.WebSocketResponse, name: str, data: Json) -> None:
        await socket.send_json({"op": _DISPATCH, "t": name, "s": self._next(), "d": data})


def _reply(data: Json, status: int = 200) -> web.Response:
    """An answer with the bare content type that Discord sends, and the library insists on."""
    body = json.dumps(data).encode()
    return web.Response(status=status, body=body, content_type="application/json")


async def _read(request: web.Request) -> tuple[Json, list[tuple[str, int]]]:
    """What an edit gives: its fields, and the names and sizes of its files."""
    if request.content_type == "application/json":
        return await request.json(), []
    given: Json = {}
    files: list[tuple[str, int]] = []
    async for part in await request.multipart():
        assert isinstance(part, BodyPartReader)
        content = await part.read()
        if part.name == "payload_json":
            given = json.loads(content)
        else:
            files.append((part.filename or "", len(content)))
    return given, files
