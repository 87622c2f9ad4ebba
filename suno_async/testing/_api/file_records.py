"""The records of what is made from a track: WAV, stems, MIDI, video, cover images."""

from typing import Any

from suno_async.testing._api.jobs import Job, Moment
from suno_async.testing._api.service import Service
from suno_async.testing._api.shapes import Record, errors, place, status
from suno_async.testing._api.songs import audio_id

INSTRUMENTAL, VOCAL = "instrumental", "vocal"
STEMS = {
    "vocal": "Vocals",
    "backingVocals": "Backing Vocals",
    "drums": "Drums",
    "bass": "Bass",
    "guitar": "Guitar",
    "piano": "Piano",
    "keyboard": "Keyboard",
    "percussion": "Percussion",
    "strings": "Strings",
    "synth": "Synth",
    "fx": "FX",
    "brass": "Brass",
    "woodwinds": "Woodwinds",
}
_IN_SPLIT = [name for name in STEMS if name != "piano"]  # the sister service alone makes that one


def wav(service: Service, job: Job, now: float) -> Record:
    """A WAV: as of a track, but with times that are texts."""
    return _from_track(service, job, now, {"audioWavUrl": wav_link(job)}) | {
        "createTime": service.wall_text(job.accepted),
        "completeTime": service.wall_text(job.ends_at) if job.over(now) else None,
    }


def _from_track(service: Service, job: Job, now: float, response: Record) -> Record:
    """What is made from a track: a flag that is a word, times in epoch milliseconds."""
    return {
        "taskId": job.id,
        "musicId": job.body.get("audioId"),
        "musicIndex": place(job),
        "callbackUrl": job.callback_url,
        "response": response if job.has_result(now) else None,
        "successFlag": status(job, now, "PENDING"),
        **_epoch_times(service, job, now),
        **errors(job, now),
    }


def wav_link(job: Job) -> str:
    """The address of the WAV."""
    return job.link("audio.wav")


def stems(service: Service, job: Job, now: float) -> Record:
    """Stems: as of a track, with snake case inside originData."""
    return _from_track(service, job, now, _stems(job))


def stem_names(job: Job) -> list[str]:
    """Which stems the task makes; the advanced type makes the one it was asked for."""
    match job.body.get("type") or "separate_vocal":
        case "separate_vocal":
            return [VOCAL, INSTRUMENTAL]
        case "split_stem":
            return _IN_SPLIT
        case _:
            return []


def stem_link(job: Job, name: str) -> str:
    """The address of one stem."""
    return job.link(f"{name}.mp3")


def _stems(job: Job) -> Record:
    names = stem_names(job)
    urls = {f"{name}Url": stem_link(job, name) for name in names}
    blank = {f"{name}Url": None for name in (INSTRUMENTAL, *STEMS)}
    return {"id": None, "originUrl": None, "originData": _origin_data(job), **(blank | urls)}


def _origin_data(job: Job) -> list[Record]:
    names = stem_names(job)
    if not names:
        return [_extracted(job, str(job.body.get("stemName")))]
    return [
        {
            "duration": job.seconds,
            "audio_url": stem_link(job, name),
            "stem_type_group_name": STEMS.get(name, "Instrumental"),
            "id": audio_id(job.id, index),
        }
        for index, name in enumerate(names)
    ]


def _extracted(job: Job, stem: str) -> Record:
    parts: Record = {
        name: {
            "id": audio_id(job.id, index),
            "audio_url": stem_link(job, name),
            "duration": job.seconds,
        }
        for index, name in enumerate(("extract", "remove"))
    }
    return {"duration": job.seconds, "stem_type_group_name": stem, "id": job.id, **parts}


def midi(service: Service, job: Job, now: float) -> Record:
    """Notes: a flag that is a number, and midiData in place of a response."""
    error: Record = errors(job, now)
    if error["errorCode"] is not None:
        error["errorCode"] = str(error["errorCode"])  # a text here
    return {
        "taskId": job.id,
        "recordTaskId": -1,
        "audioId": job.body.get("audioId"),
        "callbackUrl": job.callback_url,
        "midiData": notes(job) if job.has_result(now) else None,
        **_epoch_times(service, job, now),
        **error,
    } | _number_flag(job, now, 0)


def notes(job: Job, *, as_text: bool = False) -> Record:
    """A few notes on two instruments; a callback has some of the times as texts."""

    def time(value: float) -> Any:
        return str(value) if as_text else value

    rng = job.rng("midi")
    instruments = [
        {
            "name": name,
            "notes": [
                {
                    "pitch": rng.randint(40, 80),
                    "start": time(index * 0.46875),
                    "end": time(index * 0.46875 + 0.145833) if index % 2 else index * 0.46875 + 0.1,
                    "velocity": 1,
                }
                for index in range(8)
            ],
        }
        for name in ("Drums", "Electric Bass (finger)")
    ]
    return {"state": "complete", "instruments": [] if job.plan.empty else instruments}


def video(service: Service, job: Job, now: float) -> Record:
    """A video: as of a track."""
    return _from_track(service, job, now, {"videoUrl": video_link(job)})


def video_link(job: Job) -> str:
    """The address of the video."""
    return job.link("video.mp4")


def images(service: Service, job: Job, now: float) -> Record:
    """Cover images: a flag whose 2 means running, ISO times, errorCode 200 when all is well."""
    fine = 200 if job.done(now) else None
    return {
        "taskId": job.id,
        "parentTaskId": job.body.get("taskId"),
        "callbackUrl": job.callback_url,
        "response": {"images": image_links(job)} if job.has_result(now) else None,
        "createTime": service.wall_iso(job.accepted),
        "completeTime": service.wall_iso(job.ends_at) if job.over(now) else None,
        **errors(job, now, fine=fine),
    } | _number_flag(job, now, 0 if job.progress(now) < 0.5 else 2)  # noqa: PLR2004  (half-way)


def image_links(job: Job) -> list[str]:
    """The addresses of the images."""
    return [job.link(f"{index}.png") for index in (1, 2)]


def _number_flag(job: Job, now: float, running: int) -> Record:
    moment = job.moment(now)
    if moment is Moment.FAILED:
        return {"successFlag": job.failure}
    return {"successFlag": 1 if moment is Moment.COMPLETE else running}


def _epoch_times(service: Service, job: Job, now: float) -> Record:
    return {
        "createTime": service.wall_ms(job.accepted),
        "completeTime": service.wall_ms(job.ends_at) if job.over(now) else None,
    }
