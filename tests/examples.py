"""One sound example of each operation, for tests that go over all of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from suno_async.operations import OPERATIONS, Operation

URL, OTHER_URL = "https://files.example/a.mp3", "https://files.example/b.mp3"
_CUSTOM = {"lyrics": "la la", "style": "Folk", "title": "Home"}
_SECTION = {"prompt": "la", "tags": "Folk", "title": "Home", "full_lyrics": "la la"}

FIELDS: dict[str, dict[str, Any]] = {
    "GenerateMusic": _CUSTOM,
    "ExtendMusic": {"audio_id": "a1", "continue_at": 60, "prompt": "la", "style": "Folk"},
    "UploadAndCover": {"upload_url": URL, **_CUSTOM},
    "UploadAndExtend": {"upload_url": URL, "continue_at": 60, "prompt": "la", "title": "Home"},
    "AddInstrumental": {"upload_url": URL, "title": "Home", "negative_tags": "x", "tags": "Folk"},
    "AddVocals": {
        "upload_url": URL,
        "title": "Home",
        "negative_tags": "x",
        "style": "Folk",
        "prompt": "la",
    },
    "ReplaceSection": {
        "audio_id": "a1",
        "task_id": "t1",
        **_SECTION,
        "infill_start_s": 10,
        "infill_end_s": 20.25,
    },
    "GenerateMashup": {"upload_url_list": (URL, OTHER_URL), **_CUSTOM},
    "GenerateSounds": {"prompt": "rain", "sound_tempo": 90, "sound_key": "Am"},
    "GeneratePersona": {"audio_id": "a1", "task_id": "t1", "name": "Mia", "description": "warm"},
    "GetTimestampedLyrics": {"audio_id": "a1", "task_id": "t1"},
    "GetCredits": {},
    "GenerateLyrics": {"prompt": "the sea"},
    "ConvertToWav": {"audio_id": "a1", "task_id": "t1"},
    "SeparateVocals": {"audio_id": "a1", "task_id": "t1", "type": "split_stem"},
    "GenerateMidi": {"task_id": "t1", "audio_id": "s1"},
    "CreateMusicVideo": {"audio_id": "a1", "task_id": "t1", "author": "Mia"},
    "GenerateCoverImages": {"task_id": "t1"},
    "RecoverAudio": {"suno_task_id": "t1"},
    "BoostStyle": {"content": "pop"},
    "ValidateVoice": {"voice_url": URL, "vocal_start_s": 0, "vocal_end_s": 9, "language": "en"},
    "RegenerateVoicePhrase": {"task_id": "t1"},
    "GenerateVoice": {"task_id": "t1", "verify_url": URL, "singer_skill_level": "advanced"},
    "CheckVoice": {"task_id": "t1"},
    "UploadBase64": {"base64_data": "YWJj", "file_name": "a.txt"},
    "UploadStream": {"file": Path(__file__), "upload_path": "here/and/there"},
    "UploadUrl": {"file_url": URL},
}


def example(name: str) -> Operation[Any]:
    """The example of the operation with this name."""
    return OPERATIONS[name](**FIELDS[name])
