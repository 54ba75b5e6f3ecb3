"""Which blocks a step uses: rows of W and b where ``x.g`` is read, rows of U where ``u.g`` is called."""

import traceback
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from seqlab.cells.base import Cell, Names, Norm, Scalar, State, Vector
from seqlab.errors import CellError


@dataclass(frozen=True)
class Layout:
    """The blocks of a cell's fused parameters, in the order in which its gates are declared.

    W is [len(inputs)·H, I], b is [len(inputs)·H], U is [len(recurrent)·H, H].
    """

    inputs: tuple[str, ...]
    recurrent: tuple[str, ...]

    @classmethod
    def of(cls, cell: Cell) -> "Layout":
        """Run one step of ``cell`` on small random tensors and record what it uses.

        Raises:
            CellError: the step fails, uses an undeclared name, calls one ``u.g`` twice, or does not
                return exactly the declared states and the output, each [B, H].
        """
        with torch.device("cpu"):  # a step may read values, even if the network is on the meta device
            return _Probe(cell).layout()

    def formula(self, cell: Cell) -> str:
        """Return the number of parameters of a layer and direction: ``4HI + 4H² + 4H``."""
        W, U = len(self.inputs), len(self.recurrent)
        vectors = W + len(cell.own(Vector)) + 2 * len(cell.own(Norm))
        terms = [(W, "HI"), (U, "H²"), (vectors, "H"), (len(cell.own(Scalar)), "")]
        parts = [f"{number if number > 1 or not unit else ''}{unit}" for number, unit in terms if number]
        return " + ".join(parts)


class _Probe:
    """One step on tensors of shape [2, 3]; it records which gates are used."""

    shape = (2, 3)

    def __init__(self, cell: Cell) -> None:
        self.cell = cell
        self.read: set[str] = set()
        self.called: set[str] = set()

    def layout(self) -> Layout:
        gates, state = self.cell.gates, self.cell.state
        random = torch.Generator().manual_seed(0)
        start = State({name: self._random(random) for name in state})
        x = Names("x", gates, lambda name: self._input(name, random))
        u = Names("u", gates, self._product)
        with torch.no_grad():
            returned = self._run(self.cell.bind(self._own_values()), x, u, start)
        self._check(returned)
        return Layout(
            inputs=tuple(gate for gate in gates if gate in self.read),
            recurrent=tuple(gate for gate in gates if gate in self.called),
        )

    def _random(self, generator: torch.Generator) -> Tensor:
        return torch.rand(self.shape, generator=generator)

    def _input(self, gate: str, generator: torch.Generator) -> Tensor:
        self.read.add(gate)
        return self._random(generator)

    def _product(self, gate: str) -> Callable[[Tensor], Tensor]:
        def product(v: Tensor) -> Tensor:
            if gate in self.called:
                raise CellError(f"u.{gate} is called twice in one step; declare a second gate for it")
            self.called.add(gate)
            return 0.5 * v

        return product

    def _own_values(self) -> dict[str, Any]:
        width = self.shape[1]
        return (
            {name: torch.ones(width) for name in self.cell.own(Vector)}
            | {name: torch.tensor(scalar.init) for name, scalar in self.cell.own(Scalar).items()}
            | {name: torch.nn.LayerNorm(width) for name in self.cell.own(Norm)}
        )

    def _run(self, cell: Cell, *arguments: Any) -> object:
        try:
            return cell.step(*arguments)
        except CellError as error:
            what, line = str(error), line_of_step(error)
        except Exception as error:  # noqa: BLE001 (it is the user's code)
            what = f"the step fails with {type(error).__name__}: {error}"
            line = line_of_step(error)
        raise CellError(f"cell '{self.cell.name}': {what} ({line})")

    def _check(self, returned: object) -> None:
        cell = self.cell
        if not isinstance(returned, dict):
            raise CellError(f"cell '{cell.name}': step must return a State, got {type(returned).__name__}")
        expected = set(cell.state) | {cell.output}
        if set(returned) != expected:
            raise CellError(
                f"cell '{cell.name}': step returned {', '.join(sorted(returned))}; "
                f"its states and output are {', '.join(sorted(expected))}"
            )
        for name, value in returned.items():
            if not isinstance(value, Tensor) or tuple(value.shape) != self.shape:
                shape = list(value.shape) if isinstance(value, Tensor) else type(value).__name__
                raise CellError(
                    f"cell '{cell.name}': {name} must have shape [B, H], here {list(self.shape)}, got {shape}"
                )


def line_of_step(error: Exception) -> str:
    """Return the line of the cell's own file in which the error was raised."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if "/seqlab/cells/layout.py" not in frame.filename.replace("\\", "/")]
    steps = [frame for frame in own if frame.name == "step"] or own or frames
    return f"{steps[-1].filename}:{steps[-1].lineno}"
