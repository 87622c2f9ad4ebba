"""The journal in PostgreSQL: what is no journal, servers that fail, what stands in the tables."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import traceback
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from suno_async import ConfigurationError, JournalError, SubmissionState, SunoClient
from suno_async._journal import connection, postgres
from suno_async._journal.journal import WrittenLater
from suno_async._journal.postgres import PostgresJournal
from suno_async._journal.sqlite import SqliteJournal
from suno_async.journal import copy_journal, hand_over, read_journal

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

    from postgres_kit import Database

    from benchmarks._postgres import PostgresServer
    from suno_async._journal.journal import Journal

SEA = ("GenerateMusic", {"prompt": "the sea"}, "music")
SECRET = "p:ss/w@rd"
WRITTEN = "p%3Ass%2Fw%40rd"


def keeper(url: str, account: str = "mine") -> PostgresJournal:
    """A journal of this account."""
    return PostgresJournal(url, lambda: account)


@pytest.fixture
async def journal(database: Database) -> AsyncIterator[PostgresJournal]:
    """A journal in a database of its own."""
    opened = keeper(database.url)
    await opened.open()
    yield opened
    await opened.close()


def variables(error: BaseException | None) -> Iterator[object]:
    """What a report with variables may show of the frames that an error has passed, ours apart."""
    while error is not None:
        for frame, _ in traceback.walk_tb(error.__traceback__):
            if frame.f_code.co_filename != __file__:
                yield from frame.f_locals.values()
        error = error.__cause__ or error.__context__


async def refusal(url: str) -> str:
    """What is said of this URL by whoever opens it, twice the same; no password is in it."""
    said = set[str]()
    journal = keeper(url)
    for _ in range(2):
        with pytest.raises(JournalError) as caught:
            await journal.open()
        said.add(caught.value.message)
        printed = (
            "".join(traceback.format_exception(caught.value)) + repr(journal) + repr(journal._db)
        )
        printed += "".join(map(repr, variables(caught.value)))
        assert SECRET not in printed
        assert WRITTEN not in printed
    await journal.close()
    (sentence,) = said
    return sentence


@pytest.mark.parametrize(
    "url",
    [
        f"postgresql://me:{SECRET}@127.0.0.1:x/db",
        "postgresql://me:a@b@127.0.0.1:port/db",
        "postgresql://127.0.0.1/db?nonsense=1",
        "postgresql://127.0.0.1/%zz",
        "postgres://[::1/db",
    ],
)
def test_what_is_no_url(url: str) -> None:
    """It is said how one is written, and what is wrong is not quoted: it may be the password."""
    with pytest.raises(JournalError, match="must be like 'postgresql://user:password@") as caught:
        SunoClient("key", journal=url)
    printed = "".join(traceback.format_exception(caught.value))
    assert SECRET not in printed.replace(f"url={url!r}", "")
    assert caught.value.__cause__ is None


@pytest.mark.parametrize("url", ["mysql://127.0.0.1/db", "sqlite:///songs.sqlite", "redis://x"])
def test_another_sort_of_database(url: str) -> None:
    """Only PostgreSQL is taken by a URL, and no file of that name is made."""
    with pytest.raises(ConfigurationError, match="begins with postgresql://"):
        SunoClient("key", journal=url)


async def test_no_server(database: Database) -> None:
    """It is to be started, or the URL mended."""
    said = await refusal(f"postgresql://me:{WRITTEN}@127.0.0.1:1/songs")
    assert said.startswith("The journal postgresql://me@127.0.0.1:1/songs cannot be used: ")
    assert "Start its server, or mend the URL" in said


async def test_a_wrong_password(postgres_server: PostgresServer) -> None:
    """The server's own words, and what to mend."""
    url = postgres_server.url().replace(WRITTEN, "wrong")
    said = await refusal(url)
    assert "password authentication failed" in said
    assert "a user who may use it" in said
    assert "wrong" not in said


async def test_no_database(postgres_server: PostgresServer) -> None:
    """It is named, and must be made first."""
    said = await refusal(postgres_server.url("nowhere"))
    assert 'database "nowhere" does not exist' in said
    assert "a database that is there" in said


async def test_no_rights(database: Database) -> None:
    """Which rights are needed; with the tables made by another one those on them are enough."""
    database.ask(f"CREATE ROLE plain_{database.name} LOGIN")
    url = database.server.url(database.name, f"plain_{database.name}")
    try:
        said = await refusal(url)
        assert "permission denied" in said
        assert "the right to CREATE" in said
        owner = keeper(database.url)
        await owner.open()
        await owner.close()
        assert "all rights on these" in await refusal(url)
        database.ask(
            f"GRANT USAGE ON SCHEMA suno_async TO plain_{database.name};"
            f"GRANT ALL ON ALL TABLES IN SCHEMA suno_async TO plain_{database.name};"
            f"GRANT ALL ON ALL SEQUENCES IN SCHEMA suno_async TO plain_{database.name}"
        )
        journal = keeper(url)
        await journal.about_to_send("k", *SEA)
        await journal.close()
    finally:
        database.ask(f"DROP OWNED BY plain_{database.name}")
        database.ask(f"DROP ROLE plain_{database.name}")


async def test_a_newer_schema(database: Database, journal: PostgresJournal) -> None:
    """It is left as it is, and the package is to be upgraded."""
    database.ask("UPDATE suno_async.version SET version = 99")
    said = await refusal(database.url)
    assert "made by a newer version of suno-async and was left as it is: upgrade" in said


@pytest.mark.parametrize(
    "statements",
    [
        "CREATE TABLE suno_async.song (title text)",
        "CREATE TABLE suno_async.version (major text)",
        "CREATE TABLE suno_async.version (version int)",
    ],
)
async def test_a_schema_of_something_else(database: Database, statements: str) -> None:
    """It is left as it is."""
    database.ask("CREATE SCHEMA suno_async")
    database.ask(statements)
    assert "has a schema suno_async of something else" in await refusal(database.url)


async def test_a_database_that_can_only_be_read(database: Database) -> None:
    """As a standby: the primary is to be named."""
    database.ask(f"ALTER DATABASE {database.name} SET default_transaction_read_only = on")
    said = await refusal(database.url)
    assert "can only be read" in said
    assert "target_session_attrs=read-write" in said


async def test_an_empty_schema_is_taken(database: Database) -> None:
    """An administrator may make it, for a user who cannot."""
    database.ask("CREATE SCHEMA suno_async")
    journal = keeper(database.url)
    await journal.open()
    await journal.close()
    assert database.ask("SELECT version FROM suno_async.version") == [(1,)]


async def test_many_make_the_tables_at_once(database: Database) -> None:
    """Ten clients that start together find them made once, and none of them fails."""
    journals = [keeper(database.url) for _ in range(10)]
    await asyncio.gather(*(journal.open() for journal in journals))
    await asyncio.gather(*(journal.close() for journal in journals))
    assert database.ask("SELECT version FROM suno_async.version") == [(1,)]
    assert database.ask("SELECT * FROM suno_async.client") == []


async def test_the_state_can_be_read_by_hand(database: Database, journal: PostgresJournal) -> None:
    """A view shows each submission once, in the words of the command."""
    for key in ("done", "failed", "made", "lost"):
        await journal.about_to_send(key, *SEA)
    for key in ("done", "failed", "made"):
        await journal.accepted(key, f"t-{key}")
    await journal.over("music", "t-done", {})
    await journal.over("music", "t-failed", {}, has_failed=True)
    await journal.claim("failed", *SEA, after=await journal.find("failed"))  # not sent yet
    shown = database.ask("SELECT id, state, token FROM suno_async.state ORDER BY id")
    assert shown == [
        ("done", "done", "music:t-done"),
        ("failed", "failed", "music:t-failed"),
        ("lost", "in_doubt", None),
        ("made", "in_progress", "music:t-made"),
    ]


@pytest.mark.real_time
async def test_a_server_that_stands_still_is_cut_off(
    own_postgres_server: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No answer in time is an error for all who ask, together; what happened is written later."""
    monkeypatch.setattr(connection, "PATIENCE", 1.0)
    journal = keeper(own_postgres_server.url())
    await journal.about_to_send("k", *SEA)
    loop = asyncio.get_running_loop()
    own_postgres_server.stand_still()
    try:
        began = loop.time()
        ends = await asyncio.gather(
            journal.accepted("k", "t1"),
            journal.about_to_send("k2", *SEA),
            journal.find("k"),
            return_exceptions=True,
        )
        assert loop.time() - began < 5
    finally:
        own_postgres_server.go_on()
    assert [type(end) for end in ends] == [JournalError] * 3
    assert all("does not answer within 1 seconds" in str(end) for end in ends)
    assert isinstance(ends[0], JournalError)
    kept = ends[0].__cause__
    assert isinstance(kept, WrittenLater)
    async with asyncio.timeout(10):
        await kept.written
    found = await journal.find("k")
    assert found is not None
    assert found.task_id == "t1"
    await journal.close()


@pytest.mark.real_time
async def test_a_server_that_is_restarted(own_postgres_server: PostgresServer) -> None:
    """A broken connection is made anew, and what is asked for is asked again on it."""
    journal = keeper(own_postgres_server.url())
    await journal.about_to_send("k", *SEA)
    own_postgres_server.kill()
    own_postgres_server.start()
    await journal.accepted("k", "t1")
    own_postgres_server.stop()
    with pytest.raises(JournalError, match="Start its server"):
        await journal.about_to_send("k2", *SEA)
    over = journal.over("music", "t1", {"data": 1})
    with pytest.raises(JournalError, match="is kept"):
        await over
    own_postgres_server.start()
    assert await journal.about_to_send("k3", *SEA)
    found = await journal.find_many(["k", "k2", "k3"])
    assert sorted(found) == ["k", "k3"]
    assert found["k"].outcome == {"data": 1}
    await journal.close()


async def test_a_connection_that_breaks_amid_a_statement(
    database: Database, journal: PostgresJournal
) -> None:
    """Said again on a new one, nothing is there twice."""
    for number in range(3):
        database.ask(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s "
            "AND application_name = 'suno-async'",
            database.name,
        )
        assert await journal.about_to_send(f"k{number}", *SEA)
    assert [entry.id async for entry in journal.entries()] == ["k0", "k1", "k2"]


async def test_an_accepted_song_survives_the_loss_of_its_row(
    database: Database, journal: PostgresJournal
) -> None:
    """After a failover that lost the last commits the task is there all the same."""
    await journal.about_to_send("k", *SEA)
    database.ask("DELETE FROM suno_async.submission")
    await journal.accepted("k", "t1")
    found = await journal.find("k")
    assert found is not None
    assert (found.task_id, found.fields, found.attempt) == ("t1", SEA[1], 1)


async def test_two_that_were_sent_in_a_failover_are_both_there(
    database: Database, journal: PostgresJournal
) -> None:
    """Whatever was paid for has its task written down, though another client has the key by now."""
    other = keeper(database.url)
    await journal.claim("k", *SEA)
    await journal.about_to_send("k", *SEA)
    database.ask("DELETE FROM suno_async.submission")
    await other.claim("k", *SEA)
    await other.about_to_send("k", *SEA)
    await other.accepted("k", "t2")
    await journal.accepted("k", "t1")
    for task in ("t1", "t2"):
        assert database.ask("SELECT id FROM suno_async.submission WHERE task = %s", task)
    await other.close()


async def test_what_can_never_be_written_stops_nothing_else(
    journal: PostgresJournal, caplog: pytest.LogCaptureFixture
) -> None:
    """Half a character, or a null, which no table can hold, is an error and not tried again."""
    for number, task in enumerate(("half \ud800", "null \0")):
        await journal.about_to_send(f"k{number}", *SEA)
        with pytest.raises(JournalError) as caught:
            await journal.accepted(f"k{number}", task)
        assert not isinstance(caught.value.__cause__, WrittenLater)
    assert await journal.about_to_send("after", *SEA)


async def test_a_late_refusal_does_not_free_a_key(
    database: Database, journal: PostgresJournal
) -> None:
    """An attempt that is taken back after a further one was begun leaves the key taken."""
    other = keeper(database.url)
    await journal.claim("k", *SEA)
    await journal.about_to_send("k", *SEA)
    database.ask("UPDATE suno_async.submission SET until = clock_timestamp()")  # taken for lost
    doubt = await other.claim("k", *SEA)
    assert doubt is not None
    assert doubt.is_unknown
    assert await other.claim("k", *SEA, after=doubt) is None
    assert await other.about_to_send("k", *SEA)
    await journal.take_back("k")
    found = await journal.claim("k", *SEA)
    assert found is not None
    assert found.is_elsewhere
    await other.close()


async def test_a_dead_clients_further_attempt_hides_nothing(
    database: Database, journal: PostgresJournal
) -> None:
    """A claim that never left says nothing: the failed one before it is what is known."""
    other = keeper(database.url)
    await journal.about_to_send("k", *SEA)
    await journal.accepted("k", "t1")
    await journal.over("music", "t1", {}, has_failed=True)
    failed = await other.claim("k", *SEA)
    assert failed is not None
    assert failed.state == "failed"
    assert await other.claim("k", *SEA, after=failed) is None
    elsewhere = await journal.claim("k", *SEA)
    assert elsewhere is not None
    assert elsewhere.is_elsewhere
    database.ask("DELETE FROM suno_async.client WHERE id = %s", other._me)
    found = await journal.claim("k", *SEA)
    assert found is not None
    assert (found.state, found.attempt) == ("failed", 1)
    assert await journal.claim("k", *SEA, after=found) is None
    assert not await other.about_to_send("k", *SEA)
    assert await journal.about_to_send("k", *SEA)
    await journal.take_back("k")
    database.ask("UPDATE suno_async.submission SET attempt = 2, sent_at = NULL, task = NULL")
    database.ask("UPDATE suno_async.submission SET owner = %s", other._me)
    database.ask("DELETE FROM suno_async.client WHERE id = %s", other._me)  # it may have come back
    assert await journal.claim("k", *SEA) is None, "of a further attempt whose first is gone"
    await other.close()


async def test_many_are_pruned_a_part_at_a_time(
    database: Database, journal: PostgresJournal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many there are, no statement takes long; what is open stays."""
    monkeypatch.setattr(postgres, "_PRUNED", 7)
    database.ask(
        "INSERT INTO suno_async.submission (account, id, attempt, number, claim, owner, operation, "
        "digest, has_callback, sent_at, done_at, fields) SELECT 'mine', 'k' || n, 1, n, "
        "gen_random_uuid(), gen_random_uuid(), 'X', '', false, clock_timestamp(), "
        "CASE WHEN n > 3 THEN clock_timestamp() END, '{}' FROM generate_series(1, 40) n"
    )
    soon = datetime.now(UTC) + timedelta(hours=1)
    assert await journal.prune(soon, forget=False) == 37
    assert await journal.prune(soon, forget=True) == 37
    assert len([entry async for entry in journal.entries()]) == 3


async def test_one_polls_for_all(database: Database, journal: PostgresJournal) -> None:
    """Of many that ask at once one may poll, and the next one when that is no longer fresh."""
    other = keeper(database.url)
    await journal.about_to_send("k", *SEA)
    await journal.accepted("k", "t1")
    asked = await asyncio.gather(
        *(one.may_poll("music", "t1", 5.0) for one in (journal, other) for _ in range(5))
    )
    assert sum(asked) == 1
    assert not await other.may_poll("music", "t1", 5.0)
    assert await other.may_poll("music", "t1", 0.0)
    assert await other.may_poll("music", "nobody's", 5.0)
    await other.close()


def test_psycopg_is_imported_when_it_is_used() -> None:
    """Without a URL nothing of it is loaded; missing, it is said how to install it."""
    program = (
        "import sys, suno_async\n"
        "assert not any(name.startswith('psycopg') for name in sys.modules)\n"
        "sys.modules['psycopg'] = None\n"
        "try:\n"
        "    suno_async.SunoClient('key', journal='postgresql://127.0.0.1/db')\n"
        "except suno_async.JournalError as error:\n"
        "    print(error)\n"
    )
    said = subprocess.run(  # noqa: S603 the test's own
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    ).stdout
    assert "pip install 'suno-async[postgres]'" in said


async def test_the_lease_is_the_servers_business(
    database: Database, journal: PostgresJournal
) -> None:
    """A client is alive for 15 s by the server's clock, and gone when it was closed."""
    ((left,),) = database.ask(
        "SELECT extract(epoch FROM alive_until - clock_timestamp())::float FROM suno_async.client"
    )
    assert 5 < left <= 15
    await journal.close()
    assert database.ask("SELECT * FROM suno_async.client") == []


# --- without a client -----------------------------------------------------------------------------


async def fill(journal: Journal) -> None:
    """A submission in each state, and a call."""
    for key in ("done", "failed", "made", "lost", "odd"):
        await journal.about_to_send(key, *SEA)
    for key in ("done", "failed", "made"):
        await journal.accepted(key, f"t-{key}")
    await journal.over("music", "t-done", {"data": "done"})
    await journal.over("music", "t-failed", {"data": "failed"}, has_failed=True)
    await journal.in_doubt("odd", "t-odd")
    await journal.about_to_send("call", "BoostStyle", {"content": "folk"}, None)
    await journal.answered("call", {"data": {"result": "folk"}})


async def test_it_is_read_without_a_client(database: Database) -> None:
    """Nothing is changed, nobody counts as alive, and an empty database is an empty journal."""
    async with read_journal(database.url) as read:
        assert (read.account, sum((await read.counts()).values())) == (None, 0)
    assert database.ask("SELECT to_regclass('suno_async.version')::text") == [(None,)]
    journal = keeper(database.url)
    await fill(journal)
    await journal.close()
    async with read_journal(database.url) as read:
        assert read.account == "mine"
        assert (await read.counts())[SubmissionState.IN_DOUBT] == 2
        assert [entry.key async for entry in read.entries("failed")] == ["failed"]
        found = await read.find("odd")
        assert found is not None
        assert found.token == "music:t-odd"
    assert database.ask("SELECT * FROM suno_async.client") == []


async def test_whose_is_meant(database: Database) -> None:
    """Where there are journals of several accounts one must be named."""
    for account in ("mine", "yours"):
        journal = keeper(database.url, account)
        await journal.about_to_send(account, *SEA)
        await journal.close()
    with pytest.raises(JournalError, match="several accounts, 'mine', 'yours': say whose"):
        async with read_journal(database.url):
            pass
    async with read_journal(database.url, account="yours") as read:
        assert [entry.key async for entry in read.entries()] == ["yours"]
    assert await hand_over(database.url, "theirs", before="yours") == "yours"
    async with read_journal(database.url, account="theirs") as read:
        assert [entry.key async for entry in read.entries()] == ["yours"]


async def test_a_journal_is_copied_there_and_back(database: Database, tmp_path: Path) -> None:
    """From a file to a database and back nothing is lost; what is there already stays."""
    first, second = tmp_path / "first.sqlite", tmp_path / "second.sqlite"
    file = SqliteJournal(first, lambda: "mine")
    await fill(file)
    before = [entry async for entry in file.entries()]
    with pytest.raises(JournalError, match="in use"):
        await copy_journal(first, first)
    await file.close()
    assert await copy_journal(first, database.url) == (6, 0)
    assert await copy_journal(first, database.url) == (0, 6)
    assert await copy_journal(database.url, second) == (6, 0)
    again = SqliteJournal(second, lambda: "mine")
    after = [entry async for entry in again.entries()]
    assert after == before
    for name in ("sent_at", "accepted_at", "done_at", "digest", "state"):
        assert [getattr(one, name) for one in after] == [getattr(one, name) for one in before]
    await again.close()
    journal = keeper(database.url)
    assert [entry.id for entry in await journal.orphans()] == ["made", "lost", "odd"]
    await journal.close()


async def test_an_empty_journal_is_not_copied(database: Database, tmp_path: Path) -> None:
    """There is nothing in it, not even whose it is."""
    with pytest.raises(JournalError, match="has nothing to copy"):
        await copy_journal(database.url, tmp_path / "songs.sqlite")
    with pytest.raises(JournalError, match="There is no journal"):
        await copy_journal(tmp_path / "nowhere.sqlite", database.url)
