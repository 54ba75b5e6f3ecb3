"""A file that holds the checksum of all its bytes, so that not one of them can change unnoticed."""

import zlib
from typing import BinaryIO

EMPTY = b"0" * 8
"""What stands where the checksum, eight digits, is to come; it counts as this in the checksum itself."""
DAMAGED = "is damaged: it has other bytes than were written"
"""What is said of a file, or a part of one, whose checksum is another."""
BLOCK = 2**20
"""Bytes that are in memory at once."""


def seal(content: bytearray, slot: int) -> None:
    """Write the CRC-32 of a file into its slot.

    Args:
        content: of the file.
        slot: where ``EMPTY`` stands.
    """
    content[slot : slot + len(EMPTY)] = _digits(zlib.crc32(content))


def is_whole(file: BinaryIO, slot: int) -> bool:
    """Return whether the checksum in the slot is that of the file."""
    file.seek(0)
    checksum = zlib.crc32(EMPTY, checksum_of(file, slot))
    found = file.read(len(EMPTY))
    return found == _digits(checksum_of(file, None, checksum))


def checksum_of(file: BinaryIO, size: int | None = None, checksum: int = 0) -> int:
    """Return the CRC-32 of a file's next bytes, or of all that are left, behind those of ``checksum``."""
    while piece := file.read(BLOCK if size is None else min(BLOCK, size)):
        checksum = zlib.crc32(piece, checksum)
        size = None if size is None else size - len(piece)
    return checksum


def _digits(checksum: int) -> bytes:
    return b"%08x" % checksum
