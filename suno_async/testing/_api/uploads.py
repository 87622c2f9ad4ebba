"""The upload host: files that are sent, kept on disk for three days and served again."""

import base64
import binascii
import mimetypes
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote, urlsplit

from aiohttp import BodyPartReader, MultipartReader, web
from attrs import define, field, frozen

from suno_async.testing._api import media
from suno_async.testing._api.calls import Answer, Call, Refusal
from suno_async.testing._api.facts import BAD, UPLOADS_KEPT
from suno_async.testing._api.fields import given, is_url
from suno_async.testing._api.media import Blob

if TYPE_CHECKING:
    from suno_async.testing._api.service import Service

_PIECE = 65_536
_SERVER_ERROR = 500


@frozen
class Upload:
    """One file that was sent."""

    blob: Blob
    uploaded: float
    """The loop's time."""


@define(eq=False)
class UploadStore:
    """The files that were sent, by path; their bytes lie in a directory of the fake's own."""

    files: dict[str, Upload] = field(factory=dict[str, Upload], init=False)
    _directory: tempfile.TemporaryDirectory[str] | None = field(default=None, init=False)
    _count: int = field(default=0, init=False)

    def new_file(self) -> Path:
        """A place for the bytes of one file."""
        if self._directory is None:
            self._directory = tempfile.TemporaryDirectory(prefix="fake-suno-")
        self._count += 1
        return Path(self._directory.name) / f"{self._count:06d}"

    def put(self, path: str, blob: Blob, now: float) -> None:
        """Keep a file under this path; an older one of that name is replaced."""
        self.files[path] = Upload(blob, now)

    def find(self, path: str, now: float) -> Blob | None:
        """The file of that path, if it is still kept."""
        upload = self.files.get(path)
        if upload is None or now >= upload.uploaded + UPLOADS_KEPT:
            return None
        return upload.blob

    def close(self) -> None:
        """Delete all bytes."""
        self.files.clear()
        if self._directory is not None:
            self._directory.cleanup()
            self._directory = None


async def read_form(request: web.Request, store: UploadStore) -> dict[str, Any]:
    """The fields of a form; of a file its blob, which was streamed to disk."""
    if not request.content_type.startswith("multipart/"):
        raise Refusal(BAD, "Missing required parameter: file")
    try:
        return await _fields(await request.multipart(), store)
    except ValueError:
        raise Refusal(BAD, "The form cannot be read") from None


async def _fields(form: MultipartReader, store: UploadStore) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    async for part in form:
        if not isinstance(part, BodyPartReader) or part.name is None:
            continue
        if part.name != "file":
            fields[part.name] = await part.text()
            continue
        fields["file"] = await _streamed(part, store.new_file())
        fields["sentName"] = part.filename or ""
    return fields


async def _streamed(part: BodyPartReader, path: Path) -> Blob:
    size = 0
    # straight to disk: an upload may be larger than memory, and the test says that it streams
    with path.open("wb") as file:
        while piece := await part.read_chunk(_PIECE):
            size += file.write(piece)
    kind = part.headers.get("Content-Type") or "application/octet-stream"
    return Blob(size, kind, lambda start, stop: _read(path, start, stop), path.name)


def _read(path: Path, start: int, stop: int) -> bytes:
    with path.open("rb") as file:
        file.seek(start)
        return file.read(max(0, stop - start))


def upload_form(service: "Service", call: Call) -> Answer:
    """Keep a file that came in a form."""
    blob = call.body.get("file")
    if not isinstance(blob, Blob):
        raise Refusal(BAD, "Missing required parameter: file")
    return _keep(service, call, blob, call.text("sentName"))


def upload_base64(service: "Service", call: Call) -> Answer:
    """Keep a file that came as text, bare or as a data URL."""
    _need(call, "base64Data")
    text, kind = call.text("base64Data"), "application/octet-stream"
    if text.startswith("data:"):
        head, _, text = text.partition(",")
        kind = head[5:].partition(";")[0]
    try:
        content = base64.b64decode(text, validate=True)
    except binascii.Error:
        raise Refusal(BAD, "Invalid base64 data") from None
    path = service.uploads.new_file()
    path.write_bytes(content)
    blob = Blob(len(content), kind, lambda start, stop: _read(path, start, stop), path.name)
    return _keep(service, call, blob, "")


def upload_url(service: "Service", call: Call) -> Answer:
    """Keep a file that lies elsewhere; what is not the fake's own is made up, never fetched."""
    _need(call, "fileUrl")
    url = call.text("fileUrl")
    if not is_url(url):
        raise Refusal(BAD, "fileUrl must be an http or https URL")
    # nothing is fetched from elsewhere: a test must not depend on the network, nor ask anybody
    parts = urlsplit(url)
    name = unquote(parts.path).rpartition("/")[2]
    if (parts.hostname or "").endswith(".invalid"):
        raise Refusal(_SERVER_ERROR, "Failed to download the file")
    found = service.uploads.find(unquote(parts.path).removeprefix("/uploads/"), service.now())
    return _keep(service, call, found or media.mp3(url, 60.0), name)


def _need(call: Call, *names: str) -> None:
    for name in (*names, "uploadPath"):
        if not given(call.body, name):
            raise Refusal(BAD, f"Missing required parameter: {name}")


def _keep(service: "Service", call: Call, blob: Blob, sent_name: str) -> Answer:
    _need(call)
    folder = call.text("uploadPath")
    if folder.startswith("/") or folder.endswith("/"):
        raise Refusal(BAD, "uploadPath must not begin or end with a slash")
    now, count = service.now(), len(service.uploads.files) + 1
    kind = blob.content_type
    if kind == "application/octet-stream":
        kind = mimetypes.guess_type(call.text("fileName") or sent_name)[0] or kind
    suffix = mimetypes.guess_extension(kind) or ""
    name = call.text("fileName") or f"{service.settings.seed}{count:08x}{suffix}"
    path = f"{folder}/{name}"
    service.uploads.put(path, Blob(blob.size, kind, blob.read), now)
    data = {
        "fileName": name,
        "filePath": path,
        "downloadUrl": f"{call.origin}/uploads/{quote(path)}",
        "fileSize": blob.size,
        "mimeType": kind,
        "uploadedAt": service.wall_iso(now),
    }
    body = {"success": True, "code": 200, "msg": "File uploaded successfully", "data": data}
    return Answer(body)
