"""What answers: a network with what surrounds it, wherever it was loaded from."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self, cast

import torch
from torch import Tensor

from seqlab.data import Dataset, DataSpec
from seqlab.data.series.prepare import scale
from seqlab.models.lightning_module import SequenceModule

if TYPE_CHECKING:
    from seqlab.tasks import Forecasting


@dataclass(frozen=True)
class Predictor:
    """A trained network as a function from inputs as data have them to answers as people read them.

    Attributes:
        spec: what its data declared.
        data: reads files like those it was trained on.
        answer: from tokens [B, T], or columns in their own units [B, T, F] in float64, and lengths [B] to
            probabilities [B, C], or forecasts in the targets' units [B, horizon, K].
    """

    spec: DataSpec
    data: Dataset
    answer: Callable[[Tensor, Tensor], Tensor]

    @classmethod
    def of(cls, module: SequenceModule, spec: DataSpec, data: Dataset) -> Self:
        """Return what answers with a module, which is in evaluation mode."""

        def probabilities(x: Tensor, lengths: Tensor) -> Tensor:
            with torch.inference_mode():
                found: Tensor = module(x, lengths).softmax(1)
                return found

        def forecast(x: Tensor, lengths: Tensor) -> Tensor:
            assert spec.series is not None  # noqa: S101 (for the type checker)
            task, scaled = cast("Forecasting", module.task), scale(x.numpy(), spec.series)
            with torch.inference_mode():
                return task.in_units(task.forecast(module(scaled, lengths), scaled))

        return cls(spec, data, forecast if spec.task == "forecasting" else probabilities)
