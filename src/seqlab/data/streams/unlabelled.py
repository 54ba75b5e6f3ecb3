"""From what a user gives to tokens: a text that is followed through a language model."""

from pathlib import Path

import torch

from seqlab.data.batches import Followed
from seqlab.data.streams.declared import StreamSpec
from seqlab.errors import DataError
from seqlab.io.files import read_user_text

LONGEST = 120
"""Tokens of a text that are followed."""


def follow(spec: StreamSpec, text: str | None, file: Path | None) -> Followed:
    """Return the beginning of a text, or of the one in a file.

    Raises:
        DataError: there is none, or the file cannot be read.
    """
    text = (read_user_text(file) if file else text or "").replace("\0", " ")
    if not text.strip():
        raise DataError("nothing to explain: give a text, or --file with one")
    tokens = spec.tokenizer().encode(text)[0][:LONGEST]
    return Followed.of_tokens(text, torch.from_numpy(tokens)[None], spec.symbols)
