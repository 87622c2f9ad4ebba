"""One journal for many clients: keys, followers, callbacks, and what is left by the dead."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack, asynccontextmanager
from math import inf
from typing import TYPE_CHECKING, Any, ClassVar

import pytest
from callback_kit import SECRET, receiving

from suno_async import (
    CallbackReceiver,
    ClientClosed,
    ConfigurationError,
    ConnectionFailed,
    GenerateLyrics,
    GenerateMusic,
    InsufficientCredits,
    JournalError,
    RateLimiter,
    Stage,
    SubmissionUnknown,
    SunoClient,
    Task,
)
from suno_async._journal import connection, follower
from suno_async._journal.memory import MemoryJournal
from suno_async._journal.postgres import PostgresJournal
from suno_async.testing import FakeSuno, Fault, run_accelerated

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from postgres_kit import Database

    from benchmarks._postgres import PostgresServer

SEA = GenerateMusic("the sea")
MUSIC = "generate-music"


@pytest.fixture(autouse=True)
def _short_rounds(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is asked once a second is asked more often, in real time."""
    monkeypatch.setattr(follower, "ROUND", 0.1)
    monkeypatch.setattr(follower, "_TURN", 0.02)


def client(fake: FakeSuno, database: Database, **given: Any) -> SunoClient:
    """A client with the journal that all share, and a rate on the test's clock."""
    given = {"limiter": RateLimiter._shared_by("key", fake.url)} | given
    return SunoClient("key", base_url=fake.url, journal=database.url, **given)


@asynccontextmanager
async def clients(
    fake: FakeSuno, database: Database, count: int
) -> AsyncGenerator[list[SunoClient]]:
    """So many of them, as if each were a process of its own."""
    async with AsyncExitStack() as stack:
        yield [await stack.enter_async_context(client(fake, database)) for _ in range(count)]


async def test_one_key_is_one_payment(fake_suno: FakeSuno, database: Database) -> None:
    """Delivered to three clients at once, and later, it is one task."""
    async with clients(fake_suno, database, 3) as three:
        tasks = await asyncio.gather(*(suno.submit(SEA, idempotency_key="k") for suno in three))
        later = await three[1].submit(SEA, idempotency_key="k")
        assert {task.token for task in (*tasks, later)} == {tasks[0].token}
        assert len(fake_suno.ledger.of(MUSIC)) == 1


async def test_thirty_keys_twice(fake_suno: FakeSuno, database: Database) -> None:
    """However two clients race for them, thirty are paid for."""
    fake_suno.max_rate = None
    async with clients(fake_suno, database, 2) as two:
        tasks = await asyncio.gather(
            *(
                suno.submit(SEA, idempotency_key=f"k{number}")
                for number in range(30)
                for suno in two
            )
        )
    assert len({task.token for task in tasks}) == 30
    assert len(fake_suno.ledger.accepted(MUSIC)) == 30


async def test_the_loser_waits_for_the_end(fake_suno: FakeSuno, database: Database) -> None:
    """While the winner's answer is on its way nothing is sent; then it is the same task."""
    fake_suno.fail(Fault.DELAY_AFTER_ACCEPT.lasting(10), on=MUSIC)
    async with clients(fake_suno, database, 2) as (one, two):
        winning = asyncio.create_task(one.submit(SEA, idempotency_key="k"))
        await asyncio.sleep(3)
        losing = asyncio.create_task(two.submit(SEA, idempotency_key="k"))
        assert (await winning).token == (await losing).token
    assert len(fake_suno.ledger.of(MUSIC)) == 1


async def test_a_claim_is_made_before_any_wait(fake_suno: FakeSuno, database: Database) -> None:
    """A client that waits for its slot has the key, and nothing of it is seen yet."""
    async with clients(fake_suno, database, 2) as (one, two):
        await asyncio.gather(*(one.get_credits() for _ in range(20)))
        waiting = asyncio.create_task(one.submit(SEA, idempotency_key="k"))
        await asyncio.sleep(1)
        assert database.ask("SELECT sent_at FROM suno_async.submission") == [(None,)]
        assert [entry.key async for entry in two.submissions()] == []
        other = asyncio.create_task(two.submit(SEA, idempotency_key="k"))
        await asyncio.sleep(1)
        assert not fake_suno.ledger.of(MUSIC)
        assert (await waiting).token == (await other).token
    assert len(fake_suno.ledger.of(MUSIC)) == 1


async def test_who_is_cancelled_gives_the_key_back(fake_suno: FakeSuno, database: Database) -> None:
    """What was claimed and never left is the next one's."""
    async with clients(fake_suno, database, 2) as (one, two):
        await asyncio.gather(*(one.get_credits() for _ in range(20)))
        waiting = asyncio.create_task(one.submit(SEA, idempotency_key="k"))
        await asyncio.sleep(1)
        other = asyncio.create_task(two.submit(SEA, idempotency_key="k"))
        await asyncio.sleep(1)
        waiting.cancel()
        assert (await other).id in fake_suno.tasks
    assert len(fake_suno.ledger.of(MUSIC)) == 1


async def test_a_refusal_frees_the_key_for_all(fake_suno: FakeSuno, database: Database) -> None:
    """Refused at one, it may be sent by another; nothing of it is left."""
    fake_suno.balance = 0
    async with clients(fake_suno, database, 2) as (one, two):
        with pytest.raises(InsufficientCredits):
            await one.submit(SEA, idempotency_key="k")
        assert database.ask("SELECT * FROM suno_async.submission") == []
        fake_suno.balance = 100
        assert (await two.submit(SEA, idempotency_key="k")).id in fake_suno.tasks


async def test_a_key_names_one_request_at_all(fake_suno: FakeSuno, database: Database) -> None:
    """Another request under a key that another client has is a mistake, also while it waits."""
    async with clients(fake_suno, database, 2) as (one, two):
        await asyncio.gather(*(one.get_credits() for _ in range(20)))
        waiting = asyncio.create_task(one.submit(SEA, idempotency_key="k"))
        await asyncio.sleep(1)
        for _ in range(2):
            with pytest.raises(ConfigurationError, match="belongs to another request"):
                await two.submit(GenerateLyrics("the sea"), idempotency_key="k")
            await waiting


async def test_a_doubt_is_everybodys(fake_suno: FakeSuno, database: Database) -> None:
    """A lost answer is unknown at once at all clients; one of them may send again on request."""
    fake_suno.fail(Fault.RESET_AFTER_ACCEPT, on=MUSIC)
    async with clients(fake_suno, database, 2) as two:
        for suno in two:
            with pytest.raises(SubmissionUnknown):
                await suno.submit(SEA, idempotency_key="k")
        assert len(fake_suno.ledger.of(MUSIC)) == 1
        fake_suno.balance = 0
        with pytest.raises(InsufficientCredits):
            await two[1].submit(SEA, idempotency_key="k", resend_unknown=True)
        fake_suno.balance = 100
        with pytest.raises(SubmissionUnknown):
            await two[0].submit(SEA, idempotency_key="k")
        again = await two[1].submit(SEA, idempotency_key="k", resend_unknown=True)
        assert (await two[0].submit(SEA, idempotency_key="k")).token == again.token
    assert len(fake_suno.ledger.accepted(MUSIC)) == 2


UNREADABLE = """{"code": 200, "data": {"status": "SUCCESS", "response": {"sunoData": [{}]}}}"""


async def test_a_record_that_cannot_be_read_stops_no_other_news(
    fake_suno: FakeSuno, database: Database
) -> None:
    """It is that task's trouble alone: what others have seen of the rest is learned."""
    async with clients(fake_suno, database, 2) as (one, two):
        broken, sound = [await one.submit(SEA, idempotency_key=key) for key in "ab"]
        theirs = [two.task(task.token, GenerateMusic) for task in (broken, sound)]
        for task in theirs:
            task.subscribe(lambda _: None)
        await asyncio.sleep(20)
        await one.task(sound.token).poll()
        database.ask(
            "UPDATE suno_async.submission SET stage = 3, record = %s WHERE id = 'a'", UNREADABLE
        )
        await two._engine.following._learn_of_tasks()
        assert theirs[0].stage < Stage.COMPLETE
        assert theirs[1].stage is Stage.TEXT


async def test_accounts_do_not_meet(fake_suno: FakeSuno, database: Database) -> None:
    """One key of two accounts in one database is two submissions."""
    async with (
        client(fake_suno, database, account="one") as one,
        client(fake_suno, database, account="two") as two,
    ):
        tasks = [await suno.submit(SEA, idempotency_key="k") for suno in (one, two)]
        assert tasks[0].token != tasks[1].token
        assert [entry.token async for entry in two.submissions()] == [tasks[1].token]


# --- what is left by the dead ---------------------------------------------------------------------


def die(database: Database, suno: SunoClient) -> None:
    """A client has said nothing for long, as if it had been killed."""
    journal = suno._engine.journal
    assert isinstance(journal, PostgresJournal)
    database.ask(
        "UPDATE suno_async.client SET alive_until = clock_timestamp() - interval '1 s' "
        "WHERE id = %s",
        journal._me,
    )


async def picked_up(suno: SunoClient, count: int) -> list[Task[Any]]:
    """The first tasks that are there to be picked up."""
    found = list[Task[Any]]()
    async with asyncio.timeout(60):
        async for task in suno.pick_up():
            found.append(task)
            if len(found) == count:
                break
    return found


async def test_what_a_dead_client_left_is_picked_up_once(
    fake_suno: FakeSuno, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of two that pick up, one gets each task; what is done or another account's stays."""
    monkeypatch.setattr(follower, "BEAT", 1000.0)
    dead = client(fake_suno, database)
    songs = [await dead.submit(GenerateMusic(f"song {number}")) for number in range(6)]
    die(database, dead)
    async with clients(fake_suno, database, 2) as two:
        tasks = list[Task[Any]]()

        async def pick_up(suno: SunoClient) -> None:
            async for task in suno.pick_up():
                tasks.append(task)

        picking = [asyncio.create_task(pick_up(suno)) for suno in two]
        await asyncio.sleep(30)
        assert sorted(task.token for task in tasks) == sorted(song.token for song in songs)
        for one in picking:
            one.cancel()
    await dead.aclose()


async def test_what_ends_before_its_killed_client_is_missed_is_picked_up(
    fake_suno: FakeSuno, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another client learned of its end, it is given all the same; what ended long ago stays."""
    monkeypatch.setattr(follower, "BEAT", 1000.0)
    dead = client(fake_suno, database)
    long_over = await dead.submit(SEA, idempotency_key="long over")
    await long_over
    assert [entry.state async for entry in dead.submissions()] == ["done"]
    database.ask("UPDATE suno_async.submission SET done_at = done_at - interval '1 min'")
    song = await dead.submit(SEA)
    die(database, dead)
    async with clients(fake_suno, database, 2) as (one, two):
        await asyncio.sleep(600)
        assert await one.task(song.token).poll() == Stage.COMPLETE
        (task,) = await picked_up(two, 1)
        assert (task.token, task.is_done) == (song.token, True)
        with pytest.raises(TimeoutError):
            await picked_up(one, 1)
    await dead.aclose()


async def test_what_ends_after_its_client_was_closed_is_picked_up(
    fake_suno: FakeSuno, database: Database
) -> None:
    """Ended before anybody looked, it is given once; what the client saw the end of is not."""
    async with clients(fake_suno, database, 2) as (one, two):
        async with client(fake_suno, database) as closed:
            await (await closed.submit(SEA, idempotency_key="seen"))
            song = await closed.submit(SEA)
        await asyncio.sleep(600)
        assert await one.task(song.token).poll() == Stage.COMPLETE
        assert [task.token for task in await picked_up(two, 1)] == [song.token]
        with pytest.raises(TimeoutError):
            await picked_up(one, 1)


async def test_a_dead_clients_claim_is_free(
    fake_suno: FakeSuno, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it had only claimed is sent by the next one; back to life, it finds that it lost it."""
    monkeypatch.setattr(follower, "BEAT", 1000.0)
    async with clients(fake_suno, database, 2) as (one, two):
        await asyncio.gather(*(one.get_credits() for _ in range(20)))
        waiting = asyncio.create_task(one.submit(SEA, idempotency_key="k"))
        await asyncio.sleep(1)
        die(database, one)
        other = asyncio.create_task(two.submit(SEA, idempotency_key="k"))
        assert (await waiting).token == (await other).token
    assert len(fake_suno.ledger.of(MUSIC)) == 1


async def test_what_a_dead_client_had_sent_is_in_doubt(
    fake_suno: FakeSuno, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed amid a POST: nobody sends it again, and no answer is waited for."""
    monkeypatch.setattr(follower, "BEAT", 1000.0)
    fake_suno.fail(Fault.DELAY_AFTER_ACCEPT.lasting(20), on=MUSIC)
    async with clients(fake_suno, database, 2) as (one, two):
        sending = asyncio.create_task(one.submit(SEA, idempotency_key="k"))
        await asyncio.sleep(3)
        die(database, one)
        with pytest.raises(SubmissionUnknown):
            await two.submit(SEA, idempotency_key="k")
        task = await sending  # it was not dead after all
        assert (await two.submit(SEA, idempotency_key="k")).token == task.token
    assert len(fake_suno.ledger.of(MUSIC)) == 1


async def test_who_picks_up_is_ended_with_the_client(
    fake_suno: FakeSuno, database: Database
) -> None:
    """At once, not when it would have looked again."""
    suno = client(fake_suno, database)
    picking_up = asyncio.create_task(picked_up(suno, 1))
    await asyncio.sleep(1)
    closing = asyncio.get_running_loop().time()
    await suno.aclose()
    with pytest.raises(ClientClosed):
        await picking_up
    assert asyncio.get_running_loop().time() - closing < 1


async def test_a_file_gives_what_the_last_run_left(fake_suno: FakeSuno, tmp_path: Any) -> None:
    """Each task once, and then it ends; what was begun in this run is not among them."""
    path = tmp_path / "songs.sqlite"
    async with SunoClient("key", base_url=fake_suno.url, journal=path) as suno:
        old = await suno.submit(SEA)
        await (await suno.submit(SEA, idempotency_key="done"))
        assert [task async for task in suno.pick_up()] == []
    async with SunoClient("key", base_url=fake_suno.url, journal=path) as suno:
        await suno.submit(SEA)
        assert [task.token async for task in suno.pick_up()] == [old.token]
        assert [task async for task in suno.pick_up()] == []
    async with SunoClient("key", base_url=fake_suno.url) as suno:
        with pytest.raises(ConfigurationError, match="keeps no journal"):
            await picked_up(suno, 1)


# --- followers ------------------------------------------------------------------------------------


async def stages_of(task: Task[Any]) -> dict[str, float]:
    """When each stage was seen."""
    loop = asyncio.get_running_loop()
    return {event.stage: loop.time() async for event in task}


@pytest.mark.real_time
def test_any_client_follows_any_task(database: Database) -> None:
    """Callbacks reach one of three, which did not submit it: all see each stage in a moment."""

    async def play() -> None:
        async with receiving() as at_one, FakeSuno() as fake, AsyncExitStack() as stack:
            elsewhere = CallbackReceiver(at_one.url, SECRET)  # its callbacks arrive at the other
            given = {"callbacks": elsewhere}
            submitting = await stack.enter_async_context(client(fake, database, **given))
            given = {"callbacks": at_one.receiver}
            await stack.enter_async_context(client(fake, database, **given))
            third = await stack.enter_async_context(client(fake, database))
            task = await submitting.submit(SEA)
            seen = await asyncio.gather(stages_of(task), stages_of(third.task(task.token)))
            await elsewhere.aclose()
            for times in seen:
                assert list(times) == [Stage.TEXT, Stage.FIRST, Stage.COMPLETE]
            late = [seen[1][stage] - seen[0][stage] for stage in seen[0]]
            assert max(map(abs, late)) < 10  # a third of a second
            polls = len(fake.ledger) - len(fake.ledger.of(MUSIC))
            assert polls <= 25
        assert database.ask("SELECT state FROM suno_async.state") == [("done",)]

    run_accelerated(play(), speed=30)


@pytest.mark.real_time
def test_one_of_many_polls(database: Database) -> None:
    """Without callbacks each stage is seen by all, and three poll no more than one would."""

    async def play() -> None:
        async with FakeSuno() as fake, clients(fake, database, 3) as three:
            task = await three[0].submit(SEA)
            followed = [task, *(suno.task(task.token) for suno in three[1:])]
            for times in await asyncio.gather(*map(stages_of, followed)):
                assert list(times) == [Stage.TEXT, Stage.FIRST, Stage.COMPLETE]
            polls = len(fake.ledger) - len(fake.ledger.of(MUSIC))
            assert polls <= 12

    run_accelerated(play(), speed=20)


@pytest.mark.real_time
def test_a_callback_at_another_client_ends_a_doubt(database: Database) -> None:
    """The answer was lost at one client, and the callback arrives at another one."""

    async def play() -> None:
        async with receiving() as at_one, FakeSuno() as fake, AsyncExitStack() as stack:
            elsewhere = CallbackReceiver(at_one.url, SECRET)
            submitting = await stack.enter_async_context(
                client(fake, database, callbacks=elsewhere)
            )
            await stack.enter_async_context(client(fake, database, callbacks=at_one.receiver))
            fake.fail(Fault.RESET_AFTER_ACCEPT, on=MUSIC)
            with pytest.raises(SubmissionUnknown) as caught:
                await submitting.submit(SEA, idempotency_key="k")
            task = await caught.value.recovered()
            assert task.id in fake.tasks
            assert (await submitting.submit(SEA, idempotency_key="k")).token == task.token
            await elsewhere.aclose()

    run_accelerated(play(), speed=30)


async def test_what_is_over_is_known_to_all(fake_suno: FakeSuno, database: Database) -> None:
    """The result comes from the journal: the service is asked for nothing more."""
    async with clients(fake_suno, database, 2) as (one, two):
        task = await one.submit(SEA, idempotency_key="k")
        tracks = await task
        asked = len(fake_suno.ledger)
        again = await two.submit(SEA, idempotency_key="k")
        assert [track.id for track in await again] == [track.id for track in tracks]
        assert len(fake_suno.ledger) == asked


async def test_a_database_that_is_away_sends_nothing(fake_suno: FakeSuno) -> None:
    """An error in words before anything is sent; the password is in none of them."""
    url = "postgresql://me:sec%40ret@127.0.0.1:1/songs"
    suno = SunoClient("key", base_url=fake_suno.url, journal=url)
    for key, expected in (("k", JournalError), (None, ConnectionFailed)):
        with pytest.raises(expected, match="Start its server") as caught:
            await suno.submit(SEA, idempotency_key=key)
        assert "sec" not in str(caught.value)
    await suno.aclose()
    assert not fake_suno.ledger.entries


@pytest.mark.real_time
def test_a_batch_waits_for_its_database(
    own_postgres_server: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While it is away nothing is paid; then it goes on, and each song is paid for once."""
    monkeypatch.setattr(connection, "PATIENCE", 0.5)
    songs = [GenerateMusic(f"song {number}") for number in range(8)]

    async def play() -> None:
        async with FakeSuno() as fake:
            limiter = RateLimiter()
            url = own_postgres_server.url()
            async with SunoClient("key", base_url=fake.url, journal=url, limiter=limiter) as suno:
                accepted = list[int]()

                def on_accepted(index: int, *_: object) -> None:
                    accepted.append(index)
                    if len(accepted) == 3:
                        own_postgres_server.stop()
                        loop = asyncio.get_running_loop()
                        loop.call_later(60, own_postgres_server.start)

                outcomes = [one async for one in suno.batch(songs, on_accepted=on_accepted)]
            assert [one.error for one in outcomes] == [None] * 8
            assert len(fake.ledger.accepted(MUSIC)) == 8
            async with SunoClient("key", base_url=fake.url, journal=url, limiter=limiter) as suno:
                again = [one async for one in suno.batch(songs)]
            assert all(one.resumed for one in again)
            assert len(fake.ledger.accepted(MUSIC)) == 8

    run_accelerated(play(), speed=40)


class SharedByTheClock(MemoryJournal):
    """A journal that is shared as far as polls go, on the test's own clock."""

    is_shared: ClassVar[bool] = True
    polled: ClassVar[dict[str, float]] = {}

    async def may_poll(self, kind: str, task_id: str, fresh: float) -> bool:
        """By compare-and-set, as the database does it."""
        now = asyncio.get_running_loop().time()
        is_due = self.polled.get(task_id, -inf) < now - fresh
        if is_due:
            self.polled[task_id] = now + 0.05  # it has taken longer than the next one will
        return is_due


async def test_a_client_that_is_alone_polls_as_without_others() -> None:
    """Its own polls are none of another client's: none is left out for them."""
    polls = list[int]()
    for journal in (MemoryJournal(), SharedByTheClock()):
        async with FakeSuno(seed=5) as fake:
            limiter = RateLimiter()
            async with SunoClient("key", base_url=fake.url, limiter=limiter) as suno:
                suno._engine.tasks.poller._journal = journal
                await (await suno.submit(SEA))
            polls.append(len(fake.ledger))
    assert polls[0] == polls[1]
