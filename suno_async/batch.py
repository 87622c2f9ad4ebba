"""Many songs: lazy input, outcomes as they come, and nothing paid twice when it is run again.

What runs meanwhile is in `_batch_runner`.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterable, Awaitable, Callable, Iterable
from typing import TYPE_CHECKING, Any, Generic, TypeAlias, TypeVar

from attrs import define, field, frozen

from suno_async._journal.digest import BATCH_KEYS, batch_key, digest_of
from suno_async._wire.bodies import written_of
from suno_async.errors import InvalidRequest, SunoError
from suno_async.operations import TaskOperation
from suno_async.task import Task

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from typing import Self


R = TypeVar("R")
Op_co = TypeVar("Op_co", bound=TaskOperation[Any], covariant=True)
Op = TypeVar("Op", bound=TaskOperation[Any])

Items: TypeAlias = "Iterable[Op | InvalidRequest] | AsyncIterable[Op | InvalidRequest]"
"""What a batch is made of: operations, or in place of one why it could not be built."""

OnAccepted: TypeAlias = Callable[[int, Task[Any], bool], None]
"""Called with an item's task: the item's index, the task, and whether the journal knew it."""


@define
class Keys:
    """Names the requests of one batch: by what is asked for, and by its number among its like."""

    _seen: Counter[str] = field(factory=Counter[str], init=False)

    def of(self, operation: TaskOperation[Any]) -> str:
        """The key of the next request; each call counts as one more such request."""
        digest = digest_of(*written_of(operation))
        self._seen[digest] += 1
        return batch_key(digest, self._seen[digest])

    def names(self, key: str) -> bool:
        """Whether one of the requests so far has this key."""
        digest, _, number = key.removeprefix(BATCH_KEYS).partition(":")
        if not (key.startswith(BATCH_KEYS) and number.isdecimal()):
            return False
        return int(number) <= self._seen[digest]


@frozen(kw_only=True)
class Outcome(Generic[Op_co]):
    """What became of one item of a batch."""

    index: int
    """The item's place in the input, from 0."""
    error: SunoError | None = None
    """Why there is no result, `None` where there is one."""
    task: Task[Any] | None = None
    """The task, where the request was accepted."""
    resumed: bool = False
    """Whether the journal knew it from an earlier run."""
    _request: Op_co | None = field(default=None, alias="request")
    _result: Any = field(default=None, alias="result", repr=False)

    @property
    def request(self) -> Op_co:
        """The request; for an item that was an `InvalidRequest`, that is raised."""
        if self._request is None:
            raise self.error or InvalidRequest("there was no request")
        return self._request

    @property
    def result(self: Outcome[TaskOperation[R]]) -> R:
        """The result; where there is none, `error` is raised."""
        if self.error is not None:
            raise self.error
        result: R = self._result
        return result


@define(eq=False)
class Batch(Generic[Op]):
    """The outcomes of many requests, each as it finishes, once: to the caller that waits first.

    A wait for the next outcome may be cancelled, by a timeout for example, and begun again; until
    then nothing more is submitted. `async with` stops the batch cleanly when it is left early;
    requests that have left are finished all the same. Without it, a batch that nobody iterates
    any more stops when nobody holds it; one that is held goes on until 200 outcomes lie untaken.
    """

    _outcomes: AsyncGenerator[Outcome[Op] | Callable[[], Awaitable[None]]]
    _lock: asyncio.Lock = field(factory=asyncio.Lock, init=False)
    """Held by the first of the callers that wait, all through the end."""

    def __aiter__(self) -> AsyncIterator[Outcome[Op]]:
        return self

    async def __anext__(self) -> Outcome[Op]:
        async with self._lock:
            async for one in self._outcomes:
                if callable(one):
                    await one()  # out here, where its end is not that of all outcomes
                else:
                    return one
        raise StopAsyncIteration

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._outcomes.aclose()
