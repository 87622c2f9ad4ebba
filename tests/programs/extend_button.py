"""A Telegram bot whose songs have a button that makes them longer.

    TELEGRAM_TOKEN=... python extend_button.py

Nothing is kept but the journal: a button carries the token of its task, and what is pressed twice
is the same submission. `telegram_bot.py` shows stages, and goes on after a restart.
"""

import asyncio
import os

from aiogram import Bot, Dispatcher, F
from aiogram.types import CallbackQuery, InlineKeyboardButton, InlineKeyboardMarkup, Message

from suno_async import ExtendMusic, GenerateMusic, SunoClient, SunoError, Task, Track

dispatcher = Dispatcher()


@dispatcher.message(F.text)
async def order(message: Message, bot: Bot, suno: SunoClient) -> None:
    await message.reply("Your song is coming.")
    key = f"telegram {message.chat.id} {message.message_id}"
    try:
        request = GenerateMusic(message.text or "")
        await deliver(bot, message.chat.id, await suno.submit(request, idempotency_key=key))
    except SunoError as error:
        await message.reply(f"Sorry: {error}")


@dispatcher.callback_query(F.data.startswith("extend "))
async def extend(query: CallbackQuery, bot: Bot, suno: SunoClient) -> None:
    await query.answer("A longer one is coming.")
    _, token, number = str(query.data).split()
    try:
        tracks = await suno.task(token, GenerateMusic)
        request = ExtendMusic(tracks[int(number)])
        task = await suno.submit(request, idempotency_key=str(query.data))
        await deliver(bot, query.from_user.id, task)
    except SunoError as error:
        await bot.send_message(query.from_user.id, f"Sorry: {error}")


async def deliver(bot: Bot, chat: int, task: Task[tuple[Track, ...]]) -> None:
    for number, track in enumerate(await task):
        data = f"extend {task.token} {number}"
        button = InlineKeyboardButton(text="Make it longer", callback_data=data)
        markup = InlineKeyboardMarkup(inline_keyboard=[[button]])
        url = str(track.audio_url)
        await bot.send_audio(chat, url, caption=track.title, reply_markup=markup)


async def main() -> None:
    async with (
        Bot(os.environ["TELEGRAM_TOKEN"]) as bot,
        SunoClient(journal="songs.sqlite") as suno,
    ):
        await dispatcher.start_polling(bot, suno=suno)  # pyright: ignore[reportUnknownMemberType]


asyncio.run(main())
