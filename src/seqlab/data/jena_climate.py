"""jena_climate: the weather in Jena every ten minutes, 2009 to 2016, and other files of that station.

Max Planck Institute for Biogeochemistry (bgc-jena.mpg.de/wetter), in the schema of
jena_climate_2009_2016.csv as published with Chollet's "Deep Learning with Python".
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
from pydantic import Field

from seqlab.data.dataset import Fetched, register_dataset
from seqlab.data.fetch import Remote
from seqlab.data.samples import weather
from seqlab.data.series.dataset import Columns, SeriesData
from seqlab.data.series.spec import ISO
from seqlab.data.source import Source, find_table, resolve
from seqlab.data.table.opening import open_table
from seqlab.errors import DataError
from seqlab.io.cache import cached_folder
from seqlab.registry.types import Finite, Positive

if TYPE_CHECKING:
    from seqlab.data.series.table import Measured

ROWS, FIRST, LAST = 420_551, "01.01.2009 00:10:00", "01.01.2017 00:00:00"
DIRECTION, SPEED = "wd (deg)", "wv (m/s)"


def check_published(path: Path) -> None:
    """Check that a file is the published one, for which no hash was published.

    Raises:
        DataError: rows are missing, or it is another file.
    """
    table = open_table(path)
    (time,) = table.places(["Date Time"])
    first, count = None, 0
    last: deque[str] = deque(maxlen=1)
    for count, row in enumerate(table.rows(), start=1):  # noqa: B007 (the last number is the count)
        first = first or row.cells[time]
        last.append(row.cells[time])
    if (count, first, last.pop()) != (ROWS, FIRST, LAST):
        raise DataError(f"{path} does not have the {ROWS:,} published rows from {FIRST} to {LAST}")


REMOTE = Remote(
    base_url="https://storage.googleapis.com/tensorflow/tf-keras-datasets",
    sha256={"jena_climate_2009_2016.csv.zip": None},
    largest=32 * 2**20,
    check=check_published,
    licence="none stated; measured by the Max Planck Institute for Biogeochemistry, Jena",
)


@register_dataset("jena_climate")
class JenaClimate(SeriesData, Fetched):
    """Five days of weather → the temperature of the next two days. Wind direction is read as a vector.

    Attributes:
        root: folder with jena_climate*.csv or its zip, or one of them; None: $SEQLAB_DATA_DIR, else download,
            else made up.
        url: another server's folder with the published zip; None: the usual one.
        source: auto, real (never made up) or sample.
        targets: columns that are forecast.
        features: input columns in addition to the targets; None: all other columns of numbers.
        known: input columns whose values in the horizon are read too.
        holidays: a country, e.g. DE or DE-TH, whose public holidays are such a column too.
        step_minutes: minutes between two steps; values between are averaged.
        input_days: days that the model reads.
        input_steps: steps that the model reads; None: input_days.
        horizon_steps: steps that it forecasts; None: horizon_days.
        calendar: hour, season and the distance from what is usual then are columns too.
        side_inputs: what a cell reads beside x, by its name in the cell: a column, diff:COLUMN (of the times:
            hours without a row are no steps), or mask, 1 where a value was measured, which bridges all gaps.
        stateful: each window goes on with the state of the one before it; choose a small batch_size.
        duplicates: two rows of one time that differ: error, or first to keep the first.
        val_share: fraction of the time for validation, before the test.
        test_share: fraction of the time for testing, the last part.
        limit_train_samples: maximum number of training windows; None: all.
    """

    targets: Columns = Field(default=["T (degC)"])
    step_minutes: Positive | None = 60
    sentinels: list[Finite] = Field(default=[-9999])
    duplicates: Literal["error", "first"] = "first"

    @property
    def time_columns(self) -> Sequence[str]:
        """The column of times."""
        return ("Date Time",)

    @property
    def time_formats(self) -> Sequence[str]:
        """The formats of times in the published file and others of the station."""
        return ("%d.%m.%Y %H:%M:%S", ISO)

    def find(self) -> Source:
        """Return the CSV file or its zip."""
        return resolve(
            self.name, _find, _sample, root=self.root, source=self.source, remote=REMOTE, mirror=self.url
        )

    def transform(self, measured: "Measured") -> "Measured":
        """Replace the direction of the wind, which cannot be averaged, by the wind's two components."""
        columns = list(measured.columns)
        if not {DIRECTION, SPEED} <= set(columns):
            return measured
        angle = np.deg2rad(measured.numbers[:, columns.index(DIRECTION)])
        speed = measured.numbers[:, columns.index(SPEED)]
        kept = [place for place, name in enumerate(columns) if name != DIRECTION]
        values = np.column_stack([measured.numbers[:, kept], speed * np.cos(angle), speed * np.sin(angle)])
        names = (*(columns[place] for place in kept), "wind north (m/s)", "wind east (m/s)")
        return replace(measured, numbers=values, columns=names)


def _find(root: Path) -> Path | None:
    return find_table(root, "jena_climate*")


def _sample() -> Path:
    folder = cached_folder("samples", "weather", lambda path: weather.write_weather(path / "weather.csv"))
    return folder / "weather.csv"
