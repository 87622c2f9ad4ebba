"""What comes at an odd moment, or from functions that raise what they should not."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from moments import running_in
from task_kit import StubPoller, news, task_of
from test_withdrawn import POLL, some

from suno_async import (
    ClientClosed,
    ConfigurationError,
    GenerateMusic,
    RateLimiter,
    Stage,
    SunoClient,
    SunoError,
    Task,
    TaskEvent,
    TaskTimeout,
)
from suno_async.errors import NotFound
from suno_async.limiter import Priority
from suno_async.testing import FakeSuno, Fault, VirtualTimeLoop

if TYPE_CHECKING:
    from collections.abc import Callable

    from suno_async.limiter import Slot, SlotResult


def nobody(_: TaskEvent[Any] | SunoError) -> None:
    """A listener that does nothing."""


# --- polls ------------------------------------------------------------------------------------


async def test_a_callback_ends_a_poll_that_waits_for_its_slot(fake_suno: FakeSuno) -> None:
    """What it would ask is known: the caller of `poll` does not wait for ever."""
    polls = RateLimiter(1, 1000.0)
    async with SunoClient("key", base_url=fake_suno.url, poll_limiter=polls) as suno:
        (task,) = await some(suno, fake_suno, 1)
        poller = suno._engine.tasks.poller
        await poller.record_body(task._kind, task.id)  # the only slot
        polling = asyncio.create_task(task.poll())
        await asyncio.sleep(1)
        poller.called_back(task, news(Stage.COMPLETE))
        async with asyncio.timeout(1):
            assert await polling is Stage.COMPLETE


async def test_polling_in_a_loop_costs_no_rate(suno: SunoClient, fake_suno: FakeSuno) -> None:
    """Within 4 seconds nothing is asked, however often; and others have their turn meanwhile."""
    (task,) = await some(suno, fake_suno, 1)
    turns = 0

    async def others() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    beside = asyncio.create_task(others())
    for _ in range(50):
        await task.poll()
    beside.cancel()
    assert len(fake_suno.ledger.of(POLL)) == 1
    assert turns > 50


async def test_maintenance_after_one_failure_is_not_raised(
    suno: SunoClient, fake_suno: FakeSuno
) -> None:
    """Three polls that fail are raised, but refusals for rate and maintenance are none of them."""
    (task,) = await some(suno, fake_suno, 1)
    fake_suno.fail(Fault.envelope(500), on=POLL)
    fake_suno.fail(Fault.envelope(455), on=POLL, times=20)
    with pytest.raises(TaskTimeout):
        await task.wait(timeout=150)


async def test_what_gateways_say_does_not_add_up_to_a_lost_record(suno: SunoClient) -> None:
    """Five times the service itself must say that there is no record, and no proxy for it."""
    task = await suno.generate_music("a")
    poller = suno._engine.tasks.poller
    state = poller._state(task)
    state.watched_since = 0.0
    for number, code in enumerate((None, None, None, None, 404)):
        poller._failed(state, task, NotFound("no", code=code), 100.0 + number)
    assert not poller.is_hopeless(task)


def test_a_loop_that_ends_amid_a_poll_has_no_new_one() -> None:
    """Somebody who subscribed is there still, but what is begun then would never end."""

    async def main() -> tuple[FakeSuno, SunoClient]:
        fake = FakeSuno(send_callbacks=False)
        await fake.start()
        suno = SunoClient("key", base_url=fake.url)
        task = await suno.generate_music("a")
        fake.fail(Fault.NEVER, on=POLL, times=None)
        task.subscribe(nobody)
        await asyncio.sleep(30)
        assert running_in("_polling", but=()) != []
        return fake, suno

    async def end(fake: FakeSuno, suno: SunoClient) -> None:
        own = asyncio.current_task()
        running = [one for one in asyncio.all_tasks() if one is not own]
        for one in running:
            one.cancel()
        await asyncio.wait(running)
        await asyncio.sleep(0)
        assert running_in("_polling", but=()) == []
        await suno.aclose()
        await fake.close()

    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        runner.run(end(*runner.run(main())))


async def test_a_limiter_for_polls_may_be_empty(fake_suno: FakeSuno) -> None:
    """One of the caller's that counts as false is the caller's all the same."""

    class Empty(RateLimiter):
        """It has a length."""

        def __len__(self) -> int:
            return 0

    mine = Empty()
    async with SunoClient("key", base_url=fake_suno.url, poll_limiter=mine) as suno:
        assert suno._engine.transport.poll_limiter is mine


# --- subscriptions ----------------------------------------------------------------------------


@pytest.mark.parametrize(("who", "heard"), [("itself", 1), ("another before it", 0)])
def test_a_subscription_ends_at_once(who: str, heard: int) -> None:
    """Three stages come in one record, and the end of a subscription amid them is its end."""
    task = task_of(StubPoller())
    ends: list[Callable[[], None]] = []
    events: list[object] = []

    def end(_: object) -> None:
        for one in ends:
            one()

    def hear(event: object) -> None:
        events.append(event)
        if who == "itself":
            end(event)

    if who != "itself":
        task.subscribe(end)
    ends.append(task.subscribe(hear))
    task._observe(news(Stage.COMPLETE))
    assert len(events) == heard


def test_a_listener_that_raises_a_cancellation_costs_the_others_nothing() -> None:
    """It may have asked a cancelled future; nobody is cancelled by that."""
    task = task_of(StubPoller())
    events: list[object] = []

    def hear(event: object) -> None:
        events.append(event)
        raise asyncio.CancelledError

    task.subscribe(hear)
    task.subscribe(hear)
    task._observe(news(Stage.COMPLETE))
    assert len(events) == 6


def test_nobody_subscribes_outside_a_loop() -> None:
    """The error says where to call it."""

    async def main() -> tuple[SunoClient, Task[Any]]:
        async with FakeSuno() as fake:
            suno = SunoClient("key", base_url=fake.url)
            return suno, await suno.generate_music("a")

    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        suno, task = runner.run(main())
        with pytest.raises(ConfigurationError, match="running event loop"):
            task.subscribe(nobody)
        runner.run(suno.aclose())


@pytest.mark.parametrize("given", [None, "print", asyncio.sleep])
def test_what_is_no_listener(given: Any) -> None:
    """Also a coroutine function, which nobody would await."""
    task = task_of(StubPoller())
    with pytest.raises(ConfigurationError, match="must be a plain function"):
        task.subscribe(given)
    assert not task._listeners


# --- submissions ------------------------------------------------------------------------------


@pytest.mark.parametrize("passes", range(6))
async def test_a_client_that_ends_in_the_first_moments(fake_suno: FakeSuno, passes: int) -> None:
    """Also before the request's first step, `submit` says that the client has ended."""
    suno = SunoClient("key", base_url=fake_suno.url)
    asking = asyncio.create_task(suno.submit(GenerateMusic("a")))
    for _ in range(passes):
        await asyncio.sleep(0)
    await suno.aclose()
    with pytest.raises(ClientClosed):
        await asking
    assert fake_suno.ledger.accepted() == []


async def test_what_one_caller_has_got_is_not_unclaimed(suno: SunoClient) -> None:
    """The other caller with its key is cancelled in the moment in which both would get it."""
    one, two = (
        asyncio.create_task(suno.submit(GenerateMusic("a"), idempotency_key="k")) for _ in range(2)
    )
    await asyncio.sleep(0)
    (submission,) = suno._engine.submissions._out
    submission.request.add_done_callback(lambda _: two.cancel())
    ends = await asyncio.gather(one, two, return_exceptions=True)
    assert [type(end) for end in ends] == [Task, asyncio.CancelledError]
    assert suno.unclaimed == []


async def test_a_hook_that_raises_a_cancellation_costs_no_song(fake_suno: FakeSuno) -> None:
    """The answer is in, and the hook is no reason to lose it."""

    def hook(_: object) -> None:
        raise asyncio.CancelledError

    async with SunoClient("key", base_url=fake_suno.url, on_attempt=hook) as suno:
        assert isinstance(await suno.generate_music("a"), Task)
        (outcome,) = [one async for one in suno.batch([GenerateMusic("b")], on_accepted=_raise)]
        assert outcome.error is None


def _raise(*_: object) -> None:
    raise asyncio.CancelledError


async def test_a_slot_that_raises_a_cancellation_costs_no_song(fake_suno: FakeSuno) -> None:
    """The limiter is the caller's, and the song is paid for."""

    class Own:
        """A limiter, and its slots."""

        async def acquire(self, priority: Priority = Priority.INTERACTIVE) -> Slot:
            """Let everybody go."""
            return self

        def release(self, result: SlotResult, *, resume_at: float = 0.0) -> None:
            """Raise what a plain function cannot mean."""
            raise asyncio.CancelledError

    async with SunoClient("key", base_url=fake_suno.url, limiter=Own()) as suno:
        assert isinstance(await suno.generate_music("a"), Task)
