"""Layers, directions, lengths and dropout: written once, for every cell."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any, Literal, cast

import torch
from torch import Tensor, nn

from seqlab.cells import Cell, Layout, Norm, Scalar, State, Vector, cells
from seqlab.compat.torch import has_hooks
from seqlab.engines import Choice, Engine, Weights, choose
from seqlab.engines.surroundings import refuse_traces, watcher
from seqlab.engines.tape import TraceError
from seqlab.errors import ConfigError, EngineError
from seqlab.functional.lengths import backwards
from seqlab.nn.inputs import check_place, check_state, check_x, checked_lengths
from seqlab.nn.parts import make_part
from seqlab.registry.catalog import betweens, inits


class Vectors(nn.ParameterDict):
    """A cell's vectors and scalars by name. It is called, so that hooks that compute one of them anew run."""

    __call__ = nn.Module.__call__

    def forward(self) -> dict[str, Tensor]:
        """Return the tensors as they are now."""
        return dict(self.items())


class Layer(nn.Module):
    """One layer in one direction: W, U and b fused over gates, and the cell's own parameters."""

    def __init__(self, cell: Cell, layout: Layout, input_size: int, hidden_size: int) -> None:
        super().__init__()
        self.cell, self.layout, self.hidden_size = cell, layout, hidden_size
        self.W = nn.Parameter(torch.empty(len(layout.inputs) * hidden_size, input_size))
        self.U = nn.Parameter(torch.empty(len(layout.recurrent) * hidden_size, hidden_size))
        self.b = nn.Parameter(torch.empty(len(layout.inputs) * hidden_size))
        vectors = {name: torch.empty(hidden_size) for name in cell.own(Vector)}
        scalars = {name: torch.empty(()) for name in cell.own(Scalar)}
        norms = {name: nn.LayerNorm(hidden_size, norm.eps) for name, norm in cell.own(Norm).items()}
        self.own = Vectors(vectors | scalars)
        self.norms = nn.ModuleDict(norms)

    def reset_parameters(self, initialise: Callable[["Layer"], None]) -> None:
        """Start vectors, scalars and norms as the cell declares, the rest as ``initialise`` does."""
        for name, vector in self.cell.own(Vector).items():
            nn.init.constant_(self.own[name], 0.0 if vector.init == "bias" else vector.init)
        for name, scalar in self.cell.own(Scalar).items():
            nn.init.constant_(self.own[name], scalar.init)
        for norm in self.norms.values():
            cast("nn.LayerNorm", norm).reset_parameters()
        with torch.no_grad():
            initialise(self)

    def forward(
        self, x: Tensor, state: State | None, lengths: Tensor | None, *, engine: Engine, need_state: bool
    ) -> tuple[Tensor, State | None]:
        """Run the cell over time, forwards: see ``Engine.run``.

        Raises:
            TypeError: the weights' dtype is not that of x.
            ValueError: the weights are on another device than x.
        """
        # Read once a call: a parametrization may change with every reading.
        own = self.own()
        weights = Weights(self.layout, self.W, self.U, self.b, {**own, **self.norms})
        for tensor in (weights.W, weights.U, weights.b, *own.values()):
            check_place("the weights", tensor, x)
        return engine.run(self.cell, weights, x, state, lengths, need_state=need_state)

    def __repr__(self) -> str:
        tensors = {"W": self.W, "U": self.U, "b": self.b, **self.own}
        shapes = [f"{name} {list(tensor.shape)}" for name, tensor in tensors.items()]
        norms = [f"{name} LayerNorm({self.hidden_size})" for name in self.norms]
        return f"Layer({', '.join(shapes + norms)}; {count_parameters(self):,} parameters)"


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
        hidden_size: width H of every gate and state.
        num_layers: layers, each reading the outputs of the one below.
        bidirectional: whether a second network reads every sequence from its end.
        merge: how the two directions' outputs become one, "concat" (2·H wide) or "sum" (H wide).
        dropout: dropout probability between layers, 0 to below 1.
        engine: "auto", or the name of the engine to run on.
        between: what stands between two layers, a registered name: "dropout", "layernorm" or "residual".
        between_options: settings of it alone.
        init: how parameters start, a registered name: "torch", "keras", "kaiming" or "chrono".
        init_options: settings of it alone.
        init_steps: for init="chrono", the longest memory to start with, in steps.

    Raises:
        ConfigError: a value is out of range or a name unknown.
        CellError: the cell's declaration and its step do not fit.
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
        engine: str = "auto",
        between: str = "dropout",
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
        self.cell = _as_cell(cell)
        self.input_size, self.hidden_size, self.num_layers = input_size, hidden_size, num_layers
        self.directions, self.merge_mode, self.engine = 1 + bidirectional, merge, engine
        self.output_size = self.merged_size(hidden_size)
        layout = Layout.of(self.cell)
        self.layers = nn.ModuleList(
            Layer(self.cell, layout, self.output_size if depth else input_size, hidden_size)
            for depth in range(num_layers)
            for _ in range(self.directions)
        )
        self.dropout = dropout
        self.between = nn.ModuleList(
            make_part(betweens, between, width, self.output_size, options=between_options, dropout=dropout)
            for width in [input_size, *[self.output_size] * (num_layers - 2)][: num_layers - 1]
        )
        self._lent: Engine | None = None
        self._choices: dict[tuple[str, torch.dtype, torch.device, str | None], Choice] = {}
        self.init, self.init_options, self.init_steps = init, init_options, init_steps
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw all parameters anew."""
        for part in self.between.modules():
            if hasattr(part, "reset_parameters"):
                part.reset_parameters()  # type: ignore[operator]
        initialise = partial(
            make_part, inits, self.init, options=self.init_options, init_steps=self.init_steps
        )
        for layer in self.layers:
            layer.reset_parameters(initialise)  # type: ignore[operator]

    def choice(self, dtype: torch.dtype | None = None, device: torch.device | None = None) -> Choice:
        """Return the engine that runs this network, and why; by default where the parameters are.

        Raises:
            EngineError: the engine asked for cannot serve.
        """
        if dtype is None or device is None:
            W = next(self.layers.parameters())
            dtype, device = dtype or W.dtype, device or W.device
        # Engines are asked once: that traces the cell, and forward comes here at every batch.
        if self._lent is not None:
            return Choice(self._lent, "lent")
        asked = self.engine, dtype, device, self._watcher()
        if asked not in self._choices:
            self._choices[asked] = choose(self.engine, self.cell, *asked[1:])
        return self._choices[asked]

    @contextmanager
    def running_on(self, engine: Engine) -> Iterator[None]:
        """Run on this very engine meanwhile, whatever was chosen: for engines that observe."""
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
        need_state: bool = True,
    ) -> tuple[Tensor, State | None]:
        """Run all layers over a right-padded batch.

        Args:
            x: inputs, [B, T, I].
            lengths: steps of each sequence, [B], each from 1 to T; None if all have T.
            state: the state to start from, each [L·D, B, H] in the order of torch.nn.LSTM; zeros if None.
            need_state: with False the final state is None, which is faster for padded LSTMs.

        Returns:
            Outputs [B, T, D·H] (H with merge="sum"), 0 past a sequence's length, and the state
            after each sequence's last step, each [L·D, B, H].

        Raises:
            TypeError: x, lengths or state is of a wrong type or dtype.
            ValueError: a shape, length or device does not fit.
            EngineError: the engine asked for cannot serve, or torch.jit.trace is under way.
        """
        lengths = self._checked(x, lengths, state)
        readings, final = self._read(x, lengths, state, need_state=need_state)
        return self.merge(self._in_time(readings, lengths)), final

    def read(
        self,
        x: Tensor,
        lengths: Tensor | None = None,
        state: State | None = None,
        *,
        need_state: bool = False,
    ) -> tuple[list[Tensor], State | None]:
        """Run all layers; return the last layer's outputs by direction, each in its own reading order.

        Pooling wants this form: "last" is the last step a direction has read, whichever way it reads.
        """
        return self._read(x, self._checked(x, lengths, state), state, need_state=need_state)

    def _checked(self, x: Tensor, lengths: Tensor | None, state: State | None) -> Tensor | None:
        """Refuse what does not fit; return lengths as the engines want them."""
        refuse_traces()
        check_x(x, self.input_size)
        check_state(state, x, self.cell.state, (len(self.layers), len(x), self.hidden_size))
        return checked_lengths(lengths, x)

    def _read(
        self, x: Tensor, lengths: Tensor | None, state: State | None, *, need_state: bool
    ) -> tuple[list[Tensor], State | None]:
        try:
            return self._run(self.choice(x.dtype, x.device).engine, x, lengths, state, need_state=need_state)
        except (EngineError, TraceError):
            if self.engine != "auto" or self._lent is not None:
                raise
            # The cell's step has changed since the engine was chosen, and now needs another one.
            self._choices.clear()
            return self._run(self.choice(x.dtype, x.device).engine, x, lengths, state, need_state=need_state)

    def _run(
        self, engine: Engine, x: Tensor, lengths: Tensor | None, state: State | None, *, need_state: bool
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
            )
            readings.append(outputs)
            finals += [final] if final is not None else []
        if not need_state:
            return readings, None
        last = {name: torch.stack([final[name] for final in finals]) for name in self.cell.state}
        return readings, State(last)

    def merge(self, directions: Sequence[Tensor]) -> Tensor:
        """Make one tensor of the directions' tensors, [..., H] each."""
        if len(directions) == 1:
            return directions[0]
        if self.merge_mode == "concat":
            return torch.cat(list(directions), dim=-1)
        return directions[0] + directions[1]

    def merged_size(self, width: int) -> int:
        """Return how wide the directions' tensors, each of this width, are as one."""
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
        """Return who must see torch's single operations now; the native engine does not call norms."""
        norms = (norm for layer in self.layers for norm in cast("Layer", layer).norms.values())
        return watcher() or ("a hook on a norm" if any(map(has_hooks, norms)) else None)

    def __getstate__(self) -> dict[str, Any]:
        """Leave out which engine was chosen: another machine may have others."""
        return {**self.__dict__, "_choices": {}, "_lent": None}


def _as_cell(cell: str | type[Cell] | Cell) -> Cell:
    if isinstance(cell, Cell):
        return cell
    return cells[cell]() if isinstance(cell, str) else cell()


def count_parameters(module: nn.Module) -> int:
    """Return how many numbers a module learns."""
    return sum(parameter.numel() for parameter in module.parameters())
