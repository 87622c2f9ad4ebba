"""What can be asked of the service: one frozen class an operation, checked when it is built."""

from collections.abc import Mapping
from typing import Any

from ._account import GetCredits
from ._audio import ConvertToWav, GenerateMidi, RecoverAudio, SeparateVocals, StemType
from ._base import CallOperation, Operation, TaskOperation
from ._extending import ExtendMusic, UploadAndExtend
from ._files import Uploadable, UploadBase64, UploadStream, UploadUrl
from ._groups import PersonaModel
from ._lyrics import BoostStyle, GenerateLyrics, GetTimestampedLyrics
from ._model import Model
from ._music import GenerateMusic, GenerateSounds, ReplaceSection, SoundKey
from ._sources import (
    HasAudioId,
    HasId,
    HasPersonaId,
    HasTaskId,
    HasUrl,
    HasVoiceId,
    IsTask,
    TaskSource,
)
from ._uploaded import AddInstrumental, AddVocals, GenerateMashup, UploadAndCover
from ._video import CreateMusicVideo, GenerateCoverImages
from ._voice import (
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
    "OPERATIONS",
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
]
