"""The README's bots, with aiogram and discord.py, against their platforms on loopback."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, closing
from typing import TYPE_CHECKING, Any

import pytest
import yarl
from attrs import define
from discord_stub import Discord
from program_kit import loaded, needed, never_blocked, running, until
from telegram_stub import Telegram

from suno_async.testing import Fault

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator
    from pathlib import Path

    from program_kit import Process

    from suno_async.testing import FakeSuno

pytestmark = [
    pytest.mark.filterwarnings("ignore:'audioop' is deprecated:DeprecationWarning")  # discord.py's
]

MUSIC = "generate-music"
COMING = "Your song is coming."


@define(eq=False)
class Chat:
    """A bot, and the platform that it talks to."""

    name: str
    """The file name of its program."""
    command: str
    """What is written before an idea."""
    platform: Telegram | Discord

    @property
    def shown(self) -> list[Any]:
        """What the bot shows, one entry a message."""
        return self.platform.shown

    async def ask(self, idea: str, chat: int = 7) -> Any:
        """Ask for a song."""
        return await self.platform.say(f"{self.command}{idea}", chat)

    @asynccontextmanager
    async def running(self) -> AsyncGenerator[Process]:
        """Run the program, as a new process would, whose end closes what it had open."""
        names, (main,) = loaded(self.name)
        with closing(names["orders"]):
            async with running(main) as process:
                yield process

    async def until_delivered(self, songs: int = 1) -> None:
        """Wait until so many messages have become songs."""
        await until(lambda: sum(shown.is_song for shown in self.shown) == songs)


@pytest.fixture(params=["telegram", "discord"])
async def chat(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    fake_suno: FakeSuno,
) -> AsyncIterator[Chat]:
    """A platform, and the surroundings of a program that will find it and the fake."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TELEGRAM_TOKEN", "1:token")
    monkeypatch.setenv("DISCORD_TOKEN", "token")
    monkeypatch.setenv("SUNO_API_KEY", "key")
    monkeypatch.setenv("SUNO_BASE_URL", fake_suno.url)
    if request.param == "telegram":
        production = needed("aiogram.client.telegram").PRODUCTION
        async with Telegram() as telegram:
            monkeypatch.setitem(production.__dict__, "base", telegram.base)
            yield Chat("telegram_bot.py", "", telegram)
    else:
        route, gateway = needed("discord.http").Route, needed("discord.gateway").DiscordWebSocket
        async with Discord() as discord:
            monkeypatch.setattr(route, "BASE", discord.base)
            monkeypatch.setattr(gateway, "DEFAULT_GATEWAY", yarl.URL(discord.gateway))
            yield Chat("discord_bot.py", "!song ", discord)


async def test_the_answer_shows_each_stage_and_becomes_the_song(
    chat: Chat, fake_suno: FakeSuno
) -> None:
    """One message is sent, at once; it shows each stage, and soon has the first song."""
    fake_suno.script(text=15, first=36.5, complete=148)
    async with chat.running():
        asked = await chat.ask("the sea")
        said = asyncio.get_running_loop().time()
        await chat.until_delivered()
    (shown,) = chat.shown
    title = shown.texts[1].partition(":")[0]
    assert shown.answers == int(asked.get("message_id") or asked["id"])
    assert shown.texts[0] == COMING
    assert [text.count("http://") for text in shown.texts] == [0, 0, 1, 2]
    for text, stage in zip(
        shown.texts[1:], ("the words are written", "the first song", "both songs"), strict=True
    ):
        assert text.startswith(f"{title}: {stage}")
    times = (0, 15, 36.5, 148)
    for at, due, patience in zip(chat.platform.shown_at[:4], times, (1, 6, 6, 10), strict=True):
        assert due <= at - said <= due + patience


async def test_ten_people_at_once(chat: Chat, fake_suno: FakeSuno) -> None:
    """Each of ten people gets an answer at once, and their own song; the loop stays free."""

    async def run() -> Process:
        chat.shown.clear()
        async with chat.running() as process:
            asked = [await chat.ask(f"idea {person}", chat=person) for person in range(100, 110)]
            await until(lambda: len(chat.shown) == len(asked), 1.0)
            await chat.until_delivered(len(asked))
        assert sorted(shown.chat for shown in chat.shown) == [*range(100, 110)]
        assert len({shown.texts[-1] for shown in chat.shown}) == len(asked)
        return process

    await never_blocked(run)
    assert len(fake_suno.ledger.accepted(MUSIC)) % 10 == 0
    assert fake_suno.ledger.limited() == []


@pytest.mark.parametrize("times", [1, 3])
async def test_what_is_delivered_again_is_neither_paid_nor_answered_again(
    chat: Chat, fake_suno: FakeSuno, times: int
) -> None:
    """However often and whenever the platform delivers a message, it is one order."""
    async with chat.running():
        asked = await chat.ask("the sea")
        for _ in range(times):
            await chat.platform.deliver(asked)
        await until(lambda: chat.shown and len(chat.shown[0].texts) == 2)
        await chat.platform.deliver(asked)
        await chat.until_delivered()
        await chat.platform.deliver(asked)
        await asyncio.sleep(60)
    async with chat.running():
        await asyncio.sleep(5)
        await chat.platform.deliver(asked)
        await asyncio.sleep(60)
    assert len(chat.shown) == 1
    assert len(fake_suno.ledger.charged()) == 1


async def test_a_platform_that_takes_no_files_has_the_links(
    chat: Chat, fake_suno: FakeSuno
) -> None:
    """Audio that cannot be fetched, or is too large, costs no song: both links are there."""
    chat.platform.takes_files = False
    async with chat.running():
        await chat.ask("the sea")
        await until(lambda: chat.shown and "both songs" in chat.shown[0].texts[-1])
        await asyncio.sleep(30)
    (shown,) = chat.shown
    assert [text.count("http://") for text in shown.texts] == [0, 0, 1, 2]
    before = len(chat.platform.shown_at)
    async with chat.running():
        await asyncio.sleep(60)
    assert len(chat.platform.shown_at) == before, "it is over"
    assert len(fake_suno.ledger.charged()) == 1


FAILURES: list[tuple[str, str, int]] = [
    ("refused", "Sorry: The service refused the request: ", 0),
    ("unknown", "Sorry: It is not known whether the service accepted ", 1),
    ("too long", "Sorry: GenerateMusic cannot be sent: ", 0),
    ("failed", "Sorry: Task music:", 1),
    ("failed late", "Sorry: Task music:", 1),
]


@pytest.mark.parametrize(("failure", "shown_as", "paid"), FAILURES)
async def test_a_failure_is_shown_in_one_sentence(
    chat: Chat, fake_suno: FakeSuno, failure: str, shown_as: str, paid: int
) -> None:
    """Whatever goes wrong, the answer says it in one line, once; it is not tried again."""
    if failure == "refused":
        fake_suno.balance = 0
    elif failure == "unknown":
        fake_suno.fail(Fault.RESET_AFTER_ACCEPT, on=MUSIC)
    elif failure == "failed":
        fake_suno.script(fail_at=10, error_message="no luck")
    elif failure == "failed late":
        fake_suno.script(text=5, first=20, fail_at=60, error_message="no luck")
    async with chat.running():
        await chat.ask("the sea" * (100 if failure == "too long" else 1))
        await until(lambda: chat.shown and chat.shown[0].texts[-1].startswith("Sorry: "))
    before = len(chat.platform.shown_at)
    fake_suno.balance = 1000
    async with chat.running():
        await asyncio.sleep(200)
    (shown,) = chat.shown
    assert shown.texts[-1].startswith(shown_as)
    assert "\n" not in shown.texts[-1]
    assert len(chat.platform.shown_at) == before
    assert len(fake_suno.ledger.charged()) == paid


@pytest.mark.parametrize("texts", [1, 2, 3, 4])
async def test_a_restart_delivers_the_song_once(
    chat: Chat, fake_suno: FakeSuno, texts: int
) -> None:
    """Stopped after any of its texts, the bot goes on with the same message when it runs again."""
    async with chat.running():
        await chat.ask("the sea")
        await until(lambda: chat.shown and len(chat.shown[0].texts) == texts)
    assert not any("Sorry" in text for text in chat.shown[0].texts)
    async with chat.running():
        await chat.until_delivered()
        await asyncio.sleep(60)
    (shown,) = chat.shown
    assert "both songs" in shown.texts[-1]
    assert len(fake_suno.ledger.charged()) == 1
    before = len(chat.platform.shown_at)
    async with chat.running():
        await asyncio.sleep(60)
    assert len(chat.platform.shown_at) == before
