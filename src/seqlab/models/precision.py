"""The types of a network's weights and computations, set by ``trainer.precision``."""

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor

WEIGHTS = {"64-true": torch.float64, "bf16-true": torch.bfloat16}
"""Precisions whose weights, states and outputs all have one type other than float32."""
PRODUCTS = {"16-mixed": torch.float16, "bf16-mixed": torch.bfloat16}
"""Precisions with float32 weights, whose matrix products torch computes in a smaller type."""


def weights_dtype(precision: str) -> torch.dtype:
    """Return the type of a network's weights, in training and whenever they are loaded."""
    return WEIGHTS.get(precision, torch.float32)


def common_dtype(weights: Iterable[Tensor]) -> torch.dtype:
    """Return the type of all weights if it is one that networks can have, otherwise float32."""
    found = {tensor.dtype for tensor in weights}
    known = [dtype for dtype in WEIGHTS.values() if found == {dtype}]
    return known[0] if known else torch.float32


def for_lightning(precision: str) -> Any:
    """Return the precision for Lightning's Trainer: the network already has the type of its weights.

    Lightning would convert the network only after reading a checkpoint, which rounds the weights to float32,
    and would also round the targets.
    """
    return "32-true" if precision in WEIGHTS else precision
