"""What the service knows and does, without a network: its tasks, its account, its clock."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from heapq import heappop, heappush
from random import Random
from urllib.parse import urlsplit

from attrs import define, field

from suno_async.testing._api.calls import Call, Refusal
from suno_async.testing._api.facts import (
    CREDITS_MESSAGE,
    NO_CREDITS,
    NOT_FOUND,
    STEM_PRICES,
)
from suno_async.testing._api.jobs import Job, Moment
from suno_async.testing._api.settings import Settings
from suno_async.testing._api.songs import Song, audio_id
from suno_async.testing._api.uploads import UploadStore
from suno_async.testing.timetable import Kind, PlanChanges


@define
class Script:
    """Changes for the plans of the next tasks."""

    changes: PlanChanges
    operation: str | None
    left: int


@define(eq=False, kw_only=True)
class Service:
    """The remote service's memory."""

    settings: Settings
    credits: float = field(init=False)
    """What the account holds now."""
    jobs: dict[str, Job] = field(factory=dict[str, Job], init=False)
    uploads: UploadStore = field(factory=UploadStore, init=False)
    personas: dict[str, str] = field(factory=dict[str, str], init=False)
    """Persona ids by the id of the track they were made from."""
    voices: dict[str, Job] = field(factory=dict[str, Job], init=False)
    """The tasks that make voices, by the voice's id."""
    scripts: list[Script] = field(factory=list[Script], init=False)
    on_accepted: Callable[[Job], None] | None = field(default=None, init=False)
    _audio: dict[str, tuple[Job, int]] = field(factory=dict[str, tuple[Job, int]], init=False)
    _made: dict[tuple[Kind, str], Job] = field(factory=dict[tuple[Kind, str], Job], init=False)
    _refunds: list[tuple[float, int, float]] = field(
        factory=list[tuple[float, int, float]], init=False
    )
    _started: float | None = field(default=None, init=False)
    _loop: asyncio.AbstractEventLoop | None = field(default=None, init=False)

    def __attrs_post_init__(self) -> None:
        self.credits = self.settings.credits

    def now(self) -> float:
        """The time of the loop that it serves on; the first question sets the clock on the wall."""
        now = (self._loop or asyncio.get_running_loop()).time()
        if self._started is None:
            self._started = now
        return now

    def start(self) -> None:
        """Go by the clock of the running loop, also when another thread asks."""
        self._loop = asyncio.get_running_loop()
        self.now()

    def wall(self, at: float) -> datetime:
        """The wall-clock time at this time of the loop."""
        started = self.now() if self._started is None else self._started
        return datetime.fromtimestamp(self.settings.epoch + at - started, UTC)

    def wall_ms(self, at: float) -> int:
        """As `wall`, in whole milliseconds since 1970."""
        return round(self.wall(at).timestamp() * 1000)

    def wall_text(self, at: float) -> str:
        """As `wall`, as the text without a zone that some records carry."""
        return f"{self.wall(at):%Y-%m-%d %H:%M:%S}"

    def wall_iso(self, at: float) -> str:
        """As `wall`, as ISO text with milliseconds and Z."""
        return self.wall(at).isoformat(timespec="milliseconds").replace("+00:00", "Z")

    def settle(self) -> None:
        """Give back the credits of tasks that have failed with a refund by now."""
        now = self.now()
        # a heap by time: a task's failure is known when it is accepted, its refund is due later
        while self._refunds and self._refunds[0][0] <= now:
            self.credits += heappop(self._refunds)[2]

    def charge(self, call: Call) -> float:
        """Take the price of a call; raises `Refusal` when the account holds less."""
        self.settle()
        price = call.operation.price
        if call.operation.kind is Kind.STEMS:
            price = STEM_PRICES[call.text("type") or "separate_vocal"]
        if price > self.credits:
            raise Refusal(NO_CREDITS, CREDITS_MESSAGE)
        self.credits = round(self.credits - price, 6)  # prices such as 0.4 leave a residue
        call.entry.cost = price
        return price

    def accept(self, call: Call, kind: Kind, source: tuple[Job, int] | None) -> Job:
        """Make the task a call asks for, and charge for it; raises `Refusal`."""
        operation, price = call.operation, self.charge(call)  # refused here, nothing is made
        number = len(self.jobs) + 1
        # a generator a task: what one draws does not depend on how many came between
        rng = Random(f"{self.settings.seed}:{number}")
        job = Job(
            id=f"{rng.getrandbits(128):032x}",
            number=number,
            operation=operation.name,
            kind=kind,
            body=call.body,
            accepted=self.now(),
            plan=self.settings.timetable(kind, rng).changed(self._script(operation.name)),
            price=price,
            origin=call.origin,
            callback_url=call.text(operation.callback),
            seed=str(self.settings.seed),
            song_seconds=self.settings.song_seconds,
            type=operation.type,
            source=source,
        )
        self._remember(job)
        call.entry.task_id = job.id
        return job

    def job(self, task_id: str, *kinds: Kind) -> Job:
        """The task with this id, if it is of one of these kinds; raises `Refusal`."""
        job = self.jobs.get(task_id)
        if job is None or (kinds and job.kind not in kinds):
            raise Refusal(NOT_FOUND, "The task does not exist.")
        return job

    def track(self, wanted: str) -> tuple[Job, int]:
        """The task that made this track, and its place there; raises `Refusal`."""
        try:
            return self._audio[wanted]
        except KeyError:
            raise Refusal(NOT_FOUND, "The audio does not exist.") from None

    def song(self, wanted: str) -> Song:
        """The track with this id; raises `Refusal`."""
        job, index = self.track(wanted)
        return job.songs[index]

    def made_before(self, kind: Kind, source_id: str) -> Job | None:
        """The task of this kind that was made from this source and did not fail."""
        job = self._made.get((kind, source_id))
        return None if job is None or job.moment(self.now()) is Moment.FAILED else job

    def undelivered(self, job: Job) -> None:
        """Take note that no callback reaches the callback URL of this task."""
        if self.settings.unreachable == "CALLBACK_EXCEPTION":
            job.undelivered_from = Moment.COMPLETE
        elif self.settings.unreachable == "CALLBACK_EXCEPTION_FROM_TEXT":
            job.undelivered_from = Moment.TEXT

    def _script(self, operation: str) -> PlanChanges:
        for script in self.scripts:
            if script.operation in (None, operation):
                script.left -= 1
                if script.left == 0:
                    self.scripts.remove(script)  # safe amid the loop, for it ends here
                return script.changes
        return {}

    def _remember(self, job: Job) -> None:
        self.jobs[job.id] = job
        if job.kind is Kind.MUSIC:
            for index in range(2):
                self._audio[audio_id(job.id, index)] = (job, index)
        elif job.kind is Kind.WAV:
            self._made[job.kind, job.body["audioId"]] = job
        elif job.kind is Kind.IMAGES:
            self._made[job.kind, job.body["taskId"]] = job
        elif job.kind is Kind.VOICE:
            self.voices[job.voice_id] = job
            if job.source is not None:
                job.source[0].voice = job
        if job.refunded:
            heappush(self._refunds, (job.ends_at, job.number, job.price))
        if unreachable(job.callback_url):
            self.undelivered(job)
        elif job.callback_url and self.on_accepted is not None:
            self.on_accepted(job)


def unreachable(callback_url: str) -> bool:
    """Whether the host is one that can never exist, and must never be contacted."""
    host = urlsplit(callback_url).hostname or ""
    return host == "invalid" or host.endswith(".invalid")
