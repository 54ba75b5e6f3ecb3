"""Classification: predicting the class of a sequence."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, cast

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional

from seqlab.data import Batch, DataSpec, SequenceData
from seqlab.io.terminal import in_a_line
from seqlab.registry.types import NotNegative, Share
from seqlab.tasks import figures
from seqlab.tasks.base import STAGES, Exported, History, Task, register_task
from seqlab.tasks.baselines.linear import linear
from seqlab.tasks.baselines.text import majority, of_classes
from seqlab.tasks.confusion import ConfusionMatrix, class_scores, scores
from seqlab.tasks.loss import MeanLoss
from seqlab.tasks.predictions import Predictions
from seqlab.tasks.score import ACCURACY, F1, PRECISION, RECALL, BaselineScores, Score, loss_in
from seqlab.tasks.tables import BySample, Rows

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from seqlab.export.graph import Graph


class StageScores(nn.Module):
    """The metrics of one stage: the mean loss over samples, and the confusion matrix.

    The training loss includes label smoothing and class weights; the losses of the other stages do not.
    """

    def __init__(self, num_classes: int) -> None:
        super().__init__()
        self.loss = MeanLoss()
        self.confusion = ConfusionMatrix(num_classes)


@register_task("classification")
class Classification(Task):
    """One class per sequence, with cross-entropy; every stage has the exact loss and a confusion matrix.

    Args:
        classes: class names in the order of their numbers.
        class_counts: training samples of each class.
        class_titles: names of the classes in figures.
        label_smoothing: probability that is spread uniformly over all classes, in training.
        class_weight_power: a class with n training samples has the weight n^-power in training; the mean
            weight is 1.
        consistency: weight of the disagreement between two passes of each sample through the network, with
            different dropout masks, in training: the mean of the two Kullback–Leibler divergences (R-Drop:
            Liang et al. 2021, whose weight is twice this). 0 for a single pass.
    """

    problem_type = "classification"
    scores: ClassVar[tuple[Score, ...]] = (
        loss_in("cross-entropy in nats"),
        ACCURACY,
        PRECISION,
        RECALL,
        F1,
    )
    monitor = "val/accuracy"
    metrics_of = "classification.Multiclass"
    has_one_class = True
    has_probabilities = True
    galleries = ("confusion",)

    weights: Tensor

    def __init__(
        self,
        classes: Sequence[str],
        class_counts: Sequence[int] | None = None,
        class_titles: Sequence[str] = (),
        *,
        label_smoothing: Share = 0.0,
        class_weight_power: Annotated[float, Field(ge=0, le=1)] = 0.0,
        consistency: NotNegative = 0.0,
    ) -> None:
        super().__init__()
        self.label_smoothing, self.consistency = label_smoothing, consistency
        self.passes = 2 if consistency else 1
        counts = torch.tensor(class_counts or [1] * len(classes)).clamp(min=1)
        weights = counts.float() ** -class_weight_power
        self.register_buffer("weights", weights / weights.mean(), persistent=False)
        self.classes, self.titles = tuple(classes), tuple(class_titles or classes)
        self.output_size = len(self.classes)
        self.stages = nn.ModuleList(StageScores(self.output_size) for _ in STAGES)
        self.predictions = Predictions()

    @classmethod
    def of(cls, spec: Mapping[str, Any], settings: Mapping[str, Any]) -> "Classification":
        """Return the task for data with classes."""
        return cls(spec["classes"], spec.get("class_counts"), spec.get("class_titles") or (), **settings)

    def step(self, stage: str, outputs: Tensor, batch: Batch) -> Tensor:
        """Return the mean cross-entropy of logits, [B, C], and update the metrics."""
        logits = outputs
        valid = batch.ids >= 0
        true = torch.where(valid, batch.y, -1)
        rows = valid.sum()
        loss = self.loss(logits, true) if stage == "train" else _cross_entropy(logits, true, rows)
        with torch.no_grad():
            found = self._of(stage)
            found.loss.update(loss, rows)
            found.confusion.update(logits.argmax(1), batch.y, valid)
            if stage == "test":
                self.predictions.update(batch.ids, batch.y, logits)
        if stage == "train" and self.consistency:
            return loss + self.consistency * disagreement(logits, valid)
        return loss

    def predict(self, outputs: Tensor, x: Tensor) -> Tensor:  # noqa: ARG002
        """Return the probabilities of the classes, [B, C], from logits."""
        return outputs.softmax(-1)

    def decode(
        self, spec: DataSpec, names: Sequence[str], predictions: Tensor, top: int
    ) -> list[dict[str, Any]]:
        """Return the most probable classes of every text, the best first."""
        best = predictions.topk(min(top, len(spec.classes)))
        return [
            {"text": text, "classes": [spec.classes[number] for number in numbers], "probabilities": values}
            for text, numbers, values in zip(names, best.indices.tolist(), best.values.tolist(), strict=True)
        ]

    def lines(self, rows: Sequence[Mapping[str, Any]]) -> list[str]:
        """Return one line per text."""
        best = [
            "  ".join(f"{in_a_line(name)} {value:.3f}" for name, value in zip(*found, strict=True))
            for found in ((row["classes"], row["probabilities"]) for row in rows)
        ]
        return [f"{in_a_line(row['text'])}\t{found}" for row, found in zip(rows, best, strict=True)]

    def exported(self, spec: DataSpec) -> Exported:
        """Return that the output is probabilities, [B, C]."""
        return Exported("probabilities", [len(spec.classes)], is_double=False)

    def add_tail(self, graph: "Graph", outputs: str, x: str) -> str:  # noqa: ARG002
        """Add the softmax."""
        return graph.add("Softmax", outputs, axis=-1)

    def compute(self, stage: str) -> dict[str, float]:
        """Return the stage's loss and scores over all batches and ranks since the last reset."""
        return {"loss": float(self._of(stage).loss.compute())} | scores(self.counts(stage))

    def counts(self, stage: str) -> Tensor:
        """Return the stage's confusion matrix, [C, C]: row = true class, column = predicted class."""
        counts: Tensor = self._of(stage).confusion.compute()
        return counts.view(self.output_size, self.output_size)  # torchmetrics squeezes a single number

    def baselines(self, data: SequenceData, *, fitted: bool) -> BaselineScores:
        """Score the most frequent class, and if ``fitted`` a linear model of n-grams, or of summaries."""
        y = {split: samples.y.numpy() for split, samples in data.samples.items()}
        num_classes = len(self.classes)
        found: BaselineScores = {"majority": majority(y, num_classes)}
        if fitted:
            found |= linear(data, of_classes(num_classes))
        return found

    def figures(self, history: History, title: str) -> dict[str, "Figure"]:
        """Draw the learning curves and the confusion matrices of the evaluated stages."""
        drawn = {
            quantity: figures.common.curves(history, quantity, title) for quantity in ("loss", "accuracy")
        }
        for stage, name in (("val", "validation"), ("test", "test")):
            if self._of(stage).confusion.update_called:
                figure = figures.common.confusion_matrix(self.counts(stage), self.titles, f"{title}: {name}")
                drawn[f"confusion_{stage}"] = figure
        return drawn

    def tables(self, describe: Callable[[int], str]) -> dict[str, Rows]:
        """Return every test prediction with its probability, the scores of classes, and what is confused."""
        predictions, probabilities = self.predictions.compute()
        # torchmetrics squeezes a single row.
        predictions, probabilities = predictions.view(-1, 3).cpu(), probabilities.view(-1).cpu()

        def rows(number: int) -> list[dict[str, Any]]:
            sample, true, predicted = predictions[number].tolist()
            return [
                {
                    "text": describe(sample),
                    "true": self.classes[true],
                    "predicted": self.classes[predicted],
                    "probability": round(float(probabilities[number]), 6),
                }
            ]

        counts = self.counts("test")
        values = class_scores(counts) | {"samples": counts.sum(1)}
        classes = [
            {"class": name, "title": title}
            | {score: column[number].item() for score, column in values.items()}
            for number, (name, title) in enumerate(zip(self.classes, self.titles, strict=True))
        ]
        confused = [
            {
                "true": self.classes[true],
                "predicted": self.classes[predicted],
                "samples": int(counts[true, predicted]),
            }
            for true, predicted in counts.nonzero().tolist()
        ]
        return {"predictions": BySample(len(predictions), 1, rows), "classes": classes, "confusion": confused}

    def loss(self, logits: Tensor, target: Tensor) -> Tensor:
        """Return the loss of training; that of other stages is the mean cross-entropy.

        Without smoothing and weights both are the same.

        Args:
            logits: [B, C].
            target: the true classes, [B]; −1 for rows to ignore.
        """
        total = functional.cross_entropy(
            logits,
            target,
            weight=self.weights.to(logits.dtype),
            ignore_index=-1,
            label_smoothing=self.label_smoothing,
            reduction="sum",
        )
        weight = torch.where(target >= 0, self.weights[target.clamp(min=0)], 0).sum()
        return total / weight.clamp(min=1e-9)

    def reset(self, stage: str) -> None:
        """Reset the stage's metrics."""
        super().reset(stage)
        if stage == "test":
            self.predictions.reset()

    def _of(self, stage: str) -> StageScores:
        return cast("StageScores", self.stage(stage))


def disagreement(logits: Tensor, valid: Tensor) -> Tensor:
    """Return how much two passes of the same samples disagree, in nats a sample.

    Args:
        logits: those of the first pass, then of the second, [2 B, C].
        valid: the rows that count, [2 B].

    Returns:
        the mean over samples of half the sum of the two Kullback–Leibler divergences.
    """
    first, second = logits.log_softmax(1).chunk(2)
    each = ((first.exp() - second.exp()) * (first - second)).sum(1) / 2
    counted = valid.chunk(2)[0]
    return torch.where(counted, each, 0).sum() / counted.sum().clamp(min=1)


def _cross_entropy(logits: Tensor, true: Tensor, rows: Tensor) -> Tensor:
    return functional.cross_entropy(logits, true, ignore_index=-1, reduction="sum") / rows.clamp(min=1)
