"""Tables as they are found: rows of cells under a header, whatever the file."""

from dataclasses import replace
from pathlib import Path

from seqlab.data.table.base import Chunk, Row, Table
from seqlab.data.table.delimited import Delimited
from seqlab.data.table.dialect import Dialect

__all__ = ["Chunk", "Dialect", "Row", "Table", "open_table"]


def open_table(path: Path, dialect: Dialect | None = None, *, is_own: bool = False) -> Table:
    """Open a file as a table.

    Args:
        path: the file.
        dialect: how it writes a table, if it is a text.
        is_own: whether the file is the user's own, so that settings say how to read it.

    Raises:
        DataError: the file cannot be opened, is empty, or is no table.
    """
    dialect = dialect or Dialect()
    if path.suffix.lower() == ".tsv":
        dialect = replace(dialect, separator="tab")
    return Delimited(path, dialect, is_own=is_own)
