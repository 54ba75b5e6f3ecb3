"""series_csv: a measured series of your own."""

from collections.abc import Sequence

from seqlab.data.dataset import OwnFile, register_dataset
from seqlab.data.delimited import Delimited
from seqlab.data.series.dataset import SeriesData
from seqlab.data.series.spec import ISO
from seqlab.data.source import Source
from seqlab.registry.types import Name


@register_dataset("series_csv")
class SeriesCSV(OwnFile, SeriesData):
    """A CSV file with a column of times and columns of numbers.

    Attributes:
        path: the file, or a zip of one CSV.
        time: the column of times.
        time_format: of the times, in the notation of ``strptime``; None for ISO 8601.
    """

    time: Name = "time"
    time_format: Name | None = None

    @property
    def time_column(self) -> str:
        """The column of times."""
        return self.time

    @property
    def time_formats(self) -> Sequence[str]:
        """The format of times."""
        return (self.time_format or ISO,)

    def open(self, source: Source) -> Delimited:
        """Open the file with its separator and encoding."""
        return Delimited(source.path, separator=self.separator, encoding=self.encoding, is_own=True)
