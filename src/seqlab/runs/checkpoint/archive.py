"""The checks of a checkpoint before torch reads it: an archive of simple values, as torch.save writes it.

torch.load(weights_only=True) runs no code of the file, but trusts its sizes, and lets it call some functions.
So the sizes are checked first, and the pickle may do only what simple values and dense tensors need.
"""

import pickletools
import struct
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any
from zipfile import ZIP_STORED, BadZipFile, ZipFile, ZipInfo

from seqlab.io.safe_read import UnreadableError, open_plain

BROKEN = (struct.error, ValueError, IndexError, OverflowError)
"""Further errors of zipfile for a damaged directory."""
MOST_ENTRIES = 100_000
LARGEST_PICKLE = 2**24
"""The largest size in bytes of everything in a checkpoint except tensors."""

OPCODES = frozenset(
    [
        *("PROTO", "STOP", "MARK", "EMPTY_DICT", "EMPTY_LIST", "EMPTY_TUPLE", "TUPLE", "TUPLE1", "TUPLE2"),
        *("TUPLE3", "APPEND", "APPENDS", "SETITEM", "SETITEMS", "BINPUT", "LONG_BINPUT", "BINGET"),
        *("LONG_BINGET", "NONE", "NEWTRUE", "NEWFALSE", "BININT", "BININT1", "BININT2", "LONG1", "BINFLOAT"),
        *("BINUNICODE", "GLOBAL", "REDUCE", "BUILD", "BINPERSID"),
    ]
)
"""The opcodes that protocol 2 writes for simple values, OrderedDict and tensors."""

STORAGES = ("Double", "Float", "Half", "BFloat16", "Long", "Int", "Short", "Char", "Byte", "Bool")
GLOBALS = frozenset(
    [
        "collections OrderedDict",
        "torch._utils _rebuild_tensor_v2",
        *(f"torch {name}Storage" for name in STORAGES),
    ]
)
"""The functions and classes that a pickle may name."""


@dataclass(frozen=True)
class Archive:
    """The sizes of an archive.

    Attributes:
        pickle_size: bytes of its pickle, in which every value other than a tensor takes one or more.
        tensors: size in bytes and CRC-32 of the memory of its tensors, in the order of the file.
    """

    pickle_size: int
    tensors: list[tuple[int, int]]


def check_archive(file: Path, largest: int) -> Archive:
    """Refuse a file that is not an uncompressed archive of simple values and dense tensors.

    Everything except tensors is compared with its checksum here, the tensors once they are in memory.

    Args:
        file: a checkpoint.
        largest: the maximum size in bytes.

    Raises:
        UnreadableError: the file is refused; the message is the reason.
    """
    with open_plain(file, largest) as opened:
        size = file.stat().st_size
        try:
            with ZipFile(opened) as archive:
                entries = _check_entries(archive, size)
                folder = archive.infolist()[0].filename.partition("/")[0]
                tensors = [entry for entry in entries if entry.filename.startswith(f"{folder}/data/")]
                others = {entry.filename: entry for entry in entries if entry not in tensors}
                content = _read_others(archive, others).get(f"{folder}/data.pkl")
        except UnreadableError:
            raise
        except (BadZipFile, EOFError, NotImplementedError, RuntimeError, OSError, *BROKEN) as error:
            raise UnreadableError(
                f"is not a checkpoint, or is cut off or damaged ({str(error) or type(error).__name__:.80})"
            ) from error
    if content is None:
        raise UnreadableError("contains no weights")
    _check_pickle(content)
    return Archive(len(content), [(entry.file_size, entry.CRC) for entry in tensors if entry.file_size])


def _check_entries(archive: ZipFile, size: int) -> list[ZipInfo]:
    """Return the entries in the order of the file, which must not overlap."""
    entries = sorted(archive.infolist(), key=lambda entry: entry.header_offset)
    if not entries or len(entries) > MOST_ENTRIES:
        raise UnreadableError(f"has {len(entries):,} entries; no checkpoint has so many or so few")
    # torch stores without compression; a compressed entry may unpack to anything.
    if any(entry.compress_type != ZIP_STORED or entry.compress_size != entry.file_size for entry in entries):
        raise UnreadableError("has compressed entries; no checkpoint has any")
    ends = [entry.header_offset + entry.file_size for entry in entries]
    starts = [*(entry.header_offset for entry in entries[1:]), size]
    if entries[0].header_offset or any(end > start for end, start in zip(ends, starts, strict=True)):
        raise UnreadableError("has parts that overlap or are longer than the file")
    # torch ignores the case of these names.
    names = sorted(entry.filename.lower() for entry in entries)
    if any(first == second for first, second in pairwise(names)):
        raise UnreadableError("has two entries of the same name")
    return entries


def _read_others(archive: ZipFile, entries: dict[str, ZipInfo]) -> dict[str, bytes]:
    """Return everything except tensors by name; reading verifies the checksums."""
    size = sum(entry.file_size for entry in entries.values())
    if size > LARGEST_PICKLE:
        raise UnreadableError(f"contains {size:,} bytes besides its tensors; no checkpoint has so many")
    return {name: archive.read(entry) for name, entry in entries.items()}


def _check_pickle(content: bytes) -> None:
    try:
        refused = next(filter(None, map(_refused_step, pickletools.genops(content))), None)
    except ValueError as error:
        raise UnreadableError(f"is damaged ({error!s:.80})") from error
    if refused:
        raise UnreadableError(f"contains more than simple values and tensors ({refused})")


def _refused_step(step: tuple[pickletools.OpcodeInfo, Any, int | None]) -> str | None:
    """Return what a step of a pickle does if simple values and dense tensors do not need it; else None."""
    opcode, argument, _ = step
    if opcode.name == "GLOBAL" and argument not in GLOBALS:
        return str(argument).replace(" ", ".")[:80]
    return None if opcode.name in OPCODES else opcode.name
