"""The learning curves of a group of runs, epoch by epoch."""

from statistics import fmean

from seqlab.comparison.criteria import Criteria
from seqlab.comparison.groups import Group
from seqlab.tasks.score import best_epoch

RING = (
    "A ring marks the epoch with the best validation score; on a mean it is the best epoch of the mean over "
    "seeds, which no run need have kept."
)
"""What the ring in a group's learning curve means."""


def by_epoch(group: Group, name: str) -> tuple[list[int], list[list[float]]]:
    """Return the values of a score at every epoch that all runs with it have reached.

    Args:
        group: the runs.
        name: the score with its stage, such as "val/loss".

    Returns:
        The epochs, from 0, [N], and the values of each run, [n, N]; both are empty if no run has the score.
    """
    histories = [dict(run.history[name]) for run in group.runs if name in run.history]
    if not histories:
        return [], []
    epochs = sorted(set(histories[0]).intersection(*histories[1:]))
    return epochs, [[history[epoch] for epoch in epochs] for history in histories]


def best_epoch_of_mean(group: Group, criteria: Criteria) -> int | None:
    """Return the best epoch of the mean over seeds, by the monitored score; None if none is known.

    Of a single run it is the epoch whose weights it kept; of several, none of them need have kept it.
    """
    for monitor in criteria.monitors:
        epochs, lines = by_epoch(group, monitor)
        means = map(fmean, zip(*lines, strict=True))
        found = best_epoch(list(zip(epochs, means, strict=True)), criteria.score(monitor).mode)
        if found is not None:
            return found
    return None
