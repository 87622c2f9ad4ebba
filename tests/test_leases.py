"""The rule of shared leases: a pure function, whose laws hold whichever keeper has its state."""

from __future__ import annotations

import json
from typing import Any

import pytest
from attrs import define, evolve, field, frozen
from hypothesis import given
from hypothesis import strategies as st

from suno_async._rate.leases import Answer, Report, exchange
from suno_async._rate.rule import Rule

RULE = Rule(3, 1.0, 3, 0.05, 0.5, 2.0)
NOW = 1_000_000.0
PARTS = ["born", "seen", "next", "resume", "slow", "slowness", "leases", "queue", "recent"]
rules = st.builds(
    Rule,
    max_rate=st.integers(1, 5),
    time_period=st.sampled_from([0.5, 1.0, 10.0]),
    burst=st.integers(1, 6),
    margin=st.sampled_from([0.0, 0.05]),
    no_response_hold=st.sampled_from([0.0, 2.0]),
    cooldown=st.sampled_from([0.0, 5.0]),
)


@define
class Keeper:
    """A state and a clock, and who holds which lease until when, as the test knows."""

    rule: Rule = RULE
    now: float = NOW
    state: str = ""
    held: dict[str, float] = field(factory=dict[str, float])
    granted: list[tuple[str, float]] = field(factory=list[tuple[str, float]])

    def say(self, process: str, **what: Any) -> Answer:
        """Report, and keep the state."""
        report = Report(process, **what)
        answer = exchange(self.state, self.now, report, self.rule)
        self.state = answer.state
        if report.lease and not answer.wait:
            self.held[report.lease] = self.now + self.rule.lease
            self.granted.append((process, self.now))
        return answer

    def ask(self, process: str, lease: str, waiting: int = 1) -> float:
        """Ask for a lease: the seconds to wait."""
        return self.say(process, lease=lease, waiting=waiting).wait

    def end(self, lease: str, left: float, **more: Any) -> None:
        """A lease has so many seconds left."""
        self.held[lease] = self.now + left
        self.say(lease[0], leases={lease: left}, **more)

    def inside(self) -> dict[str, Any]:
        """What is in the state."""
        found: dict[str, Any] = json.loads(self.state)
        return found

    def holding(self) -> int:
        """How many leases are held."""
        return sum(until > self.now for until in self.held.values())


@frozen
class Step:
    """What happens next."""

    process: str
    does: str
    after: float  # as a share of a lease, which is renewed four times
    number: int


steps = st.builds(
    Step,
    process=st.sampled_from("abcd"),
    does=st.sampled_from(["ask", "ask", "ask", "answered", "lost", "not sent", "refused", "dies"]),
    after=st.sampled_from([0.0, 0.001, 0.02, 0.1, 0.25]),
    number=st.integers(0, 9),
)


def play(steps: list[Step], rule: Rule) -> Keeper:
    """Let it happen, and hold after each step what always holds."""
    keeper, out, made = Keeper(rule), {name: list[str]() for name in "abcd"}, 0
    resume = 0.0
    for step in steps:
        keeper.now += step.after * rule.lease
        for process, leases in out.items():
            if leases:  # it lives, and renews what is under way
                keeper.held |= dict.fromkeys(leases, keeper.now + rule.lease)
                keeper.say(process, leases=dict.fromkeys(leases, rule.lease))
        mine = out[step.process]
        if step.does == "dies":
            mine.clear()
        elif step.does == "ask":
            made += 1
            lease = f"{step.process}-{made}"
            if not keeper.ask(step.process, lease, step.number):
                mine.append(lease)
        elif mine:
            end(keeper, mine.pop(step.number % len(mine)), step.does)
        assert keeper.holding() <= rule.max_rate
        known = {name for name, until in keeper.held.items() if until > keeper.now}
        assert not known or known <= {*keeper.inside()["leases"]}
        assert resume <= (resume := keeper.inside()["resume"] if keeper.state else 0.0)
    return keeper


def end(keeper: Keeper, lease: str, how: str) -> None:
    """A request has ended in one of the ways in which it may."""
    rule = keeper.rule
    if how == "not sent":
        keeper.end(lease, 0.0, not_sent=1)
    elif how == "refused":
        keeper.end(lease, rule.hold, is_refused=True, pause=rule.hold, slow=rule.cooldown)
    else:
        keeper.end(lease, rule.longest_hold if how == "lost" else rule.hold)


@given(st.lists(steps, max_size=60), rules)
def test_never_more_leases_than_slots(steps: list[Step], rule: Rule) -> None:
    """Whatever the processes do, also if they die: no lease is forgotten, no slot granted twice."""
    play(steps, rule)


@given(st.lists(steps, max_size=60), rules)
def test_what_is_over_is_free(steps: list[Step], rule: Rule) -> None:
    """After a lease's time and all pauses each slot can be had, by any process."""
    keeper = play(steps, rule)
    keeper.now += 2 * rule.lease + rule.cooldown + 10 * rule.time_period
    for number in range(rule.max_rate):
        while (wait := keeper.ask("e", f"e-{number}")) > 0:
            assert wait <= rule.gap, "only the pace is waited for"
            keeper.now += wait
            assert keeper.now < keeper.held.get("e-0", keeper.now + 1)
    assert keeper.ask("e", "e-more") > 0


@given(st.lists(steps, max_size=60), rules)
def test_the_state_stays_small(steps: list[Step], rule: Rule) -> None:
    """A lease for each slot, a time for each request of a burst, a turn for each process."""
    keeper = play(steps, rule)
    assert len(keeper.state) <= 200 + 40 * rule.max_rate + 20 * rule.burst + 40 * 4


def test_the_usual_state_is_about_a_kilobyte() -> None:
    """Twenty slots and ten processes that wait."""
    keeper = Keeper(Rule(20, 10.0, 20, 0.05, 5.0, 120.0), now=1.8e9 + 1 / 3)
    names = [f"{number:012x}" for number in range(10)]
    for number in range(40):
        keeper.ask(names[number % 10], f"{names[number % 10]}-{number}", 9)
        keeper.now += 0.001
    assert len(keeper.inside()["leases"]) == 20
    assert len(keeper.state) < 2_000


@given(st.lists(steps, max_size=60), rules)
def test_who_came_first_has_its_slot(steps: list[Step], rule: Rule) -> None:
    """A grant leaves a slot to each process that is before it in the queue."""
    keeper = Keeper(rule)
    for number, step in enumerate(steps):
        keeper.now += step.after * rule.lease
        before: dict[str, float] = keeper.inside()["queue"] if keeper.state else {}
        queue = [name for name, until in before.items() if until > keeper.now]
        ahead = queue.index(step.process) if step.process in queue else len(queue)
        if not keeper.ask(step.process, f"{step.process}-{number}", step.number):
            assert keeper.holding() + ahead <= rule.max_rate


def test_processes_take_turns() -> None:
    """Of a single slot each has its share, in the order in which they came, and came again."""
    keeper = Keeper(Rule(1, 1.0, 1, 0.0, 0.0, 0.0))
    at = {"c": NOW, "a": NOW + 0.01, "b": NOW + 0.02}
    while len(keeper.granted) < 12:
        process = min(at, key=lambda name: at[name])
        keeper.now = at[process]
        lease = f"{process}-{len(keeper.granted)}"
        at[process] += keeper.ask(process, lease, 9) + 0.001
        if lease in keeper.held:
            keeper.end(lease, 1.0)
    assert "".join(process for process, _ in keeper.granted) == ("c" + "cab" * 4)[:12]


@given(st.lists(steps, max_size=30), rules)
def test_a_lease_asked_for_twice_is_one(steps: list[Step], rule: Rule) -> None:
    """The answer may be lost: the same lease is granted again, and nothing else is used up."""
    keeper = play(steps, rule)
    keeper.now += 1_000.0
    assert keeper.ask("e", "e-1", 3) == 0
    once = keeper.inside()
    assert keeper.ask("e", "e-1", 3) == 0
    assert keeper.inside() == once


@given(st.lists(steps, max_size=30), rules)
def test_what_changes_nothing_is_not_written(steps: list[Step], rule: Rule) -> None:
    """Asked again a moment later, the text is the same: others are not disturbed."""
    keeper = play(steps, rule)
    if keeper.ask("e", "e-1"):
        before = keeper.state
        keeper.now += 1e-3
        if keeper.ask("e", "e-1"):
            assert keeper.state is before


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=5,
)


@given(
    st.text()
    | json_values.map(json.dumps)
    | st.fixed_dictionaries(
        dict.fromkeys(
            ["born", "seen", "next", "resume", "slow", "slowness", "leases", "queue", "recent"],
            json_values,
        )
    ).map(json.dumps),
)
def test_what_is_no_state_counts_as_none(garbage: str) -> None:
    """Any text is answered; afterwards there is a state, and those who knew another one pause."""
    keeper = Keeper(state=garbage)
    answer = keeper.say("a", born=NOW - 5.0)
    assert keeper.inside().keys() >= {"born", "leases"}
    assert answer.born == keeper.inside()["born"]
    if answer.born == NOW:
        assert keeper.ask("a", "a-1") == pytest.approx(RULE.hold)


@pytest.mark.parametrize("name", ["born", "seen", "next", "slow", "slowness", "leases", "recent"])
@pytest.mark.parametrize("value", [None, "x", [1.0, "x"], {"x": None}, float("nan"), float("inf")])
def test_a_state_with_a_part_that_cannot_be(name: str, value: object) -> None:
    """One wrong part makes all of it worth nothing, and an unknown or a missing one, too."""
    keeper = Keeper()
    keeper.ask("a", "a-1")
    for state in (
        keeper.inside() | {name: value},
        keeper.inside() | {"more": 1},
        {part: it for part, it in keeper.inside().items() if part != name},
    ):
        fresh = Keeper(state=json.dumps(state), now=NOW + 0.5)
        assert fresh.say("b").born == NOW + 0.5
        assert fresh.inside()["leases"] == {}


@pytest.mark.parametrize("name", ["next", "slowness", "leases", "recent"])
def test_times_far_ahead_stop_nobody_for_long(name: str) -> None:
    """Figures that no process of ours would write hold for one lease at most."""
    keeper = Keeper(evolve(RULE, burst=1 if name == "next" else 3))
    keeper.ask("a", "a-1")
    wrong: dict[str, Any] = {"leases": {f"x-{n}": 1e12 for n in range(9)}, "recent": [1e12] * 9}
    keeper.state = json.dumps(keeper.inside() | {name: wrong.get(name, 1e12)})
    waited = 0.0
    while (wait := keeper.ask("b", "b-1")) > 0:
        keeper.now += wait
        waited += wait
        assert waited <= RULE.lease + 1.0


def test_a_clock_that_goes_back_begins_anew() -> None:
    """By much, for no time means anything then; by a little nothing is forgotten, nor goes back."""
    keeper = Keeper()
    keeper.ask("a", "a-1")
    keeper.now -= 0.9 * RULE.hold / 10
    assert keeper.say("b").born == NOW
    keeper.ask("b", "b-0")
    assert keeper.inside()["leases"] == {"a-1": NOW + RULE.lease, "b-0": NOW + RULE.lease}
    assert keeper.inside()["seen"] == NOW
    keeper.now -= RULE.hold
    assert keeper.say("b", born=NOW).born == keeper.now
    assert keeper.inside()["leases"] == {}
    assert keeper.ask("b", "b-1") == pytest.approx(RULE.hold)


def test_leases_that_were_forgotten_are_reported_again() -> None:
    """Another `born` than the known one stops all for one period, from when it began."""
    keeper = Keeper()
    keeper.say("new")
    keeper.now += 0.4
    keeper.say("old", born=7.0, leases={"old-1": 0.9})
    assert [*keeper.inside()["leases"]] == ["old-1"]
    assert keeper.ask("new", "new-1") == pytest.approx(RULE.hold - 0.4)
    keeper.now += 0.2
    keeper.say("late", born=7.0)
    assert keeper.ask("new", "new-1") == pytest.approx(RULE.hold - 0.6)


def test_a_process_that_does_not_ask_again_loses_its_turn() -> None:
    """Soon: those behind it do not wait for the dead."""
    keeper = Keeper(Rule(1, 1.0, 1, 0.0, 0.0, 0.0))
    keeper.ask("a", "a-1")
    keeper.end("a-1", 1.0)
    assert keeper.ask("dead", "dead-1") > 0
    waited = 0.0
    while (wait := keeper.ask("b", "b-1")) > 0:
        keeper.now += wait
        waited += wait
    assert 1.0 <= waited <= 5.0


@pytest.mark.parametrize("burst", [1, 3])
def test_an_unused_slot_costs_neither_pace_nor_burst(burst: int) -> None:
    """Given back, it is as if it had never been granted, to whichever process asks next."""
    keeper = Keeper(evolve(RULE, burst=burst))
    for number in range(20):
        process = "ab"[number % 2]
        assert keeper.ask(process, f"{process}-{number}") == 0
        keeper.end(f"{process}-{number}", 0.0, not_sent=1)
    assert keeper.inside()["recent"] == []


def test_an_idle_key_bursts() -> None:
    """As many requests as `burst` at once, of all processes; the next one asks again soon."""
    keeper = Keeper(Rule(20, 10.0, 20, 0.05, 5.0, 120.0))
    waits = [keeper.ask("ab"[number % 2], f"{number}", 9) for number in range(21)]
    assert waits == [0.0] * 20 + [0.5]
    for number in range(20):
        keeper.end(f"{number}", keeper.rule.hold)
    keeper.now += 20.04
    assert [keeper.ask("a", f"a-{number}") == 0 for number in range(4)] == [True] * 3 + [False]
    keeper.now += 0.02
    assert [keeper.ask("a", f"a-{number}") for number in range(3, 10)] == [0.0] * 7


def test_a_burst_is_never_more_than_the_rate() -> None:
    """With a larger `burst` requests are spread all the same, though slots are free at once."""
    keeper = Keeper(Rule(2, 1.0, 20, 0.0, 0.0, 0.0))
    granted = 0
    for number in range(20):
        if not keeper.ask("a", f"a-{number}"):
            keeper.end(f"a-{number}", 0.001)
            granted += 1
        keeper.now += 0.002
    assert 2 <= granted <= 5, "a burst, and what is caught up with"
    assert len(keeper.inside()["recent"]) == 2


def test_what_was_late_is_caught_up_with() -> None:
    """Two gaps at most; those that wait are a gap apart, and each is told its own time."""
    keeper = Keeper(Rule(20, 10.0, 1, 0.0, 0.0, 0.0))
    assert [keeper.ask("a", f"a-{number}") for number in range(3)] == [0.0] * 3
    assert [keeper.ask(process, process) for process in "abc"] == pytest.approx([0.1, 0.2, 0.3])


def test_a_process_asks_again_behind_the_others() -> None:
    """With more requests that wait its next turn is taken with the grant, without another write."""
    keeper = Keeper()
    keeper.ask("a", "a-1", 2)
    keeper.ask("b", "b-1", 1)
    assert [*keeper.inside()["queue"]] == ["a"]


def test_a_pause_only_moves_forward() -> None:
    """One that asks for less does not shorten it, nor the slow spell."""
    keeper = Keeper()
    keeper.say("a", pause=5.0, slow=9.0)
    keeper.say("b", pause=1.0, slow=2.0)
    assert keeper.ask("c", "c-1") == 5.0
    assert keeper.inside()["slow"] == NOW + 9.0


@given(st.floats(0, 3_600), st.floats(0, 3_600))
def test_the_state_expires_when_nothing_in_it_counts(pause: float, slow: float) -> None:
    """Not before: neither a lease, nor a pause or a slow spell."""
    answer = Keeper().say("a", pause=pause, slow=slow)
    assert answer.expires_in == pytest.approx(max(RULE.lease, pause, slow), abs=1e-3)


def test_the_more_wait_the_wider_they_are_spread() -> None:
    """Over a fifth of a period for a few, and over nearly all of it for many."""
    gaps: dict[int, float] = {}
    for waiting in (1, 1_000):
        keeper = Keeper(Rule(20, 10.0, 1, 0.0, 0.0, 0.0))
        for number in range(6):
            while (wait := keeper.ask("a", f"a-{number}", waiting)) > 0:
                keeper.now += wait
        (_, one), (_, two) = keeper.granted[-2:]
        gaps[waiting] = two - one
    assert gaps == pytest.approx({1: 0.2 * 0.5, 1_000: 0.85 * 0.5})


@pytest.mark.parametrize(("refusals", "times"), [(1, 1.0), (2, 1.25), (9, 3.0)])
def test_a_refusal_slows_all_of_them(refusals: int, times: float) -> None:
    """A pause, then the even gap; slower in steps where that is refused too, thrice at most."""
    keeper = Keeper()
    for number in range(refusals):
        while (wait := keeper.ask("a", f"a-{number}")) > 0:
            keeper.now += wait
        keeper.end(f"a-{number}", RULE.hold, is_refused=True, pause=RULE.hold, slow=60.0)
    assert keeper.ask("b", "b-1") > RULE.hold - 1e-6
    for lease in ("b-1", "b-2"):
        while (wait := keeper.ask("b", lease)) > 0:
            keeper.now += wait
    (_, one), (_, two) = keeper.granted[-2:]
    assert two - one == pytest.approx(times * RULE.even_gap)
