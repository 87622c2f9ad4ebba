"""Event loops for tests and simulations: ten minutes in milliseconds.

An asyncio loop sleeps in one place, its selector's ``select(timeout)``, and reads the time in one
other, ``loop.time()``. So a clock of one's own is a selector that treats the timeout otherwise:

`VirtualTimeLoop` does not sleep. When nothing is ready, it moves its clock to the next deadline.
    It must not move it while something is still under way that needs no time on that clock:

    * bytes on a loopback socket between two ends in this process. They pass through one queue of
      the system, in order. So before each jump a datagram is sent round through that queue: once
      it is back, what was sent before it has arrived, too. Three rounds, for an answer of the
      system's own may be sent, and answered, in turn. Bytes that a full buffer holds back are
      given a moment of real time.
    * a connection being made: a listener with a full backlog lets it wait for a real second.
    * work in a thread (`run_in_executor`, `asyncio.to_thread`, looking up a host name).

    For the last two the clock stands still, and the loop waits in real time.

`AcceleratedLoop` sleeps, but a fraction of the time, and counts its seconds accordingly.

What the clock cannot know of: another process, such as a real Redis or PostgreSQL, a thread that is
not an executor's, `time.time`.
With nothing scheduled at all, a loop waits as any other does, for a signal or a child process.
"""

import asyncio
import contextlib
import selectors
import socket
from collections.abc import Callable, Coroutine, Generator
from concurrent.futures import Executor
from typing import Any, TypeAlias, TypeVar, TypeVarTuple

_T = TypeVar("_T")
_Ts = TypeVarTuple("_Ts")
_Ready: TypeAlias = list[tuple[selectors.SelectorKey, int]]

_TICK = 1e-8  # the clock moves at every turn, or a deadline a rounding error ahead is never reached
_BUFFER_PATIENCE = 0.05  # real seconds for a full buffer: TCP may put off an answer for 40 ms
_OUTSIDE_PATIENCE = 10.0  # real seconds; a thread that takes longer may be waiting for the clock
_HORIZON = 60 * 86_400.0  # seconds; two months ahead, a test waits for what never comes


class _Clock:
    """Takes the place of a selector's `select`: lets time pass by saying so.

    It does so once nothing more arrives by itself.
    """

    def __init__(self, selector: selectors.BaseSelector, now: float = 0.0) -> None:
        self.now = now
        self.outside = 0  # threads and connections to wait for
        self._select = selector.select
        self._get_map = selector.get_map
        self._horizon = now + _HORIZON
        self._probe = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._probe.settimeout(1.0)
        self._probe.bind(("127.0.0.1", 0))
        self._probe.connect(self._probe.getsockname())

    def select(self, timeout: float | None = None) -> _Ready:
        """Return what is ready, or move the clock by `timeout`."""
        self.now += _TICK
        # None: only a signal or a thread can wake the loop; 0: something is ready to run
        if timeout is None or timeout <= 0:
            return self._select(timeout)
        events = self._select_in_flight()
        if not events:
            self.now += timeout  # nothing can happen before the next deadline, so it is now
        if self.now > self._horizon:
            self._horizon += _HORIZON  # or what cleans up after the error would raise it again
            raise RuntimeError("Two months have passed on the virtual clock: nothing ends this.")
        return events

    def _select_in_flight(self) -> _Ready:
        """Return what is ready, or becomes ready without any time on the clock."""
        events = self._select(0)
        keys = self._get_map()
        if not events and len(keys) > 1:  # one is the loop's own, by which threads wake it
            # a datagram through the same queue: once it is back, what was sent before it has
            # arrived; three, for a delivery may make the system send something in turn
            for _ in range(3):
                with contextlib.suppress(TimeoutError):  # lost on a busy machine: the next one
                    self._probe.send(b"\0")
                    self._probe.recv(1)
                events = events or self._select(0)
            # a writer waits, so a buffer is full: the other end needs real time to empty it
            if not events and any(key.events & selectors.EVENT_WRITE for key in keys.values()):
                events = self._select(_BUFFER_PATIENCE)
        # a thread that is done wakes the loop by a byte, which is an event like any other
        if not events and self.outside:
            events = self._select(_OUTSIDE_PATIENCE)
        return events

    def is_back(self, _: object) -> None:
        """Wait for one thread less."""
        self.outside -= 1

    def close(self) -> None:
        """Close the socket of the probe."""
        self._probe.close()


class _VirtualTime(asyncio.SelectorEventLoop):
    """What a loop does otherwise while its clock is virtual."""

    _clock: _Clock

    def time(self) -> float:
        """Return the virtual time in seconds."""
        return self._clock.now

    def run_in_executor(
        self, executor: Executor | None, func: Callable[[*_Ts], _T], *args: *_Ts
    ) -> asyncio.Future[_T]:
        """Run `func` in a thread, while the clock stands still."""
        future = super().run_in_executor(executor, func, *args)
        # counted until its callback has run in the loop, not until the thread is done: in between
        # the result is in nobody's hands, and the clock must not jump over it
        self._clock.outside += 1
        future.add_done_callback(self._clock.is_back)
        return future

    async def sock_connect(self, sock: socket.socket, address: Any) -> None:
        """Connect a socket, while the clock stands still."""
        clock = self._clock
        clock.outside += 1  # with a full backlog, a connection waits for a real second
        try:
            await super().sock_connect(sock, address)
        finally:
            clock.outside -= 1

    async def shutdown_default_executor(self, timeout: float | None = None) -> None:  # noqa: ARG002 - the overridden signature
        """Wait for the threads to end; a limit in virtual seconds would pass at once."""
        await super().shutdown_default_executor()


class VirtualTimeLoop(_VirtualTime):
    """An event loop whose clock jumps to the next deadline when nothing is ready.

    Its time starts at 0. Sockets are real, so a server and its clients can live in one loop. Raises
    RuntimeError after two months of its time, in place of hanging for ever. What it cannot know of,
    such as another process or a real Redis, the clock does not wait for.
    """

    def __init__(self) -> None:
        selector = selectors.DefaultSelector()
        self._clock = _Clock(selector)
        selector.select = self._clock.select  # type: ignore[method-assign]
        super().__init__(selector)

    def close(self) -> None:
        """Close the loop, as any other."""
        super().close()
        self._clock.close()


@contextlib.contextmanager
def _virtual_time(loop: asyncio.AbstractEventLoop) -> Generator[None]:
    """Make the clock of a loop that runs already virtual, for so long.

    Raises:
        TypeError: it is no selector loop of asyncio's; uvloop keeps its time where none can reach.
    """
    if isinstance(loop, _VirtualTime):
        yield
        return
    if not isinstance(loop, asyncio.SelectorEventLoop):
        raise TypeError(f"The clock of {type(loop).__qualname__} cannot be made virtual.")
    own: Any = loop  # its class and its selector are private to asyncio, and have been for ever
    usual, selector = type(loop), own._selector
    # from the loop's own time on, so that deadlines set before are still ahead
    clock = _Clock(selector, loop.time())
    own.__class__ = type(f"Virtual{usual.__name__}", (_VirtualTime, usual), {})
    own._clock, selector.select = clock, clock.select
    try:
        yield
    finally:
        del own._clock, selector.select
        own.__class__ = usual
        clock.close()


class _ScalingSelector(selectors.DefaultSelector):
    """Sleeps for a fraction of the time it is asked to."""

    def __init__(self, speed: float) -> None:
        super().__init__()
        self._speed = speed

    def select(self, timeout: float | None = None) -> _Ready:
        return super().select(None if timeout is None else timeout / self._speed)


class AcceleratedLoop(asyncio.SelectorEventLoop):
    """An event loop on which several seconds pass in every real one.

    Args:
        speed: How many, above 0.
    """

    def __init__(self, speed: float = 20.0) -> None:
        self._speed = speed
        super().__init__(_ScalingSelector(speed))

    def time(self) -> float:
        """Return the loop's time in seconds, from a start of no meaning."""
        return super().time() * self._speed


def run_virtual(main: Coroutine[Any, Any, _T]) -> _T:
    """Run a coroutine to its end on a `VirtualTimeLoop`, as `asyncio.run` would on a plain one."""
    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        return runner.run(main)


def run_accelerated(main: Coroutine[Any, Any, _T], *, speed: float = 20.0) -> _T:
    """Run a coroutine to its end on a `AcceleratedLoop`, as `asyncio.run` would on a plain one."""
    with asyncio.Runner(loop_factory=lambda: AcceleratedLoop(speed)) as runner:
        return runner.run(main)
