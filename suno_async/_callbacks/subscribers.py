"""A client, as a receiver of pushes sees it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from attrs import frozen

from suno_async.errors import CallbackRejected, ClientClosed, ConfigurationError
from suno_async.task import Task

if TYPE_CHECKING:
    from suno_async._wire.callback_bodies import Callback


@frozen
class Taken:
    """What a client made of a push."""

    task: Task[Any] | None = None
    """The task, where the client knows it."""
    is_heard: bool = False
    """Whether somebody was listening."""


class Subscriber(Protocol):
    """A client that takes in pushes."""

    @property
    def account(self) -> bytes:
        """What tells its account from others; never shown."""
        ...

    def check(self, push: Callback) -> bool:
        """Whether the task is known as the submission's own.

        Raises:
            CallbackRejected: the push contradicts what is known.
            ClientClosed: the client has ended.
            ConfigurationError: the client is used on another event loop.
        """
        ...

    async def take(self, push: Callback) -> Taken:
        """Take a push in."""
        ...


def takers(clients: list[Subscriber], push: Callback) -> list[Subscriber]:
    """The client whose task it is; where none says so, those that are open and of this loop.

    Raises:
        CallbackRejected: it contradicts what one of them knows.
        ConfigurationError: they are all of another event loop.
    """
    found: list[Subscriber] = []
    rejected: CallbackRejected | None = None
    elsewhere: ConfigurationError | None = None
    for client in clients:
        try:
            if client.check(push):
                return [client]
        except ClientClosed:
            continue
        except CallbackRejected as error:
            rejected = error
        except ConfigurationError as error:
            elsewhere = error
        else:
            found.append(client)
    if rejected is not None:
        raise rejected
    if elsewhere is not None and not found:
        raise elsewhere
    return found
