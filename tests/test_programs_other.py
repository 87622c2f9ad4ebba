"""The programs of a night, of an instant, and with a button, over real sockets."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import pytest
from program_kit import loaded, needed, running, until
from telegram_stub import Telegram

from suno_async.testing import FakeSuno, Fault, Timetable

if TYPE_CHECKING:
    from pathlib import Path

MUSIC = "generate-music"


@pytest.fixture(autouse=True)
def surroundings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What each program finds: a directory of its own, and a key."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SUNO_API_KEY", "key")


async def test_a_night_is_reported(
    fake_suno: FakeSuno, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every line has its row: done, failed, refused or in doubt; run again, none is paid again."""
    monkeypatch.setenv("SUNO_BASE_URL", fake_suno.url)
    fake_suno.script(fail_at=20, error_message="no luck")
    fake_suno.fail(Fault.RESET_AFTER_ACCEPT, on=MUSIC, skip=1)
    ideas = tmp_path / "ideas.txt"
    ideas.write_text(f"the sea\n\nthe moon\n{'x' * 501}\nthe wind\n", "utf-8")
    main = loaded("nightly.py", "nightly")[0]["main"]
    assert await main(ideas) == 1
    report = (tmp_path / "ideas.md").read_text("utf-8").splitlines()
    assert report[0].startswith("# ideas.txt: ")
    assert "credits spent: " in report[0]
    states = sorted(line.split("**")[1] for line in report if line.startswith("- "))
    assert states == ["done", "failed", "failed", "in doubt"]
    assert len([*tmp_path.glob("ideas/*.mp3")]) == 2
    paid = len(fake_suno.ledger.charged())
    assert await main(ideas) == 1
    assert len(fake_suno.ledger.charged()) == paid, "nothing is paid for again"


async def test_a_night_without_a_network_is_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fake_suno: FakeSuno
) -> None:
    """A batch that ends early has its report: which lines were not begun, and why."""
    monkeypatch.setenv("SUNO_BASE_URL", fake_suno.url)
    fake_suno.balance = 0
    ideas = tmp_path / "ideas.txt"
    ideas.write_text("the sea\nthe moon\n", "utf-8")
    assert await loaded("nightly.py", "nightly")[0]["main"](ideas) == 1
    report = (tmp_path / "ideas.md").read_text("utf-8")
    assert "The service refused the request: " in report


async def test_a_button_makes_a_song_longer(
    fake_suno: FakeSuno, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each song has a button; pressed, even twice, it pays for one longer song with its own."""
    monkeypatch.setenv("SUNO_BASE_URL", fake_suno.url)
    monkeypatch.setenv("TELEGRAM_TOKEN", "1:token")
    production = needed("aiogram.client.telegram").PRODUCTION
    async with Telegram() as telegram:
        monkeypatch.setitem(production.__dict__, "base", telegram.base)
        _, (main,) = loaded("extend_button.py")
        async with running(main):
            await telegram.say("the sea")
            await until(lambda: len(telegram.shown) == 3)
            song = telegram.shown[1]
            await telegram.press(song)
            await telegram.press(song)
            await until(lambda: len(telegram.shown) == 7)
            await telegram.press(telegram.shown[-1])
            await until(lambda: len(telegram.shown) == 9)
            fake_suno.balance = 0
            await telegram.press(telegram.shown[-1])
            await until(lambda: len(telegram.shown) == 10)
    fake_suno.ledger.assert_charged(1, "generate_music")
    fake_suno.ledger.assert_charged(2, "extend_music")
    assert all(shown.buttons for shown in telegram.shown[1:-1])
    assert telegram.shown[-1].texts[0].startswith("Sorry: ")


@pytest.mark.real_time
def test_a_function_lives_for_one_request(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An order is answered at once, and again by the same song; each question is one poll."""
    handler = loaded("serverless.py", "serverless")[0]["handler"]

    def asked(method: str, **given: Any) -> tuple[int, Any]:
        answer = handler({"httpMethod": method, **given}, None)
        return answer["statusCode"], json.loads(answer["body"])

    with FakeSuno.in_thread(timetable=Timetable(scale=1 / 100)) as fake:
        monkeypatch.setenv("SUNO_BASE_URL", fake.url)
        monkeypatch.setenv("JOURNAL", str(tmp_path / "songs.sqlite"))
        order = json.dumps({"idea": "the sea", "order": "k1"})
        status, answer = asked("POST", body=order)
        assert status == 202
        assert asked("POST", body=order) == (202, answer)
        time.sleep(2)
        status, song = asked("GET", queryStringParameters=answer)
        assert (status, song["stage"], len(song["links"])) == (200, "complete", 2)
        assert fake.ledger.count("get-music-generation-details") <= 2
        fake.ledger.assert_charged(1)
        assert asked("POST", body=json.dumps({"idea": "", "order": "k2"}))[0] == 422
        fake.balance = 0
        status, answer = asked("POST", body=json.dumps({"idea": "the moon", "order": "k3"}))
        assert (status, [*answer]) == (503, ["error"])
