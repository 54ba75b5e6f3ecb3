"""What a series looks like once it is on a grid: enough to prepare another one in the same way."""

from dataclasses import dataclass

ISO = "ISO8601"
"""Stands for times as ISO 8601 has them, where a notation of ``strptime`` is asked for."""
DAY = 86_400
"""Seconds of a day."""
YEAR = 365.2425 * DAY
"""Seconds of a mean Gregorian year."""


@dataclass(frozen=True)
class SeriesSettings:
    """The input columns of a series, the targets among them, and the steps of a window.

    Attributes:
        measured: columns that are read from the file.
        columns: input columns F, measured ones first, then derived ones.
        means: mean of each input column in the training part, [F].
        scales: standard deviation of each in the training part, [F].
        targets: columns that are forecast, K of them.
        step_minutes: minutes between two steps.
        input_steps: steps that a model reads, T.
        horizon_steps: steps that it forecasts.
        calendar: periods whose sine and cosine are columns: "day", "year".
        climatology: coefficients of each target's usual value by season and hour; its distance from that is a
            column.
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

    @property
    def places(self) -> tuple[int, ...]:
        """Where each target stands among the input columns, [K]."""
        return tuple(self.columns.index(target) for target in self.targets)
