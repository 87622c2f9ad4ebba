"""What happens to a journal's file while it is in use, and how it is put right again."""

import resource
import shutil
import sqlite3
from collections.abc import Callable, Generator, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path
from typing import TypeAlias

from attrs import frozen

Happening: TypeAlias = Callable[[Path], AbstractContextManager[Path]]


@frozen(kw_only=True)
class Disturbance:
    """One thing that happens; it lasts as long as its context."""

    name: str
    """What happens."""
    happening: Happening
    """Makes it happen, names the file to go on with, and puts right what can be."""
    before: int = 3
    """Songs that are there before."""
    on_their_way: int = 2
    """Songs whose answers come meanwhile."""
    after: int = 3
    """Songs that are asked for meanwhile."""
    has_second: bool = False
    """Whether a second client opens the file to go on with meanwhile, and asks for all of them."""


def disturbances() -> Iterator[Disturbance]:
    """All of them."""
    yield Disturbance(name="none", happening=_nothing)
    yield Disturbance(name="a copy of the file alone", happening=_copied, on_their_way=0, after=0)
    yield Disturbance(name="deleted", happening=_deleted, on_their_way=0)
    yield Disturbance(name="moved, and back", happening=_moved)
    yield Disturbance(name="moved, and opened there", happening=_moved, has_second=True)
    yield Disturbance(name="replaced by a copy, and put back", happening=_replaced)
    yield Disturbance(name="hard link", happening=_linked)
    yield Disturbance(name="hard link, opened by it", happening=_linked, has_second=True)
    yield Disturbance(name="lock file deleted", happening=_unlocked)
    yield Disturbance(name="lock file deleted, opened again", happening=_unlocked, has_second=True)
    yield Disturbance(name="full disk", happening=_full)
    yield Disturbance(name="a reader's open transaction", happening=_read)
    yield Disturbance(name="another program's lock", happening=_locked)


@contextmanager
def _nothing(path: Path) -> Generator[Path]:
    yield path


@contextmanager
def _copied(path: Path) -> Generator[Path]:
    yield Path(shutil.copy(path, path.with_name("copy.sqlite")))


@contextmanager
def _deleted(path: Path) -> Generator[Path]:
    path.unlink()
    yield path


@contextmanager
def _moved(path: Path) -> Generator[Path]:
    moved = path.rename(path.with_name("moved.sqlite"))
    yield moved
    moved.rename(path)


@contextmanager
def _replaced(path: Path) -> Generator[Path]:
    kept = path.rename(path.with_name("kept.sqlite"))
    shutil.copy(kept, path)
    yield path
    kept.replace(path)


@contextmanager
def _linked(path: Path) -> Generator[Path]:
    link = path.with_name("link.sqlite")
    link.hardlink_to(path)
    yield link
    link.unlink()


@contextmanager
def _unlocked(path: Path) -> Generator[Path]:
    path.with_name(f"{path.name}-lock").unlink()
    yield path


@contextmanager
def _full(path: Path) -> Generator[Path]:
    """Files of this process take no byte more."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, hard))
    try:
        yield path
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@contextmanager
def _read(path: Path) -> Generator[Path]:
    with closing(sqlite3.connect(path, isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT * FROM state").fetchall()
        yield path


@contextmanager
def _locked(path: Path) -> Generator[Path]:
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield path
