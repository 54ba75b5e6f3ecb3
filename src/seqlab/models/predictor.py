"""A trained network with everything that prediction needs, from a run or an exported file."""

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
    """A trained network as a function from inputs to predictions, in the units of the data.

    Attributes:
        spec: the description of its training data.
        data: the settings for reading files like those it was trained on.
        task: the task, which formats predictions.
        predict: a function from tokens [B, T], or columns in their units [B, T, F] in float64, and lengths
            [B] to what ``Task.predict`` returns: probabilities [B, C] or [B, S, C], numbers [B, 1], or
            forecasts in the targets' units [B, horizon, K, …].
        carry: as ``SequenceModel.carry``, for networks with an output at every step; None for files without
            states.
    """

    spec: DataSpec
    data: Dataset
    task: Task
    predict: Callable[[Tensor, Tensor], Tensor]
    carry: Callable[[Tensor, Tensor, State | None], tuple[Tensor, State]] | None = None

    @classmethod
    def of(cls, module: SequenceModule, spec: DataSpec, data: Dataset) -> Self:
        """Return the predictor of a module, which must be in evaluation mode."""

        def predict(x: Tensor, lengths: Tensor) -> Tensor:
            read = spec.scaled(x)
            with torch.inference_mode():
                return module.task.predict(module(read, lengths), read)

        return cls(spec, data, module.task, predict, module.model.carry)
