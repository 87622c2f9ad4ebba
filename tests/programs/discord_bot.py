"""A Discord bot: `!song an idea`, and its answer becomes the song.

    DISCORD_TOKEN=... python discord_bot.py

It keeps one table besides the journal, for only the bot knows which of its messages answers which.
The answer is edited, for an edit can be repeated after a kill; a message would arrive twice.
"""

import asyncio
import os
import sqlite3
from contextlib import suppress

import discord
from discord.ext import commands

from suno_async import ClientClosed, GenerateMusic, SunoClient, SunoError, TaskFailed

STAGES = {"text": "the words are written", "first": "the first song", "complete": "both songs"}
suno = SunoClient(journal="songs.sqlite")
picked_up: list[asyncio.Task[None]] = []  # held, for a task that nobody holds may vanish
bot = commands.Bot("!", intents=discord.Intents(guilds=True, messages=True, message_content=True))
orders = sqlite3.connect("discord.sqlite", isolation_level=None)
orders.executescript("""PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; -- no wait for disks
    CREATE TABLE IF NOT EXISTS orders (message PRIMARY KEY, channel, idea, answer, over)""")


@bot.command()
async def song(context: commands.Context[commands.Bot], *, idea: str) -> None:
    given = context.message.id, context.channel.id, idea
    if orders.execute("INSERT OR IGNORE INTO orders VALUES (?, ?, ?, NULL, FALSE)", given).rowcount:
        await make(*given, None)  # else it was delivered before


async def make(message: int, channel: int, idea: str, answer: int | None) -> None:
    room = bot.get_partial_messageable(channel)
    if answer is None:
        answer = (await room.get_partial_message(message).reply("Your song is coming.")).id
        orders.execute("UPDATE orders SET answer = ? WHERE message = ?", (answer, message))
    shown, over = room.get_partial_message(answer), True
    try:
        task = await suno.submit(GenerateMusic(idea), idempotency_key=f"discord {message}")
        async for event in task:
            heard = [f"[listen]({one.playable_url})" for one in event.result if one.is_ready]
            head = f"{event.result[0].title}: {STAGES[event.stage]}"
            await shown.edit(content=" ".join([head, *heard]))
        files = [discord.File(await suno.download(one, "songs/")) for one in await task]
        with suppress(discord.HTTPException):  # too large here: links are left, for 15 days
            await shown.edit(attachments=files)
    except ClientClosed:
        return  # the next process goes on with it
    except SunoError as error:
        await shown.edit(content=f"Sorry: {error}")
        over = not error.token or isinstance(error, TaskFailed)  # else it is paid for, and goes on
    orders.execute("UPDATE orders SET over = ? WHERE message = ?", (over, message))


async def main() -> None:
    async with bot, suno:
        await bot.login(os.environ["DISCORD_TOKEN"])
        left = orders.execute("SELECT * FROM orders WHERE NOT over").fetchall()
        picked_up.extend(asyncio.create_task(make(*one[:4])) for one in left)
        await bot.connect()


asyncio.run(main())
