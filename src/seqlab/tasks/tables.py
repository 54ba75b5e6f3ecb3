"""The tables of a test. Their rows are made when they are written, and can be thinned out."""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np

from seqlab.io.spreadsheet import to_cells

log = logging.getLogger(__name__)

AT_ONCE = 10_000
"""Maximum number of rows in memory."""

Row = Mapping[str, Any]


@dataclass(frozen=True)
class BySample:
    """Rows of a table, made sample by sample.

    Attributes:
        count: the number of samples.
        each: the number of rows of one sample.
        rows: a function that returns the rows of a sample by its number, from 0.
    """

    count: int
    each: int
    rows: Callable[[int], Sequence[Row]]

    def __iter__(self) -> Iterator[Row]:
        return chain.from_iterable(map(self.rows, range(self.count)))

    def __len__(self) -> int:
        return self.count * self.each

    def __getitem__(self, row: int) -> Row:
        sample, place = divmod(range(len(self))[row], self.each)
        return self.rows(sample)[place]

    def thinned(self, most: int) -> "BySample":
        """Return the rows of evenly spaced samples: at most ``most`` rows, but at least one sample."""
        kept = np.linspace(0, self.count - 1, max(most // self.each, 1)).round().astype(int).tolist()
        return BySample(len(kept), self.each, lambda number: self.rows(kept[number]))


Rows = Sequence[Row] | BySample


Format = Literal["csv", "parquet"]
"""How predictions are written."""


def write_tables(tables: Mapping[str, Rows], folder: Path, most: int, predictions: Format = "csv") -> None:
    """Write tables as CSV files, or the predictions as Parquet, a part at a time.

    Args:
        tables: the tables by name.
        folder: the folder of the files, NAME.csv.
        most: the maximum number of rows of the predictions.
        predictions: the format of the predictions; those of the run in another format are removed.
    """
    for name, rows in tables.items():
        if name != "predictions":
            _write(rows, folder / f"{name}.csv")
            continue
        file = folder / f"{name}.{predictions}"
        write = _write_parquet if predictions == "parquet" else _write
        write(_thinned(rows, most, file.name) if len(rows) > most else rows, file)
        for other in set(get_args(Format)) - {predictions}:
            (folder / f"{name}.{other}").unlink(missing_ok=True)


def _thinned(rows: Rows, most: int, name: str) -> BySample:
    """Return at most ``most`` rows of predictions, with a warning."""
    whole = rows if isinstance(rows, BySample) else BySample(len(rows), 1, lambda number: [rows[number]])
    kept = whole.thinned(most)
    log.warning(
        "%s has %s of %s rows, of %s of %s test samples, evenly spread; callbacks.predictions=%s writes all",
        name,
        *(f"{count:,}" for count in (len(kept), len(whole), kept.count, whole.count)),
        len(whole),
    )
    return kept


def _write(rows: Rows, file: Path) -> None:
    import pandas as pd  # noqa: PLC0415 (slow to import, and not needed before the first step)

    cells, is_first = map(to_cells, rows), True
    with file.open("w", encoding="utf-8", newline="") as written:
        while (part := list(islice(cells, AT_ONCE))) or is_first:
            frame = pd.DataFrame(part)
            frame.to_csv(written, index=False, float_format="%.9g", header=is_first, lineterminator="\n")
            is_first = False


def _write_parquet(rows: Rows, file: Path) -> None:
    import pyarrow as pa  # noqa: PLC0415 (an extra)
    from pyarrow import parquet  # noqa: PLC0415 (an extra)

    all_rows = map(dict, rows)
    first = pa.Table.from_pylist(list(islice(all_rows, AT_ONCE)))
    with parquet.ParquetWriter(file, first.schema) as written:
        written.write_table(first)
        while part := list(islice(all_rows, AT_ONCE)):
            written.write_table(pa.Table.from_pylist(part, first.schema))
