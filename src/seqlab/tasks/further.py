"""Further scores: metrics of torchmetrics or of the user, computed from all predictions of a stage at once.

A stage's predictions are collected over batches and ranks and scored in the order of the samples, in float64
on the CPU: the batch size and the number of ranks do not change a score.
"""

import warnings
from collections.abc import Mapping, Sequence
from inspect import signature
from typing import Any

import torch
from torch import Tensor, nn
from torchmetrics import Metric

from seqlab.compat.torch import Unrounded
from seqlab.data import Batch
from seqlab.errors import ConfigError, failure
from seqlab.registry.catalog import metrics
from seqlab.tasks.base import STAGES, Task
from seqlab.tasks.metrics import PredictionsAndTargets, SampleIds

SAMPLES = 4
"""Samples per class on which a metric is tried."""

Settings = Mapping[str, Mapping[str, Any]]
"""The class, as ``_target_``, and its arguments, by the name of the score."""


class FurtherScores(Unrounded):
    """Scores of a task besides its built-in ones.

    Args:
        task: the task whose predictions are scored.
        settings: the settings of the metrics.
    """

    def __init__(self, task: Task, settings: Settings) -> None:
        super().__init__()
        self.settings = settings
        self.classes: Sequence[str] = getattr(task, "classes", ())
        self.targets: Sequence[str] = getattr(task, "targets", ("",))
        self.is_multilabel = task.is_multilabel
        self.stages = nn.ModuleList(PredictionsAndTargets() for _ in STAGES)
        self.ids = nn.ModuleList(SampleIds() for _ in STAGES)

    @torch.no_grad()
    def update(self, task: Task, stage: str, outputs: Tensor, batch: Batch) -> None:
        """Add a batch of a stage other than training."""
        if self.settings and stage != "train":
            outputs, batch = task.samples(outputs, batch)
            self._of(self.stages, stage).update(batch.ids, *task.predictions_and_targets(outputs, batch))
            self._of(self.ids, stage).update(batch.ids)

    def compute(self, task: Task, stage: str) -> dict[str, float]:
        """Return the scores of a stage; for several targets the mean, and each as ``<score>/<target>``."""
        if not self.settings or stage == "train":
            return {}
        ids, compared = self._of(self.ids, stage).compute(), self._of(self.stages, stage).compute()
        predictions, target = task.metric_inputs(stage, ids, *compared)
        if self.classes:
            shape = (-1, len(self.classes))
            target = target.reshape(shape if self.is_multilabel else -1)
            return compute_metrics(self.settings, predictions.reshape(shape), target.long())
        if len(self.targets) == 1:
            return compute_metrics(self.settings, predictions.reshape(-1), target.reshape(-1))
        each = {
            name: compute_metrics(self.settings, its.reshape(-1), true.reshape(-1))
            for name, its, true in zip(self.targets, predictions.unbind(-1), target.unbind(-1), strict=True)
        }
        means = {name: sum(found[name] for found in each.values()) / len(each) for name in self.settings}
        return means | {
            f"{name}/{target}": found[name] for target, found in each.items() for name in self.settings
        }

    def reset(self, stage: str) -> None:
        """Remove the stage's batches."""
        self._of(self.stages, stage).reset()
        self._of(self.ids, stage).reset()

    @staticmethod
    def _of(metrics: nn.ModuleList, stage: str) -> Metric:
        found = metrics[STAGES.index(stage)]
        assert isinstance(found, Metric)  # noqa: S101 (for the type checker)
        return found


def compute_metrics(settings: Settings, predictions: Tensor, target: Tensor) -> dict[str, float]:
    """Return the value of each metric for all predictions.

    Args:
        settings: the settings of the metrics.
        predictions: probabilities of classes or labels, [N, C], or numbers, [N].
        target: classes or numbers, [N], or 1 for the labels of a sample, [N, C].

    Raises:
        ConfigError: a metric cannot be made, does not accept such predictions, or returns several numbers.
    """
    return {name: _value_of(name, one, predictions, target) for name, one in settings.items()}


def try_out(settings: Settings, num_classes: int, *, is_multilabel: bool = False) -> None:
    """Refuse metrics that do not work, by trying them on made-up predictions.

    Args:
        settings: the settings of the metrics.
        num_classes: the number of classes; 0 if the predictions are numbers.
        is_multilabel: whether a sample can have any number of the classes.

    Raises:
        ConfigError: as in ``compute_metrics``.
    """
    target = torch.arange(SAMPLES * max(num_classes, 1))
    predictions = torch.linspace(0.1, 0.9, len(target) * max(num_classes, 1), dtype=torch.float64)
    if is_multilabel:
        compute_metrics(
            settings,
            predictions.view(-1, num_classes),
            target[:, None] % (num_classes + 1) > torch.arange(num_classes),
        )
    elif num_classes:
        compute_metrics(settings, predictions.view(-1, num_classes).softmax(1), target % num_classes)
    else:
        compute_metrics(settings, predictions, target.double())


def _value_of(name: str, settings: Mapping[str, Any], predictions: Tensor, target: Tensor) -> float:
    options = {key: value for key, value in settings.items() if key != "_target_"}
    one = metrics[settings["_target_"]]
    try:
        counted = {"num_classes", "num_labels"} & signature(one).parameters.keys()
        options |= dict.fromkeys(counted, predictions.shape[-1])
        with warnings.catch_warnings(action="ignore"):  # about its use of memory
            metric = one(**options)
            metric.distributed_available_fn = lambda: False  # all ranks have all predictions
            if predictions.ndim == 1:
                metric.set_dtype(torch.float64)  # for its sums
            metric.update(predictions, target)
            found: Any = metric.compute()
    except Exception as error:
        raise ConfigError(f"task.metrics.{name}: {failure(error)}") from error
    if not isinstance(found, int | float) and not (isinstance(found, Tensor) and found.numel() == 1):
        what = f"{found.numel()} numbers" if isinstance(found, Tensor) else f"a {type(found).__name__}"
        target = settings["_target_"]
        raise ConfigError(f"task.metrics.{name}: a score is one number, but {target} returns {what}")
    return float(found)
