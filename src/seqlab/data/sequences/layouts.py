"""Which layout does a file have?"""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

from pydantic import Field

from seqlab.data.sequences.folder import Folder
from seqlab.data.sequences.layout import Layout, id_column
from seqlab.data.sequences.long import Long
from seqlab.data.sequences.named import Named
from seqlab.data.sequences.npz import NPZ
from seqlab.data.sequences.rows import BEGINNING, NumberRows
from seqlab.data.sequences.ts import TS
from seqlab.data.sequences.wide import Wide
from seqlab.data.table import Table, is_saved, look
from seqlab.data.table.arrays import is_arrays

if TYPE_CHECKING:
    from seqlab.data.sequences.own import Sequences

LAYOUTS: dict[str, type[Layout]] = {"long": Long, "ts": TS, "npz": NPZ, "folder": Folder}
"""What each value of data.layout names, besides "wide": ``Named`` with a header, ``Wide`` without."""
AnyLayout = Annotated[Wide | Named | Long | TS | NPZ | Folder, Field(discriminator="name")]


def layout_of(path: Path, data: "Sequences") -> AnyLayout:
    """Return the layout of a training file, as set or recognised.

    Raises:
        DataError: the file cannot be read, or a setting is needed.
    """
    found = LAYOUTS.get(data.layout) or (_rows if data.layout == "wide" else _recognised)(path, data)
    return cast("AnyLayout", found.recognised(path, data))


def _recognised(path: Path, data: "Sequences") -> type[Layout]:
    if path.is_dir() and not is_saved(path):
        return Folder
    if is_arrays(path):
        return NPZ
    if not path.is_dir() and look(path)[0].suffix.lower() == ".ts":
        return TS
    found = _rows(path, data)
    return Long if data.series_id is not None or (found is Named and _ids_repeat(data.table(path))) else found


def _ids_repeat(table: Table) -> bool:
    """Return whether there is a column of ids, of which rows have the same."""
    name = id_column(table.header)
    ids = [row.cells[table.header.index(name)] for row in table.head(BEGINNING)] if name else []
    return len(set(ids)) < len(ids)


def _rows(path: Path, data: "Sequences") -> type[Layout]:
    """Return the layout of rows, with or without a header."""
    is_text = not is_saved(path) and look(path)[1] == "text"
    return Wide if is_text and not NumberRows(path, data.dialect).header else Named
