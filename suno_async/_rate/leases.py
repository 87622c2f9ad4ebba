"""The slots of one key as leases that many processes share: the rule, as one pure function.

`exchange` takes the state as text, the time of the one clock that counts, and what a process
reports and asks for; it gives the next state and the answer. A keeper of the state (Redis, a
database) reads it together with its own time, calls this, and writes what it got, undivided. So
neither the clocks of the processes nor their order matter. The state is JSON of about a kilobyte,
to be kept as text, for the order in it counts:

    leases    each slot that is taken, with the time at which it is free again
    queue     the processes that want a slot, in turn, each with the time at which it loses its
              turn if it does not ask again
    recent    when the last slots were granted, newest first: whether a burst is due
    next      when the next request is due, for the pace
    resume, slow, slowness    what refusals have taught
    born      when the state began: another one means that leases were forgotten
    seen      when it was last written

A process reports what has become of its leases, and may ask for one. Either it is granted, or the
answer is in how many seconds to ask again. Asking for the same lease twice gets it once, so a
report whose answer was lost may be repeated.
"""

from __future__ import annotations

import json
from math import isfinite
from typing import TYPE_CHECKING

from attrs import Factory, asdict, define, frozen

from suno_async._rate.rule import SLOWEST, Refusals

if TYPE_CHECKING:
    from suno_async._rate.rule import Rule

_TIGHT, _WIDE = 0.2, 0.85  # of a period: over so much of it waiting requests are spread,
_SPREAD = 0.02  # ... which is this share of the time that the backlog takes
_PATIENCE = 0.5  # seconds that a process may be late with its next question, and keep its turn


@frozen
class Report:
    """What a process says of its leases, and what it wants."""

    process: str
    """Its name."""
    born: float = 0.0
    """The `born` that it knows, if it is recent, else 0."""
    leases: dict[str, float] = Factory(dict[str, float])
    """The seconds that leases have left; 0 for one that is over."""
    not_sent: int = 0
    """How many slots were granted and not used."""
    is_refused: bool = False
    """Whether a request was refused for its rate."""
    pause: float = 0.0
    """Seconds in which no process may send."""
    slow: float = 0.0
    """Seconds in which all are to be slow."""
    lease: str = ""
    """The name of the lease that it asks for; empty if for none."""
    waiting: int = 0
    """How many requests of the process wait for one."""


@frozen
class Answer:
    """What comes of a report."""

    state: str
    """The state from now on; the same text as before if there is nothing to write."""
    expires_in: float
    """Seconds after which nothing in the state matters."""
    born: float
    """When the state began."""
    wait: float
    """The seconds until it is to be asked again; 0: the lease is granted."""


def exchange(text: str, now: float, report: Report, rule: Rule) -> Answer:
    """Take in what a process reports, and grant what it asks for or say when to ask again.

    A text that is no state counts as none: what it held is forgotten, and `born` shows it.
    """
    state = _read(text)
    if state is None or now < state.seen - rule.hold / 10:
        # the clock went back: no time in it means anything
        state, text = _State.new(now), ""
    else:
        now = max(now, state.seen)  # clocks are adjusted by a little, and that is no new state
    state.tidy(now, rule)
    before = state.text() if text else ""
    state.take_in(report, now, rule)
    wait = state.grant(report, now, rule) if report.lease else 0.0
    after = state.text()
    # what changes nothing is not written, so that waiting processes do not disturb each other
    return Answer(text if after == before else after, state.expires_in(now, rule), state.born, wait)


@define
class _State:
    """The state; all times are those of its keeper's clock."""

    born: float
    seen: float
    next: float
    resume: float
    slow: float
    slowness: float
    leases: dict[str, float]
    queue: dict[str, float]
    recent: list[float]

    @classmethod
    def new(cls, now: float) -> _State:
        return cls(now, now, 0.0, 0.0, 0.0, 1.0, {}, {}, [])

    def text(self) -> str:
        return json.dumps(asdict(self, recurse=False), separators=(",", ":"))

    def tidy(self, now: float, rule: Rule) -> None:
        """Drop what is over; a time that no process of ours wrote stops none of them for long."""
        longest, last = now + rule.lease, now + SLOWEST * rule.even_gap
        self.seen, self.next = now, min(self.next, last)
        self.leases = {name: min(at, longest) for name, at in self.leases.items() if at > now}
        self.queue = {name: at for name, at in self.queue.items() if at > now}

    def take_in(self, report: Report, now: float, rule: Rule) -> None:
        """Note what a process says."""
        if report.born not in {0.0, self.born}:  # leases that were known have been forgotten
            self.resume = max(self.resume, self.born + rule.hold)
        for name, left in report.leases.items():
            self.leases.pop(name, None)
            if left > 0:
                self.leases[name] = now + left
        if report.not_sent:  # as if it had never been granted: neither burst nor pace is used up
            del self.recent[: report.not_sent]
            self.next = now
        if report.is_refused:
            taught = Refusals(self.resume, self.slow, self.slowness)
            self.slowness = taught.slowness_after_one(now)
        if report.pause > 0:
            self.resume = max(self.resume, now + report.pause)
        if report.slow > 0:
            self.slow = max(self.slow, now + report.slow)

    def grant(self, report: Report, now: float, rule: Rule) -> float:
        """Grant the lease, or give the seconds until it is to be asked for again."""
        ends = now + rule.lease
        if report.lease in self.leases:  # granted before, and the answer was lost
            self.leases[report.lease] = ends
            return 0.0
        self.queue.setdefault(report.process, now)
        turn = [*self.queue].index(report.process)
        gap = self._gap(report.waiting * len(self.queue), now, rule)
        is_burst = self._may_burst(now, rule)
        at = max(self.resume, self._slot_free_at(turn, now, rule))
        if not is_burst:
            at = max(at, self.next + turn * gap)
        if at > now:
            wait = at - now
            if now >= self.resume:
                wait = min(wait, rule.gap)  # a slot may come back unused
            if self.queue[report.process] < now + wait + _PATIENCE:
                # for more than once, so that not each question has something to write
                self.queue[report.process] = now + wait + 3 * _PATIENCE
            return wait
        self.leases[report.lease] = ends
        self.recent = [now, *self.recent][: rule.burst]
        may_catch_up = 2 * gap if now >= self.slow else 0.0
        self.next = now if is_burst else max(self.next, now - may_catch_up) + gap
        del self.queue[report.process]
        if report.waiting > 1:  # it will ask again at once: behind the others
            self.queue[report.process] = now + 3 * _PATIENCE
        return 0.0

    def _slot_free_at(self, turn: int, now: float, rule: Rule) -> float:
        """When there is a slot for a process, and one for each of so many before it."""
        ends = sorted(self.leases.values())
        first = len(ends) - rule.max_rate + turn  # so many must end before
        if first < 0:
            return now
        return ends[first] if first < len(ends) else now + rule.gap  # else all go to those before

    def _gap(self, backlog: int, now: float, rule: Rule) -> float:
        """Seconds between requests: the more there are the wider, up to most of a period."""
        if now < self.slow:
            return rule.even_gap * self.slowness
        return rule.gap * max(_TIGHT, min(_WIDE, _SPREAD / rule.max_rate * backlog))

    def _may_burst(self, now: float, rule: Rule) -> bool:
        if rule.burst == 1 or now < max(self.resume, self.slow):
            return False
        return len(self.recent) < rule.burst or self.recent[-1] <= now - rule.quiet

    def expires_in(self, now: float, rule: Rule) -> float:
        return max(rule.lease, self.resume - now, self.slow - now)


def _read(text: str) -> _State | None:
    """The state in a text; `None` if there is none that could be one."""
    try:
        state = _State(**json.loads(text))
        state.recent = [*state.recent]
        times = [*state.leases.values(), *state.queue.values(), *state.recent]
        times += [state.born, state.seen, state.next, state.resume, state.slow, state.slowness]
        is_sound = all(isfinite(time) for time in times)
    except (ValueError, TypeError, AttributeError, OverflowError, RecursionError):
        return None
    return state if is_sound else None
