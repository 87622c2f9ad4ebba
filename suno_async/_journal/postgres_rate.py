"""The rate of an account in PostgreSQL: a row that is changed by compare-and-set.

It is not logged by the server, so that a change costs no sync of its disk; what a crash makes it
forget, the rule notices.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from attrs import define

from suno_async._journal import postgres_statements as sql
from suno_async._journal.connection import PostgresConnection
from suno_async.errors import ConnectionFailed, JournalError

if TYPE_CHECKING:
    from suno_async._rate.leases import Answer


@define(eq=False)
class PostgresKeeper:
    """Keeps the state of the slots that all clients of an account share."""

    _db: PostgresConnection
    _values: Callable[..., dict[str, Any]]
    """Adds to the values of a statement whose it is."""

    @property
    def name(self) -> str:
        """What errors and the log call it."""
        return f"The database {self._db.name}"

    @property
    def timeout(self) -> float:
        """Seconds after which a change has failed."""
        return self._db._patience

    async def change(self, rule: Callable[[str, float], Answer]) -> Answer:
        """Give the state and the server's time to the rule, and keep what it says.

        Raises:
            ConnectionFailed: the server cannot be used now.
        """
        try:
            return await self._db.do(self._change, rule)
        except JournalError as error:
            raise ConnectionFailed(f"{error} It keeps the rate, too: nothing was sent.") from error

    def _change(self, rule: Callable[[str, float], Answer]) -> Answer:
        while True:  # another client that is faster is soon done
            ((state, now),) = self._db.rows(sql.RATE, self._values())
            answer = rule(state, now)
            values = self._values(state=answer.state, before=state)
            if answer.state == state or self._db.write(sql.SET_RATE, values):
                return answer
