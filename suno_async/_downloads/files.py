"""Files on disk: a part that can be continued, and a whole that appears in one step.

Beside `Song.mp3.part` lies `Song.mp3.part.json`, which says what the bytes are the beginning of:
the address (its hash, for it may hold a signature) and the strong validator that came with them.
It is written before the first of them. Bytes go to the system as they come, so what a killed
process has written is there; what a machine's crash left may be holes, so a part that is older than
the machine's start is not continued.

Writing is done inline, which is the fastest way and takes about 50 µs a piece; waiting for the
disk, at the end, is for a thread. A part is held by a lock, so that two clients or processes do not
write into one.
"""

from __future__ import annotations

import errno
import json
import os
import stat
import sys
import time
from contextlib import contextmanager, suppress
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from attrs import define, frozen

from suno_async._downloads.formats import HEAD
from suno_async.errors import DownloadFailed

if sys.platform != "win32":
    import fcntl

if TYPE_CHECKING:
    from collections.abc import Generator

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_DIRECT = (
    getattr(os, "O_BINARY", 0)  # Windows would change the ends of lines
    | getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_NONBLOCK", 0)  # a pipe of that name would be waited for
)
_LINKED = {errno.ELOOP, errno.EMLINK, errno.ENXIO}  # what systems say of links, and of sockets
_MOST_NOTE = 2**16  # characters
_CLOCKS = 5.0  # seconds by which two clocks may have drifted apart since the note was written


@frozen
class Note:
    """What the bytes of a part are the beginning of."""

    source: str
    """The hash of the address that they came from, for that may hold a signature."""
    etag: str
    """The strong validator of the file there."""
    total: int | None
    """Its size in bytes, where the server said it."""

    @classmethod
    def of(cls, url: str, etag: str, total: int | None) -> Note:
        """What the bytes that come from an address are the beginning of."""
        return cls(_hashed(url), etag, total)

    def to_json(self) -> str:
        """The text that lies beside the part."""
        return json.dumps(
            {"url": self.source, "etag": self.etag, "total": self.total, "booted": _booted()}
        )


@define(eq=False)
class Part:
    """The file that is being written beside the final one; made by `held`."""

    path: Path
    """The final file."""
    _fd: int
    size: int = 0
    """The bytes that are there."""
    head: bytes = b""
    """The first of them."""
    note: Note | None = None
    """What they are the beginning of, where they can be continued."""
    _is_done: bool = False

    def can_continue(self, url: str) -> bool:
        """Whether the bytes are the beginning of what lies, or lay, at this address."""
        return self.note is not None and self.note.source == _hashed(url) and self.size > 0

    def begin(self, note: Note | None) -> None:
        """Begin again with nothing."""
        with _on_disk(self.path):
            # first the bytes go, then the note is written: a process that is killed in between
            # leaves an empty part, and never bytes under the validator of another file
            os.ftruncate(self._fd, 0)
            os.lseek(self._fd, 0, os.SEEK_SET)
            self.size, self.head, self.note = 0, b"", None
            if note is None:
                _note_of(self.path).unlink(missing_ok=True)
            else:
                fd = _opened(_note_of(self.path))
                try:
                    os.ftruncate(fd, 0)
                    os.write(fd, note.to_json().encode())
                finally:
                    os.close(fd)
                self.note = note

    def write(self, piece: bytes) -> None:
        """Write a piece at the end."""
        with _on_disk(self.path):
            rest = memoryview(piece)
            while rest:
                written = os.write(self._fd, rest)
                self.size += written
                self.head += bytes(rest[: max(0, HEAD - len(self.head))][:written])
                rest = rest[written:]

    def finish(self) -> None:
        """Make it the final file, safe from a crash; this waits for the disk."""
        with _on_disk(self.path):
            # the bytes before the name, and the name on the disk before anybody is given it
            os.fsync(self._fd)
            _note_of(self.path).unlink(missing_ok=True)
            if sys.platform == "win32":  # what is open cannot be renamed there
                os.close(self._fd)
            _part_of(self.path).replace(self.path)
            self._is_done = True
            if sys.platform != "win32":
                os.close(self._fd)
            _sync_directory(self.path.parent)

    def close(self) -> None:
        """Leave what can be continued, and nothing else."""
        if self._is_done:
            return
        self._is_done = True
        if not self.size or self.note is None:
            for leftover in (_note_of(self.path), _part_of(self.path)):
                with suppress(OSError):
                    leftover.unlink(missing_ok=True)
        os.close(self._fd)  # which unlocks it: what was to be removed is gone by now


def hold(path: Path) -> Part | None:
    """The part of this file, there or new, for us alone; `None` while another has it.

    Raises:
        DownloadFailed: it cannot be written.
    """
    with _on_disk(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.is_dir():
            raise IsADirectoryError(errno.EISDIR, "a directory of that name is in the way")
        fd = _opened(_part_of(path))
        try:
            if not _is_ours(fd, _part_of(path)):
                os.close(fd)
                return None
            head = os.read(fd, HEAD)
            size = os.lseek(fd, 0, os.SEEK_END)
        except BaseException:
            os.close(fd)
            raise
        return Part(path, fd, size, head, _read_note(path) if size else None)


def is_whole(path: Path) -> bool:
    """Whether the final file is there: only whole ones get its name."""
    with _on_disk(path):
        return path.is_file() and path.stat().st_size > 0


def size_so_far(path: Path) -> int:
    """The bytes of the part, which may be held by another process."""
    try:
        return _part_of(path).lstat().st_size
    except OSError:
        return 0


def write_whole(path: Path, content: bytes) -> None:
    """Write a small file in one step."""
    part = hold(path)
    if part is None:
        raise DownloadFailed(f"{path} is being written by another program.")
    try:
        part.begin(None)
        part.write(content)
        part.finish()
    finally:
        part.close()


def _opened(path: Path, *, mode: int = os.O_RDWR | os.O_CREAT) -> int:
    """A plain file with this one name; through a link, bytes would go to another place."""
    try:
        fd = os.open(path, mode | _DIRECT, 0o666)
    except OSError as error:
        raise (_not_plain(path) if error.errno in _LINKED else error) from None
    found = os.fstat(fd)
    is_plain = stat.S_ISREG(found.st_mode) and found.st_nlink <= 1  # 0: it was just made the final
    if not is_plain or path.is_symlink():  # Windows opens links all the same
        os.close(fd)
        raise _not_plain(path)
    return fd


def _not_plain(path: Path) -> OSError:
    return OSError(errno.ELOOP, f"{path.name} is a link or no plain file; remove it")


def _is_ours(fd: int, path: Path) -> bool:
    """Lock it, and see that it was not made the final file meanwhile."""
    if sys.platform == "win32":
        return True
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return os.path.samestat(os.fstat(fd), path.lstat())
    except (BlockingIOError, FileNotFoundError):
        return False
    except OSError:  # a file system without locks
        return True


def _read_note(path: Path) -> Note | None:
    """What lies beside the part, where it can be trusted."""
    try:
        fd = _opened(_note_of(path), mode=os.O_RDONLY)
        with open(fd, encoding="utf-8") as file:  # noqa: PTH123 it is open already
            said = json.loads(file.read(_MOST_NOTE))
        is_sound = (
            isinstance(said["url"], str)
            and isinstance(said["etag"], str)
            and isinstance(said["total"], int | None)
            and abs(said["booted"] - _booted()) < _CLOCKS
        )
    except (OSError, ValueError, LookupError, TypeError, ArithmeticError, RecursionError):
        return None
    return Note(said["url"], said["etag"], said["total"]) if is_sound else None


def _part_of(path: Path) -> Path:
    return path.with_name(f"{path.name}.part")


def _note_of(path: Path) -> Path:
    return path.with_name(f"{path.name}.part.json")


def _hashed(url: str) -> str:
    return sha256(url.encode(errors="surrogatepass")).hexdigest()


def _booted() -> float:
    """When the machine was started, by its clock on the wall."""
    return time.time() - time.monotonic()


def _sync_directory(directory: Path) -> None:
    """Put the new name on the disk, where a system can."""
    with suppress(OSError):
        fd = os.open(directory, os.O_RDONLY)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)


@contextmanager
def _on_disk(path: Path) -> Generator[None]:
    try:
        yield
    except (OSError, ValueError) as error:  # also a name that no file can have
        if not isinstance(error, OSError):
            raise DownloadFailed(f"{str(path)!r} cannot be written: {error}.") from error
        why = error.strerror or type(error).__name__
        if error.errno in _FULL:
            raise DownloadFailed(f"There is no space left for {path}: {why}.") from error
        raise DownloadFailed(f"{path} cannot be written: {why}.") from error
