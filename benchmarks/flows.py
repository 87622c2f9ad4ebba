"""How far a song walks through the package's files, and which rooms import from which.

A: a song is submitted with a journal, until its first event. B: a callback arrives, until its
event. C: a batch of three is taken up again after a clean close, until its first outcome. Counted
is each call of a function of the package (a coroutine that goes on is one, too), without `testing`,
and each change of file from one call to the next. A room is a file or a folder at the package's
top; lines of code are those without docstrings, comments and the made `_methods.py`. On virtual
time, over real sockets; threads make the figures of C vary by some per cent. `--full` names the
changes of file that come most often.
"""

import asyncio
import os
import socket
import sys
import tempfile
import threading
from collections import Counter
from collections.abc import Callable, Coroutine, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from itertools import pairwise
from pathlib import Path
from types import FrameType
from typing import Any

from aiohttp import web
from attrs import define, field, frozen

from benchmarks import _rooms
from benchmarks._tables import Cell, Table, Target
from suno_async import CallbackReceiver, GenerateMusic, SunoClient
from suno_async.testing import FakeSuno, run_virtual

_INSIDE = f"{_rooms.PACKAGE}{os.sep}"
_LEFT_OUT = f"{_INSIDE}testing{os.sep}"
_IDEA = "A calm piano tune at dusk"
_MOST = 25
_TRACKS = [{"id": f"8551-{number}", "title": "Sea"} for number in (1, 2)]


@define
class Walk:
    """The files that one flow enters."""

    files: list[str] = field(factory=list[str])
    """The file of each call, in their order."""
    is_noted: bool = False
    """Whether calls are noted: what comes before and after the flow is not."""

    @contextmanager
    def noted(self) -> Generator[None]:
        """Note what is called meanwhile."""
        self.is_noted = True
        try:
            yield
        finally:
            self.is_noted = False

    @property
    def changes(self) -> Counter[tuple[str, str]]:
        """How often it goes from one file to another."""
        return Counter((one, other) for one, other in pairwise(self.files) if one != other)

    def note(self, frame: FrameType, event: str, _argument: object) -> None:
        """Note the file of a call; it is a profiler to the interpreter."""
        name = frame.f_code.co_filename
        if not self.is_noted or event != "call" or not name.startswith(_INSIDE):
            return
        if not name.startswith(_LEFT_OUT):
            self.files.append(name.removeprefix(_INSIDE))


@frozen
class Flow:
    """A part of a song's life, and how far it may walk."""

    name: str
    run: Callable[[Path, Walk], Coroutine[Any, Any, None]]
    files: int
    """How many files it may enter."""
    changes: int
    """How often it may go from one to another."""


async def submit(place: Path, walk: Walk) -> None:
    """Submit a song with a journal, until its first event."""
    journal = place / "a.sqlite"
    async with FakeSuno() as fake, SunoClient("key", base_url=fake.url, journal=journal) as suno:
        operation = GenerateMusic(_IDEA)
        with walk.noted():
            task = await suno.submit(operation, idempotency_key="a song")
            async for _ in task:
                break


async def call_back(_place: Path, walk: Walk) -> None:
    """Hand a callback to the receiver, until the event of the task."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        public = f"http://127.0.0.1:{listening.getsockname()[1]}/suno"
        receiver = CallbackReceiver(public, "x" * 32)
        app = web.Application()
        app.add_routes(receiver.routes())
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await web.SockSite(runner, listening).start()
        async with (
            FakeSuno(send_callbacks=False) as fake,
            SunoClient("key", base_url=fake.url, callbacks=receiver) as suno,
        ):
            task = await suno.submit(GenerateMusic(_IDEA))
            event = asyncio.ensure_future(anext(aiter(task)))
            await asyncio.sleep(0.01)  # it listens by then
            data = {"callbackType": "text", "task_id": task.id, "data": _TRACKS}
            url = fake.ledger.entries[0].callback_url
            assert url is not None  # noqa: S101 the client sends one
            with walk.noted():
                await receiver.handle(url, {"code": 200, "msg": "ok", "data": data})
                await event
            await receiver.aclose()
        await runner.cleanup()


async def resume(place: Path, walk: Walk) -> None:
    """Close a client amid a batch of three, and resume it with another, until an outcome."""
    ideas = [GenerateMusic(f"{_IDEA} {number}") for number in range(3)]
    journal = place / "c.sqlite"
    async with FakeSuno() as fake:
        async with SunoClient("key", base_url=fake.url, journal=journal) as suno:
            with suppress(TimeoutError):
                await asyncio.wait_for(anext(suno.batch(ideas)), 5)
        async with SunoClient("key", base_url=fake.url, journal=journal) as suno:
            with walk.noted():
                async with suno.batch(ideas) as outcomes:
                    outcome = await anext(outcomes)
            assert outcome.resumed  # noqa: S101 else it is another flow


FLOWS = (
    Flow("A: submitted, until its first event", submit, files=18, changes=200),
    Flow("B: a callback, until its event", call_back, files=10, changes=50),
    Flow("C: a batch resumed, until an outcome", resume, files=20, changes=1_300),
)


def run(*, full: bool) -> Iterator[Table]:
    """How far, through which files, and the rooms that they are in."""
    walks = {flow: _walk(flow) for flow in FLOWS}
    yield _summary(walks)
    yield _files(list(walks.values()))
    if full:
        yield _changes(list(walks.values()))
    yield from _rooms.tables()


def _walk(flow: Flow) -> Walk:
    """Run a flow; the profiler is set from its begin, for threads take it when they start."""
    walk, former, of_threads = Walk(), sys.getprofile(), threading.getprofile()
    sys.setprofile(walk.note)
    threading.setprofile(walk.note)
    try:
        with tempfile.TemporaryDirectory() as place:
            run_virtual(flow.run(Path(place), walk))
    finally:
        sys.setprofile(former)
        threading.setprofile(of_threads)
    return walk


def _summary(walks: Mapping[Flow, Walk]) -> Table:
    rows: list[list[Cell]] = []
    for flow, walk in walks.items():
        files, changes = len({*walk.files}), walk.changes.total()
        targets = Target(files, flow.files), Target(changes, flow.changes)
        rows.append([flow.name, files, targets[0], len(walk.files), changes, targets[1]])
    columns = ("flow", "files", "target", "calls", "changes of file", "target")
    return Table("How far a song walks", columns, rows)


def _files(walks: Sequence[Walk]) -> Table:
    """The calls into each file, in the order in which they are entered first."""
    calls = [Counter(walk.files) for walk in walks]
    names = dict.fromkeys(name for walk in walks for name in walk.files)
    rows = [[name, *(counted[name] or None for counted in calls)] for name in names]
    return Table("Where it walks: calls, in the order of entering", ("file", "A", "B", "C"), rows)


def _changes(walks: Sequence[Walk]) -> Table:
    """The most frequent changes of file."""
    counted = [walk.changes for walk in walks]
    most = Counter[tuple[str, str]]()
    for one in counted:
        most += one
    rows = [
        [f"{one} → {other}", *(changes[one, other] or None for changes in counted)]
        for (one, other), _ in most.most_common(_MOST)
    ]
    title = f"The {_MOST} most frequent changes of file"
    return Table(title, ("from → to", "A", "B", "C"), rows)
