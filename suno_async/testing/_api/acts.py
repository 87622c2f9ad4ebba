"""What operations do once their request was found right: make a task, show one, answer at once."""

from collections.abc import Callable, Mapping
from typing import Any

from suno_async.testing._api import file_records, music_record, voice_records
from suno_async.testing._api.calls import Answer, Call, Refusal, ok
from suno_async.testing._api.facts import FAILED, NOT_FOUND
from suno_async.testing._api.jobs import Job
from suno_async.testing._api.service import Service
from suno_async.testing._api.shapes import Record
from suno_async.testing.timetable import Kind

RECORDS: Mapping[Kind, Callable[[Service, Job, float], Record]] = {
    Kind.MUSIC: music_record.music,
    Kind.LYRICS: music_record.lyrics,
    Kind.WAV: file_records.wav,
    Kind.STEMS: file_records.stems,
    Kind.MIDI: file_records.midi,
    Kind.VIDEO: file_records.video,
    Kind.IMAGES: file_records.images,
    Kind.PHRASE: voice_records.phrase,
    Kind.VOICE: voice_records.voice,
    Kind.RECOVERY: voice_records.recovery,
}
"""What shows a task of each kind."""


def submit(service: Service, call: Call) -> Answer:
    """Make a task."""
    kind = call.operation.kind
    if kind is None:
        raise ValueError(f"{call.operation.name} makes no task")
    job = service.accept(call, kind, _source(service, call))
    return ok({"task_id" if kind is Kind.RECOVERY else "taskId": job.id})


def show_record(service: Service, call: Call) -> Answer:
    """Show the record of a task; an unknown id, or one of another kind, finds nothing."""
    kind, task_id, now = call.operation.kind, call.text("taskId"), service.now()
    call.entry.task_id = task_id
    job = service.jobs.get(task_id)
    if kind is None or job is None or job.kind is not kind:
        return ok(None)
    return ok(RECORDS[kind](service, job, now))


def show_recovery(service: Service, call: Call) -> Answer:
    """Show a recovery: the whole body is its record, and of an unknown one 500 without an id."""
    task_id = call.text("task_id")
    call.entry.task_id = task_id
    job, now = service.jobs.get(task_id), service.now()
    if job is None or job.kind is not Kind.RECOVERY:
        raise Refusal(FAILED, "The task does not exist.")
    return Answer(RECORDS[Kind.RECOVERY](service, job, now))


def credits_left(service: Service, _call: Call) -> Answer:
    """Tell what the account holds, as a bare number."""
    service.settle()
    return ok(_number(service.credits))


def make_persona(service: Service, call: Call) -> Answer:
    """Make a persona of a track."""
    service.charge(call)
    persona = f"persona_{len(service.personas) + 1:08d}"
    service.personas[call.text("audioId")] = persona
    return ok(
        {
            "personaId": persona,
            "name": call.text("name"),
            "description": call.text("description"),
        }
    )


def timestamped_lyrics(service: Service, call: Call) -> Answer:
    """Tell when each word of a track is sung; a section's tag stands before its first word."""
    words, seconds = _sung(service, call)
    service.charge(call)
    step = seconds / max(1, len(words))
    aligned = [
        {
            "word": word,
            "success": True,
            "startS": round(index * step, 2),
            "endS": round((index + 0.9) * step, 2),
            "palign": 0,
        }
        for index, word in enumerate(words)
    ]
    wave = [round(index % 7 / 7, 2) for index in range(64)]
    return ok(
        {"alignedWords": aligned, "waveformData": wave, "hootCer": 0.3803, "isStreamed": False}
    )


def boost_style(service: Service, call: Call) -> Answer:
    """Say more of a style."""
    price = service.charge(call)
    return ok(
        {
            "taskId": f"{len(service.jobs):032x}",
            "param": call.text("content"),
            "result": f"{call.text('content')}, warm, detailed, with a clear groove",
            "creditsConsumed": price,
            "creditsRemaining": _number(service.credits),
            "successFlag": "1",
            "errorCode": None,
            "errorMessage": None,
            "createTime": service.wall_text(service.now()),
        }
    )


def check_voice(service: Service, call: Call) -> Answer:
    """Tell whether the voice of a task can be used."""
    job = service.jobs.get(call.text("task_id"))
    voice = job.voice if job is not None and job.kind is Kind.PHRASE else job
    ready = voice is not None and voice.kind is Kind.VOICE and voice.done(service.now())
    return ok({"isAvailable": ready})


def _sung(service: Service, call: Call) -> tuple[list[str], float]:
    wanted = call.text("audioId")
    found = _found(service, wanted or call.text("taskId"))
    text, seconds = "[Verse]\nLa la la", 60.0
    if found is not None:
        job, index = found
        song = job.songs[index if wanted else call.body["musicIndex"]]
        text, seconds = song.prompt, song.duration
    words = text.replace("]\n", "]\0").split()
    return [f"{word} ".replace("]\0", "]\n") for word in words], seconds


def _source(service: Service, call: Call) -> tuple[Job, int] | None:
    """The track or the task that a task works on; refused if unknown, where ids are judged."""
    for field in ("audioId", "taskId", "sunoTaskId"):
        wanted = call.text(field)
        # of MIDI the task is a separation, and the audio id that of a stem, which nobody made
        if not wanted or (field == "audioId" and call.operation.kind is Kind.MIDI):
            continue
        found = _found(service, wanted)
        if found is None and service.settings.strict_ids:
            raise Refusal(NOT_FOUND, f"The {field} does not exist.")
        if found and field == "audioId" and call.text("taskId") not in ("", found[0].id):
            raise Refusal(NOT_FOUND, "The audioId is not of this taskId.")
        return found
    return None


def _found(service: Service, wanted: str) -> tuple[Job, int] | None:
    job = service.jobs.get(wanted)
    if job is not None:
        return job, 0
    try:
        return service.track(wanted)
    except Refusal:
        return None


def _number(value: float) -> Any:
    return int(value) if value == int(value) else value
