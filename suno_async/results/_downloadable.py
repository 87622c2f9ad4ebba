"""What can be downloaded."""

from __future__ import annotations

from typing import TypeAlias

from ._files import UploadedFile
from ._music import RecoveredAudio, Track, WavFile
from ._stems import Stems
from ._video import CoverImages, MusicVideo

OneFile: TypeAlias = Track | WavFile | MusicVideo | RecoveredAudio | UploadedFile | str
"""What is one file: a result that has one, or a URL."""
SomeFiles: TypeAlias = Stems | CoverImages
"""What has several files."""
Downloadable: TypeAlias = OneFile | SomeFiles
"""What can be downloaded; `isinstance` takes it."""
