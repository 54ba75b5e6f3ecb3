"""Random cells of the whole contract: widths, kinds of matrices, side inputs, starts, cells around them."""

import random

import torch
from torch.nn import functional

from seqlab.cells import (
    Bernoulli,
    Blocks,
    Cell,
    Dense,
    Diagonal,
    Episodes,
    Gate,
    Input,
    Interval,
    LowRank,
    Masked,
    Norm,
    Orthogonal,
    Parameter,
    RecurrentDropout,
    Residual,
    Skew,
    State,
    WeightDrop,
    Zoneout,
)

from .random_cells import BINARY, UNARY

WIDTHS = ("H", "H", "I", "odd", 2, ())
SQUARE = (Skew(0.1), Orthogonal(), Diagonal())
KINDS = (LowRank(2), Masked(lambda rows, columns: torch.ones(rows, columns).tril()), Dense(0.3, learn=False))


def random_wide_cell(seed):
    """Return a cell made with options, and around it up to two others; the same one for the same seed."""
    choice = random.Random(seed)
    gates = {gate: choice.choice(WIDTHS) for gate in "abcd"[: choice.randint(2, 4)]}
    state = {f"s{number}": choice.choice(WIDTHS) for number in range(choice.randint(1, 3))}
    columns = {gate: choice.choice(list(state.values())) for gate in gates}
    kinds = {gate: _kind(choice, gates[gate], columns[gate]) for gate in gates}
    own = {
        f"p{number}": width for number, width in enumerate(dict.fromkeys((*gates.values(), *state.values())))
    }

    def step(self, x, u, s):
        made = random.Random(seed + 1000)
        pool = [(x[gate], width) for gate, width in gates.items()]
        pool += [(s[name], width) for name, width in state.items()]
        pool += [(getattr(self, name), width) for name, width in own.items() if width != ()]
        pool += [(x.dt, ()), (x.x, "I"), (x.noise, "H"), (x.whole, 2), (x.since, "H"), (x.usual, ())]
        for _ in range(9):
            a, width = made.choice(pool)
            kind = made.random()
            if kind < 0.4:
                gate = made.choice(sorted(gates))
                fitting = [value for value, wide in pool if wide == columns[gate]]
                pool.append((torch.tanh(x[gate] + u[gate](torch.tanh(made.choice(fitting)))), gates[gate]))
            elif kind < 0.45 and width == "H":
                pool.append((self.norm(a * x.dt), width))
            elif kind < 0.7:
                pool.append((made.choice((*UNARY, functional.hardtanh, functional.softsign))(a), width))
            else:
                b, _ = made.choice([pair for pair in pool if pair[1] in (width, ())])
                pool.append((made.choice((*BINARY, _larger))(a, b), width))
        return State({name: _last(made, pool, s[name], width) for name, width in state.items()})

    declared = {
        "gates": {
            gate: Gate(
                width, bias=choice.choice([True, False, 0.2]), U=kinds[gate], W=_kind(choice, width, "I")
            )
            for gate, width in gates.items()
        },
        "state": state,
        "output": choice.choice(list(state)),
        "inputs": {
            "dt": (),
            "x": "I",
            "noise": Bernoulli(0.5, "H", scale=0.5),
            "whole": Bernoulli(0.7, 2, each="sequence"),
            "since": Interval("H"),
            "usual": Input(default=0.6),
        },
        "start": {
            name: p
            for name in state
            for p, width in own.items()
            if state[name] == width and choice.random() < 0.3
        },
        "odd": 3,
        "__annotations__": {"odd": int},
        "norm": Norm(eps=0.1),
        "step": step,
        **{name: Parameter(width, 0.3) for name, width in own.items()},
    }
    cell = type(f"Wide{seed}", (Cell,), declared)()
    around = [
        lambda cell: Zoneout(cell, **{name: choice.choice([0.3, 1.0]) for name in state}),
        lambda cell: RecurrentDropout(cell, 0.2),
        lambda cell: WeightDrop(cell, 0.2),
        Episodes,
        Residual,
    ]
    for _ in range(choice.randint(0, 3)):
        cell = choice.choice(around)(cell)
    return cell


def _kind(choice, rows, columns):
    kinds = (
        None,
        None,
        *KINDS,
        *(SQUARE if rows == columns else ()),
        *((Blocks(2),) if rows == columns == 2 else ()),
    )
    return choice.choice(kinds)


def _larger(a, b):
    return torch.max(a, b + torch.zeros_like(a)) + torch.max(a, torch.tensor(0.1))


def _last(made, pool, before, width):
    """Return a value of a width that hangs on what was made last, bounded."""
    fitting = [value for value, wide in pool if wide == width]
    numbers = [value for value, wide in pool if wide == ()]
    return torch.tanh(fitting[-1] + 0.5 * before * numbers[-1])
