"""How well a seasonal naive forecast does in the training part: the unit of scaled errors."""

from collections.abc import Sequence

import numpy as np

from seqlab.data.series.grid import Grid


def naive_errors(grid: Grid, part: range, targets: Sequence[str]) -> tuple[float, ...]:
    """Return the mean absolute change of each target over a season; empty if a target has no such pair.

    It is the denominator of MASE (Hyndman and Koehler 2006), in the units of the grid.

    Args:
        grid: the measured columns, without values that bridge gaps.
        part: the steps of one series in the training part.
        targets: the columns that are forecast.
    """
    found = []
    for target in targets:
        place = grid.columns.index(target)
        values = grid.values[part.start : part.stop, place]
        changes = np.abs(values[grid.step.season :] - values[: -grid.step.season])
        if np.isnan(changes).all():
            return ()
        found.append(float(np.nanmean(changes)))
    return tuple(found)
