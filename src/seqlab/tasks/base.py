"""What every task offers: a loss for a batch, exact scores of a stage, baselines, figures and tables."""

from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

from matplotlib.figure import Figure
from torch import Tensor, nn
from torchmetrics import Metric

from seqlab.data import Batch, SequenceData
from seqlab.registry.catalog import tasks
from seqlab.tasks.score import Score

STAGES = ("train", "val", "test", "drawn")
"""What is scored apart; "drawn" are training samples drawn uniformly over classes."""

History = Mapping[str, Sequence[tuple[int, float]]]
"""(epoch, value) points by metric, such as "train/loss"."""


class Task(nn.Module):
    """A question and how its answers are judged.

    Its settings are the keyword-only arguments of its class that have a default.

    Attributes:
        question: what data must ask, as in ``DataSpec.task``; a subclass answers the same.
        scores: the numbers that ``compute`` returns.
        monitor: the score by which the best weights are chosen, such as "val/loss".
        galleries: figures of single answers that ``seqlab report --html`` makes of its tables: "confusion",
            "horizon", "forecasts".
        output_size: numbers in an answer.
        output_steps: steps at the end of a sequence that are answered one by one; 0 for one answer in all.
        stages: the metrics of each stage, in the order of ``STAGES``.
    """

    question: ClassVar[str]
    scores: ClassVar[tuple[Score, ...]]
    monitor: ClassVar[str]
    galleries: ClassVar[tuple[str, ...]] = ()
    output_size: int
    output_steps: int = 0
    stages: nn.ModuleList

    @classmethod
    @abstractmethod
    def of(cls, spec: Mapping[str, Any], settings: Mapping[str, Any]) -> "Task":
        """Return the task for data that declare ``spec`` (``DataSpec.as_dict()``)."""

    @classmethod
    def score(cls, name: str) -> Score:
        """Return the score that is called so after its stage, as in "val/accuracy"."""
        return next(score for score in cls.scores if score.name == name.partition("/")[2])

    @abstractmethod
    def step(self, stage: str, answers: Tensor, batch: Batch) -> Tensor:
        """Return the mean loss over the rows that count, and note the batch for the stage's scores.

        Args:
            stage: "train", "val", "test" or "drawn".
            answers: the model's answers, [B, output_size].
            batch: what was asked.
        """

    @abstractmethod
    def compute(self, stage: str) -> dict[str, float]:
        """Return the stage's loss and scores over all batches and ranks since the last reset."""

    @abstractmethod
    def baselines(self, data: SequenceData, *, fitted: bool) -> dict[str, dict[str, float] | str]:
        """Score the baselines on the same validation and test samples.

        Args:
            data: the data, set up.
            fitted: whether baselines that are fitted are wanted too.

        Returns:
            For each baseline its scores, ``{"test/…": …}``, or why it has none.
        """

    @abstractmethod
    def figures(self, history: History, title: str) -> dict[str, Figure]:
        """Draw the learning curves, and the stages that were evaluated, by the name of the figure."""

    @abstractmethod
    def tables(self, describe: Callable[[int], str]) -> dict[str, list[dict[str, Any]]]:
        """Return the rows of the tables about the test, by the name of the table.

        Args:
            describe: returns a test sample as a person would write it.
        """

    def reset(self, stage: str) -> None:
        """Forget the stage's batches."""
        for metric in self.stage(stage).modules():
            if isinstance(metric, Metric):
                metric.reset()

    def stage(self, stage: str) -> nn.Module:
        """Return the metrics of a stage."""
        return self.stages[STAGES.index(stage)]


def register_task(name: str) -> Callable[[type[Task]], type[Task]]:
    """Register a task: ``@register_task("ordinal")``, then ``task=ordinal``.

    Raises:
        ConfigError: another class has the name.
    """
    return tasks.register(name)
