"""What a step may compute: elementwise functions. Anything else is refused by name when traced."""

import operator
from collections.abc import Callable
from typing import Any

import torch
from torch.nn import functional

NONLINEAR: dict[str, Callable[..., Any]] = {
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    "relu": torch.relu,
    "softplus": functional.softplus,
    "logsigmoid": functional.logsigmoid,
    "exp": torch.exp,
    "expm1": torch.expm1,
    "log": torch.log,
    "log1p": torch.log1p,
    "sqrt": torch.sqrt,
    "rsqrt": torch.rsqrt,
    "square": torch.square,
    "reciprocal": torch.reciprocal,
    "abs": torch.abs,
    "sign": torch.sign,
    "sin": torch.sin,
    "cos": torch.cos,
    "atan": torch.atan,
    "erf": torch.erf,
    "maximum": torch.maximum,
    "minimum": torch.minimum,
    "clamp": torch.clamp,
}
"""Functions of one or two tensors; a gate's value is the first of them applied to its W x or U v."""

ARITHMETIC: dict[str, Callable[..., Any]] = {
    "add": operator.add,
    "sub": operator.sub,
    "mul": operator.mul,
    "truediv": operator.truediv,
    "neg": operator.neg,
    "pow": operator.pow,
    "where": torch.where,
    "gt": operator.gt,
    "ge": operator.ge,
    "lt": operator.lt,
    "le": operator.le,
    "zeros_like": torch.zeros_like,
    "ones_like": torch.ones_like,
}
"""Arithmetic, comparison and choice."""

OPERATIONS: dict[str, Callable[..., Any]] = NONLINEAR | ARITHMETIC
"""All that a step may call, by name; the same functions as methods of a tensor too."""

_SYNONYMS: dict[Any, Callable[..., Any]] = {
    torch.add: operator.add,
    torch.sub: operator.sub,
    torch.mul: operator.mul,
    torch.div: operator.truediv,
    torch.neg: operator.neg,
    torch.pow: operator.pow,
    torch.clip: torch.clamp,
    operator.abs: torch.abs,
    functional.relu: torch.relu,
    functional.sigmoid: torch.sigmoid,
    functional.tanh: torch.tanh,
    "div": operator.truediv,
    "clip": torch.clamp,
}
_KNOWN = set(OPERATIONS.values())


def operation(target: object) -> Callable[..., Any] | None:
    """Return the function that ``target`` (a function or a method's name) stands for; None if forbidden."""
    if callable(target) and target in _KNOWN:
        return target
    if target == "where":  # as a method it takes its arguments in another order
        return None
    return _SYNONYMS.get(target) or (OPERATIONS.get(target) if isinstance(target, str) else None)
