"""What was paid for, in a PostgreSQL database: one journal for any number of clients.

A key belongs to whoever has claimed it: the claim is a row, which one client of all can insert.
The others see that it is under way elsewhere, and wait for its end. A client that is killed says no
more that it lives, and what it had is taken over: what it had only claimed is free, what it had
sent is in doubt, and what was accepted is picked up by one other client (`orphans`).
"""

from __future__ import annotations

import asyncio
import json
import os
import socket
from collections.abc import Callable
from time import monotonic
from typing import TYPE_CHECKING, Any, ClassVar
from uuid import UUID, uuid4

from attrs import define, field, frozen

from suno_async._journal import follower, schema
from suno_async._journal import postgres_statements as sql
from suno_async._journal.connection import PostgresConnection, parts_of
from suno_async._journal.digest import digest_of
from suno_async._journal.follower import Follower
from suno_async._journal.journal import Entry, SubmissionState, done
from suno_async._journal.postgres_rate import PostgresKeeper
from suno_async._journal.postgres_rows import OVER, entry_of, row_of
from suno_async._rate.rule import Rule
from suno_async._rate.shared import SharedLimiter
from suno_async.errors import JournalError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
    from datetime import datetime

    from suno_async.limiter import Limiter, RateLimiter

MANY = 100
"""Entries that are read at a time."""
_PRUNED = 1000  # rows that are emptied or forgotten at a time
_RATE = Rule(20, 10.0, 20, 0.05, 5.0, 120.0)  # as of `RateLimiter()`
_SOON = 5.0  # seconds: what is about to be sent leaves by then, or not at all


@frozen
class _Claim:
    """One attempt at a submission, which is ours until another client has its id."""

    values: dict[str, Any]
    """What it is in the table."""


@define(eq=False)
class PostgresJournal:
    """The journal of one account in a database; its methods wait for its server.

    Raises:
        JournalError: the server cannot be reached or does not answer, its database is not fit, or
            the package that speaks to it is missing.
    """

    is_durable: ClassVar[bool] = True
    is_shared: ClassVar[bool] = True

    _url: str = field(repr=False)
    _account: Callable[[], str] = field(repr=False)
    """Whose it is; it is asked in the journal's thread."""
    _reads_only: bool = field(default=False, alias="reads_only", kw_only=True)
    """Whether it is no client of the journal, and nothing is changed."""
    _me: UUID = field(factory=uuid4, init=False)
    _name: str | None = field(default=None, init=False)
    _db: PostgresConnection = field(init=False)
    _limiter: SharedLimiter | None = field(default=None, init=False)
    _follower: Follower | None = field(default=None, init=False)
    _claims: dict[str, _Claim] = field(factory=dict[str, _Claim], init=False)
    """What this client has under way, by its id."""
    _waiting: set[asyncio.Future[None]] = field(factory=set["asyncio.Future[None]"], init=False)
    """Done when there may be news of other clients."""
    _listener: Callable[[], None] | None = field(default=None, init=False)

    def __attrs_post_init__(self) -> None:
        self._db = PostgresConnection(
            parts=parts_of(self._url),
            reads_only=self._reads_only,
            opened=self._opened,
            closing=self._closing,
        )

    @property
    def name(self) -> str:
        """The URL without the password."""
        return self._db.name

    async def open(self) -> None:
        """Connect, making the tables where there are none; more often does nothing."""
        await self._db.open()

    async def close(self) -> None:
        """Finish what is under way; what is not over is anybody's from then on."""
        if self._limiter is not None:
            await self._limiter.aclose()
        if self._follower is not None:
            # its end is waited for in the thread: a beat after the farewell would undo that
            await asyncio.get_running_loop().run_in_executor(None, self._follower.stop)
        await self._db.close()

    def keep_rate(self, limiter: RateLimiter) -> Limiter:  # noqa: ARG002 it is one process's
        """The limiter of the account, whose slots all clients share, those that died included."""
        self._limiter = SharedLimiter(PostgresKeeper(self._db, self._values), _RATE)
        return self._limiter

    # --- what is known -------------------------------------------------------------------------

    async def find(self, submission: str) -> Entry | None:
        """What is known of a submission."""
        return (await self.find_many([submission])).get(submission)

    async def find_many(self, submissions: Iterable[str]) -> dict[str, Entry]:
        """What is known of many, by their ids; an unknown id is left out."""
        entries = await self._select(sql.FIND_MANY, ids=list(submissions))
        return {entry.id: entry for entry in entries}

    async def of_task(self, kind: str, task_id: str) -> Entry | None:
        """The submission that a task came from."""
        found = await self._select(sql.OF_TASK, kind=kind, task=task_id)
        return found[0] if found else None

    async def entries(self, state: SubmissionState | None = None) -> AsyncIterator[Entry]:
        """All that is known, or what is in this state, in the order of the first sending."""
        statement = sql.PAGE.format(where="true" if state is None else schema.IN_STATE[state])
        after = 0
        while True:
            rows = await self._db.do(self._rows, statement, {"after": after, "most": MANY})
            for row in rows:
                yield entry_of(row)
            if len(rows) < MANY:
                return
            after = rows[-1].number

    async def counts(self) -> dict[SubmissionState, int]:
        """How many are in each state."""
        found = {row.state: row.count for row in await self._db.do(self._rows, sql.COUNTS, {})}
        return {state: found.get(state, 0) for state in SubmissionState}

    # --- what happens to a request -------------------------------------------------------------

    async def claim(  # noqa: PLR0913 all that is asked for
        self,
        submission: str,
        operation: str,
        fields: Mapping[str, Any],
        kind: str | None,
        *,
        has_callback: bool = False,
        after: Entry | None = None,
    ) -> Entry | None:
        """Take an id: `None` if it is ours, else what is known of it."""
        attempt = 1 if after is None else after.attempt + 1
        claim = self._begin(submission, operation, fields, kind, attempt, has_callback)
        self._claims[submission] = claim
        try:
            while not await self._db.do(self._rows, sql.CLAIM, claim.values):
                found = await self._select(sql.LAST_ATTEMPT, id=submission)
                if found:  # else it was given back in between, or is a dead client's
                    del self._claims[submission]
                    return found[0]
                await self._db.do(self._db.write, sql.FREE, self._values(id=submission))
        except BaseException:  # cancelled, or the server is away: it may be there all the same
            self.take_back(submission)
            raise
        return None

    def _begin(  # noqa: PLR0913, PLR0917 as above
        self,
        submission: str,
        operation: str,
        fields: Mapping[str, Any],
        kind: str | None,
        attempt: int | None,
        has_callback: bool,
    ) -> _Claim:
        return _Claim(
            {
                "id": submission,
                "attempt": attempt,
                "claim": uuid4(),
                "operation": operation,
                "digest": digest_of(operation, fields),
                "fields": json.dumps(fields),
                "kind": kind,
                "has_callback": has_callback,
            }
        )

    async def about_to_send(  # noqa: PLR0913 as above
        self,
        submission: str,
        operation: str,
        fields: Mapping[str, Any],
        kind: str | None,
        *,
        has_callback: bool = False,
        timeout: float = 30.0,
    ) -> bool:
        """Note a submission before its first byte leaves; whether it is ours still."""
        claim = self._claims.get(submission)
        if claim is None:  # what has no key of its caller's needs no claim before
            claim = self._claims[submission] = self._begin(
                submission, operation, fields, kind, None, has_callback
            )
        began = monotonic()
        # a little more than the client waits: until then others take it for under way
        values = claim.values | {"patience": timeout + _SOON}
        sent = await self._db.do(self._rows, sql.SEND, values)
        if not sent:
            self._claims.pop(submission, None)
            return False
        if monotonic() - began > _SOON:
            # this process stood still, or the server did: others may take it for lost by now
            self.take_back(submission)
            raise JournalError(
                f"The journal {self.name} took longer than {_SOON:g} seconds to note a submission: "
                "nothing was sent."
            )
        claim.values["attempt"] = sent[0].attempt
        return True

    def take_back(self, submission: str) -> asyncio.Future[bool]:
        """Undo `about_to_send`, or give a claim back: it was refused, or never sent."""
        what = f"submission {submission!r} was not accepted"
        return self._end(submission, what, sql.TAKE_BACK)

    def in_doubt(self, submission: str, candidate: str | None = None) -> asyncio.Future[bool]:
        """Note that its answer was lost, or named a task that it may be."""
        what = f"the answer to submission {submission!r} was lost, or named task {candidate!r}"
        return self._end(submission, what, sql.IN_DOUBT, candidate=candidate)

    async def accepted(self, submission: str, task_id: str) -> None:
        """Note the task that is paid for."""
        claim = self._claims.pop(submission, None)
        if claim is not None:
            what = f"submission {submission!r} was accepted as task {task_id!r}"
            await self._db.keep(
                what, sql.ACCEPTED, self._values(claim.values, task=task_id, attempt=None)
            )

    async def recovered(self, submission: str, task_id: str) -> bool:
        """Note the task of what was in doubt, and was accepted after all; whether it still was."""
        what = f"submission {submission!r} was accepted as task {task_id!r}"
        values = self._values(id=submission, task=task_id)
        return await self._db.keep(what, sql.RECOVERED, values)

    async def answered(self, submission: str, answer: Mapping[str, Any]) -> None:
        """Note the answer to a call, which was paid for."""
        claim = self._claims.pop(submission, None)
        if claim is not None:
            values = self._values(claim.values, record=json.dumps(answer), over=OVER, attempt=None)
            await self._db.keep(f"submission {submission!r} was answered", sql.ANSWERED, values)

    async def settled(self, submission: str) -> None:
        """Wait until what another client has under way has an end."""
        while True:
            # before the question, or what comes during it would be missed
            news: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiting.add(news)
            try:
                found = await self._select(sql.LAST_ATTEMPT, id=submission)
                if not found or not found[0].is_elsewhere:
                    return
                await news
            finally:
                self._waiting.discard(news)

    def _end(self, submission: str, what: str, statement: str, **more: Any) -> asyncio.Future[bool]:
        claim = self._claims.pop(submission, None)
        if claim is None:
            return done(value=False)
        return self._db.soon(what, statement, self._values(claim.values, **more))

    # --- what happens to a task ----------------------------------------------------------------

    def reached(
        self, kind: str, task_id: str, stage: int, record: Mapping[str, Any]
    ) -> asyncio.Future[bool]:
        """Note a stage of a task, for other clients."""
        return self._reach(kind, task_id, record, stage=stage, has_failed=False, is_done=False)

    def over(
        self, kind: str, task_id: str, record: Mapping[str, Any], *, has_failed: bool = False
    ) -> asyncio.Future[bool]:
        """Note that a task is complete or has failed, once."""
        return self._reach(kind, task_id, record, stage=OVER, has_failed=has_failed, is_done=True)

    def _reach(
        self, kind: str, task_id: str, record: Mapping[str, Any], **more: Any
    ) -> asyncio.Future[bool]:
        values = self._values(kind=kind, task=task_id, record=json.dumps(record), **more)
        what = f"task {kind}:{task_id} is {'over' if more['is_done'] else 'further'}"
        return self._db.soon(what, sql.REACHED, values)

    async def may_poll(self, kind: str, task_id: str, fresh: float) -> bool:
        """Whether no client has polled a task for so many seconds: then it counts as polled."""
        values = {"kind": kind, "task": task_id, "fresh": fresh}
        rows = await self._db.do(self._rows, sql.MAY_POLL, values)
        return not rows or bool(rows[0].is_due)

    async def news(self, known: Mapping[tuple[str, str], int]) -> list[Entry]:
        """Of these tasks, by kind and id, those that are further than the stage of this number."""
        kinds, tasks = [kind for kind, _ in known], [task for _, task in known]
        return await self._select(sql.NEWS, kinds=kinds, tasks=tasks, stages=list(known.values()))

    async def orphans(self) -> list[Entry]:
        """What clients that are gone had not finished, some hundreds at most: ours from now on."""
        return await self._select(sql.ORPHANS, most=MANY, lease=follower.LEASE)

    def listen(self, listener: Callable[[], None]) -> None:
        """Call it in the loop whenever there may be news of other clients."""
        self._listener = listener

    # --- its size ------------------------------------------------------------------------------

    async def prune(self, before: datetime, *, forget: bool) -> int:
        """Empty, or forget, what was over before then; how many submissions that changed."""
        changed, some = 0, _PRUNED
        while some == _PRUNED:  # a part at a time: each is soon over, and others come in between
            some = await self._db.do(self._prune, before, forget)
            changed += some
        return changed

    async def accounts(self) -> list[str]:
        """Whose submissions are in the database."""
        await self._db.open()
        if not self._db.has_tables:
            return []
        return [row.account for row in await self._db.do(self._rows, sql.ACCOUNTS, {})]

    async def add(self, entries: Sequence[Entry]) -> int:
        """Write down what another journal knows, but for ids that are known; how many it were.

        They are no client's, and so they can be picked up.
        """
        return await self._db.do(self._add, entries)

    async def give_to(self, account: str) -> str | None:
        """Make what is this account's another one's; whose it was."""
        before = self._account()
        values = {"account": account, "before": before}
        await self._db.do(self._db.write, sql.GIVE, values)
        return before

    # --- its life ------------------------------------------------------------------------------

    def _opened(self) -> None:
        """In the thread: say that it lives, and go on saying so."""
        if self._reads_only:
            return
        beat = {"host": socket.gethostname(), "pid": os.getpid(), "lease": follower.LEASE}
        self._db.write(sql.BEAT, self._values(beat))
        self._db.write(sql.BURY, self._values())
        self._follower = Follower(
            self._db.connect, self._values()["account"], self._values(beat), self._has_news
        )
        self._follower.start()

    def _closing(self) -> None:
        if self._reads_only:
            return
        self._db.write(sql.LEAVE, self._values())

    def _has_news(self) -> None:
        """In the other thread: have the loop ask."""
        self._db.in_loop(self._ask)

    def _ask(self) -> None:
        for news in self._waiting:
            if not news.done():
                news.set_result(None)
        self._db.make_up()
        if self._listener is not None:
            self._listener()

    # --- in the thread -------------------------------------------------------------------------

    def _values(self, values: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
        """The values of a statement, with whose it is."""
        if self._name is None:
            self._name = self._account()
        return {"account": self._name, "me": self._me} | (values or {}) | more

    def _rows(self, statement: str, values: dict[str, Any]) -> list[Any]:
        return self._db.rows(statement, self._values(values))

    def _add(self, entries: Sequence[Entry]) -> int:
        return sum(self._db.write(sql.ADD, self._values(row_of(entry))) for entry in entries)

    def _prune(self, before: datetime, forget: bool) -> int:
        values = self._values(before=before, most=_PRUNED)
        if not forget:
            return self._db.write(sql.EMPTY, values)
        ((count,),) = self._db.rows(sql.FORGET, values)
        return int(count)

    async def _select(self, statement: str, **values: Any) -> list[Entry]:
        return [entry_of(row) for row in await self._db.do(self._rows, statement, values)]
