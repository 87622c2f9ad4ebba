"""Whose a journal is: the account's name, and what another account gets."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from suno_async import ConfigurationError, GenerateMusic, JournalError, SunoClient
from suno_async._journal.account import account_name
from suno_async.testing import FakeSuno

if TYPE_CHECKING:
    from pathlib import Path

SEA = GenerateMusic("the sea")
KEY = "0123456789abcdef0123456789abcdef"
REAL = "https://api.sunoapi.org"


def of(base_url: str, key: str = KEY) -> str:
    """The account's name by default."""
    return account_name(None, base_url, key)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the journal is."""
    return tmp_path / "songs.sqlite"


@pytest.mark.parametrize(
    "base_url",
    [
        "http://localhost:8750",
        "http://LOCALHOST",
        "http://127.0.0.1:1",
        "https://127.200.0.9/api",
        "http://[::1]:99",
        "http://[::ffff:127.0.0.1]:99",
        "http://suno.localhost:8750",
    ],
)
def test_all_loopback_hosts_are_one(base_url: str) -> None:
    """The embedded API has another port each time, and its journals are of one account."""
    assert of(base_url) == of("http://127.0.0.1:8750")
    assert of(base_url).startswith("local#")


def test_an_account_is_a_host_and_a_key() -> None:
    """Another host, another port of it or another key is another account; a path is not."""
    names = [
        of(REAL),
        of("https://api.kie.ai"),
        of(f"{REAL}:8443"),
        of(REAL, "another key"),
        of("http://localhost"),
        of("http://10.0.0.1"),
        of("http://localhost.example"),
    ]
    assert len(set(names)) == len(names)
    assert of(f"{REAL}:443/suno/") == of(REAL) == of("https://API.sunoapi.org")


def test_the_name_is_frozen() -> None:
    """A later version must not take its own journals for another account's."""
    assert of(REAL) == "api.sunoapi.org#2c593bb220d9d19f"
    assert account_name("default", REAL, KEY) == of(REAL)
    assert account_name("band", REAL, KEY) == "band"


async def test_the_key_is_not_in_the_file(fake_suno: FakeSuno, path: Path, tmp_path: Path) -> None:
    """What tells accounts apart does not show the key."""
    async with SunoClient(KEY, base_url=fake_suno.url, journal=path):
        assert not any(KEY.encode() in file.read_bytes() for file in tmp_path.iterdir())
    async with SunoClient(KEY, base_url=fake_suno.url, journal=path):  # the same again
        pass


async def test_a_simulation_is_not_the_real_thing(fake_suno: FakeSuno, path: Path) -> None:
    """Simulated first, then run for real on the same file: refused, in words, before it is sent."""
    async with SunoClient("key", base_url=fake_suno.url, journal=path) as suno:
        assert [outcome.error async for outcome in suno.batch([SEA])] == [None]
    real = SunoClient("key", base_url="https://suno.example", journal=path)
    with pytest.raises(JournalError) as caught:
        async with real:
            pass
    ours, theirs = of("https://suno.example", "key"), of("http://localhost", "key")
    assert f"belongs to the account {theirs!r}, and this client is {ours!r}" in str(caught.value)
    assert f"account={theirs!r}" in str(caught.value)
    assert f"suno-async journal {path} --account '{ours}'" in str(caught.value)
    outcomes = [outcome async for outcome in real.batch([SEA])]
    await real.aclose()
    assert [type(outcome.error) for outcome in outcomes] == [JournalError]


async def test_another_accounts_file_is_left_as_it_is(fake_suno: FakeSuno, path: Path) -> None:
    """Nothing is sent, nothing is changed, and nobody is kept out."""
    async with SunoClient("key", base_url=fake_suno.url, journal=path, account="mine") as suno:
        await suno.submit(SEA, idempotency_key="k")
    before = path.read_bytes()
    other = SunoClient("key", base_url=fake_suno.url, journal=path, account="yours")
    for _ in range(2):
        with pytest.raises(JournalError, match="the account 'mine', and this client is 'yours'"):
            await other.submit(SEA, idempotency_key="k")
    assert path.read_bytes() == before
    async with SunoClient("new-key", base_url=fake_suno.url, journal=path, account="mine") as suno:
        assert [entry.key async for entry in suno.submissions()] == ["k"], "under a rotated key"
    await other.aclose()
    assert len(fake_suno.ledger.accepted()) == 1


async def test_the_embedded_api_goes_on_at_another_port(path: Path) -> None:
    """A test's journal may be used with the next embedded API: both are local."""
    for _ in range(2):
        async with FakeSuno() as fake, SunoClient("key", base_url=fake.url, journal=path) as suno:
            await suno.get_credits()


async def test_a_file_that_is_nobodys_is_the_first_ones(fake_suno: FakeSuno, path: Path) -> None:
    """A crash between making the file and taking it leaves no file that nobody may open."""
    async with SunoClient("key", base_url=fake_suno.url, journal=path):
        pass
    with closing(sqlite3.connect(path)) as db:
        db.execute("UPDATE journal SET account = NULL")
        db.commit()
    async with SunoClient("key", base_url=fake_suno.url, journal=path, account="mine"):
        pass
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("SELECT account FROM journal").fetchall() == [("mine",)]


@pytest.mark.parametrize("account", ["", " ", "a\nb", " a", 7, b"a", "x" * 201])
def test_what_is_no_name(account: object) -> None:
    """A name must be one that can be typed and compared."""
    with pytest.raises(ConfigurationError, match="account must be"):
        SunoClient("key", account=account)  # type: ignore[arg-type]
