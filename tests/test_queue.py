"""The queue of a limiter, with slots of the test's own: which waiter is served, and which fails."""

from __future__ import annotations

import asyncio
import gc
import inspect
from typing import Any

import pytest
from attrs import define, field

from suno_async import ConfigurationError, SunoError
from suno_async._rate.queue import Queue

Outcome = str | Exception


@define(eq=False)
class Source:
    """Hands out what the test has put into it, and notes what comes back."""

    stock: asyncio.Queue[Outcome] = field(factory=asyncio.Queue[Outcome])
    returned: list[str] = field(factory=list[str])

    async def step(self) -> str:
        """Take the next one, or fail with it."""
        taken = await self.stock.get()
        if isinstance(taken, Exception):
            raise taken
        return taken


@pytest.fixture
def source() -> Source:
    """What is handed out."""
    return Source()


@pytest.fixture
def queue(source: Source) -> Queue[str]:
    """Those who wait for it."""
    return Queue("Owner", source.step, source.returned.append)


async def waiting(queue: Queue[str], *priorities: int) -> list[asyncio.Task[str]]:
    """So many who wait already."""
    tasks = [asyncio.create_task(queue.wait(priority)) for priority in priorities]
    await asyncio.sleep(1)
    return tasks


async def ends_of(*tasks: asyncio.Task[str]) -> list[Any]:
    """What became of them."""
    return await asyncio.gather(*tasks, return_exceptions=True)


async def test_an_error_reaches_everyone_who_waits(queue: Queue[str], source: Source) -> None:
    """Each has a `SunoError` of its own, since more is written into it; the next are served."""
    tasks = await waiting(queue, 0, 0)
    source.stock.put_nowait(SunoError("no"))
    one, two = await ends_of(*tasks)
    assert (str(one), str(two)) == ("no", "no")
    assert one is not two
    tasks = await waiting(queue, 0, 0)
    broken = OSError("no copies of what may not bear it")
    source.stock.put_nowait(broken)
    assert await ends_of(*tasks) == [broken, broken]
    (task,) = await waiting(queue, 0)
    source.stock.put_nowait("slot")
    assert await task == "slot"


async def test_what_fails_after_a_grant_takes_nothing_back(
    queue: Queue[str], source: Source
) -> None:
    """One is served and the next is failed: what the first has stays its own."""
    complaints: list[Any] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: complaints.append(context))
    tasks = await waiting(queue, 0, 1, 1)
    source.stock.put_nowait("slot")
    source.stock.put_nowait(SunoError("no"))
    first, *others = await ends_of(*tasks)
    assert first == "slot"
    assert [type(other) for other in others] == [SunoError, SunoError]
    await asyncio.sleep(1)
    gc.collect()
    assert source.returned == []
    assert complaints == []


@pytest.mark.parametrize("turns", range(5))
@pytest.mark.parametrize("outcome", ["slot", SunoError("no")], ids=["granted", "failed"])
async def test_a_waiter_that_is_cancelled_in_the_moment_of_the_end(
    queue: Queue[str], source: Source, outcome: Outcome, turns: int
) -> None:
    """It is cancelled or it has its end, never both, and nothing is lost."""
    (task,) = await waiting(queue, 0)
    source.stock.put_nowait(outcome)
    for _ in range(turns):
        await asyncio.sleep(0)
    was_over = task.done()
    task.cancel()
    (end,) = await ends_of(task)
    await asyncio.sleep(1)
    if was_over:
        assert str(end) == str(outcome)
        assert source.returned == []
    else:
        assert isinstance(end, asyncio.CancelledError)
        is_out = outcome == "slot" and source.stock.empty()
        assert source.returned == ["slot"] * is_out


async def test_what_nobody_wants_any_more_is_given_back(queue: Queue[str], source: Source) -> None:
    """The dispatcher does not stop in the middle of taking; what it has then goes back."""
    (task,) = await waiting(queue, 0)
    task.cancel()
    await asyncio.sleep(1)
    source.stock.put_nowait("slot")
    await asyncio.sleep(1)
    assert source.returned == ["slot"]
    assert len(asyncio.all_tasks()) == 1


async def test_the_order_holds_whichever_goes_away(queue: Queue[str], source: Source) -> None:
    """Most of those who wait give up: the others are served by urgency, then by arrival."""
    tasks = await waiting(queue, *(number % 5 for number in range(100)))
    staying = {number: tasks[number] for number in range(0, 100, 7)}
    for number, task in enumerate(tasks):
        if number not in staying:
            task.cancel()
    await asyncio.sleep(1)
    assert queue.waiters() >= len(staying)
    order = sorted(staying, key=lambda number: (number % 5, number))
    for number in order:
        source.stock.put_nowait(str(number))
    assert await ends_of(*(staying[number] for number in order)) == [str(one) for one in order]
    assert queue.waiters() == 0


async def test_those_who_gave_up_are_dropped_once_they_are_the_most(queue: Queue[str]) -> None:
    """At once where nobody goes before them, else when it is worth the work; then all over."""
    await waiting(queue, *[1] * 10)

    async def one_leaves(priority: int) -> int:
        (task,) = await waiting(queue, priority)
        task.cancel()
        await asyncio.sleep(1)
        return queue.waiters()

    assert [await one_leaves(0) for _ in range(19)] == [10] * 19
    assert [await one_leaves(2) for _ in range(22)] == [*range(11, 21), 10] * 2


async def test_a_shutdown_sees_the_dispatcher_cancelled(queue: Queue[str]) -> None:
    """A shutdown that waits for what it has cancelled finds it so."""
    loop = asyncio.get_running_loop()
    tasks = await waiting(queue, 0)
    (dispatcher,) = asyncio.all_tasks() - {*tasks, asyncio.current_task()}
    begun: list[object] = []

    def note(loop: asyncio.AbstractEventLoop, coro: Any, **given: Any) -> asyncio.Task[Any]:
        begun.append(coro)
        return asyncio.Task(coro, loop=loop, **given)

    loop.set_task_factory(note)
    for task in (dispatcher, *tasks):
        task.cancel()
    await asyncio.wait([dispatcher, *tasks])
    assert dispatcher.cancelled()
    await asyncio.sleep(1)
    assert begun == [], "nobody waits, so there is nobody to serve"


async def test_a_change_ends_at_its_time_or_before(queue: Queue[str]) -> None:
    """Woken at once, else at the time given; what was before it began does not count."""
    loop = asyncio.get_running_loop()
    queue.wake()
    await queue.change(loop.time() + 5)
    assert loop.time() == pytest.approx(5, abs=1e-3)
    loop.call_later(2, queue.wake)
    await queue.change(None)
    assert loop.time() == pytest.approx(7, abs=1e-3)


def test_a_queue_belongs_to_one_loop(queue: Queue[str], source: Source) -> None:
    """It is bound by its first use, also by one that was served, and says whose it is."""

    async def be_served() -> None:
        source.stock.put_nowait("slot")
        await queue.wait(0)

    asyncio.run(be_served())
    with pytest.raises(ConfigurationError, match="This Owner serves another event loop"):
        asyncio.run(be_served())


def test_what_a_queue_is_made_of() -> None:
    """Its state is its own, and is not to be given."""
    assert [*inspect.signature(Queue).parameters] == ["owner", "step", "give_back"]
