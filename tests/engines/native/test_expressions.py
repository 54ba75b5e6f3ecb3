"""Every operation that a step may use, at ordinary numbers and at the ends of the range."""

import math
import operator

import pytest
import torch
from torch.nn import functional
from torch.testing import assert_close

from seqlab.cells import Cell, State, Vector
from seqlab.cells.surrogate import with_slope
from seqlab.engines import choose
from seqlab.engines.native import expressions, source
from seqlab.engines.operations import COMPARISONS, LOGIC, OPERATIONS
from seqlab.nn import Recurrent

ORDINARY = (-3.7, -1.3, -0.9, -0.625, -0.31, -1e-3, -1e-7, 1e-7, 1e-3, 0.31, 0.625, 0.9, 1.3, 2.2, 3.7, 12.0)
EXTREME = (0.0, -0.0, 1.0, -1.0, 20.5, -20.5, 88.0, -88.0, 105.0, -105.0, 1e4, -1e4, 1e30, -1e30, 1e-40)
NOT_FINITE = (math.nan, math.inf, -math.inf)
VALUES = (*ORDINARY, *EXTREME, *NOT_FINITE)

SEVERAL = {"maximum", "minimum", "clamp", "add", "sub", "mul", "truediv", "pow", "where"}
SEVERAL |= {"remainder", "lerp", "with_slope", *COMPARISONS, *LOGIC}
ONE = {name: function for name, function in OPERATIONS.items() if name not in SEVERAL}


class Spike(torch.autograd.Function):
    """Old style: its context is given to the forward pass."""

    @staticmethod
    def forward(ctx, v):
        ctx.save_for_backward(v)
        return (v > 0).to(v.dtype)

    @staticmethod
    def backward(ctx, gradient):
        (v,) = ctx.saved_tensors
        return gradient.clone() / (1 + 10 * v.abs()) ** 2


class Weighted(torch.autograd.Function):
    """New style, of two vectors: its context is set up apart."""

    @staticmethod
    def forward(v, by):
        return torch.sign(v) * by

    @staticmethod
    def setup_context(ctx, inputs, output):
        ctx.save_for_backward(*inputs)
        ctx.scale = 0.3

    @staticmethod
    def backward(ctx, gradient):
        v, by = ctx.saved_tensors
        return ctx.scale * gradient / (1 + v * v), gradient * by if ctx.needs_input_grad[1] else None


OTHERS = {
    "clamp both": lambda a: torch.clamp(a, -0.5, 1.3),
    "clamp min": lambda a: torch.clamp(a, min=-0.625),
    "clamp max": lambda a: a.clip(max=0.9),
    "softplus beta": lambda a: functional.softplus(a, beta=2.0, threshold=5.0),
    "sub from": lambda a: 1 - a,
    "over": lambda a: 2.5 / a,
    "half": lambda a: a / 2,
    "power 2": lambda a: a**2,
    "power 3": lambda a: a**3,
    "power 4": lambda a: a**4,
    "power 0": lambda a: a**0,
    "root": lambda a: a**0.5,
    "inverse root": lambda a: a**-0.5,
    "inverse": lambda a: a**-1,
    "power 2.5": lambda a: a**2.5,
    "power -2": lambda a: a**-2,
    "power of 2": lambda a: 2**a,
    "where gt": lambda a: torch.where(a > 0.31, a, 0.0),
    "where ge": lambda a: torch.where(a >= 0.9, 1.0, a * a),
    "where lt": lambda a: torch.where(a < 0, torch.exp(a), a),
    "where le": lambda a: torch.where(a <= -0.9, -1.0, 2.0 * torch.ones_like(a)),
    "where eq": lambda a: torch.where(a == 0.31, a, torch.floor(a)),
    "where ne": lambda a: torch.where(a != 0.31, a, 0.5),
    "where and": lambda a: torch.where((a > -0.5) & (a < 0.9), a * a, a),
    "where or": lambda a: torch.where(torch.logical_or(a < -0.5, a.gt(0.9)), a * a, a),
    "where invert": lambda a: torch.where(~(a > 0.31), a, 0.5),
    "where of a product of masks": lambda a: torch.where((a > -0.5) * (a < 0.9), a * a, a),
    "mask times": lambda a: (a > 0) * a,
    "mask times a number": lambda a: 0.1 * (a > 0),
    "1 - mask": lambda a: (1 - (a > 0)) * a,
    "negative mask": lambda a: -(a >= 0.9),
    "sum of masks": lambda a: (a > 0) + (a > 0.9) + (a > 1.3),
    "mask alone": lambda a: a > 0,
    "mask converted": lambda a: (a > 0).float() * a + (a < 0.31).to(a.dtype) + (a == 0.9).type_as(a),
    "masks compared": lambda a: (a > 0) == (a < 0.9),
    "function of a mask": lambda a: torch.sigmoid(a > 0) * a,
    "leaky_relu of a slope": lambda a: (
        functional.leaky_relu(a, 0.2) + functional.leaky_relu(a, negative_slope=0.1)
    ),
    "gelu by tanh": lambda a: functional.gelu(a, approximate="tanh"),
    "remainder of a number": lambda a: a % 0.7,
    "lerp to a number": lambda a: torch.lerp(a, a * a, 0.3) + torch.lerp(a, a * a, weight=0.9),
    "detach in a product": lambda a: a.detach() * a,
    "with_slope": lambda a: with_slope(a > 0, a, 1 / (1 + torch.abs(a)) ** 2),
    "a function with a derivative": Spike.apply,
    "of two": lambda a: Weighted.apply(a, torch.sigmoid(a)),
}
TWO = {
    "maximum": torch.maximum,
    "minimum": torch.minimum,
    "add": operator.add,
    "sub": operator.sub,
    "mul": operator.mul,
    "truediv": operator.truediv,
    "pow": operator.pow,
    "remainder": torch.remainder,
    "lerp": lambda a, b: torch.lerp(a, b, torch.sigmoid(a)),
    "lerp by any weight": lambda a, b: torch.lerp(torch.tanh(a), torch.tanh(b), torch.clamp(a, -2, 2)),
    "and": lambda a, b: (a > 0) & (b > 0),
    "or": lambda a, b: (a > 0) | (b > 0),
    "invert": lambda a, b: ~(a > b) * b,
    "where gt two": lambda a, b: torch.where(a > b, a, 2 * b),
    "where ge two": lambda a, b: torch.where(a >= b, a * b, b),
    "where lt two": lambda a, b: torch.where(a < b, a, 3 * b),
    "where le two": lambda a, b: torch.where(a <= b, a, a * b),
}


def cell_of(functions, arguments):
    """Return a cell with one gate, or two, and one state for every function."""
    names = [f"f{number}" for number in range(len(functions))]

    def step(self, x, u, s):
        values = {name: [x[f"{name}_{k}"] for k in range(arguments)] for name in names}
        return State({name: f(*values[name]) for name, f in zip(names, functions, strict=True)})

    gates = tuple(f"{name}_{k}" for name in names for k in range(arguments))
    return type("Functions", (Cell,), {"gates": gates, "state": tuple(names), "output": "f0", "step": step})


UNARY = cell_of([*ONE.values(), *OTHERS.values()], 1)
BINARY = cell_of(list(TWO.values()), 2)
PAIRS = torch.cartesian_prod(torch.tensor(VALUES[::2]), torch.tensor(VALUES[1::3])).T
PAIRS = torch.cat([PAIRS, torch.tensor(VALUES).repeat(2, 1)], dim=1)  # equal ones too


def apply(cell, engine, dtype, values):
    """Return each function's values and its gradients by each argument, at ``values`` [arguments, H]."""
    arguments, count = values.shape
    network = Recurrent(cell, input_size=1, hidden_size=count, engine=engine).to(dtype)
    layer = network.layers[0]
    layer.W.data.copy_(values.repeat(len(cell.state), 1).reshape(-1, 1))
    layer.b.data.zero_()
    _, final = network(torch.ones(1, 1, 1, dtype=dtype))
    sum(value.sum() for value in final.values()).backward()
    made = torch.stack([final[name][0, 0] for name in cell.state]).detach()
    return made, layer.b.grad.view(len(cell.state), arguments, count)


FINITE = ("silu", "gelu", "with_slope", "a function with a derivative", "of two")
"""Whose answers at infinity are torch's own accidents, or those of the derivatives that they are given."""


@pytest.mark.parametrize("engine", ["native", "eager"])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("cell", [UNARY, BINARY], ids=["of one", "of two"])
def test_every_operation_is_torchs_for_all_numbers(cell, dtype, engine):
    values = torch.tensor(VALUES)[None] if cell is UNARY else PAIRS
    found, expected = (apply(cell, chosen, dtype, values.to(dtype)) for chosen in (engine, "reference"))
    is_finite = values.isfinite().all(0)
    names = [*ONE, *OTHERS] if cell is UNARY else list(TWO)
    close = {"rtol": 3e-6, "atol": 2e-7} if dtype == torch.float32 else {"rtol": 1e-12, "atol": 1e-14}
    for number, name in enumerate(names):
        for what, values_, truth in zip(("value", "gradient"), found, expected, strict=True):
            assert_close(
                values_[number][..., is_finite] if name in FINITE else values_[number],
                truth[number][..., is_finite] if name in FINITE else truth[number],
                equal_nan=True,
                msg=lambda text, name=name, what=what: f"{what} of {name}: {text}",
                **close,
            )


def test_every_operation_is_tried():
    tried = {*ONE, *TWO, *(name.partition(" ")[0] for name in (*OTHERS, *TWO))}
    tried |= {name.split()[1] for name in (*OTHERS, *TWO) if name.startswith("where")}
    assert set(OPERATIONS) <= tried


class Erf(Cell):
    gates = ("h",)
    scale = Vector(1.0)

    def step(self, x, u, s):
        h = torch.tanh(x.h + u.h(s.h))
        return State(h=self.scale * torch.erf(h))


class Sums(Cell):
    gates = ("h",)

    def step(self, x, u, s):
        return State(h=torch.tanh(x.h + u.h(s.h)).cumsum(1))


@pytest.mark.parametrize(
    ("cell", "engine", "what"),
    [(Erf, "eager", "native engine does not support 'erf'"), (Sums, "reference", "'cumsum'")],
)
def test_an_operation_that_the_kernel_lacks_is_named_with_its_line(monkeypatch, tmp_path, cell, engine, what):
    monkeypatch.setenv("SEQLAB_CACHE_DIR", str(tmp_path))
    monkeypatch.setattr(
        expressions,
        "WRITERS",
        {frozenset(known - {"erf"}): write for known, write in expressions.WRITERS.items()},
    )
    source.Source.of.cache_clear()
    try:
        choice = choose("auto", cell(), torch.float32, torch.device("cpu"))
    finally:
        source.Source.of.cache_clear()
    assert choice.engine.name == engine
    assert what in choice.reason
    line = cell.step.__code__.co_firstlineno + (2 if cell is Erf else 1)
    assert f"{__file__}:{line}" in choice.reason
