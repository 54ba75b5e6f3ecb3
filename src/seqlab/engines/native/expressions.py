"""ATen's elementwise operations as C++ expressions over vectors; maths.h defines the functions."""

from collections.abc import Callable, Container, Mapping
from typing import TypeAlias, cast

from torch import fx

from seqlab.engines.native.rows import operation_name
from seqlab.errors import EngineError

Args: TypeAlias = tuple[object, ...]
Kwargs: TypeAlias = Mapping[str, object]

INFIX = {
    "add": "+",
    "sub": "-",
    "mul": "*",
    "gt": ">",
    "ge": ">=",
    "lt": "<",
    "le": "<=",
    "eq": "==",
    "ne": "!=",
    "logical_and": "&",
    "logical_or": "|",
    "bitwise_and": "&",
    "bitwise_or": "|",
}
FUNCTIONS = frozenset(
    ("abs", "atan", "cos", "erf", "exp", "expm1", "log", "log1p", "maximum", "minimum", "reciprocal", "relu")
).union(("floor", "remainder", "rsqrt", "sigmoid", "sign", "sin", "sqrt", "tanh", "where"))
"""Operations that maths.h defines under the same name."""

SAME = frozenset(("alias", "clone", "detach"))
"""Operations that leave the value as it is."""

CONSTANTS = {"scalar_tensor": 0, "full": 1, "full_like": 1}
"""Operations that make a constant, with the index of its value among the arguments."""

POWERS = {
    1.0: "{0}",
    2.0: "{0} * {0}",
    3.0: "{0} * {0} * {0}",
    0.5: "sqrt({0})",
    -0.5: "rsqrt({0})",
    -1.0: "1 / {0}",
}
"""Powers that have a cheaper expression than ``pow``."""


class UnknownOperationError(EngineError):
    """The kernel does not support an operation; the message is its name."""


def expression(node: fx.Node) -> str:
    """Return the C++ expression for an operation.

    Raises:
        UnknownOperationError: the operation has none.
    """
    name, args = operation_name(node), node.args
    for known, write in WRITERS.items():
        if name in known:
            return write(name, args, node.kwargs)
    raise UnknownOperationError(name or str(node.target))


def variable(node: fx.Node) -> str:
    """Return the name that a node's value has in the kernel."""
    return f"v_{node.name}"


def _number(value: object) -> str:
    """Return a number as a literal of the kernel's precision."""
    written = repr(float(cast("float", value)))
    return f"real({written})".replace("inf", "__builtin_inf()").replace("nan", '__builtin_nan("")')


def _vector(value: object) -> str:
    """Return a vector: a node's variable, or one number in all lanes."""
    return variable(value) if isinstance(value, fx.Node) else f"all({_number(value)})"


def _infix(name: str, args: Args, _: Kwargs) -> str:
    left, right = _operands(args)
    return f"{left} {INFIX[name]} {right}"


def _operands(args: Args) -> tuple[str, ...]:
    return tuple(variable(arg) if isinstance(arg, fx.Node) else _number(arg) for arg in args[:2])


def _quotient(_name: str, args: Args, kwargs: Kwargs) -> str:
    left, right = _operands(args)
    rounding = kwargs.get("rounding_mode")
    if rounding not in (None, "floor"):
        raise UnknownOperationError(f"div with {rounding}")
    return f"{left} / {right}" if rounding is None else f"floor_divide({', '.join(map(_vector, args[:2]))})"


def _number_of_mask(_name: str, args: Args, _: Kwargs) -> str:
    return f"where({_vector(args[0])}, all(1), all(0))"


def _no_mask(_name: str, args: Args, _: Kwargs) -> str:
    return f"~{_vector(args[0])}"


def _gelu(_name: str, args: Args, kwargs: Kwargs) -> str:
    form = "gelu_tanh" if kwargs.get("approximate") == "tanh" else "gelu"
    return f"{form}({_vector(args[0])})"


def _leaky_relu(_name: str, args: Args, _: Kwargs) -> str:
    slope = args[1] if len(args) > 1 else 0.01
    return f"where({_vector(args[0])} > 0, {_vector(args[0])}, {_vector(args[0])} * {_number(slope)})"


def _call(name: str, args: Args, _: Kwargs) -> str:
    return f"{name}({', '.join(map(_vector, args))})"


def _same(_name: str, args: Args, _: Kwargs) -> str:
    return _vector(args[0])


def _constant(name: str, args: Args, _: Kwargs) -> str:
    return _vector(args[CONSTANTS[name]])


def _negative(_name: str, args: Args, _: Kwargs) -> str:
    return f"-{_vector(args[0])}"


def _power(_name: str, args: Args, _: Kwargs) -> str:
    base, exponent = args
    if isinstance(exponent, int | float) and exponent in POWERS:
        return POWERS[exponent].format(_vector(base))
    return f"pow({_vector(base)}, {_vector(exponent)})"


def _clamped(_name: str, args: Args, kwargs: Kwargs) -> str:
    bounds = {**dict(zip(("x", "min", "max"), args, strict=False)), **kwargs}
    value = _vector(bounds["x"])
    for bound, function in (("min", "at_least"), ("max", "at_most")):
        if bounds.get(bound) is not None:
            value = f"{function}({value}, {_vector(bounds[bound])})"
    return value


WRITERS: dict[Container[str], Callable[[str, Args, Kwargs], str]] = {
    frozenset(INFIX): _infix,
    frozenset(("div",)): _quotient,
    frozenset(("_to_copy",)): _number_of_mask,
    frozenset(("bitwise_not", "logical_not")): _no_mask,
    frozenset(("gelu",)): _gelu,
    frozenset(("leaky_relu",)): _leaky_relu,
    FUNCTIONS: _call,
    SAME: _same,
    frozenset(CONSTANTS): _constant,
    frozenset(("neg",)): _negative,
    frozenset(("pow",)): _power,
    frozenset(("clamp",)): _clamped,
}
"""The function that writes each operation."""
