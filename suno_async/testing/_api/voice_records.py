"""The records of a voice's phrase, of a voice, and of a recovery."""

from suno_async.testing._api.jobs import Job, Moment
from suno_async.testing._api.service import Service
from suno_async.testing._api.shapes import Record
from suno_async.testing._api.songs import audio_id, title

_RUNNING = ("wait_processing", "processing_validate")
_WORDS = "Read this aloud: {} by the water, and sing the last line twice."


def phrase(_service: Service, job: Job, now: float) -> Record:
    """A phrase: `wait_validating` when it is ready, `success` once a voice was made from it."""
    status = _status(job, now, ready="wait_validating", steps=_RUNNING)
    if job.done(now) and job.voice is not None and job.voice.done(now):
        status = "success"
    return {
        "taskId": job.id,
        "validateInfo": phrase_text(job) if job.done(now) else "",
        "status": status,
        **_errors(job, now),
    }


def phrase_text(job: Job) -> str:
    """The phrase to be read aloud."""
    return _WORDS.format(title(job.rng("phrase")))


def voice(_service: Service, job: Job, now: float) -> Record:
    """A voice: here `wait_validating` is a waiting state, and `success` the end."""
    return {
        "taskId": job.id,
        "voiceId": job.voice_id if job.done(now) else "",
        "status": _status(job, now, ready="success", steps=(*_RUNNING, "wait_validating")),
        **_errors(job, now),
    }


def recovery(_service: Service, job: Job, now: float) -> Record:
    """A recovery: the whole answer is the record, and its code the status."""
    moment = job.moment(now)
    code = {Moment.COMPLETE: 200, Moment.FAILED: job.failure}.get(moment, 201)
    message = job.error_message if moment is Moment.FAILED else "success"
    return {"code": code, "task_id": job.id, "msg": message, "data": recovered(job, now)}


def recovered(job: Job, now: float) -> list[Record] | None:
    """The source's tracks as recovered; with `partial` set, only so many came back."""
    if not job.over(now):
        return None
    whole = job.done(now) and job.plan.partial == 0
    back = 2 if whole else job.plan.partial
    source = job.source[0] if job.source else None
    items: list[Record] = []
    for index in range(2):
        song = source.songs[index] if source else None
        item: Record = {"id": song.id if song else audio_id(job.id, index)}
        if index < back:
            item["audio_url"] = job.link(f"{item['id']}.m4a")
            item["title"] = song.title if song else title(job.rng("recovery"))
            item |= {"status": "success", "error": ""}
        else:
            item |= {"status": "failed", "error": "clip_not_complete"}
        items.append(item)
    return items


def _status(job: Job, now: float, *, ready: str, steps: tuple[str, ...]) -> str | int:
    moment = job.moment(now)
    if moment is Moment.FAILED:
        return job.failure
    if moment is Moment.COMPLETE:
        return ready
    # the words of waiting come one after the other, each for the same share of the time
    return steps[min(int(job.progress(now) * len(steps)), len(steps) - 1)]


def _errors(job: Job, now: float) -> Record:
    if job.moment(now) is Moment.FAILED:
        return {"errorCode": job.error_code, "errorMessage": job.error_message}
    return {"errorCode": 0, "errorMessage": ""}
