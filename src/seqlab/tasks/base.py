"""What every task offers: a loss for a batch, exact scores of a stage, baselines, figures and tables."""

from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

import torch
from matplotlib.figure import Figure
from torch import Tensor, nn
from torchmetrics import Metric

from seqlab.data import Batch, DataSpec, SequenceData
from seqlab.errors import ExportError
from seqlab.io.terminal import in_a_line
from seqlab.registry.catalog import tasks
from seqlab.tasks.score import Score

if TYPE_CHECKING:
    from seqlab.export.graph import Graph

STAGES = ("train", "val", "test", "drawn")
"""What is scored apart; "drawn" are training samples drawn uniformly over classes."""


class Exported(NamedTuple):
    """What an ONNX file calls its answers, the shape of one, and whether they are float64."""

    name: str
    shape: list[int]
    is_double: bool


History = Mapping[str, Sequence[tuple[int, float]]]
"""(epoch, value) points by metric, such as "train/loss"."""


class Task(nn.Module):
    """A question and how its answers are judged.

    Its settings are the keyword-only arguments of its class.

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

    def answers(self, outputs: Tensor, x: Tensor) -> Tensor:  # noqa: ARG002
        """Return the model's outputs as people read them.

        Args:
            outputs: [B, output_size].
            x: the inputs that they answer, as the model has read them.
        """
        return outputs

    def compared(self, outputs: Tensor, batch: Batch) -> tuple[Tensor, Tensor]:
        """Return answers and truths of a batch, as further metrics compare them once they are in units."""
        return self.answers(outputs, batch.x), batch.y

    def in_units(self, values: Tensor) -> Tensor:
        """Return answers or truths in the units that people read, in float64 on the CPU."""
        return values.cpu().double()

    def probabilities(self, outputs: Tensor) -> Tensor:
        """Return the probabilities of the classes, [B, C], which ``seqlab explain`` shows; C is 0 without."""
        return torch.empty(len(outputs), 0)

    @classmethod
    def decode(cls, spec: DataSpec, asked: Sequence[str], answers: Tensor, top: int) -> list[dict[str, Any]]:  # noqa: ARG003
        """Return what ``seqlab predict --json`` prints.

        Args:
            spec: what the data declared.
            asked: what each answer is to; of a series, the times of one forecast.
            answers: as the method ``answers`` returns them.
            top: how many classes to name.
        """
        return [
            {"text": text, "answer": answer.tolist()} for text, answer in zip(asked, answers, strict=True)
        ]

    @classmethod
    def lines(cls, rows: Sequence[Mapping[str, Any]]) -> list[str]:
        """Return what ``seqlab predict`` prints of what ``decode`` has returned."""
        return ["\t".join(in_a_line(str(value)) for value in row.values()) for row in rows]

    @classmethod
    def exported(cls, spec: DataSpec) -> Exported:  # noqa: ARG003
        """Return what an ONNX file calls its answers, and what they are.

        Raises:
            ExportError: such answers are not exported.
        """
        raise ExportError(f"{cls.__name__} does not say how to export it; give it exported() and add_tail()")

    def add_tail(self, graph: "Graph", outputs: str, x: str) -> str:  # noqa: ARG002
        """Add to an ONNX graph what ``answers`` does; return the name of the result.

        Args:
            graph: takes nodes.
            outputs: the name of the outputs.
            x: the name of the inputs as the model has read them.
        """
        return outputs

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
