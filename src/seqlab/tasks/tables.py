"""The tables of a test. Their rows are made when they are written, and can be thinned out."""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

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

    def thinned(self, most: int) -> "BySample":
        """Return the rows of evenly spaced samples: at most ``most`` rows, but at least one sample."""
        kept = np.linspace(0, self.count - 1, max(most // self.each, 1)).round().astype(int).tolist()
        return BySample(len(kept), self.each, lambda number: self.rows(kept[number]))


Rows = Sequence[Row] | BySample


def write_tables(tables: Mapping[str, Rows], folder: Path, most: int) -> None:
    """Write tables as CSV files, a part at a time.

    Args:
        tables: the tables by name.
        folder: the folder of the files, NAME.csv.
        most: the maximum number of rows of predictions.csv.
    """
    for name, rows in tables.items():
        is_long = name == "predictions" and len(rows) > most
        _write(_thinned(rows, most) if is_long else rows, folder / f"{name}.csv")


def _thinned(rows: Rows, most: int) -> BySample:
    """Return at most ``most`` rows of predictions, with a warning."""
    whole = rows if isinstance(rows, BySample) else BySample(len(rows), 1, lambda number: [rows[number]])
    kept = whole.thinned(most)
    log.warning(
        "predictions.csv has %s of %s rows, of %s of %s test samples, evenly spread; "
        "callbacks.predictions=%s writes all",
        *(f"{count:,}" for count in (len(kept), len(whole), kept.count, whole.count)),
        len(whole),
    )
    return kept


def _write(rows: Rows, file: Path) -> None:
    cells, is_first = map(to_cells, rows), True
    with file.open("w", encoding="utf-8", newline="") as written:
        while (part := list(islice(cells, AT_ONCE))) or is_first:
            frame = pd.DataFrame(part)
            frame.to_csv(written, index=False, float_format="%.9g", header=is_first, lineterminator="\n")
            is_first = False
