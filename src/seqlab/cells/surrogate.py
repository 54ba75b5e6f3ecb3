"""A value with another derivative than its own, as networks of spikes are trained with."""

import math

import torch
from torch import Tensor
from torch.overrides import handle_torch_function, has_torch_function


def with_slope(value: Tensor, by: Tensor, slope: Tensor) -> Tensor:
    """Return ``value``, with ``slope`` added to its derivative by ``by``: a surrogate gradient.

    A comparison has no derivative of its own, so this is a spike whose derivative is that of a fast sigmoid
    (Zenke and Ganguli 2018)::

        spike = with_slope(v > 1, v, 1 / (1 + 10 * torch.abs(v - 1)) ** 2)

    Args:
        value: [B, width], a vector or a mask.
        by: of the same width.
        slope: of the same width, finite.
    """
    if has_torch_function((value, by, slope)):
        made: Tensor = handle_torch_function(with_slope, (value, by, slope), value, by, slope)
        return made
    if value.dtype is torch.bool:
        value = value.to(by.dtype)
    apart = torch.where(torch.abs(by) < math.inf, by - by.detach(), 0.0)  # 0, with the derivative 1
    return value + apart * slope
