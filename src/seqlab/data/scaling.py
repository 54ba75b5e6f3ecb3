"""By what columns are scaled: mean and deviation of the training part."""

import warnings

import numpy as np

ROUNDING = 1e-9
"""Share of a column's mean that its deviation must exceed, or the column is constant."""


def spread(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return mean and standard deviation of each column of values [R, C]; NaN of one without a value."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # of a column without any value
        return np.nanmean(values, axis=0), np.nanstd(values, axis=0)


def spread_together(
    counts: np.ndarray, means: np.ndarray, scales: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return mean and standard deviation of each column, from those of P parts, each [P, C].

    Args:
        counts: values of a part that are there.
        means: their mean.
        scales: their standard deviation.
    """
    means, scales = np.where(counts > 0, means, 0), np.where(counts > 0, scales, 0)
    with np.errstate(invalid="ignore"):  # of a column without any value
        mean = (counts * means).sum(0) / counts.sum(0)
        return mean, np.sqrt((counts * (scales**2 + (means - mean) ** 2)).sum(0) / counts.sum(0))


def is_spread(means: np.ndarray, scales: np.ndarray) -> np.ndarray:
    """Return which columns change by more than rounding errors."""
    found: np.ndarray = scales > ROUNDING * np.abs(means)
    return found


def scaling(
    means: np.ndarray, scales: np.ndarray, *, is_beside: np.ndarray, is_interval: np.ndarray
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Return what columns are reduced by, and then divided by, from their means and deviations, [C].

    A constant column is only reduced by its mean. What a cell reads beside x stays as it is, but times that
    passed are divided by their mean.

    Args:
        means: of the training part.
        scales: its standard deviations.
        is_beside: which columns a cell reads beside x, [C].
        is_interval: which of them are times that passed, [C].
    """
    scales = np.where(is_spread(means, scales), scales, 1.0)
    scales = np.where(is_interval & (means > 0), means, np.where(is_beside, 1.0, scales))
    return tuple(np.where(is_beside, 0.0, means).tolist()), tuple(scales.tolist())
