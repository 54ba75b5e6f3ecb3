"""ATen's elementwise operations as C++ expressions over vectors; maths.h defines the functions."""

from collections.abc import Mapping

from torch import fx

from seqlab.engines.native.rows import operation_name
from seqlab.errors import EngineError

INFIX = {
    "add": "+",
    "sub": "-",
    "mul": "*",
    "div": "/",
    "gt": ">",
    "ge": ">=",
    "lt": "<",
    "le": "<=",
    "eq": "==",
    "ne": "!=",
    "logical_and": "&",
    "logical_or": "|",
}
FUNCTIONS = frozenset(
    "abs atan cos erf exp expm1 log log1p maximum minimum reciprocal relu rsqrt sigmoid sign sin sqrt tanh "
    "where".split()
)
"""Operations that maths.h defines under the same name."""

SAME = frozenset("alias clone detach".split())
"""Operations that leave the value as it is."""

CONSTANTS = {"scalar_tensor": 0, "full": 1, "full_like": 1}
"""Operations that make a constant, with the place of its value among the arguments."""

POWERS = {
    1.0: "{0}",
    2.0: "{0} * {0}",
    3.0: "{0} * {0} * {0}",
    0.5: "sqrt({0})",
    -0.5: "rsqrt({0})",
    -1.0: "1 / {0}",
}
"""Powers that are cheaper than a power in general."""


class UnknownOperationError(EngineError):
    """The kernel has no such operation; the message is its name."""


def number(value: float) -> str:
    """Return a number of the kernel's precision."""
    return f"real({float(value)!r})".replace("inf", "__builtin_inf()").replace("nan", '__builtin_nan("")')


def vector(value: object) -> str:
    """Return a vector: a node's variable, or all lanes the same number."""
    return variable(value) if isinstance(value, fx.Node) else f"all({number(float(str(value)))})"


def variable(node: fx.Node) -> str:
    """Return the name that a node's value has in the kernel."""
    return f"v_{node.name}"


def expression(node: fx.Node) -> str:
    """Return the C++ expression for an operation.

    Raises:
        UnknownOperationError: there is none.
    """
    name, args = operation_name(node), node.args
    either = [variable(arg) if isinstance(arg, fx.Node) else arg for arg in args]
    if name in INFIX:
        left, right = (part if isinstance(part, str) else number(part) for part in either[:2])
        return f"{left} {INFIX[name]} {right}"
    if name in FUNCTIONS:
        return f"{name}({', '.join(map(vector, args))})"
    if name in SAME:
        return vector(args[0])
    if name in CONSTANTS:
        return vector(args[CONSTANTS[name]])
    if name == "neg":
        return f"-{vector(args[0])}"
    if name == "pow":
        return _power(node)
    if name == "clamp":
        return _clamped(node)
    raise UnknownOperationError(name or str(node.target))


def _power(node: fx.Node) -> str:
    base, exponent = node.args
    if not isinstance(exponent, fx.Node) and float(str(exponent)) in POWERS:
        return POWERS[float(str(exponent))].format(vector(base))
    return f"pow({vector(base)}, {vector(exponent)})"


def _clamped(node: fx.Node) -> str:
    bounds: Mapping[str, object] = dict(zip(("x", "min", "max"), node.args, strict=False)) | node.kwargs
    value = vector(bounds["x"])
    if bounds.get("min") is not None:
        value = f"at_least({value}, {vector(bounds['min'])})"
    if bounds.get("max") is not None:
        value = f"at_most({value}, {vector(bounds['max'])})"
    return value
