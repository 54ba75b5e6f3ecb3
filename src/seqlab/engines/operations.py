"""What a step may compute: elementwise functions. Anything else is refused by name when traced."""

import operator
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from seqlab.cells.surrogate import with_slope
from seqlab.engines.composed import COMPOSED, NAMES

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
    "floor": torch.floor,
    "silu": functional.silu,
    "gelu": functional.gelu,
    "leaky_relu": functional.leaky_relu,
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
    "remainder": torch.remainder,
    "lerp": torch.lerp,
    "where": torch.where,
    "zeros_like": torch.zeros_like,
    "ones_like": torch.ones_like,
    "detach": torch.detach,
    "with_slope": with_slope,
}
"""Arithmetic and choice, and what a derivative passes by."""

COMPARISONS: dict[str, Callable[..., Any]] = {
    "gt": operator.gt,
    "ge": operator.ge,
    "lt": operator.lt,
    "le": operator.le,
    "eq": operator.eq,
    "ne": operator.ne,
}
"""Of two vectors or numbers; the result is a mask."""

LOGIC: dict[str, Callable[..., Any]] = {"and": operator.and_, "or": operator.or_, "invert": operator.invert}
"""Of masks, which a mask is made of."""

MASKS = frozenset((*COMPARISONS.values(), *LOGIC.values()))
"""Functions whose result is a mask."""

OPERATIONS: dict[str, Callable[..., Any]] = NONLINEAR | ARITHMETIC | COMPARISONS | LOGIC
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
    torch.gt: operator.gt,
    torch.ge: operator.ge,
    torch.lt: operator.lt,
    torch.le: operator.le,
    torch.eq: operator.eq,
    torch.ne: operator.ne,
    torch.logical_and: operator.and_,
    torch.logical_or: operator.or_,
    torch.logical_not: operator.invert,
    "logical_and": operator.and_,
    "logical_or": operator.or_,
    "logical_not": operator.invert,
    "div": operator.truediv,
    "clip": torch.clamp,
}
_KNOWN = {*OPERATIONS.values()}


def number(mask: Tensor, like: Tensor) -> Tensor:
    """Return 1 where a mask is true, else 0, in the type of ``like``."""
    return mask.to(like.dtype)


def operation(target: object) -> Callable[..., Any] | None:
    """Return the function that ``target`` (a function or a method's name) stands for; None if forbidden.

    It is one of ``OPERATIONS``, or one that calls some of these.
    """
    if callable(target) and target in _KNOWN:
        return target
    if target == "where":  # as a method it takes its arguments in another order
        return None
    if isinstance(target, str):
        return _SYNONYMS.get(target) or OPERATIONS.get(target) or NAMES.get(target)
    return _SYNONYMS.get(target) or COMPOSED.get(target)
