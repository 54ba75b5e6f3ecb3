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
class Series(OwnFile, SeriesData):
    """A table with a column of times and columns of numbers.

    Attributes:
        path: a table (.csv, .tsv, .tsf, .jsonl, .parquet, .feather, .npz; text files also as .gz, .bz2,
            .xz, .zip).
        time: column of the times, or several that are joined, as [date, time]; None: each row is a step.
        time_format: how times are written, e.g. '%d.%m.%Y %H:%M', unix, unix_ms, unix_us, unix_ns; None: ISO
            8601, 2020-01-31 14:30, 202001311430, unix, or 1990Q1. The notation is that of ``strptime``, with
            ``%q`` for a quarter.
        separator: comma, semicolon, tab, pipe or space (any number of blanks); None: comma, or tab in a .tsv.
        encoding: how the file stores characters.
        targets: columns that are forecast, e.g. [load].
        features: input columns in addition to the targets; None: all other columns of numbers.
        known: input columns whose values in the horizon are read too, e.g. [price,holiday].
        holidays: a country, e.g. DE or DE-BY, whose public holidays are such a column too.
        series_id: columns that name the series of a row, if there are several, e.g. [store].
        static: columns constant within a series, numbers or words, e.g. [region]; or the id itself, for a
            learned vector of each series.
        scaling: all: one scale for all series; series: each its own.
        step_minutes: resample to means over so many minutes; None: the file's own step.
        input_days: days that the model reads.
        input_steps: steps that the model reads; None: input_days.
        horizon_steps: steps that it forecasts; None: horizon_days.
        calendar: hour, season and the distance from what is usual then are columns too.
        sentinels: numbers that mean "not measured", e.g. [-9999].
        timezone: of times without an offset, e.g. Europe/Berlin; None: no daylight saving.
        fill_gaps: bridge gaps of up to so many steps in inputs, never in targets; a column says where, or the
            side input mask.
        side_inputs: what a cell reads beside x, by its name in the cell: a column, diff:COLUMN (of the times:
            each row is a step), or mask, 1 where a value was measured, which bridges all gaps.
        duplicates: two rows of one time that differ: error, or first to keep the first.
        stateful: each window goes on with the state of the one before it; choose a small batch_size.
        split: time: each series is split by time; series: each series is in one split, chosen at random.
        split_seed: seed of the split by series.
        val_share: fraction of the time for validation, before the test; or of the series.
        test_share: fraction of the time for testing, the last part; or of the series.
        val_start: where validation begins, a date such as 2020-01-01 or a row number, instead of shares;
            inputs may reach back.
        test_end: where testing ends; None: the end.
        limit_train_samples: maximum number of training windows; None: all.
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
