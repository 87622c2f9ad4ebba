"""Whether the acceptance suite runs, what it may pay, and what it has found.

It runs only with `-m live` and a key in `SUNO_API_KEY`. Nothing is paid unless `--live-budget`
says how many requests may be.
"""

from __future__ import annotations

import faulthandler
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from attrs import define, field

from suno_async import SunoClient
from suno_async.testing import AcceleratedLoop

from .contract import differences
from .exchanges import Budget, Exchange, Pace, new_session

if TYPE_CHECKING:
    import asyncio
    from collections.abc import AsyncGenerator, Callable

_PROPERTY = "live "  # begins the names of what tests report


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add what the suite takes."""
    group = parser.getgroup("live", "the acceptance suite against the real service (-m live)")
    group.addoption(
        "--live-budget",
        type=whole_number,
        default=0,
        metavar="N",
        help="paid requests that the whole run may make; 0, the default, pays nothing",
    )
    group.addoption(
        "--live-record",
        type=Path,
        metavar="DIR",
        help="where answers and songs are kept; by default below pytest's temporary directory",
    )
    group.addoption(
        "--live-speed",
        type=float,
        default=1.0,
        metavar="X",
        help="how fast the suite's clock runs, for an embedded API on such a clock",
    )


def whole_number(given: str) -> int:
    """A number from 0 on."""
    if not given.isdecimal():
        raise ValueError(given)
    return int(given)


def is_asked_for(config: pytest.Config) -> bool:
    """Whether `-m` names it."""
    return re.search(r"\blive\b", str(config.option.markexpr)) is not None


def has_key() -> bool:
    """Whether there is a key to ask with."""
    return bool(os.environ.get("SUNO_API_KEY", "").strip())


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave the suite out, unless it is asked for and there is a key."""
    if is_asked_for(config) and has_key():
        return
    out = [item for item in items if item.get_closest_marker("live")]
    if out:
        config.hook.pytest_deselected(items=out)
        items[:] = [item for item in items if not item.get_closest_marker("live")]


@pytest.hookimpl(tryfirst=True)
def pytest_asyncio_loop_factories(
    config: pytest.Config, item: pytest.Item
) -> dict[str, Callable[[], asyncio.AbstractEventLoop]] | None:
    """Run the suite in real time, or as much faster as is said."""
    if not item.get_closest_marker("live"):
        return None
    speed: float = config.option.live_speed
    return {"live": lambda: AcceleratedLoop(speed)}


@define(eq=False)
class Live:
    """What a test asks the service with; every answer is kept and compared."""

    suno: SunoClient = field(init=False)
    budget: Budget
    pace: Pace
    folder: Path
    """Where answers are kept, and songs."""
    _key: str = field(alias="key")
    _name: str = field(alias="name")
    _notes: list[tuple[str, object]] = field(alias="notes")
    _session: Any = field(init=False)
    _count: int = field(default=0, init=False)
    last: Exchange | None = field(default=None, init=False)
    """What was answered last."""

    async def open(self) -> None:
        """Begin."""
        self._session = new_session(self.budget, self.pace, self._key, self._heard)
        self.suno = SunoClient(self._key, session=self._session)

    async def close(self) -> None:
        """End."""
        await self.suno.aclose()
        await self._session.close()

    def stranger(self) -> SunoClient:
        """A client with a key that is wrong."""
        return SunoClient("0" * 32, session=self._session)

    def note(self, what: str, text: str) -> None:
        """Put something into the report: a `difference`, a `time`, a `fact` or where it is kept."""
        self._notes.append((_PROPERTY + what, text))

    async def get(self, path: str, **query: str) -> Exchange:
        """Ask for something as it lies there."""
        base = os.environ.get("SUNO_BASE_URL") or "https://api.sunoapi.org"
        headers = {"Authorization": f"Bearer {self._key}", "User-Agent": "suno-async"}
        url = base.rstrip("/") + path
        async with self._session.get(url, params=query, headers=headers) as response:
            await response.content.read()
        assert self.last is not None
        return self.last

    def _heard(self, exchange: Exchange) -> None:
        self.last = exchange
        self._count += 1
        for one in differences(exchange):
            self.note("difference", one)
        try:
            exchange.kept_in(self.folder, f"{self._name}-{self._count:03d}")
        except OSError as error:
            self.note("fact", f"not all answers could be kept: {error}")


@pytest.fixture(scope="session")
def run_folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that all processes of the run share."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if hasattr(request.config, "workerinput") else base) / "live"
    folder.mkdir(exist_ok=True)
    return folder


@pytest.fixture
async def live(request: pytest.FixtureRequest, run_folder: Path) -> AsyncGenerator[Live]:
    """The service, and what a test may ask and pay."""
    faulthandler.cancel_dump_traceback_later()  # a song takes longer than a test may hang
    folder: Path = request.config.option.live_record or run_folder
    folder.mkdir(parents=True, exist_ok=True)
    asked = Live(
        budget=Budget(request.config.option.live_budget, run_folder),
        pace=Pace(run_folder, request.config.option.live_speed),
        folder=folder,
        key=os.environ["SUNO_API_KEY"].strip(),
        name=re.sub(r"\W+", "-", request.node.name).strip("-"),
        notes=request.node.user_properties,
    )
    asked.note("kept", str(folder))
    await asked.open()
    yield asked
    await asked.close()
    asked.note("paid", str(asked.budget.limit - asked.budget.left))


@define(eq=False)
class Findings:
    """What the tests reported, from all processes."""

    notes: dict[str, dict[str, None]] = field(factory=dict[str, dict[str, None]])

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take what a test reported; each report repeats what the ones before it said."""
        for name, text in report.user_properties:
            if name.startswith(_PROPERTY):
                self.notes.setdefault(name.removeprefix(_PROPERTY), {})[str(text)] = None

    def lines(self, budget: int) -> list[str]:
        """The report."""
        differences = [*self.notes.get("difference", ())]
        paid = max((int(one) for one in self.notes.get("paid", ())), default=0)
        return [
            f"{paid} paid requests were made, {budget} allowed (--live-budget)",
            *self.notes.get("fact", ()),
            *self.notes.get("time", ()),
            f"{len(differences)} differences from what is known:"
            if differences
            else "no answer differs from what is known",
            *(f"  {one}" for one in sorted(differences)),
        ]

    def pytest_terminal_summary(self, terminalreporter: Any, config: pytest.Config) -> None:
        """Show the report, and keep it beside the answers."""
        if not is_asked_for(config):
            return
        kept = [Path(one) for one in self.notes.get("kept", ())]
        terminalreporter.section("live: the service beside its contract")
        if not has_key():
            terminalreporter.line("nothing was asked: SUNO_API_KEY is not set")
        if not kept:
            return
        lines = self.lines(config.option.live_budget)
        for line in lines:
            terminalreporter.line(line)
        (kept[0] / "report.txt").write_text("\n".join(lines) + "\n", "utf-8")
        terminalreporter.line(f"answers, songs and this report are in {kept[0]}")


def pytest_configure(config: pytest.Config) -> None:
    """Gather what is found, where the report is written."""
    config.addinivalue_line("markers", "live: asks the real service; only with -m live and a key")
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(Findings(), "live-findings")
