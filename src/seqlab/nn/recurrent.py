"""Layers, directions, lengths and dropout for every cell."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any, Literal, TypeAlias, cast

import torch
from torch import Tensor, nn

from seqlab.cells import Cell, Layout, State, cells
from seqlab.compat.torch import has_hooks
from seqlab.engines import Choice, Engine, choose
from seqlab.engines.surroundings import refuse_traces, watcher
from seqlab.engines.tape import TraceError
from seqlab.errors import CellError, ConfigError, EngineError
from seqlab.functional.lengths import backwards
from seqlab.nn.inputs import check_state, check_x, checked_inputs, checked_lengths, given_inputs
from seqlab.nn.layer import Layer, count_parameters
from seqlab.nn.parts import make_part
from seqlab.registry.catalog import betweens, inits
from seqlab.registry.types import Each

Inputs: TypeAlias = list[dict[str, Tensor]]
"""What comes beside x, by name, for each direction as it reads."""


class Recurrent(nn.Module):
    """Any cell over time: layers, both directions, padded batches, dropout between layers.

    Example:
        >>> rnn = Recurrent("lstm", input_size=4, hidden_size=8, num_layers=2, bidirectional=True)
        >>> outputs, final = rnn(torch.zeros(3, 5, 4), lengths=torch.tensor([5, 2, 1]))
        >>> outputs.shape, final.c.shape
        (torch.Size([3, 5, 16]), torch.Size([4, 3, 8]))

    Args:
        cell: a registered name, a Cell class, or a cell made with options.
        input_size: width I of the inputs.
        hidden_size: width H of every gate and state that is not declared another.
        num_layers: layers, each reading the outputs of the one below.
        bidirectional: whether a second network reads every sequence from its end.
        merge: how the two directions' outputs become one, "concat" (2·H wide) or "sum" (H wide).
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
        cell: str | type[Cell] | Cell,
        *,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bidirectional: bool = False,
        merge: Literal["concat", "sum"] = "concat",
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
        sizes = {"input_size": input_size, "hidden_size": hidden_size, "num_layers": num_layers}
        for name, size in sizes.items():
            if size < 1:
                raise ConfigError(f"{name} must be 1 or more, got {size}")
        if not 0 <= dropout < 1:
            raise ConfigError(f"dropout must be 0 to below 1, got {dropout}")
        if merge not in ("concat", "sum"):
            raise ConfigError(f"merge must be 'concat' or 'sum', got {merge!r}")
        if isinstance(between, nn.Module):
            raise ConfigError(
                "between must be a name or a class, since every pair of layers gets its own module"
            )
        self.cell = _as_cell(cell)
        self.input_size, self.hidden_size, self.num_layers = input_size, hidden_size, num_layers
        self.directions, self.merge_mode, self.engine = 1 + bidirectional, merge, engine
        layout = Layout.of(self.cell)
        self.reading_size = self.cell.sizes(input_size, hidden_size)[layout.output(self.cell)]
        self.output_size = self.merged_size(self.reading_size)
        self._check_layers()
        self.layers = nn.ModuleList(
            Layer(self.cell, layout, self.output_size if depth else input_size, hidden_size)
            for depth in range(num_layers)
            for _ in range(self.directions)
        )
        self.dropout = dropout
        dropouts = {"dropout": dropout, "dropout_each": dropout_each}
        self.between = nn.ModuleList(
            make_part(betweens, between, width, self.output_size, options=between_options, **dropouts)
            if isinstance(between, str)
            else between(width, self.output_size, **between_options)
            for width in [input_size, *[self.output_size] * (num_layers - 2)][: num_layers - 1]
        )
        self._lent: Engine | None = None
        self._choices: dict[tuple[str, torch.dtype, torch.device, str | None], Choice] = {}
        self.init, self.init_options, self.init_steps = init, init_options, init_steps
        self.reset_parameters()

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

    def choice(self, dtype: torch.dtype | None = None, device: torch.device | None = None) -> Choice:
        """Return the engine that runs this network, and why; by default for the parameters' type and device.

        Raises:
            EngineError: the requested engine cannot run it.
        """
        if dtype is None or device is None:
            W = next(self.layers.parameters())
            dtype, device = dtype or W.dtype, device or W.device
        # An engine is chosen once: this traces the cell, and forward calls this method for every batch.
        if self._lent is not None:
            return Choice(self._lent, "lent")
        asked = self.engine, dtype, device, self._watcher()
        if asked not in self._choices:
            self._choices[asked] = choose(self.engine, self.cell, *asked[1:])
        return self._choices[asked]

    @contextmanager
    def running_on(self, engine: Engine) -> Iterator[None]:
        """Run on this engine within the context, whichever was chosen: for engines that observe."""
        before, self._lent = self._lent, engine
        try:
            yield
        finally:
            self._lent = before

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
            inputs: what the cell is given beside x, by name: [B, T, width], or [B, T] for a number a step;
                what has a default may be left out.
            need_state: with False the final state is None, which is faster for padded LSTMs.

        Returns:
            Outputs [B, T, D·H] (H with merge="sum"), 0 past a sequence's length, and the state
            after each sequence's last step, each [L·D, B, H]; of other widths where the cell declares them.

        Raises:
            TypeError: x, lengths, state or an input is of a wrong type or dtype.
            ValueError: a shape, length or device is wrong.
            EngineError: the requested engine cannot run it, or torch.jit.trace is active.
        """
        lengths, beside = self._checked(x, lengths, state, inputs)
        readings, final = self._read(x, lengths, state, beside, need_state=need_state)
        return self.merge(self._in_time(readings, lengths)), final

    def read(
        self,
        x: Tensor,
        lengths: Tensor | None = None,
        state: State | None = None,
        *,
        inputs: Mapping[str, Tensor] | None = None,
        need_state: bool = False,
    ) -> tuple[list[Tensor], State | None]:
        """Run all layers; return the last layer's outputs by direction, each in its reading order.

        Pooling needs this form: "last" is the last step that a direction has read.
        """
        lengths, beside = self._checked(x, lengths, state, inputs)
        return self._read(x, lengths, state, beside, need_state=need_state)

    def _checked(
        self, x: Tensor, lengths: Tensor | None, state: State | None, inputs: Mapping[str, Tensor] | None
    ) -> tuple[Tensor | None, Inputs]:
        """Refuse what does not fit; return lengths, and inputs by direction, as the layers want them."""
        refuse_traces()
        check_x(x, self.input_size)
        sizes = cast("Layer", self.layers[0]).sizes
        widths = self.cell.widths
        check_state(
            state, x, {name: sizes[widths[f"s_{name}"]] for name in self.cell.state}, len(self.layers)
        )
        lengths = checked_lengths(lengths, x)
        if not self.cell.inputs and not inputs:
            return lengths, [{}] * self.directions
        declared = self.cell.side_inputs
        beside = checked_inputs(inputs, x, declared, sizes, self.cell.name)
        turned = {name: declared[name].backwards(value, lengths) for name, value in beside.items()}
        return lengths, [beside, turned][: self.directions]

    def _check_layers(self) -> None:
        """Refuse a second layer whose inputs are of another width than what the caller gives.

        Raises:
            CellError: with what is as wide as the inputs.
        """
        if self.num_layers == 1 or self.output_size == self.input_size:
            return
        cell = self.cell
        names = [*cell.state, *given_inputs(cell.side_inputs), cell.output]
        for name in names:
            if "I" in (cell.widths.get(f"s_{name}"), cell.widths.get(f"i_{name}")):
                raise CellError(
                    f"'{name}' of cell '{cell.name}' is as wide as the inputs, {self.input_size}, and "
                    f"the second layer reads {self.output_size}; use one layer, or sizes that are equal"
                )

    def _read(
        self, x: Tensor, lengths: Tensor | None, state: State | None, beside: Inputs, *, need_state: bool
    ) -> tuple[list[Tensor], State | None]:
        call = partial(self._run, x=x, lengths=lengths, state=state, beside=beside, need_state=need_state)
        try:
            return call(self.choice(x.dtype, x.device).engine)
        except (EngineError, TraceError):
            if self.engine != "auto" or self._lent is not None:
                raise
            # The cell's step has changed since the engine was chosen, and now needs another engine.
            self._choices.clear()
            return call(self.choice(x.dtype, x.device).engine)

    def _run(
        self,
        engine: Engine,
        x: Tensor,
        lengths: Tensor | None,
        state: State | None,
        beside: Inputs,
        *,
        need_state: bool,
    ) -> tuple[list[Tensor], State | None]:
        finals: list[State] = []
        readings: list[Tensor] = []
        for index, layer in enumerate(self.layers):
            depth, turned = divmod(index, self.directions)
            if depth and not turned:
                merged = self.merge(self._in_time(readings, lengths))
                x = self.between[depth - 1](merged, x).to(merged.dtype)
            if not turned:
                readings = []
            outputs, final = layer(
                backwards(x, lengths) if readings else x,
                None if state is None else State({name: state[name][index] for name in self.cell.state}),
                lengths,
                engine=engine,
                need_state=need_state,
                inputs=beside[turned],
            )
            readings.append(outputs)
            finals += [final] if final is not None else []
        if not need_state:
            return readings, None
        last = {name: torch.stack([final[name] for final in finals]) for name in self.cell.state}
        return readings, State(last)

    def merge(self, directions: Sequence[Tensor]) -> Tensor:
        """Merge the tensors of the directions, each [..., H], into one."""
        if len(directions) == 1:
            return directions[0]
        if self.merge_mode == "concat":
            return torch.cat(list(directions), dim=-1)
        return directions[0] + directions[1]

    def merged_size(self, width: int) -> int:
        """Return the width of the merged tensor of directions of this width."""
        return width * (self.directions if self.merge_mode == "concat" else 1)

    def extra_repr(self) -> str:
        """Show the cell's declaration and how the layers stack."""
        cell = self.cell
        return (
            f"{cell!r}: gates {' '.join(cell.gates)}; state {' '.join(cell.state)}; output {cell.output}\n"
            f"layers={self.num_layers}, directions={self.directions}, merge={self.merge_mode}, "
            f"engine={self.engine}, init={self.init}; {count_parameters(self):,} parameters"
        )

    def _in_time(self, readings: list[Tensor], lengths: Tensor | None) -> list[Tensor]:
        return [backwards(outputs, lengths) if turned else outputs for turned, outputs in enumerate(readings)]

    def _watcher(self) -> str | None:
        """Return what must see every single torch operation now; the native engine does not call norms."""
        norms = (norm for layer in self.layers for norm in cast("Layer", layer).norms.values())
        return watcher() or ("a hook on a norm" if any(map(has_hooks, norms)) else None)

    def __getstate__(self) -> dict[str, Any]:
        """Leave out which engine was chosen: another machine may have others."""
        return {**self.__dict__, "_choices": {}, "_lent": None}


def _as_cell(cell: str | type[Cell] | Cell) -> Cell:
    if isinstance(cell, Cell):
        return cell
    return cells[cell]() if isinstance(cell, str) else cell()


__all__ = ["Layer", "Recurrent", "count_parameters"]
