"""Operations by name, in the fake's methods and in its ledger.

An operation is called as its page in the documentation is (`generate-music`), or as the client's
method is (`generate_music`). A name that is neither raises ValueError: a fault on a misspelt name
would never be played, and a ledger asked for one would always be empty.
"""

from collections.abc import Collection
from difflib import get_close_matches

_PAGES = {
    "upload_and_cover": "upload-and-cover-audio",
    "upload_and_extend": "upload-and-extend-audio",
    "get_credits": "get-remaining-credits",
    "convert_to_wav": "convert-to-wav-format",
    "separate_vocals": "separate-vocals-from-music",
    "generate_cover_images": "cover-suno",
    "recover_audio": "recovery-audio",
    "boost_style": "boost-music-style",
    "validate_voice": "suno-voice-validate",
    "regenerate_voice_phrase": "suno-voice-regenerate",
    "generate_voice": "suno-voice-generate",
    "check_voice": "suno-voice-check-voice",
}
"""The pages of those methods that are called otherwise."""


def page_of(name: str, pages: Collection[str]) -> str:
    """The page's name of an operation, given that or the client's method; raises ValueError."""
    page = _PAGES.get(name) or name.replace("_", "-")
    if page in pages:
        return page
    known = sorted({*pages, *_PAGES})
    close = get_close_matches(name, known, n=3, cutoff=0.5)
    raise ValueError(
        f"There is no operation {name!r}: "
        + (f"did you mean {' or '.join(map(repr, close))}?" if close else f"known are {known}.")
    )
