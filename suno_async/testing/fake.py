"""`FakeSuno`: the Suno API, embedded, on the event loop's own clock."""

import asyncio
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from threading import Thread
from typing import Any, Self, Unpack

from aiohttp import web
from attrs import define, field

from suno_async.testing._api.catalogue import OPERATIONS
from suno_async.testing._api.courier import Courier
from suno_async.testing._api.front import Front
from suno_async.testing._api.jobs import Job
from suno_async.testing._api.names import page_of
from suno_async.testing._api.service import Script, Service
from suno_async.testing._api.settings import Settings
from suno_async.testing.callbacks import Callback, CallbackFaults
from suno_async.testing.faults import TRANSIENT, Fault
from suno_async.testing.ledger import Ledger
from suno_async.testing.loop import AcceleratedLoop
from suno_async.testing.timetable import Plan, PlanChanges

_LARGEST_BODY = 256 * 1024 * 1024


@define(eq=False, kw_only=True, repr=False)
class FakeSuno(Settings):
    """The Suno API as a server of your own, for tests, benchmarks and simulations.

    It validates as the service does, makes songs on a timetable, charges credits, enforces a rate
    limit, posts to callback URLs and keeps a ledger of all that reached it. It knows no clock
    but the loop's: on a loop with virtual time, minutes pass in milliseconds. Use it as an async
    context manager, or with `start` and `close`.

    Args:
        api_key: The key that is accepted; None accepts any.
        credits: What the account holds at first; what it holds now is `balance`.
        max_rate: How many requests are let through in one period; None for no limit.
        time_period: The period of the rate limit in seconds.
        judge: Another way to count requests against a rate; left out, one by one over the last period.
        count: Which requests count: all to the API, or only those that make a task.
        seed: What all random draws depend on.
        timetable: When the stages of tasks come.
        send_callbacks: Whether stages are posted to callback URLs; nothing is ever sent to a `.invalid` host.
        unreachable: What a callback URL that cannot be reached does to a task's status.
        callback_spacing: Seconds between the three tries of a callback.
        delay: The network's delay: a range of seconds, or a callable that draws the way there and back.
        song_seconds: The range of song lengths, in seconds.
        models: The models that are known; others are refused.
        strict_ids: Whether ids of tasks and tracks in requests must exist.
        epoch: The wall-clock time at the start, in seconds since 1970: 2026-01-01.
        on_request: Called with the ledger's entry of each request, files included, once that is answered.
    """  # noqa: E501 editors show the first line of an argument's text

    ledger: Ledger = field(init=False)
    """What reached the fake, and what became of it."""
    app: web.Application = field(init=False)
    """The application, for mounting it elsewhere."""
    _service: Service = field(init=False)
    _front: Front = field(init=False)
    _courier: Courier = field(init=False)
    _runner: web.AppRunner | None = field(default=None, init=False)
    _url: str = field(default="", init=False)
    _names: frozenset[str] = field(init=False)

    def __attrs_post_init__(self) -> None:
        self._names = frozenset(operation.name for operation in OPERATIONS)
        self.ledger = Ledger(operations=self._names)
        self._service = Service(settings=self)
        self._courier = Courier(service=self._service)
        # without callbacks nothing waits for a stage: a task costs no timer
        if self.send_callbacks:
            self._service.on_accepted = self._courier.watch
        self._front = Front(service=self._service, ledger=self.ledger)
        self.app = web.Application(client_max_size=_LARGEST_BODY)
        # one route for all: also what no operation answers must pass the ledger and the faults
        self.app.router.add_route("*", "/{path:.*}", self._front.serve)
        self.app.on_shutdown.append(self._hang_up)
        self.app.on_cleanup.append(self._forget)

    def __repr__(self) -> str:
        return f"<FakeSuno at {self._url or 'no address'}: {len(self.tasks)} tasks>"

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> str:
        """Listen, and return the address.

        After `close` it can be started again, with the tasks and the account as they were; uploads
        are gone, and so are the callbacks that were still to come.

        Args:
            host: The address to listen at.
            port: The port; 0 is any free one.
        """
        self._service.start()
        self._front.closing.clear()  # it was set when the fake was closed before
        # what still hangs at the end was made to hang, so half a second is patience enough
        runner = web.AppRunner(
            self.app, handle_signals=False, access_log=None, shutdown_timeout=0.5
        )
        await runner.setup()
        await web.TCPSite(runner, host, port).start()
        self._runner = runner
        self._url = f"http://{host}:{runner.addresses[0][1]}"
        return self._url

    async def close(self) -> None:
        """Break off what is still being said, and stop listening."""
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    @classmethod
    @contextmanager
    def in_thread(cls, *, speed: float = 1.0, **settings: Any) -> Generator[Self]:
        """Serve from a thread of its own, for what runs on no event loop of the test's.

        `with FakeSuno.in_thread() as fake:` is for synchronous tests, for the test clients of web
        frameworks, for workers and browsers: for all that connects to `fake.url` by itself. Its
        clock is the real one, for a virtual clock cannot know of them.

        Args:
            speed: How many of the service's seconds pass in one; a client that is to keep pace is given the same `speed`.
            settings: As of the class.
        """  # noqa: E501 editors show the first line of an argument's text
        fake, loop = cls(**settings), AcceleratedLoop(speed)
        thread = Thread(target=loop.run_forever, name="fake-suno", daemon=True)
        thread.start()
        try:
            asyncio.run_coroutine_threadsafe(fake.start(), loop).result()
            yield fake
        finally:
            asyncio.run_coroutine_threadsafe(fake.close(), loop).result()
            loop.call_soon_threadsafe(loop.stop)
            thread.join()
            loop.close()

    @property
    def url(self) -> str:
        """The address of the API; empty before `start`."""
        return self._url

    @property
    def upload_url(self) -> str:
        """The address of the upload host, which is the same server."""
        return self._url

    @property
    def balance(self) -> float:
        """The credits the account holds now; can be set."""
        self._service.settle()  # refunds are due by the clock, and nobody else may have asked
        return self._service.credits

    @balance.setter
    def balance(self, value: float) -> None:
        self._service.credits = value

    @property
    def tasks(self) -> dict[str, Job]:
        """The accepted tasks by id, in order."""
        return self._service.jobs

    @property
    def callbacks(self) -> list[Callback]:
        """The callbacks that were due so far, in order."""
        return self._courier.callbacks

    def script(
        self, operation: str | None = None, *, times: int = 1, **changes: Unpack[PlanChanges]
    ) -> None:
        """Change the course of the next `times` tasks, of one operation or of any.

        Scripts are used up in the order in which they were given, by tasks that are accepted; one
        without changes lets tasks pass.

        Args:
            operation: The operation, named as of `fail`; left out, any.
            times: How many tasks.
            changes: Attributes of `Plan`, and `skip=("text",)` to leave stages out.

        Raises:
            ValueError: there is no such operation, or a time is below 0.
            TypeError: a `Plan` has no such attribute.
        """
        # a plan that cannot be raises here, at the line that asks for it, not in the server's task
        Plan(complete=0).changed(changes)
        self._service.scripts.append(Script(changes, self._page_of(operation), times))

    def fail(
        self, fault: Fault | str, *, on: str | None = None, times: int | None = 1, skip: int = 0
    ) -> None:
        """Play a fault on the next requests.

        Args:
            fault: The fault, or the name of one, such as `"reset_after_accept"`.
            on: An operation, named as the client's method (`generate_music`) or the documentation's page (`generate-music`); a path; or the begin of a path that ends with a slash (`/files/`); left out, any operation.
            times: How many requests; None is all.
            skip: How many requests pass before.

        Raises:
            ValueError: there is no such fault or operation.
        """  # noqa: E501 editors show the first line of an argument's text
        fault = Fault.called(fault) if isinstance(fault, str) else fault
        self._front.faults.order(fault, self._page_of(on), times, skip)

    def faults(
        self,
        rate: float,
        *,
        seed: int = 0,
        choices: Sequence[Fault] = TRANSIENT,
        on: tuple[str, ...] | None = None,
    ) -> None:
        """Play faults at random.

        Args:
            rate: The share of the requests on which one is played, 0 to 1.
            seed: What the draws depend on.
            choices: The faults, each as likely as the others.
            on: The operations, named as of `fail`; left out, all.

        Raises:
            ValueError: there is no such operation.
        """
        pages = None if on is None else tuple(page_of(name, self._names) for name in on)
        self._front.faults.chance(rate, seed, choices, pages)

    def callback_faults(self, faults: CallbackFaults) -> None:
        """Let callbacks go wrong from now on.

        Args:
            faults: What happens to them, and how often.
        """
        self._courier.change(faults)

    def clear_faults(self) -> None:
        """Play no more faults."""
        self._front.faults.clear()
        self._courier.change(CallbackFaults())

    def assert_all_played(self) -> None:
        """Assert that every fault and script has happened; a test in which one did not is void."""
        waiting = [
            *self._front.faults.waiting,
            *(f"script for {one.operation or 'any task'}" for one in self._service.scripts),
        ]
        if waiting:
            raise AssertionError(f"It has not happened: {', '.join(waiting)}.\n{self.ledger}")

    def expire(self, task_id: str, *, renewed: bool = True) -> None:
        """Let the links of a task die now.

        Args:
            task_id: The task's id.
            renewed: Whether its record shows new links; else nothing is kept.
        """
        job = self._service.jobs[task_id]
        job.links += 1  # a link carries the number it was made with, so that older ones are dead
        job.gone = not renewed

    def replace_files(self, task_id: str) -> None:
        """Replace the files of a task by others of the same size, under the same links.

        Args:
            task_id: The task's id.
        """
        self._service.jobs[task_id].edition += 1

    def _page_of(self, name: str | None) -> str | None:
        return name if name is None or name.startswith("/") else page_of(name, self._names)

    async def _hang_up(self, _app: web.Application) -> None:
        self._front.closing.set()

    async def _forget(self, _app: web.Application) -> None:
        await self._courier.close()
        self._service.uploads.close()
