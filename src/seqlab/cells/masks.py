"""Comparisons in a step: true and false where they choose, 1 and 0 wherever they are numbers."""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

CONVERSIONS = frozenset(("float", "double", "to", "type", "type_as"))
"""Methods that make numbers of a mask; all give the type of the step's other values."""

_STAY = frozenset(
    (
        *("and", "rand", "or", "ror", "xor", "rxor", "invert", "getitem", "setitem", "get", "bool"),
        *("bitwise_and", "bitwise_or", "bitwise_xor", "bitwise_not"),
        *("logical_and", "logical_or", "logical_xor", "logical_not", "any", "all", "nonzero"),
        *("masked_fill", "masked_select", "index_put", "size", "dim", "numel", "requires_grad_", "clone"),
    )
)
"""What takes masks as true and false: names of functions without underscores around them."""


class MasksAreNumbers(TorchFunctionMode):
    """Within it a mask in arithmetic is a number, 0 or 1, and all are of one type.

    torch's own booleans are not: it refuses 1 − mask, and the sum of two is true or false.

    Args:
        dtype: of a mask's numbers.

    Attributes:
        met: whether there was a mask so far. A step without any needs no such mode, which takes as long as
            the step itself.
    """

    def __init__(self, dtype: torch.dtype) -> None:
        super().__init__()
        self.dtype = dtype
        self.met = False

    def __torch_function__(
        self,
        function: Callable[..., Any],
        types: Sequence[type],
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        """Call one of torch's functions."""
        kwargs = kwargs or {}
        name = getattr(function, "__name__", "").strip("_")
        if name == "where":
            self.met = True
            args = self._chosen(function, args)
        elif name not in _STAY and any(map(_is_mask, args)):
            self.met = True
            if name in CONVERSIONS:
                return args[0].to(self.dtype)
            args = tuple(self._number(value) for value in args)
        made = function(*args, **kwargs)
        self.met = self.met or _is_mask(made)
        return made

    def _chosen(self, function: Callable[..., Any], args: tuple[Any, ...]) -> tuple[Any, ...]:
        """Return the arguments of ``where`` with a condition that is true and false."""
        place = 0 if function is torch.where else 1
        made = [value if index == place else self._number(value) for index, value in enumerate(args)]
        if len(made) > place and isinstance(made[place], Tensor) and not _is_mask(made[place]):
            made[place] = made[place] != 0
        return tuple(made)

    def _number(self, value: Any) -> Any:
        return value.to(self.dtype) if _is_mask(value) else value


def _is_mask(value: Any) -> bool:
    return isinstance(value, Tensor) and value.dtype is torch.bool


def as_numbers(returned: Any, dtype: torch.dtype) -> Any:
    """Return what a step returned, with its masks as numbers."""
    if not isinstance(returned, dict) or not any(map(_is_mask, returned.values())):
        return returned
    made = {name: value.to(dtype) if _is_mask(value) else value for name, value in returned.items()}
    return type(returned)(made)
