"""What a series looks like once it is on a grid: enough to prepare another one in the same way."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import NamedTuple

import numpy as np

from seqlab.data.sequences.side_inputs import DIFF, MASK

ISO = "ISO8601"
"""Stands for times as ISO 8601 has them, where a notation of ``strptime`` is asked for."""
UNIX = {"unix": 1_000_000, "unix_ms": 1000, "unix_us": 1, "unix_ns": 0.001}
"""Stand for seconds, milliseconds, microseconds and nanoseconds since 1970; microseconds of each."""
PARTS = ("%Y %m", "%Y %m %d", "%Y %m %d %H", "%Y %m %d %H %M", "%Y %m %d %H %M %S")
"""How a time is written whose parts are columns: the first two of them, three, and so on."""
DAY_AND_HOUR = "%Y-%m-%d %H"
PERIODS = ("%Y%m", "%YQ%q", "%Y-Q%q", "%Y Q%q", "Q%q %Y", "Q%q-%Y", "%G-W%V", "%GW%V", "%G-W%V-%u")
"""How months, quarters (%q, which strptime lacks) and weeks are written."""
COMPACT = {"%Y%m%d%H": 10, "%Y%m%d%H%M": 12, "%Y%m%d%H%M%S": 14}
"""How a day and its time are written in digits alone; how many there are."""
USUAL = (ISO, *COMPACT, *UNIX, DAY_AND_HOUR, *PARTS, *PERIODS)
"""How times are written that nobody needs to say."""
DAY = 86_400
"""Seconds of a day."""
YEAR = 365.2425 * DAY
"""Seconds of a mean Gregorian year."""


@dataclass(frozen=True)
class Member:
    """One of several series.

    Attributes:
        name: its id.
        windows: how many it has in "train", "val" and "test".
        means: mean of each column of the file in its training part, if it has scales of its own.
        scales: standard deviation of each.
        naive: as in ``SeriesSettings``, of its training part; empty if it has none.
    """

    name: str
    windows: tuple[int, int, int]
    means: tuple[float, ...] = ()
    scales: tuple[float, ...] = ()
    naive: tuple[float, ...] = ()


class Ahead(NamedTuple):
    """What is forecast of a series: its id, if there are several, and the times, [horizon]."""

    series: str
    times: list[str]


@dataclass(frozen=True)
class SeriesSettings:
    """The input columns of a series, the targets among them, and the steps of a window.

    Attributes:
        measured: columns that are read from the file.
        columns: input columns F, measured ones first, then derived ones.
        means: mean of each input column in the training part, [F].
        scales: standard deviation of each in the training part, [F].
        targets: columns that are forecast, K of them.
        step_minutes: mean minutes between two steps; 0 of rows without times.
        input_steps: steps that a model reads, T.
        horizon_steps: steps that it forecasts.
        step: what is between two steps, as ``step.step_named`` reads it; None where rows are averaged over
            ``step_minutes``.
        calendar: periods whose sine and cosine are columns: "day", "year".
        climatology: coefficients of each target's usual value by season and hour; its distance from that is a
            column.
        series_id: columns of the file that name the series of a row.
        static: columns of the file that say one thing of a series; some words, or nothing for numbers.
        members: the series of the training data in their order, if there are several. With scales of their
            own, ``means`` and ``scales`` are those of columns that are scaled already.
        side_inputs: what the last input columns are, which a cell reads beside x, by its name for them.
        known: columns whose values in the horizon are read too, at each step those of the next
            ``horizon_steps``: the last columns of x, and of a mask.
        naive: of a single series the mean absolute change of each target over a season of the training part,
            in its units; empty if that is unknown.
    """

    measured: tuple[str, ...]
    columns: tuple[str, ...]
    means: tuple[float, ...]
    scales: tuple[float, ...]
    targets: tuple[str, ...]
    step_minutes: float
    input_steps: int
    horizon_steps: int
    calendar: tuple[str, ...] = ()
    climatology: tuple[tuple[float, ...], ...] = ()
    step: str | None = None
    series_id: tuple[str, ...] = ()
    static: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    members: tuple[Member, ...] = ()
    naive: tuple[float, ...] = ()
    side_inputs: Mapping[str, str] = field(default_factory=dict)
    known: tuple[str, ...] = ()

    @property
    def width(self) -> int:
        """Input columns that are x; the others are side inputs, a mask being as wide as x."""
        masks = list(self.side_inputs.values()).count(MASK)
        return (len(self.columns) - len(self.side_inputs) + masks) // (1 + masks)

    @property
    def present(self) -> int:
        """Columns of x that are of a step itself; the others say what is known of the horizon."""
        return self.width - len(self.known) * self.horizon_steps

    @property
    def widths(self) -> dict[str, int]:
        """How wide each side input is, by its name in the cell."""
        return {name: self.width if source == MASK else 1 for name, source in self.side_inputs.items()}

    @property
    def intervals(self) -> list[int]:
        """Where input columns stand that tell how far a step is from the one before."""
        ends = self.width + np.cumsum([*self.widths.values()], dtype=np.int64)
        sources = zip(ends.tolist(), self.side_inputs.values(), strict=True)
        return [end - 1 for end, source in sources if source.startswith(DIFF)]

    @property
    def places(self) -> tuple[int, ...]:
        """Where each target stands among the input columns, [K]."""
        return tuple(self.columns.index(target) for target in self.targets)


def utc(moment: str) -> datetime:
    """Return a date, or a date and a time, of ISO 8601; one with an offset in UTC."""
    found = datetime.fromisoformat(moment)
    return found.astimezone(UTC).replace(tzinfo=None) if found.tzinfo else found


def in_seconds(times: np.ndarray) -> np.ndarray:
    """Return times, datetime64[us], as seconds since 1970; those of whole seconds are exact."""
    return times.astype("datetime64[us]").astype(np.int64) / 1e6


def written(times: np.ndarray, zone: str | None = None) -> list[str]:
    """Return times as ISO 8601 has them, parts of a second only if there are any; or numbers of rows.

    Those of a time zone are local ones with their offset.
    """
    if zone and times.dtype.kind == "M":
        import pandas as pd  # noqa: PLC0415 (slow to import)

        return [time.isoformat() for time in pd.DatetimeIndex(times).tz_localize("UTC").tz_convert(zone)]
    if times.dtype.kind != "M":
        return [f"row {number}" for number in times.tolist()]
    units = ("s", "ms", "us")
    exact = next(unit for unit in units if (times.astype(f"datetime64[{unit}]") == times).all())
    return [str(time) for time in times.astype(f"datetime64[{exact}]")]
