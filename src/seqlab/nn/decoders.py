"""Decoders: from the state in which a window ends to a vector for each segment that is forecast."""

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from seqlab.cells import State
from seqlab.errors import ConfigError
from seqlab.nn.parts import InputSpec
from seqlab.nn.recurrent import Recurrent

if TYPE_CHECKING:
    from seqlab.export.graph import Graph


class Parallel(nn.Module):
    """All M segments of the horizon at once, each a step of the recurrent layers from a window's last state.

    The input of that step is a learned embedding of the segment's position, and the vector of the channel
    if there is one (parallel multi-step forecasting, Lin et al. 2023).

    Args:
        recurrent: the layers, which read I numbers.
        inputs: the description of the inputs, with the horizon.
        output_size: numbers that are asked for a window.
        segment: steps of a segment; the last one may be cut.
        channel_size: numbers E of a channel's vector; 0 for none.

    Raises:
        ConfigError: nothing is forecast, the layers read windows from their end, or the vectors of channels
            leave no room.
    """

    def __init__(
        self,
        recurrent: Recurrent,
        inputs: InputSpec,
        output_size: int,
        *,
        segment: int,
        channel_size: int = 0,
    ) -> None:
        super().__init__()
        inputs.need_series("model.decoder=parallel", "model.decoder=direct")
        if any(recurrent.ways.turned):
            raise ConfigError(
                "model.decoder=parallel goes on where a window ends; use model.bidirectional=false and "
                "model.reverse=false"
            )
        if channel_size >= recurrent.input_size:
            raise ConfigError(
                f"model.channel_embedding={channel_size} leaves no room for positions: recurrent layers read "
                f"{recurrent.input_size} numbers; choose less, or with a larger model.embedding_size an "
                "encoder that has it, such as segments"
            )
        self.horizon, self.segment, self.input_size = inputs.horizon, segment, recurrent.input_size
        self.numbers = output_size // self.horizon
        segments = -(-self.horizon // segment)
        self.positions = nn.Parameter(torch.randn(segments, recurrent.input_size - channel_size))

    @property
    def answer_size(self) -> int:
        """The numbers that are asked for a segment."""
        return self.segment * self.numbers

    def forward(self, recurrent: Recurrent, state: State, channels: Tensor | None) -> Tensor:
        """Return a vector for each segment of R windows, [R·M, H].

        Args:
            recurrent: the layers.
            state: in which windows end, each [L, R, H].
            channels: the vector of each, [R, E].
        """
        rows = next(iter(state.values())).shape[1]
        read = self.positions.expand(rows, -1, -1)
        if channels is not None:
            read = torch.cat([read, channels[:, None].expand(-1, read.shape[1], -1)], -1)
        begin = State({name: one.repeat_interleave(read.shape[1], 1) for name, one in state.items()})
        outputs: Tensor = recurrent(read.flatten(0, 1)[:, None], state=begin, need_state=False)[0]
        return outputs[:, 0]

    def join(self, answers: Tensor) -> Tensor:
        """Return the answers of windows, [R·M, segment·N] to [R, horizon·N], N numbers a step."""
        steps = answers.view(-1, len(self.positions) * self.segment, self.numbers)
        return steps[:, : self.horizon].flatten(1)

    def add_read(self, graph: "Graph", rows: str, channels: str | None = None) -> str:
        """Add what the layers read to an ONNX graph, [R·M, 1, I]; ``rows`` is the shape [R]."""
        segments, width = self.positions.shape
        shape = graph.add("Concat", rows, graph.integers(segments, width), axis=0)
        read = graph.add("Expand", graph.constant("decoder.positions", self.positions[None]), shape)
        if channels is not None:
            each = graph.add("Unsqueeze", channels, graph.integers(1))
            read = graph.joined([read, graph.add("Expand", each, graph.integers(1, segments, 1))])
        return graph.add("Reshape", read, graph.integers(-1, 1, self.input_size))

    def add_repeated(self, graph: "Graph", state: str) -> str:
        """Add a state for each segment to an ONNX graph, [R, H] to [R·M, H]."""
        each = graph.add("Unsqueeze", state, graph.integers(1))
        whole = graph.add("Expand", each, graph.integers(1, len(self.positions), 1))
        shape = graph.add("Concat", graph.integers(-1), graph.add("Shape", state, start=1), axis=0)
        return graph.add("Reshape", whole, shape)

    def add_join(self, graph: "Graph", answers: str) -> str:
        """Add ``join`` to an ONNX graph."""
        parts = graph.integers(-1, len(self.positions) * self.segment, self.numbers)
        end = graph.integers(self.horizon)
        whole = graph.add(
            "Slice", graph.add("Reshape", answers, parts), graph.integers(0), end, graph.integers(1)
        )
        return graph.add("Reshape", whole, graph.integers(0, -1))
