"""Submits a batch's requests: one at a time to the limiter, and none while there is an outage.

One coroutine reads the input a little ahead. Another one takes an item, asks the limiter for one
slot, and goes on to the next item when it has the slot, while the answer is still on its way.
A request keeps its priority while it waits, and behind overdue polls that may be minutes; so if the
batch comes near its end meanwhile, it is cancelled and asks anew.

In an outage (`outage`) nothing is submitted. What was certainly not accepted goes back, and so
does what waits for its slot; each keeps its index and its key, and goes first afterwards. What the
journal knows the end of is yielded meanwhile, and what lies between is set aside.
"""

from __future__ import annotations

import asyncio
import logging
import shlex
from collections import Counter, deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from heapq import heappop, heappush
from itertools import islice
from typing import TYPE_CHECKING, Any, Generic

from attrs import define, evolve, field

from suno_async._batch_runner.outage import NEVER_LEFT, NO_USE, Outage
from suno_async._batch_runner.reader import Reader
from suno_async._http.verdict import in_brief
from suno_async._journal.journal import Entry, SubmissionState
from suno_async._submitting.submissions import Submissions, Terms
from suno_async.batch import Items, Keys, Op, Outcome
from suno_async.errors import ClientClosed, InvalidRequest, JournalError, SunoError
from suno_async.limiter import Priority
from suno_async.operations import TaskOperation
from suno_async.task import Task

if TYPE_CHECKING:
    from suno_async._journal.journal import Journal

_log = logging.getLogger("suno_async")

_AT_ONCE = 100  # items that the journal is asked for at a time


@define(eq=False)
class Item(Generic[Op]):
    """A request of a batch, until its end or its task is known."""

    index: int
    operation: Op
    key: str
    known: Entry | None
    """What the journal knew of it a moment before."""
    post: asyncio.Task[None] | None = None
    """What makes the request."""
    placed_at: float = 0.0
    has_slot: bool = False
    """Whether it leaves, or has left."""
    is_aside: bool = False
    """Whether it waits to be submitted again."""


@define(eq=False)
class Submitter(Generic[Op]):
    """Submits one batch's requests."""

    _items: Items[Op]
    _submissions: Submissions
    _terms: Terms
    _outage: Outage
    _changed: asyncio.Event
    """Set whenever there is something to see to."""
    _has_room: Callable[[], bool]
    """Whether another task may be begun."""
    _put: Callable[[Outcome[Op]], None]
    """Takes an outcome without a task."""
    _follow: Callable[[Item[Op], Task[Any], bool], None]
    """Takes a task, and whether it is from an earlier run."""
    posts: set[asyncio.Task[None]] = field(factory=set["asyncio.Task[None]"], init=False)
    """The requests under way."""
    mistake: BaseException | None = field(default=None, init=False)
    """What should never have happened."""
    _reader: Reader[Op] = field(init=False)
    _keys: Keys = field(factory=Keys, init=False)
    _known: deque[tuple[str, Entry | None]] = field(
        factory=deque["tuple[str, Entry | None]"], init=False
    )
    """Keys, and what the journal knows of them, of the items that the reader has next."""
    _taken: int = field(default=0, init=False)
    _again: list[tuple[int, Item[Op]]] = field(factory=list["tuple[int, Item[Op]]"], init=False)
    """A heap of what was set aside, by its index."""
    _is_stopped: bool = field(default=False, init=False)
    _stopped_by: SunoError | None = field(default=None, init=False)
    _is_logged: bool = field(default=False, init=False)

    def __attrs_post_init__(self) -> None:
        ahead = _AT_ONCE if self._journal.is_durable else 1
        self._reader = Reader(self._items, self._changed, ahead)

    @property
    def _journal(self) -> Journal:
        return self._submissions.tasks.journal

    def stop(self) -> None:
        """Submit no more."""
        self._is_stopped = True
        for post in self.posts:
            post.cancel()

    async def run(self) -> None:
        """Submit what is read."""
        reading = asyncio.create_task(self._reader.run())
        try:
            await self._submit_all()
        finally:
            reading.cancel()
            await asyncio.wait([reading])

    async def _submit_all(self) -> None:
        while True:
            await self._until(lambda: self._is_at_end() or (self._has_next() and self._may_begin()))
            if self._is_stopped or self._is_at_end():
                break
            if (parked_by := self._outage.error) is not None:
                if await self._is_answered(parked_by):
                    await self._try_one()
            elif (item := await self._next()) is not None:
                await self._start(item)
        if self._stopped_by is not None:
            await self._log_the_rest(self._stopped_by)
        elif self._reader.failure is not None:
            raise self._reader.failure

    async def _until(self, may_go_on: Callable[[], bool]) -> None:
        while not (self._is_stopped or may_go_on()):
            self._changed.clear()
            await self._changed.wait()

    def _has_next(self) -> bool:
        return bool(self._again or self._reader.ahead)

    def _is_at_end(self) -> bool:
        """Whether all is read and submitted; what is out may come back."""
        return self._reader.has_news and not (self._has_next() or self.posts)

    def _may_begin(self) -> bool:
        return self._outage.has_room(len(self.posts)) and self._has_room()

    async def log_others(self) -> None:
        """Say what the journal has open that the whole list does not name."""
        is_read = self._reader.has_news and not self._has_next() and self._reader.failure is None
        journal = self._journal
        if not (journal.is_durable and is_read and self._stopped_by is None):
            return
        if journal.is_shared:  # the rest is others', and `pick_up` gives what is nobody's
            return
        counts = Counter[SubmissionState]()
        for state in (SubmissionState.IN_PROGRESS, SubmissionState.IN_DOUBT):
            with suppress(JournalError, ClientClosed):
                async for entry in self._submissions.entries(state):
                    counts[state] += not self._keys.names(entry.id)
        if counts.total():
            _log.warning(
                "The journal %s has %d submissions in progress and %d in doubt that this batch's "
                "list does not name: submissions(state='in_progress') and "
                "submissions(state='in_doubt') tell them, and so does %s",
                journal.name,
                counts[SubmissionState.IN_PROGRESS],
                counts[SubmissionState.IN_DOUBT],
                shlex.join(["suno-async", "journal", journal.name]),
                extra={"journal": journal.name, "others": counts.total()},
            )

    async def _look_ahead(self) -> None:
        """Name the items that the reader has, and ask the journal for all of them at once."""
        some = list(islice(self._reader.ahead, _AT_ONCE))
        keys = [self._keys.of(one) if isinstance(one, TaskOperation) else "" for one in some]
        known: Mapping[str, Entry] = {}
        if self._journal.is_durable:
            with suppress(SunoError):  # submitting asks again, and says what is wrong
                known = await self._submissions.find_many(list(filter(None, keys)))
        self._known.extend((key, known.get(key)) for key in keys)

    async def _next(self) -> Item[Op] | None:
        """What is to be submitted next, the lowest index first; none for what is no request."""
        if self._again:
            first = heappop(self._again)[1]
            first.is_aside = False
            return first
        return await self._next_read()

    def _set_aside(self, item: Item[Op]) -> None:
        item.is_aside = True
        heappush(self._again, (item.index, item))

    async def _next_read(self) -> Item[Op] | None:
        """What the input has next; none for what is no request."""
        if not self._known:
            await self._look_ahead()
        (key, known), item = self._known.popleft(), self._reader.take()
        index = self._taken
        self._taken += 1
        if isinstance(item, InvalidRequest):
            self._put(Outcome(index=index, error=item))
        elif (error := _no_operation(item)) is not None:
            self._put(Outcome(index=index, error=error))
        else:
            return Item(index, item, key, known)
        return None

    # --- outages -------------------------------------------------------------------------------

    async def _is_answered(self, parked_by: SunoError) -> bool:
        """Ask the service for free when it is time, or give up: whether it answers as it should."""
        outage, loop = self._outage, asyncio.get_running_loop()
        delay = outage.delay(loop.time(), len(self.posts))
        if delay is None:
            await self._yield_known(lambda: self._reader.is_exhausted)
            await self._log_the_rest(parked_by)
            raise parked_by
        if not self._is_logged:
            self._log_that_it_parks(parked_by)
        probing = asyncio.create_task(self._submissions.probe(delay))
        probing.add_done_callback(lambda _: self._changed.set())
        try:
            await self._yield_known(probing.done)
            await self._until(probing.done)
        finally:
            probing.cancel()
            await asyncio.wait([probing])
        if self._is_stopped:
            return False
        error = probing.exception()
        if error is not None and not isinstance(error, SunoError):
            raise error
        return outage.probed(error, loop.time())

    async def _yield_known(self, is_done: Callable[[], bool]) -> None:
        """Until then, begin what the journal knows the end of, and set aside what is to be sent."""
        if not self._journal.is_durable:
            return
        while True:
            await self._until(lambda: is_done() or (bool(self._reader.ahead) and self._has_room()))
            if self._is_stopped or is_done():
                return
            if not self._known:
                await self._look_ahead()
            is_sent = self._terms.sends(self._known[0][1])
            if is_sent and self._reader.left is None:
                return  # it may be endless: no more of it is kept than was read ahead
            if (item := await self._next_read()) is None:
                continue
            if is_sent:
                self._set_aside(item)
            else:
                self._begin(item, near_end=False, is_trial=False)
                await self._until(partial(self._is_done, item))

    async def _try_one(self) -> None:
        """Let one paid request out before the rest; what the journal knows is none."""
        is_tried = False
        while self._has_next() and not is_tried:
            await self._until(self._may_begin)
            if self._is_stopped:
                return
            if (item := await self._next()) is not None:
                await self._start(item, is_trial=True)
                await self._until(partial(self._is_done, item))
                is_tried = item.has_slot or item.is_aside
        if self._outage.error is None and not self._is_stopped:
            self._is_logged = False
            seconds = asyncio.get_running_loop().time() - self._outage.since
            _log.warning("A batch goes on after %.0f s", seconds, extra={"parked": None})

    def _is_done(self, item: Item[Op]) -> bool:
        return item.post not in self.posts

    def _log_that_it_parks(self, error: SunoError) -> None:
        self._is_logged = True
        _log.warning(
            "A batch submits nothing for now (%s); requests that wait: %s. What is accepted is "
            "polled on, and it goes on by itself once the service answers.",
            _what(error),
            self._rest(),
            extra={"parked": error, "left": self._rest()},
        )

    async def _log_the_rest(self, error: SunoError) -> None:
        """Say how many requests are not submitted, once that is known."""
        while self.posts:
            self._changed.clear()
            await self._changed.wait()
        if (rest := self._rest()) != "0":
            _log.warning(
                "A batch ends (%s); requests that were not submitted: %s",
                _what(error),
                rest,
                extra={"ended_by": error, "left": rest, "patience": self._outage.patience},
            )

    def _rest(self) -> str:
        """How many requests are not submitted, as far as the input tells."""
        begun, left = len(self._again) + len(self.posts), self._reader.left
        return f"{begun + len(self._reader.ahead)} or more" if left is None else str(begun + left)

    # --- requests ------------------------------------------------------------------------------

    async def _start(self, item: Item[Op], *, is_trial: bool = False) -> None:
        """Begin a request, and wait until it has its slot or its end, or is cancelled."""
        near_end = is_trial or self._is_near_end(item.operation)  # all wait for a trial
        post = self._begin(item, near_end=near_end, is_trial=is_trial)

        def is_placed() -> bool:
            return item.has_slot or self._is_done(item)

        def is_stale() -> bool:
            is_parked = self._outage.error is not None and not is_trial
            return is_parked or (not near_end and self._is_near_end(item.operation))

        await self._until(lambda: is_placed() or is_stale())
        if not is_placed():
            post.cancel()  # it has no slot, so it has not left
            await asyncio.wait([post])

    def _begin(self, item: Item[Op], *, near_end: bool, is_trial: bool) -> asyncio.Task[None]:
        item.post, item.has_slot = None, False  # with eager tasks, it has its slot before its name

        def on_slot() -> bool:
            is_cancelled = item.post is not None and item.post.cancelling() > 0
            is_parked = self._outage.error is not None and not is_trial
            item.has_slot = not (is_cancelled or is_parked or self._is_stopped)
            item.placed_at = asyncio.get_running_loop().time()
            self._changed.set()
            return item.has_slot

        posting = self._post(item, near_end=near_end, is_trial=is_trial, on_slot=on_slot)
        item.post = asyncio.create_task(posting)
        self.posts.add(item.post)
        item.post.add_done_callback(lambda post: self._posted(item, post))
        return item.post

    def _is_near_end(self, operation: Op) -> bool:
        left = self._reader.left
        begun = len(self.posts) + len(self._again)
        return left is not None and self._submissions.tasks.poller.is_near_end(
            operation._kind, begun + left
        )

    def _posted(self, item: Item[Op], post: asyncio.Task[None]) -> None:
        self.posts.discard(post)
        if post.cancelled():
            if not item.has_slot:
                self._set_aside(item)
        elif post.exception() is not None:
            self.mistake = post.exception()
        self._changed.set()

    async def _post(
        self, item: Item[Op], *, near_end: bool, is_trial: bool, on_slot: Callable[[], bool]
    ) -> None:
        error: SunoError | None = None
        task, is_resumed = None, False
        try:
            task, is_resumed = await self._submissions.pay(
                item.operation,
                Priority._FINISHING if near_end else Priority.BACKGROUND,
                evolve(
                    self._terms,
                    key=item.key if self._journal.is_durable else None,
                    known=item.known,
                    on_slot=on_slot,
                ),
            )
        except SunoError as problem:
            error = problem
        now = asyncio.get_running_loop().time()
        if item.has_slot and task is not None:
            self._outage.answered(now - item.placed_at)
        if self._outage.ended(error, now, had_slot=item.has_slot, is_trial=is_trial):
            self._set_aside(item)
        elif task is not None:
            self._follow(item, task, is_resumed)
        else:
            if isinstance(error, NO_USE):
                self._is_stopped, self._stopped_by = True, self._stopped_by or error
            self._put(Outcome(index=item.index, request=item.operation, error=error))


def _no_operation(item: object) -> InvalidRequest | None:
    if isinstance(item, TaskOperation):
        return None
    what = type(item).__name__
    return InvalidRequest(f"a batch takes operations that start a task, not {what}")


def _what(error: SunoError) -> str:
    """What went wrong, for the log; of no connection, in words of our own."""
    return str(error).rstrip(".") if isinstance(error, NEVER_LEFT) else in_brief(error)
