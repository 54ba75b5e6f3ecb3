"""The base class of tasks: a loss for a batch, exact scores of a stage, baselines, figures and tables."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

import torch
from torch import Tensor, nn
from torchmetrics import Metric

from seqlab.compat.torch import Unrounded
from seqlab.data import Batch, DataSpec, SequenceData
from seqlab.errors import ConfigError, DataError, ExportError
from seqlab.io.terminal import in_a_line
from seqlab.nn.instance_norm import InstanceNorm
from seqlab.registry.catalog import tasks
from seqlab.tasks.score import BaselineScores, Score
from seqlab.tasks.tables import Rows

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from seqlab.export.graph import Graph

STAGES = ("train", "val", "test", "balanced")
"""Scores are kept by stage; "balanced" are training samples, sampled uniformly over classes."""


Calibration = list[list[float]]
"""What ``Task.calibration`` keeps of validation data."""


class Exported(NamedTuple):
    """The output of an ONNX file: its name, the shape for one sample, and whether it is float64.

    In the shape, "time" is the number of steps of the sample.
    """

    name: str
    shape: list[int | str]
    is_double: bool


History = Mapping[str, Sequence[tuple[int, float]]]
"""Points (epoch, value) by metric, such as "train/loss"."""


class Task(Unrounded, ABC):
    """What a network is to predict, its loss, and its scores.

    The settings of a task are the keyword-only arguments of its class.

    Attributes:
        problem_type: the kind of prediction that the data must be prepared for, as in ``DataSpec.task``.
        scores: the scores that ``compute`` returns.
        monitor: the score that chooses the best weights, such as "val/loss".
        metrics_of: how the names of the metrics that suit the predictions begin behind ``torchmetrics.``,
            such as "regression."; None if none does.
        is_stepwise: whether each step has an output, so that outputs are not pooled.
        is_causal: whether an output may only depend on the steps up to its own.
        is_multilabel: whether a sample can have any number of the classes.
        has_probabilities: whether ``predict`` returns a probability for each class.
        has_one_class: whether a sample has one class, so that training samples can be balanced over classes.
        galleries: figures of single predictions that ``seqlab report --html`` makes of the tables:
            "confusion", "horizon", "forecasts".
        baseline_names: the baselines that ``task.baselines`` may list; none if they cannot be chosen.
        output_size: numbers that the network outputs for a sequence, or for each of ``output_steps``.
        output_steps: steps at the end of a sequence that each have an output, or ``EVERY_STEP``; 0 for one
            output per sequence.
        passes: how often a training sample goes through the network in a step, with other dropout masks.
        location: the index of the point forecast among the numbers that are output for a step and target.
        stages: the metrics of each stage, in the order of ``STAGES``; only these are reset with their stage,
            and kept when a run is resumed within an epoch.
    """

    problem_type: ClassVar[str]
    scores: ClassVar[tuple[Score, ...]]
    monitor: ClassVar[str]
    metrics_of: ClassVar[str | None] = "regression."
    is_stepwise: ClassVar[bool] = False
    is_causal: ClassVar[bool] = False
    is_multilabel: ClassVar[bool] = False
    has_probabilities: ClassVar[bool] = False
    has_one_class: ClassVar[bool] = False
    galleries: ClassVar[tuple[str, ...]] = ()
    baseline_names: ClassVar[tuple[str, ...]] = ()
    output_size: int
    output_steps: int = 0
    passes: int = 1
    location: int = 0
    stages: nn.ModuleList

    @classmethod
    @abstractmethod
    def of(cls, spec: Mapping[str, Any], settings: Mapping[str, Any]) -> "Task":
        """Return the task for data that declare ``spec`` (``DataSpec.as_dict()``)."""

    @classmethod
    def score(cls, name: str) -> Score:
        """Return the score with this name, which follows the stage in "val/accuracy"."""
        return next(score for score in cls.scores if score.name == name.partition("/")[2])

    @abstractmethod
    def step(self, stage: str, outputs: Tensor, batch: Batch) -> Tensor:
        """Return the mean loss over the valid rows, and update the stage's metrics.

        Args:
            stage: "train", "val", "test" or "balanced".
            outputs: the model's outputs, [B, output_size], or [B, S, output_size] with outputs at S steps.
            batch: the inputs and targets; rows with an id of −1 are not valid, but fill a rank's last batch.
        """

    def read_in_units_of(self, norm: InstanceNorm) -> None:
        """Read the network's outputs in the units of each window, as its inputs are.

        Args:
            norm: how a window is normalized.

        Raises:
            ConfigError: the task's outputs have no such units.
        """
        raise ConfigError(
            f"task {type(self).__name__} does not undo model.instance_norm={norm.kind}; use "
            "model.instance_norm=none, or define read_in_units_of"
        )

    def decoder_targets(self, batch: Batch) -> Tensor:  # noqa: ARG002
        """Return the targets as the network's outputs have them, [B, horizon, K].

        Raises:
            ConfigError: the task cannot say them.
        """
        raise ConfigError(
            f"task {type(self).__name__} does not say what a decoder should read; define decoder_targets, "
            "or use model.teacher_forcing=0 and model.teacher_forcing_end=0"
        )

    def windowed(self, batch: Batch) -> Iterable[tuple[int, Batch]]:  # noqa: ARG002
        """Return a test batch cut into windows in several ways, each with its index for ``step_windows``."""
        return ()

    def step_windows(self, place: int, outputs: Tensor, batch: Batch) -> None:
        """Update the metrics of one of the ways of ``windowed``."""

    def predict(self, outputs: Tensor, x: Tensor) -> Tensor:  # noqa: ARG002
        """Return the predictions in readable units, such as probabilities.

        Args:
            outputs: the model's outputs, as of ``step``.
            x: the model's inputs.
        """
        return outputs

    def samples(self, outputs: Tensor, batch: Batch) -> tuple[Tensor, Batch]:
        """Return outputs and a batch in which each row is a sample that is scored."""
        return outputs, batch

    def predictions_and_targets(self, outputs: Tensor, batch: Batch) -> tuple[Tensor, Tensor]:
        """Return predictions and targets of a batch, which ``metric_inputs`` converts for further metrics."""
        return self.predict(outputs, batch.x), batch.y

    def in_units(self, values: Tensor) -> Tensor:
        """Return predictions or targets in the units of the target, in float64 on the CPU."""
        return values.cpu().double()

    def metric_inputs(
        self,
        stage: str,  # noqa: ARG002
        ids: Tensor,  # noqa: ARG002
        predictions: Tensor,
        target: Tensor,
    ) -> tuple[Tensor, Tensor]:
        """Return predictions and targets of a stage in the units of the target, as further metrics get them.

        Args:
            stage: "val", "test" or "balanced".
            ids: the number of each sample in its split, [N].
            predictions: those of ``predictions_and_targets`` of all batches, in the order of the ids.
            target: likewise.
        """
        return self.in_units(predictions), self.in_units(target)

    explained_as: ClassVar[str] = "likeliest if it ended here"
    """The heading of the column in which ``seqlab explain`` shows ``explained``."""

    def explained(
        self,
        network: Callable[[Tensor, Tensor], Tensor],
        x: Tensor,
        ends: tuple[Tensor, Tensor],
    ) -> Tensor:
        """Return the class probabilities after each step, [T, C]; C is 0 if there are no classes.

        Args:
            network: a function from inputs and lengths to outputs.
            x: one input, [1, T] or [1, T, F].
            ends: what would be read if it ended after each step, [T, longest] or [T, T, F], and the steps of
                that, [T].
        """
        return self.predict(network(*ends), ends[0]) if self.has_probabilities else torch.empty(x.shape[1], 0)

    def decode(
        self,
        spec: DataSpec,  # noqa: ARG002
        names: Sequence[Any],
        predictions: Tensor,
        top: int,  # noqa: ARG002
    ) -> list[dict[str, Any]]:
        """Return the output of ``seqlab predict --json``.

        Args:
            spec: the description of the data.
            names: the name of each sample, as of ``Unlabelled``.
            predictions: the result of ``predict``.
            top: how many classes or labels of a text or sequence to return.
        """
        return [
            {"text": text, "prediction": values.tolist()}
            for text, values in zip(names, predictions, strict=True)
        ]

    def quantiles(
        self,
        names: Sequence[Any],  # noqa: ARG002
        predictions: Tensor,  # noqa: ARG002
        levels: Sequence[float],  # noqa: ARG002
    ) -> list[dict[str, Any]]:
        """Return for each row of ``decode`` its quantiles, by what is predicted and by level.

        Args:
            names: as of ``decode``.
            predictions: the result of ``predict``.
            levels: of the quantiles, between 0 and 1.

        Raises:
            ConfigError: the network predicts no quantiles, or not these.
        """
        raise ConfigError("--quantiles is for forecasts; leave it out")

    @property
    def calibration(self) -> Calibration | None:
        """What predictions need of the validation data, which a network's file keeps; None for nothing."""
        return None

    def load_calibration(self, found: Calibration) -> None:  # noqa: ARG002
        """Use what ``calibration`` was.

        Raises:
            DataError: it does not fit the task.
        """
        raise DataError("the task has no calibration")

    def lines(self, rows: Sequence[Mapping[str, Any]]) -> list[str]:
        """Return the lines that ``seqlab predict`` prints for the result of ``decode``."""
        return ["\t".join(in_a_line(str(value)) for value in row.values()) for row in rows]

    def exported(self, spec: DataSpec) -> Exported:  # noqa: ARG002
        """Return the description of an ONNX file's output.

        Raises:
            ExportError: the task cannot be exported.
        """
        raise ExportError(f"{type(self).__name__} cannot be exported; define exported() and add_tail()")

    def add_tail(self, graph: "Graph", outputs: str, x: str) -> str:  # noqa: ARG002
        """Add the operations of ``predict`` to an ONNX graph; return the name of the result.

        Args:
            graph: the graph to add to.
            outputs: the name of the model's outputs.
            x: the name of the model's inputs.
        """
        return outputs

    @abstractmethod
    def compute(self, stage: str) -> dict[str, float]:
        """Return the stage's loss and scores over all batches and ranks since the last reset."""

    @abstractmethod
    def baselines(self, data: SequenceData, *, fitted: bool) -> BaselineScores:
        """Score the baselines on the same validation and test samples.

        A task with ``baseline_names`` takes ``names`` too, those of the baselines to score.

        Args:
            data: the data, set up.
            fitted: whether to include baselines that must be fitted.

        Returns:
            The scores of each baseline, ``{"test/…": …}``, or the reason why it has none.
        """

    def prepare_figures(self, data: SequenceData) -> None:
        """Take from the data what figures show beside the predictions; called before ``figures``."""

    @abstractmethod
    def figures(self, history: History, title: str) -> dict[str, "Figure"]:
        """Draw the learning curves and the evaluated stages; return the figures by name."""

    @abstractmethod
    def tables(self, describe: Callable[[int], str]) -> Mapping[str, Rows]:
        """Return the rows of the tables of the test, by the name of the table.

        Args:
            describe: a function that returns a test sample, by its number, in readable form.
        """

    def reset(self, stage: str) -> None:
        """Reset the stage's metrics."""
        for metric in self._metrics(stage):
            metric.reset()

    def has_scores(self, stage: str) -> bool:
        """Return whether the stage's metrics have seen a batch since their last reset, if there are any."""
        metrics = self._metrics(stage)
        return not metrics or any(metric.update_called for metric in metrics)

    def _metrics(self, stage: str) -> list[Metric]:
        return [one for one in self.stage(stage).modules() if isinstance(one, Metric)]

    def stage(self, stage: str) -> nn.Module:
        """Return the metrics of a stage."""
        return self.stages[STAGES.index(stage)]


def register_task(name: str) -> Callable[[type[Task]], type[Task]]:
    """Register a task: ``@register_task("ordinal")``, then ``task=ordinal``.

    Raises:
        ConfigError: another class has the name, or the class lacks a method that every task has.
    """

    def register(cls: type[Task]) -> type[Task]:
        if missing := sorted(cls.__abstractmethods__):
            raise ConfigError(
                f"task {name}: {cls.__name__} does not define {', '.join(missing)}; define them as "
                "seqlab.Task says, or subclass a task that does, such as Classification"
            )
        return tasks.register(name)(cls)

    return register
