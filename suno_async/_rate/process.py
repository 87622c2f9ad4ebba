"""What one process knows of its leases, and what of that is yet to be reported to their keeper.

A change is reported at once, together with all others of the same turn of the loop, an answer a
little later or with the next question. What could not be reported is kept until it can.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from secrets import token_hex
from typing import Protocol

from attrs import define, field

from suno_async._rate.leases import Answer, Report, exchange
from suno_async._rate.rule import Refusals, Rule
from suno_async._rate.slots import SlotResult
from suno_async.errors import ConfigurationError, ConnectionFailed, SunoError

_log = logging.getLogger("suno_async")

_PROBE = 1.0  # seconds between attempts to reach a keeper that is away
_LATER = 0.25  # seconds, at most, that an answer may wait for a question to be reported with
_CHECK_IN = 2.5  # seconds for all to report what they have sent, when the keeper is back


class Keeper(Protocol):
    """Who keeps the state of the leases, such as Redis."""

    @property
    def name(self) -> str:
        """What errors and the log call it."""
        ...

    @property
    def timeout(self) -> float:
        """Seconds for one change; one that takes longer counts as away."""
        ...

    async def change(self, rule: Callable[[str, float], Answer]) -> Answer:
        """Give the state ("" for none) and the keeper's time to the rule, and keep what it says.

        Undivided: no other change comes between what is read and what is written.

        Raises:
            ConnectionFailed: the keeper does not answer, or cannot do its work now.
            ConfigurationError: it does not let us in.
        """
        ...


@define(eq=False)
class Leases:
    """The leases of one process."""

    _keeper: Keeper
    _rule: Rule
    _goes_on_alone: bool
    """Whether requests are sent while the keeper is away."""
    _wake: Callable[[], None]
    """Called when the keeper is back, and when there may be a slot."""

    failing_since: float | None = field(default=None, init=False)
    """When the keeper began not to answer, on the loop's clock."""

    _process: str = field(factory=lambda: token_hex(6), init=False)
    _refusals: Refusals = field(factory=Refusals, init=False)
    _failed: float = field(default=0.0, init=False)
    _known: dict[str, float | None] = field(factory=dict[str, "float | None"], init=False)
    """When each lease ends, on the loop's clock; `None` while its request is under way."""
    _unreported: set[str] = field(factory=set[str], init=False)
    _not_sent: int = field(default=0, init=False)
    _is_refused: bool = field(default=False, init=False)
    _made: int = field(default=0, init=False)
    _wanted: str = field(default="", init=False)
    _born: float = field(default=0.0, init=False)
    _answered: float = field(default=0.0, init=False)
    _lock: asyncio.Lock = field(factory=asyncio.Lock, init=False)
    _reporter: asyncio.Task[None] | None = field(default=None, init=False)
    _renewal: asyncio.TimerHandle | None = field(default=None, init=False)
    _is_closed: bool = field(default=False, init=False)

    @property
    def resume_at(self) -> float:
        """When requests may leave again after a refusal of one of ours, on the loop's clock."""
        return self._refusals.resume_at

    @property
    def is_away(self) -> bool:
        """Whether the keeper has not answered for longer than its timeout, as was seen just now."""
        return self._was_away() and not self._is_old_news()

    def _is_old_news(self) -> bool:
        old = self._failed + 2 * (_PROBE + self._keeper.timeout)
        return asyncio.get_running_loop().time() >= old

    def _was_away(self) -> bool:
        since = self.failing_since
        return since is not None and self._failed >= since + self._keeper.timeout

    async def ask(self, waiting: int) -> float:
        """Ask for a lease: the seconds until it is to be asked for again, or 0: `take` it."""
        # the same name until it is granted: asked for twice, it is still one lease
        self._wanted = self._wanted or self._new()
        return await self._exchange(self._wanted, waiting)

    def take(self) -> str:
        """The lease that was granted."""
        lease, self._wanted = self._wanted, ""
        return self._hold(lease)

    def give_up(self) -> None:
        """Want the lease no more; it may have been granted, and the answer lost."""
        self._end(self._wanted, asyncio.get_running_loop().time())
        self._wanted = ""

    def take_alone(self) -> str:
        """A lease that the keeper did not grant; it is reported when the keeper is back."""
        lease = self._hold(self._new())
        self._unreported.add(lease)
        return lease

    def close(self, lease: str, result: SlotResult, resume_at: float, *, is_alone: bool) -> None:
        """The request of this lease has ended."""
        now, rule = asyncio.get_running_loop().time(), self._rule
        if result is SlotResult.NOT_SENT:
            self._not_sent += not is_alone
            self._end(lease, now)
            self._wake()
            return
        if result is SlotResult.RATE_LIMITED:
            self._is_refused = True
            self._refusals = self._refusals.after_one(now, resume_at, rule)
        is_lost = result is SlotResult.NO_RESPONSE
        later = 0.0 if self._is_refused else min(_LATER, rule.gap / 2)
        self._end(lease, now + (rule.longest_hold if is_lost else rule.hold), later)

    def report(self) -> None:
        """Report soon what the keeper does not know yet, and see whether it is back."""
        if not self._is_closed and (self._reporter is None or self._reporter.done()):
            self._reporter = asyncio.get_running_loop().create_task(self._report_all())

    async def aclose(self) -> None:
        """Report what is left, if the keeper is there."""
        self._is_closed = True
        if self._renewal is not None:
            self._renewal.cancel()
        if self._reporter is not None:
            self._reporter.cancel()
            await asyncio.wait([self._reporter])
        if self._unreported:
            with suppress(SunoError):
                await self._exchange("", 0)

    async def _report_all(self) -> None:
        while self._unreported or (self._was_away() and self._goes_on_alone):
            try:
                await self._exchange("", 0)
            except ConnectionFailed:
                if not self._know_any() and not self._is_closed:
                    return  # until there is something to send again
                await asyncio.sleep(min(_PROBE, self._keeper.timeout))
            except ConfigurationError as error:
                _log.warning("%s", error)
                return

    async def _exchange(self, lease: str, waiting: int) -> float:
        """One change, after the one before: what is reported later must arrive later."""
        async with self._lock:
            loop = asyncio.get_running_loop()
            report = self._next_report(lease, waiting, loop.time())
            sent = {name: self._known[name] for name in self._unreported}
            # what happens from here on, while this is under way, is for the next report
            self._not_sent, self._is_refused = 0, False
            try:
                answer = await self._keeper.change(
                    partial(exchange, report=report, rule=self._rule)
                )
            except SunoError as error:
                self._not_sent += report.not_sent
                self._is_refused |= report.is_refused
                self._note_failure(error)
                raise
            for name, until in sent.items():
                if self._known.get(name, -1.0) == until:  # else it has changed meanwhile
                    self._unreported.discard(name)
            self._note_answer(answer, report, loop.time())
            return answer.wait

    def _next_report(self, lease: str, waiting: int, now: float) -> Report:
        self._forget_the_old(now)
        pause = _CHECK_IN if self._was_away() and self._goes_on_alone else 0.0
        # what was known long ago may be gone because its time was over
        is_recent = now < self._answered + self._rule.lease / 2
        return Report(
            process=self._process,
            born=self._born if is_recent else 0.0,
            leases={name: self._left(name, now) for name in self._unreported},
            not_sent=self._not_sent,
            is_refused=self._is_refused,
            pause=max(pause, self._refusals.resume_at - now),
            slow=max(0.0, self._refusals.slow_until - now),
            lease=lease,
            waiting=waiting,
        )

    def _left(self, lease: str, now: float) -> float:
        until = self._known[lease]
        return self._rule.lease if until is None else max(0.0, until - now)

    def _note_failure(self, error: SunoError) -> None:
        now = asyncio.get_running_loop().time()
        if isinstance(error, ConfigurationError):  # it is there, and the caller gets the error
            self.failing_since = None
            self._wake()
            return
        was_away = self.is_away
        if self.failing_since is None or self._is_old_news():
            self.failing_since = now
        self._failed = now
        if self.is_away and not was_away:
            # a replica may take its place that lacks the last changes, and has the same `born`
            self._unreported.update(self._known)
            how = "this process goes on alone" if self._goes_on_alone else "nothing is sent"
            _log.warning("%s Until it is back, %s.", error, how)

    def _note_answer(self, answer: Answer, report: Report, now: float) -> None:
        if self._was_away():
            _log.warning("%s, which keeps the rate, is back.", self._keeper.name)
            self._wake()
        self.failing_since, self._born, self._answered = None, answer.born, now
        if report.born not in {0.0, answer.born}:
            _log.warning(
                "%s had forgotten the rate's leases; all pause for %g s.",
                self._keeper.name,
                self._rule.hold,
            )
            self._unreported.update(self._known)
            self.report()

    def _new(self) -> str:
        self._made += 1
        return f"{self._process}-{self._made}"

    def _hold(self, lease: str) -> str:
        self._known[lease] = None
        if self._renewal is None and not self._is_closed:
            self._renew_later()
        return lease

    def _end(self, lease: str, until: float, later: float = 0.0) -> None:
        self._known[lease] = until
        self._unreported.add(lease)
        if later:  # the slot is not free before long: each change less is one less to be late for
            asyncio.get_running_loop().call_later(later, self.report)
        else:
            self.report()

    def _renew_later(self) -> None:
        loop = asyncio.get_running_loop()
        self._renewal = loop.call_later(self._rule.lease / 4, self._renew)

    def _renew(self) -> None:
        self._renewal = None
        under_way = [lease for lease, until in self._known.items() if until is None]
        if under_way:
            self._unreported.update(under_way)
            self.report()
            self._renew_later()

    def _forget_the_old(self, now: float) -> None:
        for lease, until in list(self._known.items()):
            # once the keeper has let it expire, there is nothing left to report
            keep = self._rule.lease if lease in self._unreported else 0.0
            if until is not None and until + keep <= now:
                del self._known[lease]
                self._unreported.discard(lease)

    def _know_any(self) -> bool:
        self._forget_the_old(asyncio.get_running_loop().time())
        return bool(self._known)
