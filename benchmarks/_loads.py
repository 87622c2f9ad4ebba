"""Services: people who want songs one by one, by a load, and songs that last as they do there."""

from collections.abc import Awaitable, Callable, Iterator
from contextvars import ContextVar
from random import Random

from aiohttp import web
from attrs import evolve, frozen

from benchmarks._inprocess import in_process
from benchmarks._policies import PERSON, Policy
from benchmarks._songs import Run, seen
from suno_async.testing import FakeSuno, Kind, Plan, Timetable, run_virtual

_USUAL = 148.0  # seconds until a song is complete
_LEAST, _MOST = 600.0, 1_200.0  # seconds until one of the slowest is
_FAST, _SLOW = 30.0, 240.0  # seconds until a song of each of two models is
_served: ContextVar[int] = ContextVar("served")


@frozen
class Wanted:
    """A song that somebody wants."""

    at: float
    """When, in seconds."""
    plan: Plan
    """When its stages come."""
    model: str = "V5"
    """By which model."""


def _drawn(rng: Random, scale: float = 1.0) -> Plan:
    return Timetable.drawn(scale=scale, failed=0.01, slow=0.02)(Kind.MUSIC, rng)


def _arrivals(rng: Random, rate: float, seconds: float) -> Iterator[float]:
    at = rng.expovariate(rate)
    while at < seconds:
        yield at
        at += rng.expovariate(rate)


@frozen
class Even:
    """So many songs a second."""

    rate: float

    def __call__(self, rng: Random, seconds: float) -> list[Wanted]:
        """The songs that are wanted in so many seconds."""
        return [Wanted(at, _drawn(rng)) for at in _arrivals(rng, self.rate, seconds)]


def _trimodal(rng: Random, seconds: float) -> list[Wanted]:
    def plan() -> Plan:
        if rng.random() < 0.03:
            return Timetable(scale=rng.uniform(_LEAST, _MOST) / _USUAL)(Kind.MUSIC, rng)
        return _drawn(rng, rng.choice((0.6, 1.4)))

    return [Wanted(at, plan()) for at in _arrivals(rng, 0.3, seconds)]


def _drift(rng: Random, seconds: float) -> list[Wanted]:
    seconds *= 4
    arrivals = _arrivals(rng, 0.3, seconds)
    return [Wanted(at, _drawn(rng, 1.0 + at / seconds)) for at in arrivals]


def _two_models(rng: Random, seconds: float) -> list[Wanted]:
    def wanted(at: float) -> Wanted:
        model, complete = rng.choice((("V4", _FAST), ("V5", _SLOW)))
        return Wanted(at, _drawn(rng, complete / _USUAL), model)

    return [wanted(at) for at in _arrivals(rng, 0.3, seconds)]


def _bursts(rng: Random, seconds: float) -> list[Wanted]:
    return [Wanted(60.0 * n, _drawn(rng)) for n in range(int(seconds // 90)) for _ in range(50)]


LOADS: dict[str, Callable[[Random, float], list[Wanted]]] = {
    "0.1 a second": Even(0.1),
    "0.25 a second": Even(0.25),
    "0.5 a second": Even(0.5),
    "60 % of capacity": Even(0.6),
    "90 % of capacity": Even(0.9),
    "trimodal, 0.3 a second": _trimodal,
    "durations that double, 0.3 a second": _drift,
    "two models, 0.3 a second": _two_models,
    "bursts of 50 a minute": _bursts,
}
"""The songs wanted in so many seconds, by the load's name; capacity is one song a second."""
CAPACITY_TAKEN = {name: 60.0 * load.rate for name, load in LOADS.items() if isinstance(load, Even)}
"""How many songs a minute are wanted under the even loads."""


@web.middleware
async def _noting(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    if request.method == "POST":
        prompt: str = (await request.json())["prompt"]
        _served.set(int(prompt.removeprefix(PERSON)))
    return await handler(request)


def run_of_load(policy: Policy, load: str, seed: int, seconds: float) -> Run:
    """Serve what is wanted in so many seconds, on virtual time."""
    wanted = LOADS[load](Random(f"{seed}:{load}"), seconds)
    at = [one.at for one in wanted]

    async def scenario() -> Run:
        fake = FakeSuno(
            timetable=lambda _kind, _rng: wanted[_served.get()].plan,
            seed=seed,
            delay=(0.05, 0.5),
            credits=1e9,
            send_callbacks=False,
        )
        fake.app.middlewares.append(_noting)  # the course goes with the song, not with its turn
        async with in_process(fake) as server:
            models, plans = [one.model for one in wanted], [one.plan for one in wanted]
            await policy(evolve(server, models=models, plans=plans), 0, at)
        return seen(fake, at)

    return run_virtual(scenario())
