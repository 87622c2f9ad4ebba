"""The songs a music task makes: two that share a title, derived from the task alone."""

import uuid
from random import Random

from attrs import frozen

from suno_async.testing._api.facts import Body, engine
from suno_async.testing._api.media import whole_frames

_FIRST = ("Calm", "Silver", "Distant", "Golden", "Quiet", "Paper", "Northern", "Electric")
_SECOND = ("Harbour", "Evening", "Lanterns", "River", "Windows", "Garden", "Signal", "Orchard")
_LINES = (
    "The lamps come on along the shore",
    "A window opens to the rain",
    "We counted stars and wanted more",
    "And sang it all from start again",
    "The morning train is running late",
    "A paper boat goes down the stream",
    "I leave my shadow at the gate",
    "And carry home a borrowed dream",
)


@frozen
class Song:
    """One finished track."""

    id: str
    title: str
    prompt: str
    tags: str
    duration: float
    model_name: str


def title(rng: Random) -> str:
    """A title."""
    return f"{rng.choice(_FIRST)} {rng.choice(_SECOND)}"


def lyrics(rng: Random) -> str:
    """The text of a short song."""
    one, two, three, four = rng.sample(_LINES, 4)
    return f"[Verse]\n{one}\n{two}\n\n[Chorus]\n{three}\n{four}"


def audio_id(task_id: str, index: int) -> str:
    """The id of a task's n-th track."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"{task_id}/{index}"))


def songs(
    task_id: str, body: Body, rng: Random, seconds: tuple[float, float], source: Song | None
) -> tuple[Song, ...]:
    """The two songs of a task, so many `seconds` long.

    What the request leaves out is the source track's, where there is one.
    """
    name, words, tags = title(rng), lyrics(rng), "electrifying, rock"
    if source is not None:
        name, words, tags = source.title, source.prompt, source.tags
    if body.get("instrumental"):
        words = "[Instrumental]"
    elif any(body.get(key) for key in ("customMode", "defaultParamFlag", "lyrics", "fullLyrics")):
        words = body.get("fullLyrics") or body.get("lyrics") or body.get("prompt") or words
    low, high = seconds
    return tuple(
        Song(
            id=audio_id(task_id, index),
            title=body.get("title") or name,
            prompt=words,
            tags=body.get("style") or body.get("tags") or tags,
            duration=whole_frames(rng.uniform(low, high)),
            model_name=engine(body.get("model") or "V5"),
        )
        for index in range(2)
    )
