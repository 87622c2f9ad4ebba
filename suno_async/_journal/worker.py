"""One thread that has a database open, and does all that is asked of it in the order of the calls.

**What is true is written, sooner or later.** What is about to be sent is written now, or not sent.
What has happened already is kept if it cannot be written, and written before anything else is read
or written, and at closing.
"""

from __future__ import annotations

import asyncio
import logging
from abc import ABC, abstractmethod
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from time import monotonic
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define, field, frozen

from suno_async._journal.journal import WrittenLater
from suno_async.errors import ClientClosed, JournalError

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")

_log = logging.getLogger("suno_async")


@frozen(eq=False)
class _Fact:
    """Something that has happened, and how it is written down."""

    what: str
    """What it is, for the log."""
    statement: str
    values: tuple[Any, ...]
    written: asyncio.Future[None]

    def report(self, *, is_written: bool) -> None:
        """In the thread: end the future of all that wait for it to be written."""
        with suppress(RuntimeError):  # the loop is closed
            self.written.get_loop().call_soon_threadsafe(self._end, is_written)

    def _end(self, is_written: bool) -> None:
        if not is_written:
            self.written.cancel()
        elif not self.written.done():
            self.written.set_result(None)


@define(eq=False)
class Worker(ABC):
    """The thread; its methods wait for the database, not for each other.

    Raises:
        JournalError: the database cannot be used.
        ClientClosed: it was closed.
    """

    _patience: float = field(init=False)
    """Seconds after which an answer is given up, from when the work was asked for."""
    _until: float = field(default=0.0, init=False)
    """By the monotonic clock, when what the thread does is given up."""
    _thread: ThreadPoolExecutor = field(
        factory=lambda: ThreadPoolExecutor(1, "suno-journal"), init=False
    )
    _loop: asyncio.AbstractEventLoop | None = field(default=None, init=False)
    _opening: asyncio.Future[None] | None = field(default=None, init=False)
    _is_closed: bool = field(default=False, init=False)
    _kept: list[_Fact] = field(factory=list[_Fact], init=False)
    """What has happened and is not written yet, in order; the thread's."""

    # --- what a database says for itself, in the thread ------------------------------------------

    @property
    @abstractmethod
    def name(self) -> str:
        """What it is called in sentences."""

    @abstractmethod
    def _open(self) -> None:
        """Connect, and check what is there."""

    @abstractmethod
    def _close(self) -> None:
        """Disconnect; also where opening failed half-way."""

    @abstractmethod
    def write(self, statement: str, *values: Any) -> int:
        """Write what must not be true before it is written; how many rows are changed."""

    @abstractmethod
    def _write_fact(self, statement: str, *values: Any) -> int:
        """Write what is true already; how many rows are changed."""

    @abstractmethod
    def _error(self, error: Exception) -> JournalError:
        """Say what is wrong, and what to do."""

    @abstractmethod
    def _is_hopeless(self, error: Exception) -> bool:
        """Whether no repetition helps, for it is the values that are to blame."""

    # --- in the loop ---------------------------------------------------------------------------

    async def open(self) -> None:
        """Open the database, making what is missing; more often does nothing."""
        await asyncio.shield(self._begin())

    def _begin(self) -> asyncio.Future[None]:
        opening = self._opening
        if opening is None or (opening.done() and opening.exception() is not None):
            self._loop = asyncio.get_running_loop()
            opening = self._opening = self._submit(self._open)  # it may be there the next time
            opening.add_done_callback(_retrieve)
        return opening

    async def close(self) -> None:
        """Finish what is under way, write what was kept, and disconnect."""
        ending = None if self._opening is None or self._is_closed else self._submit(self._end)
        self._is_closed = True
        if ending is not None:
            await ending
        self._thread.shutdown(wait=False)

    def _submit(self, work: Callable[..., T], *given: Any) -> asyncio.Future[T]:
        # the limit counts from here, not from when the thread comes to it: else many who wait for
        # one lock would wait for it one after another
        loop, until = asyncio.get_running_loop(), monotonic() + self._patience
        guarded: Callable[[], T] = partial(self._guarded, until, work, *given)
        if self._is_closed:
            raise ClientClosed(f"The client that had the journal {self.name} open is closed.")
        return loop.run_in_executor(self._thread, guarded)

    async def do(self, work: Callable[..., T], *given: Any) -> T:
        """Have work done in the thread, with all written that has happened."""
        opening = self._begin()
        # queued before the opening is awaited, so that the order of the calls is kept
        working: asyncio.Future[T] = self._submit(self._up_to_date, work, *given)
        working.add_done_callback(_retrieve)
        await asyncio.shield(opening)
        return await working

    async def change(self, statement: str, *values: Any) -> bool:
        """Write now or not at all; whether a row was changed."""
        return await self.do(self.write, statement, *values) > 0

    async def keep(self, what: str, statement: str, *values: Any) -> bool:
        """Write what has happened, though the caller may go; whether a row was changed.

        Raises:
            JournalError: it could not be written; where `WrittenLater` is the cause, it will be.
        """
        return await asyncio.shield(self._note(what, statement, *values))

    def soon(self, what: str, statement: str, *values: Any) -> asyncio.Future[bool]:
        """As `keep`, without being waited for; what goes wrong is logged."""
        writing = self._note(what, statement, *values)
        writing.add_done_callback(_log_error)
        return writing

    def _note(self, what: str, statement: str, *values: Any) -> asyncio.Future[bool]:
        self._begin()
        written: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        writing = self._submit(self._write_or_keep, _Fact(what, statement, values, written))
        writing.add_done_callback(_retrieve)
        return writing

    def make_up(self) -> None:
        """Try again to write what was kept, if anything was; need not be awaited."""
        if self._kept and not self._is_closed:
            self._submit(self._up_to_date, lambda: None).add_done_callback(_retrieve)

    # --- in a thread ---------------------------------------------------------------------------

    def in_loop(self, work: Callable[[], object]) -> None:
        """Have something done in the loop, if there still is one."""
        if self._loop is not None:
            with suppress(RuntimeError):  # it is closed
                self._loop.call_soon_threadsafe(work)

    def _guarded(self, until: float, work: Callable[..., T], *given: Any) -> T:
        try:
            self._until = until
            return work(*given)
        except JournalError:
            raise
        except Exception as error:  # also texts that no database can hold
            raise self._error(error) from error

    def _up_to_date(self, work: Callable[..., T], *given: Any) -> T:
        """Work on what is true by now: what was kept is written first."""
        while self._kept:
            fact = self._kept[0]
            try:
                self._write_fact(fact.statement, *fact.values)
            except Exception as error:
                if not self._is_hopeless(error):
                    raise
                del self._kept[0]  # what came after it is not to wait for it
                _log.error("%s It can never be written: %s", self._error(error), fact.what)
                fact.report(is_written=False)
            else:
                del self._kept[0]
                _log.info("The journal %s has it now: %s", self.name, fact.what)
                fact.report(is_written=True)
        return work(*given)

    def _write_or_keep(self, fact: _Fact) -> bool:
        try:
            return self._up_to_date(self._write_fact, fact.statement, *fact.values) > 0
        except Exception as error:
            if self._is_hopeless(error):
                raise
            self._kept.append(fact)  # whatever it was, it has happened
            why = error if isinstance(error, JournalError) else self._error(error)
            sentence = f"{why} It is kept, and written as soon as that can be: {fact.what}."
            raise JournalError(sentence) from WrittenLater(fact.written)

    def _end(self) -> None:
        try:
            self._up_to_date(lambda: None)
        except Exception as error:  # noqa: BLE001 whatever it is, it ends
            why = error if isinstance(error, JournalError) else self._error(error)
            missing = "; ".join(fact.what for fact in self._kept)
            _log.error("%s It was closed without: %s", why, missing)
        finally:
            for fact in self._kept:
                fact.report(is_written=False)
            self._close()


def _retrieve(working: asyncio.Future[Any]) -> None:
    """Take note of its error: a caller that is gone need not, and asyncio would complain."""
    if not working.cancelled():
        working.exception()


def _log_error(writing: asyncio.Future[bool]) -> None:
    if not writing.cancelled() and (error := writing.exception()) is not None:
        _log.error("%s", error)
