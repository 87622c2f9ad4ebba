"""What arguments and options name, checked before anything is paid."""

import re
import sys
from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryFile
from typing import Annotated

from attrs import frozen
from cyclopts import Parameter

from suno_async import ConfigurationError, GenerateMusic, InvalidRequest, Model
from suno_async.errors import Fault
from suno_async.task import read_token

SONGS = Path("songs")
"""Where files go by default."""
FLAG = Parameter(negative="", show_default=False)
"""How an option that takes no value is shown."""


@Parameter(name="*")
@frozen(kw_only=True)
class Beside:
    """What is written beside the audio of a song, under the same name."""

    image: Annotated[bool, FLAG] = False
    """Also write its cover image."""
    lyrics: Annotated[bool, FLAG] = False
    """Also write its lyrics as text."""
    sidecar: Annotated[bool, FLAG] = False
    """Also write what made it, as JSON."""


MODELS = f"The model: {', '.join(Model)}, or a newer one."
"""What the option for it says."""


def model_of(given: str) -> str:
    """The model of this name, in whatever case; another name is passed on."""
    return Model.__members__.get(given.upper(), given)


def at_home(path: Path) -> Path:
    """The path with `~` as the home directory, which a shell leaves alone after `=`."""
    try:
        return path.expanduser()
    except RuntimeError:  # nobody's home: it is a name like any other
        return path


def ready(folder: Path, option: str = "--out") -> Path:
    """The folder, which is there now and can be written to; `option` is what named it.

    Raises:
        ConfigurationError: it cannot be made or written to; nothing was sent yet.
    """
    folder = at_home(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=folder):
            return folder
    except OSError as error:
        why = "a file is in the way" if isinstance(error, _IN_THE_WAY) else error.strerror
        raise ConfigurationError(
            f"{folder} cannot be written to: {why}. Choose another folder with {option}."
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


_PLAIN_ID = re.compile(r"[0-9a-fA-F-]{8,}")  # what people copy from the service's pages


def tokens_of(given: Iterable[str]) -> list[str]:
    """The tokens, each once; `@FILE` stands for those in a file, and a plain id for a song.

    Raises:
        ConfigurationError: one of them is no token, or the file cannot be read.
    """
    words: list[str] = []
    for one in given:
        words += (text_of(one) or "").split() if one.startswith("@") else [one]
    return list(dict.fromkeys(map(_token, words)))


def _token(word: str) -> str:
    try:
        kind, task_id = read_token(word, GenerateMusic if _PLAIN_ID.fullmatch(word) else None)
    except ConfigurationError:
        raise ConfigurationError(
            f"{word!r} is not the token of a task: one reads like music:5c79be8e..."
        ) from None
    return f"{kind.name}:{task_id}"


def kept_for_later(tokens: Sequence[str], few: int) -> list[str]:
    """The arguments that name these tasks: if they are not few, a file that they are written to."""
    if len(tokens) <= few:
        return list(tokens)
    path = Path(f"unfinished-{datetime.now():%Y%m%d-%H%M%S-%f}.txt")  # noqa: DTZ005 people's time
    try:
        path.write_text("".join(f"{token}\n" for token in tokens), "utf-8")
    except OSError:
        return list(tokens)
    return [f"@{path}"]


def in_options(error: InvalidRequest, *, has_words: bool = True) -> InvalidRequest:
    """The same faults, by the names that the options have."""
    names = {"prompt": "PROMPT"}
    if not has_words:
        names["lyrics"] = "--lyrics or --instrumental"
    faults = (
        Fault(names.get(one.field, f"--{one.field.replace('_', '-')}"), one.problem, one.given)
        for one in error.faults
    )
    return InvalidRequest(faults=tuple(faults))
