"""The records of songs and of lyrics, and what callbacks carry of them."""

from suno_async.testing._api.jobs import Job, Moment
from suno_async.testing._api.service import Service
from suno_async.testing._api.shapes import Record, errors, param, status
from suno_async.testing._api.songs import lyrics as some_lyrics
from suno_async.testing._api.songs import title

_RUNNING = ("PENDING", "TEXT_SUCCESS", "FIRST_SUCCESS", "")
_READY = {Moment.TEXT: 0, Moment.FIRST: 1, Moment.COMPLETE: 2}
_SNAKE = {
    "id": "id",
    "audioUrl": "audio_url",
    "sourceAudioUrl": "source_audio_url",
    "streamAudioUrl": "stream_audio_url",
    "sourceStreamAudioUrl": "source_stream_audio_url",
    "imageUrl": "image_url",
    "sourceImageUrl": "source_image_url",
    "prompt": "prompt",
    "modelName": "model_name",
    "title": "title",
    "tags": "tags",
    "createTime": "createTime",  # stays as it is
    "duration": "duration",
}


def music(service: Service, job: Job, now: float) -> Record:
    """The record of songs: no response at first, then tracks whose files come later."""
    moment = job.moment(now)
    found = tracks(service, job, moment)
    return {
        "taskId": job.id,
        "parentMusicId": job.body.get("audioId", "") if job.type == "extend" else "",
        "param": param(job),
        "response": {"taskId": job.id, "sunoData": found} if found else None,
        "status": status(job, now, _RUNNING[min(moment, Moment.COMPLETE)]),
        "type": job.songs[0].model_name,
        "operationType": job.type,
        **errors(job, now),
        "createTime": service.wall_ms(job.accepted),
    }


def tracks(service: Service, job: Job, moment: Moment) -> list[Record]:
    """The tracks as they are at this moment; a failed task keeps as many as its plan says."""
    if moment is Moment.PENDING:
        return []
    if moment is Moment.FAILED:
        kept = range(min(job.plan.partial, len(job.songs)))
        return [_track(service, job, index, ready=True) for index in kept]
    found = [_track(service, job, index, ready=index < _READY[moment]) for index in range(2)]
    if moment is Moment.FIRST and job.number % 2:
        # live answers were seen both ways, empty and absent: every other task has it absent
        for key in ("audioUrl", "sourceAudioUrl", "duration"):
            del found[1][key]
    return found


def callback_tracks(service: Service, job: Job, moment: Moment) -> list[Record]:
    """The tracks as a callback carries them: snake case, and no keys for what is not there."""
    return [
        {"audio_url": ""}
        | {
            _SNAKE[key]: value
            for key, value in track.items()
            if value is not None or job.plan.audio is not True
        }
        for track in tracks(service, job, moment)
    ]


def _track(service: Service, job: Job, index: int, *, ready: bool) -> Record:
    song = job.songs[index]
    file = job.link(f"{song.id}.mp3") if job.plan.audio else None
    stream, image = job.link(song.id), job.link(f"{song.id}.jpeg")
    only_source = ready and job.plan.audio == "source"
    own = {"audioUrl": file if ready else "", "streamAudioUrl": stream, "imageUrl": image}
    return {
        "id": song.id,
        **(dict.fromkeys(own) if only_source else own),
        "sourceAudioUrl": file if ready else None,
        "sourceStreamAudioUrl": None if only_source else stream,
        "sourceImageUrl": image,
        "prompt": song.prompt,
        "modelName": song.model_name,
        "title": song.title,
        "tags": song.tags,
        "createTime": service.wall_ms(job.accepted),
        "duration": song.duration if ready else None,
    }


def lyrics(_service: Service, job: Job, now: float) -> Record:
    """The record of lyrics: a status word, and no times."""
    texts = proposals(job, now)
    return {
        "taskId": job.id,
        "param": param(job),
        "response": {"taskId": job.id, "data": texts} if texts else None,
        "status": status(job, now, "PENDING"),
        "type": "LYRICS",
        **errors(job, now),
    }


def proposals(job: Job, now: float) -> list[Record]:
    """Two proposals of lyrics; of a failed task as many as its plan keeps, beside a failed one."""
    if not job.has_result(now):
        return []
    rng = job.rng("lyrics")
    texts: list[Record] = [
        {"text": some_lyrics(rng), "title": title(rng), "status": "complete", "errorMessage": ""}
        for _ in range(2)
    ]
    for failed in texts[job.plan.partial :] if not job.done(now) else []:
        failed.update(text="", title="", status="failed", errorMessage=job.error_message)
    return texts
