"""A Bot API server on loopback, as far as the README's bot needs it."""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from aiohttp import ClientSession, web
from aiohttp.test_utils import TestServer
from attrs import define, field

if TYPE_CHECKING:
    from typing import Self

Json = dict[str, Any]


@define(eq=False)
class Shown:
    """One message of the bot, with all that it showed so far."""

    chat: int
    id: int
    answers: int
    """The message that it replies to."""
    texts: list[str]
    """Its texts or captions, the newest last."""
    buttons: list[str] = field(factory=list[str])
    """What each button under it sends when it is pressed."""
    audio: str | None = None
    """The address of its audio."""
    heard: list[int] = field(factory=list[int])
    """How many bytes of audio were fetched each time it was set, as Telegram does."""

    @property
    def is_song(self) -> bool:
        """Whether it plays, and links to both songs."""
        return bool(self.heard) and min(self.heard) > 0 and self.texts[-1].count("http://") == 2


class BadRequest(Exception):
    """What Telegram answers with HTTP 400."""


@define(eq=False)
class Telegram:
    """The server: people say something to the bot, and see what it shows.

    An update is delivered again until a later poll confirms it, as Telegram does.
    """

    shown: list[Shown] = field(factory=list[Shown], init=False)
    """The bot's messages, in order."""

    shown_at: list[float] = field(factory=list[float], init=False)
    """The loop's time of each message sent, and of each edit."""
    takes_files: bool = field(default=True, init=False)
    """Whether it can fetch what it is given to play."""
    _updates: list[Json] = field(factory=list[Json], init=False)
    _numbers: int = field(default=0, init=False)
    _updated: asyncio.Event = field(factory=asyncio.Event, init=False)
    _server: TestServer = field(init=False)
    _session: ClientSession = field(init=False)

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_post("/bot{token}/{method}", self._serve)
        self._server = TestServer(app)
        self._session = ClientSession()
        await self._server.start_server(shutdown_timeout=0.1)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._session.close()
        await self._server.close()

    @property
    def base(self) -> str:
        """The pattern of its addresses, as aiogram writes it."""
        return f"{str(self._server.make_url('/')).rstrip('/')}/bot{{token}}/{{method}}"

    async def say(self, text: str, chat: int = 7) -> Json:
        """Write a message to the bot, whether it listens or not."""
        message = self._message(chat, self._next(), text)
        await self.deliver(message)
        return message

    async def deliver(self, message: Json) -> None:
        """Deliver a message, possibly once more."""
        self._updates.append({"update_id": self._next(), "message": message})
        self._updated.set()

    async def press(self, shown: Shown, button: int = 0) -> None:
        """Press a button under a message of the bot."""
        person = {"id": shown.chat, "is_bot": False, "first_name": "Ada"}
        message = self._message(shown.chat, shown.id, shown.texts[-1])
        query = {"id": str(self._next()), "from": person, "chat_instance": "1"}
        query |= {"message": message, "data": shown.buttons[button]}
        self._updates.append({"update_id": self._next(), "callback_query": query})
        self._updated.set()

    def _next(self) -> int:
        self._numbers += 1
        return self._numbers

    def _message(self, chat: int, number: int, text: str) -> Json:
        person = {"id": chat, "is_bot": False, "first_name": "Ada"}
        place = {"id": chat, "type": "private", "first_name": "Ada"}
        return {"message_id": number, "date": 0, "chat": place, "from": person, "text": text}

    async def _serve(self, request: web.Request) -> web.Response:
        method, given = request.match_info["method"], dict(await request.post())
        if method not in ("getMe", "getUpdates"):
            self.shown_at.append(asyncio.get_running_loop().time())
        try:
            result = await getattr(self, f"_{method}")(given)
        except BadRequest as error:
            refusal = {"ok": False, "error_code": 400, "description": f"Bad Request: {error}"}
            return web.json_response(refusal, status=400)
        return web.json_response({"ok": True, "result": result})

    async def _getMe(self, _: Json) -> Json:  # noqa: N802 the API's own name
        return {"id": 1, "is_bot": True, "first_name": "Song bot", "username": "song_bot"}

    async def _getUpdates(self, given: Json) -> list[Json]:  # noqa: N802 the API's own name
        seen = int(given.get("offset", 0))
        self._updates = [one for one in self._updates if one["update_id"] >= seen]
        if not self._updates:
            self._updated.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(float(given["timeout"])):
                    await self._updated.wait()
        return self._updates

    async def _sendMessage(self, given: Json) -> Json:  # noqa: N802 the API's own name
        chat, text = int(given["chat_id"]), given["text"]
        answers = json.loads(given.get("reply_parameters", "{}")).get("message_id", 0)
        shown = Shown(chat, self._next(), answers, [text])
        self.shown.append(shown)
        return self._message(chat, shown.id, text)

    async def _sendAudio(self, given: Json) -> Json:  # noqa: N802 the API's own name
        rows = json.loads(given["reply_markup"])["inline_keyboard"]
        buttons = [one["callback_data"] for row in rows for one in row]
        assert all(len(one.encode()) <= 64 for one in buttons)
        shown = Shown(int(given["chat_id"]), self._next(), 0, [given["caption"]])
        shown.buttons, shown.audio = buttons, given["audio"]
        self.shown.append(shown)
        return self._message(shown.chat, shown.id, given["caption"])

    async def _answerCallbackQuery(self, _: Json) -> bool:  # noqa: N802 the API's own name
        return True

    async def _editMessageText(self, given: Json) -> Json:  # noqa: N802 the API's own name
        shown = self._found(given)
        if shown.audio is not None:
            raise BadRequest("there is no text in the message to edit")
        return self._change(shown, given["text"], None)

    async def _editMessageMedia(self, given: Json) -> Json:  # noqa: N802 the API's own name
        shown, media = self._found(given), json.loads(given["media"])
        assert media["type"] == "audio"
        if not self.takes_files:
            raise BadRequest("failed to get HTTP URL content")
        message = self._change(shown, media["caption"], media["media"])
        async with self._session.get(media["media"]) as answer:
            if answer.status != web.HTTPOk.status_code:
                raise BadRequest("failed to get HTTP URL content")
            shown.heard.append(len(await answer.read()))
        return message

    def _found(self, given: Json) -> Shown:
        wanted = int(given["chat_id"]), int(given["message_id"])
        for shown in self.shown:
            if (shown.chat, shown.id) == wanted:
                return shown
        raise BadRequest("message to edit not found")

    def _change(self, shown: Shown, text: str, audio: str | None) -> Json:
        if (shown.texts[-1], shown.audio) == (text, audio):
            raise BadRequest("message is not modified")
        shown.texts.append(text)
        shown.audio = audio
        return self._message(shown.chat, shown.id, text)
