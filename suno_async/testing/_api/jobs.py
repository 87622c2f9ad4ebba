"""An accepted task. Its state is computed from the clock at each request: no timer runs."""

from enum import IntEnum
from functools import cached_property
from random import Random

from attrs import define

from suno_async.testing._api.facts import BAD, FAILURES, KEPT, MESSAGES, REFUNDED, Body, duration
from suno_async.testing._api.songs import Song, songs
from suno_async.testing.timetable import Kind, Plan

_SENSITIVE = "SENSITIVE_WORD_ERROR"


class Moment(IntEnum):
    """How far a task is."""

    PENDING = 0
    TEXT = 1
    FIRST = 2
    COMPLETE = 3
    FAILED = 4


@define(eq=False)
class Job:
    """One task that was accepted and paid for."""

    id: str
    number: int
    """1 for the first task of this fake."""
    operation: str
    kind: Kind
    body: Body
    accepted: float
    """The loop's time of acceptance."""
    plan: Plan
    price: float
    origin: str
    callback_url: str
    seed: str
    song_seconds: tuple[float, float]
    type: str = ""
    """The operationType in a music record."""
    source: "tuple[Job, int] | None" = None
    """The task that this one works on, and the place of the track in it."""
    voice: "Job | None" = None
    """The task that makes a voice from this phrase."""
    undelivered_from: Moment | None = None
    """From where on the status says that a callback could not be delivered."""
    links: int = 0
    """How often its links were renewed; older ones are dead."""
    gone: bool = False
    """Whether its files were deleted before their time."""
    edition: int = 0
    """How often its files were made anew."""

    @cached_property
    def songs(self) -> tuple[Song, ...]:
        """The tracks that the task makes (music only)."""
        wanted = duration(self.operation, self.body)
        seconds = self.song_seconds if wanted is None else (wanted, wanted)
        return songs(self.id, self.body, self.rng("songs"), seconds, self.source_song)

    @property
    def source_song(self) -> Song | None:
        """The track that the task works on, where that is known."""
        if self.source is None or self.source[0].kind is not Kind.MUSIC:
            return None
        job, index = self.source
        return job.songs[index]

    @property
    def seconds(self) -> float:
        """The length of the track that the task works on; a minute where that is not known."""
        return 60.0 if self.source_song is None else self.source_song.duration

    @property
    def voice_id(self) -> str:
        """The id of the voice that the task makes (voices only)."""
        return f"voice_{self.id[:16]}"

    def rng(self, purpose: str) -> Random:
        """A random generator that depends on the fake's seed, this task and the purpose alone."""
        return Random(f"{self.seed}:{self.number}:{purpose}")

    def moment(self, now: float) -> Moment:
        """How far the task is at `now`."""
        age, plan = now - self.accepted, self.plan
        # the latest first: stages that were left out are None, and a failure ends all others
        if plan.fails and age >= plan.end:
            return Moment.FAILED
        if age >= plan.complete:
            return Moment.COMPLETE
        if plan.first is not None and age >= plan.first:
            return Moment.FIRST
        if plan.text is not None and age >= plan.text:
            return Moment.TEXT
        return Moment.PENDING

    def progress(self, now: float) -> float:
        """The share of the task's time that has passed, 0 to 1."""
        return min(1.0, (now - self.accepted) / self.plan.end) if self.plan.end else 1.0

    def over(self, now: float) -> bool:
        """Whether the task has ended at `now`, well or not."""
        return self.moment(now) >= Moment.COMPLETE

    def done(self, now: float) -> bool:
        """Whether the task is complete at `now`."""
        return self.moment(now) is Moment.COMPLETE

    def has_result(self, now: float) -> bool:
        """Whether the record shows a result at `now`: complete, or failed with some kept."""
        return self.done(now) or (self.over(now) and self.plan.partial > 0)

    @property
    def ends_at(self) -> float:
        """The loop's time at which the task ends."""
        return self.accepted + self.plan.end

    @property
    def failure(self) -> str | int:
        """The status of the record once the task has failed."""
        status = self.plan.status
        return FAILURES[self.kind] if status is None else status

    @property
    def error_code(self) -> int:
        """The `errorCode` of the record once the task has failed."""
        # images have a code of their own, and words are refused as a request is
        usual = 501 if self.kind is Kind.IMAGES else BAD if self.failure == _SENSITIVE else 500
        return usual if self.plan.error_code is None else self.plan.error_code

    @property
    def error_message(self) -> str:
        """The `errorMessage` of the record once the task has failed."""
        if self.plan.error_message is not None:
            return self.plan.error_message
        if self.failure == _SENSITIVE:
            return "The prompt contains sensitive words."
        return MESSAGES.get(self.error_code, "error")

    @property
    def refunded(self) -> bool:
        """Whether the task fails and gives the credits back."""
        return self.plan.fails and self.plan.error_code == REFUNDED

    def link(self, name: str) -> str:
        """The address of one of the task's files."""
        version = f"?v={self.links}" if self.links else ""
        return f"{self.origin}/files/{self.id}/{name}{version}"

    def marked(self, key: str) -> str:
        """The seed of a file's bytes: another text in each edition."""
        return f"{key} {self.edition}" if self.edition else key

    def kept(self, now: float) -> bool:
        """Whether the task's files have not been deleted yet."""
        return not self.gone and now < self.ends_at + KEPT
