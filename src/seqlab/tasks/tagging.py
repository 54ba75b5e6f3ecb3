"""Tagging: predicting the class of every step of a sequence, or of its last steps."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar, cast

import torch
from torch import Tensor, nn

from seqlab.data import Batch, DataSpec, SequenceData
from seqlab.data.batches import Stepped
from seqlab.data.tagged.declared import tokens_of
from seqlab.errors import ExportError
from seqlab.functional.lengths import EVERY_STEP
from seqlab.io.terminal import in_a_line
from seqlab.tasks import figures
from seqlab.tasks.base import STAGES, Exported, History, register_task
from seqlab.tasks.baselines.tags import tag_baselines
from seqlab.tasks.baselines.text import majority
from seqlab.tasks.classification import Classification, StageScores
from seqlab.tasks.score import SPAN_F1, SPAN_PRECISION, SPAN_RECALL, BaselineScores, Score
from seqlab.tasks.spans import SpanCounts, span_scores, types_of
from seqlab.tasks.tables import BySample, Rows

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MOST_STEPS = 2**24
"""Maximum number of steps of a sequence: step s of sample i has the sample number i · MOST_STEPS + s."""


class StageTags(StageScores):
    """The metrics of one stage, and the counts of its spans."""

    def __init__(self, classes: Sequence[str]) -> None:
        super().__init__(len(classes))
        self.spans = SpanCounts(classes)


@register_task("tagging")
class Tagging(Classification):
    """Classification of steps: every step with a class counts as a sample.

    If the classes are tags of spans, such as B-LOC, I-LOC and O, spans are scored too.

    Args:
        classes: class names in the order of their numbers.
        class_counts: training steps of each class.
        steps: number S of steps at the end of a sequence that have a class; ``EVERY_STEP`` for all.
        has_tokens: whether steps are tokens; otherwise they are numbers.
        settings: see ``Classification``.
    """

    problem_type = "tagging"
    is_stepwise = True
    has_one_class = False
    scores: ClassVar[tuple[Score, ...]] = (*Classification.scores, SPAN_F1, SPAN_PRECISION, SPAN_RECALL)

    def __init__(
        self,
        classes: Sequence[str],
        class_counts: Sequence[int] | None,
        steps: int,
        has_tokens: bool = True,  # noqa: FBT001, FBT002 (keyword-only arguments are settings)
        **settings: Any,
    ) -> None:
        super().__init__(classes, class_counts, **settings)
        self.output_steps, self.has_tokens = steps, has_tokens
        self.has_spans = bool(types_of(classes))
        if self.has_spans:
            self.stages = nn.ModuleList(StageTags(classes) for _ in STAGES)

    @classmethod
    def of(cls, spec: Mapping[str, Any], settings: Mapping[str, Any]) -> "Tagging":
        """Return the task for data with classes of their steps."""
        steps, has_tokens = spec["tagged_steps"] or EVERY_STEP, spec.get("kind") != "features"
        return cls(spec["classes"], spec.get("class_counts"), steps, has_tokens, **settings)

    def step(self, stage: str, outputs: Tensor, batch: Batch) -> Tensor:
        """Return the mean cross-entropy of logits over steps, [B, S, C], and update the metrics.

        The classes ``batch.y`` are [B, S], −1 in the padding.
        """
        if self.has_spans:
            inside = (batch.y >= 0) & (batch.ids >= 0)[:, None]
            self._tags_of(stage).spans.update(outputs.detach().argmax(2), batch.y, inside)
        return super().step(stage, *self.samples(outputs, batch))

    def samples(self, outputs: Tensor, batch: Batch) -> tuple[Tensor, Batch]:
        """Return outputs [B · S, C] and a batch of steps; those of the padding have the id −1."""
        steps = batch.ids[:, None] * self._stride + torch.arange(batch.y.shape[1], device=batch.ids.device)
        ids = steps.where((batch.ids[:, None] >= 0) & (batch.y >= 0), -1).flatten()
        return outputs.flatten(0, 1), batch._replace(y=batch.y.clamp(min=0).flatten(), ids=ids)

    explained_as = "likeliest at the step"

    def explained(
        self,
        network: Callable[[Tensor, Tensor], Tensor],
        x: Tensor,
        ends: tuple[Tensor, Tensor],  # noqa: ARG002
    ) -> Tensor:
        """Return the probabilities of the classes at each step, [T, C]; none if only the last have one."""
        if self.output_steps != EVERY_STEP:
            return torch.empty(x.shape[1], 0)
        return self.predict(network(x, torch.tensor([x.shape[1]])), x)[0]

    def decode(
        self,
        spec: DataSpec,
        names: Sequence[str | Stepped],
        predictions: Tensor,
        top: int,  # noqa: ARG002
    ) -> list[dict[str, Any]]:
        """Return tags and probabilities, with the tokens of every sentence or the name of every sequence."""
        rows: list[dict[str, Any]] = []
        for one, row in zip(names, predictions, strict=True):
            steps = len(tokens_of(one)) if isinstance(one, str) else one.steps
            named = {"tokens": tokens_of(one)} if isinstance(one, str) else {"sequence": one.name}
            best = row[:steps].max(-1)
            tags = [spec.classes[number] for number in best.indices.tolist()]
            rows.append({**named, "tags": tags, "probabilities": best.values.tolist()})
        return rows

    def lines(self, rows: Sequence[Mapping[str, Any]]) -> list[str]:
        """Return a line per token, with an empty one between sentences, or a line per step."""
        lines: list[str] = []
        for row in rows:
            if "tokens" in row:
                steps = [in_a_line(token) for token in row["tokens"]]
                lines += [""] * bool(lines)
            else:
                name = in_a_line(row["sequence"])
                steps = [f"{name}\t{step}" for step in range(1, len(row["tags"]) + 1)]
            lines += [f"{step}\t{in_a_line(tag)}" for step, tag in zip(steps, row["tags"], strict=True)]
        return lines

    def exported(self, spec: DataSpec) -> Exported:
        """Return that the output is probabilities at every step, [B, T, C].

        Raises:
            ExportError: only the last steps have a class.
        """
        if spec.tagged_steps:
            raise ExportError("classes of the last steps cannot be exported to ONNX; use --to safetensors")
        return Exported("probabilities", ["time", len(spec.classes)], is_double=False)

    def compute(self, stage: str) -> dict[str, float]:
        """Return the stage's loss and scores, and those of spans, over all batches and ranks."""
        found = super().compute(stage)
        if not self.has_spans:
            return found
        each = span_scores(self._span_counts(stage).sum(0))
        return found | {f"span_{name}": float(value) for name, value in each.items()}

    def baselines(self, data: SequenceData, *, fitted: bool) -> BaselineScores:  # noqa: ARG002
        """Score the most frequent tag, and for tokens the most frequent tag of each; none is fitted."""
        if self.output_steps == EVERY_STEP and self.has_tokens:
            return tag_baselines(data, self.classes)
        y = {split: samples.y.flatten().numpy() for split, samples in data.samples.items()}
        return {"majority": majority(y, len(self.classes))}

    def figures(self, history: History, title: str) -> dict[str, "Figure"]:
        """Draw the figures of classification, and the learning curve of spans."""
        drawn = super().figures(history, title)
        return drawn | (
            {"span_f1": figures.common.curves(history, "span_f1", title)} if self.has_spans else {}
        )

    def tables(self, describe: Callable[[int], str]) -> dict[str, Rows]:
        """Return every test prediction, and the scores of every class and every type of span."""
        every = self.output_steps == EVERY_STEP

        def describe_step(number: int) -> str:
            sample, step = divmod(number, self._stride)
            if not every:
                return f"{describe(sample)}, answer {step + 1}"
            return tokens_of(describe(sample))[step] if self.has_tokens else describe(sample)

        tables = super().tables(describe_step)
        if every:
            numbers = self.predictions.compute()[0].view(-1, 3)[:, 0].cpu()
            predictions = cast("BySample", tables["predictions"])

            def placed(number: int) -> list[dict[str, Any]]:
                sample, step = divmod(int(numbers[number]), self._stride)
                return [self._placed(sample, step, row) for row in predictions.rows(number)]

            tables["predictions"] = replace(predictions, rows=placed)
        if self.has_spans:
            counts = self._span_counts("test").cpu()
            each = span_scores(counts) | {"predicted": counts[:, 1], "true": counts[:, 2]}
            tables["spans"] = [
                {"type": name} | {score: values[number].item() for score, values in each.items()}
                for number, name in enumerate(types_of(self.classes))
            ]
        return tables

    def _placed(self, sample: int, step: int, row: Mapping[str, Any]) -> dict[str, Any]:
        """Return a row of predictions with the number of its sentence, or of its sequence and step."""
        if self.has_tokens:
            return {"sentence": sample + 1} | dict(row)
        others = {key: value for key, value in row.items() if key != "text"}
        return {"sequence": row["text"], "step": step + 1} | others

    @property
    def _stride(self) -> int:
        return MOST_STEPS if self.output_steps == EVERY_STEP else self.output_steps

    def _tags_of(self, stage: str) -> StageTags:
        return cast("StageTags", self.stage(stage))

    def _span_counts(self, stage: str) -> Tensor:
        counts: Tensor = self._tags_of(stage).spans.compute()
        return counts.view(-1, 3)  # torchmetrics squeezes a single number
