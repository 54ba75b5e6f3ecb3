"""Means over the folds of a backtest, and how far the network is from each baseline, fold by fold."""

import csv
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from seqlab.backtest.plan import Result
from seqlab.backtest.scoring import MODEL
from seqlab.io.files import replacing

CONFIDENCE = 0.95
"""Of the intervals of differences."""
FOLDS = "folds.csv"


@dataclass(frozen=True)
class Mean:
    """A mean over folds.

    Attributes:
        mean: of the n folds.
        standard_error: of the mean, sd / √n with n − 1; NaN of one fold.
        n: folds with a value.
    """

    mean: float
    standard_error: float
    n: int

    @classmethod
    def of(cls, values: Sequence[float]) -> "Mean":
        """Return the mean of some values, and its standard error."""
        n = len(values)
        standard_error = float(np.std(values, ddof=1)) / math.sqrt(n) if n > 1 else math.nan
        return cls(float(np.mean(values)), standard_error, n)

    def __str__(self) -> str:
        return f"{self.mean:.4f}" + ("" if self.n == 1 else f" ± {self.standard_error:.4f}")

    @property
    def interval(self) -> tuple[float, float]:
        """The ends of Student's interval of the mean; NaN of one fold."""
        from scipy.stats import t  # noqa: PLC0415 (slow to import)

        quantile = float(t.ppf((1 + CONFIDENCE) / 2, self.n - 1)) if self.n > 1 else math.nan
        reach = self.standard_error * quantile
        return self.mean - reach, self.mean + reach


def means_of(results: Sequence[Result]) -> dict[str, dict[str, Mean]]:
    """Return the mean of each score of each forecast over the folds that have it."""
    names = dict.fromkeys(name for one in results for name in one.scores)
    return {
        name: {
            score: Mean.of([one.scores[name][score] for one in results if score in one.scores.get(name, {})])
            for score in dict.fromkeys(key for one in results for key in one.scores.get(name, {}))
        }
        for name in names
    }


def differences_of(results: Sequence[Result], score: str) -> dict[str, Mean]:
    """Return the network's score minus that of each baseline, paired by fold, on the same windows."""
    names = dict.fromkeys(name for one in results for name in one.scores if name != MODEL)
    return {
        name: Mean.of([one.difference(name, score) for one in results if name in one.scores])
        for name in names
    }


def as_values(means: Mapping[str, Mapping[str, Mean]], differences: Mapping[str, Mean]) -> dict[str, Any]:
    """Return a summary as simple values; NaN is None."""
    return {
        "means": {
            name: {key: _finite(asdict(one)) for key, one in its.items()} for name, its in means.items()
        },
        "differences": {
            name: _finite(asdict(one) | dict(zip(("low", "high"), one.interval, strict=True)))
            for name, one in differences.items()
        },
    }


def _finite(values: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value if math.isfinite(value) else None for key, value in values.items()}


def write_folds(results: Sequence[Result], folder: Path) -> None:
    """Write a line for each fold and forecast."""
    rows = [
        {"fold": one.fold, "first": one.first, "last": one.last, "windows": one.windows_of(name)}
        | {"forecast": name, **scores}
        for one in results
        for name, scores in one.scores.items()
    ]
    columns = dict.fromkeys(key for row in rows for key in row)
    with replacing(folder / FOLDS) as draft, draft.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, [*columns])
        writer.writeheader()
        writer.writerows(rows)
