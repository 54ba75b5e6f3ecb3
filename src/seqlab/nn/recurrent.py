"""Layers, directions, lengths and dropout for every cell."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Literal, TypeAlias

import torch
from torch import Tensor, nn

from seqlab.cells import Cell, State
from seqlab.cells.base import as_cell
from seqlab.compat.torch import leave_graph
from seqlab.engines import Engine
from seqlab.engines.surroundings import refuse_traces
from seqlab.errors import ConfigError
from seqlab.nn.between import make_betweens
from seqlab.nn.directions import Directions, Merge
from seqlab.nn.inputs import check_state, check_x, checked_lengths
from seqlab.nn.layer import Layer, count_parameters
from seqlab.nn.parts import make_part
from seqlab.nn.running import OnEngine
from seqlab.nn.stack import Inputs, Stack
from seqlab.registry.catalog import inits
from seqlab.registry.types import Each, layers_of

CellLike: TypeAlias = str | type[Cell] | Cell
"""A registered name, a Cell class, or a cell made with options."""


class Recurrent(OnEngine):
    """Any cells over time: layers, both directions, padded batches, dropout between layers.

    Example:
        >>> rnn = Recurrent("lstm", input_size=4, hidden_size=8, num_layers=2, bidirectional=True)
        >>> outputs, final = rnn(torch.zeros(3, 5, 4), lengths=torch.tensor([5, 2, 1]))
        >>> outputs.shape, final.c.shape
        (torch.Size([3, 5, 16]), torch.Size([4, 3, 8]))

        A list has one cell, or one width, a layer. States that differ are told apart by the layer:

        >>> rnn = Recurrent(["gru", "lstm"], input_size=4, hidden_size=[8, 6])
        >>> outputs, final = rnn(torch.zeros(3, 5, 4))
        >>> outputs.shape, final.h_l0.shape, final.c_l1.shape
        (torch.Size([3, 5, 6]), torch.Size([1, 3, 8]), torch.Size([1, 3, 6]))

    Args:
        cell: a registered name, a Cell class, or a cell made with options; or a list of them, one a layer.
        input_size: width I of the inputs.
        hidden_size: width H of every gate and state that is not declared another; or a list, one a layer.
        num_layers: layers, each reading the outputs of the one below; None for as many as are listed, or one.
        bidirectional: whether a second network reads every sequence from its end.
        reverse: whether the only network reads from the end; the state is then that after the first step.
        merge: how the two directions' outputs become one, "concat" (2·H wide) or "sum" (H wide).
        outputs: whose outputs are returned: those of the "last" layer, or of "all", side by side from the
            lowest to the last: ``torch.split(outputs, rnn.output_sizes, dim=-1)`` are each layer's.
        dropout: dropout probability between layers, 0 to below 1.
        dropout_each: whether a mask is for a "step" or a "sequence".
        engine: "auto", or the name of the engine to run on.
        between: the module between two layers: a registered name, such as "dropout", "layernorm" or
            "residual", or a class; every pair of layers gets its own module.
        between_options: the settings of that module only.
        init: the initialisation, a registered name: "torch", "keras", "kaiming" or "chrono".
        init_options: the settings of the initialisation only.
        init_steps: for init="chrono", the longest memory to start with, in steps.

    Raises:
        ConfigError: a value is out of range or a name unknown.
        CellError: the cell's declaration and its step do not match.
    """

    def __init__(
        self,
        cell: CellLike | Sequence[CellLike],
        input_size: int,
        hidden_size: int | Sequence[int],
        *,
        num_layers: int | None = None,
        bidirectional: bool = False,
        reverse: bool = False,
        merge: Merge = "concat",
        outputs: Literal["last", "all"] = "last",
        dropout: float = 0.0,
        dropout_each: Each = "step",
        engine: str = "auto",
        between: str | Callable[..., nn.Module] = "dropout",
        between_options: Mapping[str, Any] = {},
        init: str = "torch",
        init_options: Mapping[str, Any] = {},
        init_steps: int | None = None,
    ) -> None:
        super().__init__()
        cells = list(map(as_cell, cell)) if isinstance(cell, list | tuple) else as_cell(cell)
        self.num_layers = layers_of(num_layers, cell=cells, hidden_size=hidden_size)
        hidden_sizes: list[int] = _each(hidden_size, self.num_layers)
        for name, size in (("input_size", input_size), *(("hidden_size", size) for size in hidden_sizes)):
            if size < 1:
                raise ConfigError(f"{name} must be 1 or more, got {size}")
        if not 0 <= dropout < 1:
            raise ConfigError(f"dropout must be 0 to below 1, got {dropout}")
        if outputs not in ("last", "all"):
            raise ConfigError(f"outputs must be 'last' or 'all', got {outputs!r}")
        self.ways = Directions.of(bidirectional=bidirectional, reverse=reverse, merge=merge)
        self.directions, self.outputs, self.engine = len(self.ways), outputs, engine
        self.cells: tuple[Cell, ...] = tuple(_each(cells, self.num_layers))
        self.input_size = input_size
        # Those of the lowest layer, which are those of all unless lists are given.
        self.cell, self.hidden_size = self.cells[0], hidden_sizes[0]
        self.stack = Stack.of(self.cells, hidden_sizes, input_size, self.ways)
        self.layers = nn.ModuleList(
            Layer(level.cell, level.layout, level.input_size, level.hidden_size)
            for level in self.stack.levels
            for _ in self.ways.turned
        )
        self.dropout, self._dropout_each = dropout, dropout_each
        self._between = (between, between_options)
        self.between = make_betweens(
            self.stack, between, options=between_options, dropout=dropout, dropout_each=dropout_each
        )
        self.init, self.init_options, self.init_steps = init, init_options, init_steps
        self.reset_parameters()

    def like(self, input_size: int) -> "Recurrent":
        """Return layers like these with weights of their own, of one direction, that read another width."""
        between, between_options = self._between
        return Recurrent(
            self.cells,
            input_size=input_size,
            hidden_size=[level.hidden_size for level in self.stack.levels],
            outputs=self.outputs,
            dropout=self.dropout,
            dropout_each=self._dropout_each,
            engine=self.engine,
            between=between,
            between_options=between_options,
            init=self.init,
            init_options=self.init_options,
            init_steps=self.init_steps,
        )

    @property
    def output_sizes(self) -> list[int]:
        """The width of each layer's outputs, its directions merged."""
        return self.stack.output_sizes

    @property
    def output_size(self) -> int:
        """The width of what ``forward`` returns."""
        return self.ways.merged_size(self.reading_size)

    @property
    def reading_size(self) -> int:
        """The width of what ``read`` returns for each direction."""
        read = self.stack.levels if self.outputs == "all" else self.stack.levels[-1:]
        return sum(level.output_size for level in read)

    def reset_parameters(self) -> None:
        """Initialise all parameters again."""
        for part in self.between.modules():
            if hasattr(part, "reset_parameters"):
                part.reset_parameters()  # type: ignore[operator]
        initialise = partial(
            make_part, inits, self.init, options=self.init_options, init_steps=self.init_steps
        )
        for layer in self.layers:
            layer.reset_parameters(initialise)  # type: ignore[operator]

    def forward(
        self,
        x: Tensor,
        lengths: Tensor | None = None,
        state: State | None = None,
        *,
        inputs: Mapping[str, Tensor] | None = None,
        need_state: bool = True,
    ) -> tuple[Tensor, State | None]:
        """Run all layers over a right-padded batch.

        Args:
            x: inputs, [B, T, I].
            lengths: steps of each sequence, [B], each from 1 to T; None if all have T.
            state: the state to start from, each [L·D, B, H] in the order of torch.nn.LSTM; zeros if None.
                Where the layers' states differ, h_l0, h_l1, …, each [D, B, H].
            inputs: what the cells are given beside x, by name: [B, T, width], or [B, T] for a number a step;
                what has a default may be left out.
            need_state: with False the final state is None, which is faster for padded LSTMs.

        Returns:
            Outputs [B, T, D·H] (H with merge="sum"; of all layers with outputs="all"), 0 past a sequence's
            length, and the state after each sequence's last step, named and shaped as ``state``; of other
            widths where the cell declares them.

        Raises:
            TypeError: x, lengths, state or an input is of a wrong type or dtype.
            ValueError: a shape, length or device is wrong.
            EngineError: the requested engine cannot run it, or torch.jit.trace is active.
        """
        by_layer, final, lengths = self._read(x, lengths, state, inputs, need_state=need_state)
        merged = [self.ways.merge(self.ways.in_time(readings, lengths)) for readings in by_layer]
        return _side_by_side(merged), final

    def read(
        self,
        x: Tensor,
        lengths: Tensor | None = None,
        state: State | None = None,
        *,
        inputs: Mapping[str, Tensor] | None = None,
        need_state: bool = False,
    ) -> tuple[list[Tensor], State | None]:
        """Run all layers; return the outputs by direction, each in its reading order.

        Pooling needs this form: "last" is the last step that a direction has read.
        """
        by_layer, final, _ = self._read(x, lengths, state, inputs, need_state=need_state)
        return [_side_by_side(readings) for readings in zip(*by_layer, strict=True)], final

    def _read(
        self,
        x: Tensor,
        lengths: Tensor | None,
        state: State | None,
        inputs: Mapping[str, Tensor] | None,
        *,
        need_state: bool,
    ) -> tuple[list[list[Tensor]], State | None, Tensor | None]:
        """Return the outputs that are asked for, by layer and direction, each in its reading order.

        With them are returned the state, and the lengths on the device of x.

        Raises:
            TypeError, ValueError, EngineError: as ``forward``.
        """
        refuse_traces()
        leave_graph("seqlab chooses an engine outside the graph: leave out fullgraph=True")
        check_x(x, self.input_size)
        check_state(state, x, self.stack.state_shapes)
        lengths = checked_lengths(lengths, x)
        given = self.stack.given(inputs, x, lengths)
        run = partial(self._run, x=x, lengths=lengths, state=state, given=given, need_state=need_state)
        return *self._on_engine(run, x), lengths

    def _run(
        self,
        engine: Engine,
        x: Tensor,
        lengths: Tensor | None,
        state: State | None,
        given: list[Inputs],
        *,
        need_state: bool,
    ) -> tuple[list[list[Tensor]], State | None]:
        starts = iter(self.stack.split(state))
        layers = iter(self.layers)
        by_layer: list[list[Tensor]] = []
        finals: list[State] = []
        for depth, of_layer in enumerate(given):
            if depth:
                merged = self.ways.merge(self.ways.in_time(by_layer[-1], lengths))
                x = self.between[depth - 1](merged, x).to(merged.dtype)
                if self.outputs == "last":
                    by_layer.clear()
            readings: list[Tensor] = []
            for read, beside in zip(self.ways.read(x, lengths), of_layer, strict=True):
                outputs, final = next(layers)(
                    read, next(starts), lengths, engine=engine, need_state=need_state, inputs=beside
                )
                readings.append(outputs)
                finals += [final] if final is not None else []
            by_layer.append(readings)
        return by_layer, self.stack.joined(finals) if need_state else None

    def extra_repr(self) -> str:
        """Show what the cells declare and how the layers stack."""
        cells = {repr(cell): cell for cell in self.cells}
        declared = "".join(
            f"{shown}: gates {' '.join(cell.gates)}; state {' '.join(cell.state)}; output {cell.output}\n"
            for shown, cell in cells.items()
        )
        settings = f"layers={self.num_layers}, directions={self.directions}, merge={self.ways.merging}, "
        settings += "reverse=True, " if self.ways.turned == (True,) else ""
        settings += "outputs=all, " if self.outputs == "all" else ""
        parameters = f"{count_parameters(self):,} parameters"
        return f"{declared}{settings}engine={self.engine}, init={self.init}; {parameters}"


def _each(value: Any, layers: int) -> list[Any]:
    """Return a value for each layer."""
    return list(value) if isinstance(value, list | tuple) else [value] * layers


def _side_by_side(outputs: Sequence[Tensor]) -> Tensor:
    return outputs[0] if len(outputs) == 1 else torch.cat(list(outputs), dim=-1)


__all__ = ["Layer", "Recurrent", "count_parameters"]
