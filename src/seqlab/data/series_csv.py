"""series_csv: a measured series of your own."""

from typing import Any

from seqlab.data.delimited import Delimited
from seqlab.data.series.dataset import SeriesData
from seqlab.data.series.table import ISO
from seqlab.data.source import Source, named_file


class SeriesCSV(SeriesData):
    """A CSV file with a column of times and columns of numbers.

    Args:
        path: the file, or a zip of one CSV.
        time_format: how times are written, in the notation of ``strptime``; None for ISO 8601.
        separator: "comma", "semicolon", "tab" or "pipe".
        encoding: how the file stores characters.
        settings: see ``SeriesData``.
    """

    name = "series_csv"

    def __init__(
        self,
        *,
        path: str,
        time_format: str | None = None,
        separator: str = "comma",
        encoding: str = "utf-8",
        **settings: Any,
    ) -> None:
        super().__init__(**settings)
        self.path, self.separator, self.encoding = path, separator, encoding
        self.time_formats = (time_format or ISO,)

    def find(self) -> Source:
        """Return the file."""
        return named_file(self.path)

    def open(self, source: Source) -> Delimited:
        """Return the file, in its separator and encoding."""
        return Delimited(source.path, separator=self.separator, encoding=self.encoding, is_own=True)
