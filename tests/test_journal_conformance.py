"""What every journal holds, whichever way it is kept: one suite over all of them.

The times of a journal are whole seconds of its own clock, so tests compare them with `<=` alone.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from suno_async._journal.digest import digest_of
from suno_async._journal.journal import Entry, SubmissionState
from suno_async._journal.memory import MemoryJournal
from suno_async._journal.postgres import PostgresJournal
from suno_async._journal.sqlite import SqliteJournal

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from postgres_kit import Database

    from suno_async._journal.journal import Journal

SEA = ("GenerateMusic", {"prompt": "the sea"})
HILLS = ("GenerateMusic", {"prompt": "the hills"})
CALL = ("BoostStyle", {"content": "folk"})
LATER = timedelta(hours=1)


@pytest.fixture(params=["memory", "sqlite", "postgres"])
async def journal(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Journal]:
    """A journal of each sort, open."""
    match request.param:
        case "memory":
            keeper: Journal = MemoryJournal()
        case "sqlite":
            keeper = SqliteJournal(tmp_path / "songs.sqlite")
        case _:
            database: Database = request.getfixturevalue("database")
            keeper = PostgresJournal(database.url, lambda: "mine")
    await keeper.open()
    yield keeper
    await keeper.close()


async def known(journal: Journal, submission: str) -> Entry:
    """What is known of a submission that must be there."""
    found = await journal.find(submission)
    assert found is not None
    return found


async def ids(journal: Journal, state: SubmissionState | None = None) -> list[str]:
    """The ids of what is in a state."""
    return [entry.id async for entry in journal.entries(state)]


async def sent(journal: Journal, *submissions: str) -> None:
    """Songs that were sent."""
    for submission in submissions:
        await journal.about_to_send(submission, *SEA, "music")


async def accepted(journal: Journal, *submissions: str) -> None:
    """Songs that are being made; each task is named after its submission."""
    await sent(journal, *submissions)
    for submission in submissions:
        await journal.accepted(submission, f"task of {submission}")


async def over(journal: Journal, *submissions: str, has_failed: bool = False) -> None:
    """Songs that are complete, or have failed."""
    await accepted(journal, *submissions)
    for submission in submissions:
        record = {"data": submission}
        await journal.over("music", f"task of {submission}", record, has_failed=has_failed)


def brought(journal: Journal, outcome: Any) -> Any:
    """What a journal gives of an outcome: in memory nothing is kept of what is over."""
    return outcome if journal.is_durable else None


# --- one submission -------------------------------------------------------------------------------


async def test_what_was_sent_is_in_doubt(journal: Journal) -> None:
    """All that was asked for is known, and of no other submission there is anything."""
    before = datetime.now(UTC).replace(microsecond=0)
    await sent(journal, "k")
    asked = Entry(id="k", operation=SEA[0], fields=SEA[1], kind="music")
    found = await known(journal, "k")
    assert found == asked
    assert (found.state, found.is_unknown) == ("in_doubt", True)
    assert found.digest == digest_of(*SEA)
    assert found.sent_at is not None
    assert before <= found.sent_at <= datetime.now(UTC)
    assert (found.accepted_at, found.done_at) == (None, None)
    assert await journal.find("other") is None


async def test_what_was_accepted_is_in_progress(journal: Journal) -> None:
    """It has its task, and the time of that."""
    await accepted(journal, "k")
    found = await known(journal, "k")
    assert (found.task_id, found.state, found.earlier_id) == ("task of k", "in_progress", None)
    assert found.accepted_at is not None
    assert found.done_at is None


@pytest.mark.parametrize("has_failed", [False, True])
async def test_what_is_over_keeps_its_first_record(journal: Journal, *, has_failed: bool) -> None:
    """Later news of it, and news of others, change nothing; its digest is known for ever."""
    await accepted(journal, "k")
    assert not await journal.over("wav", "task of k", {"data": "of another kind"})
    assert not await journal.over("music", "another", {"data": "of another task"})
    assert await ids(journal, SubmissionState.IN_PROGRESS) == ["k"]
    assert await journal.over("music", "task of k", {"data": 1}, has_failed=has_failed)
    assert not await journal.over("music", "task of k", {"data": 2}, has_failed=not has_failed)
    found = await known(journal, "k")
    assert (found.has_failed, found.outcome) == (has_failed, brought(journal, {"data": 1}))
    assert found.state == ("failed" if has_failed else "done")
    assert found.done_at is not None
    assert (found.digest, found.task_id) == (digest_of(*SEA), "task of k")


async def test_a_call_is_over_with_its_answer(journal: Journal) -> None:
    """It has no task and no kind, and nothing recovers it."""
    await journal.about_to_send("k", *CALL, None)
    await journal.answered("k", {"data": 1})
    found = await known(journal, "k")
    assert (found.state, found.kind, found.task_id) == ("done", None, None)
    assert found.outcome == brought(journal, {"data": 1})
    assert found.accepted_at is not None
    assert not await journal.recovered("k", "t3")


async def test_only_what_is_in_doubt_is_recovered(journal: Journal) -> None:
    """A second callback names another song: the submission keeps the task that it has."""
    assert await journal.recovered("k", "t1") is False
    assert await journal.find("k") is None
    await sent(journal, "k")
    assert await journal.recovered("k", "t1") is True
    assert await journal.recovered("k", "t2") is False
    assert (await known(journal, "k")).task_id == "t1"
    found = await journal.of_task("music", "t1")
    assert found is not None
    assert found.id == "k"
    assert found.accepted_at is not None


async def test_a_task_is_named_by_its_kind_and_its_id(journal: Journal) -> None:
    """Two kinds may use one id: each task has its own submission."""
    for submission, kind, task_id in (("a", "music", "t1"), ("b", "wav", "t1"), ("c", "wav", "t2")):
        await journal.about_to_send(submission, *SEA, kind)
        await journal.accepted(submission, task_id)
    for kind, task_id, expected in (
        ("music", "t1", "a"),
        ("wav", "t1", "b"),
        ("wav", "t2", "c"),
        ("music", "t2", None),
        ("lyrics", "t1", None),
    ):
        found = await journal.of_task(kind, task_id)
        assert (found and found.id) == expected


# --- taken back -----------------------------------------------------------------------------------


async def test_what_is_taken_back_was_never_there(journal: Journal) -> None:
    """A refused submission leaves nothing, and the others stay; what is not there is no matter."""
    await sent(journal, "a", "b")
    await journal.take_back("a")
    await journal.take_back("a")
    assert await journal.find("a") is None
    assert await ids(journal) == ["b"]


async def test_only_what_is_in_doubt_is_taken_back(journal: Journal) -> None:
    """What was accepted, answered, or is over stays."""
    await accepted(journal, "task")
    await over(journal, "done")
    await over(journal, "failed", has_failed=True)
    await journal.about_to_send("call", *CALL, None)
    await journal.answered("call", {"data": 1})
    before = [entry async for entry in journal.entries()]
    for submission in ("task", "done", "failed", "call"):
        await journal.take_back(submission)
    assert [entry async for entry in journal.entries()] == before


async def test_a_doubt_that_is_sent_again_has_the_time_of_its_last_sending(
    journal: Journal,
) -> None:
    """It is in doubt as before, in its place among the others, and keeps the task it may be."""
    await sent(journal, "a", "b")
    await journal.in_doubt("a", "perhaps")
    before = (await known(journal, "a")).sent_at
    await journal.about_to_send("a", *SEA, "music")
    found = await known(journal, "a")
    assert (found.state, found.candidate, found.earlier_id) == ("in_doubt", "perhaps", None)
    assert found.sent_at is not None
    assert before is not None
    assert before <= found.sent_at
    assert await ids(journal) == ["a", "b"]


async def test_only_a_doubt_has_a_candidate(journal: Journal) -> None:
    """The task that an odd answer named is noted while nothing better is known."""
    await accepted(journal, "task")
    assert not await journal.in_doubt("task", "another")
    assert not await journal.in_doubt("nobody's", "another")
    assert (await known(journal, "task")).candidate is None
    await sent(journal, "doubt")
    assert await journal.in_doubt("doubt", "perhaps")
    found = await known(journal, "doubt")
    assert (found.state, found.task_id, found.candidate) == ("in_doubt", None, "perhaps")


async def test_the_failed_one_in_whose_place_it_was_sent(journal: Journal) -> None:
    """It is known while the next one is in doubt, over any number of sendings, and comes back."""
    await over(journal, "a", "b", has_failed=True)
    before = [entry async for entry in journal.entries()]
    times = [(entry.accepted_at, entry.done_at) for entry in before]
    await sent(journal, "a", "a", "b")
    for submission in ("a", "b"):
        found = await known(journal, submission)
        assert (found.is_unknown, found.earlier_id) == (True, f"task of {submission}")
        assert await journal.of_task("music", f"task of {submission}") is None
    await journal.take_back("a")
    assert (await known(journal, "b")).is_unknown
    await journal.take_back("b")
    after = [entry async for entry in journal.entries()]
    assert [entry.state for entry in after] == ["failed", "failed"]
    assert [entry.task_id for entry in after] == ["task of a", "task of b"]
    assert [(entry.accepted_at, entry.done_at) for entry in after] == times
    assert after == before
    assert await journal.of_task("music", "task of a") == after[0]


async def test_a_second_one_that_was_accepted_stays(journal: Journal) -> None:
    """Once the next one has a task, there is no way back to the failed one."""
    await over(journal, "a", has_failed=True)
    await sent(journal, "a")
    await journal.accepted("a", "second")
    await journal.take_back("a")
    found = await known(journal, "a")
    assert (found.task_id, found.outcome, found.earlier_id) == ("second", None, "task of a")
    assert found.state == "in_progress"


# --- many of them ---------------------------------------------------------------------------------


async def test_all_are_listed_in_the_order_of_their_first_sending(journal: Journal) -> None:
    """Whatever their ids and whatever became of them; a state lists its own."""
    await sent(journal, "d", "b", "e", "a", "c")
    for submission in ("c", "b", "d"):
        await journal.accepted(submission, f"task of {submission}")
    await journal.over("music", "task of c", {})
    await journal.over("music", "task of d", {}, has_failed=True)
    assert await ids(journal) == ["d", "b", "e", "a", "c"]
    states = {"in_progress": ["b"], "in_doubt": ["e", "a"], "done": ["c"], "failed": ["d"]}
    for state, expected in states.items():
        assert await ids(journal, SubmissionState(state)) == expected


async def test_many_are_found_at_once(journal: Journal) -> None:
    """Those that are known, however many are asked for."""
    await sent(journal, *(f"k{number}" for number in range(7)))
    found = await journal.find_many(f"k{number}" for number in range(4, 400))
    assert {key: entry.id for key, entry in found.items()} == {"k4": "k4", "k5": "k5", "k6": "k6"}
    assert await journal.find_many([]) == {}


async def test_more_is_written_while_all_are_listed(journal: Journal) -> None:
    """A list that is read slowly keeps nobody from writing, and is whole."""
    await sent(journal, *(f"k{number}" for number in range(150)))
    listed: list[str] = []
    async for entry in journal.entries():
        if len(listed) == 50:
            await sent(journal, "new")
            await journal.take_back("new")
        listed.append(entry.id)
    assert listed == [f"k{number}" for number in range(150)]


async def test_what_is_over_can_be_forgotten(journal: Journal) -> None:
    """Done and failed, by the time of their end; what is in progress or in doubt never."""
    await over(journal, "done")
    await over(journal, "failed", has_failed=True)
    await accepted(journal, "progress")
    await sent(journal, "doubt")
    assert await journal.prune(datetime.now(UTC) - LATER, forget=True) == 0
    assert await journal.prune(datetime.now(UTC) + LATER, forget=True) == 2
    assert await ids(journal) == ["progress", "doubt"]
    assert await journal.of_task("music", "task of done") is None


async def test_what_is_over_can_be_emptied(journal: Journal) -> None:
    """What it was asked for and brought goes, once; key, token, state, digest and times stay."""
    await over(journal, "done")
    await over(journal, "failed", has_failed=True)
    await accepted(journal, "progress")
    before = [entry async for entry in journal.entries()]
    changed = await journal.prune(datetime.now(UTC) + LATER, forget=False)
    assert changed == (2 if journal.is_durable else 0)
    assert await journal.prune(datetime.now(UTC) + LATER, forget=False) == 0
    after = [entry async for entry in journal.entries()]
    assert [entry.fields for entry in after] == [None, None, SEA[1]]
    assert [entry.outcome for entry in after] == [None] * 3
    for name in ("id", "task_id", "state", "digest", "sent_at", "accepted_at", "done_at"):
        assert [getattr(entry, name) for entry in after] == [
            getattr(entry, name) for entry in before
        ]


async def test_a_key_that_was_forgotten_is_new(journal: Journal) -> None:
    """It may name another request, and nothing is left of the first one."""
    await over(journal, "k", has_failed=True)
    await journal.prune(datetime.now(UTC) + LATER, forget=True)
    await journal.about_to_send("k", *HILLS, "music")
    found = await known(journal, "k")
    assert (found.fields, found.earlier_id, found.state) == (HILLS[1], None, "in_doubt")


async def test_it_has_a_name_for_sentences(journal: Journal) -> None:
    """Errors and the log say which journal they speak of; opening it again changes nothing."""
    await sent(journal, "k")
    await journal.open()
    assert journal.name
    assert await ids(journal) == ["k"]
