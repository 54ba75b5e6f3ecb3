"""Baselines of language models: unigrams, interpolated n-grams, and a general-purpose compressor."""

import logging
import lzma
from collections.abc import Callable, Iterator
from typing import cast

import numpy as np

from seqlab.data import SequenceData
from seqlab.data.streams.samples import StreamSamples
from seqlab.tasks.score import BaselineScores

log = logging.getLogger(__name__)

LONGEST = 5
"""Tokens in the longest n-grams."""
MOST_TOKENS = 2**21
"""Tokens at the end of the training part that are counted, and that are scored, at most."""
FEWEST_TOKENS = 100
"""Tokens of a training part that are enough to count n-grams."""
PIECE = 2**18
"""Tokens that are scored at once."""
MOST_BYTES = 2**21
"""Bytes at the end of the training text, and at the beginning of a split, that are compressed, at most."""
HELD_OUT = 0.05
"""The end of the training part on which n-grams of different lengths are weighed."""
ITERATIONS = 30

Scored = Callable[[str, np.ndarray, np.ndarray], dict[str, float]]
"""From a split, the nats of its tokens, [N], and the tokens, [N], to its scores."""


def language_baselines(data: SequenceData, scored: Scored) -> BaselineScores:
    """Score unigrams, n-grams and the compressor on the validation and test text.

    Args:
        data: running text.
        scored: returns the scores of a split.
    """
    samples = {split: cast("StreamSamples", found) for split, found in data.samples.items()}
    vocabulary = data.spec.input_size
    packed = {split: compressed_bits(samples["train"], samples[split]) for split in ("val", "test")}
    train = np.array(samples["train"].tokens[-MOST_TOKENS:])  # of their small type
    if len(train) < len(samples["train"].tokens):
        log.info("baselines count the last %s tokens of the training text", f"{len(train):,}")
    counts = np.bincount(train, minlength=vocabulary) + 1
    unigrams = np.log(counts.sum() / counts)
    ngrams = Interpolated.fitted(train, vocabulary) if len(train) >= FEWEST_TOKENS else None
    found: BaselineScores = {"unigram": {}, "ngram": {}, "lzma": {}}
    for split in ("val", "test"):
        tokens = np.array(samples[split].tokens[:MOST_TOKENS])
        each = {
            "unigram": scored(split, unigrams[tokens[1:]], tokens[1:]),
            "ngram": scored(split, ngrams.nats(tokens), tokens[1:]) if ngrams else {},
            "lzma": {"bits_per_character": packed[split]},
        }
        for name, scores in each.items():
            cast("dict[str, float]", found[name]).update(
                {f"{split}/{key}": one for key, one in scores.items()}
            )
    return found if ngrams else found | {"ngram": f"not fitted to fewer than {FEWEST_TOKENS} tokens"}


def compressed_bits(train: StreamSamples, split: StreamSamples) -> float:
    """Return the bits per character by which lzma grows when a split is put behind the training text."""
    before = train.part.last(MOST_BYTES)
    text = split.part.first(MOST_BYTES).decode(errors="ignore")
    grown = len(_packed(before + text.encode())) - len(_packed(before))
    return 8 * grown / max(len(text), 1)


def _packed(content: bytes) -> bytes:
    return lzma.compress(content, preset=9)


class Ngrams:
    """Counts of n-grams of 1 to ``LONGEST`` tokens.

    Args:
        tokens: of the text that is counted, [N].
        vocabulary: V tokens in the vocabulary.
    """

    def __init__(self, tokens: np.ndarray, vocabulary: int) -> None:
        self.vocabulary = vocabulary
        most = int(62 / np.log2(max(vocabulary, 2)))
        self.longest = min(LONGEST, most)
        self.known = [
            np.unique(codes, return_counts=True) for codes in _codes(tokens, vocabulary, self.longest)
        ]
        self.contexts: list[tuple[np.ndarray, np.ndarray]] = []
        for codes, counts in self.known:
            contexts, place = np.unique(codes // vocabulary, return_inverse=True)
            self.contexts.append((contexts, np.bincount(place, counts)))

    def probabilities(self, tokens: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return what each length says of each token but the first, and how many lengths know its context.

        Args:
            tokens: of a text, [N].

        Returns:
            Probabilities, [N − 1, lengths + 1], the first of them uniform and those of unknown contexts 0;
            and the number of lengths with a known context, [N − 1].
        """
        found = np.zeros((len(tokens) - 1, self.longest + 1))
        found[:, 0] = 1 / self.vocabulary
        known = np.zeros(len(found), np.int64)
        for length, codes in enumerate(_codes(tokens, self.vocabulary, self.longest), 1):
            # The n-gram that ends at token i is row i − 1; the first have no context of that length.
            first = max(length - 2, 0)
            ends = codes[1:] if length == 1 else codes
            seen = _looked_up(self.contexts[length - 1], ends // self.vocabulary)
            times = _looked_up(self.known[length - 1], ends)
            found[first:, length] = np.divide(times, seen, where=seen > 0, out=np.zeros(len(seen)))
            known[first:] = np.where(seen > 0, length, known[first:])
        return found, known


class Interpolated:
    """N-grams of all lengths, mixed by how many lengths know the context (Jelinek & Mercer 1980).

    Args:
        ngrams: the counts.
        weights: of the lengths, the uniform one first, by the number that know the context,
            [lengths + 1, lengths + 1].
    """

    def __init__(self, ngrams: Ngrams, weights: np.ndarray) -> None:
        self.ngrams, self.weights = ngrams, weights

    @classmethod
    def fitted(cls, tokens: np.ndarray, vocabulary: int) -> "Interpolated":
        """Count a text; the weights are those by which its beginning predicts its end best (by EM)."""
        cut = len(tokens) - max(int(HELD_OUT * len(tokens)), 2)
        found, known = Ngrams(tokens[:cut], vocabulary).probabilities(tokens[cut:])
        ngrams = Ngrams(tokens, vocabulary)
        weights = np.zeros((ngrams.longest + 1, ngrams.longest + 1))
        for lengths in range(ngrams.longest + 1):
            rows, mixture = found[known == lengths][:, : lengths + 1], np.full(lengths + 1, 1 / (lengths + 1))
            for _ in range(ITERATIONS if len(rows) else 0):
                shares = rows * mixture
                mixture = (shares / shares.sum(1, keepdims=True)).mean(0)
            weights[lengths, : lengths + 1] = mixture
        return cls(ngrams, weights)

    def nats(self, tokens: np.ndarray) -> np.ndarray:
        """Return the nats of each token of a text but the first, [N − 1]."""
        context = self.ngrams.longest - 1
        nats = np.empty(len(tokens) - 1)
        for start in range(1, len(tokens), PIECE):
            before = max(start - context, 0)
            found, known = self.ngrams.probabilities(tokens[before : start + PIECE])
            mixed = -np.log((found * self.weights[known]).sum(1))
            nats[start - 1 : start - 1 + PIECE] = mixed[start - before - 1 :]
        return nats


def _codes(tokens: np.ndarray, vocabulary: int, longest: int) -> Iterator[np.ndarray]:
    """Yield the codes of all n-grams of 1, 2, … tokens, the last token being the lowest digit."""
    codes = tokens = tokens.astype(np.int64, copy=False)
    yield codes
    for length in range(2, longest + 1):
        codes = tokens[: max(len(tokens) - length + 1, 0)] * vocabulary ** (length - 1) + codes[1:]
        yield codes


def _looked_up(counts: tuple[np.ndarray, np.ndarray], codes: np.ndarray) -> np.ndarray:
    """Return the count of each code, 0 if it is not there."""
    known, times = counts
    places = np.searchsorted(known, codes).clip(max=len(known) - 1)
    found: np.ndarray = np.where(known[places] == codes, times[places], 0)
    return found
