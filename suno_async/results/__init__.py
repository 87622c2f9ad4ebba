"""What comes back: frozen attrs objects, tolerant where the service is careless.

Every field but an id may be `None`, for the service leaves out what is not there yet. A URL that
came as empty text is `None`, a list that did not come is empty. Times are aware datetimes. Whatever
else an answer held is in `raw`.
"""

from ._base import FileLink, FromTrack, Given, Made, Result, Stage, TaskEvent, Url
from ._downloadable import Downloadable, OneFile, SomeFiles
from ._files import UploadedFile
from ._midi import Midi, MidiInstrument, MidiNote
from ._music import RecoveredAudio, Track, WavFile
from ._stems import Stem, StemAudio, Stems
from ._video import CoverImages, MusicVideo
from ._voice import Persona, Voice, VoicePhrase
from ._words import AlignedWord, Lyrics, StyleBoost, TimestampedLyrics

__all__ = [
    "AlignedWord",
    "CoverImages",
    "Downloadable",
    "FileLink",
    "FromTrack",
    "Given",
    "Lyrics",
    "Made",
    "Midi",
    "MidiInstrument",
    "MidiNote",
    "MusicVideo",
    "OneFile",
    "Persona",
    "RecoveredAudio",
    "Result",
    "SomeFiles",
    "Stage",
    "Stem",
    "StemAudio",
    "Stems",
    "StyleBoost",
    "TaskEvent",
    "TimestampedLyrics",
    "Track",
    "UploadedFile",
    "Url",
    "Voice",
    "VoicePhrase",
    "WavFile",
]
