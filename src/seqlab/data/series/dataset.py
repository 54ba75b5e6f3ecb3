"""Base class and settings of data sets of measured series: columns, time grid, windows, splits."""

from abc import abstractmethod
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BeforeValidator, Field, PrivateAttr, field_validator, model_validator

from seqlab.data.dataset import SplitData
from seqlab.data.sequences.side_inputs import DIFF, columns_of
from seqlab.data.series.spec import ISO, utc
from seqlab.data.source import Source
from seqlab.data.table.opening import open_table
from seqlab.registry.types import Column, Count, Finite, Name, Positive, Share, as_list

if TYPE_CHECKING:
    from seqlab.data.batches import Loaded
    from seqlab.data.series.table import Measured
    from seqlab.data.table.base import Table

Columns = Annotated[list[Column], BeforeValidator(as_list), Field(min_length=1)]
"""Names of one or more columns."""


def _moment(border: str) -> str:
    """Check a date, or a date and a time."""
    try:
        datetime.fromisoformat(border)
    except ValueError as error:
        raise ValueError(f"'{border}' is no date such as 2020-01-31 or 2020-01-31 14:30") from error
    return border


def _zone(name: str) -> str:
    """Check the name of a time zone."""
    try:
        ZoneInfo(name)
    except (OSError, ValueError, LookupError) as error:
        raise ValueError(f"no time zone '{name}' is known here; examples are Europe/Berlin, UTC") from error
    return name


Border = Count | Annotated[str, AfterValidator(_moment)]
"""Where a split begins: a date, or an integer, which is a row number from 1; write a year as 2020-01-01."""


class SeriesData(SplitData):
    """Columns of numbers on a grid, and what comes next. A data set fills in ``find``.

    Attributes:
        targets: the columns that are forecast.
        features: input columns in addition to the targets; None for all other columns of numbers.
        known: columns whose values are known ahead, such as prices and holidays: a network reads those of the
            horizon too. ``seqlab predict`` is given them with --known.
        holidays: a country, such as DE, or a part of one, DE-BY, whose public holidays are such a column too,
            which needs no file: they follow from the times.
        drop: columns that are not read.
        series_id: the columns that name the series of a row, if there are several.
        static: columns constant within a series, numbers or words, that are inputs too. An id counts as
            words, so the weights of a series' column are a learned vector of it.
        scaling: "all" for one scale of all series, "series" for each its own.
        step_minutes: minutes between two steps, to which values are averaged; None for the file's own step.
        input_days: days that a model reads.
        horizon_days: days after them that it forecasts.
        input_steps: steps that a model reads, instead of days; None for the days.
        horizon_steps: steps that it forecasts, instead of days; None for the days.
        calendar: whether hour and, with two years or more, season are columns too, and with a year of
            training the targets' distance from what is usual then.
        sentinels: numbers that mean "not measured".
        timezone: of times without an offset, e.g. Europe/Berlin; None if there is no daylight saving.
        fill_gaps: steps of a gap that is bridged in inputs by the value before it, never in targets; a column
            says where, or the side input ``mask``. None to bridge none, or with a mask all.
        side_inputs: what a cell reads beside x, by its name in the cell: a column as it is, ``diff:COLUMN``,
            its difference from the step before, 1 on average, or ``mask``, 1 where a value was measured. With
            ``diff:`` of the times each row, or average, is a step, however far from the one before.
        duplicates: what is done with two rows of one time and different values, "error" or "first".
        batch_size: windows in a training batch of one process.
        stateful: whether each window goes on with the state in which the one before it ended, so that a
            network has seen all the past; windows are then read in order, in ``batch_size`` streams.
        split: "time" splits each series by time; "series" has each series in one split, chosen at random,
            and the shares are of the number of series.
        split_seed: seed of the split by series; use the same one for runs that are compared.
        test_share: share of the steps, the last ones, or of the series, for testing.
        val_start: where validation begins, a date or a row number within each series; its
            windows may read what is before, and forecast nothing of it.
        test_start: where testing begins, likewise.
        train_start: where training begins, likewise; None for the beginning.
        test_end: where testing ends; rows from there on are not used. None for the end.
    """

    task = "forecasting"
    kind = "features"

    targets: Columns
    features: Annotated[list[Column] | None, BeforeValidator(as_list)] = None
    known: Annotated[list[Column], BeforeValidator(as_list)] = Field(default_factory=list)
    holidays: Name | None = None
    drop: Annotated[list[Column], BeforeValidator(as_list)] = Field(default_factory=list)
    series_id: Columns | None = None
    static: Annotated[list[Column], BeforeValidator(as_list)] = Field(default_factory=list)
    scaling: Literal["all", "series"] = "all"
    step_minutes: Positive | None = None
    input_days: Positive = 5.0
    horizon_days: Positive = 2.0
    input_steps: Count | None = None
    horizon_steps: Count | None = None
    calendar: bool = True
    sentinels: list[Finite] = Field(default_factory=list)
    timezone: Annotated[str, AfterValidator(_zone)] | None = None
    fill_gaps: Count | None = None
    side_inputs: dict[str, Column] = Field(default_factory=dict)
    duplicates: Literal["error", "first"] = "error"
    batch_size: Count = 256
    stateful: bool = False
    split: Literal["time", "series"] = "time"
    split_seed: Annotated[int, Field(ge=0)] = 0
    test_share: Share = 0.2
    train_start: Border | None = None
    val_start: Border | None = None
    test_start: Border | None = None
    test_end: Border | None = None

    _known_file: Path | None = PrivateAttr(default=None)

    @field_validator("targets", "features", "series_id", "static", "known")
    @classmethod
    def _named_once(cls, names: list[str] | None) -> list[str] | None:
        twice = [name for name in names or [] if (names or []).count(name) > 1]
        if twice:
            raise ValueError(f"'{twice[0]}' is named twice")
        return names

    @model_validator(mode="after")
    def _are_several(self) -> "SeriesData":
        given = {"static": self.static, "scaling": self.scaling == "series", "split": self.split == "series"}
        key = next((key for key, is_given in given.items() if is_given), None)
        if key and not self.series_id:
            raise ValueError(f"{key} is for several series; name the columns of their ids with series_id")
        for name in self.static:
            if name in self.targets:
                raise ValueError(f"'{name}' is in static too; name it once")
        for name in self.drop:
            named = (*self.targets, *(self.features or ()), *(self.series_id or ()), *self.static)
            if name in (*named, *self.time_columns):
                raise ValueError(f"'{name}' is in drop, and is read as well; name it once")
        for name in self.targets:
            if name in (self.series_id or ()):
                raise ValueError(f"'{name}' is in series_id too; a target is a column of numbers")
        return self

    @model_validator(mode="after")
    def _are_inputs(self) -> "SeriesData":
        beside = [name for name in columns_of(self.side_inputs) if name not in self.time_columns]
        others = {*self.targets, *(self.series_id or ()), *self.static, *self.drop, *self.time_columns}
        for setting, names, taken in (
            ("side_inputs", beside, others),
            ("known", self.known, {*others, *beside}),
        ):
            for name in names:
                if name in taken:
                    raise ValueError(f"'{name}' is in {setting}, and is named elsewhere too; name it once")
        if self.holidays and self.is_uneven:
            raise ValueError(
                f"holidays follow from the times of the steps ahead, and with side_inputs {DIFF}"
                f"{' '.join(self.time_columns)} nobody knows them; name a column of holidays in known instead"
            )
        return self

    @model_validator(mode="after")
    def _split_is_one(self) -> "SeriesData":
        if self.split == "series" and self.scaling == "series":
            raise ValueError(
                "scaling=series has no scale for series that are not in training, as those of split=series; "
                "set scaling=all, or split=time"
            )
        if self.split == "series" and self.val_start is not None:
            raise ValueError("val_start splits by time, split=series by series; give one of them")
        return self

    @model_validator(mode="after")
    def _borders_are_in_order(self) -> "SeriesData":
        if (self.val_start is None) != (self.test_start is None) or (self.test_end and not self.test_start):
            raise ValueError("val_start and test_start are given together, test_end only with them")
        if self.train_start is not None and self.val_start is None:
            raise ValueError("train_start is given only with val_start and test_start")
        given = (self.train_start, self.val_start, self.test_start, self.test_end)
        borders = [border for border in given if border is not None]
        if len({type(border) for border in borders}) > 1:
            raise ValueError(
                "train_start, val_start, test_start and test_end must all be dates, or all be numbers of rows"
            )
        if isinstance(self.val_start, int):
            in_order = borders == sorted(set(borders))
        else:
            times = [utc(str(border)) for border in borders]
            in_order = times == sorted(set(times))
        if not in_order:
            raise ValueError("train_start, val_start, test_start and test_end must follow each other")
        return self

    def with_known(self, file: Path) -> Self:
        """Return the same settings, with the file of what is known of the horizon.

        Raises:
            ConfigError: nothing is.
        """
        if not self.known:
            return super().with_known(file)
        copy = self.model_copy()
        copy._known_file = file  # noqa: SLF001 (its own)
        return copy

    @property
    def known_file(self) -> Path | None:
        """The file with what is known of the horizon that follows the latest rows."""
        return self._known_file

    @property
    def time_columns(self) -> Sequence[str]:
        """The columns that a time is written in, joined by blanks; none if rows are steps in their order."""
        return ("time",)

    @property
    def order(self) -> Literal["shuffled", "streams"]:
        """The order of the training windows."""
        return "streams" if self.stateful else "shuffled"

    @property
    def is_uneven(self) -> bool:
        """Whether a cell is told how far steps are apart, so that nothing need be between them."""
        time = " ".join(self.time_columns)
        return bool(time) and f"{DIFF}{time}" in self.side_inputs.values()

    @property
    def time_formats(self) -> Sequence[str]:
        """How a time may be written, in the notation of ``strptime`` or ``ISO``."""
        return (ISO,)

    @abstractmethod
    def find(self) -> Source:
        """Return where the file is.

        Raises:
            DataError: there is none.
        """

    def open(self, source: Source) -> "Table":
        """Return the file."""
        return open_table(source.path)

    def transform(self, measured: "Measured") -> "Measured":
        """Derive columns before resampling; nothing unless a data set has something to derive."""
        return measured

    def load(self) -> "Loaded":
        """Read, resample, scale and cut the series.

        Raises:
            DataError: the file is missing or malformed, or a split is shorter than a window.
        """
        from seqlab.data.series.prepare import load  # noqa: PLC0415 (imports torch)

        return load(self)
