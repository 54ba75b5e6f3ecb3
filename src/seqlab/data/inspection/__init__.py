"""What a file contains, and the commands that train on it."""

from pathlib import Path
from typing import NamedTuple

from seqlab.data.inspection.columns import Column, columns_of
from seqlab.data.inspection.dialects import settings_of, sniffed
from seqlab.data.inspection.suggestion import Suggestion
from seqlab.data.inspection.suggestions import dated, of_folder, of_lines, of_tsf, suggestions
from seqlab.data.sequences.npz import x_among
from seqlab.data.table.arrays import is_arrays, read_arrays
from seqlab.data.table.opening import look, open_table
from seqlab.data.table.saved import is_saved
from seqlab.data.table.tsf import TSF
from seqlab.errors import DataError

ROWS = 10_000
"""Maximum number of rows that are read."""

__all__ = ["Column", "Inspection", "Suggestion", "inspect"]


class Inspection(NamedTuple):
    """The result of looking at a file.

    Attributes:
        facts: lines about the file as a whole.
        columns: the columns of a table; none of other files.
        suggestions: what the file may contain, the most probable first.
    """

    facts: list[str]
    columns: list[Column]
    suggestions: list[Suggestion]


def inspect(path: Path) -> Inspection:
    """Look at the beginning of a file, or at the files of a folder.

    Raises:
        DataError: it does not exist, or no data set fits it.
    """
    if not path.exists():
        raise DataError(f"{path} does not exist")
    if path.is_dir() and not is_saved(path) and not is_arrays(path):
        return Inspection([f"{path}: a folder"], [], [of_folder(path)])
    if is_arrays(path) and (x := x_among(arrays := read_arrays(path))):
        what = f"numeric sequences, an array {x} of shape {list(arrays[x].shape)}"
        return Inspection([f"{path}: arrays"], [], [Suggestion(what, "sequences", {}).at(path, {})])
    if path.is_file() and not is_arrays(path):
        name, kind = look(path)
        whole = of_lines(path, name) if kind == "text" else None
        if whole is not None:
            return Inspection([f"{path}: {whole.what}"], [], [whole])
    return _table(path)


def _table(path: Path) -> Inspection:
    dialect = sniffed(path)
    table = open_table(path, dialect, is_own=True)
    rows = table.head(ROWS)
    columns = columns_of(table.header, [row.cells for row in rows], dialect)
    more = ", the first of more" if len(rows) == ROWS else ""
    facts = [f"{path}: a table of {len(columns)} columns; {len(rows):,} rows were looked at{more}"]
    if again := len(rows) - len({tuple(row.cells) for row in rows}):
        facts.append(f"{again:,} rows repeat an earlier one in every cell")
    if second := [one.cells[0] for one in columns if one.is_headed]:
        words = ", ".join(f"'{word}'" for word in second[:3])
        facts.append(
            f"the row below the header has words over numbers, {words}: units or a second header? Remove it"
        )
    for one in columns:
        if one.odd:
            facts.append(f"column '{one.name}': {len(one.odd):,} cells are not times, such as '{one.odd[0]}'")
        if one.kind == "name" and one.is_adorned:
            facts.append(f"column '{one.name}': write plain numbers, not such as '{one.no_number}'")
    if times := dated(columns):
        others = [one.name for one in columns if one.name not in times]
        melt = f"table.melt({others!r}, var_name='time').to_csv('long.csv', index=False)"
        facts.append(
            f"each row is a series and each column a time; data=series_csv reads one row per time: {melt}"
        )
    written = settings_of(path, dialect, columns)
    found = [of_tsf(table)] if isinstance(table, TSF) else suggestions(columns)
    return Inspection(facts, columns, [one.at(path, written) for one in found])
