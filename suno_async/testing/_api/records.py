"""The table of records by kind, and the quick start's shape, which is one for all kinds."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from suno_async.testing._api import file_records, music_record, voice_records
from suno_async.testing._api.jobs import Job, Moment
from suno_async.testing._api.service import Service
from suno_async.testing._api.shapes import Record
from suno_async.testing.timetable import Kind

RECORDS: Mapping[Kind, Callable[[Service, Job, float], Record]] = MappingProxyType(
    {
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
)

_QUICK_KEYS = ("id", "audio_url", "title", "tags", "duration")


def quickstart(service: Service, job: Job, now: float) -> Record:
    """The record as the quick start's pages read it, at one path for every kind."""
    if job.kind is Kind.MIDI:  # newer than the quick start
        return RECORDS[job.kind](service, job, now)
    moment = job.moment(now)
    status = {Moment.PENDING: "PENDING", Moment.COMPLETE: "SUCCESS", Moment.FAILED: "FAILED"}
    record: Record = {
        "taskId": job.id,
        "status": status.get(moment, "GENERATING"),
        "response": _quick_response(service, job, now) if job.has_result(now) else None,
    }
    if moment is Moment.FAILED:
        record["errorMessage"] = job.error_message
    return record


def _quick_response(service: Service, job: Job, now: float) -> Record:
    if job.kind is Kind.MUSIC:
        found = music_record.callback_tracks(service, job, job.moment(now))
        return {"data": [{key: track[key] for key in _QUICK_KEYS} for track in found]}
    if job.kind is Kind.STEMS:
        return {"vocal_removal_info": callback_stems(job)}
    response: Record = RECORDS[job.kind](service, job, now).get("response") or {}
    return response


def callback_stems(job: Job) -> Record:
    """Stems in snake case, as a callback tells them."""
    names = file_records.stem_names(job)
    urls = {f"{_snake(name)}_url": file_records.stem_link(job, name) for name in names}
    return {"origin_url": "", **urls}


def _snake(name: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)
