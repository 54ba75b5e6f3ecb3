"""Comparing runs from Python."""

from collections.abc import Iterable
from pathlib import Path

import pandas as pd

from seqlab.api.run import Run
from seqlab.errors import ConfigError, RunError

Place = str | Path | Run
"""A run, or a folder below which there are runs."""


def report(runs: Place | Iterable[Place] = "outputs", *, by_seed: bool = True) -> pd.DataFrame:
    """Return the comparison of ``seqlab report`` as a table.

    Args:
        runs: a run or several, or folders below which there are runs.
        by_seed: whether runs that differ only by their seeds are one row, the mean over them.

    Returns:
        A row for each group of runs, the best of its benchmark first, then for each baseline. Columns:
        benchmark, run, cell, the settings that differ; for each score SCORE_mean and SCORE_std, its mean
        and its standard deviation over n seeds; n, parameters, seconds, engine, status, reason, folder.

    Raises:
        RunError: there is no run.
        ConfigError: ``runs`` are neither runs nor folders.
    """
    from seqlab.comparison.export import columns_and_rows  # noqa: PLC0415
    from seqlab.comparison.groups import compare  # noqa: PLC0415
    from seqlab.comparison.runs import read_runs  # noqa: PLC0415

    several = list(runs) if isinstance(runs, Iterable) and not isinstance(runs, str) else [runs]
    if not several:
        raise RunError("there is no run to compare: the list is empty")
    for one in several:
        if not isinstance(one, Place):
            raise ConfigError(f"seqlab.report compares runs and folders, not a {type(one).__name__}")
    places = (one.path if isinstance(one, Run) else Path(one).expanduser().resolve() for one in several)
    columns, rows = columns_and_rows(*compare(read_runs(*places), by_seed=by_seed))
    return pd.DataFrame(rows, columns=columns)
