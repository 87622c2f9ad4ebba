"""What arguments and options name, checked before anything is paid."""

from pathlib import Path
from tempfile import TemporaryFile
from typing import Annotated

from attrs import frozen
from cyclopts import Parameter

from suno_async import ConfigurationError, InvalidRequest, Model
from suno_async.errors import FieldProblem

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


@Parameter(name="*")
@frozen(kw_only=True)
class Terms:
    """How a batch is made."""

    max_in_flight: int | None = None
    """How many tasks may be made at once; left out, as many as there are."""
    patience: float = 3600.0
    """Seconds to wait for the network or the service in an outage; inf is for ever."""

    def check(self) -> None:
        """Make sure that the numbers can be meant.

        Raises:
            ConfigurationError: one of them cannot.
        """
        if self.max_in_flight is not None and self.max_in_flight < 1:
            raise ConfigurationError(
                f"--max-in-flight must be 1 or more, not {self.max_in_flight}."
            )
        if not self.patience >= 0:  # also what is no number
            raise ConfigurationError(
                f"--patience must be seconds, 0 or more, not {self.patience:g}."
            )


@Parameter(name="*")
@frozen(kw_only=True)
class Kept:
    """How what is paid for is remembered, so that the same command pays for nothing twice."""

    journal: str | None = None
    """What remembers what is paid for: a file, created if missing, or the URL of a database."""
    account: str | None = None
    """Whose the journal is, where it was given a name; left out, the key's."""
    retry_failed: Annotated[bool, FLAG] = False
    """Send again what was accepted in an earlier run and has failed."""
    resend_unknown: Annotated[bool, FLAG] = False
    """Send again what may have been accepted; this may pay twice."""

    def place(self) -> str | Path | None:
        """The journal; the folder of a file is there now, and has room.

        Raises:
            ConfigurationError: it cannot be written to; nothing was sent yet.
        """
        place = None if self.journal is None else journal_at(self.journal)
        if isinstance(place, Path):
            ready(place.parent, "--journal")
        return place


MODELS = f"The model: {', '.join(Model)}, or a newer one."
"""What the option for it says."""


def model_of(given: str) -> str:
    """The model of this name, in whatever case; another name is passed on."""
    return Model.__members__.get(given.upper(), given)


def at_home(path: Path) -> Path:
    """The path with `~` as the home directory, which a shell leaves alone after `=`."""
    try:
        return path.expanduser()
    except RuntimeError:  # no user's home: it is a name like any other
        return path


def journal_at(given: str) -> str | Path:
    """A journal: the URL of a database, or a file."""
    return given if "://" in given else at_home(Path(given))


def ready(folder: Path, option: str = "--out") -> Path:
    """The folder, which is there now, and has room; `option` is what named it.

    Raises:
        ConfigurationError: it cannot be made or written to; nothing was sent yet.
    """
    folder = at_home(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=folder) as file:
            file.write(bytes(_A_FILE))
            return folder
    except OSError as error:
        why = "a file is in the way" if isinstance(error, _IN_THE_WAY) else error.strerror
        raise ConfigurationError(
            f"{folder} cannot be written to: {why}. Choose another folder with {option}."
        ) from error


_A_FILE = 2**20  # bytes that must find room: far less than a song has
_IN_THE_WAY = (FileExistsError, NotADirectoryError)


def option(field: str) -> str:
    """The name of a field on the command line."""
    return "PROMPT" if field == "prompt" else f"--{field.replace('_', '-')}"


def in_options(error: InvalidRequest, *, has_words: bool = True) -> InvalidRequest:
    """The same error, with fields called by the names of their options."""
    names = {} if has_words else {"lyrics": "--lyrics or --instrumental"}
    faults = (
        FieldProblem(names.get(one.field, option(one.field)), one.problem, one.given)
        for one in error.problems
    )
    return InvalidRequest(problems=tuple(faults))
