"""The files behind the links: made on request, with ranges, and gone when their time is over."""

import re
import zlib

from aiohttp import web
from attrs import evolve

from suno_async.testing._api import media
from suno_async.testing._api.jobs import Job, Moment
from suno_async.testing._api.media import Blob, of_bytes
from suno_async.testing._api.replies import Reply, bytes_reply
from suno_async.testing._api.service import Service
from suno_async.testing.timetable import Kind

FOLDERS = ("/files/", "/uploads/")
_MAKERS = {"mp3": media.mp3, "m4a": media.m4a, "wav": media.wav, "mp4": media.mp4}
_RANGE = re.compile(r"bytes=(\d*)-(\d*)$")
_PARTIAL, _EXPIRED, _GONE, _UNSATISFIABLE = 206, 403, 404, 416


def file_reply(service: Service, request: web.Request, path: str) -> Reply:
    """The reply to a request for `/files/<task>/<name>` or `/uploads/<path>`."""
    now = service.now()
    if path.startswith("/uploads/"):
        found = service.uploads.find(path.removeprefix("/uploads/"), now)
    else:
        task_id, _, name = path.removeprefix("/files/").partition("/")
        job = service.jobs.get(task_id)
        # a link of before `expire` is refused as the service's storage does, by 403 and not by 404
        if job is not None and request.query.get("v", "0") != str(job.links):
            return bytes_reply(b"The link has expired", _EXPIRED, "text/plain")
        found = _made(job, name, now) if job is not None and job.kept(now) else None
        if job is not None and found is not None:
            found = evolve(found, version=str(job.edition))
    if found is None:
        return bytes_reply(b"Not Found", _GONE, "text/plain")
    return ranged(request, found, path)


def ranged(request: web.Request, blob: Blob, path: str) -> Reply:
    """The whole blob, or the range that was asked for if the file is still the same."""
    etag = f'"{zlib.crc32(f"{path} {blob.version}".encode()):08x}-{blob.size:x}"'
    headers = {"ETag": etag, "Accept-Ranges": "bytes"}
    wanted = _RANGE.match(request.headers.get("Range", ""))
    # another file by now: the whole of it, or a download would be put together from two
    if wanted is None or request.headers.get("If-Range", etag) != etag:
        return Reply(blob, headers=headers)
    first, last = wanted.groups()
    if not first and not last:
        return Reply(blob, headers=headers)
    start = int(first) if first else max(0, blob.size - int(last))  # `bytes=-5` is the last five
    stop = min(blob.size, int(last) + 1) if first and last else blob.size
    if start >= stop:
        headers["Content-Range"] = f"bytes */{blob.size}"
        return Reply(blob, _UNSATISFIABLE, headers, (0, 0))
    headers["Content-Range"] = f"bytes {start}-{stop - 1}/{blob.size}"
    return Reply(blob, _PARTIAL, headers, (start, stop))


def _made(job: Job, name: str, now: float) -> Blob | None:
    stem, dot, suffix = name.rpartition(".")
    if job.kind is Kind.MUSIC:
        return _song(job, stem if dot else name, suffix if dot else "", now)
    if not job.has_result(now):
        return None
    key = job.marked(f"{job.id}/{stem}")
    if suffix == "png":
        return media.png(key)
    make = _MAKERS.get(suffix)
    return make(key, job.seconds) if make else None


def _song(job: Job, wanted: str, suffix: str, now: float) -> Blob | None:
    """A track's file, its image, or its stream: empty until the first track is there."""
    moment = job.moment(now)
    index = next((at for at, song in enumerate(job.songs) if song.id == wanted), None)
    if index is None or moment is Moment.PENDING:
        return None
    song = job.songs[index]
    key = job.marked(song.id)
    kept = moment is Moment.FAILED and index < job.plan.partial
    if suffix == "jpeg":
        return media.jpeg(key)
    if suffix == "mp3":
        ready = moment is Moment.COMPLETE or (moment is Moment.FIRST and index == 0)
        return media.mp3(key, song.duration) if ready or kept else None
    if suffix:
        return None
    audible = job.plan.audio and (moment in (Moment.FIRST, Moment.COMPLETE) or kept)
    return media.mp3(key, song.duration) if audible else of_bytes(b"", "audio/mpeg")
