"""Which layout does a file have?"""

import logging
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

from pydantic import Field

from seqlab.data.sequences.folder import Folder
from seqlab.data.sequences.layout import Layout
from seqlab.data.sequences.long import Long, id_column
from seqlab.data.sequences.npz import NPZ
from seqlab.data.sequences.rows import NumberRows
from seqlab.data.sequences.ts import TS
from seqlab.data.sequences.wide import Wide

if TYPE_CHECKING:
    from seqlab.data.sequences.own import Sequences

LAYOUTS: dict[str, type[Layout]] = {"wide": Wide, "long": Long, "ts": TS, "npz": NPZ, "folder": Folder}
"""What each value of data.layout names."""
AnyLayout = Annotated[Wide | Long | TS | NPZ | Folder, Field(discriminator="name")]

log = logging.getLogger(__name__)


def layout_of(path: Path, data: "Sequences") -> AnyLayout:
    """Return the layout of a training file, as set or recognised.

    Raises:
        DataError: the file cannot be read, or a setting is needed.
    """
    name = _recognised(path, data) if data.layout == "auto" else data.layout
    return cast("AnyLayout", LAYOUTS[name].recognised(path, data))


def _recognised(path: Path, data: "Sequences") -> str:
    if path.is_dir():
        return "folder"
    if path.suffix.lower() in (".ts", ".npz"):
        return path.suffix.lower()[1:]
    if data.series_id is not None:
        return "long"
    rows = NumberRows(path, data.dialect)
    name = id_column(rows.header)
    if name is None:
        return "wide"
    place = rows.header.index(name)
    ids = [row.cells[place] for row in rows.beginning[1:] if len(row.cells) > place]
    return "long" if len(set(ids)) < len(ids) else "wide"
