"""A folder with a folder a class, in which each file is a sequence."""

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Self

import numpy as np

from seqlab.data.sequences.layout import Layout
from seqlab.data.sequences.records import Record, Records
from seqlab.data.sequences.rows import NumberRows
from seqlab.data.text.text_folders import splits_in
from seqlab.errors import DataError

if TYPE_CHECKING:
    from seqlab.data.sequences.own import Sequences

log = logging.getLogger(__name__)

SUFFIXES = (".csv", ".tsv", ".txt", ".dat")


@dataclass(frozen=True)
class Folder(Layout):
    """``Class/file.csv``: a row a step, a column a channel; a header may name them.

    Attributes:
        columns: the columns that are read; none if the files have no header.
    """

    columns: tuple[str, ...] = ()
    name: Literal["folder"] = "folder"

    @classmethod
    def recognised(cls, path: Path, data: "Sequences") -> Self:
        """Return the layout of a training folder, from its first file.

        Raises:
            DataError: it has no folder with files.
        """
        if splits := splits_in(path):
            raise DataError(f"{path} has a folder for each split; give them as {splits}")
        files = _files(path)
        if files[0].parent == path:
            raise DataError(
                f"{path} has no folder with files; put the files of each class into a folder of its name"
            )
        rows = NumberRows(files[0], data.dialect)
        return cls(tuple(data.chosen(rows.header)))

    def __str__(self) -> str:
        return "or a folder of such: a file a sequence, a row a step, a column a channel"

    def read(self, path: Path, data: "Sequences") -> Records:
        """Read all files; those to predict need not be in folders of classes.

        Raises:
            DataError: a file is malformed, or has other columns than the first of the training.
        """
        files = [path] if path.is_file() else _files(path)
        channels, records = list(self.columns), []
        for file in files:
            values = self._values(file, data)
            channels = channels or [f"channel {place}" for place in range(1, values.shape[1] + 1)]
            if values.shape[1] != len(channels):
                raise DataError(
                    f"{file} has {values.shape[1]} columns, and others have {len(channels)}; make them alike"
                )
            inside = file.relative_to(path) if path.is_dir() else Path(file.name)
            labels = inside.parts[:1] if len(inside.parts) > 1 else None
            records.append(Record(str(inside), values, labels))
        return Records.of(path, channels, ["folder"], records)

    def _values(self, file: Path, data: "Sequences") -> np.ndarray:
        """Return the numbers of a file, [T, F]."""
        rows = NumberRows(file, data.dialect)
        if bool(rows.header) != bool(self.columns):
            raise DataError(f"{file} has {'a' if rows.header else 'no'} header, unlike the first file")
        missing = [name for name in self.columns if name not in rows.header]
        if missing:
            raise DataError(f"{file}: there is no column '{missing[0]}', which the first file has")
        width = len(rows.header) or max(len(row.cells) for row in rows.beginning)
        places = [rows.header.index(name) for name in self.columns] or list(range(width))
        found = []
        for row in rows:
            cells = rows.filled(row, width)
            found.append(rows.numbers(row, [cells[place] for place in places]))
        if not found:
            raise DataError(f"{file}: there is no row below the header; add data, or remove the file")
        return np.array(found)


def _files(path: Path) -> list[Path]:
    """Return the files below the folders in a folder, or if there are none those in it, sorted."""
    there = [file for file in path.rglob("*") if file.is_file() and not file.name.startswith(".")]
    known = [file for file in there if file.suffix.lower() in SUFFIXES]
    found = sorted(file for file in known if file.parent != path) or sorted(known)
    if not found:
        raise DataError(f"{path} has no file with numbers ({', '.join(SUFFIXES)}); give another folder")
    if len(there) > len(found):
        log.warning("%s: %s other files were not read", path, f"{len(there) - len(found):,}")
    return found
