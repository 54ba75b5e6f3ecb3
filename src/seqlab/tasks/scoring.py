"""From scaled forecasts to scores in the units of the targets."""

from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from seqlab.registry.types import MEDIAN
from seqlab.tasks.intervals import Ends, by_target, coverage, pinball
from seqlab.tasks.losses import ForecastLoss
from seqlab.tasks.members import Members
from seqlab.tasks.metrics import error_scores, relative_scores


class Scaled(NamedTuple):
    """Forecasts of some windows in scaled units.

    Attributes:
        stage: whose windows they are.
        ids: the number of each window in its split, [N].
        forecasts: as a loss reads them, [N, horizon, K, *shape].
        target: [N, horizon, K].
    """

    stage: str
    ids: Tensor
    forecasts: Tensor
    target: Tensor

    def of_windows(self, ids: Tensor) -> "Scaled":
        """Return the forecasts of some of the windows, by their numbers."""
        rows = torch.isin(self.ids, ids)
        return Scaled(self.stage, *(part[rows] for part in (self.ids, self.forecasts, self.target)))


@dataclass(frozen=True)
class Scoring:
    """Scores forecasts in the units of the targets.

    Attributes:
        targets: the names of the K targets.
        means: of the targets, [K].
        scales: of the targets, [K].
        members: the series of the run.
        levels: of the quantiles by which a distribution is scored; none for points.
    """

    targets: tuple[str, ...]
    means: Tensor
    scales: Tensor
    members: Members
    levels: tuple[float, ...]

    def errors(self, found: Scaled, values: Tensor) -> Tensor:
        """Return what scaled values, [N, horizon, K], are above the targets, in float64 on the CPU."""
        errors = (values.cpu().double() - found.target.cpu().double()) * self.scales
        return errors.mul_(self.members.scales[self.members.of(found.stage, found.ids)][:, None])

    def median_errors(self, found: Scaled, loss: ForecastLoss) -> Tensor:
        """Return the errors of the medians, [N, horizon, K]."""
        return self._quantile_errors(found, loss, MEDIAN)

    def scores(self, found: Scaled, loss: ForecastLoss, ends: Ends | None = None) -> dict[str, float]:
        """Return the scores of forecasts, and of intervals if there are any, in scaled units."""
        errors = self.median_errors(found, loss)
        series = self.members.of(found.stage, found.ids)
        target = self.members.in_units(found.target.cpu().double() * self.scales + self.means, series)
        relative = relative_scores(errors, target, self.members.naive[series])
        spread = self._of_distribution(found, loss) | self._of_intervals(found, loss, ends)
        return error_scores(errors, self.targets) | by_target(relative | spread, self.targets)

    def _of_distribution(self, found: Scaled, loss: ForecastLoss) -> dict[str, Tensor]:
        """Return the continuous ranked probability score (CRPS), [K], of distributions.

        It is twice the pinball loss, averaged over the levels (Gneiting and Ranjan 2011): the weighted
        quantile loss before it is divided by the mean target. With levels that are symmetric, that of a point
        forecast is its mean absolute error.
        """
        if not self.levels:
            return {}
        # One level after the other: all at once need so much more memory.
        lost = [pinball(self._quantile_errors(found, loss, level), level) for level in self.levels]
        return {"crps": 2 * torch.stack(lost).mean(0)}

    def _of_intervals(self, found: Scaled, loss: ForecastLoss, ends: Ends | None) -> dict[str, Tensor]:
        """Return the share of the targets in the intervals, and their mean width, each [K]."""
        if ends is None:
            return {}
        lower, upper = (loss.exact(self.errors(found, end)) for end in ends)
        return {"coverage": coverage(lower, upper), "width": (upper - lower).mean((0, 1))}

    def _quantile_errors(self, found: Scaled, loss: ForecastLoss, level: float) -> Tensor:
        """Return the errors of a quantile, [N, horizon, K]."""
        values = loss.scaled_quantiles(found.forecasts, (level,))[..., 0]
        return loss.exact(self.errors(found, values))
