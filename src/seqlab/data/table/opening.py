# ruff: noqa: PLC0415
"""Which class reads a file as a table; it is imported, with numpy, once a file asks for it."""

from pathlib import Path
from typing import TYPE_CHECKING

from seqlab.data.table.dialect import Dialect
from seqlab.data.table.saved import is_saved
from seqlab.errors import DataError

if TYPE_CHECKING:
    from seqlab.data.table.base import Table

SEEN = 2**13
"""Bytes of a file that are looked at to know what it is."""


def look(path: Path) -> tuple[Path, str]:
    """Return the name of a file without what it is packed in, and what reads it, as ``kind_of``.

    Raises:
        DataError: it cannot be opened, or is no table.
    """
    from seqlab.data.table.content import opened
    from seqlab.data.table.magic import kind_of

    with opened(path) as content:
        return content.name, kind_of(path, content.name, content.file.peek(SEEN)[:SEEN])


def open_table(path: Path, dialect: Dialect | None = None, *, is_own: bool = False) -> "Table":
    """Open a file as a table.

    Args:
        path: the file.
        dialect: how it writes a table, if it is a text.
        is_own: whether the file is the user's own, so that settings say how to read it.

    Raises:
        DataError: the file cannot be opened, is empty, or is no table.
    """
    from seqlab.data.table.arrays import ArrayTable, is_arrays
    from seqlab.data.table.arrow import ArrowTable
    from seqlab.data.table.delimited import Delimited
    from seqlab.data.table.json_table import JSONTable
    from seqlab.data.table.magic import TABLES
    from seqlab.data.table.tsf import TSF

    dialect = dialect or Dialect()
    if is_saved(path):
        return ArrowTable(path, dialect, "saved", is_own=is_own)
    if is_arrays(path):
        return ArrayTable(path, dialect, is_own=is_own)
    name, kind = look(path)
    if kind in TABLES.values() and name != path:
        raise DataError(f"{path} is a packed {kind} file; unpack it and give the file")
    if kind == "npy":
        return ArrayTable(path, dialect, is_own=is_own)
    if kind in TABLES.values():
        return ArrowTable(path, dialect, kind, is_own=is_own)
    if kind in ("json", "jsonl"):
        return JSONTable(path, dialect, is_own=is_own, is_list=kind == "json")
    return (TSF if kind == "tsf" else Delimited)(path, dialect.named(name), is_own=is_own)
