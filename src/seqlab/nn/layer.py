"""One layer in one direction: the parameters of a cell, and the plain matrices that are made of them."""

from collections.abc import Callable, Mapping
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from seqlab.cells import Bernoulli, Cell, Dense, Kind, Layout, Norm, Parameter, State
from seqlab.cells.declared import start
from seqlab.cells.matrices import free_shapes
from seqlab.engines import Engine, Weights
from seqlab.engines.base import zero_state
from seqlab.nn.inputs import check_place


class Vectors(nn.ParameterDict):
    """Parameters by name. It is called, so that hooks that compute one of them anew run."""

    __call__ = nn.Module.__call__

    def forward(self) -> dict[str, Tensor]:
        """Return the tensors as they are now."""
        return dict(self.items())


class Layer(nn.Module):
    """One layer in one direction: W, U and b fused over gates, and the cell's own parameters.

    W or U whose gates are not all of the kind ``Dense()``, or U that is not H·H throughout, is None; then the
    free parameters of each gate's kind stand in ``matrices``, under ``W_<gate>`` and ``U_<gate>``.
    """

    W: nn.Parameter
    U: nn.Parameter
    b: nn.Parameter

    def __init__(self, cell: Cell, layout: Layout, input_size: int, hidden_size: int) -> None:
        super().__init__()
        self.cell, self.layout, self.hidden_size = cell, layout, hidden_size
        self.sizes = cell.sizes(input_size, hidden_size)
        self.rows = rows = {gate: self.sizes[cell.gate(gate).width] for gate in cell.gates}
        columns = {gate: self.sizes[layout.width(f"u_{gate}")] for gate in layout.recurrent}
        self.biased = [gate for gate in layout.inputs if cell.gate(gate).has_bias]
        is_square = all(
            cell.gate(gate).width == layout.width(f"u_{gate}") == "H" for gate in layout.recurrent
        )
        self.kinds: dict[str, Kind] = {}
        shapes = {f"W_{gate}": (rows[gate], input_size) for gate in layout.inputs}
        if not self._are_dense("W"):
            self.kinds |= {f"W_{gate}": cell.gate(gate).W or cell.W for gate in layout.inputs}
        if not (is_square and self._are_dense("U")):
            self.kinds |= {f"U_{gate}": cell.gate(gate).U or cell.U for gate in layout.recurrent}
            shapes |= {f"U_{gate}": (rows[gate], columns[gate]) for gate in layout.recurrent}
        height = sum(rows[gate] for gate in layout.inputs)
        tall = len(layout.recurrent) * hidden_size
        made_W, made_U = (any(name.startswith(letter) for name in self.kinds) for letter in "WU")
        self.register_parameter("W", None if made_W else nn.Parameter(torch.empty(height, input_size)))
        self.register_parameter("U", None if made_U else nn.Parameter(torch.empty(tall, hidden_size)))
        self.b = nn.Parameter(torch.empty(sum(rows[gate] for gate in self.biased)))
        own = cell.declared(Parameter).items()
        self.own = Vectors({name: torch.empty(self._shape(one)) for name, one in own})
        for name, one in own:
            self.own[name].requires_grad_(one.learn)
        norms = cell.declared(Norm).items()
        self.norms = nn.ModuleDict(
            {name: nn.LayerNorm(self.sizes[norm.width], norm.eps) for name, norm in norms}
        )
        self.matrices = nn.ModuleDict({name: self._free(name, *shapes[name]) for name in self.kinds})

    def _are_dense(self, letter: str) -> bool:
        """Return whether all gates have matrices of free numbers that start and are learnt as usual."""
        gates = self.layout.inputs if letter == "W" else self.layout.recurrent
        kinds = [getattr(self.cell.gate(gate), letter) or getattr(self.cell, letter) for gate in gates]
        return all(type(kind) is Dense and kind.init is None and kind.learn for kind in kinds)

    def _shape(self, parameter: Parameter) -> tuple[int, ...]:
        return () if parameter.width == () else (self.sizes[parameter.width],)

    def _free(self, name: str, rows: int, columns: int) -> Vectors:
        kind, letter, gate = self.kinds[name], *name.split("_", 1)
        shapes = free_shapes(kind, f"{letter} of gate {gate} of cell '{self.cell.name}'", rows, columns)
        free = Vectors({name: torch.empty(shape) for name, shape in shapes.items()})
        return free.requires_grad_(kind.learn)

    def blocks(self, letter: str) -> list[Tensor]:
        """Return the gates' matrices, "W" or "U", that start as an initialisation says, each a view."""
        fused = getattr(self, letter)
        if fused is not None:
            rows = [self.rows[gate] for gate in self.layout.inputs]
            return list(torch.split(fused, rows if letter == "W" else self.hidden_size)) if len(fused) else []
        of_letter = (name for name in self.kinds if name.startswith(letter))
        dense = [name for name in of_letter if type(self.kinds[name]) is Dense]
        free = {name: cast("Vectors", self.matrices[name])["weight"] for name in dense}
        return [weight for name, weight in free.items() if cast("Dense", self.kinds[name]).init is None]

    def bias(self, gate: str) -> Tensor | None:
        """Return the bias of a gate, a view; None if it has none."""
        return self._split_b().get(gate)

    def _split_b(self) -> dict[str, Tensor]:
        parts = torch.split(self.b, [self.rows[gate] for gate in self.biased]) if self.biased else ()
        return dict(zip(self.biased, parts, strict=True))

    def reset_parameters(self, initialise: Callable[["Layer"], None]) -> None:
        """Start what the cell declares a start for as it says, the rest as ``initialise`` does."""
        with torch.no_grad():
            for name, parameter in self.cell.declared(Parameter).items():
                parameter.fill(self.own[name])
            for norm in self.norms.values():
                cast("nn.LayerNorm", norm).reset_parameters()
            for name, kind in self.kinds.items():
                kind.start(**cast("Vectors", self.matrices[name])())
            initialise(self)
            for gate in self.biased:
                declared = self.cell.gate(gate).bias
                if not isinstance(declared, bool):
                    start(cast("Tensor", self.bias(gate)), declared, f"the bias of gate {gate}")

    def forward(
        self,
        x: Tensor,
        state: State | None,
        lengths: Tensor | None,
        *,
        engine: Engine,
        need_state: bool,
        inputs: Mapping[str, Tensor] | None = None,
    ) -> tuple[Tensor, State | None]:
        """Run the cell over time, forwards: see ``Engine.run``; ``inputs`` are those that the caller gives.

        Raises:
            TypeError: the weights' dtype is not that of x.
            ValueError: the weights are on another device than x.
        """
        weights = self.weights(x, inputs or {})
        if state is None and self.cell.start:
            state = self._started(weights, x)
        return engine.run(self.cell, weights, x, state, lengths, need_state=need_state)

    def weights(self, x: Tensor, inputs: Mapping[str, Tensor]) -> Weights:
        """Return what an engine is given: plain matrices, and the inputs with those that are drawn."""
        # Read once per call: a parametrization may change with every access.
        own = self.own()
        W, U, b = self._matrix("W"), self._matrix("U"), self._biases()
        if self.cell.weight_drop and self.training:
            U = functional.dropout(U, self.cell.weight_drop)
        for tensor in (W, U, b, *own.values()):
            check_place("the weights", tensor, x)
        beside = self._inputs(x, inputs) if self.cell.inputs else {}
        return Weights(self.layout, W, U, b, {**own, **self.norms}, self.sizes, beside)

    def _matrix(self, letter: str) -> Tensor:
        fused = getattr(self, letter)
        if fused is not None:
            return cast("Tensor", fused)
        names = [name for name in self.kinds if name.startswith(letter)]
        made = [self.kinds[name].matrix(**self.matrices[name]()) for name in names]
        return torch.cat(made if letter == "W" else [matrix.flatten() for matrix in made])

    def _biases(self) -> Tensor:
        """Return the biases of all gates, 0 for one that has none."""
        if len(self.biased) == len(self.layout.inputs):
            return self.b
        found = self._split_b()
        return torch.cat(
            [
                found[gate] if gate in found else self.b.new_zeros(self.rows[gate])
                for gate in self.layout.inputs
            ]
        )

    def _inputs(self, x: Tensor, given: Mapping[str, Tensor]) -> dict[str, Tensor]:
        made: dict[str, Tensor] = {}
        for name, declared in self.cell.side_inputs.items():
            size = self.sizes[declared.width]
            if name == "x" or name in given:
                made[name] = given.get(name, x)
            elif isinstance(declared, Bernoulli) and self.training:
                made[name] = declared.draw(x, size)
            else:
                made[name] = declared.usual(x, size)
        return made

    def _started(self, weights: Weights, x: Tensor) -> State:
        """Return the state that sequences begin with: 0, or as own parameters are."""
        zeros = zero_state(self.cell, weights, x)
        own = {name: weights.own[parameter].to(x.dtype) for name, parameter in self.cell.start.items()}
        return State({**zeros, **{name: one.expand_as(zeros[name]) for name, one in own.items()}})

    def __repr__(self) -> str:
        free = {
            f"{name}.{part}": tensor
            for name, one in self.matrices.items()
            for part, tensor in cast("Vectors", one).items()
        }
        fused = {name: tensor for name in ("W", "U") if (tensor := getattr(self, name)) is not None}
        tensors = {**fused, "b": self.b, **self.own, **free}
        shapes = [f"{name} {list(tensor.shape)}" for name, tensor in tensors.items()]
        norms = [
            f"{name} LayerNorm({', '.join(map(str, norm.normalized_shape))})" for name, norm in self._norms()
        ]
        return f"Layer({', '.join(shapes + norms)}; {count_parameters(self):,} parameters)"

    def _norms(self) -> list[tuple[str, nn.LayerNorm]]:
        return [(name, cast("nn.LayerNorm", norm)) for name, norm in self.norms.items()]


def count_parameters(module: nn.Module) -> int:
    """Return the number of parameters of a module."""
    return sum(parameter.numel() for parameter in module.parameters())
