"""How a file holds numeric sequences: the base class of layouts."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

from seqlab.data.sequences.records import Records
from seqlab.data.table.base import Table

if TYPE_CHECKING:
    from seqlab.data.sequences.own import Sequences

LABELS = frozenset({"label", "labels", "class", "target", "y", "category"})
"""What a column of labels is called, if nobody says."""
IDS = frozenset({"id", "series_id", "series", "sequence", "sequence_id", "seq_id", "case", "case_id"})
"""What a column is called that says which sequence a row belongs to, if nobody says."""
TIMES = frozenset({"t", "time", "step", "timestamp", "datetime", "date", "frame", "index"})
"""What a column is called by which the rows of a sequence are sorted, if nobody says."""


class Layout(ABC):
    """One way in which a file holds sequences.

    A layout is a frozen dataclass. Its fields are what was recognised in the training file, or set: enough to
    read another file in the same way. ``name`` is what ``data.layout`` calls it.
    """

    name: str

    @classmethod
    @abstractmethod
    def recognised(cls, path: Path, data: "Sequences") -> Self:
        """Return the layout of a training file, from its beginning and the settings.

        Raises:
            DataError: the file has another layout, or a setting is needed.
        """

    @abstractmethod
    def read(self, path: Path, data: "Sequences") -> Records:
        """Read all sequences; their labels may be absent.

        Raises:
            DataError: the file is malformed, or does not fit the layout.
        """

    @abstractmethod
    def __str__(self) -> str:
        """Return the layout in words, as for ``--file FILE, …``."""


@dataclass(frozen=True)
class RowLayout(Layout):
    """A layout of a table whose columns have names, with a row a sequence.

    Attributes:
        columns: the columns of numbers, or of lists of them.
        labels: the columns of labels.
        series_id: the column of the sequences' names; "" if there is none.
        group: the column of groups; "" if there is none.
    """

    columns: tuple[str, ...]
    labels: tuple[str, ...]
    series_id: str = ""
    group: str = ""


def id_column(header: Sequence[str]) -> str | None:
    """Return the column that is called like one of ids; None if there is none."""
    return next((name for name in header if name.lower() in IDS), None)


def cell_of(table: Table, value: object) -> str:
    """Return a cell of a column that holds no numbers; "" if it says that something is missing."""
    cell = str(value)
    return "" if cell in table.dialect.blanks else cell
