"""Tagging: which class does each of a sequence's last steps have?"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from seqlab.data import Batch, DataSpec, SequenceData
from seqlab.errors import ExportError
from seqlab.tasks.base import Exported, register_task
from seqlab.tasks.baselines.text import majority
from seqlab.tasks.classification import Classification


@register_task("tagging")
class Tagging(Classification):
    """Classification of steps: every step with a class counts as a sample.

    Args:
        classes: class names in the order of their numbers.
        class_counts: training steps of each class.
        steps: how many steps S at the end of a sequence have a class.
        settings: see ``Classification``.
    """

    question = "tagging"

    def __init__(
        self,
        classes: Sequence[str],
        class_counts: Sequence[int] | None,
        steps: int,
        **settings: Any,
    ) -> None:
        super().__init__(classes, class_counts, **settings)
        self.output_steps = steps

    @classmethod
    def of(cls, spec: Mapping[str, Any], settings: Mapping[str, Any]) -> "Tagging":
        """Return the task for data with classes of their last steps."""
        return cls(spec["classes"], spec.get("class_counts"), spec["tagged_steps"], **settings)

    def step(self, stage: str, answers: Tensor, batch: Batch) -> Tensor:
        """Return the mean cross-entropy of logits over steps, [B, S, C], and update the metrics.

        Step s of sample i counts as sample i · S + s; the classes ``batch.y`` are [B, S].
        """
        steps = batch.ids[:, None] * self.output_steps
        steps = steps + torch.arange(self.output_steps, device=steps.device)
        ids = steps.where(batch.ids[:, None] >= 0, -1)
        return super().step(
            stage, answers.flatten(0, 1), batch._replace(y=batch.y.flatten(), ids=ids.flatten())
        )

    @classmethod
    def exported(cls, spec: DataSpec) -> Exported:  # noqa: ARG003
        """Refuse: an ONNX file answers once a sequence."""
        raise ExportError("task=tagging cannot be exported to ONNX; use --to safetensors")

    def baselines(self, data: SequenceData, *, fitted: bool) -> dict[str, dict[str, float] | str]:  # noqa: ARG002
        """Score the most frequent class; no baseline is fitted."""
        y = {split: samples.y.flatten().numpy() for split, samples in data.samples.items()}
        return {"majority": majority(y, len(self.classes))}

    def tables(self, describe: Callable[[int], str]) -> dict[str, list[dict[str, Any]]]:
        """Return every test prediction with its probability, and the scores of every class."""

        def describe_step(number: int) -> str:
            sample, step = divmod(number, self.output_steps)
            return f"{describe(sample)}, answer {step + 1}"

        return super().tables(describe_step)
