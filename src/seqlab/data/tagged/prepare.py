"""From tagged sentences to samples: splits, vocabulary, tags."""

import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import Path

import numpy as np
import torch

from seqlab.data.batches import Asked, Followed, Loaded, StepSamples
from seqlab.data.kept import Kept, kept
from seqlab.data.splits import SPLITS, Shares, sample, split_grouped, warn_of_shared
from seqlab.data.tagged.declared import TaggedSpec, TokenSettings, sentence_of, tokens_of
from seqlab.data.tagged.own import Tagged
from seqlab.data.tagged.sentences import VERSION, Sentences, fingerprint, read
from seqlab.data.text.vocabulary import Vocabulary
from seqlab.errors import DataError
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
    tokens = [row for part in parts.values() for row in part.tokens]
    tags = [row for part in parts.values() for row in part.tags]
    classes = tuple(sorted({tag for row in tags for tag in row}))
    if len(classes) < 2:  # noqa: PLR2004 (of which one is told from the other)
        raise DataError(
            f"{source.path}: all tokens have the tag '{classes[0]}'; is data.label the right column?"
        )
    rows = _split(data, parts, tokens)
    settings = TokenSettings(data.lowercase)
    words = [settings.read(row) for row in tokens]
    counts = Counter(word for number in rows["train"] for word in words[number])
    vocabulary = Vocabulary.of(word for word, count in counts.items() if count >= data.min_count)
    samples = {
        split: _samples(vocabulary, [words[n] for n in chosen], [tags[n] for n in chosen], classes)
        for split, chosen in rows.items()
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
        sha256=_fingerprint([file.path for file in files.values()]),
        path=str(source.path.resolve()),
        sizes={split: len(chosen) for split, chosen in rows.items()},
    )
    return Loaded(spec, samples, lambda split, index: sentence_of(tokens[int(rows[split][index])]))


def ask(spec: TaggedSpec, data: Tagged, texts: Sequence[str], file: Path | None) -> Asked:
    """Return sentences with blanks or tabs between tokens, and those of a file, read as the training file is.

    Raises:
        DataError: there is none, or the file cannot be read.
    """
    found = [tokens for tokens in map(tokens_of, texts) if tokens]
    if file is not None:
        found += read(file, token=data.token, label=None, encoding=data.encoding).tokens
    if not found:
        raise DataError("nothing to predict: give a sentence, or --file with a token a line")
    words = [spec.tagged.read(row) for row in found]
    vocabulary = Vocabulary(spec.symbols)
    unseen = sorted({word for row in words for word in row} - set(vocabulary.symbols))
    if unseen:
        shown = " ".join(map(in_a_line, unseen[:20]))
        log.warning("%d words are not in the vocabulary and are read as unknown: %s", len(unseen), shown)
    tags = [[spec.classes[0]] * len(row) for row in words]
    return Asked(_samples(vocabulary, words, tags, spec.classes), [sentence_of(row) for row in found])


def follow(spec: TaggedSpec, data: Tagged, text: str | None, file: Path | None) -> Followed:
    """Return a sentence, or the first of a file.

    Raises:
        DataError: there is none, or the file cannot be read.
    """
    asked = ask(spec, data, [text] if text else [], file)
    x, name = asked.samples.batch(torch.tensor([0])).x, " ".join(tokens_of(asked.names[0]))
    return Followed.of_tokens(name, x, spec.symbols)


def _read(data: Tagged, path: Path) -> Sentences:
    """Read a file, or take it from the cache if it is large and was read so before."""

    def recipe() -> Sequence[object]:
        return [VERSION, fingerprint(path), data.token, data.label, data.encoding]

    def make() -> Kept:
        return read(path, token=data.token, label=data.label, encoding=data.encoding).kept

    return Sentences.of(path, kept("tagged", path, recipe, make))


def _split(data: Tagged, parts: Mapping[str, Sentences], tokens: Sequence[Sequence[str]]) -> Rows:
    """Return the splits: equal sentences of one file together, given files as they are."""
    known: dict[tuple[str, ...], int] = {}
    same = np.array([known.setdefault(tuple(map(str.casefold, row)), len(known)) for row in tokens])
    ends = np.cumsum([len(part) for part in parts.values()])
    numbers = dict(zip(parts, np.split(np.arange(len(tokens)), ends[:-1]), strict=True))
    left = numbers.pop("")
    shares = Shares(data.val_share, data.test_share).without(numbers)
    cut = split_grouped(same[left], np.zeros(len(left), np.int32), shares, data.split_seed)
    rows = {split: numbers[split] if split in numbers else left[cut[split]] for split in SPLITS}
    warn_of_shared(same, rows, numbers, "sentence")
    return {**rows, "train": sample(rows["train"], data.limit_train_samples, data.split_seed)}


def _samples(
    vocabulary: Vocabulary,
    words: Sequence[Sequence[str]],
    tags: Sequence[Sequence[str]],
    classes: Sequence[str],
) -> StepSamples:
    number = {name: place for place, name in enumerate(classes)}
    tokens = vocabulary.encode(words).cut(None, "begin", bos_eos=False)
    return StepSamples(tokens, torch.tensor([number[tag] for row in tags for tag in row], dtype=torch.int64))


def _warn_of_unseen(path: Path, classes: Sequence[str], counts: Mapping[str, np.ndarray]) -> None:
    unseen = (counts["train"] == 0) & (counts["val"] + counts["test"] > 0)
    if unseen.any():
        names = ", ".join(np.array(classes)[unseen])
        log.warning("%s: no training token has the tag %s, so it cannot be predicted", path, names)


def _fingerprint(paths: Sequence[Path]) -> str:
    found = [fingerprint(path) for path in paths]
    return found[0] if len(found) == 1 else sha256(repr(found).encode()).hexdigest()
