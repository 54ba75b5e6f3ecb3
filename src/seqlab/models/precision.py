"""In what numbers a network is kept and computed: what ``trainer.precision`` says."""

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor

WEIGHTS = {"64-true": torch.float64, "bf16-true": torch.bfloat16}
"""Precisions whose weights, states and answers are of one type that is not float32."""
PRODUCTS = {"16-mixed": torch.float16, "bf16-mixed": torch.bfloat16}
"""Precisions whose weights are float32, and whose matrix products torch computes in a smaller type."""


def weights_dtype(precision: str) -> torch.dtype:
    """Return the type of a network's weights, in training and wherever they are read again."""
    return WEIGHTS.get(precision, torch.float32)


def common_dtype(weights: Iterable[Tensor]) -> torch.dtype:
    """Return the type that all weights have, if a network can have it; else float32."""
    found = {tensor.dtype for tensor in weights}
    known = [dtype for dtype in WEIGHTS.values() if found == {dtype}]
    return known[0] if known else torch.float32


def for_lightning(precision: str) -> Any:
    """Return what Lightning is told: the network has the type of its weights before Lightning sees it.

    Lightning gives it that type only after it has read a checkpoint, rounding the weights to float32, and
    rounds also what answers are compared with.
    """
    return "32-true" if precision in WEIGHTS else precision
