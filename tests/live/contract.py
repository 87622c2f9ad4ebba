"""What is known of the answers, from the service's documentation and from answers seen.

A shape is a type ("text", "number", "flag"; several with "|"), `[shape]` for a list, or the fields
of an object, of which those with a "?" need not be there. Anything may be null.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

from attrs import frozen

from .exchanges import is_list, is_object

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from .exchanges import Exchange

Shape: TypeAlias = Any

HTTP = frozenset({200, 401, 404, 500})
"""Statuses of HTTP; errors come with 200 and a code in the body."""
CODES = frozenset(
    {200, 201, 400, 401, 402, 404, 405, 408, 409, 413, 422, 429, 430, 451, 455, 500, 501, 505, 531}
)
"""Codes in the body."""

_TRACK = {
    "id": "text",
    "audioUrl": "text",
    "sourceAudioUrl?": "text",
    "streamAudioUrl": "text",
    "sourceStreamAudioUrl?": "text",
    "imageUrl": "text",
    "sourceImageUrl?": "text",
    "prompt": "text",
    "modelName": "text",
    "title": "text",
    "tags": "text",
    "createTime": "text|number",
    "duration": "number",
}
_ERRORS = {"errorCode": "number|text", "errorMessage": "text"}
_TIMES = {"createTime": "text|number", "completeTime": "text|number"}
_FLAGGED = {"taskId": "text", "callbackUrl": "text", **_TIMES, **_ERRORS}
_OF_TRACK = {"musicId": "text", "musicIndex?": "number"}
_STEMS = (
    *("origin", "instrumental", "vocal", "backingVocals", "drums", "bass", "guitar", "keyboard"),
    *("percussion", "strings", "synth", "fx", "brass", "woodwinds"),
)
_STEM = {"id": "text", "audio_url": "text", "duration": "number"}


@frozen(kw_only=True)
class Words:
    """What a record calls its states, apart by blanks; a flag that is a number is a word, too."""

    running: str = "PENDING"
    complete: str = "SUCCESS"
    failed: str

    @property
    def all(self) -> list[str]:
        """All of them."""
        return f"{self.running} {self.complete} {self.failed}".split()

    def is_complete(self, word: object) -> bool:
        """Whether a record with this word holds all that it will."""
        return str(word) in self.complete.split()


@frozen(kw_only=True)
class KindOfRecord:
    """What is known of one kind of record."""

    path: str
    id_param: str = "taskId"
    fields: Shape
    """Of its `data`."""
    flag: str | None
    """The field of `data` that has the word for the state; without one it is the body's `code`."""
    words: Words

    def word_in(self, answer: Any) -> str:
        """The word for the state."""
        data = answer.get("data")
        return str(data.get(self.flag) if self.flag and is_object(data) else answer.get("code"))


def _usual(*failures: str) -> Words:
    return Words(failed=" ".join(("CREATE_TASK_FAILED", "CALLBACK_EXCEPTION", *failures)))


_VOICE = {"taskId": "text", "status": "text", **_ERRORS}

RECORDS: Mapping[str, KindOfRecord] = {
    "music": KindOfRecord(
        path="/api/v1/generate/record-info",
        fields={
            "taskId": "text",
            "parentMusicId": "text",
            "param": "text",
            "response": {"taskId": "text", "sunoData": [_TRACK]},
            "status": "text",
            "type": "text",
            "operationType": "text",
            "createTime?": "number",
            **_ERRORS,
        },
        flag="status",
        words=Words(
            running="PENDING TEXT_SUCCESS FIRST_SUCCESS GENERATING",
            failed="CREATE_TASK_FAILED GENERATE_AUDIO_FAILED CALLBACK_EXCEPTION"
            " SENSITIVE_WORD_ERROR FAILED",
        ),
    ),
    "lyrics": KindOfRecord(
        path="/api/v1/lyrics/record-info",
        fields={
            "taskId": "text",
            "param": "text",
            "response": {
                "taskId": "text",
                "data": [
                    {"text": "text", "title": "text", "status": "text", "errorMessage": "text"}
                ],
            },
            "status": "text",
            "type": "text",
            **_ERRORS,
        },
        flag="status",
        words=_usual("GENERATE_LYRICS_FAILED", "SENSITIVE_WORD_ERROR"),
    ),
    "wav": KindOfRecord(
        path="/api/v1/wav/record-info",
        fields=_FLAGGED | _OF_TRACK | {"successFlag": "text", "response": {"audioWavUrl": "text"}},
        flag="successFlag",
        words=_usual("GENERATE_WAV_FAILED"),
    ),
    "stems": KindOfRecord(
        path="/api/v1/vocal-removal/record-info",
        fields=_FLAGGED
        | _OF_TRACK
        | {
            "successFlag": "text",
            "response": {
                "id": "text",
                "originData": [
                    {
                        "duration": "number",
                        "audio_url?": "text",
                        "stem_type_group_name": "text",
                        "id": "text",
                        "extract?": _STEM,
                        "remove?": _STEM,
                    }
                ],
                **{f"{name}Url": "text" for name in _STEMS},
                "pianoUrl?": "text",
            },
        },
        flag="successFlag",
        words=_usual("GENERATE_AUDIO_FAILED"),
    ),
    "midi": KindOfRecord(
        path="/api/v1/midi/record-info",
        fields=_FLAGGED
        | {
            "recordTaskId": "number",
            "audioId": "text",
            "successFlag": "number",
            "midiData": {
                "state": "text",
                "instruments": [
                    {
                        "name": "text",
                        "notes": [
                            dict.fromkeys(("pitch", "start", "end", "velocity"), "number|text")
                        ],
                    }
                ],
            },
        },
        flag="successFlag",
        words=Words(running="0", complete="1", failed="2 3"),
    ),
    "video": KindOfRecord(
        path="/api/v1/mp4/record-info",
        fields=_FLAGGED | _OF_TRACK | {"successFlag": "text", "response": {"videoUrl": "text"}},
        flag="successFlag",
        words=_usual("GENERATE_MP4_FAILED"),
    ),
    "images": KindOfRecord(
        path="/api/v1/suno/cover/record-info",
        fields=_FLAGGED
        | {"parentTaskId": "text", "successFlag": "number", "response": {"images": ["text"]}},
        flag="successFlag",
        words=Words(running="0 2", complete="1", failed="3"),
    ),
    "phrase": KindOfRecord(
        path="/api/v1/voice/validate-info",
        fields=_VOICE | {"validateInfo": "text"},
        flag="status",
        words=Words(
            running="wait_processing processing_validate",
            complete="wait_validating success",
            failed="processing_validate_fail fail",
        ),
    ),
    "voice": KindOfRecord(
        path="/api/v1/voice/record-info",
        fields=_VOICE | {"voiceId": "text"},
        flag="status",
        words=Words(
            running="wait_processing processing_validate wait_validating",
            complete="success",
            failed="processing_validate_fail fail",
        ),
    ),
    "recovery": KindOfRecord(
        path="/api/v1/suno/recovery/record-info",
        id_param="task_id",
        fields=[
            {
                "id": "text",
                "audio_url?": "text",
                "title?": "text",
                "status": "text",
                "error": "text",
            }
        ],
        flag=None,
        words=Words(running="201", complete="200", failed="500"),
    ),
}
"""Every kind of record."""
_BY_PATH = {record.path: record for record in RECORDS.values()}

NO_RECORD = frozenset({200, 400, 404, 422, 500})
"""The codes with which a task that is not there is answered; with 200 the data are null."""

_UPLOADED = {
    "fileName": "text",
    "filePath": "text",
    "downloadUrl": "text",
    "fileSize": "number",
    "mimeType": "text",
    "uploadedAt": "text",
    "fileUrl?": "text",
    "fileId?": "text",
    "expiresAt?": "text",
}
_ANSWERS: Mapping[str, Shape] = {
    "/api/v1/generate/credit": "number",
    "/api/v1/generate/get-timestamped-lyrics": {
        "alignedWords": [
            {
                "word": "text",
                "success": "flag",
                "startS": "number",
                "endS": "number",
                "palign": "number",
            }
        ],
        "waveformData": ["number"],
        "hootCer": "number",
        "isStreamed": "flag",
    },
    "/api/v1/voice/check-voice": {"isAvailable": "flag"},
    "/api/file-base64-upload": _UPLOADED,
    "/api/file-stream-upload": _UPLOADED,
    "/api/file-url-upload": _UPLOADED,
}
_ACCEPTED = {"taskId": "text"}  # of whatever makes a task


def differences(exchange: Exchange) -> Iterator[str]:
    """How an answer differs from what is known, a sentence each."""
    where = f"{exchange.method} {exchange.path}"
    if exchange.status not in HTTP:
        yield f"{where}: HTTP {exchange.status} is not known"
    answer = exchange.answer
    if is_object(answer):
        yield from (f"{where}: {one}" for one in _of_answer(exchange.path, answer))
    else:
        yield f"{where}: the answer is {_type_of(answer)}, not an object"


def _of_answer(path: str, answer: dict[str, Any]) -> Iterator[str]:
    code, data, record = answer.get("code"), answer.get("data"), _BY_PATH.get(path)
    if code not in CODES:
        yield f"code {code!r} is not known"
    yield from _compared(answer, _envelope(path, record), "", is_whole=False)
    yield from (f"{name} is missing" for name in ("code", "msg") if name not in answer)
    if data is None:
        return
    if record is not None:
        word = record.word_in(answer)
        if word not in record.words.all:
            yield f"{record.flag or 'code'} {word} is not known"
        yield from _compared(data, record.fields, "data", is_whole=record.words.is_complete(word))
    elif code == 200:
        yield from _compared(data, _ANSWERS.get(path, _ACCEPTED), "data")


def _envelope(path: str, record: KindOfRecord | None) -> Shape:
    shape: Shape = {"code": "number", "msg": "text", "data": "any"}
    if record is not None and record.flag is None:
        shape |= {"task_id": "text"}
    if path.startswith("/api/file-"):
        shape |= {"success": "flag"}
    return shape


def _compared(value: Any, shape: Shape, at: str, *, is_whole: bool = True) -> Iterator[str]:
    """Hold a value against its shape; what is missing counts only in what `is_whole`."""
    if value is None or shape == "any":
        return
    if is_object(shape) and is_object(value):
        yield from _fields_compared(value, shape, at, is_whole=is_whole)
    elif is_list(shape) and is_list(value):
        for one in value:
            yield from _compared(one, shape[0], f"{at}[]", is_whole=is_whole)
    elif not isinstance(shape, str) or _type_of(value) not in shape.split("|"):
        expected = shape if isinstance(shape, str) else _type_of(shape)
        yield f"{at} is {_type_of(value)}, not {expected}"


def _fields_compared(
    value: dict[str, Any], shape: dict[str, Shape], at: str, *, is_whole: bool
) -> Iterator[str]:
    known = {name.removesuffix("?"): one for name, one in shape.items()}
    for name, given in value.items():
        place = f"{at}.{name}".lstrip(".")
        if name in known:
            yield from _compared(given, known[name], place, is_whole=is_whole)
        else:
            yield f"{place} is an unknown field ({_type_of(given)})"
    if is_whole:
        missing = [name for name in shape if not name.endswith("?") and name not in value]
        yield from (f"{at}.{name} is missing".lstrip(".") for name in missing)


def _type_of(value: object) -> str:
    return next((name for kind, name in _TYPES.items() if isinstance(value, kind)), "null")


_TYPES: dict[type, str] = {  # a flag is a number, too, so it comes first
    bool: "flag",
    int: "number",
    float: "number",
    str: "text",
    list: "a list",
    dict: "an object",
}
