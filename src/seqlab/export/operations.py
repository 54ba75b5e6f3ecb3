"""The operations of a step as ONNX operators; functions that ONNX lacks are composed."""

import inspect
import math
import operator
from collections.abc import Callable
from typing import Any

import torch
from torch.nn import functional

from seqlab.cells.surrogate import with_slope
from seqlab.engines.operations import OPERATIONS, number
from seqlab.errors import ExportError
from seqlab.export.graph import FLOAT, Graph

Writer = Callable[..., str]
"""A function that adds nodes to a graph, from the names of arguments to the name of the result."""

SAME = {
    torch.sigmoid: "Sigmoid",
    torch.tanh: "Tanh",
    torch.relu: "Relu",
    torch.exp: "Exp",
    torch.log: "Log",
    torch.sqrt: "Sqrt",
    torch.reciprocal: "Reciprocal",
    torch.abs: "Abs",
    torch.sign: "Sign",
    torch.sin: "Sin",
    torch.cos: "Cos",
    torch.atan: "Atan",
    torch.erf: "Erf",
    torch.floor: "Floor",
    torch.detach: "Identity",
    operator.invert: "Not",
    operator.neg: "Neg",
}
"""Functions of one tensor that ONNX has."""

SAME_OF_TWO = {
    torch.maximum: "Max",
    torch.minimum: "Min",
    operator.add: "Add",
    operator.sub: "Sub",
    operator.mul: "Mul",
    operator.truediv: "Div",
    operator.pow: "Pow",
    operator.eq: "Equal",
    operator.and_: "And",
    operator.or_: "Or",
    operator.gt: "Greater",
    operator.ge: "GreaterOrEqual",
    operator.lt: "Less",
    operator.le: "LessOrEqual",
}
"""Functions of two tensors or numbers that ONNX has."""


def writer(function: Callable[..., Any]) -> Writer:
    """Return the writer of a function of ``OPERATIONS``.

    Raises:
        ExportError: ONNX cannot express it.
    """
    if function in SAME:
        return lambda graph, x: graph.add(SAME[function], x)
    if function in SAME_OF_TWO:
        return lambda graph, x, y: graph.add(SAME_OF_TWO[function], x, y)
    if function in COMPOSED:
        return COMPOSED[function]
    raise ExportError(f"'{operation_name(function)}' cannot be expressed in ONNX")


def unsupported_reason(write: Writer, args: tuple[Any, ...], kwargs: dict[str, Any]) -> str | None:
    """Return why a function's arguments cannot be written, or None if they can."""
    try:
        inspect.signature(write).bind(None, *args, **kwargs)
    except TypeError as error:
        return str(error)
    return None


def operation_name(function: Callable[..., Any]) -> str:
    """Return the name of a function in ``OPERATIONS``."""
    return next((name for name, known in OPERATIONS.items() if known is function), repr(function))


def _expm1(graph: Graph, x: str) -> str:
    """Write tanh(x/2)·(eˣ + 1), exact near 0 where eˣ − 1 is not."""
    half = graph.add("Tanh", graph.add("Mul", x, graph.number(0.5)))
    return graph.add("Mul", half, graph.add("Add", graph.add("Exp", x), graph.number(1)))


def _log1p(graph: Graph, x: str) -> str:
    """Write log(u)·x/(u − 1) with u = 1 + x as rounded, or x where u is 1 (Kahan)."""
    one = graph.number(1)
    u = graph.add("Add", x, one)
    scaled = graph.add("Div", graph.add("Mul", graph.add("Log", u), x), graph.add("Sub", u, one))
    return graph.add("Where", graph.add("Equal", u, one), x, scaled)


def _softplus(graph: Graph, x: str, beta: str | None = None, threshold: str | None = None) -> str:
    """Write log(1 + e^(βx))/β, and x itself where βx is beyond the threshold."""
    inner = graph.add("Mul", x, beta) if beta else x
    soft = graph.add("Softplus", inner)
    soft = graph.add("Div", soft, beta) if beta else soft
    is_beyond = graph.add("Greater", inner, threshold or graph.number(20))
    return graph.add("Where", is_beyond, x, soft)


def _logsigmoid(graph: Graph, x: str) -> str:
    return graph.add("Neg", graph.add("Softplus", graph.add("Neg", x)))


def _clamp(graph: Graph, x: str, min: str | None = None, max: str | None = None) -> str:  # noqa: A002 (torch's)
    x = graph.add("Max", x, min) if min else x
    return graph.add("Min", x, max) if max else x


def _silu(graph: Graph, x: str) -> str:
    return graph.add("Mul", x, graph.add("Sigmoid", x))


def _gelu(graph: Graph, x: str, approximate: str = "none") -> str:
    if approximate == "tanh":
        cube = graph.add("Mul", graph.number(0.044715), graph.add("Mul", x, graph.add("Mul", x, x)))
        scaled = graph.add("Mul", graph.number(math.sqrt(2 / math.pi)), graph.add("Add", x, cube))
        share = graph.add("Tanh", scaled)
    else:
        share = graph.add("Erf", graph.add("Mul", x, graph.number(math.sqrt(0.5))))
    half = graph.add("Mul", graph.number(0.5), x)
    return graph.add("Mul", half, graph.add("Add", share, graph.number(1)))


def _leaky_relu(graph: Graph, x: str, negative_slope: str | None = None) -> str:
    slope = negative_slope or graph.number(0.01)
    return graph.add("Where", graph.add("Greater", x, graph.number(0)), x, graph.add("Mul", x, slope))


def _lerp(graph: Graph, x: str, end: str, weight: str) -> str:
    """Write torch's own two forms: from the nearer end."""
    apart = graph.add("Sub", end, x)
    near = graph.add("Add", x, graph.add("Mul", weight, apart))
    rest = graph.add("Sub", graph.number(1), weight)
    far = graph.add("Sub", end, graph.add("Mul", apart, rest))
    return graph.add("Where", graph.add("Less", graph.add("Abs", weight), graph.number(0.5)), near, far)


def _remainder(graph: Graph, x: str, y: str) -> str:
    """Write the remainder that has the sign of y; ONNX has that of x."""
    rest, zero = graph.add("Mod", x, y, fmod=1), graph.number(0)
    differ = graph.add("Xor", graph.add("Less", rest, zero), graph.add("Less", y, zero))
    is_other = graph.add("And", differ, graph.add("Not", graph.add("Equal", rest, zero)))
    return graph.add("Where", is_other, graph.add("Add", rest, y), rest)


def _filled_like(value: int) -> Writer:
    return lambda graph, x: graph.add("Expand", graph.number(value), graph.add("Shape", x))


COMPOSED: dict[Callable[..., Any], Writer] = {
    functional.softplus: _softplus,
    functional.logsigmoid: _logsigmoid,
    torch.expm1: _expm1,
    torch.log1p: _log1p,
    torch.rsqrt: lambda graph, x: graph.add("Reciprocal", graph.add("Sqrt", x)),
    torch.square: lambda graph, x: graph.add("Mul", x, x),
    torch.clamp: _clamp,
    functional.silu: _silu,
    functional.gelu: _gelu,
    functional.leaky_relu: _leaky_relu,
    torch.lerp: _lerp,
    torch.remainder: _remainder,
    with_slope: lambda graph, value, by, slope: graph.add("Identity", value),  # noqa: ARG005 (only derivatives)
    operator.ne: lambda graph, x, y: graph.add("Not", graph.add("Equal", x, y)),
    number: lambda graph, mask, like: graph.cast(mask, FLOAT),  # noqa: ARG005 (all are of one type)
    torch.where: lambda graph, condition, x, y: graph.add("Where", condition, x, y),
    torch.zeros_like: _filled_like(0),
    torch.ones_like: _filled_like(1),
}
"""Functions that need several operators."""
