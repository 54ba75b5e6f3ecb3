"""Recurrent layers, encoders before them, pooling and heads after them."""

from seqlab.nn.exchange import from_torch, to_torch
from seqlab.nn.recurrent import Recurrent

__all__ = ["Recurrent", "from_torch", "to_torch"]
