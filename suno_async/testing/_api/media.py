"""Files that are valid, cheap to make from any byte on, and different at every place.

Audio is silence (MP3) or almost so (WAV). What a decoder skips holds the position and the id of
the file, so that a download that was put together at the wrong place, or from two files, shows.
Nothing is ever held as a whole: `Blob.read(start, stop)` makes the bytes that are asked for.
"""

import struct
import zlib
from collections.abc import Callable

from attrs import frozen

FRAME_BYTES = 144
FRAME_SECONDS = 0.036
_FRAME_HEADER = (
    b"\xff\xfb\x18\xc4"  # MPEG-1 layer III, 32 kbit/s, 32 kHz, mono: 144 bytes for 1152 samples
)
_SIDE_INFO = bytes(17)  # all zero: no main data, which decodes to silence
_WAV_RATE = 8000
_WAV_BLOCK = 80


@frozen
class Blob:
    """A file that is made while it is read."""

    size: int
    content_type: str
    read: Callable[[int, int], bytes]
    """The bytes from `start` up to and without `stop`."""
    version: str = ""
    """What sets it apart from another file of the same name and size."""


def whole_frames(seconds: float) -> float:
    """The nearest length that an MP3 of ours can have, in seconds with two decimals."""
    return round(_frames(seconds) * FRAME_SECONDS, 2)


def mp3(key: str, seconds: float) -> Blob:
    """A silent MP3: frames of constant size, the position in each frame's unused bytes."""
    room = FRAME_BYTES - len(_FRAME_HEADER) - len(_SIDE_INFO)

    def frame(number: int) -> bytes:
        # which frame it is, of which file: what was put together wrongly can be seen
        filler = f"{number:08d} {key} ".encode("ascii", "replace")
        return _FRAME_HEADER + _SIDE_INFO + filler.ljust(room, b".")[:room]

    return _blocks(FRAME_BYTES, _frames(seconds), frame, "audio/mpeg")


def wav(key: str, seconds: float) -> Blob:
    """A WAV, 8 kHz, mono, 16 bits, all but silent: samples are the digits of their position."""
    blocks = max(1, round(seconds * _WAV_RATE * 2 / _WAV_BLOCK))
    size = blocks * _WAV_BLOCK
    form = struct.pack("<HHIIHH", 1, 1, _WAV_RATE, 2 * _WAV_RATE, 2, 16)
    header = b"RIFF" + struct.pack("<I", 36 + size) + b"WAVEfmt " + struct.pack("<I", 16) + form
    header += b"data" + struct.pack("<I", size)
    salt = zlib.crc32(key.encode()) % 10

    def block(number: int) -> bytes:
        samples = [(int(digit) + salt) % 10 - 5 for digit in f"{number:010d}"]
        return struct.pack("<10h", *samples) * (_WAV_BLOCK // 20)

    return _behind(header, _blocks(_WAV_BLOCK, blocks, block, "audio/wav"))


def png(key: str) -> Blob:
    """A PNG of one pixel whose colour depends on the key."""
    colour = zlib.crc32(key.encode()).to_bytes(4, "big")[:3]
    body = b"".join(
        (
            _png_chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0)),
            _png_chunk(b"tEXt", b"Title\0" + key.encode("ascii", "replace")),
            _png_chunk(b"IDAT", zlib.compress(b"\0" + colour)),
            _png_chunk(b"IEND", b""),
        )
    )
    return of_bytes(b"\x89PNG\r\n\x1a\n" + body, "image/png")


def jpeg(key: str) -> Blob:
    """A grey JPEG of one pixel, with the key as its comment."""
    comment = key.encode("ascii", "replace")
    segments = (
        b"\xff\xd8",
        _segment(0xE0, b"JFIF\0\x01\x01\0\0\x01\0\x01\0\0"),
        _segment(0xFE, comment),
        _segment(0xDB, b"\0" + b"\x01" * 64),
        _segment(0xC0, b"\x08\0\x01\0\x01\x01\x01\x11\0"),
        _segment(0xC4, b"\0\x01" + bytes(15) + b"\0"),  # one DC code: no difference
        _segment(0xC4, b"\x10\x01" + bytes(15) + b"\0"),  # one AC code: end of block
        _segment(0xDA, b"\x01\x01\0\0\x3f\0"),
        b"\x3f\xff\xd9",
    )
    return of_bytes(b"".join(segments), "image/jpeg")


def mp4(key: str, seconds: float) -> Blob:
    """An MP4 with a header of that length and no tracks: typed, not playable."""
    return of_bytes(_boxes(b"isom", key, seconds), "video/mp4")


def m4a(key: str, seconds: float) -> Blob:
    """An M4A with a header of that length and no tracks: typed, not playable."""
    return of_bytes(_boxes(b"M4A ", key, seconds), "audio/mp4")


def _frames(seconds: float) -> int:
    return max(1, round(seconds / FRAME_SECONDS))


def _blocks(size: int, count: int, block: Callable[[int], bytes], content_type: str) -> Blob:
    def read(start: int, stop: int) -> bytes:
        first, last = start // size, min(count, -(-stop // size))  # rounded up
        return b"".join(map(block, range(first, last)))[start - first * size : stop - first * size]

    return Blob(size * count, content_type, read)


def _behind(header: bytes, blob: Blob) -> Blob:
    length = len(header)

    def read(start: int, stop: int) -> bytes:
        rest = blob.read(max(0, start - length), stop - length) if stop > length else b""
        return header[start:stop] + rest

    return Blob(length + blob.size, blob.content_type, read)


def of_bytes(content: bytes, content_type: str) -> Blob:
    """A file of these bytes."""
    return Blob(len(content), content_type, lambda start, stop: content[start:stop])


def _png_chunk(name: bytes, content: bytes) -> bytes:
    check = struct.pack(">I", zlib.crc32(name + content))
    return struct.pack(">I", len(content)) + name + content + check


def _segment(marker: int, content: bytes) -> bytes:
    return b"\xff" + bytes([marker]) + struct.pack(">H", len(content) + 2) + content


def _box(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content) + 8) + name + content


def _boxes(brand: bytes, key: str, seconds: float) -> bytes:
    matrix = struct.pack(">9i", 0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)
    length = struct.pack(">IIII", 0, 0, 1000, round(seconds * 1000))
    rate = struct.pack(">iH", 0x10000, 0x100) + bytes(10)
    movie = bytes(4) + length + rate + matrix + bytes(24) + struct.pack(">I", 1)
    kind = _box(b"ftyp", brand + struct.pack(">I", 512) + brand + b"mp42")
    return (
        kind + _box(b"moov", _box(b"mvhd", movie)) + _box(b"mdat", key.encode("ascii", "replace"))
    )
