"""The number of updates of a metric, which torchmetrics does not save."""

from torchmetrics import Metric


def update_count(metric: Metric) -> int:
    """Return the number of updates of a metric; without any, computing it warns."""
    return metric._update_count


def set_update_count(metric: Metric, count: int) -> None:
    """Set the number of updates of a metric."""
    metric._update_count = count
