"""What is posted to a callback URL, kind by kind."""

from collections.abc import Callable
from typing import Any

from suno_async.testing._api import file_records, music_record, voice_records
from suno_async.testing._api.jobs import Job, Moment
from suno_async.testing._api.service import Service
from suno_async.testing._api.shapes import Record
from suno_async.testing.timetable import Kind

_MESSAGES = {
    "text": "Text generated successfully.",
    "first": "First audio generated successfully.",
    "complete": "All generated successfully.",
}
_MOMENTS = {"text": Moment.TEXT, "first": Moment.FIRST, "complete": Moment.COMPLETE}
_FAILED = {
    Kind.MUSIC: "Music generation failed",
    Kind.LYRICS: "Lyrics generation failed",
    Kind.WAV: "WAV format conversion failed",
    Kind.STEMS: "Vocal separation failed",
    Kind.MIDI: "MIDI generation failed",
    Kind.VIDEO: "Music video generation failed",
    Kind.IMAGES: "Cover generation failed",
    Kind.PHRASE: "Voice validation failed",
    Kind.VOICE: "Voice generation failed",
    Kind.RECOVERY: "Recovery failed",
}
_CALLBACK_CODES = frozenset({400, 408, 413, 451, 500, 501, 531})


def _stems(job: Job) -> Record:
    """Stems in snake case, as a callback carries them."""
    names = file_records.stem_names(job)
    urls = {f"{_snake(name)}_url": file_records.stem_link(job, name) for name in names}
    return {"origin_url": "", **urls}


def _snake(name: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)


_FILES: dict[Kind, tuple[str, str, Callable[[Job], Any]]] = {
    Kind.WAV: ("task_id", "audioWavUrl", file_records.wav_link),
    Kind.STEMS: ("task_id", "vocal_removal_info", _stems),
    Kind.VIDEO: ("task_id", "video_url", file_records.video_link),
    Kind.IMAGES: ("taskId", "images", file_records.image_links),
}
"""The field of the id, the field of the files, and the files."""
_USUAL_CODES = {Kind.MIDI: 500, Kind.IMAGES: 501, Kind.RECOVERY: 500}


def stages(job: Job) -> list[tuple[str, float]]:
    """Which stages have a callback, and when (the loop's time)."""
    plan = job.plan
    last = ("error" if plan.fails else "complete", plan.end)
    due = [("text", plan.text), ("first", plan.first), last]
    return [
        (stage, job.accepted + at)
        for stage, at in due
        if at is not None
        and (at < plan.end or stage == last[0])
        and (plan.callbacks is None or stage in plan.callbacks)
    ]


def callback_body(service: Service, job: Job, stage: str) -> Record:
    """What is posted at this stage; `error` is the last one of a task that failed."""
    failed, data = stage == "error", _data(service, job, stage)
    body: Record = {"code": 200, "msg": "success", "data": data}
    if failed:
        body["code"] = job.plan.error_code or _USUAL_CODES.get(job.kind, 400)
        body["msg"] = job.plan.error_message or _FAILED[job.kind]
        if body["code"] not in _CALLBACK_CODES:  # callbacks know fewer codes than records
            body["code"] = 500
    elif job.kind in (Kind.MUSIC, Kind.LYRICS):
        body["msg"] = _MESSAGES[stage]
    elif job.kind is Kind.STEMS:
        body["msg"] = "vocal Removal generated successfully."
    elif job.kind is Kind.VIDEO:
        body["msg"] = "MP4 generated successfully."
    if job.kind in (Kind.MIDI, Kind.RECOVERY):
        body = {"task_id": job.id, **body}
    return body


def _data(service: Service, job: Job, stage: str) -> Record | list[Record] | None:
    over, failed = job.ends_at, stage == "error"
    data: Record | list[Record] | None
    match job.kind:
        case Kind.MUSIC:
            found = None if failed else music_record.callback_tracks(service, job, _MOMENTS[stage])
            data = {"callbackType": stage, "task_id": job.id, "data": found}
        case Kind.LYRICS:
            texts = None if failed else music_record.proposals(job, over)
            data = {"callbackType": stage, "taskId": job.id, "data": texts}
        case Kind.MIDI:
            data = None if failed else file_records.notes(job, as_text=True)
        case Kind.PHRASE:
            data = voice_records.phrase(service, job, over)
        case Kind.VOICE:
            data = voice_records.voice(service, job, over)
        case Kind.RECOVERY:
            data = voice_records.recovered(job, over)
        case _:
            id_field, field, files = _FILES[job.kind]
            data = {id_field: job.id, field: None if failed else files(job)}
    return data
