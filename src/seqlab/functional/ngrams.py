"""N-grams of tokens as integer codes: the data count the frequent ones, an encoder looks them up."""

import torch
from torch import Tensor
from torch.nn import functional

LONGEST = 3
"""Tokens in the longest n-gram: codes of three tokens of a large vocabulary fit into 64 bits."""


def ngram_codes(x: Tensor, num_tokens: int, longest: int) -> list[Tensor]:
    """Return the codes of the n-grams of 2, 3, … ``longest`` tokens that end at every step, each [B, T].

    The code of an n-gram is its tokens read as digits to the base ``num_tokens``. It is 0 where the n-gram
    would begin before the sequence or ends in padding.

    Example:
        >>> ngram_codes(torch.tensor([[2, 3, 4, 0]]), num_tokens=10, longest=2)
        [tensor([[ 0, 23, 34,  0]])]

    Args:
        x: tokens, right-padded with 0, [B, T].
        num_tokens: tokens in the vocabulary.
        longest: tokens in the longest n-gram, at most ``LONGEST``.
    """
    found = []
    codes, place = x, 1
    for length in range(2, longest + 1):
        before = functional.pad(x, (length - 1, 0))[:, : x.shape[1]]
        place *= num_tokens
        codes = codes + before * place
        found.append(torch.where((before != 0) & (x != 0), codes, 0))
    return found
