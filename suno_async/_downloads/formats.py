"""What a file is by its first bytes: an error page must not be kept as a song."""

from __future__ import annotations

from codecs import BOM_UTF8

HEAD = 16
"""How many of the first bytes are examined."""

_AUDIO, _VIDEO, _IMAGE, _NOTES = "audio", "video", "image", "notes"
_FAMILIES = {
    ".mp3": _AUDIO,
    ".m4a": _AUDIO,
    ".wav": _AUDIO,
    ".ogg": _AUDIO,
    ".flac": _AUDIO,
    ".mp4": _VIDEO,
    ".webm": _VIDEO,
    ".png": _IMAGE,
    ".jpg": _IMAGE,
    ".jpeg": _IMAGE,
    ".webp": _IMAGE,
    ".gif": _IMAGE,
    ".mid": _NOTES,
    ".midi": _NOTES,
}
_SIGNS = (
    (b"ID3", {_AUDIO}),
    (b"OggS", {_AUDIO}),
    (b"fLaC", {_AUDIO}),
    (b"\x1a\x45\xdf\xa3", {_AUDIO, _VIDEO}),  # Matroska, WebM
    (b"\x89PNG\r\n\x1a\n", {_IMAGE}),
    (b"\xff\xd8\xff", {_IMAGE}),  # JPEG
    (b"GIF8", {_IMAGE}),
    (b"MThd", {_NOTES}),
)
_PAGES = (b"<", b"{", b"[")  # HTML, XML, JSON
_CONTAINERS = {b"WAVE": _AUDIO, b"WEBP": _IMAGE}
_STILL_BRANDS = {b"avif", b"avis", b"heic", b"heix", b"mif1"}


def is_known(suffix: str) -> bool:
    """Whether it is known what a file with this suffix begins with."""
    return suffix.lower() in _FAMILIES


def belies(head: bytes, suffix: str, *, is_made: bool) -> bool:
    """Whether what begins so cannot be a file with this suffix.

    A host may well send an M4A under the name of an MP3, so its family counts. What the service has
    made must begin as one of them; a file of the caller's may be anything but a page.
    """
    family = _FAMILIES.get(suffix.lower())
    if family is None or family in _families_of(head):
        return False
    return is_made or is_page(head)


def is_page(head: bytes) -> bool:
    """Whether what begins so is a page or JSON, as servers answer an error with."""
    return head.removeprefix(BOM_UTF8).lstrip().startswith(_PAGES)


def _families_of(head: bytes) -> set[str]:
    for sign, families in _SIGNS:
        if head.startswith(sign):
            return families
    if head.startswith(b"RIFF"):
        return {_CONTAINERS.get(head[8:12], "")}
    if head[4:8] == b"ftyp":
        return {_IMAGE} if head[8:12] in _STILL_BRANDS else {_AUDIO, _VIDEO}
    return {_AUDIO} if _is_mpeg_frame(head) else set()


def _is_mpeg_frame(head: bytes) -> bool:
    """Whether a frame of MPEG audio begins here: 11 bits set, and no reserved value in the rest."""
    if len(head) < 3 or head[0] != 0xFF or head[1] & 0xE0 != 0xE0:  # noqa: PLR2004 as above
        return False
    is_adts = head[1] & 0xF6 == 0xF0  # AAC has the same sign, and no layer  # noqa: PLR2004
    return is_adts or (
        head[1] & 0x18 != 0x08  # noqa: PLR2004 the version that does not exist
        and head[1] & 0x06 != 0  # the layer, as above
        and head[2] & 0xF0 not in {0x00, 0xF0}  # the bit rate: free, or forbidden
        and head[2] & 0x0C != 0x0C  # noqa: PLR2004 the sampling rate, as above
    )
