"""Baselines of language models against their formulas."""

import lzma
import math
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from seqlab.data import SequenceData, TextFile
from seqlab.tasks import LanguageModel
from seqlab.tasks.baselines.language import Interpolated, Ngrams

RANDOM = np.random.default_rng(0)
TRAIN, TEST = RANDOM.integers(4, 7, 400), RANDOM.integers(4, 8, 60)
VOCABULARY = 9


def naive(train: list[int], tokens: list[int], place: int, length: int) -> float | None:
    """Return the relative frequency of a token behind the ``length`` − 1 before it; None if those are new."""
    if place < length - 1:
        return None
    context = tuple(tokens[place - length + 1 : place])
    followers = Counter(
        train[end] for end in range(length - 1, len(train)) if tuple(train[end - length + 1 : end]) == context
    )
    return followers[tokens[place]] / followers.total() if followers else None


def test_probabilities_are_relative_frequencies():
    found, known = Ngrams(TRAIN, VOCABULARY).probabilities(TEST)
    for row, place in enumerate(range(1, len(TEST))):
        expected = [naive(TRAIN.tolist(), TEST.tolist(), place, length) for length in range(1, 6)]
        assert found[row].tolist() == pytest.approx([1 / VOCABULARY, *(one or 0.0 for one in expected)])
        lengths = [length for length, one in enumerate(expected, 1) if one is not None]
        assert known[row] == max(lengths)


def test_nats_are_those_of_the_mixture_whose_weights_predict_the_end_best():
    model = Interpolated.fitted(TRAIN, VOCABULARY)
    assert model.weights.sum(1) == pytest.approx(np.ones(6))
    found, known = model.ngrams.probabilities(TEST)
    nats = model.nats(TEST)
    for row in range(len(nats)):
        mixed = sum(weight * one for weight, one in zip(model.weights[known[row]], found[row], strict=True))
        assert nats[row] == pytest.approx(-math.log(mixed))
    # No other weights of a bucket predict the end of the training text better.
    cut = len(TRAIN) - int(0.05 * len(TRAIN))
    found, known = Ngrams(TRAIN[:cut], VOCABULARY).probabilities(TRAIN[cut:])
    bucket = int(np.bincount(known).argmax())
    rows = found[known == bucket][:, : bucket + 1]
    best = -np.log(rows @ model.weights[bucket, : bucket + 1]).sum()
    for others in RANDOM.dirichlet(np.ones(bucket + 1), 200):
        assert best <= -np.log(rows @ others).sum() + 0.05


@pytest.mark.parametrize("piece", [1, 3, 50])
def test_nats_are_the_same_in_pieces_of_any_size(monkeypatch, piece):
    model = Interpolated.fitted(TRAIN, VOCABULARY)
    whole = model.nats(TEST)
    monkeypatch.setattr("seqlab.tasks.baselines.language.PIECE", piece)
    assert model.nats(TEST.astype(np.uint8)).tolist() == whole.tolist()


def test_all_baselines_are_scored_on_the_same_text(tmp_path: Path):
    text = "".join(f"the {n % 11}th of {n % 4} cats\n" for n in range(200))
    (tmp_path / "a.txt").write_text(text)
    data = SequenceData(TextFile(path=str(tmp_path / "a.txt"), steps=4, min_count=1))
    data.setup()
    found = LanguageModel.of(data.spec.as_dict(), {}).baselines(data, fitted=True)
    assert list(found) == ["unigram", "ngram", "lzma"]
    train, test = (data.samples[split].tokens.tolist() for split in ("train", "test"))
    counts = Counter(train)
    nats = [-math.log((counts[token] + 1) / (len(train) + data.spec.input_size)) for token in test[1:]]
    assert found["unigram"]["test/loss"] == pytest.approx(sum(nats) / len(nats))
    assert found["unigram"]["test/bits_per_character"] == pytest.approx(sum(nats) / len(nats) / math.log(2))
    assert found["ngram"]["test/loss"] < 0.5 * found["unigram"]["test/loss"]
    cut, last = (int(share * len(text)) for share in (0.8, 0.9))
    before, after = (lzma.compress(one.encode(), preset=9) for one in (text[:cut], text[:cut] + text[last:]))
    bits = 8 * (len(after) - len(before)) / len(text[last:])
    assert found["lzma"] == {
        "val/bits_per_character": pytest.approx(bits, abs=0.5),
        "test/bits_per_character": bits,
    }


@pytest.mark.parametrize("count", [2, 3, 4, 5])
def test_a_short_text_is_scored_too(count):
    model = Interpolated.fitted(TRAIN, VOCABULARY)
    assert model.nats(TEST[:count]).tolist() == pytest.approx(model.nats(TEST)[: count - 1].tolist())


def test_a_large_vocabulary_has_shorter_ngrams():
    assert Ngrams(np.array([4, 5, 6]), 2**20).longest == 3
    assert np.isfinite(
        Interpolated.fitted(np.array([4, 5, 6, 7, 4, 5]), 2**31).nats(np.array([4, 5, 9]))
    ).all()
