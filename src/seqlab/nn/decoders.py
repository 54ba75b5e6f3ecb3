"""Decoders: from the state in which a window ends to what is forecast, segment by segment."""

from abc import abstractmethod
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

import torch
from torch import Tensor, nn

from seqlab.cells import State
from seqlab.errors import ConfigError
from seqlab.nn.parts import InputSpec
from seqlab.nn.recurrent import Recurrent

if TYPE_CHECKING:
    from seqlab.export.graph import Graph

Head: TypeAlias = Callable[[Tensor], Tensor]
States: TypeAlias = list[dict[str, str]]
"""The names of each layer's states in an ONNX graph."""
AddStep: TypeAlias = Callable[[Recurrent, str, States], tuple[str, States]]
"""Adds a step of layers to an ONNX graph: of inputs [R, I] and states to outputs [R, H] and states."""


class TeacherForcing(NamedTuple):
    """The true values that a decoder reads in training.

    Attributes:
        target: the values that are to be forecast, [R, horizon, K].
        probability: with which a segment is read as it should be, not as it was forecast.
    """

    target: Tensor
    probability: float


class Decoder(nn.Module):
    """The base of decoders, which forecast M segments of the horizon.

    Args:
        recurrent: the layers that read a window.
        inputs: the description of the inputs, with the horizon.
        output_size: numbers that are output for a window.
        segment: steps of a segment; the last one may be cut.

    Raises:
        ConfigError: nothing is forecast, or the layers read windows from their end.
    """

    name: str

    def __init__(self, recurrent: Recurrent, inputs: InputSpec, output_size: int, segment: int) -> None:
        super().__init__()
        inputs.need_series(f"model.decoder={self.name}", "model.decoder=direct")
        if any(recurrent.ways.turned):
            raise ConfigError(
                f"model.decoder={self.name} goes on where a window ends; use model.bidirectional=false and "
                "model.reverse=false"
            )
        self.horizon, self.segment = inputs.horizon, segment
        self.segments = -(-self.horizon // segment)
        self.numbers = output_size // self.horizon

    @property
    def head_size(self) -> int:
        """The numbers that the head outputs for a segment."""
        return self.segment * self.numbers

    @abstractmethod
    def forward(
        self,
        head: Head,
        recurrent: Recurrent,
        state: State,
        channels: Tensor | None,
        forced: TeacherForcing | None,
    ) -> Tensor:
        """Return the forecasts of R windows, [R, horizon·N], with N numbers a step.

        Args:
            head: from a vector for each segment to its outputs, [R, segment·N].
            recurrent: the layers that have read the windows.
            state: in which they end, each [L, R, H].
            channels: the vector of each, [R, E].
            forced: the true values that are read.
        """

    @abstractmethod
    def onnx(
        self,
        graph: "Graph",
        head: Callable[[str], str],
        step: AddStep,
        *,
        recurrent: Recurrent,
        states: States,
        channels: str | None,
    ) -> str:
        """Add the same to an ONNX graph."""

    def cut(self, forecasts: Tensor) -> Tensor:
        """Return the horizon's of the forecasts of all segments, [R, M·segment·N] to [R, horizon·N]."""
        return forecasts[:, : self.horizon * self.numbers]

    def add_cut(self, graph: "Graph", forecasts: str) -> str:
        """Add ``cut`` to an ONNX graph."""
        end = graph.integers(self.horizon * self.numbers)
        return graph.add("Slice", forecasts, graph.integers(0), end, graph.integers(1))


class Parallel(Decoder):
    """All segments at once, each a step of the recurrent layers from a window's last state.

    The input of that step is a learned embedding of the segment's position, and the vector of the channel
    if there is one (parallel multi-step forecasting, Lin et al. 2023).

    Args:
        recurrent: the layers, which read I numbers.
        inputs: as of ``Decoder``.
        output_size: likewise.
        segment: likewise.
        channel_size: numbers E of a channel's vector; 0 for none.

    Raises:
        ConfigError: as ``Decoder``, or the vectors of channels leave no room.
    """

    name = "parallel"

    def __init__(
        self,
        recurrent: Recurrent,
        inputs: InputSpec,
        output_size: int,
        segment: int,
        channel_size: int = 0,
    ) -> None:
        super().__init__(recurrent, inputs, output_size, segment)
        self.input_size = recurrent.input_size
        if channel_size >= self.input_size:
            raise ConfigError(
                f"model.channel_embedding={channel_size} leaves no room for positions: recurrent layers read "
                f"{self.input_size} numbers; choose a smaller one, or a larger "
                "model.embedding_size with an encoder that has one, such as segments"
            )
        self.positions = nn.Parameter(torch.randn(self.segments, self.input_size - channel_size))

    def forward(
        self,
        head: Head,
        recurrent: Recurrent,
        state: State,
        channels: Tensor | None,
        forced: TeacherForcing | None = None,  # noqa: ARG002 (no segment reads another)
    ) -> Tensor:
        """Return the forecasts of R windows, [R, horizon·N]."""
        rows = next(iter(state.values())).shape[1]
        read = self.positions.expand(rows, -1, -1)
        if channels is not None:
            read = torch.cat([read, channels[:, None].expand(-1, self.segments, -1)], -1)
        begin = State({name: one.repeat_interleave(self.segments, 1) for name, one in state.items()})
        outputs, _ = recurrent(read.flatten(0, 1)[:, None], state=begin, need_state=False)
        return self.cut(head(outputs[:, 0]).view(rows, -1))

    def onnx(
        self,
        graph: "Graph",
        head: Callable[[str], str],
        step: AddStep,
        *,
        recurrent: Recurrent,
        states: States,
        channels: str | None,
    ) -> str:
        """Add the same to an ONNX graph."""
        segments, width = self.positions.shape
        some = next(iter(states[0].values()))
        shape = graph.add(
            "Concat", graph.add("Shape", some, start=0, end=1), graph.integers(segments, width), axis=0
        )
        read = graph.add("Expand", graph.constant("decoder.positions", self.positions[None]), shape)
        if channels is not None:
            each = graph.add("Unsqueeze", channels, graph.integers(1))
            read = graph.joined([read, graph.add("Expand", each, graph.integers(1, segments, 1))])
        read = graph.add("Reshape", read, graph.integers(-1, self.input_size))
        begins = [{name: graph.repeated(one, segments, 2) for name, one in layer.items()} for layer in states]
        outputs, _ = step(recurrent, read, begins)
        forecasts = graph.add("Reshape", head(outputs), graph.integers(-1, segments * self.head_size))
        return self.add_cut(graph, forecasts)


class Autoregressive(Decoder):
    """One segment after the other, by layers of its own that begin in the state in which a window ends.

    These are like the recurrent layers, and what is between them too, with masks of dropout for each segment.
    But they read the K values of each step of the segment before, as they were forecast, and the vector of
    the channel if there is one; at first what is learned. In training a
    segment may be read as it should be (teacher forcing, Williams and Zipser 1989), and less and less often
    (scheduled sampling, Bengio et al. 2015).

    Args:
        recurrent: the layers that read a window.
        inputs: as of ``Decoder``.
        output_size: likewise.
        segment: likewise.
        channel_size: numbers E of a channel's vector; 0 for none.

    Raises:
        ConfigError: as ``Decoder``.
    """

    name = "autoregressive"
    _places: Tensor

    def __init__(
        self,
        recurrent: Recurrent,
        inputs: InputSpec,
        output_size: int,
        segment: int,
        channel_size: int = 0,
    ) -> None:
        super().__init__(recurrent, inputs, output_size, segment)
        targets = len(inputs.targets)
        # The places of the values among the numbers of a segment, [segment·K].
        places = torch.arange(segment * targets) * (self.numbers // targets) + inputs.location
        self.register_buffer("_places", places, persistent=False)
        self.first = nn.Parameter(torch.zeros(len(places)))
        self.layers = recurrent.like(len(places) + channel_size)

    def forward(
        self,
        head: Head,
        recurrent: Recurrent,  # noqa: ARG002 (it has layers of its own)
        state: State,
        channels: Tensor | None,
        forced: TeacherForcing | None = None,
    ) -> Tensor:
        """Return the forecasts of R windows, [R, horizon·N]."""
        rows = next(iter(state.values())).shape[1]
        read, forecasts = self.first.expand(rows, -1), list[Tensor]()
        targets = self._segments(forced.target) if forced else []
        after: State | None = state
        for number in range(self.segments):
            x = read if channels is None else torch.cat([read, channels], -1)
            outputs, after = self.layers(x[:, None], state=after)
            forecasts.append(head(outputs[:, 0]))
            read = forecasts[-1][:, self._places]
            if forced and number < self.segments - 1:
                is_forced = torch.rand(rows, 1, device=read.device) < forced.probability
                read = torch.where(is_forced, targets[number].to(read.dtype), read)
        return self.cut(torch.cat(forecasts, -1))

    def _segments(self, target: Tensor) -> list[Tensor]:
        """Return the values of all whole segments, each [R, segment·K], from [R, horizon, K]."""
        whole = target[:, : self.horizon // self.segment * self.segment]
        return [one.flatten(1) for one in torch.split(whole, self.segment, 1)]

    def onnx(
        self,
        graph: "Graph",
        head: Callable[[str], str],
        step: AddStep,
        *,
        recurrent: Recurrent,  # noqa: ARG002
        states: States,
        channels: str | None,
    ) -> str:
        """Add the same to an ONNX graph, a step after the other."""
        rows = graph.add("Shape", next(iter(states[0].values())), start=0, end=1)
        shape = graph.add("Concat", rows, graph.integers(len(self._places)), axis=0)
        read = graph.add("Expand", graph.constant("decoder.first", self.first[None]), shape)
        forecasts = []
        for _ in range(self.segments):
            x = read if channels is None else graph.joined([read, channels])
            outputs, states = step(self.layers, x, states)
            forecasts.append(head(outputs))
            read = graph.add("Gather", forecasts[-1], graph.integers(*self._places.tolist()), axis=1)
        return self.add_cut(graph, graph.joined(forecasts))


DECODERS = {one.name: one for one in (Parallel, Autoregressive)}
"""Decoders by the value of ``model.decoder``; "direct" is none."""
