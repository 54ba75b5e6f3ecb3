"""Multilabel classification: predicting any number of labels of a sequence."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, cast

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from seqlab.data import Batch, DataSpec, SequenceData
from seqlab.io.terminal import in_a_line
from seqlab.registry.types import Factor
from seqlab.tasks import figures
from seqlab.tasks.base import STAGES, Exported, History, Task, register_task
from seqlab.tasks.baselines.linear import linear
from seqlab.tasks.baselines.text import scored
from seqlab.tasks.label_counts import LabelCounts, label_scores, scores
from seqlab.tasks.loss import MeanLoss
from seqlab.tasks.metrics import PredictionsAndTargets
from seqlab.tasks.score import EXACT_MATCH, F1, F1_MICRO, HAMMING, BaselineScores, Score, loss_in
from seqlab.tasks.tables import BySample, Rows

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from seqlab.export.graph import Graph


class StageLabels(nn.Module):
    """The metrics of one stage: the mean loss over samples, and the counts of each label."""

    def __init__(self, num_labels: int) -> None:
        super().__init__()
        self.loss = MeanLoss()
        self.counts = LabelCounts(num_labels)


@register_task("multilabel")
class Multilabel(Task):
    """Any number of labels for a sequence: a sigmoid for each, and binary cross-entropy.

    Args:
        classes: names of the labels in the order of their numbers.
        titles: names of the labels in figures.
        threshold: the decision threshold: a label is predicted if its probability is this or more.
    """

    problem_type = "multilabel"
    scores: ClassVar[tuple[Score, ...]] = (
        loss_in("binary cross-entropy in nats, mean over labels"),
        F1_MICRO,
        F1,
        EXACT_MATCH,
        HAMMING,
    )
    monitor = "val/f1_micro"
    metrics_of = "classification.Multilabel"
    is_multilabel = True
    has_probabilities = True

    def __init__(
        self, classes: Sequence[str], titles: Sequence[str] = (), *, threshold: Factor = 0.5
    ) -> None:
        super().__init__()
        self.classes, self.titles, self.threshold = tuple(classes), tuple(titles or classes), threshold
        self.output_size = len(self.classes)
        self.stages = nn.ModuleList(StageLabels(self.output_size) for _ in STAGES)
        self.predictions = PredictionsAndTargets()

    @classmethod
    def of(cls, spec: Mapping[str, Any], settings: Mapping[str, Any]) -> "Multilabel":
        """Return the task for data with labels."""
        return cls(spec["classes"], spec.get("class_titles") or (), **settings)

    def step(self, stage: str, outputs: Tensor, batch: Batch) -> Tensor:
        """Return the mean loss of logits, [B, C], for ``batch.y`` of 0 and 1, and update the metrics."""
        valid = batch.ids >= 0
        rows = valid.sum()
        true = batch.y.to(outputs.dtype)
        each = functional.binary_cross_entropy_with_logits(outputs, true, reduction="none").mean(1)
        loss = torch.where(valid, each, 0).sum() / rows.clamp(min=1)
        with torch.no_grad():
            found, probabilities = self._of(stage), outputs.sigmoid()
            found.loss.update(loss, rows)
            found.counts.update(probabilities >= self.threshold, batch.y > 0, valid)
            if stage == "test":
                self.predictions.update(batch.ids, probabilities, batch.y)
        return loss

    def predict(self, outputs: Tensor, x: Tensor) -> Tensor:  # noqa: ARG002
        """Return the probability of each label, [B, C], from logits."""
        return outputs.sigmoid()

    def decode(
        self, spec: DataSpec, names: Sequence[str], predictions: Tensor, top: int
    ) -> list[dict[str, Any]]:
        """Return the labels of every text, and the probabilities of the most probable ones."""
        best = predictions.topk(min(top, len(spec.classes)))
        return [
            {
                "text": text,
                "labels": self._named(row),
                "probabilities": {spec.classes[number]: value for number, value in zip(*found, strict=True)},
            }
            for text, row, *found in zip(
                names, predictions, best.indices.tolist(), best.values.tolist(), strict=True
            )
        ]

    def lines(self, rows: Sequence[Mapping[str, Any]]) -> list[str]:
        """Return one line per text: its labels, or a dash, and the probabilities."""
        return [
            "\t".join(
                [
                    in_a_line(row["text"]),
                    in_a_line(", ".join(row["labels"])) or "–",
                    "  ".join(
                        f"{in_a_line(name)} {value:.3f}" for name, value in row["probabilities"].items()
                    ),
                ]
            )
            for row in rows
        ]

    def exported(self, spec: DataSpec) -> Exported:
        """Return that the output is a probability for each label, [B, C]."""
        return Exported("probabilities", [len(spec.classes)], is_double=False)

    def add_tail(self, graph: "Graph", outputs: str, x: str) -> str:  # noqa: ARG002
        """Add the sigmoid."""
        return graph.add("Sigmoid", outputs)

    def compute(self, stage: str) -> dict[str, float]:
        """Return the stage's loss and scores over all batches and ranks since the last reset."""
        return {"loss": float(self._of(stage).loss.compute())} | scores(*self._counted(stage))

    def baselines(self, data: SequenceData, *, fitted: bool) -> BaselineScores:
        """Score the more frequent value of every label, and if ``fitted`` a linear model for each label."""
        y = {split: samples.y.numpy() for split, samples in data.samples.items()}
        usual = y.pop("train").mean(0) > 0.5  # noqa: PLR2004 (half)
        found: BaselineScores = {
            "majority": scored(
                {split: np.tile(usual, (len(true), 1)) for split, true in y.items()}, y, _score_labels
            )
        }
        return found | (linear(data, _score_labels, "labels") if fitted else {})

    def figures(self, history: History, title: str) -> dict[str, "Figure"]:
        """Draw the learning curves, and the scores of each label in the evaluated stages."""
        drawn = {
            quantity: figures.common.curves(history, quantity, title) for quantity in ("loss", "f1_micro")
        }
        for stage, name in (("val", "validation"), ("test", "test")):
            if self._of(stage).counts.update_called:
                each = label_scores(self._counted(stage)[0])
                drawn[f"labels_{stage}"] = figures.common.label_bars(each, self.titles, f"{title}: {name}")
        return drawn

    def tables(self, describe: Callable[[int], str]) -> dict[str, Rows]:
        """Return every test prediction with all probabilities, and the scores of every label."""
        predictions, true = (found.view(-1, self.output_size).cpu() for found in self.predictions.compute())

        def rows(sample: int) -> list[dict[str, Any]]:
            row = predictions[sample]
            each = zip(self.classes, row.tolist(), strict=True)
            return [
                {
                    "text": describe(sample),
                    "true": "|".join(self._named(true[sample])),
                    "predicted": "|".join(self._named(row)),
                }
                | {f"p({name})": round(value, 6) for name, value in each}
            ]

        counts = self._counted("test")[0].cpu()
        each = label_scores(counts) | {"support": counts[:, 0] + counts[:, 2]}
        labels = [
            {"label": name, "title": title} | {score: values[number].item() for score, values in each.items()}
            for number, (name, title) in enumerate(zip(self.classes, self.titles, strict=True))
        ]
        return {"predictions": BySample(len(predictions), 1, rows), "labels": labels}

    def reset(self, stage: str) -> None:
        """Reset the stage's metrics."""
        super().reset(stage)
        if stage == "test":
            self.predictions.reset()

    def _named(self, probabilities: Tensor) -> list[str]:
        """Return the labels whose probability reaches the threshold."""
        return [
            self.classes[number] for number in (probabilities >= self.threshold).nonzero().flatten().tolist()
        ]

    def _counted(self, stage: str) -> tuple[Tensor, Tensor, Tensor]:
        counts, exact, rows = self._of(stage).counts.compute()
        return counts.view(self.output_size, 3), exact, rows  # torchmetrics squeezes a single number

    def _of(self, stage: str) -> StageLabels:
        return cast("StageLabels", self.stage(stage))


def _score_labels(predicted: np.ndarray, true: np.ndarray) -> Mapping[str, float]:
    """Return the scores of labels, each [N, C] of 0 and 1."""
    metric = LabelCounts(true.shape[1])
    metric.update(torch.from_numpy(predicted > 0), torch.from_numpy(true > 0), torch.ones(len(true)) > 0)
    return scores(metric.counts, metric.exact, metric.rows)
