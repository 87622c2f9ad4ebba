"""What can be asked of the service: one frozen class an operation, checked when it is built."""

from collections.abc import Mapping
from typing import Any

from ._groups import PersonaModel, remark_on
from ._kinds import KINDS, Kind
from ._model import Model
from ._sources import (
    HasAudioId,
    HasId,
    HasPersonaId,
    HasTaskId,
    HasUrl,
    HasVoiceId,
    IsTask,
    TaskSource,
    model_of_track,
)
from .account import GetCredits
from .audio import ConvertToWav, GenerateMidi, RecoverAudio, SeparateVocals, StemType
from .base import SENT_APART, SENT_AS, WRITTEN_AS, CallOperation, Operation, TaskOperation
from .extending import ExtendMusic, UploadAndExtend
from .files import UPLOAD_PATH, Uploadable, UploadBase64, UploadStream, UploadUrl, upload_of
from .lyrics import BoostStyle, GenerateLyrics, GetTimestampedLyrics
from .music import GenerateMusic, GenerateSounds, ReplaceSection, SoundKey
from .uploaded import AddInstrumental, AddVocals, GenerateMashup, UploadAndCover
from .video import CreateMusicVideo, GenerateCoverImages
from .voice import (
    CheckVoice,
    GeneratePersona,
    GenerateVoice,
    Language,
    RegenerateVoicePhrase,
    SkillLevel,
    ValidateVoice,
)

_ALL: tuple[type[Operation[Any]], ...] = (
    GenerateMusic,
    ExtendMusic,
    UploadAndCover,
    UploadAndExtend,
    AddInstrumental,
    AddVocals,
    ReplaceSection,
    GenerateMashup,
    GenerateSounds,
    GeneratePersona,
    GetTimestampedLyrics,
    GetCredits,
    GenerateLyrics,
    ConvertToWav,
    SeparateVocals,
    GenerateMidi,
    CreateMusicVideo,
    GenerateCoverImages,
    RecoverAudio,
    BoostStyle,
    ValidateVoice,
    RegenerateVoicePhrase,
    GenerateVoice,
    CheckVoice,
    UploadBase64,
    UploadStream,
    UploadUrl,
)

OPERATIONS: Mapping[str, type[Operation[Any]]] = {cls.__name__: cls for cls in _ALL}
"""Every operation by its name."""

__all__ = [
    "KINDS",
    "OPERATIONS",
    "SENT_APART",
    "SENT_AS",
    "UPLOAD_PATH",
    "WRITTEN_AS",
    "AddInstrumental",
    "AddVocals",
    "BoostStyle",
    "CallOperation",
    "CheckVoice",
    "ConvertToWav",
    "CreateMusicVideo",
    "ExtendMusic",
    "GenerateCoverImages",
    "GenerateLyrics",
    "GenerateMashup",
    "GenerateMidi",
    "GenerateMusic",
    "GeneratePersona",
    "GenerateSounds",
    "GenerateVoice",
    "GetCredits",
    "GetTimestampedLyrics",
    "HasAudioId",
    "HasId",
    "HasPersonaId",
    "HasTaskId",
    "HasUrl",
    "HasVoiceId",
    "IsTask",
    "Kind",
    "Language",
    "Model",
    "Operation",
    "PersonaModel",
    "RecoverAudio",
    "RegenerateVoicePhrase",
    "ReplaceSection",
    "SeparateVocals",
    "SkillLevel",
    "SoundKey",
    "StemType",
    "TaskOperation",
    "TaskSource",
    "UploadAndCover",
    "UploadAndExtend",
    "UploadBase64",
    "UploadStream",
    "UploadUrl",
    "Uploadable",
    "ValidateVoice",
    "model_of_track",
    "remark_on",
    "upload_of",
]
