"""From tagged sentences to samples: splits, vocabulary, tags."""

import logging
from collections.abc import Mapping, Sequence
from functools import partial
from hashlib import sha256
from pathlib import Path

import numpy as np
import torch

from seqlab.data.batches import Followed, Loaded, StepSamples, TokenSamples, Unlabelled
from seqlab.data.kept import kept
from seqlab.data.splits import SPLITS, Shares, sample, split_grouped, warn_of_shared
from seqlab.data.tagged.declared import TaggedSpec, TokenSettings, sentence_of, tokens_of
from seqlab.data.tagged.own import Tagged
from seqlab.data.tagged.sentences import VERSION, Sentences, Words, fingerprint, read
from seqlab.data.text.vocabulary import UNKNOWN, Vocabulary
from seqlab.errors import DataError, near
from seqlab.io.terminal import in_a_line

log = logging.getLogger(__name__)


Rows = Mapping[str, np.ndarray]
"""The sentences of each split, as numbers in all that was read."""


def load(data: Tagged) -> Loaded:
    """Read, split and encode the sentences.

    Raises:
        DataError: a file is missing or malformed, or all tags are alike.
    """
    source, given = data.find(), data.given_splits()
    files = {"": source, **given}
    parts = {split: _read(data, file.path) for split, file in files.items()}
    sentences = Sentences.joined(list(parts.values()))
    classes = tuple(sorted(sentences.tags.words))
    if len(classes) < 2:  # noqa: PLR2004 (of which one is told from the other)
        raise DataError(
            f"{source.path}: all tokens have the tag '{classes[0]}'; is data.label the right column?"
        )
    rows = _split(data, {split: len(part) for split, part in parts.items()}, _same(sentences))
    settings = TokenSettings(data.lowercase)
    vocabulary = _vocabulary(sentences, rows["train"], settings, data.min_count)
    samples = {
        split: _samples(sentences.part(its), vocabulary, settings, classes) for split, its in rows.items()
    }
    tag_counts = {
        split: np.bincount(found.y.numpy(), minlength=len(classes)) for split, found in samples.items()
    }
    _warn_of_unseen(source.path, classes, tag_counts)
    spec = TaggedSpec(
        name=data.name,
        kind="tokens",
        task="tagging",
        input_size=len(vocabulary),
        classes=classes,
        class_counts=tuple(tag_counts["train"].tolist()),
        symbols=vocabulary.symbols,
        tagged=settings,
        source=source.kind,
        origin=" and ".join(f"{one.path} ({one.how})" for one in files.values()),
        sha256=_fingerprint([fingerprint(data, file.path) for file in files.values()]),
        path=str(source.path.resolve()),
        sizes={split: len(chosen) for split, chosen in rows.items()},
    )
    return Loaded(spec, samples, partial(_sentence, sentences, rows))


def _sentence(sentences: Sentences, rows: Rows, split: str, index: int) -> str:
    """Return a sentence in a line."""
    return sentence_of(sentences.tokens_of(rows[split][index]))


def unlabelled(spec: TaggedSpec, data: Tagged, texts: Sequence[str], file: Path | None) -> Unlabelled:
    """Return sentences with blanks or tabs between tokens, and those of a file, read as the training file is.

    Raises:
        DataError: there is none, or the file cannot be read.
    """
    found = [tokens for tokens in map(tokens_of, texts) if tokens]
    if file is not None:
        given = read(data, file, with_tags=False)
        found += map(given.tokens_of, range(len(given)))
    if not found:
        raise DataError("nothing to predict: give a sentence, or --file with a token a line")
    sentences, vocabulary = Sentences.of(found), Vocabulary(spec.symbols)
    unseen = sorted(set(spec.tagged.read(sentences.tokens.words)) - set(vocabulary.symbols))
    if unseen:
        shown = " ".join(map(in_a_line, unseen[:20]))
        log.warning("%d words are not in the vocabulary and are read as unknown: %s", len(unseen), shown)
    return Unlabelled(_samples(sentences, vocabulary, spec.tagged), list(map(sentence_of, found)))


def label(spec: TaggedSpec, data: Tagged, file: Path) -> StepSamples:
    """Return the tagged sentences of a file, encoded as those of the training.

    Raises:
        DataError: the file is missing or malformed, or has a tag that the training had not.
    """
    sentences = read(data, file)
    if unknown := sorted({*sentences.tags.words} - {*spec.classes}):
        raise DataError(f"{file}: the training had no tag '{unknown[0]}'; {near(unknown[0], spec.classes)}")
    return _samples(sentences, Vocabulary(spec.symbols), spec.tagged, spec.classes)


def follow(spec: TaggedSpec, data: Tagged, text: str | None, file: Path | None) -> Followed:
    """Return a sentence, or the first of a file.

    Raises:
        DataError: there is none, or the file cannot be read.
    """
    given = unlabelled(spec, data, [text] if text else [], file)
    x, name = given.samples.batch(torch.tensor([0])).x, " ".join(tokens_of(given.names[0]))
    return Followed.of_tokens(name, x, spec.symbols)


def _read(data: Tagged, path: Path) -> Sentences:
    """Read a file, or take it from the cache if it is large and was read so before."""

    def recipe() -> Sequence[object]:
        return [VERSION, fingerprint(data, path), data.token, data.label, data.sentence, data.dialect]

    return Sentences.kept(kept("tagged", path, recipe, lambda: read(data, path).as_kept()))


def _same(sentences: Sentences) -> np.ndarray:
    """Return a number for each sentence, equal for those that differ in capitals alone, [N]."""
    folded = Words.of(map(str.casefold, sentences.tokens.words)).codes[sentences.tokens.codes]
    known: dict[bytes, int] = {}
    ends = (sentences.starts + sentences.lengths).tolist()
    pieces = (folded[start:end].tobytes() for start, end in zip(sentences.starts.tolist(), ends, strict=True))
    return np.array([known.setdefault(piece, len(known)) for piece in pieces])


def _split(data: Tagged, lengths: Mapping[str, int], same: np.ndarray) -> Rows:
    """Return the splits: equal sentences of one file together, given files as they are."""
    ends = np.cumsum(list(lengths.values()))
    numbers = dict(zip(lengths, np.split(np.arange(len(same)), ends[:-1]), strict=True))
    left = numbers.pop("")
    shares = Shares(data.val_share, data.test_share).without(numbers)
    cut = split_grouped(same[left], np.zeros(len(left), np.int32), shares, data.split_seed)
    rows = {split: numbers[split] if split in numbers else left[cut[split]] for split in SPLITS}
    warn_of_shared(same, rows, numbers, "sentence")
    return {**rows, "train": sample(rows["train"], data.limit_train_samples, data.split_seed)}


def _vocabulary(
    sentences: Sentences, train: np.ndarray, settings: TokenSettings, min_count: int
) -> Vocabulary:
    """Return the words that are frequent enough in the training data."""
    words, codes = sentences.tokens
    read = Words.of(settings.read(words))
    counts = np.bincount(read.codes[codes[sentences.steps(train)]], minlength=len(read.words))
    return Vocabulary.of(read.words[code] for code in np.flatnonzero(counts >= min_count))


def _samples(
    sentences: Sentences, vocabulary: Vocabulary, settings: TokenSettings, classes: Sequence[str] = ("",)
) -> StepSamples:
    """Return sentences as a network reads them, with the numbers of their tags."""
    number = {symbol: token for token, symbol in enumerate(vocabulary.symbols)}
    tokens = np.array([number.get(word, UNKNOWN) for word in settings.read(sentences.tokens.words)], np.int64)
    tags = np.array([classes.index(tag) for tag in sentences.tags.words], np.int64)
    sequences = TokenSamples(
        tokens[sentences.tokens.codes],
        sentences.starts,
        sentences.lengths,
        np.zeros(len(sentences), np.int64),
    )
    return StepSamples(sequences, torch.from_numpy(tags[sentences.tags.codes]))


def _warn_of_unseen(path: Path, classes: Sequence[str], counts: Mapping[str, np.ndarray]) -> None:
    unseen = (counts["train"] == 0) & (counts["val"] + counts["test"] > 0)
    if unseen.any():
        names = ", ".join(np.array(classes)[unseen])
        log.warning("%s: no training token has the tag %s, so it cannot be predicted", path, names)


def _fingerprint(found: Sequence[str]) -> str:
    """Return one hash for all files."""
    return found[0] if len(found) == 1 else sha256(repr(found).encode()).hexdigest()
