"""A Telegram bot: send it an idea, and its answer becomes the song.

    TELEGRAM_TOKEN=... python telegram_bot.py

It keeps one table besides the journal, for only the bot knows which of its messages answers which.
The answer is edited, for an edit can be repeated after a kill; a message would arrive twice.
"""

import asyncio
import os
import sqlite3
from contextlib import suppress

from aiogram import Bot, Dispatcher, F
from aiogram.exceptions import TelegramBadRequest
from aiogram.types import InputMediaAudio, Message, ReplyParameters

from suno_async import ClientClosed, GenerateMusic, SunoClient, SunoError, TaskFailed

STAGES = {"text": "the words are written", "first": "the first song", "complete": "both songs"}
dispatcher, orders = Dispatcher(), sqlite3.connect("telegram.sqlite", isolation_level=None)
picked_up: list[asyncio.Task[None]] = []  # held, for a task that nobody holds may vanish
orders.executescript("""PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; -- no wait for disks
    CREATE TABLE IF NOT EXISTS orders (chat, message, idea, answer, over,
                                       PRIMARY KEY (chat, message))""")


@dispatcher.message(F.text)
async def order(message: Message, bot: Bot, suno: SunoClient) -> None:
    given = message.chat.id, message.message_id, message.text or ""
    if orders.execute("INSERT OR IGNORE INTO orders VALUES (?, ?, ?, NULL, FALSE)", given).rowcount:
        await make(bot, suno, *given, None)  # else it was delivered before


async def make(
    bot: Bot, suno: SunoClient, chat: int, message: int, idea: str, answer: int | None
) -> None:
    order = chat, message
    if answer is None:
        reply = ReplyParameters(message_id=message)
        sent = await bot.send_message(chat, "Your song is coming.", reply_parameters=reply)
        answer = sent.message_id
        orders.execute(
            "UPDATE orders SET answer = ? WHERE (chat, message) = (?, ?)", (answer, *order)
        )
    heard: list[str | None] = []
    over = True

    async def show(text: str) -> None:
        for url in (*heard[:1], None):  # to be played in the chat, or else a link is left
            with suppress(TelegramBadRequest):  # it shows this already, or the file is too large
                if url is None:
                    await bot.edit_message_text(text, chat_id=chat, message_id=answer)
                else:
                    audio = InputMediaAudio(media=url, caption=text)
                    await bot.edit_message_media(audio, chat_id=chat, message_id=answer)
                return

    try:
        key = f"telegram {chat} {message}"
        async for event in await suno.submit(GenerateMusic(idea), idempotency_key=key):
            heard = [track.playable_url for track in event.result if track.is_ready]
            head = f"{event.result[0].title}: {STAGES[event.stage]}"
            await show("\n".join([head, *map(str, heard)]))
    except ClientClosed:
        return  # the next process goes on with it
    except SunoError as error:
        await show(f"Sorry: {error}")
        over = not error.token or isinstance(error, TaskFailed)  # else it is paid for, and goes on
    orders.execute("UPDATE orders SET over = ? WHERE (chat, message) = (?, ?)", (over, *order))


async def main() -> None:
    async with (
        Bot(os.environ["TELEGRAM_TOKEN"]) as bot,
        SunoClient(journal="songs.sqlite") as suno,
    ):
        left = orders.execute("SELECT * FROM orders WHERE NOT over").fetchall()
        picked_up.extend(asyncio.create_task(make(bot, suno, *one[:4])) for one in left)
        await dispatcher.start_polling(bot, suno=suno)  # pyright: ignore[reportUnknownMemberType]


asyncio.run(main())
