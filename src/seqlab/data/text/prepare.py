"""From labelled texts to samples: encoding, splits, vocabulary."""

import logging
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from seqlab.data.batches import Loaded, NextTokens, Samples, TokenSamples
from seqlab.data.source import Source
from seqlab.data.splits import SPLITS, Shares, sample, split_grouped, split_random, warn_of_shared
from seqlab.data.text.corpus import GIVEN, Corpus, NoTextError
from seqlab.data.text.dataset import ShortTextData
from seqlab.data.text.declared import TextSpec
from seqlab.data.text.given import SplitTexts
from seqlab.data.text.records import TextReader
from seqlab.data.text.targets import TARGETS, Rows
from seqlab.data.text.vocabulary import SPECIALS, Vocabulary, frequent_ngrams
from seqlab.errors import DataError

log = logging.getLogger(__name__)


def load(data: ShortTextData) -> Loaded:
    """Read, encode and split the texts.

    Raises:
        DataError: the files are missing or malformed.
    """
    source = data.find()
    reader, given = data.read(source), data.given_splits(folder=True)
    if given:
        reader = SplitTexts(reader, {split: data.read(file) for split, file in given.items()})
    sha = reader.fingerprint()
    corpus = _encode(data, source, reader, sha)
    targets = TARGETS[data.problem_type](corpus, data.label_column, source.path)
    rows = _split(data, corpus, targets.strata)
    targets.check(rows)
    rows = _limited(data, rows)
    declared, y = targets.learnt(rows["train"])
    settings, vocabulary = data.text_settings(), _vocabulary(corpus, rows["train"], data.least_count())
    is_next, is_told = data.problem_type == "language_model", data.condition == "class"
    if is_next:
        settings = replace(settings, bos_eos=True)
    if is_told:
        declared, y = {"classes": targets.values}, targets.numbers
    numbers = vocabulary.numbers(corpus.symbols)
    texts = {
        split: TokenSamples(corpus.tokens, *corpus.spans(chosen), y[chosen], numbers).cut(
            settings.max_length, settings.keep, bos_eos=settings.bos_eos
        )
        for split, chosen in rows.items()
    }
    spec = TextSpec(
        name=data.name,
        kind="tokens",
        task=data.problem_type,
        input_size=len(vocabulary),
        **declared,
        class_titles=tuple(data.titles.get(name, name) for name in declared.get("classes", ())),
        symbols=vocabulary.symbols,
        ngrams=frequent_ngrams(texts["train"], len(vocabulary), data.ngrams),
        text=settings,
        **(_written(corpus, rows, vocabulary) if is_next else {}),
        source=source.kind,
        origin=" and ".join(f"{one.path} ({one.how})" for one in (source, *given.values())),
        sha256=sha,
        path=str(source.path.resolve()) if data.place else "",
        sizes={split: len(chosen) for split, chosen in rows.items()},
    )
    samples: dict[str, Samples] = {
        split: NextTokens(found, len(vocabulary) if is_told else None) if is_next else found
        for split, found in texts.items()
    }
    return Loaded(spec, samples, partial(_text, corpus, rows))


def _text(corpus: Corpus, rows: Rows, split: str, index: int) -> str:
    """Return a text as it was written."""
    return corpus.text(int(rows[split][index]))


def _written(corpus: Corpus, rows: Rows, vocabulary: Vocabulary) -> dict[str, Any]:
    """Return how many characters each token stands for, and how many are unknown."""
    known = set(vocabulary.symbols)
    others = [number for number, one in enumerate(corpus.symbols) if one not in known]
    sizes = np.array([len(corpus.symbols[number].encode()) for number in others], np.int64)
    unknown = {}
    for split, chosen in rows.items():
        counts = corpus.counts(np.isin(np.arange(len(corpus)), chosen))[others]
        unknown[split] = (int(counts.sum()), int(counts.sum()), int(counts @ sizes))
    specials = len(SPECIALS)
    return {"widths": (0,) * specials + (1,) * (len(vocabulary) - specials), "unknown": unknown}


def _encode(data: ShortTextData, source: Source, reader: TextReader, sha: str) -> Corpus:
    try:
        return Corpus.of(reader, data.text_settings(), type(data).group, sha)
    except NoTextError as error:
        raise DataError(f"{source.path}: {error}; add texts") from error


def _split(data: ShortTextData, corpus: Corpus, strata: np.ndarray) -> Rows:
    """Return the splits; what is given for one is in that one."""
    given = {split: np.flatnonzero(corpus.given == number) for number, split in enumerate(GIVEN)}
    left = given.pop("")
    given = {split: rows for split, rows in given.items() if len(rows)}
    shares = Shares(data.val_share, data.test_share).without(given)
    parts = _cut(data, corpus, strata, left, shares) if len(left) else {}
    rows = {split: given.get(split, parts.get(split, left)) for split in SPLITS}
    warn_of_shared(corpus.group, rows, given, corpus.noun)
    return rows


def _cut(data: ShortTextData, corpus: Corpus, strata: np.ndarray, left: np.ndarray, shares: Shares) -> Rows:
    """Split the texts ``left``, numbers in the corpus, by fractions."""
    if data.split == "random_lines":
        parts = split_random(len(left), shares, np.random.default_rng(data.split_seed))
        rows = {split: left[numbers] for split, numbers in parts.items()}
        shared = np.isin(
            corpus.group[np.concatenate([rows["val"], rows["test"]])], corpus.group[rows["train"]]
        )
        if shared.any():
            log.warning("%s texts of validation and test also occur in training", f"{shared.sum():,}")
        return rows
    if data.counted_once:
        pairs = np.column_stack([corpus.same[left], corpus.strata()[left].astype(np.uint64)])
        left = left[np.sort(np.unique(pairs, axis=0, return_index=True)[1])]
    parts = split_grouped(corpus.group[left], strata[left], shares, data.split_seed)
    return {split: left[numbers] for split, numbers in parts.items()}


def _limited(data: ShortTextData, rows: Rows) -> Rows:
    """Return the splits with a limited number of training texts."""
    return {**rows, "train": sample(rows["train"], data.limit_train_samples, data.split_seed)}


def _vocabulary(corpus: Corpus, train: np.ndarray, least_count: int) -> Vocabulary:
    chosen = np.zeros(len(corpus), dtype=bool)
    chosen[train] = True
    counts = corpus.counts(chosen)
    return Vocabulary.of(
        symbol
        for number, symbol in enumerate(corpus.symbols)
        if number >= len(SPECIALS) and counts[number] >= least_count
    )
