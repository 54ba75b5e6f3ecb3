"""What numeric sequences declare."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, cast

import numpy as np

from seqlab.data.sequences.layouts import AnyLayout
from seqlab.data.spec import DataSpec, register_spec

if TYPE_CHECKING:
    from torch import Tensor

    from seqlab.data.batches import Followed, Samples, Unlabelled
    from seqlab.data.dataset import Dataset
    from seqlab.data.sequences.own import Sequences
    from seqlab.export.graph import Graph


@dataclass(frozen=True)
class SequenceSettings:
    """How numeric sequences are scaled, and how a file holds them.

    Attributes:
        means: mean of each channel in the training part, [F].
        scales: standard deviation of each in the training part, [F].
        layout: of the training file; None if the sequences were in no file.
    """

    means: tuple[float, ...]
    scales: tuple[float, ...]
    layout: AnyLayout | None = None

    def usual(self, width: int) -> np.ndarray:
        """Return what a number is that is missing at the start: the mean, for channels of x, or 1 scaled."""
        return np.array([*self.means[:width], *self.scales[width:]])

    def scaled(self, values: np.ndarray) -> np.ndarray:
        """Return numbers in their own units, [..., F], as a network reads them, in float32."""
        scaled: np.ndarray = ((values - self.means) / self.scales).astype(np.float32)
        return scaled


@register_spec("sequences")
@dataclass(frozen=True, kw_only=True)
class SequencesSpec(DataSpec):
    """Numeric sequences of any length; ``features`` are the names of their channels.

    Attributes:
        sequences: how they are scaled, and how a file holds them.
    """

    sequences: SequenceSettings

    def fits(self) -> bool:
        """Return whether what it says of one thing agrees with what it says of the others."""
        means, scales = self.sequences.means, self.sequences.scales
        return (
            super().fits()
            and self.kind == "features"
            and self.input_size == len(means) == len(scales)
            and all(map(math.isfinite, (*means, *scales)))
            and min(scales) > 0
        )

    def scaled(self, x: "Tensor") -> "Tensor":
        """Return channels in their own units, [B, T, F] in float64, as a network reads them, in float32."""
        import torch  # noqa: PLC0415 (slow)

        return torch.from_numpy(self.sequences.scaled(x.numpy()))

    def add_scaling(self, graph: "Graph", x: str) -> str:
        """Add the scaling of channels, in float64 and then rounded, to an ONNX graph."""
        means = graph.constant("means", self.sequences.means)
        scales = graph.constant("scales", self.sequences.scales)
        return graph.cast(graph.add("Div", graph.add("Sub", x, means), scales), graph.FLOAT)

    def unlabelled(self, data: "Dataset", texts: Sequence[str], file: Path | None) -> "Unlabelled":
        """Return the sequences of a file."""
        from seqlab.data.sequences.unlabelled import unlabelled  # noqa: PLC0415 (imports torch)

        return unlabelled(self, cast("Sequences", data), texts, file)

    def followed(self, data: "Dataset", text: str | None, file: Path | None) -> "Followed":
        """Return the first sequence of a file."""
        from seqlab.data.sequences.unlabelled import follow  # noqa: PLC0415 (imports torch)

        return follow(self, cast("Sequences", data), text, file)

    def labelled(self, data: "Dataset", file: Path) -> "Samples":
        """Return the labelled sequences of a file."""
        from seqlab.data.sequences.unlabelled import label  # noqa: PLC0415 (imports torch)

        return label(self, cast("Sequences", data), file)
