"""Files that contain a checksum of all their bytes, so that any changed byte is detected."""

import zlib
from typing import BinaryIO

EMPTY = b"0" * 8
"""Placeholder of the checksum, eight digits; the checksum is computed with the placeholder in the file."""
DAMAGED = "is damaged: its bytes differ from those that were written"
"""The message about a file, or a part of one, with a wrong checksum."""
BLOCK = 2**20
"""Bytes read at a time."""


def seal(content: bytearray, slot: int) -> None:
    """Write the CRC-32 of a file into its slot.

    Args:
        content: the content of the file.
        slot: the position of ``EMPTY``.
    """
    content[slot : slot + len(EMPTY)] = _digits(zlib.crc32(content))


def is_whole(file: BinaryIO, slot: int) -> bool:
    """Return whether the checksum in the slot is correct."""
    file.seek(0)
    checksum = zlib.crc32(EMPTY, checksum_of(file, slot))
    found = file.read(len(EMPTY))
    return found == _digits(checksum_of(file, None, checksum))


def checksum_of(file: BinaryIO, size: int | None = None, checksum: int = 0) -> int:
    """Return the CRC-32 of a file's next ``size`` bytes, or of the rest, continuing ``checksum``."""
    while piece := file.read(BLOCK if size is None else min(BLOCK, size)):
        checksum = zlib.crc32(piece, checksum)
        size = None if size is None else size - len(piece)
    return checksum


def _digits(checksum: int) -> bytes:
    return b"%08x" % checksum
