"""Public holidays of a country, as a column that is known ahead."""

from dataclasses import replace
from typing import Any

import numpy as np

from seqlab.data.series.grid import Grid
from seqlab.data.series.zone import local
from seqlab.errors import ConfigError, DataError, needs_extra

HOLIDAY = "public holiday"
"""The column that is 1 at steps on a public holiday."""


def with_holidays(grid: Grid, country: str) -> Grid:
    """Return a grid with a column of the public holidays at its times, as its clocks show them.

    Args:
        grid: steps with times.
        country: its code, and that of a part of it: "DE", "DE-BY".

    Raises:
        ConfigError: no such country is known, or ``holidays`` is not installed.
        DataError: the rows have no times, or a column is called so.
    """
    if grid.times.dtype.kind != "M":
        raise DataError("the rows have no times, and so no holidays; leave data.holidays out")
    if HOLIDAY in grid.columns:
        raise DataError(f"a column is called '{HOLIDAY}' already; leave data.holidays out, or rename it")
    values = np.column_stack([grid.values, holidays_at(grid, country)])
    return replace(grid, values=values, columns=(*grid.columns, HOLIDAY))


def holidays_at(grid: Grid, country: str) -> np.ndarray:
    """Return whether each step is on a public holiday, [N]; otherwise as ``with_holidays``."""
    times = local(grid.times, grid.zone)
    days, places = np.unique(times.astype("datetime64[D]"), return_inverse=True)
    known = _calendar(country)
    found: np.ndarray = np.array([day in known for day in days.tolist()])[places]
    return found


def _calendar(country: str) -> Any:
    try:
        import holidays  # noqa: PLC0415 (an extra)
    except ImportError as error:
        raise ConfigError(needs_extra("data.holidays", "holidays", "holidays")) from error
    code, _, part = country.partition("-")
    try:
        return holidays.country_holidays(code, subdiv=part or None)
    except NotImplementedError as error:
        raise ConfigError(f"data.holidays={country}: {error}; examples are DE, DE-BY, CN") from error
