"""What torchmetrics counts of a metric and does not save: how often it was updated."""

from torchmetrics import Metric


def update_count(metric: Metric) -> int:
    """Return how many updates a metric has had; with none, it warns when it is computed."""
    return metric._update_count


def set_update_count(metric: Metric, count: int) -> None:
    """Say how many updates a metric has had."""
    metric._update_count = count
