"""series_csv: a measured series of your own."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from pydantic import Field

from seqlab.data.dataset import OwnFile, register_dataset
from seqlab.data.series.dataset import Columns, SeriesData
from seqlab.data.series.spec import USUAL
from seqlab.data.source import Source
from seqlab.errors import DataError
from seqlab.registry.types import Name

if TYPE_CHECKING:
    from seqlab.data.table.base import Table


@register_dataset("series_csv")
class SeriesCSV(OwnFile, SeriesData):
    """A table with a column of times and columns of numbers.

    Attributes:
        path: a table (.csv, .tsv, .tsf, .jsonl, .parquet, .feather, .npz; text files also as .gz, .bz2,
            .xz, .zip).
        time: the column of times, or several whose cells are joined by a blank; None if each row is a step.
        time_format: of the times, in the notation of ``strptime``, with ``%q`` for a quarter; "unix",
            "unix_ms", "unix_us" or "unix_ns" for numbers since 1970; None for ISO 8601, such numbers,
            1990Q1 or 1990-W01.
    """

    time: Columns | None = Field(default=["time"])
    time_format: Name | None = None

    @property
    def time_columns(self) -> Sequence[str]:
        """The columns of times."""
        return self.time or ()

    @property
    def time_formats(self) -> Sequence[str]:
        """The format of times."""
        return (self.time_format,) if self.time_format else USUAL

    def open(self, source: Source) -> "Table":
        """Open the file as its settings say.

        Raises:
            DataError: it cannot be opened, or has no such column of times.
        """
        table = self.table(source.path)
        try:
            table.places(self.time_columns)
        except DataError as error:
            remedy = (
                "name the column of times with data.time, or take each row for a step with data.time=null"
            )
            raise DataError(f"{error}; {remedy}") from error
        return table
