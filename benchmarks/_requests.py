"""Requests of every operation, minimal and maximal, drawn from the operations' own fields.

Which fields go together is found out by building: the minimal request is the smallest that can be
built, and a maximal one takes each field that still lets it be built. Fields that exclude each
other come in further maximal requests. Only sample values are written down here.
"""

from __future__ import annotations

from base64 import b64encode
from itertools import chain, combinations
from typing import TYPE_CHECKING, Any, TypeAlias, cast

from attrs import NOTHING, fields_dict, frozen

from suno_async import InvalidRequest, Stems, Track
from suno_async._wire.converter import camel
from suno_async.operations._base import SENT_APART, SENT_AS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from suno_async import CallOperation, SunoClient, TaskOperation
    from suno_async.operations import Operation

    AnyOperation: TypeAlias = TaskOperation[Any] | CallOperation[Any]

FAMILIES = ("V5_5", "V6")
"""A model of each family: the last one before V6, which knows all that came before, and V6."""
_URL = "https://files.example"
_MP3 = b"\xff\xfb\x90\x00" + bytes(413)  # one frame
_MOST_TOGETHER = 3  # fields that a request may need beside its required ones

_SAMPLES: Mapping[str, Any] = {
    "callback_url": f"{_URL}/callback",
    "extra": {"notYetKnown": "some extra"},
    "duration": 30,
    "variety": 3,
    "persona_model": "style_persona",
    "vocal_gender": "f",
    "style_weight": 0.65,
    "weirdness_constraint": 0.25,
    "audio_weight": 0.5,
    "instrumental": True,
    "custom_mode": True,
    "default_param_flag": True,
    "continue_at": 60.0,
    "image_urls": [f"{_URL}/a.png"],
    "video_urls": [f"{_URL}/a.mp4"],
    "audio_urls": [f"{_URL}/a.mp3"],
    "upload_url": f"{_URL}/upload.mp3",
    "upload_url_list": [f"{_URL}/one.mp3", f"{_URL}/two.mp3"],
    "audio_url": f"{_URL}/audio.mp3",
    "voice_url": f"{_URL}/voice.mp3",
    "verify_url": f"{_URL}/verify.mp3",
    "file_url": f"{_URL}/file.mp3",
    "file": _MP3,
    "base64_data": b64encode(_MP3).decode(),
    "file_name": "some-name.mp3",
    "upload_path": "some/path",
    "infill_start_s": 10.0,
    "infill_end_s": 25.5,
    "sound_loop": True,
    "sound_tempo": 90,
    "sound_key": "F#m",
    "grab_lyrics": True,
    "vocal_start": 5.0,
    "vocal_end": 25.0,
    "vocal_start_s": 0,
    "vocal_end_s": 12,
    "music_index": 1,
    "type": "split_stem_advanced",
    "stem_name": "Kick",
    "language": "de",
    "singer_skill_level": "advanced",
    **{
        name: f"some {name}"
        for name in (
            *("prompt", "lyrics", "full_lyrics", "style", "tags", "title", "negative_tags"),
            *("name", "voice_name", "description", "author", "domain_name", "content"),
        )
    },
}
"""What each field holds, by its name; the texts are unlike each other. Ids are of `Sources`."""


@frozen
class Sources:
    """What requests work on: made anew for each, for some things can be made only once."""

    track: Track
    stems: Stems
    stems_task: str
    persona: str
    phrase_task: str
    voice_task: str

    @classmethod
    async def made(cls, suno: SunoClient, model: str) -> Sources:
        """A song by this model, and all that can be made of it."""
        track, other = await (await suno.generate_music("some idea", model=model))
        stems = await suno.separate_vocals(track)
        validating = await suno.validate_voice(f"{_URL}/v.mp3", vocal_start_s=0, vocal_end_s=9)
        await validating
        voice = await suno.generate_voice(validating, verify_url=f"{_URL}/v.mp3")
        await voice
        persona = await suno.generate_persona(other, name="some", description="some")
        return cls(
            track=track,
            stems=await stems,
            stems_task=stems.id,
            persona=persona.persona_id,
            phrase_task=validating.id,
            voice_task=voice.id,
        )

    def samples(self, operation: str, model: str | None) -> dict[str, Any]:
        """Values for the fields of this operation."""
        song: Mapping[str, Any] = {
            "audio_id": self.track.id,
            "task_id": self.track.task_id,
            "suno_task_id": self.track.task_id,
            "persona_id": self.persona,
            "model": model,
        }
        others: Mapping[str, Mapping[str, Any]] = {
            "GenerateMidi": {
                "task_id": self.stems_task,
                "audio_id": self.stems.origin_data[0].id,
            },
            "RegenerateVoicePhrase": {"task_id": self.phrase_task},
            "GenerateVoice": {"task_id": self.phrase_task},
            "CheckVoice": {"task_id": self.voice_task},
        }
        return {**_SAMPLES, **song, **others.get(operation, {})}


@frozen
class Plan:
    """The requests of one operation, each as the names of its fields."""

    minimal: frozenset[str]
    maximal: tuple[frozenset[str], ...]


def families_of(cls: type[Operation[Any]]) -> tuple[str | None, ...]:
    """The models to ask for; `None` where there is no choice."""
    return FAMILIES if "model" in fields_dict(cls) else (None,)


def plan_of(cls: type[Operation[Any]], samples: Mapping[str, Any]) -> Plan:
    """The smallest request that can be built, and the largest ones.

    Raises:
        LookupError: a field has no sample value, or no request can be built.
    """
    known = fields_dict(cls)
    if missing := [name for name in known if name not in samples]:
        raise LookupError(f"{cls.__name__}: no sample value for {', '.join(missing)}")
    names = [name for name in known if samples[name] is not None]
    required = {name for name in names if known[name].default is NOTHING} | {"model"} & {*names}
    minimal = _smallest(cls, samples, required)
    if minimal is None:
        raise LookupError(f"{cls.__name__} cannot be built of the sample values")
    maximal: list[frozenset[str]] = []
    for name in names:
        if not any(name in one for one in maximal):
            begun = _smallest(cls, samples, required | {name}) or _smallest(
                cls, samples, (required | {name}) - {"model"}
            )
            if begun is not None:
                covered = frozenset[str]().union(*maximal)
                maximal.append(
                    _largest(cls, samples, begun, sorted(names, key=covered.__contains__))
                )
    return Plan(minimal, tuple(maximal))


def build(
    cls: type[Operation[Any]], samples: Mapping[str, Any], names: Iterable[str]
) -> AnyOperation | None:
    """The request with these fields, `None` where it cannot be built."""
    try:
        return cls(**{name: samples[name] for name in names})  # type: ignore[return-value]  # all are of either sort
    except InvalidRequest:
        return None


def _smallest(
    cls: type[Operation[Any]], samples: Mapping[str, Any], needed: set[str]
) -> frozenset[str] | None:
    others = [name for name in fields_dict(cls) if name not in needed and samples[name] is not None]
    more = chain.from_iterable(combinations(others, size) for size in range(_MOST_TOGETHER + 1))
    tried = (frozenset({*needed, *some}) for some in more)
    return next((names for names in tried if build(cls, samples, names)), None)


def _largest(
    cls: type[Operation[Any]],
    samples: Mapping[str, Any],
    begun: frozenset[str],
    names: Iterable[str],
) -> frozenset[str]:
    for name in names:
        if build(cls, samples, begun | {name}):
            begun |= {name}
    return begun


def sent(operation: AnyOperation, names: Iterable[str], body: Any) -> Iterator[str]:
    """Those of its fields that are in what arrived, under their own name or, of texts, another."""
    known = fields_dict(type(operation))
    for name in names:
        value: Any = getattr(operation, name)
        if isinstance(cast("object", value), tuple):
            value = [*value]
        metadata = known[name].metadata
        if name == "extra":
            is_there = all(body.get(one) == given for one, given in dict(value).items())
        elif metadata.get(SENT_APART):
            is_there = True  # a file: the service would refuse to do without
        else:
            there = body.get(metadata.get(SENT_AS) or camel(name))
            is_there = there == value or (isinstance(value, str) and value in body.values())
        if is_there:
            yield name
