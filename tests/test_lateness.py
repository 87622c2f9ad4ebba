"""The laws of the rule by which the tasks that people wait for are polled."""

from __future__ import annotations

from math import inf
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from suno_async import Stage
from suno_async._polling.failures import PollErrors
from suno_async._polling.lateness import Ages, Learned, when_worth, worth
from suno_async._polling.schedule import PollState, Queue, Schedule
from suno_async.operations._kinds import KINDS

MUSIC, WAV = KINDS["music"], KINDS["wav"]
SLOT = 0.5  # seconds between the limiter's slots

a_time = st.floats(0.0, 2_000.0)
intervals = st.lists(st.tuples(a_time, a_time).map(sorted), max_size=150)


@given(intervals, a_time, a_time, a_time)
def test_a_poll_is_worth_more_the_later_it_comes(
    learned: list[list[float]], since: float, first: float, second: float
) -> None:
    """Whatever was learned, the chance of news and the lateness expected only grow with time."""
    ages = Ages(148.0)
    for after, by in learned:
        ages.learn(after, by)
    earlier, later = (ages.hidden(since, since + wait) for wait in sorted((first, second)))
    assert 0.0 <= earlier[0] <= later[0] < 1.0
    assert 0.0 <= earlier[1] <= later[1] + 1e-6 < inf


@given(intervals, a_time, st.floats(0.1, 50.0))
def test_the_age_at_which_a_poll_is_worth_it_is_when_it_is(
    learned: list[list[float]], since: float, lateness: float
) -> None:
    """From the age given on a poll is worth as much as was asked for, or about as much."""
    ages = Ages(148.0)
    for after, by in learned:
        ages.learn(after, by)
    at = ages.when(since, lateness)
    assert at > since
    if at < inf:
        assert ages.hidden(since, at + 1e-3)[1] >= lateness


@given(intervals)
def test_what_is_learned_is_bounded_and_lies_between_the_polls(learned: list[list[float]]) -> None:
    """A hundred ages at most are kept, each from between the polls that told of it."""
    ages = Ages(148.0)
    for after, by in learned:
        before = [*ages._learned]
        ages.learn(after, by)
        assert after <= ages._learned[-1] <= by
        assert [*ages._learned][:-1] in (before, before[1:])
        assert ages._sorted == sorted(ages._learned)
    assert len(ages) <= 100


def test_a_model_may_be_any_text() -> None:
    """However many names of models there are, a hundred at most are remembered."""
    learned = Learned()
    for number in range(1_000):
        learned.after(MUSIC, f"V{number}", Stage.TEXT)
    assert len(learned._stages) == 100
    both = [learned.after(MUSIC, "V999", Stage.TEXT) for _ in range(2)]
    assert both[0] is both[1]


def test_models_are_learned_apart() -> None:
    """A quick model tells nothing of a slow one."""
    learned = Learned()
    for _ in range(100):
        learned.after(MUSIC, "V4", Stage.FIRST)[-1].learn(28.0, 32.0)
        learned.after(MUSIC, "V5", Stage.FIRST)[-1].learn(238.0, 242.0)
    quick, slow = (
        learned.after(MUSIC, model, Stage.PENDING)[-1].usually_by() for model in ("V4", "V5")
    )
    assert (quick, slow) == (30.0, 240.0)


@pytest.mark.parametrize("seconds", [70.0, 148.0, 300.0])
@pytest.mark.parametrize("gap", [4.0, 30.0, inf])
def test_ages_are_learned_however_far_polls_are_apart(seconds: float, gap: float) -> None:
    """Songs of another length than documented are known for it, also by sparse polls."""
    rng, ages = Random(1), Ages(148.0)
    for _ in range(6_000):
        came = seconds * rng.lognormvariate(0.0, 0.1)
        # where slots are few, one poll when it is likely to be there, and others when it was not
        since, by = 0.0, min(rng.uniform(0.0, gap), ages.when(0.0, 50.0))
        while by < came:
            since, by = by, by + min(gap, 30.0)
        ages.learn(since, by)
    assert 0.7 * seconds <= ages.usually_by() <= 1.35 * seconds


def _run(states: list[PollState], seconds: float) -> dict[PollState, list[float]]:
    """Poll by the rule with two slots a second, and say when each task was polled."""
    schedule = Schedule()
    polls = {state: [0.0] for state in states}
    for state in states:
        schedule.people += state.needs_polls
        schedule.enter(state, 0.0)
    now = 0.0
    while now < seconds:
        now += SLOT
        if (chosen := schedule.take(Queue.SPARE, now)) is not None:
            polls[chosen].append(now)
            schedule.polled(chosen, now, Stage.FIRST, is_done=False)
            schedule.enter(chosen, now)
    return polls


@settings(max_examples=20)
@given(st.integers(0, 2**32), st.integers(1, 100))
def test_no_task_is_starved(seed: int, count: int) -> None:
    """Among any tasks each is polled again and again: within some seconds for each who waits."""
    rng = Random(seed)
    states = [
        PollState(MUSIC, accepted=-rng.uniform(0.0, 300.0), model=rng.choice(("V4", "V5")))
        for _ in range(count)
    ]
    for state, times in _run(states, 600.0).items():
        gaps = [later - before for before, later in zip(times, [*times[1:], 600.0], strict=True)]
        assert max(gaps) <= max(30.0, 2.5 * count), (state, times)


def test_of_two_tasks_the_one_with_news_is_polled() -> None:
    """A song that is most likely complete goes before one whose next stage is far away."""
    schedule = Schedule(people=2)
    idle = PollState(MUSIC, accepted=100.0, stage=Stage.FIRST, polled=45.0)
    ready = PollState(MUSIC, accepted=0.0, stage=Stage.FIRST, polled=125.0)
    schedule.enter(ready, 125.0)
    schedule.enter(idle, 145.0)
    assert schedule.take(Queue.SPARE, 160.0) is ready
    assert schedule.take(Queue.SPARE, 160.0) is idle
    assert schedule.take(Queue.SPARE, 160.0) is None


def test_a_batch_gets_slots_beside_people() -> None:
    """The polls of people go ahead of submissions once a second, however many wait."""
    schedule = Schedule(people=500)
    for _ in range(500):
        schedule.enter(PollState(MUSIC, accepted=-200.0), 0.0)
    now, ahead = 0.0, 0
    for _ in range(200):
        now += SLOT
        if schedule.due(Queue.INTERACTIVE) <= now:
            ahead += schedule.take(Queue.INTERACTIVE, now) is not None
    assert 95 <= ahead <= 105


def test_callbacks_keep_polls_rare() -> None:
    """A person's song whose callbacks come is polled when it should be complete, not by worth."""
    schedule = Schedule()
    state = PollState(MUSIC, accepted=0.0, has_callbacks=True, has_had_callback=True)
    schedule.enter(state, 40.0)
    assert min(schedule.due_times()) >= 190.0


def test_a_task_that_failed_to_be_polled_waits_as_before() -> None:
    """Polls that fail are repeated by their own distances, and not by what they are worth."""
    schedule = Schedule()
    state = PollState(MUSIC, accepted=0.0, polled=150.0, tried=200.0, errors=PollErrors(failures=1))
    assert min(schedule.enter(state, 200.0)) == 204.0


def test_a_failure_teaches_no_age() -> None:
    """A song that fails early says nothing of when songs are complete."""
    schedule = Schedule()
    state = PollState(MUSIC, accepted=0.0, stage=Stage.TEXT)
    ages = schedule._learned.after(MUSIC, None, Stage.FIRST)[-1]
    before = [*ages._learned]
    schedule.polled(state, 20.0, Stage.TEXT, is_done=True)
    assert [*ages._learned] == before
    schedule.polled(state, 21.0, Stage.COMPLETE, is_done=True)
    assert [*ages._learned] != before


@given(st.lists(st.tuples(st.integers(0, 19), st.sampled_from("ewlt")), max_size=400))
def test_memory_is_bounded_by_the_tasks_that_wait(acts: list[tuple[int, str]]) -> None:
    """Tasks that come and go and come again leave nothing that is not due for long."""
    schedule, now = Schedule(), 0.0
    states = [PollState(MUSIC, accepted=0.0) for _ in range(20)]
    for number, act in acts:
        now += SLOT
        if act == "e":
            schedule.enter(states[number], now)
        elif act == "l":
            schedule.leave(states[number])
        elif (state := schedule.take(Queue.SPARE, now)) is not None:
            schedule.polled(state, now, Stage.PENDING, is_done=False)
            if act == "w":
                schedule.enter(state, now)
    for state in states:
        schedule.leave(state)
    assert schedule.due_times() == (inf, inf, inf)
    assert not any((*schedule._queues, schedule._people, schedule._due))


def test_kinds_without_stages_are_weighed_by_their_end() -> None:
    """A WAV has one stage: before it is likely a poll is worth little, and then more and more."""
    stages = Learned().after(WAV, None, Stage.PENDING)
    assert worth(stages, 0.0, 10.0) < 1.0 < worth(stages, 0.0, 60.0) < worth(stages, 0.0, 90.0)
    assert 10.0 < when_worth(stages, 0.0, 1.0) < 60.0
