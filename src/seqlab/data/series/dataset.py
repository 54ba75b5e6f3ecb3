"""What every data set of a measured series has in common: a grid, honest splits by time, scaling, windows."""

import logging
import warnings
from abc import abstractmethod
from collections.abc import Mapping, Sequence

import numpy as np
import torch
from torch import Tensor

from seqlab.data.batches import Samples
from seqlab.data.delimited import Delimited
from seqlab.data.module import SequenceData
from seqlab.data.series.grid import Grid, derive, fit_climatology, resample
from seqlab.data.series.spec import DAY, YEAR, SeriesSettings
from seqlab.data.series.table import ISO, Measured, read_measured
from seqlab.data.series.windows import WindowSamples, window_starts
from seqlab.data.source import Source
from seqlab.data.spec import DataSpec
from seqlab.data.splits import Shares, sample, split_by_time
from seqlab.errors import DataError, near

log = logging.getLogger(__name__)

ROUNDING = 1e-9
"""Share of a column's mean that its deviation must exceed, or the column is constant."""


class SeriesData(SequenceData):
    """Columns of numbers on a grid, and what comes next. A data set fills in ``name`` and ``find``.

    Args:
        time: the column of times.
        targets: the columns that are forecast.
        features: the measured columns that are read besides them; None for all of the file's.
        step_minutes: minutes between two steps; None for the file's own.
        input_days: days that a model reads.
        horizon_days: days behind them that it forecasts.
        calendar: whether hour and, with two years or more, season are columns too, and with a year of
            training the targets' distance from what is usual then.
        sentinels: numbers that mean "not measured".
        duplicates: what is done with two rows of one time and different values, "error" or "first".
        val_share: share of the steps for validation.
        test_share: share of the steps, the last ones, for testing.
        batch_size: windows in a training batch of one process.
        limit_train_samples: take only so many training windows, or None.
        seed: decides the order of the training batches.
    """

    name: str
    time_formats: Sequence[str] = (ISO,)

    def __init__(
        self,
        *,
        time: str,
        targets: Sequence[str],
        features: Sequence[str] | None = None,
        step_minutes: float | None = None,
        input_days: float = 5.0,
        horizon_days: float = 2.0,
        calendar: bool = True,
        sentinels: Sequence[float] = (),
        duplicates: str = "error",
        val_share: float = 0.1,
        test_share: float = 0.2,
        batch_size: int = 256,
        limit_train_samples: int | None = None,
        seed: int = 0,
    ) -> None:
        super().__init__(batch_size=batch_size, limit_train_samples=limit_train_samples, seed=seed)
        self.time, self.targets, self.features = time, tuple(targets), features
        self.step_minutes, self.input_days, self.horizon_days = step_minutes, input_days, horizon_days
        self.with_calendar, self.sentinels, self.duplicates = calendar, sentinels, duplicates
        self.shares = Shares(val_share, test_share)

    @abstractmethod
    def find(self) -> Source:
        """Return where the file is.

        Raises:
            DataError: there is none.
        """

    def open(self, source: Source) -> Delimited:
        """Return the file."""
        return Delimited(source.path)

    def transform(self, measured: Measured) -> Measured:
        """Derive columns before resampling; nothing unless a data set has something to derive."""
        return measured

    def load(self) -> tuple[DataSpec, Mapping[str, Samples]]:
        """Read, resample, scale and cut the series.

        Raises:
            DataError: the file is missing or malformed, or a split is shorter than a window.
        """
        source = self.find()
        table = self.open(source)
        grid = self.read_grid(table, self._measured(table), self.step_minutes)
        missing = [target for target in self.targets if target not in grid.columns]
        if missing:
            raise DataError(
                f"{source.path}: '{missing[0]}' cannot be forecast; {near(missing[0], grid.columns)}. "
                "Choose others with data.targets"
            )
        parts = split_by_time(len(grid), self.shares)
        settings = self._settings(table, grid, parts["train"])
        for split, part in parts.items():
            if len(part):
                first, last = (np.datetime64(int(grid.times[at]), "s") for at in (part[0], part[-1]))
                log.info("%s: %s to %s", split, first, last)
        self._windows = self._cut(source, grid, settings, parts)
        spec = DataSpec(
            name=self.name,
            kind="features",
            task="forecasting",
            input_size=len(settings.columns),
            series=settings,
            source=source.kind,
            origin=f"{source.path} ({source.how})",
            sha256=table.fingerprint(),
            path=str(source.path.resolve()),
            sizes={split: len(windows) for split, windows in self._windows.items()},
        )
        return spec, self._windows

    def describe(self, split: str, index: int) -> str:
        """Return the time of the last step that a window reads."""
        last = self._windows[split].last_read(index)
        return str(np.datetime64(last, "s"))

    def read_grid(self, table: Delimited, columns: Sequence[str], step_minutes: float | None) -> Grid:
        """Return the measured columns of a file on a grid.

        Raises:
            DataError: the file is malformed.
        """
        measured = read_measured(
            table,
            time=self.time,
            columns=columns,
            time_formats=self.time_formats,
            sentinels=self.sentinels,
            duplicates=self.duplicates,
        )
        try:
            return resample(self.transform(measured), step_minutes)
        except DataError as error:
            raise DataError(f"{table.path}: {error}") from error

    def _measured(self, table: Delimited) -> tuple[str, ...]:
        """Return the columns that are read, the targets among them, in the order of the file."""
        wanted = [*self.targets, *(table.header if self.features is None else self.features)]
        table.places([self.time, *dict.fromkeys(filter(None, wanted))])
        return tuple(name for name in table.header if name in wanted and name not in ("", self.time))

    def _settings(self, table: Delimited, grid: Grid, train: range) -> SeriesSettings:
        """Learn scales and climatology from the training part."""
        calendar: tuple[str, ...] = ()
        climatology: tuple[tuple[float, ...], ...] = ()
        if self.with_calendar:
            # With two steps a day or fewer, sine and cosine of the day are constant but for rounding.
            calendar = ("day",) if 2 * grid.step < DAY else ()
            calendar += ("year",) if len(grid) * grid.step >= 2 * YEAR else ()
        if len(train) * grid.step >= YEAR:
            columns = [grid.column(target)[: train.stop] for target in self.targets]
            fitted = [fit_climatology(grid.times[: train.stop], column) for column in columns]
            climatology = tuple(tuple(coefficients.tolist()) for coefficients in fitted)
        full = derive(grid, calendar, self.targets, climatology)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)  # of a column without any value
            means, scales = (f(full.values[: train.stop], axis=0) for f in (np.nanmean, np.nanstd))
        return SeriesSettings(
            measured=self._measured(table),
            columns=full.columns,
            means=tuple(means.tolist()),
            scales=tuple(np.where(scales > ROUNDING * np.abs(means), scales, 1.0).tolist()),
            targets=self.targets,
            step_minutes=grid.step / 60,
            input_steps=max(round(self.input_days * DAY / grid.step), 1),
            horizon_steps=max(round(self.horizon_days * DAY / grid.step), 1),
            calendar=calendar,
            climatology=climatology,
        )

    def _cut(
        self, source: Source, grid: Grid, settings: SeriesSettings, parts: Mapping[str, range]
    ) -> dict[str, WindowSamples]:
        values = scaled(grid, settings)
        length = settings.input_steps + settings.horizon_steps
        windows: dict[str, WindowSamples] = {}
        for split, part in parts.items():
            starts = window_starts(grid.whole, part, length)
            if not len(starts):
                inside = grid.values[part.start : part.stop]
                empty = [
                    name
                    for name, column in zip(grid.columns, inside.T, strict=True)
                    if np.isnan(column).all()
                ]
                if empty and len(part):
                    raise DataError(
                        f"{source.path}: column '{empty[0]}' has no value in '{split}'; leave it out of "
                        "data.features, or fill it"
                    )
                whole = int(grid.whole[part.start : part.stop].sum())
                raise DataError(
                    f"{source.path}: '{split}' has {len(part)} steps of {settings.step_minutes:g} minutes, "
                    f"{whole} of them without a missing value, and a window needs {length} "
                    f"({settings.input_steps} to read, {settings.horizon_steps} to forecast) in a row; lower "
                    "data.input_days, data.horizon_days or data.step_minutes, or add data"
                )
            windows[split] = WindowSamples(
                values,
                grid.times,
                starts,
                input_steps=settings.input_steps,
                horizon_steps=settings.horizon_steps,
                targets=settings.places,
            )
        drawn = sample(np.arange(len(windows["train"])), self.limit_train_samples, seed=0)
        return windows | {"train": windows["train"].subset(drawn)}


def scaled(grid: Grid, settings: SeriesSettings) -> Tensor:
    """Return the input columns of a grid as a model reads them, [N, F] in float32."""
    return scale(in_units(grid, settings), settings)


def in_units(grid: Grid, settings: SeriesSettings) -> np.ndarray:
    """Return the input columns of a grid, measured and derived, in their own units, [N, F]."""
    return derive(grid, settings.calendar, settings.targets, settings.climatology).values


def scale(values: np.ndarray, settings: SeriesSettings) -> Tensor:
    """Scale input columns, [..., F], as a model reads them, to float32."""
    return torch.from_numpy(((values - settings.means) / settings.scales).astype(np.float32))
