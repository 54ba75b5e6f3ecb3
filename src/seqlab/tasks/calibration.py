"""Intervals of forecasts: between two of their quantiles, or as wide as validation wants them."""

import math
from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from seqlab.errors import DataError
from seqlab.tasks.base import Calibration
from seqlab.tasks.intervals import Ends, Interval, margins_for
from seqlab.tasks.losses import ForecastLoss, Point


class Intervals:
    """The intervals that a loss forecasts.

    Args:
        loss: tells the quantiles of forecasts.
        levels: of the quantiles that are forecast, or scored of a distribution.
        conformal: the share of targets that intervals are to hold by calibration; None for the widest
            interval between two of the levels, which points do not have.

    Attributes:
        interval: the quantiles that they lie between; None if there are none.
        margins: how much they are widened, in scaled units, [horizon, K]; None until they are calibrated.
    """

    def __init__(self, loss: ForecastLoss, levels: Sequence[float], conformal: float | None) -> None:
        self.loss, self.levels, self.conformal = loss, levels, conformal
        widest = None if isinstance(loss, Point) else Interval.widest(levels)
        self.interval = Interval.around(conformal) if conformal else widest
        self.margins: Tensor | None = None

    @property
    def calibration(self) -> Calibration | None:
        """The margins as simple values, [horizon][K]."""
        return None if self.margins is None else self.margins.tolist()

    def measure(self, forecasts: Tensor, target: Tensor) -> None:
        """Calibrate on scaled forecasts of validation, [N, horizon, K, …], and their targets.

        Raises:
            DataError: they are too few.
        """
        if self.conformal:
            ends = self._ends(self.loss.scaled_quantiles, forecasts)
            self.margins = margins_for(ends, target.cpu().double(), self.conformal)

    def restore(self, found: Calibration, steps: int, targets: int) -> None:
        """Take the margins that were measured before.

        Raises:
            DataError: they are not of this horizon and these targets, or not finite.
        """
        values = [value for row in found for value in row]
        if (
            not self.conformal
            or [len(row) for row in found] != [targets] * steps
            or not all(map(math.isfinite, values))
        ):
            raise DataError("its calibration does not match its task")
        self.margins = torch.tensor(found, dtype=torch.float64)

    def of(self, forecasts: Tensor) -> Ends | None:
        """Return the intervals of scaled forecasts, each end [N, horizon, K]; None if there are none."""
        if self.interval is None or (self.conformal and self.margins is None):
            return None
        ends = self._ends(self.loss.scaled_quantiles, forecasts)
        return ends if self.margins is None else ends.widened(self.margins)

    def of_predictions(self, predictions: Tensor, scales: Tensor) -> Ends | None:
        """Return the calibrated intervals of predictions in units of these scales, [K]; None without them."""
        if self.margins is None:
            return None
        return self._ends(self.loss.quantiles, predictions).widened(self.margins * scales)

    def nested(self, forecasts: Tensor) -> list[Ends]:
        """Return all intervals of scaled forecasts that are drawn, the widest first."""
        if self.conformal or self.interval is None:
            one = self.of(forecasts)
            return [] if one is None else [one]
        pairs = Interval.nested(self.levels)
        return [Ends(*self.loss.scaled_quantiles(forecasts, pair).unbind(-1)) for pair in pairs]

    def _ends(self, quantiles: Callable[[Tensor, Sequence[float]], Tensor], forecasts: Tensor) -> Ends:
        assert self.interval is not None  # noqa: S101 (for the type checker)
        return Ends(*quantiles(forecasts, self.interval).cpu().double().unbind(-1))
