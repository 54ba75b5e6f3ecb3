"""Converting a user's texts to samples for a trained network."""

import logging
from collections.abc import Sequence
from pathlib import Path

import torch

from seqlab.data.batches import Followed, TokenSamples, Unlabelled
from seqlab.data.dataset import Dataset
from seqlab.data.text.declared import TextSpec
from seqlab.data.text.vocabulary import Vocabulary
from seqlab.data.text_csv import Texts
from seqlab.errors import DataError
from seqlab.io.files import read_user_text
from seqlab.io.terminal import in_a_line

log = logging.getLogger(__name__)


def unlabelled(spec: TextSpec, data: Dataset, texts: Sequence[str], file: Path | None) -> Unlabelled:
    """Return texts, and those of a file: a text a line, or a table with the columns of the training data.

    Raises:
        DataError: there is no text, or the file cannot be read.
    """
    names = [text for text in (*texts, *(_texts_in(file, data) if file else ())) if text.strip()]
    if not names:
        raise DataError("nothing to predict: give a text, or --file with one text per line")
    return Unlabelled(encode(spec, names), names)


def _texts_in(file: Path, data: Dataset) -> list[str]:
    found = data.texts_in(file) if isinstance(data, Texts) else None
    # A text may have other separators of lines, such as a form feed.
    return [line.strip() for line in read_user_text(file).split("\n")] if found is None else found


def follow(spec: TextSpec, text: str | None, file: Path | None) -> Followed:
    """Return a text, or the one in a file.

    Raises:
        DataError: there is no text, or the file cannot be read.
    """
    text = read_user_text(file) if file else text
    if text is None or not text.strip():
        raise DataError("nothing to explain: give a text, or --file with one")
    text = text.strip()
    x = encode(spec, [text]).batch(torch.tensor([0])).x
    settings, steps = spec.text, x.shape[1]
    tokens = settings.tokens_of(text)
    left_out = len(tokens) + 2 * settings.bos_eos - steps if settings.keep == "end" else 0
    first = left_out + 1 - settings.bos_eos  # after BOS no token is read yet
    samples = _encoded(spec, [tokens[: first + step] for step in range(steps)])
    ends = samples.batch(torch.arange(steps))
    return Followed.of_tokens(text, x, spec.symbols, (ends.x, ends.lengths))


def encode(spec: TextSpec, texts: Sequence[str]) -> TokenSamples:
    """Return the tokens of texts, and warn about unknown characters or words.

    Args:
        spec: the description of the training data.
        texts: none of them empty.
    """
    settings = spec.text
    tokens = list(map(settings.tokens_of, texts))
    unseen = sorted({token for text in tokens for token in text} - set(spec.symbols))
    if unseen:
        shown = " ".join(map(in_a_line, unseen[:20]))
        log.warning("%d %s did not occur in training: %s", len(unseen), settings.tokens, shown)
    return _encoded(spec, tokens)


def _encoded(spec: TextSpec, tokens: Sequence[Sequence[str]]) -> TokenSamples:
    settings = spec.text
    samples = Vocabulary(spec.symbols).encode(tokens)
    return samples.cut(settings.max_length, settings.keep, bos_eos=settings.bos_eos)
