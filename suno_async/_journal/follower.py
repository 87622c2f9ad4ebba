"""The other thread of a journal in PostgreSQL: signs of life, and news of other clients.

It has a connection of its own, for one that listens cannot be used for anything else meanwhile, and
a sign of life must not wait behind a slow statement. It is no executor's thread, so virtual time
does not wait for it.

A notification says no more than that it is worth a question. Without one (a pool in transaction
mode hands none on, and a broken connection has lost some) the question is asked once a second all
the same.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from threading import Event, Thread
from time import monotonic
from typing import Any

from attrs import define, field

from suno_async._journal import postgres_statements as sql
from suno_async._journal.connection import BoundedConnection

_log = logging.getLogger("suno_async")

LEASE = 15.0
"""Seconds after its last sign of life in which a client counts as dead."""
BEAT = 5.0
"""Seconds between its signs of life."""
ROUND = 1.0
"""Seconds after which news is asked for without a notification."""
_PATIENCE = 4.0  # for a sign of life: with the next one it is in time for the lease
_TURN = 0.25  # seconds within which its end is seen


@define(eq=False)
class Follower:
    """The thread."""

    _connect: Callable[[], BoundedConnection]
    _account: str
    _beat: dict[str, Any]
    """Who it is, for the table of clients."""
    _has_news: Callable[[], None]
    """Called in the thread, when it is worth to ask."""
    _has_ended: Event = field(factory=Event, init=False)
    _thread: Thread | None = field(default=None, init=False)

    def start(self) -> None:
        """Begin; more often does nothing."""
        if self._thread is None:
            self._thread = Thread(target=self._run, name="suno-journal-news", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """End, and wait for that."""
        self._has_ended.set()
        if self._thread is not None:
            self._thread.join(_PATIENCE + 1.0)

    def _run(self) -> None:
        while not self._has_ended.is_set():
            try:
                with self._connect() as db:
                    self._follow(db)
            except Exception as error:  # noqa: BLE001 without it this client would count as dead
                _log.debug("The journal's news are interrupted: %s", type(error).__name__)
                self._has_ended.wait(ROUND)

    def _follow(self, db: BoundedConnection) -> None:
        db.until = monotonic() + _PATIENCE
        db.execute(sql.LISTEN)
        beaten = asked = 0.0
        while not self._has_ended.is_set():
            now = monotonic()
            if now - beaten >= BEAT:
                db.until = now + _PATIENCE
                db.execute(sql.BEAT, self._beat)
                beaten = now
            if now - asked >= ROUND or self._is_notified(db):
                asked = monotonic()
                self._has_news()

    def _is_notified(self, db: BoundedConnection) -> bool:
        db.until = float("inf")
        heard = [one.payload for one in db.notifies(timeout=_TURN, stop_after=1)]
        return self._account in heard
