"""Facts of the remote API: models, limits, prices, words.

They are written a second time here on purpose: a judge that shares the code of what it judges
agrees with its bugs.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from attrs import frozen

from suno_async.testing.timetable import Kind

Body = Mapping[str, Any]
"""The fields of a request."""


@frozen
class Lengths:
    """How many characters a model takes in each text."""

    lyrics: int
    style: int
    title: int
    idea: int = 500


_OLD = Lengths(lyrics=3000, style=200, title=80)
_NEW = Lengths(lyrics=5000, style=1000, title=100)
_V6 = Lengths(lyrics=5000, style=1000, title=80, idea=3000)

MODELS: Mapping[str, Lengths] = MappingProxyType(
    {
        "V3_5": _OLD,
        "V4": _OLD,
        "V4_5": _NEW,
        "V4_5PLUS": _NEW,
        "V4_5ALL": Lengths(lyrics=5000, style=1000, title=80),
        "V5": _NEW,
        "V5_5": _NEW,
        "V6": _V6,
        "V6_WILD": _V6,
        "V6_MINI": _V6,
    }
)
ENGINES: Mapping[str, str] = MappingProxyType(
    {
        "V3_5": "chirp-v3-5",
        "V4": "chirp-v4",
        "V4_5": "chirp-auk-turbo",
        "V4_5PLUS": "chirp-bluejay",
        "V4_5ALL": "chirp-auk-turbo",
        "V5": "chirp-crow",
    }
)
"""The names by which answers mention the models; newer ones all share the latest."""
LATEST_ENGINE = "chirp-fenix"

PERSONA_MODELS = ("style_persona", "voice_persona")
STEM_TYPES = ("separate_vocal", "split_stem", "split_stem_advanced")
SOUND_KEYS = (
    *("Any", "Cm", "C#m", "Dm", "D#m", "Em", "Fm", "F#m", "Gm", "G#m", "Am", "A#m", "Bm"),
    *("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B"),
)
LANGUAGES = ("en", "zh", "es", "fr", "pt", "de", "ja", "ko", "hi", "ru")
SKILLS = ("beginner", "intermediate", "advanced", "professional")

_V6_DURATION = 20
_CUSTOM_FROM_V6 = ("upload-and-cover-audio", "generate-mashup")

STEM_PRICES: Mapping[str, float] = MappingProxyType(
    {"separate_vocal": 10.0, "split_stem": 50.0, "split_stem_advanced": 20.0}
)
"""The only prices that are listed."""

PRICES: Mapping[str, float] = MappingProxyType(
    {
        "get-timestamped-lyrics": 0.5,  # seen
        "boost-music-style": 0.4,  # seen
        "generate-music": 12.0,  # this and all below: a guess
        "extend-music": 12.0,
        "upload-and-cover-audio": 12.0,
        "upload-and-extend-audio": 12.0,
        "add-instrumental": 12.0,
        "add-vocals": 12.0,
        "generate-mashup": 12.0,
        "replace-section": 5.0,
        "generate-sounds": 2.5,
        "generate-persona": 1.0,
        "generate-lyrics": 0.4,
        "convert-to-wav-format": 0.4,
        "generate-midi": 1.0,
        "create-music-video": 2.0,
        "cover-suno": 1.0,
        "recovery-audio": 0.5,
        "suno-voice-validate": 1.0,
        "suno-voice-regenerate": 0.5,
        "suno-voice-generate": 2.0,
    }
)
"""What else costs; operations that are not here are free."""

OK, BAD, UNAUTHORIZED, NOT_FOUND, WRONG_METHOD, EXISTS = 200, 400, 401, 404, 405, 409
TOO_LONG, NO_CREDITS, RATE_LIMITED, FAILED, REFUNDED = 413, 429, 430, 500, 531
RATE_MESSAGE = "Your call frequency is too high. Please try again later."
CREDITS_MESSAGE = "The current credits are insufficient. Please top up."

MESSAGES: Mapping[int, str] = MappingProxyType(
    {
        400: "Invalid parameters",
        401: "You do not have access permissions",
        402: CREDITS_MESSAGE,
        404: "The request path or method is invalid",
        405: RATE_MESSAGE,
        408: "Upstream is currently experiencing service issues. No result for over 10 minutes.",
        409: "The record already exists",
        413: "The theme or prompt is too long",
        422: "Validation Error",
        429: CREDITS_MESSAGE,
        430: RATE_MESSAGE,
        451: "Failed to fetch the file",
        455: "The service is currently undergoing maintenance. Please try again later.",
        500: "Internal Error, Please try again later.",
        501: "Generation failed",
        502: "Bad Gateway",
        503: "Service Unavailable",
        504: "Gateway Timeout",
        505: "This feature is switched off",
        531: "Sorry, the generation failed due to an issue. "
        "Your credits have been refunded. Please try again.",
    }
)
"""What is said with each code: of 429, 430, 500 and 531 the service's own words."""

FAILURES: Mapping[Kind, str | int] = MappingProxyType(
    {
        Kind.MUSIC: "GENERATE_AUDIO_FAILED",
        Kind.LYRICS: "GENERATE_LYRICS_FAILED",
        Kind.WAV: "GENERATE_WAV_FAILED",
        Kind.STEMS: "GENERATE_AUDIO_FAILED",
        Kind.VIDEO: "GENERATE_MP4_FAILED",
        Kind.MIDI: 3,
        Kind.IMAGES: 3,
        Kind.PHRASE: "processing_validate_fail",
        Kind.VOICE: "fail",
        Kind.RECOVERY: 500,
    }
)
"""The status with which a task of each kind fails, unless a script says another."""

DAY = 86_400.0
KEPT = 15 * DAY
"""How long generated files are kept, in seconds."""
UPLOADS_KEPT = 3 * DAY
"""How long uploads are kept, in seconds."""


def is_v6(model: str) -> bool:
    """Whether the rules of the V6 pages hold for this model."""
    return model.startswith("V6")


def duration(operation: str, body: Body) -> int | None:
    """The length that a song is to have, `None` where that is left to the service.

    V6_MINI ignores what is asked for. In the custom mode the other V6 models have a default.
    """
    model = body.get("model") or ""
    if model == "V6_MINI":
        return None
    is_custom = body.get("customMode") or operation in _CUSTOM_FROM_V6
    by_default = _V6_DURATION if is_v6(model) and is_custom else None
    return body.get("duration") or by_default


def lengths(model: str) -> Lengths:
    """The longest texts of a model; one that is not listed has those of the newest listed."""
    return MODELS.get(model, _NEW)


def engine(model: str) -> str:
    """The name by which answers mention the model."""
    return ENGINES.get(model, LATEST_ENGINE)
