"""The table of operations: one row each, found by method and path."""

from collections.abc import Mapping

from attrs import evolve

from suno_async.testing._api import acts, checks, music_checks, uploads
from suno_async.testing._api.calls import Check, Operation, Rule
from suno_async.testing._api.facts import (
    LANGUAGES,
    PERSONA_MODELS,
    SKILLS,
    SOUND_KEYS,
    STEM_TYPES,
    Body,
)
from suno_async.testing._api.fields import callback, choice, flag, number, text, url, urls, whole
from suno_async.testing.timetable import Kind

_API = "/api/v1"


def _before_v6(rule: Rule) -> Rule:
    """A rule that the newer models have been let off."""

    def older(body: Body) -> None:
        model = body.get("model")
        if not (isinstance(model, str) and music_checks.modern(model)):
            rule(body)

    return older


_TUNING = (
    text("negativeTags", longest=1000),
    choice("vocalGender", ("m", "f")),
    number("styleWeight", 0, 1, step=0.01),
    number("weirdnessConstraint", 0, 1, step=0.01),
    number("audioWeight", 0, 1, step=0.01),
    text("personaId"),
    choice("personaModel", PERSONA_MODELS),
    whole("variety", 0, 4),
    whole("duration", 10, 360),
    text("lyrics", longest=5000),
    *(text(name) for name in ("model", "prompt", "style", "title", "tags")),
    *(flag(name) for name in ("instrumental", "customMode")),
)
_BEFORE_V6 = (_before_v6(flag("defaultParamFlag", need=True)), flag("defaultParamFlag"))
_FULL_MODES = (flag("customMode", need=True), flag("instrumental", need=True))
_TRACK = (text("taskId", need=True), text("audioId", need=True))


def _music(
    path: str, name: str, check: Check, *rules: Rule, needs_callback: bool = True
) -> Operation:
    operation_type = path.strip("/").replace("-", "_") or "generate"
    rules = (callback(need=needs_callback), *rules, *_TUNING)
    operation = _task(f"/generate{path}", name, Kind.MUSIC, *rules, check=check)
    return evolve(operation, type=operation_type)


def _task(path: str, name: str, kind: Kind, *rules: Rule, check: Check | None = None) -> Operation:
    return Operation(
        name=name,
        path=_API + path,
        act=acts.submit,
        kind=kind,
        submits=True,
        rules=rules,
        check=check,
    )


def _record(path: str, name: str, kind: Kind) -> Operation:
    act = acts.show_recovery if kind is Kind.RECOVERY else acts.show_record
    return Operation(name=name, path=_API + path, act=act, method="GET", kind=kind)


OPERATIONS: tuple[Operation, ...] = (
    _music(
        "",
        "generate-music",
        music_checks.generate,
        *_FULL_MODES,
        urls("imageUrls", most=5),
        urls("videoUrls", most=1),
        urls("audioUrls", most=10),
    ),
    _music(
        "/extend",
        "extend-music",
        music_checks.extend,
        *_BEFORE_V6,
        text("audioId", need=True),
        text("taskId"),
        number("continueAt", 0),
    ),
    _music(
        "/upload-cover",
        "upload-and-cover-audio",
        music_checks.upload_cover,
        url("uploadUrl", need=True),
    ),
    _music(
        "/upload-extend",
        "upload-and-extend-audio",
        music_checks.upload_extend,
        url("uploadUrl", need=True),
        *_BEFORE_V6,
        number("continueAt", 0),
    ),
    _music(
        "/add-instrumental",
        "add-instrumental",
        music_checks.add_to_upload,
        url("uploadUrl", need=True),
        *(text(name, need=True) for name in ("title", "negativeTags", "tags")),
    ),
    _music(
        "/add-vocals",
        "add-vocals",
        music_checks.add_vocals,
        url("uploadUrl", need=True),
        *(text(name, need=True) for name in ("title", "negativeTags", "style")),
    ),
    _music(
        "/replace-section",
        "replace-section",
        music_checks.replace_section,
        url("uploadUrl"),
        *(text(name, need=True) for name in ("prompt", "tags", "title", "fullLyrics")),
        *(text(name) for name in ("taskId", "audioId")),
        number("infillStartS", 0, need=True, step=0.01),
        number("infillEndS", 0, need=True, step=0.01),
        needs_callback=False,
    ),
    _music(
        "/mashup",
        "generate-mashup",
        music_checks.mashup,
        urls("uploadUrlList", most=2, exactly=2),
    ),
    _music(
        "/sounds",
        "generate-sounds",
        music_checks.sounds,
        text("prompt", need=True, longest=500),
        flag("soundLoop"),
        flag("grabLyrics"),
        whole("soundTempo", 1, 300),
        choice("soundKey", SOUND_KEYS),
        needs_callback=False,
    ),
    _record("/generate/record-info", "get-music-generation-details", Kind.MUSIC),
    Operation(
        path=f"{_API}/generate/generate-persona",
        name="generate-persona",
        act=acts.make_persona,
        rules=(
            *_TRACK,
            text("name", need=True),
            text("description", need=True),
            text("style"),
            number("vocalStart", 0),
            number("vocalEnd", 0),
        ),
        check=checks.persona,
    ),
    Operation(
        path=f"{_API}/generate/get-timestamped-lyrics",
        name="get-timestamped-lyrics",
        act=acts.timestamped_lyrics,
        rules=(text("taskId", need=True), text("audioId"), whole("musicIndex", 0, 1)),
        check=checks.timestamped_lyrics,
    ),
    Operation(
        path=f"{_API}/generate/credit",
        name="get-remaining-credits",
        act=acts.credits_left,
        method="GET",
    ),
    _task(
        "/lyrics",
        "generate-lyrics",
        Kind.LYRICS,
        callback(),
        text("prompt", need=True),
        check=checks.lyrics,
    ),
    _record("/lyrics/record-info", "get-lyrics-generation-details", Kind.LYRICS),
    _task(
        "/wav/generate",
        "convert-to-wav-format",
        Kind.WAV,
        callback(),
        *_TRACK,
        check=checks.wav,
    ),
    _record("/wav/record-info", "get-wav-conversion-details", Kind.WAV),
    _task(
        "/vocal-removal/generate",
        "separate-vocals-from-music",
        Kind.STEMS,
        callback(),
        text("taskId"),
        text("audioId"),
        url("audioUrl"),
        choice("type", STEM_TYPES),
        text("stemName"),
        check=checks.stems,
    ),
    _record("/vocal-removal/record-info", "get-vocal-separation-details", Kind.STEMS),
    _task(
        "/midi/generate",
        "generate-midi",
        Kind.MIDI,
        callback(),
        text("taskId", need=True),
        text("audioId"),
        check=checks.midi,
    ),
    _record("/midi/record-info", "get-midi-details", Kind.MIDI),
    _task(
        "/mp4/generate",
        "create-music-video",
        Kind.VIDEO,
        callback(),
        *_TRACK,
        text("author", longest=50),
        text("domainName", longest=50),
    ),
    _record("/mp4/record-info", "get-music-video-details", Kind.VIDEO),
    _task(
        "/suno/cover/generate",
        "cover-suno",
        Kind.IMAGES,
        callback(),
        text("taskId", need=True),
        check=checks.images,
    ),
    _record("/suno/cover/record-info", "get-cover-suno-details", Kind.IMAGES),
    _task(
        "/suno/recovery",
        "recovery-audio",
        Kind.RECOVERY,
        callback(need=False),
        text("sunoTaskId", need=True),
        check=checks.recovery,
    ),
    _record("/suno/recovery/record-info", "get-recovery-audio-details", Kind.RECOVERY),
    Operation(
        path=f"{_API}/style/generate",
        name="boost-music-style",
        act=acts.boost_style,
        rules=(text("content", need=True),),
    ),
    _task(
        "/voice/validate",
        "suno-voice-validate",
        Kind.PHRASE,
        callback(need=False),
        url("voiceUrl", need=True),
        whole("vocalStartS", 0, need=True),
        whole("vocalEndS", 0, need=True),
        choice("language", LANGUAGES),
        check=checks.phrase,
    ),
    _record("/voice/validate-info", "suno-voice-validate-info", Kind.PHRASE),
    Operation(
        path=f"{_API}/voice/regenerate",
        name="suno-voice-regenerate",
        act=acts.submit,
        kind=Kind.PHRASE,
        submits=True,
        rules=(callback("calBackUrl"), text("taskId", need=True)),
        check=checks.phrase_again,
        callback="calBackUrl",
    ),
    _task(
        "/voice/generate",
        "suno-voice-generate",
        Kind.VOICE,
        callback(need=False),
        text("taskId", need=True),
        url("verifyUrl", need=True),
        *(text(name) for name in ("voiceName", "description", "style")),
        choice("singerSkillLevel", SKILLS),
        check=checks.voice,
    ),
    _record("/voice/record-info", "suno-voice-record-info", Kind.VOICE),
    Operation(
        path=f"{_API}/voice/check-voice",
        name="suno-voice-check-voice",
        act=acts.check_voice,
        rules=(text("task_id", need=True),),
    ),
    Operation(
        path="/api/file-base64-upload",
        name="upload-file-base64",
        act=uploads.upload_base64,
        upload=True,
    ),
    Operation(
        path="/api/file-stream-upload",
        name="upload-file-stream",
        act=uploads.upload_form,
        upload=True,
        multipart=True,
    ),
    Operation(
        path="/api/file-url-upload",
        name="upload-file-url",
        act=uploads.upload_url,
        upload=True,
    ),
)

ROUTES: Mapping[tuple[str, str], Operation] = {
    (operation.method, operation.path): operation for operation in OPERATIONS
}
"""The operations by method and path."""
