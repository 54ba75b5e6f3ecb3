"""What answers: a network with what surrounds it, wherever it was loaded from."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

import torch
from torch import Tensor

from seqlab.cells import State
from seqlab.data import Dataset, DataSpec
from seqlab.models.lightning_module import SequenceModule
from seqlab.tasks import Task


@dataclass(frozen=True)
class Predictor:
    """A trained network as a function from inputs as data have them to answers as people read them.

    Attributes:
        spec: what its data declared.
        data: reads files like those it was trained on.
        task: says how answers are printed.
        answer: from tokens [B, T], or columns in their own units [B, T, F] in float64, and lengths [B] to
            probabilities [B, C], or forecasts in the targets' units [B, horizon, K].
        carry: as ``SequenceModel.carry``, for networks that answer every step; None for files without states.
    """

    spec: DataSpec
    data: Dataset
    task: Task
    answer: Callable[[Tensor, Tensor], Tensor]
    carry: Callable[[Tensor, Tensor, State | None], tuple[Tensor, State]] | None = None

    @classmethod
    def of(cls, module: SequenceModule, spec: DataSpec, data: Dataset) -> Self:
        """Return what answers with a module, which is in evaluation mode."""

        def answer(x: Tensor, lengths: Tensor) -> Tensor:
            read = spec.scaled(x)
            with torch.inference_mode():
                return module.task.answers(module(read, lengths), read)

        return cls(spec, data, module.task, answer, module.model.carry)
