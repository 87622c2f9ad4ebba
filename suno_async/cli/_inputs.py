"""What the options name on disk, checked before anything is paid."""

import sys
from pathlib import Path
from tempfile import TemporaryFile
from typing import Annotated, TypeAlias

from cyclopts import Parameter

from suno_async import ConfigurationError

SONGS = Path("songs")
"""Where files go by default."""
Folder: TypeAlias = Annotated[Path, Parameter(name="--out")]
"""An option for the folder that files are written to."""


def ready(folder: Path) -> Path:
    """The folder, which is there now and can be written to.

    Raises:
        ConfigurationError: it cannot be made or written to; nothing was sent yet.
    """
    folder = folder.expanduser()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=folder):
            return folder
    except OSError as error:
        why = "a file is in the way" if isinstance(error, _IN_THE_WAY) else error.strerror
        raise ConfigurationError(
            f"{folder} cannot be written to: {why}. Choose another folder with --out."
        ) from error


_IN_THE_WAY = (FileExistsError, NotADirectoryError)


def text_of(given: str | None) -> str | None:
    """The text itself, or what is in the file where `@file` is given (`@-` is stdin).

    Raises:
        ConfigurationError: the file cannot be read.
    """
    if given is None or not given.startswith("@"):
        return given
    name = given[1:]
    try:
        return sys.stdin.read() if name == "-" else Path(name).read_text("utf-8-sig")
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not text in UTF-8"
        raise ConfigurationError(f"{name} cannot be read: {why}.") from error
