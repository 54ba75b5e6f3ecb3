"""Which layout does a file have?"""

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

from pydantic import Field

from seqlab.data.sequences.folder import Folder
from seqlab.data.sequences.layout import Layout, id_column
from seqlab.data.sequences.lists import Lists, list_columns
from seqlab.data.sequences.long import Long
from seqlab.data.sequences.named import Named
from seqlab.data.sequences.npz import NPZ
from seqlab.data.sequences.rows import BEGINNING, NumberRows
from seqlab.data.sequences.ts import TS
from seqlab.data.sequences.wide import ENDS, Wide
from seqlab.data.table.arrays import is_arrays
from seqlab.data.table.base import Table
from seqlab.data.table.opening import look
from seqlab.data.table.saved import is_saved
from seqlab.errors import DataError

if TYPE_CHECKING:
    from seqlab.data.sequences.own import Sequences

LAYOUTS: dict[str, type[Layout]] = {"long": Long, "ts": TS, "npz": NPZ, "folder": Folder}
"""What data.layout names, besides "wide": ``Named`` or ``Lists`` with a header, ``Wide`` without."""
OF_STEPS = (Long, NPZ)
"""Layouts that may have a label at every step."""
FEWEST_IDS = 2
"""Different values of a column that may be ids."""
AnyLayout = Annotated[Wide | Named | Lists | Long | TS | NPZ | Folder, Field(discriminator="name")]


def layout_of(path: Path, data: "Sequences") -> AnyLayout:
    """Return the layout of a training file, as set or recognised.

    Raises:
        DataError: the file cannot be read, or a setting is needed.
    """
    found = LAYOUTS.get(data.layout) or (_rows if data.layout == "wide" else _recognised)(path, data)
    if data.problem_type == "tagging" and found not in OF_STEPS:
        raise DataError(
            f"{path}: task=tagging reads a label at every step: a row a step with a column of ids, which "
            "data.series_id names, or an .npz file with y [N, T]"
        )
    layout = cast("AnyLayout", found.recognised(path, data))
    if data.layout == "auto" and isinstance(layout, Wide | Named):
        _refuse_steps(layout, path, data)
    return layout


def _refuse_steps(layout: Wide | Named, path: Path, data: "Sequences") -> None:
    """Refuse rows that are steps rather than sequences: some in a row share an id and their label."""
    if isinstance(layout, Wide):
        rows = [row.cells for row in NumberRows(path, data.dialect).beginning]
        places = [0 if layout.label == "last" else 1]
        names = list(map(str, places))
        labels, more = [row[ENDS[layout.label]] for row in rows], " data.layout=long data.header=false"
    else:
        table = data.table(path)
        rows = [row.cells for row in table.head(BEGINNING)]
        names, places, more = list(layout.columns), table.places(layout.columns), ""
        labels = [row[table.places(layout.labels)[0]] for row in rows]
    for name, place in zip(names, places, strict=True):
        if _are_ids([row[place] for row in rows if len(row) > place], labels):
            raise DataError(
                f"{path}: rows one after the other have the same '{name}', as steps of a sequence have: set "
                f"data.series_id={name}{more}; or data.layout=wide if each row is a sequence"
            )


def _are_ids(cells: Sequence[str], labels: Sequence[str]) -> bool:
    """Return whether each value of a column stands in several rows, all of them together, with one label."""
    runs = 1 + sum(one != other for one, other in pairwise(cells))
    values = set(cells)
    return (
        len(cells) == len(labels)
        and len(values) == runs == len(set(zip(cells, labels, strict=True)))
        and FEWEST_IDS <= runs <= len(cells) / 2
    )


def _recognised(path: Path, data: "Sequences") -> type[Layout]:
    if path.is_dir() and not is_saved(path):
        return Folder
    if is_arrays(path):
        return NPZ
    suffix = "" if path.is_dir() else look(path)[0].suffix.lower()
    if suffix == ".arff":
        raise DataError(
            f"{path} is an .arff file, which is not read; give the .ts of the same archive, or rows"
        )
    if suffix == ".ts":
        return TS
    found = _rows(path, data)
    has_ids = data.series_id is not None or (found is Named and _ids_repeat(data.table(path)))
    return Long if has_ids and found is not Lists else found


def _ids_repeat(table: Table) -> bool:
    """Return whether there is a column of ids, of which rows have the same."""
    name = id_column(table.header)
    ids = [row.cells[table.header.index(name)] for row in table.head(BEGINNING)] if name else []
    return len(set(ids)) < len(ids)


def _rows(path: Path, data: "Sequences") -> type[Layout]:
    """Return the layout of rows, with or without a header."""
    is_text = not is_saved(path) and look(path)[1] == "text"
    if is_text and not NumberRows(path, data.dialect).header:
        return Wide
    return Lists if list_columns(data.table(path)) else Named
