"""Every operation of a step in ONNX, against torch."""

import numpy as np
import onnxruntime
import pytest
import torch
from onnx import helper
from torch.nn import functional

from seqlab.cells import Cell, State, cells
from seqlab.engines.operations import COMPARISONS, LOGIC, MASKS, OPERATIONS
from seqlab.errors import ExportError
from seqlab.export.graph import BOOL, FLOAT, Graph
from seqlab.export.operations import writer

from .networks import TEXTS, assert_same_answers, network, network_graph

TINY, MANY = 1e-6, np.linspace(-8, 8, 33)
VALUES = np.concatenate([MANY, [TINY, -TINY, 1e-3, -1e-3, 30, -30, 80, -80]]).astype(np.float32)
FROM_0 = frozenset(("log", "sqrt", "rsqrt", "reciprocal"))
OF_TWO = {"add", "sub", "mul", "truediv", "pow", "maximum", "minimum", "remainder", *COMPARISONS}


def run(write, *inputs, **numbers):
    """Return what nodes make of inputs and of further arguments that are numbers."""
    graph = Graph()
    names = [f"x{number}" for number in range(len(inputs))]
    named = {name: graph.number(value) for name, value in numbers.items()}
    result = write(graph, *names, **named)
    kinds = [BOOL if values.dtype == bool else FLOAT for values in inputs]
    proto = helper.make_graph(
        graph.nodes,
        "test",
        [helper.make_tensor_value_info(name, kind, [None]) for name, kind in zip(names, kinds, strict=True)],
        [helper.make_empty_tensor_value_info(result)],
        initializer=list(graph.constants.values()),
    )
    model = helper.make_model(proto, opset_imports=[helper.make_opsetid("", 18)], ir_version=8)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return session.run(None, dict(zip(names, inputs, strict=True)))[0]


def inputs_of(name: str) -> list[np.ndarray]:
    if name == "where":
        return [VALUES > 1, VALUES, VALUES[::-1].copy()]
    if name in LOGIC:
        return [VALUES > 1, VALUES[::-1] > -2][: 1 if name == "invert" else 2]
    if name in ("lerp", "with_slope"):
        return [VALUES, VALUES[::-1].copy(), np.tanh(VALUES) * 1.5]
    if name in OF_TWO:
        return [np.abs(VALUES) if name == "pow" else VALUES, VALUES[::-1].copy()]
    if name == "log1p":
        return [VALUES[VALUES > -1]]
    return [VALUES[VALUES > 0] if name in FROM_0 else VALUES]


@pytest.mark.parametrize("name", OPERATIONS)
def test_every_operation_is_what_torch_computes(name):
    function, inputs = OPERATIONS[name], inputs_of(name)
    numbers = {"min": -0.5, "max": 2.0} if name == "clamp" else {}
    found = run(writer(function), *inputs, **numbers)
    expected = function(*map(torch.from_numpy, inputs), **numbers).numpy()
    assert found.dtype == (bool if function in MASKS else np.float32)
    # onnxruntime's sigmoid is an approximation, exact to the last bit only around 1; so is its erf.
    atol = {"sigmoid": 2e-7, "silu": 2e-6, "gelu": 2e-6}.get(name, 1e-8)
    np.testing.assert_allclose(found, expected, rtol=2e-6, atol=atol)


@pytest.mark.parametrize(
    ("function", "numbers"),
    [
        (functional.softplus, {"beta": 2.0}),
        (functional.softplus, {"beta": 0.5, "threshold": 1.0}),
        (torch.clamp, {"min": 0.0}),
        (torch.clamp, {"max": 0.0}),
        (functional.leaky_relu, {"negative_slope": 0.2}),
    ],
)
def test_arguments_of_an_operation(function, numbers):
    found = run(writer(function), VALUES, **numbers)
    np.testing.assert_allclose(found, function(torch.from_numpy(VALUES), **numbers), rtol=2e-6, atol=1e-8)


class Spike(torch.autograd.Function):
    @staticmethod
    def forward(ctx, v):
        ctx.save_for_backward(v)
        return (v > 0).float()

    @staticmethod
    def backward(ctx, gradient):
        return gradient / (1 + ctx.saved_tensors[0].abs())


class Comparing(Cell):
    """What is true or false, as numbers."""

    gates = ("h",)

    def step(self, x, u, s):
        is_up = x.h > u.h(s.h)
        both = is_up & ~(s.h > 0.5) | (s.h == 0)
        spike = Spike.apply(s.h - 0.1) + functional.gelu(s.h, approximate="tanh")
        chosen = torch.where(is_up, 1.0, s.h) * 0.5 + is_up * 2 - (is_up > 0) * s.h
        return State(h=torch.tanh(chosen + is_up + both + (1 - both) * spike))


def test_comparisons_count_as_numbers():
    cells._entries["own"] = Comparing
    assert_same_answers(TEXTS, cell="own")


class OtherForm(Cell):
    gates = ("h",)

    def step(self, x, u, s):
        return State(h=torch.maximum(x.h, other=u.h(s.h)))


@pytest.mark.parametrize(
    ("cell", "words"),
    [
        (OtherForm, r"cell 'own' cannot be exported to ONNX: 'maximum' at .*py:\d+ \(missing.*\)"),
    ],
)
def test_what_onnx_cannot_express_is_named_with_its_line(cell, words):
    cells._entries["own"] = cell
    cell.name = "own"
    module = network(TEXTS, cell="own")
    with pytest.raises(ExportError, match=words):
        network_graph(module, TEXTS)
