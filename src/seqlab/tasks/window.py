"""A forecast as it is drawn, and how many of them stand on a page."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

PAGE = (3, 3)
"""Rows and columns of the page of forecasts."""


@dataclass(frozen=True)
class Window:
    """A forecast as it is drawn.

    Attributes:
        name: which one it is.
        past: what was read, [T], in the unit of the target.
        true: [horizon].
        predicted: the point forecast, [horizon].
        bands: lower and upper ends of intervals, each [horizon], the widest first.
        times: of all these steps, [T + horizon]: datetime64, or numbers.
    """

    name: str
    past: np.ndarray
    true: np.ndarray
    predicted: np.ndarray
    times: np.ndarray
    bands: Sequence[tuple[np.ndarray, np.ndarray]] = ()
