"""Cells with equations made up by chance, smooth wherever gradients are compared with differences."""

import random

import torch
from torch.nn import functional

from seqlab.cells import Cell, Norm, Scalar, State, Vector

UNARY = (
    torch.sigmoid,
    torch.tanh,
    torch.sin,
    torch.cos,
    torch.atan,
    torch.erf,
    functional.softplus,
    functional.logsigmoid,
    lambda a: torch.exp(torch.tanh(a)),
    lambda a: torch.log1p(a**2),
    lambda a: torch.sqrt(a**2 + 1),
    lambda a: torch.where(a > 5, a, torch.tanh(a)),
    lambda a: 1 - a,
)
BINARY = (
    lambda a, b: a + b,
    lambda a, b: a - b,
    lambda a, b: torch.tanh(a) * b,
    lambda a, b: a / (1 + b**2),
    lambda a, b: torch.sigmoid(a) * b + (1 - torch.sigmoid(a)) * torch.tanh(b),
)


def random_cell(seed: int) -> type[Cell]:
    """Return a cell of 2 or 3 gates and 1 to 3 states; the same one for the same seed."""
    choice = random.Random(seed)
    gates = tuple("abc"[: choice.randint(2, 3)])
    states = tuple(f"s{number}" for number in range(choice.randint(1, 3)))

    def step(self, x, u, s):
        made = random.Random(seed + 1000)
        pool = [*(x[gate] for gate in gates), *s.values(), self.vector, self.scalar * x[gates[0]]]
        left = list(gates)
        for _ in range(10):
            kind = made.random()
            a, b = made.choice(pool), made.choice(pool)
            if kind < 0.3 and left:
                pool.append(x[gate := left.pop()] + u[gate](torch.tanh(a)))
            elif kind < 0.4:
                pool.append(self.norm(a + x[gates[0]]))
            elif kind < 0.7:
                pool.append(made.choice(UNARY)(a))
            else:
                pool.append(made.choice(BINARY)(a, b))
        # Every state is bounded, and hangs on what was made last.
        return State({name: torch.tanh(pool[-1 - i] + x[gates[i % 2]]) for i, name in enumerate(states)})

    declared = {
        "gates": gates,
        "state": states,
        "output": choice.choice(states),
        "vector": Vector(0.3),
        "scalar": Scalar(0.7),
        "norm": Norm(eps=0.1),
        "step": step,
    }
    return type(f"Random{seed}", (Cell,), declared)
