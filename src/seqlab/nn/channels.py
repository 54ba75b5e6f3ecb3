"""Channel independence: each target is a series of its own, read and forecast by the same network."""

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from seqlab.nn.parts import InputSpec

if TYPE_CHECKING:
    from seqlab.export.graph import Graph


class Channels(nn.Module):
    """Makes a row of each target of a window: its values, then the columns that are no target.

    K targets of B windows are B·K rows, those of a window one behind the other (Nie et al. 2023).

    Args:
        inputs: the description of the inputs, with the places of the K targets.
        embedding_size: numbers E of a vector that is learned for each target; None for none.

    Attributes:
        inputs: the description of the inputs of a row.
        width: E; 0 for no vectors.

    Raises:
        ConfigError: the inputs are no windows of a series.
    """

    _columns: Tensor

    def __init__(self, inputs: InputSpec, embedding_size: int | None = None) -> None:
        super().__init__()
        inputs.need_series("model.channels=independent", "model.channels=mixed")
        targets = inputs.targets
        others = [place for place in range(inputs.size) if place not in targets]
        columns = torch.tensor([[target, *others] for target in targets])  # [K, 1 + others]
        self.register_buffer("_columns", columns, persistent=False)
        self.horizon, self.width = inputs.horizon, embedding_size or 0
        self.inputs = replace(inputs, size=columns.shape[1], targets=(0,))
        if embedding_size:
            self.embedding = nn.Parameter(torch.randn(len(targets), embedding_size))

    def __len__(self) -> int:
        return len(self._columns)

    def split(self, x: Tensor) -> Tensor:
        """Return the rows, [B, T, F] to [B·K, T, 1 + others]."""
        return x[:, :, self._columns].transpose(1, 2).flatten(0, 1)

    def split_target(self, target: Tensor) -> Tensor:
        """Return the target of the rows, [B, horizon, K] to [B·K, horizon, 1]."""
        return target.transpose(1, 2).flatten(0, 1)[:, :, None]

    def repeated(self, beside: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Return what a cell reads beside x for each row, [B, T, width] to [B·K, T, width]."""
        return {name: one.repeat_interleave(len(self), 0) for name, one in beside.items()}

    def vectors(self, rows: int) -> Tensor:
        """Return the vector of the target of each of B·K rows, [B·K, E]."""
        return self.embedding.repeat(rows // len(self), 1)

    def join(self, outputs: Tensor) -> Tensor:
        """Return the outputs of windows, [B·K, horizon·N] to [B, horizon·K·N]."""
        shape = (len(self), self.horizon, outputs.shape[1] // self.horizon)
        return outputs.view(len(outputs) // len(self), *shape).transpose(1, 2).flatten(1)

    def add_split(self, graph: "Graph", x: str) -> str:
        """Add ``split`` to an ONNX graph, and what sequences are from here on."""
        parted = graph.add("Gather", x, graph.constant("columns of channels", self._columns), axis=2)
        steps = graph.add("Shape", x, start=1, end=2)
        ends = graph.integers(-1), steps, graph.integers(self.inputs.size)
        graph.lengths = graph.repeated(graph.lengths, len(self), 1)
        turned = graph.add("Transpose", parted, perm=[0, 2, 1, 3])
        return graph.add("Reshape", turned, graph.add("Concat", *ends, axis=0))

    def add_repeated(self, graph: "Graph", beside: str) -> str:
        """Add ``repeated`` to an ONNX graph, for one of them."""
        return graph.repeated(beside, len(self), 3)

    def add_vectors(self, graph: "Graph", like: str) -> str:
        """Add ``vectors`` to an ONNX graph, for rows [B·K, …]."""
        rows = graph.add("Div", graph.add("Shape", like, start=0, end=1), graph.integers(len(self)))
        embedding = graph.constant("channels.embedding", self.embedding[None])
        every = graph.add("Concat", rows, graph.integers(1, 1), axis=0)
        return graph.add("Reshape", graph.add("Expand", embedding, every), graph.integers(-1, self.width))

    def add_join(self, graph: "Graph", outputs: str) -> str:
        """Add ``join`` to an ONNX graph."""
        rows = graph.add("Div", graph.add("Shape", outputs, start=0, end=1), graph.integers(len(self)))
        parts = graph.integers(len(self), self.horizon, -1)
        parted = graph.add("Reshape", outputs, graph.add("Concat", rows, parts, axis=0))
        return graph.add("Reshape", graph.add("Transpose", parted, perm=[0, 2, 1, 3]), graph.integers(0, -1))
