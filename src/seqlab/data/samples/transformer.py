"""Made-up data: twenty months of invented loads and oil temperature in the layout of ETTh1.

Nothing in it was measured.
"""

from pathlib import Path

import numpy as np

COLUMNS = ("HUFL", "HULL", "MUFL", "MULL", "LUFL", "LULL", "OT")
_SEED, _ROWS, _FIRST = 20010701, 14_400, "2001-07-01T00"
_MEMORY = 0.97  # share of an hour's noise that the next hour keeps
_DAY, _WEEK, _YEAR = 24, 168, 8766


def write_transformer(path: Path) -> None:
    """Write the invented series to ``path``, the same bytes at every call.

    Rows are an hour apart; each load has a day, a week and slow noise, and the oil follows the loads and
    the season.

    Args:
        path: the CSV file, overwritten if it is there.
    """
    random = np.random.default_rng(_SEED)
    hours = np.arange(_ROWS)
    day = np.sin(2 * np.pi * (hours[:, None] / _DAY + random.random(6)))
    week = np.cos(2 * np.pi * hours / _WEEK)[:, None]
    loads = random.uniform(1, 10, 6) * (1 + 0.5 * day + 0.2 * week + 0.3 * _noise(random, 6))
    season = np.cos(2 * np.pi * hours / _YEAR)
    oil = 15 + 8 * season + loads.mean(1) + 2 * _noise(random, 1)[:, 0]
    times = np.datetime64(_FIRST) + hours.astype("timedelta64[h]")
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write(",".join(("date", *COLUMNS)) + "\n")
        for time, row in zip(times.astype(str), np.column_stack([loads, oil]).tolist(), strict=True):
            file.write(f"{time.replace('T', ' ')}:00:00," + ",".join(f"{value:.3f}" for value in row) + "\n")


def _noise(random: np.random.Generator, columns: int) -> np.ndarray:
    """Autoregressive noise of variance 1, [rows, columns]."""
    found = random.standard_normal((_ROWS, columns))
    for row in range(1, _ROWS):
        found[row] = _MEMORY * found[row - 1] + (1 - _MEMORY**2) ** 0.5 * found[row]
    return found
